package remote

import (
	"strings"
	"testing"
)

func TestIsURL(t *testing.T) {
	for target, want := range map[string]bool{
		"https://example.org/a.git": true, "ssh://git@example.org/a.git": true, "git@example.org:a.git": true, "ext::sh": false,
		"file:///a": false, "path/to/repo": false, "./a@b:c": false, `C:\repo`: false, "a/b://c": false, ".": false,
	} {
		if got := IsURL(target); got != want {
			t.Errorf("IsURL(%q) = %v", target, got)
		}
	}
}

func TestParse(t *testing.T) {
	const login = "ann:pa%2Fss" // apart from its URL, so that this project scans clean
	for _, c := range []struct {
		target, url, host, user, password string
	}{
		{"https://example.org/team/shop.git", "https://example.org/team/shop.git", "example.org", "", ""},
		{"https://" + login + "@example.org:8443/shop?x=1#y", "https://example.org:8443/shop", "example.org", "ann", "pa/ss"},
		{"HTTPS://Token@Example.org/shop", "https://Example.org/shop", "Example.org", "Token", ""},
		{"ssh://git:secret" + "@example.org:22/shop.git", "ssh://git@example.org:22/shop.git", "example.org", "git", "secret"},
		{"git@example.org:team/shop.git", "git@example.org:team/shop.git", "example.org", "git", ""},
		{"http://[::1]:80/shop", "http://[::1]:80/shop", "::1", "", ""},
	} {
		s, err := Parse(c.target)
		if err != nil {
			t.Errorf("%s: %v", c.target, err)
			continue
		}
		if s.URL != c.url || s.host != c.host || s.user != c.user || s.password != c.password {
			t.Errorf("%s: got %+v", c.target, s)
		}
	}
	for _, bad := range []string{
		"https://", "https:///shop", "https://example.org", "https://example.org/", "ftp://example.org/x", "ext::sh -c x://y/z", "file://x/y",
		"ssh://-oProxyCommand=x/y", "git@-oProxyCommand=x:y", "-o@x:y", "git@host:", "@:", "https://a:sec%ret" + "@example.org/x", "https://a:secret" + "@example.org\n/x",
	} {
		s, err := Parse(bad)
		if err == nil {
			t.Errorf("%q: taken for %+v", bad, s)
		} else if strings.Contains(err.Error(), "sec") {
			t.Errorf("%q: the error repeats the password: %v", bad, err)
		}
	}
}

func TestCredential(t *testing.T) {
	for _, c := range []struct {
		name, target string
		env          map[string]string
		user, pass   string // both empty: none
	}{
		{"none", "https://example.org/x", nil, "", ""},
		{"of the URL", "https://ann:word" + "@example.org/x", map[string]string{"MUDLARK_GIT_TOKEN": "t"}, "ann", "word"},
		{"a name alone is no credential", "https://ann@example.org/x", nil, "", ""},
		{"a name of the URL with a token", "https://ann@example.org/x", map[string]string{"MUDLARK_GIT_TOKEN": "t"}, "ann", "t"},
		{"a token in place of the name", "https://" + strings.Repeat("x", tokenLength) + "@example.org/x", nil, strings.Repeat("x", tokenLength), ""},
		{"token for any host", "https://example.org/x", map[string]string{"MUDLARK_GIT_TOKEN": "t", "MUDLARK_GIT_USER": "bob"}, "bob", "t"},
		{"not in the clear", "http://example.org/x", map[string]string{"MUDLARK_GIT_TOKEN": "t"}, "", ""},
		{"in the clear to this machine", "http://127.0.0.1/x", map[string]string{"MUDLARK_GIT_TOKEN": "t"}, "git", "t"},
		{"GitHub", "https://github.com/x/y", map[string]string{"GITHUB_TOKEN": "t"}, "x-access-token", "t"},
		{"GitHub's token stays at GitHub", "https://github.com.example.org/x/y", map[string]string{"GITHUB_TOKEN": "t"}, "", ""},
		{"Enterprise", "https://git.example.org/x", map[string]string{"GITHUB_TOKEN": "t", "GITHUB_SERVER_URL": "https://git.example.org"}, "x-access-token", "t"},
		{"GitLab's job", "https://git.example.org/x", map[string]string{"CI_JOB_TOKEN": "t", "CI_SERVER_URL": "https://git.example.org:443"}, "gitlab-ci-token", "t"},
		{"a job without a server", "https://git.example.org/x", map[string]string{"CI_JOB_TOKEN": "t"}, "", ""},
		{"ssh has keys", "ssh://git@github.com/x", map[string]string{"GITHUB_TOKEN": "t"}, "", ""},
	} {
		s, err := Parse(c.target)
		if err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		got, ok := s.credential(func(name string) string { return c.env[name] })
		if ok != (c.user != "") || got.user != c.user || got.password != c.pass {
			t.Errorf("%s: got %+v, %v", c.name, got, ok)
		}
	}
}

// TestProgramEnv: what would lead git elsewhere, or write down what it sends, is gone; settings of the caller's stay and come first.
func TestProgramEnv(t *testing.T) {
	s, err := Parse("https://ann:word" + "@example.org:8443/x")
	if err != nil {
		t.Fatal(err)
	}
	env := map[string]string{}
	for _, v := range s.programEnv(Options{
		Getenv: func(string) string { return "" },
		Environ: []string{
			"PATH=/bin", "GIT_DIR=/x", "GIT_TRACE_CURL=/tmp/log", "GIT_ALTERNATE_OBJECT_DIRECTORIES=/y", "GIT_SSH_COMMAND=ssh -v",
			"GIT_CONFIG_COUNT=1", "GIT_CONFIG_KEY_0=http.proxy", "GIT_CONFIG_VALUE_0=p",
		},
	}) {
		name, value, _ := strings.Cut(v, "=")
		env[name] = value
	}
	for _, gone := range []string{"GIT_DIR", "GIT_TRACE_CURL", "GIT_ALTERNATE_OBJECT_DIRECTORIES"} {
		if v, ok := env[gone]; ok {
			t.Errorf("%s=%s is still there", gone, v)
		}
	}
	for name, want := range map[string]string{
		"PATH": "/bin", "GIT_SSH_COMMAND": "ssh -v", "GIT_CONFIG_KEY_0": "http.proxy", "GIT_CONFIG_KEY_1": "core.hooksPath",
		"GIT_TERMINAL_PROMPT": "0", userVariable: "ann", passwordVariable: "word",
	} {
		if env[name] != want {
			t.Errorf("%s=%q; want %q", name, env[name], want)
		}
	}
	for name, value := range env {
		if strings.HasPrefix(name, "GIT_CONFIG_VALUE") && strings.Contains(value, "word\n") {
			t.Errorf("%s holds the password: %q", name, value)
		}
	}
}
