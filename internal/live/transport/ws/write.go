package ws

import (
	"context"
	"errors"
	"os"
	"time"

	"github.com/coder/websocket"

	"griot/internal/fault"
)

// queue holds messages back to back in one buffer. The writer swaps it for its own empty one, so that two buffers serve a connection for life.
type queue struct {
	buf  []byte
	ends []int // where each message ends in buf
	// What Send has accepted and the writer has not finished with.
	messages, bytes int
}

func (q *queue) drop() { q.buf, q.ends = nil, nil }

// A buffer that a burst made larger than this is let go when it has been written. Steady sound needs one or two kilobytes.
const keepQueue = 8 << 10

// Send queues one text message, which encode appends to dst. It never waits for the network. Messages go out in the
// order of the calls; encode runs under the queue's lock, must be quick and must not use the connection; when it returns dst as it was, nothing is sent.
//
// The bound of the queue is the client's patience: when it is full the connection ends with status 1008, and this
// and every later call returns fault.Limited "slow_reader". After Close it is fault.Conflict "connection_closed".
func (c *Conn) Send(encode func(dst []byte) []byte) error {
	c.mu.Lock()
	if c.end == nil && (c.out.messages >= c.opts.QueueMessages || c.out.bytes >= c.opts.QueueBytes) {
		c.mu.Unlock()
		c.finish(slowReader())
		c.mu.Lock()
	}
	defer c.mu.Unlock()
	if c.end != nil {
		return c.end.err
	}
	before := len(c.out.buf)
	buf := encode(c.out.buf)
	if len(buf) <= before {
		return nil
	}
	c.out.buf, c.out.ends = buf, append(c.out.ends, len(buf))
	c.out.messages++
	c.out.bytes += len(buf) - before
	c.signal()
	return nil
}

func slowReader() ending {
	return ending{
		err:  fault.New(fault.Limited, "slow_reader", "the client reads too slowly and was disconnected"),
		code: PolicyViolation, reason: "slow reader",
	}
}

// Queued returns how many messages and bytes wait to be written.
func (c *Conn) Queued() (messages, bytes int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.out.messages, c.out.bytes
}

// write is the connection's writer; it also ends the connection.
func (c *Conn) write() {
	defer close(c.written)
	var batch queue
	for {
		batch.buf, batch.ends = batch.buf[:0], batch.ends[:0]
		if cap(batch.buf) > keepQueue {
			batch.buf = nil
		}
		if !c.next(&batch) {
			break
		}
		start := 0
		for _, end := range batch.ends {
			if c.cut() {
				break
			}
			err := c.ws.Write(context.Background(), websocket.MessageText, batch.buf[start:end])
			c.wrote(end - start)
			if err != nil {
				c.writeFailed(err)
				break
			}
			start = end
		}
	}
	c.hangUp()
}

// next waits for messages and exchanges the queue's buffers with the batch's. It returns false when the connection ends.
func (c *Conn) next(batch *queue) bool {
	for {
		c.mu.Lock()
		if len(c.out.ends) > 0 {
			batch.buf, c.out.buf = c.out.buf, batch.buf
			batch.ends, c.out.ends = c.out.ends, batch.ends
			c.mu.Unlock()
			return true
		}
		ended := c.end != nil
		c.mu.Unlock()
		if ended {
			return false
		}
		<-c.wake
	}
}

// cut reports whether the rest of a batch is not to be written.
func (c *Conn) cut() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.end != nil && !c.end.flush
}

func (c *Conn) wrote(n int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.out.messages--
	c.out.bytes -= n
}

// writeFailed ends the connection for the reason of a failed write; while closing there is nothing left to say.
func (c *Conn) writeFailed(err error) {
	if errors.Is(err, os.ErrDeadlineExceeded) {
		c.finish(slowReader())
	} else {
		c.finish(ending{err: fault.Wrap(err, fault.Unavailable, "connection_lost", "write to the client"), gone: true})
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.end.flush = false
	c.out.drop()
}

// hangUp performs the close handshake within FlushTimeout and closes the network connection in any case.
func (c *Conn) hangUp() {
	c.mu.Lock()
	e := *c.end
	c.out = queue{}
	c.mu.Unlock()
	kill := time.AfterFunc(c.opts.FlushTimeout, func() { _ = c.wire.Close() })
	defer kill.Stop()
	if e.gone {
		_ = c.ws.CloseNow()
	} else {
		c.wire.finishBy(time.Now().Add(c.opts.FlushTimeout))
		c.wire.resume()
		_ = c.ws.Close(e.code, e.reason)
	}
	_ = c.wire.Close()
}
