package realtime

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/stretchr/testify/require"

	"griot/internal/event"
	"griot/internal/fault"
	"griot/internal/live/session"
	"griot/internal/live/turn"
	"griot/internal/media/mediatest"
	"griot/internal/model/llm"
	"griot/internal/provider/fake"
	wire "griot/internal/realtime"
)

// lobby is a Host with scripted models, and what became of its conversations.
type lobby struct {
	setup  setup
	refuse error

	mu     sync.Mutex
	opened int
	asked  Request // the newest
	ended  chan *visit
}

// visit is a conversation that has ended.
type visit struct {
	record
	reason string
	err    error
}

func (l *lobby) Open(_ context.Context, r Request) (*Conversation, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.refuse != nil {
		return nil, l.refuse
	}
	l.opened++
	l.asked = r
	s := l.setup
	s.voice.Marks = true
	plan := session.Plan{NoSelfVoice: true, ID: fmt.Sprintf("conversation-%08d", l.opened), Tenant: "default", Agent: r.Agent, Lang: "en", Settings: session.Settings{Turn: turn.Defaults()},
		Models:  session.Models{LLM: fake.NewLLM(s.answers...), TTS: fake.NewTTS(s.voice), STT: fake.NewSTT(fake.STTOptions{Default: "Hello."}), STTName: "fake", LLMName: "fake", TTSName: "fake"},
		Phrases: session.Phrases{NotUnderstood: "Sorry?"}}
	if s.plan != nil {
		s.plan(&plan)
	}
	v := &visit{}
	if h := r.Transcribe; h != nil && h.Lang != "" {
		plan.Lang = h.Lang
	}
	return &Conversation{ID: plan.ID, Plan: plan, Hear: s.hear, Log: &v.record, Agent: wire.GriotAgent{Reference: r.Agent, Voice: "fake/tone"}, Close: func(reason string, err error) {
		v.reason, v.err = reason, err
		l.ended <- v
	}}, nil
}

// complete asserts that the record of a conversation is whole: it begins, it ends, and every reply that spoke is settled.
func (v *visit) complete(t *testing.T) {
	t.Helper()
	require.Len(t, v.bodies("session.started"), 1)
	require.Len(t, v.bodies("session.ended"), 1)
	v.mu.Lock()
	last := v.evs[len(v.evs)-1].Body
	v.mu.Unlock()
	require.IsType(t, event.SessionEnded{}, last)
	require.Equal(t, v.reason, last.(event.SessionEnded).Reason)
	require.Len(t, v.bodies("reply.done"), len(v.bodies("reply.started")))
	require.NoError(t, v.err, "a client's behaviour is no fault of the conversation")
}

// legFault returns what the connection ended by, "" when it was closed in the ordinary way.
func (v *visit) legFault() string {
	for _, b := range v.bodies("failed") {
		if f := b.(event.Failed); f.Stage == "leg" {
			return f.Code
		}
	}
	return ""
}

// door is a running server.
type door struct {
	*lobby
	srv  *Server
	url  string
	stop context.CancelFunc
}

func openDoor(t testing.TB, s setup) *door {
	t.Helper()
	ctx, stop := context.WithCancel(context.Background())
	d := &door{lobby: &lobby{setup: s, ended: make(chan *visit, 64)}, stop: stop}
	d.srv = &Server{Host: d.lobby, Log: slog.New(slog.DiscardHandler), Stop: ctx}
	web := httptest.NewServer(d.srv)
	d.url = web.URL
	t.Cleanup(func() { stop(); d.srv.Wait(); web.Close(); http.DefaultClient.CloseIdleConnections() })
	return d
}

// guest is a client on a real socket.
type guest struct {
	*testing.T
	*websocket.Conn
}

func (d *door) visit(t *testing.T, query string, opts *websocket.DialOptions) *guest {
	t.Helper()
	c, _, err := websocket.Dial(t.Context(), d.url+"/v1/realtime?model=agent:test"+query, opts)
	require.NoError(t, err)
	c.SetReadLimit(-1)
	t.Cleanup(func() { _ = c.CloseNow() })
	return &guest{t, c}
}

func (g *guest) send(format string, args ...any) {
	g.Helper()
	require.NoError(g, g.Write(g.Context(), websocket.MessageText, fmt.Appendf(nil, format, args...)))
}

