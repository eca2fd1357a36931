package verify

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/url"
	"slices"
	"strings"
	"time"

	"mudlark/rules"
)

// Protocol verifies credentials that one HTTP request cannot ask about. protocols lists them by the name that rules use.
//
// The engine has applied rate and policy to Targets before it calls Verify, and recovers from panics. Verify proves what it says as
// rules do: active needs positive evidence, inactive the server's own words. It logs nothing, and returns reasons of this package
// only; Identity is made discreet by the engine.
type Protocol interface {
	// Targets names what Verify will connect to, without connecting; nil if it asks offline. ok is false if a value that is
	// needed is not there or makes no sense: the credential is skipped then.
	Targets(p *Probe) (targets []Target, ok bool)
	Verify(ctx context.Context, p *Probe) Answer
}

// Revoker is a Protocol by which the holder of a credential can also revoke exactly this one.
type Revoker interface {
	Protocol
	// Revocation names the request that would revoke ("POST https://host/path", no secret in it) and what Revoke will connect to, or why it
	// cannot be. Probe.Told is nil if the provider was not asked about the credential yet.
	Revocation(p *Probe) (where string, targets []Target, no Refusal)
	// Revoke sends that request, once, and says why the credential is not revoked as far as the answer tells.
	Revoke(ctx context.Context, p *Probe) Refusal
}

// bound is a Protocol whose credentials belong to one place, which stands beside them: of several candidates none is asked, as all but one
// would get what belongs to another.
type bound interface{ onePlace() }

// holder is a Protocol whose credentials, such as connection strings, hold names beside what is secret.
type holder interface {
	secretIn(credential string) string // "" if all of it is
}

// Target is a host that a protocol verifier connects to.
type Target struct {
	Scheme string // "https", "postgres", "ssh", ...: what --verify-plan prints
	Host   string // small letters, or an address
	Port   string
	// Text: the host stands in scanned text, and neither in the verifier nor in --endpoint.
	Text bool
	// Clear: the secret crosses the network in clear text, without TLS or a protocol that protects it.
	Clear bool
	// Service, if not "": the servers are those that the host's SRV records for this service name (RFC 2782).
	Service string
	// User, if not "": only one attempt is made for each host and user in a run, as further ones may lock the account.
	User string
}

// Probe is a credential, with one choice of parts, that a Protocol asks about.
type Probe struct {
	Rule   *rules.Rule
	Secret string
	Parts  map[string]string // by name; those that are there
	// Endpoints are those that --endpoint gives for the rule's endpoint name.
	Endpoints []*url.URL
	// Canaries: known canaries are asked about as well; else they are Skipped with reason Canary.
	Canaries bool
	// Plaintext: clear text is allowed (--allow-plaintext). Protocols whose servers say themselves whether they have TLS skip what has
	// none without it; the others declare it by Target.Clear.
	Plaintext bool
	// Told is what the provider told of a credential that is to be revoked.
	Told map[string]string
	// Lived: the credential was accepted from here a moment ago, and then a request to revoke it was. An answer that elsewhere may have
	// other causes, such as a want of permissions, is a refusal then.
	Lived bool
	// Dial connects to one of the Targets and to nothing else, under the host policy. It waits until the pace of the host allows for it;
	// the connection must be closed, and ends after a time-out.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
	// Servers looks up the servers of the Target that has a Service; Dial leads to them as well. Those that the policy does not allow are
	// left out; without any the answer says why.
	Servers func(ctx context.Context) ([]Target, Answer)
	// Also has Dial and requests lead to a further target, which a server names, if --allow-host does as well; else it says why not.
	Also func(Target) Reason
	// TLS is to be cloned for TLS on what Dial returns.
	TLS *tls.Config

	// exchange sends an HTTP request to one of the targets, as Engine.exchange does.
	exchange func(context.Context, *message) (*response, Reason)
	allowed  map[string]Target // what is reached, by host:port
	timeout  time.Duration     // of a connection
	once     bool              // no request is sent again: it changes something, or accounts get locked
}

// protocols returns the verifiers by name.
func protocols() map[string]Protocol {
	return map[string]Protocol{
		"amqp":             amqp{},
		"aws":              aws{},
		"azure-sas":        azureSAS{},
		"azure-servicebus": azureServiceBus{},
		"azure-storage":    azureStorage{},
		"jwt":              jwt{},
		"basic":            basic{},
		"entra":            entra{},
		"ftp":              ftp{},
		"gcp":              gcp{},
		"kubernetes":       kubernetes{},
		"ldap":             ldap{},
		"mongodb":          mongodb{},
		"mysql":            mysql{},
		"npm":              npm{},
		"npm-basic":        npm{basic: true},
		"postgres":         postgres{},
		"redis":            redis{},
		"registry":         registry{},
		"smtp":             smtp{},
		"ssh":              sshKeys{gitHosts()},
		"url":              byScheme{"ftp": "ftp", "ftps": "ftp", "http": "basic", "https": "basic", "ldap": "ldap", "ldaps": "ldap"},
		"vault":            vault{},
	}
}

