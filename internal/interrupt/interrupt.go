// Package interrupt lets go of work that cannot be stopped.
package interrupt

import "context"

// Return runs f, and returns what it does or, as soon as ctx is done, ctx's error. A
// call of f that is under way then goes on unseen: it must own all that it touches.
func Return[T any](ctx context.Context, f func() (T, error)) (T, error) {
	type outcome struct {
		value T
		err   error
	}
	done := make(chan outcome, 1)
	go func() {
		value, err := f()
		done <- outcome{value, err}
	}()
	select {
	case o := <-done:
		return o.value, o.err
	case <-ctx.Done():
		var zero T
		return zero, ctx.Err()
	}
}
