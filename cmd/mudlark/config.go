package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"mudlark/detectors"
	"mudlark/rules"
	"mudlark/scanner"
)

// maxConfig is the size in bytes of the largest configuration file that is read.
const maxConfig = 4 << 20

// loadRules returns the built-in rules and the trusted configuration: file, or else the user's own; nil if there is none.
func loadRules(file string) ([]*rules.Rule, *scanner.Config, error) {
	builtin, err := rules.Builtin(detectors.Vocabulary())
	if err != nil {
		return nil, nil, err
	}
	c, err := loadConfig(file)
	if err != nil || c == nil {
		return builtin, nil, err
	}
	if c.OnlyOwn {
		return nil, c, rules.CheckSet(c.Rules)
	}
	return builtin, c, rules.CheckSet(slices.Concat(builtin, c.Rules))
}

// loadConfig reads a configuration file, or if file is "" the user's own: mudlark/config.toml in the folder for configuration
// ($XDG_CONFIG_HOME or ~/.config; ~/Library/Application Support; %AppData%). It returns nil if that does not exist.
func loadConfig(file string) (*scanner.Config, error) {
	chosen := file != ""
	if !chosen {
		dir, err := os.UserConfigDir()
		if err != nil {
			return nil, nil // without a home there is no file of the user's own
		}
		file = filepath.Join(dir, "mudlark", "config.toml")
	}
	data, err := readConfig(file)
	switch {
	case errors.Is(err, fs.ErrNotExist) && !chosen:
		return nil, nil
	case err != nil && !chosen:
		return nil, usagef("make it a file that you may read, or remove it", "your own configuration %s: %s", file, cause(err))
	case err != nil:
		return nil, usagef("name a file that you may read", "--config %s: %s", file, cause(err))
	}
	return scanner.ParseAnyConfig(file, data, detectors.Vocabulary(), readExtended)
}

func readConfig(file string) ([]byte, error) { return readFile(file, maxConfig) }

// readExtended is readConfig for a file that another one names.
func readExtended(file string) ([]byte, error) {
	data, err := readConfig(file)
	if err != nil {
		err = errors.New(cause(err))
	}
	return data, err
}

// readFile reads a file that the user names, of at most limit bytes.
func readFile(file string, limit int64) ([]byte, error) {
	info, err := os.Stat(file)
	switch {
	case err != nil:
		return nil, err
	case info.IsDir():
		return nil, errors.New("is a folder")
	}
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, limit+1)) // a pipe or a device has no size
	if int64(len(data)) > limit {
		return nil, fmt.Errorf("is too large: more than %d bytes", limit)
	}
	return data, err
}
