package webrtc

import (
	"net"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/pion/rtcp"
	"github.com/pion/webrtc/v4"
)

// Stats is how a call's network does at a moment.
type Stats struct {
	Codec     string // "opus", "pcmu" or "pcma"
	Transport string // "udp" or "tcp"; empty until connected
	Remote    string // the address that sound comes from
	Reports   int    // that the far end has sent; without any, what it could tell is 0
	RoundTrip time.Duration

	PacketsReceived, BytesReceived int
	PacketsLost                    int // that had not come when they were due
	PacketsLate                    int // of those, that came afterwards
	PacketsForeign                 int // of a kind that was not agreed on
	Jitter                         time.Duration
	BufferDelay                    time.Duration // that the jitter buffer adds

	PacketsSent, BytesSent int
	FramesLate             int     // that left more than 60 ms late, by a fault of this machine
	RemoteLoss             float64 // share of our packets that the far end lost lately, 0 to 1
	RemoteJitter           time.Duration
}

// farStats is what the far end has said of our sound.
type farStats struct {
	ssrc   atomic.Uint32
	rtt    atomic.Int64
	jitter atomic.Int64
	loss   atomic.Uint32 // of 256
	count  atomic.Int64
}

func (f *farStats) bind(ssrc uint32) { f.ssrc.Store(ssrc) }

const (
	leastHold = 40 * time.Millisecond // what a browser's jitter buffer holds back on a good network
	mostDelay = 500 * time.Millisecond
)

// reports reads what the far end says of our sound.
func (p *Peer) reports(s *webrtc.RTPSender) {
	b := make([]byte, 1600)
	for {
		n, _, err := s.Read(b)
		if err != nil {
			return
		}
		packets, err := rtcp.Unmarshal(b[:n])
		if err != nil {
			continue
		}
		for _, packet := range packets {
			switch r := packet.(type) {
			case *rtcp.ReceiverReport:
				p.heed(r.Reports)
			case *rtcp.SenderReport:
				p.heed(r.Reports)
			}
		}
	}
}

// heed takes a report's blocks: from the round trip and the jitter follows when what we send is heard.
func (p *Peer) heed(blocks []rtcp.ReceptionReport) {
	for _, b := range blocks {
		if b.SSRC != p.far.ssrc.Load() {
			continue
		}
		jitter := time.Duration(b.Jitter) * time.Second / time.Duration(p.kind.Clock())
		p.far.jitter.Store(int64(jitter))
		p.far.loss.Store(uint32(b.FractionLost))
		if b.LastSenderReport != 0 {
			// RFC 3550 section 6.4.1: middle 32 bits of NTP time, in 1/65536 s.
			if rtt := int32(middleNTP(time.Now()) - b.LastSenderReport - b.Delay); rtt >= 0 {
				p.far.rtt.Store(int64(rtt) * int64(time.Second) / 65536)
			}
		}
		delay := time.Duration(p.far.rtt.Load())/2 + max(leastHold, 2*jitter)
		p.far.count.Add(1)
		p.out.report(min(delay, mostDelay), min(100, (int(b.FractionLost)*100+255)/256))
	}
}

// middleNTP is the middle of an NTP timestamp.
func middleNTP(t time.Time) uint32 {
	s := uint64(t.Unix()) + 2208988800 // from 1900
	f := uint64(t.Nanosecond()) << 32 / uint64(time.Second)
	return uint32((s<<32 | f) >> 16)
}

// Stats returns how the call's network does.
func (p *Peer) Stats() Stats {
	s := Stats{Codec: p.kind.String(), Reports: int(p.far.count.Load()), RoundTrip: time.Duration(p.far.rtt.Load()), RemoteJitter: time.Duration(p.far.jitter.Load()), RemoteLoss: float64(p.far.loss.Load()) / 256}
	in := p.in.Stats()
	s.PacketsReceived, s.BytesReceived, s.PacketsForeign = in.Packets, in.Bytes, in.Foreign
	s.PacketsLost, s.PacketsLate, s.BufferDelay, s.Jitter = in.Lost, in.Late, in.Delay, in.Jitter
	p.out.mu.Lock()
	s.PacketsSent, s.BytesSent, s.FramesLate = p.out.stats.packets, p.out.stats.bytes, p.out.stats.late
	p.out.mu.Unlock()
	if pair, err := p.pc.SCTP().Transport().ICETransport().GetSelectedCandidatePair(); err == nil && pair != nil {
		s.Transport, s.Remote = pair.Remote.Protocol.String(), net.JoinHostPort(pair.Remote.Address, strconv.Itoa(int(pair.Remote.Port)))
	}
	return s
}
