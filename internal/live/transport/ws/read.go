package ws

import (
	"context"
	"errors"
	"io"
	"sync/atomic"

	"github.com/coder/websocket"

	"griot/internal/fault"
	"griot/internal/live/transport"
)

// hungUp is the reason a client closes with when somebody ended the conversation. Other clients close with none, whether somebody did or the page
// was left.
const hungUp = "client_closed"

// reading is what Read keeps between calls.
type reading struct {
	buf      []byte
	done     <-chan struct{} // of the context being watched
	unwatch  func() bool
	tooLarge atomic.Bool
}

// A buffer that one long message made larger than this is let go at the next call.
const keepBuffer = 256 << 10

// Read returns the next message, which is valid until the next call; binary tells a binary message from text.
// It returns io.EOF when the peer closed, with transport.ErrHungUp when its farewell is hungUp; a fault when the connection broke or was ended from this side, the context's error when that
// ended, and fault.Invalid "message_too_large". After any of them nothing more can be read, but Send still works after the
// last two, so that there can be a last word before Close.
func (c *Conn) Read(ctx context.Context) (msg []byte, binary bool, err error) {
	if err := ctx.Err(); err != nil {
		return nil, false, err
	}
	if c.in.tooLarge.Load() {
		return nil, false, errTooLarge(c.opts.ReadLimit)
	}
	c.watch(ctx)
	// A context that can end costs the library an allocation in each call, so it gets one that cannot.
	typ, r, err := c.ws.Reader(context.Background())
	if err != nil {
		return nil, false, c.readFailed(ctx, err)
	}
	buf := c.in.buf[:0]
	if cap(buf) > keepBuffer {
		buf = nil
	}
	for {
		if len(buf) == cap(buf) {
			buf = grow(buf)
		}
		n, err := r.Read(buf[len(buf):cap(buf)])
		buf = buf[:len(buf)+n]
		if len(buf) > c.opts.ReadLimit {
			c.in.buf = nil
			c.in.tooLarge.Store(true)
			return nil, false, errTooLarge(c.opts.ReadLimit)
		}
		if err == io.EOF {
			c.in.buf = buf
			return buf, typ == websocket.MessageBinary, nil
		}
		if err != nil {
			return nil, false, c.readFailed(ctx, err)
		}
	}
}

// grow doubles a buffer: it follows what has really arrived, not what a frame's header promises.
func grow(buf []byte) []byte {
	larger := make([]byte, len(buf), max(4096, 2*cap(buf)))
	copy(larger, buf)
	return larger
}

// watch interrupts the reading when ctx ends. The same context is registered once, not in each call.
func (c *Conn) watch(ctx context.Context) {
	if ctx.Done() == c.in.done {
		return
	}
	c.unwatch()
	c.in.done = ctx.Done()
	if c.in.done != nil {
		c.in.unwatch = context.AfterFunc(ctx, c.wire.interrupt)
	}
}

func (c *Conn) unwatch() {
	if c.in.unwatch != nil {
		c.in.unwatch()
		c.in.unwatch, c.in.done = nil, nil
	}
}

func (c *Conn) readFailed(ctx context.Context, err error) error {
	c.unwatch()
	if ctx.Err() != nil {
		return ctx.Err()
	}
	var closed websocket.CloseError
	if errors.As(err, &closed) {
		c.finish(ending{err: errClosed, gone: true})
		if closed.Code == websocket.StatusNormalClosure && closed.Reason == hungUp {
			return errors.Join(io.EOF, transport.ErrHungUp)
		}
		return io.EOF
	}
	c.finish(ending{err: fault.Wrap(err, fault.Unavailable, "connection_lost", "read from the client"), gone: true})
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.end.err // why this side had ended it, or the above
}

func errTooLarge(limit int) error {
	return fault.New(fault.Invalid, "message_too_large", "The message is longer than %d bytes.", limit)
}
