package main

import (
	"bufio"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"strings"
)

// history describes a repository: a line of commits with short branches, of which each changes some files by a line.
type history struct {
	commits int
	files   int // changed by a commit
	lines   int // of 50 bytes in a file
	secrets int // spread evenly; each is taken out again later
}

// commitsPerFile is how many commits there are for each file of the tree: about as many as in git/git.
const commitsPerFile = 20

// make makes the repository, as git fast-import packs it.
func (h history) make(path string) error {
	if out, err := exec.Command("git", "init", "-q", "--bare", "-b", "main", path).CombinedOutput(); err != nil {
		return fmt.Errorf("git init: %w: %s", err, out)
	}
	cmd := exec.Command("git", "-C", path, "fast-import", "--quiet")
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	w := bufio.NewWriterSize(in, 1<<20)
	h.write(w)
	if err := errors.Join(w.Flush(), in.Close(), cmd.Wait()); err != nil {
		return fmt.Errorf("git fast-import: %w", err)
	}
	return nil
}

// write writes the history for fast-import.
func (h history) write(w *bufio.Writer) {
	rnd := rand.New(rand.NewPCG(uint64(h.commits), 17))
	files := make([][]string, max(20, h.commits/commitsPerFile))
	every := max(1, h.commits/max(1, h.secrets))
	for i := range h.commits {
		fmt.Fprintf(w, "commit refs/heads/main\nmark :%d\nauthor A <a%d@example.org> %d +0000\ncommitter C <c@example.org> %d +0000\ndata 25\nChange some lines (%05d)\n", i+1, rnd.IntN(50), 1500000000+60*i, 1500000000+60*i, i%100000)
		if side := i - 1 - rnd.IntN(8); i%12 == 11 && side > 0 {
			fmt.Fprintf(w, "from :%d\nmerge :%d\n", i, side)
		}
		for k := range h.files {
			f := rnd.IntN(len(files))
			if files[f] == nil {
				files[f] = make([]string, h.lines)
				for l := range files[f] {
					files[f][l] = line(rnd)
				}
			}
			at := rnd.IntN(h.lines)
			files[f][at] = line(rnd)
			if k == 0 && i%every == 0 {
				files[f][at] = secretLine(rnd)
			}
			text := strings.Join(files[f], "")
			fmt.Fprintf(w, "M 100644 inline d%d/e%d/f%d.c\ndata %d\n%s\n", f/400, f/20%20, f%20, len(text), text)
		}
		w.WriteString("\n")
	}
}

var words = strings.Fields("return if for else int char static const struct buffer length offset index count value error name path list node tree commit blob")

// line returns 50 bytes of what looks like source.
func line(rnd *rand.Rand) string {
	var b strings.Builder
	b.WriteByte('\t')
	for b.Len() < 36 {
		b.WriteString(words[rnd.IntN(len(words))])
		b.WriteByte(' ')
	}
	fmt.Fprintf(&b, "= %08d;", rnd.IntN(1e8))
	return (b.String() + strings.Repeat(" ", 50))[:49] + "\n"
}

// secretLine returns a line with a token of GitLab's.
func secretLine(rnd *rand.Rand) string {
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
	token := []byte("glp" + "at-")
	for range 20 {
		token = append(token, alphabet[rnd.IntN(len(alphabet))])
	}
	return fmt.Sprintf("\ttoken = \"%s\"\n", token)
}
