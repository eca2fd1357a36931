package verify

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"errors"
	"io"
	"net"
	"net/url"
	"slices"
	"strings"

	"golang.org/x/crypto/ssh"
)

// sshKeys asks SSH servers whether they let somebody in with a private key (RFC 4252, section 7): the hosts of Git that it knows, or those
// of --endpoint ssh=ssh://USER@HOST:PORT#SHA256:FINGERPRINT. The signature that a server gets is worth nothing elsewhere, and servers must
// have the host key that is known of them.
//
// A key is active if the server asks for a signature by it, accepts that, and refuses a made-up key. As a key may be meant for any server, it
// is inactive only if the user has named the servers, and all refuse it. Keys with a passphrase are not tried.
type sshKeys struct{ known []sshHost }

// sshHost is a server, or a made-up one of a test.
type sshHost struct {
	host, port, user string
	fingerprint      string // of its host key, as OpenSSH shows it
	// greeted: whoever is let in gets no shell but a line that says who he is.
	greeted bool
}

// gitHosts are hosts of Git that publish their host keys, of which these are the Ed25519 ones:
// https://docs.github.com/en/authentication/keeping-your-account-and-data-secure/githubs-ssh-key-fingerprints,
// https://docs.gitlab.com/user/gitlab_com/#ssh-host-keys-fingerprints, https://bitbucket.org/blog/ssh-host-key-changes.
func gitHosts() []sshHost {
	return []sshHost{
		{"github.com", "22", "git", "SHA256:+DiY3wvvV6TuJJhbpZisF/zLDA0zPMSvHdkr4UvCOqU", true},
		{"gitlab.com", "22", "git", "SHA256:eUXGGm1YGsMAS7vkcx6JOJdOGHPem5gQp4taiCfCLB8", true},
		{"bitbucket.org", "22", "git", "SHA256:ybgmFkzwOSotHTHLJgHO0QN8L0xErw6vd0VhFA9m3SM", true},
	}
}

// hosts returns the servers to ask. named: by the user.
func (k sshKeys) hosts(p *Probe) (list []sshHost, named bool) {
	if len(p.Endpoints) == 0 {
		return k.known, false
	}
	for _, u := range p.Endpoints {
		if h, ok := sshEndpoint(u); ok {
			list = append(list, h)
		}
	}
	return list, true
}

// sshEndpoint reads ssh://USER@HOST:PORT#FINGERPRINT.
func sshEndpoint(u *url.URL) (sshHost, bool) {
	h := sshHost{host: strings.ToLower(u.Hostname()), port: u.Port(), user: u.User.Username(), fingerprint: u.Fragment}
	if h.port == "" {
		h.port = "22"
	}
	return h, u.Scheme == "ssh" && h.host != "" && h.user != "" && strings.HasPrefix(h.fingerprint, "SHA256:")
}

// IsSSHEndpoint reports whether u names a server for private keys: ssh://USER@HOST:PORT#SHA256:FINGERPRINT.
func IsSSHEndpoint(u *url.URL) bool {
	_, ok := sshEndpoint(u)
	_, password := u.User.Password()
	return ok && !password && u.RawQuery == "" && strings.Trim(u.Path, "/") == ""
}

func (h sshHost) target() Target { return Target{Scheme: "ssh", Host: h.host, Port: h.port} }

// Targets implements Protocol.
func (k sshKeys) Targets(p *Probe) (targets []Target, ok bool) {
	hosts, _ := k.hosts(p)
	for _, h := range hosts {
		targets = append(targets, h.target())
	}
	_, err := ssh.ParsePrivateKey([]byte(p.Secret))
	return targets, len(targets) > 0 && err == nil
}

// Verify implements Protocol.
func (k sshKeys) Verify(ctx context.Context, p *Probe) Answer {
	signer, err := ssh.ParsePrivateKey([]byte(p.Secret))
	if err != nil {
		return Answer{Status: Skipped, Reason: PartMissing}
	}
	hosts, named := k.hosts(p)
	var all []answer
	for _, h := range hosts {
		a := sshAsk(ctx, p, h, signer)
		if a.Status == Active {
			return a
		}
		all = append(all, answer{Answer: a})
	}
	return together(all, false, !named).Answer
}

// sshAsk asks one server, and if that lets the key in, whether it lets in any.
func sshAsk(ctx context.Context, p *Probe, h sshHost, signer ssh.Signer) Answer {
	a := sshLogin(ctx, p, h, signer)
	if a.Status != Active {
		return a
	}
	fake, err := madeUpSigner()
	if err != nil {
		return unknown(Unclear)
	}
	if control := sshLogin(ctx, p, h, fake); control.Status != Inactive {
		return unknown(AcceptsAny)
	}
	return a
}

