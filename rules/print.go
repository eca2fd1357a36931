package rules

import "strings"

// FormatText returns n as a format in its plainest spelling; ParseFormat of it gives n again.
func FormatText(n Node) string {
	var b strings.Builder
	printNode(&b, n, func(r *Run) string { return r.Class })
	return b.String()
}

// canonical is FormatText with each alphabet in one spelling: equal texts mean equal grammars.
func canonical(n Node) string {
	var b strings.Builder
	printNode(&b, n, func(r *Run) string { return setText(r.Set) })
	return b.String()
}

func printNode(b *strings.Builder, n Node, class func(*Run) string) {
	switch n := n.(type) {
	case *Literal:
		printLiteral(b, n)
	case *Run:
		b.WriteString("{" + class(n) + ":")
		for i, c := range n.Counts {
			if i > 0 {
				b.WriteByte(',')
			}
			b.WriteString(c.String())
		}
		b.WriteByte('}')
	case *Seq:
		for _, m := range n.Nodes {
			printNode(b, m, class)
		}
	case *Alt:
		b.WriteByte('(')
		printAlternatives(b, n, class)
		b.WriteByte(')')
	case *Repeat:
		if n.Min == 0 && n.Max == 1 {
			b.WriteByte('[')
			printAlternatives(b, n.Node, class)
			b.WriteByte(']')
			return
		}
		b.WriteByte('(')
		printAlternatives(b, n.Node, class)
		b.WriteString("){" + Count{n.Min, n.Max}.String() + "}")
	}
}

// printAlternatives writes what stands between the brackets of a group or an option.
func printAlternatives(b *strings.Builder, n Node, class func(*Run) string) {
	a, ok := n.(*Alt)
	if !ok {
		printNode(b, n, class)
		return
	}
	for i, m := range a.Nodes {
		if i > 0 {
			b.WriteByte('|')
		}
		printNode(b, m, class)
	}
}

func printLiteral(b *strings.Builder, lit *Literal) {
	special := `{}[]()|\`
	if lit.Fold {
		b.WriteString("i'")
		special = `'\`
	}
	for i, c := range lit.Bytes {
		if strings.IndexByte(special, c) >= 0 || c == '\'' && i > 0 && lit.Bytes[i-1] == 'i' {
			b.WriteByte('\\')
		}
		b.WriteByte(c)
	}
	if lit.Fold {
		b.WriteByte('\'')
	}
}
