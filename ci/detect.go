package ci

import (
	"cmp"
	"errors"
)

// Environment is what a CI system tells its jobs.
type Environment struct {
	Getenv   func(string) string
	ReadFile func(string) ([]byte, error)
}

// ErrNone is the error of Detect outside of the CI systems that it knows.
var ErrNone = errors.New("no CI system that is known")

// Detect returns what the CI system runs for. The error is ErrNone, or that of a file that the CI system should have written.
func Detect(e Environment) (*Build, error) {
	get := e.Getenv
	switch {
	// These say that they are GitHub Actions, too.
	case get("FORGEJO_ACTIONS") == "true":
		return actions(e, "Forgejo Actions")
	case get("GITEA_ACTIONS") == "true":
		return actions(e, "Gitea Actions")
	case get("GITHUB_ACTIONS") == "true":
		return actions(e, "GitHub Actions")
	case get("GITLAB_CI") == "true":
		return gitlab(get), nil
	case get("TF_BUILD") != "":
		return azure(get), nil
	case get("BITBUCKET_BUILD_NUMBER") != "":
		return bitbucket(get), nil
	case get("CIRCLECI") == "true":
		return circle(get), nil
	case get("BUILDKITE") == "true":
		return buildkite(get), nil
	case get("CI") == "woodpecker" || get("CI_SYSTEM_NAME") == "woodpecker":
		return woodpecker(get), nil
	case get("DRONE") == "true":
		return drone(get), nil
	case get("TRAVIS") == "true":
		return travis(get), nil
	case get("JENKINS_URL") != "":
		return jenkins(get), nil
	}
	return nil, ErrNone
}

// gitlab reads the predefined variables of GitLab CI/CD (docs.gitlab.com/ci/variables/predefined_variables). In pipelines for merge
// requests CI_COMMIT_BEFORE_SHA is zeros; in those for merged results and merge trains CI_COMMIT_SHA is the result of the merge, and
// CI_MERGE_REQUEST_TARGET_BRANCH_SHA the other side of it.
func gitlab(get func(string) string) *Build {
	b := &Build{
		System: "GitLab CI", Event: get("CI_PIPELINE_SOURCE"), Head: object(get("CI_COMMIT_SHA")), Branch: get("CI_COMMIT_BRANCH"), Default: get("CI_DEFAULT_BRANCH"),
		Dir: get("CI_PROJECT_DIR"), URL: get("CI_REPOSITORY_URL"), Remedy: "variables:\n  GIT_DEPTH: \"0\"",
		Places: Places{ArtifactFormat: "gitlab", ArtifactFile: "gl-secret-detection-report.json"},
	}
	switch {
	case get("CI_MERGE_REQUEST_IID") != "":
		b.Event = cmp.Or(get("CI_MERGE_REQUEST_EVENT_TYPE"), "merge_request")
		b.Bases = objects(get("CI_MERGE_REQUEST_TARGET_BRANCH_SHA"), get("CI_MERGE_REQUEST_DIFF_BASE_SHA"))
		b.Target = get("CI_MERGE_REQUEST_TARGET_BRANCH_NAME")
	case get("CI_EXTERNAL_PULL_REQUEST_IID") != "": // of a repository on GitHub
		b.Bases, b.Target = objects(get("CI_EXTERNAL_PULL_REQUEST_TARGET_BRANCH_SHA")), get("CI_EXTERNAL_PULL_REQUEST_TARGET_BRANCH_NAME")
		b.Branch = ""
	case b.Event == "schedule":
		b.Whole = true
	case get("CI_COMMIT_TAG") != "":
		b.Event, b.Branch = "tag", ""
	default:
		b.Before = object(get("CI_COMMIT_BEFORE_SHA"))
	}
	return b
}

