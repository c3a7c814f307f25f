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
	"griot/internal/model/tts"
)

// TTSOptions say how a TTS speaks. The zero value produces its audio at once, at 16 kHz and three words a second, without marks
// for words.
type TTSOptions struct {
	First       time.Duration // from the first Say to the first audio
	Rate        int           // samples per second; 0 means 16000
	WordsPerSec float64       // how fast it speaks; 0 means 3
	Speed       float64       // how many times faster than real time audio is produced; 0 means at once
	Chunk       time.Duration // length of the chunks; 0 means 100 ms
	Marks       bool          // give Word marks (Sentence marks always come)
	OpenErr     error         // Open fails with this
	FailAfter   int           // the stream fails after that many words; below 0 before the first word; 0 never
	Err         error         // what FailAfter fails with; nil means a fault.Unavailable
	Hang        bool          // no audio ever comes: Recv waits for ctx or Close
	IgnoreClose bool          // a vendor that breaks the contract: audio goes on coming after Close and after ctx is done
	Languages   []string      // Caps().Languages
	ID          string        // Caps().ID; "" means "fake"

	forget bool // keep no record of streams: a program may run for months
}

// TTS is a voice that speaks one tone per word. It is safe for concurrent use.
type TTS struct {
	o TTSOptions

	mu      sync.Mutex // guards what follows
	streams []*ttsStream
}

// NewTTS returns a voice that behaves as o says.
func NewTTS(o TTSOptions) *TTS {
	if o.Rate == 0 {
		o.Rate = 16000
	}
	if o.WordsPerSec == 0 {
		o.WordsPerSec = 3
	}
	if o.Chunk <= 0 {
		o.Chunk = 100 * time.Millisecond
	}
	if o.ID == "" {
		o.ID = "fake"
	}
	return &TTS{o: o}
}

// Caps implements tts.Model.
func (m *TTS) Caps() tts.Caps {
	return tts.Caps{
		ID: m.o.ID, Languages: slices.Clone(m.o.Languages), Rate: m.o.Rate, WordMarks: m.o.Marks,
		Voices: []tts.Voice{{ID: "tone", Name: "Tone"}},
	}
}

// Said returns what was said into each stream so far, in the order in which the streams were opened.
func (m *TTS) Said() []string {
	m.mu.Lock()
	streams := slices.Clone(m.streams)
	m.mu.Unlock()
	out := make([]string, len(streams))
	for i, s := range streams {
		s.mu.Lock()
		out[i] = s.text.String()
		s.mu.Unlock()
	}
	return out
}

// Opened returns the options of each stream so far.
func (m *TTS) Opened() []tts.Options {
	m.mu.Lock()
	defer m.mu.Unlock()
	out := make([]tts.Options, len(m.streams))
	for i, s := range m.streams {
		out[i] = s.opts
	}
	return out
}

// Active returns how many streams are not closed.
func (m *TTS) Active() int {
	m.mu.Lock()
	streams := slices.Clone(m.streams)
	m.mu.Unlock()
	n := 0
	for _, s := range streams {
		s.mu.Lock()
		if !s.closed {
			n++
		}
		s.mu.Unlock()
	}
	return n
}

// Open implements tts.Model. Options.Rate makes words shorter (above 1) or longer.
func (m *TTS) Open(ctx context.Context, opts tts.Options) (tts.Stream, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if m.o.OpenErr != nil {
		return nil, m.o.OpenErr
	}
	if opts.Voice != "" && opts.Voice != "tone" {
		return nil, fault.New(fault.Invalid, "unknown_voice", "the fake voice model has no voice %q; its only voice is \"tone\"", opts.Voice).At("voice")
	}
	wps := m.o.WordsPerSec
	if opts.Rate > 0 {
		wps *= opts.Rate
	}
	s := &ttsStream{o: m.o, opts: opts, life: ctx, wps: wps, changed: make(chan struct{})}
	m.mu.Lock()
	if !m.o.forget {
		m.streams = append(m.streams, s)
	}
	m.mu.Unlock()
	return s, nil
}

// ttsStream renders what was said when it is asked for it: chunks are timed as if a vendor had produced them meanwhile.
type ttsStream struct {
	o    TTSOptions
	opts tts.Options
	life context.Context // bounds the stream
	wps  float64

	mu      sync.Mutex // guards what follows
	text    strings.Builder
	spans   []span // what is still to be marked
	words   int    // words said so far
	ended   bool
	closed  bool
	changed chan struct{} // closed and replaced on every change

	// Only Recv's goroutine touches these.
	played  int // samples given out
	ready   time.Time
	started bool
}

// span is a word, or the end of a Say.
type span struct {
	mark  tts.Mark
	index int       // of the word in the stream
	said  time.Time // when Say was called
	begun bool      // its mark was given
}

// wordStart returns where the n-th word of a stream starts, in samples and in time. Samples are rounded up, so that a mark never
// lies beyond the audio that was given with it.
func (s *ttsStream) wordStart(n int) (int, time.Duration) {
	sec := float64(n) / s.wps
	at := time.Duration(sec * float64(time.Second))
	rate := int64(s.o.Rate)
	return int((int64(at)*rate + int64(time.Second) - 1) / int64(time.Second)), at
}

