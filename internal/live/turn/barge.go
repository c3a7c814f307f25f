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
	voice    time.Duration // speech without recognised words that confirms
	wordless time.Duration // the same, when the recogniser is known to have words while the caller speaks: without them it is rather music
	words    time.Duration // speech with recognised words that confirms
	word     time.Duration // the same for a single one, which noise may be taken for
	decide   time.Duration // after the voice stopped, how long words may still come
}

var levels = map[Sensitivity]evidence{
	SensitivityLow: {voice: 1400 * time.Millisecond, wordless: 2800 * time.Millisecond, words: 500 * time.Millisecond, word: 600 * time.Millisecond,
		decide: 500 * time.Millisecond},
	SensitivityMedium: {voice: 700 * time.Millisecond, wordless: 2100 * time.Millisecond, words: 250 * time.Millisecond, word: 400 * time.Millisecond,
		decide: 350 * time.Millisecond},
	SensitivityHigh: {voice: 300 * time.Millisecond, wordless: 300 * time.Millisecond, decide: 250 * time.Millisecond},
}

// noticed is what the detector takes to find speech.
const noticed = 100 * time.Millisecond

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
	onset time.Time // when it began
	began time.Time // when it was found
	quiet time.Time // when it was found to have stopped
	limit time.Time // when it is decided at the latest
	heard said
	count int  // words heard
	soon  bool // so soon after their turn that they rather go on with it than listen or cough
	talks bool // the recogniser has words while the caller speaks
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
		p.talks = p.talks || !s.Final && s.Text != ""
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
			return p.judge(now)
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
	p.held, p.began, p.heard, p.count = true, now, saidNothing, 0
	p.soon = p.end.justEnded(v.At)
	p.o = overAgent{since: v.At, on: true, goingOn: goesOn}
	p.onset = now.Add(min(0, v.At-v.Pos)) // the evidence counts from there
	p.limit = now.Add(max(2*p.ev.voice, p.ev.wordless) + p.ev.decide)
	d := p.judge(now)
	if d.Act == None {
		d.Act, d.At = Hold, v.At
	}
	return d
}

// more is a further edge while the agent is held.
func (p *barge) more(now time.Time, v Voice) Decision {
	p.o.on = v.On
	if !v.On {
		p.o.offAt, p.o.off, p.quiet = v.At, now.Add(min(0, v.At-v.Pos)), now
	}
	return p.judge(now)
}

// words weighs what was recognised so far.
func (p *barge) words(now time.Time, w Words) Decision {
	p.heard, p.o.words, p.count = p.vocs.judge(w.Text), w, len(wordsOf(w.Text))
	if w.Final && (p.heard == saidNothing || p.heard == saidBackchannel && !p.answers()) {
		return p.release()
	}
	return p.judge(now)
}

// answers reports whether "yes" would be an answer: the agent has finished, or nearly so.
func (p *barge) answers() bool { return !p.agent.Speaking || p.agent.Left <= nearEnd }

// judge decides on what is known by now, or says until when it can wait: speech that lasts is speech, and silence after it was none.
func (p *barge) judge(now time.Time) Decision {
	voiced := p.o.offAt - p.o.since // once it has stopped
	var speech bool                 // it was, although it has stopped
	var at time.Time                // it is, if it goes on until then
	switch p.heard {
	case saidCommand:
		return p.confirm(now)
	case saidSpeech:
		need := p.ev.words
		if p.count == 1 {
			need = p.ev.word
		}
		at, speech = p.began.Add(need), p.count > 1 || voiced+noticed >= need
	case saidBackchannel:
		if p.answers() {
			return p.confirm(now)
		}
		at = p.began.Add(2 * p.ev.voice)
	default:
		need := p.ev.voice
		switch {
		case p.soon:
			need = need * 2 / 3
		case p.talks:
			need = p.ev.wordless
		}
		at, speech = p.onset.Add(need), voiced >= need
	}
	if !p.o.on {
		if speech {
			return p.confirm(now)
		}
		at = p.quiet.Add(p.ev.decide)
	}
	if at.After(p.limit) {
		at = p.limit
	}
	switch {
	case now.Before(at):
		return Decision{Wake: at}
	case p.o.on:
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
