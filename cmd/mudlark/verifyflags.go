package main

import (
	"fmt"
	"io"
	"math/rand/v2"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"mudlark/detectors"
	"mudlark/rules"
	"mudlark/scanner"
	"mudlark/verify"
)

// groupVerify is the heading of the flags that concern verification.
const groupVerify = "Verification"

// verifyFlags are the flags about asking providers whether secrets still work.
type verifyFlags struct {
	verify, onlyVerified, noVerification bool
	verifyPlan, verifyCanaries           bool
	allowPlaintext, allowUnknown         bool
	rps                                  float64
	verifyTimeout                        time.Duration
	cache                                string
	endpoints, allowHosts, allowEffects  []string
	results                              []string // kinds of --results

	opened *verify.Cache // nil without --verify-cache
}

func (f *verifyFlags) addVerification(s *pflag.FlagSet) {
	s.BoolVar(&f.verify, "verify", false, "ask the providers whether secrets still work; sends each secret to its provider, and nowhere else")
	s.BoolVar(&f.onlyVerified, "only-verified", false, "verify, and report only what works")
	s.Var(kinds{&f.results}, "results", "verify, and report only these, separated by commas: verified (it works), unknown (there was no clear answer), unverified (all others)")
	s.BoolVar(&f.noVerification, "no-verification", false, "do not verify, which is the default")
	s.BoolVar(&f.verifyPlan, "verify-plan", false, "print which requests --verify would send, and send nothing")
	f.addEngine(s)
	s.Var(text{&f.cache, "FILE"}, "verify-cache", "keep verdicts in this file between runs; it holds no secrets")
	s.BoolVar(&f.allowUnknown, "allow-unknown", false, "secrets that could not be verified for want of time or network leave the run complete")
}

// addEngine registers the flags that say how providers are asked.
func (f *verifyFlags) addEngine(s *pflag.FlagSet) {
	f.rps = verify.DefaultRate
	s.Var(rate{&f.rps}, "verify-rps", "send at most N requests a second to one host")
	f.verifyTimeout = verify.DefaultTimeout
	s.Var(duration{&f.verifyTimeout}, "verify-timeout", "verify for at most so long after the scan")
	s.Var(list{&f.endpoints, "NAME=URL"}, "endpoint", "where your own instance of a service is; repeatable")
	s.Var(list{&f.allowHosts, "HOST"}, "allow-host", "ask this host, too, though it stands in scanned text or has a private address; *.HOST and HOST:PORT are understood; repeatable")
	s.BoolVar(&f.allowPlaintext, "allow-plaintext", false, "send secrets without TLS, too")
	s.Var(list{&f.allowEffects, "EFFECT"}, "allow-effect", "verify where that has an effect, too: cost or write; repeatable")
	s.BoolVar(&f.verifyCanaries, "verify-canaries", false, "ask about secrets that are known to be traps, too, which sets them off")
}

// on reports whether providers are asked.
func (f *verifyFlags) on() bool {
	return f.verify || f.onlyVerified || f.verifyPlan || f.results != nil && !f.noVerification
}

// verification sets up an engine in o, if one is wanted. Whoever calls it closes the engine.
func (f *verifyFlags) verification(e *environment, o *scanner.Options) error {
	switch {
	case f.noVerification && f.on():
		return usagef("drop one of them", "--no-verification contradicts --verify, --only-verified and --verify-plan")
	case f.onlyVerified && f.results != nil:
		return usagef("drop one of them", "--only-verified is --results verified, and contradicts another --results")
	case f.noVerification && f.results != nil && !slices.Contains(f.results, kindUnverified):
		return usagef("drop one of them, or add unverified to --results", "--no-verification leaves nothing that --results %s could show", strings.Join(f.results, ","))
	}
	o.Verdicts = f.verdicts()
	if !f.on() {
		return nil
	}
	opt, err := f.engineOptions(e, o.Rules, o.Config)
	if err != nil {
		return err
	}
	o.Verify, o.AllowUnknown = verify.New(opt), f.allowUnknown
	return nil
}

// engineOptions checks the flags and the trusted configuration, which may be nil, and returns what they mean together.
func (f *verifyFlags) engineOptions(e *environment, all []*rules.Rule, c *scanner.Config) (verify.Options, error) {
	own := *f
	if c != nil {
		all = slices.Concat(all, c.Rules)
		own.allowHosts = slices.Concat(c.Verify.Hosts, f.allowHosts)
		own.endpoints = slices.Concat(c.Verify.Endpoints, f.endpoints)
		own.allowEffects = slices.Concat(c.Verify.Effects, f.allowEffects)
		own.allowPlaintext = f.allowPlaintext || c.Verify.Plaintext
	}
	o, err := own.destinations(e, all)
	if err == nil && f.cache != "" {
		o.Cache, err = openCache(f.cache)
		f.opened = o.Cache
	}
	return o, err
}

