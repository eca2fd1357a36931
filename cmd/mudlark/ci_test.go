package main

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"mudlark/detectors"
	"mudlark/rules"
)

// ciOrigin is a repository as a forge has it:
//
//	main      A - B - C - M      M merges feature, as the forge tries it out (refs/pull/7/merge)
//	               \     /
//	feature          D - E       D brings NEW, and a .mudlarkignore that allows it; refs/pull/7/head
//
// B brings OLD. Tags: v1 at B, v2 at E. Lost is a commit that no ref reaches, as after a force push.
type ciOrigin struct {
	dir        string
	ids        map[string]string // by the letters above, and LOST
	oldT, newT string
}

func newCIOrigin(t *testing.T) *ciOrigin {
	t.Helper()
	if _, err := exec.LookPath("git"); err != nil {
		t.Fatal("the tests need git in $PATH")
	}
	all, err := rules.Builtin(detectors.Vocabulary())
	if err != nil {
		t.Fatal(err)
	}
	o := &ciOrigin{dir: filepath.Join(t.TempDir(), "origin"), ids: map[string]string{}}
	for _, r := range all {
		if r.ID == "github-pat-classic" {
			rnd := rand.New(rand.NewPCG(1, 2))
			a, _ := detectors.Generate(rnd, r)
			b, _ := detectors.Generate(rnd, r)
			o.oldT, o.newT = string(a), string(b)
		}
	}
	runGit(t, "", "init", "-q", "-b", "main", o.dir)
	minute := 0
	commit := func(id, file, text string) {
		if err := os.WriteFile(filepath.Join(o.dir, file), []byte(text+"\n"), 0o666); err != nil {
			t.Fatal(err)
		}
		runGit(t, o.dir, "add", "-A")
		minute++
		runGit(t, o.dir, "-c", "user.name=Ann", "-c", "user.email=ann@example.org", "commit", "-q", "-m", id, "--date", fmt.Sprintf("2024-01-01T10:%02d:00Z", minute))
		o.ids[id] = strings.TrimSpace(runGit(t, o.dir, "rev-parse", "HEAD"))
	}
	commit("A", "a.txt", "a")
	commit("B", "old.txt", "key "+o.oldT)
	runGit(t, o.dir, "tag", "v1")
	runGit(t, o.dir, "checkout", "-q", "-b", "feature")
	if err := os.WriteFile(filepath.Join(o.dir, ".mudlarkignore"), []byte("path: new.txt\n"), 0o666); err != nil {
		t.Fatal(err)
	}
	commit("D", "new.txt", "key "+o.newT)
	commit("E", "e.txt", "e")
	runGit(t, o.dir, "tag", "v2")
	runGit(t, o.dir, "update-ref", "refs/pull/7/head", "HEAD")
	commit("LOST", "lost.txt", "lost")
	runGit(t, o.dir, "reset", "-q", "--hard", o.ids["E"])
	runGit(t, o.dir, "checkout", "-q", "main")
	commit("C", "c.txt", "c")
	runGit(t, o.dir, "checkout", "-q", "--detach")
	runGit(t, o.dir, "-c", "user.name=Ann", "-c", "user.email=ann@example.org", "merge", "-q", "-m", "M", "feature")
	o.ids["M"] = strings.TrimSpace(runGit(t, o.dir, "rev-parse", "HEAD"))
	runGit(t, o.dir, "update-ref", "refs/pull/7/merge", "HEAD")
	runGit(t, o.dir, "checkout", "-q", "main")
	for _, setting := range []string{"uploadpack.allowAnySHA1InWant", "uploadpack.allowFilter"} {
		runGit(t, o.dir, "config", setting, "true")
	}
	return o
}

func runGit(t *testing.T, dir string, args ...string) string {
	t.Helper()
	cmd := exec.Command("git", args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GIT_CONFIG_NOSYSTEM=1", "GIT_CONFIG_GLOBAL="+os.DevNull)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("git %v: %v\n%s", args, err, out)
	}
	return string(out)
}

// expand replaces {A} by the name of commit A.
func (o *ciOrigin) expand(text string) string {
	for id, name := range o.ids {
		text = strings.ReplaceAll(text, "{"+id+"}", name)
	}
	return strings.ReplaceAll(text, "{ZERO}", strings.Repeat("0", 40))
}

// checkout makes the clone that a CI system makes: of depth commits (0 for all) of the refs, which are fetched to the same places as
// branches of origin or by their names, with commit checked out.
func (o *ciOrigin) checkout(t *testing.T, depth int, commit string, refs ...string) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "checkout")
	runGit(t, "", "init", "-q", dir)
	runGit(t, dir, "remote", "add", "origin", "file://"+o.dir)
	args := []string{"fetch", "-q", "--no-tags", "origin"}
	if depth > 0 {
		args = append(args, fmt.Sprintf("--depth=%d", depth))
	}
	for _, ref := range refs {
		to := ref
		if branch, ok := strings.CutPrefix(ref, "refs/heads/"); ok {
			to = "refs/remotes/origin/" + branch
		}
		args = append(args, "+"+ref+":"+to)
	}
	runGit(t, dir, args...)
	runGit(t, dir, "checkout", "-q", o.expand(commit))
	return dir
}

