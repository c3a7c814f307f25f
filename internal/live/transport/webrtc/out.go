package webrtc

import (
	"context"
	"sync"
	"time"

	"github.com/pion/rtp"
	"github.com/pion/webrtc/v4"

	"griot/internal/event"
	"griot/internal/fault"
	"griot/internal/live/transport"
	"griot/internal/live/transport/sound"
	"griot/internal/media"
	"griot/internal/media/opus"
)

const (
	room      = 16                     // frames that fit; who is further ahead waits
	stalled   = 2 * time.Second        // and gives up when not one leaves for so long
	recalled  = 64                     // frames that may be on their way to the ear
	hush      = 5                      // frames of silence after sound, so that the far end does not draw out what it heard last
	tolerated = 60 * time.Millisecond  // who falls further behind does not catch up by a burst
	ackEvery  = 100 * time.Millisecond // how often it is told what was heard
	firstWait = 60 * time.Millisecond  // what the far end is thought to hold back, until it reports
)

// outbound is the way to the listener: frames are queued, and leave one every 20 ms.
type outbound struct {
	kind sound.Kind
	enc  *sound.Encoder
	acks chan transport.Heard
	wake chan struct{} // there is something to do; capacity 1
	left chan struct{} // a frame has left the queue; capacity 1
	over chan struct{} // closed when nothing will be sent any more

	mu     sync.Mutex // guards what follows
	writer webrtc.TrackLocalWriter
	header rtp.Header
	queue  []queued // a ring
	first  int      // in the ring
	held   int      // how many are in it
	quiet  int      // frames of silence that are still to be sent
	tail   []int16  // what is sent first of them: the end of what was cut, fading
	sent   [recalled]sentFrame
	count  int // of sent
	acked  sentFrame
	told   time.Time
	delay  time.Duration // from sending to hearing
	loss   int           // percent, as the far end reports
	stats  outStats
	packet []byte
	frame  []int16
	begun  bool
	stamp  uint32 // of the newest packet
	busy   bool   // in the middle of a stretch of sound
	due    time.Time
	base   time.Time // when the clock stood at 0
}

type queued struct {
	gen event.Gen
	end time.Duration // position in its generation, behind it
	pcm []int16
}

// sentFrame is a frame on its way to the ear.
type sentFrame struct {
	gen event.Gen
	end time.Duration
	at  time.Time // when it was sent
}

type outStats struct{ packets, bytes, late int }

func newOutbound(k sound.Kind) (*outbound, error) {
	enc, err := sound.NewEncoder(k)
	if err != nil {
		return nil, err
	}
	n := k.Format().Samples(media.FrameTime)
	o := &outbound{kind: k, enc: enc, acks: make(chan transport.Heard, 16), wake: make(chan struct{}, 1), left: make(chan struct{}, 1), over: make(chan struct{}), queue: make([]queued, room), delay: firstWait,
		packet: make([]byte, 0, opus.MaxPacket), frame: make([]int16, n), base: time.Now()}
	for i := range o.queue {
		o.queue[i].pcm = make([]int16, n)
	}
	return o, nil
}

// bind says where packets go.
func (o *outbound) bind(w webrtc.TrackLocalWriter, ssrc webrtc.SSRC, pt webrtc.PayloadType) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.writer = w
	o.header = rtp.Header{Version: 2, PayloadType: uint8(pt), SSRC: uint32(ssrc), SequenceNumber: o.header.SequenceNumber}
}

func (o *outbound) kick() {
	select {
	case o.wake <- struct{}{}:
	default:
	}
}

// play queues a frame; what is shorter than 20 ms is filled up with silence. Playout is no further ahead than Info.Ahead, unless this machine was too busy to send in time: frames
// do not leave in a burst then, so that the queue fills up. It waits for room.
func (o *outbound) play(ctx context.Context, g event.Gen, f media.Frame) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if f.Rate != o.kind.Format().Rate || len(f.PCM) > len(o.frame) {
		return fault.New(fault.Internal, "audio_format", "a frame of %d samples at %d Hz does not fit a call in %s", len(f.PCM), f.Rate, o.kind)
	}
	if o.held == len(o.queue) {
		if room, err := o.wait(ctx); !room {
			return err
		}
	}
	q := &o.queue[(o.first+o.held)%len(o.queue)]
	q.gen, q.end = g, f.PTS+f.Duration()
	clear(q.pcm[copy(q.pcm, f.PCM):])
	o.held++
	o.kick()
	return nil
}

// wait returns when there is room in the queue, or there will be none. That nothing is sent any more is no fault: who listens to the connection is told why. Called with mu held.
func (o *outbound) wait(ctx context.Context) (room bool, err error) {
	timer := time.NewTimer(stalled)
	defer timer.Stop()
	for o.held == len(o.queue) {
		o.mu.Unlock()
		over := false
		select {
		case <-o.left:
		case <-o.over:
			over = true
		case <-ctx.Done():
			over, err = true, context.Cause(ctx)
		case <-timer.C:
			over, err = true, fault.New(fault.Internal, "queue_full", "%v of sound are waiting to be sent, and none of it leaves", time.Duration(len(o.queue))*media.FrameTime)
		}
		if o.mu.Lock(); over {
			return false, err
		}
	}
	return true, nil
}

