package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"os"
	"strings"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/memsim/memsim/explorer"
	"github.com/memsim/memsim/internal/fault"
)

// serving is the serve command.
type serving struct {
	http    string
	models  []string
	devices []string
}

// serveReply is what the serve command prints when it is ready.
type serveReply struct {
	Memsim string `json:"memsim"`
	URL    string `json:"url"`
}

func (a *app) serveCommand() *cobra.Command {
	var s serving
	cmd := &cobra.Command{
		Use:   "serve",
		Short: "Explore models and phones in a browser",
		Long: `Serve a page on which device, model, sharing, quantization, context and SRAM are
chosen and the charts follow; two settings can be compared side by side. The
address of the page holds all settings, so that it can be sent to somebody.

The address to open goes to stdout. It is one of this machine only, unless
--http says otherwise; then it holds a random token without which nothing is
served. The page can name the shipped devices and presets, and the files given
with --device and --model; it reads no others.

Stop the server with Ctrl-C (exit code 0).`,
		Example: `  memsim serve
  memsim serve --http :8080 --model my.gguf --device myphone.yaml`,
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error { return a.serve(cmd.Context(), &s) },
	}
	f := cmd.Flags()
	f.StringVar(&s.http, "http", "localhost:0", "`address` to listen on, as localhost:8080; port 0 picks a free one")
	f.StringArrayVarP(&s.models, "model", "m", nil, "also offer this model `file`: .gguf, a Hugging Face folder or a shape file (repeatable)")
	f.StringArrayVarP(&s.devices, "device", "d", nil, "also offer this device `profile`, a YAML file (repeatable)")
	completeWithFiles(cmd, "model")
	completeWithFiles(cmd, "device")
	return cmd
}

func (a *app) serve(ctx context.Context, s *serving) error {
	listener, err := listen(s.http)
	if err != nil {
		return err
	}
	defer listener.Close()
	address := listener.Addr().(*net.TCPAddr)
	config := explorer.Config{
		Version: version, Devices: s.devices, Models: s.models, Hosts: hostNames(s.http), Seed: a.common.seed,
		Log: log.New(a.errorLog(), "memsim: ", 0),
	}
	if !address.IP.IsLoopback() {
		config.Token = explorer.NewToken()
	}
	x, err := explorer.New(config)
	if err != nil {
		return err
	}
	url := "http://" + shownAddress(s.http, address) + x.Path()
	if err := a.printURL(url); err != nil {
		return err
	}
	if config.Token != "" {
		a.note("whoever has this address can use the server: it is open to other machines")
	}
	a.note("press Ctrl-C to end it")
	return x.Serve(ctx, listener)
}

// printURL prints where the page is: a line that can be clicked, or an object
// for scripts.
func (a *app) printURL(url string) error {
	return a.printAll(func(w io.Writer) error {
		if a.format() == "json" {
			return writeJSON(w, serveReply{version, url})
		}
		_, err := fmt.Fprintln(w, url)
		return err
	})
}

// errorLog takes failures of the server, unless --quiet.
func (a *app) errorLog() io.Writer {
	if a.common.quiet {
		return io.Discard
	}
	return a.Err
}

// listen opens the address of --http.
func listen(address string) (net.Listener, error) {
	if _, _, err := net.SplitHostPort(address); err != nil {
		return nil, fault.Userf("--http %s is not an address with a port; write localhost:8080, or :8080 for all of this machine's addresses", address)
	}
	listener, err := net.Listen("tcp", address)
	if err == nil {
		return listener, nil
	}
	var dns *net.DNSError
	var port *net.AddrError
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		return nil, fault.Userf("--http %s: another program listens there; choose another port, or port 0 for a free one", address)
	case errors.Is(err, syscall.EADDRNOTAVAIL), errors.Is(err, syscall.EACCES), errors.As(err, &dns), errors.As(err, &port):
		return nil, fault.Userf("--http %s: %w", address, err)
	}
	return nil, fmt.Errorf("cannot listen on %s: %w", address, err)
}

// hostNames are the names under which the server is asked for, beside localhost
// and IP addresses: the one in --http, and this machine's.
func hostNames(address string) []string {
	var names []string
	if host, _, err := net.SplitHostPort(address); err == nil && host != "" {
		names = append(names, host)
	}
	if host, err := os.Hostname(); err == nil {
		short, _, _ := strings.Cut(host, ".")
		names = append(names, host, short, short+".local")
	}
	return names
}

// shownAddress is the host and port to open: as typed where that names a host,
// this machine's name where it listens on all addresses.
func shownAddress(typed string, address *net.TCPAddr) string {
	host, _, _ := net.SplitHostPort(typed)
	if host == "" || address.IP.IsUnspecified() {
		host = "localhost"
		if name, err := os.Hostname(); err == nil {
			host = name
		}
	}
	return net.JoinHostPort(host, fmt.Sprint(address.Port))
}