// What the library says if no way in is left, and if one of those tried was the key. The text of a server would have another beginning.
const (
	sshNoWay   = "ssh: handshake failed: ssh: unable to authenticate, attempted methods ["
	sshRefusal = sshNoWay + "none publickey], no supported methods remain"
)

// sshLogin logs in once.
func sshLogin(ctx context.Context, p *Probe, h sshHost, signer ssh.Signer) Answer {
	s, a := p.open(ctx, h.target(), false)
	if s == nil {
		return a
	}
	defer s.Close()
	asked := &askedSigner{Signer: signer}
	partial := false
	config := &ssh.ClientConfig{
		User: h.user,
		Auth: []ssh.AuthMethod{ssh.PublicKeys(asked)},
		AuthCallback: func(c *ssh.ClientAuthContext) (ssh.AuthMethod, error) {
			partial = len(c.PartialSuccessMethods) > 0
			return nil, nil
		},
		// The order in which OpenSSH prefers them, so that the fingerprint is the one that it shows.
		HostKeyAlgorithms: []string{ssh.KeyAlgoED25519, ssh.KeyAlgoECDSA256, ssh.KeyAlgoECDSA384, ssh.KeyAlgoECDSA521, ssh.KeyAlgoRSASHA512, ssh.KeyAlgoRSASHA256},
		HostKeyCallback: func(_ string, _ net.Addr, key ssh.PublicKey) error {
			if ssh.FingerprintSHA256(key) != h.fingerprint {
				return errHostKey
			}
			return nil
		},
		ClientVersion: "SSH-2.0-mudlark",
	}
	conn, channels, requests, err := ssh.NewClientConn(s.Conn, net.JoinHostPort(h.host, h.port), config)
	switch {
	case err == nil && !asked.once:
		_ = conn.Close()
		return unknown(AcceptsAny) // without any key
	case err == nil:
		client := ssh.NewClient(conn, channels, requests)
		defer client.Close()
		return Answer{Status: Active, Identity: h.identify(client, signer)}
	case s.ctx.Err() != nil:
		return unknown(TimedOut)
	case err.Error() == sshRefusal && !asked.once && !partial:
		return Answer{Status: Inactive}
	case asked.once || partial || strings.HasPrefix(err.Error(), sshNoWay): // the key is known there, but it alone is not enough; or keys are not wanted
		return unknown(Unclear)
	}
	return unknown(failure(err))
}

var errHostKey = errors.New("not the host key that is known")

// askedSigner notes whether a server wanted a signature, which it does if it knows the key (RFC 4252, section 7).
type askedSigner struct {
	ssh.Signer
	once bool
}

// Sign implements ssh.Signer.
func (a *askedSigner) Sign(r io.Reader, data []byte) (*ssh.Signature, error) {
	a.once = true
	return a.Signer.Sign(r, data)
}

// SignWithAlgorithm implements ssh.AlgorithmSigner, so that RSA keys sign by SHA-2.
func (a *askedSigner) SignWithAlgorithm(r io.Reader, data []byte, algorithm string) (*ssh.Signature, error) {
	a.once = true
	return a.Signer.(ssh.AlgorithmSigner).SignWithAlgorithm(r, data, algorithm)
}

// identify says who is let in where, and what to look for in the list of keys there.
func (h sshHost) identify(client *ssh.Client, signer ssh.Signer) map[string]string {
	m := map[string]string{"host": h.host, "user": h.user, "key_fingerprint": ssh.FingerprintSHA256(signer.PublicKey())}
	if h.greeted {
		m["account"] = sshAccount(sshGreeting(client))
	}
	return m
}

// sshGreeting asks for a shell, which hosts of Git answer with a greeting, and returns its beginning.
func sshGreeting(client *ssh.Client) string {
	s, err := client.NewSession()
	if err != nil {
		return ""
	}
	defer s.Close()
	out, err := s.StdoutPipe()
	if err != nil {
		return ""
	}
	more, err := s.StderrPipe()
	if err != nil || s.Shell() != nil {
		return ""
	}
	const enough = 4 << 10
	first, _ := io.ReadAll(io.LimitReader(out, enough))
	second, _ := io.ReadAll(io.LimitReader(more, enough))
	return string(first) + "\n" + string(second)
}

// sshAccount finds the account, or the repository of a deploy key, in a greeting such as "Hi ann!" or "Welcome to GitLab, @ann!".
func sshAccount(greeting string) string {
	words := strings.Fields(greeting)
	i := slices.IndexFunc(words, func(w string) bool { return len(w) > 1 && strings.HasSuffix(w, "!") })
	if i < 0 {
		return ""
	}
	return strings.TrimSuffix(strings.TrimPrefix(words[i], "@"), "!")
}

// madeUpSigner returns a key that no server knows.
func madeUpSigner() (ssh.Signer, error) {
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return nil, err
	}
	return ssh.NewSignerFromKey(key)
}