// until reads up to the next message of that type.
func (g *guest) until(typ string) got {
	g.Helper()
	for {
		_, raw, err := g.Read(g.Context())
		require.NoError(g, err, "waiting for %s", typ)
		m := got{raw: raw}
		require.NoError(g, json.Unmarshal(raw, &m.m))
		if m.typ, _ = m.m["type"].(string); m.typ == typ {
			return m
		}
	}
}

// speak sends sound, all at once.
func (g *guest) speak(pcm []int16) {
	g.send(`{"type":"input_audio_buffer.append","audio":"%s"}`, base64.StdEncoding.EncodeToString(encodeAs(wire.PCM24k, pcm)))
}

func (g *guest) leave() { _ = g.Close(websocket.StatusNormalClosure, "") }

const askInText = `{"type":"response.create","response":{"output_modalities":["text"]}}`

// Rules 12 and 13: what clients do on the way in and must not be refused for.
func TestClientsOfAllKinds(t *testing.T) {
	for name, c := range map[string]struct {
		query string
		opts  *websocket.DialOptions
	}{
		"plain":              {},
		"browser's key":      {opts: &websocket.DialOptions{Subprotocols: []string{"realtime", "openai-insecure-api-key.ek_1", "openai-agents-sdk.0.1", "openai-project.p"}}},
		"key in two places":  {query: "&api-key=k", opts: &websocket.DialOptions{HTTPHeader: http.Header{"Authorization": {"Bearer k"}, "Api-Key": {"k"}}}},
		"unknown parameters": {query: "&api-version=2025-10-01&foo=bar"},
		"deflate":            {opts: &websocket.DialOptions{CompressionMode: websocket.CompressionContextTakeover}},
	} {
		t.Run(name, func(t *testing.T) {
			d := openDoor(t, setup{answers: []fake.Answer{{Text: "Yes."}}})
			g := d.visit(t, c.query, c.opts)
			if c.opts != nil && len(c.opts.Subprotocols) > 0 {
				require.Equal(t, "realtime", g.Subprotocol())
			}
			g.send(askInText) // before session.created was read: nothing is required of the client
			g.until("session.created")
			require.Equal(t, "completed", g.until("response.done").str("response.status"))
			g.leave()
			v := <-d.ended
			require.Equal(t, "caller_left", v.reason)
			v.complete(t)
		})
	}
}

// The console's End is told from a page that was left.
func TestHangUp(t *testing.T) {
	d := openDoor(t, setup{answers: []fake.Answer{{Text: "Yes."}}})
	g := d.visit(t, "", nil)
	g.until("session.created")
	require.NoError(t, g.Close(websocket.StatusNormalClosure, "client_closed"))
	require.Equal(t, "client_closed", (<-d.ended).reason)
}

// Rule 13: a message in many frames is one message.
func TestFragmentedMessages(t *testing.T) {
	d := openDoor(t, setup{answers: []fake.Answer{{Text: "Yes."}}})
	g := d.visit(t, "", nil)
	w, err := g.Writer(t.Context(), websocket.MessageText)
	require.NoError(t, err)
	for _, b := range []byte(askInText) {
		_, err := w.Write([]byte{b})
		require.NoError(t, err)
	}
	require.NoError(t, w.Close())
	g.until("response.done")
	g.leave()
	(<-d.ended).complete(t)
}

// What is refused is refused before a conversation is opened, with a status and a JSON body.
func TestRefusals(t *testing.T) {
	d := openDoor(t, setup{})
	get := func(path string, upgrade bool) *http.Response {
		if upgrade {
			_, resp, err := websocket.Dial(t.Context(), d.url+path, nil)
			require.Error(t, err)
			return resp
		}
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, d.url+path, nil)
		require.NoError(t, err)
		resp, err := http.DefaultClient.Do(req)
		require.NoError(t, err)
		t.Cleanup(func() { resp.Body.Close() })
		return resp
	}
	body := func(r *http.Response) (b struct {
		Error struct{ Code, Message, Param string }
	}) {
		require.NoError(t, json.NewDecoder(r.Body).Decode(&b))
		return b
	}
	r := get("/v1/realtime", true)
	require.Equal(t, http.StatusBadRequest, r.StatusCode)
	require.Equal(t, "model", body(r).Error.Param)
	r = get("/v1/realtime?model=test", false)
	require.Equal(t, http.StatusUpgradeRequired, r.StatusCode)
	require.Equal(t, "websocket_required", body(r).Error.Code)
	for kind, status := range map[fault.Kind]int{fault.NotFound: 404, fault.Invalid: 400, fault.Denied: 403, fault.Limited: 503, fault.Unavailable: 503, fault.Internal: 500} {
		d.refuse = fault.New(kind, "the_code", "The message.")
		r = get("/v1/realtime?model=test", true)
		require.Equal(t, status, r.StatusCode)
		require.Equal(t, status == 503, r.Header.Get("Retry-After") != "")
	}
	d.srv.Admit = func(*http.Request, string) error { return fault.New(fault.Denied, "key_required", "No.") }
	r = get("/v1/realtime?model=test", true)
	require.Equal(t, http.StatusUnauthorized, r.StatusCode)
	require.Equal(t, "key_required", body(r).Error.Code)
	require.Zero(t, d.opened)
}

