package espeak

import (
	"context"
	"errors"
	"io"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"griot/internal/fault"
	"griot/internal/model/tts"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// open returns a model whose processes end with the test.
func open(t testing.TB) *Model {
	t.Helper()
	m, err := New(Config{Variant: "f2", WPM: 150})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, m.Close()) })
	_, err = m.engine(t.Context())
	if err != nil || !m.Caps().Phonemes {
		missing(t, "espeak-ng with python3", err)
	}
	return m
}

func missing(t testing.TB, what string, err error) {
	t.Helper()
	if os.Getenv("GRIOT_TEST_SYSTEM") == "1" {
		t.Fatalf("%s is not on this machine: %v", what, err)
	}
	t.Skipf("%s is not on this machine: %v", what, err)
}

// heard is a whole stream.
type heard struct {
	pcm   []int16
	marks []tts.Mark
}

func (h heard) of(k tts.MarkKind) (list []tts.Mark) {
	for _, m := range h.marks {
		if m.Kind == k {
			list = append(list, m)
		}
	}
	return list
}

func (h heard) length() time.Duration { return format.Duration(len(h.pcm)) }

// rms is the level from one time to another.
func (h heard) rms(from, to time.Duration) float64 {
	var sum float64
	pcm := h.pcm[format.Samples(from):min(format.Samples(to), len(h.pcm))]
	for _, v := range pcm {
		sum += float64(v) * float64(v)
	}
	return math.Sqrt(sum / float64(max(len(pcm), 1)))
}

// drain receives to the end, and checks the contract of chunks on the way.
func drain(s tts.Stream) (heard, error) {
	var h heard
	for {
		c, err := s.Recv(context.Background())
		if err == io.EOF {
			return h, nil
		} else if err != nil {
			return h, err
		}
		if c.Frame.Format != format || c.Frame.PTS != h.length() {
			return h, errors.New("a frame in another format, or with a gap before it")
		}
		h.pcm = append(h.pcm, c.Frame.PCM...)
		for _, m := range c.Marks {
			if m.At > h.length() {
				return h, errors.New("a mark beyond the sound received so far")
			}
			if n := len(h.marks); n > 0 && m.At < h.marks[n-1].At {
				return h, errors.New("a mark before the one before it")
			}
			h.marks = append(h.marks, m)
		}
	}
}

// sayAll speaks texts in one stream.
func sayAll(m tts.Model, o tts.Options, texts ...string) (heard, error) {
	s, err := m.Open(context.Background(), o)
	if err != nil {
		return heard{}, err
	}
	defer s.Close()
	for _, text := range texts {
		if err := s.Say(context.Background(), text); err != nil {
			return heard{}, err
		}
	}
	if err := s.End(context.Background()); err != nil {
		return heard{}, err
	}
	return drain(s)
}

// wordsIn returns the marked words.
func wordsIn(text string, marks []tts.Mark) (list []string) {
	for _, m := range marks {
		list = append(list, text[m.Text:m.Text+m.Len])
	}
	return list
}

var samples = []struct {
	lang  string
	texts []string
	words []string
	ipa   string
}{
	{"en-US", []string{"Of the people, in the room: Mr. Smith's café! ", "It costs $12.50 (call 555-1234).", " Yes, “really”."},
		strings.Fields("Of the people in the room Mr Smith's café It costs 12.50 call 555-1234 Yes really"), "eɪ"},
	{"en-GB", []string{"Good morning. How may I help?"}, strings.Fields("Good morning How may I help"), "ɡ"},
	{"fr-FR", []string{"Bonjour à tous, l'été arrive à 15h30. ", "M. Dupont a un RDV où ça ? « Là-bas. »"},
		strings.Fields("Bonjour à tous l'été arrive à 15h30 M Dupont a un RDV où ça Là-bas"), "ɔ̃"},
	{"es-ES", []string{"¿Qué tal, señor? ", "El Sr. López pagó 12,50 € ayer."},
		strings.Fields("Qué tal señor El Sr López pagó 12,50 ayer"), "ɲ"},
	{"es-MX", []string{"Mañana por la mañana."}, strings.Fields("Mañana por la mañana"), "ɲ"},
}

