// Package realtime serves clients that speak the Realtime protocol: their events become session commands, and the session's events theirs. Over a WebSocket
// the connection is also the session's leg: audio travels inside the events. Where it travels beside them, as over WebRTC, the session has a leg of its own, and
// clients join and leave by any Pipe.
//
// Read conn.go (a conversation, and its leg), pipe.go (its clients), call.go (sound beside the events), commands.go (in), translate.go (out) and dialect.go (in whose words).
package realtime

import (
	"context"
	"errors"
	"log/slog"
	"math"
	"net/http"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
	"time"

	"griot/internal/event"
	"griot/internal/fault"
	"griot/internal/live/session"
	"griot/internal/live/transport"
	"griot/internal/live/transport/ws"
	"griot/internal/live/turn"
	wire "griot/internal/realtime"
)

// Host prepares conversations and keeps their record. The application gives one.
type Host interface {
	// Open finds the agent, prepares its plan and opens the record. A fault says why not: NotFound, Limited (with a later try), Unavailable.
	Open(ctx context.Context, r Request) (*Conversation, error)
}

// Request says what a client asks for.
type Request struct {
	Agent      string       // reference
	Transcribe *Hearing     // not nil: a transcription session, without an agent
	Translate  *Translation // not nil: a translation session, without an agent
	Channel    string
	Remote     string
}

// Conversation is what Host.Open prepared. Close must be called once, when the session has ended.
type Conversation struct {
	ID    string
	Model string // by which the client asked for the agent; set by Server.Open
	Plan  session.Plan
	Log   event.Appender
	Agent wire.GriotAgent
	Close func(reason string, err error)
	// Hear finds another recogniser for a transcription session; nil when there is no choice. A fault.Invalid names the parameter that asks for what is not there.
	Hear func(ctx context.Context, h Hearing) (session.Listen, error)
	// Into changes the language of a translation session; nil in others.
	Into func(ctx context.Context, lang string) error
	// Keep, when not nil, stands between the session and its surroundings, as what keeps them for a replay does: it returns what the session is to use. It is called once.
	Keep func(session.Plan, transport.Leg, event.Appender) (session.Plan, transport.Leg, event.Appender)
}

// session makes the conversation's session over a leg.
func (v *Conversation) session(p session.Plan, l transport.Leg, log event.Appender) *session.Session {
	if v.Keep != nil {
		p, l, log = v.Keep(p, l, log)
	}
	return session.New(p, l, log)
}

// Server answers GET /v1/realtime.
type Server struct {
	Host           Host
	AllowedOrigins []string
	Admit          func(r *http.Request, key string) error // nil admits everybody
	DefaultAgent   string                                  // who answers clients that ask for a model of the clouds, or for none; empty refuses them
	Secrets        *Secrets                                // keys that clients were given for a while; nil has none
	ReadLimit      int                                     // bytes of one message; 0 for 16 MiB
	Log            *slog.Logger
	Stop           context.Context // its end ends every conversation

	live sync.WaitGroup
}

// Wait returns when every conversation has ended.
func (s *Server) Wait() { s.live.Wait() }

