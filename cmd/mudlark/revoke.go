package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"mudlark/report"
	"mudlark/rules"
	"mudlark/scanner"
	"mudlark/verify"
)

const revokeHelp = `Have a leaked secret revoked by its provider.

This cannot be undone: whatever still uses the secret stops working. The secret
is verified first; then Mudlark says what it is and asks; then it is revoked,
and verified again. A record with the times is printed. It holds no secret.

Only what is identified exactly is revoked: one secret, named by its fingerprint
or by a report that holds nothing else, with the parts that belong to it.

Examples:
  mudlark revoke 2d9f3fa7ca8b5212f99c9f42f6b41608
  mudlark revoke 2d9f3fa7ca8b5212f99c9f42f6b41608 path/to/repo
  mudlark revoke one.json --yes            without a question, for scripts
  mudlark revoke one.json --format json    the record for programs
  mudlark revoke one.json --config my.toml    by rules of your own
  mudlark revoke one.json --endpoint github=https://ghe.corp
  mudlark revoke one.json --allow-host ghe.corp --allow-plaintext
  mudlark revoke one.json --allow-effect cost
  mudlark revoke one.json --verify-rps 1 --verify-timeout 1m
  mudlark revoke one.json --verify-canaries
`

const revokeExits = `
Exit codes:
  0    revoked, and the provider says that it is dead; or dead already
  1    not revoked
  2    wrong usage, or nothing that can be revoked
  4    the provider accepted the revocation, but that it is dead is not proved
  130  interrupted
`

// revocation is the record of one attempt.
type revocation struct {
	Fingerprint string            `json:"fingerprint"`
	Rule        string            `json:"rule"`
	Name        string            `json:"name"`
	Redacted    string            `json:"redacted"`
	Identity    map[string]string `json:"identity,omitempty"`
	Before      report.Verdict    `json:"before"`
	Request     string            `json:"request,omitempty"`
	SentAt      string            `json:"sent_at,omitempty"`
	After       *report.Verdict   `json:"after,omitempty"`
	Result      string            `json:"result"` // revoked, dead, unproved, failed, refused
	Reason      string            `json:"reason,omitempty"`
}

// revokeFlags are the flags of the command revoke.
type revokeFlags struct {
	scanFlags
	yes bool
}

func newRevoke(e *environment) *cobra.Command {
	f := &revokeFlags{}
	f.minConfidence, f.failOn = "low", failNone
	f.workers, f.maxBlob, f.memory, f.decodeDepth = 1, scanner.DefaultMaxBlob, scanner.DefaultMemory, defaultDecodeDepth
	cmd := &cobra.Command{
		Use:   "revoke FINGERPRINT|REPORT [PATH] [FLAGS]",
		Short: "Have a leaked secret revoked by its provider",
		Long:  revokeHelp + revokeExits,
		Args:  reportArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			k, err := readKnown(args[0])
			if err != nil {
				return err
			}
			return f.run(cmd.Context(), e, k, append(args, "")[1])
		},
	}
	flagGroups{cmd.Flags()}.in(groupRules, func(s *pflag.FlagSet) {
		s.BoolVar(&f.yes, "yes", false, "do not ask")
		f.format = "text"
		s.Var(words{&f.format, "FORMAT", []string{"text", "json"}}, "format", "print the record as text or json")
		s.Var(text{&f.config, "FILE"}, "config", "use this configuration instead of your own file")
		f.addEngine(s)
	})
	return cmd
}

// run revokes one secret.
func (f *revokeFlags) run(ctx context.Context, e *environment, k *known, path string) error {
	f.verifyFlags.verify = false // the secret is looked for first, and then asked about alone
	finding, c, err := f.lookUp(ctx, e, k, path)
	if err != nil {
		return err
	}
	all, conf, err := loadRules(f.config)
	if err != nil {
		return err
	}
	opt, err := f.engineOptions(e, all, conf)
	if err != nil {
		return err
	}
	r := &revocation{Fingerprint: finding.Fingerprint, Rule: finding.Rule, Name: finding.Name, Redacted: finding.Redacted}
	err = f.revoke(ctx, e, opt, c, r)
	if r.Result == "" {
		return err
	}
	if printed := f.print(e.stdout, r); printed != nil {
		_ = f.print(e.stderr, r) // what happened to the secret must not be lost with it
		return failed(printed)
	}
	return err
}

