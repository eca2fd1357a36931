package detectors

import (
	"bytes"
	"cmp"
	"fmt"
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
}

// NewScanner returns a scanner. It holds scratch memory, so it is worth keeping.
func (e *Engine) NewScanner() *Scanner {
	return &Scanner{engine: e, decoder: newDecoder(e.options.MaxEncodedRun)}
}

// Scan looks for secrets in the whole of data. It neither changes nor retains data.
func (s *Scanner) Scan(data []byte) Result {
	found, problems, binary := s.scan(data, 0, nil, nil)
	places := make([]place, 0, 2*len(found))
	for i := range found {
		if !found[i].placed {
			places = found[i].places(places)
		}
	}
	locate(data, places)
	return Result{Matches: matchesOf(found), Problems: problems, Binary: binary}
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
	found    []*finding
	problems []Problem
	starts   [][]interval // by search: offsets at which the format may start
	spans    [][]interval // by regex: where it may match
	searches []int        // those with starts
	regexes  []int        // those with spans
	blockEnd []int        // by block rule: the end of its last candidate
}

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
	l.searches, l.regexes = l.searches[:0], l.regexes[:0]
	clear(l.blockEnd)
	l.found, l.problems = nil, nil
	return l
}

// scan returns the findings of a text and of what is encoded in it, with offsets into this text. Outer is what stands before the
// encoded run that the text was decoded from, in the text of parent; both are nil for the data itself.
func (s *Scanner) scan(data []byte, depth int, parent *level, outer []byte) ([]*finding, []Problem, bool) {
	l := s.level(depth)
	l.binary = isBinary(data)
	l.outer = outer
	if parent != nil && !l.binary {
		l.inherit(parent)
	}
	l.start(data, len(s.engine.classes.all))
	s.engine.filter.scan(data, func(id, at int) {
		for i := range s.engine.tasks[id] {
			s.engine.run(l, &s.engine.tasks[id][i], at)
		}
	})
	s.engine.runSearches(l)
	s.engine.runRegexes(l)
	own := widest(l.found)
	if s.engine.hasParts {
		own = s.engine.join(l, own)
	}
	inner := s.decode(l, depth)
	return resolve(own, inner), l.problems, l.binary
}

