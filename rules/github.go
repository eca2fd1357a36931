package rules

import (
	_ "embed"
	"strings"
)

// githubTypes is GitHub's list, "Supported secret scanning patterns" (docs.github.com), as lines of slug and provider.
//
//go:embed github-types.tsv
var githubTypes string

// GitHubType is a type of secret in GitHub's list.
type GitHubType struct {
	Slug     string // GitHub's secret_type
	Provider string // as GitHub calls it
}

// GitHubTypes returns the types of secrets that GitHub lists for its secret scanning, in the order of that list.
func GitHubTypes() []GitHubType {
	var list []GitHubType
	for i, line := range strings.Split(githubTypes, "\n") {
		if slug, provider, ok := strings.Cut(strings.TrimRight(line, "\r"), "\t"); ok && i > 0 {
			list = append(list, GitHubType{slug, provider})
		}
	}
	return list
}
