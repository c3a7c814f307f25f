package sip

import (
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/pion/sdp/v3"

	"griot/internal/fault"
	"griot/internal/live/transport/sound"
)

const (
	maxSDP      = 16 << 10
	maxSections = 16
)

// Direction says which way sound flows, seen from who wrote the SDP (RFC 3264 section 5.1).
type Direction uint8

// The directions.
const (
	SendRecv Direction = iota
	SendOnly
	RecvOnly
	Inactive
)

var directions = [...]string{"sendrecv", "sendonly", "recvonly", "inactive"}

// String returns the attribute's name.
func (d Direction) String() string { return directions[d] }

// answer is what may be answered at most to an offer with that direction.
func (d Direction) answer() Direction {
	return [...]Direction{SendRecv, RecvOnly, SendOnly, Inactive}[d]
}

// codec is one that both sides can speak, with the number that SDP gives it.
type codec struct {
	kind sound.Kind
	pt   uint8
}

// remote is what the far end's SDP says of sound.
type remote struct {
	addr     netip.AddrPort // where it takes sound; the address is unspecified for the hold of RFC 2543
	rtcp     netip.AddrPort
	mux      bool    // RTP and RTCP on one port (RFC 5761)
	codecs   []codec // that we speak, in its order
	keys     map[int]uint8
	dir      Direction
	secure   bool // RTP/SAVP
	cryptos  []crypto
	sections []section // of the whole description, so that each is answered
	audio    int       // which of them is the sound
}

// section is a media line, as far as its refusal needs it.
type section struct{ media, proto, format string }

// parse reads the SDP of a call. What cannot be a call is a fault.Invalid: "invalid_sdp", "sdp_without_audio", "no_common_codec", "sdp_without_key".
func parse(body []byte, speak []sound.Kind) (remote, error) {
	r := remote{audio: -1, keys: map[int]uint8{}}
	bad := func(code, format string, args ...any) (remote, error) {
		return r, fault.New(fault.Invalid, code, format, args...).At("sdp")
	}
	if len(body) == 0 || len(body) > maxSDP {
		return bad("invalid_sdp", "The SDP has %d bytes; it may have 1 to %d.", len(body), maxSDP)
	}
	var d sdp.SessionDescription
	if err := d.Unmarshal(body); err != nil {
		return bad("invalid_sdp", "The SDP cannot be read: %v.", err)
	}
	if len(d.MediaDescriptions) > maxSections {
		return bad("invalid_sdp", "The SDP has more than %d media sections.", maxSections)
	}
	for i, m := range d.MediaDescriptions {
		s := section{media: m.MediaName.Media, proto: strings.Join(m.MediaName.Protos, "/"), format: "0"}
		if len(m.MediaName.Formats) > 0 {
			s.format = m.MediaName.Formats[0]
		}
		r.sections = append(r.sections, s)
		if r.audio < 0 && s.media == "audio" && m.MediaName.Port.Value != 0 && rtpProfile(s.proto) {
			r.audio = i
		}
	}
	if r.audio < 0 {
		return bad("sdp_without_audio", "The SDP has no audio over RTP/AVP or RTP/SAVP.")
	}
	m := d.MediaDescriptions[r.audio]
	r.secure = strings.HasPrefix(r.sections[r.audio].proto, "RTP/SAVP")
	if err := r.address(&d, m); err != nil {
		return r, err
	}
	r.direction(&d, m)
	r.formats(m, speak)
	if len(r.codecs) == 0 {
		return bad("no_common_codec", "The SDP names none of the codecs spoken here: %v.", speak)
	}
	if r.secure {
		for _, a := range m.Attributes {
			if a.Key != "crypto" {
				continue
			}
			if c, ok := parseCrypto(a.Value); ok {
				r.cryptos = append(r.cryptos, c)
			}
		}
		if len(r.cryptos) == 0 {
			return bad("sdp_without_key", "The SDP asks for SRTP and has no a=crypto with a suite that is spoken here.")
		}
	}
	return r, nil
}

func rtpProfile(proto string) bool {
	return slices.Contains([]string{"RTP/AVP", "RTP/AVPF", "RTP/SAVP", "RTP/SAVPF"}, proto)
}

// address reads where sound goes.
func (r *remote) address(d *sdp.SessionDescription, m *sdp.MediaDescription) error {
	c := m.ConnectionInformation
	if c == nil {
		c = d.ConnectionInformation
	}
	if c == nil || c.Address == nil {
		return fault.New(fault.Invalid, "invalid_sdp", "The SDP has no c= line for its audio.").At("sdp")
	}
	host, _, _ := strings.Cut(c.Address.Address, "/")
	ip, err := netip.ParseAddr(host)
	if err != nil || ip.IsMulticast() || ip.Zone() != "" {
		return fault.New(fault.Invalid, "invalid_sdp", "The SDP's c= line has %q, which is not the address of one machine.", c.Address.Address).At("sdp")
	}
	port := m.MediaName.Port.Value
	if port < 1 || port > 65535 {
		return fault.New(fault.Invalid, "invalid_sdp", "The SDP's audio has port %d.", port).At("sdp")
	}
	ip = ip.Unmap()
	r.addr = netip.AddrPortFrom(ip, uint16(port))
	_, r.mux = m.Attribute("rtcp-mux")
	r.rtcp = netip.AddrPortFrom(ip, uint16(min(port+1, 65535)))
	if v, ok := m.Attribute("rtcp"); ok { // RFC 3605: a port, and perhaps an address
		f := strings.Fields(v)
		if len(f) > 0 {
			if n, err := strconv.ParseUint(f[0], 10, 16); err == nil && n > 0 {
				r.rtcp = netip.AddrPortFrom(ip, uint16(n))
			}
		}
		if len(f) == 4 {
			if other, err := netip.ParseAddr(f[3]); err == nil && other.Zone() == "" {
				r.rtcp = netip.AddrPortFrom(other.Unmap(), r.rtcp.Port())
			}
		}
	}
	if r.mux {
		r.rtcp = r.addr
	}
	return nil
}

