// Package ws carries messages over a WebSocket: the upgrade with its origin policy, reading into one reused buffer, and
// a writer that never makes its callers wait. It knows nothing of what the messages say.
//
// A Conn has a goroutine of its own that writes, and from time to time one that pings; Close ends both. One goroutine of the
// caller's reads. Steady traffic allocates nothing in either direction.
package ws

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"time"

	"github.com/coder/websocket"

	"griot/internal/fault"
)

// Close codes of RFC 6455 section 7.4.1 that servers here use.
const (
	NormalClosure   = 1000
	GoingAway       = 1001
	PolicyViolation = 1008
	MessageTooBig   = 1009
	InternalError   = 1011
)

// Options of a connection. Zero values are replaced by the defaults named.
type Options struct {
	// AllowedOrigins may open connections besides pages of this host and programs that are no browser. An entry is an
	// origin such as "https://example.com", may hold * for any run of characters but "/", or is "*" for all.
	AllowedOrigins []string
	// Subprotocols in order of preference. One is selected only when the client offers it.
	Subprotocols []string
	// ReadLimit is the longest message taken, in bytes. 16 MiB.
	ReadLimit int
	// QueueMessages and QueueBytes bound what waits to be written: 4096 and 8 MiB. A client that lets either
	// fill up is cut off. The last message may exceed QueueBytes, so that a long one can be sent at all.
	QueueMessages, QueueBytes int
	// WriteTimeout is how long 64 KiB may take to be written. 10 s.
	WriteTimeout time.Duration
	// PingEvery is the pause between pings. A peer that sends nothing at all for PingTimeout after one is gone. 15 s each.
	PingEvery, PingTimeout time.Duration
	// FlushTimeout is how long Close goes on writing what is queued, and then waits for the peer's close frame. 1 s each.
	FlushTimeout time.Duration
}

func (o Options) withDefaults() Options {
	set := func(v *int, d int) {
		if *v <= 0 {
			*v = d
		}
	}
	set(&o.ReadLimit, 16<<20)
	set(&o.QueueMessages, 4096)
	set(&o.QueueBytes, 8<<20)
	wait := func(v *time.Duration, d time.Duration) {
		if *v <= 0 {
			*v = d
		}
	}
	wait(&o.WriteTimeout, 10*time.Second)
	wait(&o.PingEvery, 15*time.Second)
	wait(&o.PingTimeout, 15*time.Second)
	wait(&o.FlushTimeout, time.Second)
	return o
}

// Conn is one open connection. Read belongs to one goroutine; the rest may be called from any. Who accepted it must Close it.
type Conn struct {
	ws   *websocket.Conn
	wire *wire
	opts Options

	in reading

	mu  sync.Mutex // guards out and end
	out queue
	end *ending // set once, when the connection is to end

	wake    chan struct{} // capacity 1: there is something for the writer
	written chan struct{} // closed when the writer has ended
	pinger  *time.Timer   // runs ping
	pinging sync.WaitGroup
	stop    context.CancelFunc
}

// ending says how a connection ends.
type ending struct {
	err    error // what Send returns from now on
	code   websocket.StatusCode
	reason string
	flush  bool // write what is queued first
	gone   bool // the peer is: no close frame
}

// Check refuses, with a JSON error body, a request that Accept would: 426 when it is no WebSocket, 403 when its origin is
// foreign. Asking first saves preparing a conversation that nobody may have. It answers nothing when it returns nil.
func Check(w http.ResponseWriter, r *http.Request, opts Options) error {
	if err := checkUpgrade(r); err != nil {
		w.Header().Set("Connection", "Upgrade")
		w.Header().Set("Upgrade", "websocket")
		Refuse(w, http.StatusUpgradeRequired, err)
		return err
	}
	if err := CheckOrigin(r, opts.AllowedOrigins); err != nil {
		Refuse(w, http.StatusForbidden, err)
		return err
	}
	return nil
}

