package espeak

import (
	"context"
	"io"
	"sync"
	"time"

	"griot/internal/fault"
	"griot/internal/model/tts"
)

// Bounds of a stream.
const (
	maxAhead   = 10 * time.Second // of sound not taken by Recv: the next sentence is synthesised only below that
	maxPending = 64 << 10         // bytes of text not spoken yet: Say waits for room above that
)

// stream implements tts.Stream. A goroutine of its own has the texts synthesised; Close waits for it.
type stream struct {
	eng   engine
	voice string
	wpm   int
	life  context.Context
	end   context.CancelCauseFunc
	done  chan struct{} // closed when the goroutine has ended

	mu      sync.Mutex // guards what follows
	changed chan struct{}
	texts   []string
	pending int // bytes in texts
	ended   bool
	closed  bool
	chunks  []tts.Chunk // at most maxAhead and one request of sound
	ahead   time.Duration
	spoken  bool  // everything is in chunks
	err     error // why nothing more will come
}

func newStream(ctx context.Context, eng engine, voice string, wpm int) *stream {
	s := &stream{eng: eng, voice: voice, wpm: wpm, done: make(chan struct{}), changed: make(chan struct{})}
	s.life, s.end = context.WithCancelCause(ctx)
	go s.run()
	return s
}

// update changes the state and wakes whoever waits for a change.
func (s *stream) update(change func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	change()
	close(s.changed)
	s.changed = make(chan struct{})
}

// await calls ready with mu held until it returns true, after every change.
func (s *stream) await(ctx context.Context, ready func() bool) error {
	for {
		s.mu.Lock()
		ok, changed := ready(), s.changed
		s.mu.Unlock()
		if ok {
			return nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func errStreamClosed() error {
	return fault.New(fault.Conflict, "stream_closed", "say after the end of the stream")
}

// Say implements tts.Stream. It waits while more than 64 KiB of text would not be spoken yet; a single text longer than that
// is a fault.Invalid.
func (s *stream) Say(ctx context.Context, text string) error {
	if len(text) > maxPending {
		return fault.New(fault.Invalid, "text_too_long", "a text of %d bytes is too long to say at once; the limit is %d", len(text), maxPending)
	}
	err := s.await(ctx, func() bool { return s.pending+len(text) <= maxPending || s.over() })
	if err != nil {
		return err
	}
	s.update(func() {
		if s.over() {
			if err = s.err; err == nil || s.closed || s.ended {
				err = errStreamClosed()
			}
			return
		}
		s.texts = append(s.texts, text)
		s.pending += len(text)
	})
	return err
}

// over tells whether no text is taken any more. mu is held.
func (s *stream) over() bool { return s.closed || s.ended || s.err != nil }

// End implements tts.Stream.
func (s *stream) End(ctx context.Context) error {
	s.update(func() { s.ended = true })
	return ctx.Err()
}

// Recv implements tts.Stream. After Close it returns io.EOF.
func (s *stream) Recv(ctx context.Context) (tts.Chunk, error) {
	if err := ctx.Err(); err != nil {
		return tts.Chunk{}, err
	}
	if err := s.await(ctx, func() bool { return s.closed || len(s.chunks) > 0 || s.spoken || s.err != nil }); err != nil {
		return tts.Chunk{}, err
	}
	var c tts.Chunk
	var err error
	s.update(func() {
		switch {
		case s.closed:
			err = io.EOF
		case len(s.chunks) > 0:
			c = s.chunks[0]
			s.chunks[0] = tts.Chunk{}
			s.chunks = s.chunks[1:]
			s.ahead -= c.Frame.Duration()
		case s.err != nil:
			err = s.err
		default:
			err = io.EOF
		}
	})
	return c, err
}

// Close implements tts.Stream: it cancels what is being spoken and waits until nothing of it is left.
func (s *stream) Close() error {
	s.update(func() { s.closed, s.chunks, s.texts = true, nil, nil })
	s.end(errStreamClosed())
	<-s.done
	return nil
}

// run speaks the texts in order.
func (s *stream) run() {
	defer close(s.done)
	defer s.end(nil)
	err := s.speakAll()
	s.update(func() { s.spoken, s.err = err == nil, err })
}

func (s *stream) speakAll() error {
	sp := &speech{out: s.put}
	lang := s.voice[:2]
	for {
		var text string
		var more bool
		err := s.await(s.life, func() bool { return len(s.texts) > 0 || s.ended })
		if err != nil {
			return err
		}
		s.mu.Lock()
		if more = len(s.texts) > 0; more {
			text = s.texts[0]
			s.texts = s.texts[1:]
		}
		s.mu.Unlock()
		if !more {
			return nil
		}
		if err := s.speak(sp, speak(text, lang)); err != nil {
			return err
		}
		s.update(func() { s.pending -= len(text) })
	}
}

// speak speaks one text.
func (s *stream) speak(sp *speech, t spoken) error {
	sp.beginText(t)
	requests := t.requests()
	for _, q := range requests {
		if err := s.await(s.life, func() bool { return s.ahead < maxAhead }); err != nil {
			return err
		}
		sp.beginRequest()
		r := request{voice: s.voice, wpm: s.wpm, text: t.runes[q.from:q.to]}
		if err := s.eng.speak(s.life, r, func(p part) { sp.add(p, q.from) }); err != nil {
			return err
		}
		sp.endRequest(q.to)
	}
	if len(requests) == 0 {
		sp.skipText()
	}
	return nil
}

// put queues a chunk for Recv. It does not wait: a request is started only when there is room for what it brings.
func (s *stream) put(c tts.Chunk) {
	s.update(func() {
		if !s.closed {
			s.chunks = append(s.chunks, c)
			s.ahead += c.Frame.Duration()
		}
	})
}
