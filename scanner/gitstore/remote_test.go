package gitstore

import "testing"

func TestPlainURL(t *testing.T) {
	same := [][]string{
		{"https://example.org/team/shop.git", "https://ann@Example.org:443/team/shop", "git@example.org:team/shop.git", "ssh://git@example.org/team/shop.git/", "git@example.org:/team/shop"},
		{"../away.git", "../away"},
		{"/srv/shop.git", "/srv/shop"},
	}
	for i, group := range same {
		for _, a := range group {
			for j, other := range same {
				for _, b := range other {
					if got := plainURL(a) == plainURL(b); got != (i == j) {
						t.Errorf("%s and %s: %v (%s, %s)", a, b, got, plainURL(a), plainURL(b))
					}
				}
			}
		}
	}
}

func TestTracks(t *testing.T) {
	r := Remote{tracking: []string{"refs/remotes/o/*", "refs/far/*/tip", "refs/one"}}
	for ref, want := range map[string]bool{
		"refs/remotes/o/main": true, "refs/remotes/o/a/b": true, "refs/remotes/other/main": false, "refs/far/x/tip": true, "refs/far/tip": false,
		"refs/one": true, "refs/ones": false, "refs/heads/main": false,
	} {
		if got := r.Tracks(ref); got != want {
			t.Errorf("%s: %v", ref, got)
		}
	}
}
