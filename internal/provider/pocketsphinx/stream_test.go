package pocketsphinx

import (
	"context"
	"io"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"griot/internal/fault"
	"griot/internal/media"
	"griot/internal/media/mediatest"
	"griot/internal/model/stt"
)

func TestWordErrorsOfRecordedSpeech(t *testing.T) {
	m := newTestModel(t)
	names := sentences(t, 40)
	t.Run("16 kHz", func(t *testing.T) {
		s := openTest(t, m, stt.Hints{Phrases: texts(names)})
		require.Empty(t, s.Dropped())
		require.LessOrEqual(t, errorRate(t, s, names, wide), 5.0)
	})
	t.Run("8 kHz", func(t *testing.T) {
		s := openTest(t, m, stt.Hints{Phrases: texts(names)})
		require.LessOrEqual(t, errorRate(t, s, names, narrow), 10.0)
	})
	t.Run("dictation", func(t *testing.T) {
		s := openTest(t, m, stt.Hints{})
		s.work.Wait() // its decoder is being made; without it the utterance would only be collected
		require.LessOrEqual(t, errorRate(t, s, names[:20], wide), 45.0)
	})
}

func TestPartialsWhileSpeaking(t *testing.T) {
	m := newTestModel(t)
	for mode, h := range map[string]stt.Hints{
		"phrases":   {Phrases: []string{"please enter your password followed by the pound key", "please try again"}},
		"dictation": {},
	} {
		t.Run(mode, func(t *testing.T) {
			s := openTest(t, m, h)
			s.work.Wait()
			x := mediatest.Concat(quiet, wide(t, "agent-pass"), quiet)
			var partials []stt.Event
			for len(x) > 0 {
				n := min(partialEvery, len(x))
				require.NoError(t, s.Send(t.Context(), frame(x[:n])))
				x = x[n:]
				// Read after each tenth of a second: what was not read would be replaced.
				s.events.mu.Lock()
				waiting := len(s.events.items)
				s.events.mu.Unlock()
				require.LessOrEqual(t, waiting, 1)
				if waiting == 1 {
					ev, err := s.Recv(t.Context())
					require.NoError(t, err)
					partials = append(partials, ev)
				}
			}
			require.Greater(t, len(partials), 3)
			for i, p := range partials {
				require.Equal(t, stt.Partial, p.Kind)
				require.NotEmpty(t, p.Text)
				if i > 0 {
					require.NotEqual(t, partials[i-1].Text, p.Text, "only changes are told")
					require.GreaterOrEqual(t, p.To, partials[i-1].To+100*time.Millisecond)
				}
			}
			require.NoError(t, s.Finalize(t.Context()))
			final, more := results(t, s)
			require.Empty(t, more)
			require.Contains(t, final.Text, "password followed by the pound key")
			require.Zero(t, final.From)
			require.Greater(t, final.To, 3*time.Second)
		})
	}
}

func TestUnreadPartialsAreReplaced(t *testing.T) {
	m := newTestModel(t)
	s := openTest(t, m, stt.Hints{Phrases: []string{"please enter your password followed by the pound key"}})
	final, partials := hear(t, s, wide(t, "agent-pass"))
	require.Len(t, partials, 1)
	require.Equal(t, final.Text, partials[0].Text)
}

func TestCompleteSaysThatASentenceIsWhole(t *testing.T) {
	m := newTestModel(t)
	s := openTest(t, m, stt.Hints{Phrases: []string{"please enter your password", "please enter your password followed by the pound key"}})
	x := mediatest.Concat(quiet, wide(t, "agent-pass"), quiet)
	require.False(t, s.Complete())
	var seen []bool
	for len(x) > 0 {
		n := min(partialEvery, len(x))
		require.NoError(t, s.Send(t.Context(), frame(x[:n])))
		x = x[n:]
		if c := s.Complete(); len(seen) == 0 || seen[len(seen)-1] != c {
			seen = append(seen, c)
		}
	}
	require.True(t, seen[len(seen)-1], "at the end the sentence is whole")
	require.GreaterOrEqual(t, len(seen), 4, "not yet, the short sentence, not any more, the long sentence: %v", seen)
	require.NoError(t, s.Finalize(t.Context()))
	require.False(t, s.Complete())
}

