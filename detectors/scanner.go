package detectors

import (
	"bytes"
	"cmp"
	"fmt"
	"math"
	"slices"

	"mudlark/rules"
)

// Result is what a scan of one blob found.
type Result struct {
	// Matches are resolved: no two of them claim the same bytes of the same text, and pairs are joined. They are sorted by
	// start, end and rule id, and are of every confidence.
	Matches  []Match
	Problems []Problem
	Binary   bool
}

// A Scanner scans one text after another. It must not be used concurrently.
type Scanner struct {
	engine  *Engine
	decoder *decoder
	levels  []*level

	inherited inheritance // by the text that is being scanned

	kind   *bool // whether the text is binary, if that is known; nil to find out
	kindOf bool
	onPath bool
}

// NewScanner returns a scanner. It holds scratch memory, so it is worth keeping.
func (e *Engine) NewScanner() *Scanner {
	return &Scanner{engine: e, decoder: newDecoder(e.options.MaxEncodedRun)}
}

// OnPath says whether the texts that follow are paths, at which rules that look at paths only look, too.
func (s *Scanner) OnPath(yes bool) { s.onPath = yes }

// Scan looks for secrets in the whole of data. It neither changes nor retains data.
func (s *Scanner) Scan(data []byte) Result {
	res, _ := s.ScanVersion(data, nil, nil, false)
	return res
}

// ScanVersion is Scan for data that has the given runs, ascending by TargetStart and disjoint there, in common with a text that was
// scanned before and left the state base, which may be nil. The result is that of Scan. With keep, it returns a state for later versions
// of data; nil if there is nothing to be gained from one.
func (s *Scanner) ScanVersion(data []byte, base *State, runs []Run, keep bool) (Result, *State) {
	inherited := s.inherit(base, runs, len(data))
	if !plainVersion(data, inherited) || len(data) > math.MaxInt32/2 {
		inherited, keep = nil, false
	}
	found, problems, binary := s.scan(data, 0, nil, nil, inherited)
	s.inherited.base = nil // it may be large
	var state *State
	if l := s.levels[0]; keep && !l.failed {
		state = l.state()
	}
	if len(found) > 0 {
		places := make([]place, 0, 2*len(found))
		for i := range found {
			if !found[i].placed {
				places = found[i].places(places)
			}
		}
		locate(data, places)
	}
	return Result{Matches: matchesOf(found), Problems: problems, Binary: binary}, state
}

// plainVersion reports whether data is one-byte text without NUL, the only kind whose results are carried from version to version: other
// kinds are decided by bytes far away.
func plainVersion(data []byte, h *inheritance) bool {
	if hasBOM(data) {
		return false
	}
	for _, d := range h.dirty(len(data), 0, 0) {
		if bytes.IndexByte(data[d.lo:d.hi], 0) >= 0 {
			return false
		}
	}
	return true
}

// matchesOf returns the sorted matches.
func matchesOf(found []*finding) []Match {
	slices.SortStableFunc(found, func(a, b *finding) int {
		return cmp.Or(cmp.Compare(a.Start, b.Start), cmp.Compare(a.End, b.End), cmp.Compare(a.Rule.ID, b.Rule.ID),
			cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column), bytes.Compare(a.Secret, b.Secret))
	})
	if len(found) == 0 {
		return nil
	}
	out := make([]Match, len(found))
	for i, f := range found {
		out[i] = f.Match
	}
	return out
}

// A finding is a match on its way to the result.
type finding struct {
	Match
	rule    *rule
	verdict int  // of the checksum: 1 passed, 0 there is none, -1 failed
	literal int  // how much of it is literal; 1 for near words alone, 0 for nothing
	placed  bool // line and column are filled in
	lo, hi  int  // of a decoded finding: the bytes of the text that it was made of
	exact   bool // these are not the whole of an encoded run
	cut     bool // it ends where a piece of a long encoded run does, so it may be a piece itself
}

