package scanner

import (
	"context"
	"slices"
	"time"

	"mudlark/scanner/gitstore"
	"mudlark/scanner/history"
)

// attributionGrace is how long a scan that was stopped may still take to attribute what it found.
const attributionGrace = 600 * time.Millisecond

// stories works out the life of every item that is to be reported. Companions have stories too.
func (s *scan) stories(ctx context.Context) ([]*lifeStory, error) {
	s.phase("attribution", 0)
	s.stopped = ctx.Err() != nil
	if s.stopped {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(context.WithoutCancel(ctx), attributionGrace)
		defer cancel()
	}
	if s.repo != nil {
		s.stopWith(ctx)
		defer s.stopWith(context.Background())
	}
	if s.whole {
		s.dropUnwanted()
		s.fingerprintsAhead()
	}
	events := map[history.Item][]event{}
	s.introduced = map[history.Item]bool{}
	add := func(e event) {
		s.introduced[e.item] = true
		if s.wanted(e.item) {
			events[e.item] = append(events[e.item], e)
		}
	}
	steps, err := s.blobEvents(ctx, !s.whole)
	if s.o.Push == nil {
		steps = s.confirm(ctx, steps)
	}
	if err != nil {
		if !s.stopped {
			s.cover.skip(interrupted, "attribution", "stopped while the commits of findings were being worked out")
			s.stopped = true
		}
		s.unattributed(steps, add)
	}
	for _, st := range steps {
		if st.Cut {
			s.tooManyPlaces(s.graph.ID(st.Commit).String())
		}
		for _, e := range st.Events {
			source := sourceBlob
			if s.notes != nil && s.notes[e.Commit] {
				source = sourceNote
			}
			for _, ev := range s.expand(e, source) {
				add(ev)
			}
		}
	}
	s.meter.mu.Lock()
	texts := s.texts
	s.meter.mu.Unlock()
	for _, e := range slices.Concat(texts, s.pseudo) {
		add(e)
	}
	list := s.order(events)
	s.lives(ctx, list, steps)
	return list, nil
}

// tooManyPlaces notes that not every place of what stands in a commit or tree is listed.
func (s *scan) tooManyPlaces(what string) {
	s.cover.skip(string(gitstore.Limit), what, "holds secrets at so many paths that not all of them are listed")
}

// wanted reports whether an item, or the item that it belongs to, is to be reported.
func (s *scan) wanted(n history.Item) bool {
	it := s.items.get(n)
	if it.part != "" {
		it = s.items.get(it.owner)
	}
	return s.choice.of(it) == reported
}

// blobEvents finds what commits introduced in their trees and, unless newOnly, what they took out. In a part of the history what stood in a
// parent's tree may have to be examined for that; newOnly does so only for commits that bring something. On an error, which is that of ctx,
// some steps are empty.
func (s *scan) blobEvents(ctx context.Context, newOnly bool) ([]history.Step, error) {
	if s.items.len() == 0 || s.whole && !s.anyWanted() {
		return nil, nil
	}
	changed := s.changed()
	if changed == nil {
		return nil, nil
	}
	var next int
	steps, err := history.Events(ctx, s.graph, s.selected, changed, s.blobs, history.EventOptions{
		Workers:     len(s.workers),
		NewDiffer:   s.differs(),
		NewContents: func() history.Contents { w := s.workers[next]; next++; return view{w} },
		Include:     s.include,
		AllParents:  !s.whole && !newOnly,
		NewOnly:     newOnly,
		Interesting: s.interesting,
	})
	return slices.DeleteFunc(steps, func(st history.Step) bool {
		return st.Commit == 0 && st.Events == nil && st.Deltas == nil && st.Gone == nil && err != nil
	}), err
}

// interesting reports whether a blob holds an item, or may because it could not be read.
func (s *scan) interesting(b history.Blob) bool {
	e, known := s.results.get(b)
	return known && (len(e.items) > 0 || !e.readable)
}

// dropUnwanted forgets, for a whole history, what will not be reported: nothing else depends on it.
func (s *scan) dropUnwanted() {
	wanted := make([]bool, s.items.len())
	for n := range wanted {
		wanted[n] = s.wanted(history.Item(n))
	}
	s.results.each(func(_ history.Blob, e *examined) {
		e.items = slices.DeleteFunc(e.items, func(n history.Item) bool { return !wanted[n] })
	})
}

// anyWanted reports whether there is anything to attribute.
func (s *scan) anyWanted() bool {
	for n := range s.items.len() {
		if s.wanted(history.Item(n)) {
			return true
		}
	}
	return false
}

// unattributed gives each item that a stopped scan could not attribute a place, if an uncertain one: a blob that holds it, and the
// least commit that brought the blob.
func (s *scan) unattributed(steps []history.Step, add func(event)) {
	have := map[history.Item]bool{}
	for _, st := range steps {
		for _, e := range st.Events {
			have[e.Item] = true
		}
	}
	bringers := map[history.Blob]int32{}
	changed := s.changed()
	for c := int32(s.graph.Len()) - 1; c >= 0 && changed != nil; c-- {
		for _, p := range changed.Of(s.graph, s.blobs, c) {
			if p.New != 0 {
				bringers[p.New] = c
			}
		}
	}
	s.results.each(func(b history.Blob, e *examined) {
		for _, n := range e.items {
			if have[n] {
				continue
			}
			c, ok := bringers[b]
			if !ok {
				c = history.None
			}
			for _, h := range find(e.hits, n) {
				add(event{item: n, source: sourceBlob, commit: c, blob: b, at: h, uncertain: true})
			}
		}
	})
}

