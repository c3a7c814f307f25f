package eartruth

import (
	"cmp"
	"slices"
	"time"

	"griot/internal/event"
)

// Timed is one answer as the pipeline timed it, on the recording's time.
type Timed struct {
	Response string
	Heard    event.Millis // when the agent's first sound was heard
	Delay    event.Millis // how long after the caller's last sound
}

// sameTurn is how far apart the ends of what was heard and what was timed may be, together, to be of the same turn.
const sameTurn = 3 * time.Second

// Explain finds for every turn the pipeline's own figure, by time, and what it leaves unexplained. Each figure is used once, where it fits
// best; turns that none fits stay without. What an earlier call found is forgotten.
func (r *Report) Explain(timed []Timed) {
	type pair struct {
		turn, timed int
		apart       event.Millis
	}
	var pairs []pair
	timed = slices.Clone(timed)
	slices.SortStableFunc(timed, func(a, b Timed) int { return cmp.Compare(a.Heard, b.Heard) })
	begin := 0
	for i := range r.Turns {
		t := &r.Turns[i]
		t.Response, t.Pipeline, t.Unexplained = "", nil, nil
		heard := t.At + t.Delay
		for begin < len(timed) && timed[begin].Heard <= heard-event.Ms(sameTurn) {
			begin++
		}
		for k := begin; k < len(timed) && timed[k].Heard < heard+event.Ms(sameTurn); k++ {
			p := timed[k]
			if apart := abs(heard-p.Heard) + abs(t.At-(p.Heard-p.Delay)); apart < event.Ms(sameTurn) {
				pairs = append(pairs, pair{i, k, apart})
			}
		}
	}
	slices.SortStableFunc(pairs, func(a, b pair) int { return cmp.Compare(a.apart, b.apart) })
	used := make([]bool, len(timed))
	for _, p := range pairs {
		t := &r.Turns[p.turn]
		if used[p.timed] || t.Pipeline != nil {
			continue
		}
		used[p.timed] = true
		delay := timed[p.timed].Delay
		rest := t.Delay - delay
		t.Response, t.Pipeline, t.Unexplained = timed[p.timed].Response, &delay, &rest
	}
	r.summarise()
}

func abs(m event.Millis) event.Millis { return max(m, -m) }
