package providertest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"griot/internal/media"
	"griot/internal/model/tts"
)

// TTSOptions tell the suite what to say and what the model promises.
type TTSOptions struct {
	Options       tts.Options         // for Open
	Texts         []string            // said one after the other; nil says two English sentences
	MinAudio      time.Duration       // Texts last at least that long; 0 means 200 ms
	Deterministic bool                // the same text gives the same samples
	Broken        []Broken[tts.Model] // models that fail in Open, Say, End or Recv
	Bound         time.Duration       // 0 means 30 s
}

// TTS checks a voice.
func TTS(t *testing.T, m tts.Model, o TTSOptions) {
	t.Helper()
	o.fill()
	runAll(t, ttsChecks, m, o, o.Bound)
	for _, b := range o.Broken {
		t.Run("broken: "+b.Name, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), o.Bound)
			defer cancel()
			_, err := speak(ctx, b.Model, o, o.Texts)
			if err := failedAs(err, b.Kind, b.Code); err != nil {
				t.Error(err)
			}
		})
	}
}

func (o *TTSOptions) fill() {
	if o.Bound == 0 {
		o.Bound = 30 * time.Second
	}
	if o.MinAudio == 0 {
		o.MinAudio = 200 * time.Millisecond
	}
	if len(o.Texts) == 0 {
		o.Texts = []string{"Good morning, this is the surgery.", " How may I help you today?"}
	}
}

var ttsChecks = []check[tts.Model, TTSOptions]{
	{"capabilities", ttsCaps},
	{"speaks", ttsSpeaks},
	{"marks", ttsMarks},
	{"speaks before the end", ttsEarly},
	{"nothing to say", ttsSilent},
	{"nothing after close", ttsAfterClose},
	{"close wakes a reader", ttsCloseWakes},
	{"cancelled reader", ttsCancelledReader},
	{"cancelled stream", ttsCancelledStream},
	{"closed twice", ttsClosedTwice},
	{"many at once", ttsConcurrent},
}

// speech is all that one stream gave.
type speech struct {
	pcm    []int16
	marks  []tts.Mark
	breach error // the first breach of contract
}

// speak says texts and reads to the end. Its error is the model's.
func speak(ctx context.Context, m tts.Model, o TTSOptions, texts []string) (speech, error) {
	s, err := m.Open(ctx, o.Options)
	if err != nil {
		return speech{}, err
	}
	defer s.Close()
	said := make(chan error, 1)
	go func() {
		for _, text := range texts {
			if err := s.Say(ctx, text); err != nil {
				_ = s.Close() // lets the reader go
				said <- err
				return
			}
		}
		said <- s.End(ctx)
	}()
	sp, err := valueWithin(ctx, "Recv", func() (speech, error) {
		var sp speech
		err := sp.read(ctx, s, m.Caps().Rate, len(strings.Join(texts, "")))
		return sp, err
	})
	if err != nil {
		_ = s.Close() // lets Say go
	}
	// A reader's error is of more use than that of a Say which it stopped.
	return sp, errors.Join(err, within(ctx, "Say", func() error { return <-said }))
}

func (sp *speech) read(ctx context.Context, s tts.Stream, rate, said int) error {
	format := media.Mono(rate)
	for {
		c, err := s.Recv(ctx)
		if errors.Is(err, io.EOF) {
			if _, again := s.Recv(ctx); !errors.Is(again, io.EOF) {
				sp.fault("after io.EOF, Recv returns %v instead of io.EOF", again)
			}
			return nil
		}
		if err != nil {
			return err
		}
		at := format.Duration(len(sp.pcm))
		if len(c.Frame.PCM) > 0 && c.Frame.Format != format {
			sp.fault("a chunk has format %+v; want %+v", c.Frame.Format, format)
		}
		if d := c.Frame.PTS - at; len(c.Frame.PCM) > 0 && (d > time.Millisecond || d < -time.Millisecond) {
			sp.fault("a chunk has PTS %s; it begins at %s", c.Frame.PTS, at)
		}
		sp.pcm = append(sp.pcm, c.Frame.PCM...)
		end := format.Duration(len(sp.pcm))
		for _, k := range c.Marks {
			if k.At > end || k.At < 0 {
				sp.fault("the mark %+v lies outside the %s of audio that came with or before it", k, end)
			}
			if n := len(sp.marks); n > 0 && k.At < sp.marks[n-1].At {
				sp.fault("the mark %+v comes after %+v", k, sp.marks[n-1])
			}
			if k.Text < 0 || k.Len < 0 || k.Text+k.Len > said {
				sp.fault("the mark %+v lies outside the %d bytes of text", k, said)
			}
			sp.marks = append(sp.marks, k)
		}
	}
}

