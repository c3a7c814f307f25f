package sip

import (
	"net/netip"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// Whatever an offer holds, it is refused, or answered by what our own parser takes.
func FuzzSDP(f *testing.F) {
	f.Add(offer("m=audio 4000 RTP/AVP 0 101", "a=rtpmap:101 telephone-event/8000", "a=sendonly"))
	f.Add(offer("m=video 1 RTP/AVP 3", "m=audio 4000 RTP/SAVP 8", "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:WVNfX19zZW1jdGwgKCkgewkyMjA7fQp9CnVubGVz|2^20"))
	f.Add(offer("m=audio 4000 RTP/AVP 0", "a=rtcp:5 IN IP6 ::1", "a=rtcp-mux", "a=ptime:30"))
	l := leg(f, nil)
	f.Fuzz(func(t *testing.T, b []byte) {
		answer, err := l.Answer(b)
		if err != nil {
			return
		}
		_, err = parse(answer, g711)
		require.NoError(t, err, "%q answered by %q", b, answer)
	})
}

// Whatever comes as a packet, of sound or of a report, does no harm.
func FuzzPacket(f *testing.F) {
	f.Add(packet(0, 1, 160, 1, make([]byte, 160)))
	f.Add(packet(101, 1, 160, 1, []byte{1, 0x8a, 0, 160}))
	f.Add([]byte{0xb0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 1, 0xbe, 0xde, 0, 1, 0, 0, 0, 0, 4})
	f.Add([]byte{0x80, 200, 0, 6, 0, 0, 0, 1})
	plain, sealed := leg(f, nil), leg(f, nil)
	_, err := plain.Answer(offer("m=audio 4000 RTP/AVP 0 101", "a=rtpmap:101 telephone-event/8000"))
	require.NoError(f, err)
	_, err = sealed.Answer(offer("m=audio 4000 RTP/SAVP 0", "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:WVNfX19zZW1jdGwgKCkgewkyMjA7fQp9CnVubGVz"))
	require.NoError(f, err)
	far := netip.MustParseAddrPort("127.0.0.1:4000")
	f.Fuzz(func(t *testing.T, b []byte) {
		for _, l := range []*Leg{plain, sealed} {
			l.packet(append([]byte(nil), b...), far, time.Now())
			l.rtcpPacket(append([]byte(nil), b...), far, time.Now())
			if l.Stats().Packets > 0 {
				require.Len(t, l.in.Pull().PCM, 160)
			}
		}
	})
}
