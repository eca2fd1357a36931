package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
)

// Only "yes" is a yes, and Ctrl-C at the question ends it.
func TestRevokeQuestion(t *testing.T) {
	t.Parallel()
	silent, w := io.Pipe() // somebody who types nothing
	t.Cleanup(func() { w.Close() })
	over, cancel := context.WithCancel(context.Background())
	cancel()
	for _, tt := range []struct {
		ctx      context.Context
		stdin    io.Reader
		terminal bool
		code     int
	}{
		{t.Context(), strings.NewReader("yes\n"), true, exitClean},
		{t.Context(), strings.NewReader(" yes \r\n"), true, exitClean},
		{t.Context(), strings.NewReader("y\n"), true, exitFindings},
		{t.Context(), strings.NewReader("YES\n"), true, exitFindings},
		{t.Context(), strings.NewReader("yes please\n"), true, exitFindings},
		{t.Context(), strings.NewReader("\nyes\n"), true, exitFindings},
		{t.Context(), strings.NewReader(""), true, exitFindings},
		{t.Context(), strings.NewReader("yes\n"), false, exitUsage},
		{over, silent, true, exitInterrupted},
	} {
		err := new(revokeFlags).ask(tt.ctx, &environment{stdin: tt.stdin, stdinTerminal: tt.terminal, stderr: io.Discard}, &revocation{})
		if code := finish(io.Discard, err); code != tt.code {
			t.Errorf("code %d, want %d: %v", code, tt.code, err)
		}
	}
}

// Where the answer to a revocation is lost, and the provider says no more, nobody is told that the secret lives or that it is dead. The
// secret is found in a folder that is no repository, and the record survives a full disk.
func TestRevokeWithoutAnswer(t *testing.T) {
	t.Parallel()
	token := madeUpToken(t, "github-pat-classic")
	var posts atomic.Int64
	p := &fakeProvider{kind: "github", tokens: []string{token}, log: io.Discard}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.Method == http.MethodPost:
			posts.Add(1)
			panic(http.ErrAbortHandler) // breaks the connection off
		case posts.Load() > 0:
			w.WriteHeader(http.StatusForbidden)
		default:
			p.ServeHTTP(w, r)
		}
	}))
	t.Cleanup(server.Close)
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "a.env"), []byte("TOKEN="+token+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command("mudlark", "dir", dir, "--format", "json", "--exit-code", "0").Output()
	if err != nil {
		t.Fatal(err)
	}
	var found struct {
		Findings []struct{ Fingerprint string }
	}
	if err := json.Unmarshal(out, &found); err != nil || len(found.Findings) != 1 {
		t.Fatalf("%v: %s", err, out)
	}
	revoke := func(stdout io.Writer) (code int, stderr string) {
		cmd := exec.Command("mudlark", "revoke", found.Findings[0].Fingerprint, dir, "--yes", "--endpoint", "github="+server.URL, "--allow-host", "127.0.0.1", "--allow-plaintext")
		var b bytes.Buffer
		cmd.Stdout, cmd.Stderr = stdout, &b
		var exit *exec.ExitError
		if err := cmd.Run(); errors.As(err, &exit) {
			code = exit.ExitCode()
		}
		if strings.Contains(b.String(), token[4:]) {
			t.Error("the secret is shown")
		}
		return code, b.String()
	}
	var record bytes.Buffer
	code, stderr := revoke(&record)
	if code != exitFindings || posts.Load() != 1 || !strings.Contains(stderr, "whether the secret is revoked is not known: network error") || !strings.HasPrefix(record.String(), "result       failed") {
		t.Errorf("code %d after %d revocations\n%s%s", code, posts.Load(), &record, stderr)
	}
	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		t.Skip("there is no /dev/full")
	}
	defer full.Close()
	posts.Store(0)
	if code, stderr := revoke(full); code != exitIncomplete || !strings.Contains(stderr, "result       failed") || !strings.Contains(stderr, "could not be written") {
		t.Errorf("code %d\n%s", code, stderr)
	}
}
