package conversation

import (
	"slices"
	"time"

	"griot/internal/media"
)

// tracks puts the two sides next to each other. Positions are in samples of the file from its start. For one goroutine.
type tracks struct {
	out      *media.WAVWriter
	rate     int // of the file
	base     int // how much is written
	sides    [2]track
	mixed    []int16 // interleaved, on its way to the file
	rejected time.Duration
}

// track is what one side has beyond base.
type track struct {
	pcm  []int16
	from *media.Resampler
	rate int  // of the resampler's input
	late bool // the last piece had no place
}

// step is how much is worth a write: 100 ms.
func (t *tracks) step() int { return t.rate / 10 }

func (t *tracks) samples(d time.Duration) int {
	return int(int64(d) * int64(t.rate) / int64(time.Second))
}

// take places one piece. An error means that the file cannot be written to.
func (t *tracks) take(p *piece) error {
	s := &t.sides[p.side]
	if p.isCut {
		if keep := t.samples(min(max(0, p.cut), maxRecording)) - t.base; keep < len(s.pcm) {
			s.pcm = s.pcm[:max(0, keep)]
			s.from = nil // the rest of what was cut is in there
		}
	}
	if p.lost > 0 && p.lost < maxRecording {
		t.pad(s, t.base+len(s.pcm)+t.samples(p.lost))
	}
	if len(p.pcm) > 0 {
		t.place(s, p)
	}
	return t.flush(false)
}

// place adds sound at its position: right after what is there when it belongs there, after silence when it comes later. The part for which
// it comes too early is left out: what was said there is written already.
func (t *tracks) place(s *track, p *piece) {
	length := media.Mono(p.rate).Duration(len(p.pcm))
	if p.at < 0 || p.at > maxRecording {
		t.rejected += length
		return
	}
	at, near := t.samples(p.at), t.samples(together)
	if s.late || t.base+len(s.pcm)-at >= near {
		t.drain(s) // what it holds is of the time before, and counts
	}
	end := t.base + len(s.pcm)
	pcm := p.pcm
	if s.late { // what follows a piece that came too late begins in its own place
		near = 1
	}
	s.late = false
	switch {
	case at-end >= near:
		t.pad(s, at)
	case end-at >= near:
		drop := min(len(pcm), int(int64(end-at)*int64(p.rate)/int64(t.rate)))
		pcm = pcm[drop:]
		t.rejected += media.Mono(p.rate).Duration(drop)
		if len(pcm) == 0 {
			s.late = true
			return
		}
	}
	if s.from == nil || s.rate != p.rate {
		t.drain(s)
		from, err := media.NewResampler(p.rate, t.rate)
		if err != nil { // a rate that nothing of ours has: its length is kept
			t.rejected += media.Mono(p.rate).Duration(len(pcm))
			t.pad(s, t.base+len(s.pcm)+t.samples(media.Mono(p.rate).Duration(len(pcm))))
			return
		}
		s.from, s.rate = from, p.rate
	}
	t.reserve(s, len(pcm)*t.rate/p.rate+1)
	s.pcm = s.from.Process(s.pcm, pcm)
}

// reserve makes room for so many samples more. It doubles, but no further than to what a side can have while it waits for the other: every call has such
// a buffer.
func (t *tracks) reserve(s *track, n int) {
	if cap(s.pcm)-len(s.pcm) >= n {
		return
	}
	want := max(len(s.pcm)+n, min(2*cap(s.pcm), t.samples(window)+2*t.step()))
	s.pcm = append(make([]int16, 0, want), s.pcm...)
}

// drain takes from the resampler what it still holds.
func (t *tracks) drain(s *track) {
	if s.from != nil {
		s.pcm = s.from.Flush(s.pcm)
		s.from = nil
	}
}

// pad fills a side with silence up to a position. Long silences go to the file as they come, not through memory.
func (t *tracks) pad(s *track, to int) {
	t.drain(s)
	for n := to - t.base - len(s.pcm); n > 0; n = to - t.base - len(s.pcm) {
		step := min(n, t.step())
		s.pcm = slices.Grow(s.pcm, step)
		s.pcm = s.pcm[:len(s.pcm)+step]
		clear(s.pcm[len(s.pcm)-step:])
		if t.flush(false) != nil {
			return // the next piece meets the same error
		}
	}
}

// flush writes as far as both sides have come, or as one is ahead by more than the window; all of it in the end.
func (t *tracks) flush(all bool) error {
	l, r := len(t.sides[0].pcm), len(t.sides[1].pcm)
	n := max(min(l, r), max(l, r)-t.samples(window))
	if all {
		n = max(l, r)
	} else if n < t.step() {
		return nil
	}
	t.mixed = slices.Grow(t.mixed[:0], 2*n)[:2*n]
	clear(t.mixed)
	for i := range t.sides {
		s := &t.sides[i]
		k := min(n, len(s.pcm))
		for j, v := range s.pcm[:k] {
			t.mixed[2*j+i] = v
		}
		s.pcm = s.pcm[:copy(s.pcm, s.pcm[k:])]
	}
	t.base += n
	if err := t.out.Write(t.mixed); err != nil {
		return diskFault(err, "write the recording")
	}
	return nil
}

// close writes what is left.
func (t *tracks) close() error {
	for i := range t.sides {
		t.drain(&t.sides[i])
	}
	if err := t.flush(true); err != nil {
		return err
	}
	return t.out.Close()
}
