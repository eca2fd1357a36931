package detectors

import (
	"errors"
	"fmt"
	"sync"
	"sync/atomic"

	"mudlark/rules"
)

// Options are limits of an Engine.
type Options struct {
	// MaxDecodeDepth is how many decoders may be applied on top of each other; 0 for none.
	MaxDecodeDepth int
	// MaxEncodedRun is the number of bytes of an encoded run that are decoded at a time. Longer runs are decoded in
	// pieces that overlap.
	MaxEncodedRun int
}

// DefaultOptions returns the limits that a scan has unless it is told otherwise.
func DefaultOptions() Options { return Options{MaxDecodeDepth: 5, MaxEncodedRun: 1 << 20} }

// An Engine is a compiled set of rules. What it finds does not change, and it is safe for concurrent use: a rule whose anchors
// come from an index is compiled when one of them is first met.
type Engine struct {
	options      Options
	set          []*rules.Rule
	rules        []*rule
	filter       *prefilter
	tasks        [][]task // by anchor
	reaches      []reach  // by anchor
	searches     []search
	regexes      []*rule
	unkeyed      []*rule // regex rules without keywords
	blocks       int
	hasParts     bool
	hasUntrusted bool
	// hasRequires: some rule depends on matches of others, or is not reported itself.
	hasRequires bool

	compiling sync.Mutex // held while a rule is compiled
	classes   classes    // of compiled rules
}

// A rule is a compiled rules.Rule.
type rule struct {
	*rules.Rule
	regexIndex int // in Engine.regexes
	blockIndex int

	compiled atomic.Bool // what follows may be read once this is true
	formats  []*format   // the one of a regex or block has no branches
	parts    []*part
	regex    *lazyRegex
	block    extractor
}

// A format is a compiled rules.Format.
type format struct {
	rule        *rule
	branches    []*branch
	near, after *words
	check       check
	checked     bool
	confidence  rules.Confidence
	entropy     float64
	require     []string
	reject      []string
	explicit    *class
	longest     int // bytes of the longest match
	reach       int // bytes beside a match that decide whether it is one
}

// What a task does where its anchor stands.
type taskKind uint8

const (
	matchBranch taskKind = iota // the branch's literal stands here
	searchNear                  // a near word: look for the format behind it
	runRegex                    // a keyword
	runBlock                    // an extractor's keyword
	runEach                     // the anchor of an extractor whose candidates do not depend on each other
)

type task struct {
	rule   *rule
	kind   taskKind
	format int32 // index in rule.formats
	branch int32 // of matchBranch: index in the format's branches
	search int32 // of searchNear: index in Engine.searches
	length int32 // of the word; of runEach where the anchor's literal begins
}

// A search is a format of which some branch has no anchor: it is looked for wherever a near word stands.
type search struct {
	rule   *rule
	format int32 // index in rule.formats
}

// New compiles a set of rules. The error joins all that is wrong with them.
func New(set []*rules.Rule, opt Options) (*Engine, error) {
	index, indexed := rules.Packed(set)
	return newEngine(set, index, indexed, opt)
}

// newEngine is New for a set of which there is an index for so many of its first rules. An index that is none is as good as none.
func newEngine(set []*rules.Rule, index string, indexed int, opt Options) (*Engine, error) {
	e, anchors := &Engine{options: opt, set: set}, &anchorTable{}
	if indexed > 0 && e.load(index, set[:indexed], anchors) != nil {
		indexed = 0
	}
	if err := e.addAll(set[indexed:], anchors); err != nil {
		return nil, err
	}
	e.filter = newPrefilter(anchors)
	return e, nil
}

// addAll compiles rules. The error joins all that is wrong with them.
func (e *Engine) addAll(set []*rules.Rule, anchors *anchorTable) error {
	var errs []error
	for _, r := range set {
		if err := e.add(r, anchors); err != nil {
			errs = append(errs, fmt.Errorf("rule %s: %w", r.ID, err))
		}
	}
	return errors.Join(errs...)
}

// Rules returns the rules in the order that they were given in.
func (e *Engine) Rules() []*rules.Rule { return e.set }

// Options returns the limits that the engine was made with.
func (e *Engine) Options() Options { return e.options }

// add compiles a rule and notes what its anchors ask for.
func (e *Engine) add(r *rules.Rule, anchors *anchorTable) error {
	c := &rule{Rule: r}
	e.hasUntrusted = e.hasUntrusted || r.Untrusted
	e.hasRequires = e.hasRequires || r.Silent || len(r.Requires) > 0
	e.rules = append(e.rules, c)
	if err := e.build(c); err != nil {
		return err
	}
	c.compiled.Store(true)
	return e.register(c, anchors)
}

// ready returns the rule once it is compiled.
func (e *Engine) ready(r *rule) *rule {
	if !r.compiled.Load() {
		e.compile(r)
	}
	return r
}

// compile compiles a rule whose anchors are known from an index.
func (e *Engine) compile(r *rule) {
	e.compiling.Lock()
	defer e.compiling.Unlock()
	if r.compiled.Load() {
		return
	}
	if err := e.build(r); err != nil {
		panic(fmt.Sprintf("detectors: rule %s, which was compiled to make the index: %v", r.ID, err))
	}
	r.compiled.Store(true)
}

// sought returns the format of a search.
func (e *Engine) sought(i int) *format {
	s := &e.searches[i]
	return e.ready(s.rule).formats[s.format]
}
