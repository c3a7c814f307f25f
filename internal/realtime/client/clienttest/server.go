// Package clienttest is a service of the Realtime protocol for tests: it puts any speech-to-speech model behind a WebSocket, in the protocol's present form or its older one, and
// can misbehave as services do.
package clienttest

import (
	"context"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/coder/websocket"

	"griot/internal/fault"
	"griot/internal/media"
	"griot/internal/model/llm"
	"griot/internal/model/s2s"
)

// Options say what a service is like.
type Options struct {
	Beta       bool                      // the older form, as Voice Live has it
	Key        string                    // asked for in the header Authorization or api-key; empty admits everybody
	Status     int                       // the handshake is refused with this
	Retry      string                    // and this Retry-After
	Error      string                    // and this code in the body
	Close      string                    // the connection is closed at once with this reason
	Mute       bool                      // nothing is ever sent, not even a pong
	NoMetadata bool                      // metadata is not given back
	Unheard    bool                      // what was heard is never written down
	Received   func(raw json.RawMessage) // sees every event of clients but sound
}

// Server is a running service.
type Server struct {
	URL   string // http://…
	Model s2s.Model
	o     Options
	rates atomic.Int64 // handshakes so far
}

// Handshakes returns how many clients have knocked so far.
func (s *Server) Handshakes() int { return int(s.rates.Load()) }

// New starts a service in front of a model; it ends with the test.
func New(t testing.TB, m s2s.Model, o Options) *Server {
	t.Helper()
	s := &Server{Model: m, o: o}
	var live sync.WaitGroup
	ctx, cancel := context.WithCancel(context.Background())
	h := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		live.Add(1)
		defer live.Done()
		s.serve(ctx, w, r)
	}))
	t.Cleanup(func() {
		cancel()
		h.Close()
		live.Wait()
	})
	s.URL = h.URL
	return s
}

func (s *Server) serve(ctx context.Context, w http.ResponseWriter, r *http.Request) {
	s.rates.Add(1)
	switch {
	case s.o.Status != 0:
		w.Header().Set("Retry-After", s.o.Retry)
		w.WriteHeader(s.o.Status)
		fmt.Fprintf(w, `{"error":{"type":"x","code":%q,"message":"no, not with %s"}}`, s.o.Error, r.Header.Get("Authorization"))
		return
	case s.o.Key != "" && r.Header.Get("Authorization") != "Bearer "+s.o.Key && r.Header.Get("api-key") != s.o.Key:
		w.WriteHeader(http.StatusUnauthorized)
		fmt.Fprint(w, `{"error":{"type":"invalid_request_error","code":"invalid_api_key","message":"Incorrect API key provided"}}`)
		return
	}
	conn, err := websocket.Accept(w, r, nil)
	if err != nil {
		return
	}
	conn.SetReadLimit(16 << 20)
	defer func() { _ = conn.CloseNow() }()
	if s.o.Close != "" {
		_ = conn.Close(4000, s.o.Close)
		return
	}
	if s.o.Mute {
		<-ctx.Done()
		return
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	c := &client{s: s, conn: conn, cancel: cancel, words: map[string]string{}, sounds: map[string]string{}, calls: map[string][]any{}}
	c.hold(ctx)
}

// client is one connection.
type client struct {
	s      *Server
	conn   *websocket.Conn
	cancel context.CancelFunc
	sess   s2s.Session

	mu       sync.Mutex        // guards what follows
	updates  []string          // event ids of updates that are not answered
	words    map[string]string // text so far, by item
	sounds   map[string]string // response, by spoken item
	calls    map[string][]any
	sequence int
}

func (c *client) hold(ctx context.Context) {
	c.send("session.created", fields{"session": fields{"id": "sess_test", "object": "realtime.session"}})
	sess, err := c.s.Model.Open(ctx, s2s.Options{})
	if err != nil {
		c.fail(err, "")
		return
	}
	c.sess = sess
	var pump sync.WaitGroup
	pump.Go(func() {
		defer func() { _ = c.conn.CloseNow() }() // a model that is lost takes the connection with it
		for {
			ev, err := sess.Recv(ctx)
			if err != nil {
				return
			}
			c.tell(ev)
		}
	})
	defer pump.Wait()
	defer sess.Close()
	for {
		_, raw, err := c.conn.Read(ctx)
		if err != nil {
			return
		}
		c.do(ctx, raw)
	}
}

type fields map[string]any

// names of the older form, where they differ.
var older = strings.NewReplacer("response.output_audio", "response.audio", "response.output_text", "response.text")

func (c *client) send(typ string, f fields) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.s.o.Beta {
		typ = older.Replace(typ)
	}
	c.sequence++
	f["type"], f["event_id"] = typ, "event_"+strconv.Itoa(c.sequence)
	b, err := json.Marshal(f)
	if err != nil {
		panic(err) // ours
	}
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	_ = c.conn.Write(ctx, websocket.MessageText, b) // the reader notices
}

