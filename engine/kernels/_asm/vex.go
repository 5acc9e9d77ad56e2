package main

import (
	"fmt"
	"os"
	"regexp"
	"strconv"
)

var dotLine = regexp.MustCompile(`(?m)^\tVPDPBUSD +Y(\d+), Y(\d+), Y(\d+)$`)

// encodeVEX rewrites the products of bytes in the file that -out names to
// their VEX encoding, which processors with AVX-VNNI but without AVX-512 know.
// Go's assembler knows the EVEX encoding only.
func encodeVEX(args []string) error {
	for i, arg := range args {
		if arg != "-out" || i+1 == len(args) {
			continue
		}
		text, err := os.ReadFile(args[i+1])
		if err != nil {
			return err
		}
		text = dotLine.ReplaceAllFunc(text, func(line []byte) []byte {
			m := dotLine.FindSubmatch(line)
			var r [3]int // third operand in Intel's order, second, destination
			for i := range r {
				r[i], _ = strconv.Atoi(string(m[i+1]))
			}
			return fmt.Appendf(nil, "\tBYTE $0xc4; BYTE $0x%02x; BYTE $0x%02x; BYTE $0x50; BYTE $0x%02x // {vex} VPDPBUSD Y%d, Y%d, Y%d",
				^(r[2]>>3)&1<<7|1<<6|^(r[0]>>3)&1<<5|2, // R, X, B inverted; map 0F38
				^r[1]&15<<3|1<<2|1,                     // second operand inverted; 256 bits; prefix 66
				0xc0|r[2]&7<<3|r[0]&7, r[0], r[1], r[2])
		})
		return os.WriteFile(args[i+1], text, 0o644)
	}
	return nil
}
