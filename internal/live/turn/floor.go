package turn

import "time"

const (
	// prepareAfter is how much silence after finished words is worth beginning to think.
	prepareAfter = 180 * time.Millisecond
	// settle is how long words that came in the pause may be followed by more of what a slow recogniser still has.
	settle = 80 * time.Millisecond
	// firstLag is how long after speech its last words come, before we know.
	firstLag   = 200 * time.Millisecond
	longestLag = 600 * time.Millisecond
	// lagStep is what it takes to wait longer when the last words came after the turn's end, no telling how long after.
	lagStep = 100 * time.Millisecond
	// onset is how long the first signs of speech may take to become speech.
	onset = 160 * time.Millisecond
	// tooSoon is how soon after the end of their turn nobody yet interrupts an answer: they go on.
	tooSoon = 1200 * time.Millisecond
	// stale is how much speech without any words makes older words worthless.
	stale = 500 * time.Millisecond
)

// floor follows the caller's turn: speech begins it, and it ends after a pause whose length the ender chooses.
type floor struct {
	set   Settings
	end   ender
	words *reader
	agent Agent

	open    bool          // the caller has a turn
	voiced  bool          // and is making sound right now
	started time.Time     // when the turn began
	onAt    time.Duration // audio position at which sound last began
	offAt   time.Duration // and at which it last stopped
	off     time.Time     // the same on our clock
	due     time.Time     // when the pause will have lasted long enough
	sign    time.Time     // since when there are first signs of speech; zero for none

	before   string    // the turn's words before it was reopened
	text     string    // and what the recogniser has since
	whole    bool      // the recogniser knows the text for a sentence
	said     time.Time // when the text last changed
	lag      time.Duration
	late     time.Duration // the lag of this pause's words so far
	prepared int           // how often an answer was prepared in this turn
	ready    string        // the words of the newest

	ended   time.Time     // when the last turn ended
	endedAt time.Duration // and its position in the audio
	mergeOK bool          // it may be gone on with
	unheard bool          // nothing of the agent was heard since
	last    verdict       // the impression in the newest pause
	judged  bool          // it ended the turn by itself, and nothing was learnt of it yet
}

func newFloor(s Settings) *floor {
	return &floor{set: s, end: enderOf(s), words: readerOf(s.Lang), lag: firstLag}
}

func (p *floor) reset() {
	p.open, p.voiced, p.mergeOK, p.judged = false, false, false, false
	p.sign = time.Time{}
	p.clearWords()
}

func (p *floor) clearWords() { p.before, p.text, p.whole, p.said = "", "", false, time.Time{} }

func (p *floor) Observe(now time.Time, s Signal) Decision {
	switch s := s.(type) {
	case Agent:
		p.agent = s
		if s.Speaking {
			p.mergeOK, p.unheard = false, false
		}
	case Suspicion:
		p.sign = time.Time{}
		if s.On {
			p.sign = now
		}
		return p.weigh(now)
	case Asked:
		p.words.asked = s
		return p.weigh(now)
	case Words:
		return p.hear(now, s)
	case Voice:
		if s.On {
			return p.on(now, s)
		}
		return p.stop(now, s)
	case Tick:
		return p.tick(now)
	}
	return Decision{}
}

// limit is when the turn ends whatever happens.
func (p *floor) limit() time.Time { return p.started.Add(p.set.MaxTurn) }

func (p *floor) on(now time.Time, s Voice) Decision {
	p.sign = time.Time{}
	if p.open && !p.voiced && s.At-p.offAt >= p.due.Sub(p.off) {
		// The audio came faster than real time: by its own clock the pause was long enough, whatever ours says.
		d := p.finish(p.due.Sub(p.off))
		p.ended = now
		d.Again = true
		return d
	}
	switch {
	case p.open && !p.voiced:
		p.end.wentOn(p.last, s.At-p.offAt)
		p.pauseOver()
	case !p.open && p.continues(now, s):
		return p.reopen(s)
	case !p.open:
		p.begin(now, s.At)
		p.voiced, p.onAt = true, s.At
		return Decision{Act: Start, At: s.At, Wake: p.limit()}
	}
	p.voiced, p.onAt = true, s.At
	return Decision{Wake: p.limit()}
}

// begin opens a new turn with speech at a position of the audio. By now it is known whether the last one had been over.
func (p *floor) begin(now time.Time, at time.Duration) {
	switch {
	case !p.judged:
	case p.justEnded(at) && (!p.unheard || at-p.endedAt <= DefaultMerge):
		p.end.wentOn(p.last, at-p.offAt)
	default:
		p.end.ended(p.last)
	}
	p.judged = false
	p.clearWords()
	p.open, p.mergeOK, p.unheard, p.started, p.prepared, p.ready = true, false, false, now, 0, ""
}

// continues reports whether speech that begins here goes on with the turn that ended last.
func (p *floor) continues(now time.Time, s Voice) bool {
	return p.mergeOK && p.set.Merge > 0 && s.At-p.endedAt <= p.set.Merge && now.Add(s.At-s.Pos).Sub(p.ended) <= p.set.Merge
}

// justEnded reports whether the caller's turn ended so short a time before a position of the audio that speech there rather belongs to it.
func (p *floor) justEnded(at time.Duration) bool { return p.judged && at-p.endedAt <= tooSoon }

// reopen goes on with the turn that ended last, with speech that began at s.
func (p *floor) reopen(s Voice) Decision {
	p.end.wentOn(p.last, s.At-p.offAt)
	p.judged = false
	p.pauseOver()
	p.before, p.text, p.whole = joined(p.before, p.text), "", false
	p.open, p.voiced, p.mergeOK, p.onAt = true, true, false, s.At
	return Decision{Act: Reopen, At: s.At, Wake: p.limit()}
}

