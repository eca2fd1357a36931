package detectors

import (
	"fmt"
	"slices"

	"mudlark/internal/packed"
	"mudlark/rules"
)

// An index is what of an engine must be known before a rule is compiled: its anchors and what they ask for. It is made when the
// built-in rules are packed. Lists are by anchor, by task and so on; rules are known by their place in the set.
type index struct {
	Sets    []rules.ByteSet // of which anchors are made
	Anchors indexedAnchors
	Tasks   struct {
		Kind, Rule, Format, Branch, Search, Length []int32
	}
	Searches struct {
		Rule, Format []int32
	}
	Regexes, Unkeyed, Blocks []int32 // rules
	HasParts, HasRequires    bool
}

// indexedAnchors are anchors, each list by anchor but Sets.
type indexedAnchors struct {
	Length, Even, Odd []int32
	Sets              []int32 // of all anchors, one after another
	Before, Behind    []int32 // the reach
	Flags             []int32
	Tasks             []int32 // how many
}

const (
	flagWhole = 1 << iota
	flagOrdered
	flagNear
)

var indexFormat = packed.NewFormat()

// Index returns what an engine for the rules, to which others may be added, can be started from without compiling them. The error is
// that of New.
func Index(set []*rules.Rule) (string, error) {
	e := &Engine{set: set}
	var anchors anchorTable
	if err := e.addAll(set, &anchors); err != nil {
		return "", err
	}
	var x index
	e.write(&x, &anchors)
	out, err := indexFormat.Append(nil, x)
	return string(out), err
}

// write fills in an index.
func (e *Engine) write(x *index, anchors *anchorTable) {
	number := make(map[*rule]int32, len(e.rules))
	for i, r := range e.rules {
		number[r] = int32(i)
	}
	x.Sets = anchors.sets
	for i := range anchors.list {
		m, r, a := &anchors.list[i], &e.reaches[i], &x.Anchors
		a.Length = append(a.Length, int32(len(m.sets)))
		a.Even, a.Odd = append(a.Even, int32(m.windows.even)), append(a.Odd, int32(m.windows.odd))
		a.Sets = append(a.Sets, m.sets...)
		a.Before, a.Behind = append(a.Before, int32(r.before)), append(a.Behind, int32(r.behind))
		a.Flags = append(a.Flags, r.flags())
		a.Tasks = append(a.Tasks, int32(len(e.tasks[i])))
		for _, t := range e.tasks[i] {
			k := &x.Tasks
			k.Kind, k.Rule, k.Length = append(k.Kind, int32(t.kind)), append(k.Rule, number[t.rule]), append(k.Length, t.length)
			k.Format, k.Branch, k.Search = append(k.Format, t.format), append(k.Branch, t.branch), append(k.Search, t.search)
		}
	}
	for _, s := range e.searches {
		x.Searches.Rule, x.Searches.Format = append(x.Searches.Rule, number[s.rule]), append(x.Searches.Format, s.format)
	}
	for _, r := range e.regexes {
		x.Regexes = append(x.Regexes, number[r])
	}
	for _, r := range e.unkeyed {
		x.Unkeyed = append(x.Unkeyed, number[r])
	}
	x.Blocks = make([]int32, e.blocks)
	for i, r := range e.rules {
		if r.Block != "" {
			x.Blocks[r.blockIndex] = int32(i)
		}
	}
	x.HasParts, x.HasRequires = e.hasParts, e.hasRequires
}

func (r *reach) flags() int32 {
	flags := int32(0)
	if r.whole {
		flags |= flagWhole
	}
	if r.ordered {
		flags |= flagOrdered
	}
	if r.near {
		flags |= flagNear
	}
	return flags
}

// load starts the engine, which knows no rules yet, from the index of a set.
func (e *Engine) load(text string, set []*rules.Rule, anchors *anchorTable) error {
	var x index
	if err := indexFormat.Read(text, &x); err != nil {
		return fmt.Errorf("the index of the built-in rules: %w", err)
	}
	if !x.consistent(set) {
		return fmt.Errorf("the index of the built-in rules: %w", packed.ErrDamaged)
	}
	slab := make([]rule, len(set))
	e.rules = make([]*rule, len(set))
	for i, r := range set {
		slab[i].Rule = r
		e.rules[i] = &slab[i]
	}
	x.loadAnchors(anchors)
	e.loadTasks(&x)
	for i, r := range x.Searches.Rule {
		e.searches = append(e.searches, search{e.rules[r], x.Searches.Format[i]})
	}
	for i, r := range x.Regexes {
		e.rules[r].regexIndex = i
		e.regexes = append(e.regexes, e.rules[r])
	}
	for _, r := range x.Unkeyed {
		e.unkeyed = append(e.unkeyed, e.rules[r])
	}
	for i, r := range x.Blocks {
		e.rules[r].blockIndex = i
	}
	e.blocks, e.hasParts, e.hasRequires = len(x.Blocks), x.HasParts, x.HasRequires
	return nil
}

