package main

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"mudlark/detectors"
	"mudlark/scanner"
	"mudlark/scanner/allow"
)

// newKey returns a random fingerprint_key as it is written.
func newKey() string {
	var key [32]byte
	rand.Read(key[:]) // it never fails: crypto/rand
	return hex.EncodeToString(key[:])
}

// addKey puts a fingerprint_key into the configuration at the top of a repository, unless there is one, or an ignore file whose
// fingerprints would become void.
func addKey(e *environment, top string) error {
	name := filepath.Join(top, scanner.ConfigName)
	data, err := os.ReadFile(name)
	switch {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		return usagef("it is where the fingerprint_key belongs", "%s: %s", name, cause(err))
	default:
		c, err := scanner.ParseConfig(name, data, detectors.Vocabulary(), false)
		if err != nil {
			return err
		}
		if c.FingerprintKey != nil {
			return nil
		}
	}
	if ignored, err := os.ReadFile(filepath.Join(top, allow.IgnoreName)); err == nil {
		for _, n := range allow.ParseIgnore(allow.IgnoreName, ignored).Entries {
			if n.Fingerprint != "" {
				return nil
			}
		}
	}
	text := "# Makes the fingerprints of this project's findings its own. Commit it; changing it voids lists of fingerprints.\n" +
		"fingerprint_key = \"" + newKey() + "\"\n"
	if len(data) > 0 {
		text += "\n" + string(data)
	}
	if err := os.WriteFile(name, []byte(text), 0o666); err != nil {
		return usagef("it is where the fingerprint_key belongs", "%s: %s", name, cause(err))
	}
	fmt.Fprintf(e.stderr, "mudlark: wrote a fingerprint_key into %s; commit it\n", name)
	return nil
}

// firstConfig is what init writes.
const firstConfig = `# Mudlark's configuration for this project. docs/config.md explains every key.

# Makes the fingerprints of this project's findings its own. Commit it; changing it
# voids lists of fingerprints.
fingerprint_key = "%s"

# Rules of your own. mudlark rules check .mudlark.toml tells whether they are right.
#
# [[rule]]
# id         = "acme-deploy-token"
# name       = "Acme deploy token"
# format     = "acme_{base62:32}"
# severity   = "critical"
# confidence = "high"

# Findings that are no leaks. Each report counts what is allowed.
#
# [[allow]]
# paths  = ["testdata/**"]
# rules  = ["generic-password"]
# reason = "made up for tests"
#
# [rules]
# disable = ["jwt"]
`

func newInit(e *environment) *cobra.Command {
	return &cobra.Command{
		Use:   "init [PATH]",
		Short: "Write a first .mudlark.toml",
		Long: `Write a first .mudlark.toml, with a random fingerprint_key and examples, to the
top of a repository or into a folder.

Examples:
  mudlark init                  this repository
  mudlark init path/to/repo     another one
`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) > 1 {
				return usagef("for example: mudlark init path/to/repo", "init takes one folder, but was given %d", len(args))
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			top, err := scanner.TopLevel(target(args), e.getenv)
			if err != nil { // a folder outside of Git
				if top = target(args); !isFolder(top) {
					return usagef("name a folder", "%s is no folder", top)
				}
			}
			if top == "" {
				return usagef("a bare repository has its configuration in its commits: run init in a clone", "%s is bare", target(args))
			}
			name := filepath.Join(top, scanner.ConfigName)
			f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
			if errors.Is(err, fs.ErrExist) {
				return usagef("edit it; mudlark config check tells whether it is right", "%s is there already", name)
			}
			if err != nil {
				return usagef("may you write there?", "%s: %s", name, cause(err))
			}
			_, err = fmt.Fprintf(f, firstConfig, newKey())
			if err = errors.Join(err, f.Close()); err != nil {
				return usagef("is there room on the disk?", "%s: %s", name, cause(err))
			}
			_, err = fmt.Fprintf(cmd.OutOrStdout(), "wrote %s; commit it\n", name)
			return err
		},
	}
}

func isFolder(name string) bool {
	info, err := os.Stat(name)
	return err == nil && info.IsDir()
}
