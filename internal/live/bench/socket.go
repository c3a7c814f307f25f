package bench

import (
	"bufio"
	"context"
	"crypto/rand"
	"crypto/sha1" //nolint:gosec // the handshake of RFC 6455 section 4.2.2 is defined with it; nothing is kept secret by it
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"time"
)

// socket is the client's end of a WebSocket (RFC 6455) that does no more than the bench needs, so that hundreds of callers cost little of the
// processor that they share with the server: messages are prepared once and written as they are, and read without a copy. It masks with a
// key of zeros, which servers have to take; what it says is no secret and is meant for no proxy.
type socket struct {
	conn net.Conn
	br   *bufio.Reader
	buf  []byte
}

var sessionUpdate = message(opText, []byte(`{"type":"session.update","session":{"type":"realtime","audio":{"input":{"format":{"type":"audio/pcmu"}},"output":{"format":{"type":"audio/pcmu"}}}}}`))

// socketLink is a link over the Realtime WebSocket.
type socketLink struct {
	c    *caller
	sock *socket
	done chan struct{} // closed when the reader has ended
	pong atomic.Pointer[[]byte]
	sent int
}

// overSocket opens the conversation over a WebSocket and waits until the server speaks µ-law.
func (c *caller) overSocket(ctx context.Context) error {
	u, err := url.Parse(strings.Replace(c.opts.URL, "ws", "http", 1))
	if err != nil {
		return fmt.Errorf("the server's address: %w", err)
	}
	u.Path, u.RawQuery = "/v1/realtime", url.Values{"model": {"agent:" + c.opts.Agent}}.Encode()
	s, err := dial(ctx, u, c.opts.Key)
	if err != nil {
		return err
	}
	_ = s.conn.SetDeadline(time.Now().Add(20 * time.Second))
	if err := s.write(sessionUpdate); err != nil {
		s.close()
		return fmt.Errorf("set the format: %w", err)
	}
	for {
		_, msg, err := s.read()
		if err != nil {
			s.close()
			return fmt.Errorf("wait for the session: %w", err)
		}
		c.take(msg, time.Now())
		if kind(msg) == "session.updated" {
			break
		}
	}
	_ = s.conn.SetDeadline(time.Time{})
	c.until = time.Now().Add(time.Second)
	l := &socketLink{c: c, sock: s, done: make(chan struct{})}
	c.link = l
	go l.read()
	return nil
}

// read takes what the server sends until the connection ends.
func (l *socketLink) read() {
	defer close(l.done)
	c := l.c
	for {
		op, msg, err := l.sock.read()
		now := time.Now()
		c.mu.Lock()
		switch {
		case err != nil:
			c.fail(fmt.Errorf("receive: %w", err))
		case op == opText:
			c.take(msg, now)
		case op == opPing:
			pong := message(opPong, msg)
			l.pong.Store(&pong)
		case op == opClose:
			c.fail(errors.New("the server hung up"))
		}
		over := c.err != nil
		c.mu.Unlock()
		if over {
			return
		}
	}
}

// send implements link.
func (l *socketLink) send(f frame) error {
	if l.sent%50 == 0 {
		_ = l.sock.conn.SetWriteDeadline(time.Now().Add(5 * time.Second))
	}
	l.sent++
	if pong := l.pong.Swap(nil); pong != nil {
		if err := l.sock.write(*pong); err != nil {
			return err
		}
	}
	return l.sock.write(f.message)
}

// hangUp implements link.
func (l *socketLink) hangUp() {
	_ = l.sock.conn.SetWriteDeadline(time.Now().Add(time.Second))
	_ = l.sock.write(message(opClose, []byte{0x03, 0xe8}))
	l.sock.close()
	<-l.done
}

// The kinds of frames.
const (
	opText  = 1
	opClose = 8
	opPing  = 9
	opPong  = 10
)

// maxMessage bounds what a server may send in one message, in bytes.
const maxMessage = 4 << 20

