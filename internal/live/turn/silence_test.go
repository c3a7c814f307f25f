package turn

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

const ms = time.Millisecond

// put is one signal at a time after the start, and what must come of it.
type put struct {
	at     time.Duration
	s      Signal
	act    Act
	wake   time.Duration // 0: none asked for
	actAt  time.Duration
	repeat bool
}

func TestSilencePolicy(t *testing.T) {
	set := Defaults()
	noCut := set
	noCut.InterruptResponse = false
	for name, c := range map[string]struct {
		set  Settings
		puts []put
	}{
		"a turn ends after the pause": {set, []put{
			{at: 100 * ms, s: Voice{On: true, At: 20 * ms, Pos: 100 * ms}, act: Start, actAt: 20 * ms, wake: 30100 * ms},
			{at: 1200 * ms, s: Voice{At: 1100 * ms, Pos: 1200 * ms}, wake: 1600 * ms},
			{at: 1600 * ms, s: Tick{}, act: End, actAt: 1600 * ms},
		}},
		"a short pause does not end it": {set, []put{
			{at: 100 * ms, s: Voice{On: true}, act: Start, wake: 30100 * ms},
			{at: 1200 * ms, s: Voice{At: 1100 * ms, Pos: 1200 * ms}, wake: 1600 * ms},
			{at: 1500 * ms, s: Voice{On: true, At: 1400 * ms, Pos: 1500 * ms}, wake: 30100 * ms},
			{at: 1600 * ms, s: Tick{}, wake: 30100 * ms},
			{at: 2100 * ms, s: Voice{At: 2000 * ms, Pos: 2100 * ms}, wake: 2500 * ms},
			{at: 2501 * ms, s: Tick{}, act: End, actAt: 2500 * ms},
			{at: 2600 * ms, s: Tick{}},
		}},
		"unless the agent may not be cut": {noCut, []put{
			{at: 0, s: Agent{Speaking: true}},
			{at: 100 * ms, s: Voice{On: true}, act: Start, wake: 30100 * ms},
		}},
		"audio faster than real time ends turns by its own clock": {set, []put{
			{at: 1 * ms, s: Voice{On: true, At: 0, Pos: 100 * ms}, act: Start, wake: 30001 * ms},
			{at: 2 * ms, s: Voice{At: 900 * ms, Pos: 1000 * ms}, wake: 402 * ms},
			{at: 3 * ms, s: Voice{On: true, At: 1500 * ms, Pos: 1600 * ms}, act: End, actAt: 1400 * ms, repeat: true},
			{at: 3 * ms, s: Voice{On: true, At: 1500 * ms, Pos: 1600 * ms}, act: Start, actAt: 1500 * ms, wake: 30003 * ms},
		}},
		"music cannot hold the floor for ever": {set, []put{
			{at: 0, s: Voice{On: true}, act: Start, wake: 30000 * ms},
			{at: 30 * time.Second, s: Tick{}, act: End, actAt: 30500 * ms},
		}},
		"by hand, nothing is decided": {Settings{Manual: true}, []put{
			{at: 0, s: Voice{On: true}},
			{at: 900 * ms, s: Voice{}},
			{at: 30 * time.Second, s: Tick{}},
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t0 := time.Unix(1000, 0)
			p := New(c.set)
			for i, u := range c.puts {
				d := p.Observe(t0.Add(u.at), u.s)
				require.Equal(t, u.act, d.Act, "act of signal %d", i)
				require.Equal(t, u.repeat, d.Again, "again of signal %d", i)
				if u.act != None {
					require.Equal(t, u.actAt, d.At, "position of signal %d", i)
				}
				if u.wake == 0 {
					require.True(t, d.Wake.IsZero(), "no wake after signal %d, got %v", i, d.Wake.Sub(t0))
				} else {
					require.Equal(t, u.wake, d.Wake.Sub(t0), "wake of signal %d", i)
				}
			}
		})
	}
}

func TestResetForgetsTheTurn(t *testing.T) {
	p := New(Defaults())
	now := time.Unix(0, 0)
	p.Observe(now, Voice{On: true})
	p.Reset()
	require.Equal(t, None, p.Observe(now.Add(time.Minute), Tick{}).Act)
	require.Equal(t, Start, p.Observe(now.Add(time.Minute), Voice{On: true, At: time.Minute}).Act)
}
