package verify

import (
	"crypto/rand"
	"encoding/binary"
	"io"
	"net"
	"strings"
	"sync"
	"testing"
	"time"
)

// mysqlPacket frames the body of a packet.
func mysqlPacket(sequence byte, body string) string {
	return string([]byte{byte(len(body)), byte(len(body) >> 8), byte(len(body) >> 16), sequence}) + body
}

// mysqlGreeting is what a server without TLS says first.
func mysqlGreeting(plugin string) string {
	flags := binary.LittleEndian.AppendUint32(nil, mysqlWanted)
	return mysqlPacket(0, "\x0a8.4.0\x00"+"\x01\x00\x00\x00"+"12345678"+"\x00"+string(flags[:2])+"\x2d\x02\x00"+string(flags[2:])+"\x15"+
		strings.Repeat("\x00", 10)+"901234567890\x00"+plugin+"\x00")
}

// received is what a server got, of all connections.
type received struct {
	mu   sync.Mutex
	data []byte
}

func (r *received) add(b []byte) {
	if r == nil {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.data = append(r.data, b...)
}

func (r *received) text() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return string(r.data)
}

// mysqlScript is a server that says something behind the user and the answer to its challenge.
func mysqlScript(plugin, reply string, got *received) script {
	return func(c net.Conn) {
		_, _ = io.WriteString(c, mysqlGreeting(plugin))
		buf := make([]byte, 1000)
		n, err := c.Read(buf)
		got.add(buf[:n])
		if err == nil {
			say(c, reply)
		}
	}
}

// Servers may say much; only the answers that the protocol has for it are taken for a yes or a no.
func TestMySQLServers(t *testing.T) {
	t.Parallel()
	const ok = "\x00\x00\x00\x02\x00\x00\x00"
	for _, tt := range []struct {
		name, plugin, reply string
		want                Status
		reason              Reason
	}{
		{"accepts anything", "mysql_native_password", mysqlPacket(2, ok), Unknown, AcceptsAny},
		{"accepts anything, new way", "caching_sha2_password", mysqlPacket(2, "\x01\x03") + mysqlPacket(3, ok), Unknown, AcceptsAny},
		{"wants it in clear text", "caching_sha2_password", mysqlPacket(2, "\x01\x04"), Unknown, Unclear},
		{"wants it in clear text, old way", "mysql_native_password", mysqlPacket(2, "\xfemysql_clear_password\x00"), Unknown, Unclear},
		{"another way", "mysql_native_password", mysqlPacket(2, "\xfeclient_ed25519\x00"+strings.Repeat("x", 32)), Unknown, Unclear},
		{"refuses", "mysql_native_password", mysqlPacket(2, "\xff\x15\x04#28000Access denied"), Unknown, Unclear},
		{"refuses, without state", "mysql_native_password", mysqlPacket(2, "\xff\x15\x04Access denied"), Unknown, Unclear},
		{"refuses the host", "mysql_native_password", mysqlPacket(2, "\xff\x6a\x04#HY000Host is not allowed"), Unknown, Unclear},
		{"password over", "mysql_native_password", mysqlPacket(2, "\xff\x46\x07#HY000Your password has expired"), Expired, ""},
		{"too many connections", "mysql_native_password", mysqlPacket(2, "\xff\x10\x04#08004Too many connections"), Unknown, ServerError},
		{"short error", "mysql_native_password", mysqlPacket(2, "\xff\x15"), Unknown, Unclear},
		{"wrong sequence", "mysql_native_password", mysqlPacket(9, "\xff\x15\x04#28000Access denied"), Unknown, Unclear},
		{"breaks off", "mysql_native_password", mysqlPacket(2, ok)[:6], Unknown, TimedOut},
		{"goes in circles", "mysql_native_password", mysqlPacket(2, "\xfemysql_native_password\x00"+strings.Repeat("x", 20)+"\x00"), Unknown, TimedOut},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var got received
			address := scripted(t, mysqlScript(tt.plugin, tt.reply, &got))
			o := onLoopback()
			o.requestTimeout = 300 * time.Millisecond
			password := rand.Text()
			check(t, verdictOfLogin(t, o, "mysql", loginURL("mysql", "ann", password, address)), tt.want, tt.reason)
			if strings.Contains(got.text(), password) {
				t.Error("the password was sent in clear text")
			}
		})
	}
	var got received
	o := onLoopback()
	o.AllowPlaintext = false
	address := scripted(t, mysqlScript("mysql_native_password", "", &got))
	check(t, verdictOfLogin(t, o, "mysql", loginURL("mysql", "ann", rand.Text(), address)), Skipped, ClearText)
	if sent := got.text(); sent != "" {
		t.Errorf("%q was sent", sent)
	}
}