// azure reads the predefined variables of Azure Pipelines (learn.microsoft.com, "Use predefined variables"). What a branch was before a push
// is not among them.
func azure(get func(string) string) *Build {
	b := &Build{
		System: "Azure Pipelines", Event: get("BUILD_REASON"), Head: object(get("BUILD_SOURCEVERSION")), Branch: branchOf(get("BUILD_SOURCEBRANCH")),
		Dir: get("BUILD_SOURCESDIRECTORY"), URL: get("BUILD_REPOSITORY_URI"), Remedy: "steps:\n- checkout: self\n  fetchDepth: 0",
		Places: Places{Issues: true},
	}
	switch b.Event {
	case "PullRequest":
		b.Head = cmp.Or(object(get("SYSTEM_PULLREQUEST_SOURCECOMMITID")), b.Head)
		b.Target = cmp.Or(branchOf(get("SYSTEM_PULLREQUEST_TARGETBRANCH")), get("SYSTEM_PULLREQUEST_TARGETBRANCH"))
		b.Branch = ""
	case "Schedule", "Manual":
		b.Whole = true
	}
	return b
}

// bitbucket reads the default variables of Bitbucket Pipelines (support.atlassian.com, "Variables and secrets"). What a branch was before a
// push is not among them.
func bitbucket(get func(string) string) *Build {
	b := &Build{
		System: "Bitbucket Pipelines", Event: "push", Head: object(get("BITBUCKET_COMMIT")), Branch: get("BITBUCKET_BRANCH"),
		Dir: get("BITBUCKET_CLONE_DIR"), URL: get("BITBUCKET_GIT_HTTP_ORIGIN"), Remedy: "clone:\n  depth: full",
	}
	switch {
	case get("BITBUCKET_PR_ID") != "":
		b.Event, b.Branch = "pull request", ""
		b.Bases, b.Target = objects(get("BITBUCKET_PR_DESTINATION_COMMIT")), get("BITBUCKET_PR_DESTINATION_BRANCH")
	case get("BITBUCKET_TAG") != "":
		b.Event, b.Branch = "tag", ""
	}
	return b
}

// circle reads the built-in variables of CircleCI (circleci.com/docs/variables). Neither the target of a pull request nor what a branch was
// before is among them, so a branch is compared with the default branch.
func circle(get func(string) string) *Build {
	b := &Build{
		System: "CircleCI", Event: "push", Head: object(get("CIRCLE_SHA1")), Branch: get("CIRCLE_BRANCH"), URL: get("CIRCLE_REPOSITORY_URL"),
		Remedy: "steps:\n  - checkout:\n      method: full",
	}
	b.Partial = b.Remedy // blobless is the default
	switch {
	case get("CIRCLE_TAG") != "":
		b.Event, b.Branch = "tag", ""
	case get("CIRCLE_PULL_REQUEST") != "":
		b.Event = "pull request"
	}
	return b
}

// buildkite reads the variables of Buildkite (buildkite.com/docs/pipelines/configure/environment-variables). BUILDKITE_COMMIT may be HEAD.
func buildkite(get func(string) string) *Build {
	b := &Build{
		System: "Buildkite", Event: cmp.Or(get("BUILDKITE_SOURCE"), "push"), Head: object(get("BUILDKITE_COMMIT")), Branch: get("BUILDKITE_BRANCH"),
		Default: get("BUILDKITE_PIPELINE_DEFAULT_BRANCH"), Dir: get("BUILDKITE_BUILD_CHECKOUT_PATH"), URL: get("BUILDKITE_REPO"),
		Remedy: "env:\n  BUILDKITE_GIT_CLONE_FLAGS: \"-v\"\n  BUILDKITE_GIT_FETCH_FLAGS: \"-v --prune\"",
	}
	switch pr := get("BUILDKITE_PULL_REQUEST"); {
	case get("BUILDKITE_MERGE_QUEUE_BASE_COMMIT") != "":
		b.Event, b.Branch = "merge queue", ""
		b.Bases, b.Target = objects(get("BUILDKITE_MERGE_QUEUE_BASE_COMMIT")), get("BUILDKITE_MERGE_QUEUE_BASE_BRANCH")
	case pr != "" && pr != "false":
		b.Event, b.Target, b.Branch = "pull request", get("BUILDKITE_PULL_REQUEST_BASE_BRANCH"), ""
	case b.Event == "schedule":
		b.Whole = true
	case get("BUILDKITE_TAG") != "":
		b.Event, b.Branch = "tag", ""
	}
	return b
}

