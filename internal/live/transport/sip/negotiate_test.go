package sip

import (
	"net/netip"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"griot/internal/fault"
	"griot/internal/live/transport/sound"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var loopback = netip.AddrFrom4([4]byte{127, 0, 0, 1})

var g711 = []sound.Kind{sound.PCMU, sound.PCMA}

func ports(t testing.TB) *Ports {
	t.Helper()
	p, err := NewPorts(21000, 21999)
	require.NoError(t, err)
	return p
}

func leg(t testing.TB, change func(*Options)) *Leg {
	t.Helper()
	o := Options{ID: "tel_1", Remote: "100", Ports: ports(t), Bind: loopback, Peer: loopback, Codecs: g711}
	if change != nil {
		change(&o)
	}
	l, err := Open(o)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, l.Close("")) })
	return l
}

func text(lines ...string) []byte { return []byte(strings.Join(lines, "\r\n") + "\r\n") }

var plain = []string{"v=0", "o=- 1 1 IN IP4 127.0.0.1", "s=-", "c=IN IP4 127.0.0.1", "t=0 0"}

func offer(lines ...string) []byte { return text(append(append([]string{}, plain...), lines...)...) }

// Offers of telephones as they are in the field get the answer that lets both sides speak.
func TestAnswer(t *testing.T) {
	for name, c := range map[string]struct {
		offer []byte
		want  []string
		never []string
		held  bool
	}{
		"the first codec of theirs": {offer("m=audio 4000 RTP/AVP 8 0 101", "a=rtpmap:101 telephone-event/8000"),
			[]string{" RTP/AVP 8 101\r\n", "a=rtpmap:8 PCMA/8000", "a=rtpmap:101 telephone-event/8000", "a=fmtp:101 0-15", "a=sendrecv", "a=ptime:20"}, []string{"PCMU", "crypto"}, false},
		"no keys":               {offer("m=audio 4000 RTP/AVP 0"), []string{" RTP/AVP 0\r\n"}, []string{"telephone-event"}, false},
		"unknown codecs before": {offer("m=audio 4000 RTP/AVP 18 9 96 0", "a=rtpmap:96 iLBC/8000"), []string{" RTP/AVP 0\r\n"}, nil, false},
		"hold":                  {offer("m=audio 4000 RTP/AVP 0", "a=sendonly"), []string{"a=recvonly"}, nil, true},
		"hold of the whole":     {text(append(append([]string{}, plain...), "a=inactive", "m=audio 4000 RTP/AVP 0")...), []string{"a=inactive"}, nil, true},
		"hold of old":           {text("v=0", "o=- 1 1 IN IP4 127.0.0.1", "s=-", "c=IN IP4 0.0.0.0", "t=0 0", "m=audio 4000 RTP/AVP 0"), []string{"a=recvonly"}, nil, true},
		"listens only":          {offer("m=audio 4000 RTP/AVP 0", "a=recvonly"), []string{"a=sendonly"}, nil, false},
		"video is refused":      {offer("m=video 4002 RTP/AVP 97", "a=rtpmap:97 H264/90000", "m=audio 4000 RTP/AVP 0"), []string{"m=video 0 RTP/AVP 97\r\nm=audio 2"}, nil, false},
		"one port for all":      {offer("m=audio 4000 RTP/AVP 0", "a=rtcp-mux"), []string{"a=rtcp-mux"}, nil, false},
		"profile with feedback": {offer("m=audio 4000 RTP/AVPF 0"), []string{"RTP/AVPF 0"}, nil, false},
	} {
		t.Run(name, func(t *testing.T) {
			l := leg(t, nil)
			answer, err := l.Answer(c.offer)
			require.NoError(t, err)
			for _, w := range c.want {
				require.Contains(t, string(answer), w)
			}
			for _, n := range c.never {
				require.NotContains(t, string(answer), n)
			}
			require.Equal(t, c.held, l.Held())
			require.Equal(t, 8000, l.Info().Out.Rate)
		})
	}
}

