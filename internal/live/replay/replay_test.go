package replay

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"io"
	"math"
	"os"
	"path/filepath"
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
	"griot/internal/live/transport"
	"griot/internal/live/turn"
	"griot/internal/media"
	"griot/internal/media/mediatest"
	"griot/internal/model/llm"
	"griot/internal/provider/fake"
	"griot/internal/tool"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// caller is a leg whose far end speaks at set times.
type caller struct {
	start time.Time
	talks [][2]time.Duration
	end   time.Duration
	pos   time.Duration
	keys  map[time.Duration]rune
}

func (c *caller) Info() transport.Info {
	return transport.Info{ID: "caller", Kind: "test", In: media.Mono(16000), Out: media.Mono(16000), Ahead: 200 * time.Millisecond}
}
func (c *caller) Play(context.Context, event.Gen, media.Frame) error { return nil }
func (c *caller) Clear(context.Context, event.Gen) error             { return nil }
func (c *caller) Heard() <-chan transport.Heard                      { return nil }
func (c *caller) Close(string) error                                 { return nil }
func (c *caller) Recv(ctx context.Context, in *transport.Inbound) error {
	if err := wait(ctx, c.pos+media.FrameTime-time.Since(c.start)); err != nil {
		return err
	}
	if k, ok := c.keys[c.pos]; ok {
		delete(c.keys, c.pos)
		*in = transport.Inbound{Kind: transport.Digit, Digit: k}
		return nil
	}
	if c.pos >= c.end {
		return io.EOF
	}
	pcm := make([]int16, 320)
	for _, t := range c.talks {
		if c.pos >= t[0] && c.pos < t[1] {
			v := mediatest.Voice(t[1]-t[0], 16000)
			copy(pcm, v[int((c.pos-t[0]).Seconds()*16000):])
		}
	}
	c.pos += media.FrameTime
	*in = transport.Inbound{Kind: transport.Audio, Frame: media.Frame{Format: media.Mono(16000), PCM: pcm}}
	return nil
}

type look struct{}

func (look) Spec() llm.ToolSpec {
	return llm.ToolSpec{Name: "look", Parameters: []byte(`{"type":"object"}`)}
}
func (look) Policy() tool.Policy                          { return tool.Policy{Timeout: 5 * time.Second} }
func (look) Close() error                                 { return nil }
func (l look) Tools(context.Context) ([]tool.Tool, error) { return []tool.Tool{l}, nil }
func (look) Call(ctx context.Context, c llm.ToolCall) (llm.ToolResult, error) {
	if err := wait(ctx, 300*time.Millisecond); err != nil {
		return llm.ToolResult{}, err
	}
	return llm.ToolResult{CallID: c.ID, Output: "shipped"}, nil
}

type list struct {
	mu  sync.Mutex
	evs []event.Event
}

func (l *list) Append(_ context.Context, evs ...event.Event) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.evs = append(l.evs, evs...)
	return nil
}

// kept holds a conversation with a pause in a sentence, an interruption, a tool, a fault, a key and a hang-up, and returns its tape.
func kept(t *testing.T) *Tape {
	t.Helper()
	path := filepath.Join(t.TempDir(), "c.replay")
	synctest.Test(t, func(t *testing.T) {
		c := &caller{start: time.Now(), end: 24 * time.Second, keys: map[time.Duration]rune{20 * time.Second: '#'}, talks: [][2]time.Duration{
			{2 * time.Second, 3 * time.Second}, {3400 * time.Millisecond, 4400 * time.Millisecond}, {7 * time.Second, 8200 * time.Millisecond}, {13 * time.Second, 14 * time.Second}}}
		set := turn.Defaults()
		set.Lang = "en"
		p := session.Plan{ID: "0123456789abcdef", Tenant: "default", Agent: "test", Lang: "en", NoSelfVoice: true, Greeting: "Hello there.", Settings: session.Settings{Turn: set},
			Phrases: session.Phrases{Apology: "Something went wrong.", NotUnderstood: "Sorry?"}, Tools: []tool.Set{look{}},
			Models: session.Models{
				LLM: fake.NewLLM(fake.Answer{Text: "It is on the way and will be there tomorrow before noon at the latest.", First: 200 * time.Millisecond},
					fake.Answer{Calls: []llm.ToolCall{{ID: "k1", Name: "look", Arguments: "{}"}}}, fake.Answer{Text: "It was shipped."}, fake.Answer{Err: fault.New(fault.Unavailable, "down", "down")}),
				STT: fake.NewSTT(fake.STTOptions{}, fake.Utterance{Text: "where is my order", FinalAfter: 60 * time.Millisecond, Partials: []fake.PartialText{{At: 700 * time.Millisecond, Text: "where is"}}},
					fake.Utterance{Text: "no look it up", FinalAfter: 80 * time.Millisecond, Partials: []fake.PartialText{{At: 300 * time.Millisecond, Text: "no look"}}}, fake.Utterance{Text: "and now"}),
				TTS: fake.NewTTS(fake.TTSOptions{Marks: true, First: 90 * time.Millisecond})}}
		r, plan, leg, log, err := Record(path, p, c, &list{})
		require.NoError(t, err)
		require.NoError(t, session.New(plan, leg, log).Run(t.Context()))
		require.NoError(t, r.Close())
	})
	tape, err := Open(path)
	require.NoError(t, err)
	return tape
}

