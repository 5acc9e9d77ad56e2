package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"github.com/spf13/viper"
	"go.yaml.in/yaml/v3"

	"github.com/memsim/memsim/internal/fault"
	"github.com/memsim/memsim/internal/inputfile"
	"github.com/memsim/memsim/internal/spelling"
)

// defaultConfig is read from the working folder when --config is not given.
const defaultConfig = "memsim.yaml"

// maxConfigBytes is far above any settings file.
const maxConfigBytes = 1 << 20

// envPrefix begins the names of variables that are settings.
const envPrefix = "MEMSIM_"

// setting is a value for a flag that was not typed.
type setting struct {
	values []string
	origin string // "memsim.yaml line 3", "MEMSIM_TOKENS"
}

// applySettings fills in the flags of cmd that were not typed: from MEMSIM_*
// variables, or else from the settings file.
func (a *app) applySettings(cmd *cobra.Command) error {
	fromFile, err := a.readSettings(cmd)
	if err != nil {
		return err
	}
	if err := a.checkVariables(cmd.Root()); err != nil {
		return err
	}
	v := viper.New()
	for _, layer := range []map[string]setting{fromFile, a.settingsOfEnv(cmd)} { // the last one wins
		values := map[string]any{}
		for key, s := range layer {
			values[key] = s
		}
		if err := v.MergeConfigMap(values); err != nil {
			return err
		}
	}
	var problems []string
	cmd.Flags().VisitAll(func(f *pflag.Flag) {
		s, ok := v.Get(keyOf(f)).(setting)
		if !ok || f.Changed {
			return
		}
		if err := setFlag(cmd.Flags(), f, s.values); err != nil {
			problems = append(problems, fmt.Sprintf("%s: %s: %q %s", s.origin, keyOf(f), strings.Join(s.values, ","), plainFlagError(f, err)))
		}
	})
	if len(problems) > 0 {
		return fault.Userf("%s", strings.Join(problems, "; "))
	}
	return nil
}

// keyOf is the name of a flag in a settings file; in the environment it is in
// upper case behind MEMSIM_.
func keyOf(f *pflag.Flag) string { return strings.ReplaceAll(f.Name, "-", "_") }

func setFlag(flags *pflag.FlagSet, f *pflag.Flag, values []string) error {
	list, ok := f.Value.(pflag.SliceValue)
	if !ok && len(values) != 1 {
		return errors.New("is a list; give one value")
	}
	if !ok {
		return flags.Set(f.Name, values[0])
	}
	f.Changed = true
	return list.Replace(values)
}

// plainFlagError says what is wrong with a value of a flag, without what pflag
// repeats of the flag and what strconv says of its functions.
func plainFlagError(f *pflag.Flag, err error) string {
	var number *strconv.NumError
	var invalid *pflag.InvalidValueError
	switch {
	case errors.As(err, &number) && errors.Is(number.Err, strconv.ErrRange):
		return "is too large a number"
	case errors.As(err, &number):
		return "is not " + kindOf(f)
	case errors.As(err, &invalid):
		err = invalid.Unwrap()
	}
	return "is not valid: " + err.Error()
}

// kindOf says what a flag takes.
func kindOf(f *pflag.Flag) string {
	switch kind := f.Value.Type(); {
	case strings.HasPrefix(kind, "bool"):
		return "true or false"
	case strings.HasPrefix(kind, "float"):
		return "a number"
	}
	return "a whole number"
}

// otherVariables are those that begin like settings and are none: the first two
// are read by the program, the others by its tests.
var otherVariables = []string{"MEMSIM_CONFIG", "MEMSIM_KERNELS", "MEMSIM_NODE_MODULES", "MEMSIM_SCREENSHOTS"}

// checkVariables refuses MEMSIM_* variables that are no setting of any command,
// as a settings file's unknown keys are refused.
func (a *app) checkVariables(root *cobra.Command) error {
	names := []string{envPrefix + "CONFIG"}
	for _, key := range knownKeys(root) {
		names = append(names, envPrefix+strings.ToUpper(key))
	}
	var problems []string
	for _, name := range slices.Sorted(maps.Keys(a.env)) {
		if strings.HasPrefix(name, envPrefix) && !slices.Contains(names, name) && !slices.Contains(otherVariables, name) {
			problems = append(problems, fmt.Sprintf("the variable %s is not a setting%s", name, didYouMean(name, names)))
		}
	}
	if len(problems) > 0 {
		return fault.Userf("%s", strings.Join(problems, "; "))
	}
	return nil
}

