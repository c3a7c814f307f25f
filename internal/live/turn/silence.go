package turn

import "time"

// silence begins a turn with any speech and ends it after a fixed pause.
type silence struct {
	set   Settings
	agent Agent // what barge knows

	open    bool          // the caller has a turn
	voiced  bool          // and is making sound right now
	started time.Time     // when the turn began
	offAt   time.Duration // audio position at which sound last stopped
	due     time.Time     // when the pause will have lasted long enough
}

func (p *silence) Reset() { p.open, p.voiced = false, false }

func (p *silence) Observe(now time.Time, s Signal) Decision {
	switch s := s.(type) {
	case Agent:
		p.agent = s
	case Voice:
		if s.On {
			return p.on(now, s)
		}
		return p.off(now, s)
	case Tick:
		return p.tick(now)
	}
	return Decision{}
}

func (p *silence) on(now time.Time, s Voice) Decision {
	if p.open && !p.voiced && s.At-p.offAt >= p.set.Silence {
		// The audio came faster than real time: by its own clock the pause was long enough, whatever ours says.
		d := p.end()
		d.Again = true
		return d
	}
	p.voiced = true
	if p.open {
		return Decision{Wake: p.started.Add(p.set.MaxTurn)}
	}
	p.open, p.started = true, now
	return Decision{Act: Start, At: s.At, Wake: now.Add(p.set.MaxTurn)}
}

func (p *silence) off(now time.Time, s Voice) Decision {
	p.voiced = false
	if !p.open {
		return Decision{}
	}
	p.offAt = s.At
	p.due = now.Add(p.set.Silence - (s.Pos - s.At))
	if !p.due.After(now) {
		return p.end()
	}
	return Decision{Wake: p.due}
}

func (p *silence) tick(now time.Time) Decision {
	switch {
	case !p.open:
		return Decision{}
	case p.voiced:
		limit := p.started.Add(p.set.MaxTurn)
		if now.Before(limit) {
			return Decision{Wake: limit}
		}
		p.offAt += p.set.MaxTurn // the sound goes on: the position is only known roughly
		return p.end()
	case now.Before(p.due):
		return Decision{Wake: p.due}
	}
	return p.end()
}

func (p *silence) end() Decision {
	p.open, p.voiced = false, false
	return Decision{Act: End, At: p.offAt + p.set.Silence, LastVoice: p.offAt}
}
