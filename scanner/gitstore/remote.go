package gitstore

import (
	"maps"
	"path/filepath"
	"slices"
	"strings"
)

// Remote is what the repository's configuration says about another repository.
type Remote struct {
	Name string
	// tracking holds the right sides of its fetch refspecs: where the refs are that follow it. A "*" stands for any text.
	tracking []string
}

// Tracks reports whether ref follows a ref of the remote, so that the remote has, or had, what it names.
func (r *Remote) Tracks(ref string) bool {
	for _, t := range r.tracking {
		before, after, star := strings.Cut(t, "*")
		if !star && ref == t || star && len(ref) >= len(t)-1 && strings.HasPrefix(ref, before) && strings.HasSuffix(ref, after) {
			return true
		}
	}
	return false
}

// Remote returns the remote that a push goes to, by what Git tells a pre-push hook: its name, or its URL if it has none, and the URL that
// is pushed to. A URL that some remote has stands for that remote. Where a push goes to another repository than a fetch comes from
// (remote.NAME.pushurl), no ref follows it. Only the repository's own configuration is read.
func (r *Repo) Remote(name, url string) *Remote {
	remotes := r.remotes()
	conf := remotes[name]
	if conf == nil {
		for _, n := range slices.Sorted(maps.Keys(remotes)) {
			if sameRepository(remotes[n].urls, name) {
				name, conf = n, remotes[n]
				break
			}
		}
	}
	found := &Remote{Name: name}
	if conf == nil {
		conf = &remoteConfig{}
	}
	if len(conf.pushURLs) > 0 && !sameRepository(conf.urls, url) {
		return found
	}
	for _, spec := range conf.fetch {
		if _, to, ok := strings.Cut(strings.TrimPrefix(spec, "+"), ":"); ok && strings.HasPrefix(to, "refs/") && spec[0] != '^' {
			found.tracking = append(found.tracking, to)
		}
	}
	if len(conf.fetch) == 0 && len(conf.urls) == 0 && safeRefName("refs/remotes/"+name+"/x") {
		found.tracking = []string{"refs/remotes/" + name + "/*"} // configured elsewhere, as a clone has it
	}
	return found
}

// Partial reports whether objects may be at a remote instead of here (gitformat partial-clone): the repository's configuration names one
// that has promised to keep them.
func (r *Repo) Partial() bool {
	for _, c := range r.remotes() {
		if c.promisor {
			return true
		}
	}
	return false
}

// remoteConfig is a remote's section of the configuration.
type remoteConfig struct {
	fetch, urls, pushURLs []string
	promisor              bool
}

// remotes reads the remotes of the repository's own configuration.
func (r *Repo) remotes() map[string]*remoteConfig {
	var text []byte
	for _, file := range []string{filepath.Join(r.CommonDir, "config"), filepath.Join(r.GitDir, "config.worktree")} {
		if more, err := readLayoutFile(file, maxConfigFile); err == nil {
			text = append(append(text, more...), '\n')
		}
	}
	remotes := map[string]*remoteConfig{}
	parseConfig(text, func(key, value string, hasValue bool) {
		section, variable := key[:max(0, strings.LastIndexByte(key, '.'))], key[strings.LastIndexByte(key, '.')+1:]
		name, ok := strings.CutPrefix(section, "remote.")
		if !ok {
			return
		}
		if remotes[name] == nil {
			remotes[name] = &remoteConfig{}
		}
		switch c := remotes[name]; variable {
		case "fetch":
			c.fetch = append(c.fetch, value)
		case "url":
			c.urls = append(c.urls, value)
		case "pushurl":
			c.pushURLs = append(c.pushURLs, value)
		case "promisor":
			c.promisor, _ = configBool(value, hasValue)
		}
	})
	return remotes
}

// sameRepository reports whether url names the same repository as one of the others, by whatever protocol.
func sameRepository(others []string, url string) bool {
	if url == "" {
		return true // nothing is known against it
	}
	for _, o := range others {
		if plainURL(o) == plainURL(url) {
			return true
		}
	}
	return false
}

// plainURL reduces a URL to host and path.
func plainURL(url string) string {
	_, rest, hasScheme := strings.Cut(url, "://")
	if !hasScheme {
		rest = url
	}
	host, path, ok := strings.Cut(rest, "/")
	if !hasScheme {
		if h, p, scp := strings.Cut(rest, ":"); scp && !strings.Contains(h, "/") { // user@host:path
			host, path, ok = h, p, true
		}
	}
	if ok {
		host = host[strings.LastIndexByte(host, '@')+1:]
		if h, port, found := strings.Cut(host, ":"); found && strings.Trim(port, "0123456789") == "" {
			host = h
		}
		rest = strings.ToLower(host) + "/" + strings.TrimLeft(path, "/")
	}
	return strings.TrimSuffix(strings.TrimRight(rest, "/"), ".git")
}

// RemoteURL returns the URL that the repository's configuration has for a remote; "" if it has none.
func (r *Repo) RemoteURL(name string) string {
	conf := r.remotes()[name]
	if conf == nil || len(conf.urls) == 0 {
		return ""
	}
	return conf.urls[0]
}
