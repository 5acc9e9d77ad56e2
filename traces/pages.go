package traces

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"github.com/klauspost/compress/zstd"
	"github.com/parquet-go/parquet-go/encoding/thrift"
	"github.com/parquet-go/parquet-go/format"
)

// The Parquet library takes memory for whatever the headers of pages state, and
// a damaged one may state anything. These are the bounds that the pages of a
// trace are held to before it reads them, far above what writers make: a page
// has some 100 000 values, or a MiB.
const (
	maxPageBytes  = 64 << 20 // uncompressed
	maxPageValues = 4 << 20
	maxPageHeader = 64 << 10
)

// checkPages holds the headers of all pages of a column chunk against the size
// of the chunk and against the bounds.
func checkPages(r io.ReaderAt, size int64, chunk *format.ColumnMetaData) error {
	switch chunk.Codec {
	case format.Uncompressed, format.Snappy, format.Gzip, format.Brotli, format.Zstd:
	default:
		return fmt.Errorf("compressed with %s, which is not read; write the trace with zstd or snappy", chunk.Codec)
	}
	begin, length := chunk.DataPageOffset, chunk.TotalCompressedSize
	if chunk.DictionaryPageOffset != 0 {
		begin = chunk.DictionaryPageOffset
	}
	if begin < 0 || length < 0 || begin > size || length > size-begin {
		return fmt.Errorf("%d bytes from %d on in a file of %d", length, begin, size)
	}
	in := bufio.NewReaderSize(nil, maxPageHeader)
	for at, end := begin, begin+length; at < end; {
		in.Reset(io.NewSectionReader(r, at, end-at))
		next, err := checkPage(in, end-at, chunk.Codec)
		if err != nil {
			return fmt.Errorf("page at %d: %w", at, err)
		}
		at += next
	}
	return nil
}

// checkPage checks the page that in stands at, of a chunk that has so many bytes
// left, and returns how many of them are the page's.
func checkPage(in *bufio.Reader, left int64, codec format.CompressionCodec) (int64, error) {
	head, err := in.Peek(int(min(left, maxPageHeader)))
	if err != nil {
		return 0, err
	}
	n, err := thriftLength(head)
	if err != nil {
		return 0, fmt.Errorf("header: %w", err)
	}
	var h format.PageHeader
	if err := thrift.NewDecoder(new(thrift.CompactProtocol).NewReaderFromBytes(head[:n])).Decode(&h); err != nil {
		return 0, fmt.Errorf("header: %w", err)
	}
	if _, err := in.Discard(n); err != nil {
		return 0, err
	}
	left -= int64(n)
	if err := checkBounds(&h, left); err != nil {
		return 0, err
	}
	return int64(n) + int64(h.CompressedPageSize), checkCompressed(in, codec, &h)
}

// checkBounds holds what a page's header states against the bounds, and against
// what the chunk has behind the header.
func checkBounds(h *format.PageHeader, left int64) error {
	values := max(h.DataPageHeader.V.NumValues, h.DataPageHeaderV2.V.NumValues, h.DictionaryPageHeader.V.NumValues)
	switch {
	case h.CompressedPageSize < 0 || int64(h.CompressedPageSize) > left:
		return fmt.Errorf("%d bytes where %d are left", h.CompressedPageSize, left)
	case h.UncompressedPageSize < 0 || h.UncompressedPageSize > maxPageBytes:
		return fmt.Errorf("%d bytes uncompressed, more than %d", h.UncompressedPageSize, maxPageBytes)
	case values > maxPageValues:
		return fmt.Errorf("%d values, more than %d", values, maxPageValues)
	}
	return nil
}

// checkCompressed holds the size that compressed bytes state of themselves
// against that of the page: decompressing takes memory for the former.
func checkCompressed(in *bufio.Reader, codec format.CompressionCodec, h *format.PageHeader) error {
	levels := 0
	if v2 := &h.DataPageHeaderV2; v2.Valid {
		if v2.V.IsCompressed.Valid && !v2.V.IsCompressed.V {
			return nil
		}
		levels = int(v2.V.RepetitionLevelsByteLength) + int(v2.V.DefinitionLevelsByteLength)
	}
	if levels < 0 || levels > int(h.CompressedPageSize) {
		return fmt.Errorf("%d bytes of levels in a page of %d", levels, h.CompressedPageSize)
	}
	if _, err := in.Discard(levels); err != nil {
		return err
	}
	head, err := in.Peek(min(zstd.HeaderMaxSize, int(h.CompressedPageSize)-levels))
	if err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	if stated, ok := uncompressedSize(codec, head); ok && stated > maxPageBytes {
		return fmt.Errorf("%d bytes uncompressed, more than %d", stated, maxPageBytes)
	}
	return nil
}

// uncompressedSize returns what the first bytes of compressed data state of its
// size, if they do.
func uncompressedSize(codec format.CompressionCodec, head []byte) (size uint64, stated bool) {
	switch codec {
	case format.Snappy:
		size, n := binary.Uvarint(head)
		return size, n > 0
	case format.Zstd:
		var h zstd.Header
		if h.Decode(head) == nil && h.HasFCS {
			return h.FrameContentSize, true
		}
	}
	return 0, false
}