// places appends where the finding's lines and columns are to be written.
func (f *finding) places(out []place) []place {
	out = append(out, place{f.Start, &f.Line, &f.Column}, place{max(f.End-1, f.Start), &f.EndLine, nil})
	for i := range f.Parts {
		p := &f.Parts[i]
		out = append(out, place{p.Start, &p.Line, &p.Column}, place{max(p.End-1, p.Start), &p.EndLine, nil})
	}
	return out
}

// A level is the state of the scan of one text: the data, or what a decoder made of a part of it.
type level struct {
	walker
	binary   bool
	outer    []byte // of a decoded text: what stands before the encoded run
	hits     []hit  // by offset and anchor
	raw      []raw
	outcomes []outcome
	regions  []decoded
	problems []Problem
	onPath   bool         // the text is a path
	failed   bool         // something went wrong that the state of the text does not tell
	outside  []begun      // by search: what near words before the encoded run leave to be searched
	starts   [][]interval // by search: offsets at which the format may start
	spans    [][]interval // by regex: where it may match
	searches []int        // those with starts
	regexes  []int        // those with spans
	blockEnd []int        // by block rule: the end of its last candidate
	blocks   []int        // those with an end
	lowered  []byte       // scratch
}

// A begun is a search that goes on from offset 0 to hi.
type begun struct{ search, hi int }

// level returns the empty state for a depth.
func (s *Scanner) level(depth int) *level {
	for len(s.levels) <= depth {
		s.levels = append(s.levels, &level{
			starts:   make([][]interval, len(s.engine.searches)),
			spans:    make([][]interval, len(s.engine.regexes)),
			blockEnd: make([]int, s.engine.blocks),
		})
	}
	l := s.levels[depth]
	for _, i := range l.searches {
		l.starts[i] = l.starts[i][:0]
	}
	for _, i := range l.regexes {
		l.spans[i] = l.spans[i][:0]
	}
	for _, i := range l.blocks {
		l.blockEnd[i] = 0
	}
	l.searches, l.regexes, l.blocks, l.outside = l.searches[:0], l.regexes[:0], l.blocks[:0], l.outside[:0]
	l.hits, l.raw, l.outcomes, l.regions, l.problems, l.failed = l.hits[:0], l.raw[:0], l.outcomes[:0], l.regions[:0], nil, false
	return l
}

// scan returns the findings of a text and of what is encoded in it, with offsets into this text. Outer is what stands before the
// encoded run that the text was decoded from, in the text of parent; both are nil for the data itself.
func (s *Scanner) scan(data []byte, depth int, parent *level, outer []byte, h *inheritance) ([]*finding, []Problem, bool) {
	e := s.engine
	l := s.level(depth)
	if l.binary = isBinary(data); depth == 0 && s.kind != nil {
		l.binary = *s.kind
	}
	l.outer = outer
	l.onPath = s.onPath && depth == 0
	if parent != nil && !l.binary {
		e.goOn(l, parent)
	}
	l.start(data)
	e.collect(l, h)
	for i := range l.hits {
		e.evaluate(l, &l.hits[i], h)
	}
	e.runSearches(l)
	e.runRegexes(l, h)
	e.inheritRaw(l, h)
	own := widest(l.findings())
	if e.hasRequires {
		own = requireOthers(l.data, own)
	}
	if e.hasParts {
		own = e.join(l, own)
	}
	inner := dropMisread(l.data, own, s.decode(l, depth, h))
	if e.hasUntrusted {
		own, inner = withoutUsurpers(own, inner)
	}
	return resolve(own, inner), l.problems, l.binary
}

// findings returns copies of the raw findings, which may be changed.
func (l *level) findings() []*finding {
	if len(l.raw) == 0 {
		return nil
	}
	copies := make([]finding, len(l.raw))
	out := make([]*finding, len(l.raw))
	for i := range l.raw {
		copies[i] = *l.raw[i].finding
		out[i] = &copies[i]
	}
	return out
}

