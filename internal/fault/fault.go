// Package fault tells a user's mistake from a failure of the program or the
// machine, so that a command can exit with 2 for the one and 1 for the other.
package fault

import (
	"errors"
	"fmt"
)

// errUser marks errors that the user can mend by typing something else.
var errUser = errors.New("user's mistake")

type userError struct{ err error }

func (e *userError) Error() string        { return e.err.Error() }
func (e *userError) Unwrap() error        { return e.err }
func (e *userError) Is(target error) bool { return target == errUser }

// Userf returns an error for a user's mistake, formatted as fmt.Errorf does.
func Userf(format string, args ...any) error {
	return &userError{fmt.Errorf(format, args...)}
}

// User marks err as a user's mistake; nil stays nil.
func User(err error) error {
	if err == nil {
		return nil
	}
	return &userError{err}
}

// IsUser reports whether err, or an error that it wraps, is a user's mistake.
func IsUser(err error) bool { return errors.Is(err, errUser) }
