package sound

import (
	"context"
	"io"
	"sync"
	"time"

	"github.com/pion/rtp"

	"griot/internal/live/transport"
	"griot/internal/media"
)

const (
	leastDelay = 2                      // packets that the jitter buffer holds back at least
	pause      = 60 * time.Millisecond  // a step in a sender's clock that is a pause, not a loss
	catchUp    = 200 * time.Millisecond // who falls further behind starts anew
)

// QuietAfter is for how long silence is delivered when no packets come: enough to end a turn.
const QuietAfter = 2 * time.Second

// Receiver is the way from the caller: packets go into a jitter buffer as they come, and sound comes out of it by the clock.
type Receiver struct {
	kinds map[uint8]Kind // by payload type
	start time.Time
	came  chan struct{} // there is a packet; capacity 1

	mu      sync.Mutex // guards what follows
	jb      *media.JitterBuffer
	dec     *Decoder
	begun   bool
	seq     uint16
	stamp   uint32
	arrived time.Time
	jitter  float64 // RFC 3550 section 6.4.1, in seconds
	packets int
	bytes   int
	foreign int // packets of a kind that was not agreed on, or that are None

	// Owned by the goroutine that calls Recv.
	pcm   []int16 // decoded and not yet handed out
	given int     // of it, handed out by the last call
	due   time.Time
	timer *time.Timer
}

// NewReceiver makes the way in for the payload types that were agreed on.
func NewReceiver(kinds map[uint8]Kind) *Receiver {
	return &Receiver{kinds: kinds, start: time.Now(), came: make(chan struct{}, 1), jb: media.NewJitterBuffer(leastDelay)}
}

// Agree takes other payload types, for a call whose codecs were negotiated again. What is buffered is forgotten.
func (in *Receiver) Agree(kinds map[uint8]Kind) {
	in.mu.Lock()
	defer in.mu.Unlock()
	in.kinds = kinds
	in.restart()
}

// Restart forgets what is buffered: another source has taken over.
func (in *Receiver) Restart() {
	in.mu.Lock()
	defer in.mu.Unlock()
	in.restart()
}

func (in *Receiver) restart() {
	in.jb.Reset()
	in.begun = false
}

// Push takes a packet as it came, from any goroutine.
func (in *Receiver) Push(h *rtp.Header, payload []byte, now time.Time) {
	in.mu.Lock()
	defer in.mu.Unlock()
	k := in.kinds[h.PayloadType]
	step := k.Length(payload)
	if k == None || step == 0 {
		in.foreign++
		return
	}
	if in.dec == nil || in.dec.kind != k {
		dec, err := NewDecoder(k)
		if err != nil {
			in.foreign++ // it was agreed on, so the library was there
			return
		}
		in.dec = dec
		in.jb.Reset()
	}
	in.packets++
	in.bytes += len(payload)
	in.jb.SetStep(step)
	in.measure(k, h, step, now)
	in.jb.Push(h.SequenceNumber, now.Sub(in.start), payload)
	in.arrived = now
	select {
	case in.came <- struct{}{}:
	default:
	}
}

// measure follows the sender's clock: what comes after a pause is a new stream, not late. Called with mu held.
func (in *Receiver) measure(k Kind, h *rtp.Header, step time.Duration, now time.Time) {
	steps := int16(h.SequenceNumber - in.seq)
	if in.begun && steps <= 0 {
		return // an older one
	}
	if in.begun {
		clock := float64(k.Clock())
		passed := float64(int32(h.Timestamp-in.stamp)) / clock // on its clock, seconds
		if off := passed - (time.Duration(steps) * step).Seconds(); max(off, -off) > pause.Seconds() {
			in.jb.Reset()
		} else {
			d := now.Sub(in.arrived).Seconds() - passed
			in.jitter += (max(d, -d) - in.jitter) / 16
		}
	}
	in.begun, in.seq, in.stamp = true, h.SequenceNumber, h.Timestamp
}

// Recv waits for the next 20 ms and fills in; io.EOF when gone is closed.
func (in *Receiver) Recv(ctx context.Context, gone <-chan struct{}, f *transport.Inbound) error {
	if in.timer == nil {
		in.timer = time.NewTimer(time.Hour)
	}
	if in.Silence() > QuietAfter {
		select {
		case <-in.came:
			in.due = time.Now()
		case <-gone:
			return io.EOF
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	now := time.Now()
	if now.Sub(in.due) > catchUp {
		in.due = now
	}
	in.timer.Reset(in.due.Sub(now))
	select {
	case <-in.timer.C:
	case <-gone:
		return io.EOF
	case <-ctx.Done():
		return ctx.Err()
	}
	in.due = in.due.Add(media.FrameTime)
	f.Kind = transport.Audio
	f.Frame = in.Pull()
	return nil
}

// Silence is how long ago the newest packet came; very long before the first.
func (in *Receiver) Silence() time.Duration {
	in.mu.Lock()
	defer in.mu.Unlock()
	return time.Since(in.arrived)
}

// Pull returns the next 20 ms of sound, after a first packet has come. It is valid until the next call.
func (in *Receiver) Pull() media.Frame {
	in.mu.Lock()
	defer in.mu.Unlock()
	in.pcm = in.pcm[:copy(in.pcm, in.pcm[in.given:])]
	format := in.dec.kind.Format()
	n := format.Samples(media.FrameTime)
	for len(in.pcm) < n {
		payload, got := in.jb.Pop()
		switch got {
		case media.JitterPacket:
			in.pcm = in.dec.Decode(in.pcm, payload, in.jb.Step())
		case media.JitterLost:
			in.pcm = in.dec.Conceal(in.pcm, in.jb.Peek(), in.jb.Step())
		default:
			in.pcm = in.dec.Conceal(in.pcm, nil, media.FrameTime)
		}
	}
	in.given = n
	return media.Frame{Format: format, PCM: in.pcm[:n]}
}

// ReceiverStats is how the way in does at a moment.
type ReceiverStats struct {
	Packets, Bytes int
	Lost           int           // that had not come when they were due
	Late           int           // of those, that came afterwards
	Foreign        int           // of a kind that was not agreed on, or that are none
	Delay          time.Duration // that the jitter buffer adds
	Jitter         time.Duration // RFC 3550 section 6.4.1
}

// Stats returns how the way in does.
func (in *Receiver) Stats() ReceiverStats {
	in.mu.Lock()
	defer in.mu.Unlock()
	jb := in.jb.Stats()
	return ReceiverStats{Packets: in.packets, Bytes: in.bytes, Lost: jb.Lost, Late: jb.Late, Foreign: in.foreign,
		Delay: time.Duration(in.jb.Target()) * in.jb.Step(), Jitter: time.Duration(in.jitter * float64(time.Second))}
}

// Takes reports whether a payload type was agreed on.
func (in *Receiver) Takes(pt uint8) bool {
	in.mu.Lock()
	defer in.mu.Unlock()
	return in.kinds[pt] != None
}
