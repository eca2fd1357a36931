package verify

import (
	"cmp"
	"context"
	"strings"
)

// ldap binds to a directory with a name and a password (RFC 4511, section 4.2), and asks who it is then (RFC 4532). Name, password and
// server stand in a URL, or the password stands alone and the parts "user" and "server" near it.
//
// A password is active if the directory accepts it, does not take the client for anonymous (as an "unauthenticated bind" would be, RFC 4513,
// section 5.1.2), and refuses a made-up name. It is inactive on invalidCredentials, unless a word beside that says that the
// password is right, or that the account is locked. Where the name stands only near the password, it may not be the right one, and a refusal proves nothing.
type ldap struct{}

// ldapScheme says whether TLS comes first, and the port.
func ldapScheme(scheme string) (secure bool, port string) {
	if scheme == "ldaps" {
		return true, "636"
	}
	return false, "389"
}

// ldapLogin returns what to log in with. near: the name stands near the password only.
func ldapLogin(p *Probe) (l login, near, ok bool) {
	if strings.Contains(p.Secret, "://") {
		l, ok = parseLogin(p.Secret)
		return l, false, ok && l.user != ""
	}
	scheme, address, ok := strings.Cut(strings.ToLower(p.Parts["server"]), "://")
	if !ok || scheme != "ldap" && scheme != "ldaps" {
		return l, true, false
	}
	l = login{scheme: scheme, user: p.Parts["user"], password: p.Secret}
	l.host, l.port, ok = splitHost(address)
	return l, true, ok && l.user != ""
}

// Targets implements Protocol. Whether the server has StartTLS shows only when it is asked.
func (ldap) Targets(p *Probe) ([]Target, bool) {
	l, _, ok := ldapLogin(p)
	_, port := ldapScheme(l.scheme)
	return []Target{l.target(port)}, ok
}

// Verify implements Protocol.
func (ldap) Verify(ctx context.Context, p *Probe) Answer {
	l, near, _ := ldapLogin(p)
	a := ldapBind(ctx, p, l)
	switch {
	case a.Status == Inactive && near:
		return unknown(Pairing)
	case a.Status != Active:
		return a
	}
	fake := l
	fake.user, fake.password = "cn="+madeUpName(), madeUpName()
	if control := ldapBind(ctx, p, fake); control.Status != Inactive {
		return unknown(AcceptsAny)
	}
	return a
}

// ldapBind binds once.
func ldapBind(ctx context.Context, p *Probe, l login) Answer {
	secure, port := ldapScheme(l.scheme)
	s, a := p.open(ctx, l.target(port), secure)
	if s == nil {
		return a
	}
	defer s.Close()
	c := &ldapConn{session: s}
	if !secure {
		if a := c.startTLS(p, l.host); a.Status != "" {
			return a
		}
	}
	r, err := c.ask(ber(ldapBindRequest, ber(berInteger, "\x03"), ber(berString, l.user), ber(0x80, l.password)) +
		ber(ldapControls, ber(berSequence, ber(berString, ldapPasswordPolicy))))
	switch {
	case err != nil:
		return c.failed(err)
	case r.op != ldapBindResponse || r.code != ldapSuccess:
		return r.refusal()
	}
	return c.whoAmI(l)
}

// The tags and codes of RFC 4511 that are used here.
const (
	berInteger    = 0x02
	berString     = 0x04
	berEnumerated = 0x0a
	berSequence   = 0x30

	ldapBindRequest      = 0x60
	ldapBindResponse     = 0x61
	ldapExtendedRequest  = 0x77
	ldapExtendedResponse = 0x78
	ldapControls         = 0xa0

	// The control by which a directory says that an account is locked or a password over, which it calls invalidCredentials as well
	// (https://datatracker.ietf.org/doc/html/draft-behera-ldap-password-policy-11#section-6).
	ldapPasswordPolicy = "1.3.6.1.4.1.42.2.27.8.5.1"
	policyExpired      = 0
	policyLocked       = 1

	ldapSuccess            = 0
	ldapInvalidCredentials = 49
	ldapBusy               = 51
	ldapUnavailable        = 52
)

// ldapConn asks one thing after the other.
type ldapConn struct {
	*session
	id byte // of the last message
}

// ldapResult is the answer to a request.
type ldapResult struct {
	op         byte
	code       int
	diagnostic string
	value      []byte // of an extended response
	policy     int    // what the control ldapPasswordPolicy says, or -1
}

