package scanner

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"mudlark/report"
)

// recorder is a handler that notes its calls and may stop the scan at one of them.
type recorder struct {
	collected
	calls []string
	fail  string
}

var errHandler = errors.New("disk full")

func (r *recorder) call(name string) error {
	r.calls = append(r.calls, name)
	if name == r.fail {
		return errHandler
	}
	return nil
}

func (r *recorder) Config(c *report.Config) error { r.config = c; return r.call("config") }
func (r *recorder) Finding(f *report.Finding) error {
	r.findings = append(r.findings, f)
	return r.call("finding")
}
func (r *recorder) Coverage(c *report.Coverage) error {
	r.coverage = c
	return r.call("coverage")
}
func (r *recorder) Done() error { return r.call("done") }

// inOrder checks that the calls are Config, Finding..., Coverage, Done.
func (r *recorder) inOrder(t testing.TB) {
	t.Helper()
	want := []string{"config"}
	for range r.findings {
		want = append(want, "finding")
	}
	if want = append(want, "coverage", "done"); !slices.Equal(r.calls, want) {
		t.Errorf("calls %q", r.calls)
	}
}

// stoppable is a repository in which every phase has something to do.
func stoppable(t testing.TB) *sandbox {
	r := newSandbox(t)
	var in strings.Builder
	in.WriteString("reset refs/heads/main\n\n")
	for i := range 600 {
		content := fmt.Sprintf("%d\n%s%s", i, key(i%50), doc(i, 20))
		fmt.Fprintf(&in, "commit refs/heads/main\ncommitter C%d <c@example.org> %d +0000\ndata %d\n%s\nM 100644 inline d%d/f%d\ndata %d\n%s\n",
			i, 1700000000+i, len(token(i))+2, "m "+token(i), i%7, i%40, len(content), content)
	}
	r.run([]byte(in.String()), "fast-import", "--quiet")
	r.heads[r.ref] = r.rev("main")
	r.tag("v1", r.tip(), "commit", "T <t@example.org>", "release")
	r.git("update-ref", "refs/tags/tree", r.rev("main^{tree}"))
	r.checkout()
	r.stage("s.env", key(700))
	r.write("w.env", key(701))
	return r
}

// interruptedScan runs a scan whose context is cancelled when progress reaches a phase, or at once if phase is "", and checks
// what must hold however far it came.
func interruptedScan(t *testing.T, o Options, phase string, done int64) (*recorder, bool) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	var once sync.Once
	var at time.Time
	stop := func() { once.Do(func() { at = time.Now(); cancel() }) }
	if phase == "" {
		stop()
	}
	o.Progress = func(p Progress) {
		if p.Phase == phase && p.Done >= done {
			stop()
		}
	}
	if o.Mode == "" {
		o.Mode = ModeGit
	}
	o.Rules, o.Workers = testRules(t), 2
	var h recorder
	res, err := Run(ctx, o, &h)
	if at.IsZero() {
		return nil, false // the phase was not reached
	}
	if took := time.Since(at); took > time.Second {
		t.Errorf("returned %v after the cancellation", took)
	}
	if err != nil {
		t.Fatal(err)
	}
	h.inOrder(t)
	if !res.Interrupted || res.TimedOut || res.Findings != len(h.findings) || res.Complete != h.coverage.Complete {
		t.Errorf("result %+v, coverage complete %v", res, h.coverage.Complete)
	}
	hasClass := slices.ContainsFunc(h.coverage.Skipped, func(s report.Skipped) bool { return s.Class == interrupted })
	if h.coverage.Complete == hasClass {
		t.Errorf("complete %v, skipped %+v", h.coverage.Complete, h.coverage.Skipped)
	}
	return &h, true
}

func TestInterruptedAtEachPhase(t *testing.T) {
	t.Parallel()
	r := stoppable(t)
	full := scanned(t, Options{Target: r.path, Worktree: true})
	known := map[string]bool{}
	for _, f := range full.findings {
		known[f.Fingerprint] = true
	}
	modes := []struct {
		name string
		o    Options
	}{
		{"history", Options{Target: r.path}},
		{"range", Options{Target: r.path, Since: []string{"HEAD~300"}}},
		{"working tree", Options{Target: r.path, Worktree: true}},
		{"staged", Options{Target: r.path, Staged: true}},
		{"unreachable", Options{Target: r.path, Unreachable: true}},
		{"folder", Options{Mode: ModeDir, Paths: []string{r.path}}},
	}
	reached := map[string]bool{}
	for _, m := range modes {
		for _, phase := range []string{"", "commits", "messages", "trees", "blobs", "files", "attribution"} {
			for _, done := range []int64{0, 1} {
				t.Run(fmt.Sprintf("%s, %s, %d", m.name, phase, done), func(t *testing.T) {
					h, ok := interruptedScan(t, m.o, phase, done)
					if !ok {
						return
					}
					reached[phase] = true
					if h.coverage.Complete && phase == "" && m.name != "staged" {
						t.Error("complete, though it was cancelled before it began")
					}
					for _, f := range h.findings {
						if m.o.Mode == "" && !m.o.Unreachable && !known[f.Fingerprint] {
							t.Errorf("a finding that a whole scan does not make: %s", describe(f))
						}
					}
				})
			}
		}
	}
	for _, phase := range []string{"", "commits", "messages", "trees", "blobs", "files", "attribution"} {
		if !reached[phase] {
			t.Errorf("no scan was stopped in phase %q", phase)
		}
	}
}

