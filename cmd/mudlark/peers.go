package main

import (
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"mudlark/scanner/allow"
)

// The everyday spellings of TruffleHog and Gitleaks keep working where they mean the same: they are replaced by ours before anything
// reads them. docs/migrate.md lists them.

// peerFlag says what takes the place of another tool's flag.
type peerFlag struct {
	short string
	value bool // it has a value
	// to returns our flags; the error says what else to do where nothing means the same.
	to func(t *translation, value string) ([]string, error)
}

// translation is a command line on its way from another tool's spelling to ours.
type translation struct {
	command string // git, dir, stdin
	format  string // of --report-format, as ours
	path    string // of --report-path
	source  string // of --source
	noGit   bool
	// uncommitted: not the history; of that only what is staged has a counterpart.
	uncommitted bool
	out         []string
}

func dropped(*translation, string) ([]string, error) { return nil, nil }

func renamed(name string) func(*translation, string) ([]string, error) {
	return func(_ *translation, value string) ([]string, error) { return []string{"--" + name, value}, nil }
}

func instead(flags ...string) func(*translation, string) ([]string, error) {
	return func(*translation, string) ([]string, error) { return flags, nil }
}

// peerFlags returns the flags of TruffleHog and Gitleaks that are translated.
func peerFlags() map[string]peerFlag {
	return map[string]peerFlag{
		// TruffleHog
		"json":        {to: instead("--format", "trufflehog")},
		"fail":        {to: instead("--exit-code", "183")}, // what TruffleHog documents for --fail
		"bare":        {to: dropped},                       // bare repositories are recognised
		"no-update":   {to: dropped},
		"concurrency": {value: true, to: renamed("jobs")},
		"exclude-globs": {value: true, to: func(_ *translation, v string) (out []string, _ error) {
			for glob := range strings.SplitSeq(v, ",") {
				out = append(out, "--exclude", strings.TrimSpace(glob))
			}
			return out, nil
		}},
		"github-actions":    {to: instead("--format", "github")},
		"archive-max-depth": {value: true, to: renamed("max-archive-depth")},
		"archive-max-size":  {value: true, to: renamed("max-archive-size")},
		"directory":         {value: true, to: func(t *translation, v string) ([]string, error) { t.source = v; return nil, nil }},
		// Gitleaks
		"source":                {short: "s", value: true, to: func(t *translation, v string) ([]string, error) { t.source = v; return nil, nil }},
		"pre-commit":            {to: func(t *translation, _ string) ([]string, error) { t.uncommitted = true; return nil, nil }},
		"no-git":                {to: func(t *translation, _ string) ([]string, error) { t.noGit = true; return nil, nil }},
		"report-format":         {short: "f", value: true, to: (*translation).reportFormat},
		"report-path":           {short: "r", value: true, to: func(t *translation, v string) ([]string, error) { t.path = v; return nil, nil }},
		"redact":                {to: dropped}, // secrets are redacted unless --show-secrets is given
		"baseline-path":         {short: "b", value: true, to: renamed("baseline")},
		"log-opts":              {value: true, to: (*translation).logOpts},
		"gitleaks-ignore-path":  {short: "i", value: true, to: (*translation).ignorePath},
		"ignore-gitleaks-allow": {to: instead("--no-inline-allow")},
		"enable-rule":           {value: true, to: renamed("rule")},
		"no-banner":             {to: dropped},
		"verbose":               {short: "v", to: dropped},
		"log-level":             {short: "l", value: true, to: dropped},
		"max-target-megabytes": {value: true, to: func(_ *translation, v string) ([]string, error) {
			return []string{"--max-blob", v + "M"}, nil
		}},
	}
}

// reportFormat translates Gitleaks' --report-format. Its JSON is another one than ours.
func (t *translation) reportFormat(v string) ([]string, error) {
	if t.format = v; v == "json" {
		t.format = "gitleaks"
	}
	if v == "template" {
		return nil, usagef("use --format json, and a program that fills in a template", "--report-format template has no counterpart")
	}
	return nil, nil
}

// ignorePath translates --gitleaks-ignore-path: a file, or the folder that holds it.
func (t *translation) ignorePath(v string) ([]string, error) {
	if isFolder(v) {
		v = filepath.Join(v, allow.GitleaksIgnoreName)
	}
	return []string{"--ignore-file", v}, nil
}

