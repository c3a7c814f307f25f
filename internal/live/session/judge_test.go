package session

import (
	"slices"
	"strings"
	"time"

	"griot/internal/event"
	"griot/internal/model/llm"
)

// check looks at the session from inside, after every step.
func (c *chaos) check(st *state, now time.Time) {
	if c.plant.state != nil {
		c.plant.state(st)
	}
	at := now.Sub(c.stage.start)
	if err := st.invariants(now); err != nil {
		c.report("%.2fs: %v", at.Seconds(), err)
	}
	if held := c.sess.player.Held(); held != (st.cand != nil) && st.closing == "" {
		c.report("%.2fs: the agent is held: %t; something is weighed: %t", at.Seconds(), held, st.cand != nil)
	}
	leg := c.stage.leg
	leg.mu.Lock()
	still, ducked := !leg.still.IsZero(), leg.ducked
	leg.mu.Unlock()
	if leg.holds && still != c.sess.player.Held() {
		c.report("%.2fs: the far end pauses: %t", at.Seconds(), still)
	}
	if ducked && st.cand == nil && st.closing == "" && leg.silence(at) > 2*time.Second {
		c.report("%.2fs: the far end was left with a low voice", at.Seconds())
	}
	c.hist = c.hist[:0]
	for _, it := range st.hist.items {
		c.hist = append(c.hist, *it)
	}
}

// judge looks at the whole conversation from outside.
func (c *chaos) judge() {
	log := c.stage.log
	if len(log) == 0 || log[len(log)-1].Body.EventType() != "session.ended" {
		c.report("the log does not end with the end")
		return
	}
	c.judgeWords()
	c.judgeAnswers()
	c.judgeSound()
	c.judgeTurns()
	c.judgeTools()
	c.judgeHistory()
}

// judgeWords: nothing counts as heard that the far end has not played.
func (c *chaos) judgeWords() {
	for _, e := range c.stage.log {
		b, ok := e.Body.(event.AgentSaid)
		if !ok {
			continue
		}
		if !strings.HasPrefix(b.Said, b.Text) {
			c.report("%q was heard of %q", b.Text, b.Said)
		}
		if played := c.stage.leg.upto(e.Gen); !c.told[e.Gen] && b.Upto.Duration() > played+time.Millisecond {
			c.report("generation %d: %v were heard and %v were played", e.Gen, b.Upto.Duration(), played)
		}
		if b.Text != "" && b.Upto == 0 && b.Total > 0 {
			c.report("generation %d: words were heard and no sound", e.Gen)
		}
		// At most six words a second are spoken. Where the voice does not mark its words they are placed by their syllables, and this voice gives each word the same time:
		// short words at the start of a sentence of long ones are then taken for spoken before they are, by at most half of their time.
		rate := 6.1
		if !c.marks {
			rate *= 2
		}
		if n := len(strings.Fields(b.Text)); b.Total > 0 && float64(n) > rate*b.Upto.Duration().Seconds()+0.5 {
			c.report("generation %d: %d words were heard in %v", e.Gen, n, b.Upto.Duration())
		}
	}
}

// patience is how long a caller waits for an answer while nobody says anything; stuck is how long a reply may go without any sign of life.
const (
	patience = 9 * time.Second
	stuck    = 14 * time.Second // a model that falls silent, 8 s, and then a voice, 5 s
)

// judgeAnswers: what the caller said is answered, and every reply ends.
func (c *chaos) judgeAnswers() {
	log := c.stage.log
	ended := log[len(log)-1].At
	started, spoken := map[event.Gen]time.Time{}, map[string]bool{}
	committed, answer := map[string]int{}, -1 // where turns ended, and where the newest answer to one began: words may come after it
	var owed *event.Event
	var since time.Time // when the caller began to wait: while a reply is under way somebody owes the next move
	active := 0
	for i := range log {
		e := log[i]
		if active > 0 && e.At.Sub(log[i-1].At) > stuck {
			c.report("nothing came of a reply for %v", e.At.Sub(log[i-1].At))
		}
		if owed != nil && slices.ContainsFunc(c.silence, func(at time.Time) bool { return !at.Before(owed.At) && !at.After(e.At) }) {
			owed = nil // it was meant
		}
		if owed != nil && active == 0 && e.At.Sub(since) > patience {
			c.report("%q was never answered", owed.Body.(event.UserSpoke).Text)
			owed = nil
		}
		switch b := e.Body.(type) {
		case event.SpeechStopped:
			spoken[b.Item] = true
		case event.InputCommitted:
			committed[b.Item] = i
		case event.UserSpoke:
			if at, ok := committed[b.Item]; ok && answer > at {
				continue
			}
			if spoken[b.Item] && c.answers { // and was not committed by a client, which answers when it likes
				owed, since = &log[i], e.At
			}
		case event.ReplyStarted:
			started[e.Gen] = e.At
			active++
			if b.Cause == "turn" {
				answer = i
			}
			if owed != nil && !b.OutOfBand && (b.Cause == "turn" || b.Cause == "client") {
				owed = nil
			}
		case event.SpeechStarted:
			owed = nil // the caller goes on
		case event.ReplyDone:
			active--
			delete(started, e.Gen)
			since = e.At
			if b.Reason == "client_cancelled" {
				owed, answer = nil, i // it was meant
			}
		}
	}
	for g, at := range started {
		if ended.Sub(at) > 45*time.Second {
			c.report("reply %d never ended", g)
		}
	}
}

