package providertest

import (
	"context"
	"errors"
	"io"
	"iter"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"griot/internal/media"
	"griot/internal/model/llm"
	"griot/internal/model/stt"
	"griot/internal/model/tts"
	"griot/internal/provider/fake"
)

// Each of these models breaks one rule; the suite must say so. They run on virtual time, so that a hang costs nothing.

// plant runs the named check and returns its error.
func plant[M, O any](t *testing.T, checks []check[M, O], name string, m M, o O) (err error) {
	t.Helper()
	found := false
	synctest.Test(t, func(t *testing.T) {
		for _, c := range checks {
			if c.name == name {
				found = true
				ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
				defer cancel()
				err = c.run(ctx, m, o)
			}
		}
		time.Sleep(3 * time.Hour) // what hangs ends here
	})
	require.True(t, found, "no check %q", name)
	return err
}

// A hang ends when its virtual time is over: longer than any bound, so that the check has long given up.
func hang() { time.Sleep(time.Hour) }

type llmFunc func(ctx context.Context, yield func(llm.Delta, error) bool)

func (f llmFunc) Generate(ctx context.Context, _ llm.Request) iter.Seq2[llm.Delta, error] {
	return func(yield func(llm.Delta, error) bool) { f(ctx, yield) }
}

func TestPlantedLLM(t *testing.T) {
	text, stop := llm.Delta{Text: "Hello."}, llm.Delta{Stop: llm.StopEnd}
	deltas := func(ds ...llm.Delta) llmFunc {
		return func(_ context.Context, yield func(llm.Delta, error) bool) {
			for _, d := range ds {
				if !yield(d, nil) {
					return
				}
			}
		}
	}
	call := func(id, args string) llm.Delta {
		return llm.Delta{Call: &llm.ToolCall{ID: id, Name: "f", Arguments: args}}
	}
	tools := llm.Delta{Stop: llm.StopTools}
	cases := []struct {
		check string
		m     llm.Model
		says  string
	}{
		{"answers", deltas(text), "exactly one"},
		{"answers", deltas(text, stop, stop), "exactly one"},
		{"answers", deltas(text, stop, text), "after the stop reason"},
		{"answers", deltas(llm.Delta{Usage: &llm.Usage{Input: 1, Output: 1}}, stop), "the answer is"},
		{"answers", deltas(text, stop), "no usage"},
		{"answers", deltas(text, llm.Delta{Usage: &llm.Usage{Input: 1, Cached: 2, Output: 1}}, stop), "makes no sense"},
		{"answers", llmFunc(func(_ context.Context, yield func(llm.Delta, error) bool) {
			_ = yield(llm.Delta{}, errors.New("x")) && yield(text, nil)
		}), "after the error"},
		{"answers", llmFunc(func(context.Context, func(llm.Delta, error) bool) { hang() }), "does not return"},
		{"calls tools", deltas(call("1", "{}"), call("1", "{}"), tools), "an id that came before"},
		{"calls tools", deltas(call("1", ""), tools), "not JSON"},
		{"calls tools", deltas(call("1", `{"a":`), tools), "not JSON"},
		{"calls tools", deltas(call("1", "{}"), stop), "the stop reason is"},
		{"calls tools", deltas(text, llm.Delta{Usage: &llm.Usage{Input: 1, Output: 1}}, stop), "0 tool calls"},
		{"stops when it is left", llmFunc(func(_ context.Context, yield func(llm.Delta, error) bool) {
			yield(text, nil)
			yield(text, nil)
		}), "goes on"},
		{"stops before it starts", deltas(text, stop), "is answered"},
		{"stops before it starts", deltas(), "without an error"},
		{"stops while it hangs", llmFunc(func(context.Context, func(llm.Delta, error) bool) { hang() }), "does not return"},
		{"answers many at once", func() llm.Model {
			busy := false
			var mu sync.Mutex
			return llmFunc(func(_ context.Context, yield func(llm.Delta, error) bool) {
				mu.Lock()
				was := busy
				busy = true
				mu.Unlock()
				if was {
					yield(llm.Delta{}, broke)
					return
				}
				time.Sleep(time.Second)
				deltas(text, llm.Delta{Usage: &llm.Usage{Input: 1, Output: 1}}, stop)(context.Background(), yield)
			})
		}(), "too fast"},
	}
	for _, c := range cases {
		o := LLMOptions{Usage: true, Tools: &llm.Request{}, Hangs: c.m}
		o.fill()
		require.ErrorContains(t, plant(t, llmChecks, c.check, c.m, o), c.says, c.check)
	}
	scribbler := scribbling{fake.NewLLM(fake.Answer{Text: "x"})}
	o := LLMOptions{}
	o.fill()
	require.ErrorContains(t, plant(t, llmChecks, "leaves the request alone", llm.Model(scribbler), o), "changed the request")
}

