// Package sip carries the sound of telephone calls that are set up by SIP: SDP offers and answers, RTP and its reports, keys, SRTP with keys from the SDP. Who calls whom is not its business; see
// internal/telephony/sipline.
//
// Ports is the range of a machine. Open makes the Leg of a call; its SDP is agreed on with Answer, or Offer and Accept. Read leg.go, negotiate.go, in.go (the way in) and out.go (the way to the listener).
//
// A call has two goroutines, which read its sockets, besides who calls Recv: that clock also sends silence, keys and reports when they are due.
package sip

import (
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"net/netip"
	"sync"
	"time"

	"griot/internal/event"
	"griot/internal/fault"
	"griot/internal/live/transport"
	"griot/internal/live/transport/sound"
	"griot/internal/media"
)

// ahead is how far playout may run before the listener: one frame, which covers the lateness of a busy machine and is little to lose in an interruption.
const ahead = media.FrameTime

// Security says whether sound is sealed by SRTP.
type Security uint8

// What can be asked of SRTP.
const (
	Accept  Security = iota // it is answered where the far end offers it, and not offered
	Require                 // it is offered, and calls without are refused
	Refuse                  // calls that ask for it are refused
)

// Options of a leg. Ports and Bind are needed.
type Options struct {
	ID, Remote string
	Ports      *Ports
	Bind       netip.Addr   // of this machine, on the way to the far end
	Advertise  netip.Addr   // as the far end knows it; the zero value is Bind
	Peer       netip.Addr   // who signals: sound may come from there, besides the address in its SDP
	Anywhere   bool         // sound is taken from whoever sends it first
	Codecs     []sound.Kind // that may be spoken, best first
	Security   Security
	Patience   time.Duration // without a packet for so long, the far end is gone; 0 waits for ever
}

// Leg is one call's sound.
type Leg struct {
	o         Options
	rtp, rtcp *net.UDPConn
	pair      int
	in        *sound.Receiver
	out       *outbound
	keys      chan rune // capacity keyQueue; when nobody takes them the oldest goes
	gone      chan struct{}
	goneOnce  sync.Once
	close     sync.Once
	wg        sync.WaitGroup
	begun     time.Time

	// Owned by the goroutine that calls Recv.
	timer     *time.Timer
	due       time.Time
	reportAt  time.Time
	reportBuf []byte

	talk sync.Mutex // held while SDP is agreed on; guards what follows
	sdp  agreement

	mu       sync.Mutex // guards what follows
	format   media.Format
	clock    int
	deaf     bool // the far end has put us on hold
	keyPT    uint8
	far      farStats
	sdpAddr  netip.AddrPort
	source   netip.AddrPort // where sound comes from
	heardAt  time.Time      // newest packet of any kind
	rtcpTo   netip.AddrPort
	mux      bool
	open     opener
	got      reception
	keyIn    keyIn
	stranger int
	foreign  int
	err      error // why it went, if not by a good-bye
}

type farStats struct {
	rtt, jitter time.Duration
	loss        uint8 // of 256
	count       int
}

// Open binds a pair of ports for a call. Faults are those of Ports: fault.Limited "no_ports". Close releases them.
func Open(o Options) (*Leg, error) {
	if !o.Advertise.IsValid() {
		o.Advertise = o.Bind
	}
	rtp, rtcp, pair, err := o.Ports.open(o.Bind)
	if err != nil {
		return nil, err
	}
	l := &Leg{o: o, rtp: rtp, rtcp: rtcp, pair: pair, keys: make(chan rune, keyQueue), gone: make(chan struct{}), begun: time.Now(),
		in: sound.NewReceiver(nil), out: newOutbound(rtp, rand.Uint32(), uint16(rand.Uint32()), rand.Uint32()),
		timer: time.NewTimer(time.Hour), reportBuf: make([]byte, 0, 128), sdp: agreement{id: uint64(rand.Uint32()), version: 1}}
	l.heardAt = l.begun
	l.wg.Go(func() { l.listen(l.rtp, l.packet) })
	l.wg.Go(func() { l.listen(l.rtcp, l.rtcpPacket) })
	return l, nil
}

// listen reads a socket until it is closed.
func (l *Leg) listen(conn *net.UDPConn, take func([]byte, netip.AddrPort, time.Time)) {
	b := make([]byte, 2048)
	for {
		n, from, err := conn.ReadFromUDPAddrPort(b)
		if err != nil {
			if errors.Is(err, net.ErrClosed) {
				return
			}
			select {
			case <-l.gone:
				return
			case <-time.After(media.FrameTime): // an error of the network, such as a port that cannot be reached: it may come back
			}
			continue
		}
		take(b[:n], netip.AddrPortFrom(from.Addr().Unmap(), from.Port()), time.Now())
	}
}

