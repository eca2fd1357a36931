package verify

import (
	"context"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"mudlark/rules"
)

func TestVerdicts(t *testing.T) {
	t.Parallel()
	r := acmeRule(t)
	good, bad, old := newToken(r), newToken(r), newToken(r)
	p := newProvider(t, good)
	p.expired[old] = true
	got := verdicts(t, p.options(t), Credential{Rule: r, Secret: good}, Credential{Rule: r, Secret: bad}, Credential{Rule: r, Secret: old}, Credential{Rule: r, Secret: good})
	check(t, got[0], Active, "")
	check(t, got[1], Inactive, "")
	check(t, got[2], Expired, "")
	check(t, got[3], Active, "")
	if got[0].Identity["login"] != "ann" || got[0].Identity["scopes"] != "read" {
		t.Errorf("identity %v", got[0].Identity)
	}
	for _, token := range []string{good, bad, old} {
		if n := p.count(token); n != 1 {
			t.Errorf("%d requests for one secret", n)
		}
	}
	if first := p.all()[0]; strings.Contains(first, good) || strings.Contains(first, bad) || strings.Contains(first, old) {
		t.Error("a real secret was sent before a made-up one")
	}
	if n := len(p.all()); n != 4 {
		t.Errorf("%d requests for three secrets and one control", n)
	}
}

func TestNotAsked(t *testing.T) {
	t.Parallel()
	base := ruleText
	part := "[[rule.part]]\nname = \"id\"\nformat = \"{digit:12}\"\npublic = true\n"
	for name, tt := range map[string]struct {
		rule   string
		change func(*Options, *Credential)
		status Status
		reason Reason
	}{
		"no verifier":      {rule: base, status: Unsupported, reason: NoVerifier},
		"unknown protocol": {rule: base + "[rule.verify]\nprotocol = \"acme\"\nevidence = \"https://acme.example\"\n", status: Unsupported, reason: NoVerifier},
		"ambiguous":        {rule: base + acme, change: func(_ *Options, c *Credential) { c.Ambiguous = true }, status: Skipped, reason: Ambiguous},
		"cost":             {rule: base + acme + "effect = \"cost\"\n", status: Skipped, reason: EffectNotAllow},
		"write, cost allowed": {rule: base + acme + "effect = \"write\"\n", change: func(o *Options, _ *Credential) { o.AllowEffects = []string{"cost"} },
			status: Skipped, reason: EffectNotAllow},
		"part missing":      {rule: base + part + strings.Replace(acme, "/me", "/{part.id}", 1), status: Skipped, reason: PartMissing},
		"clear text":        {rule: base + acme, change: func(o *Options, _ *Credential) { o.AllowPlaintext = false }, status: Skipped, reason: ClearText},
		"private address":   {rule: base + acme, change: func(o *Options, _ *Credential) { o.AllowHosts = nil }, status: Skipped, reason: HostNotAllowed},
		"line feed":         {rule: base + acme, change: func(_ *Options, c *Credential) { c.Secret += "\r\nX-Evil: 1" }, status: Skipped, reason: Unsendable},
		"NUL":               {rule: base + acme, change: func(_ *Options, c *Credential) { c.Secret += "\x00" }, status: Skipped, reason: Unsendable},
		"not ASCII, header": {rule: base + acme, change: func(_ *Options, c *Credential) { c.Secret += "é" }, status: Skipped, reason: Unsendable},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newProvider(t)
			o, c := p.options(t), Credential{Rule: parse(t, tt.rule), Secret: newToken(nil)}
			if tt.change != nil {
				tt.change(&o, &c)
			}
			check(t, verdicts(t, o, c)[0], tt.status, tt.reason)
			if len(p.all()) > 0 {
				t.Errorf("requests %q", p.all())
			}
		})
	}
}

func TestAllowedEffect(t *testing.T) {
	t.Parallel()
	r := parse(t, ruleText+acme+"effect = \"cost\"\n")
	token := newToken(r)
	p := newProvider(t, token)
	o := p.options(t)
	o.AllowEffects = []string{rules.EffectCost}
	check(t, verdicts(t, o, Credential{Rule: r, Secret: token})[0], Active, "")
}

// A redirect is not followed: the secret would go where the answer says.
func TestRedirect(t *testing.T) {
	t.Parallel()
	r := acmeRule(t)
	token := newToken(r)
	other := newProvider(t, token)
	p := newProvider(t)
	p.before = func(w http.ResponseWriter, _ *http.Request) bool {
		w.Header().Set("Location", other.URL+"/me")
		w.WriteHeader(http.StatusTemporaryRedirect)
		return true
	}
	check(t, verdicts(t, p.options(t), Credential{Rule: r, Secret: token})[0], Unknown, Redirected)
	if len(other.all()) > 0 {
		t.Error("the redirect was followed")
	}
}

