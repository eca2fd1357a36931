package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"mudlark/detectors"
	"mudlark/report"
	"mudlark/rules"
	"mudlark/scanner"
)

const doctorHelp = `Look at everything around a scan that can be odd: this program, Git, the
repository, configuration, hooks and environment variables. For a scan that
behaves in a way you do not expect, and for reports of errors: no value of a
variable and no secret is printed.

"note" is worth knowing, "wrong" is to be put right; with something wrong the
exit code is 2.

Examples:
  mudlark doctor                    this repository
  mudlark doctor path/to/repo       another one
`

// newDoctor returns the command doctor.
func newDoctor(e *environment) *cobra.Command {
	return &cobra.Command{
		Use:   "doctor [PATH]",
		Short: "Find out what is odd about a set-up",
		Long:  doctorHelp,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) > 1 {
				return usagef("for example: mudlark doctor path/to/repo", "doctor looks at one repository, but was given %d", len(args))
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			d := &doctor{e: e}
			d.program()
			d.git(cmd.Context())
			d.rules()
			d.ownConfig()
			d.repository(target(args), len(args) > 0)
			d.variables(cmd.Root())
			return d.end(cmd.OutOrStdout())
		},
	}
}

// doctor tells what it finds, a line each.
type doctor struct {
	e     *environment
	text  strings.Builder
	wrong int
	notes int
	set   []*rules.Rule // the built-in rules
}

// doctorIndent is where the texts of the lines begin.
const doctorIndent = "                     "

func (d *doctor) line(grade, subject, hint, format string, args ...any) {
	fmt.Fprintf(&d.text, "%-7s%-12s  %s\n", grade, subject, report.Escape(fmt.Sprintf(format, args...)))
	if hint != "" {
		fmt.Fprintf(&d.text, "%s%s\n", doctorIndent, report.Escape(hint))
	}
}

func (d *doctor) ok(subject, format string, args ...any) { d.line("ok", subject, "", format, args...) }

func (d *doctor) note(subject, hint, format string, args ...any) {
	d.notes++
	d.line("note", subject, hint, format, args...)
}

func (d *doctor) bad(subject, hint, format string, args ...any) {
	d.wrong++
	d.line("wrong", subject, hint, format, args...)
}

// badErrors tells each of the errors that were joined into err.
func (d *doctor) badErrors(subject string, err error) {
	for _, err := range flatten(err) {
		message, hint := describe(err)
		d.bad(subject, hint, "%s", message)
	}
}

// end writes what was told, without the secrets that may stand in paths, refs and addresses.
func (d *doctor) end(w io.Writer) error {
	last := "\nNothing is wrong.\n"
	switch {
	case d.wrong > 0:
		last = ""
	case d.notes > 0:
		last = fmt.Sprintf("\nNothing is wrong; %s.\n", counted(d.notes, "thing to know", "things to know"))
	}
	text, err := scanner.Redact(d.set, d.text.String()+last)
	if err != nil {
		return err
	}
	if _, err := io.WriteString(w, text); err != nil {
		return err
	}
	if d.wrong > 0 {
		return &exitError{code: exitUsage, message: counted(d.wrong, "thing is wrong", "things are wrong")}
	}
	return nil
}

func counted(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}

// program tells which Mudlark this is, and whether $PATH leads to another.
func (d *doctor) program() {
	d.ok("mudlark", "%s, %s, %s/%s, %s", version(), runtime.Version(), runtime.GOOS, runtime.GOARCH, counted(runtime.NumCPU(), "processor", "processors"))
	self, err := os.Executable()
	if err != nil {
		return
	}
	found, err := exec.LookPath("mudlark")
	switch {
	case err != nil:
		d.note("program", "hooks call it by this path, other tools may not find it", "%s is not in $PATH", self)
	case !sameProgram(found, self):
		d.note("program", "remove one of them, or change $PATH", "%s runs, but $PATH leads to %s", self, found)
	default:
		d.ok("program", "%s", self)
	}
}

// git tells which Git there is. Scans do without.
func (d *doctor) git(ctx context.Context) {
	path, err := exec.LookPath("git")
	if err != nil {
		d.note("git", "scans need none; hooks do, and clones by ssh are simpler with it", "not found in $PATH")
		return
	}
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	out, err := exec.CommandContext(ctx, path, "--version").Output()
	if err != nil {
		d.bad("git", "try: git --version", "%s does not run: %s", path, cause(err))
		return
	}
	d.ok("git", "%s, %s", strings.TrimPrefix(strings.TrimSpace(string(out)), "git version "), path)
}