func (c *client) fail(err error, id string) {
	typ := "invalid_request_error"
	switch fault.KindOf(err) {
	case fault.Limited:
		typ = "rate_limit_error"
	case fault.Unavailable, fault.Internal:
		typ = "server_error"
	}
	c.send("error", fields{"error": fields{"type": typ, "code": fault.CodeOf(err), "message": err.Error(), "param": nil, "event_id": id}})
}

// event is what a client sends, as far as it matters here.
type event struct {
	Type, Audio    string
	EventID        string `json:"event_id"`
	ItemID         string `json:"item_id"`
	ResponseID     string `json:"response_id"`
	PreviousItemID string `json:"previous_item_id"`
	AudioEndMS     int64  `json:"audio_end_ms"`
	Session        settings
	Item           item
	Response       struct {
		settings
		Metadata struct {
			Tag string `json:"griot_tag"`
		}
		Input      []item
		InputItems []item `json:"input_items"`
		Say        *item  `json:"pre_generated_assistant_message"`
	}
}

type settings struct {
	Type             string
	Instructions     *string
	OutputModalities []string `json:"output_modalities"`
	Modalities       []string
	Tools            []llm.ToolSpec
	Audio            struct {
		Output struct {
			Voice string
			Speed float64
		}
	}
	Voice any
}

type item struct {
	ID, Type, Role, Name, Arguments, Output string
	CallID                                  string `json:"call_id"`
	Content                                 []struct{ Type, Text string }
}

func (i item) item() s2s.Item {
	out := s2s.Item{ID: i.ID, Role: llm.Role(i.Role)}
	switch i.Type {
	case "function_call":
		out.Call = &llm.ToolCall{ID: i.CallID, Name: i.Name, Arguments: i.Arguments}
	case "function_call_output":
		out.Result = &llm.ToolResult{CallID: i.CallID, Output: i.Output}
	}
	for _, p := range i.Content {
		out.Text += p.Text
	}
	return out
}

func (s settings) text() *bool {
	all := append(s.OutputModalities, s.Modalities...)
	if len(all) == 0 {
		return nil
	}
	text := true
	for _, m := range all {
		text = text && m != "audio"
	}
	return &text
}

func (c *client) do(ctx context.Context, raw []byte) {
	var ev event
	if err := json.Unmarshal(raw, &ev); err != nil {
		c.fail(fault.New(fault.Invalid, "invalid_event", "%v", err), "")
		return
	}
	if ev.Type == "input_audio_buffer.append" {
		b, _ := base64.StdEncoding.DecodeString(ev.Audio)
		f := media.Frame{Format: media.Mono(24000), PCM: make([]int16, len(b)/2)}
		for i := range f.PCM {
			f.PCM[i] = int16(binary.LittleEndian.Uint16(b[2*i:]))
		}
		_ = c.sess.SendAudio(ctx, f) // its session tells
		return
	}
	if c.s.o.Received != nil {
		c.s.o.Received(raw)
	}
	cmd, err := c.command(ev)
	if err == nil && cmd != nil {
		err = c.sess.Send(ctx, cmd)
	}
	if err != nil {
		c.fail(err, ev.EventID)
	}
}

