package verify

import (
	"context"
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/tls"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"hash"
	"slices"
	"strings"
)

// mongodb logs in to a MongoDB server with the password of a URL, by SCRAM
// (https://github.com/mongodb/specifications/blob/master/source/auth/auth.md), so the password does not leave this machine.
//
// A password is active if the server proves that it knows it. The database that the user belongs to is no part of the credential; it is
// looked for in "admin", where those of Atlas are. So a refusal means something only if the server says that it knows the user there,
// and by this way to log in, and does not say that of a made-up one: then the password is inactive.
type mongodb struct{}

const mongoPort = "27017"

// mongoService says whether a URL names its servers by SRV records ("mongodb+srv"), which also means that they have TLS.
func mongoService(secret string) bool {
	return strings.HasPrefix(strings.ToLower(secret), "mongodb+srv://")
}

// Targets implements Protocol.
func (mongodb) Targets(p *Probe) ([]Target, bool) {
	l, ok := parseLogin(p.Secret)
	t := l.target(mongoPort)
	if mongoService(p.Secret) {
		t.Scheme, t.Service = "mongodb+srv", "mongodb"
		ok = ok && l.port == ""
	}
	return []Target{t}, ok && l.user != ""
}

// Verify implements Protocol.
func (mongodb) Verify(ctx context.Context, p *Probe) Answer {
	l, _ := parseLogin(p.Secret)
	t := l.target(mongoPort)
	if mongoService(p.Secret) {
		servers, a := p.Servers(ctx)
		if len(servers) == 0 {
			return a
		}
		t = servers[0]
	}
	s, a := mongoOpen(ctx, p, t, mongoService(p.Secret))
	if s == nil {
		return a
	}
	defer s.Close()
	c := &mongoConn{session: s}
	return c.login(l)
}

// mongoOpen connects, by TLS if the server has it. That shows only when it is asked: one without it answers the first question, which
// tells nothing, in clear text.
func mongoOpen(ctx context.Context, p *Probe, t Target, secure bool) (*session, Answer) {
	s, a := p.open(ctx, t, false)
	if s == nil {
		return nil, a
	}
	err := s.secure(p.TLS, t.Host)
	if err == nil {
		return s, Answer{}
	}
	s.Close()
	var certificate *tls.CertificateVerificationError
	if secure || s.ctx.Err() != nil || errors.As(err, &certificate) {
		return nil, s.failed(err)
	}
	if s, a = p.open(ctx, t, false); s == nil {
		return nil, a
	}
	c := &mongoConn{session: s}
	if _, a := c.hello(""); a.Status != "" {
		s.Close()
		return nil, a
	}
	if !p.Plaintext {
		s.Close()
		return nil, Answer{Status: Skipped, Reason: ClearText}
	}
	return s, Answer{}
}

// mongoConn speaks OP_MSG (https://www.mongodb.com/docs/manual/reference/mongodb-wire-protocol/).
type mongoConn struct {
	*session
	id uint32 // of the last message
}

const mongoOpMsg = 2013

// ask sends a command to the database "admin", and reads the document that answers it.
func (c *mongoConn) ask(fields ...bsonField) (bsonDoc, error) {
	c.id++
	body := bson(append(fields, bsonField{"$db", "admin"})...)
	m := binary.LittleEndian.AppendUint32(nil, uint32(16+5+len(body)))
	for _, n := range []uint32{c.id, 0, mongoOpMsg, 0} {
		m = binary.LittleEndian.AppendUint32(m, n)
	}
	if _, err := c.Write(append(append(m, 0), body...)); err != nil {
		return nil, err
	}
	head, err := c.bytes(16)
	if err != nil {
		return nil, err
	}
	size, to, code := binary.LittleEndian.Uint32(head), binary.LittleEndian.Uint32(head[8:]), binary.LittleEndian.Uint32(head[12:])
	if size < 16+5+5 || size > maxBody || to != c.id || code != mongoOpMsg {
		return nil, errTooLong
	}
	rest, err := c.bytes(int(size) - 16)
	if err != nil {
		return nil, err
	}
	const checksum = 1
	if flags := binary.LittleEndian.Uint32(rest); flags&^checksum != 0 || rest[4] != 0 {
		return nil, errTooLong
	}
	d, _, err := parseBSON(rest[5:], 0)
	if err != nil {
		return nil, errTooLong
	}
	return d, nil
}