func (d *doctor) rules() {
	all, err := rules.Builtin(detectors.Vocabulary())
	if err != nil {
		d.badErrors("rules", err)
		return
	}
	d.set = all
	verified := 0
	for _, r := range all {
		if r.Verify != nil {
			verified++
		}
	}
	d.ok("rules", "%d built in, %d of them with verification", len(all), verified)
}

// ownConfig tells whether the user's own configuration is there and right.
func (d *doctor) ownConfig() {
	file := d.e.getenv(variable("config"))
	_, c, err := loadRules(file)
	switch {
	case err != nil:
		d.badErrors("own config", err)
	case c == nil:
		dir, err := os.UserConfigDir()
		if err != nil {
			d.note("own config", "set HOME or XDG_CONFIG_HOME, or name a file with --config", "none: it is not known where it would be (%s)", err)
			return
		}
		d.ok("own config", "none; it would be %s", filepath.Join(dir, "mudlark", "config.toml"))
	default:
		d.ok("own config", "%s: %s, %s; trusted, as it is your own", c.File, counted(len(c.Rules), "rule", "rules"), counted(len(c.Allow), "allow", "allows"))
		for _, w := range c.Warnings {
			d.note("own config", "", "%s", w)
		}
	}
}

// outside are the variables of others that change what Mudlark does.
func outside() []string {
	return []string{
		"HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "NO_PROXY", "no_proxy", "REQUEST_METHOD", "SSL_CERT_FILE", "SSL_CERT_DIR",
		"GIT_DIR", "GIT_COMMON_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_OBJECT_DIRECTORY", "GIT_ALTERNATE_OBJECT_DIRECTORIES",
		"GIT_QUARANTINE_PATH", "GIT_CEILING_DIRECTORIES", "GIT_SHALLOW_FILE", "GIT_SSL_NO_VERIFY", "GIT_SSH_COMMAND",
		"GITHUB_TOKEN", "GH_TOKEN", "GH_ENTERPRISE_TOKEN", "GITLAB_TOKEN", "CI_JOB_TOKEN", "BITBUCKET_TOKEN",
		"NO_COLOR", "XDG_CONFIG_HOME", "TMPDIR", "GOMAXPROCS", "GOMEMLIMIT", "GODEBUG",
	}
}

// variables names the variables that are set and matter. Their values may be secrets, and are not told.
func (d *doctor) variables(root *cobra.Command) {
	known := []string{"MUDLARK_GIT_TOKEN", "MUDLARK_GIT_USER"}
	for name := range flagVariables(root) {
		known = append(known, name)
	}
	slices.Sort(known)
	var flags []string // the names behind the prefix, as nearest compares them
	for _, name := range known {
		flags = append(flags, strings.ToLower(strings.TrimPrefix(name, variablePrefix)))
	}
	var set []string
	for _, name := range slices.Concat(known, outside()) {
		if d.e.getenv(name) != "" {
			set = append(set, name)
		}
	}
	if len(set) == 0 {
		d.ok("variables", "none that matter is set")
	} else {
		d.ok("variables", "set: %s", strings.Join(set, ", "))
	}
	d.values(root)
	for _, pair := range d.e.variables() {
		name, _, _ := strings.Cut(pair, "=")
		if !strings.HasPrefix(name, variablePrefix) || slices.Contains(known, name) {
			continue
		}
		hint := "a flag's variable has its name: MUDLARK_MIN_CONFIDENCE for --min-confidence"
		if near := nearest(strings.TrimPrefix(name, variablePrefix), flags); near != "" {
			hint = "did you mean " + variablePrefix + strings.ToUpper(near) + "?"
		}
		d.note("variables", hint, "%s is set and means nothing", name)
	}
}

// values tells which variables that stand for flags have values that no scan of a repository would take; without the values.
func (d *doctor) values(root *cobra.Command) {
	scan, _, err := root.Find([]string{"git"})
	if err != nil {
		return
	}
	scan.Flags().VisitAll(func(f *pflag.Flag) {
		name := variable(f.Name)
		if value := d.e.getenv(name); value == "" || f.Name == "help" || fromEnvironment(scan, func(n string) string {
			if n == name {
				return value
			}
			return ""
		}) == nil {
			return
		}
		d.bad("variables", "mudlark git --help explains --"+f.Name, "the value of %s is not understood: a scan ends with exit code 2", name)
	})
}
