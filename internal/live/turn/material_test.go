package turn

import (
	"bytes"
	"compress/gzip"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"griot/internal/media"
	"griot/internal/media/mediatest"
)

// The rate of the table's sound: a browser's, after resampling.
const soundRate = 16000

// word is one word of a caller and when it has been said.
type word struct {
	text string
	end  time.Duration
}

// spell is something a caller says or does: a turn, a back-channel, a cough.
type spell struct {
	kind     string
	asked    Kind
	from, to time.Duration // of the sound, from its first to its last audible frame
	words    []word
}

// call is the caller's side of a conversation.
type call struct {
	lang   string
	pcm    []int16
	spells []spell
}

// piece is recorded speech with its words.
type piece struct {
	pcm  []int16
	text string
}

// wording reads what is said in a language's prompts from the list that comes with them.
func wording(t testing.TB, lang string) map[string]string {
	t.Helper()
	pkg := "asterisk-core-sounds-" + lang
	f, err := os.Open("/usr/share/doc/" + pkg + "/core-sounds-" + lang + ".txt.gz")
	if err != nil {
		mediatest.Missing(t, pkg)
	}
	defer func() { _ = f.Close() }()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	b, err := io.ReadAll(z)
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]string{}
	for line := range strings.Lines(string(b)) {
		if name, text, ok := strings.Cut(line, ":"); ok {
			out[name] = strings.TrimSpace(text)
		}
	}
	return out
}

// sentencesIn are the names of prompts that hold one whole sentence or more of 4 to 14 words, in an order that the seed decides.
func sentencesIn(t testing.TB, lang string, texts map[string]string, r *rand.Rand) (names []string) {
	installed := mediatest.Prompts(lang)
	for name, text := range texts {
		n := len(strings.Fields(text))
		if n < 4 || n > 14 || strings.ContainsAny(text, "*#[<…") || strings.Contains(text, "...") || !strings.ContainsRune(".?!", rune(text[len(text)-1])) || !slices.Contains(installed, name) {
			continue
		}
		if d := media.Mono(soundRate).Duration(len(mediatest.Prompt(t, lang, name, soundRate))); d < 900*time.Millisecond || d > 7*time.Second {
			continue
		}
		names = append(names, name)
	}
	slices.Sort(names)
	r.Shuffle(len(names), func(i, j int) { names[i], names[j] = names[j], names[i] })
	return names
}

// audible is where the sound of a piece begins and ends: its frames within 32 dB of its loud part.
func audible(pcm []int16) (from, to int) {
	const size = soundRate / 50
	levels := levelsOf(pcm)
	if len(levels) == 0 {
		return 0, 0
	}
	limit := slices.Sorted(slices.Values(levels))[len(levels)*9/10] - 32
	from = -1
	for i, l := range levels {
		if l > limit {
			if from < 0 {
				from = i * size
			}
			to = (i + 1) * size
		}
	}
	return max(from, 0), to
}

func levelsOf(pcm []int16) (out []float64) {
	const size = soundRate / 50
	for i := 0; i+size <= len(pcm); i += size {
		out = append(out, float64(media.Level(pcm[i:i+size])))
	}
	return out
}

// spoken is a prompt without the silence around it, at the loudness of all the others.
func spoken(t testing.TB, lang, name, text string) piece {
	pcm := mediatest.Prompt(t, lang, name, soundRate)
	from, to := audible(pcm)
	pcm = pcm[from:to]
	return piece{mediatest.Gain(pcm, -26-mediatest.SpeechLevel(pcm)), strings.Join(wordsOf(text), " ")}
}

// aligned gives each word of a piece its time: in proportion to its letters, over the sound that is no pause.
func (p piece) aligned() (out []word) {
	levels := levelsOf(p.pcm)
	words := strings.Fields(p.text)
	if len(levels) == 0 || len(words) == 0 {
		return nil
	}
	limit := slices.Sorted(slices.Values(levels))[len(levels)*9/10] - 26
	loud, letters := 0, 0
	for _, l := range levels {
		if l > limit {
			loud++
		}
	}
	for _, w := range words {
		letters += len([]rune(w)) + 1
	}
	said, heard, i := 0, 0, 0
	for _, w := range words {
		said += len([]rune(w)) + 1
		for ; i < len(levels) && heard*letters < said*loud; i++ {
			if levels[i] > limit {
				heard++
			}
		}
		out = append(out, word{w, time.Duration(i) * media.FrameTime})
	}
	out[len(out)-1].end = media.Mono(soundRate).Duration(len(p.pcm))
	return out
}