func TestMarksCoverAllWordsInOrder(t *testing.T) {
	m := open(t)
	for _, c := range samples {
		t.Run(c.lang, func(t *testing.T) {
			h, err := sayAll(m, tts.Options{Lang: c.lang}, c.texts...)
			require.NoError(t, err)
			all := strings.Join(c.texts, "")
			require.Equal(t, c.words, wordsIn(all, h.of(tts.Word)))

			sentences := h.of(tts.Sentence)
			require.Len(t, sentences, len(c.texts))
			end := 0
			for i, s := range sentences {
				require.Equal(t, end, s.Text)
				require.Equal(t, c.texts[i], all[s.Text:s.Text+s.Len])
				end = s.Text + s.Len
			}
			require.Equal(t, h.length(), sentences[len(sentences)-1].At)

			var ipa strings.Builder
			for _, p := range h.of(tts.Phoneme) {
				ipa.WriteString(p.Phoneme)
				require.NotContains(t, p.Phoneme, "(")
				require.LessOrEqual(t, p.Text+p.Len, len(all))
			}
			require.Contains(t, ipa.String(), c.ipa)
			require.Empty(t, h.of(tts.Phoneme)[len(h.of(tts.Phoneme))-1].Phoneme, "the mouth closes at the end")
		})
	}
}

func TestWordsSoundWhenTheirMarksSayTheyDo(t *testing.T) {
	m := open(t)
	h, err := sayAll(m, tts.Options{Lang: "en"}, "One, two. ", "Three!")
	require.NoError(t, err)
	words := h.of(tts.Word)
	require.Len(t, words, 3)
	for _, w := range words {
		require.Greater(t, h.rms(w.At, w.At+250*time.Millisecond), 1000.0, "speech from the mark on")
	}
	first := h.of(tts.Sentence)[0].At
	require.Less(t, h.rms(first, first+sentencePause), 10.0, "a pause between sentences")
	require.InDelta(t, float64(first+sentencePause), float64(words[2].At), float64(time.Millisecond))
	require.Less(t, first-words[1].At, time.Second, "no long silence at the end of a sentence")
}

func TestRateAndVoices(t *testing.T) {
	m := open(t)
	text := "The quick brown fox jumps over the lazy dog."
	normal, err := sayAll(m, tts.Options{Lang: "en"}, text)
	require.NoError(t, err)
	fast, err := sayAll(m, tts.Options{Lang: "en", Rate: 1.5}, text)
	require.NoError(t, err)
	require.Less(t, fast.length(), normal.length()*8/10)
	for _, v := range m.Caps().Voices {
		h, err := sayAll(m, tts.Options{Voice: v.ID}, "Si, oui.")
		require.NoError(t, err, v.ID)
		require.Greater(t, h.rms(0, h.length()), 500.0, v.ID)
	}
	for o, code := range map[tts.Options]string{
		{Lang: "de-DE"}:                "unsupported_language",
		{Voice: "en-us"}:               "unknown_voice",
		{Voice: "../etc/passwd+f2"}:    "unknown_voice",
		{Lang: "en", Rate: -1}:         "invalid_rate",
		{Lang: "en", Rate: 1000}:       "invalid_rate",
		{Lang: "en", Rate: math.NaN()}: "invalid_rate",
	} {
		_, err := m.Open(t.Context(), o)
		require.Equal(t, code, fault.CodeOf(err), "%+v", o)
		require.Equal(t, fault.Invalid, fault.KindOf(err))
	}
}

func TestCloseMidSpeechLeavesTheWorkerClean(t *testing.T) {
	m := open(t)
	text := "Hello there, how are you?"
	before, err := sayAll(m, tts.Options{Lang: "en"}, text)
	require.NoError(t, err)
	for range 20 {
		s, err := m.Open(t.Context(), tts.Options{Lang: "fr"})
		require.NoError(t, err)
		require.NoError(t, s.Say(t.Context(), strings.Repeat("une phrase qui ne finit pas, ", 12)))
		_, err = s.Recv(t.Context())
		require.NoError(t, err)
		require.NoError(t, s.Close())
		_, err = s.Recv(t.Context())
		require.Equal(t, io.EOF, err)
		require.Equal(t, "stream_closed", fault.CodeOf(s.Say(t.Context(), "more")))
		require.NoError(t, s.Close())
	}
	after, err := sayAll(m, tts.Options{Lang: "en"}, text)
	require.NoError(t, err)
	require.Equal(t, wordsIn(text, before.of(tts.Word)), wordsIn(text, after.of(tts.Word)))
	require.InDelta(t, before.length().Seconds(), after.length().Seconds(), 0.2)
	c := m.eng.(*crew)
	c.mu.Lock()
	defer c.mu.Unlock()
	require.NotEmpty(t, c.idle)
	for w := range c.all {
		select {
		case <-w.exited:
			t.Error("a cancelled worker was thrown away")
		default:
		}
	}
}

