package main

import (
	"bufio"
	"crypto/rand"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// ftpServer starts a file server without TLS that lets ann in with a password that it makes up. NAME becomes her URL, and
// NAMEPASSWORD the password; with it NAMEOTHER is bob's URL, NAMEMAIL one of a mail server, and NAMEBIND a line of a directory's client.
// What the server is told goes into NAME.log.
func ftpServer(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: ftpserver NAME")
	}
	name, password := args[0], rand.Text()+"7"
	l, err := net.Listen("tcp", "127.0.0.1:0")
	ts.Check(err)
	file, err := os.Create(ts.MkAbs(name + ".log"))
	ts.Check(err)
	ts.Setenv(name, "ftp://ann:"+password+"@"+l.Addr().String())
	ts.Setenv(name+"PASSWORD", password)
	ts.Setenv(name+"OTHER", "ftp://bob:"+password+"@"+l.Addr().String())
	ts.Setenv(name+"MAIL", "imaps://bob:"+password+"@mail.acme.corp")
	ts.Setenv(name+"BIND", "bindpw "+password)
	var open sync.WaitGroup
	ts.Defer(func() {
		l.Close()
		open.Wait()
		ts.Check(file.Close())
	})
	open.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			open.Go(func() { serveFTP(c, password, file) })
		}
	})
}

// serveFTP speaks as much of FTP as a log-in needs (RFC 959).
func serveFTP(c net.Conn, password string, log io.Writer) {
	defer c.Close()
	_ = c.SetDeadline(time.Now().Add(10 * time.Second))
	fmt.Fprint(c, "220 ready\r\n")
	name := ""
	for lines := bufio.NewScanner(c); lines.Scan(); {
		fmt.Fprintln(log, lines.Text())
		verb, rest, _ := strings.Cut(lines.Text(), " ")
		switch {
		case verb == "USER":
			name = rest
			fmt.Fprint(c, "331 password?\r\n")
		case verb == "PASS" && name == "ann" && rest == password:
			fmt.Fprint(c, "230 welcome, "+password+"\r\n")
		case verb == "PASS":
			fmt.Fprint(c, "530 Login incorrect: "+rest+"\r\n")
		default:
			fmt.Fprint(c, "502 what?\r\n")
		}
	}
}