// split cuts a piece in two between words, where it is quietest: not before the second word, and two words before the end at the latest.
func (p piece) split() (a, b piece, ok bool) {
	words := p.aligned()
	levels := levelsOf(p.pcm)
	best, after, quietest := 0, 0, 0.0
	for k := 1; k+2 < len(words); k++ {
		at := int(words[k].end / media.FrameTime)
		for i := max(at-4, 5); i <= min(at+4, len(levels)-6); i++ {
			if levels[i] < quietest {
				best, after, quietest = i, k+1, levels[i]
			}
		}
	}
	if best == 0 {
		return p, p, false
	}
	fields := strings.Fields(p.text)
	cut := best * soundRate / 50
	a = piece{slices.Clone(p.pcm[:cut]), strings.Join(fields[:after], " ")}
	b = piece{slices.Clone(p.pcm[cut:]), strings.Join(fields[after:], " ")}
	media.Fade(a.pcm[len(a.pcm)-80:], 1, 0)
	media.Fade(b.pcm[:80], 0, 1)
	return a, b, true
}

// scribe writes a call.
type scribe struct {
	t    testing.TB
	r    *rand.Rand
	call call
}

func newScribe(t testing.TB, lang string, seed uint64) *scribe {
	s := &scribe{t: t, r: rand.New(rand.NewPCG(seed, 400)), call: call{lang: lang}}
	s.silence(2*time.Second, 0)
	return s
}

func (s *scribe) at() time.Duration { return media.Mono(soundRate).Duration(len(s.call.pcm)) }

func (s *scribe) silence(least, spread time.Duration) {
	s.call.pcm = append(s.call.pcm, mediatest.Silence(least+time.Duration(s.r.Int64N(int64(spread)+1)), soundRate)...)
}

// turn adds what the caller says in one turn: pieces with pauses of 0.3 to 1.5 s between those of different groups.
func (s *scribe) turn(kind string, asked Kind, groups ...[]piece) {
	sp := spell{kind: kind, asked: asked, from: s.at()}
	for i, g := range groups {
		if i > 0 {
			s.silence(300*time.Millisecond, 1200*time.Millisecond)
		}
		for _, p := range g {
			from := s.at()
			for _, w := range p.aligned() {
				sp.words = append(sp.words, word{w.text, from + w.end})
			}
			s.call.pcm = append(s.call.pcm, p.pcm...)
		}
	}
	sp.to = s.at()
	s.call.spells = append(s.call.spells, sp)
}

// sound adds something that is no speech.
func (s *scribe) sound(kind string, pcm []int16) {
	from, to := audible(pcm)
	start := s.at()
	s.call.pcm = append(s.call.pcm, pcm...)
	s.call.spells = append(s.call.spells, spell{kind: kind, from: start + media.Mono(soundRate).Duration(from), to: start + media.Mono(soundRate).Duration(to)})
}

// in puts the call into a room with noise of -72 dB, and under the condition's noise.
func (c *call) in(t testing.TB, condition string, seed uint64) []int16 {
	t.Helper()
	d := media.Mono(soundRate).Duration(len(c.pcm))
	out := slices.Clone(c.pcm)
	media.Mix(out, mediatest.Gain(mediatest.Noise(mediatest.Pink, d+time.Second, soundRate, seed+1), -52))
	switch condition {
	case "quiet":
		return out
	case "white 20":
		return mediatest.AddAt(out, mediatest.Noise(mediatest.White, d, soundRate, seed+2), 20)
	case "white 10":
		return mediatest.AddAt(out, mediatest.Noise(mediatest.White, d, soundRate, seed+2), 10)
	case "pink 10":
		return mediatest.AddAt(out, mediatest.Noise(mediatest.Pink, d, soundRate, seed+2), 10)
	}
	t.Fatalf("unknown condition %q", condition)
	return nil
}

