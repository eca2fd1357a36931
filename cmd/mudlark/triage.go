package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"mudlark/report"
	"mudlark/scanner"
	"mudlark/scanner/allow"
)

const triageHelp = `Walk through the findings one by one and write down which are no leaks.

Each finding is shown as in a report. One letter and Enter say what it is:

` + triageKeys + `
The file is written when the walk ends. Everything in it can be edited by hand.

Examples:
  mudlark triage                           this repository
  mudlark triage path/to/repo
  mudlark triage . --dir                   files, without history
  mudlark triage --rule aws --min-confidence high
  mudlark triage --ignore-file team.ignore    write to another file
`

// triageKeys explains the answers.
const triageKeys = `  i  it is no leak: it goes into .mudlarkignore, with a reason
  p  nothing in this file is one: the path goes there
  r  this rule finds no leaks here: the rule goes there
  t  it is a leak, to be rotated: it stays in the reports (t, or Enter)
  b  back to the one before
  q  stop; what was decided stays
`

func newTriage(e *environment) *cobra.Command {
	f := &triageFlags{}
	cmd := &cobra.Command{
		Use:   "triage [PATH] [FLAGS]",
		Short: "Walk through the findings and write the ignore file",
		Long:  triageHelp,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) > 1 {
				return usagef("for example: mudlark triage path/to/repo", "triage takes one path")
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error { return f.run(cmd.Context(), e, target(args)) },
	}
	f.add(&cobra.Command{}) // for the defaults
	flagGroups{cmd.Flags()}.in("Flags", func(s *pflag.FlagSet) {
		s.BoolVar(&f.dir, "dir", false, "files as they are, not a history")
		s.Var(text{&f.file, "FILE"}, "ignore-file", "write to this file instead of .mudlarkignore")
		s.Var(words{&f.minConfidence, "LEVEL", levels}, "min-confidence", "leave out what is less sure: low, medium or high")
		s.Var(list{&f.only, "NAME"}, "rule", "only this rule or provider; repeatable")
	})
	return cmd
}

type triageFlags struct {
	gitFlags
	dir  bool
	file string
}

func (f *triageFlags) run(ctx context.Context, e *environment, path string) error {
	if !e.stdinTerminal {
		return usagef("run it in a terminal; in scripts write .mudlarkignore, whose lines hold a fingerprint each", "triage asks questions, and this is no terminal")
	}
	dir := path
	if !f.dir {
		var err error
		if dir, err = scanner.TopLevel(path, e.getenv); err != nil {
			return err
		}
		if dir == "" {
			return usagef("run it in a clone", "%s is bare, and has no .mudlarkignore of its own", path)
		}
	}
	file := f.file
	if file == "" {
		file = filepath.Join(dir, allow.IgnoreName)
	} else if _, err := os.Stat(file); err == nil {
		f.ignoreFiles = append(f.ignoreFiles, file)
	}
	o, err := f.options(e)
	if err != nil {
		return err
	}
	o.Mode, o.Target = scanner.ModeGit, path
	if f.dir {
		o.Mode, o.Paths = scanner.ModeDir, []string{path}
	}
	c, err := f.collect(ctx, e, o)
	if err != nil {
		return err
	}
	t := &triage{e: e, in: bufio.NewReader(e.stdin), out: e.stdout, findings: c.findings, decisions: make([]decision, len(c.findings)), root: root(f.dir, path)}
	if err := t.walk(ctx); err != nil {
		return err
	}
	return t.write(file)
}

// root is what paths of findings begin with and entries do not.
func root(dir bool, path string) string {
	if clean := filepath.ToSlash(filepath.Clean(path)); dir && clean != "." {
		return clean + "/"
	}
	return ""
}

// decision is what the user says of a finding: the part of an ignore line before the reason; "" for nothing.
type decision struct{ entry, reason string }

// triage is a walk through findings.
type triage struct {
	e         *environment
	in        *bufio.Reader
	out       io.Writer
	findings  []*report.Finding
	decisions []decision
	root      string
}

// walk asks about one finding after another. It ends with the last one, with q, or with the end of the input.
func (t *triage) walk(ctx context.Context) error {
	if len(t.findings) == 0 {
		_, err := fmt.Fprintln(t.out, "There is nothing to decide: no secrets found.")
		return err
	}
	for i := 0; i < len(t.findings); {
		f := t.findings[i]
		if covered, by := t.covered(i); covered && t.decisions[i].entry == "" {
			fmt.Fprintf(t.out, "[%d/%d] %s: covered by %q\n", i+1, len(t.findings), report.Escape(f.Name), report.Escape(by))
			i++
			continue
		}
		if err := t.show(i); err != nil {
			return err
		}
		answer, err := t.ask(ctx, "no leak: [i]gnore it, ignore [p]ath or [r]ule; [t]rue leak; [b]ack; [q]uit; [?] > ")
		step := quit
		if err == nil {
			step, err = t.decide(ctx, i, answer)
		}
		if ctx.Err() != nil {
			return &exitError{code: exitInterrupted, message: "interrupted; nothing was written"}
		}
		if err != nil || step == quit { // the end of the input is a q
			return nil
		}
		i = max(0, i+step)
	}
	return nil
}

