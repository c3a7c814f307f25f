package vad

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"griot/internal/media"
	"griot/internal/media/mediatest"
)

// judge is a detector under comparison: does this frame hold speech?
type judge func(f media.Frame) bool

// stream is labelled sound: recorded utterances with pauses between them, and what was added.
type stream struct {
	rate   int
	clean  []int16
	spans  []span // of the utterances as placed
	truth  []bool // by frame
	speech []span // from the first to the last true frame of each utterance, in frames
}

type span struct{ from, to int }

// newStream joins count recorded prompts of a language, all at one loudness, with pauses of 1 to 2.5 s.
func newStream(t testing.TB, lang string, rate, count int, seed uint64) *stream {
	t.Helper()
	r := rand.New(rand.NewPCG(seed, 300))
	names := slices.DeleteFunc(mediatest.Prompts(lang), mediatest.TextlessPrompt)
	if len(names) == 0 {
		mediatest.Missing(t, "asterisk-core-sounds-"+lang+"-wav")
	}
	r.Shuffle(len(names), func(i, j int) { names[i], names[j] = names[j], names[i] })
	s := &stream{rate: rate}
	s.clean = mediatest.Silence(2*time.Second, rate)
	for _, n := range names {
		if len(s.spans) == count {
			break
		}
		pcm := mediatest.Prompt(t, lang, n, rate)
		if d := media.Mono(rate).Duration(len(pcm)); d < 900*time.Millisecond || d > 7*time.Second {
			continue
		}
		pcm = mediatest.Gain(pcm, -23-loudPart(pcm, rate))
		from := len(s.clean)
		s.clean = append(s.clean, pcm...)
		s.spans = append(s.spans, span{from, len(s.clean)})
		s.clean = append(s.clean, mediatest.Silence(time.Second+time.Duration(r.Int64N(int64(1500*time.Millisecond))), rate)...)
	}
	s.clean = append(s.clean, mediatest.Silence(time.Second, rate)...)
	s.clean = s.clean[:len(s.clean)/(rate/50)*(rate/50)]
	s.label()
	return s
}

// loudPart is the level that a fifth of the frames exceed.
func loudPart(pcm []int16, rate int) float64 {
	var levels []float64
	for i := 0; i+rate/50 <= len(pcm); i += rate / 50 {
		levels = append(levels, float64(media.Level(pcm[i:i+rate/50])))
	}
	slices.Sort(levels)
	return levels[len(levels)*8/10]
}

// label finds the true frames in the clean sound: those within 32 dB of the loud part of their utterance, with gaps of up to 160 ms.
func (s *stream) label() {
	size := s.rate / 50
	s.truth = make([]bool, len(s.clean)/size)
	for _, u := range s.spans {
		a, b := u.from/size, min(u.to/size, len(s.truth)-1)
		var levels []float64
		for i := a; i <= b; i++ {
			levels = append(levels, float64(media.Level(s.clean[i*size:(i+1)*size])))
		}
		sorted := slices.Sorted(slices.Values(levels))
		limit := sorted[len(sorted)*9/10] - 32
		first, last := -1, -1
		for i, l := range levels {
			if l > limit {
				if last >= 0 && i-last <= 9 {
					for k := last + 1; k < i; k++ {
						s.truth[a+k] = true
					}
				}
				s.truth[a+i] = true
				if first < 0 {
					first = i
				}
				last = i
			}
		}
		s.speech = append(s.speech, span{a + first, a + last + 1})
	}
}

// conditions of the table, in its order.
var conditions = []string{"quiet", "white 20", "white 10", "pink 10", "babble 20", "music 20", "tones 20"}

// with returns the stream in a room with noise of about -72 dB, and under the condition's sound.
func (s *stream) with(t testing.TB, condition string, seed uint64) []int16 {
	t.Helper()
	d := media.Mono(s.rate).Duration(len(s.clean))
	out := slices.Clone(s.clean)
	room := mediatest.Gain(mediatest.Noise(mediatest.Pink, d+time.Second, s.rate, seed+1), -52)
	media.Mix(out, room)
	kind, db, found := strings.Cut(condition, " ")
	if !found {
		return out
	}
	var snr float64
	if _, err := fmt.Sscan(db, &snr); err != nil {
		t.Fatal(err)
	}
	var noise []int16
	switch kind {
	case "white":
		noise = mediatest.Noise(mediatest.White, d, s.rate, seed+2)
	case "pink":
		noise = mediatest.Noise(mediatest.Pink, d, s.rate, seed+2)
	case "babble":
		noise = mediatest.Babble(t, d, s.rate, seed+2)
	case "music":
		noise = mediatest.Chords(d, s.rate, seed+2)
	case "tones":
		noise = mediatest.Tones(d, s.rate, 440, 480)
	}
	return mediatest.AddAt(out, noise, snr)
}

// score is what a detector made of a stream.
type score struct {
	precision, recall float64
	start, end        []float64 // ms after the true onset and the true end, one for each utterance found; +Inf when it ran into the next
	missed, split     int
	falseOpens        int
}

// measure runs a judge over a stream and lets a turn open on 4 of 5 frames and close after 600 ms without speech.
func (s *stream) measure(pcm []int16, j judge) score {
	size := s.rate / 50
	got := make([]bool, len(s.truth))
	var tp, fp, fn float64
	for i := range got {
		got[i] = j(media.Frame{Format: media.Mono(s.rate), PTS: time.Duration(i) * media.FrameTime, PCM: pcm[i*size : (i+1)*size]})
		switch {
		case got[i] && s.truth[i]:
			tp++
		case got[i]:
			fp++
		case s.truth[i]:
			fn++
		}
	}
	sc := score{precision: tp / max(1, tp+fp), recall: tp / max(1, tp+fn)}
	var turns []span
	open, quiet, count := -1, 0, 0
	for i, g := range got {
		if g {
			count++
		}
		if i >= 5 && got[i-5] {
			count--
		}
		switch {
		case open < 0 && count >= 4:
			open, quiet = i+1, 0
		case open >= 0 && g:
			quiet = 0
		case open >= 0:
			if quiet++; quiet == 30 {
				turns = append(turns, span{open, i + 1})
				open = -1
			}
		}
	}
	if open >= 0 {
		turns = append(turns, span{open, len(got)})
	}
	used := make([]bool, len(turns))
	for k, u := range s.speech {
		var hits []int
		for n, tu := range turns {
			if tu.from > u.from-5 && tu.from < u.to+10 || tu.from <= u.from-5 && tu.to > u.from+15 {
				hits = append(hits, n)
				used[n] = true
			}
		}
		if len(hits) == 0 {
			sc.missed++
			continue
		}
		sc.split += len(hits) - 1
		if a := turns[hits[0]].from - u.from; a > -5 {
			sc.start = append(sc.start, float64(a*20))
		}
		last := turns[hits[len(hits)-1]]
		end := float64(last.to-u.to) * 20
		if k+1 < len(s.speech) && last.to > s.speech[k+1].from {
			end = math.Inf(1)
		}
		sc.end = append(sc.end, end)
	}
	for _, u := range used {
		if !u {
			sc.falseOpens++
		}
	}
	return sc
}
