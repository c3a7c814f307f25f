// Package webcall holds the calls that come in over WebRTC: it answers offers, runs each call's conversation, and serves the Realtime protocol's HTTP addresses for
// them. What a call is to the protocol is in live/realtime, how its sound travels in live/transport/webrtc.
//
// Read service.go (Service: open, find, end), call.go (one call's life), then http.go.
package webcall

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"log/slog"
	"slices"
	"sync"
	"time"

	"griot/internal/fault"
	"griot/internal/live/realtime"
	"griot/internal/live/transport/webrtc"
	wire "griot/internal/realtime"
)

// Register is told of every call: opened by whatever way, connected, over. Its functions return soon.
type Register interface {
	Begin(ctx context.Context, c *Call) error // refusing ends the call before it is answered
	Connected(ctx context.Context, c *Call)
	Over(ctx context.Context, c *Call)
}

// Options of a Service. Server is needed.
type Options struct {
	Hub      *webrtc.Hub // nil opens no calls
	Server   *realtime.Server
	Register Register     // may be nil
	Log      *slog.Logger // may be nil
	// Connect is how long a caller may take to connect after the answer: 20 s.
	Connect time.Duration
}

// Service holds the calls of this process. It is safe for concurrent use.
type Service struct {
	o    Options
	ctx  context.Context // of every call
	stop context.CancelFunc
	wg   sync.WaitGroup

	mu     sync.Mutex // guards what follows
	calls  map[string]*Call
	closed bool
}

// New makes a service. Close ends its calls.
func New(o Options) *Service {
	if o.Connect <= 0 {
		o.Connect = 20 * time.Second
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	s := &Service{o: o, calls: map[string]*Call{}}
	s.ctx, s.stop = context.WithCancel(context.Background())
	return s
}

// Request is what a caller asks for.
type Request struct {
	SDP      string              // the offer
	Model    string              // names the agent; see realtime.Server.AgentOf
	Session  []wire.SessionPatch // changes to the agent's session, one after the other
	Tenant   string
	Remote   string        // who asks, as far as is known
	Extended bool          // Griot's extensions on the channel
	Filtered bool          // the channel gets only what a page may see
	Dialect  wire.Dialect  // that the client speaks on the channel
	Max      time.Duration // length of the call; 0 leaves the agent's
	Idle     time.Duration // nobody did anything; 0 leaves the agent's
	Settings any           // for the Register, as whoever opens the call has them; may be nil
}

// Create answers an offer and begins the call, which goes on when it has returned. Faults: Invalid names the field that is wrong ("sdp", "session.…"); those of
// realtime.Server.Open; Unavailable "no_webrtc" and "stopping".
func (s *Service) Create(ctx context.Context, r Request) (*Call, string, error) {
	if s.o.Hub == nil {
		return nil, "", fault.New(fault.Unavailable, "no_webrtc", "Calls over WebRTC are switched off on this server: see the setting webrtc.enabled.")
	}
	if err := webrtc.Check(r.SDP); err != nil { // before a conversation is opened for it
		return nil, "", err
	}
	conv, err := s.o.Server.Prepare(ctx, r.Model, r.Session, realtime.Request{Channel: "webrtc", Remote: r.Remote})
	if err != nil {
		return nil, "", err
	}
	c, answer, err := s.open(ctx, r, conv)
	if err != nil {
		conv.Close("refused", err)
		return nil, "", err
	}
	return c, answer, nil
}

// open makes the call of a conversation.
func (s *Service) open(ctx context.Context, r Request, conv *realtime.Conversation) (_ *Call, answer string, err error) {
	for to, value := range map[*time.Duration]time.Duration{&conv.Plan.Limits.Max: r.Max, &conv.Plan.Limits.Idle: r.Idle} {
		if value > 0 {
			*to = value
		}
	}
	c := &Call{s: s, id: newID(), req: r, conv: conv, created: time.Now(), ended: make(chan struct{})}
	peer, answer, err := s.o.Hub.Answer(ctx, webrtc.Offer{SDP: r.SDP, ID: c.id, Remote: r.Remote})
	if err != nil {
		return nil, "", err
	}
	c.peer = peer
	defer func() {
		if err != nil {
			_ = peer.Close("refused")
		}
	}()
	if c.live, err = s.o.Server.NewCall(conv, peer, r.Session...); err != nil {
		return nil, "", err
	}
	if reg := s.o.Register; reg != nil {
		if err := reg.Begin(ctx, c); err != nil {
			return nil, "", err
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil, "", fault.New(fault.Unavailable, "stopping", "The server is stopping.")
	}
	s.calls[c.id] = c
	s.wg.Go(c.run)
	return c, answer, nil
}

// newID is unguessable: who knows it may control the call.
func newID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // it never fails
	return "rtc_" + hex.EncodeToString(b[:])
}

// Get returns a call that is going on; fault.NotFound "call_not_found" when there is none.
func (s *Service) Get(id string) (*Call, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if c := s.calls[id]; c != nil {
		return c, nil
	}
	return nil, fault.New(fault.NotFound, "call_not_found", "No call with id '%s' is going on.", id).At("call_id")
}

// List returns the calls that are going on, oldest first.
func (s *Service) List() []*Call {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := make([]*Call, 0, len(s.calls))
	for _, c := range s.calls {
		out = append(out, c)
	}
	slices.SortFunc(out, func(a, b *Call) int { return a.created.Compare(b.created) })
	return out
}

// HangUp ends a call and waits until it is over or ctx ends; fault.NotFound "call_not_found" when there is none.
func (s *Service) HangUp(ctx context.Context, id, reason string) error {
	c, err := s.Get(id)
	if err != nil {
		return err
	}
	return c.HangUp(ctx, reason)
}

// Close ends every call and returns when they are over. None can be opened afterwards.
func (s *Service) Close() {
	s.mu.Lock()
	s.closed = true
	s.mu.Unlock()
	s.stop()
	s.wg.Wait()
}

// forget takes a call that is over out of the list.
func (s *Service) forget(c *Call) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.calls, c.id)
}
