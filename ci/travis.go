package ci

import "strings"

// travis reads the variables of Travis CI (docs.travis-ci.com/user/environment-variables). TRAVIS_COMMIT_RANGE is "BEFORE...AFTER", or empty
// for the first build of a branch; TRAVIS_BRANCH is the target of a pull request, and the name of a tag for a tag.
func travis(get func(string) string) *Build {
	b := &Build{
		System: "Travis CI", Event: get("TRAVIS_EVENT_TYPE"), Head: object(get("TRAVIS_COMMIT")), Branch: get("TRAVIS_BRANCH"), Dir: get("TRAVIS_BUILD_DIR"),
		Remedy: "git:\n  depth: false",
	}
	before, _, _ := strings.Cut(get("TRAVIS_COMMIT_RANGE"), ".")
	switch b.Event {
	case "pull_request":
		b.Target, b.Branch = b.Branch, ""
		if head := object(get("TRAVIS_PULL_REQUEST_SHA")); head != "" {
			b.Head = head
		}
		b.Bases = objects(before)
	case "cron", "api":
		b.Whole = true
	default:
		if get("TRAVIS_TAG") != "" {
			b.Event, b.Branch = "tag", ""
			break
		}
		b.Before = object(before)
	}
	return b
}

// branchOf returns the branch that a full name of a ref names, "" if it names none.
func branchOf(ref string) string {
	branch, ok := strings.CutPrefix(ref, "refs/heads/")
	if !ok {
		return ""
	}
	return branch
}

// branchName returns the name of a branch without what Jenkins may put in front of it.
func branchName(name string) string {
	for _, prefix := range []string{"refs/heads/", "refs/remotes/origin/", "origin/"} {
		name = strings.TrimPrefix(name, prefix)
	}
	return name
}
