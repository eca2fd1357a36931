package scanner

import (
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"mudlark/detectors"
	"mudlark/report"
	"mudlark/rules"
)

// The types below are a configuration of Gitleaks as its README describes it, for a second, naive implementation of what that
// document says.
type (
	peerConfig struct {
		rules  []peerRule
		allows []peerAllow
	}
	peerRule struct {
		id, regex, path string
		group           int
		entropy         float64
		keywords        []string
		skip            bool
		required        []peerRequired
		allows          []peerAllow
	}
	peerRequired struct {
		id             string
		lines, columns int // -1: not given
	}
	peerAllow struct {
		and                       bool
		paths, regexes, stopwords []string
		target                    string
		targetRules               []string
	}
	peerMatch struct{ rule, secret, path string }
)

func (c *peerConfig) toml() string {
	var b strings.Builder
	allow := func(header string, a peerAllow) {
		fmt.Fprintf(&b, "[[%s]]\n", header)
		if a.and {
			b.WriteString("condition = \"AND\"\n")
		}
		for key, list := range map[string][]string{"paths": a.paths, "regexes": a.regexes, "stopwords": a.stopwords, "targetRules": a.targetRules} {
			if len(list) > 0 {
				fmt.Fprintf(&b, "%s = ['''%s''']\n", key, strings.Join(list, "''', '''"))
			}
		}
		if a.target != "" {
			fmt.Fprintf(&b, "regexTarget = %q\n", a.target)
		}
	}
	b.WriteString("title = \"generated\"\n")
	for _, r := range c.rules {
		fmt.Fprintf(&b, "[[rules]]\nid = %q\ndescription = \"made up\"\n", r.id)
		if r.regex != "" {
			fmt.Fprintf(&b, "regex = '''%s'''\n", r.regex)
		}
		if r.path != "" {
			fmt.Fprintf(&b, "path = '''%s'''\n", r.path)
		}
		if r.group > 0 {
			fmt.Fprintf(&b, "secretGroup = %d\n", r.group)
		}
		if r.entropy > 0 {
			fmt.Fprintf(&b, "entropy = %v\n", r.entropy)
		}
		if len(r.keywords) > 0 {
			fmt.Fprintf(&b, "keywords = [%q]\n", strings.Join(r.keywords, `", "`))
		}
		if r.skip {
			b.WriteString("skipReport = true\n")
		}
		b.WriteString("tags = [\"x\"]\n")
		for _, q := range r.required {
			fmt.Fprintf(&b, "[[rules.required]]\nid = %q\n", q.id)
			if q.lines >= 0 {
				fmt.Fprintf(&b, "withinLines = %d\n", q.lines)
			}
			if q.columns >= 0 {
				fmt.Fprintf(&b, "withinColumns = %d\n", q.columns)
			}
		}
		for _, a := range r.allows {
			allow("rules.allowlists", a)
		}
	}
	for _, a := range c.allows {
		allow("allowlists", a)
	}
	return strings.ReplaceAll(b.String(), `\", \"`, `", "`)
}

// find returns what a scan of files must report.
func (c *peerConfig) find(files map[string]string) map[peerMatch]bool {
	out := map[peerMatch]bool{}
	for path, text := range files {
		found := map[string][]peerHit{}
		for i := range c.rules {
			found[c.rules[i].id] = c.rules[i].hits(path, text)
		}
		for i := range c.rules {
			r := &c.rules[i]
			for _, h := range found[r.id] {
				if !r.skip && r.satisfied(h, found) && !c.allowed(r, h, path) {
					out[peerMatch{r.id, h.secret, path}] = true
				}
			}
		}
	}
	return out
}

type peerHit struct {
	secret, match, line string
	row, column         int
}

