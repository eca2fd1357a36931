package verify

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/md5"
	"crypto/pbkdf2"
	"crypto/rand"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"hash"
	"io"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/dns/dnsmessage"
)

// mongoServer is the server's side of hello, SCRAM (RFC 5802) and connectionStatus, with one user.
type mongoServer struct {
	user, password string
	ways           []string // of the user
	anybody        bool     // says of any user that he is known
	forged         bool     // does not know the password, and lets everybody in
	empty          bool     // wants an empty exchange at the end, as old servers
	refusal        []byte   // document, instead of error 18
	got            *received
}

// serve is a script.
func (m *mongoServer) serve(c net.Conn) {
	x := &mongoExchange{mongoServer: m}
	for {
		head := make([]byte, 16)
		if _, err := io.ReadFull(c, head); err != nil {
			return
		}
		size := binary.LittleEndian.Uint32(head)
		if size < 26 || size > maxBody {
			return // no message of this protocol, as a ClientHello is none
		}
		rest := make([]byte, size-16)
		if _, err := io.ReadFull(c, rest); err != nil {
			return
		}
		m.got.add(rest)
		d, _, err := parseBSON(rest[5:], 0)
		if err != nil {
			return
		}
		body := x.answer(d)
		_, _ = c.Write(mongoMessage(binary.LittleEndian.Uint32(head[4:]), body))
	}
}

// mongoMessage frames the answer to message id.
func mongoMessage(id uint32, body []byte) []byte {
	out := binary.LittleEndian.AppendUint32(nil, uint32(21+len(body)))
	for _, n := range []uint32{7, id, mongoOpMsg, 0} {
		out = binary.LittleEndian.AppendUint32(out, n)
	}
	return append(append(out, 0), body...)
}

// mongoExchange is one connection.
type mongoExchange struct {
	*mongoServer
	h                    func() hash.Hash
	message              string
	salted               []byte
	nonce                string
	loggedIn, unfinished bool
}

var ok = bsonField{"ok", int32(1)}

func (x *mongoExchange) answer(d bsonDoc) []byte {
	payload, _ := d["payload"].([]byte)
	switch {
	case d["hello"] != nil:
		return x.hello(d.text("saslSupportedMechs"))
	case d["saslStart"] != nil:
		return x.start(d.text("mechanism"), string(payload))
	case d["saslContinue"] != nil && x.unfinished && len(payload) == 0:
		x.unfinished = false
		return bson(bsonField{"done", true}, ok)
	case d["saslContinue"] != nil:
		return x.finish(string(payload))
	case d["connectionStatus"] != nil && x.loggedIn && !x.unfinished:
		role := []bsonField{{"role", "readWrite"}, {"db", "app\x1b"}}
		return bson(bsonField{"authInfo", []bsonField{{"authenticatedUserRoles", []bsonField{{"0", role}}}}}, ok)
	}
	return bson(bsonField{"ok", int32(0)}, bsonField{"code", int32(13)})
}

func (x *mongoExchange) hello(user string) []byte {
	fields := []bsonField{{"isWritablePrimary", true}, {"maxWireVersion", int32(21)}}
	if user == "admin."+x.user || user != "" && x.anybody {
		var list []bsonField
		for i, w := range x.ways {
			list = append(list, bsonField{fmt.Sprint(i), w})
		}
		fields = append(fields, bsonField{"saslSupportedMechs", list})
	}
	return bson(append(fields, ok)...)
}

func (x *mongoExchange) start(way, first string) []byte {
	password := x.password
	x.h = sha256.New
	if way == "SCRAM-SHA-1" {
		sum := md5.Sum([]byte(x.user + ":mongo:" + password))
		password, x.h = hex.EncodeToString(sum[:]), func() hash.Hash { return sha1.New() }
	}
	bare := strings.TrimPrefix(first, "n,,")
	_, nonce, _ := strings.Cut(bare, ",r=")
	salt := []byte("salt of the test")
	x.salted, _ = pbkdf2.Key(x.h, password, salt, 4096, x.h().Size())
	x.nonce = nonce + "server"
	challenge := "r=" + x.nonce + ",s=" + base64.StdEncoding.EncodeToString(salt) + ",i=4096"
	x.message = bare + "," + challenge
	if !slices.Contains(x.ways, way) || !strings.HasPrefix(bare, "n="+x.user+",") && !x.forged {
		return x.refuse()
	}
	return bson(bsonField{"conversationId", int32(5)}, bsonField{"done", false}, bsonField{"payload", []byte(challenge)}, ok)
}

