//go:build unix

package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestInterrupt stops a scan of an endless stream: within a second there is a report of what was read, marked incomplete.
func TestInterrupt(t *testing.T) {
	t.Parallel()
	for _, sig := range []os.Signal{os.Interrupt, syscall.SIGTERM} {
		t.Run(sig.String(), func(t *testing.T) {
			t.Parallel()
			file := filepath.Join(t.TempDir(), "report.json")
			cmd := exec.Command("mudlark", "stdin", "-o", "json="+file)
			var stdout, stderr bytes.Buffer
			cmd.Stdout, cmd.Stderr = &stdout, &stderr
			in, err := cmd.StdinPipe()
			if err != nil {
				t.Fatal(err)
			}
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			// More than a pipe holds, so that the scan is under way when it has gone through.
			if _, err := in.Write(bytes.Repeat([]byte("nothing to see here\n"), 1<<16)); err != nil {
				t.Fatal(err)
			}
			start := time.Now()
			if err := cmd.Process.Signal(sig); err != nil {
				t.Fatal(err)
			}
			err = cmd.Wait()
			if took := time.Since(start); took > 3*time.Second { // one on an idle machine
				t.Errorf("it took %v", took)
			}
			var exit *exec.ExitError
			if !errors.As(err, &exit) || exit.ExitCode() != exitInterrupted {
				t.Errorf("%v; want exit code %d", err, exitInterrupted)
			}
			if !strings.Contains(stderr.String(), "mudlark: interrupted") || !strings.Contains(stdout.String(), "This report is incomplete.") {
				t.Errorf("stdout %s\nstderr %s", &stdout, &stderr)
			}
			checkInterrupted(t, file)
		})
	}
}

func checkInterrupted(t *testing.T, file string) {
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var r struct {
		Coverage struct {
			Complete bool
			Skipped  []struct{ Class string }
		}
	}
	if err := json.Unmarshal(data, &r); err != nil {
		t.Fatal(err)
	}
	if r.Coverage.Complete || len(r.Coverage.Skipped) == 0 || r.Coverage.Skipped[0].Class != "interrupted" {
		t.Errorf("%+v", r.Coverage)
	}
}
