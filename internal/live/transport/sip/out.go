package sip

import (
	"encoding/binary"
	"net"
	"net/netip"
	"sync"
	"time"

	"github.com/pion/rtp"
	"github.com/pion/srtp/v3"

	"griot/internal/event"
	"griot/internal/fault"
	"griot/internal/live/transport"
	"griot/internal/live/transport/sound"
	"griot/internal/media"
	"griot/internal/media/opus"
)

const (
	headerLen = 12
	recalled  = 64                     // frames that may be on their way to the ear
	ackEvery  = 100 * time.Millisecond // how often it is told what was heard
	firstWait = 60 * time.Millisecond  // what the far end is thought to hold back, until it reports
	slack     = 5 * time.Millisecond   // how late a frame may come before silence takes its place
	skipped   = 60 * time.Millisecond  // who falls further behind does not catch up by a burst
)

// sentFrame is a frame on its way to the ear.
type sentFrame struct {
	gen event.Gen
	end time.Duration // position in its generation, behind it
	at  time.Time     // when it was sent
}

// outbound is the way to the listener. Frames are sent as they come, for playout keeps the pace; between them goes silence, which keeps routers open and tells a PBX that we are there.
type outbound struct {
	conn *net.UDPConn
	acks chan transport.Heard

	mu     sync.Mutex // guards what follows
	kind   sound.Kind
	enc    *sound.Encoder
	rs     *media.Resampler // from the leg's format to the codec's, when a re-INVITE changed that; nil for none
	rsBuf  []int16
	pt     uint8
	keyPT  uint8 // 0 when the far end takes no keys
	keyHz  int
	to     netip.AddrPort
	mute   bool // the far end does not want to hear us
	seal   *srtp.Context
	header rtp.Header // scratch of seal
	ssrc   uint32
	seq    uint16
	stamp  uint32    // of the next packet
	due    time.Time // when what was sent ends, if it is played at once
	begun  bool
	marker bool // the next packet begins a stretch of sound
	keys   keyOut
	loss   int // percent, as the far end reports

	packet []byte
	sealed []byte
	zero   []int16
	room   []int16

	sent    [recalled]sentFrame
	count   int // of sent
	acked   sentFrame
	told    time.Time
	delay   time.Duration // from sending to hearing
	packets uint32
	bytes   uint32
	failed  int // packets that the network did not take
}

func newOutbound(conn *net.UDPConn, ssrc uint32, seq uint16, stamp uint32) *outbound {
	return &outbound{conn: conn, acks: make(chan transport.Heard, 16), ssrc: ssrc, seq: seq, stamp: stamp, delay: firstWait,
		packet: make([]byte, 0, headerLen+opus.MaxPacket), sealed: make([]byte, 0, headerLen+opus.MaxPacket+32)}
}

// agree takes what was negotiated. It is called again when that changes.
func (o *outbound) agree(c codec, keyPT uint8, keyHz int, to netip.AddrPort, mute bool, seal *srtp.Context, format media.Format) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.enc == nil || o.kind != c.kind {
		enc, err := sound.NewEncoder(c.kind)
		if err != nil {
			return err
		}
		o.enc, o.kind = enc, c.kind
		n := c.kind.Format().Samples(media.FrameTime)
		o.zero, o.room = make([]int16, n), make([]int16, n)
		o.rs = nil
		if format.Rate != c.kind.Format().Rate {
			if o.rs, err = media.NewResampler(format.Rate, c.kind.Format().Rate); err != nil {
				return err
			}
		}
	}
	o.pt, o.keyPT, o.keyHz, o.to, o.mute = c.pt, keyPT, keyHz, to, mute
	if seal != nil {
		o.seal = seal
	}
	return nil
}

// aim sends to where the far end's packets come from (symmetric RTP, RFC 4961).
func (o *outbound) aim(to netip.AddrPort) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.to = to
}

// step is what a frame adds to the clock of RTP.
func (o *outbound) step() uint32 { return uint32(o.kind.Clock() / 50) }

// play sends a frame; what is shorter than 20 ms is filled up with silence. While the far end has us on hold, or a key is being pressed, it is not sent, and so not heard.
func (o *outbound) play(g event.Gen, f media.Frame) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.enc == nil {
		return fault.New(fault.Internal, "not_agreed", "sound is played on a call whose codec is not agreed on")
	}
	pcm := f.PCM
	if o.rs != nil {
		o.rsBuf = o.rs.Process(o.rsBuf[:0], pcm)
		pcm = o.rsBuf[:min(len(o.rsBuf), len(o.room))]
	}
	if len(pcm) > len(o.room) {
		return fault.New(fault.Internal, "audio_format", "a frame of %d samples at %d Hz does not fit a call in %s", len(f.PCM), f.Rate, o.kind)
	}
	now := time.Now()
	o.catchUp(now)
	if o.mute || o.press() {
		o.advance()
		return nil
	}
	if len(pcm) < len(o.room) {
		clear(o.room[copy(o.room, pcm):])
		pcm = o.room
	}
	o.send(pcm)
	o.sent[o.count%recalled] = sentFrame{gen: g, end: f.PTS + f.Duration(), at: now}
	o.count++
	return nil
}

