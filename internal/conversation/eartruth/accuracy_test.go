package eartruth_test

import (
	"flag"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"griot/internal/conversation/eartruth"
	"griot/internal/media"
	"griot/internal/media/mediatest"
)

var (
	accuracy = flag.Bool("accuracy", false, "print the table of docs/ear-truth.md")
	lang     = flag.String("accuracy-lang", "en", "language of the callers in the table")
	seed     = flag.Uint64("accuracy-seed", 1, "seed of the table")
)

const rate = 16000

func samples(d time.Duration) int         { return media.Mono(rate).Samples(d) }
func duration(samples int) time.Duration  { return media.Mono(rate).Duration(samples) }
func millis(n int) time.Duration          { return time.Duration(n) * time.Millisecond }
func toMS(d time.Duration) (ms float64)   { return float64(d) / float64(time.Millisecond) }
func off(got, want time.Duration) float64 { return math.Abs(toMS(got - want)) }

// stage is a recording in the making. Its channels grow as needed.
type stage struct{ caller, agent []int16 }

func put(ch *[]int16, at time.Duration, pcm []int16) {
	from := samples(at)
	if n := from + len(pcm); n > len(*ch) {
		*ch = append(*ch, make([]int16, n-len(*ch))...)
	}
	copy((*ch)[from:], pcm)
}

// audible finds where a clean utterance can first and last be heard: where 10 ms come within 32 dB of its loud part. It looks at
// every millisecond, and so knows nothing of the grain of what it is to judge.
func audible(pcm []int16) (from, to time.Duration) {
	step, window := rate/1000, rate/100
	var levels []float64
	for i := 0; i+window <= len(pcm); i += step {
		levels = append(levels, float64(media.Level(pcm[i:i+window])))
	}
	if len(levels) == 0 {
		return 0, 0
	}
	sorted := slices.Sorted(slices.Values(levels))
	least := sorted[len(sorted)*4/5] - 32
	first := slices.IndexFunc(levels, func(l float64) bool { return l > least })
	last := len(levels) - 1
	for levels[last] <= least {
		last--
	}
	// The window that first rises above it has the sound in its second half, and the last one in its first.
	return millis(first + 5), millis(last + 5)
}

func prompts(t testing.TB, lang string, n int, r *rand.Rand) (out [][]int16) {
	names := slices.DeleteFunc(mediatest.Prompts(lang), mediatest.TextlessPrompt)
	if len(names) == 0 {
		mediatest.Missing(t, "asterisk-core-sounds-"+lang+"-g722")
	}
	for len(out) < n {
		p := mediatest.Prompt(t, lang, names[r.IntN(len(names))], rate)
		if d := duration(len(p)); d < 300*time.Millisecond || d > 5*time.Second {
			continue
		}
		out = append(out, mediatest.Gain(p, -20-mediatest.SpeechLevel(p)))
	}
	return out
}

// truth is what a stage was built to hold.
type truth struct {
	ends, delays  []time.Duration // of turns
	starts, stops []time.Duration // of barge-ins
}

// plain is a conversation of turns: the caller asks, the agent answers after 80 to 1500 ms.
func plain(questions, answers [][]int16, r *rand.Rand) (stage, truth) {
	var (
		s stage
		w truth
	)
	at := 2 * time.Second
	for i, q := range questions {
		put(&s.caller, at, q)
		_, end := audible(q)
		delay := millis(80 + r.IntN(1421))
		from, to := audible(answers[i])
		put(&s.agent, at+end+delay-from, answers[i])
		w.ends, w.delays = append(w.ends, at+end), append(w.delays, delay)
		at += end + delay - from + to + millis(500+r.IntN(1500))
	}
	put(&s.caller, at, make([]int16, rate))
	return s, w
}

