// Package client speaks the Realtime protocol to a service, as the s2s.Session of a speech-to-speech model: what the vendors that offer one have in common. What differs
// between them is a Shape.
//
// A session has one goroutine of its own, which pings; Close ends it. Reading is done by who calls Recv, writing by who sends.
package client

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/coder/websocket"

	"griot/internal/fault"
	"griot/internal/media"
	"griot/internal/model/llm"
	"griot/internal/model/s2s"
	wire "griot/internal/realtime"
)

// Rate is that of the sound of every session, in Hz.
const Rate = 24000

// Target is where a session is opened, and how.
type Target struct {
	URL    string      // ws, wss, http or https, with the query
	Header http.Header // credentials
	Shape  Shape
	Name   string        // of the service, for messages: never what the address may hide
	Key    string        // that must never be shown
	Param  string        // the setting that holds the key
	Open   time.Duration // longest time until the session stands: 20 s
	Ping   time.Duration // pause between pings, and the longest wait for an answer to one: 10 s
}

// Shape is how a dialect writes what the protocol's dialects write differently. Each method returns what JSON is made of.
type Shape interface {
	// Session is the body of session.update.
	Session(o s2s.Options) any
	// Response is the body of response.create.
	Response(r s2s.Respond) any
	// Item is an item of the history.
	Item(it s2s.Item) any
}

const (
	readLimit  = 16 << 20         // bytes of one message
	writeLimit = 5 * time.Second  // for one message to be written
	byeLimit   = time.Second      // for the closing handshake
	maxError   = 16 << 10         // bytes of a refusal that are read
	defOpen    = 20 * time.Second // R7 of the requirements
	defPing    = 10 * time.Second // the same
)

// Dial opens a session: it connects, gives the settings and waits for them to be accepted. ctx bounds the session's life. Errors are faults, or ctx's own.
func Dial(ctx context.Context, t Target, o s2s.Options) (s2s.Session, error) {
	if t.Open <= 0 {
		t.Open = defOpen
	}
	if t.Ping <= 0 {
		t.Ping = defPing
	}
	late := fault.New(fault.Unavailable, "timeout", "%s did not open a session within %s", t.Name, t.Open)
	opening, cancel := context.WithTimeoutCause(ctx, t.Open, late)
	defer cancel()
	s, err := t.connect(opening, ctx)
	if err == nil {
		s.lang = o.Lang
		if err = s.settle(opening, o); err != nil {
			_ = s.conn.CloseNow()
		}
	}
	switch {
	case ctx.Err() != nil:
		if s != nil {
			_ = s.conn.CloseNow()
		}
		return nil, context.Cause(ctx)
	case err != nil && opening.Err() != nil:
		return nil, late
	case err != nil:
		return nil, err
	}
	s.pings.Go(s.ping)
	s.unwatch = context.AfterFunc(ctx, func() { _ = s.conn.CloseNow() })
	return s, nil
}

// connect makes the WebSocket.
func (t Target) connect(ctx, life context.Context) (*session, error) {
	transport := &http.Transport{Proxy: http.ProxyFromEnvironment, DialContext: (&net.Dialer{Timeout: 10 * time.Second, KeepAlive: 30 * time.Second}).DialContext,
		DisableKeepAlives: true, TLSHandshakeTimeout: 10 * time.Second, TLSClientConfig: &tls.Config{MinVersion: tls.VersionTLS12}}
	conn, res, err := websocket.Dial(ctx, t.URL, &websocket.DialOptions{ //nolint:bodyclose // the library closes it, or it is the connection
		HTTPClient: &http.Client{Transport: transport, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}, // the key goes nowhere else
		HTTPHeader: t.Header,
	})
	if err != nil {
		return nil, t.refused(res, err)
	}
	conn.SetReadLimit(readLimit)
	return &session{t: t, life: life, conn: conn, gone: make(chan struct{}), said: map[string]bool{}, heard: map[string]string{}, called: map[string]bool{}}, nil
}

