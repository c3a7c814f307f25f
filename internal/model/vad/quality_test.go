package vad

import (
	"flag"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"griot/internal/media"
	"griot/internal/media/mediatest"
)

var quality = flag.Bool("quality", false, "print the table of docs/quality.md")

func quantile(x []float64, q float64) float64 {
	if len(x) == 0 {
		return math.NaN()
	}
	s := slices.Sorted(slices.Values(x))
	return s[int(q*float64(len(s)-1))]
}

func ms(v float64) string {
	if math.IsNaN(v) {
		return "open before"
	}
	if math.IsInf(v, 1) {
		return "never"
	}
	return fmt.Sprintf("%.0f", v)
}

// rivals are the detectors of the table.
func rivals(t testing.TB, rate int) []struct {
	name string
	make func() judge
} {
	list := []struct {
		name string
		make func() judge
	}{
		{"energy", func() judge { return (&energyJudge{snr: 9, hiss: true}).judge }},
		{"energy + 15 dB gate", func() judge { return newGate((&energyJudge{snr: 6, hiss: true}).judge) }},
	}
	if w := webrtcJudge(rate); w != nil {
		list = append(list, struct {
			name string
			make func() judge
		}{"WebRTC 3 + floor + 15 dB gate", func() judge { return newGate(webrtcJudge(rate)) }})
	}
	return append(list, struct {
		name string
		make func() judge
	}{"ours", func() judge { return ours(t, rate) }})
}

func ours(t testing.TB, rate int) judge {
	v, err := New(rate)
	if err != nil {
		t.Fatal(err)
	}
	return func(f media.Frame) bool {
		a, err := v.Push(f)
		if err != nil {
			t.Fatal(err)
		}
		return a.Speech >= 0.5
	}
}

var (
	langFlag = flag.String("quality-lang", "en", "language of the callers in the table")
	seedFlag = flag.Uint64("quality-seed", 1, "seed of the table: which prompts, in which order, under which noise")
)

// TestQualityTable prints the tables of docs/quality.md.
func TestQualityTable(t *testing.T) {
	if !*quality {
		t.Skip("prints tables; run it with -quality")
	}
	for _, rate := range []int{16000, 8000} {
		s := newStream(t, *langFlag, rate, 40, *seedFlag)
		fmt.Printf("\n### %d kHz: %d utterances, %.0f s\n", rate/1000, len(s.speech), float64(len(s.clean))/float64(rate))
		list := rivals(t, rate)
		scores := make([][]score, len(list))
		for _, c := range conditions {
			pcm := s.with(t, c, *seedFlag)
			for i, r := range list {
				scores[i] = append(scores[i], s.measure(pcm, r.make()))
			}
		}
		for _, part := range []struct {
			title string
			cell  func(sc score) string
		}{
			{"Frames: precision / recall", func(sc score) string { return fmt.Sprintf("%.2f / %.2f", sc.precision, sc.recall) }},
			{"Opens after the onset, ms: median / 90 %", func(sc score) string { return ms(quantile(sc.start, .5)) + " / " + ms(quantile(sc.start, .9)) }},
			{"Closes after the end, ms: median / 90 %", func(sc score) string { return ms(quantile(sc.end, .5)) + " / " + ms(quantile(sc.end, .9)) }},
			{"Turns: missed / split / false", func(sc score) string { return fmt.Sprintf("%d / %d / %d", sc.missed, sc.split, sc.falseOpens) }},
		} {
			fmt.Printf("\n| %s | %s |\n|---|%s\n", part.title, strings.Join(conditions, " | "), strings.Repeat("---|", len(conditions)))
			for i, r := range list {
				fmt.Printf("| %s |", r.name)
				for _, sc := range scores[i] {
					fmt.Printf(" %s |", part.cell(sc))
				}
				fmt.Println()
			}
		}
		events(t, rate)
	}
}

