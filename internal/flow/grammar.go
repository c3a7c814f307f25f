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

// What a flow asks for beside a form's slots.
const (
	slotDate slot = "any day"
	slotTime slot = "time of day"
)

// maxPhrases bounds the wordings that one pattern contributes.
const maxPhrases = 6

func newGrammar(p *pack) *grammar {
	g := &grammar{phrases: map[slot][]string{}, jsgf: map[slot]string{}}
	for _, s := range []slot{slotOpen, slotName, slotPhone, slotSubject, slotDay, slotConfirm, slotWhich, slotDate, slotTime} {
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

// Parts of the patterns of days and times.
const (
	englishDay = "(first | second | third | fourth | fifth | sixth | seventh | eighth | ninth | tenth | eleventh | twelfth | thirteenth | fourteenth | fifteenth | sixteenth | seventeenth | " +
		"eighteenth | nineteenth | twentieth | twenty first | twenty second | twenty third | twenty fourth | twenty fifth | twenty sixth | twenty seventh | twenty eighth | twenty ninth | " +
		"thirtieth | thirty first)"
	englishMonth = "(january | february | march | april | may | june | july | august | september | october | november | december)"
	englishHour  = "(one | two | three | four | five | six | seven | eight | nine | ten | eleven | twelve)"
)

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
	case slotDate:
		add("days", p.dayNodes()...)
		if p.Language == "en" {
			add("dates", p.must("[on] [<weekday>] [the] "+englishDay+" of "+englishMonth), p.must("[on] [<weekday>] "+englishMonth+" [the] "+englishDay), p.must("[on] the "+englishDay),
				p.must("[on] <weekday> next week"), p.must("in (two | three | four) (days | weeks)"))
		}
	case slotTime:
		if p.Language == "en" {
			add("times", p.must("[at] (half past | quarter past | quarter to) "+englishHour+" [in the (morning | afternoon | evening)]"),
				p.must("[at] "+englishHour+" [o'clock | thirty | fifteen | forty five] [a m | p m | in the (morning | afternoon | evening)]"), p.must("[at] noon"))
		}
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
		if s == slotOpen || in.Always || (in.Info && s != slotPhone && s != slotSubject && s != slotDate && s != slotTime) {
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
