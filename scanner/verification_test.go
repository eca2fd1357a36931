package scanner

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"mudlark/detectors"
	"mudlark/report"
	"mudlark/rules"
	"mudlark/verify"
)

// verifiedRules are kinds of secrets of two providers; the last two are told apart by the words beside them only.
const verifiedRules = `
[[rule]]
id = "alpha-token"
name = "Alpha token"
provider = "Alpha"
severity = "high"
confidence = "high"
format = "alpha_{base62:32}"
[rule.verify]
request = "GET https://alpha.example/me"
headers = { X-Token = "{secret}" }
endpoint = "alpha"
evidence = "https://alpha.example/docs"
active = { status = [200], json = "login" }
inactive = { status = [401], json = "error=revoked" }
identity = { login = "json:login", echo = "json:echo" }

[[rule]]
id = "alpha-key"
name = "Alpha key"
provider = "Alpha"
severity = "high"
confidence = "high"
format = "{hex:32}"
near = ["alpha_key"]
[rule.verify]
request = "GET https://alpha.example/me"
headers = { X-Token = "{secret}" }
endpoint = "alpha"
evidence = "https://alpha.example/docs"
active = { status = [200], json = "login" }

[[rule]]
id = "beta-key"
name = "Beta key"
provider = "Beta"
severity = "high"
confidence = "high"
format = "{hex:32}"
near = ["beta_key"]
[rule.verify]
request = "GET https://beta.example/me"
headers = { X-Token = "{secret}" }
endpoint = "beta"
evidence = "https://beta.example/docs"
active = { status = [200], json = "login" }
`

// pairedRule is a kind of secret with a companion, which is anything of the right form.
const pairedRule = `
[[rule]]
id = "alpha-pair"
name = "Alpha pair"
provider = "Alpha"
severity = "high"
confidence = "high"
format = "alphaid_{hex:8}"
[[rule.part]]
name = "key"
format = "{hex:32}"
near = ["token"]
within = "5 lines"
[rule.verify]
request = "GET https://alpha.example/me"
headers = { X-Token = "{part.key}" }
endpoint = "alpha"
evidence = "https://alpha.example/docs"
active = { status = [200], json = "login" }
`

// asked is a server that remembers which secrets it was asked about.
type asked struct {
	*httptest.Server
	mu     sync.Mutex
	tokens map[string]int
	active func(token string) bool
	pause  time.Duration
}

func newAsked(t testing.TB, active func(string) bool) *asked {
	a := &asked{tokens: map[string]int{}, active: active}
	a.Server = httptest.NewServer(a)
	t.Cleanup(a.Close)
	return a
}

func (a *asked) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	token := r.Header.Get("X-Token")
	a.mu.Lock()
	a.tokens[token]++
	active := a.active(token)
	a.mu.Unlock()
	select {
	case <-time.After(a.pause):
	case <-r.Context().Done():
	}
	if active {
		fmt.Fprintf(w, `{"login":"ann","echo":%q}`, token)
		return
	}
	w.WriteHeader(401)
	io.WriteString(w, `{"error":"revoked"}`)
}

func (a *asked) times(token string) int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.tokens[token]
}

func (a *asked) total() int {
	a.mu.Lock()
	defer a.mu.Unlock()
	n := 0
	for _, k := range a.tokens {
		n += k
	}
	return n
}

// verifying returns options that scan a folder with the rules above and ask these servers.
func verifying(t testing.TB, dir string, alpha, beta *asked) Options {
	t.Helper()
	set, err := rules.ParseConfigRules("test.toml", []byte(verifiedRules), detectors.Vocabulary())
	if err != nil {
		t.Fatal(err)
	}
	o := verify.Options{AllowPlaintext: true, Rate: 1000, Endpoints: map[string][]*url.URL{}}
	for name, a := range map[string]*asked{"alpha": alpha, "beta": beta} {
		u, err := url.Parse(a.URL)
		if err != nil {
			t.Fatal(err)
		}
		o.Endpoints[name] = []*url.URL{u}
	}
	local, err := verify.ParseHostPattern("127.0.0.1")
	if err != nil {
		t.Fatal(err)
	}
	o.AllowHosts = []verify.HostPattern{local}
	engine := verify.New(o)
	t.Cleanup(engine.Close)
	return Options{Mode: ModeDir, Paths: []string{dir}, Rules: set, Verify: engine, Workers: 2}
}

func alphaToken(n int) string {
	sum := sha256.Sum256([]byte(fmt.Sprint("alpha", n)))
	return "alpha_" + hex.EncodeToString(sum[:16])
}

func hexKey(n int) string { return alphaToken(-n)[len("alpha_"):] }

