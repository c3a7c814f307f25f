package session

import (
	"context"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"griot/internal/event"
	"griot/internal/fault"
	"griot/internal/live/transport"
	"griot/internal/live/turn"
	"griot/internal/model/llm"
	"griot/internal/model/s2s"
	"griot/internal/provider/fake"
	"griot/internal/tool"
)

var (
	sessions = flag.Int("sessions", 1000, "random conversations to hold")
	seed     = flag.Uint64("seed", 1, "of the first random conversation; each has its own")
)

// TestRandomSessions holds conversations of random speech, interruptions, slow and failing models, tools, keys, client commands and hang-ups, on virtual time.
// After every step the session's invariants are checked, and at the end that nothing is stuck, that no word counts as heard that was not played, and
// (by the bubble's own end) that no goroutine is left. A failure names its seed: go test -run TestRandomSessions -seed N -sessions 1 -v
func TestRandomSessions(t *testing.T) {
	t.Parallel()
	const workers = 4
	for w := range workers {
		t.Run(fmt.Sprint(w), func(t *testing.T) {
			t.Parallel()
			for n := w; n < *sessions; n += workers {
				s := *seed + uint64(n)
				if os.Getenv("SEEDS") != "" {
					fmt.Fprintln(os.Stderr, "seed", s)
				}
				c := &chaos{t: t, rnd: rand.New(rand.NewPCG(s, 7)), upstream: s%5 == 0}
				var found []string
				synctest.Test(t, func(t *testing.T) { found = c.play() })
				for _, f := range found {
					t.Errorf("seed %d: %s", s, f)
				}
				if len(found) > 0 {
					t.Log("\n" + c.stage.story()) // at once: another run may order the same instants otherwise
					return
				}
			}
		})
	}
}

// chaos is one random conversation.
type chaos struct {
	t     *testing.T
	rnd   *rand.Rand
	plant plant

	stage    *stage
	sess     *Session
	answers  bool // a finished turn is answered
	marks    bool // the voice says when it speaks each word
	upstream bool // a speech-to-speech model answers, and the others when it cannot be had
	look     *scripted
	pay      *scripted
	stt      *fake.STT
	heard    []fake.Utterance
	told     map[event.Gen]bool // a client said what was heard of it
	mu       sync.Mutex
	silence  []time.Time // when a client asked for it
	found    []string
	hist     []Item
}

func (c *chaos) chance(p float64) bool { return c.rnd.Float64() < p }
func (c *chaos) upto(d time.Duration) time.Duration {
	return time.Duration(c.rnd.Int64N(int64(d)/int64(20*time.Millisecond)+1)) * 20 * time.Millisecond
}

func (c *chaos) text(most int) string {
	var b strings.Builder
	for i := range 1 + c.rnd.IntN(most) {
		if i > 0 {
			b.WriteByte(' ')
		}
		b.WriteString([]string{"order", "shipped", "tomorrow", "number", "hours", "please", "nine", "delivery", "no", "yes", "and"}[c.rnd.IntN(11)])
		if c.chance(0.2) {
			b.WriteByte('.')
		}
	}
	return b.String() + "."
}

// report notes a finding.
func (c *chaos) report(format string, args ...any) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.found) < 5 {
		c.found = append(c.found, fmt.Sprintf(format, args...))
	}
}

