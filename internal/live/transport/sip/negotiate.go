package sip

import (
	"bytes"
	"net/netip"

	"github.com/pion/srtp/v3"

	"griot/internal/fault"
	"griot/internal/live/transport/sound"
)

// agreement is the state of offers and answers (RFC 3264).
type agreement struct {
	id, version uint64
	last        []byte // our newest SDP, for the version to grow only when it changes
	codec       codec
	agreed      bool
	keys        map[uint8]int
	ours        []crypto // offered, or the one in use
	offered     map[uint8]sound.Kind
	theirs      remote
}

// Numbers of our offers: those of RFC 3551 for G.711, and usual ones for the rest.
const (
	opusPT     = 111
	keyPT8     = 101
	keyPT48    = 110
	replayable = 256 // packets that SRTP remembers against replays
)

// Answer takes an offer, also one in the middle of a call, and returns the answer. Faults are fault.Invalid with the reason: "invalid_sdp", "sdp_without_audio", "no_common_codec", "sdp_without_key",
// "srtp_required", "srtp_refused".
func (l *Leg) Answer(offer []byte) ([]byte, error) {
	l.talk.Lock()
	defer l.talk.Unlock()
	r, err := parse(offer, l.o.Codecs)
	if err != nil {
		return nil, err
	}
	if err := l.secured(r); err != nil {
		return nil, err
	}
	c := r.codecs[0]
	for _, other := range r.codecs { // what is being spoken stays
		if l.sdp.agreed && other.kind == l.sdp.codec.kind {
			c = other
			break
		}
	}
	keyPT, keyHz := r.keysFor(c.kind)
	our := local{addr: l.advertised(), id: l.sdp.id, codecs: []codec{c}, keys: map[uint8]int{}, dir: r.dir.answer(), secure: r.secure, mux: r.mux, sections: r.sections, audio: r.audio}
	if keyPT != 0 {
		our.keys[keyPT] = keyHz
	}
	var theirs, ours *crypto
	if r.secure {
		t := best(r.cryptos)
		theirs = &t
		mine := newCrypto(t.tag, t.suite)
		for _, used := range l.sdp.ours {
			if l.sdp.agreed && used.suite == t.suite {
				mine = used
				mine.tag = t.tag
			}
		}
		ours = &mine
		our.crypto = []crypto{mine}
	}
	if err := l.use(r, c, map[uint8]sound.Kind{c.pt: c.kind}, keyPT, keyHz, ours, theirs); err != nil {
		return nil, err
	}
	l.sdp.keys = our.keys
	return l.seal(our), nil
}

// Offer returns an offer: of everything that may be spoken, or, in the middle of a call, of what is being spoken.
func (l *Leg) Offer() []byte {
	l.talk.Lock()
	defer l.talk.Unlock()
	our := local{addr: l.advertised(), id: l.sdp.id, keys: map[uint8]int{}, secure: l.o.Security == Require, mux: false}
	switch {
	case l.sdp.agreed:
		our.codecs, our.keys = []codec{l.sdp.codec}, l.sdp.keys
		our.secure, our.crypto = l.sdp.theirs.secure, l.sdp.ours
		our.mux = l.sdp.theirs.mux
		l.sdp.offered = map[uint8]sound.Kind{l.sdp.codec.pt: l.sdp.codec.kind}
	default:
		l.sdp.offered = map[uint8]sound.Kind{}
		our.keys[keyPT8] = sound.G711Clock
		for _, k := range l.o.Codecs {
			c := codec{k, map[sound.Kind]uint8{sound.Opus: opusPT, sound.PCMU: 0, sound.PCMA: 8}[k]}
			our.codecs = append(our.codecs, c)
			l.sdp.offered[c.pt] = k
			if k == sound.Opus {
				our.keys[keyPT48] = sound.OpusClock
			}
		}
		if our.secure {
			l.sdp.ours = nil
			for i := range suites {
				l.sdp.ours = append(l.sdp.ours, newCrypto(string(rune('1'+i)), i))
			}
			our.crypto = l.sdp.ours
		}
		l.sdp.keys = our.keys
	}
	return l.seal(our)
}

