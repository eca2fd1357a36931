package scanner

import (
	"bytes"
	"cmp"
	"context"
	"os"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"mudlark/detectors"
	"mudlark/report"
	"mudlark/rules"
	"mudlark/scanner/gitstore"
)

// repositoryVariable names repositories, divided by the list separator, for tests and benchmarks on real histories.
const repositoryVariable = "MUDLARK_REPOSITORIES"

func givenRepositories(tb testing.TB) []string {
	list := os.Getenv(repositoryVariable)
	if list == "" {
		tb.Skipf("set %s to the paths of repositories, divided by %q", repositoryVariable, os.PathListSeparator)
	}
	return strings.Split(list, string(os.PathListSeparator))
}

// TestGivenRepositories examines every blob of real repositories twice: as a version of the one that it is stored as a delta against, and
// whole. Both must give the same.
func TestGivenRepositories(t *testing.T) {
	set, err := rules.Builtin(detectors.Vocabulary())
	if err != nil {
		t.Fatal(err)
	}
	engine, err := detectors.New(set, detectors.DefaultOptions())
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range givenRepositories(t) {
		t.Run(path, func(t *testing.T) {
			repo, err := gitstore.Open(path, gitstore.Options{})
			if err != nil {
				t.Fatal(err)
			}
			defer repo.Close()
			const workers = 2
			var versions, whole [workers]*detectors.Scanner
			for i := range workers {
				versions[i], whole[i] = engine.NewScanner(), engine.NewScanner()
			}
			var blobs, deltas, carried, matches atomic.Int64
			_, err = repo.Objects.Walk(context.Background(), gitstore.WalkOptions{
				All: true, Type: gitstore.Blob, Workers: workers,
				Visit: func(worker int, v *gitstore.Visit) any {
					base, _ := v.Parent.(*detectors.State)
					got, state := versions[worker].ScanVersion(v.Data, base, v.Runs, !v.Leaf)
					want := whole[worker].Scan(v.Data)
					if !slices.EqualFunc(got.Matches, want.Matches, sameMatch) || !slices.Equal(got.Problems, want.Problems) {
						t.Errorf("%s: %d matches as a version of %s, %d alone", v.ID, len(got.Matches), v.Base, len(want.Matches))
					}
					blobs.Add(1)
					if len(v.Runs) > 0 {
						deltas.Add(1)
					}
					matches.Add(int64(len(want.Matches)))
					if base != nil {
						carried.Add(1)
					}
					if state == nil {
						return nil
					}
					return state
				},
			})
			if err != nil {
				t.Error(err)
			}
			t.Logf("%d blobs, %d of them as versions, %d matches", blobs.Load(), carried.Load(), matches.Load())
			if carried.Load() == 0 && deltas.Load() > 0 {
				t.Error("no blob was examined as a version of another one")
			}
		})
	}
}

func sameMatch(a, b detectors.Match) bool {
	return cmp.Or(cmp.Compare(a.Rule.ID, b.Rule.ID), cmp.Compare(a.Confidence, b.Confidence), bytes.Compare(a.Secret, b.Secret),
		a.Start-b.Start, a.End-b.End, a.Line-b.Line, a.Column-b.Column, slices.Compare(a.Decoded, b.Decoded), len(a.Parts)-len(b.Parts)) == 0
}

// BenchmarkGivenRepositories scans whole histories.
func BenchmarkGivenRepositories(b *testing.B) {
	set, err := rules.Builtin(detectors.Vocabulary())
	if err != nil {
		b.Fatal(err)
	}
	for _, path := range givenRepositories(b) {
		b.Run(path, func(b *testing.B) {
			for b.Loop() {
				if _, err := Run(context.Background(), Options{Mode: ModeGit, Target: path, Rules: set, Workers: 2}, nothing{}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkGivenRanges scans what the last hundred commits of HEAD's first-parent line brought.
func BenchmarkGivenRanges(b *testing.B) {
	set, err := rules.Builtin(detectors.Vocabulary())
	if err != nil {
		b.Fatal(err)
	}
	for _, path := range givenRepositories(b) {
		b.Run(path, func(b *testing.B) {
			for b.Loop() {
				o := Options{Mode: ModeGit, Target: path, Rules: set, Workers: 2, Since: []string{"HEAD~100"}}
				if _, err := Run(context.Background(), o, nothing{}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// nothing is a report that is thrown away.
type nothing struct{}

func (nothing) Config(*report.Config) error     { return nil }
func (nothing) Finding(*report.Finding) error   { return nil }
func (nothing) Coverage(*report.Coverage) error { return nil }
func (nothing) Done() error                     { return nil }