// evaluate does what a hit asks for, unless its outcome is inherited.
func (e *Engine) evaluate(l *level, a *hit, h *inheritance) {
	if a.base >= 0 && !e.reaches[a.anchor].ordered || !e.filter.standsAt(a.anchor, l.data, int(a.at)) {
		return
	}
	for i := range e.tasks[a.anchor] {
		t := &e.tasks[a.anchor][i]
		switch {
		case t.kind == runBlock:
			e.runBlock(l, t, a, h)
		case t.kind == runRegex || a.base < 0:
			e.run(l, t, a)
		}
	}
}

// run does what an anchor asks for.
func (e *Engine) run(l *level, t *task, a *hit) {
	at := int(a.at)
	switch t.kind {
	case matchBranch:
		f := e.ready(t.rule).formats[t.format]
		if b := f.branches[t.branch]; !l.binary || f.selfIdentifying(b) {
			l.matchBranch(f, b, a)
		}
	case runEach:
		if !l.binary {
			l.each(e.ready(t.rule), t, a)
		}
	case searchNear:
		if !l.binary {
			from := at + int(t.length)
			l.search(int(t.search), interval{from, from + rules.NearDistance})
		}
	case runRegex:
		if !l.binary {
			l.wantRegex(t.rule, e.ready(t.rule).regex.spanAround(l.data, at, int(t.length)))
		}
	}
}

// holdsAny reports whether data holds one of the words, which are in lower case, ignoring ASCII case.
func holdsAny(data []byte, words []string) bool {
	lower := lowerASCII(data)
	return slices.ContainsFunc(words, func(w string) bool { return bytes.Contains(lower, []byte(w)) })
}

// search notes that a format is to be looked for from the given offsets on.
func (l *level) search(i int, from interval) {
	if len(l.starts[i]) == 0 {
		l.searches = append(l.searches, i)
	}
	l.starts[i] = extend(l.starts[i], from)
}

// searched reports whether a format was looked for at an offset; the searches are done.
func (l *level) searched(i, at int) bool {
	list := l.starts[i]
	n, _ := slices.BinarySearchFunc(list, at, func(s interval, at int) int { return cmp.Compare(s.hi, at) })
	return n < len(list) && list[n].lo <= at
}

// wantRegex notes that a regex is to be run over a span.
func (l *level) wantRegex(r *rule, span interval) {
	i := r.regexIndex
	if len(l.spans[i]) == 0 {
		l.regexes = append(l.regexes, i)
	}
	l.spans[i] = extend(l.spans[i], span)
}

// extend adds s to the list, joining it to the last interval where they overlap: hits come nearly in order.
func extend(list []interval, s interval) []interval {
	if n := len(list); n > 0 && s.lo <= list[n-1].hi && s.hi >= list[n-1].lo {
		last := &list[n-1]
		last.lo, last.hi = min(last.lo, s.lo), max(last.hi, s.hi)
		return list
	}
	return append(list, s)
}

// longEnough is the length of a literal that says by itself what a token is.
const longEnough = 4

// selfIdentifying reports whether the branch says by itself what it is, so that binary data is searched for it.
func (f *format) selfIdentifying(b *branch) bool {
	return f.near == nil && b.literal >= longEnough && f.confidence == rules.High
}

func (l *level) matchBranch(f *format, b *branch, a *hit) {
	at := int(a.at) + b.anchor.offset
	start, end, ok := l.matchAnchor(b, at, false)
	if !ok && l.binary && f.checked {
		// Beside a string in a binary stands anything; the checksum makes up for the boundary.
		if start, end, ok = l.matchAnchor(b, at, true); ok {
			ok = f.check.verify(l.data[start:end])
		}
	}
	if ok {
		if found := l.consider(f, b.literal, start, end); found != nil {
			l.raw = append(l.raw, raw{finding: found, origin: fromAnchor, at: a.at, id: a.anchor})
		}
	}
}

