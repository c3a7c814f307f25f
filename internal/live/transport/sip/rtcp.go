package sip

import (
	"encoding/binary"
	"time"

	"github.com/pion/rtcp"

	"griot/internal/live/transport/sound"
)

const (
	firstReport = 1 * time.Second
	reportEvery = 5 * time.Second // RFC 3550 section 6.2
	leastHold   = 40 * time.Millisecond
	mostDelay   = 500 * time.Millisecond
)

// reception counts the far end's packets for our reports (RFC 3550 appendix A.3). It is guarded by the leg's lock.
type reception struct {
	ssrc          uint32
	base, highest uint32 // with the rounds of the 16 bits
	begun         bool
	got           uint32
	gotBefore     uint32
	dueBefore     uint32
	senderNTP     uint32    // the middle of the newest sender report's time
	senderAt      time.Time // when that came
}

// count takes a packet.
func (r *reception) count(ssrc uint32, seq uint16) {
	if !r.begun || r.ssrc != ssrc {
		*r = reception{ssrc: ssrc, begun: true, base: uint32(seq), highest: uint32(seq), got: 1}
		return
	}
	r.got++
	if step := int16(seq - uint16(r.highest)); step > 0 {
		r.highest += uint32(step)
	}
}

// block writes a report block. Jitter is in units of the clock.
func (r *reception) block(b []byte, jitter uint32, now time.Time) []byte {
	due := r.highest - r.base + 1
	lost := int64(due) - int64(r.got)
	newDue, newGot := due-r.dueBefore, r.got-r.gotBefore
	r.dueBefore, r.gotBefore = due, r.got
	var fraction uint32
	if newDue > newGot && newDue > 0 {
		fraction = (newDue - newGot) << 8 / newDue
	}
	b = binary.BigEndian.AppendUint32(b, r.ssrc)
	b = binary.BigEndian.AppendUint32(b, min(fraction, 255)<<24|uint32(min(max(lost, 0), 1<<23-1)))
	b = binary.BigEndian.AppendUint32(b, r.highest)
	b = binary.BigEndian.AppendUint32(b, jitter)
	b = binary.BigEndian.AppendUint32(b, r.senderNTP)
	var since uint32
	if !r.senderAt.IsZero() {
		since = uint32(now.Sub(r.senderAt) * 65536 / time.Second)
	}
	return binary.BigEndian.AppendUint32(b, since)
}

// ntp is a time as reports have it: seconds since 1900, and their fraction.
func ntp(t time.Time) uint64 {
	s := uint64(t.Unix()) + 2208988800
	return s<<32 | uint64(t.Nanosecond())<<32/uint64(time.Second)
}

// report sends what is due of our reports.
func (l *Leg) report(now time.Time) {
	if now.Before(l.reportAt) {
		return
	}
	l.reportAt = now.Add(reportEvery)
	l.reportBuf = l.sendReport(l.reportBuf[:0], now, false)
}

// sendReport sends a compound packet: sender report with a block on the far end, our name, and, at the end, good-bye. It is made in b, which is returned.
func (l *Leg) sendReport(b []byte, now time.Time, bye bool) []byte {
	l.out.mu.Lock()
	ssrc, stamp, packets, bytes, kind, seal := l.out.ssrc, l.out.stamp, l.out.packets, l.out.bytes, l.out.kind, l.out.seal
	l.out.mu.Unlock()
	if kind == sound.None {
		return b // nothing is agreed on
	}
	l.mu.Lock()
	blocks := byte(0)
	if l.got.begun {
		blocks = 1
	}
	b = append(b, 0x80|blocks, 200, 0, 6+6*blocks)
	b = binary.BigEndian.AppendUint32(b, ssrc)
	b = binary.BigEndian.AppendUint64(b, ntp(now))
	b = binary.BigEndian.AppendUint32(b, stamp)
	b = binary.BigEndian.AppendUint32(b, packets)
	b = binary.BigEndian.AppendUint32(b, bytes)
	if blocks > 0 {
		jitter := l.in.Stats().Jitter * time.Duration(kind.Clock()) / time.Second
		b = l.got.block(b, uint32(jitter), now)
	}
	to, mux := l.rtcpTo, l.mux
	l.mu.Unlock()
	// Our name is our stream's number: it tells nothing about this machine (RFC 7022).
	b = append(b, 0x81, 202, 0, 4)
	b = binary.BigEndian.AppendUint32(b, ssrc)
	b = append(b, 1, 8)
	for shift := 28; shift >= 0; shift -= 4 {
		b = append(b, "0123456789abcdef"[ssrc>>shift&15])
	}
	b = append(b, 0, 0)
	if bye {
		b = append(b, 0x81, 203, 0, 1)
		b = binary.BigEndian.AppendUint32(b, ssrc)
	}
	if !to.IsValid() || to.Addr().IsUnspecified() {
		return b
	}
	packet := b
	if seal != nil {
		l.out.mu.Lock() // the key's counters are shared with sound
		sealed, err := seal.EncryptRTCP(nil, b, nil)
		l.out.mu.Unlock()
		if err != nil {
			return b
		}
		packet = sealed
	}
	conn := l.rtcp
	if mux {
		conn = l.rtp
	}
	_, _ = conn.WriteToUDPAddrPort(packet, to) // a report that is lost is followed by another
	return b
}

// control takes the far end's reports.
func (l *Leg) control(b []byte, now time.Time) {
	packets, err := rtcp.Unmarshal(b)
	if err != nil {
		return
	}
	for _, packet := range packets {
		switch r := packet.(type) {
		case *rtcp.SenderReport:
			l.mu.Lock()
			if l.got.begun && r.SSRC == l.got.ssrc {
				l.got.senderNTP, l.got.senderAt = uint32(r.NTPTime>>16), now
			}
			l.mu.Unlock()
			l.heed(r.Reports, now)
		case *rtcp.ReceiverReport:
			l.heed(r.Reports, now)
		}
	}
}

// heed takes a report's blocks: from the round trip and the jitter follows when what we send is heard.
func (l *Leg) heed(blocks []rtcp.ReceptionReport, now time.Time) {
	for _, b := range blocks {
		if b.SSRC != l.out.ssrc {
			continue
		}
		l.mu.Lock()
		l.far.count++
		l.far.loss = b.FractionLost
		l.far.jitter = time.Duration(b.Jitter) * time.Second / time.Duration(max(l.clock, 1))
		if b.LastSenderReport != 0 { // RFC 3550 section 6.4.1: the middle 32 bits of the time, in 1/65536 s
			if rtt := int32(uint32(ntp(now)>>16) - b.LastSenderReport - b.Delay); rtt >= 0 && rtt < 65536*10 {
				l.far.rtt = time.Duration(rtt) * time.Second / 65536
			}
		}
		delay := min(l.far.rtt/2+max(leastHold, 2*l.far.jitter), mostDelay)
		l.mu.Unlock()
		l.out.report(delay, min(100, (int(b.FractionLost)*100+255)/256))
	}
}
