package main

import (
	"io"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/cobra/doc"
)

// released is the day of the version: manual pages bear it, so that they are the
// same whenever they are made.
var released = time.Date(2026, time.November, 25, 0, 0, 0, 0, time.UTC)

// manCommand writes the manual. It is for those who package memsim, so help does
// not list it.
func (a *app) manCommand() *cobra.Command {
	return &cobra.Command{
		Use:    "man FOLDER",
		Short:  "Write a manual page for each command",
		Hidden: true,
		Args:   oneArgument("a folder for the pages"),
		RunE:   func(cmd *cobra.Command, args []string) error { return a.man(cmd.Root(), args[0]) },

		ValidArgsFunction: folders,
	}
}

func (a *app) man(root *cobra.Command, path string) error {
	folder, err := newOutputFolder(path)
	if err != nil {
		return err
	}
	defer folder.Discard()
	for _, cmd := range documented(root) {
		name := strings.ReplaceAll(cmd.CommandPath(), " ", "-") + ".1"
		if err := folder.Write(name, func(f *os.File) error { return manPage(f, cmd) }); err != nil {
			return err
		}
	}
	return folder.Commit()
}

// documented are a command and those below it that help lists.
func documented(cmd *cobra.Command) []*cobra.Command {
	list := []*cobra.Command{cmd}
	for _, child := range cmd.Commands() {
		if child.IsAvailableCommand() {
			list = append(list, documented(child)...)
		}
	}
	return list
}

func manPage(w io.Writer, cmd *cobra.Command) error {
	cmd.DisableAutoGenTag = true // which names the day it is made on
	return doc.GenMan(cmd, &doc.GenManHeader{
		Title: strings.ToUpper(strings.ReplaceAll(cmd.CommandPath(), " ", "-")), Section: "1",
		Date: &released, Source: generator, Manual: "memsim manual",
	}, w)
}
