package eartruth_test

import (
	"bytes"
	"encoding/binary"
	"math"
	"math/rand/v2"
	"os/exec"
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"griot/internal/conversation/eartruth"
	"griot/internal/event"
	"griot/internal/fault"
	"griot/internal/media"
	"griot/internal/media/mediatest"
)

// exact is what the edges of made-up sound may be off.
const exact = 20 * time.Millisecond

func near(t *testing.T, want, got time.Duration, what string) {
	t.Helper()
	require.InDelta(t, toMS(want), toMS(got), toMS(exact), what)
}

// vowels is a made-up voice: pulses through two resonances, in syllables of 200 ms without pauses, with edges of 5 ms.
func vowels(d time.Duration) []int16 {
	out := make([]float64, samples(d))
	var y [2][2]float64
	formants := [2][2]float64{{650, 80}, {1200, 120}}
	phase, top := 0.0, 0.0
	for i := range out {
		at := float64(i) / rate
		phase += (130 + 15*math.Sin(2*math.Pi*1.3*at)) / rate
		x := 0.0
		if phase >= 1 {
			phase--
			x = 1
		}
		for k, f := range formants {
			r := math.Exp(-math.Pi * f[1] / rate)
			v := x + 2*r*math.Cos(2*math.Pi*f[0]/rate)*y[k][0] - r*r*y[k][1]
			y[k][1], y[k][0] = y[k][0], v
			out[i] += v
		}
		out[i] *= 0.75 + 0.25*math.Sin(2*math.Pi*5*at)
		top = max(top, math.Abs(out[i]))
	}
	pcm := make([]int16, len(out))
	edge := float64(rate) / 200
	for i, v := range out {
		gain := min(1, float64(i)/edge, float64(len(out)-i)/edge)
		pcm[i] = int16(12000 * gain * v / top)
	}
	return pcm
}

// fading is a tone of the agent's that fades over 100 ms, as a word does.
func fading(d time.Duration) []int16 {
	x := mediatest.Tones(d, rate, 200, 417)
	n := rate / 10
	for i := range n {
		x[len(x)-n+i] = int16(float64(x[len(x)-n+i]) * math.Pow(10, -2.5*float64(i)/float64(n)))
	}
	return x
}

func TestTurns(t *testing.T) {
	for name, noise := range map[string]func([]int16) []int16{
		"silence": func(x []int16) []int16 { return x },
		"white":   func(x []int16) []int16 { return add(x, mediatest.Noise(mediatest.White, 5*time.Second, rate, 1), -50) },
		"pink":    func(x []int16) []int16 { return add(x, mediatest.Noise(mediatest.Pink, 5*time.Second, rate, 1), -50) },
		"offset": func(x []int16) []int16 {
			out := make([]int16, len(x))
			for i, v := range x {
				out[i] = v + 2000
			}
			return out
		},
	} {
		t.Run(name, func(t *testing.T) {
			var s stage
			put(&s.agent, millis(300), fading(millis(1100))) // a greeting
			put(&s.caller, millis(2003), vowels(millis(1200)))
			put(&s.agent, millis(3203+612), fading(millis(2000)))
			put(&s.caller, millis(8000), vowels(millis(700)))
			put(&s.caller, millis(9100), vowels(millis(500))) // a pause of 400 ms inside the turn
			put(&s.agent, millis(9600+1850), fading(millis(900)))
			put(&s.agent, millis(14000), fading(millis(400))) // asks once more: no answer to anything
			put(&s.caller, millis(17000), nil)
			s.caller = noise(s.caller)
			r := measure(t, s)
			require.Len(t, r.Turns, 2)
			near(t, millis(2003), r.Turns[0].From.Duration(), "from")
			near(t, millis(3203), r.Turns[0].At.Duration(), "at")
			near(t, millis(612), r.Turns[0].Delay.Duration(), "delay")
			near(t, millis(8000), r.Turns[1].From.Duration(), "from")
			near(t, millis(9600), r.Turns[1].At.Duration(), "at")
			near(t, millis(1850), r.Turns[1].Delay.Duration(), "delay")
			near(t, millis((612+1850)/2), r.ResponseP50.Duration(), "median")
			near(t, millis(1850), r.ResponseMax.Duration(), "longest")
			require.Empty(t, r.BargeIns)
			require.Empty(t, r.Overlaps)
			require.Empty(t, r.Silences)
			require.Empty(t, r.Clips)
			require.Nil(t, r.StopP50)
			require.Equal(t, 17*time.Second, r.Duration.Duration())
			require.InDelta(t, 2400, toMS(r.CallerSpeaks.Duration()), 60)
			require.InDelta(t, 4400, toMS(r.AgentSpeaks.Duration()), 120)
			require.InDelta(t, 2.4/17, r.CallerShare, 0.005)
			require.InDelta(t, 4.4/17, r.AgentShare, 0.01)
		})
	}
}

