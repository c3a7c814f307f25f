package conversation

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"griot/internal/media"
)

func TestSteady(t *testing.T) {
	const frame = 20 * time.Millisecond
	type span struct{ from, frames int } // in ms, and how many frames follow each other from there
	for _, c := range []struct {
		name     string
		arrivals func(at func(ms int))
		want     []span
	}{
		{"on time", func(at func(int)) {
			for i := range 50 {
				at(100 + 20*i + i%3) // a little jitter
			}
		}, []span{{80, 50}}},
		{"held back and brought all at once", func(at func(int)) {
			for i := range 20 {
				at(100 + 20*i)
			}
			for range 30 {
				at(1080)
			}
			for i := range 20 {
				at(1100 + 20*i)
			}
		}, []span{{80, 70}}},
		{"the first frames all at once", func(at func(int)) {
			for range 10 {
				at(500)
			}
			for i := range 10 {
				at(520 + 20*i)
			}
		}, []span{{480, 20}}},
		{"missing for good", func(at func(int)) {
			for i := range 10 {
				at(20 + 20*i)
			}
			for i := range 100 { // 400 ms were lost on the way
				at(620 + 20*i)
			}
		}, []span{{0, 60}, {1600, 50}}}, // noticed after a second, from where on it is right
		{"silent for long, as with a microphone that is switched on later", func(at func(int)) {
			for i := range 5 {
				at(20 + 20*i)
			}
			for i := range 5 {
				at(9000 + 20*i)
			}
		}, []span{{0, 5}, {8980, 5}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			var got []span
			next := time.Duration(-1)
			tap := Steady(func(at time.Duration, f media.Frame) {
				if at != next {
					got = append(got, span{from: int(at.Milliseconds())})
				}
				got[len(got)-1].frames++
				next = at + f.Duration()
			})
			f := media.Frame{Format: media.Mono(24000), PCM: make([]int16, media.Mono(24000).Samples(frame))}
			c.arrivals(func(ms int) { tap(time.Duration(ms)*time.Millisecond, f) })
			require.Equal(t, c.want, got)
		})
	}
}

// Sound that is sent faster than it is spoken is not live: it never runs ahead of the conversation by more than a moment.
func TestSteadyDoesNotRunAhead(t *testing.T) {
	var last time.Duration
	tap := Steady(func(at time.Duration, _ media.Frame) { last = max(last, at) })
	f := media.Frame{Format: media.Mono(16000), PCM: make([]int16, 320)}
	for range 1000 {
		tap(time.Second, f)
	}
	require.LessOrEqual(t, last, time.Second+burst)
}
