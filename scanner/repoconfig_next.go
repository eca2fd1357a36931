package scanner

import (
	"cmp"

	"mudlark/scanner/gitstore"
)

// Where a change is judged by the configuration from before it, one that brings a broken configuration would go through and stop every
// later one, also that which repairs it. So it is the change that brings it which is incomplete, and not the one that repairs it.

// nextState is what becomes of the configuration by the change that is looked at.
type nextState int

const (
	nextUnknown nextState = iota // the change does not reach it
	nextBroken
	nextWorks // or there is none any more
)

// checkNextConfig looks at the configuration that will count once the change is in: for a push that is received that of HEAD's branch, else
// that of Options.NextConfig. A broken one is coverage, if the one before works.
func (s *scan) checkNextConfig(works bool) nextState {
	commit, where, ok := s.nextConfig()
	if !ok || s.o.NoRepositoryConfig {
		return nextUnknown
	}
	var unread error
	_, name, err := s.readConfig(func(name string, limit int64) ([]byte, bool) {
		data, found, err := s.fileOf(commit, name, limit)
		unread = cmp.Or(unread, err)
		return data, found
	})
	if err = cmp.Or(err, unread); err == nil {
		return nextWorks
	}
	if !works {
		return nextBroken
	}
	what := where
	if name != "" {
		what += ":" + name
	}
	s.cover.skip(string(gitstore.Policy), what, "brings a configuration that is broken, and would not be applied from then on: "+oneLine(err))
	return nextBroken
}

// nextConfig returns the commit whose configuration will count, and what to call it.
func (s *scan) nextConfig() (commit gitstore.ID, where string, ok bool) {
	switch {
	case s.repo == nil:
		return commit, "", false
	case s.received():
		branch, _, _ := s.repo.Head()
		for _, u := range s.o.Push.Updates {
			if u.Ref == branch {
				id, err := s.updateID(u, u.New)
				return id, u.Ref, err == nil && !id.IsZero()
			}
		}
	case s.o.NextConfig != "":
		id, err := s.repo.ResolveCommit(s.o.NextConfig)
		return id, s.o.NextConfig, err == nil
	}
	return commit, "", false
}
