package verify

import (
	"crypto/rand"
	"fmt"
	"io"
	"net"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"mudlark/rules"
)

// protocolRule is a rule of a protocol, with parts of the names.
func protocolRule(t testing.TB, protocol string, parts ...string) *rules.Rule {
	t.Helper()
	text := ruleText
	for _, p := range parts {
		text += fmt.Sprintf("[[rule.part]]\nname = %q\nformat = \"{print:1-3000}\"\n", p)
	}
	return parse(t, text+fmt.Sprintf("[rule.verify]\nprotocol = %q\nendpoint = \"acme\"\nevidence = \"https://acme.example/docs\"\n", protocol))
}

// loginURL writes a login as a URL.
func loginURL(scheme, user, password, address string) string {
	return scheme + "://" + (&url.URL{User: url.UserPassword(user, password), Host: address}).String()[len("//"):]
}

// onLoopback are options for servers of tests.
func onLoopback() Options {
	return Options{AllowHosts: []HostPattern{{host: "127.0.0.1"}}, AllowPlaintext: true, requestTimeout: 20 * time.Second, Rate: 1e6, backOff: time.Millisecond}
}

// verdictOfLogin asks about a URL.
func verdictOfLogin(t testing.TB, o Options, protocol, address string) Verdict {
	t.Helper()
	v := verdicts(t, o, Credential{Rule: protocolRule(t, protocol), Secret: address})[0]
	if l, ok := parseLogin(address); ok && strings.Contains(fmt.Sprintf("%+v", v), l.password) {
		t.Errorf("a verdict shows the password: %+v", v)
	}
	return v
}

func TestParseLogin(t *testing.T) {
	t.Parallel()
	word := rand.Text()
	for text, want := range map[string]login{
		"Postgres://ann:" + word + "@db.example:5433":         {"postgres", "ann", word, "db.example", "5433"},
		"postgresql+psycopg2://a%40b:" + word + "%2F@DB.ex":   {"postgresql", "a@b", word + "/", "db.ex", ""},
		"redis://:" + word + "%@[::1]:6379":                   {"redis", "", word + "%", "::1", "6379"},
		"mysql://ann:" + word + "@" + word + "@[2001:db8::1]": {"mysql", "ann", word + "@" + word, "2001:db8::1", ""},
		"amqp://ann:" + word + "@mq.example/vhost?x=y":        {"amqp", "ann", word, "mq.example", ""},
	} {
		if got, ok := parseLogin(text); !ok || got != want {
			t.Errorf("%s: %+v (%v), want %+v", text, got, ok, want)
		}
	}
	for _, text := range []string{word, "redis://db.example", "redis://:@db.example", "x://a:" + word + "@a,b", "x://a:" + word + "@", "x://a:" + word + "@h:99999",
		"x://a:" + word + "%0d%0a@h", "x://a%00:" + word + "@h", "x://a:" + word + "@{{host}}"} {
		if got, ok := parseLogin(text); ok {
			t.Errorf("%s: %+v", text, got)
		}
	}
}

// script is what a server does with a connection.
type script func(c net.Conn)

// scripted starts a server on loopback.
func scripted(t testing.TB, do script) (address string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				_ = c.SetDeadline(time.Now().Add(5 * time.Second))
				do(c)
			}()
		}
	}()
	return l.Addr().String()
}

// drain reads what comes, so that the end of a connection is no reset.
func drain(c net.Conn) { _, _ = io.Copy(io.Discard, c) }

func say(c net.Conn, text string) {
	_, _ = io.WriteString(c, text)
	drain(c)
}

// hostileServers are servers of which no protocol may believe anything.
func hostileServers() map[string]script {
	random := make([]byte, 200)
	_, _ = rand.Read(random)
	random[0] |= 0x80
	m := map[string]script{
		"dropped": func(net.Conn) {},
		"silent":  func(c net.Conn) { drain(c) },
		"slow": func(c net.Conn) {
			for range 100 {
				if _, err := io.WriteString(c, "2"); err != nil {
					return
				}
				time.Sleep(30 * time.Millisecond)
			}
		},
		"huge": func(c net.Conn) {
			for range 200 {
				if _, err := c.Write(make([]byte, 10<<10)); err != nil {
					return
				}
			}
		},
		"huge line": func(c net.Conn) {
			for range 200 {
				if _, err := io.WriteString(c, strings.Repeat("+OK 220 ", 1000)); err != nil {
					return
				}
			}
		},
		"zeros": func(c net.Conn) { say(c, strings.Repeat("\x00", 100)) },
		"ones":  func(c net.Conn) { say(c, strings.Repeat("\xff", 100)) },
		"echo":  func(c net.Conn) { _, _ = io.Copy(c, c) },
	}
	m["garbage"] = func(c net.Conn) { say(c, string(random)) }
	for _, text := range []string{
		"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", "HTTP/1.1 400 Bad Request\r\n\r\n<html>password authentication failed</html>",
		"SSH-2.0-OpenSSH_9.2\r\n", "220 ready\r\n", "220 ready\r\n230 ok\r\n", "+OK\r\n+OK\r\n+OK\r\n", "* OK IMAP\r\n", "-ERR unknown\r\n",
		"N", "S", "E", "R\x00\x00\x00\x08\x00\x00\x00\x00", "NR\x00\x00\x00\x08\x00\x00\x00\x00Z\x00\x00\x00\x05I",
		"NE\x00\x00\x00\x0fSFATAL\x00C28P01\x00\x00", "NR\xff\xff\xff\xff", "NR\x00\x00\x00\x03", "$-1\r\n", "$999999999\r\n", "*1\r\n",
	} {
		m[fmt.Sprintf("%.30q", text)] = func(c net.Conn) { say(c, text) }
	}
	return m
}

