package verify

import (
	"crypto/rand"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
)

// gitHost plays a server with one repository, which ann may read.
func gitHost(path, service, password string) *play {
	return &play{
		real: func(r *http.Request, _ string) bool {
			user, got, _ := r.BasicAuth()
			return r.Method == "GET" && r.Host == "git.acme.test" && r.URL.Path == path+"/info/refs" && r.URL.RawQuery == "service="+service && user == "ann" && got == password
		},
		prefix:  true,
		refusal: reply{status: 401, header: map[string]string{"Www-Authenticate": `Basic realm="Acme Git"`}, body: "<html>no</html>"},
		positive: func(text string) reply {
			line := "# service=" + service + "\n"
			return reply{status: 200, header: map[string]string{"Content-Type": "application/x-" + service + "-advertisement"}, body: fmt.Sprintf("%04x%s0000", len(line)+4, line) + text}
		},
	}
}

// gitCredential is a URL of ann's with the path of a repository behind it.
func gitCredential(t *testing.T, password, path string) Credential {
	r := protocolRule(t, "url", "repository")
	r.Parts[0].Public = true
	return Credential{Rule: r, Secret: loginURL("https", "ann", password, "git.acme.test"), Parts: map[string][]string{"repository": {path}}}
}

func TestGitAnswers(t *testing.T) {
	t.Parallel()
	password := rand.Text()
	p := gitHost("/team/app.git", "git-upload-pack", password)
	o := everyHost(t, p)
	o.AllowHosts = []HostPattern{{host: "git.acme.test"}}
	c := gitCredential(t, password, "/team/app.git")
	p.answers(t, o, c)
	v := p.ask(t, o, c, p.positive("").script())
	check(t, v, Active, "")
	if v.Identity["user"] != "ann" || v.Identity["realm"] != "Acme Git" || v.Identity["repository"] != "/team/app.git" || v.Identity["access"] != "read" {
		t.Errorf("identity %q", v.Identity)
	}
	if want := []string{"GET git.acme.test/team/app.git/info/refs false", "GET git.acme.test/team/app.git/info/refs false", "GET git.acme.test/team/app.git/info/refs true"}; !slices.Equal(p.asked, want) {
		t.Errorf("asked %q", p.asked)
	}
	check(t, p.ask(t, o, c, p.refusal.script()), Unknown, Unclear)
	other := p.positive("")
	other.header = map[string]string{"Content-Type": "text/plain"}
	check(t, p.ask(t, o, c, other.script()), Unknown, Unclear)
	other = gitHost("", "git-receive-pack", "").positive("")
	other.header["Content-Type"] = "application/x-git-upload-pack-advertisement"
	check(t, p.ask(t, o, c, other.script()), Unknown, Unclear)

	any := gitHost("/team/app.git", "git-upload-pack", password)
	any.real = func(r *http.Request, _ string) bool { return r.Header.Get("Authorization") != "" }
	oAny := everyHost(t, any)
	oAny.AllowHosts = o.AllowHosts
	check(t, any.ask(t, oAny, c, any.positive("").script()), Unknown, AcceptsAny)
	if len(any.asked) != 2 {
		t.Errorf("asked %q", any.asked)
	}

	// The password goes nowhere else, and to nobody who was not named.
	check(t, p.ask(t, o, gitCredential(t, password, "/team/../app.git"), p.positive("").script()), Unknown, Unclear)
	if slices.ContainsFunc(p.asked, func(a string) bool { return strings.Contains(a, "info/refs") }) {
		t.Errorf("asked %q", p.asked)
	}
	o.AllowHosts = nil
	check(t, p.ask(t, o, c, p.positive("").script()), Skipped, HostNotAllowed)
}