// judgeSound: what a reply is cut off from is not heard, and what is not cut is heard whole, each sample once and in order.
func (c *chaos) judgeSound() {
	leg := c.stage.leg
	done, cut := map[event.Gen]time.Duration{}, map[event.Gen]bool{}
	for _, e := range c.stage.log {
		switch b := e.Body.(type) {
		case event.ReplyDone:
			if b.Status == "cancelled" {
				done[e.Gen] = e.At.Sub(c.stage.start)
			}
		case event.AgentSaid:
			cut[e.Gen] = b.Cut
		}
	}
	for g, at := range done {
		if last, ok := leg.last[g]; ok && last > at {
			c.report("generation %d was cut at %v and a frame of it was sent at %v", g, at, last)
		}
	}
	for g, h := range leg.heard {
		// Of a far end that tells nothing it can only be guessed where it stopped, and no better than by its buffer: once for this reply, and once for the one that was
		// still playing before it.
		if worst := leg.info.Out.Duration(h.worst); h.jumps > 0 && (!leg.deaf || worst > 2*loopLag) {
			c.report("generation %d was not heard as it was spoken: %d jumps of up to %v in %v", g, h.jumps, worst, leg.upto(g))
		}
	}
}

// judgeTurns: a turn ends soon after the caller has stopped.
func (c *chaos) judgeTurns() {
	open := ""
	for _, e := range c.stage.log {
		at := e.At.Sub(c.stage.start)
		switch b := e.Body.(type) {
		case event.SpeechStarted:
			open = b.Item
		case event.InputCommitted, event.InputDropped, event.SessionEnded:
			if silence := c.stage.leg.silence(at); open != "" && silence > 5*time.Second {
				c.report("turn %s was open for %v of silence", open, silence)
			}
			open = ""
		}
	}
	timeouts, hangs := 0, false
	for _, e := range c.stage.events("failed") {
		if e.Body.(event.Failed).Code == "recogniser_timeout" {
			timeouts++
		}
	}
	for _, u := range c.heard[:len(c.heard)-c.stt.Left()] {
		hangs = hangs || u.Hang
	}
	if timeouts > 0 && !hangs {
		c.report("words were waited for that the recogniser had given")
	}
}

// judgeTools: each call is carried out once, and answered once.
func (c *chaos) judgeTools() {
	called := map[string]int{}
	for _, e := range c.stage.events("tool.called") {
		called[e.Body.(event.ToolCalled).CallID]++
	}
	for id, n := range called {
		if n > 1 {
			c.report("call %s was made %d times", id, n)
		}
	}
	for _, t := range []*scripted{c.look, c.pay} {
		for id, n := range t.calls {
			if n > 1 || called[id] == 0 {
				c.report("%s was carried out %d times for call %s, which was made %d times", t.name, n, id, called[id])
			}
		}
	}
	results := map[string]int{}
	for _, it := range c.hist {
		if it.Kind == "function_call_output" {
			if results[it.CallID]++; results[it.CallID] > 1 {
				c.report("call %s was answered twice", it.CallID)
			}
		}
	}
}

// judgeHistory: the agent remembers of its own words only what was heard.
func (c *chaos) judgeHistory() {
	settled := map[string]string{}
	for _, e := range c.stage.events("agent.said") {
		b := e.Body.(event.AgentSaid)
		settled[b.Item] = b.Text
	}
	for _, it := range c.hist {
		if it.Role != llm.Assistant || !it.Audio {
			continue
		}
		if heard, ok := settled[it.ID]; ok && !strings.HasPrefix(heard, it.Text) {
			c.report("history holds %q and %q was heard", it.Text, heard)
		}
	}
}