// runSearches looks for the formats that have no literal, wherever a near word stands before.
func (e *Engine) runSearches(l *level) {
	for _, i := range l.searches {
		f := e.sought(i)
		l.starts[i] = normalise(l.starts[i])
		for _, span := range l.starts[i] {
			for at := span.lo; at <= span.hi && at < len(l.data); at++ {
				for _, b := range f.branches {
					if b.at >= 0 {
						continue
					}
					if end, ok := l.matchAt(b, at); ok {
						if found := l.consider(f, b.literal, at, end); found != nil {
							l.raw = append(l.raw, raw{finding: found, origin: fromSearch, at: int32(found.Start), id: int32(i)})
						}
					}
				}
			}
		}
	}
}

func (e *Engine) runRegexes(l *level, h *inheritance) {
	if !l.binary {
		for _, r := range e.unkeyed {
			if len(r.Keywords) == 0 || holdsAny(l.data, r.Keywords) {
				l.wantRegex(r, interval{0, len(l.data)})
			}
		}
	}
	for _, i := range l.regexes {
		if e.regexes[i].OnPath && !l.onPath {
			continue
		}
		for _, span := range normalise(l.spans[i]) {
			if !e.inheritRegex(l, i, span, h) && !e.runRegex(l, i, span) {
				break
			}
		}
	}
}

// runRegex runs a regex over a span. It is false if that failed.
func (e *Engine) runRegex(l *level, i int, span interval) bool {
	r := e.ready(e.regexes[i])
	f := r.formats[0]
	var possible bool
	if possible, l.lowered = r.regex.possible(l.data[max(span.lo, 0):min(span.hi, len(l.data))], l.lowered); !possible {
		return true
	}
	err := r.regex.find(l.data, span.lo, span.hi, func(start, end, from, to int) {
		if f.explicit != nil && !f.bounded(l.data, start, end) {
			return
		}
		if r.Verbatim {
			start, end = trimNewlines(l.data, start, end)
		}
		if start >= end {
			return
		}
		if found := l.consider(f, 0, start, end); found != nil {
			found.Before, found.After = start-from, to-end
			l.raw = append(l.raw, raw{finding: found, origin: fromRegex, at: int32(found.Start), id: int32(i)})
		}
	})
	if err != nil {
		l.problems = append(l.problems, Problem{0, len(l.data), fmt.Sprintf("rule %s: %v", r.ID, err)})
		l.failed = true
	}
	return err == nil
}

// trimNewlines leaves out line feeds at the ends of a secret.
func trimNewlines(data []byte, start, end int) (int, int) {
	for start < end && data[start] == '\n' {
		start++
	}
	for end > start && data[end-1] == '\n' {
		end--
	}
	return start, end
}

// inheritRegex takes over what the regex found in the span in the earlier version, if neither the text that it sees there nor
// the keywords that the span goes back to have changed.
func (e *Engine) inheritRegex(l *level, i int, span interval, h *inheritance) bool {
	r := e.ready(e.regexes[i])
	if h == nil || r.regex.length < 0 {
		return false
	}
	margin := 2*r.regex.length + cutMargin + maxWord
	s, ok := h.within(span.lo-margin, span.hi+margin)
	if !ok {
		return false
	}
	list := h.base.rawFrom(span.lo + s.shift)
	for k := range list {
		b := &list[k]
		if int(b.at)-s.shift > span.hi {
			break
		}
		if b.origin == fromRegex && int(b.id) == i && b.End-s.shift <= span.hi {
			l.raw = append(l.raw, b.moved(s.shift))
		}
	}
	return true
}

// bounded reports whether the format's own boundary set holds on both sides.
func (f *format) bounded(data []byte, start, end int) bool {
	s := side{touch: f.explicit, explicit: f.explicit}
	return s.before(data, start) && s.after(data, end)
}

