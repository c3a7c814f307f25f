package ws_test

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"griot/internal/fault"
	"griot/internal/live/transport"
	"griot/internal/live/transport/ws"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// serve starts a server whose connections are handed to handle, and returns its address.
func serve(t testing.TB, opts ws.Options, handle func(c *ws.Conn)) string {
	t.Helper()
	var wg sync.WaitGroup
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		wg.Add(1)
		defer wg.Done()
		c, err := ws.Accept(w, r, opts)
		if err != nil {
			return
		}
		handle(c)
	}))
	t.Cleanup(func() { wg.Wait(); srv.Close(); http.DefaultClient.CloseIdleConnections() })
	return srv.URL
}

// open starts such a server and returns both ends of one connection. The server's end is closed with the test.
func open(t testing.TB, opts ws.Options) (server *ws.Conn, client *websocket.Conn) {
	t.Helper()
	conns, done := make(chan *ws.Conn, 1), make(chan struct{})
	url := serve(t, opts, func(c *ws.Conn) { conns <- c; <-done; _ = c.Close(ws.NormalClosure, "") })
	client, _, err := websocket.Dial(context.Background(), url, nil)
	require.NoError(t, err)
	server = <-conns
	client.SetReadLimit(-1)
	t.Cleanup(func() { _ = client.CloseNow(); close(done) })
	return server, client
}

// raw performs the handshake by hand, for what a well-behaved client library would not do.
func raw(t testing.TB, url string) net.Conn {
	t.Helper()
	conn, err := net.Dial("tcp", strings.TrimPrefix(url, "http://"))
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close() })
	_, err = io.WriteString(conn, "GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n")
	require.NoError(t, err)
	head := make([]byte, 0, 512)
	for one := make([]byte, 1); !strings.HasSuffix(string(head), "\r\n\r\n"); head = append(head, one[0]) {
		_, err := io.ReadFull(conn, one)
		require.NoError(t, err)
	}
	require.Contains(t, string(head), "101 Switching Protocols")
	return conn
}

// frame is a masked client frame with a mask of zeros.
func frame(final bool, opcode byte, payload []byte) []byte {
	b := []byte{opcode, 0x80 | 127}
	if final {
		b[0] |= 0x80
	}
	b = binary.BigEndian.AppendUint64(b, uint64(len(payload)))
	return append(append(b, 0, 0, 0, 0), payload...)
}

func text(s string) func([]byte) []byte {
	return func(dst []byte) []byte { return append(dst, s...) }
}

func TestEcho(t *testing.T) {
	ctx := t.Context()
	server, client := open(t, ws.Options{})
	for i := range 50 {
		want := strings.Repeat("é", i*1000)
		require.NoError(t, client.Write(ctx, websocket.MessageText, []byte(want)))
		msg, binary, err := server.Read(ctx)
		require.NoError(t, err)
		require.False(t, binary)
		require.Equal(t, want, string(msg))
		require.NoError(t, server.Send(text(want)))
		if want == "" {
			continue // nothing to send is not sent
		}
		typ, got, err := client.Read(ctx)
		require.NoError(t, err)
		require.Equal(t, websocket.MessageText, typ)
		require.Equal(t, want, string(got))
	}
	require.NoError(t, client.Write(ctx, websocket.MessageBinary, []byte{1, 2}))
	msg, binary, err := server.Read(ctx)
	require.NoError(t, err)
	require.True(t, binary)
	require.Equal(t, []byte{1, 2}, msg)
}

func TestFragmentedMessage(t *testing.T) {
	got := make(chan string, 1)
	conn := raw(t, serve(t, ws.Options{}, func(c *ws.Conn) {
		msg, _, err := c.Read(context.Background())
		got <- fmt.Sprint(string(msg), err)
		_ = c.Close(ws.NormalClosure, "")
	}))
	for _, b := range [][]byte{
		frame(false, 1, []byte(`{"a":`)), frame(false, 0, nil), frame(true, 9, []byte("ping between")), frame(false, 0, []byte(`"b`)), frame(true, 0, []byte(`c"}`)),
	} {
		for _, one := range b { // byte by byte
			_, err := conn.Write([]byte{one})
			require.NoError(t, err)
		}
	}
	require.Equal(t, `{"a":"bc"}<nil>`, <-got)
}

