package webrtc_test

import (
	"context"
	"net/netip"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	pion "github.com/pion/webrtc/v4"
	"github.com/stretchr/testify/require"

	"griot/internal/event"
	"griot/internal/fault"
	"griot/internal/live/transport"
	"griot/internal/live/transport/webrtc"
	"griot/internal/live/transport/webrtc/webrtctest"
	"griot/internal/media"
	"griot/internal/media/mediatest"
)

// The answer is complete: every candidate on the one UDP port and the TCP port, our codecs, and the channel.
func TestAnswer(t *testing.T) {
	needOpus(t)
	hub := newHub(t, webrtc.Options{Public: []netip.Addr{netip.MustParseAddr("203.0.113.7")}})
	c := webrtctest.New(t, webrtctest.Options{Codec: "pcmu"})
	offer := c.Offer()
	p, answer, err := hub.Answer(t.Context(), webrtc.Offer{SDP: "\n" + offer})
	require.NoError(t, err)
	defer p.Close("")
	require.NotContains(t, offer, "a=candidate", "browsers offer before they know their addresses")
	candidates := regexp.MustCompile(`(?m)^a=candidate:\S+ 1 (udp|tcp) \d+ (\S+) (\d+) typ host( tcptype passive)?`).FindAllStringSubmatch(answer, -1)
	seen := map[string]bool{}
	for _, m := range candidates {
		want := hub.UDPPort()
		if m[1] == "tcp" {
			want = hub.TCPPort()
			require.NotEmpty(t, m[4])
		}
		require.Equal(t, strconv.Itoa(want), m[3], "%s", m[0])
		seen[m[1]+" "+m[2]] = true
	}
	for _, want := range []string{"udp 127.0.0.1", "tcp 127.0.0.1", "udp 203.0.113.7", "tcp 203.0.113.7"} {
		require.True(t, seen[want], "%s in\n%s", want, answer)
	}
	for _, want := range []string{"a=end-of-candidates", "a=setup:active", "a=rtcp-mux", "a=sctp-port:5000", "a=max-message-size:262144", "a=rtpmap:0 PCMU/8000", "m=application", "a=sendrecv"} {
		require.Contains(t, answer, want)
	}
	require.Equal(t, media.Mono(8000), p.Info().Out)
}

// What a browser offers is answered with Opus first, its error correction on, and video refused.
func TestAnswerToABrowser(t *testing.T) {
	needOpus(t)
	hub := newHub(t, webrtc.Options{TCPPort: -1, Listen: []netip.Addr{netip.MustParseAddr("127.0.0.1")}})
	require.Equal(t, -1, hub.TCPPort())
	p, answer, err := hub.Answer(t.Context(), webrtc.Offer{SDP: chromeOffer})
	require.NoError(t, err)
	defer p.Close("")
	require.Regexp(t, `(?m)^m=audio 9 UDP/TLS/RTP/SAVPF 111 0 8\r$`, answer)
	require.Contains(t, answer, "a=rtpmap:111 opus/48000/2")
	require.Regexp(t, `a=fmtp:111 .*useinbandfec=1`, answer)
	require.Regexp(t, `(?m)^m=video 0 `, answer)
	require.Len(t, regexp.MustCompile(`a=candidate:\S+ 1 `).FindAllString(answer, -1), 1, "loopback only")
	require.Equal(t, media.Mono(24000), p.Info().In)

	narrow := newHub(t, webrtc.Options{NoOpus: true})
	q, answer, err := narrow.Answer(t.Context(), webrtc.Offer{SDP: chromeOffer})
	require.NoError(t, err)
	defer q.Close("")
	require.Regexp(t, `(?m)^m=audio 9 UDP/TLS/RTP/SAVPF 0 8\r$`, answer)
	require.False(t, narrow.Opus())
	require.Equal(t, media.Mono(8000), q.Info().In)
}

