package weights

import "github.com/memsim/memsim/fault"

// ReadFolder reads a Hugging Face folder.
func ReadFolder(dir string, o Options) (Source, error) {
	return nil, fault.Userf("%s: Hugging Face folders cannot be read yet; convert it to GGUF", dir)
}