// settingsOfEnv returns the MEMSIM_* variables that are flags of cmd. A flag that
// takes a list takes it with commas.
func (a *app) settingsOfEnv(cmd *cobra.Command) map[string]setting {
	settings := map[string]setting{}
	cmd.Flags().VisitAll(func(f *pflag.Flag) {
		name := envPrefix + strings.ToUpper(keyOf(f))
		value, ok := a.env[name]
		if !ok {
			return
		}
		values := []string{value}
		if _, list := f.Value.(pflag.SliceValue); list {
			values = strings.Split(value, ",")
		}
		settings[keyOf(f)] = setting{values, name}
	})
	return settings
}

// readSettings reads the settings file, strictly: all unknown keys and values
// that are no settings are reported at once.
func (a *app) readSettings(cmd *cobra.Command) (map[string]setting, error) {
	path := a.common.config
	if path == "" {
		path = a.env[envPrefix+"CONFIG"]
	}
	optional := path == ""
	if optional {
		path = defaultConfig
	}
	data, err := inputfile.Read(path, maxConfigBytes)
	switch {
	case optional && errors.Is(err, fs.ErrNotExist):
		return nil, nil
	case err != nil:
		return nil, fault.Userf("cannot read the settings file: %w", err)
	}
	return parseSettings(path, data, knownKeys(cmd.Root()))
}

// knownKeys lists the settings of all commands: a file serves every command.
func knownKeys(root *cobra.Command) []string {
	var keys []string
	add := func(f *pflag.Flag) {
		if key := keyOf(f); !f.Hidden && !slices.Contains([]string{"help", "version", "config"}, key) {
			keys = append(keys, key)
		}
	}
	var visit func(*cobra.Command)
	visit = func(c *cobra.Command) {
		c.LocalFlags().VisitAll(add)
		for _, child := range c.Commands() {
			visit(child)
		}
	}
	visit(root)
	slices.Sort(keys)
	return slices.Compact(keys)
}

func parseSettings(path string, data []byte, known []string) (map[string]setting, error) {
	var doc yaml.Node
	err := yaml.NewDecoder(bytes.NewReader(data)).Decode(&doc)
	if errors.Is(err, io.EOF) {
		return nil, nil
	}
	if err != nil {
		return nil, fault.Userf("%s: %s", path, strings.TrimPrefix(err.Error(), "yaml: "))
	}
	top := doc.Content[0]
	if top.Kind != yaml.MappingNode {
		return nil, fault.Userf("%s line %d: settings are lines of key: value, such as \"device: pixel8pro\"", path, top.Line)
	}
	settings := map[string]setting{}
	var problems []string
	for i := 0; i+1 < len(top.Content); i += 2 {
		key, value := top.Content[i], top.Content[i+1]
		name := strings.ReplaceAll(key.Value, "-", "_")
		values, ok := scalars(value)
		switch _, twice := settings[name]; {
		case !slices.Contains(known, name):
			problems = append(problems, fmt.Sprintf("line %d: unknown key %q%s", key.Line, key.Value, didYouMean(name, known)))
		case twice:
			problems = append(problems, fmt.Sprintf("line %d: %s is given twice", key.Line, key.Value))
		case !ok:
			problems = append(problems, fmt.Sprintf("line %d: %s needs a value or a list of values", value.Line, key.Value))
		default:
			settings[name] = setting{values, fmt.Sprintf("%s line %d", path, key.Line)}
		}
	}
	if len(problems) > 0 {
		return nil, fault.Userf("%s: %s", path, strings.Join(problems, "; "))
	}
	return settings, nil
}

func didYouMean(name string, names []string) string {
	if near := spelling.Nearest(name, names, 1); len(near) > 0 {
		return "; did you mean " + near[0] + "?"
	}
	return ""
}

// scalars returns the values of a scalar or of a list of scalars.
func scalars(n *yaml.Node) (values []string, ok bool) {
	switch n.Kind {
	case yaml.ScalarNode:
		return []string{n.Value}, n.Tag != "!!null"
	case yaml.SequenceNode:
		for _, item := range n.Content {
			if item.Kind != yaml.ScalarNode || item.Tag == "!!null" {
				return nil, false
			}
			values = append(values, item.Value)
		}
		return values, true
	}
	return nil, false
}
