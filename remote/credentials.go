package remote

import (
	"cmp"
	"strings"
)

// credential is a user and a password or token.
type credential struct{ user, password string }

// credential returns what the URL or the environment has for the source; ok is false if there is nothing, so that Git's helpers are asked.
//
//	MUDLARK_GIT_TOKEN, with MUDLARK_GIT_USER    for whatever host is scanned
//	GITHUB_TOKEN, GH_TOKEN                      for github.com, and the host that GITHUB_SERVER_URL or GH_HOST names
//	GITLAB_TOKEN                                for gitlab.com, and the host of CI_SERVER_URL
//	CI_JOB_TOKEN                                for the host of CI_SERVER_URL (GitLab, "CI/CD job token")
//	BITBUCKET_TOKEN                             for bitbucket.org
//
// A token goes to no other host, and over http to this machine only.
func (s *Source) credential(getenv func(string) string) (c credential, ok bool) {
	if s.scheme != "https" && s.scheme != "http" {
		return c, false
	}
	if s.password != "" || len(s.user) >= tokenLength {
		return credential{s.user, s.password}, true
	}
	if s.scheme == "http" && !s.loopback() {
		return c, false
	}
	if token := getenv("MUDLARK_GIT_TOKEN"); token != "" {
		// Hosts that take tokens do not look at the name.
		return credential{cmp.Or(s.user, getenv("MUDLARK_GIT_USER"), "git"), token}, true
	}
	for _, h := range knownHosts(getenv) {
		if token := getenv(h.variable); token != "" && h.host != "" && strings.EqualFold(s.host, h.host) {
			return credential{h.user, token}, true
		}
	}
	return c, false
}

// tokenLength is how long the name in a URL must be to be taken for a token in its place, as in https://TOKEN@github.com/.
const tokenLength = 20

// knownHost says which variable holds a token for which host, and the name that goes with it.
type knownHost struct{ variable, host, user string }

func knownHosts(getenv func(string) string) []knownHost {
	gitlab := hostOf(getenv("CI_SERVER_URL"))
	return []knownHost{
		{"GITHUB_TOKEN", "github.com", "x-access-token"},
		{"GH_TOKEN", "github.com", "x-access-token"},
		{"GITHUB_TOKEN", hostOf(getenv("GITHUB_SERVER_URL")), "x-access-token"},
		{"GH_ENTERPRISE_TOKEN", getenv("GH_HOST"), "x-access-token"},
		{"GITLAB_TOKEN", "gitlab.com", "oauth2"},
		{"GITLAB_TOKEN", gitlab, "oauth2"},
		{"CI_JOB_TOKEN", gitlab, "gitlab-ci-token"},
		{"BITBUCKET_TOKEN", "bitbucket.org", "x-token-auth"},
	}
}

// hostOf returns the host of an https URL, "" if it is none.
func hostOf(text string) string {
	rest, ok := strings.CutPrefix(text, "https://")
	if !ok {
		return ""
	}
	host, _, _ := strings.Cut(rest, "/")
	host, _, _ = strings.Cut(host, ":")
	return host
}
