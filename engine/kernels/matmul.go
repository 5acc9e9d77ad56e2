package kernels

// MatMul multiplies each vector of x with m: dst, x.N rows of m.Rows values,
// gets the products. Each weight is read once. x must have the encoding that
// Wants gives for m.Type.
func (c *Compute) MatMul(dst []float32, m Matrix, x *Vectors) {
	m.check()
	switch {
	case x.Dim != m.Cols:
		panicf("matrix of %d columns times vectors of %d values", m.Cols, x.Dim)
	case x.Encoding.Quantized() != Wants(m.Type).Quantized():
		panicf("matrix %s takes vectors of encoding %d, got %d", m.Type, Wants(m.Type), x.Encoding)
	case len(dst) < x.N*m.Rows:
		panicf("product of %d × %d in %d values", x.N, m.Rows, len(dst))
	}
	if x.N == 0 {
		return
	}
	t := &c.matmul
	*t = matmulTask{c: c, dst: dst, m: m, x: x, f: formatOf(m.Type), rowBytes: m.Type.RowBytes(m.Cols)}
	if t.panels() && t.f.floats == nil {
		c.vectors.prepare(c.k.panel, t.f, x)
	}
	c.pool.run(t, t.split(c.pool.threads))
}

// A matrix is cut into several parts a thread, so that a thread that the
// system holds up delays the others little. For a single vector the parts are
// larger: at the beginning of each, weights are waited for.
const (
	partsPerThread       = 4
	vectorPartsPerThread = 2
)

// split cuts the rows into parts of nearly the same size and returns their
// number: a multiple of the number of threads if there are rows enough. Parts
// are whole panels, or whole groups of rows that are multiplied side by side.
func (t *matmulTask) split(threads int) int {
	t.step = matvecRows
	if t.panels() {
		t.step = t.c.k.panel.rows
	}
	t.steps = max(1, t.m.Rows/t.step)
	perThread := partsPerThread
	if t.x.N == 1 {
		perThread = vectorPartsPerThread
	}
	t.parts = min(threads*perThread, t.steps)
	if t.parts > threads {
		t.parts -= t.parts % threads
	}
	return t.parts
}

// rows returns the rows of a part. The last one has the rest as well.
func (t *matmulTask) rows(part int) (from, to int) {
	from = part * t.steps / t.parts * t.step
	if part == t.parts-1 {
		return from, t.m.Rows
	}
	return from, (part + 1) * t.steps / t.parts * t.step
}

type matmulTask struct {
	c        *Compute
	dst      []float32
	m        Matrix
	x        *Vectors
	f        *format
	rowBytes int
	step     int // rows that are not cut
	steps    int
	parts    int
}

func (t *matmulTask) run(worker, part int) {
	s := &t.c.scratch[worker]
	from, to := t.rows(part)
	if t.panels() {
		t.gemm(&s.gemm, from, to)
		return
	}
	if f := t.c.k.matvec[t.f.id]; f != nil && to-from >= matvecRows {
		t.matvecs(f, &s.matvec, from, to)
		return
	}
	for r := from; r < to; r++ {
		row := t.m.Data[r*t.rowBytes : (r+1)*t.rowBytes]
		if t.f.floats != nil {
			t.floatRow(s, r, row)
		} else {
			t.codeRow(s, r, row)
		}
	}
}

// panels reports whether the product is made by panels.
func (t *matmulTask) panels() bool {
	p := t.c.k.panel
	if p == nil || t.x.N < gemmMin || t.m.Rows < p.rows || t.m.Cols%p.step != 0 {
		return false
	}
	if t.f.floats != nil {
		return p.floats[t.f.id] != nil
	}
	return p.unpack[t.f.id] != nil
}

// floatRow multiplies all vectors with row r of a float matrix.
func (t *matmulTask) floatRow(s *scratch, r int, row []byte) {
	s.floats = grow(s.floats, t.m.Cols)
	t.f.floats(s.floats, row)
	for i := range t.x.N {
		t.dst[i*t.m.Rows+r] = t.c.k.dot(s.floats, t.x.f32(i))
	}
}

// codeRow multiplies all vectors with row r of a quantized matrix.
func (t *matmulTask) codeRow(s *scratch, r int, row []byte) {
	s.row.resize(t.f, t.m.Cols)
	t.f.unpack(&s.row, row)
	for i := range t.x.N {
		t.dst[i*t.m.Rows+r] = dotCodes(t.f, &s.row, t.x, i)
	}
}

// Embed decodes rows of m: dst, len(ids) rows of m.Cols values, gets row
// ids[i] as its row i. Ids must be valid row numbers.
func (c *Compute) Embed(dst []float32, m Matrix, ids []int32) {
	m.check()
	if len(dst) < len(ids)*m.Cols {
		panicf("%d rows of %d values in %d", len(ids), m.Cols, len(dst))
	}
	f, rowBytes, s := formatOf(m.Type), m.Type.RowBytes(m.Cols), &c.scratch[0]
	for i, id := range ids {
		if id < 0 || int(id) >= m.Rows {
			panicf("row %d of a matrix of %d rows", id, m.Rows)
		}
		row := m.Data[int(id)*rowBytes : (int(id)+1)*rowBytes]
		out := dst[i*m.Cols : (i+1)*m.Cols]
		if f.floats != nil {
			f.floats(out, row)
			continue
		}
		s.row.resize(f, m.Cols)
		f.unpack(&s.row, row)
		s.row.floats(f, out)
	}
}

// floats gives the values of the row.
func (r *rowCodes) floats(f *format, dst []float32) {
	for g, scale := range r.scale {
		offset := float32(0)
		if f.offset {
			offset = r.offset[g]
		}
		for j, code := range r.code[g*f.group : (g+1)*f.group] {
			dst[g*f.group+j] = scale*float32(code) + offset
		}
	}
}