func TestTimeout(t *testing.T) {
	t.Parallel()
	r := stoppable(t)
	for _, limit := range []time.Duration{1, time.Microsecond, time.Millisecond, 5 * time.Millisecond, 20 * time.Millisecond} {
		t.Run(limit.String(), func(t *testing.T) {
			start := time.Now()
			var h recorder
			res, err := Run(context.Background(), Options{Mode: ModeGit, Target: r.path, Rules: testRules(t), Workers: 2, Timeout: limit}, &h)
			if err != nil {
				t.Fatal(err)
			}
			if took := time.Since(start); took > limit+time.Second {
				t.Errorf("took %v", took)
			}
			h.inOrder(t)
			if res.Interrupted || !res.Complete && !res.TimedOut {
				t.Errorf("result %+v", res)
			}
			if limit <= time.Microsecond && (res.Complete || !res.TimedOut) {
				t.Errorf("result %+v of a scan without time", res)
			}
		})
	}
	t.Run("long enough", func(t *testing.T) {
		got, res, err := tryScan(t, Options{Target: r.path, Timeout: time.Hour})
		if err != nil || res.TimedOut || !got.coverage.Complete {
			t.Errorf("result %+v, error %v", res, err)
		}
	})
}

// A stream that never ends must not hold the scan.
func TestInterruptedStream(t *testing.T) {
	t.Parallel()
	in, out := io.Pipe()
	t.Cleanup(func() { out.Close() })
	ctx, cancel := context.WithCancel(context.Background())
	go func() {
		if _, err := io.WriteString(out, key(1)); err != nil {
			t.Error(err)
		}
		cancel()
	}()
	var h recorder
	start := time.Now()
	res, err := Run(ctx, Options{Mode: ModeStdin, Stdin: in, Rules: testRules(t), ShowSecrets: true}, &h)
	if err != nil {
		t.Fatal(err)
	}
	h.inOrder(t)
	if time.Since(start) > 5*time.Second || res.Complete || !res.Interrupted {
		t.Errorf("result %+v after %v", res, time.Since(start))
	}
}

// A big blob cannot be left half examined, but the scan must not wait for it.
func TestInterruptedInABigBlob(t *testing.T) {
	if testing.Short() {
		t.Skip("slow")
	}
	r := newSandbox(t)
	r.put("big", strings.Repeat(doc(1, 10000), 80)) // some 45 MB
	r.put("a.env", key(1))
	for _, delay := range []time.Duration{100 * time.Millisecond} {
		ctx, cancel := context.WithTimeout(context.Background(), delay)
		var h recorder
		_, err := Run(ctx, Options{Mode: ModeGit, Target: r.path, Rules: builtin(t), Workers: 2}, &h)
		end, _ := ctx.Deadline()
		if late := time.Since(end); err != nil || late > time.Second {
			t.Errorf("returned %v after the cancellation, error %v", late, err)
		}
		cancel()
		h.inOrder(t)
	}
}

// An error of the handler ends the scan and is what Run returns.
func TestHandlerErrors(t *testing.T) {
	t.Parallel()
	r := newSandbox(t)
	r.put("a", key(1)+key(2))
	for _, at := range []string{"config", "finding", "coverage", "done"} {
		h := recorder{fail: at}
		_, err := Run(context.Background(), Options{Mode: ModeGit, Target: r.path, Rules: testRules(t)}, &h)
		if !errors.Is(err, errHandler) || h.calls[len(h.calls)-1] != at {
			t.Errorf("%s: error %v after calls %q", at, err, h.calls)
		}
	}
}

// A scan leaves the repository as it was.
func TestScanWritesNothing(t *testing.T) {
	t.Parallel()
	r := stoppable(t)
	state := func() string {
		return string(r.run(nil, "-c", "core.quotePath=false", "ls-files", "-s")) + strings.Join(r.glob(".git/*"), "\n") + strings.Join(r.glob("*"), "\n")
	}
	before := state()
	for _, o := range []Options{{Target: r.path}, {Target: r.path, Staged: true}, {Target: r.path, Worktree: true, Unreachable: true}, {Target: filepath.Join(r.path, ".git")}} {
		scanned(t, o)
	}
	if after := state(); after != before {
		t.Errorf("before:\n%s\nafter:\n%s", before, after)
	}
}
