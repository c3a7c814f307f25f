package turn

import "time"

// Sensitivity is how much evidence it takes to cut the agent.
type Sensitivity string

// The levels of sensitivity.
const (
	SensitivityLow    Sensitivity = "low"    // a noisy place: words, or long speech
	SensitivityMedium Sensitivity = "medium" // the default
	SensitivityHigh   Sensitivity = "high"   // any speech at all, quickly
)

// evidence is what a level asks for.
type evidence struct {
	voice  time.Duration // speech without recognised words that confirms
	words  time.Duration // speech with recognised words that confirms
	decide time.Duration // after the voice stopped, how long words may still come
}

var levels = map[Sensitivity]evidence{
	SensitivityLow:    {voice: 1400 * time.Millisecond, words: 500 * time.Millisecond, decide: 500 * time.Millisecond},
	SensitivityMedium: {voice: 700 * time.Millisecond, words: 250 * time.Millisecond, decide: 350 * time.Millisecond},
	SensitivityHigh:   {voice: 300 * time.Millisecond, words: 0, decide: 250 * time.Millisecond},
}

// nearEnd is how little of the agent's speech may be left for words to count as an answer to it rather than as a sign of listening.
const nearEnd = 700 * time.Millisecond

// barge decides about speech over the agent: it holds the agent at once, and confirms or releases on evidence, by a deadline. Whatever ends turns decides about everything
// else.
type barge struct {
	set  Settings
	ev   evidence
	vocs *vocabulary
	end  *floor

	agent Agent
	held  bool
	o     overAgent // what is held for
	began time.Time // when it was found
	quiet time.Time // when it was found to have stopped
	limit time.Time // when it is decided at the latest
	heard said
}

func newBarge(s Settings) *barge {
	ev, ok := levels[s.Sensitivity]
	if !ok {
		ev = levels[SensitivityMedium]
	}
	return &barge{set: s, ev: ev, vocs: vocabularyOf(s.Lang), end: newFloor(s)}
}

func (p *barge) Reset() {
	p.held = false
	p.end.reset()
}

func (p *barge) Observe(now time.Time, s Signal) Decision {
	switch s := s.(type) {
	case Agent:
		return p.agentMoved(now, s)
	case Suspicion:
		if p.end.open {
			return p.end.Observe(now, s)
		}
		if p.held || !p.mayCut() {
			return Decision{}
		}
		if s.On {
			return Decision{Act: Duck}
		}
		return Decision{Act: Unduck}
	case Voice:
		if p.held {
			return p.more(now, s)
		}
		if on := p.end.continues(now, s); s.On && !p.end.open && (p.mayCut() || on && p.agent.Thinking) {
			return p.hold(now, s, on)
		}
	case Words:
		if p.held {
			return p.words(now, s)
		}
	case Echo:
		if p.held {
			return p.release()
		}
		return Decision{}
	case Tick:
		if p.held {
			return p.due(now)
		}
	}
	return p.end.Observe(now, s)
}

// mayCut reports whether the agent is doing something that the caller's voice may cut.
func (p *barge) mayCut() bool {
	switch {
	case p.agent.Protected, !p.set.InterruptResponse:
		return false
	case p.agent.Speaking:
		return true
	}
	return p.agent.Thinking && !p.set.KeepThinking
}

// agentMoved notes what the agent does. When it fell silent by itself while we held it, the question is settled: this is the caller's turn.
func (p *barge) agentMoved(now time.Time, a Agent) Decision {
	p.agent = a
	p.end.Observe(now, a)
	if p.held && !a.Speaking && !a.Thinking {
		return p.confirm(now)
	}
	return Decision{}
}

func (p *barge) hold(now time.Time, v Voice, goesOn bool) Decision {
	p.held, p.began, p.heard = true, now, saidNothing
	p.o = overAgent{since: v.At, on: true, goingOn: goesOn}
	p.limit = now.Add(2*p.ev.voice + p.ev.decide)
	// The evidence counts from the onset, which lies behind us.
	return Decision{Act: Hold, At: v.At, Wake: now.Add(max(0, p.ev.voice-(v.Pos-v.At)))}
}

// more is a further edge while the agent is held.
func (p *barge) more(now time.Time, v Voice) Decision {
	p.o.on = v.On
	if v.On {
		return p.wait(p.began.Add(p.ev.voice))
	}
	p.o.offAt, p.o.off, p.quiet = v.At, now.Add(min(0, v.At-v.Pos)), now
	if v.At-p.o.since >= p.ev.voice && p.heard != saidBackchannel {
		return p.confirm(now)
	}
	return p.wait(now.Add(p.ev.decide))
}

// wait asks to be woken, at the latest at the limit.
func (p *barge) wait(t time.Time) Decision {
	if t.After(p.limit) {
		t = p.limit
	}
	return Decision{Wake: t}
}

// words weighs what was recognised so far.
func (p *barge) words(now time.Time, w Words) Decision {
	p.heard, p.o.words = p.vocs.judge(w.Text), w
	switch p.heard {
	case saidCommand:
		return p.confirm(now)
	case saidSpeech:
		if spoken := now.Sub(p.began); spoken >= p.ev.words || !p.o.on {
			return p.confirm(now)
		}
		return p.wait(p.began.Add(p.ev.words))
	case saidBackchannel:
		if p.agent.Speaking && p.agent.Left <= nearEnd || !p.agent.Speaking {
			return p.confirm(now) // an answer
		}
		if w.Final {
			return p.release()
		}
	}
	if w.Final && p.heard == saidNothing {
		return p.release()
	}
	return Decision{}
}

// due is a deadline: speech that lasts is speech, and silence after it was none.
func (p *barge) due(now time.Time) Decision {
	last := !now.Before(p.limit)
	if p.o.on {
		switch spoken := now.Sub(p.began); {
		case last:
			return p.confirm(now)
		case p.heard == saidSpeech && spoken >= p.ev.words:
			return p.confirm(now)
		case p.heard == saidBackchannel && spoken < 2*p.ev.voice:
			return p.wait(p.began.Add(2 * p.ev.voice))
		case spoken >= p.ev.voice-200*time.Millisecond || p.heard != saidNothing:
			return p.confirm(now)
		}
		return p.wait(p.began.Add(p.ev.voice))
	}
	if at := p.quiet.Add(p.ev.decide); now.Before(at) && !last {
		return p.wait(at)
	}
	if p.heard == saidSpeech || p.heard == saidCommand {
		return p.confirm(now)
	}
	return p.release()
}

// confirm gives the caller the turn that began at the onset.
func (p *barge) confirm(now time.Time) Decision {
	p.held = false
	return p.end.take(now, p.o)
}

// release lets the agent go on. Sound that goes on was judged to be none of the caller's: until it stops it is not looked at again.
func (p *barge) release() Decision {
	p.held = false
	return Decision{Act: Resume}
}
