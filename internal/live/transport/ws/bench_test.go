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
	const size, window = 1400, 1000
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
