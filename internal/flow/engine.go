package flow

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"griot/internal/model/llm"
)

// value of a slot: as programs read it (2026-11-24, 15:00, 0612345678), and as it is spoken.
type value struct{ raw, spoken string }

// step is what the flow does after one message.
type step struct {
	text  string
	stop  llm.StopReason
	call  *llm.ToolCall
	model *Node // a language model answers
}

// walk is where a conversation with a flow stands. It is made anew for every request from what the caller said and what tools answered.
type walk struct {
	s        *spoken
	now      time.Time
	session  string
	tools    []string
	minded   bool // there is a language model
	at       *Node
	values   map[string]value
	partial  string // digits of a telephone number so far
	part     string // of the day, said before the hour
	misses   int
	silence  int
	last     string
	heard    string // the caller's last words
	changing bool   // the caller was asked what to change
	waiting  string // id of the tool call whose result is awaited
	calls    int
	ended    bool
	trail    []string // ids of the nodes gone through since the last message
}

// follow goes through a history and returns what comes next.
func follow(s *spoken, now time.Time, minded bool, req llm.Request) (*walk, step) {
	w := &walk{s: s, now: now, session: req.Session, minded: minded, values: map[string]value{}}
	for _, t := range req.Tools {
		w.tools = append(w.tools, t.Name)
	}
	st := w.enter(s.d.Start, "")
	trailing := 0
	for _, m := range req.Messages {
		if m.Role == llm.User || m.Role == llm.ToolRole {
			w.trail = nil
		}
		switch m.Role {
		case llm.User:
			st, trailing = w.hear(m.Text), 0
		case llm.ToolRole:
			if w.waiting != "" && m.CallID == w.waiting {
				st = w.returned(m.Text)
			}
			trailing = 0
		case llm.Assistant:
			if m.Text != "" && len(m.Calls) == 0 {
				trailing++
			}
		}
	}
	if trailing > 0 && w.waiting == "" {
		w.silence += trailing - 1
		st = w.quiet()
	}
	return w, st
}

// enter goes to a node, and on from there as far as nobody is asked. said is what was said before.
func (w *walk) enter(id, said string) step {
	join := func(a, b string) string { return strings.TrimSpace(a + " " + b) }
	for range 2 * maxNodes {
		n := w.s.nodes[id]
		if n == nil { // an edge that a flow may leave out
			return w.end(join(said, w.s.say.Goodbye))
		}
		w.at, w.misses, w.changing, w.partial = n, 0, false, ""
		w.trail = append(w.trail, n.ID)
		switch n.Kind {
		case Say:
			said = join(said, w.wording(n, 0))
			id = w.s.next[n.ID][""]
		case Ask:
			if _, ok := w.values[n.Slot]; !ok {
				return w.ask(join(said, w.wording(n, 0)))
			}
			id = w.s.next[n.ID][""]
		case Choose:
			v, ok := w.values[n.Slot]
			if n.Slot == "" || !ok {
				return w.ask(join(said, w.wording(n, 0)))
			}
			id = w.chosen(n, v.raw)
		case Confirm:
			return w.ask(join(said, w.wording(n, 0)))
		case Call:
			if !slices.Contains(w.tools, n.Tool) {
				said, id = join(said, w.wording(n, 0)), w.s.next[n.ID]["failed"]
				continue
			}
			return w.call(join(said, w.wording(n, 0)), n.Tool, n.Arguments)
		case Human:
			said = join(said, w.wording(n, 0))
			if n.Number == "" || !slices.Contains(w.tools, transferTool) {
				id = w.s.next[n.ID]["unavailable"]
				continue
			}
			return w.call(said, transferTool, map[string]string{"to": n.Number})
		case Model:
			if !w.minded && !w.s.d.Company && len(w.s.questions) == 0 {
				id = w.s.next[n.ID]["unavailable"]
				continue
			}
			if len(n.Say[w.s.lang]) > 0 || w.heard == "" {
				return w.ask(join(said, w.wording(n, 0)))
			}
			st := w.local(tokens(w.heard, w.s.p.join))
			st.text, st.model = join(said, st.text), n
			return st
		default:
			return w.end(join(said, w.wording(n, 0)))
		}
	}
	return w.end(w.s.say.GivenUp)
}

// transferTool connects a caller with a person.
const transferTool = "transfer_call"

func (w *walk) ask(text string) step {
	w.last = text
	return step{text: text, stop: llm.StopEnd}
}

func (w *walk) end(text string) step {
	w.ended = true
	return step{text: text, stop: llm.StopHangUp}
}

// go on along an edge.
func (w *walk) along(on, said string) step {
	return w.enter(w.s.next[w.at.ID][on], said)
}

func (w *walk) chosen(n *Node, v string) string {
	if to, ok := w.s.next[n.ID][v]; ok {
		return to
	}
	known := slices.ContainsFunc(n.Options, func(o Option) bool { return o.Value == v })
	if to, ok := w.s.next[n.ID]["other"]; ok && !known {
		return to
	}
	return w.s.next[n.ID][""]
}

