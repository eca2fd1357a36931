package verify

import (
	"bufio"
	"crypto/rand"
	"io"
	"net"
	"strings"
	"testing"
	"time"
)

// amqpFrame frames a method of class 10 and its arguments.
func amqpFrame(method byte, arguments string) string {
	return "\x01\x00\x00" + amqpLong("\x00\x0a\x00"+string([]byte{method})+arguments) + "\xce"
}

// amqpGreeting is Start of a broker with some ways to log in.
func amqpGreeting(ways string) string {
	properties := amqpShort("capabilities") + "F" + amqpLong(amqpShort("basic.nack")+"t\x01") + amqpShort("product") + "S" + amqpLong("Broker\x1b[31m") +
		amqpShort("odd") + "?"
	return amqpFrame(10, "\x00\x09"+amqpLong(properties)+amqpLong(ways)+amqpLong("en_US"))
}

// amqpScript is a broker that answers what a log-in sends.
func amqpScript(greeting string, reply func(sent string) string) script {
	return func(c net.Conn) {
		r := bufio.NewReader(c)
		head := make([]byte, 8)
		if _, err := io.ReadFull(r, head); err != nil || string(head) != "AMQP\x00\x00\x09\x01" {
			return
		}
		_, _ = io.WriteString(c, greeting)
		sent, err := r.ReadString(0xce)
		if err == nil {
			say(c, reply(sent))
		}
	}
}

// Only Tune and the reply 403 are answers, and Tune only of a broker that refuses others.
func TestAMQPServers(t *testing.T) {
	t.Parallel()
	const tune = "\x07\xff\x00\x02\x00\x00\x00\x3c"
	refused := amqpFrame(50, "\x01\x93"+amqpShort("ACCESS_REFUSED - Login was refused")+"\x00\x0a\x00\x0b")
	always := func(text string) func(string) string { return func(string) string { return text } }
	for _, tt := range []struct {
		name, ways string
		reply      func(string) string
		want       Status
		reason     Reason
	}{
		{"accepts ann", "AMQPLAIN PLAIN", func(sent string) string {
			if strings.Contains(sent, "\x00ann\x00") {
				return amqpFrame(30, tune)
			}
			return refused
		}, Active, ""},
		{"accepts anything", "PLAIN", always(amqpFrame(30, tune)), Unknown, AcceptsAny},
		{"refuses", "PLAIN", always(refused), Inactive, ""},
		{"refuses in other words", "PLAIN", always(amqpFrame(50, "\x01\x93"+amqpShort("the firewall says no")+"\x00\x0a\x00\x0b")), Unknown, Unclear},
		{"not allowed", "PLAIN", always(amqpFrame(50, "\x02\x12"+amqpShort("NOT_ALLOWED - ACCESS_REFUSED")+"\x00\x00\x00\x00")), Unknown, Unclear},
		{"shuts down", "PLAIN", always(amqpFrame(50, "\x01\x40"+amqpShort("CONNECTION_FORCED")+"\x00\x00\x00\x00")), Unknown, ServerError},
		{"short refusal", "PLAIN", always(amqpFrame(50, "\x01\x93\xffACCESS_REFUSED")), Unknown, Unclear},
		{"short tune", "PLAIN", always(amqpFrame(30, tune[:3])), Unknown, Unclear},
		{"wants more", "PLAIN", always(amqpFrame(20, amqpLong("x"))), Unknown, Unclear},
		{"on another channel", "PLAIN", always("\x01\x00\x01" + amqpFrame(30, tune)[3:]), Unknown, Unclear},
		{"without end", "PLAIN", always(strings.TrimSuffix(amqpFrame(30, tune), "\xce") + "x"), Unknown, Unclear},
		{"breaks off", "PLAIN", always(refused[:9]), Unknown, TimedOut},
		{"echoes", "PLAIN", func(sent string) string { return sent }, Unknown, Unclear},
		{"says another version", "PLAIN", always("AMQP\x00\x01\x00\x00"), Unknown, Unclear},
		{"another way only", "EXTERNAL XPLAIN", always(refused), Unknown, Unclear},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			o := onLoopback()
			if tt.reason == TimedOut {
				o.requestTimeout = 500 * time.Millisecond
			}
			address := scripted(t, amqpScript(amqpGreeting(tt.ways), tt.reply))
			v := verdictOfLogin(t, o, "amqp", loginURL("amqp", "ann", rand.Text(), address))
			check(t, v, tt.want, tt.reason)
			if v.Status == Active && (v.Identity["user"] != "ann" || v.Identity["server_version"] != "Broker[31m") {
				t.Errorf("identity %q", v.Identity)
			}
			if tt.want == Inactive {
				check(t, verdictOfLogin(t, o, "amqp", loginURL("amqp", "guest", rand.Text(), address)), Unknown, Unclear)
			}
		})
	}
}