func (x *mongoExchange) finish(final string) []byte {
	without, proof, _ := strings.Cut(final, ",p=")
	message := x.message + "," + without
	mac := func(key []byte, text string) []byte {
		m := hmac.New(x.h, key)
		m.Write([]byte(text))
		return m.Sum(nil)
	}
	clientKey := mac(x.salted, "Client Key")
	stored := x.h()
	stored.Write(clientKey)
	want := mac(stored.Sum(nil), message)
	got, _ := base64.StdEncoding.DecodeString(proof)
	for i := range want {
		want[i] ^= clientKey[i]
	}
	if without != "c=biws,r="+x.nonce || !bytes.Equal(got, want) && !x.forged {
		return x.refuse()
	}
	x.loggedIn, x.unfinished = true, x.empty
	signature := mac(mac(x.salted, "Server Key"), message)
	return bson(bsonField{"conversationId", int32(5)}, bsonField{"done", !x.empty},
		bsonField{"payload", []byte("v=" + base64.StdEncoding.EncodeToString(signature))}, ok)
}

func (x *mongoExchange) refuse() []byte {
	if x.refusal != nil {
		return x.refusal
	}
	return mongoError(18, "Authentication failed.")
}

func mongoError(code int32, text string) []byte {
	return bson(bsonField{"ok", int32(0)}, bsonField{"errmsg", text}, bsonField{"code", code}, bsonField{"codeName", "AuthenticationFailed"})
}

// Only a server that proves that it knows the password, and a refusal of a user that it knows, are answers.
func TestMongoServers(t *testing.T) {
	t.Parallel()
	both, old := []string{"SCRAM-SHA-1", "SCRAM-SHA-256"}, []string{"SCRAM-SHA-1"}
	for _, tt := range []struct {
		name   string
		server mongoServer
		user   string
		right  bool // the password is
		want   Status
		reason Reason
	}{
		{"knows ann", mongoServer{ways: both}, "ann", true, Active, ""},
		{"knows ann by SHA-1", mongoServer{ways: old, empty: true}, "ann", true, Active, ""},
		{"old, knows ann", mongoServer{ways: both, empty: true}, "ann", true, Active, ""},
		{"refuses ann", mongoServer{ways: both}, "ann", false, Inactive, ""},
		{"refuses ann by SHA-1", mongoServer{ways: old}, "ann", false, Inactive, ""},
		{"Atlas refuses", mongoServer{ways: both, refusal: mongoError(8000, "bad auth : authentication failed")}, "ann", false, Inactive, ""},
		{"Atlas has another error", mongoServer{ways: both, refusal: mongoError(8000, "over your quota")}, "ann", false, Unknown, Unclear},
		{"does not know bob there", mongoServer{ways: both}, "bob", true, Unknown, Unclear},
		{"says that it knows anybody", mongoServer{ways: both, anybody: true}, "ann", false, Unknown, Unclear},
		{"lets anybody in", mongoServer{ways: both, forged: true}, "ann", false, Unknown, AcceptsAny},
		{"other ways only", mongoServer{ways: []string{"GSSAPI"}}, "ann", true, Unknown, Unclear},
		{"unauthorized", mongoServer{ways: both, refusal: mongoError(13, "Authentication failed.")}, "ann", false, Unknown, Unclear},
		{"shuts down", mongoServer{ways: both, refusal: mongoError(91, "shutting down")}, "ann", false, Unknown, ServerError},
		{"refuses without code", mongoServer{ways: both, refusal: bson(bsonField{"ok", int32(0)}, bsonField{"errmsg", "Authentication failed."})}, "ann", false, Unknown, Unclear},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var got received
			password := "ä@:/?#%" + rand.Text()
			server := tt.server
			server.user, server.password, server.got = "ann", password, &got
			if !tt.right {
				server.password = rand.Text()
			}
			address := scripted(t, server.serve)
			v := verdictOfLogin(t, onLoopback(), "mongodb", loginURL("mongodb", tt.user, password, address))
			check(t, v, tt.want, tt.reason)
			if v.Status == Active && (v.Identity["user"] != "ann" || v.Identity["roles"] != "readWrite@app") {
				t.Errorf("identity %q", v.Identity)
			}
			if strings.Contains(got.text(), password) {
				t.Error("the password was sent")
			}
		})
	}
}

// Without leave for clear text a server without TLS learns nothing.
func TestMongoWithoutTLS(t *testing.T) {
	t.Parallel()
	var got received
	address := scripted(t, (&mongoServer{user: "ann", ways: mongoWays, got: &got}).serve)
	o := onLoopback()
	o.AllowPlaintext = false
	check(t, verdictOfLogin(t, o, "mongodb", loginURL("mongodb", "ann", rand.Text(), address)), Skipped, ClearText)
	if sent := got.text(); !strings.Contains(sent, "hello") || strings.Contains(sent, "ann") {
		t.Errorf("%q was sent", sent)
	}
}

