package main

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
)

// What is stale costs every start of the program a quarter of a second; if the code that reads or compiles rules has changed, what it
// finds may be wrong.
func TestPackedRulesAreFresh(t *testing.T) {
	want, err := pack()
	if err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(filepath.Join("..", "..", "builtin.packed"))
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Error("rules/builtin.packed is stale; make it again with: go generate ./rules")
	}
}
