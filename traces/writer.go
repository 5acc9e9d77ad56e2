package traces

import (
	"encoding/json"
	"fmt"
	"hash/crc32"

	"github.com/memsim/memsim/internal/atomicfile"
	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/compress/zstd"
)

// The entries of the Parquet key-value metadata: the Header, and a checksum of its
// text. Pages have theirs in their own headers.
const (
	metadataKey = "memsim"
	checksumKey = "memsim.crc32"
)

// checksum is the CRC-32 (IEEE 802.3) of a header's text, in hexadecimal digits.
func checksum(text string) string {
	return fmt.Sprintf("%08x", crc32.ChecksumIEEE([]byte(text)))
}

// rowsPerGroup bounds what a writer and a reader hold in memory at a time.
const rowsPerGroup = 1 << 18

// record is an Event as the file stores it. Columns that count upwards are
// delta-encoded, texts are dictionary-encoded: a decode step of a regular model
// differs little from the one before, and the file shrinks to almost nothing.
type record struct {
	Seq    int64  `parquet:"seq,delta"`
	Phase  string `parquet:"phase,dict"`
	Token  int32  `parquet:"token,delta"`
	Op     string `parquet:"op,dict"`
	Layer  int32  `parquet:"layer,delta"`
	Block  int32  `parquet:"block,delta"`
	Tensor string `parquet:"tensor,dict"`
	Kind   string `parquet:"kind,dict"`
	Access string `parquet:"access,dict"`
	Addr   int64  `parquet:"addr,delta"`
	Bytes  int64  `parquet:"bytes,delta"`
	DType  string `parquet:"dtype,dict"`
	MACs   int64  `parquet:"macs,delta"`
	HostNS int64  `parquet:"host_ns,delta"`
	Expert int32  `parquet:"expert,delta"`
}

// Writer writes a trace file, as a Sink. The file appears under its name only
// when Close has succeeded.
type Writer struct {
	file   *atomicfile.File
	rows   *parquet.GenericWriter[record]
	header Header
	batch  []record
}

// Create starts a trace file at path.
func Create(path string, h Header) (*Writer, error) {
	file, err := atomicfile.Create(path)
	if err != nil {
		return nil, fmt.Errorf("create trace: %w", err)
	}
	rows := parquet.NewGenericWriter[record](file,
		parquet.Compression(&zstd.Codec{Level: zstd.SpeedDefault}),
		parquet.MaxRowsPerRowGroup(rowsPerGroup),
		parquet.CreatedBy("memsim", fmt.Sprint(SchemaVersion), ""))
	return &Writer{file: file, rows: rows, header: h}, nil
}

// SetHeader replaces the header, for what is known only after the run.
func (w *Writer) SetHeader(h Header) { w.header = h }

// Emit appends events to the file.
func (w *Writer) Emit(events []Event) error {
	w.batch = w.batch[:0]
	for i := range events {
		w.batch = append(w.batch, recordOf(&events[i]))
	}
	if _, err := w.rows.Write(w.batch); err != nil {
		return fmt.Errorf("write trace: %w", err)
	}
	return nil
}

// Close completes the file and puts it in its place.
func (w *Writer) Close() error {
	defer w.Abort()
	w.header.Schema = SchemaVersion
	text, err := json.Marshal(w.header)
	if err != nil {
		return fmt.Errorf("write trace header: %w", err)
	}
	w.rows.SetKeyValueMetadata(metadataKey, string(text))
	w.rows.SetKeyValueMetadata(checksumKey, checksum(string(text)))
	if err := w.rows.Close(); err != nil {
		return fmt.Errorf("write trace: %w", err)
	}
	if err := w.file.Commit(); err != nil {
		return fmt.Errorf("write trace: %w", err)
	}
	return nil
}

// Abort drops the file; it does nothing after Close.
func (w *Writer) Abort() { w.file.Abort() }

func recordOf(e *Event) record {
	return record{e.Seq, string(e.Phase), e.Token, e.Op, e.Layer, e.Block, e.Tensor,
		string(e.Kind), string(e.Access), int64(e.Addr), e.Bytes, e.DType, e.MACs, e.HostNS, e.Expert}
}
