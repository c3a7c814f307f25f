package twiliotest

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/coder/websocket"
)

// frame is 20 ms of µ-law.
const frame = 160

// Stream is one WebSocket of Media Streams.
type Stream struct {
	SID string

	c    *Call
	conn *websocket.Conn
	seq  int

	mu      sync.Mutex // guards what follows
	speech  [][]byte   // to be sent, in pieces
	keys    []string
	queue   []byte // received, to be played
	marks   []placed
	taken   int // bytes that were ever received
	played  []byte
	clears  int
	changed chan struct{}
}

// placed is a mark behind that many bytes of all that was received.
type placed struct {
	at   int
	name string
}

// Stream returns the call's next stream, which has begun.
func (c *Call) Stream() *Stream {
	c.s.t.Helper()
	select {
	case st := <-c.streams:
		return st
	case <-time.After(20 * time.Second):
		c.s.t.Fatal("the call has no stream")
		return nil
	}
}

// Dial opens the WebSocket of a stream, signed.
func (s *Server) Dial(ctx context.Context, address string) (*websocket.Conn, *http.Response, error) {
	return websocket.Dial(ctx, address, &websocket.DialOptions{HTTPClient: s.http0(), HTTPHeader: http.Header{"X-Twilio-Signature": {s.Sign(address, nil)}}})
}

// http0 is a client without a deadline, which would end a WebSocket.
func (s *Server) http0() *http.Client { return &http.Client{Transport: s.http.Transport} }

// connect holds a stream until the other side or ctx ends it.
func (c *Call) connect(ctx context.Context, n node) {
	u, err := url.Parse(n.attr("url"))
	if err != nil || u.RawQuery != "" || u.Scheme != "ws" && u.Scheme != "wss" {
		c.s.t.Errorf("twilio: the address of a stream cannot be %q", n.attr("url"))
		return
	}
	params := map[string]string{}
	for _, p := range n.Nodes {
		if len(p.attr("name"))+len(p.attr("value")) >= 500 {
			c.s.t.Errorf("twilio: the parameter %s is too long", p.attr("name"))
		}
		params[p.attr("name")] = p.attr("value")
	}
	conn, _, err := c.s.Dial(ctx, n.attr("url")) //nolint:bodyclose // the library closes what is upgraded
	if err != nil {
		if ctx.Err() == nil {
			c.s.t.Errorf("twilio: the stream cannot be opened: %v", err)
		}
		return
	}
	defer func() { _ = conn.CloseNow() }()
	st := &Stream{SID: SID("MZ"), c: c, conn: conn, changed: make(chan struct{})}
	st.write(map[string]any{"event": "connected", "protocol": "Call", "version": "1.0.0"})
	st.send(map[string]any{"event": "start", "start": map[string]any{"streamSid": st.SID, "accountSid": c.s.Account, "callSid": c.SID, "tracks": []string{"inbound"}, "customParameters": params,
		"mediaFormat": map[string]any{"encoding": "audio/x-mulaw", "sampleRate": 8000, "channels": 1}}})
	c.streams <- st
	closed := make(chan struct{})
	go func() { st.listen(); close(closed) }()
	period := 20 * time.Millisecond / time.Duration(max(c.s.Speed, 1))
	tick := time.NewTicker(period)
	defer tick.Stop()
	for n := 1; ; n++ {
		select {
		case <-closed:
			return
		case <-ctx.Done():
			st.send(map[string]any{"event": "stop", "stop": map[string]any{"accountSid": c.s.Account, "callSid": c.SID}})
			_ = conn.Close(websocket.StatusNormalClosure, "")
			<-closed
			return
		case <-tick.C:
			st.tick(n)
		}
	}
}

