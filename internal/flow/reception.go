package flow

import (
	"strconv"
	"strings"
	"time"

	"griot/internal/model/llm"
)

// answer is what the flow says to one message.
type answer struct {
	text   string
	stop   llm.StopReason
	intent string // what was understood: an intent's name, or "silence", "miss", "menu", "day", "yes", "no", "form"
}

// caller is where a conversation stands. It is made anew for every request by going through what the caller has said: nothing is kept
// between requests.
type caller struct {
	p       *pack
	now     time.Time
	form    *form
	offer   string         // the yes/no question that is open: "message" or "more"
	last    string         // what a caller who says "pardon?" hears again
	topic   string         // of the last question about the company
	misses  int            // utterances not understood, in a row
	silence int            // turns without a word, in a row
	said    map[string]int // how often each list of answers was used
}

func newCaller(p *pack, now time.Time) *caller {
	return &caller{p: p, now: now, said: map[string]int{}, last: p.Texts.LastNone}
}

// replay goes through the history. trailing is how many assistant messages stand after the caller's last one: at least one means that the
// caller has not answered.
func replay(p *pack, now time.Time, messages []llm.Message) (c *caller, a answer, trailing int) {
	c = newCaller(p, now)
	heard := false
	for _, m := range messages {
		switch m.Role {
		case llm.User:
			a = c.hear(m.Text)
			heard, trailing = true, 0
		case llm.Assistant:
			if m.Text != "" {
				trailing++
			}
		}
	}
	if trailing > 0 {
		c.silence += trailing - 1
		return c, c.quiet(), trailing
	}
	if !heard {
		return c, answer{text: p.Greeting, intent: "greeting"}, 0
	}
	return c, a, 0
}

// hear answers one message.
func (c *caller) hear(text string) answer {
	ts := tokens(text, c.p.join)
	if len(ts) == 0 {
		return c.quiet()
	}
	if only(c.p.noise, ts) {
		return answer{stop: llm.StopNothing, intent: "noise"}
	}
	c.silence = 0
	a := c.turn(text, ts)
	if a.stop == "" {
		a.stop = llm.StopEnd
	}
	if a.intent != "repeat" && a.intent != "slower" && a.intent != "wait" {
		c.last = a.text
	}
	if a.intent != "miss" {
		c.misses = 0
	}
	return a
}

func (c *caller) turn(text string, ts []token) answer {
	m := c.p.understand(ts)
	if c.form != nil {
		return c.fill(text, ts, m)
	}
	if c.offer != "" {
		if a, ok := c.offered(ts, m); ok {
			return a
		}
		c.offer = ""
	}
	if d, ok := c.key(ts); ok {
		return c.menu(d)
	}
	if two := c.p.both(text); two != nil {
		first := c.inform(two[0].intent, two[0].ts)
		second := c.inform(two[1].intent, two[1].ts)
		return answer{text: first.text + c.p.Texts.And + second.text, intent: first.intent + "+" + second.intent}
	}
	w := c.p.when(ts, c.now)
	core := c.p.trim(ts)
	onlyDay := w.hasDay() && w.used >= (len(core)+1)/2 && len(core) <= 4
	switch {
	case m.intent == nil && w.hasDay() && (onlyDay || c.topic == "hours"):
		return c.openOn(w)
	case m.intent == nil && w.minute >= 0 && len(core) <= 5:
		return c.openOn(w)
	case onlyDay && !m.whole && (m.is("hours") || m.score < threshold+4):
		return c.openOn(w)
	case m.intent != nil:
		return c.serve(m.intent, ts)
	}
	switch c.p.yesNo(ts) {
	case 1:
		return c.one("yes", c.p.Texts.Yes)
	case -1:
		c.offer = "more"
		return c.one("no", c.p.Texts.No)
	}
	if d, used := c.p.digits(ts); len(d) >= c.p.Phone.Min && len(d) <= c.p.Phone.Max && used*2 >= len(core) {
		return c.begin("message", ts) // a number out of the blue: somebody wants to be called
	}
	if id := c.item(ts); id != "" {
		c.topic = "services"
		return answer{text: c.p.Items[id].Answer, intent: "services"}
	}
	return c.miss()
}

// serve answers an intent outside a form.
func (c *caller) serve(in *compiledIntent, ts []token) answer {
	switch in.Name {
	case "goodbye":
		return answer{text: c.take(in.Name, in.Answers), stop: llm.StopHangUp, intent: in.Name}
	case "message", "callback":
		return c.begin(in.Name, ts)
	case "human", "order", "trouble", "insult", "weasels":
		c.offer = "message"
	case "thanks":
		c.offer = "more"
	case "time":
		day := c.p.DayNames[c.now.Weekday()]
		t := c.take(in.Name, in.Answers)
		return answer{text: fill(t, "clock", c.clock(c.now.Hour()*60+c.now.Minute()), "weekday", day), intent: in.Name}
	}
	if in.Info {
		return c.inform(in, ts)
	}
	return answer{text: fill(c.take(in.Name, in.Answers), "last", c.last), intent: in.Name}
}

