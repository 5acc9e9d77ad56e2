package validation

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/memsim/memsim/internal/fault"
)

func TestReadTakesColumnsInAnyOrder(t *testing.T) {
	points, err := Read("mine.csv", strings.NewReader("\ufeffmetric,value,model,device,fitted,context\n# a remark\nms_per_token,12.5,smollm-135m,iphone13,yes,7\ntokens_per_s, 3 ,smollm-135m,iphone13,,\n"))
	if err != nil {
		t.Fatal(err)
	}
	want := []Point{
		{Device: "iphone13", Model: "smollm-135m", Metric: MSPerToken, Value: 12.5, Fitted: true, Context: 7},
		{Device: "iphone13", Model: "smollm-135m", Metric: TokensPerS, Value: 3, Context: DefaultContext},
	}
	if len(points) != 2 || points[0] != want[0] || points[1] != want[1] {
		t.Errorf("%+v, want %+v", points, want)
	}
}

func TestReadNamesEveryLineThatIsWrong(t *testing.T) {
	const head = "device,model,metric,value,fitted,context,bytes\n"
	for _, test := range []struct{ name, table, want string }{
		{"empty", "", "is empty"},
		{"unknown column", "device,model,metric,value,colour\n", `column "colour" is not known`},
		{"missing column", "device,model,metric\n", "column value is missing"},
		{"twice", "device,device,model,metric,value\n", "stands twice"},
		{"value", head + "d,m,tokens_per_s,fast,,,\n", `mine.csv:2: value "fast" is not a number`},
		{"NaN", head + "d,m,tokens_per_s,NaN,,,\n", "is not above zero"},
		{"negative", head + "d,m,tokens_per_s,-1,,,\n", "is not above zero"},
		{"metric", head + "d,m,speed,1,,,\n", `metric "speed" is not one of tokens_per_s`},
		{"fitted", head + "d,m,tokens_per_s,1,maybe,,\n", "neither true nor false"},
		{"context", head + "d,m,tokens_per_s,1,,0,\n", "at least one token"},
		{"bytes", head + "d,m,tokens_per_s,1,,,-3\n", "is negative"},
		{"cells", head + "d,m,tokens_per_s,1\n", "wrong number of fields"},
		{"second line too", head + ",m,tokens_per_s,1,,,\nd,,tokens_per_s,1,,,\n", "mine.csv:3: model is empty"},
	} {
		_, err := Read("mine.csv", strings.NewReader(test.table))
		if !fault.IsUser(err) || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: %v, want a user's mistake with %q", test.name, err, test.want)
		}
	}
}

func TestOpenOfNoFile(t *testing.T) {
	if _, err := Open(filepath.Join(t.TempDir(), "none.csv")); !fault.IsUser(err) {
		t.Error(err)
	}
	path := filepath.Join(t.TempDir(), "points.csv")
	if err := os.WriteFile(path, []byte("device,model,metric,value\niphone13,smollm-135m,ms_per_token,12\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if read, err := Open(path); err != nil || len(read) != 1 {
		t.Errorf("%d points, %v", len(read), err)
	}
}

// Every published point has a source, and a profile, a runtime and a model that
// exist.
func TestPublishedPointsStandOnProfiles(t *testing.T) {
	points, err := Published()
	if err != nil {
		t.Fatal(err)
	}
	var x Predictor
	for _, p := range points {
		m, err := x.Machine(p)
		if err != nil {
			t.Errorf("%s: %v", p, err)
			continue
		}
		if p.Source == "" || p.Runtime == "" || p.Unit != m.Unit().Name {
			t.Errorf("%s: source %q, runtime %q on unit %s", p, p.Source, p.Runtime, m.Unit().Name)
		}
	}
}

func TestATableThatIsTooLargeIsRefusedAndNotCut(t *testing.T) {
	path := filepath.Join(t.TempDir(), "large.csv")
	text := "device,model,metric,value\n" + strings.Repeat("# a remark of some length, again and again\n", maxTable/40)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(path); !fault.IsUser(err) || !strings.Contains(err.Error(), "larger than 16 MiB") {
		t.Error(err)
	}
}