// digitsOf are recorded numbers.
func digitsOf(t testing.TB, lang string, names ...string) (out []piece) {
	texts := map[string]map[string]string{
		"en": {"h-5": "fifth", "h-3": "third", "dollars": "dollars"},
		"fr": {"dollars": "dollars"},
		"es": {"dollars": "dólares"},
	}
	for _, n := range names {
		text := mediatest.TextIn(lang, "digits/"+n)
		if text == "" {
			text = texts[lang][n]
		}
		if text == "" {
			t.Fatalf("nobody knows what is said in %s/digits/%s", lang, n)
		}
		out = append(out, spoken(t, lang, "digits/"+n, text))
	}
	return out
}

// callerTurns is a caller who answers and asks: whole sentences, sentences with a pause inside, numbers in groups, days, short answers.
func callerTurns(t testing.TB, lang string, sentences int, seed uint64) *call {
	s := newScribe(t, lang, seed)
	texts := wording(t, lang)
	names := sentencesIn(t, lang, texts, s.r)
	var adds []func()
	for i, n := range names {
		p := spoken(t, lang, n, texts[n])
		switch {
		case i < sentences:
			adds = append(adds, func() { s.turn("sentence", KindNone, []piece{p}) })
		case i < 2*sentences:
			if a, b, ok := p.split(); ok {
				adds = append(adds, func() { s.turn("sentence with a pause", KindNone, []piece{a}, []piece{b}) })
			}
		}
	}
	group := func(kind string, asked Kind, groups ...string) {
		var ps [][]piece
		for _, g := range groups {
			ps = append(ps, digitsOf(t, lang, strings.Fields(g)...))
		}
		adds = append(adds, func() { s.turn(kind, asked, ps...) })
	}
	const phone, day, short = "telephone number", "day", "short answer"
	for range max(1, sentences/10) {
		switch lang {
		case "fr":
			group(phone, KindPhone, "0 6", "12", "30 4", "50 6", "60 18")
			group(phone, KindPhone, "0 1", "40 2", "16", "20 3", "11")
			group(phone, KindPhone, "0 4 20 2", "13", "50 5 17")
			group(day, KindDate, "day-1", "5 mon-2")
			group(day, KindDate, "12", "mon-4")
			group(short, KindNumber, "4")
			group(short, KindAmount, "50 dollars")
			group(short, KindDate, "tomorrow")
		case "es":
			group(phone, KindPhone, "6 1 2", "3 4 5", "6 7 8")
			group(phone, KindPhone, "6", "12", "30", "16", "18")
			group(phone, KindPhone, "9 1 5", "20", "13", "40")
			group(day, KindDate, "day-1", "5 mon-2")
			group(day, KindDate, "12", "mon-4")
			group(short, KindNumber, "4")
			group(short, KindAmount, "50 dollars")
			group(short, KindDate, "tomorrow")
			adds = append(adds, func() { s.turn(short, KindYesNo, []piece{spoken(t, lang, "vm-no", "no")}) })
		default:
			group(phone, KindPhone, "5 5 5", "0 1 2", "3 4 5 6")
			group(phone, KindPhone, "6 1", "7 2 0", "9 8", "5 4 3")
			group(phone, KindPhone, "1", "8 0 0", "5 5 5", "0 1 9 9")
			group(day, KindDate, "day-1", "mon-2 h-5")
			group(day, KindDate, "mon-4", "h-3")
			group(short, KindNumber, "4")
			group(short, KindAmount, "50 dollars")
			group(short, KindDate, "tomorrow")
			adds = append(adds, func() { s.turn(short, KindYesNo, []piece{spoken(t, lang, "vm-no", "no")}) })
		}
		thanks := map[string]string{"en": "thank you", "fr": "merci", "es": "gracias"}[lang]
		adds = append(adds, func() { s.turn(short, KindNone, []piece{spoken(t, lang, "auth-thankyou", thanks)}) })
	}
	s.r.Shuffle(len(adds), func(i, j int) { adds[i], adds[j] = adds[j], adds[i] })
	for _, add := range adds {
		add()
		s.silence(6*time.Second, 500*time.Millisecond)
	}
	return &s.call
}

