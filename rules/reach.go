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
	length, bounded := 0, true
	switch {
	case r.Block != "":
		length = BlockReach
	case r.Regex != "":
		length, bounded = regexMaxLength(r.Regex)
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
	reach := length + 2*BoundaryContext
	for _, words := range []int{near, after} {
		if words > 0 {
			reach += NearDistance + words
		}
	}
	scope := 0
	for _, p := range r.Parts {
		bounded = bounded && !p.File
		for _, f := range p.Formats {
			_, longest := Length(f.Node)
			scope = max(scope, PartScope+longest)
		}
	}
	reach += scope
	switch {
	case !bounded, r.Verbatim:
		r.Class, r.Reach = Whole, -1
	case reach <= LocalReach && r.Block == "":
		r.Class, r.Reach = Local, reach
	default:
		r.Class, r.Reach = Long, reach
	}
}

func longest(words []string) int {
	n := 0
	for _, w := range words {
		n = max(n, len(w))
	}
	return n
}
