package verify

import (
	"bufio"
	"context"
	"crypto/x509"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"

	"golang.org/x/net/dns/dnsmessage"
)

func TestPublicAddress(t *testing.T) {
	t.Parallel()
	for address, want := range map[string]bool{
		"8.8.8.8": true, "140.82.112.5": true, "2606:4700::1111": true, "::ffff:8.8.8.8": true, "64:ff9b::808:808": true,
		"127.0.0.1": false, "127.8.8.8": false, "::1": false, "::ffff:127.0.0.1": false, "0.0.0.0": false, "::": false, "0.1.2.3": false,
		"10.0.0.1": false, "172.16.0.1": false, "172.31.255.255": false, "192.168.1.1": false, "::ffff:10.0.0.1": false,
		"169.254.169.254": false, "::ffff:169.254.169.254": false, "fe80::1": false, "fe80::1%eth0": false, "fd00:ec2::254": false, "fc00::1": false,
		"100.64.0.1": false, "100.127.255.255": false, "100.128.0.1": true, "168.63.129.16": false,
		"224.0.0.1": false, "255.255.255.255": false, "240.0.0.1": false, "ff02::1": false, "192.0.0.192": false, "198.18.0.1": false, "192.0.2.1": false,
		"64:ff9b::7f00:1": false, "64:ff9b::a9fe:a9fe": false, "64:ff9b:1::808:808": false, "2002:7f00:1::": false, "2001::1": false, "2001:db8::1": false,
		"::127.0.0.1": false, "::8.8.8.8": false, "fec0::1": false, "100::1": false, "3fff::1": false, "4000::1": false,
	} {
		if got := isPublicAddress(netip.MustParseAddr(address)); got != want {
			t.Errorf("%s is public: %v", address, got)
		}
	}
}

func env(values map[string]string) func(string) string {
	return func(name string) string { return values[name] }
}

// hostRule has its host in scanned text.
const hostRule = `[[rule.part]]
name = "host"
format = "{print:1-200}"
public = true
[rule.verify]
request  = "GET https://{part.host}/me"
headers  = { Authorization = "Bearer {secret}" }
hosts    = ["*.acme.example", "one.example"]
evidence = "https://acme.example/docs"
active   = { status = [200], json = "login" }
inactive = { status = [401], json = "error=revoked" }
`

// Hosts from scanned text must have one of the rule's suffixes, whatever tricks they play.
func TestTextHosts(t *testing.T) {
	t.Parallel()
	r := parse(t, ruleText+hostRule)
	ask := func(o Options, host string) (message, Reason) {
		e := New(o)
		defer e.Close()
		v := &values{rule: r, secret: newToken(r), parts: map[string]string{"host": host}}
		return e.message(e.candidates(r.Verify)[0], v, r.Verify.Hosts)
	}
	for _, host := range []string{"a.acme.example", "A.Acme.Example", "a.b-c.acme.example", "one.example", "a.acme.example:443"} {
		if _, why := ask(Options{}, host); why != "" && host != "a.acme.example:443" {
			t.Errorf("%q is refused: %s", host, why)
		}
	}
	for _, host := range []string{
		"evil.example", "acme.example", ".acme.example", "aacme.example", "a.acme.example.evil.example", "a.acme.example.", "two.one.example",
		"a.acme.example@evil.example", "evil.example#a.acme.example", "evil.example?a.acme.example", "evil.example/a.acme.example", `evil.example\a.acme.example`,
		"evil.example%2fa.acme.example", "evil.example%23.acme.example", "evil.example:443#.acme.example", "user:pw@a.acme.example",
		"a.acme.example:8443", "a.acme.example:22", "xn--80ak6aa92e.acme.example", "аcme.acme.example", "a_b.acme.example", "-a.acme.example", "a-.acme.example",
		"127.0.0.1", "[::1]", "[::ffff:127.0.0.1]", "2130706433", "0x7f.1", "1.acme.example\r\nHost: evil.example", "a.acme.example\x00", " a.acme.example", "a..acme.example",
		strings.Repeat("a", 64) + ".acme.example", "*.acme.example", "",
	} {
		if m, why := ask(Options{}, host); why == "" {
			t.Errorf("%q leads to %s", host, m.target.url)
		}
	}
	allowed := Options{AllowHosts: []HostPattern{{host: "evil.example"}, {host: "*.corp.example"}, {host: "10.0.0.7", port: "8200"}}}
	for host, want := range map[string]bool{
		"evil.example": true, "evil.example:8443": true, "a.corp.example": true, "10.0.0.7:8200": true, "10.0.0.7": false, "10.0.0.7:80": false, "corp.example": false, "a.evil.example": false,
	} {
		if _, why := ask(allowed, host); (why == "") != want {
			t.Errorf("with --allow-host, %q: %q", host, why)
		}
	}
	proxied := Options{Getenv: env(map[string]string{"HTTPS_PROXY": "http://proxy.example:3128", "NO_PROXY": "one.example"})}
	for host, want := range map[string]Reason{"a.acme.example": HostNotAllowed, "one.example": ""} {
		if _, why := ask(proxied, host); why != want {
			t.Errorf("behind a proxy, %s: %q, want %q", host, why, want)
		}
	}
}

