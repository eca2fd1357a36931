package verify

import (
	"bufio"
	"bytes"
	"crypto/rand"
	"io"
	"net"
	"strings"
	"testing"
	"time"
)

// ldapReply is an answer to message id.
func ldapReply(id, op byte, code byte, diagnostic string, more ...string) string {
	parts := append([]string{ber(berEnumerated, string([]byte{code})), ber(berString), ber(berString, diagnostic)}, more...)
	return ber(berSequence, ber(berInteger, string([]byte{id})), ber(op, parts...))
}

// ldapScript is a directory without TLS that answers a bind and the question who it is.
func ldapScript(bind, whoAmI func(id byte, sent string) string) script {
	return func(c net.Conn) {
		s := &session{Conn: c, r: bufio.NewReader(c)}
		for {
			message, err := s.ber(berSequence)
			if err != nil {
				return
			}
			r := berReader(message)
			id, _ := r.number(berInteger)
			op, content, _ := r.next()
			reply := ""
			switch {
			case op == ldapBindRequest:
				reply = bind(byte(id), string(content))
			case bytes.Contains(content, []byte("1.3.6.1.4.1.1466.20037")):
				reply = ldapReply(byte(id), ldapExtendedResponse, 2, "no TLS")
			default:
				reply = whoAmI(byte(id), string(content))
			}
			_, _ = io.WriteString(c, reply)
		}
	}
}

// ldapTest is a directory, and what a log-in there must read.
type ldapTest struct {
	name         string
	bind, whoAmI func(id byte, sent string) string
	want         Status
	reason       Reason
}

func ldapTests() []ldapTest {
	code := func(code byte, diagnostic string) func(byte, string) string {
		return func(id byte, _ string) string { return ldapReply(id, ldapBindResponse, code, diagnostic) }
	}
	accepts := func(id byte, sent string) string {
		if strings.Contains(sent, "ann") {
			return ldapReply(id, ldapBindResponse, ldapSuccess, "")
		}
		return ldapReply(id, ldapBindResponse, ldapInvalidCredentials, "")
	}
	is := func(name string) func(byte, string) string {
		return func(id byte, _ string) string {
			return ldapReply(id, ldapExtendedResponse, ldapSuccess, "", ber(0x8b, name))
		}
	}
	directory := func(data string) string {
		return "80090308: LdapErr: DSID-0C090439, comment: AcceptSecurityContext error, data " + data + ", v4563\x00"
	}
	policy := func(answer string) func(byte, string) string {
		return func(id byte, _ string) string {
			other := ber(berSequence, ber(berString, "1.2.3"), ber(0x01, "\xff"))
			control := ber(berSequence, ber(berString, ldapPasswordPolicy), ber(berString, ber(berSequence, answer)))
			return ber(berSequence, ber(berInteger, string([]byte{id})), ber(ldapBindResponse, ber(berEnumerated, "\x31"), ber(berString), ber(berString)),
				ber(ldapControls, other, control))
		}
	}
	refuses := func(id byte, _ string) string { return ldapReply(id, ldapExtendedResponse, 2, "unknown operation") }
	return []ldapTest{
		{"accepts ann", accepts, is("dn:cn=ann,dc=acme"), Active, ""},
		{"tells nobody who it is", accepts, refuses, Active, ""},
		{"takes it for anonymous", accepts, is(""), Unknown, AcceptsAny},
		{"goes away behind it", accepts, func(byte, string) string { return ldapReply(0, ldapExtendedResponse, 52, "") }, Unknown, ServerError},
		{"accepts anything", code(ldapSuccess, ""), is("dn:cn=ann"), Unknown, AcceptsAny},
		{"refuses", code(ldapInvalidCredentials, ""), nil, Inactive, ""},
		{"refuses, long lengths", func(id byte, _ string) string {
			return "\x30\x84\x00\x00\x00\x0c\x02\x01" + string([]byte{id}) + "\x61\x07\x0a\x01\x31\x04\x00\x04\x00"
		}, nil, Inactive, ""},
		{"Active Directory refuses", code(ldapInvalidCredentials, directory("52e")), nil, Inactive, ""},
		{"Active Directory, unknown user", code(ldapInvalidCredentials, directory("525")), nil, Inactive, ""},
		{"Active Directory, expired", code(ldapInvalidCredentials, directory("532")), nil, Expired, ""},
		{"Active Directory, disabled", code(ldapInvalidCredentials, directory("533")), nil, Unknown, Unclear},
		{"Active Directory, locked", code(ldapInvalidCredentials, directory("775")), nil, Unknown, Unclear},
		{"Active Directory, must be changed", code(ldapInvalidCredentials, directory("773")), nil, Unknown, Unclear},
		{"locked", policy("\x81\x01\x01"), nil, Unknown, Unclear},
		{"locked, with a warning", policy("\xa0\x03\x80\x01\x05\x81\x01\x01"), nil, Unknown, Unclear},
		{"password over", policy("\x81\x01\x00"), nil, Expired, ""},
		{"policy without an error", policy(""), nil, Inactive, ""},
		{"wants stronger", code(8, "stronger authentication required"), nil, Unknown, Unclear},
		{"wants confidentiality", code(13, "TLS required"), nil, Unknown, Unclear},
		{"unwilling", code(53, "invalidCredentials"), nil, Unknown, Unclear},
		{"no such object", code(32, ""), nil, Unknown, Unclear},
		{"busy", code(51, ""), nil, Unknown, ServerError},
		{"unavailable", code(52, ""), nil, Unknown, ServerError},
		{"to another message", func(id byte, _ string) string { return ldapReply(id+1, ldapBindResponse, 49, "") }, nil, Unknown, Unclear},
		{"to another question", func(id byte, _ string) string { return ldapReply(id, ldapExtendedResponse, 49, "") }, nil, Unknown, Unclear},
		{"disconnects", func(byte, string) string { return ldapReply(0, ldapExtendedResponse, 2, "") }, nil, Unknown, Unclear},
		{"short", func(id byte, _ string) string {
			return ber(berSequence, ber(berInteger, string([]byte{id})), ber(0x61, "\x0a\x01\x31"))
		}, nil, Unknown, Unclear},
		{"without length", func(byte, string) string { return "\x30\x80" }, nil, Unknown, Unclear},
		{"lengths that lie", func(id byte, _ string) string { return "\x30\x06\x02\x01" + string([]byte{id}) + "\x61\x7f\x0a" }, nil, Unknown, Unclear},
		{"endless", func(byte, string) string { return "\x30\x84\x7f\xff\xff\xff" }, nil, Unknown, Unclear},
		{"breaks off", func(id byte, _ string) string { return ldapReply(id, ldapBindResponse, 49, "")[:9] }, nil, Unknown, TimedOut},
		{"echoes", func(id byte, sent string) string {
			return ber(berSequence, ber(berInteger, string([]byte{id})), ber(ldapBindRequest, sent))
		}, nil, Unknown, Unclear},
	}
}