func TestOversizeMessageLeavesALastWord(t *testing.T) {
	for name, send := range map[string]func(conn net.Conn){
		"one frame": func(conn net.Conn) {
			_, _ = conn.Write(frame(true, 1, make([]byte, 100<<20)))
		},
		"fragments": func(conn net.Conn) {
			_, _ = conn.Write(frame(false, 1, make([]byte, 1<<20)))
			for range 99 {
				if _, err := conn.Write(frame(false, 0, make([]byte, 1<<20))); err != nil {
					return
				}
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			errs := make(chan error, 3)
			conn := raw(t, serve(t, ws.Options{FlushTimeout: 20 * time.Second}, func(c *ws.Conn) {
				_, _, err := c.Read(context.Background())
				errs <- err
				_, _, err = c.Read(context.Background())
				errs <- err
				errs <- c.Send(text("sorry"))
				_ = c.Close(ws.NormalClosure, "")
			}))
			sent := make(chan struct{})
			go func() { defer close(sent); send(conn) }()
			for range 2 {
				err := <-errs
				require.Equal(t, "message_too_large", fault.CodeOf(err))
				require.Equal(t, fault.Invalid, fault.KindOf(err))
			}
			require.NoError(t, <-errs)
			head := make([]byte, 2+5+4)
			_, err := io.ReadFull(conn, head)
			require.NoError(t, err)
			require.Equal(t, "\x81\x05sorry\x88", string(head[:8]))
			require.EqualValues(t, ws.MessageTooBig, binary.BigEndian.Uint16(head[9:]))
			_ = conn.Close()
			<-sent
		})
	}
}

// A header that promises 8 EiB costs nothing before the bytes come.
func TestPromisedLengthIsNotAllocated(t *testing.T) {
	done := make(chan error, 1)
	conn := raw(t, serve(t, ws.Options{}, func(c *ws.Conn) {
		_, _, err := c.Read(context.Background())
		done <- err
		_ = c.Close(ws.NormalClosure, "")
	}))
	_, err := conn.Write(append([]byte{0x81, 0x80 | 127, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0}, "abc"...))
	require.NoError(t, err)
	require.NoError(t, conn.Close())
	require.Error(t, <-done)
}

func TestClientThatStopsReading(t *testing.T) {
	result := make(chan error, 1)
	most := 0
	opts := ws.Options{QueueBytes: 1 << 20, FlushTimeout: 50 * time.Millisecond}
	raw(t, serve(t, opts, func(c *ws.Conn) {
		message := text(strings.Repeat("x", 1000))
		for {
			if err := c.Send(message); err != nil {
				require.ErrorIs(t, c.Send(message), err)
				_ = c.Close(ws.NormalClosure, "")
				require.ErrorIs(t, c.Close(ws.NormalClosure, ""), err)
				result <- err
				return
			}
			_, bytes := c.Queued()
			most = max(most, bytes)
		}
	}))
	err := <-result
	require.Equal(t, "slow_reader", fault.CodeOf(err))
	require.Equal(t, fault.Limited, fault.KindOf(err))
	require.LessOrEqual(t, most, 1<<20+1000)
}

// A client that stops reading while little is sent is found by the write's deadline.
func TestStalledWriteEndsTheConnection(t *testing.T) {
	result := make(chan error, 1)
	opts := ws.Options{QueueBytes: 64 << 20, WriteTimeout: 30 * time.Millisecond, FlushTimeout: 30 * time.Millisecond}
	raw(t, serve(t, opts, func(c *ws.Conn) {
		_ = c.Send(text(strings.Repeat("x", 32<<20))) // more than the sockets' buffers hold
		_, _, err := c.Read(context.Background())
		result <- err
		_ = c.Close(ws.NormalClosure, "")
	}))
	require.Equal(t, "slow_reader", fault.CodeOf(<-result))
}