// What is not in the grammar, sounds included, is refused; with open hints it is taken down.
func TestRefusal(t *testing.T) {
	m := newTestModel(t)
	known := []string{"opening hours", "speak to a person", "thank you for your patience", "yes please", "no thank you"}
	strangers := []string{"conf-onlyperson", "conf-getpin", "conf-extended", "vm-nobodyavail", "agent-pass"}
	s := openTest(t, m, stt.Hints{Phrases: known})
	for _, n := range strangers {
		final, _ := hear(t, s, wide(t, n))
		require.Empty(t, final.Text, n)
		require.Zero(t, final.Confidence)
	}
	for i, noise := range [][]int16{
		mediatest.Chords(2*time.Second, rate, 1), mediatest.Noise(mediatest.White, time.Second, rate, 1), mediatest.Noise(mediatest.Pink, time.Second, rate, 2),
		mediatest.DTMF('5', 500*time.Millisecond, rate), mediatest.Tones(time.Second, rate, 440, 480), mediatest.Prompt(t, "fr", "vm-nobodyavail", rate),
	} {
		final, _ := hear(t, s, noise)
		require.Empty(t, final.Text, "noise %d", i)
	}
	final, _ := hear(t, s, wide(t, "queue-thankyou"))
	require.Equal(t, "thank you for your patience", final.Text)
	require.Greater(t, final.Confidence, float32(0.7))

	open := openTest(t, m, stt.Hints{Phrases: known, Open: true})
	errs, words := 0, 0
	for _, n := range strangers {
		final, _ := hear(t, open, wide(t, n))
		require.NotEmpty(t, final.Text, n)
		require.Less(t, final.Confidence, float32(0.76))
		e, w := wordErrors(mediatest.Text(n), final.Text)
		errs, words = errs+e, words+w
	}
	require.Less(t, 100*errs/words, 45)
}

// The second look at one utterance does not hold up the next, and events stay in order.
func TestEventsStayInOrderAroundASecondLook(t *testing.T) {
	m := newTestModel(t)
	s := openTest(t, m, stt.Hints{Phrases: []string{"thank you for your patience"}, Open: true})
	for _, n := range []string{"conf-onlyperson", "queue-thankyou", "conf-onlyperson"} {
		sendAll(t, s, mediatest.Concat(quiet, wide(t, n), quiet))
		require.NoError(t, s.Finalize(t.Context()))
	}
	var from time.Duration
	var got []string
	for range 3 {
		final, partials := results(t, s)
		for _, p := range partials {
			require.Equal(t, final.From, p.From, "partials belong to the Final after them")
		}
		require.GreaterOrEqual(t, final.From, from)
		from = final.To
		got = append(got, final.Text)
	}
	require.Contains(t, got[0], "only person in this conference")
	require.Equal(t, "thank you for your patience", got[1])
	require.Contains(t, got[2], "only person in this conference")
}

func TestEightAtOnceHearWhatOneHears(t *testing.T) {
	m := newTestModel(t)
	names := sentences(t, 5)
	var prompts [][]int16
	for _, n := range names {
		prompts = append(prompts, wide(t, n))
	}
	listen := func(s stt.Stream) (out []string) {
		for _, p := range prompts {
			final, _ := hear(t, s, p)
			out = append(out, final.Text)
		}
		return out
	}
	alone := listen(openTest(t, m, stt.Hints{Phrases: texts(names)}))
	require.NotContains(t, alone, "")
	heard := make([][]string, 8)
	var wg sync.WaitGroup
	for i := range heard {
		s := openTest(t, m, stt.Hints{Phrases: texts(names)})
		wg.Go(func() { heard[i] = listen(s) })
	}
	wg.Wait()
	for i, h := range heard {
		require.Equal(t, alone, h, "stream %d", i)
	}
}

// More callers dictate than there are decoders: the others are written down afterwards.
func TestMoreDictationsThanDecoders(t *testing.T) {
	m := newTestModel(t)
	x := mediatest.Concat(quiet, wide(t, "conf-onlyperson"), quiet)
	var all []*stream
	for range 4 {
		s := openTest(t, m, stt.Hints{})
		s.work.Wait()
		sendAll(t, s, x)
		all = append(all, s)
	}
	for i, s := range all {
		require.NoError(t, s.Finalize(t.Context()))
		final, _ := results(t, s)
		require.Contains(t, final.Text, "person in this conference", "stream %d", i)
	}
}

func TestDiscard(t *testing.T) {
	m := newTestModel(t)
	s := openTest(t, m, stt.Hints{Phrases: []string{"thank you for your patience", "please try again"}})
	sendAll(t, s, wide(t, "pbx-invalid"))
	require.NoError(t, s.Discard(t.Context()))
	require.NoError(t, s.Discard(t.Context()))
	final, partials := hear(t, s, wide(t, "queue-thankyou"))
	require.Equal(t, "thank you for your patience", final.Text)
	require.Len(t, partials, 1)
	require.Equal(t, at(int64(len(wide(t, "pbx-invalid")))), final.From)
}