// What cannot be a call is refused with the reason.
func TestBadOffers(t *testing.T) {
	for name, c := range map[string]struct {
		offer []byte
		code  string
	}{
		"empty":          {nil, "invalid_sdp"},
		"garbage":        {[]byte("hello"), "invalid_sdp"},
		"too long":       {[]byte(strings.Repeat("a", maxSDP+1)), "invalid_sdp"},
		"no audio":       {offer("m=video 4000 RTP/AVP 97"), "sdp_without_audio"},
		"audio refused":  {offer("m=audio 0 RTP/AVP 0"), "sdp_without_audio"},
		"over TCP":       {offer("m=audio 4000 TCP/RTP/AVP 0"), "sdp_without_audio"},
		"other codecs":   {offer("m=audio 4000 RTP/AVP 18 9"), "no_common_codec"},
		"keys only":      {offer("m=audio 4000 RTP/AVP 101", "a=rtpmap:101 telephone-event/8000"), "no_common_codec"},
		"a name":         {text("v=0", "o=- 1 1 IN IP4 x", "s=-", "c=IN IP4 phone.example", "t=0 0", "m=audio 4000 RTP/AVP 0"), "invalid_sdp"},
		"multicast":      {text("v=0", "o=- 1 1 IN IP4 1.1.1.1", "s=-", "c=IN IP4 224.1.1.1/127", "t=0 0", "m=audio 4000 RTP/AVP 0"), "invalid_sdp"},
		"nowhere":        {text("v=0", "o=- 1 1 IN IP4 1.1.1.1", "s=-", "t=0 0", "m=audio 4000 RTP/AVP 0"), "invalid_sdp"},
		"SRTP, no key":   {offer("m=audio 4000 RTP/SAVP 0"), "sdp_without_key"},
		"SRTP, odd key":  {offer("m=audio 4000 RTP/SAVP 0", "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:AAAA"), "sdp_without_key"},
		"SRTP, odd name": {offer("m=audio 4000 RTP/SAVP 0", "a=crypto:1 AES_CM_256_HMAC_SHA1_80 inline:WVNfX19zZW1jdGwgKCkgewkyMjA7fQp9CnVubGVz"), "sdp_without_key"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := leg(t, nil).Answer(c.offer)
			require.Equal(t, fault.Invalid, fault.KindOf(err), "%v", err)
			require.Equal(t, c.code, fault.CodeOf(err))
		})
	}
	_, err := leg(t, func(o *Options) { o.Security = Require }).Answer(offer("m=audio 4000 RTP/AVP 0"))
	require.Equal(t, "srtp_required", fault.CodeOf(err))
	_, err = leg(t, func(o *Options) { o.Security = Refuse }).Answer(offer("m=audio 4000 RTP/SAVP 0", "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:WVNfX19zZW1jdGwgKCkgewkyMjA7fQp9CnVubGVz"))
	require.Equal(t, "srtp_refused", fault.CodeOf(err))
}

// The version of our SDP grows when it changes, and only then (RFC 3264 section 8); the codec that is being spoken stays.
func TestVersions(t *testing.T) {
	l := leg(t, nil)
	origin := func(b []byte) string {
		line, _, _ := strings.Cut(strings.SplitN(string(b), "\r\n", 3)[1], " IN ")
		return line
	}
	one, err := l.Answer(offer("m=audio 4000 RTP/AVP 0 8"))
	require.NoError(t, err)
	again, err := l.Answer(offer("m=audio 4000 RTP/AVP 0 8"))
	require.NoError(t, err)
	require.Equal(t, string(one), string(again))
	held, err := l.Answer(offer("m=audio 4000 RTP/AVP 8 0", "a=sendonly"))
	require.NoError(t, err)
	require.NotEqual(t, origin(one), origin(held))
	require.Contains(t, string(held), " RTP/AVP 0\r\n")
	require.Contains(t, string(l.Offer()), " RTP/AVP 0\r\n", "a sign of life offers what is being spoken")
}

// Two legs agree by offer and answer, sealed or not.
func TestOfferAndAccept(t *testing.T) {
	for name, s := range map[string]Security{"plain": Accept, "sealed": Require} {
		t.Run(name, func(t *testing.T) {
			a, b := leg(t, func(o *Options) { o.Security = s }), leg(t, nil)
			o := a.Offer()
			require.Equal(t, s == Require, strings.Contains(string(o), "RTP/SAVP"))
			answer, err := b.Answer(o)
			require.NoError(t, err)
			require.NoError(t, a.Accept(answer))
			require.Equal(t, s == Require, a.Stats().Secure)
			require.Equal(t, s == Require, b.Stats().Secure)
			require.Equal(t, "pcmu", a.Stats().Codec)
		})
	}
	a := leg(t, func(o *Options) { o.Security = Require })
	a.Offer()
	err := a.Accept(offer("m=audio 4000 RTP/SAVP 0", "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:WVNfX19zZW1jdGwgKCkgewkyMjA7fQp9CnVubGVz"))
	require.Equal(t, "sdp_without_key", fault.CodeOf(err), "the tag of another suite")
}

func TestPorts(t *testing.T) {
	_, err := NewPorts(5000, 5000)
	require.Equal(t, fault.Invalid, fault.KindOf(err))
	p, err := NewPorts(21001, 21005) // 21002 and 21004 are even
	require.NoError(t, err)
	require.Equal(t, 2, p.Calls())
	open := func() (*Leg, error) { return Open(Options{Ports: p, Bind: loopback, Codecs: g711}) }
	a, err := open()
	require.NoError(t, err)
	b, err := open()
	require.NoError(t, err)
	_, err = open()
	require.Equal(t, "no_ports", fault.CodeOf(err))
	require.Equal(t, fault.Limited, fault.KindOf(err))
	require.NoError(t, a.Close(""))
	c, err := open()
	require.NoError(t, err)
	require.NoError(t, b.Close(""))
	require.NoError(t, c.Close(""))

	for _, o := range []struct {
		first, last    int
		free, reserved string
		from, to       int
		overlaps       bool
	}{
		{10000, 14999, "32768\t60999\n", "", 0, 0, false},
		{30000, 40000, "32768\t60999\n", "", 32768, 40000, true},
		{30000, 40000, "32768\t60999\n", "32768-39999\n", 40000, 40000, true},
		{30000, 40000, "32768\t60999\n", "1,30000-50000\n", 0, 0, false},
		{30000, 40000, "nonsense", "", 0, 0, false},
	} {
		from, to, overlaps := overlap(o.first, o.last, o.free, o.reserved)
		require.Equal(t, []any{o.from, o.to, o.overlaps}, []any{from, to, overlaps}, "%+v", o)
	}
}
