package realtime

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"griot/internal/event"
	"griot/internal/fault"
	"griot/internal/live/session"
	"griot/internal/live/turn"
	"griot/internal/media"
	"griot/internal/media/mediatest"
	"griot/internal/provider/fake"
	wire "griot/internal/realtime"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// setup is a conversation's scripted side.
type setup struct {
	answers []fake.Answer    // of the language model, in order
	heard   []fake.Utterance // what the recogniser makes of each turn
	voice   fake.TTSOptions
	noSTT   bool
	noTTS   bool
	ext     bool
	dialect wire.Dialect
	plan    func(*session.Plan)
	beside  bool   // the sound travels beside the events, over a speaker
	session string // the call's first session.update
	hear    func(context.Context, Hearing) (session.Listen, error)
}

// play holds a conversation on virtual time, with the real voice detector. The script is the client; when it returns, the client hangs up. Every message is checked
// against the rules that hold for all of them.
func play(t *testing.T, s setup, script func(t *testing.T, c *client)) {
	synctest.Test(t, func(t *testing.T) {
		llm := fake.NewLLM(s.answers...)
		s.voice.Marks = true
		plan := session.Plan{NoSelfVoice: true, ID: "0123456789abcdef", Tenant: "default", Agent: "test", Name: "Test", Lang: "en",
			Models:   session.Models{LLM: llm, TTS: fake.NewTTS(s.voice), STT: fake.NewSTT(fake.STTOptions{}, s.heard...), STTName: "fake", LLMName: "fake", TTSName: "fake"},
			Settings: session.Settings{Turn: turn.Defaults(), Instructions: "Be brief."},
			Phrases:  session.Phrases{NotUnderstood: "Sorry?", Apology: "Something went wrong."}, Limits: session.Limits{Max: 15 * time.Minute}}
		if s.noSTT {
			plan.Models.STT, plan.Models.STTName = nil, ""
		}
		if s.noTTS {
			plan.Models.TTS, plan.Models.TTSName = nil, ""
		}
		if s.plan != nil {
			s.plan(&plan)
		}
		c := &client{T: t, llm: llm, models: plan.Models, pipe: &pipe{start: time.Now(), in: make(chan message, 4096), gone: make(chan struct{}), byType: map[string][]got{}}, taken: map[string]int{}, extended: s.ext, dialect: s.dialect}
		conv := &Conversation{ID: plan.ID, Plan: plan, Log: &c.record, Agent: wire.GriotAgent{Reference: "test", Name: "Test", Language: "en", Voice: "fake/tone", Listens: !s.noSTT},
			Close: func(reason string, err error) { c.reason, c.fault = reason, err }}
		srv := &Server{Log: slog.New(slog.DiscardHandler)}
		ctx, cancel := context.WithCancel(t.Context())
		held := make(chan struct{})
		if s.beside {
			c.open(srv, conv, s)
			serve, err := c.call.Attach(Client{Pipe: c.pipe, Greeted: true, Extended: s.ext, Dialect: s.dialect})
			require.NoError(t, err)
			require.Equal(t, []string{"session.created"}, c.order(0), "before the conversation begins")
			go func() { defer close(held); c.call.Run(ctx) }()
			c.wg.Go(func() { _ = serve(ctx) })
		} else {
			go func() {
				defer close(held)
				srv.hold(ctx, &outlet{pipe: c.pipe, ext: s.ext, dialect: s.dialect}, conv, wireSession(conv), conv.Plan, "test")
			}()
		}
		end := sync.OnceFunc(func() {
			c.pipe.hangUp()
			if s.beside {
				_ = c.speaker.Close("")
			}
			<-held
			cancel()
			c.wg.Wait()
		})
		defer func() {
			end()
			if t.Failed() {
				for _, g := range c.sent() {
					t.Logf("%7.3f %s", g.at.Seconds(), short(g.raw))
				}
			}
		}()
		script(t, c)
		end()
		c.checkRules()
	})
}

func short(raw []byte) string {
	if len(raw) > 600 {
		return string(raw[:250]) + "…"
	}
	return string(raw)
}