func TestParseHostPattern(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]HostPattern{
		"vault.example.com": {"vault.example.com", ""}, "Vault.Example.com:8200": {"vault.example.com", "8200"}, "*.corp.example": {"*.corp.example", ""},
		"127.0.0.1": {"127.0.0.1", ""}, "127.0.0.1:80": {"127.0.0.1", "80"}, "[::1]:80": {"::1", "80"}, "::1": {"::1", ""}, "localhost": {"localhost", ""},
	} {
		if got, err := ParseHostPattern(text); err != nil || got != want {
			t.Errorf("%s: %+v, %v", text, got, err)
		}
	}
	for _, text := range []string{"", "*", "*.", "https://a.example", "a.example/path", "a b", "user@a.example", "a.example:0", "a.example:http", "a.*.example"} {
		if got, err := ParseHostPattern(text); err == nil {
			t.Errorf("%q is understood as %+v", text, got)
		}
	}
}

// nameServer answers questions for addresses with each of the addresses in turn.
func nameServer(t *testing.T, addresses ...string) *net.Resolver {
	t.Helper()
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	var asked atomic.Int64
	go func() {
		buf := make([]byte, 1500)
		for {
			n, from, err := conn.ReadFrom(buf)
			if err != nil {
				return
			}
			var m dnsmessage.Message
			if m.Unpack(buf[:n]) != nil || len(m.Questions) != 1 {
				continue
			}
			q := m.Questions[0]
			m.Response, m.Additionals = true, nil
			a := netip.MustParseAddr(addresses[int(asked.Load())%len(addresses)])
			h := dnsmessage.ResourceHeader{Name: q.Name, Type: q.Type, Class: q.Class}
			switch {
			case q.Type == dnsmessage.TypeA && a.Is4():
				m.Answers = []dnsmessage.Resource{{Header: h, Body: &dnsmessage.AResource{A: a.As4()}}}
				asked.Add(1)
			case q.Type == dnsmessage.TypeAAAA && a.Is6():
				m.Answers = []dnsmessage.Resource{{Header: h, Body: &dnsmessage.AAAAResource{AAAA: a.As16()}}}
				asked.Add(1)
			}
			if out, err := m.Pack(); err == nil {
				conn.WriteTo(out, from)
			}
		}
	}()
	return &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		var d net.Dialer
		return d.DialContext(ctx, "udp", conn.LocalAddr().String())
	}}
}

// A name of the provider's that leads inside is not followed, neither at first nor after a change (DNS rebinding): the address that
// is connected to is the one that is checked.
func TestNoWayInside(t *testing.T) {
	t.Parallel()
	for name, addresses := range map[string][]string{
		"loopback": {"127.0.0.1"}, "private": {"10.0.0.1"}, "link-local": {"169.254.169.254"}, "shared": {"100.64.0.1"}, "mapped": {"::ffff:127.0.0.1"},
		"loopback 6": {"::1"}, "NAT64": {"64:ff9b::7f00:1"}, "rebinding": {"192.168.0.1", "127.0.0.1", "10.0.0.1"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var connected atomic.Int64
			inside, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			defer inside.Close()
			go func() {
				for {
					c, err := inside.Accept()
					if err != nil {
						return
					}
					connected.Add(1)
					c.Close()
				}
			}()
			o := Options{resolver: nameServer(t, addresses...), Generate: newToken, backOff: 1}
			_, port, err := net.SplitHostPort(inside.Addr().String())
			if err != nil {
				t.Fatal(err)
			}
			text := ruleText + strings.ReplaceAll(hostRule, "{part.host}/me", "{part.host}:"+port+"/me")
			r := parse(t, text)
			c := Credential{Rule: r, Secret: newToken(r), Parts: map[string][]string{"host": {"a.acme.example"}}}
			for range 3 {
				check(t, verdicts(t, o, c)[0], Skipped, HostNotAllowed)
			}
			fixed := parse(t, ruleText+strings.Replace(acme, "https://api.acme.example/me", "https://api.acme.example:"+port+"/me", 1))
			check(t, verdicts(t, o, Credential{Rule: fixed, Secret: newToken(r)})[0], Unknown, PrivateAddress)
			if n := connected.Load(); n > 0 {
				t.Errorf("%d connections", n)
			}
		})
	}
}