func TestBargeIn(t *testing.T) {
	var s stage
	put(&s.agent, millis(500), fading(millis(4000))[:samples(millis(2440))]) // cut at 2940
	put(&s.caller, millis(2700), vowels(millis(1000)))
	put(&s.agent, millis(3700+500), fading(millis(5000)))
	put(&s.caller, millis(5500), vowels(millis(300))) // a listener's "mm-hm", to an agent that goes on
	put(&s.caller, millis(12000), nil)
	r := measure(t, s)
	require.Len(t, r.BargeIns, 2)
	near(t, millis(2700), r.BargeIns[0].At.Duration(), "at")
	near(t, millis(240), r.BargeIns[0].Stop.Duration(), "stop")
	near(t, millis(5500), r.BargeIns[1].At.Duration(), "at")
	require.Nil(t, r.BargeIns[1].Stop, "it did not stop")
	near(t, millis(240), r.StopP50.Duration(), "median")
	require.Len(t, r.Overlaps, 2)
	require.Equal(t, "caller", r.Overlaps[0].By)
	near(t, millis(240), r.Overlaps[0].Length.Duration(), "overlap")
	near(t, millis(300), r.Overlaps[1].Length.Duration(), "overlap")
	near(t, millis(540), r.OverlapTotal.Duration(), "overlap")
	require.Equal(t, 1, r.Clipped)
	near(t, millis(2940), r.Clips[0].At.Duration(), "clip")
	require.Len(t, r.Turns, 1)
	turn := r.Turns[0]
	near(t, millis(500), turn.Delay.Duration(), "delay")
	near(t, millis(240), turn.Stop.Duration(), "stop")
	near(t, millis(540), turn.Overlap.Duration(), "overlap")
	require.Equal(t, 1, turn.Clipped)
}

// The caller is done before the agent has stopped: the answer's delay still counts from the caller's last sound.
func TestShortInterruption(t *testing.T) {
	var s stage
	put(&s.agent, millis(500), fading(millis(2500))) // to 3000
	put(&s.caller, millis(2400), vowels(millis(300)))
	put(&s.agent, millis(3900), fading(millis(1000)))
	put(&s.caller, millis(8000), nil)
	r := measure(t, s)
	require.Len(t, r.Turns, 1)
	near(t, millis(2700), r.Turns[0].At.Duration(), "at")
	near(t, millis(1200), r.Turns[0].Delay.Duration(), "delay")
	require.InDelta(t, 600, toMS(r.BargeIns[0].Stop.Duration()), 40, "a fading end is heard until it has faded")
	require.Zero(t, r.Clipped)
}

// Words with a pause between them are one interruption.
func TestHesitantInterruption(t *testing.T) {
	var s stage
	put(&s.agent, millis(500), fading(millis(4000))[:samples(millis(3500))]) // to 4000
	put(&s.caller, millis(2500), vowels(millis(300)))
	put(&s.caller, millis(3200), vowels(millis(1500)))
	put(&s.caller, millis(6000), nil)
	r := measure(t, s)
	require.Len(t, r.BargeIns, 1)
	near(t, millis(1500), r.BargeIns[0].Stop.Duration(), "stop")
}

func TestAgentInterrupts(t *testing.T) {
	var s stage
	put(&s.caller, millis(1000), vowels(millis(2000)))
	put(&s.agent, millis(2000), fading(millis(500)))
	put(&s.agent, millis(3400), fading(millis(500)))
	put(&s.caller, millis(5000), nil)
	r := measure(t, s)
	require.Empty(t, r.BargeIns)
	require.Len(t, r.Overlaps, 1)
	require.Equal(t, "agent", r.Overlaps[0].By)
	require.Len(t, r.Turns, 1, "the caller spoke on, and was answered after that")
	near(t, millis(400), r.Turns[0].Delay.Duration(), "delay")
}

