package scanner

import (
	"go/parser"
	gotoken "go/token"
	"io/fs"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// TestNoScanPackageCanStartAProcess guards I5: what is not imported cannot be called.
func TestNoScanPackageCanStartAProcess(t *testing.T) {
	forbidden := map[string]bool{"os/exec": true, "net/http": true, "plugin": true, "github.com/go-git/go-git/v5": true}
	seen := 0
	for _, dir := range []string{".", "../detectors", "../rules", "../report"} {
		err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
				return err
			}
			f, err := parser.ParseFile(gotoken.NewFileSet(), path, nil, parser.ImportsOnly)
			if err != nil {
				return err
			}
			seen++
			for _, imp := range f.Imports {
				name, err := strconv.Unquote(imp.Path.Value)
				if err != nil {
					return err
				}
				if forbidden[name] {
					t.Errorf("%s imports %s", path, name)
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if seen < 20 {
		t.Fatalf("only %d files were looked at", seen)
	}
}