// byPlace returns the verdicts by file, line and rule.
func byPlace(findings []*report.Finding) map[string]report.Verdict {
	m := map[string]report.Verdict{}
	for _, f := range findings {
		m[fmt.Sprintf("%s:%d %s", *f.Path, *f.Line, f.Rule)] = f.Verdict
	}
	return m
}

func TestVerification(t *testing.T) {
	t.Parallel()
	r := newSandbox(t)
	r.write("a.env", alphaToken(1)+"\n"+alphaToken(2)+"\n")
	alpha := newAsked(t, func(s string) bool { return s == alphaToken(1) })
	got := scanned(t, verifying(t, r.path, alpha, newAsked(t, func(string) bool { return false })))
	verdicts := byPlace(got.findings)
	if len(verdicts) != 2 {
		t.Fatalf("findings %v", verdicts)
	}
	for place, v := range verdicts {
		want := "inactive"
		if strings.Contains(place, ":1 ") {
			want = "active"
			if v.Identity["login"] != "ann" || v.Identity["echo"] != "" {
				t.Errorf("identity %v", v.Identity)
			}
		}
		if v.Status != want || v.CheckedAt == "" {
			t.Errorf("%s: %+v, want %s", place, v, want)
		}
	}
	if n := alpha.times(alphaToken(1)); n != 1 {
		t.Errorf("asked %d times", n)
	}
}

// What the rules of two providers claim is sent to neither: one of them would learn a secret of the other's.
func TestSecretsOfOthersAreSentNowhere(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		text        string
		alpha, beta bool // may be asked about the key
		skipped     int
	}{
		"one provider":               {text: "alpha_key = @\n", alpha: true},
		"the other":                  {text: "beta_key = @\n", beta: true},
		"both words, one line":       {text: "alpha_key or beta_key = @\n", skipped: 1},
		"both words, in two files":   {text: "alpha_key = @\n\x00beta_key = @\n", skipped: 2},
		"both words, far apart":      {text: "alpha_key = @\n" + strings.Repeat("-\n", 300) + "beta_key = @\n", skipped: 2},
		"one word twice, two places": {text: "alpha_key = @\n\x00alpha_key: @\n", alpha: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newSandbox(t)
			for i, text := range strings.Split(tt.text, "\x00") {
				r.write(fmt.Sprintf("f%d.env", i), strings.ReplaceAll(text, "@", hexKey(1)))
			}
			yes := func(string) bool { return false }
			alpha, beta := newAsked(t, yes), newAsked(t, yes)
			got := scanned(t, verifying(t, r.path, alpha, beta))
			if n := alpha.times(hexKey(1)); (n > 0) != tt.alpha {
				t.Errorf("alpha was asked %d times", n)
			}
			if n := beta.times(hexKey(1)); (n > 0) != tt.beta {
				t.Errorf("beta was asked %d times", n)
			}
			skipped := 0
			for _, f := range got.findings {
				if f.Verdict.Status == string(verify.Skipped) && f.Verdict.Reason == string(verify.Ambiguous) {
					skipped++
				}
			}
			if skipped != tt.skipped || len(got.findings) == 0 {
				t.Errorf("%d of %d findings are ambiguous, want %d", skipped, len(got.findings), tt.skipped)
			}
		})
	}
}

// A companion is whatever of the right form stands near by. What another provider's word names is not sent to this one.
func TestCompanionsOfOthersAreSentNowhere(t *testing.T) {
	t.Parallel()
	const id = "id = alphaid_0a1b2c3d\n"
	for name, tt := range map[string]struct {
		text string
		sent bool
	}{
		"of nobody":                {id + "other = @\n", true},
		"its own word":             {id + "token = @\n", true},
		"another's word":           {id + "beta_key = @\n", false},
		"another's and its own":    {id + "beta_key token = @\n", false},
		"both providers' words":    {id + "alpha_key beta_key = @\n", true},
		"another's, and of nobody": {id + "beta_key = @\n\x00" + id + "other = @\n", true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newSandbox(t)
			for i, text := range strings.Split(tt.text, "\x00") {
				r.write(fmt.Sprintf("f%d.env", i), strings.ReplaceAll(text, "@", hexKey(1)))
			}
			no := func(string) bool { return false }
			alpha := newAsked(t, no)
			o := verifying(t, r.path, alpha, newAsked(t, no))
			pair, err := rules.ParseConfigRules("test.toml", []byte(pairedRule), detectors.Vocabulary())
			if err != nil {
				t.Fatal(err)
			}
			o.Rules = append(o.Rules, pair...)
			got := scanned(t, o)
			if sent := alpha.times(hexKey(1)) > 0; sent != tt.sent {
				t.Errorf("sent: %v, want %v; %+v", sent, tt.sent, byPlace(got.findings))
			}
		})
	}
}

