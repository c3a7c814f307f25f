package flow

import (
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