type scribbling struct{ llm.Model }

func (s scribbling) Generate(ctx context.Context, r llm.Request) iter.Seq2[llm.Delta, error] {
	r.Messages[0].Text = "scribble"
	return s.Model.Generate(ctx, r)
}

// ttsBug wraps the streams of a good voice.
type ttsBug struct {
	tts.Model
	wrap func(ctx context.Context, s tts.Stream) tts.Stream
	caps func(*tts.Caps)
}

func (b ttsBug) Caps() tts.Caps {
	c := b.Model.Caps()
	if b.caps != nil {
		b.caps(&c)
	}
	return c
}

func (b ttsBug) Open(ctx context.Context, o tts.Options) (tts.Stream, error) {
	s, err := b.Model.Open(ctx, o)
	if err == nil && b.wrap != nil {
		s = b.wrap(ctx, s)
	}
	return s, err
}

// ttsStream is a stream with some methods replaced.
type ttsStream struct {
	tts.Stream
	recv  func(ctx context.Context) (tts.Chunk, error)
	say   func(ctx context.Context, text string) error
	close func() error
}

func (s ttsStream) Recv(ctx context.Context) (tts.Chunk, error) {
	if s.recv != nil {
		return s.recv(ctx)
	}
	return s.Stream.Recv(ctx)
}

func (s ttsStream) Say(ctx context.Context, text string) error {
	if s.say != nil {
		return s.say(ctx, text)
	}
	return s.Stream.Say(ctx, text)
}

func (s ttsStream) Close() error {
	if s.close != nil {
		return s.close()
	}
	return s.Stream.Close()
}