// TLS is verified: a server with a certificate that nobody vouches for gets no request.
func TestTLS(t *testing.T) {
	t.Parallel()
	r := acmeRule(t)
	token := newToken(r)
	p := newProvider(t, token)
	s := httptest.NewUnstartedServer(p)
	s.Config.ErrorLog = discardLog()
	s.StartTLS()
	t.Cleanup(s.Close)
	u, err := url.Parse(s.URL)
	if err != nil {
		t.Fatal(err)
	}
	o := p.options(t)
	o.Endpoints["acme"], o.AllowPlaintext = []*url.URL{u}, false
	check(t, verdicts(t, o, Credential{Rule: r, Secret: token})[0], Unknown, Untrusted)
	if len(p.all()) > 0 {
		t.Errorf("requests %q", p.all())
	}
	o.rootCAs = x509.NewCertPool()
	o.rootCAs.AddCert(s.Certificate())
	check(t, verdicts(t, o, Credential{Rule: r, Secret: token})[0], Active, "")
}

// A proxy of the environment is used for hosts that are known beforehand.
func TestProxy(t *testing.T) {
	t.Parallel()
	r := acmeRule(t)
	token := newToken(r)
	p := newProvider(t, token)
	s := httptest.NewUnstartedServer(p)
	s.Config.ErrorLog = discardLog()
	s.StartTLS()
	t.Cleanup(s.Close)
	var through atomic.Int64
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodConnect || r.Host != "api.acme.example:443" {
			t.Errorf("the proxy is asked for %s %s", r.Method, r.Host)
			return
		}
		through.Add(1)
		tunnel(t, w, s.Listener.Addr().String())
	}))
	t.Cleanup(proxy.Close)
	o := Options{Generate: newToken, backOff: 1, Getenv: env(map[string]string{"HTTPS_PROXY": proxy.URL}), rootCAs: x509.NewCertPool()}
	o.rootCAs.AddCert(s.Certificate())
	// The certificate is for example.com; what matters is that the tunnel is used.
	got := verdicts(t, o, Credential{Rule: r, Secret: token})[0]
	check(t, got, Unknown, Untrusted)
	if through.Load() == 0 {
		t.Error("the proxy was not used")
	}
	text := parse(t, ruleText+hostRule)
	before := through.Load()
	check(t, verdicts(t, o, Credential{Rule: text, Secret: token, Parts: map[string][]string{"host": {"a.acme.example"}}})[0], Skipped, HostNotAllowed)
	// The same for a protocol over HTTP, whose host the proxy would look up as well.
	npm := parse(t, ruleText+"[[rule.part]]\nname = \"registry\"\nformat = \"{print:1-200}\"\n[rule.verify]\nprotocol = \"npm\"\nhosts = [\"*.acme.example\"]\nevidence = \"https://acme.example/docs\"\n")
	check(t, verdicts(t, o, Credential{Rule: npm, Secret: token, Parts: map[string][]string{"registry": {"//npm.acme.example/"}}})[0], Skipped, HostNotAllowed)
	if through.Load() != before {
		t.Error("a host from text was asked for through the proxy")
	}
}

// tunnel connects the client of a CONNECT request with an address.
func tunnel(t *testing.T, w http.ResponseWriter, address string) {
	far, err := net.Dial("tcp", address)
	if err != nil {
		t.Error(err)
		return
	}
	h, ok := w.(http.Hijacker)
	if !ok {
		t.Error("no hijacker")
		return
	}
	near, rw, err := h.Hijack()
	if err != nil {
		t.Error(err)
		return
	}
	io.WriteString(near, "HTTP/1.1 200 OK\r\n\r\n")
	go func() { io.Copy(far, bufio.NewReader(rw)); far.Close() }()
	go func() { io.Copy(near, far); near.Close() }()
}
