package hooks

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
)

// Marks around the lines that belong to Mudlark in a hook.
const (
	blockBegin = "# >>> mudlark >>>"
	blockEnd   = "# <<< mudlark <<<"
)

// noLineEnd is appended to the second mark where the line before the first one had no end, so that it can be as it was again.
const noLineEnd = " (no line end before)"

// ownMark is in the first lines of a hook file that is Mudlark's as a whole.
const ownMark = "# mudlark: this file is its own"

// chainDir is the folder, below that of the hooks, for hooks that cannot be added to and therefore are called. They keep their names
// there, since some choose what to do by theirs.
const chainDir = "mudlark-chained"

// command is how a hook calls Mudlark.
type command struct {
	// Program is the absolute path of the program; "" to look for it in $PATH.
	program string
	flags   []string
	// lenient: where the program is missing, warn and go on. For hooks that a repository shares with people who may not have it.
	lenient bool
	// forward: the hook calls the repository's own.
	forward bool
}

// block returns the lines that call Mudlark in a shell script. What follows them finds the same standard input.
func (c command) block(hook string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s looks for secrets; \"mudlark hook uninstall\" removes these lines\n", blockBegin)
	missing := `echo "mudlark: the program is not there, so secrets were not looked for; install it, or take it out of this hook" >&2; `
	if c.lenient {
		missing += "mudlark_bin="
	} else {
		missing += "exit 1"
	}
	if c.program == "" {
		fmt.Fprintf(&b, "mudlark_bin=$(command -v mudlark) || { %s; }\n", missing)
	} else {
		fmt.Fprintf(&b, "mudlark_bin=%s\n[ -x \"$mudlark_bin\" ] || mudlark_bin=$(command -v mudlark) || { %s; }\n", quote(c.program), missing)
	}
	run := `"$mudlark_bin" hook run ` + hook
	for _, f := range c.flags {
		run += " " + quote(f)
	}
	run += ` "$@"`
	if c.lenient {
		b.WriteString("if [ -n \"$mudlark_bin\" ]; then\n")
	}
	if readsInput(hook) {
		// The lines are read once and given to both. A here-document does not expand what a variable holds.
		fmt.Fprintf(&b, "mudlark_lines=$(cat)\nprintf '%%s\\n' \"$mudlark_lines\" | %s || exit $?\n", run)
		b.WriteString("if [ -n \"$mudlark_lines\" ]; then exec <<mudlark_end\n$mudlark_lines\nmudlark_end\nelse exec </dev/null; fi\n")
	} else {
		fmt.Fprintf(&b, "%s || exit $?\n", run)
	}
	if c.lenient {
		b.WriteString("fi\n")
	}
	b.WriteString(blockEnd + "\n")
	return b.String()
}

// ownFile returns a hook that is Mudlark's alone. It calls the hook of the same name in chainDir, if there is one.
func (c command) ownFile(hook string) string {
	start := "#!/bin/sh\n" + ownMark + "\n" + c.block(hook)
	if c.forward {
		return start + forwarder(hook)
	}
	return start +
		fmt.Sprintf("mudlark_next=${0%%/*}/%s/%s\nif [ -x \"$mudlark_next\" ]; then exec \"$mudlark_next\" \"$@\"; fi\nexit 0\n", chainDir, hook)
}

// quote returns text as one word of a shell.
func quote(text string) string {
	return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'"
}

// isOwn reports whether a hook file is Mudlark's as a whole.
func isOwn(content []byte) bool {
	head := content[:min(len(content), 200)]
	return bytes.Contains(head, []byte("\n"+ownMark))
}

// errTorn is what withoutBlock returns if only one of the marks is there.
var errTorn = errors.New("one of the two marks around Mudlark's lines is missing; take the lines out by hand")

// withoutBlock returns content without Mudlark's lines. found says whether there were any.
func withoutBlock(content []byte) (rest []byte, found bool, err error) {
	start, end := lineWith(content, blockBegin), lineWith(content, blockEnd)
	switch {
	case start < 0 && end < 0:
		return content, false, nil
	case start < 0 || end < start:
		return nil, false, errTorn
	}
	last, after, _ := bytes.Cut(content[end:], []byte("\n"))
	if start > 0 && len(after) == 0 && bytes.HasSuffix(last, []byte(noLineEnd)) {
		start--
	}
	return append(bytes.Clone(content[:start]), after...), true, nil
}

// lineWith returns where the first line that begins with mark starts, or -1.
func lineWith(content []byte, mark string) int {
	if bytes.HasPrefix(content, []byte(mark)) {
		return 0
	}
	if i := bytes.Index(content, []byte("\n"+mark)); i >= 0 {
		return i + 1
	}
	return -1
}

// withBlock returns a shell script with the lines put behind its first one, if that names an interpreter, else before everything.
func withBlock(content []byte, block string) []byte {
	at := 0
	if bytes.HasPrefix(content, []byte("#!")) {
		if at = bytes.IndexByte(content, '\n') + 1; at == 0 { // a script of one line without an end
			content, at = append(bytes.Clone(content), '\n'), len(content)+1
			block = strings.TrimSuffix(block, "\n") + noLineEnd + "\n"
		}
	}
	out := append(bytes.Clone(content[:at]), block...)
	return append(out, content[at:]...)
}

// isShell reports whether a script's first line names a shell that understands Mudlark's lines.
func isShell(content []byte) bool {
	line, _, _ := bytes.Cut(content[:min(len(content), 256)], []byte("\n"))
	words := strings.Fields(strings.TrimPrefix(string(line), "#!"))
	if !bytes.HasPrefix(line, []byte("#!")) || bytes.IndexByte(line, '\r') >= 0 || len(words) == 0 {
		return false
	}
	base := func(p string) string { return p[strings.LastIndexByte(p, '/')+1:] }
	name := base(words[0])
	if name == "env" {
		words = words[1:]
		for len(words) > 0 && strings.HasPrefix(words[0], "-") {
			words = words[1:]
		}
		if len(words) == 0 {
			return false
		}
		name = base(words[0])
	}
	switch name {
	case "sh", "bash", "dash", "ksh", "zsh", "ash":
		return true
	}
	return false
}