// ProtocolNames returns the names that [rule.verify] may give as protocol, in no order.
func ProtocolNames() []string {
	var names []string
	for name := range protocols() {
		names = append(names, name)
	}
	return names
}

var errNoTarget = errors.New("not among the targets")

// probe returns the question for a protocol.
func (e *Engine) probe(v *values) *Probe {
	p := &Probe{Rule: v.rule, Secret: v.secret, Parts: v.parts, Told: v.told, Canaries: e.o.Canaries, Plaintext: e.o.AllowPlaintext, Lived: e.o.lived,
		timeout: 2 * e.o.requestTimeout}
	if name := v.rule.Verify.Endpoint; name != "" {
		p.Endpoints = e.o.Endpoints[name]
	}
	return p
}

// askProtocol asks by a protocol of its own.
func (e *Engine) askProtocol(ctx context.Context, v *values) answer {
	proto, p := e.o.protocols[v.rule.Verify.Protocol], e.probe(v)
	targets, ok := proto.Targets(p)
	if !ok {
		return plainAnswer(Skipped, PartMissing)
	}
	for _, t := range targets {
		if why := e.checkTarget(t, v.rule.Verify.Hosts); why != "" {
			return plainAnswer(Skipped, why)
		}
	}
	if !e.firstAttempt(targets) {
		return plainAnswer(Skipped, AskedOnce)
	}
	p.once = slices.ContainsFunc(targets, func(t Target) bool { return t.User != "" })
	e.connect(p, targets)
	p.Servers, p.Also = e.servers(p, targets), e.also(p)
	a := proto.Verify(ctx, p)
	if a.Status == "" || a.Status == Unknown && e.ctx.Err() != nil {
		a = Answer{Status: Unknown, Reason: e.whyNot(e.ctx, e.ctx.Err())}
	}
	a.Identity = discreet(a.Identity, v)
	return answer{Answer: a}
}

// checkTarget applies the policy to a target of a protocol.
func (e *Engine) checkTarget(t Target, hosts []string) Reason {
	switch {
	case t.Host == "" || strings.ContainsAny(t.Host, "/@%\\?# "):
		return HostNotAllowed
	case t.Clear && !e.policy.plaintext:
		return ClearText
	case !t.Text || e.policy.allows(t.Host, t.Port):
		return ""
	}
	var u *url.URL
	if t.Scheme == "https" || t.Scheme == "http" {
		u = &url.URL{Scheme: t.Scheme, Host: net.JoinHostPort(t.Host, t.Port)}
	}
	return e.policy.checkText(t.Host, u, hosts)
}

// firstAttempt reports whether none of the targets was tried with its user before.
func (e *Engine) firstAttempt(targets []Target) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, t := range targets {
		if key := net.JoinHostPort(t.Host, t.Port) + "\x00" + t.User; t.User != "" && e.tried[key] {
			return false
		}
	}
	for _, t := range targets {
		e.tried[net.JoinHostPort(t.Host, t.Port)+"\x00"+t.User] = true
	}
	return true
}

// connect gives a probe its connections, which lead to the targets only, at the pace of their hosts.
func (e *Engine) connect(p *Probe, targets []Target) {
	p.allowed = map[string]Target{}
	for _, t := range targets {
		p.allowed[net.JoinHostPort(t.Host, t.Port)] = t
	}
	p.Dial = func(ctx context.Context, network, address string) (net.Conn, error) {
		if _, ok := p.allowed[address]; !ok {
			return nil, errNoTarget
		}
		return e.dialPaced(ctx, network, address, p.timeout)
	}
	p.TLS = &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: e.o.rootCAs}
	p.exchange = func(ctx context.Context, m *message) (*response, Reason) {
		t, ok := p.allowed[hostKey(m.target.url)]
		if !ok {
			return nil, NetworkError
		}
		m.once = p.once
		r, why := e.exchange(ctx, m, rules.EffectRead)
		if why == PrivateAddress && (t.Text || len(p.Endpoints) > 0) {
			why = HostNotAllowed
		}
		return r, why
	}
}
