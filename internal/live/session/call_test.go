package session

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"griot/internal/event"
	"griot/internal/fault"
	"griot/internal/live/transport"
	"griot/internal/live/turn"
	"griot/internal/media"
	"griot/internal/model/llm"
	"griot/internal/model/vad"
	"griot/internal/provider/fake"
	"griot/internal/tool"
	"griot/internal/tool/tooltest"
)

func TestMain(m *testing.M) {
	detectorFor = func(int) (vad.Detector, error) { return loudness{}, nil }
	goleak.VerifyTestMain(m, goleak.IgnoreAnyFunction("griot/internal/live/session.leftBehind"))
}

// loudness is a detector for tests: the scripted caller is a tone in silence.
type loudness struct{}

func (loudness) Push(f media.Frame) (vad.Activity, error) {
	l := media.Level(f.PCM)
	a := vad.Activity{At: f.PTS, Level: l}
	if l > -50 {
		a.Speech = 1
	}
	return a, nil
}
func (loudness) Reset() {}

func TestCalls(t *testing.T) {
	files, err := filepath.Glob("testdata/*.call")
	require.NoError(t, err)
	require.GreaterOrEqual(t, len(files), 15)
	for _, path := range files {
		c := parseCall(t, path)
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { runCall(t, c) })
		})
	}
}

// stage is a conversation being played.
type stage struct {
	t     *testing.T
	start time.Time
	leg   *loop
	llm   *fake.LLM
	up    *fake.S2S // nil without a speech-to-speech model
	mu    sync.Mutex
	log   []event.Event
}

func (s *stage) Append(_ context.Context, evs ...event.Event) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.log = append(s.log, evs...)
	return nil
}

func runCall(t *testing.T, c *callFile) {
	s := &stage{t: t, start: time.Now()}
	plan := Plan{NoSelfVoice: true /* callers and agents speak the same tones */, ID: "conv-" + c.name, Tenant: "default", Agent: "test", Lang: "en", Settings: Settings{Turn: turn.Defaults()},
		Phrases: Phrases{NotUnderstood: "Sorry?", Apology: "Something went wrong.", StillThere: "Are you still there?"}}
	plan.Settings.Turn.Lang = plan.Lang
	acks, marks, ahead := false, true, 200*time.Millisecond
	for _, l := range c.sets {
		switch key := l.words[0]; key {
		case "silence":
			plan.Settings.Turn.Silence = l.span(t, key, 0)
		case "interrupt":
			plan.Settings.Turn.InterruptResponse = l.words[1] == "on"
		case "respond":
			plan.Settings.Turn.CreateResponse = l.words[1] == "on"
		case "manual":
			plan.Settings.Turn = turn.Settings{Manual: true, PrefixPadding: 300 * time.Millisecond}
		case "greeting":
			plan.Greeting = l.words[1]
		case "acks":
			acks = l.words[1] == "on"
		case "marks":
			marks = l.words[1] == "on"
		case "ahead":
			ahead = l.span(t, key, 0)
		case "idle":
			plan.Limits.Idle = l.span(t, key, 0)
		case "prompt":
			plan.Settings.Turn.IdleTimeout = l.span(t, key, 0)
		case "max":
			plan.Limits.Max = l.span(t, key, 0)
		case "text":
			plan.Settings.TextOnly = true
		case "lang":
			plan.Lang, plan.Settings.Turn.Lang = l.words[1], l.words[1]
		case "detection":
			plan.Settings.Turn.Kind = turn.Detection(l.words[1])
		case "merge":
			plan.Settings.Turn.Merge = l.span(t, key, 0)
		case "prepare":
			plan.Settings.Turn.Prepare = l.number(t, 1)
		case "filler":
			plan.Phrases.Filler = l.words[1]
		case "sensitivity":
			plan.Settings.Turn.Sensitivity = turn.Sensitivity(l.words[1])
		default:
			t.Fatalf("%v: unknown setting", l)
		}
	}
	s.leg = newLoop(s.start, acks, ahead)
	plan.Models = s.models(c, marks)
	plan.Tools = s.tools(c)
	sess := New(plan, s.leg, s)
	sess.check = func(st *state, now time.Time) {
		if err := st.invariants(now); err != nil {
			t.Errorf("%6.2fs: %v", now.Sub(s.start).Seconds(), err)
		}
	}
	end := s.perform(c, sess)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	done := make(chan error, 1)
	go func() { done <- sess.Run(ctx) }()
	select {
	case err := <-done:
		require.NoError(t, err)
	case <-time.After(end):
		s.leg.hangUp()
		require.NoError(t, <-done)
	}
	cancel()
	s.leg.wait()
	for _, l := range c.expects {
		s.expect(l)
	}
	if t.Failed() || os.Getenv("GRIOT_CALLS") != "" {
		t.Log("\n" + s.story())
	}
}