// runBlock has the extractor of a block look at an anchor, unless it lies in the last candidate.
func (e *Engine) runBlock(l *level, t *task, a *hit, h *inheritance) {
	i, at := t.rule.blockIndex, int(a.at)
	if at < l.blockEnd[i] {
		return
	}
	o, known := h.outcome(a, i)
	var f *finding
	switch {
	case !known:
		o, f = l.extract(e.ready(t.rule), int(t.length), at)
	case o.raw >= 0:
		shift := int(a.base - a.at)
		f = h.base.raw[o.raw].moved(shift).finding
	}
	if known && o.end > 0 {
		o.end -= a.base - a.at
	}
	o.at, o.block, o.raw = a.at, int32(i), -1
	if o.end > 0 {
		if l.blockEnd[i] == 0 {
			l.blocks = append(l.blocks, i)
		}
		l.blockEnd[i] = int(o.end)
	}
	if f != nil {
		o.raw = int32(len(l.raw))
		l.raw = append(l.raw, raw{finding: f, origin: fromBlock, at: a.at, id: a.anchor})
	}
	l.outcomes = append(l.outcomes, o)
}

// outcome returns what came of the hit in the earlier version.
func (h *inheritance) outcome(a *hit, block int) (outcome, bool) {
	if h == nil || a.base < 0 {
		return outcome{}, false
	}
	i, ok := slices.BinarySearchFunc(h.base.blocks, outcome{at: a.base, block: int32(block)}, func(o, want outcome) int {
		return cmp.Or(cmp.Compare(o.at, want.at), cmp.Compare(o.block, want.block))
	})
	if !ok {
		return outcome{}, false
	}
	return h.base.blocks[i], true
}

// extract returns what a block's extractor makes of an anchor of n bytes, and the finding if it is one.
func (l *level) extract(r *rule, n, at int) (outcome, *finding) {
	c, ok := r.block.extract(l.data, at, r.Rule)
	if !ok || c.start < 0 || c.start >= c.end || c.end > len(l.data) {
		return outcome{}, nil
	}
	o := outcome{end: int32(c.end)}
	bare := r.formats[0]
	verdict, ok := bare.judge(c.secret)
	if !ok || !l.inContext(bare, c.start, c.end) {
		return o, nil
	}
	f := c.finding(r, verdict)
	if c.ok && f.Confidence == rules.High {
		f.literal = n
	}
	return o, f
}

// guess is how much of a finding of a rule that only guesses is literal: less than of any other.
const guess = -1

// each adds what an extractor makes of an anchor.
func (l *level) each(r *rule, t *task, a *hit) {
	r.block.each(l.data, int(a.at)+int(t.length), r.Rule, func(c candidate) {
		verdict, ok := r.formats[0].judge(c.secret)
		if !ok {
			return
		}
		f := c.finding(r, verdict)
		f.literal = guess
		l.raw = append(l.raw, raw{finding: f, origin: fromAnchor, at: a.at, id: a.anchor})
	})
}

// finding returns the candidate as one of the rule.
func (c *candidate) finding(r *rule, verdict int) *finding {
	f := &finding{rule: r, verdict: verdict, Match: Match{
		Rule: r.Rule, Confidence: c.confidence, Secret: bytes.Clone(c.secret), Display: bytes.Clone(c.display),
		Start: c.start, End: c.end, ChecksumOK: c.ok,
	}}
	if f.Confidence == "" {
		f.Confidence = r.Confidence
	}
	if len(f.Display) == 0 {
		f.Display = f.Secret
	}
	return f
}

// consider applies to a candidate what the format asks beyond its grammar, and returns the finding if it holds, else nil.
func (l *level) consider(f *format, literal, start, end int) *finding {
	value := l.data[start:end]
	if !l.inContext(f, start, end) {
		return nil
	}
	verdict, ok := f.judge(value)
	if !ok {
		return nil
	}
	if f.near != nil && literal < longEnough && verdict == 0 && (inDigest(l.data, start, end) || literal == 0 && !f.rule.Weak && evidence(value) < wordsEvidence) {
		return nil
	}
	confidence := f.confidence
	if verdict < 0 || !f.rule.Verbatim && (isPublished(value) || verdict == 0 && (placeholder(value, f.rule.Placeholders) || l.isOther(f, literal, start, end))) {
		confidence = rules.Low
	}
	if literal < 2 {
		literal = 0
	}
	if literal == 0 && f.near != nil {
		literal = 1
	}
	secret := bytes.Clone(value)
	return &finding{rule: f.rule, verdict: verdict, literal: literal, Match: Match{
		Rule: f.rule.Rule, Confidence: confidence, Secret: secret, Display: secret, Start: start, End: end,
		ChecksumOK: verdict > 0,
	}}
}

