package explorer

import (
	"context"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"time"
)

// Timeouts of a connection. Answers have runTimeout, and some time to be sent.
const (
	headerTimeout = 5 * time.Second
	idleTimeout   = 2 * time.Minute
	drainTimeout  = 300 * time.Millisecond // for answers under way when the server ends
)

// Serve answers on l until ctx is done. Simulations under way are then
// cancelled and their connections closed; when Serve returns, nothing of it is
// left but an operator under way that takes longer than drainTimeout. Being told
// to end is no error.
func (x *Explorer) Serve(ctx context.Context, l net.Listener) error {
	logger := x.config.Log
	if logger == nil {
		logger = log.New(io.Discard, "", 0)
	}
	running, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	server := &http.Server{
		Handler:           x,
		BaseContext:       func(net.Listener) context.Context { return running },
		ReadHeaderTimeout: headerTimeout,
		ReadTimeout:       headerTimeout,
		WriteTimeout:      runTimeout + 30*time.Second,
		IdleTimeout:       idleTimeout,
		MaxHeaderBytes:    maxHeaderBytes,
		ErrorLog:          logger,
	}
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(l) }()
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
	}
	cancel()
	drain, stop := context.WithTimeout(context.WithoutCancel(ctx), drainTimeout)
	defer stop()
	if err := server.Shutdown(drain); err != nil {
		server.Close()
	}
	if err := <-failed; !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}