// record keeps what the session wrote down.
type record struct {
	mu  sync.Mutex
	evs []event.Event
}

func (r *record) Append(_ context.Context, evs ...event.Event) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.evs = append(r.evs, evs...)
	return nil
}

// bodies returns the events of a type.
func (r *record) bodies(typ string) (out []event.Body) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, e := range r.evs {
		if e.Body.EventType() == typ {
			out = append(out, e.Body)
		}
	}
	return out
}

// pipe is a socket whose far end is a test.
type pipe struct {
	start time.Time
	in    chan message
	gone  chan struct{}
	once  sync.Once

	mu     sync.Mutex
	out    []got
	byType map[string][]got
	closed []string // reasons
}

type message struct {
	data   []byte
	binary bool
	err    error
}

func (p *pipe) hangUp() { p.once.Do(func() { close(p.gone) }) }

func (p *pipe) Read(ctx context.Context) ([]byte, bool, error) {
	select { // what was sent before the end still counts
	case m := <-p.in:
		return m.data, m.binary, m.err
	default:
	}
	select {
	case m := <-p.in:
		return m.data, m.binary, m.err
	case <-p.gone:
		return nil, false, io.EOF
	case <-ctx.Done():
		return nil, false, ctx.Err()
	}
}

func (p *pipe) Send(encode func([]byte) []byte) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	raw := encode(nil)
	if len(raw) == 0 {
		return nil
	}
	g := got{at: time.Since(p.start), raw: raw}
	if err := json.Unmarshal(raw, &g.m); err != nil {
		g.m = map[string]any{"type": "INVALID " + err.Error()}
	}
	g.typ, _ = g.m["type"].(string)
	p.out = append(p.out, g)
	p.byType[g.typ] = append(p.byType[g.typ], g)
	return nil
}

// nth returns the n-th message of a type, from 0.
func (p *pipe) nth(typ string, n int) (got, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if n >= len(p.byType[typ]) {
		return got{}, false
	}
	return p.byType[typ][n], true
}

func (p *pipe) Close(reason string) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.closed = append(p.closed, reason)
	p.hangUp()
	return nil
}

// reasons returns what it was closed with.
func (p *pipe) reasons() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.closed)
}

// got is a message of the server's.
type got struct {
	at  time.Duration
	typ string
	raw []byte
	m   map[string]any
}

// get returns the value at a path such as "response.output.0.id", or nil.
func (g got) get(path string) any {
	var v any = g.m
	for _, name := range strings.Split(path, ".") {
		switch x := v.(type) {
		case map[string]any:
			v = x[name]
		case []any:
			var i int
			if _, err := fmt.Sscan(name, &i); err != nil || i >= len(x) {
				return nil
			}
			v = x[i]
		default:
			return nil
		}
	}
	return v
}

func (g got) str(path string) string { s, _ := g.get(path).(string); return s }

// client is the far end: it sends what the script says, and looks at what comes.
type client struct {
	*testing.T
	pipe     *pipe
	llm      *fake.LLM
	models   session.Models
	record   record
	taken    map[string]int
	wg       sync.WaitGroup
	extended bool
	dialect  wire.Dialect
	call     *Call    // of a conversation whose sound travels beside its events
	speaker  *speaker // its leg
	reason   string   // that the conversation's record was closed with
	fault    error

	mu     sync.Mutex
	format wire.AudioFormat
	queue  []int16 // to be spoken, at the format's rate
}

// send sends one message.
func (c *client) send(format string, args ...any) {
	c.pipe.in <- message{data: fmt.Appendf(nil, format, args...)}
}

// sent returns all that the server has sent.
func (c *client) sent() []got {
	c.pipe.mu.Lock()
	defer c.pipe.mu.Unlock()
	return slices.Clone(c.pipe.out)
}

// all returns every message of these types.
func (c *client) all(types ...string) (out []got) {
	for _, g := range c.sent() {
		if slices.Contains(types, g.typ) {
			out = append(out, g)
		}
	}
	return out
}

