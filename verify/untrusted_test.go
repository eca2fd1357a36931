package verify

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"sync/atomic"
	"testing"
	"time"
)

// A server whose certificate proves nothing gets no secret, and the reason says what is wrong.
func TestUntrustedCertificates(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		change  func(*x509.Certificate)
		trusted bool
		reason  Reason
	}{
		"good":          {func(*x509.Certificate) {}, true, ""},
		"self-signed":   {func(*x509.Certificate) {}, false, Untrusted},
		"expired":       {func(c *x509.Certificate) { c.NotAfter = time.Now().Add(-time.Minute) }, true, Untrusted},
		"of tomorrow":   {func(c *x509.Certificate) { c.NotBefore = time.Now().Add(time.Minute) }, true, Untrusted},
		"of other name": {func(c *x509.Certificate) { c.IPAddresses, c.DNSNames = nil, []string{"api.acme.example"} }, true, Untrusted},
		"of a client":   {func(c *x509.Certificate) { c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth} }, true, Untrusted},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
			if err != nil {
				t.Fatal(err)
			}
			template := &x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
				IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}}
			tt.change(template)
			der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
			if err != nil {
				t.Fatal(err)
			}
			r := acmeRule(t)
			token := newToken(r)
			p := newProvider(t, token)
			var handshakes atomic.Int64
			s := httptest.NewUnstartedServer(p)
			s.Config.ErrorLog = discardLog()
			s.TLS = &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}},
				GetConfigForClient: func(*tls.ClientHelloInfo) (*tls.Config, error) { handshakes.Add(1); return nil, nil }}
			s.StartTLS()
			t.Cleanup(s.Close)
			u, err := url.Parse(s.URL)
			if err != nil {
				t.Fatal(err)
			}
			o := p.options(t)
			o.Endpoints["acme"], o.AllowPlaintext = []*url.URL{u}, false
			o.rootCAs = x509.NewCertPool()
			if tt.trusted {
				certificate, err := x509.ParseCertificate(der)
				if err != nil {
					t.Fatal(err)
				}
				o.rootCAs.AddCert(certificate)
			}
			status := Unknown
			if tt.reason == "" {
				status = Active
			}
			check(t, verdicts(t, o, Credential{Rule: r, Secret: token})[0], status, tt.reason)
			if n := handshakes.Load(); n > 2 { // of the made-up secret and the real one
				t.Errorf("%d handshakes", n)
			}
			if tt.reason != "" && len(p.all()) > 0 {
				t.Errorf("requests %q", p.all())
			}
			login := loginURL("rediss", "ann", newToken(r), u.Host)
			if v := verdictOfLogin(t, o, "redis", login); tt.reason != "" && v.Reason != tt.reason {
				t.Errorf("a log-in: %+v", v)
			}
		})
	}
}

// A server that changes the protocol and then says nothing does not hold up the run.
func TestSwitchedProtocol(t *testing.T) {
	t.Parallel()
	r := acmeRule(t)
	p := newProvider(t)
	release := make(chan struct{})
	t.Cleanup(func() { close(release) })
	p.before = func(w http.ResponseWriter, _ *http.Request) bool {
		conn, rw, err := w.(http.Hijacker).Hijack()
		if err != nil {
			t.Error(err)
			return true
		}
		rw.WriteString("HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\nConnection: Upgrade\r\n\r\n{\"login\":\"ann\"}")
		rw.Flush()
		go func() { <-release; conn.Close() }()
		return true
	}
	o := p.options(t)
	o.requestTimeout, o.Timeout = time.Minute, time.Minute
	started := time.Now()
	check(t, verdicts(t, o, Credential{Rule: r, Secret: newToken(r)})[0], Unknown, Unclear)
	if took := time.Since(started); took > 20*time.Second {
		t.Errorf("it took %s", took)
	}
}
