package flow

import (
	"fmt"
	"strings"
	"time"
)

// fill takes the answer to a question for a slot.
func (w *walk) fill(text string, ts []token) step {
	p, n := w.s.p, w.at
	core := p.trim(ts)
	switch n.Type {
	case TypeName:
		name := p.name(ts)
		if p.yesNo(ts) != 0 && len(core) <= 2 || strings.Count(name, " ") > 2 && !p.leadsName(ts) {
			name = ""
		}
		if name == "" {
			return w.again("")
		}
		w.set(n.Slot, name, name)
	case TypePhone:
		if st, done := w.phone(ts); !done {
			return st
		}
	case TypeNumber:
		d, _ := p.digits(ts)
		if d == "" || len(d) > 12 {
			return w.again("")
		}
		w.set(n.Slot, d, d)
	case TypeText:
		if p.yesNo(ts) == 1 && len(core) <= 2 {
			return w.again("")
		}
		said := strings.TrimRight(shorten(strings.TrimSpace(text), 200), " .!?…")
		if said == "" {
			return w.again("")
		}
		w.set(n.Slot, said, said)
		return w.along("", "")
	case TypeDate:
		m := p.moment(text, w.now, askedDate)
		if !m.hasDate() {
			if w.misses == 0 && len(n.Say[w.s.lang]) < 2 {
				return w.again(w.s.say.DateNone)
			}
			return w.again("")
		}
		if why := w.takeDate(n, m.date); why != "" {
			return w.again(why)
		}
	case TypeTime:
		if st, done := w.time(text); !done {
			return st
		}
	}
	w.gather(text, ts)
	return w.along("", "")
}

// phone takes digits, perhaps only some of them.
func (w *walk) phone(ts []token) (step, bool) {
	p := w.s.p
	d, used := p.digits(ts)
	if d == "" || (len(d) < 3 && used*2 < len(p.trim(ts))) {
		return w.again(""), false
	}
	w.partial += d
	switch {
	case len(w.partial) > p.Phone.Max:
		w.partial = ""
		return w.again(w.s.say.PhoneLong), false
	case len(w.partial) < p.Phone.Min:
		return w.ask(fill(w.s.say.PhoneMore, "digits", p.spoken(w.partial))), false
	}
	w.set(w.at.Slot, w.partial, p.spoken(w.partial))
	w.partial = ""
	return step{}, true
}

// time takes a time of day; a new day said with it counts too.
func (w *walk) time(text string) (step, bool) {
	p, n := w.s.p, w.at
	m := p.moment(text, w.now, askedTime)
	if m.minute >= 0 && m.minute < 13*60 && m.minute >= 60 && m.part == "" && (w.part == "afternoon" || w.part == "evening") && m.minute < 12*60 {
		m.minute += 12 * 60
	}
	if m.hasDate() {
		if d := w.node(TypeDate); d != nil {
			if why := w.takeDate(d, m.date); why != "" {
				return w.again(why), false
			}
		}
	}
	if m.minute < 0 {
		if m.part != "" {
			w.part = m.part
			return w.again(w.s.say.TimePart), false
		}
		return w.again(""), false
	}
	if why := w.takeTime(n, m.minute); why != "" {
		return w.again(why), false
	}
	return step{}, true
}

// node is the node that collects a slot of that type, nil when there is none or more than one.
func (w *walk) node(t SlotType) *Node {
	var found *Node
	for i := range w.s.d.Nodes {
		n := &w.s.d.Nodes[i]
		if n.Kind != Ask || n.Type != t {
			continue
		}
		if found != nil && found.Slot != n.Slot {
			return nil
		}
		found = n
	}
	return found
}

// takeDate keeps a date, or says why it cannot be.
func (w *walk) takeDate(n *Node, d time.Time) string {
	p, say := w.s.p, w.s.say
	today := time.Date(w.now.Year(), w.now.Month(), w.now.Day(), 0, 0, 0, 0, w.now.Location())
	if n.Open {
		if d.Before(today) {
			return say.DatePast
		}
		if _, ok := w.s.open(d.Weekday()); !ok {
			return fill(say.DateClosed, "day", p.sayDate(d, w.now), "next", p.sayDate(w.s.nextOpen(d), w.now))
		}
	}
	w.set(n.Slot, d.Format(time.DateOnly), p.sayDate(d, w.now))
	if t := w.node(TypeTime); t != nil { // the hour may not suit the new day
		if v, ok := w.values[t.Slot]; ok {
			var h, m int
			delete(w.values, t.Slot)
			if _, err := fmt.Sscanf(v.raw, "%d:%d", &h, &m); err == nil {
				_ = w.takeTime(t, h*60+m) // otherwise it is asked for again
			}
		}
	}
	return ""
}

// takeTime keeps a time of day, or says why it cannot be.
func (w *walk) takeTime(n *Node, minute int) string {
	p, say := w.s.p, w.s.say
	if d := w.node(TypeDate); n.Open && d != nil {
		if v, ok := w.values[d.Slot]; ok {
			day, err := time.ParseInLocation(time.DateOnly, v.raw, w.now.Location())
			h, open := w.s.open(day.Weekday())
			switch {
			case err != nil || !open:
			case minute < h.From*60 || minute >= h.To*60:
				return fill(say.TimeClosed, "time", p.sayTime(minute), "from", p.sayTime(h.From*60), "to", p.sayTime(h.To*60%(24*60)))
			case !day.Add(time.Duration(minute) * time.Minute).After(w.now):
				return say.TimePast
			}
		}
	}
	w.set(n.Slot, fmt.Sprintf("%02d:%02d", minute/60, minute%60), p.sayTime(minute))
	return ""
}