const quit = -1 << 30

// decide notes an answer and returns how many findings to go on.
func (t *triage) decide(ctx context.Context, i int, answer string) (step int, err error) {
	f := t.findings[i]
	entry := ""
	switch strings.ToLower(answer) {
	case "", "t", "n":
		t.decisions[i] = decision{}
		return 1, nil
	case "b":
		if i > 0 {
			t.decisions[i-1] = decision{}
		}
		return -1, nil
	case "q":
		return quit, nil
	case "i", "y":
		entry = f.Fingerprint
	case "p":
		if f.Path == nil || f.PathB64 != "" || strings.Contains(*f.Path, " #") {
			fmt.Fprintln(t.out, "It has no path that the ignore file could name.")
			return 0, nil
		}
		entry = "path: /" + globbed(strings.TrimPrefix(*f.Path, t.root))
	case "r":
		entry = "rule: " + f.Rule
	case "?", "h":
		fmt.Fprint(t.out, triageKeys)
		return 0, nil
	default:
		fmt.Fprintf(t.out, "%q is none of i, p, r, t, b, q; ? explains them.\n", report.Escape(answer))
		return 0, nil
	}
	reason, err := t.ask(ctx, "reason > ")
	if err != nil {
		return 0, err
	}
	if strings.TrimSpace(reason) == "" {
		fmt.Fprintln(t.out, "Say why: those who read the file later will want to know.")
		return 0, nil
	}
	t.decisions[i] = decision{entry, strings.TrimSpace(reason)}
	return 1, nil
}

// globbed escapes what globs mean by some characters.
func globbed(path string) string {
	return strings.NewReplacer(`\`, `\\`, "*", `\*`, "?", `\?`, "[", `\[`).Replace(path)
}

// covered reports whether an earlier decision about a path or a rule is one about finding i, too.
func (t *triage) covered(i int) (bool, string) {
	f := t.findings[i]
	for k, d := range t.decisions {
		same := d.entry == "rule: "+f.Rule || f.Path != nil && len(f.Occurrences) == 0 && d.entry == "path: /"+globbed(strings.TrimPrefix(*f.Path, t.root))
		if k != i && same {
			return true, d.entry
		}
	}
	return false, ""
}

// show prints a finding as a report does.
func (t *triage) show(i int) error {
	width := t.e.width
	h := report.NewText(t.out, report.TextOptions{Color: t.e.stdoutTerminal && t.e.getenv("NO_COLOR") == "" && t.e.getenv("TERM") != "dumb", Width: min(width, maxTextWidth), Quiet: true})
	fmt.Fprintf(t.out, "\n[%d/%d] ", i+1, len(t.findings))
	return errors.Join(h.Config(&report.Config{}), h.Finding(t.findings[i]), h.Coverage(&report.Coverage{Complete: true}), h.Done())
}

// ask prints a question and reads a line. It does not wait for one when ctx has ended.
func (t *triage) ask(ctx context.Context, question string) (string, error) {
	if _, err := fmt.Fprint(t.out, question); err != nil {
		return "", err
	}
	var line string
	var err error
	read := make(chan struct{})
	go func() {
		defer close(read)
		line, err = t.in.ReadString('\n')
	}()
	select {
	case <-read:
	case <-ctx.Done():
		return "", ctx.Err()
	}
	if err != nil && line == "" {
		fmt.Fprintln(t.out)
		return "", err
	}
	return strings.TrimSpace(line), nil
}

// write appends the decisions to the ignore file.
func (t *triage) write(file string) error {
	old, err := os.ReadFile(file)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return usagef("may you read it?", "%s: %s", file, cause(err))
	}
	text := string(old)
	if text != "" && !strings.HasSuffix(text, "\n") {
		text += "\n"
	}
	n := 0
	for i, d := range t.decisions {
		if d.entry == "" {
			continue
		}
		n++
		about := ""
		if d.entry == t.findings[i].Fingerprint {
			about = t.findings[i].Rule
			if p := t.findings[i].Path; p != nil {
				about += " in " + *p
			}
			about += ": "
		}
		text += d.entry + "  # " + report.Escape(about+d.reason) + "\n"
	}
	if n == 0 {
		_, err := fmt.Fprintln(t.out, "Nothing was written.")
		return err
	}
	out, err := newOutputFile(file, false)
	if err != nil {
		return usagef("may you write there?", "%s: %s", file, cause(err))
	}
	defer out.discard()
	if _, err := io.WriteString(out, text); err != nil {
		return failed(err)
	}
	if err := out.commit(); err != nil {
		return failed(err)
	}
	_, err = fmt.Fprintf(t.out, "%s: %d added\n", report.Escape(file), n)
	return err
}
