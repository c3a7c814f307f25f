package flow

import (
	"strings"
	"time"

	"griot/internal/model/llm"
)

// slot is what a form asks for next.
type slot string

const (
	slotName    slot = "name"
	slotPhone   slot = "phone"
	slotSubject slot = "subject"
	slotDay     slot = "day"
	slotConfirm slot = "confirm"
	slotWhich   slot = "which" // what to change, after a "no"
)

// form takes a message or a wish to be called back.
type form struct {
	kind    string // "message" or "callback"
	name    string
	phone   string // complete
	partial string // digits so far
	subject string
	noText  bool // the caller has nothing to add
	day     string
	plain   string // the day alone
	ask     slot
	misses  int
}

// next moves on to the first thing that is missing.
func (f *form) next() {
	f.misses = 0
	switch {
	case f.name == "":
		f.ask = slotName
	case f.phone == "":
		f.ask = slotPhone
	case f.kind == "message" && f.subject == "" && !f.noText:
		f.ask = slotSubject
	case f.kind == "callback" && f.day == "":
		f.ask = slotDay
	default:
		f.ask = slotConfirm
	}
}

// begin opens a form; what the opening words already say is taken.
func (c *caller) begin(kind string, ts []token) answer {
	c.offer = ""
	f := &form{kind: kind}
	c.form = f
	if kind == "callback" {
		c.takeDay(ts)
	}
	c.takePhone(ts)
	f.next()
	return answer{text: c.p.Texts.Begin + " " + c.prompt(0), intent: kind}
}

// prompt asks for the current slot; try counts the failures so far.
func (c *caller) prompt(try int) string {
	f, t := c.form, &c.p.Texts
	list := map[slot][]string{
		slotName: t.AskName, slotPhone: t.AskPhone, slotSubject: t.AskSubject, slotDay: t.AskDay, slotWhich: t.AskWhich,
	}[f.ask]
	switch {
	case f.ask == slotConfirm && try > 0:
		list = t.ConfirmAgain
		return fill(list[min(try-1, len(list)-1)], "confirm", c.confirmation())
	case f.ask == slotConfirm:
		return c.confirmation()
	case f.ask == slotPhone && f.partial != "":
		return fill(t.PhoneMore[0], "digits", c.p.spoken(f.partial))
	}
	return c.values(list[min(try, len(list)-1)])
}

func (c *caller) confirmation() string {
	t := &c.p.Texts
	list := t.ConfirmMessage
	switch {
	case c.form.kind == "callback":
		list = t.ConfirmCallback
	case c.form.subject == "":
		list = t.ConfirmPlain
	}
	return c.values(list[0])
}

func (c *caller) values(text string) string {
	f := c.form
	return fill(text, "name", f.name, "phone", c.p.spoken(f.phone), "subject", f.subject, "day", f.day, "plainday", f.plain)
}

// fill answers while a form is open.
func (c *caller) fill(text string, ts []token, m meaning) answer {
	if a, ok := c.interrupt(ts, m); ok {
		return a
	}
	switch c.form.ask {
	case slotName:
		return c.fillName(ts, m)
	case slotPhone:
		return c.fillPhone(ts)
	case slotSubject:
		return c.fillSubject(text, ts)
	case slotDay:
		return c.fillDay(ts)
	case slotWhich:
		return c.fillWhich(ts)
	default:
		return c.fillConfirm(ts)
	}
}

// interrupt answers what has nothing to do with the slot: "wait", "repeat that", "where are you?", "goodbye".
func (c *caller) interrupt(ts []token, m meaning) (answer, bool) {
	if m.intent == nil {
		return answer{}, false
	}
	f := c.form
	t := &c.p.Texts
	if c.p.yesNo(ts) != 0 && (f.ask == slotConfirm || f.ask == slotWhich) && !m.is("goodbye", "cancel") {
		return answer{}, false
	}
	question := m.intent.Info && m.whole && len(c.p.trim(ts)) >= 3
	if f.ask == slotSubject && !(m.intent.Always && m.whole) && !question {
		return answer{}, false // the caller dictates
	}
	if f.ask == slotName && c.p.leadsName(ts) && !m.whole {
		return answer{}, false
	}
	if f.ask == slotWhich && !m.is("goodbye") {
		for _, k := range c.p.correct {
			if _, n := k.node.find(ts); n > 0 {
				return answer{}, false
			}
		}
	}
	switch {
	case m.is("goodbye"):
		c.form = nil
		return answer{text: t.FormGoodbye[0], stop: llm.StopHangUp, intent: "goodbye"}, true
	case m.is("cancel") && (m.whole || f.ask != slotName):
		c.form = nil
		return answer{text: t.FormCancelled[0], intent: "cancel"}, true
	case m.is("repeat", "slower") && m.whole:
		return answer{text: fill(c.take(m.intent.Name, m.intent.Answers), "last", c.prompt(0)), intent: m.intent.Name}, true
	case m.is("wait") && m.whole:
		return answer{text: c.take(m.intent.Name, m.intent.Answers), intent: "wait"}, true
	case m.is("human") && m.whole && f.ask != slotSubject:
		return answer{text: t.FormHuman[0] + " " + c.prompt(0), intent: "human"}, true
	case m.intent.Info && (m.whole || m.score >= threshold+4):
		if f.ask == slotDay && m.is("hours") && !m.whole {
			return answer{}, false
		}
		a := c.inform(m.intent, ts)
		a.text += " " + c.prompt(0)
		return a, true
	case m.is("help", "robot", "how_are_you", "time", "joke", "weather", "language", "insult", "apology", "hello", "thanks", "password") && m.whole:
		if m.is("hello", "thanks", "apology", "help") {
			return answer{text: c.prompt(1), intent: m.intent.Name}, true
		}
		a := c.serve(m.intent, ts)
		c.offer = ""
		a.text += " " + c.prompt(0)
		return a, true
	}
	return answer{}, false
}

func (c *caller) ok() answer {
	c.form.next()
	return answer{text: c.prompt(0), intent: "form"}
}

// again asks the same once more, and gives up the third time.
func (c *caller) again() answer {
	c.form.misses++
	if c.form.misses > 3 {
		c.form = nil
		return answer{text: c.p.Texts.FormGivenUp[0], intent: "cancel"}
	}
	return answer{text: c.prompt(c.form.misses), intent: "form"}
}

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

// shorten cuts text after at most n runes.
func shorten(s string, n int) string {
	for i := range s {
		if n == 0 {
			return s[:i]
		}
		n--
	}
	return s
}