// story is what happened, one line an event.
func (s *stage) story() string {
	var b strings.Builder
	for _, e := range s.log {
		body, _ := json.Marshal(e.Body)
		fmt.Fprintf(&b, "%7.3f gen %d %-18s %s\n", e.At.Sub(s.start).Seconds(), e.Gen, e.Body.EventType(), body)
	}
	return b.String()
}

// models makes the scripted models.
func (s *stage) models(c *callFile, marks bool) Models {
	var answers []fake.Answer
	voice := fake.TTSOptions{Marks: marks}
	noSTT := false
	for _, l := range c.models {
		switch l.who {
		case "llm":
			answers = append(answers, s.answer(l))
		case "tts":
			voice.First = l.span(s.t, "first", 0)
			voice.WordsPerSec = l.perSecond(s.t)
			voice.Hang = l.has("hangs")
			voice.IgnoreClose = l.has("ignores-close")
			if l.has("fails") {
				voice.FailAfter = -1
			}
		case "stt":
			noSTT = l.has("none")
		}
	}
	s.llm = fake.NewLLM(answers...)
	var heard []fake.Utterance
	for _, l := range c.acts {
		if u, ok := s.utterance(l); ok {
			heard = append(heard, u)
		}
	}
	m := Models{LLM: s.llm, TTS: fake.NewTTS(voice), STT: fake.NewSTT(fake.STTOptions{}, heard...), STTName: "fake", LLMName: "fake", TTSName: "fake"}
	if noSTT {
		m.STT = nil
	}
	s.upstream(c, &m)
	return m
}

func (s *stage) answer(l call) fake.Answer {
	a := fake.Answer{First: l.span(s.t, "first", 0), WordsPerSec: l.perSecond(s.t), Hang: l.has("hangs"), IgnoreCancel: l.span(s.t, "ignores-cancel", 0)}
	switch {
	case l.words[0] == "calls":
		args := "{}"
		if len(l.words) > 2 && strings.HasPrefix(l.words[2], "{") {
			args = l.words[2]
		}
		a.Calls = []llm.ToolCall{{ID: "call_" + strconv.Itoa(l.line), Name: l.words[1], Arguments: args}}
		a.Text = l.after("saying")
	case l.words[0] == "fails":
		a.Err = fault.New(fault.Unavailable, "model_down", "the model is down")
	case l.words[0] == "hangs":
	default:
		a.Text = l.words[0]
	}
	if l.has("hang-up") {
		a.Stop = llm.StopHangUp
	}
	if l.has("then-fails") {
		a.Err = fault.New(fault.Unavailable, "stream_cut", "the stream was cut")
	}
	return a
}

// utterance is what the recogniser makes of a spoken line.
func (s *stage) utterance(l call) (fake.Utterance, bool) {
	if l.who != "caller" || !l.has("speaks") || l.words[0] == "more" {
		return fake.Utterance{}, false
	}
	u := fake.Utterance{FinalAfter: l.span(s.t, "after", 0), Hang: l.has("never-final")}
	if l.words[0] != "noise" {
		u.Text = l.words[0]
	}
	for i, w := range l.words {
		if w == "partial" {
			p := fake.PartialText{At: 200 * time.Millisecond, Text: l.words[i+1]}
			rest := call{line: l.line, words: l.words[i+2:]}
			if len(rest.words) > 0 && rest.words[0] == "at" {
				p.At = rest.span(s.t, "at", 0)
			}
			u.Partials = append(u.Partials, p)
		}
	}
	if l.has("stt-fails") {
		u.Err = fault.New(fault.Unavailable, "stt_down", "the recogniser is down")
	}
	return u, true
}

// perform schedules what the caller and the client do, and returns when the call is over.
func (s *stage) perform(c *callFile, sess *Session) time.Duration {
	end := time.Duration(0)
	for _, l := range c.acts {
		end = max(end, l.at+l.span(s.t, "speaks", 0))
		if l.who == "caller" && l.has("speaks") {
			s.leg.speak(l.at, l.span(s.t, "speaks", time.Second))
			continue
		}
		s.leg.later(l.at, func() { s.doAct(l, sess) })
	}
	return end + 12*time.Second
}