// Accept upgrades the request. When it refuses, it has written the answer, as Check does. The request's context has no meaning afterwards.
func Accept(w http.ResponseWriter, r *http.Request, opts Options) (*Conn, error) {
	if err := Check(w, r, opts); err != nil {
		return nil, err
	}
	opts = opts.withDefaults()
	h := &hijacked{ResponseWriter: w, timeout: opts.WriteTimeout}
	conn, err := websocket.Accept(h, r, &websocket.AcceptOptions{
		Subprotocols:       opts.Subprotocols,
		InsecureSkipVerify: true, // CheckOrigin did it, with a body that clients can read
		CompressionMode:    websocket.CompressionDisabled,
	})
	if err != nil {
		return nil, fault.Wrap(err, fault.Invalid, "bad_handshake", "open WebSocket")
	}
	conn.SetReadLimit(-1) // Read has its own limit, which leaves time for a last word
	ctx, stop := context.WithCancel(context.Background())
	c := &Conn{
		ws: conn, wire: h.wire, opts: opts,
		wake: make(chan struct{}, 1), written: make(chan struct{}), stop: stop,
	}
	go c.write()
	c.mu.Lock() // ping wants its timer
	c.pinger = time.AfterFunc(opts.PingEvery, func() { c.ping(ctx) })
	c.mu.Unlock()
	return c, nil
}

// Subprotocol returns the selected subprotocol, or "".
func (c *Conn) Subprotocol() string { return c.ws.Subprotocol() }

// RemoteAddr returns the address of the peer or of the proxy before it.
func (c *Conn) RemoteAddr() string { return c.wire.RemoteAddr().String() }

// Close writes what is queued for at most FlushTimeout, sends a close frame, waits for the peer's for at most
// FlushTimeout again, and returns when the connection's goroutines have ended. After an oversize message the code is
// 1009 whatever is asked. The reason has at most 123 bytes. Calls after the first only wait. It returns why the connection had ended before, if it had.
func (c *Conn) Close(code int, reason string) error {
	e := ending{err: errClosed, code: websocket.StatusCode(code), reason: clipReason(reason), flush: true}
	if c.in.tooLarge.Load() {
		e.code, e.reason = MessageTooBig, "message too large"
	}
	c.finish(e)
	<-c.written
	c.stop()
	c.pinger.Stop()
	c.pinging.Wait()
	c.mu.Lock()
	defer c.mu.Unlock()
	if errors.Is(c.end.err, errClosed) {
		return nil
	}
	return c.end.err
}

var errClosed error = fault.New(fault.Conflict, "connection_closed", "the connection is closed")

// finish starts the end of the connection; only the first call has an effect.
func (c *Conn) finish(e ending) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.end != nil {
		return
	}
	c.end = &e
	c.wire.finishBy(time.Now().Add(c.opts.FlushTimeout))
	if !e.flush {
		c.out.drop()
	}
	c.signal()
}

func (c *Conn) signal() {
	select {
	case c.wake <- struct{}{}:
	default:
	}
}

// ping asks the peer for a sign of life. Any bytes count as one: an answer may be stuck behind a long upload.
func (c *Conn) ping(ctx context.Context) {
	c.mu.Lock()
	if c.end != nil {
		c.mu.Unlock()
		return
	}
	c.pinging.Add(1) // before Close can wait
	c.mu.Unlock()
	defer c.pinging.Done()
	before := c.wire.received.Load()
	wait, cancel := context.WithTimeout(ctx, c.opts.PingTimeout)
	defer cancel()
	err := c.ws.Ping(wait)
	if err != nil {
		<-wait.Done() // a ping that could not be written is no sign of death yet
	}
	if ctx.Err() != nil {
		return
	}
	if err != nil && c.wire.received.Load() == before {
		c.finish(ending{err: fault.Wrap(err, fault.Unavailable, "peer_silent", "the client does not answer"), code: GoingAway, reason: "ping timeout"})
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.end == nil {
		c.pinger.Reset(c.opts.PingEvery)
	}
}

// clipReason keeps to what a close frame holds, without cutting a character.
func clipReason(s string) string {
	const most = 123
	if len(s) <= most {
		return s
	}
	n := most
	for n > 0 && s[n]&0xc0 == 0x80 {
		n--
	}
	return s[:n]
}

// hijacked hands the upgrade a connection that we can watch and bound.
type hijacked struct {
	http.ResponseWriter
	timeout time.Duration
	wire    *wire
}

// Unwrap lets http.ResponseController reach the original.
func (h *hijacked) Unwrap() http.ResponseWriter { return h.ResponseWriter }