func TestPlantedTTS(t *testing.T) {
	good := func() tts.Model { return fake.NewTTS(fake.TTSOptions{Marks: true, Speed: 10}) }
	// chunks changes every chunk.
	chunks := func(f func(*tts.Chunk)) ttsBug {
		return ttsBug{Model: good(), wrap: func(_ context.Context, s tts.Stream) tts.Stream {
			return ttsStream{Stream: s, recv: func(ctx context.Context) (tts.Chunk, error) {
				c, err := s.Recv(ctx)
				if err == nil {
					f(&c)
				}
				return c, err
			}}
		}}
	}
	marks := func(f func(*tts.Mark)) ttsBug {
		return chunks(func(c *tts.Chunk) {
			for i := range c.Marks {
				f(&c.Marks[i])
			}
		})
	}
	wrap := func(f func(ctx context.Context, s tts.Stream) tts.Stream) ttsBug {
		return ttsBug{Model: good(), wrap: f}
	}
	caps := func(f func(*tts.Caps)) ttsBug { return ttsBug{Model: good(), caps: f} }
	cases := []struct {
		check string
		m     tts.Model
		says  string
	}{
		{"capabilities", caps(func(c *tts.Caps) { c.ID = "" }), "no id"},
		{"capabilities", caps(func(c *tts.Caps) { c.Voices = append(c.Voices, c.Voices...) }), "came before"},
		{"speaks", caps(func(c *tts.Caps) { c.Rate = 8000 }), "format"},
		{"speaks", chunks(func(c *tts.Chunk) { c.Frame.Channels = 2 }), "format"},
		{"speaks", chunks(func(c *tts.Chunk) { c.Frame.PTS = 0 }), "PTS"},
		{"speaks", chunks(func(c *tts.Chunk) { clear(c.Frame.PCM) }), "silent"},
		{"speaks", chunks(func(c *tts.Chunk) { c.Frame.PCM, c.Marks = nil, nil }), "at least"},
		{"speaks", wrap(func(_ context.Context, s tts.Stream) tts.Stream {
			ends := 0
			return ttsStream{Stream: s, recv: func(ctx context.Context) (tts.Chunk, error) {
				c, err := s.Recv(ctx)
				if errors.Is(err, io.EOF) {
					if ends++; ends > 1 {
						return tts.Chunk{}, nil
					}
				}
				return c, err
			}}
		}), "instead of io.EOF"},
		{"speaks", fake.NewTTS(fake.TTSOptions{Hang: true}), "does not return"},
		{"marks", marks(func(k *tts.Mark) { k.At += 5 * time.Second }), "outside"},
		{"marks", marks(func(k *tts.Mark) { k.At = -k.At }), "outside"},
		{"marks", marks(func(k *tts.Mark) {
			if k.Kind == tts.Sentence {
				k.At = 0
			}
		}), "comes after"},
		{"marks", marks(func(k *tts.Mark) { k.Text += 1000 }), "overlaps"},
		{"marks", marks(func(k *tts.Mark) { k.Text = 0 }), "overlaps"},
		{"marks", marks(func(k *tts.Mark) {
			if k.Kind == tts.Sentence {
				k.Len++
			}
		}), "does not belong"},
		{"marks", marks(func(k *tts.Mark) { k.Kind = tts.Phoneme }), "Phonemes is false"},
		{"marks", marks(func(k *tts.Mark) { k.Kind = 77 }), "unknown kind"},
		{"marks", chunks(func(c *tts.Chunk) { c.Marks = nil }), "0 Sentence marks"},
		{"marks", caps(func(c *tts.Caps) { c.WordMarks = false }), "WordMarks is false"},
		{"marks", ttsBug{Model: fake.NewTTS(fake.TTSOptions{}), caps: func(c *tts.Caps) { c.WordMarks = true }}, "WordMarks is true"},
		{"speaks before the end", wrap(func(_ context.Context, s tts.Stream) tts.Stream { // speaks only after End
			var all strings.Builder
			return ttsStream{Stream: s, say: func(_ context.Context, text string) error { all.WriteString(text); return nil }}
		}), "does not return"},
		{"nothing to say", wrap(func(_ context.Context, s tts.Stream) tts.Stream {
			return ttsStream{Stream: s, say: func(ctx context.Context, text string) error {
				if strings.TrimSpace(text) == "" {
					return errors.New("empty input")
				}
				return s.Say(ctx, text)
			}}
		}), "empty input"},
		{"nothing after close", fake.NewTTS(fake.TTSOptions{IgnoreClose: true}), "come after Close"},
		{"close wakes a reader", wrap(func(_ context.Context, s tts.Stream) tts.Stream {
			return ttsStream{Stream: s, recv: func(context.Context) (tts.Chunk, error) { hang(); return tts.Chunk{}, io.EOF }}
		}), "does not return"},
		{"cancelled reader", wrap(func(_ context.Context, s tts.Stream) tts.Stream {
			return ttsStream{Stream: s, recv: func(ctx context.Context) (tts.Chunk, error) { return s.Recv(context.WithoutCancel(ctx)) }}
		}), "does not return"},
		{"cancelled stream", ttsBug{Model: unbound{good()}}, "does not return"},
		{"closed twice", wrap(func(_ context.Context, s tts.Stream) tts.Stream {
			var n atomic.Int32
			return ttsStream{Stream: s, close: func() error {
				if n.Add(1) == 2 {
					hang()
				}
				return nil
			}}
		}), "does not return"},
		{"many at once", func() tts.Model { // one buffer for all streams
			var mu sync.Mutex
			var shared []int16
			return wrap(func(_ context.Context, s tts.Stream) tts.Stream {
				return ttsStream{Stream: s, recv: func(ctx context.Context) (tts.Chunk, error) {
					c, err := s.Recv(ctx)
					mu.Lock()
					defer mu.Unlock()
					own := slices.Clone(c.Frame.PCM)
					copy(c.Frame.PCM, shared)
					shared = own
					return c, err
				}}
			})
		}(), "not the same"},
	}
	for _, c := range cases {
		o := TTSOptions{Deterministic: true}
		o.fill()
		require.ErrorContains(t, plant(t, ttsChecks, c.check, c.m, o), c.says, c.check)
	}
}

