package eartruth

import (
	"slices"
	"time"

	"griot/internal/media"
)

// level is the loudness of one block in half decibels above the quietest that media.Level knows: 0…192.
type level uint8

func levelOf(meanSquare float64) level {
	return toLevel(media.PowerLevel(meanSquare))
}

// toLevel converts decibels relative to full scale.
func toLevel(db float32) level {
	return level(min(max((db-media.Quietest)*2, 0), 255))
}

// decibels converts a difference.
func decibels(d int) int { return 2 * d }

// envelope is one channel's loudness, block by block.
type envelope []level

// span is a stretch of blocks, to not included.
type span struct{ from, to int }

func blocks(d time.Duration) int { return int(d / block) }

const (
	// voicePause is the longest pause inside a stretch of sound: the closure of a consonant, a breath between words.
	voicePause = 200 * time.Millisecond
	// edgeReach is how far outside the detector's edges the caller's first and last sound are looked for: behind the last one once more,
	// for a word may end in a closure and a burst, each of which the detector lets go.
	edgeReach = 120 * time.Millisecond
	tailReach = 3 * edgeReach
	// aroundReach is how far to each side the noise behind a stretch of the caller's is looked at.
	aroundReach = 2 * time.Second
	// audible is how far below the loud part of a stretch sound still counts, dB.
	audible = 32
	// faintest is below what nothing counts, dB relative to full scale.
	faintest = -60
)

// threshold of the agent's channel. It is made by us, so nearly everything in it is voice; what the voice itself, or a background that was
// mixed in, has for noise must not count.
func (e envelope) threshold() level {
	var loud, all histogram
	for _, l := range e {
		all.add(l)
		if l > toLevel(faintest) {
			loud.add(l)
		}
	}
	top, floor := int(loud.quantile(0.9)), int(all.quantile(0.1))
	t := max(int(toLevel(faintest)), top-decibels(audible+8))
	if floor > 0 {
		t = max(t, min(floor+decibels(8), top-decibels(20)))
	}
	return level(t)
}

// sounding finds the stretches of a channel that is silent outside them.
func (e envelope) sounding() []span {
	t := e.threshold()
	var out []span
	for i := 0; i < len(e); i++ {
		if e[i] <= t {
			continue
		}
		from := i
		for i < len(e) && e[i] > t {
			i++
		}
		out = append(out, span{from, i})
	}
	out = slices.DeleteFunc(out, func(s span) bool { return s.to-s.from < 2 && !e.continued(s, t) })
	out = merge(out, blocks(voicePause))
	return slices.DeleteFunc(out, func(s span) bool { return s.to-s.from < blocks(20*time.Millisecond) })
}

// continued tells whether there is more sound within 20 ms of a lone block: then it is no click.
func (e envelope) continued(s span, t level) bool {
	near := blocks(20 * time.Millisecond)
	for i := max(0, s.from-near); i < min(len(e), s.to+near); i++ {
		if (i < s.from || i >= s.to) && e[i] > t {
			return true
		}
	}
	return false
}

// merge joins stretches with less than gap between them.
func merge(spans []span, gap int) []span {
	var out []span
	for _, s := range spans {
		if n := len(out); n > 0 && s.from-out[n-1].to < gap {
			out[n-1].to = max(out[n-1].to, s.to)
			continue
		}
		out = append(out, s)
	}
	return out
}

// refine moves the edges of the detector's stretches, which lie on frames and come after smoothing, to the first and the last block that
// rises above the noise around the stretch.
func (e envelope) refine(spans []span) []span {
	var out []span
	for i, s := range spans {
		lo, hi := 0, len(e)
		if i > 0 {
			lo = spans[i-1].to
		}
		if i+1 < len(spans) {
			hi = spans[i+1].from
		}
		s.from, s.to = max(s.from, 0), min(s.to, len(e))
		if s.from >= s.to {
			continue
		}
		t := e.above(s, lo, hi)
		reach := blocks(edgeReach)
		from, to := max(lo, s.from-reach), s.to
		for i := s.to; i < min(hi, s.to+blocks(tailReach)) && i-to < reach; i++ {
			if e.rises(i, t, -1) {
				to = i + 1
			}
		}
		for from < s.to && !e.rises(from, t, +1) {
			from++
		}
		for to > from && !e.rises(to-1, t, -1) {
			to--
		}
		if to > from {
			out = append(out, span{from, to})
		}
	}
	return merge(out, blocks(voicePause))
}

// rises tells whether the block at i is above t and so is one of the next two.
func (e envelope) rises(i int, t level, step int) bool {
	is := func(k int) bool { return k >= 0 && k < len(e) && e[k] > t }
	return is(i) && (is(i+step) || is(i+2*step))
}

// above returns what a block of the stretch s must exceed to be heard: the noise in the pauses around it, and what is far below its own
// loud part.
func (e envelope) above(s span, lo, hi int) level {
	var in, out histogram
	for _, l := range e[s.from:s.to] {
		in.add(l)
	}
	guard, reach := blocks(edgeReach), blocks(aroundReach)
	for _, p := range []span{{max(lo+guard, s.from-reach), s.from - guard}, {s.to + guard, min(hi-guard, s.to+reach)}} {
		for i := max(0, p.from); i < min(p.to, len(e)); i++ {
			out.add(e[i])
		}
	}
	loud := int(in.quantile(0.8))
	t := max(int(toLevel(faintest)), loud-decibels(audible))
	if out.n > 0 {
		t = max(t, min(int(out.quantile(0.9))+decibels(4), loud-decibels(12)))
	}
	return level(max(t, 0))
}

// histogram counts levels.
type histogram struct {
	count [256]int
	n     int
}

func (h *histogram) add(l level) {
	h.count[l]++
	h.n++
}

// quantile returns the level that a part q of the blocks does not exceed; 0 of none.
func (h *histogram) quantile(q float64) level {
	rank := int(q * float64(h.n))
	for l, c := range h.count {
		if rank -= c; rank < 0 {
			return level(l)
		}
	}
	return 0
}