func (r *peerRule) hits(path, text string) (out []peerHit) {
	if r.path != "" && !regexp.MustCompile(r.path).MatchString(path) {
		return nil
	}
	if r.regex == "" {
		return []peerHit{{secret: path, match: path, line: path, row: 1, column: 1}}
	}
	if len(r.keywords) > 0 && !slices.ContainsFunc(r.keywords, func(k string) bool { return strings.Contains(strings.ToLower(text), strings.ToLower(k)) }) {
		return nil
	}
	for _, m := range regexp.MustCompile(r.regex).FindAllStringSubmatchIndex(text, -1) {
		g := r.group
		for k := 1; g == 0 && k < len(m)/2; k++ {
			if m[2*k] >= 0 && m[2*k] < m[2*k+1] {
				g = k
			}
		}
		h := peerHit{secret: text[m[2*g]:m[2*g+1]], match: text[m[0]:m[1]]}
		from := strings.LastIndexByte(text[:m[0]], '\n') + 1
		to := len(text)
		if i := strings.IndexByte(text[m[1]:], '\n'); i >= 0 {
			to = m[1] + i
		}
		h.line, h.row, h.column = text[from:to], 1+strings.Count(text[:m[2*g]], "\n"), m[2*g]-from
		if r.entropy > 0 && peerEntropy(h.secret) <= r.entropy {
			continue
		}
		out = append(out, h)
	}
	return out
}

func peerEntropy(s string) float64 {
	count := map[rune]float64{}
	for _, r := range s {
		count[r]++
	}
	e := 0.0
	for _, n := range count {
		p := n / float64(len(s))
		e -= p * math.Log2(p)
	}
	return e
}

func (r *peerRule) satisfied(h peerHit, found map[string][]peerHit) bool {
	for _, q := range r.required {
		if !slices.ContainsFunc(found[q.id], func(o peerHit) bool {
			return (q.lines < 0 || max(o.row-h.row, h.row-o.row) <= q.lines) && (q.columns < 0 || max(o.column-h.column, h.column-o.column) <= q.columns)
		}) {
			return false
		}
	}
	return true
}

func (c *peerConfig) allowed(r *peerRule, h peerHit, path string) bool {
	for _, a := range r.allows {
		if a.holds(h, path) {
			return true
		}
	}
	for _, a := range c.allows {
		if (len(a.targetRules) == 0 || slices.Contains(a.targetRules, r.id)) && a.holds(h, path) {
			return true
		}
	}
	return false
}

func (a *peerAllow) holds(h peerHit, path string) bool {
	matches := func(list []string, text string) bool {
		return slices.ContainsFunc(list, func(re string) bool { return regexp.MustCompile(re).MatchString(text) })
	}
	target := map[string]string{"": h.secret, "match": h.match, "line": h.line}[a.target]
	var checks []bool
	if len(a.paths) > 0 {
		checks = append(checks, matches(a.paths, path))
	}
	if len(a.regexes) > 0 {
		checks = append(checks, matches(a.regexes, target))
	}
	if len(a.stopwords) > 0 {
		checks = append(checks, slices.ContainsFunc(a.stopwords, func(w string) bool { return strings.Contains(strings.ToLower(h.secret), strings.ToLower(w)) }))
	}
	if a.and {
		return !slices.Contains(checks, false)
	}
	return slices.Contains(checks, true)
}

