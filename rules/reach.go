package rules

// Distances, in bytes, that evaluating a rule may look at beyond the match.
const (
	// BoundaryContext is how far on each side of a match a boundary is looked for, escapes included.
	BoundaryContext = 16
	// NearDistance is the most that may stand between a word of Near or After and the value.
	NearDistance = 160
	// PartScope caps the text between a match and its parts.
	PartScope = 16 << 10
	// BlockReach is the size of the largest key or configuration block that an extractor reads.
	BlockReach = 64 << 10
	// LocalReach is the largest reach of a rule of Class Local.
	LocalReach = 512
)

// derive sets Class and Reach.
func (r *Rule) derive() {
	reach := r.MatchReach()
	scope := 0
	for _, p := range r.Parts {
		if p.File {
			reach = -1
		}
		for _, f := range p.Formats {
			_, longest := Length(f.Node)
			scope = max(scope, PartScope+longest)
		}
	}
	switch {
	case reach < 0:
		r.Class, r.Reach = Whole, -1
	case reach+scope <= LocalReach && r.Block == "":
		r.Class, r.Reach = Local, reach+scope
	default:
		r.Class, r.Reach = Long, reach+scope
	}
}

// MatchReach is Reach for what the rule finds, without its parts.
func (r *Rule) MatchReach() int {
	length, bounded := 0, !r.Verbatim
	switch {
	case r.Block != "":
		length = BlockReach
	case r.Regex != "":
		n, ok := regexMaxLength(r.Regex)
		length, bounded = n, bounded && ok
	}
	near, after := longest(r.Near), longest(r.After)
	if r.Regex != "" {
		near = max(near, longest(r.Keywords))
	}
	for _, f := range r.Formats {
		_, hi := Length(f.Node)
		length = max(length, hi)
		near, after = max(near, longest(f.Near)), max(after, longest(f.After))
	}
	if !bounded {
		return -1
	}
	reach := length + 2*BoundaryContext
	for _, words := range []int{near, after} {
		if words > 0 {
			reach += NearDistance + words
		}
	}
	return reach
}

func longest(words []string) int {
	n := 0
	for _, w := range words {
		n = max(n, len(w))
	}
	return n
}
