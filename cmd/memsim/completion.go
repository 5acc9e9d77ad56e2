package main

import (
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/memsim/memsim/devices"
	"github.com/memsim/memsim/engine/model"
	"github.com/memsim/memsim/profiles"
)

// A flag or an argument that has no completion here takes text or a number, of
// which a shell has nothing to say; it does not offer files in their place.
func completeNothingElse(root *cobra.Command) {
	root.CompletionOptions.SetDefaultShellCompDirective(cobra.ShellCompDirectiveNoFileComp)
}

// refuseOtherShells makes the completion command, and makes a shell that it does not
// know a mistake.
func refuseOtherShells(root *cobra.Command) {
	root.InitDefaultCompletionCmd()
	for _, c := range root.Commands() {
		if c.Name() == "completion" {
			c.Args = noArguments
			c.RunE = func(cmd *cobra.Command, _ []string) error { return cmd.Help() }
		}
	}
}

// isCompletion says whether a shell is asking, or is being set up. Neither has use
// for settings, and a fault in them must not stop it.
func isCompletion(cmd *cobra.Command) bool {
	return cmd.Name() == cobra.ShellCompRequestCmd || cmd.Name() == "completion" || cmd.HasParent() && cmd.Parent().Name() == "completion"
}

// complete registers how a flag is completed.
func complete(cmd *cobra.Command, flag string, with cobra.CompletionFunc) {
	if err := cmd.RegisterFlagCompletionFunc(flag, with); err != nil {
		panic(err) // the flag is defined a line above
	}
}

// completeWith makes the shell complete a flag with fixed values.
func completeWith(cmd *cobra.Command, flag string, values ...string) {
	complete(cmd, flag, oneOf(values...))
}

// completeWithFiles makes the shell complete a flag with fixed values and with
// files.
func completeWithFiles(cmd *cobra.Command, flag string, values ...string) {
	complete(cmd, flag, oneOfOrFile(values...))
}

// completeWithFolder makes the shell complete a flag with folders.
func completeWithFolder(cmd *cobra.Command, flag string) {
	complete(cmd, flag, folders)
}

func oneOf(values ...string) cobra.CompletionFunc {
	return func(_ *cobra.Command, _ []string, typed string) ([]string, cobra.ShellCompDirective) {
		return beginning(typed, values), cobra.ShellCompDirectiveNoFileComp
	}
}

func oneOfOrFile(values ...string) cobra.CompletionFunc {
	return func(_ *cobra.Command, _ []string, typed string) ([]string, cobra.ShellCompDirective) {
		return beginning(typed, values), cobra.ShellCompDirectiveDefault
	}
}

// listOf completes the last of values with commas between them.
func listOf(values ...string) cobra.CompletionFunc {
	return func(_ *cobra.Command, _ []string, typed string) ([]string, cobra.ShellCompDirective) {
		done := typed[:strings.LastIndexByte(typed, ',')+1]
		longer := make([]string, len(values))
		for i, v := range values {
			longer[i] = done + v
		}
		return beginning(typed, longer), cobra.ShellCompDirectiveNoFileComp | cobra.ShellCompDirectiveNoSpace
	}
}

// completeFigure completes the key of a figure, which an expression may go on from.
func completeFigure(_ *cobra.Command, _ []string, typed string) ([]string, cobra.ShellCompDirective) {
	return beginning(typed, figureKeys()), cobra.ShellCompDirectiveNoFileComp | cobra.ShellCompDirectiveNoSpace
}

// completeCondition completes the figure that a condition begins with.
func completeCondition(_ *cobra.Command, _ []string, typed string) ([]string, cobra.ShellCompDirective) {
	return beginning(typed, append(figureKeys(), "fits_dram_budget")), cobra.ShellCompDirectiveNoFileComp | cobra.ShellCompDirectiveNoSpace
}

// completeGoals completes the last of figures with commas between them, each with
// a sign or without.
func completeGoals(cmd *cobra.Command, args []string, typed string) ([]string, cobra.ShellCompDirective) {
	goal := typed[strings.LastIndexByte(typed, ',')+1:]
	sign := goal[:len(goal)-len(strings.TrimLeft(goal, "+-"))]
	signed := figureKeys()
	for i := range signed {
		signed[i] = sign + signed[i]
	}
	return listOf(signed...)(cmd, args, typed)
}