func (x *index) loadAnchors(anchors *anchorTable) {
	anchors.sets = x.Sets
	anchors.list = make([]mark, len(x.Anchors.Length))
	sets := x.Anchors.Sets
	for i, n := range x.Anchors.Length {
		w := windows{even: int(x.Anchors.Even[i]), odd: int(x.Anchors.Odd[i])}
		anchors.list[i] = mark{sets: sets[:n:n], windows: w, core: coreOf(w, int(n))}
		sets = sets[n:]
	}
}

func (e *Engine) loadTasks(x *index) {
	all := make([]task, len(x.Tasks.Kind))
	for i := range all {
		k := &x.Tasks
		all[i] = task{
			rule: e.rules[k.Rule[i]], kind: taskKind(k.Kind[i]), format: k.Format[i], branch: k.Branch[i], search: k.Search[i], length: k.Length[i],
		}
	}
	a := &x.Anchors
	e.tasks, e.reaches = make([][]task, len(a.Tasks)), make([]reach, len(a.Tasks))
	for i, n := range a.Tasks {
		e.tasks[i], all = all[:n:n], all[n:]
		f := a.Flags[i]
		e.reaches[i] = reach{
			before: int(a.Before[i]), behind: int(a.Behind[i]), whole: f&flagWhole != 0, ordered: f&flagOrdered != 0, near: f&flagNear != 0,
		}
	}
}

// consistent reports whether the lists are of the lengths and hold the numbers that they must.
func (x *index) consistent(set []*rules.Rule) bool {
	a, k := &x.Anchors, &x.Tasks
	n, tasks, rules, searches := len(a.Length), len(k.Kind), len(set), len(x.Searches.Rule)
	formats := func(list, of []int32) bool {
		for i, f := range list {
			if f < 0 || int(f) >= max(len(set[of[i]].Formats), 1) {
				return false
			}
		}
		return true
	}
	return sameLength(n, a.Even, a.Odd, a.Before, a.Behind, a.Flags, a.Tasks) &&
		sameLength(tasks, k.Rule, k.Format, k.Branch, k.Search, k.Length) && sameLength(searches, x.Searches.Format) &&
		below(rules, k.Rule, x.Searches.Rule, x.Regexes, x.Unkeyed, x.Blocks) && below(len(x.Sets), a.Sets) &&
		below(int(runEach)+1, k.Kind) && below(max(searches, 1), k.Search) && formats(k.Format, k.Rule) && formats(x.Searches.Format, x.Searches.Rule) &&
		sumsTo(len(a.Sets), a.Length) && sumsTo(tasks, a.Tasks) && a.windowsFit()
}

// windowsFit reports whether every anchor has windows that choose may have given it.
func (a *indexedAnchors) windowsFit() bool {
	for i, n := range a.Length {
		even, odd := a.Even[i], a.Odd[i]
		last := max(n-windowSize, 0) + 1
		if even < 0 || even > last || even&1 != 0 || odd < -1 || odd > last || odd&1 == 0 || max(even-odd, odd-even) > maxApart {
			return false
		}
	}
	return true
}

func sameLength(n int, lists ...[]int32) bool {
	return !slices.ContainsFunc(lists, func(list []int32) bool { return len(list) != n })
}

// below reports whether all numbers of the lists are indexes of a list of n.
func below(n int, lists ...[]int32) bool {
	for _, list := range lists {
		for _, v := range list {
			if v < 0 || int(v) >= n {
				return false
			}
		}
	}
	return true
}

// sumsTo reports whether the numbers are not negative and add up to total.
func sumsTo(total int, list []int32) bool {
	for _, v := range list {
		if v < 0 || int(v) > total {
			return false
		}
		total -= int(v)
	}
	return total == 0
}
