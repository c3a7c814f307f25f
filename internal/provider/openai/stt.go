package openai

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"strings"
	"sync"
	"time"

	api "github.com/openai/openai-go/v3"

	"griot/internal/fault"
	"griot/internal/media"
	"griot/internal/model/stt"
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
	p := api.AudioTranscriptionNewParams{
		File: api.File(&wav, "utterance.wav", "audio/wav"), Model: s.m.c.TranscriptionModel, ResponseFormat: api.AudioResponseFormatJSON,
	}
	if lang, _, _ := strings.Cut(s.lang, "-"); len(lang) == 2 {
		p.Language = api.String(strings.ToLower(lang))
	}
	s.hint(&p, u.hints)
	ctx, l := newLeash(s.life, s.m.c.Timeout)
	defer l.release()
	res, err := s.m.post(ctx, "audio/transcriptions", p)
	if err != nil {
		return "", err
	}
	defer res.Body.Close()
	body, err := io.ReadAll(io.LimitReader(res.Body, maxBody))
	if err != nil {
		if ctx.Err() != nil {
			return "", s.m.fault(ctx, nil, err)
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

// hint tells the server what is likely to be said. Newer models take a list of words; others a text that might have gone before.
func (s *hearing) hint(p *api.AudioTranscriptionNewParams, h stt.Hints) {
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
		p.Keywords = phrases
	default:
		p.Prompt = api.String(strings.Join(phrases, ", "))
	}
}
