package gitstore

import (
	"path/filepath"
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
// is pushed to. Where a push goes to another repository than a fetch comes from (remote.NAME.pushurl), no ref follows it. Only the
// repository's own configuration is read.
func (r *Repo) Remote(name, url string) *Remote {
	found := &Remote{Name: name}
	var fetch, urls, pushURLs []string
	var text []byte
	for _, file := range []string{filepath.Join(r.CommonDir, "config"), filepath.Join(r.GitDir, "config.worktree")} {
		if more, err := readLayoutFile(file, maxConfigFile); err == nil {
			text = append(append(text, more...), '\n')
		}
	}
	section := "remote." + name + "."
	parseConfig(text, func(key, value string, _ bool) {
		switch key {
		case section + "fetch":
			fetch = append(fetch, value)
		case section + "url":
			urls = append(urls, value)
		case section + "pushurl":
			pushURLs = append(pushURLs, value)
		}
	})
	if len(pushURLs) > 0 && !sameRepository(urls, url) {
		return found
	}
	for _, spec := range fetch {
		if strings.HasPrefix(spec, "^") {
			continue
		}
		if _, to, ok := strings.Cut(strings.TrimPrefix(spec, "+"), ":"); ok && strings.HasPrefix(to, "refs/") {
			found.tracking = append(found.tracking, to)
		}
	}
	if len(fetch) == 0 && safeRefName("refs/remotes/"+name+"/x") {
		found.tracking = []string{"refs/remotes/" + name + "/*"}
	}
	return found
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
