package scanner

import (
	"path"
	"strings"
)

// matchGlob reports whether the path matches the glob: '*' and '?' stay within a directory, '**' crosses them; a glob without a
// slash matches a name at any depth, and one that names a directory matches all below it.
func matchGlob(glob, p string) bool {
	glob = strings.TrimPrefix(glob, "./")
	glob = strings.TrimSuffix(glob, "/")
	if strings.HasPrefix(glob, "/") {
		glob = glob[1:]
	} else if !strings.Contains(glob, "/") {
		glob = "**/" + glob
	}
	return matchSegments(strings.Split(glob, "/"), strings.Split(p, "/"))
}

// matchSegments matches greedily from the left; as '**' may be retried only at its latest place, the time is at most the
// product of the lengths.
func matchSegments(glob, p []string) bool {
	gi, pi := 0, 0
	backGlob, backPath := -1, 0
	for {
		if gi == len(glob) {
			return true // all of the glob is used: p is what it names, or lies below it
		}
		if glob[gi] == "**" {
			backGlob, backPath = gi, pi
			gi++
			continue
		}
		if pi < len(p) {
			if ok, err := path.Match(glob[gi], p[pi]); err == nil && ok {
				gi, pi = gi+1, pi+1
				continue
			}
		}
		if backGlob < 0 || backPath >= len(p) {
			return false
		}
		backPath++
		gi, pi = backGlob+1, backPath
	}
}

// validGlob returns an error for a glob with a malformed pattern.
func validGlob(glob string) error {
	for _, s := range strings.Split(glob, "/") {
		if _, err := path.Match(s, ""); err != nil {
			return err
		}
	}
	return nil
}

// pathFilter returns the function that says whether a path belongs to the job, or nil if all do.
func pathFilter(include, exclude []string) func([]byte) bool {
	if len(include) == 0 && len(exclude) == 0 {
		return nil
	}
	any := func(globs []string, p string) bool {
		for _, g := range globs {
			if matchGlob(g, p) {
				return true
			}
		}
		return false
	}
	return func(p []byte) bool {
		s := string(p)
		return (len(include) == 0 || any(include, s)) && !any(exclude, s)
	}
}
