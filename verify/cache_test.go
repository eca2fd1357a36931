package verify

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"
)

// cacheFiles returns names for a cache and its key.
func cacheFiles(t *testing.T) (file, key string) {
	dir := t.TempDir()
	return filepath.Join(dir, "verdicts.json"), filepath.Join(dir, "config", "key")
}

func openTestCache(t *testing.T, file, key string) *Cache {
	t.Helper()
	c, err := OpenCache(file, key)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestCache(t *testing.T) {
	t.Parallel()
	r := acmeRule(t)
	good, bad, unclear := newToken(r), newToken(r), newToken(r)
	p := newProvider(t, good)
	file, key := cacheFiles(t)
	ask := func(rule string) []Verdict {
		o := p.options(t)
		o.Cache = openTestCache(t, file, key)
		r := parse(t, rule)
		got := verdicts(t, o, Credential{Rule: r, Secret: good}, Credential{Rule: r, Secret: bad}, Credential{Rule: r, Secret: unclear + "\n"})
		if err := o.Cache.Save(); err != nil {
			t.Fatal(err)
		}
		return got
	}
	first := ask(ruleText + acme)
	sent := len(p.all())
	p.Close() // whatever is asked from now on fails
	second := ask(ruleText + acme)
	for i, v := range second[:2] {
		if v.Status != first[i].Status || v.Identity["login"] != first[i].Identity["login"] || v.CheckedAt.Sub(first[i].CheckedAt).Abs() > 2*time.Second {
			t.Errorf("from the cache %+v, want %+v", v, first[i])
		}
	}
	if n := len(p.all()); n != sent {
		t.Errorf("%d requests in spite of the cache", n-sent)
	}
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range []string{good, bad, unclear, good[5:]} {
		if bytes.Contains(data, []byte(s)) {
			t.Error("the cache holds a secret")
		}
	}
	if n := bytes.Count(data, []byte(`"mac"`)); n != 2 {
		t.Errorf("%d entries, want two: what is not known is not kept\n%s", n, data)
	}
	if changed := ask(strings.Replace(ruleText+acme, `json = "login"`, `json = "name"`, 1)); changed[0].Status == Active {
		t.Error("the verdict of another rule is believed")
	}
	if runtime.GOOS != "windows" {
		for _, f := range []string{file, key} {
			info, err := os.Stat(f)
			if err != nil {
				t.Fatal(err)
			}
			if info.Mode().Perm() != 0o600 {
				t.Errorf("%s has the mode %v", f, info.Mode())
			}
		}
	}
}

// An entry that somebody else wrote, or that is too old, or of tomorrow, is not believed.
func TestCacheIsAuthenticated(t *testing.T) {
	t.Parallel()
	r := acmeRule(t)
	token := newToken(r)
	for name, tt := range map[string]struct {
		change func(c *Cache, n *cached)
		sealed bool
	}{
		"status changed":   {change: func(_ *Cache, n *cached) { n.Status = Inactive }},
		"identity changed": {change: func(_ *Cache, n *cached) { n.Identity = map[string]string{"login": "eve"} }},
		"time changed":     {change: func(_ *Cache, n *cached) { n.At = n.At.Add(-time.Second) }},
		"too old":          {change: func(_ *Cache, n *cached) { n.At = n.At.Add(-lifetime(Active)) }, sealed: true},
		"of tomorrow":      {change: func(_ *Cache, n *cached) { n.At = n.At.Add(24 * time.Hour) }, sealed: true},
		"no verdict":       {change: func(_ *Cache, n *cached) { n.Status = Unknown }, sealed: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newProvider(t, token)
			file, key := cacheFiles(t)
			o := p.options(t)
			o.Cache = openTestCache(t, file, key)
			check(t, verdicts(t, o, Credential{Rule: r, Secret: token})[0], Active, "")
			for id, n := range o.Cache.entries {
				tt.change(o.Cache, &n)
				if tt.sealed {
					n.MAC = o.Cache.seal(n)
				}
				o.Cache.entries[id] = n
			}
			f := cacheFile{Version: cacheVersion}
			for _, n := range o.Cache.entries {
				f.Entries = append(f.Entries, n)
			}
			text, err := json.Marshal(f)
			if err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(file, text, 0o600); err != nil {
				t.Fatal(err)
			}
			if n := len(openTestCache(t, file, key).entries); n != 0 {
				t.Errorf("%d entries are believed", n)
			}
		})
	}
}

