package upstream

import (
	"context"
	"fmt"
	"time"

	"griot/internal/fault"
	"griot/internal/media"
	"griot/internal/model/stt"
)

// spareLimit is how long the spare recogniser may take for the words of an utterance.
const spareLimit = 10 * time.Second

// spare is the other recogniser at work: one stream, one utterance after the other.
type spare struct {
	s      *earStream
	stream stt.Stream
	rs     *media.Resampler
	buf    []int16
	rate   int
	events chan heard // of the stream, by its reader
}

type heard struct {
	ev  stt.Event
	err error
}

// listen has the spare recogniser hear what was moved to it. It is a goroutine of the stream's.
func (s *earStream) listen() {
	w := &spare{s: s, rate: s.spare.Caps().Rate}
	if w.rate == 0 {
		w.rate = 16000
	}
	defer w.close()
	for s.life.Err() == nil {
		s.mu.Lock()
		var u *speech
		if len(s.hear) > 0 {
			u = s.hear[0]
		}
		s.mu.Unlock()
		if u == nil {
			select {
			case <-s.work:
			case <-s.life.Done():
			}
			continue
		}
		ev, err := w.utterance(u)
		s.mu.Lock()
		s.hear = s.hear[1:]
		if !u.drop && s.life.Err() == nil {
			s.settled(u, ev, err)
		}
		s.mu.Unlock()
		if err != nil {
			w.close() // the next one gets a new stream
		}
	}
}

func (w *spare) close() {
	if w.stream == nil {
		return
	}
	_ = w.stream.Close()
	for range w.events { // until its reader has gone
	}
	w.stream = nil
}

func (w *spare) open() error {
	if w.stream != nil {
		return nil
	}
	s := w.s
	s.mu.Lock()
	o := s.opts
	o.Hints = s.hints
	s.mu.Unlock()
	stream, err := s.spare.Open(s.life, o)
	if err != nil {
		return fmt.Errorf("open the spare recogniser: %w", err)
	}
	w.stream, w.events, w.rs = stream, make(chan heard, 4), nil
	s.wg.Go(func() {
		defer close(w.events)
		for {
			ev, err := stream.Recv(s.life)
			select {
			case w.events <- heard{ev, err}:
			case <-s.life.Done():
				return
			}
			if err != nil {
				return
			}
		}
	})
	return nil
}

// utterance hears one utterance to its end, also while it is still being spoken.
func (w *spare) utterance(u *speech) (stt.Event, error) {
	if err := w.open(); err != nil {
		return stt.Event{}, err
	}
	s := w.s
	s.mu.Lock()
	hints := s.hints
	s.mu.Unlock()
	if h, ok := w.stream.(stt.Hinter); ok {
		if err := h.SetHints(s.life, hints); err != nil {
			return stt.Event{}, fmt.Errorf("tell the spare recogniser what to expect: %w", err)
		}
	}
	var late <-chan time.Time
	for {
		s.mu.Lock()
		pcm := append(w.buf[:0], u.pcm[u.given:]...)
		w.buf = pcm
		u.given = len(u.pcm)
		ended, drop, asked := u.ended, u.drop, u.asked
		u.asked = ended
		s.mu.Unlock()
		if err := w.send(pcm); err != nil {
			return stt.Event{}, err
		}
		if ended && !asked {
			if d, ok := w.stream.(stt.Discarder); drop && ok {
				return stt.Event{}, d.Discard(s.life)
			}
			if err := w.stream.Finalize(s.life); err != nil {
				return stt.Event{}, fmt.Errorf("recognise: %w", err)
			}
			t := time.NewTimer(spareLimit)
			defer t.Stop()
			late = t.C
		}
		select {
		case <-s.work:
		case <-late:
			return stt.Event{}, fault.New(fault.Unavailable, "recogniser_timeout", "the spare recogniser did not settle the turn within %s", spareLimit)
		case <-s.life.Done():
			return stt.Event{}, context.Cause(s.life)
		case h, ok := <-w.events:
			switch {
			case !ok || h.err != nil:
				if h.err == nil {
					h.err = context.Cause(s.life)
				}
				return stt.Event{}, fmt.Errorf("recognise: %w", h.err)
			case h.ev.Kind == stt.Final:
				return h.ev, nil
			case h.ev.Kind == stt.Partial && !ended:
				s.mu.Lock()
				s.queue = append(s.queue, h.ev)
				s.mu.Unlock()
				nudge(s.wake)
			}
		}
	}
}

// send gives sound to the stream, at its rate, in pieces of 20 ms at the most.
func (w *spare) send(pcm []int16) error {
	from := w.s.l.model.Caps().Rate
	if len(pcm) > 0 && from != w.rate {
		if w.rs == nil {
			rs, err := media.NewResampler(from, w.rate)
			if err != nil {
				return fmt.Errorf("sound for the spare recogniser: %w", err)
			}
			w.rs = rs
		}
		pcm = w.rs.Process(nil, pcm)
	}
	format := media.Mono(w.rate)
	for len(pcm) > 0 {
		n := min(len(pcm), format.Samples(media.FrameTime))
		if err := w.stream.Send(w.s.life, media.Frame{Format: format, PCM: pcm[:n]}); err != nil {
			return fmt.Errorf("recognise: %w", err)
		}
		pcm = pcm[n:]
	}
	return nil
}
