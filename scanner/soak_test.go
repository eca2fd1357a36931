package scanner

import (
	"context"
	"fmt"
	"os"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"
)

// TestSoak scans many times in one process, as a server that uses the library does: memory, goroutines and open files do not grow, also not by
// scans that are cut short. MUDLARK_SOAK says how many scans; docs/performance.md has what a thousand come to.
func TestSoak(t *testing.T) {
	scans, err := strconv.Atoi(os.Getenv("MUDLARK_SOAK"))
	if err != nil {
		scans = 48
	}
	r := newSandbox(t)
	for i := range 30 {
		r.put(fmt.Sprintf("src/%d.env", i%7), doc(i, 200)+soakSecret(t, i))
	}
	r.git("repack", "-adq")
	r.checkout()
	const warm = 16 // scans until caches and pools have their size
	before := soakState{}
	for i := range scans {
		soakScan(t, r, i)
		if i == warm-1 {
			before = soaked()
		}
		if i > 0 && i%100 == 0 {
			t.Logf("%d scans: %v", i, soaked())
		}
	}
	after := soaked()
	t.Logf("after %d scans: %v; after %d: %v", warm, before, scans, after)
	if after.goroutines > before.goroutines {
		stacks := make([]byte, 1<<20)
		t.Errorf("%d goroutines were left:\n%s", after.goroutines-before.goroutines, stacks[:runtime.Stack(stacks, true)])
	}
	if after.files > before.files {
		t.Errorf("%d files were left open", after.files-before.files)
	}
	const slack = 4 << 20 // far less than what the scans after the first ones would leave, if each kept its engine or its index
	if after.heap > before.heap+slack {
		t.Errorf("the heap grew by %d bytes", after.heap-before.heap)
	}
}

// soakScan scans in one of the ways of a library's user; every fourth scan is stopped soon.
func soakScan(t *testing.T, r *sandbox, i int) {
	t.Helper()
	o := Options{Rules: builtin(t), Getenv: func(string) string { return "" }, Mode: ModeGit, Target: r.path}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	findings := &collected{}
	switch i % 4 {
	case 0:
	case 1:
		o = Options{Rules: o.Rules, Getenv: o.Getenv, Mode: ModeDir, Paths: []string{r.path}}
	case 2:
		o = Options{Rules: o.Rules, Getenv: o.Getenv, Mode: ModeStdin, Stdin: strings.NewReader(doc(1, 500) + soakSecret(t, 1))}
	case 3:
		time.AfterFunc(time.Duration(i%32)*time.Millisecond, cancel)
	}
	if _, err := Run(ctx, o, findings); err != nil && ctx.Err() == nil {
		t.Fatalf("scan %d: %v", i, err)
	}
	if len(findings.findings) == 0 && i%4 != 3 {
		t.Fatalf("scan %d found nothing", i)
	}
}

// soakSecret returns a line that holds a secret of a built-in rule.
func soakSecret(t *testing.T, i int) string {
	text, _ := secretOf(t, "github-pat-classic", uint64(i))
	return "TOKEN=" + text + "\n"
}

// soakState is what a process holds.
type soakState struct {
	heap              int64 // bytes in use after a collection
	goroutines, files int   // files: open descriptors, where /proc tells them
}

func (s soakState) String() string {
	return fmt.Sprintf("%.1f MiB of heap, %d goroutines, %d open files", float64(s.heap)/(1<<20), s.goroutines, s.files)
}

// soaked waits until what the last scan started has ended, and returns what the process holds.
func soaked() soakState {
	least := soakState{goroutines: runtime.NumGoroutine()}
	for range 50 {
		runtime.GC()
		least.goroutines = min(least.goroutines, runtime.NumGoroutine())
		time.Sleep(2 * time.Millisecond)
	}
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	least.heap = int64(m.HeapAlloc)
	if entries, err := os.ReadDir("/proc/self/fd"); err == nil {
		least.files = len(entries)
	}
	return least
}