// What is no message that answers leaves a password unknown.
func TestMongoFrames(t *testing.T) {
	t.Parallel()
	good := mongoMessage(1, bson(bsonField{"maxWireVersion", int32(21)}, ok))
	change := func(at int, to byte) string {
		b := bytes.Clone(good)
		b[at] = to
		return string(b)
	}
	for name, reply := range map[string]string{
		"to another message": change(8, 9), "another operation": change(12, 1), "more to come": change(16, 2), "of another kind": change(20, 1),
		"too long": change(2, 0xff), "too short": change(0, 20), "no document": change(21, 0xff), "unknown type": change(25, 0x63), "cut": string(good[:40]),
		"echo": "", "not ok": string(mongoMessage(1, bson(bsonField{"maxWireVersion", int32(21)}))),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			address := scripted(t, func(c net.Conn) {
				buf := make([]byte, 1000)
				n, err := c.Read(buf)
				switch {
				case err != nil || n > 4 && buf[0] == 0x16: // TLS
				case reply == "":
					say(c, string(buf[:n]))
				default:
					say(c, reply)
				}
			})
			o := onLoopback()
			o.requestTimeout = 300 * time.Millisecond
			if v := verdictOfLogin(t, o, "mongodb", loginURL("mongodb", "ann", rand.Text(), address)); v.Status != Unknown {
				t.Errorf("%s (%s)", v.Status, v.Reason)
			}
		})
	}
}

// FuzzBSON: no document makes the reader fail, and what it reads of what was written is the same.
func FuzzBSON(f *testing.F) {
	f.Add(bson(bsonField{"a", "b"}, bsonField{"c", []bsonField{{"0", int32(-1)}, {"1", true}}}, bsonField{"d", []byte{1, 2}}))
	f.Add([]byte("\x05\x00\x00\x00\x00"))
	f.Fuzz(func(t *testing.T, b []byte) {
		d, rest, err := parseBSON(b, 0)
		if err == nil && len(rest) > len(b) {
			t.Errorf("%x: %v", b, d)
		}
	})
}

// serviceNames answers for SRV records of one name.
func serviceNames(t *testing.T, name string, records ...dnsmessage.SRVResource) *net.Resolver {
	t.Helper()
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
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
			h := dnsmessage.ResourceHeader{Name: q.Name, Type: q.Type, Class: q.Class}
			switch {
			case q.Type == dnsmessage.TypeSRV && q.Name.String() == name:
				for _, r := range records {
					m.Answers = append(m.Answers, dnsmessage.Resource{Header: h, Body: &r})
				}
			case q.Type == dnsmessage.TypeA:
				m.Answers = []dnsmessage.Resource{{Header: h, Body: &dnsmessage.AResource{A: [4]byte{127, 0, 0, 1}}}}
			}
			if out, err := m.Pack(); err == nil {
				_, _ = conn.WriteTo(out, from)
			}
		}
	}()
	return &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		var d net.Dialer
		return d.DialContext(ctx, "udp", conn.LocalAddr().String())
	}}
}

// Servers that SRV records name are asked only if they lie below the same domain and the policy allows them.
func TestMongoService(t *testing.T) {
	t.Parallel()
	touched := make(chan bool, 100)
	address := scripted(t, func(net.Conn) { touched <- true })
	_, portText, _ := net.SplitHostPort(address)
	var port uint16
	if _, err := fmt.Sscan(portText, &port); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name, server, allowed string
		touched               bool
		want                  Status
		reason                Reason
	}{
		{"allowed", "shard-0.acme.test.", "*.acme.test", true, Unknown, NetworkError}, // it hangs up
		{"below another domain", "shard-0.evil.test.", "*.test", false, Skipped, HostNotAllowed},
		{"suffix trick", "evilacme.test.", "*.test", false, Skipped, HostNotAllowed},
		{"not allowed itself", "shard-0.acme.test.", "c.acme.test", false, Skipped, HostNotAllowed},
		{"nowhere", "", "*.acme.test", false, Unknown, NetworkError},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var records []dnsmessage.SRVResource
			if tt.server != "" {
				records = append(records, dnsmessage.SRVResource{Port: port, Target: dnsmessage.MustNewName(tt.server)})
			}
			o := onLoopback()
			p, err := ParseHostPattern(tt.allowed)
			if err != nil {
				t.Fatal(err)
			}
			o.AllowHosts, o.resolver = []HostPattern{p}, serviceNames(t, "_mongodb._tcp.c.acme.test.", records...)
			v := verdictOfLogin(t, o, "mongodb", loginURL("mongodb+srv", "ann", rand.Text(), "c.acme.test"))
			check(t, v, tt.want, tt.reason)
			got := len(touched) > 0
			for len(touched) > 0 {
				<-touched
			}
			if got != tt.touched {
				t.Errorf("touched: %v", got)
			}
		})
	}
}