// refused makes a fault of a handshake that failed.
func (t Target) refused(res *http.Response, err error) error {
	if res == nil || res.StatusCode == http.StatusSwitchingProtocols {
		return fault.Wrap(t.bare(err), fault.Unavailable, "unreachable", "%s cannot be reached", t.Name)
	}
	var body struct {
		Error struct{ Message, Code, Type string }
		// Some gateways put it here.
		Message string
	}
	if res.Body != nil { // the library has read the beginning of it
		b, _ := io.ReadAll(io.LimitReader(res.Body, maxError))
		_ = json.Unmarshal(b, &body) // a body that is none says nothing
	}
	said := t.scrub(body.Error.Message + body.Message)
	if said != "" {
		said = ": " + said
	}
	switch c := res.StatusCode; {
	case body.Error.Code == "insufficient_quota":
		return fault.New(fault.Denied, "quota_exceeded", "the account at %s has no credit left%s", t.Name, said)
	case c == http.StatusUnauthorized:
		return fault.New(fault.Denied, "key_refused", "%s refuses the key", t.Name).At(t.Param) // what it says here may hold part of the key
	case c == http.StatusForbidden:
		return fault.New(fault.Denied, "not_permitted", "%s does not permit this%s", t.Name, said)
	case c == http.StatusNotFound:
		return fault.New(fault.NotFound, "model_not_found", "%s knows neither this model nor this address%s", t.Name, said)
	case c == http.StatusTooManyRequests:
		return pausing(fault.New(fault.Limited, "rate_limited", "%s takes no more sessions for now%s", t.Name, said), res.Header)
	case c >= 500:
		return pausing(fault.New(fault.Unavailable, "server_error", "%s fails with status %d%s", t.Name, c, said), res.Header)
	default:
		return fault.New(fault.Invalid, "rejected", "%s rejects the session with status %d%s", t.Name, c, said)
	}
}

// pausing notes how long the service asks to be left alone.
func pausing(f *fault.Error, h http.Header) *fault.Error {
	if d, err := time.ParseDuration(h.Get("Retry-After") + "s"); err == nil && d >= 0 && d < 24*time.Hour {
		f.Params = map[string]string{"retry_after_ms": fmt.Sprint(d.Milliseconds())}
	}
	return f
}

// scrub makes a service's words fit to be shown: short, and without the key.
func (t Target) scrub(s string) string {
	if t.Key != "" {
		s = strings.ReplaceAll(s, t.Key, "***")
	}
	s = strings.Join(strings.Fields(s), " ")
	if r := []rune(s); len(r) > 300 {
		s = string(r[:300]) + "…"
	}
	return s
}

// bare keeps of an error of the HTTP client what holds no address: that may hide a key.
func (t Target) bare(err error) error {
	var op *net.OpError
	if errors.As(err, &op) {
		return op
	}
	return errors.New(t.scrub(strings.ReplaceAll(err.Error(), t.URL, t.Name)))
}

// session implements s2s.Session.
type session struct {
	t       Target
	lang    string
	life    context.Context
	conn    *websocket.Conn
	unwatch func() bool
	pings   sync.WaitGroup
	closing sync.Once
	gone    chan struct{} // closed by Close
	broken  atomic.Pointer[fault.Error]
	events  atomic.Uint64 // numbers of our own

	wmu sync.Mutex // held while a message is written
	out []byte

	mu    sync.Mutex // guards what follows
	asked []string   // tags of answers that were asked for and have not begun, oldest first

	// Only Recv's goroutine touches these.
	in     []byte
	queue  []s2s.Event
	carry  wire.Carry
	ids    [2]string         // of the newest piece of sound: response and item
	said   map[string]bool   // items whose text has come in pieces
	heard  map[string]string // what was heard so far, by item
	called map[string]bool   // answers that want tools
}

// ping keeps the connection alive, and finds out when it is not.
func (s *session) ping() {
	tick := time.NewTicker(s.t.Ping)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
		case <-s.gone:
			return
		case <-s.life.Done():
			return
		}
		ctx, cancel := context.WithTimeout(s.life, s.t.Ping)
		err := s.conn.Ping(ctx)
		cancel()
		if err != nil {
			s.breaks(fault.New(fault.Unavailable, "upstream_silent", "%s does not answer any more", s.t.Name))
			return
		}
	}
}

// breaks ends the session with a fault, for Recv to tell.
func (s *session) breaks(f *fault.Error) {
	s.broken.CompareAndSwap(nil, f)
	_ = s.conn.CloseNow()
}

// Close implements s2s.Session.
func (s *session) Close() error {
	s.closing.Do(func() {
		close(s.gone)
		if s.unwatch != nil {
			s.unwatch()
		}
		timer := time.AfterFunc(byeLimit, func() { _ = s.conn.CloseNow() }) // a service that does not say goodbye
		_ = s.conn.Close(websocket.StatusNormalClosure, "")
		timer.Stop()
	})
	s.pings.Wait()
	return nil
}

func (s *session) ended() error {
	select {
	case <-s.gone:
		return fault.New(fault.Conflict, "session_closed", "the session with %s is closed", s.t.Name)
	default:
		return nil
	}
}

