package openai

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"mime/multipart"
	"net/textproto"
	"strings"
	"sync"
	"time"

	"griot/internal/fault"
	"griot/internal/media"
	"griot/internal/model/stt"
	"griot/internal/wire"
)

const (
	hearRate     = 16000
	maxUtterance = 2 * time.Minute        // of one utterance the last two minutes are transcribed
	minUtterance = 100 * time.Millisecond // servers refuse less; nobody says anything in that
	maxWaiting   = 8                      // utterances that wait for their transcript
	maxHints     = 600                    // characters of hints in a request
)

// transcriber is a recogniser behind audio/transcriptions: it collects an utterance and sends it when it is over.
type transcriber struct{ *client }

// Caps implements stt.Model.
func (m *transcriber) Caps() stt.Caps {
	return stt.Caps{ID: "openai/" + m.c.TranscriptionModel, Rate: hearRate, Hints: true}
}

// Open implements stt.Model. An utterance whose transcription fails is an error of Recv in place of its Final; the stream goes on.
func (m *transcriber) Open(ctx context.Context, o stt.Options) (stt.Stream, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	life, cancel := context.WithCancel(ctx)
	s := &hearing{
		m: m, lang: o.Lang, hints: o.Hints, life: life, cancel: cancel,
		jobs: make(chan utterance, maxWaiting), events: make(chan heard, maxWaiting), gone: make(chan struct{}),
	}
	go s.work()
	return s, nil
}

// utterance waits for its transcript.
type utterance struct {
	pcm      []int16
	from, to time.Duration
	hints    stt.Hints
}

// heard is an event or a failure.
type heard struct {
	ev  stt.Event
	err error
}

// hearing is one stream. Its worker transcribes one utterance after the other, so that Finals keep their order; Close waits for it. When
// jobs is full, Finalize waits; when events is full, the worker does.
type hearing struct {
	m      *transcriber
	lang   string
	life   context.Context
	cancel context.CancelFunc
	jobs   chan utterance
	events chan heard
	gone   chan struct{} // closed when the worker has returned

	mu    sync.Mutex // guards what follows
	pcm   []int16
	from  time.Duration // where pcm begins
	pos   time.Duration
	count int // samples sent
	hints stt.Hints
}

// Send implements stt.Stream. When an utterance grows beyond two minutes, its beginning is dropped.
func (s *hearing) Send(ctx context.Context, f media.Frame) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if s.life.Err() != nil {
		return errClosed()
	}
	format := media.Mono(hearRate)
	if f.Format != format {
		return fault.New(fault.Invalid, "wrong_format", "transcription takes mono audio at %d Hz, not %d channels at %d Hz", hearRate, f.Channels, f.Rate)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.pcm = append(s.pcm, f.PCM...)
	s.count += len(f.PCM)
	s.pos = format.Duration(s.count)
	if most := format.Samples(maxUtterance); len(s.pcm) > most+hearRate {
		s.pcm = s.pcm[:copy(s.pcm, s.pcm[len(s.pcm)-most:])]
		s.from = format.Duration(s.count - most)
	}
	return nil
}

// Finalize implements stt.Stream.
func (s *hearing) Finalize(ctx context.Context) error {
	s.mu.Lock()
	u := utterance{pcm: s.pcm, from: s.from, to: s.pos, hints: s.hints}
	s.pcm, s.from = nil, s.pos
	s.mu.Unlock()
	if s.life.Err() != nil {
		return errClosed()
	}
	select {
	case s.jobs <- u:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	case <-s.life.Done():
		return errClosed()
	}
}

// Discard implements stt.Discarder.
func (s *hearing) Discard(ctx context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.pcm, s.from = s.pcm[:0], s.pos
	return ctx.Err()
}

// SetHints implements stt.Hinter.
func (s *hearing) SetHints(ctx context.Context, h stt.Hints) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.hints = h
	return ctx.Err()
}

// Recv implements stt.Stream.
func (s *hearing) Recv(ctx context.Context) (stt.Event, error) {
	if s.life.Err() != nil || ctx.Err() != nil {
		return stt.Event{}, io.EOF
	}
	select {
	case h := <-s.events:
		return h.ev, h.err
	case <-ctx.Done():
	case <-s.life.Done():
	}
	return stt.Event{}, io.EOF
}

