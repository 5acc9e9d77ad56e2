package validation

import (
	"bytes"
	"testing"

	"github.com/memsim/memsim/internal/fault/faulttest"
)

// FuzzRead looks for tables of measurements that panic, or of which a point is
// accepted that no prediction can be made for. Calibration reads the same.
func FuzzRead(f *testing.F) {
	f.Add([]byte("\ufeffmetric,value,model,device,fitted,context\n# a remark\nms_per_token,12.5,smollm-135m,iphone13,yes,7\n"))
	f.Add([]byte("device,model,metric,value\nd,m,tokens_per_s,NaN\n\"d\nd\",m,tokens_per_s,1e400\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		faulttest.Bounded(t, 4<<20, 1<<11, len(data), func() {
			points, err := Read("p.csv", bytes.NewReader(data))
			if err != nil {
				faulttest.Refused(t, err, "p.csv")
				return
			}
			for _, p := range points {
				if err := p.Validate(); err != nil {
					t.Fatal(err)
				}
			}
		})
	})
}