// run does what an anchor at offset at asks for.
func (e *Engine) run(l *level, t *task, at int) {
	switch t.kind {
	case matchBranch:
		if !l.binary || t.format.selfIdentifying(t.branch) {
			e.matchBranch(l, t, at+t.branch.anchor.offset)
		}
	case searchNear:
		if !l.binary {
			i := t.format.search
			if len(l.starts[i]) == 0 {
				l.searches = append(l.searches, i)
			}
			from := at + t.length
			l.starts[i] = extend(l.starts[i], interval{from, from + rules.NearDistance})
		}
	case runRegex:
		if !l.binary && t.rule.Reach > 0 {
			l.wantRegex(t.rule, spanAround(t.rule.Rule, at, t.length))
		} else if !l.binary {
			l.wantRegex(t.rule, interval{0, len(l.data)})
		}
	case runBlock:
		e.runBlock(l, t, at)
	}
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

// selfIdentifying reports whether the branch says by itself what it is, so that binary data is searched for it.
func (f *format) selfIdentifying(b *branch) bool {
	const longEnough = 4
	return f.near == nil && b.literal >= longEnough && f.confidence == rules.High
}

func (e *Engine) matchBranch(l *level, t *task, at int) {
	start, end, ok := l.matchAnchor(t.branch, at, false)
	if !ok && l.binary && t.format.checked {
		// Beside a string in a binary stands anything; the checksum makes up for the boundary.
		if start, end, ok = l.matchAnchor(t.branch, at, true); ok {
			ok = t.format.check.verify(l.data[start:end])
		}
	}
	if ok {
		l.consider(t.format, t.branch.literal, start, end)
	}
}

// runSearches looks for the formats that have no literal, wherever a near word stands before.
func (e *Engine) runSearches(l *level) {
	for _, i := range l.searches {
		f := e.searches[i]
		l.starts[i] = normalise(l.starts[i])
		for _, span := range l.starts[i] {
			for at := span.lo; at <= span.hi && at < len(l.data); at++ {
				for _, b := range f.branches {
					if b.at >= 0 {
						continue
					}
					if end, ok := l.matchAt(b, at); ok {
						l.consider(f, b.literal, at, end)
					}
				}
			}
		}
	}
}

func (e *Engine) runRegexes(l *level) {
	if !l.binary {
		for _, r := range e.unkeyed {
			l.wantRegex(r, interval{0, len(l.data)})
		}
	}
	for _, i := range l.regexes {
		r := e.regexes[i]
		f := r.formats[0]
		for _, span := range normalise(l.spans[i]) {
			err := r.regex.find(l.data, span.lo, span.hi, func(start, end int) {
				if f.explicit == nil || f.bounded(l.data, start, end) {
					l.consider(f, 0, start, end)
				}
			})
			if err != nil {
				l.problems = append(l.problems, Problem{0, len(l.data), fmt.Sprintf("rule %s: %v", r.ID, err)})
				break
			}
		}
	}
}

// bounded reports whether the format's own boundary set holds on both sides.
func (f *format) bounded(data []byte, start, end int) bool {
	s := side{touch: f.explicit, explicit: f.explicit}
	return s.before(data, start) && s.after(data, end)
}

func (e *Engine) runBlock(l *level, t *task, at int) {
	r := t.rule
	if at < l.blockEnd[r.blockIndex] {
		return
	}
	c, ok := r.block.extract(l.data, at, r.Rule)
	if !ok || c.start < 0 || c.start >= c.end || c.end > len(l.data) {
		return
	}
	l.blockEnd[r.blockIndex] = c.end
	bare := r.formats[0]
	verdict, ok := bare.judge(c.secret)
	if !ok || !l.inContext(bare, c.start, c.end) {
		return
	}
	f := &finding{rule: r, verdict: verdict, Match: Match{
		Rule: r.Rule, Confidence: c.confidence, Secret: bytes.Clone(c.secret), Display: bytes.Clone(c.display),
		Start: c.start, End: c.end, ChecksumOK: c.ok,
	}}
	if f.Confidence == "" {
		f.Confidence = r.Confidence
	}
	if c.ok && f.Confidence == rules.High {
		f.literal = t.length
	}
	if len(f.Display) == 0 {
		f.Display = f.Secret
	}
	l.found = append(l.found, f)
}

// consider applies to a candidate what the format asks beyond its grammar, and keeps it if it holds.
func (l *level) consider(f *format, literal, start, end int) {
	value := l.data[start:end]
	if !l.inContext(f, start, end) {
		return
	}
	verdict, ok := f.judge(value)
	if !ok {
		return
	}
	confidence := f.confidence
	if verdict < 0 || verdict == 0 && placeholder(value, f.rule.Placeholders) {
		confidence = rules.Low
	}
	if literal < 2 {
		literal = 0
	}
	if literal == 0 && f.near != nil {
		literal = 1
	}
	secret := bytes.Clone(value)
	l.found = append(l.found, &finding{rule: f.rule, verdict: verdict, literal: literal, Match: Match{
		Rule: f.rule.Rule, Confidence: confidence, Secret: secret, Display: secret, Start: start, End: end,
		ChecksumOK: verdict > 0,
	}})
}

// inContext reports whether the words that the format asks for stand near the bytes from start to end.
func (l *level) inContext(f *format, start, end int) bool {
	return (f.near == nil || f.near.before(l.outer, l.data, start)) && (f.after == nil || f.after.after(l.data, end))
}

// inherit takes over from the text of parent the near words that stand close before the encoded run: a key's name need not be
// encoded together with its value, as in a Kubernetes Secret.
func (l *level) inherit(parent *level) {
	at := len(l.outer)
	for _, i := range parent.searches {
		list := parent.starts[i] // sorted and disjoint: the searches of parent are done
		n, _ := slices.BinarySearchFunc(list, at, func(s interval, at int) int {
			if s.hi < at {
				return -1
			}
			return 1
		})
		if n < len(list) && list[n].lo <= at {
			l.searches = append(l.searches, i)
			l.starts[i] = append(l.starts[i], interval{0, list[n].hi - at})
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
func (s *Scanner) decode(l *level, depth int) []*finding {
	if s.engine.options.MaxDecodeDepth == 0 {
		return nil
	}
	var inner []*finding
	deeper := depth < s.engine.options.MaxDecodeDepth
	problems := s.decoder.regions(l.data, l.binary, func(r region) {
		if !deeper {
			l.tooDeep(r)
			return
		}
		found, problems, _ := s.scan(r.text, depth+1, l, l.data[:r.start])
		if r.decoder == decoderUTF16 {
			placeIn(r, found)
		}
		piece := r.end-r.start > s.engine.options.MaxEncodedRun
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
		inner = append(inner, found...)
		for _, p := range problems {
			l.problems = append(l.problems, Problem{r.start, r.end, p.Why})
		}
	})
	l.problems = append(l.problems, problems...)
	return dropCut(inner)
}

// dropCut drops the findings that are pieces of others, because the pieces that a long run is decoded in end within them.
func dropCut(found []*finding) []*finding {
	return slices.DeleteFunc(found, func(f *finding) bool {
		return f.cut && slices.ContainsFunc(found, func(g *finding) bool {
			return g.rule == f.rule && g.Start == f.Start && g.End == f.End && len(g.Secret) > len(f.Secret) &&
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
	f.Decoded = slices.Insert(f.Decoded, 0, r.decoder)
	for i := range f.Parts {
		f.Parts[i].Start, f.Parts[i].End = r.start, r.end
	}
	if r.decoder != decoderUTF16 {
		f.placed = false
	}
}
