package ci

import (
	"cmp"
	"encoding/json"
	"fmt"
	"path/filepath"
)

// event is what of the payload of GitHub's webhooks is used (docs.github.com, "Webhook events and payloads"). Gitea and Forgejo write the
// same.
type event struct {
	Before, After string
	Deleted       bool
	PullRequest   *struct {
		Base, Head struct{ SHA, Ref string }
	} `json:"pull_request"`
	MergeGroup *struct {
		BaseSHA string `json:"base_sha"`
		HeadSHA string `json:"head_sha"`
		BaseRef string `json:"base_ref"`
	} `json:"merge_group"`
	Repository struct {
		DefaultBranch string `json:"default_branch"`
		CloneURL      string `json:"clone_url"`
	}
}

// actions reads what GitHub Actions and its relatives tell their jobs (docs.github.com, "Variables reference", "Events that trigger
// workflows").
func actions(e Environment, system string) (*Build, error) {
	get := e.Getenv
	b := &Build{
		System: system, Event: get("GITHUB_EVENT_NAME"), Dir: get("GITHUB_WORKSPACE"),
		Remedy: "- uses: actions/checkout@v4\n  with:\n    fetch-depth: 0",
		Places: Places{Annotations: true, Summary: get("GITHUB_STEP_SUMMARY"), Outputs: get("GITHUB_OUTPUT")},
	}
	if dir := get("RUNNER_TEMP"); dir != "" {
		b.Places.ArtifactFormat, b.Places.ArtifactFile = "sarif", filepath.Join(dir, "mudlark.sarif")
	}
	if server, name := get("GITHUB_SERVER_URL"), get("GITHUB_REPOSITORY"); server != "" && name != "" {
		b.URL = server + "/" + name
	}
	var ev event
	file := get("GITHUB_EVENT_PATH")
	data, err := e.ReadFile(file)
	if err == nil {
		err = json.Unmarshal(data, &ev)
	}
	if err != nil {
		return nil, fmt.Errorf("the event of %s in GITHUB_EVENT_PATH cannot be read: %w", system, err)
	}
	b.Default = ev.Repository.DefaultBranch
	b.URL = cmp.Or(b.URL, ev.Repository.CloneURL)
	b.actionsEvent(get, &ev)
	return b, nil
}

func (b *Build) actionsEvent(get func(string) string, ev *event) {
	switch {
	case b.Event == "push":
		b.Head, b.Branch = object(ev.After), branchOf(get("GITHUB_REF"))
		if b.Head == "" {
			b.Head = object(get("GITHUB_SHA"))
		}
		if b.Branch != "" {
			b.Before = object(ev.Before)
		}
		if ev.Deleted || ev.After != "" && zero(ev.After) {
			b.Nothing = "the push deletes " + get("GITHUB_REF")
		}
	case ev.PullRequest != nil:
		pr := ev.PullRequest
		b.Head, b.Bases, b.Target = object(pr.Head.SHA), objects(pr.Base.SHA), cmp.Or(pr.Base.Ref, get("GITHUB_BASE_REF"))
		if b.Event == "pull_request_target" { // which checks out the target
			b.Remedy = "- uses: actions/checkout@v4\n  with:\n    ref: ${{ github.event.pull_request.head.sha }}\n    fetch-depth: 0\n    persist-credentials: false   # and run nothing of what is checked out"
		}
	case ev.MergeGroup != nil:
		g := ev.MergeGroup
		b.Head, b.Bases, b.Target = object(g.HeadSHA), objects(g.BaseSHA), branchOf(g.BaseRef)
	default: // schedule, workflow_dispatch, release and others bring no change
		b.Whole = true
	}
}