// overAgent is speech that was weighed and found to be a turn.
type overAgent struct {
	since   time.Duration // audio position of its onset
	on      bool          // it goes on
	offAt   time.Duration // or else where it stopped
	off     time.Time     // the same on our clock
	words   Words
	goingOn bool // it goes on with the turn that ended last
}

// take gives the caller a turn with speech that was weighed before.
func (p *floor) take(now time.Time, o overAgent) Decision {
	d := Decision{Act: Interrupt, At: o.since}
	if o.goingOn {
		d = p.reopen(Voice{On: true, At: o.since})
	} else {
		p.begin(now, o.since)
	}
	p.onAt, p.voiced = o.since, o.on
	if o.words.Text != "" {
		p.text, p.whole, p.said = o.words.Text, o.words.Whole, now
	}
	d.Wake = p.limit()
	if !o.on {
		p.offAt, p.off = o.offAt, o.off
		p.last = p.verdict()
		p.due = o.off.Add(p.end.pause(p.last, p.lag))
		d.Wake = p.due
	}
	return d
}

// pauseOver learns from the pause that has just ended how late the recogniser is.
func (p *floor) pauseOver() {
	p.lag = min(max(p.late, p.lag*9/10), longestLag)
	p.late = 0
}

func (p *floor) stop(now time.Time, s Voice) Decision {
	p.voiced, p.sign = false, time.Time{}
	if !p.open {
		return Decision{}
	}
	p.offAt, p.off = s.At, now.Add(min(0, s.At-s.Pos))
	return p.weigh(now)
}

// hear notes what was recognised.
func (p *floor) hear(now time.Time, w Words) Decision {
	if !p.open {
		if w.Final && !p.ended.IsZero() {
			p.settled(w)
		}
		return Decision{}
	}
	if SameWords(w.Text, p.text) && w.Whole == p.whole {
		p.text = w.Text // the punctuation may be new
	} else {
		p.text, p.whole, p.said = w.Text, w.Whole, now
		if !p.voiced {
			p.late = now.Sub(p.off)
		}
	}
	return p.weigh(now)
}

// settled takes the final words of the turn that ended last. When there are more of them than we knew, the recogniser is slower than we thought.
func (p *floor) settled(w Words) {
	if known := len(wordsOf(p.text)); known > 0 && len(wordsOf(w.Text)) > known {
		p.late = max(p.late, p.ended.Sub(p.off)+lagStep)
		p.pauseOver()
	}
	p.text, p.whole = w.Text, w.Whole
}

// verdict is the impression of the words so far.
func (p *floor) verdict() verdict {
	if p.text == "" && p.before == "" || p.offAt-p.onAt > stale && p.said.Before(p.off.Add(p.onAt-p.offAt)) {
		return unknown
	}
	if p.whole && p.before == "" {
		return complete
	}
	return p.words.verdict(joined(p.before, p.text))
}

// weigh decides in a pause: it is over, or how long it still has to last.
func (p *floor) weigh(now time.Time) Decision {
	if !p.open || p.voiced {
		return Decision{}
	}
	v := p.verdict()
	p.last = v
	p.due = p.off.Add(p.end.pause(v, p.lag))
	if fresh := p.said.Add(settle); p.said.After(p.off) && p.due.Before(fresh) && p.set.Kind == SemanticVAD {
		p.due = fresh
	}
	if !now.Before(p.due) {
		if until := p.sign.Add(onset); !p.sign.IsZero() && now.Before(until) {
			return Decision{Wake: until}
		}
		return p.over(now)
	}
	if p.prepared < p.set.Prepare && v >= likely && p.due.Sub(now) > settle {
		switch at := p.off.Add(prepareAfter); {
		case SameWords(p.ready, joined(p.before, p.text)):
		case now.Before(at):
			if at.Before(p.due) {
				return Decision{Wake: at}
			}
		default:
			p.prepared++
			p.ready = joined(p.before, p.text)
			return Decision{Act: Prepare, At: p.offAt + now.Sub(p.off), LastVoice: p.offAt, Wake: p.due}
		}
	}
	return Decision{Wake: p.due}
}

func (p *floor) tick(now time.Time) Decision {
	switch {
	case !p.open:
		return Decision{}
	case p.voiced:
		if now.Before(p.limit()) {
			return Decision{Wake: p.limit()}
		}
		p.offAt += p.set.MaxTurn // the sound goes on: the position is only known roughly
		d := p.finish(p.set.Silence)
		p.ended, p.mergeOK, p.judged = now, false, false
		return d
	}
	return p.weigh(now)
}

// over ends the turn in a pause. The silence that decided ends when it was due, or now if words have only now said so.
func (p *floor) over(now time.Time) Decision {
	pause := p.due.Sub(p.off)
	if p.said.Equal(now) {
		pause = max(pause, now.Sub(p.off))
	}
	d := p.finish(pause)
	p.ended = now
	return d
}

func (p *floor) finish(pause time.Duration) Decision {
	p.open, p.voiced = false, false
	p.endedAt, p.unheard, p.judged = p.offAt+pause, true, true
	p.mergeOK = p.set.Merge > 0 && p.set.CreateResponse && p.set.InterruptResponse
	return Decision{Act: End, At: p.endedAt, LastVoice: p.offAt}
}

func joined(a, b string) string {
	if a == "" || b == "" {
		return a + b
	}
	return a + " " + b
}
