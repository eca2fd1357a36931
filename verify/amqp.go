package verify

import (
	"context"
	"encoding/binary"
	"slices"
	"strings"
)

// amqp logs in to a message broker with the password of a URL. It speaks AMQP 0-9-1 (https://www.rabbitmq.com/docs/specification) up to
// the point where the broker has decided about the password, and opens no virtual host.
//
// A password is active if the broker goes on to Tune, and refuses a made-up user. It is inactive on the reply 403 "ACCESS_REFUSED", which
// brokers send to clients that ask for it (https://www.rabbitmq.com/docs/auth-notification). RabbitMQ says the same to the user "guest"
// where that may not come from afar, so a refusal of that one says nothing.
type amqp struct{}

// amqpScheme says what of a scheme matters: TLS and the port (https://www.rabbitmq.com/docs/uri-spec).
func amqpScheme(scheme string) (secure bool, port string) {
	if scheme == "amqps" {
		return true, "5671"
	}
	return false, "5672"
}

// Targets implements Protocol.
func (amqp) Targets(p *Probe) ([]Target, bool) {
	l, ok := parseLogin(p.Secret)
	secure, port := amqpScheme(l.scheme)
	t := l.target(port)
	t.Clear = !secure
	return []Target{t}, ok && l.user != ""
}

// Verify implements Protocol.
func (amqp) Verify(ctx context.Context, p *Probe) Answer {
	l, _ := parseLogin(p.Secret)
	a := amqpLogin(ctx, p, l)
	switch {
	case a.Status == Inactive && l.user == "guest":
		return unknown(Unclear)
	case a.Status != Active:
		return a
	}
	fake := l
	fake.user, fake.password = madeUpName(), madeUpName()
	if control := amqpLogin(ctx, p, fake); control.Status != Inactive {
		return unknown(AcceptsAny)
	}
	return a
}

func amqpLogin(ctx context.Context, p *Probe, l login) Answer {
	secure, port := amqpScheme(l.scheme)
	s, a := p.open(ctx, l.target(port), secure)
	if s == nil {
		return a
	}
	defer s.Close()
	c := &amqpConn{s}
	if _, err := c.Write([]byte("AMQP\x00\x00\x09\x01")); err != nil {
		return c.failed(err)
	}
	method, arguments, err := c.receive()
	if err != nil {
		return c.failed(err)
	}
	broker, ways, ok := amqpStart(arguments)
	if method != amqpMethodStart || !ok || !slices.Contains(strings.Fields(ways), "PLAIN") {
		return unknown(Unclear)
	}
	if _, err := c.Write(amqpStartOk(l)); err != nil {
		return c.failed(err)
	}
	if method, arguments, err = c.receive(); err != nil {
		return c.failed(err)
	}
	switch code, text := amqpClose(arguments); {
	case method == amqpMethodTune && len(arguments) == 8:
		return Answer{Status: Active, Identity: map[string]string{"user": l.user, "server_version": strings.TrimSpace(broker["product"] + " " + broker["version"])}}
	case method != amqpMethodClose:
	case code == 403 && strings.HasPrefix(text, "ACCESS_REFUSED"):
		return Answer{Status: Inactive}
	case code == 320 || code == 506 || code == 541: // connection-forced, resource-error, internal-error
		return unknown(ServerError)
	}
	return unknown(Unclear)
}

// The methods of a connection that are used here: class 10 and method.
const (
	amqpMethodStart   = 10<<16 | 10
	amqpMethodStartOk = 10<<16 | 11
	amqpMethodTune    = 10<<16 | 30
	amqpMethodClose   = 10<<16 | 50
)

// amqpConn reads frames of channel 0.
type amqpConn struct{ *session }

