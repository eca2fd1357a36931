package hooks

import (
	"bytes"
	"strings"
	"testing"
)

// TestBlock: what is put into a script and taken out again leaves it as it was.
func TestBlock(t *testing.T) {
	for _, script := range []string{"", "#!/bin/sh", "#!/bin/sh\n", "#!/bin/sh\necho\n", "#!/usr/bin/env -S bash -eu\n\necho no end", "echo husky\n"} {
		for _, c := range []command{{}, {program: "/a b/it's"}, {lenient: true, flags: []string{"--x", "'$(id)'"}}} {
			for _, hook := range Names() {
				with := withBlock([]byte(script), c.block(hook))
				if strings.HasPrefix(script, "#!") && !bytes.HasPrefix(with, []byte("#!")) {
					t.Errorf("%q: the first line is not the first any more", script)
				}
				got, found, err := withoutBlock(with)
				if err != nil || !found || string(got) != script {
					t.Errorf("%q, %s: got %q, %v, %v", script, hook, got, found, err)
				}
			}
		}
	}
	for _, torn := range []string{blockBegin + "\n", "x\n" + blockEnd + "\n", blockEnd + "\n" + blockBegin + "\n"} {
		if _, _, err := withoutBlock([]byte(torn)); err == nil {
			t.Errorf("%q is taken for whole", torn)
		}
	}
}

func TestIsShell(t *testing.T) {
	for line, want := range map[string]bool{
		"#!/bin/sh": true, "#! /bin/bash -e": true, "#!/usr/bin/env zsh": true, "#!/usr/bin/env -S dash -e": true, "#!/bin/sh\r": false,
		"#!/usr/bin/env": false, "#!/usr/bin/python3": false, "#!/usr/bin/fish": false, "#!/usr/bin/env -S": false, "#!": false, "\x7fELF": false, "": false,
	} {
		if got := isShell([]byte(line + "\nrest")); got != want {
			t.Errorf("%q: %v", line, got)
		}
	}
}

func TestReadLines(t *testing.T) {
	zero := strings.Repeat("0", 40)
	refs, err := ReadPushed(strings.NewReader("HEAD~2 1 refs/heads/a 2\r\n\n(delete) " + zero + " refs/heads/b 3"))
	if err != nil || len(refs) != 2 || refs[0] != (Ref{Local: "HEAD~2", New: "1", Name: "refs/heads/a", Old: "2"}) || refs[1].New != zero {
		t.Errorf("pushed: %+v, %v", refs, err)
	}
	refs, err = ReadReceived(strings.NewReader("1 2 refs/heads/a\n"))
	if err != nil || len(refs) != 1 || refs[0] != (Ref{Old: "1", New: "2", Name: "refs/heads/a"}) {
		t.Errorf("received: %+v, %v", refs, err)
	}
	for _, bad := range []string{"1 2\n", "1 2 3 4 5\n", "a b refs/heads/x y z", "1 2 " + strings.Repeat("x", maxLine) + "\n"} {
		if _, err := ReadReceived(strings.NewReader(bad)); err == nil {
			t.Errorf("%.20q: accepted", bad)
		}
	}
}

func TestPrefixed(t *testing.T) {
	var b bytes.Buffer
	w := Prefixed(&b, GitLabServer.Prefix())
	for _, part := range []string{"one", " line\ntwo\n", "\n", "end"} {
		if n, err := w.Write([]byte(part)); n != len(part) || err != nil {
			t.Fatal(n, err)
		}
	}
	if want := "GL-HOOK-ERR: one line\nGL-HOOK-ERR: two\nGL-HOOK-ERR: \nGL-HOOK-ERR: end"; b.String() != want {
		t.Errorf("got %q", b.String())
	}
	for variable, want := range map[string]Server{"GL_ID": GitLabServer, "GL_REPOSITORY": GitLabServer, "GITHUB_VIA": GitHubServer, "HOME": PlainServer} {
		if got := ServerOf(func(name string) string { return strings.Repeat("x", strings.Count(name, variable)) }); got != want {
			t.Errorf("%s: %s", variable, got)
		}
	}
}