func TestContextEndsAStream(t *testing.T) {
	m := open(t)
	ctx, cancel := context.WithCancel(t.Context())
	s, err := m.Open(ctx, tts.Options{})
	require.NoError(t, err)
	cancel()
	_, err = drain(s)
	require.ErrorIs(t, err, context.Canceled)
	require.NoError(t, s.Close())

	s, err = m.Open(t.Context(), tts.Options{})
	require.NoError(t, err)
	_, err = s.Recv(ctx)
	require.ErrorIs(t, err, context.Canceled, "Recv's own context")
	require.NoError(t, s.Close())
}

func TestTwentyStreamsAtOnce(t *testing.T) {
	m := open(t)
	want := map[string]heard{}
	for _, c := range samples {
		h, err := sayAll(m, tts.Options{Lang: c.lang}, c.texts...)
		require.NoError(t, err)
		want[c.lang] = h
	}
	var wg sync.WaitGroup
	for i := range 20 {
		wg.Go(func() {
			c := samples[i%len(samples)]
			h, err := sayAll(m, tts.Options{Lang: c.lang}, c.texts...)
			if err != nil {
				t.Error(err)
				return
			}
			if got := wordsIn(strings.Join(c.texts, ""), h.of(tts.Word)); strings.Join(got, " ") != strings.Join(c.words, " ") {
				t.Errorf("%s: %v", c.lang, got)
			}
			if d := h.length() - want[c.lang].length(); d.Abs() > 400*time.Millisecond {
				t.Errorf("%s: %v longer than alone", c.lang, d)
			}
		})
	}
	wg.Wait()
	c := m.eng.(*crew)
	c.mu.Lock()
	defer c.mu.Unlock()
	require.LessOrEqual(t, len(c.all), c.limit)
}

func TestTextHygiene(t *testing.T) {
	m := open(t)
	silent := []string{"", " ", "\n\t", "...", "\x00\x01\x02", "\ufeff\u200b", "\xff\xfe", "—"}
	for _, text := range silent {
		h, err := sayAll(m, tts.Options{Lang: "en"}, text)
		require.NoError(t, err, "%q", text)
		require.Len(t, h.of(tts.Sentence), 1, "%q", text)
		require.Equal(t, len(text), h.of(tts.Sentence)[0].Len)
	}
	spoken := []string{
		"one\x00two", "one\x01150S two", "\x1b[31mred\x1b[0m", "caf\xe9 cr\xe8me", "[[h@l'oU]] there", "日本 and עברית", "😀 smile",
		strings.Repeat("a", 5000), strings.Repeat("9", 500), strings.Repeat("é̂̃", 300), "a\u202eb\u202c c", "\ue000\uffff x",
	}
	for _, text := range spoken {
		h, err := sayAll(m, tts.Options{Lang: "en"}, text, "Good bye.")
		require.NoError(t, err, "%.40q", text)
		require.Len(t, h.of(tts.Sentence), 2, "%.40q", text)
		words := wordsIn(text+"Good bye.", h.of(tts.Word))
		require.Equal(t, []string{"Good", "bye"}, words[len(words)-2:], "%.40q", text)
		require.Len(t, words, len(wordsOf(text))+2, "%.40q", text)
	}
}

func TestMarkupIsReadNotObeyed(t *testing.T) {
	m := open(t)
	plain, err := sayAll(m, tts.Options{Lang: "en"}, "one two")
	require.NoError(t, err)
	text := `<speak>one <break time="9s"/> <voice xml:lang="fr">two</voice></speak>`
	h, err := sayAll(m, tts.Options{Lang: "en"}, text)
	require.NoError(t, err)
	require.Greater(t, h.length(), 3*plain.length(), "the markup is read aloud")
	for at := time.Duration(0); at+time.Second < h.length(); at += time.Second {
		require.Greater(t, h.rms(at, at+time.Second), 300.0, "no pause of seconds is obeyed")
	}
	command, err := sayAll(m, tts.Options{Lang: "en"}, "one \x01+20S two")
	require.NoError(t, err)
	words := wordsIn("one \x01+20S two", command.of(tts.Word))
	require.Equal(t, []string{"one", "20S", "two"}, words)
}

