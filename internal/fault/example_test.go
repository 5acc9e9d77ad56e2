package fault_test

import (
	"errors"
	"fmt"

	"github.com/memsim/memsim/internal/fault"
)

func tokens(n int) error {
	if n < 1 {
		return fault.Userf("--tokens %d: decode at least one token", n)
	}
	return errors.New("no space left on device")
}

// What a user can mend ends a command with 2, anything else with 1; what wraps a
// mistake is one.
func Example() {
	for _, n := range []int{0, 1} {
		err := fmt.Errorf("memsim: %w", tokens(n))
		fmt.Println(err, fault.IsUser(err))
	}
	// Output:
	// memsim: --tokens 0: decode at least one token true
	// memsim: no space left on device false
}
