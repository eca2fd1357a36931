package main

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"mudlark/detectors"
	"mudlark/rules"
	"mudlark/verify"
)

// docPages returns the pages that people read, by their path from the top of the source, with slashes.
func docPages(t *testing.T) map[string]string {
	t.Helper()
	top := filepath.Join("..", "..")
	pages := map[string]string{}
	for _, pattern := range []string{"*.md", filepath.Join("docs", "*.md")} {
		files, err := filepath.Glob(filepath.Join(top, pattern))
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			name, err := filepath.Rel(top, file)
			if err != nil {
				t.Fatal(err)
			}
			pages[filepath.ToSlash(name)] = strings.ReplaceAll(string(text), "\r\n", "\n")
		}
	}
	return pages
}

// docLink is a link of Markdown with its target.
var docLink = regexp.MustCompile(`\]\(([^)\s]+)\)`)

// TestDocLinks follows the links between the pages: to a file that is there, to a heading that is there, and from README.md to every page.
func TestDocLinks(t *testing.T) {
	pages := docPages(t)
	linked := map[string]bool{"README.md": true}
	for name, text := range pages {
		for _, link := range docLink.FindAllStringSubmatch(withoutCode(text), -1) {
			file, heading, _ := strings.Cut(link[1], "#")
			if strings.Contains(file, "://") {
				continue
			}
			target := name
			if file != "" {
				target = filepath.ToSlash(filepath.Join(filepath.Dir(name), file))
			}
			if _, err := os.Stat(filepath.Join("..", "..", filepath.FromSlash(target))); err != nil {
				t.Errorf("%s: there is no %s", name, link[1])
			}
			if heading != "" && !headings(pages[target])[heading] {
				t.Errorf("%s: there is no heading for %s", name, link[1])
			}
			if name == "README.md" {
				linked[target] = true
			}
		}
	}
	for name := range pages {
		if !linked[name] {
			t.Errorf("README.md has no link to %s", name)
		}
	}
}

// withoutCode returns the text of a page without its blocks of code and what stands between backquotes.
func withoutCode(page string) string {
	var b strings.Builder
	fenced := false
	for line := range strings.Lines(page) {
		if strings.HasPrefix(line, "```") {
			fenced = !fenced
			continue
		}
		if fenced || strings.HasPrefix(line, "    ") {
			continue
		}
		for i, part := range strings.Split(line, "`") {
			if i%2 == 0 {
				b.WriteString(part)
			}
		}
	}
	return b.String()
}

// headings returns the names under which the headings of a page are linked to, as GitHub and others make them.
func headings(page string) map[string]bool {
	found := map[string]bool{}
	fenced := false
	for line := range strings.Lines(page) {
		if strings.HasPrefix(line, "```") {
			fenced = !fenced
		}
		if text := strings.TrimLeft(line, "#"); !fenced && text != line && strings.HasPrefix(text, " ") {
			name := strings.Map(func(r rune) rune {
				switch {
				case r == ' ':
					return '-'
				case r == '-' || r == '_' || r >= 'a' && r <= 'z' || r >= '0' && r <= '9':
					return r
				}
				return -1
			}, strings.ToLower(strings.TrimSpace(text)))
			found[name] = true
		}
	}
	return found
}

// TestReadmeFigures compares what README.md says about the number of rules with the rules: it must be true, and not be long out of date.
func TestReadmeFigures(t *testing.T) {
	set, err := rules.Builtin(detectors.Vocabulary())
	if err != nil {
		t.Fatal(err)
	}
	verified := 0
	for _, r := range set {
		if r.Verify != nil {
			verified++
		}
	}
	said := regexp.MustCompile(`over ([0-9,]+) rules`).FindAllStringSubmatch(docPages(t)["README.md"], -1)
	if len(said) != 2 {
		t.Fatalf("README.md tells %d numbers of rules; want all of them and those that are verified", len(said))
	}
	for i, have := range []int{len(set), verified} {
		n, err := strconv.Atoi(strings.ReplaceAll(said[i][1], ",", ""))
		if err != nil || have <= n || have > n+n/5 {
			t.Errorf("README.md says over %s; there are %d", said[i][1], have)
		}
	}
}

// TestDocTables compares tables that list what the program knows with what it knows: each name stands in the first cell of a row, and no other
// does.
func TestDocTables(t *testing.T) {
	pages := docPages(t)
	statuses := []string{"active", "inactive", "expired", "unknown", "unsupported", "skipped", "unasked"}
	for _, tt := range []struct {
		page, head string
		want       []string
	}{
		{"docs/verify.md", "| protocol | secret |", verify.ProtocolNames()},
		{"docs/verify.md", "| status | meaning |", statuses},
		{"docs/reports.md", "| format | for |", formats},
	} {
		_, table, ok := strings.Cut(pages[tt.page], tt.head)
		if !ok {
			t.Fatalf("%s has no table %s", tt.page, tt.head)
		}
		table, _, _ = strings.Cut(table, "\n\n")
		var have []string
		for _, row := range strings.Split(table, "\n")[2:] {
			first, _, _ := strings.Cut(strings.TrimPrefix(row, "|"), "|")
			for _, name := range strings.Split(first, ",") {
				have = append(have, strings.Trim(name, " `"))
			}
		}
		want := slices.Clone(tt.want)
		slices.Sort(want)
		slices.Sort(have)
		if !slices.Equal(want, have) {
			t.Errorf("%s, %s: names %q; want %q", tt.page, tt.head, have, want)
		}
	}
}

// TestGlossaryKeys looks for the keys that the glossary explains in the schema of the JSON report.
func TestGlossaryKeys(t *testing.T) {
	schema, err := os.ReadFile(filepath.Join("..", "..", "docs", "report.schema.json"))
	if err != nil {
		t.Fatal(err)
	}
	keys := 0
	for line := range strings.Lines(docPages(t)["docs/glossary.md"]) {
		term, _, ok := strings.Cut(strings.TrimPrefix(line, "|"), "|")
		if !ok {
			continue
		}
		for _, key := range docInline.FindAllStringSubmatch(term, -1) {
			if keys++; !strings.Contains(string(schema), `"`+key[1]+`": {`) {
				t.Errorf("the schema has no %s", key[1])
			}
		}
	}
	if keys < 15 {
		t.Errorf("%d keys were found", keys)
	}
}
