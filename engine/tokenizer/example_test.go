package tokenizer_test

import (
	"fmt"

	"github.com/memsim/memsim/engine/tokenizer"
)

// A vocabulary of five tokens: the pair with the better score merges first.
func Example() {
	t, err := tokenizer.New(tokenizer.Vocabulary{
		Family: tokenizer.SPM,
		Tokens: []string{"▁", "a", "b", "ab", "▁a"},
		Scores: []float32{-9, -9, -9, -1, -2},
		BOS:    tokenizer.None, EOS: tokenizer.None, UNK: tokenizer.None,
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	ids, err := t.Encode("ab a")
	fmt.Println(ids, err)
	fmt.Println(t.Decode(ids))
	// Output:
	// [0 3 4] <nil>
	// ab a
}
