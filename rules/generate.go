package rules

import "math/rand/v2"

// nearMin is how far above its minimum the length of a wide run mostly lies; real tokens are seldom near a bound that
// only guards against the absurd.
const nearMin = 256

// GenerateFormat returns a random text of n's grammar: alternatives and numbers of repetitions are equally likely, and
// so are the lengths of a run unless their range is wide, when seven of eight lie within 256 of the least. It knows
// no checksums.
func GenerateFormat(rnd *rand.Rand, n Node) []byte { return generate(rnd, n, nil) }

func generate(rnd *rand.Rand, n Node, out []byte) []byte {
	switch n := n.(type) {
	case *Literal:
		for _, c := range n.Bytes {
			if n.Fold && kindOf(c) > 1 && rnd.IntN(2) == 0 {
				c ^= 0x20
			}
			out = append(out, c)
		}
	case *Run:
		alphabet := n.Set.Bytes()
		for range runLength(rnd, n.Counts) {
			out = append(out, alphabet[rnd.IntN(len(alphabet))])
		}
	case *Seq:
		for _, m := range n.Nodes {
			out = generate(rnd, m, out)
		}
	case *Alt:
		return generate(rnd, n.Nodes[rnd.IntN(len(n.Nodes))], out)
	case *Repeat:
		for range n.Min + rnd.IntN(n.Max-n.Min+1) {
			out = generate(rnd, n.Node, out)
		}
	}
	return out
}

func runLength(rnd *rand.Rand, counts []Count) int {
	c := counts[rnd.IntN(len(counts))]
	width := c.Max - c.Min
	if width > nearMin && rnd.IntN(8) != 0 {
		width = nearMin
	}
	return c.Min + rnd.IntN(width+1)
}

// Bytes returns the members of s in ascending order.
func (s *ByteSet) Bytes() []byte {
	var list []byte
	for c := 0; c < 256; c++ {
		if s.Has(byte(c)) {
			list = append(list, byte(c))
		}
	}
	return list
}