func TestCacheErrors(t *testing.T) {
	t.Parallel()
	if runtime.GOOS == "windows" {
		t.Skip("there are no modes")
	}
	write := func(name, text string, mode os.FileMode) {
		t.Helper()
		if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(text), mode); err != nil {
			t.Fatal(err)
		}
	}
	file, key := cacheFiles(t)
	write(key, strings.Repeat("07", cacheKeySize)+"\n", 0o644)
	if _, err := OpenCache(file, key); err == nil || !strings.Contains(err.Error(), "chmod 600") {
		t.Errorf("a key that everybody can read: %v", err)
	}
	file, key = cacheFiles(t)
	write(key, "short", 0o600)
	if _, err := OpenCache(file, key); err == nil {
		t.Error("a damaged key is used")
	}
	file, key = cacheFiles(t)
	write(file, "dear diary", 0o600)
	if _, err := OpenCache(file, key); err == nil || !strings.Contains(err.Error(), "is no cache") {
		t.Errorf("somebody's file would be overwritten: %v", err)
	}
}

// Runs that begin at once agree on one key, and none overwrites what another has learned.
func TestCacheOfSeveralRuns(t *testing.T) {
	t.Parallel()
	r := acmeRule(t)
	p := newProvider(t)
	file, key := cacheFiles(t)
	const runs = 16
	var caches [runs]*Cache
	var all sync.WaitGroup
	for i := range runs {
		all.Go(func() {
			c, err := OpenCache(file, key)
			if err != nil {
				t.Error(err)
			}
			caches[i] = c
		})
	}
	all.Wait()
	if t.Failed() {
		return
	}
	for _, c := range caches {
		o := p.options(t)
		o.Cache = c
		check(t, verdicts(t, o, Credential{Rule: r, Secret: newToken(r)})[0], Inactive, "")
	}
	for _, c := range caches {
		if err := c.Save(); err != nil {
			t.Fatal(err)
		}
	}
	if n := len(openTestCache(t, file, key).entries); n != runs {
		t.Errorf("%d verdicts are kept, want those of all %d runs", n, runs)
	}
	for _, dir := range []string{filepath.Dir(file), filepath.Dir(key)} {
		if left, _ := filepath.Glob(filepath.Join(dir, ".*")); len(left) > 0 {
			t.Errorf("left behind: %q", left)
		}
	}
}

// A cache that breaks off, as a copy may, is no reason to end a run.
func TestCacheBrokenOff(t *testing.T) {
	t.Parallel()
	r := acmeRule(t)
	p := newProvider(t)
	file, key := cacheFiles(t)
	o := p.options(t)
	o.Cache = openTestCache(t, file, key)
	verdicts(t, o, Credential{Rule: r, Secret: newToken(r)})
	if err := o.Cache.Save(); err != nil {
		t.Fatal(err)
	}
	whole, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for n := range whole {
		if n < len(`{"mudlark_verdicts": `)+2 && n > 0 {
			continue // nobody can tell whose it is
		}
		if err := os.WriteFile(file, whole[:n], 0o600); err != nil {
			t.Fatal(err)
		}
		if got := len(openTestCache(t, file, key).entries); got != 0 && n < bytes.LastIndexByte(whole, '}') {
			t.Fatalf("of %d bytes %d entries are believed", n, got)
		}
	}
}
