package openai

import (
	"context"
	"encoding/binary"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync"
	"unicode"

	"griot/internal/fault"
	"griot/internal/media"
	"griot/internal/model/tts"
	"griot/internal/wire"
)

const (
	speakRate  = 24000
	chunkBytes = 2 * speakRate / 20 // 50 ms
	// maxAhead chunks are fetched before anybody asks for them: the two seconds hide the request for the next sentence.
	maxAhead = 40
	maxTexts = 64   // calls of Say that wait
	maxInput = 4000 // characters of one request; the interface allows 4096
)

// speaker is a voice behind audio/speech: one request a sentence.
type speaker struct{ *client }

// Caps implements tts.Model.
func (m *speaker) Caps() tts.Caps {
	c := tts.Caps{ID: "openai/" + m.c.SpeechModel, Rate: speakRate}
	names := []string{m.c.Voice}
	if m.c.own() {
		for _, v := range []string{"alloy", "ash", "ballad", "cedar", "coral", "echo", "fable", "marin", "nova", "onyx", "sage", "shimmer", "verse"} {
			if v != m.c.Voice {
				names = append(names, v)
			}
		}
	}
	for _, v := range names {
		c.Voices = append(c.Voices, tts.Voice{ID: v, Name: v})
	}
	return c
}

// Open implements tts.Model. A voice that the server does not know is the server's error, in Recv.
func (m *speaker) Open(ctx context.Context, o tts.Options) (tts.Stream, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	life, cancel := context.WithCancelCause(ctx)
	s := &speaking{
		m: m, o: o, life: life, cancel: cancel,
		texts: make(chan string, maxTexts), chunks: make(chan tts.Chunk, maxAhead), gone: make(chan struct{}),
	}
	if s.o.Voice == "" {
		s.o.Voice = m.c.Voice
	}
	go s.work()
	return s, nil
}

// speaking is one stream. Its worker fetches one text after the other; Close waits for it. When texts is full, Say waits; when chunks is
// full, the worker does, and through it the server.
type speaking struct {
	m      *speaker
	o      tts.Options
	life   context.Context
	cancel context.CancelCauseFunc
	texts  chan string
	chunks chan tts.Chunk // closed by the worker when it ends
	gone   chan struct{}  // closed after that
	err    error          // why the worker ended; read after gone

	mu    sync.Mutex // guards ended
	ended bool

	// Only the worker touches these.
	said, played int // bytes, samples
}

var errStreamClosed = errors.New("closed")

// Say implements tts.Stream.
func (s *speaking) Say(ctx context.Context, text string) error {
	s.mu.Lock()
	ended := s.ended
	s.mu.Unlock()
	if ended || s.life.Err() != nil {
		return errClosed()
	}
	select {
	case s.texts <- text:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	case <-s.gone:
		if s.err != nil {
			return s.err
		}
		return errClosed()
	}
}

// End implements tts.Stream.
func (s *speaking) End(ctx context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.ended {
		s.ended = true
		close(s.texts)
	}
	return ctx.Err()
}

// Recv implements tts.Stream.
func (s *speaking) Recv(ctx context.Context) (tts.Chunk, error) {
	if err := s.over(ctx); err != nil {
		return tts.Chunk{}, err
	}
	select {
	case c, ok := <-s.chunks:
		if ok && s.closed() == nil {
			return c, nil
		}
	case <-ctx.Done():
	case <-s.life.Done():
	}
	if err := s.over(ctx); err != nil {
		return tts.Chunk{}, err
	}
	if s.err != nil { // the worker has returned: chunks is closed
		return tts.Chunk{}, s.err
	}
	return tts.Chunk{}, io.EOF
}

// over returns why nothing more comes out, nil when something may.
func (s *speaking) over(ctx context.Context) error {
	if err := s.closed(); err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	return s.life.Err()
}

func (s *speaking) closed() error {
	if errors.Is(context.Cause(s.life), errStreamClosed) {
		return io.EOF
	}
	return nil
}

// Close implements tts.Stream.
func (s *speaking) Close() error {
	s.cancel(errStreamClosed)
	<-s.gone
	return nil
}

func (s *speaking) work() {
	defer close(s.gone)
	defer close(s.chunks)
	for {
		select {
		case text, ok := <-s.texts:
			if !ok {
				return
			}
			if s.err = s.speak(text); s.err != nil {
				return
			}
		case <-s.life.Done():
			s.err = s.life.Err()
			return
		}
	}
}

