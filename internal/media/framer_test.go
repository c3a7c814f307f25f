package media

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"griot/internal/fault"
)

func TestFramerCutsAnyPiecesIntoWholeFrames(t *testing.T) {
	f, err := NewFramer(Format{Rate: 8000, Channels: 2})
	require.NoError(t, err)
	in := make([]int16, 5*320+33)
	for i := range in {
		in[i] = int16(i)
	}
	var got []int16
	frames := 0
	take := func(fr Frame) {
		require.Equal(t, FrameTime, fr.Duration())
		require.Equal(t, time.Duration(frames)*FrameTime, fr.PTS)
		frames++
		got = append(got, fr.PCM...)
	}
	for rest, size := in, 1; len(rest) > 0; size = size*5%997 + 1 {
		n := min(size, len(rest))
		f.Push(rest[:n])
		rest = rest[n:]
		for fr, ok := f.Next(); ok; fr, ok = f.Next() {
			take(fr)
		}
	}
	require.Equal(t, 5, frames)
	require.Equal(t, 33, f.Buffered())
	fr, ok := f.Flush()
	require.True(t, ok)
	take(fr)
	require.Equal(t, in, got[:len(in)])
	require.Equal(t, make([]int16, 320-33), got[len(in):])
	_, ok = f.Flush()
	require.False(t, ok)

	f.Push(in[:7])
	f.Reset()
	require.Zero(t, f.Buffered())
	f.Push(in[:320])
	fr, ok = f.Next()
	require.True(t, ok)
	require.Zero(t, fr.PTS)
}

func TestFramerRefusesRatesWithoutWholeFrames(t *testing.T) {
	for _, f := range []Format{{}, {Rate: 11025, Channels: 1}, {Rate: 8000}, {Rate: -50, Channels: 1}} {
		_, err := NewFramer(f)
		require.Equal(t, fault.Invalid, fault.KindOf(err), "%v", f)
	}
}

func BenchmarkFramer(b *testing.B) {
	f, err := NewFramer(Mono(24000))
	require.NoError(b, err)
	piece := make([]int16, 333)
	b.ReportAllocs()
	for b.Loop() {
		f.Push(piece)
		for _, ok := f.Next(); ok; _, ok = f.Next() {
		}
	}
}

func TestMixSaturates(t *testing.T) {
	dst := []int16{30000, -30000, 5, 9}
	Mix(dst, []int16{10000, -10000, -7})
	require.Equal(t, []int16{32767, -32768, -2, 9}, dst)
}

func TestFade(t *testing.T) {
	x := []int16{1000, 1000, 1000, 1000}
	Fade(x, 1, 0)
	require.Equal(t, []int16{1000, 750, 500, 250}, x)
	x = []int16{1000, -1000, 32767}
	Fade(x, 2, 2)
	require.Equal(t, []int16{2000, -2000, 32767}, x)
	Fade(x, 1, 1)
	require.Equal(t, []int16{2000, -2000, 32767}, x)
	Fade(nil, 0, 1)
}

func TestLevelAndPeak(t *testing.T) {
	require.InDelta(t, -9.03, Level(tone(8000, 1000, 8000)), 0.01)
	square := []int16{-32768, 32767, -32768, 32767}
	require.InDelta(t, 0, Level(square), 0.01)
	require.Equal(t, float32(Quietest), Level(nil))
	require.Equal(t, float32(Quietest), Level(make([]int16, 9)))
	require.Equal(t, float32(1), Peak(square))
	require.Equal(t, float32(0.5), Peak([]int16{0, 16384, -5}))
	require.Zero(t, Peak(nil))
}
