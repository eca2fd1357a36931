package verify

import (
	"crypto/rand"
	"io"
	"net"
	"strings"
	"testing"
	"time"
)

// smtpScript is a server that offers a way to log in, and answers it always alike.
func smtpScript(offer, reply string, got *[]byte) script {
	return func(c net.Conn) {
		_, _ = io.WriteString(c, "220 mail ready\r\n")
		buf := make([]byte, 1000)
		for _, text := range []string{"250-mail\r\n250 " + offer + "\r\n", reply} {
			n, err := c.Read(buf)
			if err != nil {
				return
			}
			*got = append(*got, buf[:n]...)
			_, _ = io.WriteString(c, text)
		}
		drain(c)
	}
}

// Only 235 and a 535 of the right meaning are answers.
func TestSMTPServers(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, offer, reply string
		want               Status
		reason             Reason
	}{
		{"accepts anything", "AUTH PLAIN", "235 2.7.0 welcome\r\n", Unknown, AcceptsAny},
		{"refuses", "AUTH LOGIN PLAIN", "535 5.7.8 invalid\r\n", Inactive, ""},
		{"refuses in lines", "AUTH=PLAIN", "535-5.7.8 invalid\r\n535 5.7.8 see there\r\n", Inactive, ""},
		{"refuses without enhanced code", "AUTH PLAIN", "535 authentication failed\r\n", Inactive, ""},
		{"not by passwords", "AUTH PLAIN", "535 5.7.139 SmtpClientAuthentication is disabled\r\n", Unknown, Unclear},
		{"wants TLS", "AUTH PLAIN", "538 5.7.11 encryption required\r\n", Unknown, Unclear},
		{"too weak", "AUTH PLAIN", "534 5.7.9 too weak\r\n", Unknown, Unclear},
		{"for now", "AUTH PLAIN", "454 4.7.0 temporary\r\n", Unknown, ServerError},
		{"mixed codes", "AUTH PLAIN", "535-5.7.8 invalid\r\n235 2.7.0 welcome\r\n", Unknown, Unclear},
		{"another way only", "AUTH XOAUTH2", "", Unknown, Unclear},
		{"no way", "HELP", "", Unknown, Unclear},
		{"breaks off", "AUTH PLAIN", "535", Unknown, TimedOut},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var got []byte
			o := onLoopback()
			o.requestTimeout = 300 * time.Millisecond
			address := scripted(t, smtpScript(tt.offer, tt.reply, &got))
			check(t, verdictOfLogin(t, o, "smtp", loginURL("smtp", "ann", rand.Text(), address)), tt.want, tt.reason)
		})
	}
	var got []byte
	o := onLoopback()
	o.AllowPlaintext = false
	address := scripted(t, smtpScript("AUTH PLAIN", "", &got))
	check(t, verdictOfLogin(t, o, "smtp", loginURL("smtp", "ann", rand.Text(), address)), Skipped, ClearText)
	if strings.Contains(string(got), "AUTH") {
		t.Errorf("%q was sent", got)
	}
}
