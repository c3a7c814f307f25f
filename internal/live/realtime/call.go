package realtime

import (
	"context"

	"griot/internal/event"
	"griot/internal/fault"
	"griot/internal/live/session"
	"griot/internal/live/transport"
	"griot/internal/media"
	wire "griot/internal/realtime"
)

// Call is a conversation whose sound travels beside its events, as over WebRTC. Clients join and leave it while it goes on.
type Call struct {
	s     *Server
	c     *conn
	leg   transport.Leg
	began chan struct{}
	ended chan struct{}
}

// NewCall prepares a conversation over leg; patches change its session before it begins. Its record is closed by Run, or by the caller when that is
// not called. Faults are those of a session.update.
func (s *Server) NewCall(conv *Conversation, leg transport.Leg, patches ...wire.SessionPatch) (*Call, error) {
	effective, plan, err := begin(conv, patches)
	if err != nil {
		return nil, err
	}
	c := newConn(nil, effective, conv.ID, leg.Info().Remote)
	c.conv, c.sounds = conv, map[string]bool{}
	plan.AgentWords = c.word
	c.sess = conv.session(plan, besideLeg{c, leg}, event.Tee(conv.Log, c))
	return &Call{s: s, c: c, leg: leg, began: make(chan struct{}), ended: make(chan struct{})}, nil
}

// Run holds the conversation until the leg, the conversation or ctx ends, then closes what its clients are connected by and its record. It is called once.
func (l *Call) Run(ctx context.Context) {
	defer close(l.ended)
	defer l.s.survive(l.c.conv, func() { _ = l.leg.Close("failed"); l.c.dismiss("failed") })
	close(l.began)
	l.s.run(ctx, l.c)
}

// Client says how somebody joins a call.
type Client struct {
	Pipe     Pipe
	Greeted  bool // session.created is the first it gets, as for who opened the call
	Extended bool // Griot's extensions
	Filtered bool // it gets only what a page may see
	Dialect  wire.Dialect
}

// Join adds a client: it gets every event from now on, and its own are carried out. It returns when the client's pipe, the call, or ctx has ended, and leaves
// closing the pipe to the caller; the error is fault.Conflict "session_ended" when the call was already over.
func (l *Call) Join(ctx context.Context, cl Client) error {
	select {
	case <-l.began:
	case <-l.ended:
	case <-ctx.Done():
		return ctx.Err()
	}
	serve, err := l.Attach(cl)
	if err != nil {
		return err
	}
	return serve(ctx)
}

// Attach adds a client at once, also before Run: one that is attached by then misses nothing. What it returns is to be called once; it does the rest of Join. The error
// is Join's.
func (l *Call) Attach(cl Client) (serve func(context.Context) error, err error) {
	o := &outlet{pipe: cl.Pipe, ext: cl.Extended, page: cl.Filtered, dialect: cl.Dialect}
	if !l.c.attach(o, cl.Greeted) {
		return nil, errOver
	}
	return func(ctx context.Context) error {
		defer l.c.detach(o)
		select {
		case <-l.began:
		case <-l.ended:
		case <-ctx.Done():
			return ctx.Err()
		}
		return l.c.control(ctx, o) // the end of the call closes the pipe
	}, nil
}

var errOver error = fault.New(fault.Conflict, "session_ended", "the conversation is over")

// HangUp ends the conversation with that reason. It is nothing when it is over already.
func (l *Call) HangUp(ctx context.Context, reason string) error {
	select {
	case <-l.began:
	default:
		return l.leg.Close(reason)
	}
	err := l.c.sess.Do(ctx, session.HangUp{Reason: reason})
	if fault.CodeOf(err) == "session_ended" {
		return nil
	}
	return err
}

// Ended is closed when the conversation has ended and its record is closed.
func (l *Call) Ended() <-chan struct{} { return l.ended }

// Reason says why the conversation ended, once it has.
func (l *Call) Reason() string {
	if r := l.c.sess.Reason(); r != "" {
		return r
	}
	return "failed"
}

// Session returns the session as it is at this moment.
func (l *Call) Session() wire.Session {
	l.c.mu.Lock()
	defer l.c.mu.Unlock()
	return l.c.session
}

// besideLeg is the leg of a session whose sound travels beside its events. It opens the response's message at its first sound, and announces where sound begins
// and ends.
type besideLeg struct {
	c   *conn
	leg transport.Leg
}

// Info implements transport.Leg.
func (b besideLeg) Info() transport.Info { return b.leg.Info() }

// Recv implements transport.Leg.
func (b besideLeg) Recv(ctx context.Context, in *transport.Inbound) error {
	err := b.leg.Recv(ctx, in)
	if err == nil && in.Kind == transport.Audio && in.Frame.Rate > 0 {
		b.c.appended.Add(int64(len(in.Frame.PCM) * rate / in.Frame.Rate))
	}
	return err
}

// Play implements transport.Leg. What is not the response being sent may be the rest of one that was held in its last moments.
func (b besideLeg) Play(ctx context.Context, g event.Gen, f media.Frame) error {
	b.c.sounding(g, f)
	return b.leg.Play(ctx, g, f)
}

// Clear implements transport.Leg.
func (b besideLeg) Clear(ctx context.Context, before event.Gen) error {
	return b.leg.Clear(ctx, before)
}

// Heard implements transport.Leg.
func (b besideLeg) Heard() <-chan transport.Heard { return b.leg.Heard() }

// Close implements transport.Leg. The clients go first: what carries their events may be part of what carries the sound.
func (b besideLeg) Close(reason string) error {
	b.c.dismiss(reason)
	return b.leg.Close(reason)
}

// sounding opens a response's message at its first sound, and announces that.
func (c *conn) sounding(g event.Gen, f media.Frame) {
	c.mu.Lock()
	defer c.mu.Unlock()
	r := c.rep
	if r == nil || r.gen != g {
		return
	}
	c.openMessage(r)
	r.sent = max(r.sent, f.PTS+f.Duration())
	if id := r.wire.ID; !c.sounds[id] {
		c.sounds[id] = true
		c.send(wire.OutputAudioBufferStarted{ResponseID: id})
	}
}

// silent tells how the sound of a response ended, where the client cannot know: it drained, or was cut, and then its item was cut to what was heard.
// Called with mu held.
func (c *conn) silent(b event.AgentSaid) {
	if !c.sounds[b.Response] {
		return
	}
	delete(c.sounds, b.Response)
	if !b.Cut {
		c.send(wire.OutputAudioBufferStopped{ResponseID: b.Response})
		return
	}
	c.send(wire.OutputAudioBufferCleared{ResponseID: b.Response}, wire.ItemTruncated{ItemID: b.Item, AudioEndMS: b.Upto.Duration().Milliseconds()})
}