// revoke has the secret revoked and writes what happens into r; r.Result is empty if the user gave up.
func (f *revokeFlags) revoke(ctx context.Context, e *environment, opt verify.Options, c verify.Credential, r *revocation) (err error) {
	v := verify.Revoke(ctx, opt, c, func(v *verify.Revocation) bool {
		r.Identity, r.Request = v.Before.Identity, v.Request
		err = f.ask(ctx, e, r)
		return err == nil
	})
	if v.Outcome == verify.Declined {
		return err
	}
	r.fill(v)
	not := func(code int, message string) error {
		return &exitError{code: code, message: message, hint: rotateHint(c.Rule)}
	}
	switch {
	case ctx.Err() != nil && v.After == nil && v.Outcome == verify.Refused:
		return not(exitInterrupted, "interrupted; nothing was revoked")
	case ctx.Err() != nil && v.After != nil && v.Outcome != verify.Revoked:
		return notKnown(exitInterrupted, "interrupted", r)
	}
	switch v.Outcome {
	case verify.Refused:
		if v.Why == verify.NotProvedAlive {
			return not(exitFindings, fmt.Sprintf("not revoked: its verdict is %s%s", v.Before.Status, reasonText(v.Before.Reason)))
		}
		return not(exitUsage, "not revoked: "+string(v.Why))
	case verify.Failed:
		if v.Why == verify.StillWorks {
			return not(exitFindings, "the provider accepted the revocation, but the secret still works")
		}
		if v.After.Status != verify.Active {
			return notKnown(exitFindings, string(v.Why), r)
		}
		return not(exitFindings, "not revoked: "+string(v.Why))
	case verify.Unproved:
		return &exitError{code: exitIncomplete, message: "the provider accepted the revocation; that the secret is dead is not proved", hint: "mudlark verify " + r.Fingerprint + " asks again"}
	}
	return nil
}

// notKnown is the error for a request of which nobody knows what became of it.
func notKnown(code int, why string, r *revocation) error {
	return &exitError{code: code, message: "whether the secret is revoked is not known: " + why, hint: "mudlark verify " + r.Fingerprint + " asks again"}
}

// fill writes what happened into the record.
func (r *revocation) fill(v *verify.Revocation) {
	r.Result, r.Reason, r.Request = string(v.Outcome), string(v.Why), v.Request
	if v.Before.Status != "" {
		r.Before, r.Identity = scanner.ReportVerdict(v.Before), v.Before.Identity
	}
	if v.Outcome == verify.Dead {
		r.Reason = "there was nothing left to revoke"
	}
	if v.After != nil {
		after := scanner.ReportVerdict(*v.After)
		r.After, r.SentAt = &after, v.SentAt.Format(time.RFC3339)
	}
}

func reasonText(r verify.Reason) string {
	if r == "" {
		return ""
	}
	return " (" + string(r) + ")"
}

func rotateHint(r *rules.Rule) string {
	if r.Rotate == "" {
		return ""
	}
	return "revoke it at " + r.Rotate
}

// ask tells what would happen and wants a yes, unless ctx ends.
func (f *revokeFlags) ask(ctx context.Context, e *environment, r *revocation) error {
	if f.yes {
		return nil
	}
	fmt.Fprintf(e.stderr, "%s %s (fingerprint %s)\n", report.Escape(r.Name), r.Redacted, r.Fingerprint)
	for _, name := range slices.Sorted(maps.Keys(r.Identity)) {
		fmt.Fprintf(e.stderr, "  %s %s\n", report.Escape(name), report.Escape(r.Identity[name]))
	}
	fmt.Fprintf(e.stderr, "It works. It would be revoked by %s\n", report.Escape(r.Request))
	if !e.stdinTerminal {
		return usagef("with --yes nobody is asked", "nothing was revoked: there is no terminal to ask at")
	}
	fmt.Fprint(e.stderr, "Revoke it, for good? Type yes: ")
	said := make(chan string, 1)
	go func() {
		line, _ := bufio.NewReader(e.stdin).ReadString('\n') // what ends without a line feed is what was said
		said <- line
	}()
	select {
	case line := <-said:
		if strings.TrimSpace(line) == "yes" && ctx.Err() == nil {
			return nil
		}
		return &exitError{code: exitFindings, message: "nothing was revoked"}
	case <-ctx.Done():
		fmt.Fprintln(e.stderr)
		return &exitError{code: exitInterrupted, message: "interrupted; nothing was revoked"}
	}
}

// print writes the record.
func (f *revokeFlags) print(w io.Writer, r *revocation) error {
	if f.format == "json" {
		return printJSON(w, r)
	}
	var err error
	line := func(label, text string) {
		if text != "" && err == nil {
			_, err = fmt.Fprintf(w, "%-12s %s\n", label, report.Escape(text))
		}
	}
	line("result", strings.TrimSuffix(r.Result+": "+r.Reason, ": "))
	line("secret", r.Name+" "+r.Redacted)
	line("fingerprint", r.Fingerprint)
	for _, name := range slices.Sorted(maps.Keys(r.Identity)) {
		line(name, r.Identity[name])
	}
	line("before", verdictText(&r.Before))
	line("request", r.Request)
	line("sent", r.SentAt)
	if r.After != nil {
		line("after", verdictText(r.After))
	}
	return err
}

func verdictText(v *report.Verdict) string {
	text := strings.TrimSuffix(v.Status+": "+v.Reason, ": ")
	if v.CheckedAt != "" {
		text += " at " + v.CheckedAt
	}
	return text
}