func (sp *speech) fault(format string, args ...any) {
	if sp.breach == nil {
		sp.breach = fmt.Errorf(format, args...)
	}
}

func ttsCaps(_ context.Context, m tts.Model, _ TTSOptions) error {
	c := m.Caps()
	if c.ID == "" || c.Rate < 8000 || c.Rate > 48000 {
		return fmt.Errorf("no id, or an unusual rate: %q at %d Hz", c.ID, c.Rate)
	}
	var ids []string
	for _, v := range c.Voices {
		if v.ID == "" || v.Name == "" || slices.Contains(ids, v.ID) {
			return fmt.Errorf("the voice %+v has no id, no name, or an id that came before", v)
		}
		ids = append(ids, v.ID)
	}
	return nil
}

func ttsSpeaks(ctx context.Context, m tts.Model, o TTSOptions) error {
	sp, err := speak(ctx, m, o, o.Texts)
	if err != nil {
		return err
	}
	if sp.breach != nil {
		return sp.breach
	}
	if d := media.Mono(m.Caps().Rate).Duration(len(sp.pcm)); d < o.MinAudio {
		return fmt.Errorf("%s of audio; want at least %s", d, o.MinAudio)
	}
	if !slices.ContainsFunc(sp.pcm, func(v int16) bool { return v > 500 || v < -500 }) {
		return errors.New("the audio is silent")
	}
	return nil
}

func ttsMarks(ctx context.Context, m tts.Model, o TTSOptions) error {
	sp, err := speak(ctx, m, o, o.Texts)
	if err != nil {
		return err
	}
	all := strings.Join(o.Texts, "")
	words, end, sentences, from := 0, 0, 0, 0
	for _, k := range sp.marks {
		switch k.Kind {
		case tts.Word:
			words++
			if k.Text < end || k.Text+k.Len > len(all) {
				return fmt.Errorf("the word mark %+v overlaps the one before, which ends at %d, or the text's end", k, end)
			}
			end = k.Text + k.Len
			if w := all[k.Text:end]; strings.TrimSpace(w) == "" || !utf8.ValidString(w) {
				return fmt.Errorf("the word mark %+v marks %q", k, w)
			}
		case tts.Sentence:
			if sentences == len(o.Texts) {
				return errors.New("more Sentence marks than calls of Say")
			}
			n := len(o.Texts[sentences])
			if k.Text != from || k.Len != n {
				return fmt.Errorf("the Sentence mark %+v does not belong to Say %d, which is at %d and has %d bytes", k, sentences+1, from, n)
			}
			from += n
			sentences++
		case tts.Phoneme:
			if !m.Caps().Phonemes {
				return errors.New("Phoneme marks come, but Caps().Phonemes is false")
			}
		default:
			return fmt.Errorf("a mark of unknown kind %d", k.Kind)
		}
	}
	if sentences != len(o.Texts) {
		return fmt.Errorf("%d Sentence marks for %d calls of Say", sentences, len(o.Texts))
	}
	if fewest := len(o.Texts); m.Caps().WordMarks && words < fewest || !m.Caps().WordMarks && words > 0 {
		return fmt.Errorf("%d Word marks, but Caps().WordMarks is %v", words, m.Caps().WordMarks)
	}
	return sp.breach
}

// ttsEarly makes sure that a first sentence is spoken while the model still thinks about the second.
func ttsEarly(ctx context.Context, m tts.Model, o TTSOptions) error {
	return withStream(ctx, m, o, func(s tts.Stream) error {
		if err := s.Say(ctx, o.Texts[0]); err != nil {
			return err
		}
		return within(ctx, "Recv before End", func() error { return first(ctx, s) })
	})
}

// first waits for audio.
func first(ctx context.Context, s tts.Stream) error {
	for {
		c, err := s.Recv(ctx)
		if err != nil {
			return err
		}
		if len(c.Frame.PCM) > 0 {
			return nil
		}
	}
}