func TestDeadAir(t *testing.T) {
	var s stage
	put(&s.caller, millis(1000), vowels(millis(1000)))
	put(&s.agent, millis(5500), fading(millis(1000)))  // 3500 ms later
	put(&s.caller, millis(9600), vowels(millis(1000))) // 3100 ms are the caller's own
	put(&s.caller, millis(13000), vowels(millis(600))) // asks again after 2400 ms
	put(&s.agent, millis(15500), fading(millis(800)))  // 1900 ms: not yet dead
	put(&s.caller, millis(17000), vowels(millis(600)))
	put(&s.caller, millis(20100), nil) // and 2500 ms until somebody gives up
	r := measure(t, s)
	require.Len(t, r.Silences, 3)
	for i, want := range [][2]int{{2000, 3500}, {10600, 2400}, {17600, 2500}} {
		near(t, millis(want[0]), r.Silences[i].At.Duration(), "at")
		near(t, millis(want[1]), r.Silences[i].Length.Duration(), "length")
	}
	require.InDelta(t, 8400, toMS(r.DeadAir.Duration()), 45)
	require.Len(t, r.Turns, 2)
	near(t, millis(3500), r.Turns[0].DeadAir.Duration(), "of the turn")
	near(t, millis(9600), r.Turns[1].From.Duration(), "the turn begins with the first question")
	near(t, millis(1900), r.Turns[1].Delay.Duration(), "and is answered after the second")
}

func TestClippedWords(t *testing.T) {
	var s stage
	for i := range 9 { // the third and the end of the recording break off
		x := fading(millis(1500))
		if i == 2 || i == 8 {
			x = x[:samples(millis(900))]
		}
		put(&s.agent, millis(2000*i), x)
	}
	put(&s.caller, 0, nil)
	r := measure(t, s)
	require.Equal(t, 1, r.Clipped)
	near(t, millis(4900), r.Clips[0].At.Duration(), "clip")

	// A voice that always ends so is not being clipped, unless the caller speaks.
	s = stage{}
	for i := range 5 {
		put(&s.agent, millis(2000*i), mediatest.Tones(millis(1000), rate, 200, 417))
	}
	put(&s.caller, millis(4800), vowels(millis(600)))
	put(&s.caller, millis(12000), nil)
	r = measure(t, s)
	require.Equal(t, 1, r.Clipped)
	near(t, millis(5000), r.Clips[0].At.Duration(), "clip")
}

func TestNothingToMeasure(t *testing.T) {
	minute := make([]int16, 60*rate)
	hiss := add(minute, mediatest.Noise(mediatest.White, 5*time.Second, rate, 1), -50)
	speech := mediatest.Concat(minute[:rate], vowels(millis(1000)), minute[:rate])
	for name, c := range map[string]struct {
		caller, agent        []int16
		callerSays, agentToo bool
	}{
		"empty": {}, "one sample": {caller: []int16{1}}, "silence": {caller: minute, agent: minute}, "hiss": {caller: hiss, agent: minute},
		"caller only": {caller: speech, agent: nil, callerSays: true}, "agent only": {agent: fading(millis(1000)), agentToo: true},
		"full scale": {caller: []int16{-32768, 32767, -32768}, agent: []int16{-32768, -32768}},
	} {
		r, err := eartruth.Measure(rate, c.caller, c.agent)
		require.NoError(t, err, name)
		require.Empty(t, r.Turns, name)
		require.Empty(t, r.BargeIns, name)
		require.Zero(t, r.OverlapTotal, name)
		require.Zero(t, r.DeadAir, name)
		require.Zero(t, r.Clipped, name)
		require.Nil(t, r.ResponseP50, name)
		require.Equal(t, c.callerSays, r.CallerSpeaks > 0, name)
		require.Equal(t, c.agentToo, r.AgentSpeaks > 0, name)
		require.Equal(t, duration(max(len(c.caller), len(c.agent))), r.Duration.Duration(), name)
	}
	_, err := eartruth.Measure(44100, nil, nil)
	require.Equal(t, fault.Invalid, fault.KindOf(err))
}

// A click is neither a word of the caller's nor the first sound of the agent.
func TestClicks(t *testing.T) {
	var s stage
	put(&s.caller, millis(1000), vowels(millis(1000)))
	put(&s.agent, millis(2400), []int16{9000, -9000})
	put(&s.caller, millis(2600), []int16{20000, -20000, 20000})
	put(&s.agent, millis(3000), fading(millis(1000)))
	put(&s.caller, millis(5000), nil)
	r := measure(t, s)
	require.Len(t, r.Turns, 1)
	near(t, millis(1000), r.Turns[0].Delay.Duration(), "delay")
}