func (c *chaos) play() []string {
	s := &stage{t: c.t, start: time.Now()}
	c.stage, c.told = s, map[event.Gen]bool{}
	set := turn.Defaults()
	set.InterruptResponse, set.KeepThinking, set.CreateResponse = c.chance(0.85), c.chance(0.15), c.chance(0.97)
	set.Lang, c.answers = []string{"en", "fr", "es"}[c.rnd.IntN(3)], set.CreateResponse
	set.Sensitivity = []turn.Sensitivity{turn.SensitivityLow, turn.SensitivityMedium, turn.SensitivityHigh}[c.rnd.IntN(3)]
	if c.chance(0.3) {
		set.IdleTimeout = 5 * time.Second
	}
	if c.chance(0.5) {
		set.Kind = turn.SemanticVAD
		set.Eagerness = []turn.Eagerness{turn.EagernessLow, turn.EagernessAuto, turn.EagernessHigh}[c.rnd.IntN(3)]
	}
	if c.chance(0.6) {
		set.Merge = turn.DefaultMerge
	}
	set.Prepare = c.rnd.IntN(3)
	plan := Plan{NoSelfVoice: true /* callers and agents speak the same tones */, ID: "random", Tenant: "default", Agent: "test", Lang: set.Lang, Settings: Settings{Turn: set, TextOnly: c.chance(0.05)},
		Phrases: Phrases{NotUnderstood: "Sorry?", Apology: "Something went wrong.", StillThere: "Are you there?"}}
	if c.chance(0.5) {
		plan.Greeting, plan.Protected = "Hello, how can I help you today?", c.chance(0.3)
	}
	s.leg = newLoop(s.start, c.chance(0.5), 100*time.Millisecond+c.upto(400*time.Millisecond))
	s.leg.chunk = 100 * time.Millisecond
	s.leg.holds, s.leg.info.Clears, s.leg.deaf = c.chance(0.3), c.chance(0.3), c.chance(0.03)
	plan.Models = c.models()
	plan.Tools = c.tools()
	if c.plant.plan != nil {
		c.plant.plan(c, &plan)
	}
	c.sess = New(plan, s.leg, s)
	c.sess.mangle, c.sess.spoil = c.plant.mangle, c.plant.spoil
	c.sess.check = c.check
	length := 4*time.Second + c.upto(16*time.Second)
	c.schedule(length)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- c.sess.Run(ctx) }()
	select {
	case <-done:
	case <-time.After(length + 15*time.Second):
		s.leg.hangUp()
		select {
		case <-done:
		case <-time.After(12 * time.Second):
			c.report("the session did not end after the caller had left")
			cancel()
			<-done
		}
	}
	cancel()
	s.leg.wait()
	c.judge()
	return c.found
}

// models are slow, wrong, silent or broken now and then.
func (c *chaos) models() Models {
	c.marks = c.chance(0.7)
	voice := fake.TTSOptions{Marks: c.marks, First: c.upto(600 * time.Millisecond), WordsPerSec: 3 + 3*c.rnd.Float64(), IgnoreClose: c.chance(0.1)}
	switch {
	case c.chance(0.03):
		voice.Hang = true
	case c.chance(0.03):
		voice.FailAfter = 1 + c.rnd.IntN(10)
	}
	for range 30 {
		u := fake.Utterance{FinalAfter: c.upto(800 * time.Millisecond)}
		switch {
		case c.chance(0.25):
		case c.chance(0.05):
			u.Err = fault.New(fault.Unavailable, "stt_down", "down")
		case c.chance(0.05):
			u.Hang = true
		default:
			u.Text = c.text(8)
			if c.chance(0.25) { // a sign of listening, or a command
				u.Text = []string{"mm-hm", "okay", "stop", "wait", "d'accord", "attendez", "vale", "espera"}[c.rnd.IntN(8)]
			}
			if c.chance(0.7) {
				u.Partials = []fake.PartialText{{At: 200*time.Millisecond + c.upto(300*time.Millisecond), Text: u.Text}}
			}
		}
		c.heard = append(c.heard, u)
	}
	var answers []fake.Answer
	for range 40 {
		a := fake.Answer{First: c.upto(1500 * time.Millisecond), WordsPerSec: float64(c.rnd.IntN(3) * 20), Text: c.text(20)}
		switch {
		case c.chance(0.06):
			a.Err = fault.New(fault.Unavailable, "down", "down")
			if c.chance(0.5) {
				a.Text = ""
			}
		case c.chance(0.04):
			a.Hang = true
			if c.chance(0.5) {
				a.Text = ""
			}
		case c.chance(0.2):
			a.Calls = []llm.ToolCall{{Name: []string{"look", "pay", "nothing"}[c.rnd.IntN(3)], Arguments: "{}"}}
			if c.chance(0.5) {
				a.Text = ""
			}
		case c.chance(0.05):
			a.IgnoreCancel = c.upto(3 * time.Second)
		case c.chance(0.03):
			a.Stop = llm.StopHangUp
		case c.chance(0.03):
			a.Text = ""
		}
		answers = append(answers, a)
	}
	c.stage.llm, c.stt = fake.NewLLM(answers...), fake.NewSTT(fake.STTOptions{}, c.heard...)
	m := Models{LLM: c.stage.llm, STT: c.stt, TTS: fake.NewTTS(voice)}
	if c.upstream {
		c.stage.up = c.speechToSpeech(answers)
		m.S2S, m.S2SName = c.stage.up, "fake"
		if c.chance(0.1) {
			m.LLM, m.STT, m.TTS = nil, nil, nil // nobody else
		}
	}
	return m
}