// unbound ignores the end of the context that its streams were opened with.
type unbound struct{ tts.Model }

func (u unbound) Open(ctx context.Context, o tts.Options) (tts.Stream, error) {
	return u.Model.Open(context.WithoutCancel(ctx), o)
}

type sttBug struct {
	stt.Model
	wrap func(ctx context.Context, s stt.Stream) stt.Stream
	caps func(*stt.Caps)
}

func (b sttBug) Caps() stt.Caps {
	c := b.Model.Caps()
	if b.caps != nil {
		b.caps(&c)
	}
	return c
}

func (b sttBug) Open(ctx context.Context, o stt.Options) (stt.Stream, error) {
	s, err := b.Model.Open(ctx, o)
	if err == nil && b.wrap != nil {
		s = b.wrap(ctx, s)
	}
	return s, err
}

type sttStream struct {
	stt.Stream
	send     func(ctx context.Context, f media.Frame) error
	recv     func(ctx context.Context) (stt.Event, error)
	finalize func(ctx context.Context) error
	discard  func(ctx context.Context) error
	close    func() error
}

func (s sttStream) Send(ctx context.Context, f media.Frame) error {
	if s.send != nil {
		return s.send(ctx, f)
	}
	return s.Stream.Send(ctx, f)
}

func (s sttStream) Recv(ctx context.Context) (stt.Event, error) {
	if s.recv != nil {
		return s.recv(ctx)
	}
	return s.Stream.Recv(ctx)
}

func (s sttStream) Finalize(ctx context.Context) error {
	if s.finalize != nil {
		return s.finalize(ctx)
	}
	return s.Stream.Finalize(ctx)
}

func (s sttStream) Discard(ctx context.Context) error {
	if s.discard != nil {
		return s.discard(ctx)
	}
	return s.Stream.(stt.Discarder).Discard(ctx)
}

func (s sttStream) Close() error {
	if s.close != nil {
		return s.close()
	}
	return s.Stream.Close()
}

