package interrupt

import (
	"context"
	"errors"
	"testing"
)

func TestReturnsWhatTheCallDoes(t *testing.T) {
	failed := errors.New("failed")
	n, err := Return(context.Background(), func() (int, error) { return 7, failed })
	if n != 7 || err != failed {
		t.Errorf("returned %d, %v", n, err)
	}
}

func TestReturnsWhenTheContextIsDone(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	started, release := make(chan struct{}), make(chan struct{})
	defer close(release)
	go func() { <-started; cancel() }()
	_, err := Return(ctx, func() (int, error) {
		close(started)
		<-release
		return 7, nil
	})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("returned %v", err)
	}
}