// wait returns the next message of that type that was not waited for before. It gives up after a minute of the conversation's time.
func (c *client) wait(typ string) got {
	c.Helper()
	for range 12000 {
		if g, ok := c.pipe.nth(typ, c.taken[typ]); ok {
			c.taken[typ]++
			return g
		}
		time.Sleep(5 * time.Millisecond)
	}
	c.Fatalf("no further %s came", typ)
	return got{}
}

// rest lets the conversation go on for a while.
func (c *client) rest(d time.Duration) { time.Sleep(d); synctest.Wait() }

// failure waits for an error and checks its code, the parameter and the event id that it names.
func (c *client) failure(code, param, eventID string) got {
	c.Helper()
	g := c.wait("error")
	require.Equal(c, code, g.str("error.code"), "%s", g.raw)
	require.Equal(c, param, g.str("error.param"), "%s", g.raw)
	require.Equal(c, eventID, g.str("error.event_id"), "%s", g.raw)
	require.Equal(c, "invalid_request_error", g.str("error.type"))
	require.NotEmpty(c, g.str("error.message"))
	return g
}

// openMic sends 20 ms of audio every 20 ms, as a client with a microphone does: silence, or what say queued.
func (c *client) openMic(f wire.AudioFormat) {
	c.mu.Lock()
	c.format = f
	c.mu.Unlock()
	c.wg.Go(func() {
		tick := time.NewTicker(media.FrameTime)
		defer tick.Stop()
		for {
			select {
			case <-c.pipe.gone:
				return
			case <-tick.C:
			}
			c.mu.Lock()
			frame := make([]int16, f.SampleRate()/50)
			c.queue = c.queue[copy(frame, c.queue):]
			c.mu.Unlock()
			c.append(f, frame)
		}
	})
}

func (c *client) append(f wire.AudioFormat, pcm []int16) { c.appendRaw(encodeAs(f, pcm)) }

func (c *client) appendRaw(raw []byte) {
	b64 := base64.StdEncoding.EncodeToString(raw)
	select {
	case c.pipe.in <- message{data: []byte(`{"type":"input_audio_buffer.append","audio":"` + b64 + `"}`)}:
	case <-c.pipe.gone:
	}
}

func encodeAs(f wire.AudioFormat, pcm []int16) []byte {
	switch f.Type {
	case wire.TypePCMU:
		return media.EncodeULaw(nil, pcm)
	case wire.TypePCMA:
		return media.EncodeALaw(nil, pcm)
	}
	b := make([]byte, 0, 2*len(pcm))
	for _, s := range pcm {
		b = append(b, byte(s), byte(s>>8))
	}
	return b
}

// say speaks for d, from the next frame on.
func (c *client) say(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.queue = append(c.queue, mediatest.Voice(d, c.format.SampleRate())...)
}

// order returns the types of all messages since the n-th, with runs of deltas of a response as one "deltas"; types that begin with one of without are left out.
func (c *client) order(from int, without ...string) (out []string) {
next:
	for _, g := range c.sent()[from:] {
		for _, w := range without {
			if strings.HasPrefix(g.typ, w) {
				continue next
			}
		}
		typ := g.typ
		if strings.HasPrefix(wire.GAName(typ), "response.output_") && strings.HasSuffix(typ, ".delta") {
			typ = "deltas"
			if len(out) > 0 && out[len(out)-1] == typ {
				continue
			}
		}
		out = append(out, typ)
	}
	return out
}

// audio returns the sound of a response, decoded, in its format's rate.
func (c *client) audio(response string, f wire.AudioFormat) (pcm []int16) {
	var carry wire.Carry
	for _, g := range c.all("response.output_audio.delta", "response.audio.delta") {
		if g.str("response_id") == response {
			var err error
			pcm, err = f.Decode(pcm, []byte(g.str("delta")), &carry)
			require.NoError(c, err)
		}
	}
	return pcm
}

var errDown = fault.New(fault.Unavailable, "model_down", "the model is down")

func greet(p *session.Plan) { p.Greeting = "Hello, this is a test." }