// wording is a node's text; try counts the failures so far.
func (w *walk) wording(n *Node, try int) string {
	list := n.Say[w.s.lang]
	if len(list) == 0 {
		return ""
	}
	return w.filled(list[min(try, len(list)-1)], true)
}

// filled puts the slots in the place of their {names}.
func (w *walk) filled(text string, spoken bool) string {
	return slotInText.ReplaceAllStringFunc(text, func(m string) string {
		v := w.values[m[1:len(m)-1]]
		if spoken {
			return v.spoken
		}
		return v.raw
	})
}

// call asks for a tool. Its id is the same whenever the same history is gone through.
func (w *walk) call(said, tool string, arguments map[string]string) step {
	args := map[string]string{}
	for k, a := range arguments {
		if v := w.filled(a, false); v != "" {
			args[k] = v
		}
	}
	b, err := json.Marshal(args)
	if err != nil { // strings can always be written
		b = []byte("{}")
	}
	w.calls++
	sum := sha256.Sum256([]byte(w.session + "\x00" + w.at.ID + "\x00" + strconv.Itoa(w.calls) + "\x00" + string(b)))
	w.waiting = "flow_" + hex.EncodeToString(sum[:8])
	return step{text: said, stop: llm.StopTools, call: &llm.ToolCall{ID: w.waiting, Name: tool, Arguments: string(b)}}
}

// returned goes on with a tool's result: an object is a success, anything else the words of a failure.
func (w *walk) returned(output string) step {
	w.waiting = ""
	var got map[string]any
	on := "ok"
	if json.Unmarshal([]byte(output), &got) != nil {
		on = "failed"
	}
	status, _ := got["status"].(string)
	if ref, ok := got["reference"].(string); ok {
		w.values["reference"] = value{ref, ref}
	}
	if w.at.Kind == Human {
		if on == "ok" {
			return w.end("")
		}
		return w.along("unavailable", "")
	}
	if _, ok := w.s.next[w.at.ID][status]; ok && status != "" && on == "ok" {
		on = status
	}
	if on != "ok" { // what was refused is asked again
		w.forget(w.s.next[w.at.ID][on])
	}
	return w.along(on, "")
}

// forget empties the slot of the next question on the way from a node, so that entering it asks.
func (w *walk) forget(id string) {
	for range w.s.d.Nodes {
		n := w.s.nodes[id]
		if n == nil {
			return
		}
		if n.Kind == Say {
			id = w.s.next[id][""]
			continue
		}
		delete(w.values, n.Slot)
		return
	}
}

// hear answers one message of the caller.
func (w *walk) hear(text string) step {
	p := w.s.p
	ts := tokens(text, p.join)
	if w.ended {
		return w.end(w.s.say.Goodbye)
	}
	if w.waiting != "" { // its result was lost when the caller spoke
		w.waiting = ""
		on := "failed"
		if w.at.Kind == Human {
			on = "unavailable"
		}
		return w.along(on, "")
	}
	if len(ts) == 0 {
		return w.quiet()
	}
	if only(p.noise, ts) {
		return step{stop: llm.StopNothing}
	}
	w.silence, w.heard = 0, text
	if st, ok := w.aside(ts); ok {
		return st
	}
	switch w.at.Kind {
	case Ask:
		return w.fill(text, ts)
	case Choose:
		return w.choose(text, ts)
	case Confirm:
		return w.confirm(text, ts)
	default:
		return w.converse(ts)
	}
}

// aside answers what has nothing to do with the node: "repeat that", "a person, please", a question.
func (w *walk) aside(ts []token) (step, bool) {
	p, say := w.s.p, w.s.say
	m := p.understand(ts)
	if m.intent == nil || !m.whole {
		m.intent = nil
	}
	if m.intent != nil && w.at.Kind == Confirm && p.yesNo(ts) != 0 && !m.is("goodbye", "cancel") {
		m.intent = nil
	}
	same := func(text string) (step, bool) { return step{text: text, stop: llm.StopEnd}, true }
	switch {
	case m.is("goodbye") && w.at.Kind == Model:
		return w.along("done", ""), true
	case m.is("goodbye"):
		return w.end(say.Goodbye), true
	case m.is("cancel") && !w.changing:
		if to, ok := w.s.next["*"]["cancel"]; ok {
			w.values = map[string]value{}
			return w.enter(to, ""), true
		}
		return w.end(say.Cancelled), true
	case m.is("human"):
		if to, ok := w.s.next["*"]["human"]; ok {
			return w.enter(to, ""), true
		}
		return same(say.NoHuman + " " + w.last)
	case m.is("repeat", "slower"):
		return same(fill(say.Repeat, "last", w.last))
	case m.is("wait"):
		return same(say.Wait)
	}
	if w.at.Kind == Model || w.at.Kind == Ask && w.at.Type == TypeText {
		return step{}, false
	}
	if w.at.Kind != Choose || !w.at.Free {
		if q := best(w.s.questions, ts); q != nil && len(p.trim(ts)) >= 3 && p.yesNo(ts) == 0 {
			return same(q.label + " " + w.last)
		}
	}
	if w.s.d.Company && m.intent != nil && m.intent.Info && len(p.trim(ts)) >= 3 && w.at.Kind != Choose {
		return same(newCaller(p, w.now).inform(m.intent, ts).text + " " + w.last)
	}
	return step{}, false
}