// drone reads the variables of Drone (docs.drone.io/pipeline/environment/reference).
func drone(get func(string) string) *Build {
	b := &Build{
		System: "Drone", Event: get("DRONE_BUILD_EVENT"), Head: object(cmp.Or(get("DRONE_COMMIT_SHA"), get("DRONE_COMMIT"))), Branch: get("DRONE_BRANCH"),
		Default: get("DRONE_REPO_BRANCH"), URL: get("DRONE_GIT_HTTP_URL"), Remedy: "clone:\n  depth: 0",
	}
	switch b.Event {
	case "pull_request":
		b.Target, b.Branch = get("DRONE_TARGET_BRANCH"), ""
		b.Bases = objects(get("DRONE_COMMIT_BEFORE"))
	case "cron", "custom":
		b.Whole = true
	case "tag", "promote", "rollback":
		b.Branch = ""
	default:
		b.Before = object(get("DRONE_COMMIT_BEFORE"))
	}
	return b
}

// woodpecker reads the variables of Woodpecker (woodpecker-ci.org/docs/usage/environment). CI_PREV_COMMIT_SHA is that of the previous
// pipeline of the branch, which may have been one for a pull request into it, or one of this very commit that is run again: neither tells what
// the branch was.
func woodpecker(get func(string) string) *Build {
	b := &Build{
		System: "Woodpecker", Event: get("CI_PIPELINE_EVENT"), Head: object(get("CI_COMMIT_SHA")), Branch: get("CI_COMMIT_BRANCH"),
		Default: get("CI_REPO_DEFAULT_BRANCH"), Dir: get("CI_WORKSPACE"), URL: get("CI_REPO_CLONE_URL"),
		Remedy: "clone:\n  git:\n    image: woodpeckerci/plugin-git\n    settings:\n      depth: 0\n      partial: false",
	}
	b.Partial = b.Remedy
	switch b.Event {
	case "pull_request", "pull_request_closed", "pull_request_metadata":
		b.Target, b.Branch = get("CI_COMMIT_TARGET_BRANCH"), ""
	case "cron", "manual":
		b.Whole = true
	case "tag", "release", "deployment":
		b.Branch = ""
	default:
		if event := get("CI_PREV_PIPELINE_EVENT"); event == "" || event == b.Event {
			b.Before = object(get("CI_PREV_COMMIT_SHA"))
		}
		if b.Before == b.Head {
			b.Before = ""
		}
	}
	return b
}

// jenkins reads the variables of Jenkins' Git and Branch API plugins (plugins.jenkins.io/git, "Environment Variables"; multibranch
// projects: CHANGE_ID and CHANGE_TARGET). GIT_PREVIOUS_COMMIT, which was built and may have failed for its secret, tells nothing: the next
// build would be green.
func jenkins(get func(string) string) *Build {
	b := &Build{
		System: "Jenkins", Event: "push", Head: object(get("GIT_COMMIT")), Branch: branchName(cmp.Or(get("BRANCH_NAME"), get("GIT_LOCAL_BRANCH"), get("GIT_BRANCH"))),
		Dir: get("WORKSPACE"), URL: get("GIT_URL"), Before: object(get("GIT_PREVIOUS_SUCCESSFUL_COMMIT")),
		Remedy: "checkout scmGit(branches: scm.branches, userRemoteConfigs: scm.userRemoteConfigs,\n  extensions: [cloneOption(shallow: false, noTags: false, honorRefspec: false)])",
	}
	switch {
	case get("CHANGE_ID") != "":
		b.Event, b.Target, b.Before, b.Branch = "pull request", get("CHANGE_TARGET"), "", ""
	case get("TAG_NAME") != "":
		b.Event, b.Before, b.Branch = "tag", "", ""
	}
	return b
}
