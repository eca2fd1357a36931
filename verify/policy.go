package verify

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"golang.org/x/net/http/httpproxy"

	"mudlark/rules"
)

// target is where a request goes.
type target struct {
	url   *url.URL
	fixed bool // the rule or the user names the host; else it stands in scanned text
	port  bool // the rule names the port
}

// policy decides which hosts are contacted.
//
// A host that the rule names is the provider's, one that --endpoint names the user's own. A host found in scanned text is whoever's who
// wrote the text: with VAULT_ADDR=https://evil.example beside a token that was there already, a pull request would have the token
// sent there. Such a host must have one of the rule's suffixes, or be named by --allow-host. All of them must be reached by TLS and
// have public addresses, which is checked on the address that is connected to, when it is, so that no name can be rebound in
// between. Proxies see names only; so behind one, hosts from text need --allow-host.
type policy struct {
	allowed   []HostPattern
	plaintext bool
	proxy     func(*url.URL) (*url.URL, error)
	proxies   map[string]bool // host:port of the proxies themselves
	resolver  *net.Resolver   // nil for the system's
}

// HostPattern is a value of --allow-host: a host name, "*." with a suffix, or an address, with or without a port.
type HostPattern struct{ host, port string }

// ParseHostPattern reads a value of --allow-host.
func ParseHostPattern(s string) (HostPattern, error) {
	p := HostPattern{host: strings.ToLower(strings.TrimSpace(s))}
	if host, port, err := net.SplitHostPort(p.host); err == nil {
		if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 {
			return p, fmt.Errorf("%q is no host", s)
		}
		p = HostPattern{host, port}
	}
	p.host = strings.TrimSuffix(strings.TrimPrefix(p.host, "["), "]")
	if _, err := netip.ParseAddr(p.host); err == nil {
		return p, nil
	}
	if !rules.HostName(strings.TrimPrefix(p.host, "*.")) {
		return p, fmt.Errorf("%q is no host", s)
	}
	return p, nil
}

func (p HostPattern) matches(host, port string) bool {
	if p.port != "" && p.port != port {
		return false
	}
	return p.host == host || matchesSuffix(p.host, host)
}

// matchesSuffix reports whether host lies below the domain of a pattern that begins with "*.".
func matchesSuffix(pattern, host string) bool {
	domain, ok := strings.CutPrefix(pattern, "*.")
	return ok && strings.HasSuffix(host, "."+domain)
}

func newPolicy(o *Options) *policy {
	p := &policy{allowed: o.AllowHosts, plaintext: o.AllowPlaintext, resolver: o.resolver, proxies: map[string]bool{}}
	get := func(names ...string) string {
		for _, n := range names {
			if v := o.Getenv(n); v != "" {
				return v
			}
		}
		return ""
	}
	c := httpproxy.Config{
		HTTPProxy: get("HTTP_PROXY", "http_proxy"), HTTPSProxy: get("HTTPS_PROXY", "https_proxy"),
		NoProxy: get("NO_PROXY", "no_proxy"), CGI: o.Getenv("REQUEST_METHOD") != "",
	}
	p.proxy = c.ProxyFunc()
	for _, sample := range []string{"http://a.example", "https://a.example"} {
		u, err := url.Parse(sample)
		if err != nil {
			continue
		}
		if via, err := p.proxy(u); err == nil && via != nil {
			p.proxies[net.JoinHostPort(via.Hostname(), portOf(via))] = true
		}
	}
	return p
}

// hostKey names the host of a URL, with its port, for what there is one of for each host.
func hostKey(u *url.URL) string {
	return net.JoinHostPort(strings.ToLower(u.Hostname()), portOf(u))
}

func portOf(u *url.URL) string {
	if port := u.Port(); port != "" {
		return port
	}
	switch u.Scheme {
	case "http":
		return "80"
	case "socks5", "socks5h":
		return "1080"
	}
	return "443"
}

// allows reports whether --allow-host names the host.
func (p *policy) allows(host, port string) bool {
	return slices.ContainsFunc(p.allowed, func(h HostPattern) bool { return h.matches(host, port) })
}

// check returns why t may not be contacted, or "". hosts are the suffixes of the rule.
func (p *policy) check(t target, hosts []string) Reason {
	u := t.url
	host, port := strings.ToLower(u.Hostname()), portOf(u)
	switch {
	case u.Scheme != "https" && u.Scheme != "http" || u.User != nil || u.Opaque != "" || host == "":
		return HostNotAllowed
	case u.Scheme == "http" && !p.plaintext:
		return ClearText
	case t.fixed || p.allows(host, port):
		return ""
	}
	if port != "443" && !t.port {
		return HostNotAllowed
	}
	return p.checkText(host, u, hosts)
}

// checkText is check for a host from scanned text. u is nil for what proxies are not used for.
func (p *policy) checkText(host string, u *url.URL, hosts []string) Reason {
	known := rules.HostName(host) && slices.ContainsFunc(hosts, func(h string) bool { return h == host || matchesSuffix(h, host) })
	if !known {
		return HostNotAllowed
	}
	if u != nil {
		if via, err := p.proxy(u); err != nil || via != nil {
			return HostNotAllowed
		}
	}
	return ""
}

var errNotPublic = errors.New("not a public address")

// dial connects to host:port if the address that the name has is public, or --allow-host names the host.
func (p *policy) dial(ctx context.Context, network, address string) (net.Conn, error) {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	d := net.Dialer{Timeout: connectTimeout, Resolver: p.resolver}
	if !p.allows(strings.ToLower(host), port) && !p.proxies[address] {
		d.ControlContext = func(_ context.Context, _, resolved string, _ syscall.RawConn) error {
			a, err := netip.ParseAddrPort(resolved)
			if err != nil || !isPublicAddress(a.Addr()) {
				return errNotPublic
			}
			return nil
		}
	}
	return d.DialContext(ctx, network, address)
}

// connectTimeout is how long a connection may take.
const connectTimeout = 10 * time.Second
