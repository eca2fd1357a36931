package hooks

import (
	"bytes"
	"io"
)

// Server is the software that runs a pre-receive or update hook.
type Server string

// The servers that show the text of hooks in ways of their own.
const (
	PlainServer  Server = "git"    // lines reach the pusher with "remote: " before them
	GitLabServer Server = "gitlab" // the web interface shows lines that begin with "GL-HOOK-ERR: "
	GitHubServer Server = "github" // GitHub Enterprise Server: plain lines; the hook has 5 seconds
)

// ServerOf tells from the environment which server runs the hook. GitLab sets GL_ID (GitLab documentation, "Git server hooks", Environment
// variables), GitHub Enterprise Server GITHUB_VIA or GITHUB_REPO_NAME (GitHub documentation, "Creating a pre-receive hook script").
func ServerOf(getenv func(string) string) Server {
	switch {
	case getenv("GL_ID") != "" || getenv("GL_REPOSITORY") != "":
		return GitLabServer
	case getenv("GITHUB_VIA") != "" || getenv("GITHUB_REPO_NAME") != "":
		return GitHubServer
	}
	return PlainServer
}

// Prefix is what must stand before every line of a message, so that the server shows it.
func (s Server) Prefix() string {
	if s == GitLabServer {
		return "GL-HOOK-ERR: "
	}
	return ""
}

// Prefixed returns a writer that puts prefix before every line.
func Prefixed(w io.Writer, prefix string) io.Writer {
	if prefix == "" {
		return w
	}
	return &prefixed{w: w, prefix: prefix, start: true}
}

type prefixed struct {
	w      io.Writer
	prefix string
	start  bool // at the start of a line
}

func (p *prefixed) Write(b []byte) (int, error) {
	var out bytes.Buffer
	for line := range bytes.Lines(b) {
		if p.start {
			out.WriteString(p.prefix)
		}
		out.Write(line)
		p.start = line[len(line)-1] == '\n'
	}
	if _, err := p.w.Write(out.Bytes()); err != nil {
		return 0, err
	}
	return len(b), nil
}
