package detectors

import (
	"bytes"
	"fmt"
	"io/fs"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"mudlark/rules"
)

// How much TestRecall plants and reads.
const (
	plantsOfKind  = 10       // tokens of each kind and class
	maxFileSize   = 64 << 10 // of files that may hold a plant
	settingsTotal = 20_000   // lines to choose from
	leastFound    = 98       // percent of tokens that name themselves
)

// TestRecall measures what is found of tokens that stand where other values stood: in lines of real files that assign a value. It makes the tokens by
// the shapes that are written down apart from the rules, and names weak kinds after the kind and its provider, not by the rules' own words.
// It needs folders with sources and configuration of others:
//
//	MUDLARK_RECALL=FOLDER[:FOLDER] go test ./detectors -run TestRecall -v
func TestRecall(t *testing.T) {
	folders := os.Getenv("MUDLARK_RECALL")
	if folders == "" {
		t.Skip("MUDLARK_RECALL names no folders to take files from")
	}
	settings := readSettings(t, filepath.SplitList(folders))
	if len(settings) < 100 {
		t.Fatalf("%d lines that assign a value in %s", len(settings), folders)
	}
	set := catalogue(t)
	s := catalogueEngine(t, set).NewScanner()
	all := shapes(t)
	tallies, misses := map[string]*tally{}, map[string]int{}
	for _, r := range set {
		if !reportedAlone(r) {
			continue
		}
		rnd := source(r)
		for i := 0; len(all[r.ID]) > 0 && i < plantsOfKind; i++ {
			token := shaped(t, rnd, r, all[r.ID][i%len(all[r.ID])])
			for _, class := range classesOf(r, token) {
				text, ok := class.plant(rnd, settings, r, token)
				if !ok {
					continue
				}
				if tallies[class.name] == nil {
					tallies[class.name] = &tally{}
				}
				if what := tallies[class.name].add(s.Scan(text).Matches, r, token); what != "" {
					misses[class.name+": "+r.ID+": "+what]++
				}
			}
		}
	}
	t.Logf("%d lines to choose from", len(settings))
	for _, name := range slices.Sorted(maps.Keys(tallies)) {
		t.Logf("%-40s %v", name, tallies[name])
	}
	for _, miss := range slices.Sorted(maps.Keys(misses)) {
		t.Logf("%2d  %s", misses[miss], miss)
	}
	if sum := tallies[bySelf]; sum.found*100 < sum.planted*leastFound {
		t.Errorf("%s: %v", bySelf, sum)
	}
}

// A tally counts what became of planted tokens.
type tally struct{ planted, found, placed, low int }

func (n tally) String() string {
	share := func(k int) float64 { return 100 * float64(k) / float64(max(n.planted, 1)) }
	return fmt.Sprintf("%5d planted, found %.1f %%, as their kind %.1f %%, at low confidence %.1f %%", n.planted, share(n.found), share(n.placed), share(n.low))
}

// add counts one token and says what is wrong, "" if it was found as its kind.
func (n *tally) add(got []Match, r *rules.Rule, token []byte) string {
	n.planted++
	var low, other string
	for _, m := range got {
		switch {
		case !bytes.Contains(m.Secret, token) && !bytes.Contains(token, m.Secret):
		case m.Confidence == rules.Low:
			low = m.Rule.ID
		case m.Rule == r:
			n.found, n.placed = n.found+1, n.placed+1
			return ""
		default:
			other = m.Rule.ID
		}
	}
	switch {
	case other != "":
		n.found++
		return "found as " + other
	case low != "":
		n.low++
		return "at low confidence as " + low
	}
	return "missed"
}

// The classes of plants.
const (
	bySelf    = "names itself, any name"
	byKind    = "weak, NAME of the kind"
	byService = "weak, PROVIDER_KEY and the like"
	bySection = "weak, key in the provider's section"
)

// A plantClass says how a token is planted: the name that it is given, "" for the one that is there, and whether its provider is a section.
type plantClass struct {
	name    string
	rename  func(rnd *rand.Rand, r *rules.Rule) []string // words
	section bool
}

// reportedAlone reports whether a token of the rule is a secret that is reported by itself, wherever it stands.
func reportedAlone(r *rules.Rule) bool {
	return !r.Public && len(r.Formats) > 0 && len(r.Paths) == 0 && !slices.ContainsFunc(r.Parts, func(p rules.Part) bool { return p.Required })
}

// classesOf returns the classes in which a token is planted: none if its format is of low confidence by design.
func classesOf(r *rules.Rule, token []byte) []plantClass {
	weak := false
	for _, f := range r.Formats {
		if f.Confidence == rules.Low || !slices.Contains(ends(f.Node, token, []int{0}), len(token)) {
			continue
		}
		if len(f.Near) == 0 && len(f.After) == 0 {
			return []plantClass{{name: bySelf}}
		}
		weak = true
	}
	if !weak {
		return nil
	}
	return []plantClass{
		{name: byKind, rename: func(_ *rand.Rand, r *rules.Rule) []string { return strings.Split(r.ID, "-") }},
		{name: byService, rename: func(rnd *rand.Rand, r *rules.Rule) []string {
			return append(providerWords(rnd, r), lastWords(rnd, r)...)
		}},
		{name: bySection, rename: lastWords, section: true},
	}
}

