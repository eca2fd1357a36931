package report

import (
	"cmp"
	"fmt"
	"strconv"
)

// The ranks of results, the most important first: those that work, then by severity, last those that do not work any more.
const (
	sarifActive = iota
	sarifCritical
	sarifHigh
	sarifMedium
	sarifLow
	sarifDead
	sarifRanks
)

func sarifRank(f *Finding) int {
	switch {
	case f.Verdict.Status == "active":
		return sarifActive
	case f.Verdict.dead():
		return sarifDead
	}
	return min(sarifCritical+severityGroup(f.Severity), sarifLow)
}

// sarifLevel is one of error, warning, note (section 3.27.10).
func sarifLevel(rank int) string {
	switch rank {
	case sarifActive, sarifCritical, sarifHigh:
		return "error"
	case sarifMedium:
		return "warning"
	}
	return "note"
}

// sarifScore returns the score from 0 to 10 by which GitHub shows a rule's results as critical (over 9), high (from 7), medium (from 4)
// or low.
func sarifScore(rank int) float64 {
	return [sarifRanks]float64{9.8, 9.1, 8.0, 5.5, 3.0, 1.0}[rank]
}

type sarifRule struct {
	ID         string              `json:"id"`
	Name       string              `json:"name"`
	Short      sarifText           `json:"shortDescription"`
	Full       sarifText           `json:"fullDescription"`
	HelpURI    string              `json:"helpUri,omitempty"`
	Help       sarifHelp           `json:"help"`
	Defaults   sarifDefaults       `json:"defaultConfiguration"`
	Properties sarifRuleProperties `json:"properties"`

	rank int // of its most important result
}

type sarifHelp struct {
	Text     string `json:"text"`
	Markdown string `json:"markdown"`
}

type sarifDefaults struct {
	Level string `json:"level"`
}

type sarifRuleProperties struct {
	Tags      []string `json:"tags"`
	Precision string   `json:"precision"`
	Score     string   `json:"security-severity"`
}

// rule returns the index of the finding's rule. GitHub takes the score from the rule, so a rule has that of its most important result.
func (s *sarifHandler) rule(f *Finding) int {
	rank := sarifRank(f)
	if i, known := s.ruleIndex[f.Rule]; known {
		s.rules[i].rank = min(s.rules[i].rank, rank)
		return i
	}
	name := Escape(cmp.Or(f.Name, f.Rule))
	r := &sarifRule{
		ID: Escape(f.Rule), Name: name, rank: rank,
		Short: sarifText{sarifMessage(name + " leaked")}, Full: sarifText{sarifMessage("A secret of the kind " + name + " stands where everybody can read it who can read the files or their history.")},
		Properties: sarifRuleProperties{Tags: []string{"security", "secret", "external/cwe/cwe-798"}, Precision: sarifPrecision(f.Confidence)},
		Defaults:   sarifDefaults{sarifLevel(min(sarifCritical+severityGroup(f.Severity), sarifLow))},
		HelpURI:    webLink(f.Rotate),
	}
	const help = "Revoke the secret where it was issued, put a new one where it is used, and keep that out of the repository. Taking it out of the files does not make it unknown."
	r.Help = sarifHelp{help, help}
	if r.HelpURI != "" {
		r.Help = sarifHelp{help + " " + r.HelpURI, help + "\n\n[Revoke or rotate it](" + markdownURL(r.HelpURI) + ")"}
	}
	s.ruleIndex[f.Rule] = len(s.rules)
	s.rules = append(s.rules, r)
	return len(s.rules) - 1
}

// sarifPrecision is GitHub's word for confidence.
func sarifPrecision(confidence string) string {
	switch confidence {
	case "high":
		return "very-high"
	case "low":
		return "low"
	}
	return "medium"
}

type sarifRun struct {
	Tool struct {
		Driver sarifDriver `json:"driver"`
	} `json:"tool"`
	Invocations []sarifInvocation    `json:"invocations"`
	Bases       map[string]sarifBase `json:"originalUriBaseIds"`
	Columns     string               `json:"columnKind"`
	Automation  struct {
		ID string `json:"id"`
	} `json:"automationDetails"`
}

type sarifBase struct {
	Description sarifText `json:"description"`
}

type sarifDriver struct {
	Name         string       `json:"name"`
	Version      string       `json:"version"`
	Organization string       `json:"organization"`
	Rules        []*sarifRule `json:"rules"`
}

type sarifInvocation struct {
	Success       bool                `json:"executionSuccessful"`
	Started       string              `json:"startTimeUtc,omitempty"`
	Ended         string              `json:"endTimeUtc,omitempty"`
	Notifications []sarifNotification `json:"toolExecutionNotifications,omitempty"`
}

type sarifNotification struct {
	Level   string    `json:"level"`
	Message sarifText `json:"message"`
}

// run returns everything of the run but its results.
func (s *sarifHandler) run(c *Coverage) *sarifRun {
	r := &sarifRun{Columns: "unicodeCodePoints", Bases: map[string]sarifBase{sarifRoot: {sarifText{"The top of what was scanned."}}}}
	for _, rule := range s.rules {
		rule.Properties.Score = strconv.FormatFloat(sarifScore(rule.rank), 'f', 1, 64)
	}
	r.Tool.Driver = sarifDriver{Name: "Mudlark", Version: cmp.Or(Escape(s.config.Tool.Version), "unknown"), Organization: "Mudlark", Rules: list(s.rules)}
	r.Automation.ID = "mudlark/" + Escape(cmp.Or(s.config.Mode, "scan")) + "/"
	i := sarifInvocation{Success: c.Complete}
	if c.Started != "" {
		i.Started, i.Ended = times(c)
		i.Started, i.Ended = i.Started+"Z", i.Ended+"Z"
	}
	note := func(level, text string) {
		i.Notifications = append(i.Notifications, sarifNotification{level, sarifText{sarifMessage(Escape(text))}})
	}
	if s.dropped > 0 {
		note("warning", fmt.Sprintf("%s findings more are left out, the least important ones, as GitHub accepts no more than %s; --format json has all of them.",
			grouped(int64(s.dropped)), grouped(int64(s.limit))))
	}
	for _, skipped := range c.Skipped {
		if skipped.Accepted == "" {
			note("error", "Not read: "+skipped.What+": "+skipped.Why)
		}
	}
	for _, n := range c.Notes {
		note("note", n)
	}
	r.Invocations = []sarifInvocation{i}
	return r
}