func TestHintsChangeBetweenUtterances(t *testing.T) {
	m := newTestModel(t)
	s := openTest(t, m, stt.Hints{Phrases: []string{"please try again"}})
	thanks := wide(t, "queue-thankyou")
	final, _ := hear(t, s, thanks)
	require.Empty(t, final.Text)

	require.NoError(t, s.SetHints(t.Context(), stt.Hints{Grammar: "#JSGF V1.0; grammar g; public <g> = thank you [for <what>]; <what> = (your | the) patience;"}))
	final, _ = hear(t, s, thanks)
	require.Equal(t, "thank you for your patience", final.Text)

	// In the middle of an utterance they hold from the next one on.
	sendAll(t, s, thanks)
	require.NoError(t, s.SetHints(t.Context(), stt.Hints{Phrases: []string{"please try again", "qqq привет"}}))
	require.Equal(t, []string{"qqq привет"}, s.Dropped())
	require.NoError(t, s.Finalize(t.Context()))
	final, _ = results(t, s)
	require.Equal(t, "thank you for your patience", final.Text)
	final, _ = hear(t, s, thanks)
	require.Empty(t, final.Text)

	// Refused hints change nothing.
	require.Equal(t, fault.Invalid, fault.KindOf(s.SetHints(t.Context(), stt.Hints{Grammar: "public <a> = <b>;"})))
	require.NoError(t, s.SetHints(t.Context(), stt.Hints{}))
	s.work.Wait()
	final, _ = hear(t, s, thanks)
	require.Contains(t, final.Text, "thank you for your")
	require.NoError(t, s.SetHints(t.Context(), stt.Hints{Phrases: []string{"thank you for your patience"}}))
	final, _ = hear(t, s, thanks)
	require.Equal(t, "thank you for your patience", final.Text)
}

func TestLanguages(t *testing.T) {
	m := newTestModel(t)
	for _, lang := range []string{"", "en", "en-GB", "EN_us"} {
		s, err := m.Open(t.Context(), stt.Options{Lang: lang, Hints: stt.Hints{Phrases: []string{"yes"}}})
		require.NoError(t, err, lang)
		require.NoError(t, s.Close())
	}
	for _, lang := range []string{"fr", "fr-FR", "es", "de", "english"} {
		_, err := m.Open(t.Context(), stt.Options{Lang: lang})
		require.Equal(t, fault.Invalid, fault.KindOf(err), lang)
		require.Equal(t, "unsupported_language", fault.CodeOf(err), lang)
	}
	_, err := m.Open(t.Context(), stt.Options{Lang: "fr-FR"})
	require.ErrorContains(t, err, "speech in French cannot be recognised offline")
}

func TestBadAudio(t *testing.T) {
	m := newTestModel(t)
	s := openTest(t, m, stt.Hints{Phrases: []string{"thank you for your patience"}})
	for _, f := range []media.Format{media.Mono(8000), {Rate: rate, Channels: 2}, {}} {
		err := s.Send(t.Context(), media.Frame{Format: f, PCM: make([]int16, 320)})
		require.Equal(t, fault.Invalid, fault.KindOf(err))
		require.Equal(t, "wrong_format", fault.CodeOf(err))
	}
	require.NoError(t, s.Send(t.Context(), frame(nil)))
	require.NoError(t, s.Finalize(t.Context()))
	final, _ := results(t, s)
	require.Equal(t, stt.Event{Kind: stt.Final, Lang: "en-US"}, final)

	// One sample, and the whole utterance at once.
	require.NoError(t, s.Send(t.Context(), frame([]int16{1})))
	require.NoError(t, s.Finalize(t.Context()))
	final, _ = results(t, s)
	require.Empty(t, final.Text)
	require.NoError(t, s.Send(t.Context(), frame(mediatest.Concat(quiet, wide(t, "queue-thankyou"), quiet))))
	require.NoError(t, s.Finalize(t.Context()))
	final, _ = results(t, s)
	require.Equal(t, "thank you for your patience", final.Text)

	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	require.ErrorIs(t, s.Send(cancelled, frame(quiet)), context.Canceled)
	require.ErrorIs(t, s.Finalize(cancelled), context.Canceled)
	_, err := m.Open(cancelled, stt.Options{})
	require.ErrorIs(t, err, context.Canceled)
}