// runCI runs mudlark ci with the environment of a job.
func runCI(t *testing.T, env map[string]string, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, errOut bytes.Buffer
	home := t.TempDir()
	e := &environment{stdin: strings.NewReader(""), stdout: &out, stderr: &errOut, now: time.Now, getenv: func(name string) string {
		if name == "HOME" {
			return home
		}
		return env[name]
	}}
	root := newRoot(e)
	root.SetArgs(append([]string{"ci"}, args...))
	code = finish(&errOut, root.ExecuteContext(context.Background()))
	return code, out.String(), errOut.String()
}

var everything = []string{"refs/heads/*", "refs/pull/*", "refs/tags/*"}

// ciCases are the environments of jobs, as the providers' documentation has them, and what they mean.
var ciCases = []struct {
	name   string
	env    string // lines NAME=VALUE
	event  string // of GitHub and its relatives
	commit string // what is checked out
	depth  int
	refs   []string
	code   int
	want   string // the range, or for code 4 something of the message
}{
	{name: "GitHub push", env: "GITHUB_ACTIONS=true GITHUB_EVENT_NAME=push GITHUB_REF=refs/heads/feature GITHUB_SHA={E}",
		event: `{"before":"{D}","after":"{E}","ref":"refs/heads/feature","repository":{"default_branch":"main"}}`, commit: "{E}", refs: everything, want: "HEAD ^{D}"},
	{name: "GitHub first push of a branch", env: "GITHUB_ACTIONS=true GITHUB_EVENT_NAME=push GITHUB_REF=refs/heads/feature",
		event: `{"before":"{ZERO}","after":"{E}","created":true,"repository":{"default_branch":"main"}}`, commit: "{E}", refs: everything, want: "HEAD ^{C}"},
	{name: "GitHub first push of a repository", env: "GITHUB_ACTIONS=true GITHUB_EVENT_NAME=push GITHUB_REF=refs/heads/main",
		event: `{"before":"{ZERO}","after":"{C}","created":true,"repository":{"default_branch":"main"}}`, commit: "{C}", refs: []string{"refs/heads/main"}, want: "HEAD"},
	{name: "GitHub force push", env: "GITHUB_ACTIONS=true GITHUB_EVENT_NAME=push GITHUB_REF=refs/heads/feature",
		event: `{"before":"{LOST}","after":"{E}","forced":true,"repository":{"default_branch":"main"}}`, commit: "{E}", refs: everything, want: "HEAD ^{C}"},
	{name: "GitHub tag", env: "GITHUB_ACTIONS=true GITHUB_EVENT_NAME=push GITHUB_REF=refs/tags/v2",
		event: `{"before":"{ZERO}","after":"{E}","repository":{"default_branch":"main"}}`, commit: "{E}", refs: everything, want: "HEAD ^{C}"},
	{name: "GitHub branch deleted", env: "GITHUB_ACTIONS=true GITHUB_EVENT_NAME=push GITHUB_REF=refs/heads/feature",
		event: `{"before":"{E}","after":"{ZERO}","deleted":true}`, commit: "{C}", refs: everything, want: ""},
	{name: "GitHub pull request", env: "GITHUB_ACTIONS=true GITHUB_EVENT_NAME=pull_request GITHUB_REF=refs/pull/7/merge GITHUB_SHA={M} GITHUB_BASE_REF=main GITHUB_HEAD_REF=feature",
		event:  `{"action":"synchronize","before":"{D}","after":"{E}","pull_request":{"base":{"sha":"{B}","ref":"main"},"head":{"sha":"{E}","ref":"feature"}}}`,
		commit: "{M}", refs: everything, want: "{E} ^{B} ^{C}"},
	{name: "GitHub pull request, depth 1", env: "GITHUB_ACTIONS=true GITHUB_EVENT_NAME=pull_request",
		event:  `{"pull_request":{"base":{"sha":"{C}","ref":"main"},"head":{"sha":"{E}"}}}`,
		commit: "{M}", depth: 1, refs: []string{"refs/pull/7/merge"}, code: 4, want: "fetch-depth: 0"},
	{name: "GitHub pull request, depth 2", env: "GITHUB_ACTIONS=true GITHUB_EVENT_NAME=pull_request",
		event:  `{"pull_request":{"base":{"sha":"{C}","ref":"main"},"head":{"sha":"{E}"}}}`,
		commit: "{M}", depth: 2, refs: []string{"refs/pull/7/merge"}, code: 4, want: "cut off at {E}"},
	{name: "GitHub pull_request_target, head checked out", env: "GITHUB_ACTIONS=true GITHUB_EVENT_NAME=pull_request_target",
		event: `{"pull_request":{"base":{"sha":"{C}","ref":"main"},"head":{"sha":"{E}"}}}`, commit: "{E}", refs: everything, want: "HEAD ^{C}"},
	{name: "GitHub pull_request_target, target checked out", env: "GITHUB_ACTIONS=true GITHUB_EVENT_NAME=pull_request_target",
		event:  `{"pull_request":{"base":{"sha":"{C}","ref":"main"},"head":{"sha":"{E}"}}}`,
		commit: "{C}", refs: []string{"refs/heads/main"}, code: 4, want: "ref: ${{ github.event.pull_request.head.sha }}"},
	{name: "GitHub merge queue", env: "GITHUB_ACTIONS=true GITHUB_EVENT_NAME=merge_group GITHUB_SHA={M}",
		event: `{"merge_group":{"base_sha":"{C}","head_sha":"{M}","base_ref":"refs/heads/main"}}`, commit: "{M}", refs: everything, want: "HEAD ^{C}"},
	{name: "GitHub schedule", env: "GITHUB_ACTIONS=true GITHUB_EVENT_NAME=schedule", event: `{"schedule":"0 4 * * *"}`, commit: "{C}", refs: everything, want: "the whole history, every ref"},
	{name: "GitHub schedule, shallow", env: "GITHUB_ACTIONS=true GITHUB_EVENT_NAME=schedule", event: `{"schedule":"0 4 * * *"}`, commit: "{C}", depth: 1,
		refs: []string{"refs/heads/main"}, code: 4, want: "the whole history is wanted"},
	{name: "Gitea pull request", env: "GITEA_ACTIONS=true GITHUB_ACTIONS=true GITHUB_EVENT_NAME=pull_request",
		event: `{"pull_request":{"base":{"sha":"{C}","ref":"main"},"head":{"sha":"{E}"}}}`, commit: "{E}", refs: everything, want: "HEAD ^{C}"},
	{name: "Forgejo push", env: "FORGEJO_ACTIONS=true GITHUB_ACTIONS=true GITHUB_EVENT_NAME=push GITHUB_REF=refs/heads/main",
		event: `{"before":"{B}","after":"{C}","repository":{"default_branch":"main"}}`, commit: "{C}", refs: everything, want: "HEAD ^{B}"},

	{name: "GitLab branch", env: "GITLAB_CI=true CI_PIPELINE_SOURCE=push CI_COMMIT_SHA={E} CI_COMMIT_BEFORE_SHA={D} CI_COMMIT_BRANCH=feature CI_DEFAULT_BRANCH=main",
		commit: "{E}", refs: everything, want: "HEAD ^{D}"},
	{name: "GitLab new branch", env: "GITLAB_CI=true CI_PIPELINE_SOURCE=push CI_COMMIT_SHA={E} CI_COMMIT_BEFORE_SHA={ZERO} CI_COMMIT_BRANCH=feature CI_DEFAULT_BRANCH=main",
		commit: "{E}", refs: everything, want: "HEAD ^{C}"},
	{name: "GitLab merge request", env: "GITLAB_CI=true CI_PIPELINE_SOURCE=merge_request_event CI_MERGE_REQUEST_IID=7 CI_MERGE_REQUEST_EVENT_TYPE=detached CI_COMMIT_SHA={E} CI_COMMIT_BEFORE_SHA={ZERO} CI_MERGE_REQUEST_DIFF_BASE_SHA={B} CI_MERGE_REQUEST_TARGET_BRANCH_NAME=main",
		commit: "{E}", refs: []string{"refs/pull/7/head"}, want: "HEAD ^{B}"},
	{name: "GitLab merge train", env: "GITLAB_CI=true CI_PIPELINE_SOURCE=merge_request_event CI_MERGE_REQUEST_IID=7 CI_MERGE_REQUEST_EVENT_TYPE=merge_train CI_COMMIT_SHA={M} CI_MERGE_REQUEST_DIFF_BASE_SHA={B} CI_MERGE_REQUEST_TARGET_BRANCH_SHA={C} CI_MERGE_REQUEST_TARGET_BRANCH_NAME=main",
		commit: "{M}", refs: []string{"refs/pull/7/merge"}, want: "HEAD ^{C} ^{B}"},
	{name: "GitLab merge request, shallow", env: "GITLAB_CI=true CI_PIPELINE_SOURCE=merge_request_event CI_MERGE_REQUEST_IID=7 CI_COMMIT_SHA={E} CI_MERGE_REQUEST_DIFF_BASE_SHA={B} CI_MERGE_REQUEST_TARGET_BRANCH_NAME=main",
		commit: "{E}", depth: 1, refs: []string{"refs/pull/7/head"}, code: 4, want: `GIT_DEPTH: "0"`},
	{name: "GitLab tag", env: "GITLAB_CI=true CI_PIPELINE_SOURCE=push CI_COMMIT_TAG=v2 CI_COMMIT_SHA={E} CI_COMMIT_BEFORE_SHA={ZERO} CI_DEFAULT_BRANCH=main",
		commit: "{E}", refs: everything, want: "HEAD ^{C}"},
	{name: "GitLab pull request of GitHub", env: "GITLAB_CI=true CI_PIPELINE_SOURCE=external_pull_request_event CI_EXTERNAL_PULL_REQUEST_IID=7 CI_COMMIT_SHA={E} CI_COMMIT_BRANCH=feature CI_COMMIT_BEFORE_SHA={D} CI_EXTERNAL_PULL_REQUEST_TARGET_BRANCH_NAME=main CI_EXTERNAL_PULL_REQUEST_TARGET_BRANCH_SHA={B}",
		commit: "{E}", refs: everything, want: "HEAD ^{B} ^{C}"},
	{name: "GitLab schedule", env: "GITLAB_CI=true CI_PIPELINE_SOURCE=schedule CI_COMMIT_SHA={C}", commit: "{C}", refs: everything, want: "the whole history, every ref"},

	{name: "Jenkins branch", env: "JENKINS_URL=https://ci.example.org/ BRANCH_NAME=feature GIT_COMMIT={E} GIT_PREVIOUS_SUCCESSFUL_COMMIT={D}", commit: "{E}", refs: everything, want: "HEAD ^{D}"},
	{name: "Jenkins build after one that failed", env: "JENKINS_URL=https://ci.example.org/ BRANCH_NAME=main GIT_COMMIT={C} GIT_PREVIOUS_COMMIT={B}", commit: "{C}", refs: everything, want: "HEAD"},
	{name: "Jenkins failed build again", env: "JENKINS_URL=https://ci.example.org/ BRANCH_NAME=main GIT_COMMIT={C} GIT_PREVIOUS_COMMIT={C} GIT_PREVIOUS_SUCCESSFUL_COMMIT={B}", commit: "{C}", refs: everything, want: "HEAD ^{B}"},
	{name: "Jenkins pull request", env: "JENKINS_URL=https://ci.example.org/ BRANCH_NAME=PR-7 CHANGE_ID=7 CHANGE_TARGET=main GIT_COMMIT={E} GIT_PREVIOUS_COMMIT={D}", commit: "{E}", refs: everything, want: "HEAD ^{C}"},
	{name: "Jenkins pull request, only its own ref", env: "JENKINS_URL=https://ci.example.org/ BRANCH_NAME=PR-7 CHANGE_ID=7 CHANGE_TARGET=main GIT_COMMIT={E}", commit: "{E}",
		refs: []string{"refs/heads/feature"}, code: 4, want: "honorRefspec: false"},
	{name: "Jenkins first build of main", env: "JENKINS_URL=https://ci.example.org/ GIT_BRANCH=origin/main GIT_COMMIT={C}", commit: "{C}", refs: everything, want: "HEAD"},

	{name: "Azure pull request", env: "TF_BUILD=True BUILD_REASON=PullRequest BUILD_SOURCEVERSION={M} BUILD_SOURCEBRANCH=refs/pull/7/merge SYSTEM_PULLREQUEST_SOURCECOMMITID={E} SYSTEM_PULLREQUEST_TARGETBRANCH=refs/heads/main",
		commit: "{M}", refs: everything, want: "{E} ^{C}"},
	{name: "Azure push", env: "TF_BUILD=True BUILD_REASON=IndividualCI BUILD_SOURCEVERSION={C} BUILD_SOURCEBRANCH=refs/heads/main", commit: "{C}", refs: everything, want: "HEAD"},
	{name: "Azure, depth 1", env: "TF_BUILD=True BUILD_REASON=PullRequest BUILD_SOURCEVERSION={M} SYSTEM_PULLREQUEST_SOURCECOMMITID={E} SYSTEM_PULLREQUEST_TARGETBRANCH=main",
		commit: "{M}", depth: 1, refs: []string{"refs/pull/7/merge"}, code: 4, want: "fetchDepth: 0"},
	{name: "Bitbucket pull request", env: "BITBUCKET_BUILD_NUMBER=3 BITBUCKET_COMMIT={E} BITBUCKET_BRANCH=feature BITBUCKET_PR_ID=7 BITBUCKET_PR_DESTINATION_BRANCH=main BITBUCKET_PR_DESTINATION_COMMIT={C}",
		commit: "{E}", refs: everything, want: "HEAD ^{C}"},
	{name: "Bitbucket pull request, short name of the target's commit", env: "BITBUCKET_BUILD_NUMBER=3 BITBUCKET_COMMIT={E} BITBUCKET_PR_ID=7 BITBUCKET_PR_DESTINATION_BRANCH=main BITBUCKET_PR_DESTINATION_COMMIT=0123456789ab",
		commit: "{E}", refs: everything, want: "HEAD ^{C}"},
	{name: "Bitbucket, shallow", env: "BITBUCKET_BUILD_NUMBER=3 BITBUCKET_COMMIT={E} BITBUCKET_BRANCH=feature", commit: "{E}", depth: 1, refs: []string{"refs/heads/feature"}, code: 4, want: "depth: full"},
	{name: "CircleCI branch", env: "CIRCLECI=true CIRCLE_SHA1={E} CIRCLE_BRANCH=feature", commit: "{E}", refs: append(everything, "refs/heads/main:HEAD"), want: "HEAD ^{C}"},
	{name: "CircleCI main", env: "CIRCLECI=true CIRCLE_SHA1={B} CIRCLE_BRANCH=main", commit: "{B}", refs: append(everything, "refs/heads/main:HEAD"), want: "HEAD"},
	{name: "Buildkite pull request", env: "BUILDKITE=true BUILDKITE_COMMIT={E} BUILDKITE_BRANCH=feature BUILDKITE_PULL_REQUEST=7 BUILDKITE_PULL_REQUEST_BASE_BRANCH=main BUILDKITE_PIPELINE_DEFAULT_BRANCH=main",
		commit: "{E}", refs: everything, want: "HEAD ^{C}"},
	{name: "Buildkite merge queue", env: "BUILDKITE=true BUILDKITE_COMMIT={M} BUILDKITE_BRANCH=gh-readonly-queue/main/pr-7 BUILDKITE_PULL_REQUEST=false BUILDKITE_MERGE_QUEUE_BASE_BRANCH=main BUILDKITE_MERGE_QUEUE_BASE_COMMIT={C} BUILDKITE_PIPELINE_DEFAULT_BRANCH=dev",
		commit: "{M}", refs: everything, want: "HEAD ^{C}"},
	{name: "Buildkite branch", env: "BUILDKITE=true BUILDKITE_COMMIT=HEAD BUILDKITE_BRANCH=feature BUILDKITE_PULL_REQUEST=false BUILDKITE_PIPELINE_DEFAULT_BRANCH=main BUILDKITE_SOURCE=webhook",
		commit: "{E}", refs: everything, want: "HEAD ^{C}"},
	{name: "Drone push", env: "DRONE=true DRONE_BUILD_EVENT=push DRONE_COMMIT_SHA={E} DRONE_COMMIT_BEFORE={D} DRONE_BRANCH=feature DRONE_REPO_BRANCH=main", commit: "{E}",
		refs: []string{"refs/heads/feature"}, want: "HEAD ^{D}"},
	{name: "Drone pull request", env: "DRONE=true DRONE_BUILD_EVENT=pull_request DRONE_COMMIT_SHA={E} DRONE_TARGET_BRANCH=main DRONE_BRANCH=main", commit: "{E}", refs: everything, want: "HEAD ^{C}"},
	{name: "Drone cron", env: "DRONE=true DRONE_BUILD_EVENT=cron DRONE_COMMIT_SHA={C}", commit: "{C}", refs: everything, want: "the whole history, every ref"},
	{name: "Travis push", env: "TRAVIS=true TRAVIS_EVENT_TYPE=push TRAVIS_COMMIT={E} TRAVIS_COMMIT_RANGE={D}...{E} TRAVIS_BRANCH=feature", commit: "{E}", refs: everything, want: "HEAD ^{D}"},
	{name: "Travis pull request", env: "TRAVIS=true TRAVIS_EVENT_TYPE=pull_request TRAVIS_COMMIT={M} TRAVIS_PULL_REQUEST=7 TRAVIS_PULL_REQUEST_SHA={E} TRAVIS_BRANCH=main TRAVIS_COMMIT_RANGE={C}...{E}",
		commit: "{M}", refs: everything, want: "{E} ^{C}"},
	{name: "Travis, depth 1", env: "TRAVIS=true TRAVIS_EVENT_TYPE=push TRAVIS_COMMIT={E} TRAVIS_COMMIT_RANGE={B}...{E} TRAVIS_BRANCH=feature", commit: "{E}", depth: 1,
		refs: []string{"refs/heads/feature"}, code: 4, want: "depth: false"},
	{name: "Woodpecker push", env: "CI=woodpecker CI_PIPELINE_EVENT=push CI_COMMIT_SHA={E} CI_PREV_COMMIT_SHA={D} CI_COMMIT_BRANCH=feature CI_REPO_DEFAULT_BRANCH=main", commit: "{E}", refs: everything, want: "HEAD ^{D}"},
	{name: "Woodpecker push, run again", env: "CI=woodpecker CI_PIPELINE_EVENT=push CI_COMMIT_SHA={E} CI_PREV_COMMIT_SHA={E} CI_PREV_PIPELINE_EVENT=push CI_COMMIT_BRANCH=feature CI_REPO_DEFAULT_BRANCH=main",
		commit: "{E}", refs: everything, want: "HEAD ^{C}"},
	{name: "Woodpecker merge, after the pipeline of its pull request", env: "CI=woodpecker CI_PIPELINE_EVENT=push CI_COMMIT_SHA={C} CI_PREV_COMMIT_SHA={E} CI_PREV_PIPELINE_EVENT=pull_request CI_COMMIT_BRANCH=main CI_REPO_DEFAULT_BRANCH=main",
		commit: "{C}", refs: everything, want: "HEAD"},
	{name: "Woodpecker label of a pull request", env: "CI=woodpecker CI_PIPELINE_EVENT=pull_request_metadata CI_COMMIT_SHA={E} CI_PREV_COMMIT_SHA={E} CI_COMMIT_BRANCH=main CI_COMMIT_TARGET_BRANCH=main CI_REPO_DEFAULT_BRANCH=main",
		commit: "{E}", refs: everything, want: "HEAD ^{C}"},
	{name: "Woodpecker pull request", env: "CI=woodpecker CI_PIPELINE_EVENT=pull_request CI_COMMIT_SHA={E} CI_COMMIT_TARGET_BRANCH=main CI_REPO_DEFAULT_BRANCH=main", commit: "{E}", refs: everything, want: "HEAD ^{C}"},
	{name: "Woodpecker tag", env: "CI=woodpecker CI_PIPELINE_EVENT=tag CI_COMMIT_SHA={E} CI_REPO_DEFAULT_BRANCH=main", commit: "{E}", refs: everything, want: "HEAD ^{C}"},
}