func hold(t *testing.T, tape *Tape, o Options) (evs []event.Event) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		var err error
		evs, err = tape.hold(o)
		require.NoError(t, err)
	})
	return evs
}

func story(evs []event.Event) string {
	var b strings.Builder
	for _, l := range Story(evs) {
		b.WriteString(l.At.Round(10*time.Millisecond).String() + " " + l.Who + " " + l.Text + "\n")
	}
	return b.String()
}

func TestAnUnchangedReplayIsTheSame(t *testing.T) {
	tape := kept(t)
	evs := hold(t, tape, Options{Exact: true})
	same, where := Same(tape.Events(), evs)
	require.True(t, same, "%s\nthen:\n%s\nnow:\n%s", where, story(tape.Events()), story(evs))
	for i, l := range Story(tape.Events()) {
		require.InDelta(t, l.At.Seconds(), Story(evs)[i].At.Seconds(), 0.03, l.Text)
	}
	require.Contains(t, story(evs), `tool look returned "shipped"`)
	require.Contains(t, story(evs), "was cut")
	require.Contains(t, story(evs), "failed: llm")
}

func TestAChangedSettingChangesTheConversation(t *testing.T) {
	tape := kept(t)
	before, after := hold(t, tape, Options{}), hold(t, tape, Options{Set: []string{"turn.silence=300ms"}})
	same, where := Same(before, after)
	require.False(t, same)
	require.NotEmpty(t, where)
	changes := Compare(Story(before), Story(after))
	n := 0
	for _, c := range changes {
		if c.Before == nil || c.After == nil {
			n++
		}
	}
	require.Positive(t, n, "the pause in the sentence now ends the turn")
	require.Contains(t, story(after), `said "where is`)
	same, where = Same(before, hold(t, tape, Options{Set: []string{"turn.silence=500ms"}}))
	require.True(t, same, "what it was: %s", where)
}

func TestSettingsOfAReplay(t *testing.T) {
	for _, s := range []string{"turn.silence", "turn.silence=soon", "turn.silence=-1s", "turn.speed=3", "turn.threshold=2", "turn.detection=magic", "turn.sensitivity=some", "turn.interrupt=maybe"} {
		err := apply(&session.Plan{}, []string{s})
		require.Equal(t, fault.Invalid, fault.KindOf(err), s)
		require.Contains(t, err.Error(), s)
	}
	p := session.Plan{}
	require.NoError(t, apply(&p, []string{"turn.silence=300ms", "turn.detection=semantic_vad", "turn.interrupt=false", "turn.prepare=2", "turn.self_voice=false", "turn.threshold=0.7"}))
	require.Equal(t, 300*time.Millisecond, p.Settings.Turn.Silence)
	require.True(t, p.NoSelfVoice)
	require.InDelta(t, 0.7, float64(p.Settings.Turn.Threshold), 1e-6)
}

func TestDamagedTapes(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x")
	_, err := Open(path)
	require.Equal(t, "no_replay", fault.CodeOf(err))
	for name, b := range map[string][]byte{"empty": nil, "text": []byte("hello"), "gzip of nothing": {0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0}} {
		require.NoError(t, os.WriteFile(path, b, 0o600))
		_, err := Open(path)
		require.Equal(t, "replay_damaged", fault.CodeOf(err), name)
	}
	_, err = Read(bytes.NewReader(zipped(t, `{"replay":99}`)))
	require.Equal(t, "replay_newer", fault.CodeOf(err))
	tape, err := Read(bytes.NewReader(zipped(t, `{"replay":1,"id":"a"}`+"\n"+`{"at":1,"in":{"text":"hel`)))
	require.NoError(t, err, "cut off by a crash")
	require.Empty(t, tape.entries)
	_, err = Read(bytes.NewReader(zipped(t, `{"replay":1,"id":"a"}`+"\n"+`{"at":"soon"}`)))
	require.Equal(t, "replay_damaged", fault.CodeOf(err))
}

func zipped(t *testing.T, s string) []byte {
	t.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	_, err := z.Write([]byte(s))
	require.NoError(t, errors.Join(err, z.Close()))
	return b.Bytes()
}

func TestScenario(t *testing.T) {
	tape := kept(t)
	text := tape.Scenario(tape.Events())
	for _, want := range []string{"set     lang en", `set     greeting "Hello there."`, `caller  "where is my order" speaks`, `llm     "It is on the way`, `calls look "{}"`, `tool    look returns "shipped" after 300ms`,
		`expect  user 2 "no look it up"`, "expect  settled"} {
		require.Contains(t, text, want)
	}
	require.Less(t, math.Abs(float64(strings.Count(text, "caller  \"")-3)), 1.0, text)
}