// Garbage, binary frames and odd audio: each is answered, none ends the session.
func TestGarbageOnTheWire(t *testing.T) {
	d := openDoor(t, setup{answers: []fake.Answer{{Text: "Yes."}}})
	g := d.visit(t, "", nil)
	for _, junk := range []string{"", "null", "hello", strings.Repeat("[", 100000), "{\"type\":\"\xff\"}", `{"type":"input_audio_buffer.append","audio":"\u0000"}`} {
		g.send("%s", junk)
		g.until("error")
	}
	require.NoError(t, g.Write(t.Context(), websocket.MessageBinary, make([]byte, 3000)))
	require.Contains(t, g.until("error").str("error.message"), "base64")
	for range 7 { // odd numbers of bytes: the halves of samples are put together
		g.send(`{"type":"input_audio_buffer.append","audio":"%s"}`, base64.StdEncoding.EncodeToString(make([]byte, 1001)))
	}
	g.send(askInText)
	require.Equal(t, "completed", g.until("response.done").str("response.status"))
	g.leave()
	(<-d.ended).complete(t)
}

// A client that stops reading is cut off when its patience is used up, and its record is complete.
func TestClientThatStopsReading(t *testing.T) {
	d := openDoor(t, setup{plan: greet})
	g := d.visit(t, "", nil)
	g.until("response.created") // the greeting is on its way
	g.send(`{"type":"conversation.item.create","item":{"id":"big","type":"message","role":"user","content":[{"type":"input_text","text":"%s"}]}}`, strings.Repeat("x", 1<<20))
	for range 200 { // far more than queue and kernel hold
		if g.Write(t.Context(), websocket.MessageText, []byte(`{"type":"conversation.item.retrieve","item_id":"big"}`)) != nil {
			break
		}
	}
	v := <-d.ended
	require.Equal(t, "caller_left", v.reason)
	require.Equal(t, "slow_reader", v.legFault())
	v.complete(t)
}

// One message of 100 MB: the client is told, the connection closes with 1009, and nobody has held 100 MB.
func TestHundredMegabytesAtOnce(t *testing.T) {
	d := openDoor(t, setup{})
	g := d.visit(t, "", nil)
	g.until("session.created")
	w, err := g.Writer(t.Context(), websocket.MessageText)
	require.NoError(t, err)
	_, err = io.WriteString(w, `{"type":"input_audio_buffer.append","audio":"`)
	require.NoError(t, err)
	block := bytes.Repeat([]byte("A"), 1<<20)
	for range 100 {
		if _, err = w.Write(block); err != nil {
			break // the server has stopped listening
		}
	}
	if err == nil {
		_ = w.Close()
	}
	v := <-d.ended
	require.Equal(t, "message_too_large", v.legFault())
	v.complete(t)
	_, raw, err := g.Read(t.Context())
	if err == nil { // unless the reset of the connection overtook it
		require.Contains(t, string(raw), "message_too_large")
		_, _, err = g.Read(t.Context())
	}
	require.Error(t, err)
	if code := websocket.CloseStatus(err); code != -1 {
		require.Equal(t, websocket.StatusMessageTooBig, code)
	}
}

// 100 MB of audio in messages that are each within the limit are half an hour of silence, much faster than real time: it is taken, and the session goes on.
func TestHundredMegabytesOfAudio(t *testing.T) {
	total := 100 << 20
	if raced || testing.Short() {
		total = 8 << 20
	}
	d := openDoor(t, setup{answers: []fake.Answer{{Text: "Yes."}}})
	g := d.visit(t, "", nil)
	msg := []byte(`{"type":"input_audio_buffer.append","audio":"` + strings.Repeat("AAAA", 1<<20) + `"}`)
	for range total / len(msg) {
		require.NoError(t, g.Write(t.Context(), websocket.MessageText, msg))
	}
	g.send(askInText)
	require.Equal(t, "completed", g.until("response.done").str("response.status"))
	g.leave()
	(<-d.ended).complete(t)
}

