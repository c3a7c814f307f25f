package ws_test

import (
	"bytes"
	"context"
	"io"
	"testing"

	"griot/internal/live/transport/ws"
)

// BenchmarkRead reads messages of 20 ms of audio from a loopback socket. The client writes ready-made bytes, so that
// the allocations are the connection's own.
func BenchmarkRead(b *testing.B) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	const batch = 100
	start, done := make(chan int), make(chan error)
	conn := raw(b, serve(b, ws.Options{}, func(c *ws.Conn) {
		defer c.Close(ws.NormalClosure, "")
		for n := range start {
			for range n {
				if _, _, err := c.Read(ctx); err != nil {
					done <- err
					return
				}
			}
			done <- nil
		}
	}))
	defer close(start)
	message := frame(true, 1, bytes.Repeat([]byte{'a'}, 1325))
	messages := bytes.Repeat(message, batch)
	read := func(n int) {
		start <- n
		for ; n > 0; n -= batch {
			if _, err := conn.Write(messages[:min(n, batch)*len(message)]); err != nil {
				b.Fatal(err)
			}
		}
		if err := <-done; err != nil {
			b.Fatal(err)
		}
	}
	read(batch)
	b.ReportAllocs()
	b.ResetTimer()
	read(b.N)
}

// BenchmarkSend queues and writes messages of 20 ms of audio; the client counts what arrives.
func BenchmarkSend(b *testing.B) {
	const size, window = 1400, 100
	payload := bytes.Repeat([]byte{'a'}, size)
	conns, done := make(chan *ws.Conn), make(chan struct{})
	peer := raw(b, serve(b, ws.Options{}, func(c *ws.Conn) {
		conns <- c
		<-done
		_ = c.Close(ws.NormalClosure, "")
	}))
	server := <-conns
	defer close(done)
	buf := make([]byte, window*(size+4))
	send := func(n int) {
		for range n {
			if err := server.Send(func(dst []byte) []byte { return append(dst, payload...) }); err != nil {
				b.Fatal(err)
			}
		}
		if _, err := io.ReadFull(peer, buf[:n*(size+4)]); err != nil {
			b.Fatal(err)
		}
	}
	for range 20 { // until both buffers have their size
		send(window)
	}
	b.ReportAllocs()
	b.ResetTimer()
	for n := b.N; n > 0; n -= window {
		send(min(n, window))
	}
}

// One frame in and one frame out, over a real socket, without an allocation.
func TestSteadyTrafficAllocatesNothing(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	conns, done := make(chan *ws.Conn, 1), make(chan struct{})
	peer := raw(t, serve(t, ws.Options{}, func(c *ws.Conn) {
		conns <- c
		<-done
		_ = c.Close(ws.NormalClosure, "")
	}))
	server := <-conns
	defer close(done)
	in, out := frame(true, 1, bytes.Repeat([]byte{'a'}, 1325)), make([]byte, 1325+4)
	if allocs := testing.AllocsPerRun(500, func() {
		if _, err := peer.Write(in); err != nil {
			t.Fatal(err)
		}
		msg, _, err := server.Read(ctx)
		if err != nil {
			t.Fatal(err)
		}
		if err := server.Send(func(dst []byte) []byte { return append(dst, msg...) }); err != nil {
			t.Fatal(err)
		}
		if _, err := io.ReadFull(peer, out); err != nil {
			t.Fatal(err)
		}
	}); allocs != 0 {
		t.Fatalf("%v allocations per frame", allocs)
	}
	if !bytes.HasSuffix(out, in[len(in)-1325:]) {
		t.Fatal("not the frame that was sent")
	}
}