// A credential of several places is dead only where all say so.
func TestPlaces(t *testing.T) {
	t.Parallel()
	r := acmeRule(t)
	token := newToken(r)
	for name, tt := range map[string]struct {
		second func(w http.ResponseWriter, _ *http.Request) bool
		active bool
		status Status
		reason Reason
	}{
		"both refuse":        {status: Inactive},
		"the second knows":   {active: true, status: Active},
		"the second fails":   {second: func(w http.ResponseWriter, _ *http.Request) bool { w.WriteHeader(500); return true }, status: Unknown, reason: ServerError},
		"the second differs": {second: func(w http.ResponseWriter, _ *http.Request) bool { w.WriteHeader(404); return true }, status: Unknown, reason: Unclear},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			one, two := newProvider(t), newProvider(t)
			two.active[token], two.before = tt.active, tt.second
			o, second := one.options(t), two.options(t)
			o.Endpoints["acme"] = append(o.Endpoints["acme"], second.Endpoints["acme"]...)
			check(t, verdicts(t, o, Credential{Rule: r, Secret: token})[0], tt.status, tt.reason)
		})
	}
	t.Run("one is not allowed", func(t *testing.T) {
		t.Parallel()
		p := newProvider(t)
		o := p.options(t)
		o.Endpoints["acme"] = append(o.Endpoints["acme"], &url.URL{Scheme: "https", Host: "10.1.2.3"})
		check(t, verdicts(t, o, Credential{Rule: r, Secret: token})[0], Unknown, NotEverywhere)
	})
}

// A refusal of a pair that may be no pair says nothing of the key.
func TestPairs(t *testing.T) {
	t.Parallel()
	text := ruleText + "[[rule.part]]\nname = \"key\"\nformat = \"{base62:20}\"\n[[rule.part]]\nname = \"region\"\nformat = \"(eu|us)\"\npublic = true\n" +
		strings.NewReplacer("Bearer {secret}", "Bearer {secret}.{part.key}", "/me", "/{part.region}").Replace(acme)
	r := parse(t, text)
	token := newToken(r)
	p := newProvider(t, token+".right")
	ask := func(keys, regions []string) Verdict {
		return verdicts(t, p.options(t), Credential{Rule: r, Secret: token, Parts: map[string][]string{"key": keys, "region": regions}})[0]
	}
	check(t, ask([]string{"wrong", "right"}, []string{"eu"}), Active, "")
	check(t, ask([]string{"wrong"}, []string{"eu"}), Inactive, "")
	check(t, ask([]string{"wrong", "worse"}, []string{"eu"}), Unknown, Pairing)
	check(t, ask([]string{"wrong"}, []string{"eu", "us"}), Inactive, "") // refused at both places
	many := []string{}
	for range maxChoices + 1 {
		many = append(many, newToken(nil))
	}
	check(t, ask(many, []string{"eu"}), Unknown, NotEverywhere)
}

// A server that takes everything proves nothing, and is not sent the real secret.
func TestAcceptsAny(t *testing.T) {
	t.Parallel()
	r := acmeRule(t)
	token, other := newToken(r), newToken(r)
	p := newProvider(t)
	p.before = func(w http.ResponseWriter, _ *http.Request) bool {
		_, err := w.Write([]byte(`{"login":"anybody"}`))
		return err == nil
	}
	got := verdicts(t, p.options(t), Credential{Rule: r, Secret: token}, Credential{Rule: r, Secret: other})
	check(t, got[0], Unknown, AcceptsAny)
	check(t, got[1], Unknown, AcceptsAny)
	if len(p.all()) != 1 || p.count(token)+p.count(other) > 0 {
		t.Errorf("requests %q", p.all())
	}
}

// Ctrl-C ends verification at once, whatever a server does.
func TestInterrupted(t *testing.T) {
	t.Parallel()
	r := acmeRule(t)
	reached, release := make(chan bool, 100), make(chan bool)
	p := newProvider(t)
	p.before = func(_ http.ResponseWriter, r *http.Request) bool {
		reached <- true
		select {
		case <-release:
		case <-r.Context().Done():
		}
		return true
	}
	t.Cleanup(func() { close(release) })
	e := New(p.options(t))
	defer e.Close()
	ctx, cancel := context.WithCancel(context.Background())
	go func() { <-reached; cancel() }()
	var list []Credential
	for range 50 {
		list = append(list, Credential{Rule: r, Secret: newToken(r)})
	}
	start := time.Now()
	for _, v := range e.Verify(ctx, list, nil) {
		check(t, v, Unknown, Interrupted)
	}
	if d := time.Since(start); d > 5*time.Second {
		t.Errorf("it took %s", d)
	}
}