// isOther reports whether what a format without a sign of its own matches is not what it looks for, as its text and the text around it say.
func (l *level) isOther(f *format, literal, start, end int) bool {
	if holdsDER(l.data[start:end]) {
		return true
	}
	guessed := f.rule.Weak && len(f.rule.Regex) > 0
	if !guessed && (f.near == nil || literal >= longEnough) {
		return false
	}
	return inCode(l.data, start, end) || guessed && isCode(l.data[start:end]) || !guessed && f.near.isOtherwiseNamed(l.data, start)
}

// inContext reports whether the words that the format asks for stand near the bytes from start to end.
func (l *level) inContext(f *format, start, end int) bool {
	return (f.near == nil || f.near.before(l.outer, l.data, start)) && (f.after == nil || f.after.after(l.data, end))
}

// goOn has a decoded text searched from its start for what near words before the encoded run, in the text of parent, ask for: a key's
// name need not be encoded together with its value, as in a Kubernetes Secret.
func (e *Engine) goOn(l, parent *level) {
	at := len(l.outer)
	note := func(search, hi int) {
		if hi >= 0 {
			l.outside = append(l.outside, begun{search, hi})
			l.search(search, interval{0, hi})
		}
	}
	for _, b := range parent.outside {
		note(b.search, b.hi-at)
	}
	end, _ := slices.BinarySearchFunc(parent.hits, at, func(a hit, at int) int { return cmp.Compare(int(a.at), at) })
	for i := end - 1; i >= 0 && int(parent.hits[i].at) >= at-rules.NearDistance-maxWord; i-- {
		a := parent.hits[i]
		if !e.reaches[a.anchor].near || !e.filter.standsAt(a.anchor, parent.data, int(a.at)) {
			continue
		}
		for k := range e.tasks[a.anchor] {
			if t := &e.tasks[a.anchor][k]; t.kind == searchNear && int(a.at)+int(t.length) <= at {
				note(int(t.search), int(a.at)+int(t.length)+rules.NearDistance-at)
			}
		}
	}
}

// judge applies the tests of the value itself: its characters, its entropy and its checksum, whose verdict it returns.
func (f *format) judge(value []byte) (verdict int, ok bool) {
	if !require(value, f.require) || rejected(value, f.reject) || f.entropy > 0 && entropy(value) < f.entropy {
		return 0, false
	}
	switch {
	case !f.checked:
		return 0, true
	case f.check.verify(value):
		return 1, true
	}
	return -1, f.rule.OnMismatch == "low"
}

// decode scans what the decoders make of the text, and returns the findings with offsets into the text.
func (s *Scanner) decode(l *level, depth int, h *inheritance) []*finding {
	if s.engine.options.MaxDecodeDepth == 0 {
		return nil
	}
	deeper := depth < s.engine.options.MaxDecodeDepth
	s.decoder.each(l.data, s.engine.regionZones(l, h), h != nil, func(kind int, c *component, r region) {
		if !deeper {
			l.tooDeep(r)
			return
		}
		d := decoded{kind: kind, start: r.start, end: r.end}
		if depth == 0 && h != nil {
			d.lo, d.hi = c.examined(l.data, r.start, r.end)
			if _, ok := h.within(d.lo, d.hi); ok {
				return
			}
		}
		if s.region(l, depth, r, &d) {
			if depth == 0 && h == nil {
				d.lo, d.hi = c.examined(l.data, r.start, r.end)
			}
			l.regions = append(l.regions, d)
		}
	})
	l.inheritRegions(h)
	var inner []*finding
	for i := range l.regions {
		d := &l.regions[i]
		for _, f := range d.found {
			f := *f
			f.Parts, f.Decoded = slices.Clone(f.Parts), slices.Clone(f.Decoded)
			inner = append(inner, &f)
		}
		for _, why := range d.problems {
			l.problems = append(l.problems, Problem{d.start, d.end, why})
		}
	}
	return dropCut(inner)
}

