package remote

import (
	"bytes"
	"context"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"
)

// cloneByProgram clones with the git program. The user's own configuration is obeyed, for proxies, certificates, ssh and credential helpers;
// what could run a program of somebody else's is switched off.
func (s *Source) cloneByProgram(ctx context.Context, program, dir string, o Options) error {
	cmd := exec.CommandContext(ctx, program, "clone", "--quiet", "--mirror", "--no-hardlinks", "--", s.URL, dir)
	cmd.Dir = filepath.Dir(dir) // outside of any repository, whose configuration would count
	cmd.Env = s.programEnv(o)
	var errs tail
	cmd.Stderr = &errs
	cmd.WaitDelay = 5 * time.Second
	runtime.LockOSThread() // that the thread ends counts as the end of the parent
	defer runtime.UnlockOSThread()
	tie(cmd, o.Interactive)
	err := cmd.Run()
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case err != nil:
		c, _ := s.credential(o.Getenv)
		return cloneError(s.URL, c.hide(errs.String()))
	}
	return nil
}

// settings of the git program for a clone that is to be read, not used.
var settings = [][2]string{
	{"core.hooksPath", "/dev/null"},
	{"init.templateDir", ""},
	{"core.fsmonitor", "false"},
	{"protocol.allow", "never"},
	{"protocol.https.allow", "always"},
	{"protocol.http.allow", "always"},
	{"protocol.ssh.allow", "always"},
	{"protocol.git.allow", "always"},
	{"transfer.fsckObjects", "false"}, // what is damaged is to be scanned as well
	{"fetch.fsckObjects", "false"},
	{"transfer.bundleURI", "false"},
	{"fetch.recurseSubmodules", "false"},
	{"fetch.writeCommitGraph", "false"},
	{"gc.auto", "0"},
	{"maintenance.auto", "false"},
}

// dropped are variables that would make Git work on another repository, or write down what it sends.
var dropped = []string{
	"GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_COMMON_DIR", "GIT_OBJECT_DIRECTORY", "GIT_ALTERNATE_OBJECT_DIRECTORIES", "GIT_QUARANTINE_PATH",
	"GIT_NAMESPACE", "GIT_TEMPLATE_DIR", "GIT_SHALLOW_FILE", "GIT_GRAFT_FILE", "GIT_REPLACE_REF_BASE", "GIT_PREFIX", "GIT_ALLOW_PROTOCOL",
	"GIT_CURL_VERBOSE", "GIT_CONFIG_COUNT",
}

// Variables by which the credential reaches the helper below. Only the user's own processes can read a process's environment.
const (
	userVariable     = "MUDLARK_CLONE_USER"
	passwordVariable = "MUDLARK_CLONE_PASSWORD"
)

// helper is a credential helper (gitcredentials) that prints what the two variables hold.
const helper = `!f() { test "$1" = get && printf 'username=%s\npassword=%s\n' "$` + userVariable + `" "$` + passwordVariable + `"; }; f`

// programEnv returns the environment of the git program.
func (s *Source) programEnv(o Options) []string {
	var env []string
	count := 0
	for _, v := range o.Environ {
		name, value, _ := strings.Cut(v, "=")
		switch {
		case name == "GIT_CONFIG_COUNT":
			count, _ = strconv.Atoi(value)
		case slices.Contains(dropped, name) || strings.HasPrefix(name, "GIT_TRACE") || name == userVariable || name == passwordVariable:
		default:
			env = append(env, v)
		}
	}
	set := func(key, value string) {
		n := strconv.Itoa(count)
		env = append(env, "GIT_CONFIG_KEY_"+n+"="+key, "GIT_CONFIG_VALUE_"+n+"="+value)
		count++
	}
	for _, kv := range settings {
		set(kv[0], kv[1])
	}
	if c, ok := s.credential(o.Getenv); ok {
		set("credential.helper", "") // forget the others
		set("credential."+s.scheme+"://"+s.hostAndPort()+".helper", helper)
		env = append(env, userVariable+"="+c.user, passwordVariable+"="+c.password)
	} else if s.user != "" && s.scheme != "ssh" {
		set("credential."+s.scheme+"://"+s.hostAndPort()+".username", s.user)
	}
	if !o.Interactive {
		env = append(env, "GIT_TERMINAL_PROMPT=0")
	}
	return append(env, "GIT_CONFIG_COUNT="+strconv.Itoa(count), "LC_ALL=C", "GIT_CEILING_DIRECTORIES="+tempRoot())
}

func (s *Source) hostAndPort() string {
	_, rest, _ := strings.Cut(s.URL, "://")
	host, _, _ := strings.Cut(rest, "/")
	return host
}

// hide takes a credential out of what a program has said.
func (c credential) hide(text string) string {
	for _, secret := range []string{c.password, c.user} {
		if len(secret) > 3 {
			text = strings.ReplaceAll(text, secret, "…")
		}
	}
	return text
}

// tail keeps the end of what is written to it.
type tail struct{ bytes.Buffer }

// maxTail is enough for what Git says when it fails.
const maxTail = 16 << 10

func (t *tail) Write(p []byte) (int, error) {
	if t.Len()+len(p) > maxTail {
		t.Reset()
	}
	_, err := t.Buffer.Write(p[max(0, len(p)-maxTail):])
	return len(p), err
}

// cloneError makes an error of what git or go-git says.
func cloneError(url, said string) *Error {
	e := &Error{Message: url + " could not be cloned"}
	var lines []string
	for line := range strings.Lines(said) {
		line = strings.TrimSpace(line)
		if line != "" && !strings.HasPrefix(line, "Cloning into") {
			lines = append(lines, strings.TrimPrefix(line, "fatal: "))
		}
	}
	if len(lines) > 0 {
		e.Message += ": " + strings.Join(lines[max(0, len(lines)-3):], "; ")
	}
	lower := strings.ToLower(said)
	has := func(words ...string) bool {
		for _, w := range words {
			if strings.Contains(lower, w) {
				return true
			}
		}
		return false
	}
	switch {
	case has("could not read username", "could not read password", "authentication", "401", "403", "permission denied"):
		e.Hint = "set MUDLARK_GIT_TOKEN, or let Git know the credentials: git credential, or an ssh key"
	case has("host key", "knownhosts", "known_hosts"):
		e.Hint = "connect once with ssh, to accept the host's key"
	case has("not found", "does not exist", "does not appear"):
		e.Hint = "check the spelling; a private repository may look as if it were not there"
	case has("object-format", "object format"):
		e.Hint = "install the git program: without it only SHA-1 repositories are cloned"
	default:
		e.Hint = "try: git ls-remote " + url
	}
	return e
}