// events prints how many of 15 sounds that are no speech open a turn, after a caller has been heard.
func events(t *testing.T, rate int) {
	sounds := []struct {
		name string
		pcm  []int16
	}{
		{"key 100 ms", mediatest.DTMF('5', 100*time.Millisecond, rate)},
		{"key 300 ms", mediatest.DTMF('1', 300*time.Millisecond, rate)},
		{"beep", mediatest.Tones(300*time.Millisecond, rate, 1000)},
		{"dial tone", mediatest.Tones(2*time.Second, rate, 350, 440)},
		{"ring", mediatest.Tones(2*time.Second, rate, 440, 480)},
		{"click", click(rate)},
		{"bang 60 ms", mediatest.Noise(mediatest.White, 60*time.Millisecond, rate, 1)},
		{"bang 200 ms", mediatest.Noise(mediatest.Pink, 200*time.Millisecond, rate, 1)},
		{"breath", mediatest.Gain(mediatest.Noise(mediatest.Pink, 400*time.Millisecond, rate, 1), -20)},
		{"chords", mediatest.Chords(2*time.Second, rate, 1)},
	}
	list := rivals(t, rate)
	fmt.Print("\n| Of 15, open a turn |")
	for _, s := range sounds {
		fmt.Printf(" %s |", s.name)
	}
	fmt.Printf("\n|---|%s\n", strings.Repeat("---|", len(sounds)))
	for _, r := range list {
		fmt.Printf("| %s |", r.name)
		for _, s := range sounds {
			pcm, at := repeated(t, s.pcm, rate)
			fmt.Printf(" %d |", opened(pcm, at, len(s.pcm), rate, r.make()))
		}
		fmt.Println()
	}
}

// repeated is a prompt followed by 15 times the sound, in a quiet room, and where the sounds begin.
func repeated(t testing.TB, sound []int16, rate int) (pcm []int16, at []int) {
	pcm = mediatest.Concat(mediatest.Silence(time.Second, rate), mediatest.Prompt(t, "en", "vm-nobodyavail", rate))
	for i := range 15 {
		pcm = append(pcm, mediatest.Silence(1500*time.Millisecond+time.Duration(i)*1300*time.Microsecond, rate)...)
		at = append(at, len(pcm))
		pcm = append(pcm, sound...)
	}
	pcm = append(pcm, mediatest.Silence(time.Second, rate)...)
	media.Mix(pcm, room(media.Mono(rate).Duration(len(pcm)), rate))
	return pcm, at
}

// opened counts the sounds during which, or within 60 ms after which, 4 of 5 frames were taken for speech.
func opened(pcm []int16, at []int, length, rate int, j judge) int {
	size := rate / 50
	got := make([]bool, len(pcm)/size)
	for i := range got {
		got[i] = j(media.Frame{Format: media.Mono(rate), PCM: pcm[i*size : (i+1)*size]})
	}
	n := 0
	for _, p := range at {
		for i := p / size; i < (p+length)/size+3; i++ {
			held := 0
			for _, g := range got[i-4 : i+1] {
				if g {
					held++
				}
			}
			if held >= 4 {
				n++
				break
			}
		}
	}
	return n
}

// TestQualityHolds keeps the detector from getting worse: lower bounds somewhat under what docs/quality.md reports.
func TestQualityHolds(t *testing.T) {
	streams := map[int]*stream{}
	for _, rate := range rates {
		streams[rate] = newStream(t, "en", rate, 15, 2)
	}
	for _, c := range []struct {
		rate              int
		condition         string
		precision, recall float64
		start, end        float64 // ms, 90 % of the utterances
	}{
		{16000, "quiet", 0.98, 0.91, 140, 640},
		{8000, "quiet", 0.98, 0.87, 160, 640},
		{16000, "white 10", 0.98, 0.70, 220, 620},
		{8000, "white 10", 0.98, 0.63, 220, 620},
	} {
		t.Run(fmt.Sprintf("%d Hz %s", c.rate, c.condition), func(t *testing.T) {
			s := streams[c.rate]
			sc := s.measure(s.with(t, c.condition, 2), ours(t, c.rate))
			require.GreaterOrEqual(t, sc.precision, c.precision)
			require.GreaterOrEqual(t, sc.recall, c.recall)
			require.LessOrEqual(t, quantile(sc.start, .9), c.start)
			require.LessOrEqual(t, quantile(sc.end, .9), c.end)
			require.Zero(t, sc.missed)
			require.Zero(t, sc.falseOpens)
			require.LessOrEqual(t, sc.split, 1)
		})
	}
}
