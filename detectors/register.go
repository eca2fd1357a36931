package detectors

import (
	"fmt"
	"slices"
)

// register notes what the anchors of a compiled rule ask for.
func (e *Engine) register(c *rule, anchors *anchorTable) error {
	e.hasParts = e.hasParts || len(c.parts) > 0
	switch {
	case c.Block != "":
		return e.registerBlock(c, anchors)
	case c.Regex != "":
		return e.registerRegex(c, anchors)
	}
	for i := range c.formats {
		if err := e.registerFormat(c, int32(i), anchors); err != nil {
			return fmt.Errorf("format %q: %w", c.Formats[i].Text, err)
		}
	}
	return nil
}

// registerFormat registers the anchors of a format: a literal for each branch, or the near words where one has none that is
// good enough.
func (e *Engine) registerFormat(c *rule, i int32, anchors *anchorTable) error {
	f, near := c.formats[i], false
	for k, b := range f.branches {
		if b.at < 0 {
			near = true
			continue
		}
		e.addTask(anchors, &b.anchor, task{kind: matchBranch, rule: c, format: i, branch: int32(k)})
	}
	if !near {
		return nil
	}
	e.searches = append(e.searches, search{c, i})
	return e.addWords(anchors, f.near.list, task{kind: searchNear, rule: c, format: i, search: int32(len(e.searches) - 1)})
}

// addWords registers a task for each word, ASCII case ignored.
func (e *Engine) addWords(anchors *anchorTable, list [][]byte, t task) error {
	for _, w := range list {
		a, ok := keywordAnchor(string(w), true)
		if !ok {
			return fmt.Errorf("the word %q is too short to look for", w)
		}
		t.length = int32(len(w))
		e.addTask(anchors, &a, t)
	}
	return nil
}

func (e *Engine) addTask(anchors *anchorTable, a *anchor, t task) {
	id := anchors.intern(a)
	if id == len(e.tasks) {
		e.tasks, e.reaches = append(e.tasks, nil), append(e.reaches, reach{})
	}
	e.tasks[id] = append(e.tasks[id], t)
	e.reaches[id].widen(&t)
}

func (e *Engine) registerRegex(c *rule, anchors *anchorTable) error {
	c.regexIndex = len(e.regexes)
	e.regexes = append(e.regexes, c)
	w := newWords(c.Keywords)
	if w == nil || shortWord(c.Keywords) {
		e.unkeyed = append(e.unkeyed, c)
		return nil
	}
	return e.addWords(anchors, w.list, task{kind: runRegex, rule: c})
}

// shortWord reports whether a word is too short for the prefilter; only rules of other tools have such keywords.
func shortWord(words []string) bool {
	return slices.ContainsFunc(words, func(w string) bool { return len(w) < usableLiteral })
}

func (e *Engine) registerBlock(c *rule, anchors *anchorTable) error {
	c.blockIndex = e.blocks
	e.blocks++
	if c.block.each != nil {
		return e.registerEach(c, anchors)
	}
	keywords := c.block.keywordsFor(c.Rule)
	if len(keywords) == 0 {
		return fmt.Errorf("block %q has no keywords for these arguments", c.Block)
	}
	for _, k := range keywords {
		a, ok := keywordAnchor(k, false)
		if !ok {
			return fmt.Errorf("the keyword %q is too short to look for", k)
		}
		e.addTask(anchors, &a, task{kind: runBlock, rule: c, length: int32(len(k))})
	}
	return nil
}

func (e *Engine) registerEach(c *rule, anchors *anchorTable) error {
	for _, a := range c.block.starts(c.Rule) {
		if !a.choose() {
			return fmt.Errorf("block %q has an anchor that stands everywhere", c.Block)
		}
		e.addTask(anchors, &a, task{kind: runEach, rule: c, length: int32(a.offset)})
	}
	return nil
}