// interrupted is a conversation in which the caller begins 0.4 to 1 s after the agent, which stops 80 to 500 ms later.
func interrupted(questions, answers [][]int16, r *rand.Rand) (stage, truth) {
	var (
		s stage
		w truth
	)
	at := 2 * time.Second
	for i, q := range questions {
		from, to := audible(answers[i])
		begin := from + millis(400+r.IntN(600))
		stop := millis(80 + r.IntN(421))
		for begin+stop > to-20*time.Millisecond { // too short an answer to be cut off
			answers[i] = append(answers[i][:samples(to)], answers[i][samples(from):]...)
			_, to = audible(answers[i])
		}
		// An agent that is cut off in a pause was last heard before it.
		cut := answers[i][:samples(begin+stop)]
		_, last := audible(cut)
		put(&s.agent, at, cut)
		first, end := audible(q)
		put(&s.caller, at+begin-first, q)
		w.starts, w.stops = append(w.starts, at+begin), append(w.stops, last-begin)
		at += begin - first + max(end, last) + millis(1500+r.IntN(1500))
	}
	put(&s.caller, at, make([]int16, rate))
	return s, w
}

var conditions = []struct {
	name  string
	apply func(t testing.TB, pcm []int16) []int16
}{
	{"digital silence", func(_ testing.TB, pcm []int16) []int16 { return pcm }},
	{"pink -70 dB", with(mediatest.Pink, -70)},
	{"white -50 dB", with(mediatest.White, -50)},
	{"pink -50 dB", with(mediatest.Pink, -50)},
	{"babble -50 dB", func(t testing.TB, pcm []int16) []int16 {
		return add(pcm, mediatest.Babble(t, 10*time.Second, rate, 3), -50)
	}},
	{"white -40 dB", with(mediatest.White, -40)},
}

func with(c mediatest.Colour, db float64) func(testing.TB, []int16) []int16 {
	return func(_ testing.TB, pcm []int16) []int16 {
		return add(pcm, mediatest.Noise(c, 10*time.Second, rate, 7), db)
	}
}

// add puts noise on top, which is at -20 dB, at another level.
func add(pcm, noise []int16, db float64) []int16 {
	noise = mediatest.Gain(noise, db+20)
	out := slices.Clone(pcm)
	for i := range out {
		out[i] = int16(min(max(int(out[i])+int(noise[i%len(noise)]), -32768), 32767))
	}
	return out
}

// errors are how far the measured values lie from the truth, ms, and what was missed or invented.
type errors struct {
	off          []float64
	missed, more int
}

func (e *errors) take(got []time.Duration, gotAt []time.Duration, want, wantAt []time.Duration) {
	used := make([]bool, len(got))
next:
	for i := range want {
		for j := range got {
			if !used[j] && off(gotAt[j], wantAt[i]) < 400 {
				used[j] = true
				e.off = append(e.off, off(got[j], want[i]))
				continue next
			}
		}
		e.missed++
	}
	for _, u := range used {
		if !u {
			e.more++
		}
	}
}

func (e *errors) quantile(q float64) float64 {
	if len(e.off) == 0 {
		return math.NaN()
	}
	s := slices.Sorted(slices.Values(e.off))
	return s[int(math.Ceil(q*float64(len(s))))-1]
}

func measure(t testing.TB, s stage) eartruth.Report {
	t.Helper()
	r, err := eartruth.Measure(rate, s.caller, s.agent)
	require.NoError(t, err)
	return r
}

func delays(r eartruth.Report) (d, at []time.Duration) {
	for _, x := range r.Turns {
		d, at = append(d, x.Delay.Duration()), append(at, x.At.Duration())
	}
	return d, at
}

func stops(r eartruth.Report) (d, at []time.Duration) {
	for _, x := range r.BargeIns {
		if x.Stop != nil {
			d, at = append(d, x.Stop.Duration()), append(at, x.At.Duration())
		}
	}
	return d, at
}