// Only success with a name, and invalidCredentials, are answers. A name from near by makes a refusal one of the pair.
func TestLDAPServers(t *testing.T) {
	t.Parallel()
	for _, tt := range ldapTests() {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			o := onLoopback()
			if tt.reason == TimedOut {
				o.requestTimeout = 500 * time.Millisecond
			}
			address := scripted(t, ldapScript(tt.bind, tt.whoAmI))
			v := verdictOfLogin(t, o, "ldap", loginURL("ldap", "cn=ann,dc=acme", rand.Text(), address))
			check(t, v, tt.want, tt.reason)
			if v.Status == Active && v.Identity["user"] != "cn=ann,dc=acme" {
				t.Errorf("identity %q", v.Identity)
			}
			near := verdictNear(t, o, "ldap://"+address, "cn=ann,dc=acme", rand.Text())
			if tt.want == Inactive {
				check(t, near, Unknown, Pairing)
			} else {
				check(t, near, tt.want, tt.reason)
			}
		})
	}
}

// verdictNear asks about a password with server and name near by.
func verdictNear(t *testing.T, o Options, server, user, password string) Verdict {
	t.Helper()
	c := Credential{Rule: protocolRule(t, "ldap", "server", "user"), Secret: password, Parts: map[string][]string{}}
	for name, value := range map[string]string{"server": server, "user": user} {
		if value != "" {
			c.Parts[name] = []string{value}
		}
	}
	return verdicts(t, o, c)[0]
}

// Without the server or the name nobody is asked; nor is a server that the policy does not allow, or one without TLS.
func TestLDAPParts(t *testing.T) {
	t.Parallel()
	var got received
	address := scripted(t, ldapScript(func(id byte, sent string) string {
		got.add([]byte(sent))
		return ldapReply(id, ldapBindResponse, 49, "")
	}, nil))
	o := onLoopback()
	for _, server := range []string{"", "http://" + address, "ldap://", "ldapi://" + address, "ldap://a,b"} {
		check(t, verdictNear(t, o, server, "cn=ann", rand.Text()), Skipped, PartMissing)
	}
	check(t, verdictNear(t, o, "ldap://"+address, "", rand.Text()), Skipped, PartMissing)
	o.AllowHosts = nil
	check(t, verdictNear(t, o, "ldap://"+address, "cn=ann", rand.Text()), Skipped, HostNotAllowed)
	o = onLoopback()
	o.AllowPlaintext = false
	check(t, verdictNear(t, o, "ldap://"+address, "cn=ann", rand.Text()), Skipped, ClearText)
	if sent := got.text(); sent != "" {
		t.Errorf("%q was sent", sent)
	}
}