// logOpts translates Gitleaks' --log-opts, which are arguments of git log: ranges, --all, --since, --until, -n, and paths.
func (t *translation) logOpts(v string) ([]string, error) {
	var out []string
	words := strings.Fields(v)
	for i := 0; i < len(words); i++ {
		w := words[i]
		next := func() string {
			if i++; i < len(words) {
				return words[i]
			}
			return ""
		}
		key, value, joined := strings.Cut(w, "=")
		value = strings.Trim(value, `"'`)
		switch {
		case w == "--all", w == "--full-history":
		case joined && (key == "--since" || key == "--after"):
			out = append(out, "--since", value)
		case joined && (key == "--until" || key == "--before"):
			out = append(out, "--until", value)
		case w == "-n":
			out = append(out, "--max-depth", next())
		case joined && key == "--max-count":
			out = append(out, "--max-depth", value)
		case strings.HasPrefix(w, "-n") || len(w) > 1 && w[0] == '-' && isNumber(w[1:]):
			out = append(out, "--max-depth", strings.TrimPrefix(strings.TrimPrefix(w, "-"), "n"))
		case w == "--":
			for _, p := range words[i+1:] {
				out = append(out, "--include", p)
			}
			return out, nil
		case strings.HasPrefix(w, "-"), strings.Contains(w, "..."):
			return nil, usagef("use --since-commit, --branch, --since, --until, --max-depth and --include", "--log-opts: %q has no counterpart", w)
		case strings.Contains(w, ".."):
			from, to, _ := strings.Cut(w, "..")
			if from == "" {
				from = "HEAD"
			}
			if out = append(out, "--since-commit", from); to != "" && to != "HEAD" {
				out = append(out, "--branch", to)
			}
		case strings.HasPrefix(w, "^"):
			out = append(out, "--since-commit", w[1:])
		default:
			out = append(out, "--branch", w)
		}
	}
	return out, nil
}

func isNumber(s string) bool {
	_, err := strconv.Atoi(s)
	return err == nil
}

// translate returns a command line in our spelling. Commands that do not scan stay as they are.
func translate(args []string) ([]string, error) {
	t := &translation{}
	if len(args) == 0 {
		return args, nil
	}
	switch args[0] {
	case "git", "dir", "stdin":
		t.command = args[0]
	case "detect", "protect":
		t.command = "git"
	case "filesystem", "directory", "file":
		t.command = "dir"
	default:
		return args, nil
	}
	if err := t.flags(args[1:]); err != nil {
		return nil, err
	}
	return t.finish(args[0])
}

// flags translates what stands behind the command.
func (t *translation) flags(args []string) error {
	known := peerFlags()
	byShort := map[string]string{}
	for name, f := range known {
		if f.short != "" {
			byShort[f.short] = name
		}
	}
	for i := 0; i < len(args); i++ {
		a := args[i]
		if a == "--" {
			t.out = append(t.out, args[i:]...)
			return nil
		}
		name, value, joined := strings.Cut(strings.TrimPrefix(a, "--"), "=")
		if !strings.HasPrefix(a, "--") {
			if name = ""; len(a) > 1 && a[0] == '-' {
				name = byShort[a[1:2]]
				value, joined = strings.TrimPrefix(a[2:], "="), len(a) > 2
			}
		}
		f, ok := known[name]
		if !ok || name == "" || !f.value && joined && !strings.HasPrefix(a, "--") {
			t.out = append(t.out, a)
			continue
		}
		if f.value && !joined {
			if i++; i == len(args) {
				return usagef("see: mudlark "+t.command+" --help", "%s needs a value", a)
			}
			value = args[i]
		}
		if !f.value && value == "false" {
			continue
		}
		flags, err := f.to(t, value)
		if err != nil {
			return err
		}
		t.out = append(t.out, flags...)
	}
	return nil
}

// finish puts the parts together that depend on each other.
func (t *translation) finish(given string) ([]string, error) {
	if t.noGit {
		t.command = "dir"
	}
	out := []string{t.command}
	switch {
	case t.source != "":
		out = append(out, t.source)
	case t.command == "dir" && given == "detect":
		out = append(out, ".")
	}
	if (given == "protect" || t.uncommitted) && !slices.Contains(t.out, "--staged") {
		what := "--pre-commit"
		if given == "protect" {
			what = given
		}
		return nil, usagef("use mudlark git --staged or mudlark git --worktree", "%s without --staged has no counterpart", what)
	}
	out = append(out, t.out...)
	if t.path == "" && t.format != "" {
		out = append(out, "--format", t.format)
	}
	if t.path != "" {
		format := t.format
		if format == "" {
			format = map[string]string{".csv": "csv", ".sarif": "sarif", ".xml": "junit"}[strings.ToLower(filepath.Ext(t.path))]
		}
		if format == "" {
			format = "gitleaks"
		}
		if t.path == "-" {
			return append(out, "--format", format), nil
		}
		out = append(out, "-o", format+"="+t.path)
	}
	return out, nil
}