// A background that is mixed into the agent's sound, and the noise of its voice, are no speech.
func TestAgentWithBackground(t *testing.T) {
	var s stage
	put(&s.caller, millis(3000), vowels(millis(1000)))
	put(&s.agent, millis(500), fading(millis(1000)))
	put(&s.agent, millis(4700), fading(millis(2000)))
	put(&s.agent, millis(12000), nil)
	put(&s.caller, millis(12000), nil)
	s.agent = add(s.agent, mediatest.Noise(mediatest.Pink, 5*time.Second, rate, 2), -52)
	r := measure(t, s)
	require.Len(t, r.Turns, 1)
	near(t, millis(700), r.Turns[0].Delay.Duration(), "delay")
}

// How the samples are cut into pieces changes nothing, nor does the rate.
func TestPieces(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	var s stage
	put(&s.agent, millis(500), fading(millis(4000))[:samples(millis(2440))])
	put(&s.caller, millis(2700), vowels(millis(1000)))
	put(&s.agent, millis(4200), fading(millis(1000)))
	put(&s.caller, millis(6003), nil)
	put(&s.agent, millis(6003), nil)
	want := measure(t, s)

	mixed := make([]int16, 0, 2*len(s.caller))
	for i := range s.caller {
		mixed = append(mixed, s.caller[i], s.agent[i])
	}
	m, err := eartruth.NewMeter(rate)
	require.NoError(t, err)
	for len(mixed) > 0 {
		n := min(len(mixed), 2*r.IntN(700))
		m.WriteStereo(mixed[:n])
		mixed = mixed[n:]
	}
	require.Equal(t, want, m.Report())

	half := func(pcm []int16) []int16 {
		rs, err := media.NewResampler(rate, 8000)
		require.NoError(t, err)
		return rs.Flush(rs.Process(nil, pcm))
	}
	got, err := eartruth.Measure(8000, half(s.caller), half(s.agent))
	require.NoError(t, err)
	require.Len(t, got.Turns, 1)
	near(t, want.Turns[0].Delay.Duration(), got.Turns[0].Delay.Duration(), "delay")
	near(t, want.BargeIns[0].Stop.Duration(), got.BargeIns[0].Stop.Duration(), "stop")
}

// espeak is the voice that is built in.
func espeak(t testing.TB, text string) []int16 {
	t.Helper()
	out, err := exec.Command("espeak-ng", "-v", "en", "--stdout", text).Output()
	if err != nil {
		mediatest.Missing(t, "espeak-ng")
	}
	f, pcm, err := media.ReadWAV(bytes.NewReader(out))
	require.NoError(t, err)
	rs, err := media.NewResampler(f.Rate, rate)
	require.NoError(t, err)
	return rs.Flush(rs.Process(nil, pcm))
}

// A caller who was recorded, and the voice that is built in.
func TestRecordedCallerAndEspeak(t *testing.T) {
	answer := espeak(t, "We are open from nine to six, every day but Sunday, and on Saturdays from ten to four.")
	from, to := audible(answer)
	recorded := func(name string) []int16 {
		p := mediatest.Prompt(t, "en", name, rate)
		return mediatest.Gain(p, -20-mediatest.SpeechLevel(p))
	}
	question := recorded("privacy-prompt")
	_, end := audible(question)
	stop := recorded("one-moment-please")
	first, last := audible(stop)

	var s stage
	put(&s.caller, millis(1000), question)
	asked := millis(1000) + end
	put(&s.agent, asked+millis(730)-from, answer)
	said := asked + millis(730) - from + to
	begin := said + millis(4000)
	put(&s.agent, begin, answer[:samples(from+millis(1550))]) // the second time it is interrupted
	put(&s.caller, begin+from+millis(1250)-first, stop)
	spoken := begin + from + millis(1250) - first + last
	put(&s.agent, spoken+millis(1100)-from, answer)
	put(&s.caller, spoken+millis(9000), nil)
	s.caller = add(s.caller, mediatest.Noise(mediatest.White, 5*time.Second, rate, 1), -50)
	r := measure(t, s)
	require.Len(t, r.Turns, 2)
	near(t, asked, r.Turns[0].At.Duration(), "at")
	near(t, millis(730), r.Turns[0].Delay.Duration(), "delay")
	near(t, millis(1100), r.Turns[1].Delay.Duration(), "delay")
	require.Len(t, r.BargeIns, 1)
	near(t, millis(300), r.BargeIns[0].Stop.Duration(), "stop")
	near(t, millis(300), r.OverlapTotal.Duration(), "overlap")
	require.Equal(t, 1, r.Clipped)
}

