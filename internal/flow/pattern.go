package flow

import (
	"fmt"
	"math/bits"
	"strings"
)

// node is a pattern: words, sequences, alternatives, options and rules, as in a JSGF grammar.
type node struct {
	kind nodeKind
	word string   // as written: what a grammar says
	norm []string // the word, folded; a French word with an apostrophe is two
	rule string   // name, for a reference
	kids []*node  // of a reference: the rule's own pattern
}

type nodeKind uint8

const (
	nodeWord nodeKind = iota
	nodeSeq
	nodeAlt
	nodeOpt
	nodeRule
	nodeMany // once or more
)

// rules are named patterns; the compiler looks references up here.
type rules struct {
	byName map[string]*node
	join   bool // apostrophes, see tokens
}

// parse reads one pattern. Rules must have been defined before.
func (r *rules) parse(src string) (*node, error) {
	p := patternParser{rules: r, src: src, toks: lexPattern(src)}
	n, err := p.alternatives(0)
	if err != nil {
		return nil, err
	}
	if p.pos < len(p.toks) {
		return nil, fmt.Errorf("pattern %q: %q is not expected here", src, p.toks[p.pos])
	}
	return n, nil
}

func lexPattern(src string) []string {
	for _, c := range []string{"[", "]", "(", ")", "|"} {
		src = strings.ReplaceAll(src, c, " "+c+" ")
	}
	return strings.Fields(src)
}

type patternParser struct {
	rules *rules
	src   string
	toks  []string
	pos   int
}

// maxNesting bounds brackets in brackets.
const maxNesting = 20

func (p *patternParser) alternatives(depth int) (*node, error) {
	if depth > maxNesting {
		return nil, fmt.Errorf("pattern %q: too many brackets", p.src)
	}
	alt := &node{kind: nodeAlt}
	for {
		s, err := p.sequence(depth)
		if err != nil {
			return nil, err
		}
		alt.kids = append(alt.kids, s)
		if p.pos >= len(p.toks) || p.toks[p.pos] != "|" {
			break
		}
		p.pos++
	}
	if len(alt.kids) == 1 {
		return alt.kids[0], nil
	}
	return alt, nil
}

func (p *patternParser) sequence(depth int) (*node, error) {
	seq := &node{kind: nodeSeq}
	for p.pos < len(p.toks) {
		t := p.toks[p.pos]
		if t == "|" || t == ")" || t == "]" {
			break
		}
		p.pos++
		var n *node
		switch {
		case t == "(" || t == "[":
			in, err := p.alternatives(depth + 1)
			if err != nil {
				return nil, err
			}
			end := map[string]string{"(": ")", "[": "]"}[t]
			if p.pos >= len(p.toks) || p.toks[p.pos] != end {
				return nil, fmt.Errorf("pattern %q: %q is missing", p.src, end)
			}
			p.pos++
			n = in
			if t == "[" {
				n = &node{kind: nodeOpt, kids: []*node{in}}
			}
		case strings.HasPrefix(t, "<") && strings.HasSuffix(t, ">"):
			name := t[1 : len(t)-1]
			target := p.rules.byName[name]
			if target == nil {
				return nil, fmt.Errorf("pattern %q: there is no rule %s yet", p.src, t)
			}
			n = &node{kind: nodeRule, rule: name, kids: []*node{target}}
		default:
			folded := words(t, p.rules.join)
			if len(folded) == 0 {
				return nil, fmt.Errorf("pattern %q: %q is no word", p.src, t)
			}
			n = &node{kind: nodeWord, word: t, norm: folded}
		}
		seq.kids = append(seq.kids, n)
	}
	if len(seq.kids) == 0 {
		return nil, fmt.Errorf("pattern %q: a word is missing", p.src)
	}
	if len(seq.kids) == 1 {
		return seq.kids[0], nil
	}
	return seq, nil
}

// match returns the positions at which the pattern can end when it begins at one of those in from. Bit i stands before token i.
func (n *node) match(ts []token, from uint64) uint64 {
	if from == 0 {
		return 0
	}
	switch n.kind {
	case nodeWord:
		for _, w := range n.norm {
			var next uint64
			for left := from; left != 0; left &= left - 1 {
				if i := bits.TrailingZeros64(left); i < len(ts) && ts[i].norm == w {
					next |= 1 << (i + 1)
				}
			}
			if from = next; from == 0 {
				return 0
			}
		}
		return from
	case nodeSeq:
		for _, k := range n.kids {
			if from = k.match(ts, from); from == 0 {
				return 0
			}
		}
		return from
	case nodeAlt:
		var ends uint64
		for _, k := range n.kids {
			ends |= k.match(ts, from)
		}
		return ends
	case nodeOpt:
		return from | n.kids[0].match(ts, from)
	case nodeMany:
		var ends uint64
		for from != 0 {
			from = n.kids[0].match(ts, from) &^ ends
			ends |= from
		}
		return ends
	default:
		return n.kids[0].match(ts, from)
	}
}

// find returns the longest stretch of tokens that the pattern covers, length 0 when there is none.
func (n *node) find(ts []token) (start, length int) {
	if n.match(ts, 1<<len(ts)-1) == 0 { // nowhere: the usual case
		return 0, 0
	}
	for i := range ts {
		if ends := n.match(ts, 1<<i); ends != 0 {
			for j := len(ts); j > i+length; j-- {
				if ends&(1<<j) != 0 {
					start, length = i, j-i
					break
				}
			}
		}
	}
	return start, length
}

// jsgf writes the pattern as the right side of a grammar rule.
func (n *node) jsgf(b *strings.Builder, used map[string]bool) {
	switch n.kind {
	case nodeWord:
		b.WriteString(n.word)
	case nodeSeq:
		for i, k := range n.kids {
			if i > 0 {
				b.WriteByte(' ')
			}
			k.jsgf(b, used)
		}
	case nodeAlt:
		b.WriteByte('(')
		for i, k := range n.kids {
			if i > 0 {
				b.WriteString(" | ")
			}
			k.jsgf(b, used)
		}
		b.WriteByte(')')
	case nodeOpt:
		b.WriteByte('[')
		n.kids[0].jsgf(b, used)
		b.WriteByte(']')
	case nodeMany:
		b.WriteByte('(')
		n.kids[0].jsgf(b, used)
		b.WriteString(")+")
	default:
		b.WriteString("<" + n.rule + ">")
		if !used[n.rule] {
			used[n.rule] = true
			n.kids[0].collect(used)
		}
	}
}

// collect notes every rule that the pattern refers to.
func (n *node) collect(used map[string]bool) {
	if n.kind == nodeRule {
		used[n.rule] = true
	}
	for _, k := range n.kids {
		k.collect(used)
	}
}

// phrases lists up to limit complete wordings of the pattern, options both left out and spoken.
func (n *node) phrases(limit int) []string {
	if limit <= 0 {
		return nil
	}
	switch n.kind {
	case nodeWord:
		return []string{n.word}
	case nodeSeq:
		out := []string{""}
		for _, k := range n.kids {
			var next []string
			for _, tail := range k.phrases(limit) {
				for _, head := range out {
					if len(next) < limit {
						next = append(next, strings.TrimSpace(head+" "+tail))
					}
				}
			}
			out = next
		}
		return out
	case nodeAlt:
		var out []string
		for _, k := range n.kids {
			out = append(out, k.phrases(limit-len(out))...)
		}
		return out
	case nodeOpt:
		return append([]string{""}, n.kids[0].phrases(limit-1)...)
	default:
		return n.kids[0].phrases(limit)
	}
}