// The connection breaks in the middle of both voices.
func TestAbruptDisconnect(t *testing.T) {
	d := openDoor(t, setup{plan: greet})
	g := d.visit(t, "", nil)
	g.until("response.output_audio.delta")
	g.send(`{"type":"input_audio_buffer.append","audio":"%s"}`, base64.StdEncoding.EncodeToString(encodeAs(wire.PCM24k, mediatest.Voice(time.Second, 24000))))
	require.NoError(t, g.CloseNow())
	v := <-d.ended
	require.Equal(t, "caller_left", v.reason)
	require.Equal(t, "connection_lost", v.legFault())
	v.complete(t)
}

// The server stops: the client is told, the close code is 1001, the record complete.
func TestServerStops(t *testing.T) {
	d := openDoor(t, setup{plan: greet})
	g := d.visit(t, "&extensions=griot", nil)
	g.until("response.output_audio.delta")
	d.stop()
	require.Equal(t, "shutdown", g.until("griot.ended").str("reason"))
	_, _, err := g.Read(t.Context())
	require.Equal(t, websocket.StatusGoingAway, websocket.CloseStatus(err))
	v := <-d.ended
	require.Equal(t, "shutdown", v.reason)
	v.complete(t)
}

// Who asks for text in the address reads even the greeting, and hears nothing.
func TestWrittenFromTheAddress(t *testing.T) {
	d := openDoor(t, setup{plan: greet})
	g := d.visit(t, "&extensions=griot&modalities=text", nil)
	require.Equal(t, "text", g.until("session.created").str("session.output_modalities.0"))
	require.NotEmpty(t, g.until("response.output_text.done").str("text"))
	require.Equal(t, "completed", g.until("response.done").str("response.status"))
	g.leave()
	v := <-d.ended
	v.complete(t)
}

// Twenty at once, each with its own words.
func TestManyClients(t *testing.T) {
	d := openDoor(t, setup{voice: fake.TTSOptions{WordsPerSec: 20}, plan: func(p *session.Plan) {
		p.Models.LLM = fake.NewLLMFunc(func(r llm.Request) fake.Answer {
			return fake.Answer{Text: r.Messages[len(r.Messages)-1].Text, WordsPerSec: 200}
		})
	}})
	var wg sync.WaitGroup
	failures := make(chan error, 100)
	for i := range 20 {
		g := d.visit(t, "", nil)
		wg.Go(func() {
			for turn := range 3 {
				want := fmt.Sprintf("client %d says number %d", i, turn)
				if err := g.turn(want); err != nil {
					failures <- fmt.Errorf("client %d: %w", i, err)
					break
				}
			}
			g.leave()
		})
	}
	wg.Wait()
	close(failures)
	require.NoError(t, errors.Join(collect(failures)...))
	for range 20 {
		v := <-d.ended
		require.Equal(t, "caller_left", v.reason)
		v.complete(t)
		require.Len(t, v.bodies("reply.done"), 3)
	}
}

func collect(ch <-chan error) (out []error) {
	for err := range ch {
		out = append(out, err)
	}
	return out
}

// turn asks for one spoken answer, with audio on its way up meanwhile, and checks that it is ours.
func (g *guest) turn(want string) error {
	ctx := g.Context()
	silence := []byte(`{"type":"input_audio_buffer.append","audio":"` + base64.StdEncoding.EncodeToString(make([]byte, 960)) + `"}`)
	for _, m := range [][]byte{silence, fmt.Appendf(nil, `{"type":"conversation.item.create","item":{"type":"message","role":"user","content":[{"type":"input_text","text":"%s"}]}}`, want), silence, []byte(`{"type":"response.create"}`), silence} {
		if err := g.Write(ctx, websocket.MessageText, m); err != nil {
			return err
		}
	}
	sound := 0
	for {
		_, raw, err := g.Read(ctx)
		if err != nil {
			return err
		}
		ev, err := wire.DecodeServer(raw)
		if err != nil {
			return err
		}
		switch ev := ev.(type) {
		case wire.Error:
			return fmt.Errorf("%s", ev.Error.Message)
		case wire.OutputAudioDelta:
			sound += len(ev.Delta)
		case wire.ResponseDone:
			if got := ev.Response.Output[0].Content[0].Transcript; got != want {
				return fmt.Errorf("got %q, want %q", got, want)
			}
			if sound == 0 {
				return errors.New("no sound")
			}
			return nil
		}
	}
}