// ServeHTTP admits a client, upgrades the connection and begins the conversation, which goes on when it has returned: the request and what the HTTP server
// keeps with it are not needed for the length of a call.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.live.Add(1)
	defer s.live.Done()
	key, _ := ws.Credentials(r)
	secret, granted := s.Secrets.Find(key)
	if s.Admit != nil && !granted {
		if err := s.Admit(r, key); err != nil {
			ws.Refuse(w, http.StatusUnauthorized, err)
			return
		}
	}
	if secret.Visitor {
		q := r.URL.Query()
		if m := modelOf(r); m != "" && m != secret.Model || q.Get("intent") != "" || strings.HasSuffix(r.URL.Path, "/translations") {
			ws.Refuse(w, http.StatusForbidden, errVisitor("another model or intent"))
			return
		}
	}
	var translate *wire.TranslationSession
	model, hear, err := wants(modelOf(r), r.URL.Query().Get("intent"), secret)
	switch {
	case strings.HasSuffix(r.URL.Path, "/translations"):
		translate, err = translates(modelOf(r), secret, granted)
	case err == nil && secret.Translation != nil:
		err = fault.New(fault.Invalid, "invalid_model", "The client secret is for translation: use the address that ends in /translations.").At("model")
	case err == nil && hear == nil:
		_, err = s.AgentOf(model)
	}
	if err != nil {
		ws.Refuse(w, http.StatusBadRequest, err)
		return
	}
	opts := ws.Options{AllowedOrigins: s.AllowedOrigins, Subprotocols: []string{"realtime"}, ReadLimit: s.ReadLimit}
	if ws.Check(w, r, opts) != nil {
		return // it has answered
	}
	ctx, cancel := context.WithCancel(context.WithoutCancel(r.Context()))
	unwatch := context.AfterFunc(s.Stop, cancel)
	begun := false
	defer func() {
		if !begun {
			unwatch()
			cancel()
		}
	}()
	conv, err := s.enter(ctx, model, hear, translate, Request{Channel: "realtime", Remote: r.RemoteAddr})
	if err != nil {
		Refuse(w, err)
		return
	}
	patches := secret.Session
	if hear == nil && translate == nil && !secret.Visitor {
		patches = append(slices.Clip(patches), fromAddress(r)...)
	}
	effective, plan, err := begin(conv, patches)
	if err != nil {
		conv.Close("refused", err)
		Refuse(w, err)
		return
	}
	sock, err := ws.Accept(w, r, opts)
	if err != nil {
		conv.Close("refused", err) // Accept has answered the client
		return
	}
	o, remote := &outlet{pipe: WebSocket(sock), ext: Extended(r), dialect: DialectOf(r), visitor: secret.Visitor}, r.RemoteAddr
	if granted && o.dialect == wire.GA {
		o.dialect = secret.Dialect // who asked for the secret in the beta's words speaks them
	}
	if translate != nil {
		translate.ID, translate.ExpiresAt = effective.ID, effective.ExpiresAt
		o = &outlet{pipe: newInterpreter(o.pipe, *translate, conv.Into)}
	}
	begun = true
	s.live.Go(func() {
		defer cancel()
		defer unwatch()
		defer s.survive(conv, func() { _ = sock.Close(ws.InternalError, "failed") })
		s.hold(ctx, o, conv, effective, plan, remote)
	})
}

// survive ends one conversation by a fault of ours, not all of them. It is to be deferred.
func (s *Server) survive(conv *Conversation, hangUp func()) {
	if p := recover(); p != nil {
		s.Log.Error("conversation ended with a panic", "conversation", conv.ID, "panic", p, "stack", string(debug.Stack()))
		hangUp()
		conv.Close("failed", fault.New(fault.Internal, "panic", "the server had a fault: %v", p))
	}
}

// Extended reports whether a client asks for Griot's extensions: ?extensions=griot.
func Extended(r *http.Request) bool {
	return slices.Contains(strings.Split(r.URL.Query().Get("extensions"), ","), "griot")
}

// fromAddress is what a client of the extensions asks of the session in its address, before there is anything to say: with ?modalities=text even the greeting is written.
func fromAddress(r *http.Request) []wire.SessionPatch {
	if !Extended(r) || r.URL.Query().Get("modalities") != wire.ModalityText {
		return nil
	}
	return []wire.SessionPatch{{Type: wire.SessionRealtime, OutputModalities: wire.Some([]string{wire.ModalityText})}}
}