// providerWords are those of the provider's name, apart or as one.
func providerWords(rnd *rand.Rand, r *rules.Rule) []string {
	words := regexp.MustCompile(`[a-z0-9]+`).FindAllString(strings.ToLower(r.Provider), -1)
	if rnd.IntN(2) == 0 {
		return []string{strings.Join(words, "")}
	}
	return words
}

// lastWords are what people call a credential of this kind.
func lastWords(rnd *rand.Rand, r *rules.Rule) []string {
	names := [][]string{{"api", "key"}, {"key"}, {"api", "token"}}
	switch {
	case strings.Contains(r.ID, "password"):
		names = [][]string{{"password"}}
	case strings.Contains(r.ID, "secret"):
		names = [][]string{{"secret"}, {"client", "secret"}, {"secret", "key"}}
	case strings.Contains(r.ID, "token"):
		names = [][]string{{"token"}, {"api", "token"}, {"access", "token"}}
	}
	return names[rnd.IntN(len(names))]
}

// plant returns a real file in which the value of a line is token; false if no line was found that can hold it.
func (c plantClass) plant(rnd *rand.Rand, settings []setting, r *rules.Rule, token []byte) ([]byte, bool) {
	for range 200 {
		at := settings[rnd.IntN(len(settings))]
		if c.section && !at.yaml || bytes.ContainsAny(token, "\"'\\\r\n\t ") || at.quote == "" && bytes.ContainsAny(token, "#$;,&|<>(){}[]!*?`~ ") {
			continue
		}
		data, err := os.ReadFile(at.path)
		if err != nil || at.valueEnd > len(data) {
			continue
		}
		name := string(data[at.name:at.nameEnd])
		if c.rename != nil {
			name = inStyle(name, c.rename(rnd, r))
		}
		var b bytes.Buffer
		b.Write(data[:at.name])
		if c.section {
			indent := data[bytes.LastIndexByte(data[:at.name], '\n')+1 : at.name]
			fmt.Fprintf(&b, "%s:\n%s  ", strings.Join(providerWords(rnd, r), "_"), indent)
		}
		b.WriteString(name)
		b.Write(data[at.nameEnd:at.value])
		b.Write(token)
		b.Write(data[at.valueEnd:])
		return b.Bytes(), true
	}
	return nil, false
}

// inStyle writes words as the model is written: in capitals, with its divider, or with humps.
func inStyle(model string, words []string) string {
	joined := strings.Join(words, "_")
	switch {
	case model == strings.ToUpper(model):
		return strings.ToUpper(joined)
	case strings.Contains(model, "-"):
		return strings.Join(words, "-")
	case strings.Contains(model, "."):
		return strings.Join(words, ".")
	case model == strings.ToLower(model):
		return joined
	}
	for i, w := range words {
		if i > 0 {
			words[i] = strings.ToUpper(w[:1]) + w[1:]
		}
	}
	return strings.Join(words, "")
}

// A setting is a line of a file that assigns a value.
type setting struct {
	path                           string
	name, nameEnd, value, valueEnd int // offsets
	quote                          string
	yaml                           bool
}

// readSettings finds up to settingsTotal lines that assign a value in text files of the folders, a few of each file.
func readSettings(t *testing.T, folders []string) []setting {
	t.Helper()
	line := regexp.MustCompile(`(?m)^[ \t]*(?:export |ENV |const |var |let |public |static |- )*["']?([A-Za-z_][\w.-]{2,40})["']?[ \t]*(?::|=|:=)[ \t]*(["']?)([^\s"'{}\[\]()<>$,;#=]{4,80})(["']?)[,;]?[ \t]*\r?$`)
	var found []setting
	rnd := named(strings.Join(folders, "\n"))
	for _, folder := range folders {
		err := filepath.WalkDir(folder, func(path string, d fs.DirEntry, err error) error {
			if err != nil || !d.Type().IsRegular() || !holdsSettings(path) {
				return nil
			}
			data, err := os.ReadFile(path)
			if err != nil || len(data) > maxFileSize || bytes.IndexByte(data, 0) >= 0 {
				return nil
			}
			quoted := slices.Contains([]string{".py", ".js", ".ts", ".rb", ".php", ".java", ".go", ".cs", ".json", ".toml", ".tf"}, filepath.Ext(path))
			yaml := strings.HasSuffix(path, "yml") || strings.HasSuffix(path, "yaml")
			here := line.FindAllSubmatchIndex(data, -1)
			rnd.Shuffle(len(here), func(i, j int) { here[i], here[j] = here[j], here[i] })
			for _, m := range here[:min(len(here), 3)] {
				quote := string(data[m[4]:m[5]])
				if quote != string(data[m[8]:m[9]]) || quoted && quote == "" {
					continue
				}
				found = append(found, setting{path, m[2], m[3], m[6], m[7], quote, yaml})
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	rnd.Shuffle(len(found), func(i, j int) { found[i], found[j] = found[j], found[i] })
	return found[:min(len(found), settingsTotal)]
}

// holdsSettings reports whether a file is of a kind that people write credentials into.
func holdsSettings(path string) bool {
	base := filepath.Base(path)
	return strings.HasPrefix(base, ".env") || strings.HasPrefix(base, "Dockerfile") || slices.Contains([]string{".yml", ".yaml", ".json", ".env", ".properties",
		".toml", ".ini", ".cfg", ".conf", ".tf", ".tfvars", ".py", ".js", ".ts", ".rb", ".php", ".java", ".go", ".cs", ".sh", ".md"}, filepath.Ext(base))
}