func (c *client) command(ev event) (s2s.Command, error) {
	switch ev.Type {
	case "session.update":
		if !c.s.o.Beta && ev.Session.Type != "realtime" {
			return nil, fault.New(fault.Invalid, "missing_required_parameter", "session.type is missing")
		}
		set := s2s.Settings{Tools: ev.Session.Tools, Voice: ev.Session.Audio.Output.Voice, Speed: ev.Session.Audio.Output.Speed}
		if ev.Session.Instructions != nil {
			set.Instructions = *ev.Session.Instructions
		}
		if t := ev.Session.text(); t != nil {
			set.Text = *t
		}
		c.mu.Lock()
		c.updates = append(c.updates, ev.EventID)
		c.mu.Unlock()
		return s2s.Update{Settings: set}, nil
	case "input_audio_buffer.commit":
		return s2s.Commit{}, nil
	case "input_audio_buffer.clear":
		c.send("input_audio_buffer.cleared", fields{})
		return s2s.Clear{}, nil
	case "conversation.item.create":
		return s2s.Add{Item: ev.Item.item(), After: ev.PreviousItemID}, nil
	case "conversation.item.delete":
		return s2s.Remove{ID: ev.ItemID}, nil
	case "conversation.item.truncate":
		return s2s.Truncate{ID: ev.ItemID, Heard: time.Duration(ev.AudioEndMS) * time.Millisecond}, nil
	case "response.cancel":
		return s2s.Cancel{Response: ev.ResponseID}, nil
	case "response.create":
		r := s2s.Respond{Tag: strings.TrimPrefix(ev.EventID, "ask-"), Instructions: ev.Response.Instructions, Text: ev.Response.text(), Tools: ev.Response.Tools}
		for _, it := range append(ev.Response.Input, ev.Response.InputItems...) {
			r.Input = append(r.Input, it.item())
		}
		if say := ev.Response.Say; say != nil {
			r.Say = say.item().Text
		} else if i := ev.Response.Instructions; i != nil && strings.HasPrefix(*i, "Say exactly") {
			_, said, _ := strings.Cut(*i, "---\n")
			r.Say = strings.TrimSuffix(said, "\n---")
		}
		return r, nil
	}
	return nil, fault.New(fault.Invalid, "invalid_value", "there is no event %q", ev.Type)
}