func TestTenThousandCharactersStayBounded(t *testing.T) {
	m := open(t)
	text := strings.Repeat("This is one of many sentences, and it ends here. ", 204)
	o, err := m.Open(t.Context(), tts.Options{Lang: "en"})
	require.NoError(t, err)
	s := o.(*stream)
	require.NoError(t, s.Say(t.Context(), text))
	require.NoError(t, s.End(t.Context()))
	require.NoError(t, s.await(t.Context(), func() bool { return s.ahead >= maxAhead }))
	h, err := drain(s)
	require.NoError(t, err)
	require.NoError(t, s.Close())
	require.Len(t, h.of(tts.Word), 204*10)
	require.Greater(t, h.length(), 8*time.Minute)
	require.Less(t, s.ahead, maxAhead)
}

func TestSayWaitsForRoom(t *testing.T) {
	m := open(t)
	s, err := m.Open(t.Context(), tts.Options{Lang: "en"})
	require.NoError(t, err)
	require.NoError(t, s.Say(t.Context(), strings.Repeat("word ", maxPending/5)))
	ctx, cancel := context.WithCancel(t.Context())
	said := make(chan error, 1)
	go func() { said <- s.Say(ctx, strings.Repeat("more ", 100)) }()
	cancel()
	require.ErrorIs(t, <-said, context.Canceled)
	require.Equal(t, "text_too_long", fault.CodeOf(s.Say(t.Context(), strings.Repeat("x", maxPending+1))))
	require.NoError(t, s.Close())
}

func TestBrokenWorkersAreReplaced(t *testing.T) {
	m := open(t)
	_, err := sayAll(m, tts.Options{}, "hello")
	require.NoError(t, err)
	c := m.eng.(*crew)
	for range 3 {
		c.mu.Lock()
		var gone []*worker
		for w := range c.all {
			w.kill()
			gone = append(gone, w)
		}
		c.mu.Unlock()
		for _, w := range gone {
			<-w.exited
		}
		h, err := sayAll(m, tts.Options{}, "hello again")
		require.NoError(t, err)
		require.Len(t, h.of(tts.Word), 2)
	}
}

func TestCloseOfTheModelFailsItsStreams(t *testing.T) {
	m := open(t)
	s, err := m.Open(t.Context(), tts.Options{})
	require.NoError(t, err)
	require.NoError(t, m.Close())
	require.NoError(t, s.Say(t.Context(), "hello"))
	_, err = drain(s)
	require.Equal(t, fault.Unavailable, fault.KindOf(err))
	require.NoError(t, s.Close())
	_, err = m.Open(t.Context(), tts.Options{})
	require.Equal(t, "espeak_closed", fault.CodeOf(err))
}

func TestWithoutPythonTheProgramSpeaks(t *testing.T) {
	if _, err := exec.LookPath("espeak-ng"); err != nil {
		missing(t, "espeak-ng", err)
	}
	m, err := New(Config{Variant: "f2", WPM: 150})
	require.NoError(t, err)
	m.python = "no-such-python"
	defer m.Close()
	for _, c := range samples {
		h, err := sayAll(m, tts.Options{Lang: c.lang}, c.texts...)
		require.NoError(t, err)
		require.Equal(t, c.words, wordsIn(strings.Join(c.texts, ""), h.of(tts.Word)), c.lang)
		require.Len(t, h.of(tts.Sentence), len(c.texts))
		require.Empty(t, h.of(tts.Phoneme))
		require.Greater(t, h.rms(0, h.length()), 500.0)
	}
	require.False(t, m.Caps().Phonemes)
	for range 5 {
		s, err := m.Open(t.Context(), tts.Options{Lang: "en"})
		require.NoError(t, err)
		require.NoError(t, s.Say(t.Context(), strings.Repeat("many words, ", 30)))
		require.NoError(t, s.Close())
		_, err = s.Recv(t.Context())
		require.Equal(t, io.EOF, err)
	}
	require.True(t, presence(t.Context(), "no-such-python", "espeak-ng").OK)
}