// region scans what a region decodes to. It reports whether there is anything to say of it.
func (s *Scanner) region(l *level, depth int, r region, d *decoded) bool {
	found, problems, _ := s.scan(r.text, depth+1, l, l.data[:r.start], nil)
	if len(found) == 0 && len(problems) == 0 {
		return false
	}
	if isWide(r.decoder) {
		placeIn(r, found)
	}
	piece := r.part || r.end-r.start > s.engine.options.MaxEncodedRun
	for _, f := range found {
		if len(f.Decoded) == 0 {
			f.lo, f.hi, f.exact = f.Start, f.End, true
		}
	}
	traced := !piece && traceBack(r, l.data, found)
	for _, f := range found {
		if !traced {
			f.lo, f.hi, f.exact = r.start, r.end, false
		}
		f.cut = f.cut || piece && (f.Start == 0 || f.End == len(r.text))
		f.lift(r)
	}
	d.found = found
	for _, p := range problems {
		d.problems = append(d.problems, p.Why)
	}
	return true
}

// inheritRegions adds the regions of the earlier version that are unchanged, and puts all into the order in which a scan of the
// whole text finds them.
func (l *level) inheritRegions(h *inheritance) {
	if h == nil || len(h.base.regions) == 0 {
		return
	}
	for _, s := range h.spans {
		for _, d := range h.base.regionsFrom(s.from + s.shift) {
			if d.start-s.shift >= s.to {
				break
			}
			if d.lies(s) {
				l.regions = append(l.regions, d.moved(s.shift))
			}
		}
	}
	slices.SortStableFunc(l.regions, func(a, b decoded) int { return cmp.Or(cmp.Compare(a.kind, b.kind), cmp.Compare(a.start, b.start)) })
}

// dropCut drops the findings that are pieces of others, because the pieces that a long run is decoded in, or the lines of a wrapped one, end within
// them.
func dropCut(found []*finding) []*finding {
	return slices.DeleteFunc(found, func(f *finding) bool {
		return f.cut && slices.ContainsFunc(found, func(g *finding) bool {
			return g.Start < f.End && f.Start < g.End && len(g.Secret) > len(f.Secret) &&
				bytes.Contains(g.Secret, f.Secret)
		})
	})
}

// tooDeep notes that an encoded run is not decoded because of the depth, if it holds text at all: chance makes short runs
// that decode to noise out of anything.
func (l *level) tooDeep(r region) {
	const worthNaming = 16
	if len(r.text) < worthNaming || !isText(r.text) || !isVaried(r.text) {
		return
	}
	l.problems = append(l.problems, Problem{r.start, r.end, "encoded more deeply than the decode depth"})
}

// placeIn fills in the positions of findings in the text of a UTF-16 region.
func placeIn(r region, found []*finding) {
	var places []place
	for _, f := range found {
		if !f.placed {
			places = f.places(places)
		}
	}
	locate(r.text, places)
	for _, f := range found {
		if f.placed {
			continue // from a UTF-16 run within
		}
		f.placed = true
		f.Line, f.EndLine = f.Line+r.lines, f.EndLine+r.lines
		for i := range f.Parts {
			f.Parts[i].Line, f.Parts[i].EndLine = f.Parts[i].Line+r.lines, f.Parts[i].EndLine+r.lines
		}
	}
}

// lift turns a finding in the text of a region into one in the text that holds the region.
func (f *finding) lift(r region) {
	f.Start, f.End = r.start, r.end
	if f.exact && (r.decoder == decoderEntity || r.decoder == decoderQuoted) {
		f.Start, f.End = f.lo, f.hi // runs have several lines
	}
	f.Before, f.After = 0, 0
	f.Decoded = slices.Insert(f.Decoded, 0, r.decoder)
	for i := range f.Parts {
		f.Parts[i].Start, f.Parts[i].End = r.start, r.end
	}
	if !isWide(r.decoder) {
		f.placed = false
	}
}
