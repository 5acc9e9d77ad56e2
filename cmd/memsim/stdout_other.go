//go:build !linux

package main

func stdoutClosed() bool { return false }