// Info implements transport.Leg.
func (l *Leg) Info() transport.Info {
	l.mu.Lock()
	defer l.mu.Unlock()
	return transport.Info{ID: l.o.ID, Kind: "sip", Remote: l.o.Remote, In: l.format, Out: l.format, Ahead: ahead}
}

// Recv implements transport.Leg: 20 ms of the caller's sound by the clock, or a key. While the far end says nothing for two seconds, or has us on hold, it waits. A far end that has vanished is told with
// io.EOF and its cause.
func (l *Leg) Recv(ctx context.Context, in *transport.Inbound) error {
	for {
		now := time.Now()
		if now.Sub(l.due) > catchUp {
			l.due = now
		}
		l.timer.Reset(l.due.Sub(now))
		select {
		case <-l.timer.C:
		case k := <-l.keys:
			in.Kind, in.Digit = transport.Digit, k
			return nil
		case <-l.gone:
			l.mu.Lock()
			defer l.mu.Unlock()
			return errors.Join(io.EOF, l.err)
		case <-ctx.Done():
			return ctx.Err()
		}
		l.due = l.due.Add(media.FrameTime)
		now = time.Now()
		l.tick(now)
		l.mu.Lock()
		deaf := l.deaf
		l.mu.Unlock()
		if !deaf && l.in.Silence() <= sound.QuietAfter {
			in.Kind, in.Frame = transport.Audio, l.in.Pull()
			return nil
		}
	}
}

// catchUp is how far Recv may fall behind before it starts anew.
const catchUp = 200 * time.Millisecond

// tick does what is due besides hearing.
func (l *Leg) tick(now time.Time) {
	l.out.fill(now)
	l.out.acknowledge(now)
	if l.reportAt.IsZero() {
		l.reportAt = now.Add(firstReport)
	}
	l.report(now)
	l.mu.Lock()
	silent := now.Sub(l.heardAt)
	if l.deaf { // who holds us may be silent
		l.heardAt, silent = now, 0
	}
	l.mu.Unlock()
	if l.o.Patience > 0 && silent > l.o.Patience {
		l.end(fault.New(fault.Unavailable, "media_lost", "no sound has come from the far end for %v", l.o.Patience))
	}
}

// Play implements transport.Leg.
func (l *Leg) Play(_ context.Context, g event.Gen, f media.Frame) error { return l.out.play(g, f) }

// Clear implements transport.Leg. What has been sent is on its way and will be heard; nothing more follows.
func (l *Leg) Clear(_ context.Context, before event.Gen) error {
	l.out.clear(before)
	return nil
}

// Heard implements transport.Leg: what was sent, as much later as the far end's reports make likely.
func (l *Leg) Heard() <-chan transport.Heard { return l.out.acks }

// SendKeys presses keys for the far end, in order; see CheckKeys. ok is false when the far end takes none with the sound: then they may be sent as SIP INFO. The fault is fault.Limited "too_many_digits" when
// others are waiting.
func (l *Leg) SendKeys(keys string) (ok bool, err error) {
	queued, taken := l.out.keysWait(keys)
	if !queued && taken {
		return true, fault.New(fault.Limited, "too_many_digits", "The keys of the last request are still being pressed. Try again in a few seconds.")
	}
	return queued, nil
}

// Pressed takes a key of the far end that came beside the sound, as SIP INFO.
func (l *Leg) Pressed(key rune) {
	for {
		select {
		case l.keys <- key:
			return
		default:
		}
		select {
		case <-l.keys:
		default:
		}
	}
}

// Gone is closed when the far end is gone, or the leg is closed.
func (l *Leg) Gone() <-chan struct{} { return l.gone }

// Hang says that the far end has hung up: Recv ends with io.EOF, and err when it is not nil.
func (l *Leg) Hang(err error) { l.end(err) }

func (l *Leg) end(err error) {
	l.goneOnce.Do(func() {
		l.mu.Lock()
		l.err = err
		l.mu.Unlock()
		close(l.gone)
	})
}

// Close implements transport.Leg. It returns when everything that the leg ran has ended.
func (l *Leg) Close(string) error {
	l.close.Do(func() {
		l.end(nil)
		l.sendReport(make([]byte, 0, 128), time.Now(), true)
		_, _ = l.rtp.Close(), l.rtcp.Close() // sockets that nobody else has
		l.wg.Wait()
		l.o.Ports.release(l.pair)
	})
	l.wg.Wait()
	return nil
}
