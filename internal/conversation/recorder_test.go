package conversation

import (
	"bytes"
	"encoding/binary"
	"math"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"griot/internal/media"
)

// frame20 is 20 ms of a constant, which shows every gap and every shift.
func frame20(rate int, v int16) media.Frame {
	pcm := make([]int16, rate/50)
	for i := range pcm {
		pcm[i] = v
	}
	return media.Frame{Format: media.Mono(rate), PCM: pcm}
}

func recorder(t *testing.T) *Recorder {
	t.Helper()
	r := newRecorder(filepath.Join(t.TempDir(), "r.wav"))
	t.Cleanup(r.stop)
	return r
}

// channels reads what was recorded.
func channels(t *testing.T, path string) (caller, agent []int16) {
	t.Helper()
	raw, err := os.ReadFile(path)
	require.NoError(t, err)
	f, pcm, err := media.ReadWAV(bytes.NewReader(raw))
	require.NoError(t, err)
	require.Equal(t, 2, f.Channels)
	require.Contains(t, []int{recordingRate, telephoneRate}, f.Rate)
	require.EqualValues(t, len(raw)-wavHeader, binary.LittleEndian.Uint32(raw[40:]), "length in the header")
	for i := 0; i < len(pcm); i += 2 {
		caller, agent = append(caller, pcm[i]), append(agent, pcm[i+1])
	}
	return caller, agent
}

// run is a stretch of equal samples.
type run struct {
	v int16
	n int
}

func runs(pcm []int16) (out []run) {
	for _, v := range pcm {
		if n := len(out); n > 0 && out[n-1].v == v {
			out[n-1].n++
		} else {
			out = append(out, run{v, 1})
		}
	}
	return out
}

const ms20 = 20 * time.Millisecond

func TestFramesFollowEachOther(t *testing.T) {
	r := recorder(t)
	jitter := []time.Duration{0, 30, -40, 79, -79, 5, 0, 60, -60, 10}
	for i, j := range jitter {
		r.Caller(max(0, time.Duration(i)*ms20+j*time.Millisecond), frame20(16000, 1000))
	}
	r.stop()
	caller, agent := channels(t, r.path)
	require.Equal(t, []run{{1000, 3200}}, runs(caller), "no gap, no click")
	require.Equal(t, []run{{0, 3200}}, runs(agent))
	require.Empty(t, r.notices())
	require.Equal(t, 200*time.Millisecond, r.duration)
}

func TestGapsAreSilence(t *testing.T) {
	r := recorder(t)
	r.Caller(100*time.Millisecond, frame20(16000, 7))
	r.Agent(0, frame20(16000, 9))
	r.Agent(5*time.Second, frame20(16000, 8)) // beyond the window
	r.stop()
	caller, agent := channels(t, r.path)
	require.Equal(t, []run{{0, 1600}, {7, 320}, {0, 80320 - 1920}}, runs(caller))
	require.Equal(t, []run{{9, 320}, {0, 79680}, {8, 320}}, runs(agent))
}

// The agent's sound is reported when it was heard, which may be later than the caller's of the same time.
func TestSidesMayComeApart(t *testing.T) {
	r := recorder(t)
	for i := range 150 {
		r.Caller(time.Duration(i)*ms20, frame20(16000, 1))
	}
	for i := range 25 {
		r.Agent(1500*time.Millisecond+time.Duration(i)*ms20, frame20(16000, 2))
	}
	r.stop()
	_, agent := channels(t, r.path)
	require.Equal(t, []run{{0, 24000}, {2, 8000}, {0, 16000}}, runs(agent))
}

func TestSoundReportedTooLate(t *testing.T) {
	r := recorder(t)
	for i := range 200 {
		r.Caller(time.Duration(i)*ms20, frame20(16000, 1))
	}
	for i := range 200 { // the first 2 s are written already
		r.Agent(time.Duration(i)*ms20, frame20(16000, 2))
	}
	r.stop()
	caller, agent := channels(t, r.path)
	require.Equal(t, []run{{1, 64000}}, runs(caller))
	got := runs(agent)
	require.Len(t, got, 2)
	require.Equal(t, run{2, 64000 - got[0].n}, got[1], "what came in time is where it belongs")
	require.InDelta(t, 32000, got[0].n, 1600+1280)
	require.Equal(t, "recording_gaps", r.notices()[0].Code)
}

