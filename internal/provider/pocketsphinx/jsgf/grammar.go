package jsgf

import (
	"maps"
	"slices"
	"strconv"
	"strings"
)

// Node is a part of a rule: Word, Ref, Seq, Alt, Opt or Repeat. nil is what cannot be said.
type Node interface{ node() }

type (
	// Word is one spoken word.
	Word string
	// Ref is a reference to a rule by name, without brackets.
	Ref string
	// Seq is its parts one after the other; empty, it is silence.
	Seq []Node
	// Alt is one of its choices; empty, it cannot be said.
	Alt []Choice
	// Opt is its part or nothing.
	Opt struct{ Of Node }
	// Repeat is its part one or more times.
	Repeat struct{ Of Node }
)

// Choice is one alternative; Weight 0 stands for none given.
type Choice struct {
	Weight float64
	Of     Node
}

func (Word) node()   {}
func (Ref) node()    {}
func (Seq) node()    {}
func (Alt) node()    {}
func (Opt) node()    {}
func (Repeat) node() {}

// Grammar is a set of rules. Any public rule may be spoken.
type Grammar struct {
	Rules  map[string]Node
	Public []string
}

// Of returns the grammar of one expression.
func Of(n Node) *Grammar { return &Grammar{Rules: map[string]Node{"s": n}, Public: []string{"s"}} }

// Map returns the grammar with each word replaced by what f makes of it. Where f returns nil, the word cannot be said, and
// everything that needs it is left out. The result holds no rule that cannot be said or that no public rule needs; ok is false
// when nothing is left of it.
func (g *Grammar) Map(f func(Word) Node) (out *Grammar, ok bool) {
	out = &Grammar{Rules: map[string]Node{}, Public: slices.Clone(g.Public)}
	for name, n := range g.Rules {
		out.Rules[name] = mapped(n, f)
	}
	sayable := map[string]bool{}
	for changed := true; changed; {
		changed = false
		for name, n := range out.Rules {
			if !sayable[name] && prune(n, sayable) != nil {
				sayable[name], changed = true, true
			}
		}
	}
	for name, n := range out.Rules {
		if n = prune(n, sayable); n == nil {
			delete(out.Rules, name)
		} else {
			out.Rules[name] = n
		}
	}
	out.Public = slices.DeleteFunc(out.Public, func(r string) bool { return out.Rules[r] == nil })
	used := map[string]bool{}
	for _, r := range out.Public {
		out.reach(r, used)
	}
	maps.DeleteFunc(out.Rules, func(r string, _ Node) bool { return !used[r] })
	return out, len(out.Public) > 0
}

func mapped(n Node, f func(Word) Node) Node {
	switch n := n.(type) {
	case Word:
		return f(n)
	case Seq:
		s := make(Seq, len(n))
		for i, p := range n {
			s[i] = mapped(p, f)
		}
		return s
	case Alt:
		a := make(Alt, len(n))
		for i, c := range n {
			a[i] = Choice{c.Weight, mapped(c.Of, f)}
		}
		return a
	case Opt:
		return Opt{mapped(n.Of, f)}
	case Repeat:
		return Repeat{mapped(n.Of, f)}
	}
	return n
}

// prune returns n without what cannot be said; nil when nothing is left.
func prune(n Node, sayable map[string]bool) Node {
	switch n := n.(type) {
	case Word:
		return n
	case Ref:
		if sayable[string(n)] {
			return n
		}
	case Seq:
		s := make(Seq, 0, len(n))
		for _, p := range n {
			if p = prune(p, sayable); p == nil {
				return nil
			}
			s = append(s, p)
		}
		return s
	case Alt:
		var a Alt
		for _, c := range n {
			if p := prune(c.Of, sayable); p != nil {
				a = append(a, Choice{c.Weight, p})
			}
		}
		if len(a) > 0 {
			return a
		}
	case Opt:
		if p := prune(n.Of, sayable); p != nil {
			return Opt{p}
		}
		return Seq{}
	case Repeat:
		if p := prune(n.Of, sayable); p != nil {
			return Repeat{p}
		}
	}
	return nil
}

func (g *Grammar) reach(rule string, seen map[string]bool) {
	if seen[rule] {
		return
	}
	seen[rule] = true
	each(g.Rules[rule], func(n Node) {
		if r, ok := n.(Ref); ok {
			g.reach(string(r), seen)
		}
	})
}

// each calls f for n and every part of it.
func each(n Node, f func(Node)) {
	f(n)
	switch n := n.(type) {
	case Seq:
		for _, p := range n {
			each(p, f)
		}
	case Alt:
		for _, c := range n {
			each(c.Of, f)
		}
	case Opt:
		each(n.Of, f)
	case Repeat:
		each(n.Of, f)
	}
}

// Words returns the distinct words of the grammar, sorted.
func (g *Grammar) Words() []string {
	seen := map[string]bool{}
	for _, n := range g.Rules {
		each(n, func(n Node) {
			if w, ok := n.(Word); ok {
				seen[string(w)] = true
			}
		})
	}
	return slices.Sorted(maps.Keys(seen))
}

// String writes the grammar as JSGF with one public rule and rule names of its own. Words are written as they are: they must
// be free of white space and of the characters ;=|*+<>()[]{}/" and \.
func (g *Grammar) String() string {
	names := slices.Sorted(maps.Keys(g.Rules))
	short := map[string]string{}
	for i, n := range names {
		short[n] = "<r" + strconv.Itoa(i) + ">"
	}
	var b strings.Builder
	b.WriteString("#JSGF V1.0;\ngrammar hints;\npublic <hints> = ")
	for i, p := range g.Public {
		if i > 0 {
			b.WriteString(" | ")
		}
		b.WriteString(short[p])
	}
	b.WriteString(";\n")
	for _, n := range names {
		b.WriteString(short[n] + " = ")
		write(&b, g.Rules[n], short)
		b.WriteString(";\n")
	}
	return b.String()
}

func write(b *strings.Builder, n Node, short map[string]string) {
	switch n := n.(type) {
	case Word:
		b.WriteString(string(n))
	case Ref:
		b.WriteString(short[string(n)])
	case Seq:
		if len(n) == 0 {
			b.WriteString("<NULL>")
		}
		for i, p := range n {
			if i > 0 {
				b.WriteByte(' ')
			}
			write(b, p, short)
		}
	case Alt:
		b.WriteByte('(')
		for i, c := range n {
			if i > 0 {
				b.WriteString(" | ")
			}
			if c.Weight > 0 {
				b.WriteString("/" + strconv.FormatFloat(c.Weight, 'f', 6, 64) + "/ ")
			}
			write(b, c.Of, short)
		}
		b.WriteByte(')')
	case Opt:
		b.WriteByte('[')
		write(b, n.Of, short)
		b.WriteByte(']')
	case Repeat:
		b.WriteByte('(')
		write(b, n.Of, short)
		b.WriteString(")+")
	}
}
