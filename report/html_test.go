package report

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// htmlPage returns the HTML report of a run.
func htmlPage(t *testing.T, c *Config, f []*Finding, v *Coverage) string {
	t.Helper()
	var b bytes.Buffer
	play(t, NewHTML(&b), c, f, v)
	return b.String()
}

var pageData = regexp.MustCompile(`(?s)<script type="application/json" id="data">(.*?)</script>`)

// TestHTMLHoldsTheReport reads the findings back.
func TestHTMLHoldsTheReport(t *testing.T) {
	for name, run := range allRuns() {
		t.Run(name, func(t *testing.T) {
			c, f, v := run()
			text := htmlPage(t, c, f, v)
			m := pageData.FindStringSubmatch(text)
			if m == nil {
				t.Fatal("there is no data in the page")
			}
			var got struct {
				Config   *Config
				Findings []*Finding
				Coverage *Coverage
			}
			if err := json.Unmarshal([]byte(m[1]), &got); err != nil {
				t.Fatal(err)
			}
			if len(got.Findings) != len(f) || strings.Contains(m[1], "<") || strings.Count(text, "<script") != 2 {
				t.Errorf("%d findings of %d; %d scripts", len(got.Findings), len(f), strings.Count(text, "<script"))
			}
			for i := range f {
				if name != "hostile" {
					want := complete(f[i])
					if diff := cmp.Diff(want, got.Findings[i]); diff != "" {
						t.Error(diff)
					}
				}
			}
		})
	}
}