// The agent ends in the middle of a piece, and is silent for longer than one side waits for the other.
func TestEndOfAnUtteranceIsKept(t *testing.T) {
	r := recorder(t)
	for at := time.Duration(0); at < 4*time.Second; at += ms20 {
		if at < 460*time.Millisecond || at >= 3900*time.Millisecond {
			r.Agent(at, frame20(16000, 2000))
		}
		r.Caller(at, frame20(16000, 1000))
	}
	r.stop()
	require.Empty(t, r.notices())
	_, agent := channels(t, r.path)
	require.Equal(t, []run{{2000, 16 * 460}, {0, 16 * 3440}, {2000, 16 * 100}}, runs(agent))
}

func TestOverlapIsNotRepeated(t *testing.T) {
	r := recorder(t)
	for i := range 10 {
		r.Caller(time.Duration(i)*ms20, frame20(16000, 1))
	}
	r.Caller(100*time.Millisecond, frame20(16000, 5)) // 100 ms too early: all of it is there already
	r.Caller(200*time.Millisecond, frame20(16000, 6))
	r.stop()
	caller, _ := channels(t, r.path)
	require.Equal(t, []run{{1, 3200}, {6, 320}}, runs(caller))
}

// The same at another rate, where the resampler holds some of the sound back: nothing is shifted when one side is far behind.
func TestSoundReportedTooLateAtAnotherRate(t *testing.T) {
	r := recorder(t)
	for i := range 200 {
		r.Caller(time.Duration(i)*ms20, frame20(24000, 1))
	}
	for i := range 200 {
		r.Agent(time.Duration(i)*ms20, frame20(24000, 1))
	}
	r.stop()
	caller, agent := channels(t, r.path)
	require.Equal(t, 64000, len(caller))
	require.Equal(t, 64000, len(agent))
}

func TestCutAgent(t *testing.T) {
	r := recorder(t)
	for i := range 10 {
		r.Agent(time.Duration(i)*ms20, frame20(16000, 1))
	}
	r.CutAgent(120 * time.Millisecond)
	r.Agent(400*time.Millisecond, frame20(16000, 2))
	r.stop()
	_, agent := channels(t, r.path)
	require.Equal(t, []run{{1, 1920}, {0, 6400 - 1920}, {2, 320}}, runs(agent))
}

// What a full queue keeps out is silence of the same length.
func TestFullQueueShiftsNothing(t *testing.T) {
	r := &Recorder{path: filepath.Join(t.TempDir(), "r.wav"), queue: make(chan *piece, 2), done: make(chan struct{})}
	say := func(i int) { // 100 ms, which is handed over at once
		pcm := make([]int16, 1600)
		for k := range pcm {
			pcm[k] = int16(i + 1)
		}
		r.Caller(time.Duration(i)*5*ms20, media.Frame{Format: media.Mono(16000), PCM: pcm})
	}
	for i := range 5 { // nobody writes yet: the last three find no room
		say(i)
	}
	first, second := <-r.queue, <-r.queue
	for i := 5; i < 7; i++ {
		say(i)
	}
	third, fourth := <-r.queue, <-r.queue
	r.queue = make(chan *piece, 4)
	for _, p := range []*piece{first, second, third, fourth} {
		r.queue <- p
	}
	go r.write()
	r.stop()
	caller, _ := channels(t, r.path)
	require.Equal(t, []run{{1, 1600}, {2, 1600}, {0, 4800}, {6, 1600}, {7, 1600}}, runs(caller))
	require.Equal(t, 300*time.Millisecond, r.lost)
}

