package eartruth

import (
	"cmp"
	"slices"
	"time"

	"griot/internal/event"
)

const (
	// stopped is how long the agent must be silent for its sound to have ended.
	stopped = 300 * time.Millisecond
	// yielding is by when after the caller's first sound an agent that is interrupted must have fallen silent to be counted as having
	// yielded, should the caller be done earlier.
	yielding = time.Second
	// sameAttempt is the pause after which a caller who speaks over the agent makes another attempt to interrupt.
	sameAttempt = 700 * time.Millisecond
	// deadAir is the longest silence that is none.
	deadAir = 2 * time.Second
	// leastOverlap is what the grain of the measurement may make up.
	leastOverlap = 20 * time.Millisecond
)

// scene is who was sounding when.
type scene struct {
	length        time.Duration
	caller, agent []span
	voice         envelope // the agent's
}

func at(b int) event.Millis { return event.Ms(time.Duration(b) * block) }

func (s scene) report() Report {
	r := Report{Duration: event.Ms(s.length), Turns: []Answer{}, BargeIns: []BargeIn{}, Overlaps: []Overlap{}, Silences: []Silence{}, Clips: []Clip{}}
	s.overlaps(&r)
	s.talk(&r)
	s.clips(&r)
	r.CallerSpeaks, r.AgentSpeaks = at(total(s.caller)), at(total(s.agent))
	if s.length > 0 {
		r.CallerShare = share(r.CallerSpeaks, s.length)
		r.AgentShare = share(r.AgentSpeaks, s.length)
	}
	r.assign()
	r.summarise()
	return r
}

func total(spans []span) (n int) {
	for _, s := range spans {
		n += s.to - s.from
	}
	return n
}

func share(part event.Millis, whole time.Duration) float64 {
	return min(1, float64(part.Duration().Milliseconds())/float64(max(1, whole.Milliseconds())))
}

func (s scene) overlaps(r *Report) {
	for i, j := 0, 0; i < len(s.caller) && j < len(s.agent); {
		c, a := s.caller[i], s.agent[j]
		from, to := max(c.from, a.from), min(c.to, a.to)
		if to-from >= blocks(leastOverlap) {
			o := Overlap{At: at(from), Length: at(to - from), By: "caller"}
			if a.from > c.from {
				o.By = "agent"
			}
			r.Overlaps = append(r.Overlaps, o)
			r.OverlapTotal += o.Length
		}
		if c.to < a.to {
			i++
		} else {
			j++
		}
	}
}

// talk walks through the sounds of both sides and finds who answered whom, who interrupted, and where an answer was owed in silence.
func (s scene) talk(r *Report) {
	agent := merge(s.agent, blocks(stopped))
	var (
		owed   bool // the caller has said something since the agent's last sound
		first  int  // the caller's first sound since then
		last   int  // the caller's last one
		until  int  // the last sound of anybody
		ci, ai int
	)
	for ci < len(s.caller) || ai < len(agent) {
		if ai == len(agent) || ci < len(s.caller) && s.caller[ci].from < agent[ai].from {
			c := s.caller[ci]
			if owed {
				r.silence(until, c.from)
			}
			ci++
			if ai > 0 && c.from < agent[ai-1].to {
				var yields bool
				if c, ci, yields = s.bargeIn(r, ci-1, agent[ai-1]); !yields {
					continue // it was said to an agent that spoke on: a listener's "mm-hm"
				}
			}
			if !owed {
				first = c.from
			}
			owed, last, until = true, c.to, max(until, c.to)
			continue
		}
		a := agent[ai]
		ai++
		if owed && last <= a.from {
			r.silence(until, a.from)
			r.Turns = append(r.Turns, Answer{From: at(first), At: at(last), Delay: at(a.from - last)})
		}
		owed = owed && last > a.to // who is spoken over, and speaks on, is still owed an answer
		until = max(until, a.to)
	}
	if owed {
		r.silence(until, blocks(s.length))
	}
}

// bargeIn notes that the caller began to speak, with stretch i, while the agent's stretch a was sounding. What follows after a short pause
// is the same attempt. It returns the whole of it, the caller's first stretch after it, and whether the agent yielded.
func (s scene) bargeIn(r *Report, i int, a span) (span, int, bool) {
	c := s.caller[i]
	for i++; i < len(s.caller) && s.caller[i].from < a.to && s.caller[i].from-c.to < blocks(sameAttempt); i++ {
		c.to = s.caller[i].to
	}
	b := BargeIn{At: at(c.from)}
	yields := a.to <= max(c.to, c.from+blocks(yielding))
	if yields {
		d := at(a.to - c.from)
		b.Stop = &d
	}
	r.BargeIns = append(r.BargeIns, b)
	return c, i, yields
}