// inform answers a question about the company.
func (c *caller) inform(in *compiledIntent, ts []token) answer {
	c.topic = in.Name
	switch in.Name {
	case "hours":
		w := c.p.when(ts, c.now)
		if w.hasDay() || w.minute >= 0 {
			a := c.openOn(w)
			a.intent = "hours"
			return a
		}
	case "price", "services":
		if id := c.item(ts); id != "" {
			return answer{text: c.p.Items[id].Answer, intent: in.Name}
		}
	}
	return answer{text: c.take(in.Name, in.Answers), intent: in.Name}
}

// item returns the service that is spoken of, the one with the most words.
func (c *caller) item(ts []token) string {
	best, n := "", 0
	for _, it := range c.p.items {
		if _, k := it.node.find(ts); k > n {
			best, n = it.name, k
		}
	}
	return best
}

// offered answers while a yes/no question is open.
func (c *caller) offered(ts []token, m meaning) (answer, bool) {
	yn := c.p.yesNo(ts)
	if m.intent != nil && m.whole && yn == 0 {
		return answer{}, false
	}
	if m.intent != nil && m.intent.Always && m.whole {
		return answer{}, false
	}
	offer := c.offer
	switch yn {
	case 1:
		if len(ts) > 2 && m.intent != nil && !m.is("human", "thanks") { // "yes, what are your hours?"
			return answer{}, false
		}
		c.offer = ""
		if offer == "message" {
			return c.begin("message", nil), true
		}
		return c.one("yes", c.p.Texts.More), true
	case -1:
		if m.intent != nil && m.intent.Info {
			return answer{}, false
		}
		c.offer = ""
		if offer == "message" {
			return c.one("no", c.p.Texts.Declined), true
		}
		return answer{text: c.take("no_more", c.p.Texts.NoMore), stop: llm.StopHangUp, intent: "goodbye"}, true
	}
	return answer{}, false
}

// key reads a single key of the telephone, pressed or spoken.
func (c *caller) key(ts []token) (string, bool) {
	if len(ts) != 1 {
		return "", false
	}
	if w := ts[0].norm; w == "#" || w == "*" {
		return w, true
	}
	for _, k := range c.p.keys {
		if prefix(k.node, ts) == 1 {
			return k.name, true
		}
	}
	d, n := c.p.number(ts)
	return d, n == 1 && len(d) == 1
}

// menu answers a key of the greeting's menu.
func (c *caller) menu(key string) answer {
	name := map[string]string{"1": "hours", "2": "address", "3": "message", "0": "human"}[key]
	for i := range c.p.intents {
		if c.p.intents[i].Name == name {
			return c.serve(&c.p.intents[i], nil)
		}
	}
	if key == "#" || key == "*" {
		return c.one("menu", c.p.Texts.Menu)
	}
	word := key
	if n, err := strconv.Atoi(key); err == nil && n < len(c.p.DigitWords) {
		word = c.p.DigitWords[n]
	}
	return answer{text: fill(c.take("menu_none", c.p.Texts.MenuNone), "digit", word), intent: "menu"}
}

// miss answers what was not understood: examples, then a person, then keys and typing.
func (c *caller) miss() answer {
	i := min(c.misses, len(c.p.Texts.Miss)-1)
	c.misses++
	if i == 1 {
		c.offer = "message"
	}
	return answer{text: c.p.Texts.Miss[i], intent: "miss"}
}

// quiet answers a turn without a word.
func (c *caller) quiet() answer {
	i := c.silence
	c.silence++
	if i >= len(c.p.Texts.Silence) {
		return answer{text: c.p.Texts.SilenceEnd[0], stop: llm.StopHangUp, intent: "silence"}
	}
	text := c.p.Texts.Silence[i]
	if c.form != nil {
		text += " " + c.prompt(0)
	}
	return answer{text: text, stop: llm.StopEnd, intent: "silence"}
}

// one takes the next of a list of answers.
func (c *caller) one(name string, list []string) answer {
	return answer{text: c.take(name, list), intent: name}
}

func (c *caller) take(name string, list []string) string {
	n := c.said[name]
	c.said[name]++
	return list[n%len(list)]
}

// fill puts values in the place of {names}: fill(text, "day", "Monday").
func fill(text string, pairs ...string) string {
	old := make([]string, 0, len(pairs))
	for i := 0; i+1 < len(pairs); i += 2 {
		old = append(old, "{"+pairs[i]+"}", pairs[i+1])
	}
	return strings.NewReplacer(old...).Replace(text)
}