// peerFiles makes up a configuration of n rules, of which each uses some of what there is, and files with texts that match, or
// nearly.
func peerFiles(rnd *rand.Rand, n int) (*peerConfig, map[string]string) {
	c := &peerConfig{}
	files := map[string]string{"a/empty.txt": "", "keys/server.pem": "x\n", "keys/notes.md": "pem\n"}
	letters := "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	value := func(n int) string {
		var b strings.Builder
		for range n {
			b.WriteByte(letters[rnd.IntN(len(letters))])
		}
		return b.String()
	}
	for i := range n {
		word := fmt.Sprintf("r%03dq%c", i, 'a'+rune(i%26))
		r := peerRule{id: "rule-" + word, regex: word + `_([A-Za-z0-9]{16,40})\b`, keywords: []string{word}}
		switch i % 12 {
		case 1:
			r.keywords = nil
		case 2:
			r.entropy = []float64{3, 3.5, 4}[i%3]
		case 3:
			r.regex, r.group = word+`_(id|key)=([0-9a-z]{20})(;|$)`, 2
		case 4:
			r.path = `(?i)^[ab]/.*\.(env|TXT)$`
		case 5:
			r.keywords = []string{"not" + word, "ru"} // the second stands in no text but some
		case 6:
			r.allows = []peerAllow{{stopwords: []string{"zz", "Q7"}}, {regexes: []string{`^a`, `(?i)^B`, `^c`}}}
		case 7:
			r.allows = []peerAllow{{and: true, paths: []string{`^a/`}, regexes: []string{`test`}, target: "line"}}
		case 8:
			r.allows = []peerAllow{{regexes: []string{word + `_[a-m]`}, target: "match"}}
		case 9:
			r.required = []peerRequired{{"rule-" + fmt.Sprintf("r%03dq%c", i-1, 'a'+rune((i-1)%26)), 2, []int{-1, 20}[i/12%2]}}
		case 10:
			r.skip = true
		case 11:
			r.required = []peerRequired{{c.rules[i-1].id, -1, 25}}
		}
		c.rules = append(c.rules, r)
		for k := range 6 {
			path := fmt.Sprintf("%s/f%d.%s", []string{"a", "b"}[rnd.IntN(2)], (i/3+k)%40, []string{"txt", "env", "go"}[rnd.IntN(3)])
			text := word + "_" + value(14+rnd.IntN(14))
			switch {
			case i%12 == 3:
				text = word + "_" + []string{"id", "key", "no"}[rnd.IntN(3)] + "=" + strings.ToLower(value(19+rnd.IntN(2))) + ";"
			case k == 0 && i%12 == 2:
				text = word + "_" + strings.Repeat(value(40)[:1]+"bcdefghi"[:7], 2) // of an entropy of 3 at most
			case k == 0:
				text = word + "_" + strings.Repeat(value(4), 5) // of low entropy
			case k == 1:
				text = word + "_a0" + value(10) + "zz" + value(4)
			}
			line := strings.Repeat(" ", rnd.IntN(30)) + text
			if rnd.IntN(3) == 0 {
				line += " # test only"
			}
			files[path] += line + strings.Repeat("\n", 1+rnd.IntN(3))
		}
	}
	c.rules = append(c.rules, peerRule{id: "pem-file", path: `\.pem$`})
	c.allows = []peerAllow{
		{paths: []string{`^b/f1\.`}},
		{stopwords: []string{"xy"}, targetRules: []string{c.rules[0].id, c.rules[1].id, c.rules[12].id}},
	}
	return c, files
}

// TestGitleaksSemantics compares a scan with a generated configuration of 300 rules to the naive implementation above.
func TestGitleaksSemantics(t *testing.T) {
	t.Parallel()
	for seed := range uint64(4) {
		rnd := rand.New(rand.NewPCG(seed, 7))
		c, files := peerFiles(rnd, 300)
		dir := t.TempDir()
		for path, text := range files {
			putFile(t, filepath.Join(dir, path), text)
		}
		want := c.find(files)
		config, err := ParseAnyConfig("gitleaks.toml", []byte(c.toml()), detectors.Vocabulary(), os.ReadFile)
		if err != nil {
			t.Fatal(err)
		}
		if !config.OnlyOwn || len(config.Warnings) > 0 {
			t.Errorf("only own %v, warnings %q", config.OnlyOwn, config.Warnings)
		}
		got := scanned(t, Options{Mode: ModeDir, Paths: []string{dir}, Rules: []*rules.Rule{}, Config: config, MaxDecodeDepth: -1, NoIgnore: true})
		found := map[peerMatch]bool{}
		for _, f := range got.findings {
			for _, p := range slices.Concat([]report.Place{f.Place}, f.Occurrences) {
				if p.Suppressed == "" {
					rel, _ := filepath.Rel(dir, *p.Path)
					secret := strings.ReplaceAll(f.Secret, filepath.ToSlash(dir)+"/", "")
					found[peerMatch{f.Rule, secret, filepath.ToSlash(rel)}] = true
				}
			}
		}
		if len(want) < 500 || got.coverage.Summary.Suppressed < 100 {
			t.Errorf("the files put too little to the test: %d findings, %d allowed", len(want), got.coverage.Summary.Suppressed)
		}
		for _, m := range slices.SortedFunc(maps.Keys(want), comparePeers) {
			if !found[m] {
				t.Errorf("seed %d: missed %v", seed, m)
			}
		}
		for _, m := range slices.SortedFunc(maps.Keys(found), comparePeers) {
			if !want[m] {
				t.Errorf("seed %d: reported %v", seed, m)
			}
		}
	}
}

func comparePeers(a, b peerMatch) int {
	return strings.Compare(a.rule+a.path+a.secret, b.rule+b.path+b.secret)
}

func putFile(t testing.TB, name, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(name), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
}
