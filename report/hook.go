package report

import (
	"bytes"
	"fmt"
	"io"
	"strings"
)

// HookOptions says what NewHook writes about.
type HookOptions struct {
	TextOptions
	Hook string // "pre-commit", "pre-merge-commit", "pre-push", "pre-receive" or "update"
	// Blocks: the hook stops the commit or the push if anything was found. Gaps: it does so also if not everything could be read.
	Blocks, Gaps bool
}

// NewHook returns a handler for people whose commit or push a hook looks at. It writes nothing if nothing was found and everything was read.
// Else it shows each secret redacted in its line, and the three ways on: remove it, rotate it, allow it with a reason.
func NewHook(w io.Writer, o HookOptions) Handler {
	return &hookHandler{textHandler: newText(w, o.TextOptions), hook: o}
}

type hookHandler struct {
	*textHandler
	hook  HookOptions
	shown bytes.Buffer
	found []*Finding
}

// hookListed is how many secrets are shown: a terminal holds no more, and the first ones say enough to find the cause.
const hookListed = 20

func (h *hookHandler) Finding(f *Finding) error {
	h.found = append(h.found, f)
	if len(h.found) > hookListed {
		return nil
	}
	p := &page{b: &h.shown, width: h.width, label: h.paint.faint}
	group := severityGroup(f.Severity)
	fmt.Fprintf(p.b, "%s\n", h.paint.severity[group](strings.ToUpper(Escape(f.Severity))+"  "+Escape(f.Name)))
	h.where(p, f)
	if f.Commit != nil {
		p.field("commit", byWhom(short(f.Commit), f.Date, f.Author, f.Email)+doubts(f.Introduced))
	}
	if n := len(f.Occurrences); n > 0 {
		p.field("also at", counted(int64(n), "other place")+", such as "+occurrenceText(&f.Occurrences[0]))
	}
	for _, part := range f.Parts {
		h.part(p, &part)
	}
	if len(f.Decoded) > 0 {
		p.field("encoded", Escape(strings.Join(f.Decoded, ", then ")))
	}
	if f.Confidence != "high" {
		p.field("confidence", Escape(f.Confidence))
	}
	if f.Verdict.Status != "" && f.Verdict.Status != "unasked" {
		p.field("verdict", strings.TrimSuffix(Escape(f.Verdict.Status)+": "+Escape(f.Verdict.Reason), ": "))
	}
	if f.Rotate != "" {
		p.field("rotate at", Escape(f.Rotate))
	}
	p.field("rule", Escape(f.Rule))
	p.field("fingerprint", Escape(f.Fingerprint))
	p.b.WriteByte('\n')
	return nil
}

func (h *hookHandler) Coverage(c *Coverage) error {
	gaps := !c.Complete
	if len(h.found) == 0 && !gaps {
		h.notes(c)
		return nil
	}
	fmt.Fprintln(h.w, h.paint.alarm(h.headline(gaps))+"\n")
	if _, err := h.shown.WriteTo(h.w); err != nil {
		return err
	}
	if n := len(h.found) - hookListed; n > 0 {
		fmt.Fprintf(h.w, "And %s more, which are not shown.\n\n", grouped(int64(n)))
	}
	if gaps {
		h.gaps(c)
	}
	h.notes(c)
	if len(h.found) > 0 {
		h.waysOn()
	}
	return nil
}

// action is what the hook looks at, in words.
func (h *hookHandler) action() string {
	switch h.hook.Hook {
	case "pre-commit":
		return "commit"
	case "pre-merge-commit":
		return "merge"
	}
	return "push"
}

func (h *hookHandler) headline(gaps bool) string {
	n := len(h.found)
	var what string
	switch {
	case n > 0 && gaps:
		what = counted(int64(n), "secret") + " found, and not everything was looked at"
	case n > 0:
		what = counted(int64(n), "secret") + " found"
	default:
		what = "no secret found, but not everything was looked at"
	}
	if n > 0 && h.hook.Blocks || gaps && h.hook.Gaps {
		return "mudlark: this " + h.action() + " is blocked: " + what
	}
	return "mudlark: this " + h.action() + " goes on, as it was set up to: " + what
}

// gaps lists what was not read.
func (h *hookHandler) gaps(c *Coverage) {
	var unread []Skipped
	for _, s := range c.Skipped {
		if s.Accepted == "" {
			unread = append(unread, s)
		}
	}
	fmt.Fprintln(h.w, "Not looked at:")
	h.list("  ", unread)
	fmt.Fprintln(h.w)
}

func (h *hookHandler) notes(c *Coverage) {
	if h.o.Quiet {
		return
	}
	for _, n := range c.Notes {
		h.hanging("mudlark: note: ", Escape(n))
	}
	h.allows("mudlark: ", c)
}

// waysOn says what can be done about what was found.
func (h *hookHandler) waysOn() {
	fmt.Fprintln(h.w, h.paint.bold("Three ways on:"))
	for i, way := range []string{h.removal(), rotation, h.allowance()} {
		h.hanging(fmt.Sprintf("  %d. ", i+1), way)
	}
}

const rotation = "Rotate it, if anybody else may have seen it: revoke it where it was issued, and use a new one. Taking a shared secret out of the files does not make it unknown."

// removal says how to get a secret out of what is committed or pushed.
func (h *hookHandler) removal() string {
	switch h.hook.Hook {
	case "pre-commit":
		return "Remove it: take it out of the file, stage the file again (git add), and commit."
	case "pre-merge-commit":
		return "Remove it: take it out of the file, stage the file again (git add), and commit, which ends the merge; or git merge --abort."
	}
	commit := ""
	for _, f := range h.found {
		if f.Commit != nil {
			commit = short(f.Commit)
			break
		}
	}
	if commit == "" {
		return "Remove it: take it out of what is pushed, and push again."
	}
	return "Remove it from the commit that brings it, since a later commit that deletes it leaves it in the history: git rebase -i " + commit +
		"^ (mark the commit as \"edit\"; for the newest commit git commit --amend will do), then push again."
}

// allowance says how to let a secret pass.
func (h *hookHandler) allowance() string {
	const inline = "Allow it, if it is no secret or may be known, and say why: in its line or the line above write the comment mudlark:allow RULE -- reason, or "
	if h.hook.Hook == "pre-receive" || h.hook.Hook == "update" {
		return inline + "have the line FINGERPRINT # reason put into .mudlarkignore on the default branch, which is the one that counts here."
	}
	return inline + "put the line FINGERPRINT # reason into .mudlarkignore."
}
