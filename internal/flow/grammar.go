package flow

import (
	"fmt"
	"slices"
	"strings"
)

// slotOpen stands for a conversation outside a form, where expectations are looked up by slot.
const slotOpen slot = ""

// grammar holds, for every slot, what a caller is likely to say. It is made once, from the patterns that understand it.
type grammar struct {
	phrases map[slot][]string
	jsgf    map[slot]string // English only: the offline recogniser knows no other language
}

// maxPhrases bounds the wordings that one pattern contributes.
const maxPhrases = 6

func newGrammar(p *pack) *grammar {
	g := &grammar{phrases: map[slot][]string{}, jsgf: map[slot]string{}}
	for _, s := range []slot{slotOpen, slotName, slotPhone, slotSubject, slotDay, slotConfirm, slotWhich} {
		parts := p.expected(s)
		seen := map[string]bool{}
		for _, part := range parts {
			for _, n := range part.node.kids {
				for _, ph := range n.phrases(maxPhrases) {
					if ph = strings.Join(strings.Fields(ph), " "); ph != "" && !seen[ph] {
						seen[ph] = true
						g.phrases[s] = append(g.phrases[s], ph)
					}
				}
			}
		}
		if p.Language == "en" {
			g.jsgf[s] = p.writeJSGF(parts)
		}
	}
	return g
}

// expected lists what may be said at a slot, as named alternatives.
func (p *pack) expected(s slot) []namedNode {
	var out []namedNode
	add := func(name string, alternatives ...*node) {
		alt := &node{kind: nodeAlt}
		for _, a := range alternatives {
			if a.kind == nodeAlt {
				alt.kids = append(alt.kids, a.kids...)
			} else {
				alt.kids = append(alt.kids, a)
			}
		}
		if len(alt.kids) > 0 {
			out = append(out, namedNode{name, alt})
		}
	}
	switch s {
	case slotOpen:
		add("days", p.dayNodes()...)
		add("keys", p.keyNodes()...)
		add("yes", p.yes)
		add("no", p.no)
	case slotName:
		add("names", p.nameNodes()...)
	case slotPhone:
		add("phone", p.must("[[my | the] [phone] number is] <digits>"))
	case slotSubject:
		add("subjects", p.list(p.Subjects)...)
		add("nothing", p.nothing)
	case slotDay:
		add("days", p.dayNodes()...)
	case slotConfirm:
		add("yes", p.yes)
		add("no", p.no)
		add("phone", p.must("[no] [my | the] [phone] number is <digits>"))
		add("keys", p.keyNodes()...)
	case slotWhich:
		for _, c := range p.correct {
			add("correct_"+c.name, c.node)
		}
		add("no", p.no)
	}
	for i := range p.intents {
		in := &p.intents[i]
		if s == slotOpen || in.Always || (in.Info && s != slotPhone && s != slotSubject) {
			add("i_"+in.Name, in.say...)
		}
	}
	return out
}

// must parses a pattern of the program's own English. Elsewhere, or when a rule it needs is missing, it is an empty alternative.
func (p *pack) must(src string) *node {
	if p.Language != "en" {
		src = "<digits>"
	}
	n, err := p.rules.parse(src)
	if err != nil {
		return &node{kind: nodeAlt}
	}
	return n
}

func (p *pack) list(wordings []string) []*node {
	var out []*node
	for _, w := range wordings {
		if n, err := p.rules.parse(w); err == nil {
			out = append(out, n)
		}
	}
	return out
}

func (p *pack) dayNodes() []*node {
	var out []*node
	if p.Language == "en" {
		out = append(out, p.must("[and | what about | how about | on | next] [on] <weekday> [morning | afternoon | evening]"))
	} else {
		out = append(out, p.rules.byName["weekday"])
	}
	for _, r := range p.rel {
		out = append(out, r.node)
	}
	return out
}

func (p *pack) keyNodes() []*node {
	out := p.list(p.DigitWords)
	for _, k := range p.keys {
		out = append(out, k.node)
	}
	return out
}

func (p *pack) nameNodes() []*node {
	if p.Language != "en" || len(p.FirstNames) == 0 || len(p.LastNames) == 0 {
		return nil
	}
	return []*node{p.must("[my name is | this is | i am | it is] <first_name> [<last_name>]"), p.must("my name is <last_name>")}
}

// writeJSGF writes a complete grammar: the parts, with a polite word before or after.
func (p *pack) writeJSGF(parts []namedNode) string {
	var head, body strings.Builder
	used := map[string]bool{}
	var names []string
	for _, part := range parts {
		names = append(names, "<"+part.name+">")
		fmt.Fprintf(&body, "<%s> = ", part.name)
		for i, k := range part.node.kids {
			if i > 0 {
				body.WriteString(" | ")
			}
			k.jsgf(&body, used)
		}
		body.WriteString(";\n")
	}
	head.WriteString("#JSGF V1.0;\ngrammar reception;\n")
	fmt.Fprintf(&head, "public <utterance> = [<lead>] (%s) [<tail>];\n", strings.Join(names, " | "))
	head.WriteString("<lead> = hello | good morning | good afternoon | excuse me | well;\n<tail> = please | thank you | thanks;\n")
	list := sortedKeys(p.rules.byName)
	list = slices.DeleteFunc(list, func(n string) bool { return !used[n] })
	for _, name := range list {
		fmt.Fprintf(&head, "<%s> = ", name)
		p.rules.byName[name].jsgf(&head, used)
		head.WriteString(";\n")
	}
	return head.String() + body.String()
}