func TestPlantedSTT(t *testing.T) {
	good := func() stt.Model { return fake.NewSTT(fake.STTOptions{Default: "hello"}) }
	wrap := func(f func(ctx context.Context, s stt.Stream) stt.Stream) sttBug {
		return sttBug{Model: good(), wrap: f}
	}
	events := func(f func(*stt.Event)) sttBug {
		return wrap(func(_ context.Context, s stt.Stream) stt.Stream {
			return sttStream{Stream: s, recv: func(ctx context.Context) (stt.Event, error) {
				ev, err := s.Recv(ctx)
				if err == nil {
					f(&ev)
				}
				return ev, err
			}}
		})
	}
	double := wrap(func(_ context.Context, s stt.Stream) stt.Stream {
		return sttStream{Stream: s, finalize: func(ctx context.Context) error { return errors.Join(s.Finalize(ctx), s.Finalize(ctx)) }}
	})
	cases := []struct {
		check string
		m     stt.Model
		says  string
	}{
		{"capabilities", sttBug{Model: good(), caps: func(c *stt.Caps) { c.Rate = 0 }}, "rate"},
		{"hears one utterance after the other", double, "second Final"},
		{"hears one utterance after the other", wrap(func(_ context.Context, s stt.Stream) stt.Stream {
			return sttStream{Stream: s, finalize: func(context.Context) error { return nil }}
		}), "does not return"},
		{"hears one utterance after the other", events(func(e *stt.Event) { e.Text = "goodbye" }), "want"},
		{"hears one utterance after the other", events(func(e *stt.Event) { e.Kind = 9 }), "unknown kind"},
		{"hears one utterance after the other", events(func(e *stt.Event) { e.Confidence = 97 }), "confidence"},
		{"hears one utterance after the other", events(func(e *stt.Event) { e.To = e.From - 1 }), "from"},
		{"hears one utterance after the other", events(func(e *stt.Event) { e.To += time.Hour }), "is said to last"},
		{"hears one utterance after the other", sttBug{
			Model: fake.NewSTT(fake.STTOptions{Default: "hello"}, fake.Utterance{Text: "hello", Partials: []fake.PartialText{{Text: "he"}}}),
			caps:  func(c *stt.Caps) { c.Partials = false },
		}, "Partials is false"},
		{"frames of any size", wrap(func(_ context.Context, s stt.Stream) stt.Stream {
			return sttStream{Stream: s, send: func(ctx context.Context, f media.Frame) error {
				if len(f.PCM) != 320 {
					return errors.New("want 20 ms")
				}
				return s.Send(ctx, f)
			}}
		}), "want 20 ms"},
		{"nothing said", double, "second Final"},
		{"nothing said", wrap(func(_ context.Context, s stt.Stream) stt.Stream {
			return sttStream{Stream: s, finalize: func(context.Context) error { return errors.New("nothing to settle") }}
		}), "nothing to settle"},
		{"unsupported language", sttBug{Model: good(), caps: func(c *stt.Caps) { c.Languages = []string{"en"} }}, "no error"},
		{"hints", wrap(func(_ context.Context, s stt.Stream) stt.Stream { return sttStream{Stream: s} }), "no Hinter"},
		{"discard", wrap(func(_ context.Context, s stt.Stream) stt.Stream {
			return sttStream{Stream: s, discard: s.Finalize} // settles what it should forget
		}), "second Final"},
		{"nothing after close", wrap(func(_ context.Context, s stt.Stream) stt.Stream {
			return sttStream{Stream: s, close: func() error { return nil }}
		}), "after Close"},
		{"close wakes a reader", wrap(func(_ context.Context, s stt.Stream) stt.Stream {
			return sttStream{Stream: s, recv: func(context.Context) (stt.Event, error) { hang(); return stt.Event{}, io.EOF }}
		}), "does not return"},
		{"close wakes a reader", wrap(func(_ context.Context, s stt.Stream) stt.Stream {
			return sttStream{Stream: s, recv: func(ctx context.Context) (stt.Event, error) {
				ev, err := s.Recv(ctx)
				if err != nil {
					err = errors.New("broken pipe")
				}
				return ev, err
			}}
		}), "instead of io.EOF"},
		{"cancelled reader", wrap(func(_ context.Context, s stt.Stream) stt.Stream {
			return sttStream{Stream: s, recv: func(ctx context.Context) (stt.Event, error) { return s.Recv(context.WithoutCancel(ctx)) }}
		}), "does not return"},
		{"cancelled stream", unboundSTT{good()}, "does not return"},
		{"closed twice", wrap(func(_ context.Context, s stt.Stream) stt.Stream {
			return sttStream{Stream: s, close: func() error { hang(); return nil }}
		}), "does not return"},
		{"many at once", wrap(func() func(context.Context, stt.Stream) stt.Stream {
			var mu sync.Mutex
			open := 0
			return func(_ context.Context, s stt.Stream) stt.Stream {
				mu.Lock()
				defer mu.Unlock()
				if open++; open > 1 {
					return sttStream{Stream: s, send: func(context.Context, media.Frame) error { return broke }}
				}
				return s
			}
		}()), "too fast"},
	}
	for _, c := range cases {
		o := STTOptions{Want: "hello"}
		o.fill(good())
		require.ErrorContains(t, plant(t, sttChecks, c.check, c.m, o), c.says, c.check)
	}
}

type unboundSTT struct{ stt.Model }

func (u unboundSTT) Open(ctx context.Context, o stt.Options) (stt.Stream, error) {
	return u.Model.Open(context.WithoutCancel(ctx), o)
}

func TestPlantedFaults(t *testing.T) {
	require.NoError(t, failedAs(broke, broke.Kind, ""))
	require.NoError(t, failedAs(errors.Join(errors.New("x"), broke), broke.Kind, broke.Code))
	require.ErrorContains(t, failedAs(nil, broke.Kind, ""), "no error")
	require.ErrorContains(t, failedAs(errors.New("x"), broke.Kind, ""), "no fault")
	require.ErrorContains(t, failedAs(broke, "denied", ""), "want denied")
	require.ErrorContains(t, failedAs(broke, broke.Kind, "other"), "want other")
	bare := *broke
	bare.Code = ""
	require.ErrorContains(t, failedAs(&bare, broke.Kind, ""), "lacks a code")
	bare.Kind = "odd"
	require.ErrorContains(t, failedAs(&bare, "odd", ""), "unknown kind")
}
