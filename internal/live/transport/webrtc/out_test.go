package webrtc

import (
	"context"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pion/rtp"
	"github.com/stretchr/testify/require"

	"griot/internal/event"
	"griot/internal/fault"
	"griot/internal/live/transport"
	"griot/internal/live/transport/sound"
	"griot/internal/media"
	"griot/internal/media/mediatest"
	"griot/internal/media/opus"
)

// wire is a network that keeps what is sent, in G.711.
type wire struct {
	mu      sync.Mutex
	start   time.Time
	packets []sentPacket
}

type sentPacket struct {
	at     time.Duration
	header rtp.Header
	pcm    []int16
}

func (w *wire) WriteRTP(h *rtp.Header, payload []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.packets = append(w.packets, sentPacket{time.Since(w.start), *h, media.DecodeULaw(nil, payload)})
	return len(payload), nil
}

func (*wire) Write(b []byte) (int, error) { return len(b), nil }

func (w *wire) sent() []sentPacket {
	w.mu.Lock()
	defer w.mu.Unlock()
	return append([]sentPacket(nil), w.packets...)
}

func (p sentPacket) loudest() (most int16) {
	for _, s := range p.pcm {
		most = max(most, s, -s)
	}
	return most
}

// pace runs a test on virtual time with an outbound that speaks PCMU.
func pace(t *testing.T, test func(t *testing.T, o *outbound, w *wire)) {
	synctest.Test(t, func(t *testing.T) {
		o, err := newOutbound(sound.PCMU)
		require.NoError(t, err)
		w := &wire{start: time.Now()}
		o.bind(w, 1234, 0)
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() { defer close(done); o.run(ctx) }()
		test(t, o, w)
		cancel()
		<-done
	})
}

// frames plays n frames of a generation from a position on.
func frames(t *testing.T, o *outbound, g event.Gen, from, n int) {
	t.Helper()
	voice := mediatest.Voice(media.FrameTime, sound.G711Clock)
	for i := range n {
		require.NoError(t, o.play(t.Context(), g, media.Frame{Format: media.Mono(sound.G711Clock), PTS: time.Duration(from+i) * media.FrameTime, PCM: voice}))
	}
}

// heard empties the acknowledgements.
func heard(o *outbound) (hs []transport.Heard) {
	for {
		select {
		case h := <-o.acks:
			hs = append(hs, h)
		default:
			return hs
		}
	}
}

// Frames leave one every 20 ms however they come, with a clock that goes on while nothing is said.
func TestPacing(t *testing.T) {
	pace(t, func(t *testing.T, o *outbound, w *wire) {
		frames(t, o, 1, 0, 3) // a lead
		for i := range 4 {
			time.Sleep(media.FrameTime + time.Duration(i%2*8-4)*time.Millisecond) // a player that is early and late
			frames(t, o, 1, 3+i, 1)
		}
		time.Sleep(time.Second)
		sent := w.sent()
		require.Len(t, sent, 7+hush)
		for i, p := range sent {
			require.Equal(t, time.Duration(i)*media.FrameTime, p.at)
			require.Equal(t, uint16(1+i), p.header.SequenceNumber)
			require.Equal(t, uint32(160*i), p.header.Timestamp)
			require.Equal(t, uint32(1234), p.header.SSRC)
			require.Equal(t, i == 0, p.header.Marker)
			require.Equal(t, i >= 7, p.loudest() < 10, "sound, then silence: packet %d", i)
		}
		from := time.Since(w.start)
		frames(t, o, 2, 0, 1)
		time.Sleep(time.Second)
		next := w.sent()[len(sent)]
		require.Equal(t, from, next.at, "what comes after silence is not kept waiting")
		require.True(t, next.header.Marker)
		require.Equal(t, uint32(from/media.FrameTime)*160, next.header.Timestamp)
		require.Zero(t, o.stats.late)
	})
}

// What was sent counts as heard after its own length and the delay that the far end reports.
func TestHeardIsLaterThanSent(t *testing.T) {
	pace(t, func(t *testing.T, o *outbound, w *wire) {
		frames(t, o, 1, 0, 10)
		time.Sleep(firstWait + media.FrameTime - time.Millisecond)
		synctest.Wait()
		require.Empty(t, heard(o))
		time.Sleep(time.Millisecond)
		synctest.Wait()
		require.Equal(t, []transport.Heard{{Gen: 1, Upto: media.FrameTime}}, heard(o))
		o.report(300*time.Millisecond, 0)
		time.Sleep(time.Second)
		hs := heard(o)
		require.Equal(t, transport.Heard{Gen: 1, Upto: 200 * time.Millisecond}, hs[len(hs)-1], "all of it, and no more")
		require.LessOrEqual(t, len(hs), 6, "ten a second are enough")
		for i := range hs[1:] {
			require.Less(t, hs[i].Upto, hs[i+1].Upto)
		}
	})
}

