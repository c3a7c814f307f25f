package vad

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"griot/internal/media"
)

type edgeAt struct {
	edge  Edge
	frame int // the frame at which it was found
	at    time.Duration
}

// segment runs frames, one character each: x holds speech.
func segment(s *Segmenter, frames string) []edgeAt {
	var out []edgeAt
	for i, c := range frames {
		a := Activity{At: time.Duration(i) * media.FrameTime}
		if c == 'x' {
			a.Speech = 0.9
		}
		if e, at := s.Push(a); e != NoEdge {
			out = append(out, edgeAt{e, i, at})
		}
	}
	return out
}

func TestSegmenter(t *testing.T) {
	f := func(n int) time.Duration { return time.Duration(n) * media.FrameTime }
	for name, c := range map[string]struct {
		set    Segmenter
		frames string
		want   []edgeAt
	}{
		"opens on four":             {Segmenter{Close: 3}, "..xxxx", []edgeAt{{Onset, 5, f(2)}}},
		"opens on four of five":     {Segmenter{Close: 3}, "..xx.xx", []edgeAt{{Onset, 6, f(2)}}},
		"not on four of six":        {Segmenter{Close: 3}, "..xx..xx...", nil},
		"not on a click":            {Segmenter{Close: 3}, ".x...xx..xxx...", nil},
		"closes after a pause":      {Segmenter{Close: 3}, "xxxxx...", []edgeAt{{Onset, 3, 0}, {Offset, 7, f(5)}}},
		"a short pause is bridged":  {Segmenter{Close: 3}, "xxxx..x...", []edgeAt{{Onset, 3, 0}, {Offset, 9, f(7)}}},
		"opens again":               {Segmenter{Close: 2}, "xxxx..xx.xx", []edgeAt{{Onset, 3, 0}, {Offset, 5, f(4)}, {Onset, 10, f(6)}}},
		"old frames do not count":   {Segmenter{Close: 1}, "xxxx.x..", []edgeAt{{Onset, 3, 0}, {Offset, 4, f(4)}}},
		"other counts":              {Segmenter{Open: 2, Close: 1}, ".x.x.", []edgeAt{{Onset, 3, f(1)}, {Offset, 4, f(4)}}},
		"a threshold above":         {Segmenter{Threshold: 0.95}, "xxxxxxxx", nil},
		"the default closes at 600": {Segmenter{}, "xxxx" + "..............................", []edgeAt{{Onset, 3, 0}, {Offset, 33, f(4)}}},
	} {
		t.Run(name, func(t *testing.T) {
			require.Equal(t, c.want, segment(&c.set, c.frames))
			c.set.Reset()
			require.Equal(t, c.want, segment(&c.set, c.frames), "after a reset")
		})
	}
}

func TestSegmenterTellsItsState(t *testing.T) {
	s := Segmenter{Close: 10}
	require.False(t, s.Speaking())
	segment(&s, "xxxx..")
	require.True(t, s.Speaking())
	require.Equal(t, 40*time.Millisecond, s.Quiet())
	segment(&s, "x")
	require.Zero(t, s.Quiet())
}

func TestSegmenterAllocatesNothing(t *testing.T) {
	var s Segmenter
	require.Zero(t, testing.AllocsPerRun(100, func() { s.Push(Activity{Speech: 1}) }))
}
