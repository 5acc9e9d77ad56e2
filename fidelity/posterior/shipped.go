package posterior

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"sync"

	_ "embed"

	"gonum.org/v1/gonum/mat"

	"github.com/memsim/memsim/devices"
)

//go:embed precision.csv
var precision string

//go:embed leftout.csv
var leftOut string

// LeftOut is what a measured time is predicted to be, as ln predicted - ln measured: by
// the fit, by the fit to all other phones, and by the fit to all other models, with the
// standard deviations that the last two state, the measurement's own among them.
type LeftOut struct{ Log, PhoneLog, PhoneSigma, ModelLog, ModelSigma float64 }

// ShippedLeftOut returns that of each row that the shipped fit is of, by ID.
var ShippedLeftOut = sync.OnceValues(func() (map[string]LeftOut, error) {
	r := csv.NewReader(strings.NewReader(leftOut))
	r.FieldsPerRecord = 6
	records, err := r.ReadAll()
	if err != nil {
		return nil, fmt.Errorf("leftout.csv: %w", err)
	}
	out := map[string]LeftOut{}
	for _, f := range records[min(1, len(records)):] {
		var v [5]float64
		for k := range v {
			if v[k], err = strconv.ParseFloat(f[k+1], 64); err != nil {
				return nil, fmt.Errorf("leftout.csv: %s: %w", f[0], err)
			}
		}
		out[f[0]] = LeftOut{v[0], v[1], v[2], v[3], v[4]}
	}
	return out, nil
})

// Shipped returns the posterior of the fit that memsim ships: the estimates that
// profiles are loaded with, and how sure they are.
var Shipped = sync.OnceValues(func() (*Posterior, error) {
	estimates, err := devices.Estimates()
	if err != nil {
		return nil, err
	}
	ids, logs := make([]string, len(estimates)), make([]float64, len(estimates))
	for j, e := range estimates {
		ids[j], logs[j] = e.ID, e.Log
	}
	p, err := readPrecision(precision, len(ids))
	if err != nil {
		return nil, err
	}
	return New(ids, logs, p)
})

// readPrecision reads the upper triangle of a symmetric matrix: a line for each
// element that is not zero, row, column and value, counted from 0.
func readPrecision(text string, n int) (*mat.SymDense, error) {
	if n == 0 {
		return nil, nil
	}
	r := csv.NewReader(strings.NewReader(text))
	r.FieldsPerRecord, r.ReuseRecord = 3, true
	if _, err := r.Read(); err != nil {
		return nil, fmt.Errorf("precision.csv: %w", err)
	}
	p := mat.NewSymDense(n, nil)
	for {
		f, err := r.Read()
		if err != nil {
			if errors.Is(err, io.EOF) {
				return p, nil
			}
			return nil, fmt.Errorf("precision.csv: %w", err)
		}
		i, errI := strconv.Atoi(f[0])
		j, errJ := strconv.Atoi(f[1])
		v, errV := strconv.ParseFloat(f[2], 64)
		if errI != nil || errJ != nil || errV != nil || i < 0 || i > j || j >= n {
			return nil, fmt.Errorf("precision.csv: %v is no element of the upper triangle of %d multipliers", f, n)
		}
		p.SetSym(i, j, v)
	}
}