// clear forgets what is queued of generations before the given one. What was sent will be heard: that is said at once.
func (o *outbound) clear(before event.Gen) {
	o.mu.Lock()
	defer o.mu.Unlock()
	cut := sentFrame{}
	if o.count > 0 {
		cut = o.sent[(o.count-1)%recalled]
	}
	for o.held > 0 && o.queue[o.first].gen < before {
		q := &o.queue[o.first]
		if len(o.tail) == 0 { // the first of them: its sound fades instead of breaking off
			media.Fade(q.pcm, 1, 0)
			o.tail, o.quiet = append(o.tail, q.pcm...), hush
		}
		if q.gen > cut.gen { // nothing of it was sent
			cut = sentFrame{gen: q.gen}
		}
		o.drop()
	}
	if cut.gen != 0 && cut.gen < before {
		o.acked = cut
		o.tell(transport.Heard{Gen: cut.gen, Upto: cut.end, Final: true})
	}
	o.kick()
}

// tell passes on what was heard. Only the newest counts: when nobody takes them, the oldest goes. Called with mu held.
func (o *outbound) tell(h transport.Heard) {
	for {
		select {
		case o.acks <- h:
			return
		default:
		}
		select {
		case <-o.acks:
		default:
		}
	}
}

// run sends until ctx ends.
func (o *outbound) run(ctx context.Context) {
	defer close(o.over)
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	for {
		wait, ok := o.turn(time.Now())
		if !ok {
			wait = time.Hour
		}
		timer.Reset(wait)
		select {
		case <-ctx.Done():
			return
		case <-o.wake:
		case <-timer.C:
		}
	}
}

// turn sends what is due and says what was heard; it returns when to look again, if there is anything to look for.
func (o *outbound) turn(now time.Time) (wait time.Duration, ok bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for o.held > 0 || o.quiet > 0 {
		if late := now.Sub(o.due); late > tolerated {
			if o.busy {
				o.stats.late++
			}
			o.due = now // a new stretch of sound, or we were held up
		}
		if d := o.due.Sub(now); d > 0 {
			wait, ok = d, true
			break
		}
		o.busy = true
		o.send(now)
		o.due = o.due.Add(media.FrameTime)
	}
	o.busy = ok
	if next, pending := o.acknowledge(now); pending {
		if !ok || next < wait {
			wait = next
		}
		ok = true
	}
	return max(wait, time.Millisecond), ok
}

// drop takes the oldest frame out of the queue. Called with mu held.
func (o *outbound) drop() {
	o.first, o.held = (o.first+1)%len(o.queue), o.held-1
	select {
	case o.left <- struct{}{}:
	default:
	}
}

// send sends the frame that is due. Called with mu held.
func (o *outbound) send(now time.Time) {
	pcm := o.frame
	if o.held > 0 {
		q := &o.queue[o.first]
		copy(pcm, q.pcm)
		o.sent[o.count%recalled] = sentFrame{gen: q.gen, end: q.end, at: now}
		o.count++
		o.drop()
		o.quiet, o.tail = hush, o.tail[:0]
	} else {
		clear(pcm[copy(pcm, o.tail):])
		o.tail = o.tail[:0]
		o.quiet--
	}
	if o.writer == nil {
		return
	}
	packet, err := o.enc.Encode(o.packet[:0], pcm, o.loss)
	if err != nil {
		return // a frame that cannot be encoded is a lost one
	}
	step := uint32(o.kind.Clock() / 50)
	stamp := o.stamp + step
	// After a silence the clock has gone on, in whole frames.
	if at := uint32(now.Sub(o.base) / media.FrameTime * time.Duration(step)); !o.begun || int32(at-stamp) > 3*int32(step) {
		stamp, o.header.Marker = at, true
	} else {
		o.header.Marker = false
	}
	o.begun, o.stamp = true, stamp
	o.header.Timestamp = stamp
	o.header.SequenceNumber++
	if _, err := o.writer.WriteRTP(&o.header, packet); err != nil {
		return // a connection that has broken is noticed by its state
	}
	o.stats.packets++
	o.stats.bytes += len(packet)
}

// acknowledge says what was heard by now: what was sent, its own length and the far end's delay ago. Called with mu held; it returns when the next can be said.
func (o *outbound) acknowledge(now time.Time) (next time.Duration, pending bool) {
	if o.count == 0 {
		return 0, false
	}
	newest := o.sent[(o.count-1)%recalled]
	heard := sentFrame{}
	for i := o.count - 1; i >= max(0, o.count-recalled); i-- {
		if f := o.sent[i%recalled]; now.Sub(f.at) >= o.delay+media.FrameTime {
			heard = f
			break
		}
	}
	moved := heard.gen > o.acked.gen || heard.gen == o.acked.gen && heard.end > o.acked.end
	last := heard == newest
	if moved && (last || heard.gen != o.acked.gen || now.Sub(o.told) >= ackEvery) {
		o.acked, o.told = heard, now
		o.tell(transport.Heard{Gen: heard.gen, Upto: heard.end})
	}
	if o.acked.gen == newest.gen && o.acked.end >= newest.end {
		return 0, false
	}
	return max(min(newest.at.Add(o.delay+media.FrameTime).Sub(now), media.FrameTime), time.Millisecond), true
}

// report takes what the far end says of our stream.
func (o *outbound) report(delay time.Duration, loss int) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.delay, o.loss = delay, loss
}