// espeakPiece is a word of a synthetic speaker, where no recorded one says it.
func espeakPiece(t testing.TB, voice, text string) piece {
	t.Helper()
	if _, err := exec.LookPath("espeak-ng"); err != nil {
		mediatest.Missing(t, "espeak-ng")
	}
	path := filepath.Join(t.TempDir(), "word.wav")
	if out, err := exec.Command("espeak-ng", "-v", voice, "-s", "150", "-w", path, text).CombinedOutput(); err != nil {
		t.Fatalf("espeak-ng: %v: %s", err, out)
	}
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	f, pcm, err := media.ReadWAV(bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	rs, err := media.NewResampler(f.Rate, soundRate)
	if err != nil {
		t.Fatal(err)
	}
	pcm = rs.Flush(rs.Process(nil, pcm))
	from, to := audible(pcm)
	return piece{mediatest.Gain(pcm[from:to], -26-mediatest.SpeechLevel(pcm[from:to])), strings.Join(wordsOf(text), " ")}
}

// cough is two bursts of noise that swell quickly and fade slowly.
func cough(seed uint64) []int16 {
	burst := func(d time.Duration, seed uint64) []int16 {
		x := mediatest.Noise(mediatest.Pink, d, soundRate, seed)
		n := len(x) / 6
		media.Fade(x[:n], 0, 1)
		media.Fade(x[n:], 1, 0)
		return x
	}
	return mediatest.Concat(burst(220*time.Millisecond, seed), mediatest.Silence(120*time.Millisecond, soundRate), burst(180*time.Millisecond, seed+1))
}

func click(seed uint64) []int16 {
	x := mediatest.Noise(mediatest.White, 8*time.Millisecond, soundRate, seed)
	media.Fade(x, 1, 0)
	return append(x, mediatest.Silence(60*time.Millisecond, soundRate)...)
}

// backchannels of synthetic speakers.
var backchannelWords = map[string][]string{
	"en": {"yes", "okay", "right", "I see", "yeah"},
	"fr": {"oui", "d'accord", "très bien", "je vois", "ok"},
	"es": {"sí", "vale", "claro", "muy bien", "de acuerdo"},
}

// speechOver is what a caller does while the agent speaks: listens aloud, coughs, makes noise, and takes the floor.
func speechOver(t testing.TB, lang string, each int, seed uint64) *call {
	s := newScribe(t, lang, seed)
	texts := wording(t, lang)
	names := sentencesIn(t, lang, texts, s.r)
	first := spoken(t, lang, names[0], texts[names[0]])
	var adds []func()
	add := func(f func()) { adds = append(adds, f) }
	thanks := map[string]string{"en": "thank you", "fr": "merci", "es": "gracias"}[lang]
	for i := range each {
		n := uint64(i)
		p := spoken(t, lang, names[1+i], texts[names[1+i]])
		add(func() { s.turn("interruption", KindNone, []piece{p}) })
		add(func() { s.turn("thanks", KindNone, []piece{spoken(t, lang, "auth-thankyou", thanks)}) })
		w := backchannelWords[lang][i%5]
		voice := lang + []string{"+f2", "+m3", "+f4", "+m1"}[i%4]
		add(func() { s.turn("yes", KindNone, []piece{espeakPiece(t, voice, w)}) })
		add(func() { s.sound("cough", mediatest.Gain(cough(seed+10*n), -3)) })
		add(func() { s.sound("click", mediatest.Gain(click(seed+10*n), 6)) })
		add(func() {
			s.sound("breath", mediatest.Gain(mediatest.Noise(mediatest.Pink, 400*time.Millisecond, soundRate, seed+10*n), -20))
		})
		add(func() { s.sound("bang", mediatest.Noise(mediatest.Pink, 200*time.Millisecond, soundRate, seed+10*n)) })
		add(func() { s.sound("key", mediatest.DTMF("0123456789*#"[i%12], 200*time.Millisecond, soundRate)) })
		add(func() { s.sound("music", mediatest.Gain(mediatest.Chords(2*time.Second, soundRate, seed+10*n), -6)) })
	}
	s.r.Shuffle(len(adds), func(i, j int) { adds[i], adds[j] = adds[j], adds[i] })
	s.turn("first", KindNone, []piece{first})
	s.silence(4*time.Second, 0)
	for _, f := range adds {
		f()
		s.silence(4*time.Second, 500*time.Millisecond)
	}
	return &s.call
}
