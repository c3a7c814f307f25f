package fake

import (
	"context"
	"io"
	"slices"
	"strings"
	"sync"
	"time"

	"griot/internal/fault"
	"griot/internal/media"
	"griot/internal/model/stt"
)

// Utterance is what an STT hears between two calls of Finalize.
type Utterance struct {
	Text       string
	FinalAfter time.Duration // from Finalize to the Final event (or to Err)
	Partials   []PartialText
	Err        error // instead of the Final; the stream is broken from then on
	Hang       bool  // no Final comes, and nothing after it either, until the stream is closed
	Confidence float32
}

// PartialText is a Partial event that comes once At of audio was sent, counted from the utterance's first frame that is not silent.
type PartialText struct {
	At   time.Duration
	Text string
}

// STTOptions say what an STT claims to be and whether it opens.
type STTOptions struct {
	Rate      int // samples per second that streams take; 0 means 16000
	Languages []string
	OpenErr   error  // Open fails with this
	ID        string // Caps().ID; "" means "fake"
	Default   string // what is heard when the queue is empty
}

// STT is a recogniser that hears a prepared list of utterances: the n-th Finalize on any of its streams yields the n-th of them,
// whatever the audio was. It is safe for concurrent use.
type STT struct {
	o STTOptions

	mu     sync.Mutex // guards what follows
	queue  []Utterance
	hints  []stt.Hints
	heard  time.Duration
	active int
}

// NewSTT returns a recogniser that hears these utterances in order, and then o.Default for ever.
func NewSTT(o STTOptions, utterances ...Utterance) *STT {
	if o.Rate == 0 {
		o.Rate = 16000
	}
	if o.ID == "" {
		o.ID = "fake"
	}
	return &STT{o: o, queue: slices.Clone(utterances)}
}

// Queue adds utterances to be heard next.
func (m *STT) Queue(u ...Utterance) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.queue = append(m.queue, u...)
}

// Left returns how many utterances were not heard yet.
func (m *STT) Left() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return len(m.queue)
}

// Hints returns all hints given so far: at Open (where not empty) and by SetHints.
func (m *STT) Hints() []stt.Hints {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Clone(m.hints)
}

// Heard returns how much audio was sent into all streams together.
func (m *STT) Heard() time.Duration {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.heard
}

// Active returns how many streams are not closed.
func (m *STT) Active() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.active
}

// Caps implements stt.Model.
func (m *STT) Caps() stt.Caps {
	return stt.Caps{ID: m.o.ID, Languages: slices.Clone(m.o.Languages), Rate: m.o.Rate, Partials: true, Hints: true}
}

// Open implements stt.Model.
func (m *STT) Open(ctx context.Context, o stt.Options) (stt.Stream, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if m.o.OpenErr != nil {
		return nil, m.o.OpenErr
	}
	if !speaks(m.o.Languages, o.Lang) {
		return nil, fault.New(fault.Invalid, "unsupported_language", "the fake recogniser was told not to know the language %q", o.Lang).At("language")
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.active++
	if len(o.Hints.Phrases) > 0 || o.Hints.Grammar != "" {
		m.hints = append(m.hints, o.Hints)
	}
	return &sttStream{m: m, lang: o.Lang, life: ctx, changed: make(chan struct{})}, nil
}

func speaks(languages []string, lang string) bool {
	if len(languages) == 0 || lang == "" {
		return true
	}
	return slices.ContainsFunc(languages, func(l string) bool {
		return strings.EqualFold(l, lang) || (len(lang) > len(l) && strings.EqualFold(lang[:len(l)], l) && lang[len(l)] == '-')
	})
}

// sttStream keeps a list of events with the time at which each is due.
type sttStream struct {
	m    *STT
	lang string
	life context.Context // bounds the stream

	mu       sync.Mutex // guards what follows
	pos      time.Duration
	from     time.Duration // where the utterance began
	voiced   bool          // it has begun
	partials int           // how many of its Partials were given
	pending  []pending
	closed   bool
	changed  chan struct{} // closed and replaced on every change
}

type pending struct {
	at   time.Time
	ev   stt.Event
	err  error
	hang bool
}

// Send implements stt.Stream.
func (s *sttStream) Send(ctx context.Context, f media.Frame) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if f.Channels != 1 || f.Rate != s.m.o.Rate {
		return fault.New(fault.Invalid, "wrong_format", "the fake recogniser takes mono audio at %d Hz, not %d channels at %d Hz", s.m.o.Rate, f.Channels, f.Rate)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return fault.New(fault.Conflict, "stream_closed", "send after the stream was closed")
	}
	if !s.voiced && loud(f.PCM) {
		s.voiced, s.from = true, s.pos
	}
	s.pos += f.Duration()
	s.m.mu.Lock()
	s.m.heard += f.Duration()
	var u Utterance
	if len(s.m.queue) > 0 {
		u = s.m.queue[0]
	}
	s.m.mu.Unlock()
	if !s.voiced {
		return nil
	}
	for s.partials < len(u.Partials) && s.pos-s.from >= u.Partials[s.partials].At {
		s.add(pending{at: time.Now(), ev: stt.Event{Kind: stt.Partial, Text: u.Partials[s.partials].Text, From: s.from, To: s.pos, Lang: s.lang}})
		s.partials++
	}
	return nil
}