// direction reads which way sound flows. An address of zero is a hold too (RFC 2543).
func (r *remote) direction(d *sdp.SessionDescription, m *sdp.MediaDescription) {
	for i, name := range directions {
		if _, ok := d.Attribute(name); ok {
			r.dir = Direction(i)
		}
	}
	for i, name := range directions {
		if _, ok := m.Attribute(name); ok {
			r.dir = Direction(i)
		}
	}
	if r.addr.Addr().IsUnspecified() && r.dir != Inactive {
		r.dir = SendOnly
	}
}

// formats reads the codecs, in their order, and the numbers of keys by their clock.
func (r *remote) formats(m *sdp.MediaDescription, speak []sound.Kind) {
	names := map[string]string{"0": "PCMU/8000", "8": "PCMA/8000"} // RFC 3551 section 6, also without a=rtpmap
	for _, a := range m.Attributes {
		if pt, name, ok := strings.Cut(a.Value, " "); ok && a.Key == "rtpmap" {
			names[pt] = strings.TrimSpace(name)
		}
	}
	for _, f := range m.MediaName.Formats {
		n, err := strconv.ParseUint(f, 10, 7)
		if err != nil {
			continue
		}
		name, rest, _ := strings.Cut(names[f], "/")
		clock, _, _ := strings.Cut(rest, "/")
		hz, err := strconv.Atoi(clock)
		if err != nil {
			continue
		}
		if strings.EqualFold(name, "telephone-event") {
			if _, known := r.keys[hz]; !known {
				r.keys[hz] = uint8(n)
			}
			continue
		}
		if k := sound.KindOf(name); k != sound.None && hz == k.Clock() && slices.Contains(speak, k) {
			r.codecs = append(r.codecs, codec{k, uint8(n)})
		}
	}
}

// keysFor returns the number of keys that go with a codec, and their clock; 0 where the far end takes none.
func (r *remote) keysFor(k sound.Kind) (pt uint8, clock int) {
	if pt, ok := r.keys[k.Clock()]; ok {
		return pt, k.Clock()
	}
	for _, hz := range []int{8000, 48000} {
		if pt, ok := r.keys[hz]; ok {
			return pt, hz
		}
	}
	return 0, 0
}

// local is what we write into our SDP.
type local struct {
	addr     netip.AddrPort
	id       uint64 // of the session (o=)
	version  uint64 // grows with every change
	codecs   []codec
	keys     map[uint8]int // numbers of keys, with their clocks
	dir      Direction
	secure   bool
	crypto   []crypto
	mux      bool
	sections []section // of the offer that is answered; nil for an offer
	audio    int
}

// write makes the SDP.
func (l *local) write() []byte {
	b := make([]byte, 0, 512)
	family := "IP4"
	if l.addr.Addr().Is6() {
		family = "IP6"
	}
	line := func(parts ...string) {
		for _, p := range parts {
			b = append(b, p...)
		}
		b = append(b, '\r', '\n')
	}
	host := l.addr.Addr().String()
	line("v=0")
	line("o=griot ", strconv.FormatUint(l.id, 10), " ", strconv.FormatUint(l.version, 10), " IN ", family, " ", host)
	line("s=griot")
	line("c=IN ", family, " ", host)
	line("t=0 0")
	sections := l.sections
	if sections == nil {
		sections = []section{{media: "audio"}}
	}
	for i, s := range sections {
		if i != l.audio {
			line("m=", s.media, " 0 ", s.proto, " ", s.format)
			continue
		}
		proto := "RTP/AVP"
		if l.secure {
			proto = "RTP/SAVP"
		}
		if s.proto != "" {
			proto = s.proto
		}
		l.writeAudio(line, proto)
	}
	return b
}

func (l *local) writeAudio(line func(...string), proto string) {
	formats := ""
	for _, c := range l.codecs {
		formats += " " + strconv.Itoa(int(c.pt))
	}
	var keys []uint8
	for pt := range l.keys {
		keys = append(keys, pt)
	}
	slices.Sort(keys)
	for _, pt := range keys {
		formats += " " + strconv.Itoa(int(pt))
	}
	line("m=audio ", strconv.Itoa(int(l.addr.Port())), " ", proto, formats)
	for _, c := range l.codecs {
		pt := strconv.Itoa(int(c.pt))
		switch c.kind {
		case sound.Opus:
			line("a=rtpmap:", pt, " opus/48000/2") // always two channels here, whatever is sent (RFC 7587 section 7)
			line("a=fmtp:", pt, " useinbandfec=1;stereo=0")
		case sound.PCMU:
			line("a=rtpmap:", pt, " PCMU/8000")
		case sound.PCMA:
			line("a=rtpmap:", pt, " PCMA/8000")
		}
	}
	for _, pt := range keys {
		line("a=rtpmap:", strconv.Itoa(int(pt)), " telephone-event/", strconv.Itoa(l.keys[pt]))
		line("a=fmtp:", strconv.Itoa(int(pt)), " 0-15")
	}
	for _, c := range l.crypto {
		line("a=crypto:", c.String())
	}
	line("a=ptime:20")
	if l.mux {
		line("a=rtcp-mux")
	}
	line("a=", l.dir.String())
}