// each calls do for every blob that holds something.
func (r *results) each(do func(history.Blob, *examined)) {
	for i := range r.shards {
		s := &r.shards[i]
		s.mu.RLock()
		for page, list := range s.pages {
			if list == nil {
				continue
			}
			for at, e := range list {
				if e != nil && len(e.items) > 0 {
					do(history.Blob((page*256+at)*len(r.shards)+i), e)
				}
			}
		}
		s.mu.RUnlock()
	}
}

// order makes a story of each item's events and puts the first introduction first.
func (s *scan) order(events map[history.Item][]event) []*lifeStory {
	var list []*lifeStory
	for n, evs := range events {
		slices.SortFunc(evs, s.compareEvents)
		list = append(list, &lifeStory{item: n, events: slices.CompactFunc(evs, func(a, b event) bool { return s.compareEvents(a, b) == 0 }), gone: history.None})
	}
	slices.SortFunc(list, func(a, b *lifeStory) int { return int(int64(a.item) - int64(b.item)) })
	first := s.graph.Earliest(commitSets(list))
	for i, l := range list {
		at := slices.IndexFunc(l.events, func(e event) bool { return e.commit == first[i] })
		if at > 0 {
			// The events of the first commit go to the front; the rest keep their order.
			isFirst := func(e event) bool { return e.commit == first[i] }
			n := 0
			for _, e := range l.events {
				if isFirst(e) {
					n++
				}
			}
			front := slices.Clone(l.events[at : at+n])
			l.events = append(front, slices.DeleteFunc(l.events, isFirst)...)
		}
	}
	return list
}

// commitSets returns, for each story, the commits of its events.
func commitSets(list []*lifeStory) [][]int32 {
	sets := make([][]int32, len(list))
	for i, l := range list {
		for _, e := range l.events {
			if e.commit != history.None && !slices.Contains(sets[i][max(0, len(sets[i])-1):], e.commit) {
				sets[i] = append(sets[i], e.commit)
			}
		}
	}
	return sets
}

// lives fills in what became of the items: whether HEAD holds them, which refs do, and which commit removed them.
func (s *scan) lives(ctx context.Context, list []*lifeStory, steps []history.Step) {
	if s.repo == nil || len(list) == 0 || s.o.Hook {
		return // in a part of the history, trees are examined for what is to be said of findings only
	}
	_, head, haveHead := s.repo.Head()
	var p standing
	if s.whole && !s.stopped && (s.changes != nil || s.reach != nil) {
		p = &allKnown{s: s, p: history.NewPresence(s.graph, steps)}
	} else {
		p = &byTree{s: s, memo: map[string][]history.Item{}}
	}
	if ctx.Err() != nil {
		return
	}
	if haveHead {
		unknown := s.headUnread(head)
		for _, l := range list {
			if holds := p.holds(head, l.item); holds || !unknown {
				l.atHead = &holds
			}
		}
	}
	s.tipsHolding(p, list)
	s.reaching(list)
	if haveHead {
		s.removals(ctx, p, list, steps, head)
	}
}

// headUnread reports whether something of HEAD's tree could not be read, so that what is not found in it may still be there.
func (s *scan) headUnread(head gitstore.ID) bool {
	if !s.cover.incomplete() {
		return false
	}
	w := s.workers[0]
	data, err := w.read(head, gitstore.Commit)
	if err != nil {
		return true
	}
	c, err := gitstore.ParseCommit(data, s.repo.Format)
	if err != nil || c.Tree.IsZero() {
		return true
	}
	unread := false
	whole := w.differ.Diff(gitstore.ID{}, c.Tree, func(d history.Change) {
		e, known := s.results.get(s.blobs.Number(d.New))
		unread = unread || known && !e.readable
	})
	return unread || !whole
}

// tipsHolding lists the refs whose tip holds each item.
func (s *scan) tipsHolding(p standing, list []*lifeStory) {
	byItem := map[history.Item]*lifeStory{}
	for _, l := range list {
		byItem[l.item] = l
	}
	for _, t := range s.tipList {
		c, ok := s.graph.Lookup(t.commit)
		if !ok || !s.graph.InRange(c) {
			continue
		}
		for _, n := range p.items(t.commit) {
			if l := byItem[n]; l != nil {
				l.tips = append(l.tips, t.name)
			}
		}
	}
}

// reaching lists the branches and tags whose history holds an introduction of each item.
func (s *scan) reaching(list []*lifeStory) {
	var names []string
	var heads []int32
	for _, t := range s.tipList {
		if c, ok := s.graph.Lookup(t.commit); ok && isBranchOrTag(t.name) {
			names, heads = append(names, t.name), append(heads, c)
		}
	}
	for i, found := range s.graph.Reaching(commitSets(list), heads) {
		for _, h := range found {
			list[i].heads = append(list[i].heads, names[h])
		}
	}
}

// removals finds, for items that HEAD does not hold, the commit that took them out of it.
func (s *scan) removals(ctx context.Context, p standing, list []*lifeStory, steps []history.Step, head gitstore.ID) {
	h, ok := s.graph.Lookup(head)
	if !ok {
		return
	}
	marked := s.graph.ReachableFrom(h)
	for c := range marked {
		marked[c] = marked[c] && s.selected[c]
	}
	sets := make([][]int32, len(list))
	absent := func(l *lifeStory) bool { return l.atHead != nil && !*l.atHead }
	if !slices.ContainsFunc(list, absent) {
		return
	}
	if !s.whole {
		var err error
		if steps, err = s.blobEvents(ctx, false); err != nil {
			return
		}
	}
	gone := p.removals(marked, steps)
	for i, l := range list {
		if absent(l) {
			sets[i] = gone[l.item]
		}
	}
	for i, c := range s.graph.Latest(sets) {
		list[i].gone = c
	}
}
