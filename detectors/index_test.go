package detectors

import (
	"reflect"
	"slices"
	"sync"
	"testing"

	"mudlark/rules"
)

// indexed returns two engines of the catalogue with a rule of somebody's own: one that compiled everything, and one that was started
// from an index.
func indexed(t *testing.T) (compiled, started *Engine) {
	t.Helper()
	builtin, err := rules.ParseBuiltin(Vocabulary())
	if err != nil {
		t.Fatal(err)
	}
	own, err := rules.Parse("own.toml", []byte(`provider = "Own"
[[rule]]
id = "own-token"
name = "n"
severity = "high"
confidence = "high"
format = "ownt_{base62:24}"

[[rule]]
id = "own-secret"
name = "n"
severity = "high"
confidence = "medium"
near = ["github", "own_secret"]
format = "{hex:31}"

[[rule]]
id = "own-regex"
name = "n"
severity = "high"
confidence = "medium"
keywords = ["github", "ownr"]
regex = 'ownr-[a-z]{20}'
`), Vocabulary())
	if err != nil {
		t.Fatal(err)
	}
	text, err := Index(builtin)
	if err != nil {
		t.Fatal(err)
	}
	set := slices.Concat(builtin, own)
	if compiled, err = newEngine(set, "", 0, DefaultOptions()); err != nil {
		t.Fatal(err)
	}
	if started, err = newEngine(set, text, len(builtin), DefaultOptions()); err != nil {
		t.Fatal(err)
	}
	if started.rules[0].compiled.Load() || !started.rules[len(builtin)].compiled.Load() {
		t.Fatal("the index was not used, or for too much")
	}
	return compiled, started
}

// A plainTask is a task without pointers.
type plainTask struct {
	rule string
	task task
}

func plainTasks(e *Engine) [][]plainTask {
	var out [][]plainTask
	for _, list := range e.tasks {
		var plain []plainTask
		for _, t := range list {
			p := plainTask{t.rule.ID, t}
			p.task.rule = nil
			plain = append(plain, p)
		}
		out = append(out, plain)
	}
	return out
}

func ids(list []*rule) []string {
	var out []string
	for _, r := range list {
		out = append(out, r.ID)
	}
	return out
}

func TestAnEngineStartedFromAnIndexIsTheSame(t *testing.T) {
	a, b := indexed(t)
	if !reflect.DeepEqual(a.filter, b.filter) {
		t.Error("the prefilters differ")
	}
	if !reflect.DeepEqual(plainTasks(a), plainTasks(b)) || !slices.Equal(a.reaches, b.reaches) {
		t.Error("the tasks or their reaches differ")
	}
	if !slices.Equal(ids(a.regexes), ids(b.regexes)) || !slices.Equal(ids(a.unkeyed), ids(b.unkeyed)) || len(a.searches) != len(b.searches) {
		t.Error("the regexes or the searches differ")
	}
	if a.blocks != b.blocks || a.hasParts != b.hasParts || a.hasRequires != b.hasRequires {
		t.Error("blocks, parts or requirements differ")
	}
	for i, r := range a.rules {
		s := b.ready(b.rules[i])
		if r.regexIndex != s.regexIndex || r.blockIndex != s.blockIndex || len(r.formats) != len(s.formats) || len(r.parts) != len(s.parts) {
			t.Errorf("rule %s differs", r.ID)
		}
	}
	for i := range a.searches {
		if f, g := a.sought(i), b.sought(i); f.rule.ID != g.rule.ID || len(f.branches) != len(g.branches) || f.reach != g.reach {
			t.Errorf("search %d differs: %s, %s", i, f.rule.ID, g.rule.ID)
		}
	}
}

// Every rule is met first by several scanners at once.
func TestAnEngineStartedFromAnIndexFindsTheSame(t *testing.T) {
	a, b := indexed(t)
	var texts [][]byte
	for _, r := range a.Rules() {
		rnd := source(r)
		name := variableName(r)
		for range 2 {
			if text, _ := Generate(rnd, r); text != nil {
				texts = append(texts, []byte(name+" = "+string(text)+requiredParts(rnd, r)+"\n"))
			}
		}
	}
	var workers sync.WaitGroup
	for range 4 {
		workers.Go(func() {
			s, u := a.NewScanner(), b.NewScanner()
			for _, text := range texts {
				if want, got := s.Scan(text), u.Scan(text); !reflect.DeepEqual(want, got) {
					t.Errorf("%q: got %v, want %v", text, got, want)
				}
			}
		})
	}
	workers.Wait()
	if len(texts) < 1000 {
		t.Errorf("only %d texts", len(texts))
	}
}

func FuzzIndex(f *testing.F) {
	set, err := rules.Parse("f.toml", []byte(`provider = "P"
[[rule]]
id = "p-a"
name = "n"
severity = "high"
confidence = "high"
format = "abc_{hex:8}"

[[rule]]
id = "p-b"
name = "n"
severity = "high"
confidence = "high"
near = ["near"]
format = "{hex:9}"

[[rule]]
id = "p-c"
name = "n"
severity = "high"
confidence = "high"
keywords = ["word"]
regex = 'word[a-z]{9}'

[[rule]]
id = "p-d"
name = "n"
severity = "high"
confidence = "high"
block = "pem"
`), Vocabulary())
	if err != nil {
		f.Fatal(err)
	}
	text, err := Index(set)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(text)
	f.Fuzz(func(t *testing.T, text string) {
		var anchors anchorTable
		e := &Engine{set: set}
		if e.load(text, set, &anchors) != nil {
			return
		}
		e.filter = &prefilter{marks: anchors.list, sets: anchors.sets}
		for i := range anchors.list {
			e.filter.standsAt(int32(i), []byte("some text that is long enough"), 0)
			for _, k := range e.tasks[i] {
				if k.kind == searchNear {
					e.searches[k.search].rule.compiled.Load()
				}
			}
		}
	})
}
