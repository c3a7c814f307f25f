package ws

import (
	"bufio"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

// wire is the network connection with a bound on every write and a count of what came in.
type wire struct {
	net.Conn
	timeout  time.Duration
	received atomic.Uint64 // bytes

	mu   sync.Mutex // orders the setting of write deadlines
	last time.Time  // no write goes on after; zero: none
	set  time.Time  // the deadline in force
}

// Hijack takes over the connection, wrapped.
func (h *hijacked) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	conn, rw, err := http.NewResponseController(h.ResponseWriter).Hijack()
	if err != nil {
		return nil, nil, err
	}
	h.wire = &wire{Conn: conn, timeout: h.timeout}
	return h.wire, bufio.NewReadWriter(rw.Reader, bufio.NewWriter(h.wire)), nil
}

// Read counts.
func (w *wire) Read(p []byte) (int, error) {
	n, err := w.Conn.Read(p)
	w.received.Add(uint64(n))
	return n, err
}

// Write gives each 64 KiB its own deadline, so that a long message over a thin line is not taken for a stalled one.
func (w *wire) Write(p []byte) (int, error) {
	done := 0
	for done < len(p) {
		if err := w.setDeadline(); err != nil {
			return done, err
		}
		n, err := w.Conn.Write(p[done:min(len(p), done+64<<10)])
		done += n
		if err != nil {
			return done, err
		}
	}
	return done, nil
}

func (w *wire) setDeadline() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	t := time.Now().Add(w.timeout)
	if !w.last.IsZero() && w.last.Before(t) {
		t = w.last
	} else if t.Sub(w.set) < w.timeout/16 {
		return nil // setting one costs as much as a small write
	}
	w.set = t
	return w.Conn.SetWriteDeadline(t)
}

// finishBy bounds all writes from now on, the current one too.
func (w *wire) finishBy(t time.Time) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.last, w.set = t, t
	_ = w.Conn.SetWriteDeadline(t) // fails only when the connection is closed already
}

// interrupt ends a Read that waits.
func (w *wire) interrupt() { _ = w.Conn.SetReadDeadline(time.Unix(1, 0)) }

// resume undoes interrupt.
func (w *wire) resume() { _ = w.Conn.SetReadDeadline(time.Time{}) }
