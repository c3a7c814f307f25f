package turn

import "time"

// tempo is how long each kind of pause is at a level of eagerness.
type tempo struct {
	complete time.Duration // nothing is missing
	likely   time.Duration // a clause, after which another may come
	base     time.Duration // the words say nothing
	open     time.Duration // more must come
	group    time.Duration // more must come, and the caller may be looking it up
	longest  time.Duration // whatever the caller's habits are
}

var tempos = map[Eagerness]tempo{
	EagernessLow: {complete: 450 * time.Millisecond, likely: 800 * time.Millisecond, base: time.Second, open: 2 * time.Second,
		group: 4 * time.Second, longest: 8 * time.Second},
	EagernessMedium: {complete: 300 * time.Millisecond, likely: 500 * time.Millisecond, base: 700 * time.Millisecond, open: 1600 * time.Millisecond,
		group: 3500 * time.Millisecond, longest: 4 * time.Second},
	EagernessHigh: {complete: 250 * time.Millisecond, likely: 350 * time.Millisecond, base: 450 * time.Millisecond, open: 1200 * time.Millisecond,
		group: 2 * time.Second, longest: 2 * time.Second},
}

// lagMargin is what a short pause has to leave for last words that come a little later than usual.
const lagMargin = 50 * time.Millisecond

// semantic ends a turn soon when the words are all there, late when more must come, and after a pause that fits the caller when the words do not tell.
type semantic struct {
	t tempo
	// The caller's pauses after words that tell nothing, after clauses, and after words that could not be all.
	plain, clause, broken habit
}

func newSemantic(s Settings) *semantic {
	t, ok := tempos[s.Eagerness]
	if !ok {
		t = tempos[EagernessMedium]
	}
	if s.Silence > 0 {
		t.base = s.Silence
	}
	if s.MaxPause > 0 {
		t.longest = s.MaxPause
	}
	t.likely, t.complete = min(t.likely, t.base), min(t.complete, t.base)
	return &semantic{t: t}
}

func (p *semantic) pause(v verdict, lag time.Duration) time.Duration {
	base := p.plain.fit(p.t.base, p.t.base*3/4, p.t.base*3/2)
	d := base
	switch v {
	case complete:
		d = min(base, max(p.t.complete, lag+lagMargin))
	case likely:
		d = min(base, max(p.clause.fit(p.t.likely, p.t.likely*3/4, p.t.likely*3/2), lag+lagMargin))
	case reciting:
		d = base * 3 / 2
	case unfinished, hesitant:
		d = max(base, p.broken.fit(p.t.open, p.t.open*3/4, p.t.open*5/4))
	case awaited:
		d = max(base, p.t.group)
	}
	return min(d, p.t.longest)
}

func (p *semantic) wentOn(v verdict, pause time.Duration) {
	if h := p.habit(v); h != nil {
		h.wentOn(pause)
	}
}

func (p *semantic) ended(v verdict) {
	if h := p.habit(v); h != nil {
		h.ended()
	}
}

// habit is where pauses after such words are remembered.
func (p *semantic) habit(v verdict) *habit {
	switch v {
	case unfinished, hesitant:
		return &p.broken
	case likely, complete:
		return &p.clause
	case awaited, reciting: // looking up a number says nothing about how somebody speaks
		return nil
	}
	return &p.plain
}