func ttsSilent(ctx context.Context, m tts.Model, o TTSOptions) error {
	for _, texts := range [][]string{nil, {""}, {" \n"}, {"", o.Texts[0]}, {"…", "?!", o.Texts[0]}} {
		sp, err := speak(ctx, m, o, texts)
		if err != nil {
			return fmt.Errorf("saying %q: %w", texts, err)
		}
		if sp.breach != nil {
			return fmt.Errorf("saying %q: %w", texts, sp.breach)
		}
	}
	return nil
}

func ttsAfterClose(ctx context.Context, m tts.Model, o TTSOptions) error {
	for _, waited := range []bool{false, true} {
		err := withStream(ctx, m, o, func(s tts.Stream) error {
			for range 3 {
				for _, text := range o.Texts {
					if err := s.Say(ctx, text); err != nil {
						return err
					}
				}
			}
			if waited {
				if err := within(ctx, "Recv", func() error { return first(ctx, s) }); err != nil {
					return err
				}
			}
			if err := within(ctx, "Close", s.Close); err != nil {
				return err
			}
			return within(ctx, "Recv after Close", func() error {
				for range 3 {
					if c, err := s.Recv(ctx); err == nil {
						return fmt.Errorf("%d samples and %d marks come after Close", len(c.Frame.PCM), len(c.Marks))
					}
				}
				// These may fail, but must return.
				_ = s.Say(ctx, "More.")
				_ = s.End(ctx)
				return nil
			})
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// ended waits for a reader that blocks in Recv after f was called, and makes sure that it does end.
func ended(ctx, reader context.Context, what string, s tts.Stream, f func()) error {
	timer := time.AfterFunc(50*time.Millisecond, f) // any moment will do
	defer timer.Stop()
	return within(ctx, what, func() error {
		for {
			if _, err := s.Recv(reader); err != nil {
				return nil
			}
		}
	})
}

func ttsCloseWakes(ctx context.Context, m tts.Model, o TTSOptions) error {
	return withStream(ctx, m, o, func(s tts.Stream) error {
		return ended(ctx, ctx, "Recv after Close", s, func() { _ = s.Close() })
	})
}

func ttsCancelledReader(ctx context.Context, m tts.Model, o TTSOptions) error {
	return withStream(ctx, m, o, func(s tts.Stream) error {
		reader, cancel := context.WithCancel(ctx)
		defer cancel()
		return ended(ctx, reader, "Recv after its context was cancelled", s, cancel)
	})
}

func ttsCancelledStream(ctx context.Context, m tts.Model, o TTSOptions) error {
	life, cancel := context.WithCancel(ctx)
	defer cancel()
	return withStream(life, m, o, func(s tts.Stream) error {
		return ended(ctx, ctx, "Recv after the stream's context was cancelled", s, cancel)
	})
}

func ttsClosedTwice(ctx context.Context, m tts.Model, o TTSOptions) error {
	for range 10 {
		err := withStream(ctx, m, o, func(s tts.Stream) error {
			return within(ctx, "Close", func() error {
				_ = s.Close()
				_ = s.Close()
				return nil
			})
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// ttsConcurrent lets streams speak texts of different lengths at once; what each gives must be what it gives alone.
func ttsConcurrent(ctx context.Context, m tts.Model, o TTSOptions) error {
	const n = 4
	texts := make([][]string, n)
	alone := make([]speech, n)
	for i := range texts {
		for range i + 1 {
			texts[i] = append(texts[i], o.Texts...)
		}
		sp, err := speak(ctx, m, o, texts[i])
		if err != nil {
			return err
		}
		alone[i] = sp
	}
	return together(n, func(i int) error {
		sp, err := speak(ctx, m, o, texts[i])
		if err != nil {
			return err
		}
		if sp.breach != nil {
			return sp.breach
		}
		a, b := float64(len(sp.pcm)), float64(len(alone[i].pcm))
		if a < 0.75*b || a > 1.25*b || o.Deterministic && !slices.Equal(sp.pcm, alone[i].pcm) {
			return fmt.Errorf("stream %d of %d at once gives %d samples, not the same %d as alone", i+1, n, len(sp.pcm), len(alone[i].pcm))
		}
		return nil
	})
}

func withStream(ctx context.Context, m tts.Model, o TTSOptions, f func(tts.Stream) error) error {
	s, err := m.Open(ctx, o.Options)
	if err != nil {
		return err
	}
	return errors.Join(f(s), s.Close())
}