// urlProtocols are the protocols whose secrets are URLs, with their schemes.
func urlProtocols() map[string][]string {
	return map[string][]string{
		"amqp":     {"amqp", "amqps"},
		"basic":    {"http", "https"},
		"ftp":      {"ftp", "ftps"},
		"ldap":     {"ldap", "ldaps"},
		"mongodb":  {"mongodb"},
		"mysql":    {"mysql"},
		"postgres": {"postgres"},
		"redis":    {"redis", "rediss"},
		"smtp":     {"smtp", "smtps"},
	}
}

// Whatever a server says that is not the protocol's own answer leaves a login unknown.
func TestHostileLoginServers(t *testing.T) {
	t.Parallel()
	var all sync.WaitGroup
	for name, do := range hostileServers() {
		address := scripted(t, do)
		for protocol, schemes := range urlProtocols() {
			for _, scheme := range schemes {
				all.Go(func() { // most of the time is waiting
					o := onLoopback()
					o.requestTimeout = 150 * time.Millisecond
					v := verdictOfLogin(t, o, protocol, loginURL(scheme, "ann", rand.Text(), address))
					if v.Status != Unknown {
						t.Errorf("%s %s %s: %s (%s)", protocol, scheme, name, v.Status, v.Reason)
					}
				})
			}
		}
	}
	all.Wait()
}

// Hosts of text are contacted by the policy only, and clear text needs leave.
func TestLoginPolicy(t *testing.T) {
	t.Parallel()
	touched := make(chan string, 100)
	address := scripted(t, func(c net.Conn) { touched <- c.RemoteAddr().String() })
	for protocol, schemes := range urlProtocols() {
		o := onLoopback()
		o.AllowHosts = nil
		for _, host := range []string{address, "db.example.com", "evil.example@" + address} {
			secret := schemes[0] + "://ann:" + rand.Text() + "@" + host
			check(t, verdictOfLogin(t, o, protocol, secret), Skipped, HostNotAllowed)
		}
		check(t, verdictOfLogin(t, o, protocol, schemes[0]+"://ann:"+rand.Text()+"@a.example,b.example"), Skipped, PartMissing)
	}
	if len(touched) > 0 {
		t.Error("a host that is not allowed was contacted")
	}
}

// Without leave for clear text nothing of a login goes to a server that has no TLS.
func TestLoginWithoutTLS(t *testing.T) {
	t.Parallel()
	for protocol, schemes := range urlProtocols() {
		if protocol == "mysql" || protocol == "smtp" || protocol == "ldap" || protocol == "ftp" || protocol == "mongodb" {
			continue // their servers speak first, or in their own way: TestMySQLServers, TestSMTPServers, TestLDAPParts, TestFTPServers, TestMongoWithoutTLS
		}
		var got []byte
		done := make(chan struct{}, 1)
		address := scripted(t, func(c net.Conn) {
			buf := make([]byte, 1000)
			n, _ := c.Read(buf)
			_, _ = io.WriteString(c, "N")
			rest, _ := io.ReadAll(c)
			got = append(buf[:n], rest...)
			done <- struct{}{}
		})
		o := onLoopback()
		o.AllowPlaintext, o.requestTimeout = false, 2*time.Second
		password := rand.Text()
		v := verdictOfLogin(t, o, protocol, loginURL(schemes[0], "ann", password, address))
		if v.Status != Skipped || v.Reason != ClearText {
			t.Errorf("%s: %s (%s), want skipped", protocol, v.Status, v.Reason)
		}
		if protocol == "postgres" {
			<-done
			if len(got) != 8 {
				t.Errorf("%s: %q was sent", protocol, got)
			}
		}
	}
}