// Close implements stt.Stream.
func (s *hearing) Close() error {
	s.cancel()
	<-s.gone
	return nil
}

func errClosed() error {
	return fault.New(fault.Conflict, "stream_closed", "the stream is closed")
}

func (s *hearing) work() {
	defer close(s.gone)
	defer s.cancel()
	for {
		select {
		case u := <-s.jobs:
			text, err := s.transcribe(u)
			h := heard{err: err}
			if err == nil {
				h.ev = stt.Event{Kind: stt.Final, Text: text, From: u.from, To: u.to, Lang: s.lang}
			}
			select {
			case s.events <- h:
			case <-s.life.Done():
				return
			}
		case <-s.life.Done():
			return
		}
	}
}

func (s *hearing) transcribe(u utterance) (string, error) {
	format := media.Mono(hearRate)
	if format.Duration(len(u.pcm)) < minUtterance {
		return "", nil
	}
	var wav bytes.Buffer
	if err := media.WriteWAV(&wav, format, u.pcm); err != nil {
		return "", fault.Wrap(err, fault.Internal, "wav", "an utterance cannot be written as WAVE")
	}
	form, err := s.form(wav.Bytes(), u.hints)
	if err != nil {
		return "", fault.Wrap(err, fault.Internal, "form", "a request for a transcript cannot be written")
	}
	ctx, l := wire.Leashed(s.life, s.m.c.Timeout)
	defer l.Release()
	res, err := s.m.post(ctx, "audio/transcriptions", form)
	if err != nil {
		return "", err
	}
	defer res.Body.Close()
	body, err := io.ReadAll(io.LimitReader(res.Body, maxBody))
	if err != nil {
		if ctx.Err() != nil {
			return "", s.m.Fault(ctx, err)
		}
		return "", fault.Wrap(err, fault.Unavailable, "stream_cut", "%s broke off in the middle of a transcript", host(s.m.c.BaseURL))
	}
	var got struct {
		Text *string `json:"text"`
	}
	if err := json.Unmarshal(body, &got); err != nil || got.Text == nil {
		err = errors.Join(err, errors.New("want an object with a text"))
		return "", fault.Wrap(err, fault.Unavailable, "bad_response", "%s answers with something else than a transcript", host(s.m.c.BaseURL))
	}
	return strings.TrimSpace(*got.Text), nil
}

// form writes the request.
func (s *hearing) form(wav []byte, h stt.Hints) (wire.Raw, error) {
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	fields := [][2]string{{"model", s.m.c.TranscriptionModel}, {"response_format", "json"}}
	if lang, _, _ := strings.Cut(s.lang, "-"); len(lang) == 2 {
		fields = append(fields, [2]string{"language", strings.ToLower(lang)})
	}
	for _, f := range append(fields, s.hint(h)...) {
		if err := w.WriteField(f[0], f[1]); err != nil {
			return wire.Raw{}, err
		}
	}
	file, err := w.CreatePart(textproto.MIMEHeader{"Content-Disposition": {`form-data; name="file"; filename="utterance.wav"`}, "Content-Type": {"audio/wav"}})
	if err == nil {
		_, err = file.Write(wav)
	}
	if err == nil {
		err = w.Close()
	}
	return wire.Raw{Type: w.FormDataContentType(), Data: b.Bytes()}, err
}

// hint tells the server what is likely to be said. Newer models take a list of words; others a text that might have gone before.
func (s *hearing) hint(h stt.Hints) (fields [][2]string) {
	var phrases []string
	room := maxHints
	for _, ph := range h.Phrases {
		if room -= len([]rune(ph)) + 2; room < 0 {
			break
		}
		phrases = append(phrases, ph)
	}
	switch {
	case len(phrases) == 0:
	case strings.HasPrefix(s.m.c.TranscriptionModel, "gpt-transcribe"):
		for _, ph := range phrases {
			fields = append(fields, [2]string{"keywords[]", ph})
		}
	default:
		fields = append(fields, [2]string{"prompt", strings.Join(phrases, ", ")})
	}
	return fields
}
