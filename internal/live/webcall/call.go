package webcall

import (
	"context"
	"errors"
	"io"
	"sync"
	"time"

	"griot/internal/fault"
	"griot/internal/live/realtime"
	"griot/internal/live/transport/webrtc"
	wire "griot/internal/realtime"
)

// Call is one call. It is safe for concurrent use.
type Call struct {
	s       *Service
	id      string
	req     Request
	conv    *realtime.Conversation
	peer    *webrtc.Peer
	live    *realtime.Call
	created time.Time
	ended   chan struct{}

	mu        sync.Mutex // guards what follows
	connected time.Time
	over      time.Time
	reason    string
}

// State is where a call is in its life.
type State string

// The states of a call.
const (
	Connecting State = "connecting" // it was answered, and the caller has not connected yet
	Connected  State = "connected"
	Ended      State = "ended"
)

// Info describes a call at a moment.
type Info struct {
	ID, Conversation, Agent, Tenant, Remote string
	State                                   State
	Created, Connected, Ended               time.Time // zero when it has not happened
	Reason                                  string    // why it ended: "caller_left", "client_closed", "never_connected", …
	Session                                 wire.Session
	Settings                                any // of the Request
}

// ID is the call's name in every interface: "rtc_…".
func (c *Call) ID() string { return c.id }

// Info describes the call.
func (c *Call) Info() Info {
	session := c.live.Session()
	c.mu.Lock()
	defer c.mu.Unlock()
	in := Info{ID: c.id, Conversation: c.conv.ID, Agent: c.conv.Plan.Agent, Tenant: c.req.Tenant, Remote: c.req.Remote, State: Connecting,
		Created: c.created, Connected: c.connected, Ended: c.over, Reason: c.reason, Session: session, Settings: c.req.Settings}
	switch {
	case !c.over.IsZero():
		in.State = Ended
	case !c.connected.IsZero():
		in.State = Connected
	}
	return in
}

// Stats returns how the call's network does.
func (c *Call) Stats() webrtc.Stats { return c.peer.Stats() }

// Done is closed when the call is over.
func (c *Call) Done() <-chan struct{} { return c.ended }

// Join adds a controller beside the caller, until its pipe or the call ends; see realtime.Call.Join.
func (c *Call) Join(ctx context.Context, cl realtime.Client) error { return c.live.Join(ctx, cl) }

// Restart takes a new offer of the same caller, whose network has changed, and returns the answer.
func (c *Call) Restart(ctx context.Context, offer string) (string, error) {
	return c.peer.Restart(ctx, offer)
}

// HangUp ends the call and waits until it is over or ctx ends.
func (c *Call) HangUp(ctx context.Context, reason string) error {
	c.mu.Lock()
	if c.reason == "" {
		c.reason = reason // of a call that is not connected; the conversation knows better
	}
	c.mu.Unlock()
	if err := c.live.HangUp(ctx, reason); err != nil {
		return err
	}
	select {
	case <-c.ended:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// run is the call's life.
func (c *Call) run() {
	defer close(c.ended)
	ch, err := c.ready()
	if err == nil {
		c.hold(ch)
	}
	_ = c.peer.Close("")
	c.mu.Lock()
	c.over = time.Now()
	if c.reason == "" {
		c.reason = "never_connected"
		if c.s.ctx.Err() != nil {
			c.reason = "shutdown"
		}
	}
	reason := c.reason
	c.mu.Unlock()
	if err != nil {
		if reason != "never_connected" {
			err = nil // it was hung up
		}
		c.conv.Close(reason, err)
	}
	c.s.forget(c)
	if reg := c.s.o.Register; reg != nil {
		reg.Over(context.WithoutCancel(c.s.ctx), c)
	}
	c.s.o.Log.Debug("a WebRTC call is over", "call", c.id, "conversation", c.conv.ID, "reason", reason)
}

// ready waits until the caller is connected.
func (c *Call) ready() (*webrtc.Channel, error) {
	ctx, cancel := context.WithTimeout(c.s.ctx, c.s.o.Connect)
	defer cancel()
	return c.peer.Ready(ctx)
}

// hold runs the conversation of a connected caller to its end.
func (c *Call) hold(ch *webrtc.Channel) {
	c.mu.Lock()
	c.connected = time.Now()
	c.reason = ""
	c.mu.Unlock()
	if reg := c.s.o.Register; reg != nil {
		reg.Connected(context.WithoutCancel(c.s.ctx), c)
	}
	client := realtime.Client{Greeted: true, Extended: c.req.Extended, Filtered: c.req.Filtered, Dialect: c.req.Dialect}
	join := func(ctx context.Context) error {
		client.Pipe = ch
		return c.live.Join(ctx, client)
	}
	if ch != nil { // before the conversation begins, so that its first events are not missed
		client.Pipe = ch
		if serve, err := c.live.Attach(client); err == nil {
			join = serve
		}
	}
	var clients sync.WaitGroup
	clients.Go(func() {
		if ch == nil {
			select {
			case ch = <-c.peer.Channels(): // the client took its time
			case <-c.live.Ended():
				return
			}
		}
		err := join(c.s.ctx)
		_ = ch.Close("")
		if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, context.Canceled) && fault.CodeOf(err) != "session_ended" {
			c.s.o.Log.Debug("a WebRTC call goes on without its channel", "call", c.id, "error", err)
		}
	})
	c.live.Run(c.s.ctx)
	clients.Wait()
	c.mu.Lock()
	c.reason = c.live.Reason()
	c.mu.Unlock()
}