func first(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

// Refuse answers an HTTP request with the error in the protocol's shape, and the status that fits its kind.
func Refuse(w http.ResponseWriter, err error) {
	status := http.StatusInternalServerError
	switch fault.KindOf(err) {
	case fault.NotFound:
		status = http.StatusNotFound
	case fault.Invalid:
		status = http.StatusBadRequest
	case fault.Denied:
		status = http.StatusForbidden
	case fault.Conflict:
		status = http.StatusConflict
	case fault.Limited, fault.Unavailable:
		w.Header().Set("Retry-After", "5")
		status = http.StatusServiceUnavailable
	}
	ws.Refuse(w, status, err)
}

// hold runs a conversation whose sound travels inside the events of o to its end.
func (s *Server) hold(ctx context.Context, o *outlet, conv *Conversation, effective wire.Session, plan session.Plan, remote string) {
	c := newConn(o, effective, conv.ID, remote)
	c.conv = conv
	plan.AgentWords = c.word
	c.sess = conv.session(plan, c, event.Tee(conv.Log, c))
	c.mu.Lock()
	c.greet(o)
	c.mu.Unlock()
	s.run(ctx, c)
}

// greet tells a client first of all what session it is in. Called with mu held.
func (c *conn) greet(o *outlet) {
	c.seq++
	o.send(wire.SessionCreated{Session: c.session}, c.seq)
	if o.ext {
		c.seq++
		o.send(wire.GriotConversationCreated{ConversationID: c.conv.ID, Agent: c.conv.Agent, Limits: wire.GriotLimits{MaxDurationMS: c.conv.Plan.Limits.Max.Milliseconds()}}, c.seq)
	}
}

// run holds the session, then closes what its clients are connected by, and its record.
func (s *Server) run(ctx context.Context, c *conn) {
	err := c.sess.Run(ctx)
	if err != nil && !errors.Is(err, context.Canceled) {
		s.Log.Warn("conversation ended with a fault", "conversation", c.conv.ID, "error", err)
	}
	reason := c.sess.Reason()
	if reason == "" { // it did not even begin
		reason = "failed"
		c.mu.Lock()
		c.farewell(reason)
		c.mu.Unlock()
	}
	c.dismiss(reason)
	c.conv.Close(reason, err)
}

// dismiss closes what the clients are connected by.
func (c *conn) dismiss(reason string) {
	c.mu.Lock()
	outs := c.outs
	c.outs, c.over = nil, true
	c.mu.Unlock()
	for _, o := range outs {
		_ = o.pipe.Close(reason) // what it had ended by before is in the record
	}
}

// wireSession shows the plan as the protocol's session.
func wireSession(conv *Conversation) wire.Session {
	p := conv.Plan
	s := wire.DefaultSession()
	if p.Transcribe {
		s = wire.DefaultTranscription()
	}
	s.ID = "sess_" + conv.ID
	s.Model = conv.shownModel()
	s.Instructions, s.Temperature = p.Settings.Instructions, p.Settings.Temperature
	s.Audio.Output.Voice = wire.Voice{Name: conv.Agent.Voice}
	if conv.Agent.Voice == "" {
		s.Audio.Output.Voice.Name = "alloy" // clients insist on one
	}
	if p.Settings.TextOnly {
		s.OutputModalities = []string{wire.ModalityText}
	}
	if p.Models.STT != nil {
		s.Audio.Input.Transcription = &wire.Transcription{Model: p.Models.STTName, Language: wire.NullString(p.Lang)}
	}
	t := p.Settings.Turn
	switch {
	case t.Manual:
		s.Audio.Input.TurnDetection = nil
	case t.Kind == turn.SemanticVAD:
		d := wire.DefaultTurnDetection(wire.SemanticVAD)
		if t.Eagerness != "" {
			d.Eagerness = string(t.Eagerness)
		}
		d.CreateResponse, d.InterruptResponse = t.CreateResponse, t.InterruptResponse
		s.Audio.Input.TurnDetection = &d
	default:
		d := wire.DefaultTurnDetection(wire.ServerVAD)
		d.Threshold = math.Round(float64(t.Threshold)*1e4) / 1e4
		d.PrefixPaddingMS, d.SilenceDurationMS = int(t.PrefixPadding.Milliseconds()), int(t.Silence.Milliseconds())
		d.CreateResponse, d.InterruptResponse = t.CreateResponse, t.InterruptResponse
		d.IdleTimeoutMS = int(t.IdleTimeout.Milliseconds())
		s.Audio.Input.TurnDetection = &d
	}
	s.ExpiresAt = time.Now().Add(p.Limits.Max).Unix()
	return s
}