// judge measures n turns and n barge-ins under a condition.
func judge(t testing.TB, n int, apply func(testing.TB, []int16) []int16) (turns, barges errors) {
	r := rand.New(rand.NewPCG(*seed, 5))
	q, a := prompts(t, *lang, n, r), prompts(t, "fr", n, r)
	s, w := plain(q, a, r)
	s.caller = apply(t, s.caller)
	d, at := delays(measure(t, s))
	turns.take(d, at, w.delays, w.ends)
	s, w = interrupted(q, a, r)
	s.caller = apply(t, s.caller)
	d, at = stops(measure(t, s))
	barges.take(d, at, w.stops, w.starts)
	return turns, barges
}

// TestAccuracyTable prints the table of docs/ear-truth.md.
func TestAccuracyTable(t *testing.T) {
	if !*accuracy {
		t.Skip("prints a table; run it with -accuracy")
	}
	const n = 100
	fmt.Printf("\n| Noise on the caller's side | delay: within 20 ms | median / 90 %% / worst, ms | missed / false | stop: within 20 ms | median / 90 %% / worst, ms | missed / false |\n|---|---|---|---|---|---|---|\n")
	for _, c := range conditions {
		turns, barges := judge(t, n, c.apply)
		fmt.Printf("| %s |", c.name)
		for _, e := range []errors{turns, barges} {
			within := 0
			for _, o := range e.off {
				if o <= 20 {
					within++
				}
			}
			fmt.Printf(" %d %% | %.0f / %.0f / %.0f | %d / %d |", 100*within/max(1, len(e.off)), e.quantile(.5), e.quantile(.9), e.quantile(1), e.missed, e.more)
		}
		fmt.Println()
	}
	fmt.Printf("\n| The agent's voice | broken off under the caller: found | broken off alone: found | false, of whole words' ends |\n|---|---|---|---|\n")
	for _, v := range []string{"en", "fr", "es", "eSpeak"} {
		r := rand.New(rand.NewPCG(*seed, 6))
		over, alone, wrong, ends := clipped(t, voices(t, v, n, r), r)
		fmt.Printf("| %s | %d %% | %d %% | %d of %d |\n", v, over, alone, wrong, ends)
	}
}

// voices are answers that are spoken by prompts of a language, or by the voice that is built in.
func voices(t testing.TB, name string, n int, r *rand.Rand) (out [][]int16) {
	if name != "eSpeak" {
		return prompts(t, name, n, r)
	}
	names := slices.DeleteFunc(mediatest.Prompts("en"), func(n string) bool { return len(mediatest.Text(n)) < 10 })
	for range n {
		out = append(out, espeak(t, mediatest.Text(names[r.IntN(len(names))])))
	}
	return out
}

// clipped says how many per cent of the answers that are cut off somewhere are found: when the caller speaks just then, and when one in ten
// is cut off for no reason that can be heard. The rest of those are the false ones, and how many there could be.
func clipped(t testing.TB, answers [][]int16, r *rand.Rand) (over, alone, wrong, ends int) {
	var both, one stage
	var cuts []time.Duration
	at := 2 * time.Second
	for i, a := range answers {
		from, to := audible(a)
		cut := from + (to-from)/5 + time.Duration(r.Int64N(int64(to-from)*7/10))
		put(&both.agent, at, a[:samples(cut)])
		put(&both.caller, at+cut-millis(150), vowels(millis(600)))
		if i%10 == 9 {
			cuts = append(cuts, at+cut)
			put(&one.agent, at, a[:samples(cut)])
		} else {
			put(&one.agent, at, a)
		}
		at += millis(len(a)*1000/rate) + 3*time.Second
	}
	put(&both.caller, at, nil)
	put(&one.caller, at, nil)
	over = measure(t, both).Clipped * 100 / len(answers)
	for _, c := range measure(t, one).Clips {
		if slices.ContainsFunc(cuts, func(x time.Duration) bool { return off(x, c.At.Duration()) < 60 }) {
			alone++
		} else {
			wrong++
		}
	}
	return over, alone * 100 / len(cuts), wrong, len(answers) - len(cuts)
}
