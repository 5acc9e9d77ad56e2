package main

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"
)

// duckDB sums a trace by phase, as anybody who queries one would, and reads its
// header.
const duckDB = `
const { DuckDBInstance } = require("@duckdb/node-api");
(async () => {
  const db = await (await DuckDBInstance.create(":memory:")).connect();
  const rows = async sql => (await db.runAndReadAll(sql)).getRowObjectsJson();
  const phases = await rows("select phase, count(distinct seq)::int as ops, sum(case when access = 'read' then bytes end)::bigint::varchar as read, sum(macs)::bigint::varchar as macs from 't.parquet' group by phase order by min(seq)");
  const header = await rows("select decode(value) as header from parquet_kv_metadata('t.parquet') where decode(key) = 'memsim'");
  const columns = await rows("select column_name, column_type from (describe select * from 't.parquet')");
  console.log(JSON.stringify({ phases, header: header[0].header, columns: columns.map(c => c.column_name + " " + c.column_type) }));
})();
`

// A reader that is not ours finds in a trace what inspect finds.
func TestDuckDBReadsTraces(t *testing.T) {
	modules := os.Getenv("MEMSIM_NODE_MODULES")
	if _, err := os.Stat(filepath.Join(modules, "@duckdb", "node-api")); err != nil || modules == "" {
		t.Skip("needs the npm package @duckdb/node-api: npm install it and set MEMSIM_NODE_MODULES to its node_modules")
	}
	node, err := exec.LookPath("node")
	if err != nil {
		t.Skip("needs node (Debian package nodejs)")
	}
	inFolder(t)
	smallShape(t)
	mustMemsim(t, "trace", "--model", "small.yaml", "-o", "t.parquet", "--prompt-tokens", "4", "--tokens", "3")
	query := exec.Command(node, "-e", duckDB)
	query.Env = append(os.Environ(), "NODE_PATH="+modules)
	query.Stderr = os.Stderr
	out, err := query.Output()
	if err != nil {
		t.Fatal(err)
	}
	var got struct {
		Phases []struct {
			Phase      string
			Ops        int64
			Read, MACs string
		}
		Header  string
		Columns []string
	}
	if err := json.Unmarshal(out, &got); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	want := decode[summaryReply](t, mustMemsim(t, "inspect", "t.parquet", "--format", "json"))
	if len(got.Phases) != len(want.Phases) {
		t.Fatalf("DuckDB sees %d phases, inspect %d", len(got.Phases), len(want.Phases))
	}
	for i, p := range want.Phases {
		g := got.Phases[i]
		if g.Phase != string(p.Phase) || g.Ops != p.Total.Ops || g.Read != strconv.FormatInt(p.Total.ReadBytes, 10) || g.MACs != strconv.FormatInt(p.Total.MACs, 10) {
			t.Errorf("DuckDB sums %+v, inspect %+v", g, p.Total)
		}
	}
	var header struct{ Model string }
	if err := json.Unmarshal([]byte(got.Header), &header); err != nil || header.Model != "small" {
		t.Errorf("the header is %q (%v)", got.Header, err)
	}
	for i, column := range []string{"seq BIGINT", "phase VARCHAR", "token INTEGER", "op VARCHAR", "layer INTEGER", "block INTEGER", "tensor VARCHAR"} {
		if i >= len(got.Columns) || got.Columns[i] != column {
			t.Errorf("column %d: DuckDB sees %v, want %s", i, got.Columns, column)
			break
		}
	}
}
