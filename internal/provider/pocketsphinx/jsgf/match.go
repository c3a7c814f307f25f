package jsgf

// Match reports whether the words are a whole sentence of the grammar.
func (g *Grammar) Match(words []string) bool {
	m := matcher{g: g, words: words, open: map[string]*visit{}}
	for _, r := range g.Public {
		from := m.none()
		from[0] = true
		if m.ends(Ref(r), from)[len(words)] {
			return true
		}
	}
	return false
}

// matcher works on sets of positions between words, so that its time is bounded however ambiguous the grammar is.
type matcher struct {
	g     *Grammar
	words []string
	open  map[string]*visit // rules being matched
}

// visit is one rule being matched. Recursion is only at the end of a rule (Parse sees to it), so that where the inner call would
// end, the outer one ends too: the inner call only adds its starts to the outer's.
type visit struct{ done, more []bool }

func (m *matcher) none() []bool { return make([]bool, len(m.words)+1) }

// ends returns where n can end when it starts at any of the positions from.
func (m *matcher) ends(n Node, from []bool) []bool {
	switch n := n.(type) {
	case Word:
		to := m.none()
		for i, at := range from[:len(m.words)] {
			to[i+1] = at && m.words[i] == string(n)
		}
		return to
	case Ref:
		return m.rule(string(n), from)
	case Seq:
		for _, p := range n {
			from = m.ends(p, from)
		}
		return from
	case Alt:
		to := m.none()
		for _, c := range n {
			add(to, m.ends(c.Of, from))
		}
		return to
	case Opt:
		to := m.none()
		add(to, from)
		add(to, m.ends(n.Of, from))
		return to
	case Repeat:
		to := m.none()
		for next := from; ; {
			if next = m.ends(n.Of, next); !add(to, next) {
				return to
			}
		}
	}
	return m.none()
}

func (m *matcher) rule(name string, from []bool) []bool {
	if v := m.open[name]; v != nil {
		for i, at := range from {
			v.more[i] = v.more[i] || at && !v.done[i]
		}
		return m.none()
	}
	v := &visit{done: m.none(), more: m.none()}
	m.open[name] = v
	defer delete(m.open, name)
	to, next := m.none(), from
	for add(v.done, next) {
		v.more = m.none()
		add(to, m.ends(m.g.Rules[name], next))
		next = v.more
	}
	return to
}

// add joins the second set to the first and reports whether it brought anything new.
func add(to, from []bool) (grew bool) {
	for i, at := range from {
		if at && !to[i] {
			to[i], grew = true, true
		}
	}
	return grew
}