// A tone keeps its time and its shape whatever rate it comes at.
func TestRates(t *testing.T) {
	for _, rate := range []int{8000, 16000, 22050, 24000, 44100, 48000} {
		r := recorder(t)
		pcm := make([]int16, rate)
		for i := range pcm {
			pcm[i] = int16(10000 * math.Sin(2*math.Pi*440*float64(i)/float64(rate)))
		}
		for i := range 50 {
			part := pcm[i*rate/50 : (i+1)*rate/50]
			r.Agent(time.Second+time.Duration(i)*ms20, media.Frame{Format: media.Mono(rate), PCM: part})
		}
		r.stop()
		_, agent := channels(t, r.path)
		require.InDelta(t, 32000, len(agent), 1, "%d Hz", rate)
		var worst float64
		for i := 200; i < 15800; i++ {
			want := 10000 * math.Sin(2*math.Pi*440*float64(i)/16000)
			worst = max(worst, math.Abs(want-float64(agent[16000+i])))
		}
		require.Less(t, worst, 100.0, "%d Hz", rate)
		require.Equal(t, []run{{0, 15900}}, runs(agent[:15900]), "%d Hz", rate)
	}
}

// The first sound decides about the file's rate; what comes at another rate later keeps its length.
func TestRateChangesInTheMiddle(t *testing.T) {
	for _, c := range []struct{ first, then, samples int }{{8000, 48000, 3200}, {48000, 8000, 6400}, {8000, 8000, 3200}, {16000, 8000, 6400}} {
		r := recorder(t)
		for i := range 10 {
			r.Caller(time.Duration(i)*ms20, frame20(c.first, 500))
		}
		r.Agent(100*time.Millisecond, frame20(24000, 700))
		for i := 10; i < 20; i++ {
			r.Caller(time.Duration(i)*ms20, frame20(c.then, 500))
		}
		r.stop()
		caller, agent := channels(t, r.path)
		require.Len(t, caller, c.samples, "%v", c)
		require.Len(t, agent, c.samples, "%v", c)
		require.Equal(t, 400*time.Millisecond, r.duration)
		require.EqualValues(t, 500, caller[c.samples/4])
		require.InDelta(t, 700, agent[c.samples*11/40], 100, "where it was heard")
		require.Zero(t, agent[c.samples/2])

		raw, err := os.ReadFile(r.path)
		require.NoError(t, err)
		m := newPeakMeter(int64(len(raw) - wavHeader))
		_, err = m.Write(raw)
		require.NoError(t, err)
		info, _ := m.result("key", int64(len(raw)))
		require.Equal(t, 400*time.Millisecond, info.Duration)
	}
}

func TestOddFrames(t *testing.T) {
	r := recorder(t)
	r.Caller(0, media.Frame{})
	r.Caller(0, media.Frame{Format: media.Format{Rate: -1, Channels: 1}, PCM: []int16{1}})
	r.Caller(0, media.Frame{Format: media.Format{Rate: 16000}, PCM: []int16{1}})
	r.Caller(0, media.Frame{Format: media.Mono(16000), PCM: make([]int16, maxFrame+1)})
	r.Caller(-time.Second, frame20(16000, 1))
	r.Caller(math.MaxInt64, frame20(16000, 1))
	r.CutAgent(math.MaxInt64)
	r.CutAgent(math.MinInt64)
	r.Caller(0, media.Frame{Format: media.Format{Rate: 16000, Channels: 2}, PCM: []int16{100, 200, -4, -6, 9}}) // half a sample too much
	r.Caller(0, frame20(11025, 1))                                                                              // a rate nobody converts: its time is kept
	r.Caller(200*time.Millisecond, frame20(16000, 3))
	r.stop()
	caller, _ := channels(t, r.path)
	require.Equal(t, []int16{150, -5}, caller[:2])
	require.Equal(t, 3200+320, len(caller))
	r.Caller(0, frame20(16000, 1)) // too late: nothing happens
	r.CutAgent(0)
	r.stop()

	var none *Recorder
	none.Caller(0, frame20(16000, 1))
	none.Agent(0, frame20(16000, 1))
	none.CutAgent(0)
	none.stop()
	require.Empty(t, none.notices())
}

func TestNoSoundNoFile(t *testing.T) {
	r := recorder(t)
	r.CutAgent(0)
	r.stop()
	require.NoFileExists(t, r.path)
	require.Empty(t, r.notices())
}

func TestRecordingOnAFullDisk(t *testing.T) {
	path := filepath.Join(t.TempDir(), "r.wav")
	require.NoError(t, os.Symlink(FullDevice(t), path))
	r := newRecorder(path)
	for i := range 300 {
		r.Caller(time.Duration(i)*ms20, frame20(16000, 1))
	}
	r.stop()
	n := r.notices()
	require.Len(t, n, 1)
	require.Equal(t, "recording_incomplete", n[0].Code)
	require.Equal(t, "disk_full", n[0].Params["cause"])
}

