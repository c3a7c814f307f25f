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

// slow is a far end that forgets, and whose reports take 50 ms to reach us.
type slow struct {
	*far
	acks chan transport.Heard
}

func (s *slow) Heard() <-chan transport.Heard { return s.acks }
func (s *slow) report(final bool) {
	s.far.mu.Lock()
	defer s.far.mu.Unlock()
	s.far.play()
	h := transport.Heard{Gen: 1, Upto: media.Mono(8000).Duration(len(s.far.heard)), Final: final}
	time.AfterFunc(50*time.Millisecond, func() { s.acks <- h })
}
func (s *slow) Clear(ctx context.Context, before event.Gen) error {
	defer s.report(true)
	return s.far.Clear(ctx, before)
}

// The hold is over before the far end has told where it stopped.
func TestReleaseWaitsForWhereTheFarEndStopped(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &slow{&far{mode: "forgets", at: time.Now()}, make(chan transport.Heard, 100)}
		p := New(f, func(Note) {})
		ctx, cancel := context.WithCancel(t.Context())
		var wg sync.WaitGroup
		wg.Go(func() { p.Run(ctx) })
		p.Begin(1)
		wg.Go(func() { _ = p.Write(ctx, 1, ramp(0, 8000), nil); p.Finish(1, true) })
		for range 5 {
			time.Sleep(70 * time.Millisecond)
			f.report(false)
		}
		time.Sleep(40 * time.Millisecond)
		p.Hold(ctx)
		require.True(t, p.Held())
		p.Release(ctx)
		require.False(t, p.Held())
		time.Sleep(3 * time.Second)
		require.Equal(t, ramp(0, 8000), f.all(), "every sample once, in order")
		f.report(true)
		time.Sleep(time.Second)
		cancel()
		wg.Wait()
	})
}

// The far end forgets the end of one reply while the next is being thought of: both are heard, in order.
func TestWhatIsForgottenComesBeforeTheNext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &far{mode: "forgets", at: time.Now()}
		p := New(f, func(Note) {})
		ctx, cancel := context.WithCancel(t.Context())
		var wg sync.WaitGroup
		wg.Go(func() { p.Run(ctx) })
		p.Begin(1)
		require.NoError(t, p.Write(ctx, 1, ramp(0, 4000), nil))
		p.Finish(1, true)
		time.Sleep(400 * time.Millisecond) // written whole, 100 ms of it unheard
		p.Begin(2)
		p.Hold(ctx)
		time.Sleep(500 * time.Millisecond)
		p.Release(ctx)
		require.NoError(t, p.Write(ctx, 2, ramp(4000, 4000), nil))
		p.Finish(2, true)
		time.Sleep(3 * time.Second)
		require.Equal(t, ramp(0, 8000), f.all(), "every sample once, in order")
		cancel()
		wg.Wait()
	})
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
