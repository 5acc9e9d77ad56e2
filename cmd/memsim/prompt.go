package main

import (
	"context"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/memsim/memsim/engine/tokenizer"
	"github.com/memsim/memsim/engine/weights"
	"github.com/memsim/memsim/internal/fault"
	"github.com/memsim/memsim/study"
)

// promptFlags give a prompt as text or as token ids.
type promptFlags struct {
	text    string
	idsText string
}

func (p *promptFlags) add(cmd *cobra.Command) {
	cmd.Flags().StringVarP(&p.text, "prompt", "p", "", "`text` to continue")
	cmd.Flags().StringVar(&p.idsText, "prompt-ids", "", "token `ids` to continue, as 1,5,9")
}

func (p *promptFlags) given() bool { return p.text != "" || p.idsText != "" }

func (p *promptFlags) check() error {
	if p.text != "" && p.idsText != "" {
		return fault.Userf("give the prompt with --prompt or with --prompt-ids, not both")
	}
	return nil
}

// ids returns the prompt's tokens. Text needs a tokenizer, which is read from
// the model named ref.
func (p *promptFlags) ids(ctx context.Context, ref string, o weights.Options) ([]int32, error) {
	if p.idsText != "" {
		return parseIDs(p.idsText)
	}
	o.ShapeOnly = true
	src, err := study.Open(ctx, ref, o)
	if err != nil {
		return nil, err
	}
	defer src.Close()
	_, ids, err := p.encode(src, func(string, ...any) {}) // of text: ids are parsed above
	return ids, err
}

// encode returns the tokenizer of a model, nil if it has none, and the prompt's
// tokens. Token ids need no tokenizer: one that cannot be used is handed to note.
func (p *promptFlags) encode(src weights.Source, note func(format string, args ...any)) (*tokenizer.Tokenizer, []int32, error) {
	tok, err := tokenizerOf(src)
	if p.idsText != "" {
		if err != nil {
			note("%v; tokens are shown by their ids", err)
		}
		ids, err := parseIDs(p.idsText)
		return tok, ids, err
	}
	if err != nil {
		return nil, nil, fault.Userf("%w; or give the prompt as token ids with --prompt-ids 1,5,9", err)
	}
	if tok == nil {
		return nil, nil, fault.Userf("%s has no tokenizer; give the prompt as token ids with --prompt-ids 1,5,9", src.Name())
	}
	ids, err := tok.Encode(p.text)
	if err != nil {
		return nil, nil, fault.Userf("cannot encode the prompt for %s: %w", src.Name(), err)
	}
	return tok, ids, nil
}

func parseIDs(text string) ([]int32, error) {
	var ids []int32
	for _, field := range strings.Split(text, ",") {
		id, err := strconv.ParseInt(strings.TrimSpace(field), 10, 32)
		if err != nil || id < 0 {
			return nil, fault.Userf("--prompt-ids: %q is no token id; give whole numbers with commas, as 1,5,9", field)
		}
		ids = append(ids, int32(id))
	}
	return ids, nil
}

// tokenizerOf returns the tokenizer of a model, nil if it has none.
func tokenizerOf(src weights.Source) (*tokenizer.Tokenizer, error) {
	v, err := src.Vocabulary()
	if err != nil || v == nil {
		return nil, err
	}
	tok, err := v.Tokenizer()
	if err != nil {
		return nil, fault.Userf("tokenizer of %s: %w", src.Name(), err)
	}
	return tok, nil
}
