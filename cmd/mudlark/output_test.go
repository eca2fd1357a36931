package main

import (
	"os"
	"path/filepath"
	"runtime"
	"testing"
)

func TestOutputFile(t *testing.T) {
	read := func(t *testing.T, name string) string {
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		return string(data)
	}
	open := func(t *testing.T, name string, secret bool) *outputFile {
		f, err := newOutputFile(name, secret)
		if err != nil {
			t.Fatal(err)
		}
		return f
	}
	write := func(t *testing.T, f *outputFile, text string) {
		if _, err := f.Write([]byte(text)); err != nil {
			t.Fatal(err)
		}
	}
	only := func(t *testing.T, dir string, want ...string) {
		entries, err := os.ReadDir(dir)
		if err != nil {
			t.Fatal(err)
		}
		if len(entries) != len(want) {
			t.Errorf("the folder holds %v; want %v", entries, want)
		}
	}

	t.Run("committed", func(t *testing.T) {
		dir := t.TempDir()
		name := filepath.Join(dir, "r.json")
		f := open(t, name, false)
		only(t, dir)
		write(t, f, "new")
		if _, err := os.Stat(name); err == nil {
			t.Error("the file is there before it is whole")
		}
		if err := f.commit(); err != nil {
			t.Fatal(err)
		}
		f.discard()
		if got := read(t, name); got != "new" {
			t.Errorf("got %q", got)
		}
		only(t, dir, "r.json")
	})
	t.Run("discarded", func(t *testing.T) {
		dir := t.TempDir()
		name := filepath.Join(dir, "r.json")
		if err := os.WriteFile(name, []byte("old"), 0o666); err != nil {
			t.Fatal(err)
		}
		f := open(t, name, false)
		write(t, f, "new")
		f.discard()
		if got := read(t, name); got != "old" {
			t.Errorf("got %q", got)
		}
		only(t, dir, "r.json")
	})
	t.Run("secrets are for the user alone", func(t *testing.T) {
		if runtime.GOOS == "windows" {
			t.Skip("no permission bits")
		}
		name := filepath.Join(t.TempDir(), "r.json")
		f := open(t, name, true)
		write(t, f, "secret")
		if err := f.commit(); err != nil {
			t.Fatal(err)
		}
		info, err := os.Stat(name)
		if err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("mode %v, %v", info.Mode(), err)
		}
	})
	t.Run("link", func(t *testing.T) {
		dir := t.TempDir()
		target, link := filepath.Join(dir, "target"), filepath.Join(dir, "link")
		if err := os.WriteFile(target, []byte("old"), 0o666); err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink(target, link); err != nil {
			t.Skip(err)
		}
		f := open(t, link, false)
		write(t, f, "new")
		if err := f.commit(); err != nil {
			t.Fatal(err)
		}
		if got := read(t, target); got != "new" {
			t.Errorf("the link was replaced, not its target, which holds %q", got)
		}
	})
	t.Run("device", func(t *testing.T) {
		f, err := newOutputFile(os.DevNull, false)
		if err != nil {
			t.Fatal(err)
		}
		write(t, f, "x")
		if err := f.commit(); err != nil {
			t.Fatal(err)
		}
	})
	t.Run("folder", func(t *testing.T) {
		if _, err := newOutputFile(t.TempDir(), false); err == nil {
			t.Error("a folder is accepted")
		}
	})
}
