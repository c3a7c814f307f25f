package providertest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"strings"
	"testing"
	"time"

	"griot/internal/fault"
	"griot/internal/media"
	"griot/internal/model/stt"
)

// STTOptions tell the suite what to send and what the model promises.
type STTOptions struct {
	Options stt.Options         // for Open
	Speech  []int16             // one utterance, mono at Caps().Rate; nil sends a second of buzzing
	Want    string              // must occur in what is heard, whatever the case; "" means anything
	Broken  []Broken[stt.Model] // models that fail in Open, Send, Finalize or Recv
	Bound   time.Duration       // 0 means 30 s
}

// STT checks a recogniser.
func STT(t *testing.T, m stt.Model, o STTOptions) {
	t.Helper()
	o.fill(m)
	runAll(t, sttChecks, m, o, o.Bound)
	for _, b := range o.Broken {
		t.Run("broken: "+b.Name, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), o.Bound)
			defer cancel()
			err := withHearing(ctx, b.Model, o, func(s stt.Stream) error {
				_, err := utter(ctx, s, b.Model.Caps(), o)
				return err
			})
			if err := failedAs(err, b.Kind, b.Code); err != nil {
				t.Error(err)
			}
		})
	}
}

func (o *STTOptions) fill(m stt.Model) {
	if o.Bound == 0 {
		o.Bound = 30 * time.Second
	}
	if o.Speech == nil {
		rate := m.Caps().Rate
		o.Speech = make([]int16, rate)
		for i := range o.Speech {
			o.Speech[i] = int16(6000 * math.Sin(2*math.Pi*180*float64(i)/float64(rate)))
		}
	}
}

var sttChecks = []check[stt.Model, STTOptions]{
	{"capabilities", sttCaps},
	{"hears one utterance after the other", sttHears},
	{"frames of any size", sttOddFrames},
	{"nothing said", sttNothingSaid},
	{"unsupported language", sttLanguage},
	{"hints", sttHints},
	{"discard", sttDiscard},
	{"nothing after close", sttAfterClose},
	{"close wakes a reader", sttCloseWakes},
	{"cancelled reader", sttCancelledReader},
	{"cancelled stream", sttCancelledStream},
	{"closed twice", sttClosedTwice},
	{"many at once", sttConcurrent},
}

// send sends pcm in frames of n samples, through one buffer that is overwritten after each Send: a stream must not keep it.
func send(ctx context.Context, s stt.Stream, rate int, pcm []int16, n int) error {
	buf := make([]int16, n)
	f := media.Mono(rate)
	for at := 0; at < len(pcm); at += n {
		k := copy(buf, pcm[at:])
		if err := s.Send(ctx, media.Frame{Format: f, PTS: f.Duration(at), PCM: buf[:k]}); err != nil {
			return err
		}
		for i := range buf {
			buf[i] = int16(i%7) * 4000
		}
	}
	return nil
}

// final reads up to the next Final.
func final(ctx context.Context, s stt.Stream, c stt.Caps) (stt.Event, error) {
	for {
		ev, err := s.Recv(ctx)
		if err != nil {
			return ev, fmt.Errorf("recv before the Final: %w", err)
		}
		if err := sane(ev, c); err != nil {
			return ev, err
		}
		if ev.Kind == stt.Final {
			return ev, nil
		}
	}
}

func sane(ev stt.Event, c stt.Caps) error {
	switch {
	case ev.Kind < stt.Partial || ev.Kind > stt.SpeechEnded:
		return fmt.Errorf("an event of unknown kind: %+v", ev)
	case ev.Kind == stt.Partial && !c.Partials:
		return errors.New("a Partial comes, but Caps().Partials is false")
	case ev.Confidence < 0 || ev.Confidence > 1:
		return fmt.Errorf("a confidence of %v", ev.Confidence)
	case ev.From < 0 || ev.To < ev.From:
		return fmt.Errorf("an event from %s to %s", ev.From, ev.To)
	}
	return nil
}