// SendAudio implements s2s.Session.
func (s *session) SendAudio(ctx context.Context, f media.Frame) error {
	if f.Channels != 1 || f.Rate != Rate {
		return fault.New(fault.Invalid, "wrong_format", "%s takes mono sound at %d Hz, not %d channels at %d Hz", s.t.Name, Rate, f.Channels, f.Rate)
	}
	s.wmu.Lock()
	defer s.wmu.Unlock()
	s.out = wire.AppendInputAudio(s.out[:0], f.PCM)
	return s.write(ctx, s.out)
}

// write sends one message. Called with wmu held.
func (s *session) write(ctx context.Context, msg []byte) error {
	if err := s.ended(); err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	// Not the caller's context: a message that is half written breaks the session.
	ctx, cancel := context.WithTimeout(s.life, writeLimit)
	defer cancel()
	if err := s.conn.Write(ctx, websocket.MessageText, msg); err != nil {
		if s.life.Err() != nil {
			return s.life.Err()
		}
		f := fault.Wrap(err, fault.Unavailable, "upstream_lost", "%s does not take what is sent", s.t.Name)
		if ctx.Err() != nil {
			s.breaks(f)
		}
		return f
	}
	return nil
}

// message is one event of ours.
type message struct {
	Type           string `json:"type"`
	EventID        string `json:"event_id,omitempty"`
	Session        any    `json:"session,omitempty"`
	Response       any    `json:"response,omitempty"`
	Item           any    `json:"item,omitempty"`
	PreviousItemID string `json:"previous_item_id,omitempty"`
	ItemID         string `json:"item_id,omitempty"`
	ResponseID     string `json:"response_id,omitempty"`
	ContentIndex   *int   `json:"content_index,omitempty"`
	AudioEndMS     *int64 `json:"audio_end_ms,omitempty"`
}

// Our events are numbered, and named after what they are, so that an error tells which of them it is about.
const (
	aboutUpdate  = "update-"
	aboutCommit  = "commit-"
	aboutRespond = "ask-" // and the tag
	aboutCancel  = "cancel-"
	aboutOther   = "do-"
)

// Send implements s2s.Session.
func (s *session) Send(ctx context.Context, c s2s.Command) error {
	m := s.message(c)
	b, err := json.Marshal(m)
	if err != nil {
		return fault.Wrap(err, fault.Invalid, "bad_command", "%s cannot be written", m.Type)
	}
	s.wmu.Lock()
	defer s.wmu.Unlock()
	if r, ok := c.(s2s.Respond); ok { // in the order in which they are written
		s.mu.Lock()
		s.asked = append(s.asked, r.Tag)
		s.mu.Unlock()
	}
	return s.write(ctx, b)
}

func (s *session) message(c s2s.Command) message {
	id := fmt.Sprint(s.events.Add(1))
	switch c := c.(type) {
	case s2s.Update:
		return message{Type: "session.update", EventID: aboutUpdate + id, Session: s.t.Shape.Session(s2s.Options{Lang: s.lang, Settings: c.Settings})}
	case s2s.Commit:
		return message{Type: "input_audio_buffer.commit", EventID: aboutCommit + id}
	case s2s.Clear:
		return message{Type: "input_audio_buffer.clear", EventID: aboutOther + id}
	case s2s.Add:
		return message{Type: "conversation.item.create", EventID: aboutOther + id, Item: s.t.Shape.Item(c.Item), PreviousItemID: c.After}
	case s2s.Remove:
		return message{Type: "conversation.item.delete", EventID: aboutOther + id, ItemID: c.ID}
	case s2s.Respond:
		return message{Type: "response.create", EventID: aboutRespond + c.Tag, Response: s.t.Shape.Response(c)}
	case s2s.Cancel:
		return message{Type: "response.cancel", EventID: aboutCancel + id, ResponseID: c.Response}
	case s2s.Truncate:
		zero, end := 0, c.Heard.Milliseconds()
		return message{Type: "conversation.item.truncate", EventID: aboutOther + id, ItemID: c.ID, ContentIndex: &zero, AudioEndMS: &end}
	}
	return message{}
}

// usageOf reads the tokens of an answer.
func usageOf(u *wire.Usage) *llm.Usage {
	if u == nil {
		return nil
	}
	in, out := u.InputTokenDetails, u.OutputTokenDetails
	return &llm.Usage{Input: u.InputTokens, Cached: in.CachedTokens, Output: u.OutputTokens,
		AudioInput: in.AudioTokens, AudioCached: in.CachedTokensDetails.AudioTokens, AudioOutput: out.AudioTokens}
}