// again asks the same once more; after the third time the flow goes along "failed", or ends.
func (w *walk) again(text string) step {
	w.misses++
	if w.misses > 3 {
		if _, ok := w.s.next[w.at.ID]["failed"]; ok {
			return w.along("failed", "")
		}
		return w.end(w.s.say.GivenUp)
	}
	if text == "" {
		text = w.wording(w.at, w.misses)
	}
	return w.ask(text)
}

func (w *walk) quiet() step {
	i := w.silence
	w.silence++
	if w.ended || i >= len(w.s.say.Silence) {
		return w.end(w.s.say.SilenceEnd)
	}
	return step{text: w.s.say.Silence[i] + " " + w.last, stop: llm.StopEnd}
}

// choose finds the option that is meant.
func (w *walk) choose(text string, ts []token) step {
	n := w.at
	o := best(w.s.options[n.ID], ts)
	if o == nil {
		if d, k := w.s.p.number(ts); k == len(ts) { // by its number in the list
			if i, err := strconv.Atoi(d); err == nil && i >= 1 && i <= len(w.s.options[n.ID]) {
				o = &w.s.options[n.ID][i-1]
			}
		}
	}
	switch {
	case o != nil:
		w.gather(text, ts)
		w.set(n.Slot, o.value, o.label)
		return w.enter(w.chosen(n, o.value), "")
	case n.Free && len(w.s.p.trim(ts)) >= 2 && w.s.p.yesNo(ts) == 0:
		said := strings.TrimRight(shorten(strings.TrimSpace(text), 200), " .!?…")
		w.set(n.Slot, said, said)
		return w.enter(w.chosen(n, "\x00"), "")
	}
	labels := make([]string, 0, len(n.Options))
	for _, o := range w.s.options[n.ID] {
		labels = append(labels, o.label)
	}
	if len(n.Say[w.s.lang]) > w.misses+1 {
		return w.again("")
	}
	return w.again(fill(w.s.say.Options, "options", w.either(labels)))
}

func (w *walk) either(list []string) string {
	if len(list) < 2 {
		return strings.Join(list, "")
	}
	return strings.Join(list[:len(list)-1], ", ") + w.s.say.Or + list[len(list)-1]
}

func (w *walk) set(slot, raw, spoken string) {
	if slot != "" {
		w.values[slot] = value{raw, spoken}
	}
}

// converse answers in a model's node.
func (w *walk) converse(ts []token) step {
	p := w.s.p
	core := p.trim(ts)
	if yn := p.yesNo(ts); yn < 0 && len(core) <= 4 && p.understand(ts).intent == nil || yn < 0 && len(core) <= 2 {
		return w.along("done", "")
	} else if yn > 0 && len(core) <= 2 && !w.minded {
		return step{text: w.s.say.More, stop: llm.StopEnd}
	}
	st := w.local(ts)
	if w.minded {
		st.model = w.at
	}
	return st
}

// local answers a question without a language model.
func (w *walk) local(ts []token) step {
	p := w.s.p
	text := ""
	if q := best(w.s.questions, ts); q != nil {
		text = q.label
	} else if w.s.d.Company {
		c := newCaller(p, w.now)
		m, day := p.understand(ts), p.when(ts, w.now)
		switch {
		case m.intent != nil && m.intent.Info:
			text = c.inform(m.intent, ts).text
		case day.hasDay():
			text = c.openOn(day).text
		case c.item(ts) != "":
			text = p.Items[c.item(ts)].Answer
		}
	}
	if text != "" {
		w.misses = 0
		w.last = text + " " + w.s.say.Else
		return step{text: w.last, stop: llm.StopEnd}
	}
	if w.minded { // only spoken when the model fails
		return step{text: w.s.say.Unknown, stop: llm.StopEnd}
	}
	w.misses++
	if _, ok := w.s.next[w.at.ID]["unavailable"]; ok && w.misses >= 2 {
		return w.along("unavailable", "")
	}
	return w.ask(w.s.say.Unknown)
}

// slots lists what was collected, for programs.
func (w *walk) slots() map[string]string {
	out := map[string]string{}
	for _, k := range slices.Sorted(maps.Keys(w.values)) {
		out[k] = w.values[k].raw
	}
	return out
}