// utter sends one utterance, settles it and returns its Final.
func utter(ctx context.Context, s stt.Stream, c stt.Caps, o STTOptions) (stt.Event, error) {
	ev, err := valueWithin(ctx, "one utterance", func() (stt.Event, error) {
		// Someone always reads, as in a conversation: events of the utterance may come while it is sent.
		type result struct {
			ev  stt.Event
			err error
		}
		got := make(chan result, 1)
		reader, cancel := context.WithCancel(ctx)
		go func() {
			ev, err := final(reader, s, c)
			got <- result{ev, err}
		}()
		err := send(ctx, s, c.Rate, o.Speech, c.Rate/50)
		if err == nil {
			err = s.Finalize(ctx)
		}
		if err != nil {
			cancel()
		}
		r := <-got
		cancel()
		if err != nil {
			return r.ev, err
		}
		return r.ev, r.err
	})
	if err == nil && !strings.Contains(strings.ToLower(ev.Text), strings.ToLower(o.Want)) {
		err = fmt.Errorf("heard %q; want %q", ev.Text, o.Want)
	}
	return ev, err
}

func sttCaps(_ context.Context, m stt.Model, _ STTOptions) error {
	if c := m.Caps(); c.ID == "" || c.Rate < 8000 || c.Rate > 48000 {
		return fmt.Errorf("no id, or an unusual rate: %q at %d Hz", c.ID, c.Rate)
	}
	return nil
}

func sttHears(ctx context.Context, m stt.Model, o STTOptions) error {
	c := m.Caps()
	return withHearing(ctx, m, o, func(s stt.Stream) error {
		sent := time.Duration(0)
		for i := range 3 {
			ev, err := utter(ctx, s, c, o)
			if err != nil {
				return fmt.Errorf("utterance %d: %w", i+1, err)
			}
			begun := sent
			sent += media.Mono(c.Rate).Duration(len(o.Speech))
			if ev.To > sent+time.Millisecond || ev.From < begun-time.Second {
				return fmt.Errorf("utterance %d is said to last from %s to %s; it was sent from %s to %s", i+1, ev.From, ev.To, begun, sent)
			}
		}
		return noMore(ctx, s)
	})
}

// noMore closes the stream and makes sure that no Final was left in it: each Finalize has exactly one.
func noMore(ctx context.Context, s stt.Stream) error {
	extra := make(chan error, 1)
	timer := time.AfterFunc(100*time.Millisecond, func() { extra <- s.Close() })
	err := within(ctx, "Recv after Close", func() error {
		for {
			ev, err := s.Recv(ctx)
			if err != nil {
				return nil
			}
			if ev.Kind == stt.Final {
				return fmt.Errorf("a second Final for one Finalize: %q", ev.Text)
			}
		}
	})
	if timer.Stop() {
		return err
	}
	return errors.Join(err, <-extra)
}

func sttOddFrames(ctx context.Context, m stt.Model, o STTOptions) error {
	c := m.Caps()
	return withHearing(ctx, m, o, func(s stt.Stream) error {
		return within(ctx, "an utterance in odd frames", func() error {
			head := o.Speech[:min(len(o.Speech), 200)]
			for _, n := range []int{1, 7, 1000} {
				if err := send(ctx, s, c.Rate, head, n); err != nil {
					return fmt.Errorf("frames of %d samples: %w", n, err)
				}
			}
			if err := s.Send(ctx, media.Frame{Format: media.Mono(c.Rate)}); err != nil {
				return fmt.Errorf("an empty frame: %w", err)
			}
			if err := s.Finalize(ctx); err != nil {
				return err
			}
			_, err := final(ctx, s, c)
			return err
		})
	})
}

func sttNothingSaid(ctx context.Context, m stt.Model, o STTOptions) error {
	c := m.Caps()
	return withHearing(ctx, m, o, func(s stt.Stream) error {
		return within(ctx, "Finalize with no audio", func() error {
			for range 3 {
				if err := s.Finalize(ctx); err != nil {
					return err
				}
				if _, err := final(ctx, s, c); err != nil {
					return err
				}
			}
			return noMore(ctx, s)
		})
	})
}

func sttLanguage(ctx context.Context, m stt.Model, o STTOptions) error {
	if len(m.Caps().Languages) == 0 {
		return errSkip("the model takes any language")
	}
	bad := o.Options
	bad.Lang = "qqx" // reserved: nobody speaks it
	s, err := m.Open(ctx, bad)
	if err == nil {
		_ = s.Close()
	}
	return failedAs(err, fault.Invalid, "unsupported_language")
}

