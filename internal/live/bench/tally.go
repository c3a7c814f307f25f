package bench

import (
	"math"
	"slices"
	"sync"
	"time"

	"griot/internal/live/load"
)

// tally is what the callers of a bench have measured while it counts.
type tally struct {
	clock load.Meter // how late the callers were

	mu       sync.Mutex
	counting bool
	counts
}

// counts are what was measured in one stretch.
type counts struct {
	over   []time.Duration // answers, beyond endpointing and what the models were said to take
	total  []time.Duration // answers, from the caller's last sound
	stop   []time.Duration // interruptions: from the caller's first sound to the agent's last on the wire
	ear    []time.Duration // and at the caller's ear
	first  []time.Duration // from when a call was answered to the agent's first sound
	silent int             // turns without an answer
	errors map[string]int
}

func (t *tally) count(on bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.counting = on
}

func (t *tally) note(f func()) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.counting {
		f()
	}
}

func (t *tally) answered(over, total time.Duration) {
	t.note(func() { t.over, t.total = append(t.over, over), append(t.total, total) })
}

func (t *tally) interrupted(wire, ear time.Duration) {
	t.note(func() { t.stop, t.ear = append(t.stop, wire), append(t.ear, ear) })
}

// greeted counts at any time: calls begin before the rest is measured.
func (t *tally) greeted(d time.Duration) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.first = append(t.first, d)
}

func (t *tally) unanswered()          { t.note(func() { t.silent++ }) }
func (t *tally) late(d time.Duration) { t.clock.Late(d) }

// lost and refused count at any time: a call that cannot be held counts whenever that is.
func (t *tally) lost(err error) { t.refused(err.Error()) }

func (t *tally) refused(why string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.errors == nil {
		t.errors = map[string]int{}
	}
	if len(why) > 200 {
		why = why[:200]
	}
	if _, known := t.errors[why]; known || len(t.errors) < 20 {
		t.errors[why]++
	}
}

// take returns what was counted and starts anew.
func (t *tally) take() counts {
	t.mu.Lock()
	defer t.mu.Unlock()
	got := t.counts
	t.counts = counts{}
	return got
}

// quantile of durations, in milliseconds with two decimals; 0 of none.
func quantile(ds []time.Duration, q float64) float64 {
	if len(ds) == 0 {
		return 0
	}
	ds = slices.Clone(ds)
	slices.Sort(ds)
	return ms(ds[min(int(q*float64(len(ds))), len(ds)-1)])
}

func ms(d time.Duration) float64 { return round(float64(d)/float64(time.Millisecond), 2) }

func round(v float64, digits int) float64 {
	p := math.Pow(10, float64(digits))
	return math.Round(v*p) / p
}

// worst is the most frequent error.
func (t *tally) worst() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	why, most := "", 0
	for e, n := range t.errors {
		if n > most || n == most && e < why {
			why, most = e, n
		}
	}
	return why
}