func (s *stage) doAct(l call, sess *Session) {
	ctx := context.Background()
	var err error
	switch l.words[0] {
	case "types":
		s.leg.send(transport.Inbound{Kind: transport.Text, Text: l.words[1]})
	case "presses":
		for _, d := range l.words[1] {
			s.leg.send(transport.Inbound{Kind: transport.Digit, Digit: d})
		}
	case "hangs":
		s.leg.hangUp()
	case "cancels":
		err = sess.Do(ctx, Interrupt{})
	case "commits":
		err = sess.Do(ctx, CommitInput{})
	case "clears":
		err = sess.Do(ctx, ClearInput{})
	case "responds":
		r := Respond{Overrides{OutOfBand: l.has("aside")}}
		if written := true; l.has("written") {
			r.Overrides.TextOnly = &written
		}
		err = sess.Do(ctx, r)
	case "says":
		err = sess.Do(ctx, Say{Text: l.words[1]})
	case "writes":
		err = sess.Do(ctx, CreateItem{Item: &Item{Kind: "message", Role: llm.User, Text: l.words[1]}})
	case "returns":
		err = sess.Do(ctx, CreateItem{Item: &Item{Kind: "function_call_output", CallID: s.lastCall(), Text: l.words[1]}})
	case "truncates":
		err = sess.Do(ctx, TruncateItem{ID: s.nthItem(l.number(s.t, 1)), End: l.span(s.t, "at", 0)})
	case "offers":
		set := sess.plan.Settings
		set.Client = []llm.ToolSpec{{Name: l.words[1], Parameters: json.RawMessage(`{"type":"object"}`)}}
		err = sess.Do(ctx, Update{Settings: set})
	default:
		s.t.Errorf("%v: unknown act", l)
	}
	if want := l.after("refused"); want != "" {
		if fault.CodeOf(err) != want {
			s.t.Errorf("%v: got %v", l, err)
		}
	} else if err != nil {
		s.t.Errorf("%v: %v", l, err)
	}
}

func (s *stage) lastCall() string {
	id := ""
	for _, e := range s.events("tool.called") {
		id = e.Body.(event.ToolCalled).CallID
	}
	return id
}

func (s *stage) nthItem(n int) string {
	return s.events("reply.started")[n-1].Body.(event.ReplyStarted).Item
}

// tools makes the scripted tools: `tool name returns "text" after 1s [finish]`.
func (s *stage) tools(c *callFile) []tool.Set {
	var ts scriptedTools
	ledger := &tool.Ledger{Store: &tooltest.Effects{}}
	for _, l := range c.models {
		if l.who == "tool" {
			tl := &scripted{name: l.words[0], out: l.after("returns"), after: l.span(s.t, "after", 0), finish: l.has("finish"), fails: l.has("fails"), ends: l.has("ends"), brief: l.after("brief")}
			tl.policy = tool.Policy{Timeout: l.span(s.t, "timeout", 5*time.Second), Later: l.span(s.t, "later", 0), Filler: l.span(s.t, "filler", 0), Effect: l.has("effect")}
			ts = append(ts, ledger.Guard(tl))
		}
	}
	return []tool.Set{ts}
}

type scriptedTools []tool.Tool

func (ts scriptedTools) Tools(context.Context) ([]tool.Tool, error) { return ts, nil }
func (scriptedTools) Close() error                                  { return nil }

type scripted struct {
	name, out     string
	after         time.Duration
	finish, fails bool
	ends          bool
	brief         string
	policy        tool.Policy
	twice         bool // planted: it is carried out twice

	mu    sync.Mutex
	calls map[string]int // how often each was carried out
	done  int
}

func (t *scripted) Spec() llm.ToolSpec {
	return llm.ToolSpec{Name: t.name, Parameters: json.RawMessage(`{"type":"object"}`)}
}

func (t *scripted) Policy() tool.Policy {
	p := t.policy
	if p.Timeout == 0 {
		p.Timeout = 5 * time.Second
	}
	if t.finish {
		p.OnInterrupt = tool.Finish
	}
	return p
}

func (t *scripted) Call(ctx context.Context, c llm.ToolCall) (llm.ToolResult, error) {
	t.mu.Lock()
	if t.calls == nil {
		t.calls = map[string]int{}
	}
	if t.calls[c.ID]++; t.twice {
		t.calls[c.ID]++
	}
	t.mu.Unlock()
	select {
	case <-time.After(t.after):
	case <-ctx.Done():
		return llm.ToolResult{}, ctx.Err()
	}
	if t.fails {
		return llm.ToolResult{}, errors.New("the service refused")
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.done++
	return llm.ToolResult{CallID: c.ID, Output: strings.ReplaceAll(t.out, "#", strconv.Itoa(t.done)), End: t.ends, Brief: t.brief}, nil
}
