package detectors

import (
	"errors"
	"fmt"
	"slices"

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

// An Engine is a compiled set of rules. It does not change and is safe for concurrent use.
type Engine struct {
	options  Options
	set      []*rules.Rule
	rules    []*rule
	classes  classes
	filter   *prefilter
	tasks    [][]task // by anchor
	reaches  []reach  // by anchor
	searches []*format
	regexes  []*rule
	unkeyed  []*rule // regex rules without keywords
	blocks   int
	hasParts bool
	// hasRequires: some rule depends on matches of others, or is not reported itself.
	hasRequires bool
	anchorIDs   map[string]int // only while compiling
	anchors     []anchor
}

// A rule is a compiled rules.Rule.
type rule struct {
	*rules.Rule
	formats    []*format // the one of a regex or block has no branches
	parts      []*part
	regex      *lazyRegex
	regexIndex int // in Engine.regexes
	block      extractor
	blockIndex int
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
	search      int // in Engine.searches; -1 when every branch has an anchor
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
)

type task struct {
	kind   taskKind
	rule   *rule
	format *format
	branch *branch
	length int // of the word
}

// New compiles a set of rules. The error joins all that is wrong with them.
func New(set []*rules.Rule, opt Options) (*Engine, error) {
	e := &Engine{options: opt, set: set, anchorIDs: map[string]int{}}
	var errs []error
	for _, r := range set {
		if err := e.add(r); err != nil {
			errs = append(errs, fmt.Errorf("rule %s: %w", r.ID, err))
		}
	}
	if len(errs) > 0 {
		return nil, errors.Join(errs...)
	}
	e.reaches = make([]reach, len(e.tasks))
	for i, list := range e.tasks {
		for k := range list {
			e.reaches[i].widen(&list[k])
		}
	}
	e.filter = newPrefilter(e.anchors)
	e.anchorIDs, e.anchors = nil, nil
	return e, nil
}

// Rules returns the rules in the order that they were given in.
func (e *Engine) Rules() []*rules.Rule { return e.set }

// Options returns the limits that the engine was made with.
func (e *Engine) Options() Options { return e.options }

func (e *Engine) add(r *rules.Rule) error {
	c := &rule{Rule: r}
	e.rules = append(e.rules, c)
	var err error
	switch {
	case r.Block != "":
		err = e.addBlock(c)
	case r.Regex != "":
		err = e.addRegex(c)
	default:
		err = e.addFormats(c)
	}
	if err != nil {
		return err
	}
	for i := range r.Parts {
		p, err := e.newPart(c, &r.Parts[i])
		if err != nil {
			return fmt.Errorf("part %s: %w", r.Parts[i].Name, err)
		}
		c.parts = append(c.parts, p)
		e.hasParts = true
	}
	return nil
}

func (e *Engine) addFormats(c *rule) error {
	if len(c.Formats) == 0 {
		return errors.New("has neither a format, a regex nor a block")
	}
	for i := range c.Formats {
		f, err := e.newFormat(c, &c.Formats[i])
		if err != nil {
			return err
		}
		f.require, f.reject = c.Require, c.Reject
		c.formats = append(c.formats, f)
		if err := e.anchorFormat(f); err != nil {
			return fmt.Errorf("format %q: %w", c.Formats[i].Text, err)
		}
	}
	return nil
}

// anchorFormat registers the anchors of a format: a literal for each branch, or the near words where one has none that is
// good enough.
func (e *Engine) anchorFormat(f *format) error {
	for _, b := range f.branches {
		if b.at >= 0 && (f.near == nil || len(b.elements[b.at].literal) >= usableLiteral) {
			e.addTask(b.anchor, task{kind: matchBranch, rule: f.rule, format: f, branch: b})
			continue
		}
		b.at = -1
		if f.near == nil {
			return errors.New("has no literal to look for, and the rule has no near words")
		}
		if f.search < 0 {
			f.search = len(e.searches)
			e.searches = append(e.searches, f)
		}
	}
	if f.search < 0 {
		return nil
	}
	return e.addWords(f.near.list, task{kind: searchNear, rule: f.rule, format: f})
}

// addWords registers a task for each word, ASCII case ignored.
func (e *Engine) addWords(list [][]byte, t task) error {
	for _, w := range list {
		a, ok := keywordAnchor(string(w), true)
		if !ok {
			return fmt.Errorf("the word %q is too short to look for", w)
		}
		t.length = len(w)
		e.addTask(a, t)
	}
	return nil
}

func (e *Engine) addTask(a anchor, t task) {
	key := a.key()
	id, ok := e.anchorIDs[key]
	if !ok {
		id = len(e.anchors)
		e.anchorIDs[key] = id
		e.anchors = append(e.anchors, a)
		e.tasks = append(e.tasks, nil)
	}
	e.tasks[id] = append(e.tasks[id], t)
}

func (e *Engine) newFormat(c *rule, spec *rules.Format) (*format, error) {
	f := &format{
		rule: c, near: newWords(spec.Near), after: newWords(spec.After), confidence: spec.Confidence,
		entropy: spec.Entropy, search: -1,
	}
	if f.confidence == "" {
		f.confidence = c.Confidence
	}
	if err := f.setCheck(spec.Checksum); err != nil {
		return nil, err
	}
	if err := e.setBoundary(f, spec.Boundary); err != nil {
		return nil, err
	}
	if spec.Node == nil {
		return nil, fmt.Errorf("format %q was not parsed", spec.Text)
	}
	_, f.longest = rules.Length(spec.Node)
	f.reach = f.reachOf()
	f.branches = compileFormat(spec.Node, f.explicit, &e.classes)
	if len(f.branches) == 0 {
		return nil, fmt.Errorf("format %q matches nothing, or begins and ends in more than %d ways", spec.Text, maxReadings)
	}
	return f, nil
}

func (f *format) setCheck(name string) error {
	if name == "" {
		return nil
	}
	f.check, f.checked = checkFor(name)
	if !f.checked {
		return fmt.Errorf("there is no checksum %q", name)
	}
	return nil
}

func (e *Engine) setBoundary(f *format, text string) error {
	if text == "" {
		return nil
	}
	set, err := rules.ParseSet(text)
	if err != nil {
		return fmt.Errorf("boundary: %w", err)
	}
	f.explicit = e.classes.intern(set)
	return nil
}

func (e *Engine) addRegex(c *rule) error {
	var err error
	if c.regex, err = newRegex(c.Regex, c.SecretGroup); err != nil {
		return err
	}
	if err := e.addBare(c); err != nil {
		return err
	}
	c.regexIndex = len(e.regexes)
	e.regexes = append(e.regexes, c)
	w := newWords(c.Keywords)
	e.hasRequires = e.hasRequires || c.Silent || len(c.Requires) > 0
	if w == nil || shortWord(c.Keywords) {
		e.unkeyed = append(e.unkeyed, c)
		return nil
	}
	return e.addWords(w.list, task{kind: runRegex, rule: c})
}

// shortWord reports whether a word is too short for the prefilter; only rules of other tools have such keywords.
func shortWord(words []string) bool {
	return slices.ContainsFunc(words, func(w string) bool { return len(w) < usableLiteral })
}

// addBare gives a rule without formats one that holds what the rule asks of a value.
func (e *Engine) addBare(c *rule) error {
	f := &format{
		rule: c, near: newWords(c.Near), after: newWords(c.After), confidence: c.Confidence, entropy: c.Entropy,
		require: c.Require, reject: c.Reject, search: -1,
	}
	c.formats = []*format{f}
	if err := f.setCheck(c.Checksum); err != nil {
		return err
	}
	return e.setBoundary(f, c.Boundary)
}

func (e *Engine) addBlock(c *rule) error {
	if err := e.addBare(c); err != nil {
		return err
	}
	var ok bool
	if c.block, ok = extractorFor(c.Block); !ok {
		return fmt.Errorf("there is no block %q", c.Block)
	}
	c.blockIndex = e.blocks
	e.blocks++
	keywords := c.block.keywordsFor(c.Rule)
	if len(keywords) == 0 {
		return fmt.Errorf("block %q has no keywords for these arguments", c.Block)
	}
	for _, k := range keywords {
		a, ok := keywordAnchor(k, false)
		if !ok {
			return fmt.Errorf("the keyword %q is too short to look for", k)
		}
		e.addTask(a, task{kind: runBlock, rule: c, length: len(k)})
	}
	return nil
}

// key returns what tells the anchor from others.
func (a *anchor) key() string {
	b := make([]byte, 0, 32*len(a.sets)+1)
	for _, s := range a.sets {
		for _, v := range s {
			for range 8 {
				b = append(b, byte(v))
				v >>= 8
			}
		}
	}
	return string(b)
}