// receive reads a method and its arguments. Whatever is no such frame is an error.
func (c *amqpConn) receive() (method uint32, arguments []byte, err error) {
	const kindMethod, end = 1, 0xce
	head, err := c.bytes(7)
	if err != nil {
		return 0, nil, err
	}
	if head[0] != kindMethod || head[1] != 0 || head[2] != 0 {
		return 0, nil, errTooLong
	}
	size := binary.BigEndian.Uint32(head[3:])
	if size < 4 || size > maxBody {
		return 0, nil, errTooLong
	}
	body, err := c.bytes(int(size) + 1)
	if err != nil {
		return 0, nil, err
	}
	if body[size] != end {
		return 0, nil, errTooLong
	}
	return binary.BigEndian.Uint32(body), body[4:size], nil
}

// amqpStartOk is the frame of Start-Ok: who asks, and user and password by SASL PLAIN (RFC 4616). The capability makes the broker say that
// it refuses a log-in, where it would close the connection else.
func amqpStartOk(l login) []byte {
	capabilities := amqpShort("authentication_failure_close") + "t\x01"
	properties := amqpShort("product") + "S" + amqpLong("mudlark") + amqpShort("capabilities") + "F" + amqpLong(capabilities)
	body := string(binary.BigEndian.AppendUint32(nil, amqpMethodStartOk)) + amqpLong(properties) + amqpShort("PLAIN") +
		amqpLong("\x00"+l.user+"\x00"+l.password) + amqpShort("en_US")
	return []byte("\x01\x00\x00" + amqpLong(body) + "\xce")
}

func amqpShort(s string) string { return string([]byte{byte(len(s))}) + s }

func amqpLong(s string) string {
	return string(binary.BigEndian.AppendUint32(nil, uint32(len(s)))) + s
}

// amqpStart reads the arguments of Start: version, the broker's properties, and the ways to log in.
func amqpStart(arguments []byte) (broker map[string]string, ways string, ok bool) {
	r := amqpReader(arguments)
	version, ok := r.take(2)
	properties, ok2 := r.long()
	mechanisms, ok3 := r.long()
	if !ok || !ok2 || !ok3 || version[0] != 0 || version[1] != 9 {
		return nil, "", false
	}
	return amqpTexts(properties), string(mechanisms), true
}

// amqpClose reads the arguments of Close.
func amqpClose(arguments []byte) (code uint16, text string) {
	r := amqpReader(arguments)
	head, ok := r.take(2)
	if !ok {
		return 0, ""
	}
	reply, ok := r.short()
	if _, rest := r.take(4); !ok || !rest {
		return 0, ""
	}
	return binary.BigEndian.Uint16(head), string(reply)
}

// amqpTexts returns the texts of a table, up to a value of an unknown type.
func amqpTexts(table []byte) map[string]string {
	texts := map[string]string{}
	for r := amqpReader(table); len(r) > 0; {
		name, ok := r.short()
		kind, ok2 := r.take(1)
		if !ok || !ok2 {
			break
		}
		switch kind[0] {
		case 'S':
			text, ok := r.long()
			if !ok {
				return texts
			}
			texts[string(name)] = string(text)
		case 'F', 'A', 'x':
			_, ok = r.long()
		case 't', 'b', 'B':
			_, ok = r.take(1)
		case 'I', 'i':
			_, ok = r.take(4)
		case 'l', 'T':
			_, ok = r.take(8)
		default:
			return texts
		}
		if !ok {
			return texts
		}
	}
	return texts
}

// amqpReader is what remains to be read of arguments.
type amqpReader []byte

func (r *amqpReader) take(n int) ([]byte, bool) {
	if n < 0 || n > len(*r) {
		return nil, false
	}
	b := (*r)[:n]
	*r = (*r)[n:]
	return b, true
}

// short reads a text with a length of one byte.
func (r *amqpReader) short() ([]byte, bool) {
	n, ok := r.take(1)
	if !ok {
		return nil, false
	}
	return r.take(int(n[0]))
}

// long reads a text or table with a length of four bytes.
func (r *amqpReader) long() ([]byte, bool) {
	n, ok := r.take(4)
	if !ok {
		return nil, false
	}
	return r.take(int(int32(binary.BigEndian.Uint32(n))))
}
