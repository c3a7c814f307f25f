package playout

import (
	"context"
	"io"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"griot/internal/event"
	"griot/internal/live/transport"
	"griot/internal/media"
)

// far is a far end that really plays: what was heard is what its loudspeaker gave, sample by sample.
type far struct {
	mode string // "pauses", "forgets", "plays on"

	mu    sync.Mutex
	queue []int16
	heard []int16
	at    time.Time // up to when it has played
	still bool
}

func (f *far) Info() transport.Info {
	return transport.Info{Out: media.Mono(8000), Ahead: 200 * time.Millisecond, Clears: f.mode == "forgets"}
}

// play brings what was heard up to now. Called with mu held.
func (f *far) play() {
	now := time.Now()
	n := min(int(now.Sub(f.at)*8000/time.Second), len(f.queue))
	f.at = now
	if f.still {
		return
	}
	f.heard = append(f.heard, f.queue[:n]...)
	f.queue = f.queue[n:]
}

func (f *far) Recv(context.Context, *transport.Inbound) error { return io.EOF }
func (f *far) Play(_ context.Context, _ event.Gen, fr media.Frame) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.play()
	f.queue = append(f.queue, fr.PCM...)
	return nil
}
func (f *far) Clear(context.Context, event.Gen) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.play()
	f.queue = nil
	return nil
}
func (f *far) Hold(_ context.Context, on bool) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.play()
	f.still = on
	return nil
}
func (f *far) Duck(context.Context, bool) error { return nil }
func (f *far) CanHold() bool                    { return f.mode == "pauses" }
func (f *far) Heard() <-chan transport.Heard    { return nil }
func (f *far) Close(string) error               { return nil }
func (f *far) all() []int16 {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.play()
	return f.heard
}

// TestHoldAndReleaseAreExact: whatever the far end can do, after a hold and its release every sample was heard once, in order.
func TestHoldAndReleaseAreExact(t *testing.T) {
	for _, mode := range []string{"pauses", "forgets", "plays on"} {
		for _, at := range []time.Duration{10, 333, 700, 950, 1100} {
			t.Run(mode, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					f := &far{mode: mode, at: time.Now()}
					var tap []int16
					p := New(f, func(Note) {}, func(_ time.Duration, fr media.Frame) { tap = append(tap, fr.PCM...) })
					ctx, cancel := context.WithCancel(t.Context())
					done := make(chan struct{})
					go func() { p.Run(ctx); close(done) }()
					p.Begin(1)
					go func() { _ = p.Write(ctx, 1, ramp(0, 8000), nil); p.Finish(1, true) }()
					time.Sleep(at * time.Millisecond)
					p.Hold(ctx)
					synctest.Wait()
					if mode != "plays on" {
						n := len(f.all())
						time.Sleep(600 * time.Millisecond)
						require.Len(t, f.all(), n, "silence while held")
					} else {
						time.Sleep(600 * time.Millisecond)
					}
					p.Release(ctx)
					time.Sleep(3 * time.Second)
					synctest.Wait()
					require.Equal(t, ramp(0, 8000), f.all(), "every sample once, in order")
					require.Equal(t, ramp(0, 8000), tap, "and so was it recorded")
					cancel()
					<-done
				})
			})
		}
	}
}

func TestCutWhileHeldKeepsWhatWasHeard(t *testing.T) {
	for _, mode := range []string{"pauses", "forgets"} {
		t.Run(mode, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := &far{mode: mode, at: time.Now()}
				var settled Note
				p := New(f, func(n Note) {
					if n.Kind == Settled {
						settled = n
					}
				})
				ctx, cancel := context.WithCancel(t.Context())
				done := make(chan struct{})
				go func() { p.Run(ctx); close(done) }()
				p.Begin(1)
				p.Said(1, "one two three four five")
				require.NoError(t, p.Write(ctx, 1, ramp(0, 8000), words("one two three four five")))
				p.Finish(1, true)
				time.Sleep(500 * time.Millisecond)
				p.Hold(ctx)
				time.Sleep(400 * time.Millisecond)
				p.Cut(ctx, 2)
				synctest.Wait()
				require.Equal(t, 500*time.Millisecond, settled.Upto)
				require.Equal(t, len("one two "), settled.Text)
				require.Len(t, f.all(), 4000)
				cancel()
				<-done
			})
		})
	}
}

func TestDuckLowersByTwelveDecibels(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &far{mode: "plays on", at: time.Now()}
		p := New(f, func(Note) {})
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() { p.Run(ctx); close(done) }()
		loud := make([]int16, 8000)
		for i := range loud {
			loud[i] = 8000
		}
		p.Begin(1)
		require.NoError(t, p.Write(ctx, 1, loud, nil))
		p.Finish(1, true)
		time.Sleep(300 * time.Millisecond)
		p.Duck(ctx, true)
		time.Sleep(200 * time.Millisecond)
		p.Duck(ctx, false)
		time.Sleep(2 * time.Second)
		h := f.all()
		require.Equal(t, int16(8000), h[2000])
		require.Equal(t, int16(2000), h[int(0.62*8000)], "ducked, with the 200 ms that lie ahead")
		require.Equal(t, int16(8000), h[7900])
		cancel()
		<-done
	})
}