// figureKeys returns the keys of the figures of a result.
func figureKeys() []string {
	keys := make([]string, len(profiles.Figures))
	for i, f := range profiles.Figures {
		keys[i] = f.Key
	}
	return keys
}

// firstOneOf completes the first argument with fixed values and with files, and
// no other.
func firstOneOf(values func() []string) cobra.CompletionFunc {
	return func(_ *cobra.Command, args []string, typed string) ([]string, cobra.ShellCompDirective) {
		if len(args) > 0 {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		return beginning(typed, values()), cobra.ShellCompDirectiveDefault
	}
}

// files completes with files that end in one of extensions.
func files(extensions ...string) cobra.CompletionFunc {
	return func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
		return extensions, cobra.ShellCompDirectiveFilterFileExt
	}
}

// oneFile completes the first argument with files that end in one of extensions,
// and no other.
func oneFile(extensions ...string) cobra.CompletionFunc {
	return func(cmd *cobra.Command, args []string, typed string) ([]string, cobra.ShellCompDirective) {
		if len(args) > 0 {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		return files(extensions...)(cmd, args, typed)
	}
}

func folders(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
	return nil, cobra.ShellCompDirectiveFilterDirs
}

// completeRuntime completes a runtime: those that the device of --device has, or
// before there is one, those of any shipped device.
func completeRuntime(cmd *cobra.Command, _ []string, typed string) ([]string, cobra.ShellCompDirective) {
	var names []string
	for _, d := range devicesAsked(cmd) {
		for i := range d.Runtimes {
			if name := d.Runtimes[i].Name; !slices.Contains(names, name) {
				names = append(names, name)
			}
		}
	}
	return beginning(typed, names), cobra.ShellCompDirectiveNoFileComp
}

// completeNumber completes the path of a number of the profile of --device.
func completeNumber(cmd *cobra.Command, _ []string, typed string) ([]string, cobra.ShellCompDirective) {
	var paths []string
	for _, d := range devicesAsked(cmd) {
		for _, n := range d.Numbers() {
			if !slices.Contains(paths, n.Path) {
				paths = append(paths, n.Path)
			}
		}
	}
	return beginning(typed, paths), cobra.ShellCompDirectiveNoFileComp
}

// completeField completes the path of a number that is to be set, and leaves the
// value to be typed.
func completeField(cmd *cobra.Command, args []string, typed string) ([]string, cobra.ShellCompDirective) {
	paths, directive := completeNumber(cmd, args, typed)
	for i := range paths {
		paths[i] += "="
	}
	return paths, directive | cobra.ShellCompDirectiveNoSpace
}

// completeAxis completes an axis of a sweep that is not one of the model.
func completeAxis(cmd *cobra.Command, args []string, typed string) ([]string, cobra.ShellCompDirective) {
	fields, directive := completeField(cmd, args, typed)
	return append(beginning(typed, []string{"device=", "unit=", "runtime="}), fields...), directive
}

// devicesAsked are the devices that a command line is about: that of --device, or
// else all that are shipped. What cannot be read completes nothing.
func devicesAsked(cmd *cobra.Command) []*devices.Device {
	names := devices.Names()
	if f := cmd.Flags().Lookup("device"); f != nil && f.Changed {
		names = []string{f.Value.String()}
	} else if args := cmd.Flags().Args(); f == nil && len(args) > 0 { // devices show DEVICE
		names = args[:1]
	}
	var list []*devices.Device
	for _, name := range names {
		if d, err := devices.Load(name, nil); err == nil {
			list = append(list, d)
		}
	}
	return list
}

// completeModels completes the first argument with presets and files.
var completeModels = firstOneOf(model.Presets)

// completeDevices completes the first argument with shipped devices and files.
var completeDevices = firstOneOf(devices.Names)

// beginning returns the values that begin with what is typed.
func beginning(typed string, values []string) []string {
	var fitting []string
	for _, v := range values {
		if strings.HasPrefix(v, typed) {
			fitting = append(fitting, v)
		}
	}
	return fitting
}