// Each offer that cannot become a call is refused with the reason.
func TestBadOffers(t *testing.T) {
	hub := newHub(t, webrtc.Options{})
	without := func(re string) string {
		return regexp.MustCompile(`(?m)^`+re+`.*\r\n`).ReplaceAllString(chromeOffer, "")
	}
	for name, c := range map[string]struct{ sdp, code string }{
		"empty":             {"", "invalid_sdp"},
		"garbage":           {"this is no SDP", "invalid_sdp"},
		"half a line":       {"v=0\r\no=", "invalid_sdp"},
		"too long":          {chromeOffer + strings.Repeat("a=x:y\r\n", 20000), "invalid_sdp"},
		"too many sections": {chromeOffer + strings.Repeat("m=audio 9 UDP/TLS/RTP/SAVPF 0\r\n", 20), "invalid_sdp"},
		"no ICE":            {without("a=ice-"), "invalid_sdp"},
		"no fingerprint":    {without("a=fingerprint"), "invalid_sdp"},
		"no audio":          {strings.Replace(chromeOffer, "m=audio 9", "m=video 9", 1), "sdp_without_audio"},
		"audio rejected":    {strings.Replace(chromeOffer, "m=audio 9", "m=audio 0", 1), "sdp_without_audio"},
		"audio inactive":    {strings.Replace(chromeOffer, "a=sendrecv", "a=inactive", 1), "sdp_without_audio"},
		"foreign codec":     {regexp.MustCompile(`m=audio 9 UDP/TLS/RTP/SAVPF .*`).ReplaceAllString(chromeOffer, "m=audio 9 UDP/TLS/RTP/SAVPF 9\r"), "no_common_codec"},
		"wrong fingerprint": {regexp.MustCompile(`sha-256 .*`).ReplaceAllString(chromeOffer, "sha-256 XX:YY\r"), ""},
		"short password":    {regexp.MustCompile(`a=ice-pwd:.*`).ReplaceAllString(chromeOffer, "a=ice-pwd:x\r"), ""},
	} {
		t.Run(name, func(t *testing.T) {
			p, _, err := hub.Answer(t.Context(), webrtc.Offer{SDP: c.sdp})
			if c.code == "" { // nobody can connect with it; what matters is that nothing breaks
				if err == nil {
					require.NoError(t, p.Close(""))
				}
				return
			}
			require.Equal(t, c.code, fault.CodeOf(err), "%v", err)
			require.Equal(t, fault.Invalid, fault.KindOf(err))
			require.Equal(t, c.code, fault.CodeOf(webrtc.Check(c.sdp)))
		})
	}
}

// A caller that never connects is given up, and one that leaves ends the call.
func TestReady(t *testing.T) {
	hub := newHub(t, webrtc.Options{})
	silent := webrtctest.New(t, webrtctest.Options{Codec: "pcmu"})
	p, _, err := hub.Answer(t.Context(), webrtc.Offer{SDP: silent.Offer()})
	require.NoError(t, err)
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	_, err = p.Ready(ctx)
	cancel()
	require.Equal(t, "never_connected", fault.CodeOf(err))
	require.NoError(t, p.Close(""))
	_, err = p.Ready(t.Context())
	require.Equal(t, "connection_closed", fault.CodeOf(err))

	c := webrtctest.New(t, webrtctest.Options{Codec: "pcmu", NoChannel: true})
	p, ch := connect(t, hub, c)
	require.Nil(t, ch)
	c.HangUp()
	var in transport.Inbound
	for err == nil || fault.CodeOf(err) == "connection_closed" {
		err = p.Recv(t.Context(), &in)
	}
	require.ErrorContains(t, err, "EOF")
	<-p.Gone()
}

// A caller whose network changes makes a new offer, and the call goes on.
func TestRestart(t *testing.T) {
	hub := newHub(t, webrtc.Options{})
	c := webrtctest.New(t, webrtctest.Options{Codec: "pcma", Complete: true})
	p, ch := connect(t, hub, c)
	old := c.PC.CurrentRemoteDescription().SDP
	answer, err := p.Restart(t.Context(), c.RestartOffer())
	require.NoError(t, err)
	ufrag := regexp.MustCompile(`a=ice-ufrag:\S+`)
	require.NotEqual(t, ufrag.FindString(old), ufrag.FindString(answer))
	c.Accept(answer)
	before := time.Now()
	say(t, p, 1, mediatest.Voice(300*time.Millisecond, 8000))
	c.WaitSound(before)
	require.NoError(t, ch.Send(func(dst []byte) []byte { return append(dst, `{"type":"still here"}`...) }))
	c.Wait("still here")
	_, err = p.Restart(t.Context(), "nonsense")
	require.Equal(t, "invalid_sdp", fault.CodeOf(err))
	require.NoError(t, p.Close(""))
	_, err = p.Restart(t.Context(), answer)
	require.Error(t, err)
}