// Accept takes the answer to our newest offer. Faults are those of Answer.
func (l *Leg) Accept(answer []byte) error {
	l.talk.Lock()
	defer l.talk.Unlock()
	r, err := parse(answer, l.o.Codecs)
	if err != nil {
		return err
	}
	if err := l.secured(r); err != nil {
		return err
	}
	var theirs, ours *crypto
	if r.secure {
		for _, t := range r.cryptos {
			for _, mine := range l.sdp.ours {
				if mine.tag == t.tag && mine.suite == t.suite {
					theirs, ours = &t, &mine
				}
			}
		}
		if theirs == nil {
			return fault.New(fault.Invalid, "sdp_without_key", "The SDP answer holds no key for a suite that was offered.").At("sdp")
		}
		l.sdp.ours = []crypto{*ours}
	}
	c := r.codecs[0]
	kinds := map[uint8]sound.Kind{c.pt: c.kind}
	for pt, k := range l.sdp.offered { // the numbers of our offer are what we are sent
		kinds[pt] = k
	}
	keyPT, keyHz := r.keysFor(c.kind)
	if l.sdp.keys[keyPT] != keyHz {
		keyPT, keyHz = 0, 0 // keys that were not offered
	}
	return l.use(r, c, kinds, keyPT, keyHz, ours, theirs)
}

// secured holds an SDP against what is asked of SRTP.
func (l *Leg) secured(r remote) error {
	switch {
	case l.o.Security == Require && !r.secure:
		return fault.New(fault.Invalid, "srtp_required", "Calls without SRTP are refused here.").At("sdp")
	case l.o.Security == Refuse && r.secure:
		return fault.New(fault.Invalid, "srtp_refused", "Calls with SRTP are refused here.").At("sdp")
	}
	return nil
}

// best returns the far end's line whose suite we like best.
func best(lines []crypto) crypto {
	b := lines[0]
	for _, c := range lines {
		if c.suite < b.suite {
			b = c
		}
	}
	return b
}

// use puts what was agreed on into effect. Called with talk held.
func (l *Leg) use(r remote, c codec, kinds map[uint8]sound.Kind, keyPT uint8, keyHz int, ours, theirs *crypto) error {
	l.mu.Lock()
	if l.format.Rate == 0 {
		l.format = c.kind.Format()
	}
	format, to := l.format, r.addr
	moved := r.addr != l.sdpAddr
	if !moved && l.source.IsValid() {
		to = l.source // behind a router: the SDP does not know
	}
	fresh := theirs != nil && (l.open.ctx == nil || !theirs.same(l.open.crypto))
	l.mu.Unlock()

	var seal, open *srtp.Context
	var err error
	if ours != nil && (len(l.sdp.ours) == 0 || !l.sdp.agreed || !ours.same(l.sdp.ours[0])) {
		if seal, err = ours.context(); err != nil {
			return err
		}
	}
	if fresh {
		if open, err = theirs.context(srtp.SRTPReplayProtection(replayable), srtp.SRTCPReplayProtection(replayable)); err != nil {
			return err
		}
	}
	mute := r.dir == SendOnly || r.dir == Inactive
	if err := l.out.agree(c, keyPT, keyHz, to, mute, seal, format); err != nil {
		return err
	}
	if ours != nil {
		l.sdp.ours = []crypto{*ours}
	}
	renumbered := !l.sdp.agreed || c != l.sdp.codec
	l.sdp.codec, l.sdp.theirs, l.sdp.agreed = c, r, true

	l.mu.Lock()
	defer l.mu.Unlock()
	l.clock, l.keyPT, l.deaf, l.mux = c.kind.Clock(), keyPT, mute, r.mux
	if moved { // sound will come from there
		l.sdpAddr, l.source, l.rtcpTo = r.addr, netip.AddrPort{}, r.rtcp
	}
	if open != nil {
		l.open = opener{ctx: open, crypto: *theirs, buf: make([]byte, 0, 2048)}
	}
	if renumbered {
		l.in.Agree(kinds)
	}
	return nil
}

// Held reports whether the far end has put us on hold.
func (l *Leg) Held() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.deaf
}

// advertised is where the far end sends to.
func (l *Leg) advertised() netip.AddrPort {
	port := uint16(l.o.Ports.first + 2*l.pair)
	return netip.AddrPortFrom(l.o.Advertise, port)
}

// seal writes our SDP; its version grows when it differs from the one before (RFC 3264 section 8).
func (l *Leg) seal(our local) []byte {
	our.version = l.sdp.version
	b := our.write()
	if l.sdp.last != nil && !bytes.Equal(b, l.sdp.last) {
		l.sdp.version++
		our.version = l.sdp.version
		b = our.write()
	}
	l.sdp.last = b
	return b
}
