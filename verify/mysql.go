package verify

import (
	"bytes"
	"context"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/binary"
	"strings"
)

// mysql logs in to a MySQL or MariaDB server with the password of a URL, and out again, by the protocol of
// https://dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_connection_phase.html. It answers mysql_native_password and
// caching_sha2_password; other ways to authenticate leave the password unknown. It never sends it in clear text but by TLS.
//
// A password is active if the server accepts it and refuses a made-up user. It is never inactive: error 1045 refuses the right password, too,
// if the account may not log in from this address.
type mysql struct{}

const mysqlPort = "3306"

// Targets implements Protocol. Whether the server has TLS shows only when it is asked. The X protocol ("mysqlx") is another one.
func (mysql) Targets(p *Probe) ([]Target, bool) {
	l, ok := parseLogin(p.Secret)
	return []Target{l.target(mysqlPort)}, ok && l.user != "" && l.scheme != "mysqlx"
}

// Verify implements Protocol.
func (mysql) Verify(ctx context.Context, p *Probe) Answer {
	l, _ := parseLogin(p.Secret)
	a := mysqlLogin(ctx, p, l)
	switch a.Status {
	case Active:
	case Inactive:
		return unknown(Unclear)
	default:
		return a
	}
	fake := l
	fake.user, fake.password = madeUpName(), madeUpName()
	if control := mysqlLogin(ctx, p, fake); control.Status != Inactive {
		return unknown(AcceptsAny)
	}
	return a
}

// mysqlLogin logs in. Inactive means refused, for one reason or another.
func mysqlLogin(ctx context.Context, p *Probe, l login) Answer {
	s, a := p.open(ctx, l.target(mysqlPort), false)
	if s == nil {
		return a
	}
	defer s.Close()
	c := &mysqlConn{session: s, login: l}
	if a := c.greeting(); a.Status != "" {
		return a
	}
	if a := c.start(p); a.Status != "" {
		return a
	}
	return c.run()
}

// mysqlConn is a login that goes on.
type mysqlConn struct {
	*session
	login
	sequence     byte
	capabilities uint32
	version      string
	plugin       string
	challenge    []byte
	secured      bool
}

// The capabilities that matter here
// (https://dev.mysql.com/doc/dev/mysql-server/latest/group__group__cs__capabilities__flags.html).
const (
	mysqlLongPassword = 1 << 0
	mysqlProtocol41   = 1 << 9
	mysqlTLS          = 1 << 11
	mysqlTransactions = 1 << 13
	mysqlSecure       = 1 << 15
	mysqlPluginAuth   = 1 << 19

	mysqlWanted = mysqlLongPassword | mysqlProtocol41 | mysqlTransactions | mysqlSecure | mysqlPluginAuth
)

// receive reads a packet, which is never empty.
func (c *mysqlConn) receive() ([]byte, error) {
	head, err := c.bytes(4)
	if err != nil {
		return nil, err
	}
	n := int(head[0]) | int(head[1])<<8 | int(head[2])<<16
	if n == 0 || head[3] != c.sequence {
		return nil, errTooLong
	}
	c.sequence++
	return c.bytes(n)
}

func (c *mysqlConn) send(body []byte) error {
	head := []byte{byte(len(body)), byte(len(body) >> 8), byte(len(body) >> 16), c.sequence}
	c.sequence++
	_, err := c.Write(append(head, body...))
	return err
}

// greeting reads the server's first packet (Protocol::HandshakeV10).
func (c *mysqlConn) greeting() Answer {
	b, err := c.receive()
	if err != nil {
		return c.failed(err)
	}
	if b[0] == 0xff {
		return c.refusal(b)
	}
	version, rest, ok := bytes.Cut(b[1:], []byte{0})
	const fixed = 4 + 8 + 1 + 2 + 1 + 2 + 2 + 1 + 10 // thread, challenge, filler, flags, charset, status, flags, length, reserved
	if b[0] != 10 || !ok || len(rest) < fixed+13 {
		return unknown(Unclear)
	}
	c.version = string(version)
	c.challenge = append(c.challenge, rest[4:12]...)
	c.capabilities = uint32(binary.LittleEndian.Uint16(rest[13:])) | uint32(binary.LittleEndian.Uint16(rest[18:]))<<16
	c.challenge = append(c.challenge, rest[fixed:fixed+12]...)
	plugin, _, _ := bytes.Cut(rest[fixed+13:], []byte{0})
	c.plugin = string(plugin)
	if c.capabilities&mysqlWanted&^mysqlLongPassword != mysqlWanted&^mysqlLongPassword { // MariaDB uses that bit otherwise
		return unknown(Unclear)
	}
	return Answer{}
}

