package verify

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"regexp"
	"strings"
)

// registry asks a container registry about a log-in, the base64 of "user:password" as Docker's configuration keeps it
// (https://docs.docker.com/reference/cli/docker/login/). The part "host" names the registry.
//
// A registry says itself how it wants to be asked (https://distribution.github.io/distribution/spec/api/#api-version-check): by Basic, or
// by Bearer with a token that a service of its own gives out (https://distribution.github.io/distribution/spec/auth/token/). That
// service must be the registry's host, one that is known to belong to it, or one that --allow-host names: the log-in is sent nowhere else.
//
// A log-in is active if the registry, or its service, accepts it while a made-up one is refused, and inactive if it is refused by the
// error UNAUTHORIZED, or by Docker Hub's words.
type registry struct{}

// registryServices returns the hosts that the registries of a provider leave log-ins to, beside the registry itself.
func registryServices() map[string]string {
	return map[string]string{"registry-1.docker.io": "auth.docker.io", "registry.gitlab.com": "gitlab.com"}
}

// registryHost returns the host of a part, which stands there as in a configuration: "https://index.docker.io/v1/" or
// `"registry.example:5000": {`. Docker Hub goes by several names.
func registryHost(part string) (host, port string, ok bool) {
	text := strings.Trim(part, "\"\\ :{")
	text = strings.TrimPrefix(strings.TrimPrefix(text, "https://"), "http://")
	text, _, _ = strings.Cut(text, "/")
	if host, port, ok = splitHost(text); !ok {
		return "", "", false
	}
	switch host {
	case "index.docker.io", "docker.io", "registry.hub.docker.com":
		host = "registry-1.docker.io"
	}
	if port == "" {
		port = "443"
	}
	return host, port, strings.Contains(host, ".") || strings.Contains(host, ":") || host == "localhost"
}

// registryLogin reads the base64 of "user:password".
func registryLogin(secret string) (user, password string, ok bool) {
	text, err := base64.StdEncoding.DecodeString(secret)
	if err != nil {
		return "", "", false
	}
	user, password, ok = strings.Cut(string(text), ":")
	return user, password, ok && user != "" && password != "" && !hasControls(string(text))
}

// basicLogin is what registryLogin reads.
func basicLogin(user, password string) string {
	return base64.StdEncoding.EncodeToString([]byte(user + ":" + password))
}

// registryScheme returns what a registry is asked by. Docker, too, takes clear text for its own machine only.
func registryScheme(host string) string {
	if host == "localhost" || strings.HasPrefix(host, "127.") {
		return "http"
	}
	return "https"
}

// onePlace implements bound.
func (registry) onePlace() {}

// Targets implements Protocol.
func (registry) Targets(p *Probe) ([]Target, bool) {
	host, port, ok := registryHost(p.Parts["host"])
	user, _, login := registryLogin(p.Secret)
	if !ok || !login {
		return nil, false
	}
	scheme := registryScheme(host)
	targets := []Target{{Scheme: scheme, Host: host, Port: port, Text: true, Clear: scheme == "http", User: user}}
	if service := registryServices()[host]; service != "" {
		targets = append(targets, Target{Scheme: "https", Host: service, Port: "443", User: user})
	}
	return targets, true
}

// Verify implements Protocol.
func (registry) Verify(ctx context.Context, p *Probe) Answer {
	host, port, _ := registryHost(p.Parts["host"])
	base := &url.URL{Scheme: registryScheme(host), Host: hostPort(host, port, registryScheme(host)), Path: "/v2/"}
	r, a := p.send(ctx, http.MethodGet, base.String(), http.Header{}, "")
	if r == nil {
		return a
	}
	if r.status == http.StatusOK {
		return unknown(AcceptsAny)
	}
	if r.status != http.StatusUnauthorized {
		return unknown(Unclear)
	}
	at, bearer, ok := registryPlace(base, r.header.Values("WWW-Authenticate"))
	if !ok {
		return unknown(Unclear)
	}
	if bearer && !registryMayAsk(base, at) {
		service := Target{Scheme: at.Scheme, Host: strings.ToLower(at.Hostname()), Port: portOf(at), Clear: at.Scheme != "https"}
		if why := p.Also(service); why != "" {
			return Answer{Status: Skipped, Reason: why}
		}
	}
	if a := registryAsk(ctx, p, at, bearer, basicLogin(madeUpName(), madeUpName())); a.Status != Inactive {
		if a.Status == Active {
			return unknown(AcceptsAny)
		}
		return a
	}
	a = registryAsk(ctx, p, at, bearer, p.Secret)
	if user, _, _ := registryLogin(p.Secret); a.Status == Active {
		a.Identity = map[string]string{"login": user, "registry": base.Host}
	}
	return a
}

func hostPort(host, port, scheme string) string {
	if strings.Contains(host, ":") {
		host = "[" + host + "]"
	}
	if scheme == "https" && port == "443" {
		return host
	}
	return host + ":" + port
}

// challengeParameter matches a parameter of a challenge (RFC 9110, section 11.2).
var challengeParameter = regexp.MustCompile(`([A-Za-z]+)="([^"]*)"`)

// registryPlace reads how a registry wants to be asked: at its own URL by Basic, or at the URL of its service.
func registryPlace(base *url.URL, challenges []string) (at *url.URL, bearer, ok bool) {
	for _, c := range challenges {
		scheme, rest, _ := strings.Cut(c, " ")
		switch strings.ToLower(scheme) {
		case "basic":
			return base, false, true
		case "bearer":
			query, realm := url.Values{}, ""
			for _, m := range challengeParameter.FindAllStringSubmatch(rest, -1) {
				switch strings.ToLower(m[1]) {
				case "realm":
					realm = m[2]
				case "service":
					query.Set("service", m[2])
				}
			}
			u, err := url.Parse(realm)
			if err != nil || u.Hostname() == "" || u.User != nil || u.Scheme != "https" && u.Scheme != "http" {
				return nil, true, false
			}
			u.RawQuery = query.Encode()
			return u, true, true
		}
	}
	return nil, false, false
}

// registryMayAsk reports whether a registry's log-ins may go to a service.
func registryMayAsk(base, at *url.URL) bool {
	if strings.EqualFold(at.Host, base.Host) && at.Scheme == base.Scheme {
		return true
	}
	return at.Scheme == "https" && at.Host != "" && at.Host == registryServices()[base.Host]
}

// registryReply is what a registry or its service answers.
type registryReply struct {
	Token       string `json:"token"`
	AccessToken string `json:"access_token"`
	Details     string `json:"details"`
	Errors      []struct {
		Code string `json:"code"`
	} `json:"errors"`
}

// registryAsk asks about one log-in.
func registryAsk(ctx context.Context, p *Probe, at *url.URL, bearer bool, login string) Answer {
	r, a := p.send(ctx, http.MethodGet, at.String(), http.Header{"Authorization": {"Basic " + login}}, "")
	if r == nil {
		return a
	}
	var reply registryReply
	if r.cut || json.Unmarshal(r.body, &reply) != nil {
		return unknown(Unclear)
	}
	switch {
	case r.status == http.StatusOK && bearer && reply.Token+reply.AccessToken != "",
		r.status == http.StatusOK && !bearer && r.header.Get("Docker-Distribution-Api-Version") == "registry/2.0":
		return Answer{Status: Active}
	case r.status == http.StatusUnauthorized && (len(reply.Errors) > 0 && reply.Errors[0].Code == "UNAUTHORIZED" || bearer && reply.Details == "incorrect username or password"):
		return Answer{Status: Inactive}
	}
	return unknown(Unclear)
}
