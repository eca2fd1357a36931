package report

import (
	"bufio"
	"cmp"
	"crypto/sha1" // UUIDs of version 5 are made with it
	"encoding/hex"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"
)

// GitLabFile is the name that GitLab's own jobs give to the report.
const GitLabFile = "gl-secret-detection-report.json"

// gitLabSchema is the version of GitLab's report format for secret detection
// (gitlab.com/gitlab-org/security-products/security-report-schemas).
const gitLabSchema = "15.2.1"

// NewGitLab returns a handler that writes a secret detection report of GitLab, gl-secret-detection-report.json. It holds no secrets.
func NewGitLab(w io.Writer) Handler {
	return Discreet(&gitLabHandler{w: bufio.NewWriterSize(w, 1<<16)})
}

type gitLabHandler struct {
	w       *bufio.Writer
	count   int
	version string
}

type gitLabVulnerability struct {
	ID          string                 `json:"id"`
	Category    string                 `json:"category"`
	Name        string                 `json:"name"`
	Description string                 `json:"description"`
	Severity    string                 `json:"severity"`
	Confidence  string                 `json:"confidence"`
	Solution    string                 `json:"solution"`
	Scanner     gitLabName             `json:"scanner"`
	Location    gitLabLocation         `json:"location"`
	Identifiers []gitLabIdentifier     `json:"identifiers"`
	Links       []gitLabLink           `json:"links,omitempty"`
	Details     map[string]gitLabValue `json:"details"`
}

type gitLabName struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

type gitLabLocation struct {
	File      string       `json:"file"`
	Commit    gitLabCommit `json:"commit"`
	StartLine int          `json:"start_line"`
	EndLine   int          `json:"end_line"`
}

type gitLabCommit struct {
	SHA  string `json:"sha"`
	Date string `json:"date,omitempty"`
}

type gitLabIdentifier struct {
	Type  string `json:"type"`
	Name  string `json:"name"`
	Value string `json:"value"`
}

type gitLabLink struct {
	Name string `json:"name"`
	URL  string `json:"url"`
}

// gitLabValue is a field of details: a text, or a list of them. Texts are shown as they are, while description and solution are Markdown.
type gitLabValue struct {
	Name  string       `json:"name,omitempty"`
	Type  string       `json:"type"`
	Value string       `json:"value,omitempty"`
	Items []gitLabItem `json:"items,omitempty"`
}

type gitLabItem struct {
	Type  string `json:"type"`
	Value string `json:"value"`
}

func (g *gitLabHandler) Config(c *Config) error {
	g.version = cmp.Or(Escape(c.Tool.Version), "unknown")
	_, err := fmt.Fprintf(g.w, "{\n  \"version\": %q,\n  \"vulnerabilities\": [", gitLabSchema)
	return err
}

func (g *gitLabHandler) Finding(f *Finding) error {
	text, err := encode(gitLabOf(f), jsonIndent2, jsonIndent)
	if err != nil {
		return err
	}
	if g.count > 0 {
		g.w.WriteByte(',')
	}
	g.count++
	g.w.WriteString("\n" + jsonIndent2)
	_, err = g.w.Write(text)
	return err
}

func gitLabOf(f *Finding) *gitLabVulnerability {
	v := &gitLabVulnerability{
		ID: fingerprintUUID(f.Fingerprint), Category: "secret_detection", Name: shortened(cmp.Or(f.Name, f.Rule), 255),
		Description: shortened(markdownCode(f.Redacted)+": "+markdownCode(f.Name)+". "+story(f), gitLabText), Solution: advice(f),
		Severity: gitLabLevel(f), Confidence: title(f.Confidence), Scanner: gitLabName{"mudlark", "Mudlark"},
		Location: gitLabLocation{File: filePath(&f.Place), Commit: gitLabCommit{SHA: cmp.Or(deref(f.Commit), noCommit), Date: f.Date},
			StartLine: lineOf(&f.Place), EndLine: endLineOf(&f.Place)},
		Identifiers: []gitLabIdentifier{{"mudlark_rule_id", "Mudlark rule " + f.Rule, cmp.Or(f.Rule, "unknown")}},
		Details:     gitLabDetails(f),
	}
	if link := webLink(f.Rotate); link != "" {
		v.Links = []gitLabLink{{"Revoke or rotate it", link}}
	}
	return v
}

// gitLabText is how many characters of a description GitLab takes; a report with a longer one is dropped whole.
const gitLabText = 1 << 20

// noCommit stands for a commit where there is none, which the format does not allow for.
const noCommit = "0000000000000000000000000000000000000000"