// speechToSpeech is a model that gives these answers, and cannot be had or breaks now and then.
func (c *chaos) speechToSpeech(answers []fake.Answer) *fake.S2S {
	c.marks = false
	o := fake.S2SOptions{WordsPerSec: 3 + 3*c.rnd.Float64(), Marks: c.chance(0.3), OpenTakes: c.upto(time.Second), HeardAfter: c.upto(2 * time.Second)}
	if c.chance(0.6) {
		o.Speed = 1 + 9*c.rnd.Float64()
	}
	if c.chance(0.05) {
		o.HeardAfter = time.Hour
	}
	for c.chance(0.15) {
		o.Opens = append(o.Opens, fault.New(fault.Unavailable, "upstream_down", "down"))
	}
	if c.chance(0.03) {
		o.Refuse = func(s2s.Settings) error { return fault.New(fault.Invalid, "invalid_value", "no") }
	}
	for _, u := range c.heard {
		o.Heard = append(o.Heard, u.Text)
	}
	out := make([]fake.S2SAnswer, len(answers))
	for i, a := range answers {
		out[i] = fake.S2SAnswer{Answer: a}
		if c.chance(0.08) {
			out[i].Drop = c.rnd.IntN(8) - 1
		}
	}
	return fake.NewS2S(o, out...)
}

func (c *chaos) tools() []tool.Set {
	c.look = &scripted{name: "look", out: "found", after: c.upto(4 * time.Second), fails: c.chance(0.2)}
	c.pay = &scripted{name: "pay", out: "paid", after: c.upto(4 * time.Second), finish: true}
	return []tool.Set{scriptedTools{c.look, c.pay}}
}

// schedule is what the caller and a client do, and when.
func (c *chaos) schedule(length time.Duration) {
	leg := c.stage.leg
	for at := c.upto(time.Second); at < length; {
		d := 100*time.Millisecond + c.upto(1800*time.Millisecond)
		leg.speak(at, d)
		at += d + 300*time.Millisecond + c.upto(4*time.Second)
	}
	ctx := context.Background()
	for range c.rnd.IntN(5) {
		do := c.act()
		leg.later(c.upto(length), func() { do(ctx) })
	}
	if c.chance(0.4) {
		leg.later(c.upto(length), leg.hangUp)
	}
}

func (c *chaos) act() func(context.Context) {
	leg := c.stage.leg
	cmd := func(cm Command) func(context.Context) {
		return func(ctx context.Context) { _ = c.sess.Do(ctx, cm) } // refusals are answers
	}
	switch c.rnd.IntN(13) {
	case 0:
		text := c.text(4)
		return func(context.Context) { leg.send(transport.Inbound{Kind: transport.Text, Text: text}) }
	case 1:
		return func(context.Context) { leg.send(transport.Inbound{Kind: transport.Digit, Digit: '1'}) }
	case 2:
		return cmd(Interrupt{})
	case 3:
		written := c.chance(0.5)
		return cmd(Respond{Overrides{OutOfBand: c.chance(0.6), TextOnly: &written}})
	case 4:
		return cmd(CommitInput{})
	case 5:
		return cmd(ClearInput{})
	case 6:
		return cmd(Say{Text: c.text(5)})
	case 7:
		return func(ctx context.Context) {
			if evs := c.stage.events("reply.started"); len(evs) > 0 {
				c.told[evs[len(evs)-1].Gen] = true
				_ = c.sess.Do(ctx, TruncateItem{ID: evs[len(evs)-1].Body.(event.ReplyStarted).Item, End: 300 * time.Millisecond})
			}
		}
	case 8:
		return func(ctx context.Context) { // new settings in the middle
			set := c.sess.plan.Settings
			set.Turn.InterruptResponse = !set.Turn.InterruptResponse
			_ = c.sess.Do(ctx, Update{Settings: set})
		}
	case 9:
		if c.chance(0.3) {
			return cmd(HangUp{Reason: "agent_hung_up"})
		}
		return cmd(Digits{Keys: "12#"})
	case 11:
		return func(ctx context.Context) {
			c.mu.Lock()
			c.silence = append(c.silence, time.Now())
			c.mu.Unlock()
			_ = c.sess.Do(ctx, Silence{})
		}
	case 10:
		return func(ctx context.Context) {
			if evs := c.stage.events("reply.started"); len(evs) > 0 {
				_ = c.sess.Do(ctx, DeleteItem{ID: evs[0].Body.(event.ReplyStarted).Item})
			}
		}
	}
	return cmd(CreateItem{Item: &Item{Kind: "message", Role: llm.User, Text: c.text(3)}})
}