// ask sends a request and reads the answer to it. A "notice of disconnection" has the id 0.
func (c *ldapConn) ask(request string) (r ldapResult, err error) {
	c.id++
	if _, err := c.Write([]byte(ber(berSequence, ber(berInteger, string([]byte{c.id})), request))); err != nil {
		return r, err
	}
	message, err := c.ber(berSequence)
	if err != nil {
		return r, err
	}
	rest := berReader(message)
	id, ok := rest.number(berInteger)
	op, content, ok2 := rest.next()
	if !ok || !ok2 || id != int(c.id) && (id != 0 || op != ldapExtendedResponse) {
		return r, errTooLong
	}
	r.op = op
	body := berReader(content)
	r.code, ok = body.number(berEnumerated)
	_, ok2 = body.value(berString) // matchedDN
	diagnostic, ok3 := body.value(berString)
	if !ok || !ok2 || !ok3 {
		return r, errTooLong
	}
	r.diagnostic = string(diagnostic)
	for len(body) > 0 {
		tag, value, ok := body.next()
		if !ok {
			return r, errTooLong
		}
		if tag == 0x8b { // responseValue
			r.value = value
		}
	}
	if id == 0 {
		r.op = 0
	}
	r.policy = ldapPolicy(rest)
	return r, nil
}

// ldapPolicy reads the error of the control ldapPasswordPolicy, which may follow a response; -1 if there is none.
func ldapPolicy(rest berReader) int {
	controls, _ := rest.value(ldapControls)
	for list := berReader(controls); len(list) > 0; {
		control, ok := list.value(berSequence)
		if !ok {
			break
		}
		c := berReader(control)
		if kind, _ := c.value(berString); string(kind) != ldapPasswordPolicy {
			continue
		}
		c.value(0x01) // criticality
		text, _ := c.value(berString)
		outer := berReader(text)
		sequence, _ := outer.value(berSequence)
		answer := berReader(sequence)
		answer.value(0xa0) // a warning
		if n, ok := answer.number(0x81); ok {
			return n
		}
	}
	return -1
}

// startTLS begins TLS (RFC 4511, section 4.14).
func (c *ldapConn) startTLS(p *Probe, host string) Answer {
	r, err := c.ask(ber(ldapExtendedRequest, ber(0x80, "1.3.6.1.4.1.1466.20037")))
	switch {
	case err != nil:
		return c.failed(err)
	case r.op != ldapExtendedResponse:
		return r.refusal()
	case r.code == ldapSuccess:
		if err := c.secure(p.TLS, host); err != nil {
			return c.failed(err)
		}
		return Answer{}
	case !p.Plaintext:
		return Answer{Status: Skipped, Reason: ClearText}
	}
	return Answer{}
}

// whoAmI asks for the name by which the directory knows the client. Servers that do not tell are believed that they know it.
func (c *ldapConn) whoAmI(l login) Answer {
	identity := map[string]string{"user": l.user}
	r, err := c.ask(ber(ldapExtendedRequest, ber(0x80, "1.3.6.1.4.1.4203.1.11.3")))
	switch {
	case err != nil:
		return c.failed(err)
	case r.op != ldapExtendedResponse:
		return r.refusal()
	case r.code == ldapSuccess && len(r.value) == 0:
		return unknown(AcceptsAny) // anonymous
	case r.code == ldapSuccess:
		identity["user"] = cmp.Or(strings.TrimPrefix(strings.TrimPrefix(string(r.value), "dn:"), "u:"), l.user)
	}
	return Answer{Status: Active, Identity: identity}
}

// refusal says what an answer means that is no success.
func (r *ldapResult) refusal() Answer {
	switch {
	case r.code == ldapBusy || r.code == ldapUnavailable:
		return unknown(ServerError)
	case r.op != ldapBindResponse || r.code != ldapInvalidCredentials || r.policy == policyLocked:
		return unknown(Unclear)
	case r.policy == policyExpired:
		return Answer{Status: Expired}
	}
	return activeDirectoryRefusal(r.diagnostic)
}

// activeDirectoryRefusal reads the code that Active Directory puts behind "data" beside invalidCredentials: an error of Windows
// (https://learn.microsoft.com/en-us/windows/win32/debug/system-error-codes--1300-1699-), in hex. Other directories have none.
func activeDirectoryRefusal(diagnostic string) Answer {
	_, text, ok := strings.Cut(diagnostic, "AcceptSecurityContext error, data ")
	code, _, _ := strings.Cut(text, ",")
	switch {
	case !ok || code == "52e" || code == "525": // ERROR_LOGON_FAILURE, ERROR_NO_SUCH_USER
		return Answer{Status: Inactive}
	case code == "532" || code == "701": // ERROR_PASSWORD_EXPIRED, ERROR_ACCOUNT_EXPIRED
		return Answer{Status: Expired}
	}
	return unknown(Unclear) // disabled, locked, not now, not from here
}
