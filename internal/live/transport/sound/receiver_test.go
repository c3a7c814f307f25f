package sound

import (
	"context"
	"io"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pion/rtp"
	"github.com/stretchr/testify/require"

	"griot/internal/live/transport"
	"griot/internal/media"
	"griot/internal/media/mediatest"
)

// caller sends packets of PCMU.
type caller struct {
	in    *Receiver
	seq   uint16
	stamp uint32
}

func newCaller() *caller {
	return &caller{in: NewReceiver(map[uint8]Kind{0: PCMU, 8: PCMA, 96: Opus}), seq: 65530, stamp: 1<<32 - 500}
}

// send sends d of a voice, or loses it.
func (c *caller) send(d time.Duration, lose bool) {
	payload := media.EncodeULaw(nil, mediatest.Voice(d, G711Clock))
	if !lose {
		c.in.Push(&rtp.Header{Version: 2, SequenceNumber: c.seq, Timestamp: c.stamp}, payload, time.Now())
	}
	c.seq++
	c.stamp += uint32(len(payload))
}

// stream sends for a while, a packet each step, and takes what comes out, frame by frame.
func (c *caller) stream(t *testing.T, length, step time.Duration, lose func(i int) bool) (out []media.Frame) {
	stop := make(chan struct{})
	go func() {
		defer close(stop)
		for i := range int(length / step) {
			c.send(step, lose != nil && lose(i))
			time.Sleep(step)
		}
	}()
	for {
		select {
		case <-stop:
			return out
		default:
		}
		var in transport.Inbound
		ctx, cancel := context.WithTimeout(t.Context(), step)
		err := c.in.Recv(ctx, nil, &in)
		cancel()
		if err == nil {
			out = append(out, media.Frame{Format: in.Frame.Format, PCM: append([]int16(nil), in.Frame.PCM...)})
		}
	}
}

func loud(fs []media.Frame) (n int) {
	for _, f := range fs {
		if media.Peak(f.PCM) > 0.03 {
			n++
		}
	}
	return n
}

// Packets of any length become frames of 20 ms by the clock, and losses make no holes.
func TestInbound(t *testing.T) {
	for name, c := range map[string]struct {
		step time.Duration
		lose func(int) bool
		lost int
	}{
		"20 ms": {20 * time.Millisecond, nil, 0},
		"10 ms": {10 * time.Millisecond, nil, 0},
		"60 ms": {60 * time.Millisecond, nil, 0},
		"loss":  {20 * time.Millisecond, func(i int) bool { return i%7 == 3 }, 14},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				call := newCaller()
				out := call.stream(t, 2*time.Second, c.step, c.lose)
				require.InDelta(t, 100, len(out), 4)
				require.Greater(t, loud(out), 92, "frames with sound")
				require.InDelta(t, c.lost, call.in.jb.Stats().Lost, 1)
				require.Less(t, call.in.jitter, 0.001)
				require.LessOrEqual(t, call.in.jb.Target()*int(c.step/time.Millisecond), 120, "little is held back on a good network")
			})
		})
	}
}

// What comes after a pause is not late: nothing is held back for it.
func TestInboundPause(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCaller()
		c.stream(t, time.Second, media.FrameTime, nil)
		var in transport.Inbound
		for range 50 { // what follows sound is silence, and the clock goes on
			require.NoError(t, c.in.Recv(t.Context(), nil, &in))
		}
		require.Zero(t, loud([]media.Frame{in.Frame}))
		c.stamp += 8000
		out := c.stream(t, time.Second, media.FrameTime, nil)
		require.Greater(t, loud(out), 45)
		require.LessOrEqual(t, c.in.jb.Target(), 2)
		require.Zero(t, c.in.jb.Stats().Lost)
	})
}

// Without packets for two seconds it waits for the next, and it ends with the connection or its context.
func TestInboundWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, start, gone := newCaller(), time.Now(), make(chan struct{})
		var in transport.Inbound
		time.AfterFunc(time.Hour, func() { c.send(media.FrameTime, false) })
		require.NoError(t, c.in.Recv(t.Context(), gone, &in))
		require.Equal(t, time.Hour, time.Since(start))
		n := 0
		time.AfterFunc(10*time.Second, func() { close(gone) })
		for ; ; n++ {
			if err := c.in.Recv(t.Context(), gone, &in); err != nil {
				require.Equal(t, io.EOF, err)
				break
			}
		}
		require.InDelta(t, 100, n, 3, "two seconds of silence, and no more")
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		require.ErrorIs(t, newCaller().in.Recv(ctx, nil, &in), context.Canceled)
	})
}

// What was not agreed on, or is nothing, is counted and does no harm.
func TestInboundRefuses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCaller()
		for _, p := range []struct {
			pt      uint8
			payload []byte
		}{{13, []byte{1}}, {0, nil}, {96, nil}, {96, []byte{0x0b}}, {127, make([]byte, 1500)}} {
			c.in.Push(&rtp.Header{PayloadType: p.pt}, p.payload, time.Now())
		}
		require.Equal(t, 5, c.in.foreign)
		require.Zero(t, c.in.packets)
		c.in.Push(&rtp.Header{PayloadType: 8}, media.EncodeALaw(nil, make([]int16, 160)), time.Now()) // another codec, in the middle
		c.send(media.FrameTime, false)
		var in transport.Inbound
		for range 10 {
			require.NoError(t, c.in.Recv(t.Context(), nil, &in))
			require.Equal(t, media.Mono(8000), in.Frame.Format)
		}
	})
}

// In steady state nothing is allocated from the packet to the frame.
func TestInboundDoesNotAllocate(t *testing.T) {
	if raced {
		t.Skip("the race detector allocates")
	}
	c := newCaller()
	payload := media.EncodeULaw(nil, mediatest.Voice(media.FrameTime, G711Clock))
	h := rtp.Header{Version: 2}
	now := time.Now()
	one := func() {
		h.SequenceNumber++
		h.Timestamp += 160
		now = now.Add(media.FrameTime)
		c.in.Push(&h, payload, now)
		c.in.Pull()
	}
	for range 10 {
		one()
	}
	require.Zero(t, testing.AllocsPerRun(100, one))
}