// After Clear nothing but a fade and silence is sent, and what had been sent is final; the same generation may go on where it was.
func TestClear(t *testing.T) {
	pace(t, func(t *testing.T, o *outbound, w *wire) {
		frames(t, o, 3, 0, 10)
		time.Sleep(50 * time.Millisecond)
		o.clear(4)
		require.Equal(t, []transport.Heard{{Gen: 3, Upto: 60 * time.Millisecond, Final: true}}, heard(o))
		time.Sleep(time.Second)
		sent := w.sent()
		require.Len(t, sent, 3+hush)
		fade := sent[3].pcm
		require.Less(t, sentPacket{pcm: fade[len(fade)-8:]}.loudest(), sentPacket{pcm: fade[:80]}.loudest()/2)
		for _, p := range sent[4:] {
			require.Less(t, p.loudest(), int16(10))
		}
		require.Empty(t, heard(o))

		frames(t, o, 3, 3, 2) // it was only held
		time.Sleep(time.Second)
		hs := heard(o)
		require.Equal(t, transport.Heard{Gen: 3, Upto: 100 * time.Millisecond}, hs[len(hs)-1])

		frames(t, o, 5, 0, 1)
		o.clear(6) // before it was sent
		require.Equal(t, []transport.Heard{{Gen: 5, Final: true}}, heard(o))
		o.clear(6) // nothing left
	})
}

// A certificate serves many calls, and is renewed long before it expires.
func TestCertificate(t *testing.T) {
	h, now := &Hub{}, time.Now()
	first, err := h.certificate(now)
	require.NoError(t, err)
	same, err := h.certificate(now.Add(renew - time.Second))
	require.NoError(t, err)
	require.True(t, first.Equals(same))
	next, err := h.certificate(now.Add(renew))
	require.NoError(t, err)
	require.False(t, first.Equals(next))
	require.Greater(t, next.Expires().Sub(now), renew+24*time.Hour)
}

// A player that does not keep to what was agreed is told.
func TestPlayRefuses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o, err := newOutbound(sound.PCMU)
		require.NoError(t, err)
		require.Equal(t, "audio_format", fault.CodeOf(o.play(t.Context(), 1, media.Frame{Format: media.Mono(24000), PCM: make([]int16, 480)})))
		require.Equal(t, "audio_format", fault.CodeOf(o.play(t.Context(), 1, media.Frame{Format: media.Mono(8000), PCM: make([]int16, 480)})))
		frames(t, o, 1, 0, room)
		require.Equal(t, "queue_full", fault.CodeOf(o.play(t.Context(), 1, media.Frame{Format: media.Mono(8000), PCM: make([]int16, 160)})))
	})
}

// A machine that is too busy to send in time falls behind its player: the player then waits for room, and the call goes on with every frame.
func TestPlayWaitsForABusyMachine(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o, err := newOutbound(sound.PCMU)
		require.NoError(t, err)
		w := &wire{start: time.Now()}
		o.bind(w, 1234, 0)
		played := make(chan struct{})
		go func() { // it is given the processor every 100 ms
			defer close(played)
			for range 2 * room {
				time.Sleep(100 * time.Millisecond)
				o.turn(time.Now())
			}
		}()
		frames(t, o, 1, 0, 2*room)
		<-played
		require.Len(t, w.sent(), 2*room)
		frames(t, o, 2, 0, room)

		ctx, hangUp := context.WithCancel(t.Context())
		waits := make(chan error)
		go func() { waits <- o.play(ctx, 2, media.Frame{Format: media.Mono(8000), PCM: make([]int16, 160)}) }()
		synctest.Wait()
		hangUp()
		require.ErrorIs(t, <-waits, context.Canceled)

		go func() {
			waits <- o.play(t.Context(), 2, media.Frame{Format: media.Mono(8000), PCM: make([]int16, 160)})
		}()
		synctest.Wait()
		gone, cancel := context.WithCancel(t.Context())
		cancel()
		o.run(gone)
		require.NoError(t, <-waits, "the end of the connection is told by who listens to it")
	})
}

// Between the player and the network nothing is allocated.
func TestPlayDoesNotAllocate(t *testing.T) {
	if raced {
		t.Skip("the race detector allocates")
	}
	for _, k := range []sound.Kind{sound.Opus, sound.PCMU} {
		if k == sound.Opus && opus.Available() != nil {
			continue
		}
		o, err := newOutbound(k)
		require.NoError(t, err)
		o.bind(&nowhere{}, 1, 96)
		f := media.Frame{Format: k.Format(), PCM: mediatest.Voice(media.FrameTime, k.Format().Rate)}
		now := time.Now()
		require.Zero(t, testing.AllocsPerRun(100, func() {
			f.PTS += media.FrameTime
			now = now.Add(media.FrameTime)
			_ = o.play(t.Context(), 1, f)
			o.turn(now)
		}), "%s", k)
	}
}

type nowhere struct{}

func (nowhere) WriteRTP(_ *rtp.Header, b []byte) (int, error) { return len(b), nil }
func (nowhere) Write(b []byte) (int, error)                   { return len(b), nil }