// A minute without an end is cut at the longest utterance: there is still exactly one Final, and the stream goes on.
func TestAnUtteranceWithoutEnd(t *testing.T) {
	m := newTestModel(t)
	m.longest = 5 * rate
	s := openTest(t, m, stt.Hints{Phrases: []string{"thank you for your patience"}})
	s2 := openTest(t, m, stt.Hints{Phrases: []string{"yes"}, Open: true})
	thanks := mediatest.Concat(quiet, wide(t, "queue-thankyou"), mediatest.Silence(4*time.Second, rate))
	minute := mediatest.Concat(thanks, mediatest.Noise(mediatest.White, time.Minute, rate, 3))
	for _, s := range []*stream{s, s2} {
		sendAll(t, s, minute)
		require.NoError(t, s.Finalize(t.Context()))
		final, _ := results(t, s)
		require.Contains(t, final.Text, "thank you for your")
		require.Equal(t, 5*time.Second, final.To)
		final, _ = hear(t, s, wide(t, "queue-thankyou"))
		require.Contains(t, final.Text, "thank you for your")
		require.Equal(t, at(int64(len(minute))), final.From)
	}
}

func TestNothingAfterClose(t *testing.T) {
	m := newTestModel(t)
	s := openTest(t, m, stt.Hints{Phrases: []string{"yes", "no"}, Open: true})
	sendAll(t, s, wide(t, "conf-onlyperson"))
	require.NoError(t, s.Finalize(t.Context())) // a second look is in progress
	sendAll(t, s, wide(t, "conf-onlyperson"))
	require.NoError(t, s.Close())
	require.NoError(t, s.Close())
	_, err := s.Recv(context.Background())
	require.ErrorIs(t, err, io.EOF)
	for what, err := range map[string]error{
		"send": s.Send(t.Context(), frame(quiet)), "finalize": s.Finalize(t.Context()),
		"hints": s.SetHints(t.Context(), stt.Hints{}), "discard": s.Discard(t.Context()),
	} {
		require.Equal(t, "stream_closed", fault.CodeOf(err), what)
	}
}

func TestContextEndsTheStream(t *testing.T) {
	m := newTestModel(t)
	ctx, cancel := context.WithCancel(t.Context())
	s, err := m.Open(ctx, stt.Options{Hints: stt.Hints{Phrases: []string{"yes"}}})
	require.NoError(t, err)
	require.NoError(t, s.Send(ctx, frame(quiet)))
	cancel()
	_, err = s.Recv(context.Background())
	require.ErrorIs(t, err, io.EOF)
	require.NoError(t, s.Close())
}

// Close, Send and Recv come from different goroutines.
func TestCloseWhileSpeaking(t *testing.T) {
	m := newTestModel(t)
	x := wide(t, "conf-onlyperson")
	for range 5 {
		s := openTest(t, m, stt.Hints{Phrases: []string{"yes"}, Open: true})
		var wg sync.WaitGroup
		begun := make(chan struct{})
		wg.Go(func() {
			for i := 0; ; i++ {
				if err := s.Send(context.Background(), frame(x[:1600])); err != nil {
					require.Equal(t, "stream_closed", fault.CodeOf(err))
					return
				}
				if i == 3 {
					close(begun)
				}
			}
		})
		wg.Go(func() {
			for {
				if _, err := s.Recv(context.Background()); err != nil {
					return
				}
			}
		})
		<-begun
		require.NoError(t, s.Close())
		wg.Wait()
	}
}

func TestResultsThatNobodyReads(t *testing.T) {
	m := newTestModel(t)
	s := openTest(t, m, stt.Hints{Phrases: []string{"yes"}})
	for range maxFinals {
		require.NoError(t, s.Finalize(t.Context()))
	}
	require.Equal(t, fault.Limited, fault.KindOf(s.Finalize(t.Context())))
	for range maxFinals {
		results(t, s)
	}
	require.NoError(t, s.Finalize(t.Context()))
	results(t, s)
}

// Words that the dictionary lacks are pronounced by espeak-ng.
func TestWordsThatTheDictionaryLacks(t *testing.T) {
	m := newTestModel(t)
	if m.lexicon.espeak == "" {
		mediatest.Missing(t, "espeak-ng")
	}
	require.False(t, m.lexicon.known("griot"))
	s := openTest(t, m, stt.Hints{Phrases: []string{"ask griot", "thank you for your patience"}})
	require.Empty(t, s.Dropped())
	final, _ := hear(t, s, wide(t, "queue-thankyou"))
	require.Equal(t, "thank you for your patience", final.Text)
	require.Contains(t, strings.Join(s.plan.words["griot"], ""), "G R")
}
