package dram

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"iter"
	"strconv"
	"strings"
	"unicode"

	"github.com/memsim/memsim/internal/fault"
	"github.com/memsim/memsim/units"
)

// A Request is one line of a raw trace.
type Request struct {
	Extent
	Clock int64 // of the memory, from the start of the trace, before which it does not arrive; 0: it arrives as soon as it is taken
	Line  int   // on which it stands, from 1
}

// readAhead is how many requests of a raw trace are read at a time.
const readAhead = 1 << 14

// ReadTrace reads a raw trace, a request a line, in one of two forms:
//
//	LD 0x1f40         Ramulator's loads and stores (LD and ST), and the clock from
//	ST 8192 120       which on one may arrive, if there is one
//	0x1f40 READ 120   DRAMsim3's: address, READ or WRITE, clock
//
// Addresses are decimal, or hexadecimal after 0x; spaces and tabs lie between words.
// Blank lines and what follows a # are skipped. Each request is one burst, the one
// that holds its address. They come in lists, each valid until the next, so that a
// trace may be of any length. What is compressed by gzip is decompressed.
//
// An error about a request names its line; it and a trace without requests are a
// user's mistakes. A line that is too long is bufio.ErrTooLong. After an error nothing
// follows.
func ReadTrace(r io.Reader, burst units.Bytes) iter.Seq2[[]Request, error] {
	return func(yield func([]Request, error) bool) {
		text, err := plainText(r)
		if err != nil {
			yield(nil, err)
			return
		}
		list := make([]Request, 0, readAhead)
		lines := bufio.NewScanner(text)
		some := false
		for n := 1; lines.Scan(); n++ {
			request, ok, err := parseRequest(lines.Text(), burst)
			if err != nil {
				yield(nil, fault.Userf("line %d: %w", n, err))
				return
			}
			if !ok {
				continue
			}
			some = true
			request.Line = n
			if list = append(list, request); len(list) == cap(list) {
				if !yield(list, nil) {
					return
				}
				list = list[:0]
			}
		}
		switch err := lines.Err(); {
		case damaged(err):
			yield(nil, fault.Userf("the gzip file is damaged or cut short: %w", err))
		case err != nil:
			yield(nil, err)
		case !some:
			yield(nil, fault.Userf("the trace holds no request; write one a line, as \"LD 0x1f40\""))
		case len(list) > 0:
			yield(list, nil)
		}
	}
}

// plainText decompresses what is compressed, and leaves out a byte order mark.
func plainText(r io.Reader) (io.Reader, error) {
	in := bufio.NewReader(r)
	if head, _ := in.Peek(2); bytes.Equal(head, []byte{0x1f, 0x8b}) {
		unpacked, err := gzip.NewReader(in)
		if err != nil {
			return nil, fault.Userf("the gzip file is damaged or cut short: %w", err)
		}
		in = bufio.NewReader(unpacked)
	}
	if head, _ := in.Peek(3); string(head) == "\ufeff" {
		_, _ = in.Discard(3) // they have been peeked at
	}
	return in, nil
}

// damaged reports whether an error is about what a gzip file holds.
func damaged(err error) bool {
	return errors.Is(err, gzip.ErrChecksum) || errors.Is(err, gzip.ErrHeader) || errors.Is(err, io.ErrUnexpectedEOF) ||
		err != nil && strings.HasPrefix(err.Error(), "flate:")
}

// parseRequest reads a line of a raw trace; ok is false if there is no request on it.
func parseRequest(line string, burst units.Bytes) (r Request, ok bool, err error) {
	text, _, _ := strings.Cut(line, "#")
	if strings.ContainsFunc(text, func(c rune) bool { return c == unicode.ReplacementChar || unicode.IsControl(c) && !unicode.IsSpace(c) }) {
		return Request{}, false, errors.New("is not text; a trace is a text file with a request a line, as \"LD 0x1f40\", or such a file compressed by gzip")
	}
	words := strings.Fields(text)
	if len(words) == 0 {
		return Request{}, false, nil
	}
	if len(words) > 1 && (words[1] == "READ" || words[1] == "WRITE") { // DRAMsim3's order
		words[0], words[1] = words[1], words[0]
	}
	switch words[0] {
	case "LD", "READ":
	case "ST", "WRITE":
		r.Write = true
	default:
		return Request{}, false, errors.New("is neither LD nor ST; write a request as \"LD 0x1f40\", or as DRAMsim3 does: \"0x1f40 READ 0\"") // of some other file, nothing is repeated
	}
	if len(words) < 2 {
		return Request{}, false, fmt.Errorf("%s has no address; write a decimal number, or a hexadecimal one after 0x", words[0])
	}
	addr, err := parseNumber(words[1])
	if err != nil {
		return Request{}, false, fmt.Errorf("%s is not an address; write a decimal number, or a hexadecimal one after 0x", quoted(words[1]))
	}
	if len(words) > 2 {
		clock, err := parseNumber(words[2])
		if err != nil || clock > maxClock {
			return Request{}, false, fmt.Errorf("%s is not a clock; write the number of the clock from which on the request may arrive, or nothing", quoted(words[2]))
		}
		r.Clock = int64(clock)
	}
	if len(words) > 3 {
		return Request{}, false, fmt.Errorf("%s follows the request; write one a line", quoted(words[3]))
	}
	r.Addr, r.Bytes = addr&^(uint64(burst)-1), burst
	return r, true, nil
}

// maxClock bounds the clocks of requests: an hour or more.
const maxClock = 1 << 43

func parseNumber(s string) (uint64, error) {
	if hex, ok := strings.CutPrefix(strings.ToLower(s), "0x"); ok {
		return strconv.ParseUint(hex, 16, 63)
	}
	return strconv.ParseUint(s, 10, 63)
}

// quoted quotes a word of a file, cut where it is long.
func quoted(word string) string {
	const most = 24
	if runes := []rune(word); len(runes) > most {
		return strconv.Quote(string(runes[:most])) + "..."
	}
	return strconv.Quote(word)
}

// A Batch is a list of extents that arrive together.
type Batch struct {
	From    int64 // clocks from the start before which they do not arrive
	Extents []Extent
}

// batches divides requests into batches: those that wait for no later clock than the
// ones before arrive with them.
func batches(requests iter.Seq2[[]Request, error]) iter.Seq2[Batch, error] {
	return func(yield func(Batch, error) bool) {
		var b Batch
		for list, err := range requests {
			if err != nil {
				yield(Batch{}, err)
				return
			}
			b.Extents = b.Extents[:0]
			for i := range list {
				if list[i].Clock > b.From {
					if len(b.Extents) > 0 && !yield(b, nil) {
						return
					}
					b.From, b.Extents = list[i].Clock, b.Extents[:0]
				}
				b.Extents = append(b.Extents, list[i].Extent)
			}
			if len(b.Extents) > 0 && !yield(b, nil) {
				return
			}
		}
	}
}