func TestManySpeakersAtOnce(t *testing.T) {
	r := recorder(t)
	var wg sync.WaitGroup
	for _, f := range []func(time.Duration, media.Frame){r.Caller, r.Agent} {
		wg.Go(func() {
			frame := frame20(24000, 1)
			for i := range 200 {
				f(time.Duration(i)*ms20, frame)
			}
		})
	}
	wg.Go(func() { r.CutAgent(time.Hour) })
	wg.Wait()
	r.stop()
	caller, agent := channels(t, r.path)
	require.Equal(t, 64000, len(caller))
	require.Equal(t, 64000, len(agent))
}

func TestRepair(t *testing.T) {
	r := recorder(t)
	for i := range 100 {
		r.Caller(time.Duration(i)*ms20, frame20(16000, 5))
	}
	r.stop()
	raw, err := os.ReadFile(r.path)
	require.NoError(t, err)
	// As a crash leaves it: no length, and a torn sample.
	binary.LittleEndian.PutUint32(raw[4:], math.MaxUint32)
	binary.LittleEndian.PutUint32(raw[40:], math.MaxUint32)
	require.NoError(t, os.WriteFile(r.path, raw[:wavHeader+32003], 0o600))
	size, err := repairWAV(r.path)
	require.NoError(t, err)
	require.EqualValues(t, wavHeader+32000, size)
	caller, _ := channels(t, r.path)
	require.Equal(t, []run{{5, 8000}}, runs(caller))
	again, err := repairWAV(r.path)
	require.NoError(t, err)
	require.Equal(t, size, again)

	require.NoError(t, os.WriteFile(r.path, raw[:20], 0o600))
	size, err = repairWAV(r.path)
	require.NoError(t, err)
	require.EqualValues(t, wavHeader, size, "no sound")
	_, err = repairWAV(r.path + "x")
	require.ErrorIs(t, err, os.ErrNotExist)
}

func TestPeaks(t *testing.T) {
	// 1,600 samples: two in each bucket.
	var raw bytes.Buffer
	raw.Write(make([]byte, wavHeader))
	for i := range 1600 {
		caller, agent := int16(0), int16(i%2*-16384)
		if i == 801 {
			caller = math.MinInt16
		}
		raw.Write(media.EncodePCM(nil, []int16{caller, agent}))
	}
	m := newPeakMeter(1600 * 4)
	for _, b := range raw.Bytes() { // in the smallest pieces
		_, err := m.Write([]byte{b})
		require.NoError(t, err)
	}
	info, p := m.result("k", int64(raw.Len()))
	require.Equal(t, 100*time.Millisecond, info.Duration)
	require.Len(t, p.Caller, PeakBuckets)
	for i := range p.Caller {
		want := 0.0
		if i == 400 {
			want = 1
		}
		require.Equal(t, want, p.Caller[i])
		require.Equal(t, 0.5, p.Agent[i])
	}
	four := p.reduce(4)
	require.Equal(t, []float64{0, 0, 1, 0}, four.Caller)
	require.Equal(t, []float64{0.5, 0.5, 0.5, 0.5}, four.Agent)
	require.Equal(t, p, p.reduce(5000))
	require.Len(t, p.reduce(0).Caller, 1)
	require.Empty(t, Peaks{}.reduce(10).Caller)

	m = newPeakMeter(3 * 4) // shorter than the buckets
	_, _ = m.Write(append(make([]byte, wavHeader), 0, 64, 0, 0, 0, 32, 0, 0, 0, 16, 0, 0))
	_, p = m.result("k", 0)
	require.Equal(t, []float64{0.5, 0.25, 0.125}, p.Caller)
	newPeakMeter(-44).result("k", 0)
}

func BenchmarkRecorder(b *testing.B) {
	r := newRecorder(filepath.Join(b.TempDir(), "r.wav"))
	defer r.stop()
	f := frame20(24000, 1)
	b.ReportAllocs()
	var at time.Duration
	for b.Loop() {
		r.Caller(at%maxRecording, f)
		at += ms20
	}
}