func TestOutOfTime(t *testing.T) {
	t.Parallel()
	r := acmeRule(t)
	p := newProvider(t)
	p.before = func(_ http.ResponseWriter, r *http.Request) bool { <-r.Context().Done(); return true }
	o := p.options(t)
	o.Timeout = 50 * time.Millisecond
	check(t, verdicts(t, o, Credential{Rule: r, Secret: newToken(r)})[0], Unknown, OutOfTime)
}

// What begins while the scan goes on is not asked again.
func TestEarly(t *testing.T) {
	t.Parallel()
	r := acmeRule(t)
	token := newToken(r)
	p := newProvider(t, token)
	e := New(p.options(t))
	defer e.Close()
	for range 3 {
		e.Early(Credential{Rule: r, Secret: token})
	}
	check(t, e.Verify(context.Background(), []Credential{{Rule: r, Secret: token}}, nil)[0], Active, "")
	if n := p.count(token); n != 1 {
		t.Errorf("%d requests", n)
	}
}

// Early never waits: beyond a bound it drops.
func TestEarlyIsBounded(t *testing.T) {
	t.Parallel()
	r := acmeRule(t)
	p := newProvider(t)
	hold := make(chan bool)
	p.before = func(http.ResponseWriter, *http.Request) bool { <-hold; return true }
	e := New(p.options(t))
	defer e.Close()
	defer close(hold)
	for range 2 * maxEarly {
		e.Early(Credential{Rule: r, Secret: newToken(r)})
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if n := len(e.calls); n > maxEarly+hostConcurrency {
		t.Errorf("%d wait", n)
	}
}

func TestPlanNamesEveryRequest(t *testing.T) {
	t.Parallel()
	r := acmeRule(t)
	p := newProvider(t)
	e := New(p.options(t))
	defer e.Close()
	list := []Credential{{Rule: r, Secret: newToken(r)}, {Rule: r, Secret: newToken(r)}, {Rule: r, Secret: "x\n"}}
	plan := e.Plan(list)
	want := Planned{Rule: "acme-token", Method: "GET", URL: p.URL + "/me", Headers: []string{"Authorization"}, Effect: "read", Secrets: 2}
	i := slices.IndexFunc(plan, func(p Planned) bool { return p.URL != "" })
	if len(plan) != 2 || i < 0 || plan[i].URL != want.URL || plan[i].Secrets != 2 || !slices.Equal(plan[i].Headers, want.Headers) {
		t.Errorf("plan %+v", plan)
	}
	if len(p.all()) > 0 {
		t.Error("planning sent something")
	}
}

// Endpoints replace host and base path, and only those of the rule's own service.
func TestEndpoint(t *testing.T) {
	t.Parallel()
	for base, want := range map[string]string{
		"https://own.example":             "https://own.example/api/v4/user?a=b",
		"https://own.example/":            "https://own.example/api/v4/user?a=b",
		"https://own.example/git":         "https://own.example/git/api/v4/user?a=b",
		"https://own.example/api/v4":      "https://own.example/api/v4/user?a=b",
		"https://own.example/git/api/v4":  "https://own.example/git/api/v4/user?a=b",
		"https://own.example/git/api":     "https://own.example/git/api/v4/user?a=b",
		"https://own.example/api/v3":      "https://own.example/api/v3/api/v4/user?a=b",
		"https://own.example/api/v4/us":   "https://own.example/api/v4/us/api/v4/user?a=b",
		"http://own.example:8080/api/v4/": "http://own.example:8080/api/v4/user?a=b",
	} {
		u, err := url.Parse("https://gitlab.example/api/v4/user?a=b")
		if err != nil {
			t.Fatal(err)
		}
		b, err := url.Parse(base)
		if err != nil {
			t.Fatal(err)
		}
		if got := redirected(u, b).String(); got != want {
			t.Errorf("%s becomes %s, want %s", base, got, want)
		}
	}
	other := parse(t, strings.ReplaceAll(ruleText+acme, `endpoint = "acme"`, `endpoint = "other"`))
	p := newProvider(t)
	e := New(p.options(t))
	defer e.Close()
	if got := e.candidates(other.Verify)[0].endpoint; got != nil {
		t.Errorf("the endpoint of acme is used for another service: %s", got)
	}
}

// A server may send anything at any time; nothing of it is trusted, and nothing stops the run.
func TestPanicIsContained(t *testing.T) {
	t.Parallel()
	r := parse(t, ruleText+"[rule.verify]\nprotocol = \"broken\"\nevidence = \"https://acme.example\"\n")
	s := httptest.NewServer(http.NotFoundHandler())
	defer s.Close()
	o := Options{protocols: map[string]Protocol{"broken": brokenProtocol{}}}
	check(t, verdicts(t, o, Credential{Rule: r, Secret: newToken(r)})[0], Unknown, VerifierFailed)
}

type brokenProtocol struct{}

func (brokenProtocol) Targets(*Probe) ([]Target, bool)       { return nil, true }
func (brokenProtocol) Verify(context.Context, *Probe) Answer { panic("no") }
