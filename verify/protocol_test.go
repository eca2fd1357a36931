package verify

import (
	"context"
	"encoding/base64"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
	"time"
)

// lineProtocol logs in by sending "USER SECRET" and reading "yes" or "no".
type lineProtocol struct{ elsewhere string }

func (l lineProtocol) Targets(p *Probe) ([]Target, bool) {
	host, port, err := net.SplitHostPort(p.Parts["host"])
	return []Target{{Scheme: "line", Host: host, Port: port, Text: true, Clear: true, User: "ann"}}, err == nil
}

func (l lineProtocol) Verify(ctx context.Context, p *Probe) Answer {
	address := p.Parts["host"]
	if l.elsewhere != "" {
		address = l.elsewhere
	}
	conn, err := p.Dial(ctx, "tcp", address)
	if err != nil {
		return Answer{Status: Unknown, Reason: NetworkError}
	}
	defer conn.Close()
	fmt.Fprintf(conn, "ann %s\n", p.Secret)
	reply, err := io.ReadAll(conn)
	switch {
	case err == nil && string(reply) == "yes":
		return Answer{Status: Active, Identity: map[string]string{"user": "ann\x1b[2J", "echo": p.Secret}}
	case err == nil && string(reply) == "no":
		return Answer{Status: Inactive}
	}
	return Answer{Status: Unknown, Reason: Unclear}
}

const lineRule = `[[rule.part]]
name = "host"
format = "{print:1-200}"
public = true
[rule.verify]
protocol = "line"
evidence = "https://acme.example/docs"
hosts = ["*.acme.example"]
`

// lineServer says yes to one secret and counts connections.
func lineServer(t *testing.T, good string) (address string, connections *[]string) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	var seen []string
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			buf := make([]byte, 1000)
			n, _ := c.Read(buf)
			seen = append(seen, string(buf[:n]))
			if strings.Contains(string(buf[:n]), good) {
				io.WriteString(c, "yes")
			} else {
				io.WriteString(c, "no")
			}
			c.Close()
		}
	}()
	return l.Addr().String(), &seen
}

func TestProtocol(t *testing.T) {
	t.Parallel()
	r := parse(t, ruleText+lineRule)
	good, bad := newToken(r), newToken(r)
	address, seen := lineServer(t, good)
	other, otherSeen := lineServer(t, good)
	o := Options{AllowHosts: []HostPattern{{host: "127.0.0.1"}}, AllowPlaintext: true, protocols: map[string]Protocol{"line": lineProtocol{}}}
	at := func(host, secret string) Credential {
		return Credential{Rule: r, Secret: secret, Parts: map[string][]string{"host": {host}}}
	}
	got := verdicts(t, o, at(address, good))[0]
	check(t, got, Active, "")
	if got.Identity["user"] != "ann[2J" || got.Identity["echo"] != "" {
		t.Errorf("identity %q", got.Identity)
	}
	check(t, verdicts(t, o, at(address, bad))[0], Inactive, "")
	check(t, verdicts(t, o, Credential{Rule: r, Secret: good})[0], Skipped, PartMissing)

	// One attempt for each host and user: the second could lock the account.
	before := len(*seen)
	statuses := map[Status]int{}
	for _, v := range verdicts(t, o, at(address, bad), at(address, newToken(r)), at(address, newToken(r))) {
		statuses[v.Status]++
	}
	if statuses[Inactive] != 1 || statuses[Skipped] != 2 || len(*seen) != before+1 {
		t.Errorf("%v after %d attempts", statuses, len(*seen)-before)
	}

	// A verifier reaches what it has named and nothing else.
	o.protocols["line"] = lineProtocol{elsewhere: other}
	check(t, verdicts(t, o, at(address, good))[0], Unknown, NetworkError)
	if len(*otherSeen) > 0 {
		t.Error("a host that was not named was reached")
	}

	// The policy is that of requests.
	o.protocols["line"] = lineProtocol{}
	o.AllowPlaintext = false
	check(t, verdicts(t, o, at(address, good))[0], Skipped, ClearText)
	o.AllowPlaintext, o.AllowHosts = true, nil
	for _, host := range []string{address, "evil.example:1", "a.acme.example@evil.example:1", "a.acme.example.evil.example:1"} {
		check(t, verdicts(t, o, at(host, good))[0], Skipped, HostNotAllowed)
	}
}

// A token that says that its time is over is expired; of any other nothing can be said.
func TestJWT(t *testing.T) {
	t.Parallel()
	r := parse(t, ruleText+"[rule.verify]\nprotocol = \"jwt\"\neffect = \"none\"\nevidence = \"https://www.rfc-editor.org/rfc/rfc7519\"\n")
	token := func(claims string) string {
		e := base64.RawURLEncoding
		return e.EncodeToString([]byte(`{"alg":"HS256"}`)) + "." + e.EncodeToString([]byte(claims)) + "." + e.EncodeToString([]byte("signature"))
	}
	now := time.Now().Unix()
	for claims, want := range map[string]Status{
		fmt.Sprintf(`{"exp":%d}`, now-1):       Expired,
		fmt.Sprintf(`{"exp":%d.5}`, now-10):    Expired,
		fmt.Sprintf(`{"exp":%d}`, now+3600):    Unsupported,
		`{"sub":"ann"}`:                        Unsupported,
		`{"exp":"yesterday"}`:                  Unsupported,
		`{"exp":-1e300}`:                       Unsupported,
		`{"exp":null}`:                         Unsupported,
		`[]`:                                   Unsupported,
		fmt.Sprintf(`{"exp":%d`, now-1):        Unsupported,
		fmt.Sprintf(`{"exp":%d}.x`, now-1):     Unsupported,
		fmt.Sprintf(`{"a":{"exp":%d}}`, now-1): Unsupported,
	} {
		if v := verdicts(t, Options{}, Credential{Rule: r, Secret: token(claims)})[0]; v.Status != want {
			t.Errorf("%s: %+v, want %s", claims, v, want)
		}
	}
	for _, text := range []string{"a.b.", "a.b.c", "....", strings.Repeat("a", 1<<20)} {
		if v := verdicts(t, Options{}, Credential{Rule: r, Secret: text + " "})[0]; v.Status != Unsupported {
			t.Errorf("%.20q: %+v", text, v)
		}
	}
}
