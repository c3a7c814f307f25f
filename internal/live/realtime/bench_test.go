package realtime

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/binary"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"griot/internal/event"
	"griot/internal/live/playout"
	"griot/internal/live/session"
	"griot/internal/live/transport"
	"griot/internal/live/transport/ws"
	"griot/internal/live/turn"
	"griot/internal/media"
	"griot/internal/media/mediatest"
	"griot/internal/model/stt"
	wire "griot/internal/realtime"
)

// handshake opens a WebSocket by hand, so that the client's side allocates nothing afterwards.
func handshake(t testing.TB, url string) net.Conn {
	t.Helper()
	conn, err := net.Dial("tcp", strings.TrimPrefix(url, "http://"))
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close() })
	_, err = io.WriteString(conn, "GET /v1/realtime?model=agent:test HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n")
	require.NoError(t, err)
	head := make([]byte, 0, 512)
	for one := make([]byte, 1); !bytes.HasSuffix(head, []byte("\r\n\r\n")); head = append(head, one[0]) {
		_, err := io.ReadFull(conn, one)
		require.NoError(t, err)
	}
	require.Contains(t, string(head), "101 Switching Protocols")
	return conn
}

// appendFrames returns d of speech as WebSocket frames, ready to be written: one append of 20 ms each.
func appendFrames(d time.Duration) (out [][]byte) {
	pcm := mediatest.Voice(d, 24000)
	for n := 480; len(pcm) >= n; pcm = pcm[n:] {
		msg := `{"type":"input_audio_buffer.append","audio":"` + base64.StdEncoding.EncodeToString(encodeAs(wire.PCM24k, pcm[:n])) + `"}`
		b := []byte{0x81, 0x80 | 126}
		b = binary.BigEndian.AppendUint16(b, uint16(len(msg)))
		out = append(out, append(append(b, 0, 0, 0, 0), msg...)) // a mask of zeros
	}
	return out
}

// counting is a recogniser that only says when a frame has reached it.
type counting struct{ frames chan struct{} }

func (c *counting) Caps() stt.Caps                                        { return stt.Caps{ID: "counting", Rate: 16000} }
func (c *counting) Open(context.Context, stt.Options) (stt.Stream, error) { return c, nil }
func (c *counting) Finalize(context.Context) error                        { return nil }
func (c *counting) Close() error                                          { return nil }
func (c *counting) Recv(ctx context.Context) (e stt.Event, err error)     { <-ctx.Done(); return e, io.EOF }
func (c *counting) Send(_ context.Context, f media.Frame) error           { c.frames <- struct{}{}; return nil }

// wayIn is a conversation whose client sends 20 ms of speech with each call of the returned function, which returns when the recogniser has a further frame:
// socket → message → samples → 16 kHz → frame → voice detector → queue → recogniser.
func wayIn(t testing.TB) func() {
	ear := &counting{frames: make(chan struct{}, 64)}
	d := openDoor(t, setup{plan: func(p *session.Plan) {
		p.Models.STT = ear
		p.Settings.Turn = turn.Settings{Manual: true} // an utterance is open from the start, so that every frame goes all the way
		p.Limits.Idle, p.Limits.Max = time.Hour, time.Hour
	}})
	conn := handshake(t, d.url)
	frames := appendFrames(4 * time.Second)
	n := 0
	one := func() {
		if _, err := conn.Write(frames[n%len(frames)]); err != nil {
			t.Fatal(err)
		}
		n++
		<-ear.frames
	}
	for range 5 { // the first fill the resampler
		if _, err := conn.Write(frames[0]); err != nil {
			t.Fatal(err)
		}
	}
	for range 300 { // until every buffer has its size
		one()
	}
	return one
}

func BenchmarkSocketToVAD(b *testing.B) {
	one := wayIn(b)
	b.ReportAllocs()
	for b.Loop() {
		one()
	}
}

func TestWayInAllocatesNothing(t *testing.T) {
	if raced {
		t.Skip("the race detector allocates")
	}
	require.Zero(t, testing.AllocsPerRun(1000, wayIn(t)), "allocations per 20 ms")
}

// BenchmarkRecv is the connection's part of the way in, without the network: message → samples.
func BenchmarkRecv(b *testing.B) {
	s := &canned{data: appendFrames(20 * time.Millisecond)[0][8:]}
	c := newConn(&outlet{pipe: s}, wire.DefaultSession(), "bench", "")
	leg := c.Info()
	var in transport.Inbound
	ctx := context.Background()
	b.ReportAllocs()
	for b.Loop() {
		if err := c.Recv(ctx, &in); err != nil || in.Frame.Format != leg.In {
			b.Fatal(err)
		}
	}
}