// fingerprintUUID returns a UUID of version 5 (RFC 9562 section 5.5) for a fingerprint, with the name space of URLs.
func fingerprintUUID(fingerprint string) string {
	namespace := [16]byte{0x6b, 0xa7, 0xb8, 0x11, 0x9d, 0xad, 0x11, 0xd1, 0x80, 0xb4, 0x00, 0xc0, 0x4f, 0xd4, 0x30, 0xc8} // RFC 9562 section 6.6
	h := sha1.New()
	h.Write(namespace[:])
	io.WriteString(h, "urn:mudlark:fingerprint:"+fingerprint)
	id := h.Sum(nil)[:16]
	id[6], id[8] = id[6]&0x0f|0x50, id[8]&0x3f|0x80
	s := hex.EncodeToString(id)
	return strings.Join([]string{s[:8], s[8:12], s[12:16], s[16:20], s[20:]}, "-")
}

// markdownCode returns text that Markdown shows as it is: nothing in it can make a link, an image or a mention.
func markdownCode(text string) string {
	return "`" + strings.ReplaceAll(Escape(text), "`", "'") + "`"
}

// shortened returns at most n characters of s.
func shortened(s string, n int) string {
	if utf8.RuneCountInString(s) <= n {
		return s
	}
	return string([]rune(s)[:n-1]) + ellipsis
}

func title(level string) string {
	if level == "" {
		return "Unknown"
	}
	return strings.ToUpper(level[:1]) + level[1:]
}

// gitLabLevel is one of Info, Unknown, Low, Medium, High, Critical.
func gitLabLevel(f *Finding) string {
	switch {
	case f.Verdict.dead():
		return "Info"
	case severityGroup(f.Severity) == len(severities):
		return "Unknown"
	}
	return title(f.Severity)
}

// gitLabPlaces is how many other places are listed.
const gitLabPlaces = 100

func gitLabDetails(f *Finding) map[string]gitLabValue {
	d := map[string]gitLabValue{}
	add := func(key, name, text string) {
		if text != "" {
			d[key] = gitLabValue{Name: name, Type: "text", Value: Escape(text)}
		}
	}
	add("fingerprint", "Fingerprint", f.Fingerprint)
	add("redacted", "Redacted", f.Redacted)
	add("where", "Where", placeText(&f.Place))
	if f.Excerpt != nil {
		add("excerpt", "Line", strings.TrimSpace(f.Excerpt.Text))
	}
	add("details", "Details", namedTexts(f.Details))
	add("author", "Introduced by", f.Author)
	if f.ExposedSeconds != nil {
		add("exposed", "Exposed for", lasting(*f.ExposedSeconds))
	}
	add("refs", "Held by", refsText(refsOf(f)))
	if f.Verdict.Status != "" && f.Verdict.Status != "unasked" {
		add("verdict", "Verdict", strings.TrimSuffix(f.Verdict.Status+": "+f.Verdict.Reason, ": "))
	}
	add("identity", "Identity", identityText(&f.Verdict))
	if n := len(f.Occurrences); n > 0 {
		v := gitLabValue{Name: fmt.Sprintf("Also at (%d)", n), Type: "list"}
		for i := range f.Occurrences[:min(n, gitLabPlaces)] {
			v.Items = append(v.Items, gitLabItem{"text", occurrenceText(&f.Occurrences[i])})
		}
		d["occurrences"] = v
	}
	return d
}

type gitLabScan struct {
	Analyzer gitLabTool      `json:"analyzer"`
	Scanner  gitLabTool      `json:"scanner"`
	Type     string          `json:"type"`
	Started  string          `json:"start_time"`
	Ended    string          `json:"end_time"`
	Status   string          `json:"status"`
	Messages []gitLabMessage `json:"messages,omitempty"`
}

type gitLabTool struct {
	ID      string `json:"id"`
	Name    string `json:"name"`
	Version string `json:"version"`
	Vendor  struct {
		Name string `json:"name"`
	} `json:"vendor"`
}

type gitLabMessage struct {
	Level string `json:"level"`
	Value string `json:"value"`
}

// Coverage writes what was scanned. An incomplete scan is a success with warnings: GitLab drops what a scan that failed has found.
func (g *gitLabHandler) Coverage(c *Coverage) error {
	tool := gitLabTool{ID: "mudlark", Name: "Mudlark", Version: g.version}
	tool.Vendor.Name = "Mudlark"
	scan := gitLabScan{Analyzer: tool, Scanner: tool, Type: "secret_detection", Status: "success"}
	scan.Started, scan.Ended = times(c)
	for _, s := range c.Skipped {
		if s.Accepted == "" {
			scan.Messages = append(scan.Messages, gitLabMessage{"warn", Escape("not read: " + s.What + ": " + s.Why)})
		}
	}
	for _, n := range c.Notes {
		scan.Messages = append(scan.Messages, gitLabMessage{"info", Escape(cmp.Or(n, "note"))})
	}
	text, err := encode(scan, jsonIndent, jsonIndent)
	if err != nil {
		return err
	}
	if g.count > 0 {
		g.w.WriteString("\n" + jsonIndent)
	}
	_, err = fmt.Fprintf(g.w, "],\n  \"scan\": %s\n}\n", text)
	return err
}

func (g *gitLabHandler) Done() error { return g.w.Flush() }