func sttHints(ctx context.Context, m stt.Model, o STTOptions) error {
	if !m.Caps().Hints {
		return errSkip("the model takes no hints")
	}
	return withHearing(ctx, m, o, func(s stt.Stream) error {
		h, ok := s.(stt.Hinter)
		if !ok {
			return errors.New("Caps().Hints is true, but a stream is no Hinter")
		}
		for _, hints := range []stt.Hints{{Open: true}, o.Options.Hints} {
			if err := h.SetHints(ctx, hints); err != nil {
				return err
			}
			if _, err := utter(ctx, s, m.Caps(), o); err != nil {
				return err
			}
		}
		return nil
	})
}

func sttDiscard(ctx context.Context, m stt.Model, o STTOptions) error {
	return withHearing(ctx, m, o, func(s stt.Stream) error {
		d, ok := s.(stt.Discarder)
		if !ok {
			return errSkip("the model cannot discard")
		}
		if err := send(ctx, s, m.Caps().Rate, o.Speech, m.Caps().Rate/50); err != nil {
			return err
		}
		if err := d.Discard(ctx); err != nil {
			return err
		}
		if _, err := utter(ctx, s, m.Caps(), o); err != nil {
			return err
		}
		return noMore(ctx, s)
	})
}

func sttAfterClose(ctx context.Context, m stt.Model, o STTOptions) error {
	c := m.Caps()
	return withHearing(ctx, m, o, func(s stt.Stream) error {
		return within(ctx, "a stream that was closed", func() error {
			if err := send(ctx, s, c.Rate, o.Speech, c.Rate/50); err != nil {
				return err
			}
			if err := s.Finalize(ctx); err != nil {
				return err
			}
			if err := s.Close(); err != nil {
				return err
			}
			for range 3 {
				if ev, err := s.Recv(ctx); !errors.Is(err, io.EOF) {
					return fmt.Errorf("after Close, Recv returns %+v and %v instead of io.EOF", ev, err)
				}
			}
			// These may fail, but must return.
			_ = send(ctx, s, c.Rate, o.Speech, c.Rate/50)
			_ = s.Finalize(ctx)
			return nil
		})
	})
}

func sttCloseWakes(ctx context.Context, m stt.Model, o STTOptions) error {
	return withHearing(ctx, m, o, func(s stt.Stream) error {
		return woken(ctx, ctx, "Recv after Close", s, true, func() { _ = s.Close() })
	})
}

func sttCancelledReader(ctx context.Context, m stt.Model, o STTOptions) error {
	return withHearing(ctx, m, o, func(s stt.Stream) error {
		reader, cancel := context.WithCancel(ctx)
		defer cancel()
		return woken(ctx, reader, "Recv after its context was cancelled", s, false, cancel)
	})
}

func sttCancelledStream(ctx context.Context, m stt.Model, o STTOptions) error {
	life, cancel := context.WithCancel(ctx)
	defer cancel()
	return withHearing(life, m, o, func(s stt.Stream) error {
		return woken(ctx, ctx, "Recv after the stream's context was cancelled", s, true, cancel)
	})
}

// woken makes sure that a reader that blocks in Recv returns after f was called.
func woken(ctx, reader context.Context, what string, s stt.Stream, eof bool, f func()) error {
	timer := time.AfterFunc(50*time.Millisecond, f) // any moment will do
	defer timer.Stop()
	return within(ctx, what, func() error {
		for {
			_, err := s.Recv(reader)
			if err != nil && eof && !errors.Is(err, io.EOF) {
				return fmt.Errorf("%s returns %w instead of io.EOF", what, err)
			}
			if err != nil {
				return nil
			}
		}
	})
}

func sttClosedTwice(ctx context.Context, m stt.Model, o STTOptions) error {
	for range 5 {
		err := withHearing(ctx, m, o, func(s stt.Stream) error {
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

func sttConcurrent(ctx context.Context, m stt.Model, o STTOptions) error {
	return together(4, func(i int) error {
		return withHearing(ctx, m, o, func(s stt.Stream) error {
			for range 2 {
				if _, err := utter(ctx, s, m.Caps(), o); err != nil {
					return fmt.Errorf("stream %d: %w", i+1, err)
				}
			}
			return nil
		})
	})
}

func withHearing(ctx context.Context, m stt.Model, o STTOptions, f func(stt.Stream) error) error {
	s, err := m.Open(ctx, o.Options)
	if err != nil {
		return err
	}
	return errors.Join(f(s), s.Close())
}
