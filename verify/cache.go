package verify

import (
	"bytes"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"
)

// Cache keeps verdicts between runs. Its file holds no secret, and nothing by which a guess at one could be tested: entries are found
// by an HMAC whose key lies in another file. They are authenticated with the same key, so that nobody else can declare a leak to
// be dead. A nil Cache keeps nothing.
type Cache struct {
	file string
	key  []byte

	mu      sync.Mutex
	entries map[string]cached
	changed bool
}

// cached is an entry of the file.
type cached struct {
	ID       string            `json:"id"`
	Status   Status            `json:"status"`
	At       time.Time         `json:"at"`
	Identity map[string]string `json:"identity,omitempty"`
	MAC      string            `json:"mac"`
}

// cacheFile is the content of the file.
type cacheFile struct {
	Version int      `json:"mudlark_verdicts"`
	Entries []cached `json:"entries"`
}

const (
	cacheVersion = 1
	maxCacheFile = 256 << 20
	cacheKeySize = 32
)

// lifetime is how long a verdict is believed. What is dead stays dead; what lives may be revoked at any time.
func lifetime(s Status) time.Duration {
	switch s {
	case Active:
		return time.Hour
	case Inactive:
		return 7 * 24 * time.Hour
	case Expired:
		return 30 * 24 * time.Hour
	}
	return 0
}

// OpenCache opens a cache, which need not exist. The key is made if it does not exist; a key that others may read is an error, and so is
// a file that is something else. A cache that is damaged begins anew.
func OpenCache(file, keyFile string) (*Cache, error) {
	key, err := cacheKey(keyFile)
	if err != nil {
		return nil, fmt.Errorf("the key %s: %w", keyFile, err)
	}
	c := &Cache{file: file, key: key}
	if c.entries, err = c.load(); err != nil {
		return nil, err
	}
	return c, nil
}

// load reads the entries of the file that are authentic and still believed.
func (c *Cache) load() (map[string]cached, error) {
	entries := map[string]cached{}
	data, err := readAtMost(c.file, maxCacheFile)
	if errors.Is(err, fs.ErrNotExist) || err == nil && len(data) == 0 {
		return entries, nil
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", c.file, err)
	}
	var f cacheFile
	switch err := json.Unmarshal(data, &f); {
	case err != nil && cacheBeginning.Match(data):
		return entries, nil // of a copy that broke off, such as one of a CI system
	case err != nil || f.Version == 0:
		return nil, fmt.Errorf("%s is no cache of verdicts", c.file)
	}
	now := time.Now()
	for _, n := range f.Entries {
		if f.Version == cacheVersion && n.valid(now) && hmac.Equal([]byte(n.MAC), []byte(c.seal(n))) {
			entries[n.ID] = n
		}
	}
	return entries, nil
}

// cacheBeginning matches the beginning of a cache, damaged or not.
var cacheBeginning = regexp.MustCompile(`^\s*\{\s*"mudlark_verdicts"\s*:`)

func readAtMost(file string, limit int64) ([]byte, error) {
	info, err := os.Stat(file)
	switch {
	case err != nil:
		return nil, plainError(err)
	case !info.Mode().IsRegular():
		return nil, errors.New("is no regular file")
	case info.Size() > limit:
		return nil, fmt.Errorf("has more than %d bytes", limit)
	}
	data, err := os.ReadFile(file)
	return data, plainError(err)
}

// plainError drops operation and path, which are named beside it.
func plainError(err error) error {
	var p *fs.PathError
	if errors.As(err, &p) {
		return p.Err
	}
	return err
}

// cacheKey reads or makes the key.
func cacheKey(file string) ([]byte, error) {
	info, err := os.Lstat(file)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return newCacheKey(file)
	case err != nil:
		return nil, plainError(err)
	case !info.Mode().IsRegular():
		return nil, errors.New("is no regular file")
	case runtime.GOOS != "windows" && info.Mode().Perm()&0o077 != 0:
		return nil, fmt.Errorf("others may read it; use chmod 600 %s", file)
	}
	text, err := readAtMost(file, 1<<10)
	if err != nil {
		return nil, err
	}
	key, err := hex.DecodeString(strings.TrimSpace(string(text)))
	if err != nil || len(key) != cacheKeySize {
		return nil, errors.New("is damaged; delete it, and the cache begins anew")
	}
	return key, nil
}

