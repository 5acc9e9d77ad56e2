package tokenizer

import (
	"encoding/json"
	"errors"
	"io/fs"
	"path/filepath"

	"github.com/memsim/memsim/internal/fault"
	"github.com/memsim/memsim/internal/inputfile"
)

// FromFolder reads the tokenizer of a Hugging Face folder: tokenizer.json, or
// else tokenizer.model, with tokenizer_config.json beside it for the special
// tokens. A file that is damaged or not understood is the user's error; so is a
// folder with neither, and that error wraps fs.ErrNotExist.
func FromFolder(dir string) (*Tokenizer, error) {
	return readFolder(dir, fromJSON, func(data []byte) (*Tokenizer, error) {
		v, err := parseSentencePiece(data)
		if err != nil {
			return nil, err
		}
		return New(v)
	})
}

// TableFromFolder reads the tokenizer of a Hugging Face folder as the table that
// a GGUF file holds: what FromFolder reads, in the terms of New. What has no
// form in GGUF, such as a word splitter without a name there, is the user's
// error. Other errors are as those of FromFolder.
func TableFromFolder(dir string) (Vocabulary, error) {
	return readFolder(dir, tableFromJSON, parseSentencePiece)
}

// maxFileBytes is far above any vocabulary: that of Gemma takes 33 MB as JSON.
const maxFileBytes = 512 << 20

// readFolder reads the file of a folder that holds its tokenizer.
func readFolder[T any](dir string, ofJSON func([]byte, config) (T, error), ofSentencePiece func([]byte) (T, error)) (tokenizer T, err error) {
	c, err := readConfig(filepath.Join(dir, "tokenizer_config.json"))
	if err != nil {
		return tokenizer, err
	}
	read := func(data []byte) (T, error) { return ofJSON(data, c) }
	path := filepath.Join(dir, "tokenizer.json")
	data, err := inputfile.Read(path, maxFileBytes)
	if errors.Is(err, fs.ErrNotExist) {
		read, path = ofSentencePiece, filepath.Join(dir, "tokenizer.model")
		data, err = inputfile.Read(path, maxFileBytes)
	}
	if err != nil {
		return tokenizer, fault.Userf("%s: has no tokenizer.json or tokenizer.model that can be read: %w", dir, err)
	}
	if tokenizer, err = read(data); err != nil {
		return tokenizer, fault.Userf("%s: %w", path, err)
	}
	return tokenizer, nil
}

// config is what counts in tokenizer_config.json.
type config struct {
	BOS    tokenText `json:"bos_token"`
	EOS    tokenText `json:"eos_token"`
	AddBOS *bool     `json:"add_bos_token"`
}

// tokenText is a token's text, written as a string or as an object with content.
type tokenText string

func (t *tokenText) UnmarshalJSON(data []byte) error {
	var object struct{ Content string }
	if err := json.Unmarshal(data, &object); err == nil {
		*t = tokenText(object.Content)
		return nil
	}
	return json.Unmarshal(data, (*string)(t))
}

func readConfig(path string) (config, error) {
	var c config
	data, err := inputfile.Read(path, maxFileBytes)
	if errors.Is(err, fs.ErrNotExist) {
		return c, nil
	}
	if err == nil {
		err = json.Unmarshal(data, &c)
	}
	if err != nil {
		return c, fault.Userf("%s: %w", path, err)
	}
	return c, nil
}