// One that reads too slowly but does read learns why.
func TestSlowReaderIsTold(t *testing.T) {
	server, client := open(t, ws.Options{QueueMessages: 3, FlushTimeout: 20 * time.Second})
	var err error
	for err == nil {
		err = server.Send(text(strings.Repeat("x", 4<<20)))
	}
	require.Equal(t, "slow_reader", fault.CodeOf(err))
	for err = nil; err == nil; {
		_, _, err = client.Read(t.Context())
	}
	require.Equal(t, websocket.StatusPolicyViolation, websocket.CloseStatus(err), err)
	require.ErrorContains(t, err, "slow reader")
}

func TestAbruptDisconnect(t *testing.T) {
	result := make(chan error, 2)
	conn := raw(t, serve(t, ws.Options{}, func(c *ws.Conn) {
		_, _, err := c.Read(context.Background())
		result <- err
		var sendErr error
		for sendErr == nil {
			sendErr = c.Send(text("into the void"))
		}
		result <- sendErr
		_ = c.Close(ws.NormalClosure, "")
	}))
	require.NoError(t, conn.(*net.TCPConn).SetLinger(0)) // a reset, not a farewell
	require.NoError(t, conn.Close())
	require.Equal(t, "connection_lost", fault.CodeOf(<-result))
	require.Equal(t, "connection_lost", fault.CodeOf(<-result))
}

func TestPeerHangsUp(t *testing.T) {
	for reason, want := range map[string]bool{"client_closed": true, "": false, "unload": false} {
		server, client := open(t, ws.Options{})
		closed := make(chan error, 1)
		go func() { closed <- client.Close(websocket.StatusNormalClosure, reason) }()
		_, _, err := server.Read(t.Context())
		require.ErrorIs(t, err, io.EOF)
		require.Equal(t, want, errors.Is(err, transport.ErrHungUp), reason)
		require.NoError(t, <-closed)
	}
}

func TestPeerCloses(t *testing.T) {
	server, client := open(t, ws.Options{})
	closed := make(chan error, 1)
	go func() { closed <- client.Close(websocket.StatusNormalClosure, "bye") }()
	_, _, err := server.Read(t.Context())
	require.ErrorIs(t, err, io.EOF)
	require.NoError(t, <-closed)
	require.NoError(t, server.Close(ws.NormalClosure, ""))
	require.Equal(t, "connection_closed", fault.CodeOf(server.Send(text("late"))))
}

func TestCloseFlushes(t *testing.T) {
	server, client := open(t, ws.Options{})
	const n = 500
	for i := range n {
		require.NoError(t, server.Send(func(dst []byte) []byte { return fmt.Appendf(dst, "%d", i) }))
	}
	closed := make(chan error, 1)
	go func() { closed <- server.Close(ws.GoingAway, "maintenance") }()
	for i := range n {
		_, msg, err := client.Read(t.Context())
		require.NoError(t, err)
		require.Equal(t, fmt.Sprint(i), string(msg))
	}
	_, _, err := client.Read(t.Context())
	require.Equal(t, websocket.StatusGoingAway, websocket.CloseStatus(err))
	require.ErrorContains(t, err, "maintenance")
	require.NoError(t, <-closed)
}

// A client that does not read delays Close by no more than its two timeouts.
func TestCloseIsBounded(t *testing.T) {
	closed := make(chan struct{})
	raw(t, serve(t, ws.Options{FlushTimeout: 20 * time.Millisecond, QueueBytes: 64 << 20}, func(c *ws.Conn) {
		_ = c.Send(text(strings.Repeat("x", 32<<20)))
		_ = c.Close(ws.NormalClosure, "")
		close(closed)
	}))
	<-closed
}

