package remote

import (
	"context"
	"errors"
	"os"
	"path/filepath"

	"github.com/go-git/go-git/v5"
	"github.com/go-git/go-git/v5/plumbing/transport"
	"github.com/go-git/go-git/v5/plumbing/transport/http"
	"github.com/go-git/go-git/v5/plumbing/transport/ssh"
)

// cloneByLibrary clones with go-git, where there is no git program. Git's credential helpers are out of reach; ssh keys come from the agent
// or the usual files, and host keys must be known.
func (s *Source) cloneByLibrary(ctx context.Context, dir string, o Options) error {
	auth, err := s.auth(o.Getenv)
	if err != nil {
		return err
	}
	_, err = git.PlainCloneContext(ctx, dir, true, &git.CloneOptions{URL: s.URL, Auth: auth, Mirror: true, NoCheckout: true})
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case errors.Is(err, transport.ErrEmptyRemoteRepository):
		_, err = git.PlainInit(dir, true)
	}
	if err != nil {
		c, _ := s.credential(o.Getenv)
		return cloneError(s.URL, c.hide(err.Error()))
	}
	return nil
}

// auth returns how to log in; nil for go-git's own ways.
func (s *Source) auth(getenv func(string) string) (transport.AuthMethod, error) {
	if c, ok := s.credential(getenv); ok {
		return &http.BasicAuth{Username: c.user, Password: c.password}, nil
	}
	if s.scheme != "ssh" || getenv("SSH_AUTH_SOCK") != "" {
		return nil, nil
	}
	user := s.user
	if user == "" {
		user = "git"
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return nil, &Error{Message: "there is no home folder to look for ssh keys in", Hint: "start an ssh agent"}
	}
	for _, name := range []string{"id_ed25519", "id_ecdsa", "id_rsa"} {
		if key, err := ssh.NewPublicKeysFromFile(user, filepath.Join(home, ".ssh", name), ""); err == nil {
			return key, nil
		}
	}
	return nil, &Error{Message: "there is no ssh key without a passphrase, and no ssh agent", Hint: "start an ssh agent, or install the git program"}
}