func (r *Report) silence(from, to int) {
	if to-from > blocks(deadAir) {
		r.Silences = append(r.Silences, Silence{At: at(from), Length: at(to - from)})
		r.DeadAir += at(to - from)
	}
}

const (
	// wordPart is how far back from an end the loudness of its word is looked for.
	wordPart = 150 * time.Millisecond
	// breakDepth is how far below it, in dB, sound has begun to fade.
	breakDepth = 12
	// breakTime is how long a voice takes, at least, from there until nothing is heard.
	breakTime = 10 * time.Millisecond
	// habit is the part of a voice's own ends above which breaking off is its manner: formant voices end many words so.
	habit = 0.15
)

// clips finds the ends that came without fading. Most come when the caller interrupts; where the caller is silent, only those count that
// broke off within a block, and none of a voice that often ends so by itself. The recording's own end is none: who ended it cannot be heard.
func (s scene) clips(r *Report) {
	var (
		own, broken int
		alone       []Clip
	)
	j := 0
	for _, a := range s.agent {
		if a.to >= blocks(s.length)-blocks(voicePause) || a.to-a.from < blocks(50*time.Millisecond) {
			continue
		}
		for j < len(s.caller) && s.caller[j].to <= a.to-blocks(yielding) {
			j++
		}
		fade := s.voice.fade(a)
		breaks := fade < blocks(breakTime)
		if j < len(s.caller) && s.caller[j].from < a.to {
			if breaks {
				r.Clips = append(r.Clips, Clip{At: at(a.to)})
			}
			continue
		}
		own++
		if breaks {
			broken++
		}
		if fade == 0 {
			alone = append(alone, Clip{At: at(a.to)})
		}
	}
	if float64(broken) <= habit*float64(own) {
		r.Clips = append(r.Clips, alone...)
		slices.SortFunc(r.Clips, func(x, y Clip) int { return cmp.Compare(x.At, y.At) })
	}
	r.Clipped = len(r.Clips)
}

// fade returns for how many blocks the stretch is no longer loud before it ends.
func (e envelope) fade(a span) int {
	word := e[max(a.from, a.to-blocks(wordPart)):a.to]
	loud := int(slices.Max(word)) - decibels(breakDepth)
	i := len(word)
	for i > 0 && int(word[i-1]) < loud {
		i--
	}
	return len(word) - i
}

// assign gives each event to the turn in which it lies.
func (r *Report) assign() {
	turn := func(at event.Millis) *Answer {
		i, found := slices.BinarySearchFunc(r.Turns, at, func(t Answer, at event.Millis) int { return cmp.Compare(t.From, at) })
		if !found {
			i--
		}
		if i < 0 {
			return nil
		}
		return &r.Turns[i]
	}
	for _, b := range r.BargeIns {
		if t := turn(b.At); t != nil && t.From == b.At {
			t.Stop = b.Stop
		}
	}
	for _, o := range r.Overlaps {
		if t := turn(o.At); t != nil {
			t.Overlap += o.Length
		}
	}
	for _, s := range r.Silences {
		if t := turn(s.At); t != nil {
			t.DeadAir += s.Length
		}
	}
	for _, c := range r.Clips {
		if t := turn(c.At); t != nil {
			t.Clipped++
		}
	}
}

// summarise fills in the medians.
func (r *Report) summarise() {
	var delays, stops, rest []event.Millis
	for _, t := range r.Turns {
		delays = append(delays, t.Delay)
		if t.Unexplained != nil {
			rest = append(rest, *t.Unexplained)
		}
	}
	for _, b := range r.BargeIns {
		if b.Stop != nil {
			stops = append(stops, *b.Stop)
		}
	}
	r.ResponseP50, r.StopP50, r.UnexplainedP50 = median(delays), median(stops), median(rest)
	if len(delays) > 0 {
		d := slices.Max(delays)
		r.ResponseMax = &d
	}
}

// median returns the middle, of an even number the mean of the two; nil of none.
func median(ds []event.Millis) *event.Millis {
	n := len(ds)
	if n == 0 {
		return nil
	}
	slices.Sort(ds)
	m := (ds[(n-1)/2] + ds[n/2]) / 2
	return &m
}
