// Growth measures how the cost of a scan grows with a history: it makes repositories with git fast-import, scans them, and writes a
// table and a picture.
//
//	go run ./scripts/growth -mudlark PATH [-max 300000] [-o docs/growth.svg]
//
// Processor time and memory are measured, not wall time, so that other work on the machine matters little.
package main

import (
	"errors"
	"flag"
	"fmt"
	"log"
	"os"
	"os/exec"
	"path/filepath"
)

func main() {
	log.SetFlags(0)
	mudlark := flag.String("mudlark", "", "the program to measure")
	most := flag.Int("max", 300_000, "the most commits")
	picture := flag.String("o", "", "file to write a picture to")
	flag.Parse()
	if *mudlark == "" {
		log.Fatal("growth: -mudlark PATH names the program to measure; make it with go build ./cmd/mudlark")
	}
	dir, err := os.MkdirTemp("", "growth")
	if err != nil {
		log.Fatal(err)
	}
	err = run(*mudlark, dir, *most, *picture)
	if err := errors.Join(err, os.RemoveAll(dir)); err != nil {
		log.Fatal("growth: ", err)
	}
}

// series is some histories that differ in one thing.
type series struct {
	name  string
	unit  string
	cases []history
	of    func(history) float64 // what differs
}

// allSeries returns what is measured. Where commits are not what differs there are few of them.
func allSeries(most int) []series {
	base := history{commits: 3000, files: 2, lines: 40, secrets: 10}
	with := func(set func(*history, int), values ...int) (out []history) {
		for _, v := range values {
			h := base
			set(&h, v)
			out = append(out, h)
		}
		return out
	}
	var commits []int
	for _, n := range []int{1000, 3000, 10_000, 30_000, 100_000, 300_000} {
		if n <= most {
			commits = append(commits, n)
		}
	}
	return []series{
		{"blobs", "blobs a commit", with(func(h *history, n int) { h.files = n }, 1, 3, 10, 30), func(h history) float64 { return float64(h.files) }},
		{"bytes", "lines a blob", with(func(h *history, n int) { h.lines = n }, 40, 120, 400, 1200), func(h history) float64 { return float64(h.lines) }},
		{"findings", "findings", with(func(h *history, n int) { h.secrets = n }, 10, 100, 1000, 3000), func(h history) float64 { return float64(h.secrets) }},
		// The longest history comes last: the resident set of a child counts from what its parent held (getrusage(2)), and making it takes much.
		{"commits", "commits", with(func(h *history, n int) { h.commits = n }, commits...), func(h history) float64 { return float64(h.commits) }},
	}
}

func run(mudlark, dir string, most int, picture string) error {
	var plots []plot
	for _, s := range allSeries(most) {
		p := plot{name: s.name, unit: s.unit}
		fmt.Printf("%-16s %10s %10s %9s\n", s.unit, "", "CPU", "max RSS")
		for _, h := range s.cases {
			repo := filepath.Join(dir, "repo.git")
			if err := h.make(repo); err != nil {
				return err
			}
			seconds, megabytes, err := scan(mudlark, repo)
			if err := errors.Join(err, os.RemoveAll(repo)); err != nil {
				return err
			}
			fmt.Printf("%27.0f %8.2f s %6.0f MB\n", s.of(h), seconds, megabytes)
			p.points = append(p.points, point{s.of(h), seconds, megabytes})
		}
		a, b := p.line(func(q point) float64 { return q.seconds })
		c, d := p.line(func(q point) float64 { return q.megabytes })
		fmt.Printf("  CPU = %.2f s + %.4f s per 1,000; RSS = %.0f MB + %.3f MB per 1,000\n\n", a, b*1000, c, d*1000)
		plots = append(plots, p)
	}
	if picture == "" {
		return nil
	}
	return os.WriteFile(picture, draw(plots), 0o644)
}

// scan returns the processor time that a scan takes, in seconds, and its largest resident set, in MB.
func scan(mudlark, repo string) (seconds, megabytes float64, err error) {
	cmd := exec.Command(mudlark, "git", repo, "-j", "2", "--quiet", "--no-progress", "--fail-on", "none")
	cmd.Stderr = os.Stderr
	if err := cmd.Run(); err != nil {
		return 0, 0, fmt.Errorf("scan: %w", err)
	}
	megabytes, err = residentSet(cmd.ProcessState)
	return (cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()).Seconds(), megabytes, err
}
