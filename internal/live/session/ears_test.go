package session

import (
	"testing"

	"github.com/stretchr/testify/require"

	"griot/internal/live/load"
	"griot/internal/live/turn"
	"griot/internal/model/stt"
	"griot/internal/provider/fake"
)

func testEars(t *testing.T, rate int) (*ears, *load.Meter) {
	m := &load.Meter{}
	e := newEars(Plan{Models: Models{STT: fake.NewSTT(fake.STTOptions{})}, Settings: Settings{Turn: turn.Defaults()}, Load: m}, func(msg) {})
	e.hear(rate)
	return e, m
}

// speak pushes so many frames, whose samples all hold the frame's number.
func speak(e *ears, from, n int) {
	for i := from; i < from+n; i++ {
		pcm := make([]int16, e.size)
		for k := range pcm {
			pcm[k] = int16(i)
		}
		e.push(pcm)
	}
}

// sent takes all that is to be sent: the ops' kinds, and the numbers of the frames.
func sent(t *testing.T, e *ears) (kinds []opKind, frames []int) {
	var o op
	for e.take(&o) {
		if o.kind == opAudio {
			require.Len(t, o.pcm, e.size)
			require.Equal(t, o.pcm[0], o.pcm[e.size-1], "a frame is whole")
			frames = append(frames, int(o.pcm[0]))
			continue
		}
		kinds = append(kinds, o.kind)
	}
	return kinds, frames
}

func count(from, to int) (out []int) {
	for i := from; i < to; i++ {
		out = append(out, i)
	}
	return out
}

func TestUtterancesBeginBeforeTheirOnset(t *testing.T) {
	e, _ := testEars(t, 8000)
	require.Equal(t, 20, e.prefix, "300 ms of padding and 100 ms to find the onset")
	speak(e, 0, 50)
	kinds, frames := sent(t, e)
	require.Empty(t, kinds)
	require.Empty(t, frames, "nobody speaks: nothing is sent")
	e.begin(1, stt.Hints{Grammar: "g"})
	var o op
	require.True(t, e.take(&o))
	require.Equal(t, opBegin, o.kind)
	require.Equal(t, "g", o.hints.Grammar)
	speak(e, 50, 10)
	e.finalize(1)
	speak(e, 60, 5)
	// The next one begins within the padding: it takes only what the first did not have.
	e.begin(2, stt.Hints{})
	speak(e, 65, 2)
	e.discard(2)
	kinds, frames = sent(t, e)
	require.Equal(t, []opKind{opFinalize, opBegin, opDiscard}, kinds)
	require.Equal(t, count(30, 67), frames)
}

func TestSlowRecogniserLosesTheOldestAndNoEnd(t *testing.T) {
	e, m := testEars(t, 8000)
	speak(e, 0, 20)
	e.begin(1, stt.Hints{})
	speak(e, 20, 60)
	e.finalize(1)
	e.begin(2, stt.Hints{})
	speak(e, 80, 60) // 140 frames wait; 100 may
	require.Equal(t, 40, e.droppedFrames())
	require.EqualValues(t, 40, m.Dropped())
	e.finalize(2)
	kinds, frames := sent(t, e)
	require.Equal(t, []opKind{opBegin, opFinalize, opBegin, opFinalize}, kinds)
	require.Equal(t, count(40, 140), frames)
	// Having grown once, it goes on as before.
	speak(e, 140, 300)
	e.begin(3, stt.Hints{})
	speak(e, 440, 3)
	_, frames = sent(t, e)
	require.Equal(t, count(420, 443), frames)
}

func TestEndsOfUtterancesThatAreNotOpenAreSent(t *testing.T) {
	e, _ := testEars(t, 8000)
	e.begin(1, stt.Hints{})
	speak(e, 0, 2)
	e.begin(2, stt.Hints{})
	speak(e, 2, 2)
	e.finalize(1)
	e.finalize(2)
	kinds, frames := sent(t, e)
	require.Equal(t, []opKind{opBegin, opFinalize, opBegin, opFinalize}, kinds)
	require.Equal(t, count(0, 4), frames)
}

func TestAnotherRateDropsWhatWaits(t *testing.T) {
	e, m := testEars(t, 16000)
	e.begin(1, stt.Hints{})
	speak(e, 0, 7)
	e.hear(8000)
	speak(e, 7, 3)
	require.EqualValues(t, 7, m.Dropped())
	e.finalize(1)
	kinds, frames := sent(t, e)
	require.Equal(t, []opKind{opBegin, opFinalize}, kinds)
	require.Equal(t, count(7, 10), frames)
}

// What comes at 8 kHz reaches a recogniser that takes 16 kHz whole: twice the samples, the resampler's remainder among them.
func TestRecogniserGetsItsOwnRate(t *testing.T) {
	e, _ := testEars(t, 8000)
	m := fake.NewSTT(fake.STTOptions{}, fake.Utterance{Text: "hello"})
	e.model = m
	l, err := e.dial(t.Context())
	require.NoError(t, err)
	defer l.close()
	e.begin(1, stt.Hints{})
	speak(e, 0, 50)
	e.finalize(1)
	var o op
	for e.take(&o) {
		require.NoError(t, l.do(t.Context(), &o))
	}
	require.Equal(t, "1s", m.Heard().String())
}

func TestCallersAudioCostsNoMemory(t *testing.T) {
	e, _ := testEars(t, 8000)
	pcm := make([]int16, 160)
	var o op
	e.begin(1, stt.Hints{})
	for range 200 {
		e.push(pcm)
		e.take(&o)
	}
	require.Zero(t, testing.AllocsPerRun(1000, func() {
		e.push(pcm)
		e.take(&o)
	}))
}