// The table's figures may not get much worse. It is made with a few of its turns.
func TestAccuracyHolds(t *testing.T) {
	for _, c := range conditions[1:4] {
		turns, barges := judge(t, 16, c.apply)
		require.Zero(t, turns.missed+turns.more+barges.missed+barges.more, c.name)
		require.LessOrEqual(t, turns.quantile(.5), 10.0, c.name)
		require.LessOrEqual(t, turns.quantile(.75), 20.0, c.name)
		require.LessOrEqual(t, barges.quantile(.5), 10.0, c.name)
		require.LessOrEqual(t, barges.quantile(.75), 20.0, c.name)
	}
}

func FuzzMeasure(f *testing.F) {
	f.Add([]byte{}, uint8(0))
	f.Add(bytes.Repeat([]byte{0xff, 0x7f, 0x00, 0x80}, 4000), uint8(3))
	f.Fuzz(func(t *testing.T, raw []byte, stretch uint8) {
		pcm := make([]int16, 0, len(raw)/2*(1+int(stretch)))
		for i := 0; i+1 < len(raw); i += 2 {
			for range 1 + int(stretch) { // short inputs make long sounds
				pcm = append(pcm, int16(binary.LittleEndian.Uint16(raw[i:])))
			}
		}
		check(t, pcm)
	})
}

// Whatever is in a recording, its report agrees with itself.
func check(t *testing.T, mixed []int16) {
	t.Helper()
	m, err := eartruth.NewMeter(8000)
	require.NoError(t, err)
	m.WriteStereo(mixed)
	r := m.Report()
	require.Equal(t, media.Mono(8000).Duration(len(mixed)/2), r.Duration.Duration())
	end := r.Duration + event.Ms(media.FrameTime) // the last frame is filled up
	for _, x := range r.Turns {
		require.True(t, 0 <= x.From && x.From < x.At && x.Delay >= 0 && x.At+x.Delay <= end)
	}
	for _, x := range r.BargeIns {
		require.True(t, x.At >= 0 && (x.Stop == nil || *x.Stop > 0))
	}
	require.LessOrEqual(t, r.OverlapTotal, min(r.CallerSpeaks, r.AgentSpeaks))
	require.LessOrEqual(t, r.DeadAir, end)
	require.Len(t, r.Clips, r.Clipped)
	for _, s := range []float64{r.CallerShare, r.AgentShare} {
		require.True(t, s >= 0 && s <= 1)
	}
}

func TestAnythingAtAll(t *testing.T) {
	r := rand.New(rand.NewPCG(9, 9))
	voice := vowels(millis(3000))
	for range 15 {
		mixed := make([]int16, 0, 20*8000)
		for len(mixed) < cap(mixed)-16000 {
			n, kind, gain := r.IntN(4000), r.IntN(4), 1+r.IntN(20)
			for i := range n {
				var v [2]int16
				for side := range v {
					switch (kind + side*r.IntN(2)) % 4 {
					case 1:
						v[side] = int16(r.IntN(1<<16) - 1<<15)
					case 2:
						v[side] = voice[i*2%len(voice)] / int16(gain)
					case 3:
						v[side] = -32768
					}
				}
				mixed = append(mixed, v[0], v[1])
			}
		}
		check(t, mixed)
	}
}

// An hour of recording must not be in memory: what is kept of three minutes, which have 11 MB, is far less.
func TestMemory(t *testing.T) {
	second := make([]int16, 2*rate)
	for i, v := range vowels(time.Second) {
		second[2*i] = v
	}
	m, err := eartruth.NewMeter(rate)
	require.NoError(t, err)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for range 180 {
		m.WriteStereo(second)
	}
	r := m.Report()
	runtime.ReadMemStats(&after)
	require.Equal(t, 3*time.Minute, r.Duration.Duration())
	require.Less(t, after.TotalAlloc-before.TotalAlloc, uint64(1<<20))
}

func BenchmarkMinute(b *testing.B) {
	question, answer := vowels(time.Second), fading(time.Second)
	mixed := make([]int16, 2*60*rate)
	for i := range 60 * rate {
		if second := i / rate; second%4 == 1 {
			mixed[2*i] = question[i%rate]
		} else if second%4 == 2 {
			mixed[2*i+1] = answer[i%rate]
		}
	}
	b.ReportAllocs()
	for b.Loop() {
		m, err := eartruth.NewMeter(rate)
		if err != nil {
			b.Fatal(err)
		}
		m.WriteStereo(mixed)
		if r := m.Report(); len(r.Turns) < 14 {
			b.Fatalf("%d turns", len(r.Turns))
		}
	}
}