func TestContextEndsReadButNotSend(t *testing.T) {
	server, client := open(t, ws.Options{})
	ctx, cancel := context.WithCancel(t.Context())
	reading := make(chan error, 1)
	go func() {
		_, _, err := server.Read(ctx)
		reading <- err
	}()
	cancel()
	require.ErrorIs(t, <-reading, context.Canceled)
	_, _, err := server.Read(ctx)
	require.ErrorIs(t, err, context.Canceled)
	require.NoError(t, server.Send(text("farewell")))
	closed := make(chan error, 1)
	go func() { closed <- server.Close(ws.GoingAway, "stopping") }()
	_, msg, err := client.Read(t.Context())
	require.NoError(t, err)
	require.Equal(t, "farewell", string(msg))
	_, _, err = client.Read(t.Context())
	require.Equal(t, websocket.StatusGoingAway, websocket.CloseStatus(err))
	require.NoError(t, <-closed)
}

func TestConcurrentSends(t *testing.T) {
	server, client := open(t, ws.Options{QueueMessages: 1 << 20})
	const senders, each = 8, 200
	var wg sync.WaitGroup
	for s := range senders {
		wg.Go(func() {
			for i := range each {
				if err := server.Send(func(dst []byte) []byte { return fmt.Appendf(dst, `[%d,%d]`, s, i) }); err != nil {
					t.Error(err)
				}
			}
		})
	}
	next := [senders]int{}
	for range senders * each {
		_, msg, err := client.Read(t.Context())
		require.NoError(t, err)
		var got [2]int
		require.NoError(t, json.Unmarshal(msg, &got))
		require.Equal(t, next[got[0]], got[1], "order of one sender")
		next[got[0]]++
	}
	wg.Wait()
}

func TestCloseWhileSendingAndReading(t *testing.T) {
	server, client := open(t, ws.Options{})
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for server.Send(text("x")) == nil {
			}
		})
	}
	wg.Go(func() {
		for {
			if _, _, err := client.Read(context.Background()); err != nil {
				return
			}
		}
	})
	wg.Go(func() {
		for {
			if _, _, err := server.Read(context.Background()); err != nil {
				return
			}
		}
	})
	for range 3 {
		wg.Go(func() { _ = server.Close(ws.NormalClosure, "") })
	}
	wg.Wait()
}

func TestSilentPeerIsFound(t *testing.T) {
	result := make(chan error, 1)
	opts := ws.Options{PingEvery: 10 * time.Millisecond, PingTimeout: 10 * time.Millisecond, FlushTimeout: 10 * time.Millisecond}
	raw(t, serve(t, opts, func(c *ws.Conn) {
		_, _, err := c.Read(context.Background()) // the raw client never answers a ping
		result <- err
		_ = c.Close(ws.NormalClosure, "")
	}))
	require.Equal(t, "peer_silent", fault.CodeOf(<-result))
}

// A peer that only ever answers pings stays connected.
func TestPingsKeepAPeer(t *testing.T) {
	pinged := make(chan struct{}, 100)
	done := make(chan error, 1)
	opts := ws.Options{PingEvery: 5 * time.Millisecond, PingTimeout: 10 * time.Second}
	url := serve(t, opts, func(c *ws.Conn) {
		_, _, err := c.Read(context.Background())
		done <- err
		_ = c.Close(ws.NormalClosure, "")
	})
	client, _, err := websocket.Dial(t.Context(), url, &websocket.DialOptions{OnPingReceived: func(context.Context, []byte) bool {
		select {
		case pinged <- struct{}{}:
		default:
		}
		return true
	}})
	require.NoError(t, err)
	ctx := client.CloseRead(t.Context())
	for range 5 {
		<-pinged
	}
	require.NoError(t, ctx.Err())
	require.NoError(t, client.Write(t.Context(), websocket.MessageText, []byte("still here")))
	require.NoError(t, <-done)
	require.NoError(t, client.CloseNow())
}