// dial opens a WebSocket at an http or ws address.
func dial(ctx context.Context, u *url.URL, key string) (*socket, error) {
	conn, err := (&net.Dialer{Timeout: 10 * time.Second}).DialContext(ctx, "tcp", u.Host)
	if err != nil {
		return nil, fmt.Errorf("connect: %w", err)
	}
	s := &socket{conn: conn, br: bufio.NewReaderSize(conn, 4<<10)}
	stop := context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Unix(1, 0)) })
	defer stop()
	if err := s.upgrade(u, key); err != nil {
		_ = conn.Close()
		return nil, err
	}
	return s, nil
}

// upgrade does the handshake of section 4.1.
func (s *socket) upgrade(u *url.URL, key string) error {
	_ = s.conn.SetDeadline(time.Now().Add(20 * time.Second))
	var nonce [16]byte
	_, _ = rand.Read(nonce[:]) // never fails
	secret := base64.StdEncoding.EncodeToString(nonce[:])
	h := http.Header{"Upgrade": {"websocket"}, "Connection": {"Upgrade"}, "Sec-WebSocket-Key": {secret}, "Sec-WebSocket-Version": {"13"}}
	if key != "" {
		h.Set("Authorization", "Bearer "+key)
	}
	req := &http.Request{Method: http.MethodGet, URL: u, Host: u.Host, Header: h, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1}
	if err := req.Write(s.conn); err != nil {
		return fmt.Errorf("ask for a WebSocket: %w", err)
	}
	resp, err := http.ReadResponse(s.br, req)
	if err != nil {
		return fmt.Errorf("ask for a WebSocket: %w", err)
	}
	defer resp.Body.Close() // of an answer that is no upgrade; the connection stays
	if resp.StatusCode != http.StatusSwitchingProtocols {
		b, _ := io.ReadAll(io.LimitReader(resp.Body, 500))
		return fmt.Errorf("the server answered %s: %s", resp.Status, b)
	}
	sum := sha1.Sum([]byte(secret + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11")) //nolint:gosec // as above
	if resp.Header.Get("Sec-WebSocket-Accept") != base64.StdEncoding.EncodeToString(sum[:]) {
		return errors.New("the server's answer to the handshake is wrong")
	}
	return s.conn.SetDeadline(time.Time{})
}

// message is a whole message as it goes over the wire.
func message(op byte, payload []byte) []byte {
	b := []byte{0x80 | op}
	switch n := len(payload); {
	case n < 126:
		b = append(b, 0x80|byte(n))
	case n < 1<<16:
		b = binary.BigEndian.AppendUint16(append(b, 0x80|126), uint16(n))
	default:
		b = binary.BigEndian.AppendUint64(append(b, 0x80|127), uint64(n))
	}
	return append(append(b, 0, 0, 0, 0), payload...)
}

// write sends a prepared message. It gives up when the server has read nothing for five seconds.
func (s *socket) write(msg []byte) error {
	_, err := s.conn.Write(msg)
	return err
}

// read returns the next frame, which is valid until the next call. Messages in several frames are none of our server's.
func (s *socket) read() (op byte, payload []byte, err error) {
	h, err := s.br.Peek(2)
	if err != nil {
		return 0, nil, err
	}
	op = h[0] & 15
	if h[0]&0x80 == 0 || h[1]&0x80 != 0 {
		return 0, nil, errors.New("a frame that no server sends")
	}
	n, head := int(h[1]), 2
	switch n {
	case 126:
		if h, err = s.br.Peek(4); err != nil {
			return 0, nil, err
		}
		n, head = int(binary.BigEndian.Uint16(h[2:])), 4
	case 127:
		if h, err = s.br.Peek(10); err != nil {
			return 0, nil, err
		}
		n, head = int(min(binary.BigEndian.Uint64(h[2:]), maxMessage+1)), 10
	}
	if n > maxMessage {
		return 0, nil, fmt.Errorf("a message of more than %d bytes", maxMessage)
	}
	_, _ = s.br.Discard(head) // peeked
	if cap(s.buf) < n {
		s.buf = make([]byte, n, max(n, 1024))
	}
	s.buf = s.buf[:n]
	_, err = io.ReadFull(s.br, s.buf)
	return op, s.buf, err
}

func (s *socket) close() { _ = s.conn.Close() }