// Losses are covered, and the far end's reports of our own stream are heeded.
func TestLossAndReports(t *testing.T) {
	needOpus(t)
	hub := newHub(t, webrtc.Options{})
	c := webrtctest.New(t, webrtctest.Options{Drop: func(seq uint16) bool { return seq%10 == 0 }})
	p, _ := connect(t, hub, c)
	c.Say(mediatest.Voice(2*time.Second, c.Rate))
	loud, quiet := 0, 0
	var in transport.Inbound
	for loud < 80 {
		require.NoError(t, p.Recv(t.Context(), &in))
		if (webrtctest.Frame{PCM: in.Frame.PCM}).Level() > webrtctest.Audible {
			loud++
		} else if loud > 0 {
			quiet++
		}
	}
	require.LessOrEqual(t, quiet, 4, "losses leave no holes")
	require.InDelta(t, 8, p.Stats().PacketsLost, 6)
	for g := event.Gen(1); p.Stats().Reports == 0; g++ { // the first report comes within seconds
		say(t, p, g, mediatest.Voice(200*time.Millisecond, p.Info().Out.Rate))
	}
	require.Less(t, p.Stats().RoundTrip, 500*time.Millisecond)
	require.Zero(t, p.Stats().RemoteLoss)
}

// The channel carries messages of up to 256 KiB each way, and says when one is longer.
func TestLongMessages(t *testing.T) {
	hub := newHub(t, webrtc.Options{})
	c := webrtctest.New(t, webrtctest.Options{Codec: "pcmu"})
	_, ch := connect(t, hub, c)
	require.Equal(t, "oai-events", ch.Label())
	text := strings.Repeat("é", 100<<10)
	c.Send(`{"type":"` + text + `"}`)
	raw, _, err := ch.Read(t.Context())
	require.NoError(t, err)
	require.Len(t, raw, len(text)+len(`{"type":""}`))
	require.NoError(t, ch.Send(func(dst []byte) []byte {
		return append(append(append(dst, `{"type":"long","text":"`...), text[:60<<10]...), `"}`...)
	}))
	require.Len(t, c.Wait("long").Raw, 60<<10+len(`{"type":"long","text":""}`))
	require.NoError(t, ch.Send(func(dst []byte) []byte { return dst }), "an event that this client has no word for")

	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, _, err = ch.Read(ctx)
	require.ErrorIs(t, err, context.Canceled)
	require.NoError(t, ch.Close(""))
	require.NoError(t, ch.Close(""))
	require.Equal(t, "connection_closed", fault.CodeOf(ch.Send(func(dst []byte) []byte { return append(dst, 'x') })))
}

// A port that is taken is named.
func TestPortInUse(t *testing.T) {
	hub := newHub(t, webrtc.Options{})
	_, err := webrtc.New(webrtc.Options{UDPPort: hub.UDPPort(), TCPPort: -1})
	require.Equal(t, "port_in_use", fault.CodeOf(err))
	_, err = webrtc.New(webrtc.Options{TCPPort: hub.TCPPort()})
	require.Equal(t, "port_in_use", fault.CodeOf(err))
	two := newHub(t, webrtc.Options{Listen: []netip.Addr{netip.MustParseAddr("127.0.0.1"), netip.MustParseAddr("127.0.0.2")}})
	p, answer, err := two.Answer(t.Context(), webrtc.Offer{SDP: chromeOffer})
	require.NoError(t, err)
	require.NoError(t, p.Close(""))
	require.Len(t, regexp.MustCompile(`a=candidate:\S+ 1 (udp|tcp) \d+ 127.0.0.[12] `).FindAllString(answer, -1), 3, "UDP on each, TCP on the one that an interface names:\n%s", answer)
	_, err = webrtc.New(webrtc.Options{Listen: []netip.Addr{netip.MustParseAddr("127.0.0.3"), netip.MustParseAddr("127.0.0.2")}, UDPPort: two.UDPPort(), TCPPort: -1})
	require.Equal(t, "port_in_use", fault.CodeOf(err), "on one of several addresses")
	_, err = webrtc.New(webrtc.Options{Listen: []netip.Addr{netip.MustParseAddr("127.0.0.3"), netip.MustParseAddr("127.0.0.2")}, TCPPort: two.TCPPort()})
	require.Equal(t, "port_in_use", fault.CodeOf(err))
	elsewhere := newHub(t, webrtc.Options{Listen: []netip.Addr{netip.MustParseAddr("127.0.0.3")}, UDPPort: two.UDPPort(), TCPPort: two.TCPPort()})
	require.Equal(t, two.UDPPort(), elsewhere.UDPPort(), "other addresses are left alone")
	_, err = webrtc.New(webrtc.Options{Listen: []netip.Addr{netip.MustParseAddr("192.0.2.254")}})
	require.Equal(t, "cannot_listen", fault.CodeOf(err))
}

