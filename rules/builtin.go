package rules

import (
	"embed"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
)

// The provider files.
//
//go:embed *.toml
var catalogue embed.FS

// Builtin returns the rules that come with Mudlark, file by file in the order of names. Callers share them. They come from the packed
// file if that was made from the same TOML files, and are parsed otherwise. Errors are those of Parse and CheckSet.
func Builtin(v Vocabulary) ([]*Rule, error) {
	if p := packedBuiltin(); p != nil {
		return slices.Clone(p.rules), nil
	}
	return ParseBuiltin(v)
}

// ParseBuiltin is Builtin from the TOML files.
func ParseBuiltin(v Vocabulary) ([]*Rule, error) {
	files, err := catalogueFiles()
	if err != nil {
		return nil, err
	}
	sets := make([][]*Rule, len(files))
	errs := make([]error, len(files), len(files)+1)
	var next atomic.Int64
	var workers sync.WaitGroup
	for range min(runtime.GOMAXPROCS(0), len(files)) {
		workers.Go(func() {
			for i := int(next.Add(1)) - 1; i < len(files); i = int(next.Add(1)) - 1 {
				sets[i], errs[i] = builtinFile(files[i], v)
			}
		})
	}
	workers.Wait()
	all := slices.Concat(sets...)
	errs = append(errs, CheckSet(all))
	return all, errors.Join(errs...)
}

func builtinFile(name string, v Vocabulary) ([]*Rule, error) {
	data, err := catalogue.ReadFile(name)
	if err != nil {
		return nil, fmt.Errorf("read the built-in rules: %w", err)
	}
	return Parse("rules/"+name, data, v)
}