// Say implements tts.Stream.
func (s *ttsStream) Say(ctx context.Context, text string) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed || s.ended {
		return fault.New(fault.Conflict, "stream_closed", "say after the end of the stream")
	}
	now := time.Now()
	base := s.text.Len()
	s.text.WriteString(text)
	for _, w := range wordsOf(text) {
		_, at := s.wordStart(s.words)
		s.spans = append(s.spans, span{index: s.words, said: now,
			mark: tts.Mark{Kind: tts.Word, Text: base + w[0], Len: w[1] - w[0], At: at}})
		s.words++
	}
	_, at := s.wordStart(s.words)
	s.spans = append(s.spans, span{index: s.words, said: now,
		mark: tts.Mark{Kind: tts.Sentence, Text: base, Len: len(text), At: at}})
	s.notify()
	return nil
}

// End implements tts.Stream.
func (s *ttsStream) End(ctx context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ended = true
	s.notify()
	return ctx.Err()
}

// Close implements tts.Stream.
func (s *ttsStream) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	s.notify()
	return nil
}

func (s *ttsStream) notify() {
	close(s.changed)
	s.changed = make(chan struct{})
}

// Recv implements tts.Stream.
func (s *ttsStream) Recv(ctx context.Context) (tts.Chunk, error) {
	if s.o.IgnoreClose {
		ctx = context.WithoutCancel(ctx)
	}
	for {
		s.mu.Lock()
		changed := s.changed
		closed := s.closed && !s.o.IgnoreClose
		var next *span
		if len(s.spans) > 0 && !s.o.Hang {
			sp := s.spans[0]
			next = &sp
		}
		finished := s.ended && next == nil && !s.o.Hang
		if s.closed && next == nil {
			finished = true
		}
		s.mu.Unlock()

		if closed || finished {
			return tts.Chunk{}, io.EOF
		}
		if err := s.alive(ctx); err != nil {
			return tts.Chunk{}, err
		}
		if next == nil {
			if err := s.await(ctx, changed, nil); err != nil {
				return tts.Chunk{}, err
			}
			continue
		}
		if d := time.Until(s.due(next)); d > 0 {
			t := time.NewTimer(d)
			err := s.await(ctx, changed, t.C)
			t.Stop()
			if err != nil {
				return tts.Chunk{}, err
			}
			continue
		}
		if s.o.FailAfter != 0 && next.index >= max(s.o.FailAfter, 0) {
			if s.o.Err != nil {
				return tts.Chunk{}, s.o.Err
			}
			return tts.Chunk{}, fault.New(fault.Unavailable, "fake_failed", "the fake voice failed after %d words, as it was told to", max(s.o.FailAfter, 0))
		}
		c, any := s.render()
		if any {
			return c, nil
		}
	}
}

// due returns when the chunk that starts with next is ready.
func (s *ttsStream) due(next *span) time.Time {
	at := s.ready
	if !s.started {
		at = next.said.Add(s.o.First)
	} else if next.said.After(at) {
		at = next.said
	}
	if s.o.Speed > 0 {
		at = at.Add(time.Duration(float64(media.Mono(s.o.Rate).Duration(s.size(next))) / s.o.Speed))
	}
	return at
}

// size returns how many samples the chunk that starts with next has.
func (s *ttsStream) size(next *span) int {
	if next.mark.Kind != tts.Word {
		return 0
	}
	end, _ := s.wordStart(next.index + 1)
	return min(end-s.played, media.Mono(s.o.Rate).Samples(s.o.Chunk))
}

// render takes the next chunk off the list of spans: part of one word, with the marks that fall into it.
func (s *ttsStream) render() (tts.Chunk, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.spans) == 0 {
		return tts.Chunk{}, false
	}
	sp := &s.spans[0]
	s.ready = s.due(sp)
	s.started = true
	f := media.Mono(s.o.Rate)
	c := tts.Chunk{Frame: media.Frame{Format: f, PTS: f.Duration(s.played)}}
	if sp.mark.Kind == tts.Word {
		if !sp.begun && s.o.Marks {
			c.Marks = append(c.Marks, sp.mark)
		}
		sp.begun = true
		n := s.size(sp)
		from, _ := s.wordStart(sp.index)
		to, _ := s.wordStart(sp.index + 1)
		c.Frame.PCM = tone(sp.index, s.o.Rate, to-from, s.played-from, n)
		s.played += n
		if s.played < to {
			return c, true
		}
		s.spans = s.spans[1:]
	}
	for len(s.spans) > 0 && s.spans[0].mark.Kind == tts.Sentence {
		c.Marks = append(c.Marks, s.spans[0].mark)
		s.spans = s.spans[1:]
	}
	return c, true
}

// alive returns the error of whichever context has ended.
func (s *ttsStream) alive(ctx context.Context) error {
	if s.o.IgnoreClose {
		return nil
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	return s.life.Err()
}

// await returns nil on a change or a tick, and the error of a context that ends first.
func (s *ttsStream) await(ctx context.Context, changed <-chan struct{}, tick <-chan time.Time) error {
	var life <-chan struct{}
	if !s.o.IgnoreClose {
		life = s.life.Done()
	}
	select {
	case <-changed:
	case <-tick:
	case <-ctx.Done():
		return ctx.Err()
	case <-life:
		return s.life.Err()
	}
	return nil
}
