package sip

import (
	"net/netip"
	"time"

	"github.com/pion/rtp"
	"github.com/pion/srtp/v3"

	"griot/internal/live/transport/sound"
)

// relatch is how long the known source must be silent before sound is taken from another one that may send.
const relatch = 500 * time.Millisecond

// opener opens what the far end has sealed. It is the reader's, with its scratch.
type opener struct {
	ctx    *srtp.Context
	crypto crypto
	buf    []byte
}

// packet takes what came on the port of RTP.
func (l *Leg) packet(b []byte, from netip.AddrPort, now time.Time) {
	if len(b) < headerLen || b[0]>>6 != 2 {
		l.count(&l.foreign)
		return
	}
	if b[1] >= 192 && b[1] <= 223 { // RTCP beside RTP (RFC 5761 section 4)
		l.rtcpPacket(b, from, now)
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.may(from, now) {
		l.stranger++
		return
	}
	var h rtp.Header
	if l.open.ctx != nil {
		opened, err := l.open.ctx.DecryptRTP(l.open.buf[:0], b, nil)
		if err != nil {
			l.foreign++
			return
		}
		l.open.buf, b = opened, opened
	}
	at, err := h.Unmarshal(b)
	if err != nil {
		l.foreign++
		return
	}
	end := len(b)
	if h.Padding {
		end -= int(b[end-1])
	}
	if end <= at || !l.agreed(h.PayloadType) {
		l.foreign++
		return
	}
	l.latch(from, &h)
	l.heardAt = now
	l.got.count(h.SSRC, h.SequenceNumber)
	if h.PayloadType == l.keyPT && l.keyPT != 0 {
		if key, pressed := l.keyIn.take(h.SSRC, h.Timestamp, b[at:end]); pressed {
			l.Pressed(key)
		}
		return
	}
	if !l.deaf {
		l.in.Push(&h, b[at:end], now)
	}
}

func (l *Leg) count(n *int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	*n++
}

// agreed reports whether packets of that type were agreed on. Called with mu held.
func (l *Leg) agreed(pt uint8) bool {
	return l.clock != 0 && (pt == l.keyPT && pt != 0 || l.in.Takes(pt))
}

// may reports whether sound is taken from there: from where it came so far; from where the SDP says; from that machine or the one that signals, whose routers may choose other ports; and never from a second
// source while the first is heard. Called with mu held.
func (l *Leg) may(from netip.AddrPort, now time.Time) bool {
	if from == l.source {
		return true
	}
	if from != l.sdpAddr && from.Addr() != l.sdpAddr.Addr() && from.Addr() != l.o.Peer && !l.o.Anywhere {
		return false
	}
	return !l.source.IsValid() || now.Sub(l.heardAt) >= relatch
}

// latch remembers where sound comes from, and sends ours there. Called with mu held.
func (l *Leg) latch(from netip.AddrPort, h *rtp.Header) {
	if l.got.begun && h.SSRC != l.got.ssrc {
		l.in.Restart() // another sender, or the same after a transfer
	}
	if from == l.source {
		return
	}
	l.source = from
	l.out.aim(from)
	switch {
	case l.mux:
		l.rtcpTo = from
	case from.Addr() != l.sdpAddr.Addr(): // behind a router: its reports come from there too, and tell the port
		l.rtcpTo = netip.AddrPort{}
	}
}

// rtcpPacket takes what came on the port of RTCP.
func (l *Leg) rtcpPacket(b []byte, from netip.AddrPort, now time.Time) {
	l.mu.Lock()
	known := from.Addr() == l.source.Addr() || from.Addr() == l.sdpAddr.Addr() || from.Addr() == l.o.Peer || l.o.Anywhere
	switch {
	case !known:
		l.stranger++
	case l.clock == 0:
		known = false // nothing is agreed on
	case l.open.ctx != nil:
		opened, err := l.open.ctx.DecryptRTCP(nil, b, nil)
		if err != nil {
			l.foreign++
			known = false
		}
		b = opened
	}
	if known {
		l.heardAt = now
		if !l.mux && (!l.rtcpTo.IsValid() || l.rtcpTo.Addr() == from.Addr()) {
			l.rtcpTo = from
		}
	}
	l.mu.Unlock()
	if known {
		l.control(b, now)
	}
}

// Stats is how a call's sound does at a moment.
type Stats struct {
	Codec     string // "opus", "pcmu" or "pcma"; empty until it is agreed on
	Secure    bool
	Remote    string // the address that sound comes from
	Reports   int    // that the far end has sent; without any, what it could tell is 0
	RoundTrip time.Duration
	sound.ReceiverStats
	Strangers int // packets from where none was expected
	Malformed int // packets that are none, or of a kind that was not agreed on

	PacketsSent, BytesSent int
	RemoteLoss             float64 // share of our packets that the far end lost lately, 0 to 1
	RemoteJitter           time.Duration
}

// Stats returns how the call's sound does.
func (l *Leg) Stats() Stats {
	s := Stats{ReceiverStats: l.in.Stats()}
	l.mu.Lock()
	s.Strangers, s.Malformed = l.stranger, l.foreign
	s.Reports, s.RoundTrip, s.RemoteJitter, s.RemoteLoss = l.far.count, l.far.rtt, l.far.jitter, float64(l.far.loss)/256
	s.Secure = l.open.ctx != nil
	if l.source.IsValid() {
		s.Remote = l.source.String()
	}
	l.mu.Unlock()
	l.out.mu.Lock()
	s.Codec, s.PacketsSent, s.BytesSent = l.out.kind.String(), int(l.out.packets), int(l.out.bytes)
	l.out.mu.Unlock()
	return s
}