// TestCIRanges runs mudlark ci in checkouts as CI systems make them.
func TestCIRanges(t *testing.T) {
	origin := newCIOrigin(t)
	for _, c := range ciCases {
		t.Run(c.name, func(t *testing.T) {
			env, dir := origin.job(t, c.env, c.event, c.commit, c.depth, c.refs)
			code, stdout, stderr := runCI(t, env, "--show-range", "--no-verification")
			if code != c.code {
				t.Fatalf("exit code %d; want %d\n%s%s", code, c.code, stdout, stderr)
			}
			want := origin.expand(c.want)
			if c.code != 0 {
				if !strings.Contains(stderr, want) {
					t.Errorf("it does not say %q:\n%s", want, stderr)
				}
				return
			}
			got := ""
			if _, rest, ok := strings.Cut(stdout, "range  "); ok {
				got, _, _ = strings.Cut(rest, "\n")
			}
			if got != want {
				t.Errorf("range %s; want %s, in %s\n%s", got, want, dir, stderr)
			}
		})
	}
}

// job returns the environment of a job and its checkout.
func (o *ciOrigin) job(t *testing.T, lines, event, commit string, depth int, refs []string) (env map[string]string, dir string) {
	t.Helper()
	head := false
	var plain []string
	for _, r := range refs {
		if r == "refs/heads/main:HEAD" {
			head = true
			continue
		}
		plain = append(plain, r)
	}
	dir = o.checkout(t, depth, commit, plain...)
	if head {
		runGit(t, dir, "symbolic-ref", "refs/remotes/origin/HEAD", "refs/remotes/origin/main")
	}
	env = map[string]string{}
	for _, pair := range strings.Fields(o.expand(lines)) {
		name, value, _ := strings.Cut(pair, "=")
		env[name] = value
	}
	for _, name := range []string{"GITHUB_WORKSPACE", "CI_PROJECT_DIR", "WORKSPACE", "BUILD_SOURCESDIRECTORY", "BITBUCKET_CLONE_DIR", "TRAVIS_BUILD_DIR", "BUILDKITE_BUILD_CHECKOUT_PATH", "CI_WORKSPACE"} {
		env[name] = dir // each system looks at its own
	}
	if event != "" {
		temp := t.TempDir()
		env["GITHUB_EVENT_PATH"], env["RUNNER_TEMP"] = filepath.Join(temp, "event.json"), temp
		env["GITHUB_STEP_SUMMARY"], env["GITHUB_OUTPUT"] = filepath.Join(temp, "summary.md"), filepath.Join(temp, "output")
		if err := os.WriteFile(env["GITHUB_EVENT_PATH"], []byte(o.expand(event)), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	where := dir
	if env["GITHUB_ACTIONS"] != "" {
		where = t.TempDir() // what the variables name is found, too
	}
	t.Chdir(where)
	return env, dir
}

const pullRequest = `{"pull_request":{"base":{"sha":"{C}","ref":"main"},"head":{"sha":"{E}"}},"repository":{"default_branch":"main"}}`

// TestCIReportsOnGitHub scans a pull request, which tries to allow its own secret.
func TestCIReportsOnGitHub(t *testing.T) {
	origin := newCIOrigin(t)
	env, _ := origin.job(t, "GITHUB_ACTIONS=true GITHUB_EVENT_NAME=pull_request", pullRequest, "{M}", 0, everything)
	code, stdout, stderr := runCI(t, env, "--no-verification")
	if code != 1 {
		t.Fatalf("exit code %d\n%s%s", code, stdout, stderr)
	}
	summary, err := os.ReadFile(env["GITHUB_STEP_SUMMARY"])
	if err != nil {
		t.Fatal(err)
	}
	log, err := os.ReadFile(filepath.Join(env["RUNNER_TEMP"], "mudlark.sarif"))
	if err != nil {
		t.Fatal(err)
	}
	output, err := os.ReadFile(env["GITHUB_OUTPUT"])
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{"log": stdout, "summary": string(summary), "SARIF": string(log)} {
		if !strings.Contains(text, "new") || !strings.Contains(text, "GitHub personal access token") || strings.Contains(text, "old.txt") {
			t.Errorf("%s:\n%s", name, text)
		}
		if strings.Contains(text, origin.newT) || strings.Contains(text, origin.oldT) {
			t.Errorf("the secret is in the %s", name)
		}
	}
	if n := strings.Count(stdout, "\n::error title="); n != 1 || !strings.Contains(stdout, ",file=new.txt,line=1,col=5::") {
		t.Errorf("%d annotations:\n%s", n, stdout)
	}
	if got := string(output); got != "sarif="+filepath.Join(env["RUNNER_TEMP"], "mudlark.sarif")+"\n" {
		t.Errorf("outputs: %q", got)
	}

	// Standard output that is for programs stays theirs.
	code, stdout, stderr = runCI(t, env, "--no-verification", "--format", "csv", "--no-artifact", "--fail-on", "none")
	if code != 0 || strings.Contains(stdout, "::error") || strings.Count(stdout, "\r\n") != 2 {
		t.Errorf("exit code %d\n%s%s", code, stdout, stderr)
	}
}

// TestCITellsOfOwnFiles scans a first push, which allows its own secret: nothing from before could say otherwise, so it is told.
func TestCITellsOfOwnFiles(t *testing.T) {
	origin := newCIOrigin(t)
	env, _ := origin.job(t, "GITHUB_ACTIONS=true GITHUB_EVENT_NAME=push GITHUB_REF=refs/heads/feature", `{"before":"{ZERO}","after":"{E}","created":true,"repository":{"default_branch":"feature"}}`,
		"{E}", 0, []string{"refs/heads/feature"})
	const told = "mudlark: .mudlarkignore: taken from the commit under test itself"
	for _, c := range []struct {
		args []string
		told int // times
	}{
		{nil, 1}, {[]string{"--no-repo-config"}, 0}, {[]string{"--config-from", "{A}"}, 0}, {[]string{"--base", "{A}"}, 0}, {[]string{"--quiet"}, 0},
	} {
		for i := range c.args {
			c.args[i] = origin.expand(c.args[i])
		}
		_, _, stderr := runCI(t, env, append([]string{"--no-verification"}, c.args...)...)
		if n := strings.Count(stderr, told); n != c.told {
			t.Errorf("%v: told %d times; want %d\n%s", c.args, n, c.told, stderr)
		}
	}

	// What has no such files needs no note.
	env, _ = origin.job(t, "GITHUB_ACTIONS=true GITHUB_EVENT_NAME=push", `{"before":"{ZERO}","after":"{C}","created":true,"repository":{"default_branch":"main"}}`, "{C}", 0, []string{"refs/heads/main"})
	if _, _, stderr := runCI(t, env, "--no-verification"); strings.Contains(stderr, "taken from the commit under test") {
		t.Errorf("no files:\n%s", stderr)
	}
}

// TestCIReportsOnGitLab scans a merge request.
func TestCIReportsOnGitLab(t *testing.T) {
	origin := newCIOrigin(t)
	lines := "GITLAB_CI=true CI_PIPELINE_SOURCE=merge_request_event CI_MERGE_REQUEST_IID=7 CI_COMMIT_SHA={E} CI_MERGE_REQUEST_DIFF_BASE_SHA={B} CI_MERGE_REQUEST_TARGET_BRANCH_NAME=main"
	env, dir := origin.job(t, lines, "", "{E}", 0, everything)
	code, stdout, stderr := runCI(t, env, "--no-verification")
	if code != 1 {
		t.Fatalf("exit code %d\n%s%s", code, stdout, stderr)
	}
	text, err := os.ReadFile(filepath.Join(dir, "gl-secret-detection-report.json"))
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(text), `"sha": "`+origin.ids["D"]) || strings.Contains(string(text), origin.newT) || strings.Contains(stdout, "::error") {
		t.Errorf("report:\n%s\nlog:\n%s", text, stdout)
	}
}

// TestCIDeepens scans a pull request of which the checkout has one commit.
func TestCIDeepens(t *testing.T) {
	origin := newCIOrigin(t)
	env, dir := origin.job(t, "GITHUB_ACTIONS=true GITHUB_EVENT_NAME=pull_request", pullRequest, "{M}", 1, []string{"refs/pull/7/merge"})
	code, stdout, stderr := runCI(t, env, "--no-verification")
	if code != 4 || !strings.Contains(stderr, "\n  - uses: actions/checkout@v4\n    with:\n      fetch-depth: 0\n") {
		t.Errorf("shallow: exit code %d\n%s%s", code, stdout, stderr)
	}
	before := runGit(t, dir, "for-each-ref")
	code, stdout, stderr = runCI(t, env, "--no-verification", "--deepen")
	if code != 1 || !strings.Contains(stdout, "new.txt:1") {
		t.Errorf("exit code %d\n%s%s", code, stdout, stderr)
	}
	if runGit(t, dir, "for-each-ref") != before {
		t.Error("the checkout was changed")
	}
}

// TestCIPartial scans a clone that has no files but those of the head, as CircleCI makes them.
func TestCIPartial(t *testing.T) {
	origin := newCIOrigin(t)
	dir := filepath.Join(t.TempDir(), "checkout")
	runGit(t, "", "clone", "-q", "--filter=blob:none", "file://"+origin.dir, dir)
	t.Chdir(dir)
	env := map[string]string{"CIRCLECI": "true", "CIRCLE_SHA1": origin.ids["C"], "CIRCLE_BRANCH": "main"}
	code, stdout, stderr := runCI(t, env, "--no-verification")
	if code != 1 || strings.Contains(stderr, "partial") {
		t.Errorf("nothing is missing: exit code %d\n%s%s", code, stdout, stderr)
	}

	env["CIRCLE_BRANCH"], env["CIRCLE_SHA1"] = "feature", origin.ids["E"]
	code, stdout, stderr = runCI(t, env, "--no-verification")
	if code != 4 || !strings.Contains(stderr, "the clone is partial") || !strings.Contains(stderr, "\n  steps:\n    - checkout:\n        method: full\n") {
		t.Errorf("exit code %d\n%s%s", code, stdout, stderr)
	}
	code, stdout, stderr = runCI(t, env, "--no-verification", "--deepen")
	if code != 1 || !strings.Contains(stdout, "new.txt:1") || strings.Contains(stderr, "partial") {
		t.Errorf("--deepen: exit code %d\n%s%s", code, stdout, stderr)
	}
	env = map[string]string{"BUILDKITE": "true", "BUILDKITE_COMMIT": origin.ids["E"], "BUILDKITE_BRANCH": "feature", "BUILDKITE_PIPELINE_DEFAULT_BRANCH": "main"}
	if code, _, stderr = runCI(t, env, "--no-verification"); code != 4 || !strings.Contains(stderr, "hint: clone without a filter, or use mudlark ci --deepen\n") {
		t.Errorf("elsewhere: exit code %d\n%s", code, stderr)
	}
}

// TestCIOutside runs where no CI system is.
func TestCIOutside(t *testing.T) {
	origin := newCIOrigin(t)
	code, _, stderr := runCI(t, nil)
	if code != 2 || !strings.Contains(stderr, "mudlark ci --base origin/main") {
		t.Errorf("exit code %d\n%s", code, stderr)
	}
	t.Chdir(origin.dir)
	code, stdout, stderr := runCI(t, nil, "--base", "v1", "--head", "feature", "--no-verification")
	if code != 1 || !strings.Contains(stdout, "new.txt:1") || strings.Contains(stdout, "old.txt") {
		t.Errorf("exit code %d\n%s%s", code, stdout, stderr)
	}
	code, _, stderr = runCI(t, nil, "--base", "nowhere", "--no-verification")
	if code != 2 {
		t.Errorf("exit code %d\n%s", code, stderr)
	}
	code, _, stderr = runCI(t, map[string]string{"GITHUB_ACTIONS": "true", "GITHUB_EVENT_NAME": "push", "GITHUB_EVENT_PATH": "/nowhere"})
	if code != 2 || !strings.Contains(stderr, "GITHUB_EVENT_PATH") {
		t.Errorf("no event: exit code %d\n%s", code, stderr)
	}
}