// Allowed secrets are not asked about, whether the file that allows them is read before or the marker stands beside them.
func TestAllowedSecretsAreNotAskedAbout(t *testing.T) {
	t.Parallel()
	r := newSandbox(t)
	r.write("a.env", alphaToken(1)+" # mudlark:allow -- a test\n")
	alpha := newAsked(t, func(string) bool { return true })
	scanned(t, verifying(t, r.path, alpha, alpha))
	r.write("a.env", alphaToken(1)+"\n")
	r.write(".mudlarkignore", "path:a.env  # tests\n")
	got := scanned(t, verifying(t, r.path, alpha, alpha))
	if n := alpha.total(); n > 0 || len(got.findings) > 0 {
		t.Errorf("%d requests, findings %v", n, got.findings)
	}
}

// In a part of the history only what is reported is asked about.
func TestOnlyReportedSecretsAreAskedAbout(t *testing.T) {
	t.Parallel()
	r := newSandbox(t)
	r.put("old.env", alphaToken(1)+"\n")
	base := r.tip()
	r.put("new.env", alphaToken(2)+"\n")
	alpha := newAsked(t, func(s string) bool { return s == alphaToken(2) })
	o := verifying(t, r.path, alpha, alpha)
	o.Mode, o.Target, o.Since = ModeGit, r.path, []string{base}
	got := scanned(t, o)
	if len(got.findings) != 1 {
		t.Fatalf("findings %v", byPlace(got.findings))
	}
	if alpha.times(alphaToken(1)) > 0 || alpha.times(alphaToken(2)) != 1 {
		t.Errorf("old %d, new %d", alpha.times(alphaToken(1)), alpha.times(alphaToken(2)))
	}
}

// A scan that is interrupted in verification still writes its report.
func TestInterruptedVerification(t *testing.T) {
	t.Parallel()
	r := newSandbox(t)
	r.write("a.env", alphaToken(1)+"\n"+alphaToken(2)+"\n")
	ctx, cancel := context.WithCancel(context.Background())
	alpha := newAsked(t, func(string) bool { cancel(); return true })
	alpha.pause = time.Minute
	o := verifying(t, r.path, alpha, alpha)
	var c collected
	started := time.Now()
	res, err := Run(ctx, o, &c)
	if err != nil || !res.Interrupted || res.Complete || time.Since(started) > 20*time.Second {
		t.Fatalf("%+v, %v after %s", res, err, time.Since(started))
	}
	if c.coverage == nil {
		t.Fatal("there is no report")
	}
	for _, f := range c.findings {
		if f.Verdict.Status != "unknown" || f.Verdict.Reason != string(verify.Interrupted) {
			t.Errorf("verdict %+v", f.Verdict)
		}
	}
}

// No secret is in a report of verified findings, in no format, though the provider repeats it.
func TestVerificationIsDiscreet(t *testing.T) {
	t.Parallel()
	r := newSandbox(t)
	r.write("a.env", alphaToken(1)+"\n")
	alpha := newAsked(t, func(s string) bool { return s == alphaToken(1) })
	out := rawReports(t, verifying(t, r.path, alpha, alpha))
	if !strings.Contains(string(out), "ann") {
		t.Error("the identity is missing")
	}
	checkDiscreet(t, out, alphaToken(1)[len("alpha_"):]) // the beginning is in the name of the rule, too
}

// Verification begins while the scan goes on, and detection does not wait for it: two thousand secrets of a provider that takes its
// time are found as fast as without.
func TestDetectionDoesNotWait(t *testing.T) {
	t.Parallel()
	r := newSandbox(t)
	var text strings.Builder
	for i := range 2000 {
		fmt.Fprintln(&text, alphaToken(i))
	}
	r.write("a.env", text.String())
	release := make(chan struct{})
	var once sync.Once
	alpha := newAsked(t, func(string) bool { return false })
	alpha.pause = 0
	hold := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		<-release
		alpha.ServeHTTP(w, r)
	}))
	t.Cleanup(func() { once.Do(func() { close(release) }); hold.Close() })
	alpha.URL = hold.URL
	o := verifying(t, r.path, alpha, alpha)
	// No answer comes before the scan is through: only a detection that does not wait gets there.
	o.Progress = func(p Progress) {
		if p.Phase == "verification" {
			once.Do(func() { close(release) })
		}
	}
	got := scanned(t, o)
	if len(got.findings) != 2000 {
		t.Fatalf("%d findings", len(got.findings))
	}
	for _, f := range got.findings {
		if f.Verdict.Status != "inactive" {
			text, err := json.Marshal(f.Verdict)
			t.Fatalf("%s %v", text, err)
		}
	}
}
