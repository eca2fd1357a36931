package scanner

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"mudlark/detectors"
	"mudlark/report"
	"mudlark/rules"
	"mudlark/scanner/gitstore"
	"mudlark/scanner/history"
	"mudlark/verify"
)

// Run scans what o names and sends the findings to h. The error is a *UsageError for mistakes of the caller's, or that of h;
// anything that could not be read is coverage and makes the Result incomplete. When ctx ends, or Options.Timeout passes, what
// was found until then is reported.
func Run(ctx context.Context, o Options, h report.Handler) (Result, error) {
	s := &scan{o: o.withDefaults(), cover: newCoverage(), items: newItems(), results: newResults(), blobs: history.NewBlobs(gitstore.NewNumbers()),
		paths: &pathHits{m: map[string][]hit{}}, tags: map[gitstore.ID]*tagText{}, graph: &history.Graph{}, conf: &Config{}, big: &sync.Mutex{}}
	defer s.ahead.wait()
	started := s.o.Now()
	if err := s.prepare(); err != nil {
		return Result{}, s.discreet(err)
	}
	scanCtx := ctx
	if s.o.Timeout > 0 {
		var cancel context.CancelFunc
		scanCtx, cancel = context.WithTimeout(ctx, s.o.Timeout)
		defer cancel()
	}
	list, err := s.source()(scanCtx)
	if err != nil {
		return Result{}, s.discreet(err)
	}
	res := Result{Warnings: s.warnings}
	err = s.send(scanCtx, h, list, started, &res)
	res.Interrupted, res.TimedOut = ctx.Err() != nil, ctx.Err() == nil && scanCtx.Err() != nil
	if s.repo != nil && scanCtx.Err() == nil { // else a worker may still be reading
		err = errors.Join(err, s.repo.Close())
	}
	return res, err
}

// prepare checks the options and sets up the engine and the workers.
func (s *scan) prepare() error {
	s.choice = newSelection(&s.o)
	for _, g := range slices.Concat(s.o.Include, s.o.Exclude) {
		if err := validGlob(g); err != nil || g == "" {
			return &UsageError{Message: fmt.Sprintf("pattern %q is malformed", g), Hint: "use *, ?, [a-z] and **, for example: --exclude 'vendor/**'"}
		}
	}
	s.include = pathFilter(s.o.Include, s.o.Exclude)
	if s.o.Mode == ModeGit {
		s.o.Target = localPath(s.o.Target)
		if err := s.openRepo(); err != nil {
			return err
		}
	}
	if s.o.Config != nil {
		s.conf = s.o.Config
		s.warnings = append(s.warnings, s.conf.Warnings...)
	}
	if err := s.resolveConfigRevision(); err != nil {
		return err
	}
	s.repositoryConfig()
	if err := s.checkNames(); err != nil {
		return err
	}
	set := slices.Concat(s.o.Rules, s.conf.Rules)
	opt := detectors.DefaultOptions()
	switch {
	case s.o.MaxDecodeDepth < 0:
		opt.MaxDecodeDepth = 0
	case s.o.MaxDecodeDepth > 0:
		opt.MaxDecodeDepth = s.o.MaxDecodeDepth
	}
	var err error
	if s.engine, err = detectors.New(set, opt); err != nil {
		return &UsageError{Message: err.Error(), Hint: "mudlark rules check FILE shows what is wrong with a rule"}
	}
	s.allows = s.loadAllows()
	s.pathRules = slices.ContainsFunc(set, func(r *rules.Rule) bool { return r.PathBound() })
	s.compilePathRegexes(set)
	s.items.fresh = func(it *item) {
		if s.o.Verify != nil {
			s.verifyEarly(it)
		}
		s.fingerprintEarly(it)
	}
	if s.o.Mode != ModeGit {
		s.mayVerifyEarly()
	}
	for range s.o.Workers {
		s.workers = append(s.workers, s.newWorker())
	}
	return nil
}

// localPath returns the path that a file:// URL names; anything else is a path already. Percent signs are decoded as Git
// does it.
func localPath(target string) string {
	p, ok := strings.CutPrefix(target, "file://")
	if !ok {
		return target
	}
	if rest, ok := strings.CutPrefix(p, "localhost/"); ok {
		p = "/" + rest
	}
	if decoded, err := url.PathUnescape(p); err == nil {
		return decoded
	}
	return p
}