func TestWithoutEspeakTheErrorSaysWhatToInstall(t *testing.T) {
	m, err := New(Config{Variant: "f2", WPM: 150})
	require.NoError(t, err)
	m.python, m.program = "no-such-python", "no-such-espeak"
	_, err = m.Open(t.Context(), tts.Options{})
	require.Equal(t, "espeak_missing", fault.CodeOf(err))
	require.Equal(t, fault.Unavailable, fault.KindOf(err))
	require.ErrorContains(t, err, "apt-get install -y espeak-ng")
	p := presence(t.Context(), "no-such-python", "no-such-espeak")
	require.False(t, p.OK)
	require.NotEmpty(t, p.Missing)
	require.Equal(t, "apt-get install -y espeak-ng", p.Mend)
	require.NoError(t, m.Close())
}

func TestProgramsThatAreNoWorkerAreRefused(t *testing.T) {
	for _, name := range []string{"echo", "true", "false"} {
		path, err := exec.LookPath(name)
		require.NoError(t, err)
		_, err = startWorker(t.Context(), path, time.Second)
		require.Error(t, err, name)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	path, err := exec.LookPath("echo")
	require.NoError(t, err)
	_, err = startWorker(ctx, path, time.Second)
	require.Error(t, err)
}

func TestConfig(t *testing.T) {
	p := Provider()
	for raw, param := range map[string]string{
		`{"wpm":10}`:          "espeak.wpm",
		`{"workers":-1}`:      "espeak.workers",
		`{"variant":"plain"}`: "espeak.variant",
		`{"speed":1}`:         "espeak.speed",
	} {
		_, err := p.TTS(t.Context(), []byte(raw))
		var f *fault.Error
		require.ErrorAs(t, err, &f, raw)
		require.Equal(t, param, f.Param)
	}
	require.Nil(t, p.STT)
	require.Nil(t, p.LLM)
}

// BenchmarkFirstAudio measures from Say to the first sound, with warm workers.
func BenchmarkFirstAudio(b *testing.B) {
	m := open(b)
	for b.Loop() {
		s, err := m.Open(b.Context(), tts.Options{Lang: "fr"})
		require.NoError(b, err)
		require.NoError(b, s.Say(b.Context(), "Bonjour, vous êtes bien au secrétariat. Que puis-je pour vous ?"))
		_, err = s.Recv(b.Context())
		require.NoError(b, err)
		b.StopTimer()
		require.NoError(b, s.Close())
		b.StartTimer()
	}
}

// What the program lists is what agents may choose, and each voice of the list speaks.
func TestInstalledVoices(t *testing.T) {
	if _, err := exec.LookPath("espeak-ng"); err != nil {
		missing(t, "espeak-ng", err)
	}
	list, err := installed(t.Context(), "espeak-ng")
	require.NoError(t, err)
	tags := map[string]bool{}
	for _, v := range list {
		tags[v.Lang] = true
	}
	for _, tag := range []string{"en-US", "en-GB", "fr-FR", "fr-BE", "fr-CH", "es-ES", "es-419"} {
		require.True(t, tags[tag], tag)
	}
	m := open(t)
	h, err := sayAll(m, tts.Options{Voice: "fr-be+klatt4"}, "Septante et un.")
	require.NoError(t, err)
	require.Greater(t, h.length(), 500*time.Millisecond)

	every, err := installed(t.Context(), "no-such-espeak")
	require.NoError(t, err)
	require.Equal(t, voiceList(), every)
	fake := filepath.Join(t.TempDir(), "espeak-ng")
	require.NoError(t, os.WriteFile(fake, []byte("#!/bin/sh\necho 'Pty Language Age/Gender VoiceName'\necho ' 5  fr-fr  --/M  French_(France) roa/fr'\n"), 0o700))
	some, err := installed(t.Context(), fake)
	require.NoError(t, err)
	require.Len(t, some, len(variants))
	require.NoError(t, os.WriteFile(fake, []byte("#!/bin/sh\nexit 1\n"), 0o700))
	_, err = installed(t.Context(), fake)
	require.Equal(t, fault.Unavailable, fault.KindOf(err))
}