// openCache opens the file of --verify-cache. Its key lies beside the user's configuration.
func openCache(file string) (*verify.Cache, error) {
	dir, err := os.UserConfigDir()
	if err != nil {
		return nil, usagef("set HOME, or drop --verify-cache", "--verify-cache needs a folder of yours for its key: %v", err)
	}
	c, err := verify.OpenCache(file, filepath.Join(dir, "mudlark", "verdicts.key"))
	if err != nil {
		return nil, usagef("name a file that is a cache already, or does not exist", "--verify-cache: %v", err)
	}
	return c, nil
}

// saveCache writes what was learned.
func (f *verifyFlags) saveCache(w io.Writer) {
	if err := f.opened.Save(); err != nil {
		warn(w, []string{fmt.Sprintf("--verify-cache %s could not be written: %v", f.cache, err)})
	}
}

// destinations returns what the flags mean, without a cache.
func (f *verifyFlags) destinations(e *environment, all []*rules.Rule) (verify.Options, error) {
	o := verify.Options{
		AllowPlaintext: f.allowPlaintext, Canaries: f.verifyCanaries, Rate: f.rps, Timeout: f.verifyTimeout,
		UserAgent: "mudlark/" + version(), Getenv: e.getenv, Endpoints: map[string][]*url.URL{},
		Generate: generateSecret,
	}
	for _, h := range f.allowHosts {
		p, err := verify.ParseHostPattern(h)
		if err != nil {
			return o, usagef("write --allow-host vault.example.com, --allow-host '*.example.com' or --allow-host 10.0.0.7:8200", "--allow-host: %v", err)
		}
		o.AllowHosts = append(o.AllowHosts, p)
	}
	for _, effect := range f.allowEffects {
		if effect != rules.EffectCost && effect != rules.EffectWrite {
			return o, usagef("it is cost or write", "--allow-effect: %q is unknown", effect)
		}
		o.AllowEffects = append(o.AllowEffects, effect)
	}
	known := endpointNames(all)
	for _, text := range f.endpoints {
		name, u, err := parseEndpoint(text)
		if err == nil && !slices.Contains(known, name) {
			hint := "the names are " + strings.Join(known, ", ")
			if near := nearest(name, known); near != "" {
				hint = "did you mean " + near + "?"
			}
			err = usagef(hint, "--endpoint %s: no rule knows a service of this name", name)
		}
		if err != nil {
			return o, err
		}
		o.Endpoints[name] = append(o.Endpoints[name], u)
	}
	return o, nil
}

// generateSecret makes up a secret of a rule, or returns "".
func generateSecret(r *rules.Rule) string {
	text, _ := detectors.Generate(rand.New(rand.NewPCG(rand.Uint64(), rand.Uint64())), r)
	return string(text)
}

// endpointNames returns the names that rules give to services of which there are several instances.
func endpointNames(all []*rules.Rule) []string {
	var names []string
	for _, r := range all {
		if r.Verify != nil && r.Verify.Endpoint != "" && !slices.Contains(names, r.Verify.Endpoint) {
			names = append(names, r.Verify.Endpoint)
		}
	}
	slices.Sort(names)
	return names
}

// parseEndpoint reads NAME=URL.
func parseEndpoint(text string) (string, *url.URL, error) {
	const hint = "write --endpoint github=https://ghe.example.com/api/v3"
	name, address, ok := strings.Cut(text, "=")
	if !ok || name == "" {
		return "", nil, usagef(hint, "--endpoint %s names no service and URL", text)
	}
	u, err := url.Parse(address)
	switch {
	case name == "ssh":
		if err != nil || !verify.IsSSHEndpoint(u) {
			return "", nil, usagef("write --endpoint ssh=ssh://git@git.example.com:22#SHA256:..., with the fingerprint of the host key that ssh shows",
				"--endpoint ssh: that is no user, host and fingerprint")
		}
	case err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "":
		return "", nil, usagef(hint, "--endpoint %s: that is no http or https URL", name)
	case u.User != nil || u.RawQuery != "" || u.Fragment != "":
		return "", nil, usagef("give scheme, host and path only", "--endpoint %s: the URL holds more than that", name)
	}
	return name, u, nil
}

// rate is a positive number of requests a second.
type rate struct{ value *float64 }

func (r rate) Type() string   { return "N" }
func (r rate) String() string { return fmt.Sprint(*r.value) }

func (r rate) Set(s string) error {
	var n float64
	if _, err := fmt.Sscanf(s, "%g", &n); err != nil || !(n >= 0.001 && n <= 1000) || strings.TrimSpace(s) != s {
		return usagef("write for example 5 or 0.5", "%q is no number of requests", s)
	}
	*r.value = n
	return nil
}