// canned is a socket that always has the same message.
type canned struct{ data []byte }

func (s *canned) Read(context.Context) ([]byte, bool, error) { return s.data, false, nil }
func (s *canned) Send(func([]byte) []byte) error             { return nil }
func (s *canned) Close(string) error                         { return nil }

// wayOut is a reply under way on a real socket. Each call of the returned function speaks 20 ms and returns when the client has the message:
// voice → player → message → socket. renew begins a new reply, so that the pacing never has to wait.
func wayOut(t testing.TB, d wire.Dialect, format wire.AudioFormat) (one, renew func()) {
	conns, over := make(chan *conn, 1), make(chan struct{})
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		sock, err := ws.Accept(w, r, ws.Options{})
		if err != nil {
			t.Error(err)
			return
		}
		s := wire.DefaultSession()
		s.Audio.Output.Format = format
		conns <- newConn(&outlet{pipe: wsPipe{sock}, dialect: d}, s, "0123456789abcdef", "")
		<-over
		_ = sock.Close(ws.NormalClosure, "")
	}))
	peer := handshake(t, web.URL)
	c := <-conns
	c.info.Ahead = ahead
	ctx, cancel := context.WithCancel(context.Background())
	p := playout.New(c, func(playout.Note) {}, func(time.Duration, media.Frame) {})
	ran := make(chan struct{})
	go func() { defer close(ran); p.Run(ctx) }()
	t.Cleanup(func() { cancel(); <-ran; close(over); web.Close() })

	// The client reads one message after the other and says when it is a piece of sound.
	sounds := make(chan struct{}, 64)
	go func() {
		buf := make([]byte, 1<<16)
		for {
			if _, err := io.ReadFull(peer, buf[:2]); err != nil {
				return
			}
			size := int(buf[1])
			if size == 126 {
				if _, err := io.ReadFull(peer, buf[:2]); err != nil {
					return
				}
				size = int(binary.BigEndian.Uint16(buf))
			}
			if _, err := io.ReadFull(peer, buf[:size]); err != nil {
				return
			}
			if bytes.HasPrefix(buf, []byte(`{"type":"response.output_audio.delta"`)) || bytes.HasPrefix(buf, []byte(`{"type":"response.audio.delta"`)) {
				select {
				case sounds <- struct{}{}:
				case <-over:
					return
				}
			}
		}
	}()
	gen := event.Gen(0)
	renew = func() {
		p.Cut(ctx, gen+1)
		gen++
		if err := c.Append(ctx, event.Event{Gen: gen, Body: event.ReplyStarted{Response: "resp_89abcdef00001", Item: "item_89abcdef00002"}}); err != nil {
			t.Fatal(err)
		}
		p.Begin(gen)
	}
	pcm := mediatest.Voice(20*time.Millisecond, c.Info().Out.Rate)
	one = func() {
		if err := p.Write(ctx, gen, pcm, nil); err != nil {
			t.Fatal(err)
		}
		<-sounds
	}
	renew()
	for range 300 { // until every buffer has its size
		one()
	}
	renew()
	one()
	return one, renew
}

// ahead is how far ahead of the listener the benchmark's player may be: it never waits before that much was said.
const ahead = time.Minute

func BenchmarkSpeechToSocket(b *testing.B) {
	one, renew := wayOut(b, wire.GA, wire.PCM24k)
	said := time.Duration(0)
	b.ReportAllocs()
	for b.Loop() {
		if said += media.FrameTime; said > ahead-time.Second {
			b.StopTimer()
			renew()
			one()
			said = 0
			b.StartTimer()
		}
		one()
	}
}

func TestWayOutAllocatesNothing(t *testing.T) {
	if raced {
		t.Skip("the race detector allocates")
	}
	for _, d := range wire.Dialects() {
		for _, f := range []wire.AudioFormat{wire.PCM24k, {Type: wire.TypePCM, Rate: 16000}, {Type: wire.TypePCMU}} {
			one, _ := wayOut(t, d, f)
			require.Zero(t, testing.AllocsPerRun(1000, one), "allocations per 20 ms of %s in the dialect %s", f.Type, d)
		}
	}
}