// TestHTMLPolicyNamesItsParts makes sure that the hashes are those of what is in the page: else a browser would run none of it.
func TestHTMLPolicyNamesItsParts(t *testing.T) {
	c, f, v := sample()
	text := htmlPage(t, c, f, v)
	for _, element := range []string{"style", "script"} {
		_, rest, ok := strings.Cut(text, "<"+element+">")
		inner, _, closed := strings.Cut(rest, "</"+element+">")
		if !ok || !closed || !strings.Contains(text, element+"-src "+cspHash([]byte(inner))) {
			t.Errorf("the policy does not name the %s", element)
		}
	}
	for _, bad := range []string{"unsafe-", "http:", " src=", "@import", "url("} {
		if head, _, _ := strings.Cut(text, `id="data"`); strings.Contains(head, bad) {
			t.Errorf("%q is in the head", bad)
		}
	}
	for _, bad := range []string{"innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "fetch(", "XMLHttpRequest", "localStorage"} {
		if bytes.Contains(htmlProgram, []byte(bad)) {
			t.Errorf("the program uses %s", bad)
		}
	}
}

// chromium returns a browser, or skips the test.
func chromium(t *testing.T) string {
	t.Helper()
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	t.Skip("Chromium is not installed (apt-get install chromium)")
	return ""
}

// render opens a page in a browser and returns the document that its program has made.
func render(t *testing.T, text string) string {
	t.Helper()
	browser := chromium(t)
	dir := t.TempDir()
	file := filepath.Join(dir, "report.html")
	if err := os.WriteFile(file, []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, browser, "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
		"--disable-component-update", "--disable-sync", "--user-data-dir="+filepath.Join(dir, "profile"), "--virtual-time-budget=5000", "--dump-dom", "file://"+file)
	var out bytes.Buffer
	cmd.Stdout = &out
	if err := cmd.Run(); err != nil {
		t.Fatalf("%v\n%s", err, out.Bytes())
	}
	if !strings.Contains(out.String(), `data-ready="1"`) {
		t.Fatalf("the page's program did not run to its end:\n%.2000s", out.String())
	}
	return out.String()
}

func TestHTMLInBrowser(t *testing.T) {
	c, f, v := sample()
	for _, one := range f { // a report without --show-secrets
		one.Secret, one.SecretB64 = "", ""
	}
	dom := render(t, htmlPage(t, c, f, v))
	for _, want := range []string{"Example key pair", "src/config.py:12", "Exposed over time", "<polygon", "By provider", "HEAD still has it", "works", "revoke it, then put a new one where it is used",
		`href="https://example.org/settings/tokens/`, "mudlark revoke " + f[0].Fingerprint + " /src/shop"} {
		if !strings.Contains(dom, want) {
			t.Errorf("%q is not shown", want)
		}
	}
	if n := strings.Count(dom, "<article"); n != len(f) {
		t.Errorf("%d of %d findings are shown", n, len(f))
	}
}

// TestHTMLTimelineEnds takes times for which the end of the timeline, as a quotient, is a little less than it should be: what is still exposed is
// there at the end all the same.
func TestHTMLTimelineEnds(t *testing.T) {
	c, f, v := sample()
	f = f[1:2] // HEAD still has it
	f[0].Introduced.Committed, v.Started, v.Duration = "2020-10-27T20:54:53Z", "2026-11-25T15:57:04Z", 13.124295327
	if dom := render(t, htmlPage(t, c, f, v)); !strings.Contains(dom, "at most 1 at once, 1 at the end") {
		t.Error("the timeline ends without the finding")
	}
}

// contentPolicy is the element with which the page says what may run in it.
var contentPolicy = regexp.MustCompile(`<meta http-equiv="Content-Security-Policy"[^>]*>`)

// TestHTMLIsUsed does what people do: they filter by the keyboard, which must keep its place, and print, which must show all.
func TestHTMLIsUsed(t *testing.T) {
	c, one, v := sample()
	var f []*Finding
	for i := range 60 { // more than are shown at first
		f = append(f, one[i%len(one)])
	}
	page := contentPolicy.ReplaceAllString(htmlPage(t, c, f, v), "")
	page = strings.Replace(page, "</body>", `<script>
		const said = [], status = document.querySelector("[role=status]");
		const use = (key, act) => {
			const e = document.querySelector("[data-key='" + key + "']");
			e.focus();
			act(e);
			said.push(document.activeElement.getAttribute("data-key") + ": " + status.textContent);
		};
		use("severity=critical", (e) => e.click());
		use("text", (e) => { e.value = "nowhere"; e.dispatchEvent(new Event("input")); });
		use("reset", (e) => e.click());
		use("sort", (e) => { e.value = "oldest"; e.dispatchEvent(new Event("change")); });
		const shown = () => said.push(document.querySelectorAll("article").length + " shown");
		shown();
		dispatchEvent(new Event("beforeprint"));
		shown();
		said.push([...document.querySelectorAll("details")].filter((d) => !d.open).length + " closed");
		dispatchEvent(new Event("afterprint"));
		shown();
		document.title = said.join("; ");
		</script></body>`, 1)
	title := regexp.MustCompile(`<title>(.*?)</title>`).FindStringSubmatch(render(t, page))
	want := "severity=critical: 15 of 60 secrets; text: 0 of 60 secrets; reset: 60 secrets; sort: 60 secrets; 50 shown; 60 shown; 0 closed; 50 shown"
	if title == nil || title[1] != want {
		t.Errorf("got  %q\nwant %q", title, want)
	}
}

// TestHTMLIsNoProgram gives a browser findings in which every text is an attack, and watches what it does.
func TestHTMLIsNoProgram(t *testing.T) {
	chromium(t)
	var asked atomic.Int32
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked.Add(1) }))
	defer server.Close()
	attack := fmt.Sprintf(`</script><script>document.title="owned"</script><img src="%[1]s/a" onerror="fetch('%[1]s/b')"><link rel=stylesheet href="%[1]s/c"><iframe src="%[1]s/d"></iframe>`+
		`<style>@import url(%[1]s/e)</style><!--<script>"'`+"`${1}\\u003cb\u202e", server.URL)
	c, findings, v := hostileRun()
	c.Target = attack
	for _, f := range findings {
		f.Name, f.Provider, f.Author, f.Path, f.Severity, f.Redacted, f.Rule, f.Excerpt = attack, attack, attack, ref(attack), attack, attack, attack, &Excerpt{Text: attack, Start: 1, End: 9}
		f.Occurrences, f.Tips = []Place{{Path: ref(attack), Source: attack}}, []string{attack}
		f.Verdict = Verdict{Status: attack, Reason: attack, Identity: map[string]string{attack: attack}}
		f.Rotate = "javascript:fetch('" + server.URL + "/f')"
	}
	v.Skipped = []Skipped{{What: attack, Why: attack, Class: attack}}
	dom := render(t, htmlPage(t, c, findings, v))
	body, _, _ := strings.Cut(dom, `<script type="application/json"`)
	for _, bad := range []string{"<img", "<iframe", "<link", "javascript:", "<title>owned"} {
		if strings.Contains(body, bad) {
			t.Errorf("%q is in the document", bad)
		}
	}
	if n := strings.Count(dom, "<script"); n != 2 {
		t.Errorf("%d scripts are in the document", n)
	}
	if n := asked.Load(); n != 0 {
		t.Errorf("the page made %d requests", n)
	}
}
