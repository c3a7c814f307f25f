package webrtc_test

import (
	"context"
	"encoding/json"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"griot/internal/event"
	"griot/internal/live/transport"
	"griot/internal/live/transport/webrtc"
	"griot/internal/live/transport/webrtc/webrtctest"
	"griot/internal/media"
	"griot/internal/media/mediatest"
	"griot/internal/media/opus"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func needOpus(t testing.TB) {
	t.Helper()
	if err := opus.Available(); err != nil {
		if os.Getenv("GRIOT_TEST_SYSTEM") == "1" {
			t.Fatalf("libopus0 must be installed: %v", err)
		}
		t.Skipf("libopus0 is not installed: %v", err)
	}
}

func newHub(t testing.TB, o webrtc.Options) *webrtc.Hub {
	t.Helper()
	h, err := webrtc.New(o)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, h.Close()) })
	return h
}

// connect joins a client to a hub.
func connect(t testing.TB, h *webrtc.Hub, c *webrtctest.Client) (*webrtc.Peer, *webrtc.Channel) {
	t.Helper()
	p, answer, err := h.Answer(t.Context(), webrtc.Offer{SDP: c.Offer(), ID: "rtc_test", Remote: "test"})
	require.NoError(t, err)
	t.Cleanup(func() { _ = p.Close("") })
	c.Accept(answer)
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	ch, err := p.Ready(ctx)
	require.NoError(t, err)
	return p, ch
}

// say plays sound to the caller as playout does, and returns how much of it was heard.
func say(t testing.TB, p *webrtc.Peer, g event.Gen, pcm []int16) {
	t.Helper()
	f := p.Info().Out
	n, at := f.Samples(media.FrameTime), time.Duration(0)
	start := time.Now()
	for len(pcm) > 0 {
		k := min(n, len(pcm))
		if d := at - p.Info().Ahead - time.Since(start); d > 0 {
			<-time.After(d)
		}
		require.NoError(t, p.Play(t.Context(), g, media.Frame{Format: f, PTS: at, PCM: pcm[:k]}))
		at += f.Duration(k)
		pcm = pcm[k:]
	}
	for h := range p.Heard() {
		require.Equal(t, g, h.Gen)
		if h.Upto >= at {
			return
		}
	}
}

// Sound and events go both ways, in each codec, over UDP and over TCP.
func TestSoundAndEvents(t *testing.T) {
	for _, c := range []struct {
		name string
		o    webrtctest.Options
	}{{"opus", webrtctest.Options{}}, {"pcmu", webrtctest.Options{Codec: "pcmu"}}, {"pcma", webrtctest.Options{Codec: "pcma"}}, {"tcp", webrtctest.Options{TCP: true, Codec: "pcmu"}}} {
		t.Run(c.name, func(t *testing.T) {
			if c.name == "opus" {
				needOpus(t)
			}
			hub := newHub(t, webrtc.Options{})
			client := webrtctest.New(t, c.o)
			p, ch := connect(t, hub, client)
			require.Equal(t, client.Rate, p.Info().In.Rate)

			require.NoError(t, ch.Send(func(dst []byte) []byte { return append(dst, `{"type":"hello"}`...) }))
			client.Wait("hello")
			client.Send(`{"type":"good day"}`)
			raw, binary, err := ch.Read(t.Context())
			require.NoError(t, err)
			require.False(t, binary)
			require.JSONEq(t, `{"type":"good day"}`, string(raw))

			before := time.Now()
			say(t, p, 1, mediatest.Voice(500*time.Millisecond, p.Info().Out.Rate))
			client.WaitSound(before)
			loud := 0
			for _, f := range client.Heard(before) {
				if f.Level() > webrtctest.Audible {
					loud++
				}
			}
			require.InDelta(t, 25, loud, 4)

			client.Say(mediatest.Voice(500*time.Millisecond, client.Rate))
			loud = 0
			var in transport.Inbound
			for loud < 20 {
				require.NoError(t, p.Recv(t.Context(), &in))
				require.Equal(t, transport.Audio, in.Kind)
				require.Equal(t, media.FrameTime, in.Frame.Duration())
				if (webrtctest.Frame{PCM: in.Frame.PCM}).Level() > webrtctest.Audible {
					loud++
				}
			}
			s := p.Stats()
			j, _ := json.Marshal(s)
			t.Logf("%s", j)
			want := "udp"
			if c.o.TCP {
				want = "tcp"
			}
			require.Equal(t, want, s.Transport)
			require.NotZero(t, s.PacketsSent)
			require.NotZero(t, s.PacketsReceived)
		})
	}
}
