package rules

// Node is an element of a format's grammar: *Literal, *Run, *Seq, *Alt or *Repeat.
type Node interface{ isNode() }

// Literal matches its bytes; with Fold, ignoring ASCII case.
type Literal struct {
	Bytes []byte
	Fold  bool
}

// Run matches a number of bytes of one alphabet.
type Run struct {
	Class  string // as written, for messages: "base62", "[0-9A-Za-z_-]"
	Set    ByteSet
	Counts []Count // ascending, not overlapping; the run's length must lie in one of them
}

// Count is a range of lengths, both ends included.
type Count struct{ Min, Max int }

// Seq matches its nodes one after another.
type Seq struct{ Nodes []Node }

// Alt matches one of its nodes.
type Alt struct{ Nodes []Node }

// Repeat matches Node between Min and Max times; [optional] is a Repeat of 0 to 1.
type Repeat struct {
	Node     Node
	Min, Max int
}

func (*Literal) isNode() {}
func (*Run) isNode()     {}
func (*Seq) isNode()     {}
func (*Alt) isNode()     {}
func (*Repeat) isNode()  {}

// ByteSet is a set of byte values.
type ByteSet [4]uint64

// Has reports whether c is in the set.
func (s *ByteSet) Has(c byte) bool { return s[c>>6]&(1<<(c&63)) != 0 }

// Add puts c into the set.
func (s *ByteSet) Add(c byte) { s[c>>6] |= 1 << (c & 63) }

// AddRange puts lo to hi, both included, into the set.
func (s *ByteSet) AddRange(lo, hi byte) {
	for c := int(lo); c <= int(hi); c++ {
		s.Add(byte(c))
	}
}

// Union returns the union of s and t.
func (s ByteSet) Union(t ByteSet) ByteSet {
	for i := range s {
		s[i] |= t[i]
	}
	return s
}
