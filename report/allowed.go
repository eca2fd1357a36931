package report

import (
	"slices"
	"strings"
)

// ownAllow is a marker or an entry, in what was scanned, that came with the change under test, or that may have.
type ownAllow struct {
	lead  string // "allowed by this change: ", or "perhaps ..."
	rules []string
	count int
	where string
	notes []string // what the change did, and the reason given
}

// ownAllows lists what allows secrets of the change under test and came with it, each once, in the order of what it allows.
func ownAllows(c *Coverage) []*ownAllow {
	var list []*ownAllow
	for i := range c.Suppressed {
		s := &c.Suppressed[i]
		lead := "allowed by this change: "
		switch {
		case s.Added == nil:
			lead = "perhaps allowed by this change: "
		case !*s.Added:
			continue
		}
		var notes []string
		for _, n := range []string{s.Change, s.Reason} {
			if n != "" {
				notes = append(notes, n)
			}
		}
		k := slices.IndexFunc(list, func(o *ownAllow) bool { return o.lead == lead && o.where == s.Where && slices.Equal(o.notes, notes) })
		if k < 0 {
			k = len(list)
			list = append(list, &ownAllow{lead: lead, where: s.Where, notes: notes})
		}
		o := list[k]
		if o.count++; !slices.Contains(o.rules, s.Rule) {
			o.rules = append(o.rules, s.Rule)
		}
	}
	return list
}

// allowRules is how many rules are named of what one marker or entry allows.
const allowRules = 3

// what names what is allowed, and where.
func (o *ownAllow) what() string {
	rules := strings.Join(o.rules[:min(len(o.rules), allowRules)], ", ")
	if len(o.rules) > allowRules {
		rules += ", …"
	}
	if o.count > 1 {
		rules = counted(int64(o.count), "secret") + " (" + rules + ")"
	}
	return rules + " at " + o.where
}

// why says what the change did to the entry, and the reason that is given.
func (o *ownAllow) why() string { return strings.Join(o.notes, "; ") }