// hello asks what the server is, and, unless user is "", by which ways it can log in.
func (c *mongoConn) hello(user string) (bsonDoc, Answer) {
	fields := []bsonField{{"hello", int32(1)}}
	if user != "" {
		fields = append(fields, bsonField{"saslSupportedMechs", "admin." + user})
	}
	d, err := c.ask(fields...)
	switch {
	case err != nil:
		return nil, c.failed(err)
	case d.number("ok") != 1 || d.number("maxWireVersion") == 0:
		return nil, unknown(Unclear)
	}
	return d, Answer{}
}

// mongoWays are the ways to log in, the best first.
var mongoWays = []string{"SCRAM-SHA-256", "SCRAM-SHA-1"}

// way asks by which way a user can log in; "" if the server does not know the user.
func (c *mongoConn) way(user string) (string, Answer) {
	d, a := c.hello(user)
	if a.Status != "" {
		return "", a
	}
	offered := d.list("saslSupportedMechs")
	for _, w := range mongoWays {
		if slices.Contains(offered, any(w)) {
			return w, Answer{}
		}
	}
	return "", Answer{}
}

// login logs in, and says whether a refusal means anything.
func (c *mongoConn) login(l login) Answer {
	way, a := c.way(l.user)
	if a.Status != "" {
		return a
	}
	known := way != ""
	if !known {
		way = mongoWays[0]
	}
	if a = c.authenticate(way, l); a.Status != Inactive {
		return a
	}
	if !known {
		return unknown(Unclear)
	}
	made, control := c.way(madeUpName())
	switch {
	case control.Status != "":
		return control
	case made != "":
		return unknown(Unclear) // it says so of anybody
	}
	return a
}

// mongoScram begins SCRAM. By SHA-1 the password is a digest of it, by which old servers kept it.
func mongoScram(way string, l login) *scram {
	if way == "SCRAM-SHA-256" {
		return newScram(sha256.New, l.user, l.password)
	}
	sum := md5.Sum([]byte(l.user + ":mongo:" + l.password))
	return newScram(func() hash.Hash { return sha1.New() }, l.user, hex.EncodeToString(sum[:]))
}

// authenticate logs in by one way.
func (c *mongoConn) authenticate(way string, l login) Answer {
	s := mongoScram(way, l)
	d, err := c.ask(bsonField{"saslStart", int32(1)}, bsonField{"mechanism", way}, bsonField{"payload", []byte(s.first())},
		bsonField{"options", []bsonField{{"skipEmptyExchange", true}}})
	if err != nil || d.number("ok") != 1 {
		return c.refusal(d, err)
	}
	challenge, _ := d["payload"].([]byte)
	final, err := s.final(string(challenge))
	if err != nil {
		return unknown(Unclear)
	}
	conversation := bsonField{"conversationId", int32(d.number("conversationId"))}
	d, err = c.ask(bsonField{"saslContinue", int32(1)}, conversation, bsonField{"payload", []byte(final)})
	if err != nil || d.number("ok") != 1 {
		return c.refusal(d, err)
	}
	if proof, _ := d["payload"].([]byte); !s.proved(string(proof)) {
		return unknown(AcceptsAny)
	}
	if done, _ := d["done"].(bool); !done { // servers before 4.4 want to be told that nothing follows
		if d, err = c.ask(bsonField{"saslContinue", int32(1)}, conversation, bsonField{"payload", []byte{}}); err != nil || d.number("ok") != 1 {
			return unknown(Unclear)
		}
	}
	return c.identify(l)
}

// refusal reads an error (https://www.mongodb.com/docs/manual/reference/error-codes/). Atlas has a code of its own for several.
func (c *mongoConn) refusal(d bsonDoc, err error) Answer {
	const authenticationFailed, shutdown, atlas = 18, 91, 8000
	switch code := d.number("code"); {
	case err != nil:
		return c.failed(err)
	case code == authenticationFailed, code == atlas && strings.HasPrefix(strings.ToLower(d.text("errmsg")), "bad auth"):
		return Answer{Status: Inactive}
	case code == shutdown:
		return unknown(ServerError)
	}
	return unknown(Unclear)
}

// identify says who is logged in and what he may do.
func (c *mongoConn) identify(l login) Answer {
	a := Answer{Status: Active, Identity: map[string]string{"user": l.user}}
	d, err := c.ask(bsonField{"connectionStatus", int32(1)})
	if err != nil {
		return a // the server has proved that it knows the password
	}
	info, _ := d["authInfo"].(bsonDoc)
	var roles []string
	for _, r := range info.list("authenticatedUserRoles") {
		if role, ok := r.(bsonDoc); ok {
			roles = append(roles, role.text("role")+"@"+role.text("db"))
		}
	}
	slices.Sort(roles)
	a.Identity["roles"] = strings.Join(roles, ", ")
	return a
}