// write sends a message as it is.
func (st *Stream) write(m map[string]any) {
	raw, err := json.Marshal(m)
	if err != nil {
		st.c.s.t.Errorf("twilio: %v", err)
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	_ = st.conn.Write(ctx, websocket.MessageText, raw) // who closed it is seen by the reader
}

// send sends a message of the stream. It is called by the goroutine that holds the stream.
func (st *Stream) send(m map[string]any) {
	st.seq++
	m["sequenceNumber"], m["streamSid"] = strconv.Itoa(st.seq), st.SID
	st.write(m)
}

// tick is what happens every 20 ms.
func (st *Stream) tick(n int) {
	st.mu.Lock()
	piece := make([]byte, frame)
	for i := range piece {
		piece[i] = 0xff
	}
	if len(st.speech) > 0 {
		piece, st.speech = st.speech[0], st.speech[1:]
	}
	keys := st.keys
	st.keys = nil
	size := min(frame, len(st.queue))
	st.played = append(st.played, st.queue[:size]...)
	st.queue = st.queue[size:]
	done := st.due()
	st.signal()
	st.mu.Unlock()
	st.send(map[string]any{"event": "media", "media": map[string]any{"track": "inbound", "chunk": strconv.Itoa(n), "timestamp": strconv.Itoa(20 * n), "payload": base64.StdEncoding.EncodeToString(piece)}})
	for _, k := range keys {
		st.send(map[string]any{"event": "dtmf", "dtmf": map[string]any{"track": "inbound_track", "digit": k}})
	}
	for _, m := range done {
		st.send(map[string]any{"event": "mark", "mark": map[string]any{"name": m.name}})
	}
}

// due takes the marks whose sound has been played. Called with mu held.
func (st *Stream) due() (done []placed) {
	at := st.taken - len(st.queue)
	for len(st.marks) > 0 && st.marks[0].at <= at {
		done, st.marks = append(done, st.marks[0]), st.marks[1:]
	}
	return done
}

// signal tells that something has changed. Called with mu held.
func (st *Stream) signal() {
	close(st.changed)
	st.changed = make(chan struct{})
}

// listen takes what the other side sends, until it closes.
func (st *Stream) listen() {
	for {
		typ, raw, err := st.conn.Read(context.Background())
		if err != nil {
			return
		}
		var m struct {
			Event, StreamSid string
			Media            *struct{ Payload string }
			Mark             *struct{ Name string }
		}
		if err := json.Unmarshal(raw, &m); err != nil || typ != websocket.MessageText || m.StreamSid != st.SID {
			st.c.s.t.Errorf("twilio: a message that means nothing: %s", raw)
			continue
		}
		st.mu.Lock()
		switch {
		case m.Event == "media" && m.Media != nil:
			sound, err := base64.StdEncoding.DecodeString(m.Media.Payload)
			if err != nil || len(sound) == 0 || strings.HasPrefix(string(sound), "RIFF") {
				st.c.s.t.Errorf("twilio: this is not µ-law: %s", raw)
			}
			st.queue, st.taken = append(st.queue, sound...), st.taken+len(sound)
		case m.Event == "mark" && m.Mark != nil && m.Mark.Name != "":
			st.marks = append(st.marks, placed{st.taken, m.Mark.Name})
		case m.Event == "clear":
			st.clears++
			st.queue = nil // its marks come back with the next tick
		default:
			st.c.s.t.Errorf("twilio: an unknown message %s", raw)
		}
		st.signal()
		st.mu.Unlock()
	}
}

// Speak has the person say something, µ-law, in pieces of 20 ms.
func (st *Stream) Speak(sound []byte) {
	for len(sound) > 0 {
		n := min(frame, len(sound))
		st.Piece(sound[:n])
		sound = sound[n:]
	}
}

// Piece sends a piece of any size.
func (st *Stream) Piece(sound []byte) {
	st.mu.Lock()
	defer st.mu.Unlock()
	st.speech = append(st.speech, sound)
}

// Press has the person press keys.
func (st *Stream) Press(keys string) {
	st.mu.Lock()
	defer st.mu.Unlock()
	for _, k := range keys {
		st.keys = append(st.keys, string(k))
	}
}

// Break loses the connection without a word.
func (st *Stream) Break() { _ = st.conn.CloseNow() }

// Played is what the person has heard, µ-law.
func (st *Stream) Played() []byte {
	st.mu.Lock()
	defer st.mu.Unlock()
	return append([]byte(nil), st.played...)
}

// Clears is how often what was to be played was forgotten.
func (st *Stream) Clears() int {
	st.mu.Lock()
	defer st.mu.Unlock()
	return st.clears
}

// Until waits until the person has heard so much that ok is satisfied.
func (st *Stream) Until(what string, ok func(played []byte, clears int) bool) {
	st.c.s.t.Helper()
	limit := time.After(30 * time.Second)
	for {
		st.mu.Lock()
		done, changed := ok(st.played, st.clears), st.changed
		st.mu.Unlock()
		if done {
			return
		}
		select {
		case <-changed:
		case <-limit:
			st.c.s.t.Fatalf("%s: it does not come", what)
		}
	}
}