// newCacheKey makes a key. It appears under its name whole, and if two runs make one at once, both take the first.
func newCacheKey(file string) ([]byte, error) {
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		return nil, plainError(err)
	}
	key := make([]byte, cacheKeySize)
	if _, err := rand.Read(key); err != nil {
		return nil, err
	}
	temp, err := writeTemp(file, []byte(hex.EncodeToString(key)+"\n"))
	if err != nil {
		return nil, err
	}
	defer os.Remove(temp)
	switch err := os.Link(temp, file); {
	case err == nil:
		return key, nil
	case errors.Is(err, fs.ErrExist):
		return cacheKey(file)
	}
	return key, plainError(os.Rename(temp, file)) // there are no links here
}

// writeTemp writes a file of a made-up name beside another, for its owner only.
func writeTemp(file string, data []byte) (name string, err error) {
	temp, err := os.CreateTemp(filepath.Dir(file), "."+filepath.Base(file)+".*.tmp") // 0600
	if err != nil {
		return "", plainError(err)
	}
	_, err = temp.Write(data)
	if err = errors.Join(err, temp.Close()); err != nil {
		return "", errors.Join(plainError(err), os.Remove(temp.Name()))
	}
	return temp.Name(), nil
}

// valid reports whether the entry's time is not over, nor still to come.
func (n *cached) valid(now time.Time) bool {
	age := now.Sub(n.At)
	return age >= 0 && age < lifetime(n.Status)
}

// seal returns the MAC of an entry.
func (c *Cache) seal(n cached) string {
	n.MAC = ""
	text, err := json.Marshal(n)
	if err != nil {
		return ""
	}
	return c.mac("entry", text)
}

func (c *Cache) mac(purpose string, text []byte) string {
	m := hmac.New(sha256.New, c.key)
	m.Write([]byte(purpose + "\x00"))
	m.Write(text)
	return hex.EncodeToString(m.Sum(nil))
}

// id names what was asked: the values, by what rule, and where.
func (c *Cache) id(e *Engine, v *values) string {
	spec := v.rule.Verify
	var endpoints []string
	for _, u := range e.o.Endpoints[spec.Endpoint] {
		endpoints = append(endpoints, u.String())
	}
	text, err := json.Marshal([]any{spec, endpoints, v.key()})
	if err != nil {
		return ""
	}
	return c.mac("id", text)
}

// get returns a verdict that is still believed.
func (c *Cache) get(e *Engine, v *values) (a answer, ok bool) {
	if c == nil {
		return a, false
	}
	id := c.id(e, v)
	c.mu.Lock()
	defer c.mu.Unlock()
	n, ok := c.entries[id]
	if !ok || !n.valid(time.Now()) {
		return a, false
	}
	a = plainAnswer(n.Status, "")
	a.Identity, a.at = discreet(n.Identity, v), n.At
	return a, true
}

// put keeps an answer if it is one.
func (c *Cache) put(e *Engine, v *values, a answer) {
	if c == nil || lifetime(a.Status) == 0 || v.rule.Verify.Effect == "none" && v.rule.Verify.Protocol != "" {
		return
	}
	n := cached{ID: c.id(e, v), Status: a.Status, At: time.Now().UTC().Truncate(time.Second), Identity: a.Identity}
	n.MAC = c.seal(n)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.entries[n.ID], c.changed = n, true
}

// Save writes the file, if there is something new. What another run has learned meanwhile stays.
func (c *Cache) Save() error {
	if c == nil {
		return nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.changed {
		return nil
	}
	if others, err := c.load(); err == nil {
		for id, n := range others {
			if own, ok := c.entries[id]; !ok || own.At.Before(n.At) {
				c.entries[id] = n
			}
		}
	}
	f := cacheFile{Version: cacheVersion, Entries: []cached{}}
	for _, id := range slices.Sorted(maps.Keys(c.entries)) {
		if n := c.entries[id]; n.valid(time.Now()) {
			f.Entries = append(f.Entries, n)
		}
	}
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetIndent("", " ")
	if err := enc.Encode(f); err != nil {
		return err
	}
	temp, err := writeTemp(c.file, b.Bytes())
	if err != nil {
		return err
	}
	if err := os.Rename(temp, c.file); err != nil {
		return errors.Join(plainError(err), os.Remove(temp))
	}
	c.changed = false
	return nil
}
