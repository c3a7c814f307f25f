package webrtc

import (
	"context"
	"errors"
	"io"
	"os"
	"sync"
	"time"

	"github.com/pion/datachannel"
	"github.com/pion/webrtc/v4"

	"griot/internal/fault"
)

const (
	readBuffer = 16 << 10               // what a message is read into at first
	mostQueued = 8 << 20                // bytes that may wait for a slow reader
	flushTime  = 500 * time.Millisecond // how long Close waits for what is queued
)

// Channel is a data channel that the client opened: messages of text. It is a connection as the Realtime server wants one: Read is for one goroutine, the rest for any.
type Channel struct {
	label string
	rw    datachannel.ReadWriteCloserDeadliner
	queue interface{ BufferedAmount() uint64 } // what the network has not taken yet
	low   chan struct{}                        // it is empty; capacity 1
	gone  <-chan struct{}                      // the peer is

	in      []byte
	done    <-chan struct{} // of the context being watched
	unwatch func() bool

	mu     sync.Mutex // guards what follows, and the order of messages
	out    []byte
	closed error // what Send returns from now on
}

func newChannel(d *webrtc.DataChannel, gone <-chan struct{}) (*Channel, error) {
	rw, err := d.DetachWithDeadline()
	if err != nil {
		return nil, err
	}
	c := &Channel{label: d.Label(), rw: rw, queue: d, low: make(chan struct{}, 1), gone: gone, in: make([]byte, readBuffer)}
	d.SetBufferedAmountLowThreshold(0)
	d.OnBufferedAmountLow(func() {
		select {
		case c.low <- struct{}{}:
		default:
		}
	})
	return c, nil
}

// Label is the name that the client gave the channel.
func (c *Channel) Label() string { return c.label }

// Read returns the next message, valid until the next call. It is io.EOF when the channel has closed, ctx's error when that ended, and fault.Invalid
// "message_too_large", after which nothing more can be read.
func (c *Channel) Read(ctx context.Context) (data []byte, binary bool, err error) {
	if err := ctx.Err(); err != nil {
		return nil, false, err
	}
	c.watch(ctx)
	for {
		n, text, err := c.rw.ReadDataChannel(c.in)
		switch {
		case err == nil:
			return c.in[:n], !text, nil
		case ctx.Err() != nil:
			return nil, false, ctx.Err()
		case errors.Is(err, io.ErrShortBuffer) && n > maxMessage:
			return nil, false, fault.New(fault.Invalid, "message_too_large", "The message is longer than %d bytes.", maxMessage)
		case errors.Is(err, io.ErrShortBuffer):
			c.in = make([]byte, max(n, 2*len(c.in))) // the message waits for a buffer that holds it
		default:
			return nil, false, io.EOF
		}
	}
}

// watch interrupts the reading when ctx ends. The same context is registered once, not in each call.
func (c *Channel) watch(ctx context.Context) {
	if ctx.Done() == c.done {
		return
	}
	if c.unwatch != nil {
		c.unwatch()
	}
	c.done = ctx.Done()
	c.unwatch = context.AfterFunc(ctx, func() { _ = c.rw.SetReadDeadline(time.Unix(1, 0)) })
}

// Send queues one message of text. A client that lets too much wait is cut off.
func (c *Channel) Send(encode func(dst []byte) []byte) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed != nil {
		return c.closed
	}
	if c.out = encode(c.out[:0]); len(c.out) == 0 {
		return nil
	}
	if c.queue.BufferedAmount() > mostQueued {
		c.closed = fault.New(fault.Limited, "slow_reader", "the client does not read what it is sent")
		_ = c.rw.Close()
		return c.closed
	}
	if _, err := c.rw.WriteDataChannel(c.out, true); err != nil {
		if errors.Is(err, io.ErrClosedPipe) || errors.Is(err, os.ErrDeadlineExceeded) {
			err = errClosed
		}
		return err
	}
	return nil
}

var errClosed error = fault.New(fault.Conflict, "connection_closed", "the connection is closed")

// Close lets what is queued out for at most half a second, and closes the channel. The reason is not told: the protocol's own events do that. Calls after the first do nothing.
func (c *Channel) Close(string) error {
	c.mu.Lock()
	first := c.closed == nil
	if first {
		c.closed = errClosed
	}
	c.mu.Unlock()
	if !first {
		return nil
	}
	timeout := time.NewTimer(flushTime)
	defer timeout.Stop()
	for c.queue.BufferedAmount() > 0 {
		select {
		case <-c.low:
			continue
		case <-c.gone:
		case <-timeout.C:
		}
		break
	}
	_ = c.rw.SetReadDeadline(time.Unix(1, 0)) // the far end may never confirm the end
	return c.rw.Close()
}
