package main

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
)

// choice is a flag that takes one of some values.
type choice struct {
	target  *string
	allowed []string
}

// addChoice defines a flag of cmd that takes one of some values, which shells
// complete; where nothing is chosen it is initial.
func addChoice(cmd *cobra.Command, target *string, name, initial, usage string, allowed ...string) {
	*target = initial
	cmd.Flags().Var(&choice{target, allowed}, name, usage)
	completeWith(cmd, name, allowed...)
}

func (c *choice) String() string { return *c.target }

// Type is what help calls the value.
func (c *choice) Type() string { return "string" }

func (c *choice) Set(value string) error {
	if !slices.Contains(c.allowed, value) {
		return fmt.Errorf("must be one of %s", strings.Join(c.allowed, ", "))
	}
	*c.target = value
	return nil
}

// positive is a flag that takes a whole number above zero; zero is "not given".
type positive struct{ target *int }

func (p positive) String() string {
	if p.target == nil || *p.target == 0 {
		return ""
	}
	return strconv.Itoa(*p.target)
}

// Type is what help calls the value.
func (p positive) Type() string { return "int" }

func (p positive) Set(value string) error {
	n, err := strconv.Atoi(value)
	if err != nil || n < 1 {
		return fmt.Errorf("must be a whole number above zero")
	}
	*p.target = n
	return nil
}
