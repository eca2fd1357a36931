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

// ftpScript is a file server without TLS that answers commands by their first word, or "502".
func ftpScript(greeting string, replies func(user, command string) string, got *received) script {
	return func(c net.Conn) {
		_, _ = io.WriteString(c, greeting)
		user := ""
		for r := bufio.NewReader(c); ; {
			line, err := r.ReadString('\n')
			if err != nil {
				return
			}
			got.add([]byte(line))
			command := strings.TrimSpace(line)
			if name, ok := strings.CutPrefix(command, "USER "); ok {
				user = name
			}
			reply := replies(user, command)
			if reply == "" {
				reply = "502 what?\r\n"
			}
			_, _ = io.WriteString(c, reply)
		}
	}
}

// Only 230 and a 530 that says "incorrect" are answers, and 230 only of a server that refuses others.
func TestFTPServers(t *testing.T) {
	t.Parallel()
	// says answers USER and PASS, and what ann gets for PASS.
	says := func(user, pass, ann string) func(string, string) string {
		return func(who, command string) string {
			switch {
			case strings.HasPrefix(command, "USER "):
				return user
			case strings.HasPrefix(command, "PASS ") && who == "ann" && ann != "":
				return ann
			case strings.HasPrefix(command, "PASS "):
				return pass
			}
			return ""
		}
	}
	const wanted, in, wrong = "331 password?\r\n", "230-hello\r\n 230 not yet\r\n230 logged in\r\n", "530 Login incorrect.\r\n"
	for _, tt := range []struct {
		name    string
		replies func(string, string) string
		want    Status
		reason  Reason
	}{
		{"accepts ann", says(wanted, wrong, in), Active, ""},
		{"accepts ann, is closed to others", says(wanted, "530 Permission denied.\r\n", in), Active, ""},
		{"accepts anything", says(wanted, in, ""), Unknown, AcceptsAny},
		{"wants no password", says(in, in, ""), Unknown, AcceptsAny},
		{"says nothing to others", says(wanted, "421 too many\r\n", in), Unknown, AcceptsAny},
		{"refuses", says(wanted, wrong, ""), Inactive, ""},
		{"refuses in other words", says(wanted, "530 Login authentication failed\r\n", ""), Inactive, ""},
		{"refuses the user", says("530 Login incorrect\r\n", wrong, ""), Unknown, Unclear},
		{"is full", says(wanted, "530 Sorry, the maximum number of clients is reached\r\n", ""), Unknown, Unclear},
		{"wants TLS", says("530 Non-anonymous sessions must use encryption.\r\n", "", ""), Unknown, Unclear},
		{"wants an account", says(wanted, "332 account?\r\n", ""), Unknown, Unclear},
		{"bare 530", says(wanted, "530\r\n", ""), Unknown, Unclear},
		{"closes", says(wanted, "421 timeout, Login incorrect\r\n", ""), Unknown, ServerError},
		{"no such command", says("500 what?\r\n", "", ""), Unknown, Unclear},
		{"no code", says(wanted, "ok\r\n", ""), Unknown, Unclear},
		{"no end", says(wanted, "230-Login\r\n230-incorrect\r\n", ""), Unknown, TimedOut},
		{"breaks off", says(wanted, "530 Login inc", ""), Unknown, TimedOut},
		{"echoes", func(_, command string) string { return command + "\r\n" }, Unknown, Unclear},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			o := onLoopback()
			if tt.reason == TimedOut {
				o.requestTimeout = 300 * time.Millisecond
			}
			address := scripted(t, ftpScript("220-welcome\r\n220 ready\r\n", tt.replies, nil))
			check(t, verdictOfLogin(t, o, "ftp", loginURL("ftp", "ann", rand.Text(), address)), tt.want, tt.reason)
		})
	}
	address := scripted(t, ftpScript("220 ready\r\n", func(user, command string) string {
		switch {
		case strings.HasPrefix(command, "PASS ") && user == "anonymous":
			return in
		case strings.HasPrefix(command, "PASS "):
			return wrong
		}
		return wanted
	}, nil))
	check(t, verdictOfLogin(t, onLoopback(), "ftp", loginURL("ftp", "anonymous", rand.Text(), address)), Unknown, AcceptsAny)

	var got received
	o := onLoopback()
	o.AllowPlaintext = false
	address = scripted(t, ftpScript("220 ready\r\n", says(wanted, wrong, ""), &got))
	check(t, verdictOfLogin(t, o, "ftp", loginURL("ftp", "ann", rand.Text(), address)), Skipped, ClearText)
	if sent := got.text(); sent != "AUTH TLS\r\n" {
		t.Errorf("%q was sent", sent)
	}
}