// start begins TLS where the server has it, and sends the user with the first answer (Protocol::HandshakeResponse41).
func (c *mysqlConn) start(p *Probe) Answer {
	flags := uint32(mysqlWanted)
	if c.capabilities&mysqlTLS != 0 {
		flags |= mysqlTLS
	} else if !p.Plaintext {
		return Answer{Status: Skipped, Reason: ClearText}
	}
	const charset = 45 // utf8mb4
	head := binary.LittleEndian.AppendUint32(nil, flags)
	head = append(binary.LittleEndian.AppendUint32(head, 1<<24-1), charset)
	head = append(head, make([]byte, 23)...)
	if flags&mysqlTLS != 0 {
		if err := c.send(head); err != nil {
			return c.failed(err)
		}
		if err := c.secure(p.TLS, c.host); err != nil {
			return c.failed(err)
		}
		c.secured = true
	}
	answer, known := c.answer()
	if !known { // the server will name another way
		c.plugin, answer = "mysql_native_password", nil
	}
	body := append(append(head, c.user...), 0, byte(len(answer)))
	body = append(append(append(body, answer...), c.plugin...), 0)
	if err := c.send(body); err != nil {
		return c.failed(err)
	}
	return Answer{}
}

// answer is the answer to the challenge by the way that the server has chosen.
func (c *mysqlConn) answer() (text []byte, known bool) {
	switch c.plugin {
	case "mysql_native_password":
		return mysqlNative(c.password, c.challenge), true
	case "caching_sha2_password":
		return mysqlSHA2(c.password, c.challenge), true
	}
	return nil, false
}

// run reads until the server accepts or refuses.
func (c *mysqlConn) run() Answer {
	for range 8 { // packets; there are four at most
		b, err := c.receive()
		if err != nil {
			return c.failed(err)
		}
		switch {
		case b[0] == 0 && len(b) >= 7: // OK
			_ = c.quit()
			return Answer{Status: Active, Identity: map[string]string{"user": c.user, "server_version": c.version}}
		case b[0] == 0xff:
			return c.refusal(b)
		case b[0] == 0xfe: // AuthSwitchRequest
			plugin, data, ok := bytes.Cut(b[1:], []byte{0})
			data = bytes.TrimSuffix(data, []byte{0})
			c.plugin, c.challenge = string(plugin), data
			text, known := c.answer()
			if !ok || !known || len(data) != 20 {
				return unknown(Unclear)
			}
			err = c.send(text)
		case c.plugin == "caching_sha2_password" && bytes.Equal(b, []byte{1, 3}): // it knows the password by heart; OK follows
		case c.plugin == "caching_sha2_password" && bytes.Equal(b, []byte{1, 4}) && c.secured: // it wants to see it
			err = c.send(append([]byte(c.password), 0))
		default:
			return unknown(Unclear)
		}
		if err != nil {
			return c.failed(err)
		}
	}
	return unknown(Unclear)
}

// quit says goodbye.
func (c *mysqlConn) quit() error {
	c.sequence = 0
	return c.send([]byte{1})
}

// refusal reads an ERR packet, by the codes of https://dev.mysql.com/doc/mysql-errors/8.4/en/server-error-reference.html.
func (c *mysqlConn) refusal(b []byte) Answer {
	if len(b) < 3 {
		return unknown(Unclear)
	}
	switch code, text := binary.LittleEndian.Uint16(b[1:]), string(b[3:]); {
	case code == 1045 && strings.HasPrefix(text, "#28000") && c.sequence > 1: // ER_ACCESS_DENIED_ERROR
		return Answer{Status: Inactive}
	case code == 1862 && c.sequence > 1: // ER_MUST_CHANGE_PASSWORD_LOGIN
		return Answer{Status: Expired}
	case code == 1040 || code == 1053: // too many connections, shutting down
		return unknown(ServerError)
	}
	return unknown(Unclear)
}

// mysqlNative is the answer of mysql_native_password: SHA1(password) XOR SHA1(challenge, SHA1(SHA1(password))).
func mysqlNative(password string, challenge []byte) []byte {
	once := sha1.Sum([]byte(password))
	twice := sha1.Sum(once[:])
	mask := sha1.Sum(append(bytes.Clone(challenge), twice[:]...))
	for i := range mask {
		mask[i] ^= once[i]
	}
	return mask[:]
}

// mysqlSHA2 is the answer of caching_sha2_password: SHA256(password) XOR SHA256(SHA256(SHA256(password)), challenge).
func mysqlSHA2(password string, challenge []byte) []byte {
	once := sha256.Sum256([]byte(password))
	twice := sha256.Sum256(once[:])
	mask := sha256.Sum256(append(bytes.Clone(twice[:]), challenge...))
	for i := range mask {
		mask[i] ^= once[i]
	}
	return mask[:]
}
