package tokenizer

import (
	"fmt"
	"slices"
	"strings"
)

// The regular expressions by which tokenizers split text, as published: GPT-2
// (openai/gpt-2 encoder.py), Llama 3, Qwen 2 and the others (their
// tokenizer.json), in the form in which llama.cpp applies them to GGUF files
// (llama-vocab.cpp). tekken's and gpt-4o's upper and lower letters are those of
// llama.cpp: a letter that is not a to z, and one that is not A to Z.
const (
	gpt2Pattern   = `'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+`
	llama3Pattern = contraction + `|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}` + llamaRest
	qwen2Pattern  = contraction + `|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}` + llamaRest
	digitPattern  = `\p{N}`

	contraction = `(?i:'s|'t|'re|'ve|'m|'ll|'d)`
	llamaRest   = `| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+`
	casedRest   = `| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+`

	upperLower = `[^\r\n\p{L}\p{N}]?[^\P{L}a-z]*[^\P{L}A-Z]+`
	upper      = `[^\r\n\p{L}\p{N}]?[^\P{L}a-z]+[^\P{L}A-Z]*`

	bloomPattern    = ` ?[^(\s|.,!?…。，、।۔،)]+`
	cjkPattern      = `[一-龥぀-ゟ゠-ヿ]+`
	deepseekPattern = "[!\"#$%&'()*+,\\-./:;<=>?@\\[\\\\\\]^_`{|}~][A-Za-z]+|[^\\r\\n\\p{L}\\p{P}\\p{S}]?[\\p{L}\\p{M}]+| ?[\\p{P}\\p{S}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+"
)

// pre is a way of splitting, and the habits that come with it.
type pre struct {
	names     string   // in GGUF (tokenizer.ggml.pre), the usual one first
	patterns  []string // applied one after the other
	whole     bool     // a word that is a token is not split further
	bos       bool     // texts begin with BOS unless the file says otherwise
	splitters []splitter
}

// pres are the splitters of GGUF files. llama.cpp's own is the one of files that
// name none.
var pres = []pre{
	{names: "llama-bpe llama3 llama-v3 falcon3 falcon-h1 pixtral midm-2.0 lfm2 jina-v5-nano", patterns: []string{llama3Pattern}, whole: true, bos: true},
	{names: "smaug-bpe dbrx glm4 chatglm-bpe", patterns: []string{llama3Pattern}},
	{names: "qwen2 deepseek-r1-qwen kormo f2llmv2 megrez stablelm2 hunyuan solar-open grok-2 bailingmoe bailingmoe2 llada-moe", patterns: []string{qwen2Pattern}},
	{names: "gpt-2 phi-2 olmo exaone4 jais mellum trillion mpt granite-docling gigachat a.x-4.0 jina-es jina-de jina-v2-es jina-v2-de modern-bert", patterns: []string{gpt2Pattern}},
	{names: "smollm starcoder refact command-r exaone codeshell minerva-7b mellum2", patterns: []string{digitPattern, gpt2Pattern}},
	{names: "default", patterns: []string{`[\p{P}$+<=>^~|]+`, gpt2Pattern, `\p{N}+`, `[0-9][0-9][0-9]`}},
	{names: "tekken", patterns: []string{upperLower + `|` + upper + `|\p{N}` + casedRest}, whole: true, bos: true},
	{names: "gpt-4o llama4 kanana2 talkie minimax-m2", patterns: []string{upperLower + contraction + `?|` + upper + contraction + `?|\p{N}{1,3}` + casedRest}},
	{names: "qwen35", patterns: []string{contraction + `|[^\r\n\p{L}\p{N}]?[\p{L}\p{M}]+|\p{N}| ?[^\s\p{L}\p{M}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+`}},
	{names: "minicpm5", patterns: []string{`\p{N}{1,3}`, contraction + `|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}+` + llamaRest}, whole: true},
	{names: "seed-coder", patterns: []string{contraction + `|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}\r\n]+|\s*[\r\n]+|\s+(?!\S)|\s+`}},
	{names: "laguna", patterns: []string{`[^\n]+|[\n]+`, qwen2Pattern}},
	{names: "exaone-moe", patterns: []string{contraction + `|[^\r\n\p{L}\p{N}]?(?:\p{L}\p{M}*(?: \p{L}\p{M}*)*)+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n/]?|\s*[\r\n]|\s+(?!\S)|\s+`}},
	{names: "deepseek-v3 hunyuan-dense joyai-llm", patterns: []string{`\p{N}{1,3}`, cjkPattern, deepseekPattern}},
	{names: "deepseek-coder", patterns: []string{`[\r\n]`, `\s?\p{L}+`, `\s?\p{P}+`, `[一-龥ࠀ-一가-퟿]+`, digitPattern}},
	{names: "falcon", patterns: []string{"[\\p{P}$+<=>^~|`]+", gpt2Pattern, `[0-9][0-9][0-9]`}},
	{names: "bloom poro-chat gpt3-finnish", patterns: []string{bloomPattern}},
	{names: "viking", patterns: []string{bloomPattern, digitPattern}},
	{names: "chameleon", patterns: []string{`<sentinel:[0-9]+>`, `(IMGIMG)((A|B|C|D|E|F|G|H|I){1,4})Z`, `([\t\n]|    |  )`, digitPattern, "[\\p{P}!-/:-@\\[-`{-~]", gpt2Pattern}, bos: true},
}

// preTokenizer returns the splitter of a name; without one, llama.cpp's default.
func preTokenizer(name string) (pre, error) {
	if name == "" {
		name = "default"
	}
	var known []string
	for _, p := range pres {
		names := strings.Fields(p.names)
		if !slices.Contains(names, name) {
			known = append(known, names[0])
			continue
		}
		for _, pattern := range p.patterns {
			s, err := compile(pattern)
			if err != nil {
				return pre{}, err
			}
			p.splitters = append(p.splitters, s)
		}
		return p, nil
	}
	slices.Sort(known)
	return pre{}, fmt.Errorf("pre-tokenizer %q is not known: it must be one of %s, or another name of these that llama.cpp knows", name, strings.Join(known, ", "))
}

// preName returns the GGUF name of the splitter with the given patterns, rather
// one that keeps words that are tokens whole, or does not, as asked.
func preName(patterns []string, whole bool) (string, error) {
	found := ""
	for _, p := range pres {
		if !slices.Equal(p.patterns, patterns) {
			continue
		}
		name, _, _ := strings.Cut(p.names, " ")
		if p.whole == whole {
			return name, nil
		}
		if found == "" {
			found = name
		}
	}
	if found != "" {
		return found, nil
	}
	return "", fmt.Errorf("pre_tokenizer with the patterns %q has no name in GGUF", patterns)
}