// tell sends what a model's event is on the wire.
func (c *client) tell(ev s2s.Event) {
	ref := fields{"response_id": ev.Response, "item_id": ev.Item, "output_index": 0, "content_index": 0}
	switch ev.Kind {
	case s2s.Updated:
		c.update()
		c.send("session.updated", fields{"session": fields{"id": "sess_test"}})
	case s2s.Refused:
		c.refuse(ev)
	case s2s.Committed:
		c.send("input_audio_buffer.committed", fields{"item_id": ev.Item, "previous_item_id": nil})
	case s2s.Heard:
		if c.s.o.Unheard {
			return
		}
		c.send("conversation.item.input_audio_transcription.delta", fields{"item_id": ev.Item, "content_index": 0, "delta": ev.Text})
		c.send("conversation.item.input_audio_transcription.completed", fields{"item_id": ev.Item, "content_index": 0, "transcript": ev.Text + "\n",
			"usage": fields{"type": "tokens", "total_tokens": 12, "input_tokens": 10, "output_tokens": 2, "input_token_details": fields{"text_tokens": 0, "audio_tokens": 10}}})
	case s2s.Unheard:
		c.send("conversation.item.input_audio_transcription.failed", fields{"item_id": ev.Item, "content_index": 0, "error": fields{"message": ev.Err.Error()}})
	case s2s.Started:
		r := fields{"id": ev.Response, "object": "realtime.response", "status": "in_progress", "output": []any{}, "usage": nil}
		if !c.s.o.NoMetadata {
			r["metadata"] = fields{"griot_tag": ev.Tag}
		}
		c.send("response.created", fields{"response": r})
	case s2s.Text:
		c.words[ev.Item] += ev.Text
		ref["delta"], ref["obfuscation"] = ev.Text, "xY3"
		c.send("response.output_audio_transcript.delta", ref)
	case s2s.Audio:
		b := make([]byte, 0, 2*len(ev.Frame.PCM))
		for _, v := range ev.Frame.PCM {
			b = binary.LittleEndian.AppendUint16(b, uint16(v))
		}
		ref["delta"] = base64.StdEncoding.EncodeToString(b)
		c.sounds[ev.Item] = ev.Response
		c.send("response.output_audio.delta", ref)
	case s2s.Words:
		for _, m := range ev.Marks {
			c.send("response.audio_timestamp.delta", fields{"response_id": ev.Response, "item_id": ev.Item, "audio_offset_ms": m.At.Milliseconds(), "audio_duration_ms": 300,
				"text": m.Phoneme, "timestamp_type": "word"})
		}
	case s2s.Call:
		it := fields{"id": ev.Item, "type": "function_call", "status": "completed", "name": ev.Call.Name, "call_id": ev.Call.ID, "arguments": ev.Call.Arguments}
		c.send("response.function_call_arguments.done", fields{"response_id": ev.Response, "item_id": ev.Item, "call_id": ev.Call.ID, "name": ev.Call.Name, "arguments": ev.Call.Arguments})
		c.send("response.output_item.done", fields{"response_id": ev.Response, "output_index": 1, "item": it})
	case s2s.Done:
		c.done(ev)
	}
}

// update takes the id of the oldest update.
func (c *client) update() (id string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.updates) > 0 {
		id, c.updates = c.updates[0], c.updates[1:]
	}
	return id
}

func (c *client) refuse(ev s2s.Event) {
	switch ev.Command.(type) {
	case s2s.Update:
		c.fail(ev.Err, c.update())
	case s2s.Respond:
		c.fail(ev.Err, "ask-"+ev.Tag)
	default:
		c.fail(ev.Err, "")
	}
}

func (c *client) done(ev s2s.Event) {
	for item, text := range c.words {
		c.send("response.output_audio_transcript.done", fields{"response_id": ev.Response, "item_id": item, "output_index": 0, "content_index": 0, "transcript": text})
		delete(c.words, item)
	}
	r := fields{"id": ev.Response, "object": "realtime.response", "status": "completed", "status_details": nil, "output": []any{}}
	switch {
	case ev.Cancelled:
		r["status"], r["status_details"] = "cancelled", fields{"type": "cancelled", "reason": "client_cancelled"}
	case ev.Err != nil:
		r["status"], r["status_details"] = "failed", fields{"type": "failed", "error": fields{"type": "server_error", "code": fault.CodeOf(ev.Err), "message": ev.Err.Error()}}
		if fault.KindOf(ev.Err) == fault.Limited {
			r["status_details"].(fields)["error"].(fields)["code"] = "rate_limit_exceeded"
		}
	case ev.Stop == llm.StopLength:
		r["status"], r["status_details"] = "incomplete", fields{"type": "incomplete", "reason": "max_output_tokens"}
	}
	if u := ev.Usage; u != nil {
		r["usage"] = fields{"total_tokens": u.Input + u.Output, "input_tokens": u.Input, "output_tokens": u.Output,
			"input_token_details":  fields{"text_tokens": u.Input - u.AudioInput, "audio_tokens": u.AudioInput, "cached_tokens": u.Cached, "cached_tokens_details": fields{"audio_tokens": u.AudioCached}},
			"output_token_details": fields{"text_tokens": u.Output - u.AudioOutput, "audio_tokens": u.AudioOutput}}
	}
	c.send("response.done", fields{"response": r})
	if !c.s.o.Beta {
		c.send("rate_limits.updated", fields{"rate_limits": []any{}})
	}
}