// catchUp lets the clock go on after a time in which nothing was sent. Called with mu held.
func (o *outbound) catchUp(now time.Time) {
	late := now.Sub(o.due)
	switch {
	case !o.begun:
		o.begun, o.due, o.marker = true, now, true
	case late > skipped:
		n := late / media.FrameTime
		o.stamp += uint32(n) * o.step()
		o.due, o.marker = now, true
	}
}

// advance counts 20 ms for which no packet of sound is sent. Called with mu held.
func (o *outbound) advance() {
	o.stamp += o.step()
	o.due = o.due.Add(media.FrameTime)
}

// send sends a packet of sound. Called with mu held.
func (o *outbound) send(pcm []int16) {
	b := o.head(o.pt, o.marker, o.stamp)
	b, err := o.enc.Encode(b, pcm, o.loss)
	if err == nil { // a frame that cannot be encoded is a lost one
		o.marker = false
		o.bytes += uint32(len(b) - headerLen)
		o.write(b)
	}
	o.advance()
}

// head begins a packet. Called with mu held.
func (o *outbound) head(pt uint8, marker bool, stamp uint32) []byte {
	b := append(o.packet[:0], 0x80, pt)
	if marker {
		b[1] |= 0x80
	}
	b = binary.BigEndian.AppendUint16(b, o.seq)
	b = binary.BigEndian.AppendUint32(b, stamp)
	o.seq++
	return binary.BigEndian.AppendUint32(b, o.ssrc)
}

// write seals a packet and sends it. That the network does not take it is a lost packet; a connection that has broken is noticed by the far end's silence. Called with mu held.
func (o *outbound) write(b []byte) {
	if !o.to.IsValid() || o.to.Addr().IsUnspecified() {
		return
	}
	if o.seal != nil {
		sealed, err := o.seal.EncryptRTP(o.sealed[:0], b, &o.header)
		if err != nil {
			o.failed++
			return
		}
		b = sealed
	}
	if _, err := o.conn.WriteToUDPAddrPort(b, o.to); err != nil {
		o.failed++
		return
	}
	o.packets++
}

// fill sends what is due and was not played: keys, or silence. It returns when to look again.
func (o *outbound) fill(now time.Time) time.Time {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.enc == nil {
		return now.Add(media.FrameTime)
	}
	o.catchUp(now)
	for !now.Before(o.due.Add(slack)) {
		if !o.press() && !o.mute {
			o.send(o.zero)
		} else {
			o.advance()
		}
	}
	return o.due.Add(slack)
}

// press sends the packet of a key that is due, and reports whether there was one. Called with mu held.
func (o *outbound) press() bool {
	k := &o.keys
	if len(k.queue) == 0 || o.keyPT == 0 || o.mute || o.due.Before(k.rest) {
		return false
	}
	first := !k.active
	if first {
		k.active, k.stamp, k.held, k.ends = true, o.stamp, 0, 0
	}
	k.held = min(k.held+media.FrameTime, keyPress)
	end := k.ends > 0 || k.held >= keyPress
	stamp := k.stamp
	if o.keyHz != o.kind.Clock() { // the far end has keys on another clock only
		stamp = uint32(uint64(k.stamp) * uint64(o.keyHz) / uint64(o.kind.Clock()))
	}
	o.write(k.payload(o.head(o.keyPT, first, stamp), o.keyHz, end))
	if !end {
		return true
	}
	if k.ends++; k.ends >= keyRepeat {
		k.queue, k.active = k.queue[:copy(k.queue, k.queue[1:])], false
		k.rest = o.due.Add(keyGap)
		o.marker = true
	}
	return true
}

// keysWait queues keys; false when the far end takes none this way, or too many are waiting.
func (o *outbound) keysWait(keys string) (queued, taken bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.keyPT == 0 {
		return false, false
	}
	if len(o.keys.queue)+len(keys) > keyQueue {
		return false, true
	}
	for _, r := range keys {
		for i, s := range keySymbols {
			if r == s {
				o.keys.queue = append(o.keys.queue, byte(i))
			}
		}
	}
	return true, true
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

// clear says what of older generations was heard: what was sent is on its way and will be, and nothing more.
func (o *outbound) clear(before event.Gen) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.count == 0 {
		return
	}
	if cut := o.sent[(o.count-1)%recalled]; cut.gen != 0 && cut.gen < before {
		o.acked = cut
		o.tell(transport.Heard{Gen: cut.gen, Upto: cut.end, Final: true})
	}
}

// acknowledge says what was heard by now: what was sent, its own length and the far end's delay ago.
func (o *outbound) acknowledge(now time.Time) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.count == 0 {
		return
	}
	newest := o.sent[(o.count-1)%recalled]
	if o.acked.gen == newest.gen && o.acked.end >= newest.end {
		return
	}
	var heard sentFrame
	for i := o.count - 1; i >= max(0, o.count-recalled); i-- {
		if f := o.sent[i%recalled]; now.Sub(f.at) >= o.delay+media.FrameTime {
			heard = f
			break
		}
	}
	moved := heard.gen > o.acked.gen || heard.gen == o.acked.gen && heard.end > o.acked.end
	if moved && (heard == newest || heard.gen != o.acked.gen || now.Sub(o.told) >= ackEvery) {
		o.acked, o.told = heard, now
		o.tell(transport.Heard{Gen: heard.gen, Upto: heard.end})
	}
}

// report takes what the far end says of our stream.
func (o *outbound) report(delay time.Duration, loss int) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.delay, o.loss = delay, loss
}