// checkNames makes sure that --rule and --exclude-rule name something.
func (s *scan) checkNames() error {
	known := s.knownNames()
	for _, name := range slices.Concat(s.o.RuleFilter, s.o.RuleExclude) {
		if !known(strings.ToLower(name)) {
			return &UsageError{Message: fmt.Sprintf("there is no rule or provider %q", name), Hint: "mudlark rules list shows them all"}
		}
	}
	return nil
}

// newWorker returns a worker with its share of the memory budget: a quarter for delta bases, an eighth for trees. The rest is
// for what is in flight and for what the garbage collector has yet to find.
func (s *scan) newWorker() *worker {
	w := &worker{s: s, scanner: s.engine.NewScanner(), big: s.big}
	if s.repo != nil {
		share := s.o.Memory / int64(s.o.Workers)
		w.reader = s.repo.Objects.NewReader(share / 4)
		w.differ = history.NewDiffer(w.reader, s.repo.Format, share/8)
		w.differ.Problem = s.cover.problem
		w.differ.Trees = s.cover.tree
	}
	return w
}

// source returns the function that scans the options' source.
func (s *scan) source() func(context.Context) ([]*lifeStory, error) {
	switch s.o.Mode {
	case ModeDir:
		return s.dir
	case ModeStdin:
		return s.stdin
	}
	return s.git
}

// send reports the findings in their final order.
func (s *scan) send(ctx context.Context, h report.Handler, list []*lifeStory, started time.Time, res *Result) error {
	b := newBuilder(s)
	list, err := s.suppress(b, list)
	if err != nil {
		return err
	}
	findings, err := b.findings(ctx, list)
	if err != nil {
		return err
	}
	s.storeProblems()
	s.narrowNotes()
	cov := s.cover.report(s.conf.Accepted())
	cov.Started = started.UTC().Format(time.RFC3339)
	cov.Duration = s.o.Now().Sub(started).Seconds()
	cov.Summary = b.summary(findings)
	if err := s.reportAllows(b, &cov); err != nil {
		return err
	}
	b.redactCoverage(&cov)
	s.noteUnverified(&cov, findings)
	findings = b.chosen(findings, &cov.Summary)
	for i, w := range res.Warnings {
		res.Warnings[i] = b.redact([]byte(w))
	}
	res.Findings, res.Complete = len(findings), cov.Complete
	for _, skipped := range cov.Skipped {
		if skipped.Class == "missing" && skipped.Accepted == "" {
			res.Missing++
		}
	}
	res.Active, res.Unknown = cov.Summary.ByVerdict[string(verify.Active)], cov.Summary.ByVerdict[string(verify.Unknown)]
	if err := h.Config(b.config()); err != nil {
		return err
	}
	for i, f := range findings {
		if err := h.Finding(f); err != nil {
			return err
		}
		findings[i] = nil // may be the last of it
	}
	if err := h.Coverage(&cov); err != nil {
		return err
	}
	return h.Done()
}

// narrowNotes says when filters left nothing over: a misspelt one must not look like a clean result.
func (s *scan) narrowNotes() {
	nothing := s.cover.blobs.Load() == 0 && s.cover.files.Load() == 0
	if s.include != nil && nothing {
		s.cover.note("no path that was looked at is left by --include and --exclude")
	}
	if s.o.Mode == ModeGit && !s.o.Staged && s.cover.commits == 0 && !(s.o.After.IsZero() && s.o.Before.IsZero()) {
		s.cover.note("no commit is left by --since and --until")
	}
}

// targetName is the target as the report names it.
func (s *scan) targetName() string {
	switch s.o.Mode {
	case ModeDir:
		return strings.Join(s.o.Paths, " ")
	case ModeStdin:
		return s.o.StdinName
	}
	if s.o.TargetName != "" {
		return s.o.TargetName
	}
	if abs, err := filepath.Abs(s.o.Target); err == nil && s.o.Target == "." {
		return abs
	}
	return s.o.Target
}
