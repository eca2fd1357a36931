package hooks

import (
	"bufio"
	"fmt"
	"io"
	"strings"
)

// Ref is one line that Git gives to a push hook (githooks, "pre-push" and "pre-receive"): a ref that the push changes.
type Ref struct {
	Local string // what the pusher calls what is pushed, such as refs/heads/main or HEAD~2; "" on a server
	Name  string // the ref on the server
	Old   string // its object there before the push, zeros if there is none
	New   string // its object afterwards, zeros if it is deleted
}

// ReadPushed reads the lines of a pre-push hook: "local-ref local-object remote-ref remote-object".
func ReadPushed(r io.Reader) ([]Ref, error) {
	return readLines(r, func(f []string) (Ref, bool) {
		if len(f) != 4 {
			return Ref{}, false
		}
		return Ref{Local: f[0], New: f[1], Name: f[2], Old: f[3]}, true
	})
}

// ReadReceived reads the lines of a pre-receive hook: "old-object new-object ref".
func ReadReceived(r io.Reader) ([]Ref, error) {
	return readLines(r, func(f []string) (Ref, bool) {
		if len(f) != 3 {
			return Ref{}, false
		}
		return Ref{Old: f[0], New: f[1], Name: f[2]}, true
	})
}

// maxLine bounds the length of a line: refs are paths, so they are shorter.
const maxLine = 64 << 10

func readLines(r io.Reader, parse func([]string) (Ref, bool)) ([]Ref, error) {
	var refs []Ref
	s := bufio.NewScanner(r)
	s.Buffer(nil, maxLine)
	for n := 1; s.Scan(); n++ {
		line := strings.TrimSuffix(s.Text(), "\r")
		if line == "" {
			continue
		}
		ref, ok := parse(strings.Split(line, " "))
		if !ok {
			return nil, fmt.Errorf("line %d of standard input is not what Git gives to this hook", n)
		}
		refs = append(refs, ref)
	}
	if err := s.Err(); err != nil {
		return nil, fmt.Errorf("standard input: %w", err)
	}
	return refs, nil
}