// speak fetches one text and marks its end.
func (s *speaking) speak(text string) error {
	parts := []string{text}
	if len(text) > maxInput {
		s := tts.Splitter{First: -1, Max: maxInput}
		parts = append(s.Push(text), s.Flush())
	}
	for _, p := range parts {
		if strings.ContainsFunc(p, func(r rune) bool { return unicode.IsLetter(r) || unicode.IsNumber(r) }) {
			if err := s.fetch(p); err != nil {
				return err
			}
		}
	}
	at := media.Mono(speakRate).Duration(s.played)
	mark := tts.Mark{Kind: tts.Sentence, Text: s.said, Len: len(text), At: at}
	s.said += len(text)
	return s.give(tts.Chunk{Frame: media.Frame{Format: media.Mono(speakRate), PTS: at}, Marks: []tts.Mark{mark}})
}

func (s *speaking) give(c tts.Chunk) error {
	select {
	case s.chunks <- c:
		return nil
	case <-s.life.Done():
		return s.life.Err()
	}
}

// speechBody is a request for one text's sound.
type speechBody struct {
	Input          string  `json:"input"`
	Model          string  `json:"model"`
	Voice          string  `json:"voice"`
	ResponseFormat string  `json:"response_format"`
	Speed          float64 `json:"speed,omitempty"`
}

// fetch makes one request and passes its audio on as it comes.
func (s *speaking) fetch(text string) error {
	p := speechBody{Input: strings.TrimSpace(text), Model: s.m.c.SpeechModel, ResponseFormat: "pcm", Voice: s.o.Voice}
	if s.o.Rate > 0 && s.o.Rate != 1 {
		p.Speed = min(max(s.o.Rate, 0.25), 4)
	}
	ctx, l := wire.Leashed(s.life, s.m.c.Timeout)
	defer l.Release()
	res, err := s.m.post(ctx, "audio/speech", p)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	if err := s.sound(res); err != nil {
		return err
	}
	buf := make([]byte, chunkBytes)
	have := 0 // bytes of buf; an odd one stays for the next round
	for first := true; ; {
		n, err := res.Body.Read(buf[have:])
		have += n
		if even := have &^ 1; even == len(buf) || err != nil && even > 0 {
			if first && compressed(buf[:even]) {
				return s.noPCM("a compressed or WAVE file")
			}
			first = false
			l.Hold() // the listener's time does not count
			if err := s.give(s.chunk(buf[:even])); err != nil {
				return err
			}
			have = copy(buf, buf[even:have])
		}
		switch {
		case err == io.EOF:
			return nil
		case err != nil && ctx.Err() != nil:
			return s.m.Fault(ctx, err)
		case err != nil:
			return fault.Wrap(err, fault.Unavailable, "stream_cut", "%s broke off in the middle of its speech", host(s.m.c.BaseURL))
		}
		l.Renew(s.m.c.Timeout)
	}
}

func (s *speaking) chunk(b []byte) tts.Chunk {
	f := media.Mono(speakRate)
	pcm := make([]int16, len(b)/2)
	for i := range pcm {
		pcm[i] = int16(binary.LittleEndian.Uint16(b[2*i:]))
	}
	c := tts.Chunk{Frame: media.Frame{Format: f, PTS: f.Duration(s.played), PCM: pcm}}
	s.played += len(pcm)
	return c
}

// sound refuses what is no raw audio: as samples, it would be noise in a caller's ear.
func (s *speaking) sound(res *http.Response) error {
	switch t := wire.MediaType(res); {
	case t == "audio/mpeg", t == "audio/wav", t == "audio/x-wav", t == "audio/wave", t == "audio/ogg", t == "audio/opus", t == "audio/flac", t == "audio/aac":
		return s.noPCM(t)
	case strings.HasPrefix(t, "text/"), t == "application/json":
		return s.noPCM(t)
	}
	return nil
}

func (s *speaking) noPCM(what string) error {
	return fault.New(fault.Unavailable, "bad_response", "%s answers with %s instead of raw audio; it must know the response_format \"pcm\"", host(s.m.c.BaseURL), what)
}

// compressed recognises files by how they begin.
func compressed(b []byte) bool {
	for _, magic := range []string{"RIFF", "OggS", "fLaC", "ID3", "<htm", "<!DO", "{\""} {
		if strings.HasPrefix(string(b[:min(len(b), 8)]), magic) {
			return true
		}
	}
	return false
}
