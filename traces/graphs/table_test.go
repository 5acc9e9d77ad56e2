package graphs_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/memsim/memsim/internal/fault"
	"github.com/memsim/memsim/internal/fault/faulttest"
	"github.com/memsim/memsim/traces"
	"github.com/memsim/memsim/traces/graphs"
)

const profile = `operator,shape,type,time
"linear","[1, 64]; [192, 64]; [1, 192]",float32;int8;float32,"12.5 us"
native_layer_norm,1x192,float32,900
bmm,4x1x16;4x16x10;4x1x10,f16,1.5us
`

func TestATableBecomesOperatorsWithTheirTimes(t *testing.T) {
	m := &graphs.Model{Name: "profile"}
	g, err := graphs.ReadTable("p.csv", strings.NewReader(profile), m)
	if err != nil {
		t.Fatal(err)
	}
	trace := write(t, g, m)
	if trace.Head.ShapeOnly || trace.Head.Tokens != 1 || trace.Head.ModelBytes != 192*64 {
		t.Errorf("%+v", trace.Head)
	}
	var got []string
	for op := range trace.Ops() {
		if op[0].Phase != traces.Load {
			got = append(got, fmt.Sprintf("%s %s %d ns %d macs %d bytes %s", op[0].Phase, op[0].Op, op[0].HostNS, op.MACs(), op[1%len(op)].Bytes, op[1%len(op)].Kind))
		}
	}
	want := []string{
		"decode linear 12500 ns 12288 macs 12288 bytes weight",
		"decode native_layer_norm 900 ns 0 macs 768 bytes activation",
		"decode bmm 1500 ns 640 macs 1280 bytes activation",
	}
	if a, b := strings.Join(got, "\n"), strings.Join(want, "\n"); a != b {
		t.Errorf("got\n%s\nwant\n%s", a, b)
	}
}

func TestATableNamesTensorsOfItsModel(t *testing.T) {
	m := tiny()
	g, err := graphs.ReadTable("p.csv", strings.NewReader("operator,shape,type,time_ms,tensor,layer,phase,token\nq,1x4;8x4;1x8,f32,0.25,blk.0.attn_q.weight,0,prefill,0\nq,1x4;8x4;1x8,f32,0.5,blk.0.attn_q.weight,0,decode,1\n"), m)
	if err != nil {
		t.Fatal(err)
	}
	trace := write(t, g, m)
	var addrs, times []int64
	for _, e := range trace.Events {
		if e.Phase != traces.Load && e.Kind == traces.Weight {
			addrs = append(addrs, int64(e.Addr))
			if e.Layer != 0 || e.Bytes != 64 {
				t.Errorf("%+v", e)
			}
		}
		if e.HostNS > 0 {
			times = append(times, e.HostNS)
		}
	}
	if fmt.Sprint(addrs, times) != "[1120 1120] [250000 500000]" || trace.Head.PromptTokens != 1 || trace.Head.Tokens != 1 {
		t.Error(addrs, times, trace.Head)
	}
}

func TestTablesThatCannotBeAreRefusedWithTheirLine(t *testing.T) {
	const head = "operator,shape,type,time\n"
	for says, text := range map[string]string{
		"p.csv: empty":                       "",
		"p.csv: a heading":                   head,
		`no column "time"`:                   "operator,shape,type\nmm,4,f32\n",
		`p.csv:2: shape "4xy": "y"`:          head + "mm,4xy,f32,1\n",
		"p.csv:2: shape is empty":            head + "mm,,f32,1\n",
		"p.csv:3: operator is empty":         head + "mm,4,f32,1\n,4,f32,1\n",
		"p.csv:2: type is empty":             head + "mm,4,,1\n",
		`p.csv:2: time "0.15" has no unit`:   head + "mm,4,f32,0.15\n",
		`p.csv:2: time "fast"`:               head + "mm,4,f32,fast\n",
		`p.csv:2: time "-1"`:                 head + "mm,4,f32,-1\n",
		`p.csv:2: time "NaN"`:                head + "mm,4,f32,NaN\n",
		"p.csv:2: shape \"99999999x999999":   head + "mm,99999999x9999999999,f32,1\n",
		"type \"f32;f32\": give one for":     head + "mm,4;4;4,f32;f32,1\n",
		"tensor x: give the model":           "operator,shape,type,time,tensor\nmm,4,f32,1,x\n",
		`phase "warm" is not`:                "operator,shape,type,time,phase\nmm,4,f32,1,warm\n",
		`kind "wheat" is not`:                "operator,shape,type,time,kind\nmm,4;4,f32,1,wheat\n",
		`token "0" is no position`:           "operator,shape,type,time,token\nmm,4,f32,1,3\nmm,4,f32,1,0\n",
		"p.csv:2: bare \" in non-quoted":     head + "mm\"x,4,f32,1\n",
		`p.csv:1: two columns "operator"`:    "op,operator,shape,type,time\n",
		"p.csv:2: layer \"-7\" is no number": "operator,shape,type,time,layer\nmm,4,f32,1,-7\n",
	} {
		_, err := graphs.ReadTable("p.csv", strings.NewReader(text), &graphs.Model{})
		if !fault.IsUser(err) || !strings.Contains(fmt.Sprint(err), says) {
			t.Errorf("%q: %v", text, err)
		}
	}
}

func FuzzReadTable(f *testing.F) {
	f.Add([]byte(profile))
	f.Add([]byte("operator,shape,type,time_us,kind,token,phase,layer\nconv2d,1x3x8x8;4x3x3x3;1x4x6x6,f32,5,;kv,2,decode,1\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		faulttest.Bounded(t, 64<<20, 1<<13, len(data), func() {
			m := &graphs.Model{}
			g, err := graphs.ReadTable("p.csv", strings.NewReader(string(data)), m)
			if err == nil {
				_, _, err = graphs.Write(context.Background(), g, m, &traces.Trace{}, graphs.Options{})
			}
			if err != nil {
				faulttest.Refused(t, err, "p.csv")
			}
		})
	})
}