// Finalize implements stt.Stream.
func (s *sttStream) Finalize(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return fault.New(fault.Conflict, "stream_closed", "finalize after the stream was closed")
	}
	s.m.mu.Lock()
	u := Utterance{Text: s.m.o.Default}
	if len(s.m.queue) > 0 {
		u = s.m.queue[0]
		s.m.queue = s.m.queue[1:]
	}
	s.m.mu.Unlock()
	from := s.from
	if !s.voiced {
		from = s.pos
	}
	s.add(pending{at: time.Now().Add(u.FinalAfter), err: u.Err, hang: u.Hang,
		ev: stt.Event{Kind: stt.Final, Text: u.Text, From: from, To: s.pos, Confidence: u.Confidence, Lang: s.lang}})
	s.voiced, s.partials, s.from = false, 0, s.pos
	return nil
}

// Discard implements stt.Discarder: the utterance in progress is forgotten, and the next Finalize hears it anew.
func (s *sttStream) Discard(ctx context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.voiced, s.partials, s.from = false, 0, s.pos
	return ctx.Err()
}

// SetHints implements stt.Hinter.
func (s *sttStream) SetHints(ctx context.Context, h stt.Hints) error {
	s.m.mu.Lock()
	defer s.m.mu.Unlock()
	s.m.hints = append(s.m.hints, h)
	return ctx.Err()
}

// Close implements stt.Stream.
func (s *sttStream) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil
	}
	s.closed = true
	s.pending = nil
	close(s.changed)
	s.changed = make(chan struct{})
	s.m.mu.Lock()
	s.m.active--
	s.m.mu.Unlock()
	return nil
}

func (s *sttStream) add(p pending) {
	s.pending = append(s.pending, p)
	close(s.changed)
	s.changed = make(chan struct{})
}

// Recv implements stt.Stream.
func (s *sttStream) Recv(ctx context.Context) (stt.Event, error) {
	for {
		s.mu.Lock()
		changed, closed := s.changed, s.closed
		var tick <-chan time.Time
		var timer *time.Timer
		if len(s.pending) > 0 && !closed && ctx.Err() == nil && s.life.Err() == nil {
			p := s.pending[0]
			switch d := time.Until(p.at); {
			case p.hang:
			case d > 0:
				timer = time.NewTimer(d)
				tick = timer.C
			case p.err != nil: // stays at the head: the stream is broken
				s.mu.Unlock()
				return stt.Event{}, p.err
			default:
				s.pending = s.pending[1:]
				s.mu.Unlock()
				return p.ev, nil
			}
		}
		s.mu.Unlock()
		if closed {
			return stt.Event{}, io.EOF
		}
		done := false
		select {
		case <-changed:
		case <-tick:
		case <-ctx.Done():
			done = true
		case <-s.life.Done():
			done = true
		}
		if timer != nil {
			timer.Stop()
		}
		if done {
			return stt.Event{}, io.EOF
		}
	}
}

// loud reports whether the frame holds more than the hiss of a quiet line.
func loud(pcm []int16) bool {
	return slices.ContainsFunc(pcm, func(v int16) bool { return v > 200 || v < -200 })
}