// gather takes what was said besides: a date, a time, a telephone number, a name that is announced as one. What does not suit is asked for later.
func (w *walk) gather(text string, ts []token) {
	p := w.s.p
	m := p.moment(text, w.now, askedNothing)
	free := func(n *Node) bool {
		if n == nil {
			return false
		}
		_, ok := w.values[n.Slot]
		return !ok
	}
	if n := w.node(TypeDate); free(n) && m.hasDate() {
		_ = w.takeDate(n, m.date)
	}
	if n := w.node(TypeTime); free(n) && m.minute >= 0 {
		_ = w.takeTime(n, m.minute)
	}
	if n := w.node(TypePhone); free(n) && !m.hasDate() && m.minute < 0 {
		if d, _ := p.digits(ts); len(d) >= p.Phone.Min && len(d) <= p.Phone.Max {
			w.set(n.Slot, d, p.spoken(d))
		}
	}
}

// confirm reads an answer to what was read back.
func (w *walk) confirm(text string, ts []token) step {
	p := w.s.p
	yn := p.yesNo(ts)
	if len(ts) == 1 && !w.changing { // keys
		yn += map[string]int{"1": 1, "2": -1}[ts[0].norm]
	}
	_, refuses := w.s.next[w.at.ID]["no"]
	if yn == 1 && !w.changing {
		return w.along("yes", "")
	}
	if refuses {
		if yn == -1 {
			return w.along("no", "")
		}
		return w.again(fill(w.s.say.YesNo, "last", w.wording(w.at, 0)))
	}
	back := w.at
	if changed, st := w.amend(text, ts); changed {
		if st.text != "" {
			return st
		}
		return w.enter(back.ID, "")
	}
	if n := w.named(ts); n != nil {
		delete(w.values, n.Slot)
		return w.enter(n.ID, "")
	}
	if w.changing {
		for _, k := range p.correct {
			if _, found := k.node.find(ts); found > 0 && k.name == "all" {
				w.values = map[string]value{}
				return w.enter(w.s.d.Start, "")
			}
		}
	}
	if yn == -1 || w.changing {
		var labels []string
		for i := range w.s.d.Nodes {
			n := &w.s.d.Nodes[i]
			if _, ok := w.values[n.Slot]; ok && n.Label[w.s.lang] != "" {
				l, _, _ := strings.Cut(n.Label[w.s.lang], "|")
				labels = append(labels, strings.TrimSpace(l))
			}
		}
		w.changing = true
		return w.again(fill(w.s.say.Which, "labels", w.either(labels)))
	}
	return w.again(fill(w.s.say.YesNo, "last", w.wording(w.at, 0)))
}

// amend takes a correction that says the right thing at once: "no, on Friday". A step with words says why it cannot be.
func (w *walk) amend(text string, ts []token) (bool, step) {
	p := w.s.p
	m := p.moment(text, w.now, askedNothing)
	changed := false
	refused := func(n *Node, why string) (bool, step) {
		delete(w.values, n.Slot)
		w.at, w.misses, w.changing = n, 0, false
		return true, w.again(why)
	}
	if n := w.node(TypeDate); n != nil && m.hasDate() {
		if why := w.takeDate(n, m.date); why != "" {
			return refused(n, why)
		}
		changed = true
		if t := w.node(TypeTime); t != nil && m.minute < 0 {
			if _, ok := w.values[t.Slot]; !ok { // the old hour does not suit the new day
				return true, w.enter(t.ID, "")
			}
		}
	}
	if n := w.node(TypeTime); n != nil && m.minute >= 0 {
		if why := w.takeTime(n, m.minute); why != "" {
			return refused(n, why)
		}
		changed = true
	}
	if n := w.node(TypePhone); n != nil && !changed {
		if d, _ := p.digits(ts); len(d) >= p.Phone.Min && len(d) <= p.Phone.Max {
			w.set(n.Slot, d, p.spoken(d))
			changed = true
		}
	}
	if n := w.node(TypeName); n != nil && !changed && p.leadsName(ts) {
		if name := p.name(ts); name != "" && w.named(ts) == nil {
			w.set(n.Slot, name, name)
			changed = true
		}
	}
	return changed, step{}
}

// named is the node whose slot the caller wants to change.
func (w *walk) named(ts []token) *Node {
	for i := range w.s.d.Nodes {
		n := &w.s.d.Nodes[i]
		if _, ok := w.values[n.Slot]; !ok {
			continue
		}
		for _, l := range strings.Split(n.Label[w.s.lang], "|") {
			ws := words(l, w.s.p.join)
			if len(ws) == 0 {
				continue
			}
			for _, t := range ts {
				if t.norm == ws[len(ws)-1] {
					return n
				}
			}
		}
	}
	return nil
}
