package flow

import (
	"strings"
	"time"
)

func (c *caller) fillName(ts []token, m meaning) answer {
	f := c.form
	if c.p.yesNo(ts) != 0 && len(c.p.trim(ts)) <= 2 {
		return c.again()
	}
	lead := c.p.leadsName(ts)
	if !lead && m.whole {
		return c.again()
	}
	c.takePhone(ts)
	if f.kind == "callback" && f.day == "" && f.phone != "" {
		c.takeDay(ts)
	}
	f.name = c.p.name(ts)
	if !lead && (strings.Count(f.name, " ") > 2 || c.p.when(ts, c.now).hasDay() || strings.ContainsAny(f.name, "0123456789")) {
		f.name = "" // a sentence or a day, not a name
	}
	if f.name == "" {
		return c.again()
	}
	a := c.ok()
	a.text = c.values(c.p.Texts.AckName) + " " + a.text
	return a
}

// takePhone keeps a telephone number when the utterance holds a whole one.
func (c *caller) takePhone(ts []token) bool {
	d, _ := c.p.digits(ts)
	if len(d) < c.p.Phone.Min || len(d) > c.p.Phone.Max {
		return false
	}
	c.form.phone, c.form.partial = d, ""
	return true
}

func (c *caller) fillPhone(ts []token) answer {
	f := c.form
	d, used := c.p.digits(ts)
	if d == "" || (len(d) < 3 && used*2 < len(c.p.trim(ts))) {
		return c.again() // "a chair" holds a number too, in French
	}
	f.partial += d
	switch {
	case len(f.partial) > c.p.Phone.Max:
		f.partial = ""
		return answer{text: c.p.Texts.PhoneLong[0], intent: "form"}
	case len(f.partial) < c.p.Phone.Min:
		return answer{text: c.prompt(0), intent: "form"}
	}
	f.phone, f.partial = f.partial, ""
	if f.kind == "callback" && f.day == "" {
		c.takeDay(ts)
	}
	return c.ok()
}

func (c *caller) fillSubject(text string, ts []token) answer {
	f := c.form
	core := c.p.trim(ts)
	if only(c.p.nothing, core) {
		f.noText = true
		return c.ok()
	}
	if c.p.yesNo(ts) == 1 && len(core) <= 3 {
		return c.again()
	}
	f.subject = shorten(strings.TrimSpace(text), 200)
	f.subject = strings.TrimRight(f.subject, " .!?…")
	if f.subject == "" {
		return c.again()
	}
	return c.ok()
}

// takeDay keeps the day that the utterance names. ok is false when the company is closed then; asked is its name.
func (c *caller) takeDay(ts []token) (found, ok bool, asked string) {
	w := c.p.when(ts, c.now)
	if w.relative == "now" {
		w.relative, w.days = "today", []time.Weekday{c.now.Weekday()}
	}
	if len(w.days) == 0 {
		return false, false, ""
	}
	day, plain := c.dayName(w.days[0], w.relative)
	if _, open := c.p.company.Hours[int(w.days[0])]; !open || w.relative == "yesterday" {
		return true, false, day
	}
	if part := c.p.PartNames[w.part]; part != "" {
		day, plain = day+" "+part, plain+" "+part
	}
	c.form.day, c.form.plain = day, plain
	return true, true, day
}

func (c *caller) fillDay(ts []token) answer {
	found, ok, asked := c.takeDay(ts)
	switch {
	case ok:
		return c.ok()
	case found:
		return answer{text: fill(c.p.Texts.DayClosed[0], "Day", capital(asked)), intent: "form"}
	}
	return c.again()
}

func (c *caller) fillConfirm(ts []token) answer {
	f := c.form
	yn := c.p.yesNo(ts)
	if key, ok := c.key(ts); ok {
		yn = map[string]int{"1": 1, "2": -1}[key]
	}
	if yn == 1 {
		name, text := "done_message", c.p.Texts.DoneMessage
		if f.kind == "callback" {
			name, text = "done_callback", c.p.Texts.DoneCallback
		}
		said := c.values(c.take(name, text))
		c.form, c.offer = nil, "more"
		return answer{text: said, intent: "done"}
	}
	if c.amend(ts) {
		return c.ok()
	}
	if yn == -1 {
		f.ask, f.misses = slotWhich, 0
		return answer{text: c.prompt(0), intent: "form"}
	}
	return c.again()
}

// amend takes a correction that says the right thing at once: "no, my number is …".
func (c *caller) amend(ts []token) bool {
	f := c.form
	if c.takePhone(ts) {
		return true
	}
	if f.kind == "callback" {
		if _, ok, _ := c.takeDay(ts); ok {
			return true
		}
	}
	if c.p.leadsName(ts) {
		if n := c.p.name(ts); n != "" {
			f.name = n
			return true
		}
	}
	return false
}

func (c *caller) fillWhich(ts []token) answer {
	f := c.form
	if c.amend(ts) {
		return c.ok()
	}
	for _, k := range c.p.correct {
		if _, n := k.node.find(ts); n == 0 {
			continue
		}
		switch k.name {
		case "name":
			f.name = ""
		case "phone":
			f.phone, f.partial = "", ""
		case "day":
			if f.kind != "callback" {
				continue
			}
			f.day = ""
		case "subject":
			if f.kind != "message" {
				continue
			}
			f.subject, f.noText = "", false
		default:
			*f = form{kind: f.kind}
		}
		return c.ok()
	}
	return c.again()
}