// The scheme's vectors.
func TestTURNCredentials(t *testing.T) {
	at := time.Unix(1700000000, 0)
	name, password := webrtc.Credentials("north", "alice", at)
	require.Equal(t, "1700000000:alice", name)
	require.Equal(t, "Cd/49soE35ICqcJF/bCTn8Z4OyE=", password)
	name, password = webrtc.Credentials("north", "", at)
	require.Equal(t, "1700000000", name)
	require.Equal(t, "CWyHi3zCeWqXBir9thl4m+iZPRY=", password)

	servers, expires := webrtc.TURN{URLs: []string{"turn:a:3478", "stun:a:3478", "turns:a:5349"}, Secret: "north", Life: time.Minute}.Servers("alice", at.Add(-time.Minute))
	require.Equal(t, at, expires)
	require.Equal(t, []webrtc.ICEServer{{URLs: []string{"stun:a:3478"}},
		{URLs: []string{"turn:a:3478", "turns:a:5349"}, Username: "1700000000:alice", Credential: "Cd/49soE35ICqcJF/bCTn8Z4OyE="}}, servers)
}

// No offer makes the server panic, hang or leak: it is answered, or refused as invalid.
func FuzzOffer(f *testing.F) {
	f.Add(chromeOffer)
	f.Add("v=0\r\n")
	f.Add("v=0\r\no=- 0 0 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\na=group:BUNDLE 0\r\na=fingerprint:sha-256 00\r\na=ice-ufrag:x\r\na=ice-pwd:y\r\nm=audio 9 UDP/TLS/RTP/SAVPF 0\r\na=mid:0\r\n")
	hub, err := webrtc.New(webrtc.Options{Listen: []netip.Addr{netip.MustParseAddr("127.0.0.1")}, TCPPort: -1})
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() { _ = hub.Close() })
	f.Fuzz(func(t *testing.T, offer string) {
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		p, answer, err := hub.Answer(ctx, webrtc.Offer{SDP: offer})
		if err != nil {
			if fault.KindOf(err) != fault.Invalid {
				t.Fatalf("%v for\n%s", err, offer)
			}
			return
		}
		defer p.Close("")
		var sd pion.SessionDescription
		sd.Type, sd.SDP = pion.SDPTypeAnswer, answer
		if _, err := sd.Unmarshal(); err != nil {
			t.Fatalf("an answer that cannot be read: %v", err)
		}
	})
}

// chromeOffer is the shape of what Chromium sends before it has gathered: the codecs that are of interest, a camera and a data channel.
var chromeOffer = strings.ReplaceAll(`v=0
o=- 4611731400430051336 2 IN IP4 127.0.0.1
s=-
t=0 0
a=group:BUNDLE 0 1 2
a=extmap-allow-mixed
a=msid-semantic: WMS stream
m=audio 9 UDP/TLS/RTP/SAVPF 111 63 9 0 8 13 110 126
c=IN IP4 0.0.0.0
a=rtcp:9 IN IP4 0.0.0.0
a=ice-ufrag:AbCd
a=ice-pwd:abcdefghijklmnopqrstuvwx
a=ice-options:trickle
a=fingerprint:sha-256 00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF:00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF
a=setup:actpass
a=mid:0
a=extmap:1 urn:ietf:params:rtp-hdrext:ssrc-audio-level
a=extmap:3 http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01
a=extmap:4 urn:ietf:params:rtp-hdrext:sdes:mid
a=sendrecv
a=msid:stream track
a=rtcp-mux
a=rtcp-rsize
a=rtpmap:111 opus/48000/2
a=rtcp-fb:111 transport-cc
a=fmtp:111 minptime=10;useinbandfec=1
a=rtpmap:63 red/48000/2
a=fmtp:63 111/111
a=rtpmap:9 G722/8000
a=rtpmap:0 PCMU/8000
a=rtpmap:8 PCMA/8000
a=rtpmap:13 CN/8000
a=rtpmap:110 telephone-event/48000
a=rtpmap:126 telephone-event/8000
a=ssrc:1234567890 cname:abcdefgh
m=video 9 UDP/TLS/RTP/SAVPF 96
c=IN IP4 0.0.0.0
a=ice-ufrag:AbCd
a=ice-pwd:abcdefghijklmnopqrstuvwx
a=ice-options:trickle
a=fingerprint:sha-256 00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF:00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF
a=setup:actpass
a=mid:1
a=recvonly
a=rtcp-mux
a=rtpmap:96 VP8/90000
m=application 9 UDP/DTLS/SCTP webrtc-datachannel
c=IN IP4 0.0.0.0
a=ice-ufrag:AbCd
a=ice-pwd:abcdefghijklmnopqrstuvwx
a=ice-options:trickle
a=fingerprint:sha-256 00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF:00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF
a=setup:actpass
a=mid:2
a=sctp-port:5000
a=max-message-size:262144
`, "\n", "\r\n")
