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
	"griot/internal/live/playout"
	"griot/internal/live/reply"
	"griot/internal/live/transport"
	"griot/internal/live/turn"
	"griot/internal/model/llm"
	"griot/internal/model/stt"
	"griot/internal/provider/fake"
	"griot/internal/tool"
)

var (
	sessions = flag.Int("sessions", 300, "random conversations to hold")
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
				c := &chaos{t: t, rnd: rand.New(rand.NewPCG(s, 7))}
				var found []string
				synctest.Test(t, func(t *testing.T) { found = c.play() })
				for _, f := range found {
					t.Errorf("seed %d: %s", s, f)
				}
				if len(found) > 0 && *sessions == 1 {
					fmt.Print(c.stage.story())
				}
				if len(found) > 0 {
					return
				}
			}
		})
	}
}

// TestPlantedBugsAreFound plants one bug of each kind that the field complains of, and wants the random conversations to find it.
func TestPlantedBugsAreFound(t *testing.T) {
	for name, plant := range map[string]func() func(msg) (msg, bool){
		"a reply's end is lost": func() func(msg) (msg, bool) {
			return func(m msg) (msg, bool) {
				r, ok := m.(replyMsg)
				return m, !(ok && r.n.Kind == reply.Done)
			}
		},
		"a turn's words are lost": func() func(msg) (msg, bool) {
			return func(m msg) (msg, bool) {
				w, ok := m.(wordsMsg)
				return m, !(ok && w.ev.Kind == stt.Final)
			}
		},
		"unheard words count as heard": func() func(msg) (msg, bool) {
			return func(m msg) (msg, bool) {
				if p, ok := m.(playMsg); ok && p.n.Kind == playout.Settled {
					p.n.Text += 12
					return p, true
				}
				return m, true
			}
		},
		"the end of speech is missed": func() func(msg) (msg, bool) {
			return func(m msg) (msg, bool) {
				v, ok := m.(voiceMsg)
				return m, !(ok && !v.on)
			}
		},
		"what was heard is never settled": func() func(msg) (msg, bool) {
			return func(m msg) (msg, bool) {
				p, ok := m.(playMsg)
				return m, !(ok && (p.n.Kind == playout.Settled || p.n.Kind == playout.Drained))
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			for n := range uint64(60) {
				var found []string
				synctest.Test(t, func(t *testing.T) {
					found = (&chaos{t: t, rnd: rand.New(rand.NewPCG(1000+n, 7)), mangle: plant()}).play()
				})
				if len(found) > 0 {
					t.Logf("found by conversation %d: %s", n, found[0])
					return
				}
			}
			t.Error("nobody noticed")
		})
	}
}

// chaos is one random conversation.
type chaos struct {
	t      *testing.T
	rnd    *rand.Rand
	mangle func(msg) (msg, bool)

	stage *stage
	sess  *Session
	mu    sync.Mutex
	found []string
	hist  []Item
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
	c.stage = s
	set := turn.Defaults()
	set.InterruptResponse = c.chance(0.85)
	set.Sensitivity = []turn.Sensitivity{turn.SensitivityLow, turn.SensitivityMedium, turn.SensitivityHigh}[c.rnd.IntN(3)]
	if c.chance(0.3) {
		set.IdleTimeout = 5 * time.Second
	}
	plan := Plan{ID: "random", Tenant: "default", Agent: "test", Lang: []string{"en", "fr", "es"}[c.rnd.IntN(3)], Settings: Settings{Turn: set, TextOnly: c.chance(0.05)},
		Phrases: Phrases{NotUnderstood: "Sorry?", Apology: "Something went wrong.", StillThere: "Are you there?"}}
	if c.chance(0.5) {
		plan.Greeting, plan.Protected = "Hello, how can I help you today?", c.chance(0.3)
	}
	s.leg = newLoop(s.start, c.chance(0.5), 100*time.Millisecond+c.upto(400*time.Millisecond))
	s.leg.chunk = 100 * time.Millisecond
	s.leg.holds, s.leg.info.Clears = c.chance(0.3), c.chance(0.3)
	plan.Models = c.models()
	plan.Tools = c.tools()
	c.sess = New(plan, s.leg, s)
	c.sess.mangle = c.mangle
	c.sess.check = func(st *state, now time.Time) {
		if err := st.invariants(now); err != nil {
			c.report("%.2fs: %v", now.Sub(s.start).Seconds(), err)
		}
		c.hist = c.hist[:0]
		for _, it := range st.hist.items {
			c.hist = append(c.hist, *it)
		}
	}
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
	voice := fake.TTSOptions{Marks: c.chance(0.7), First: c.upto(600 * time.Millisecond), WordsPerSec: 3 + 3*c.rnd.Float64(), IgnoreClose: c.chance(0.1)}
	switch {
	case c.chance(0.03):
		voice.Hang = true
	case c.chance(0.03):
		voice.FailAfter = 1 + c.rnd.IntN(10)
	}
	var heard []fake.Utterance
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
			if c.chance(0.7) {
				u.Partials = []fake.PartialText{{At: 200*time.Millisecond + c.upto(300*time.Millisecond), Text: u.Text}}
			}
		}
		heard = append(heard, u)
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
	c.stage.llm = fake.NewLLM(answers...)
	return Models{LLM: c.stage.llm, STT: fake.NewSTT(fake.STTOptions{}, heard...), TTS: fake.NewTTS(voice)}
}

func (c *chaos) tools() []tool.Set {
	return []tool.Set{scriptedTools{
		&scripted{name: "look", out: "found", after: c.upto(4 * time.Second), fails: c.chance(0.2)},
		&scripted{name: "pay", out: "paid", after: c.upto(4 * time.Second), finish: true},
	}}
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
	switch c.rnd.IntN(9) {
	case 0:
		text := c.text(4)
		return func(context.Context) { leg.send(transport.Inbound{Kind: transport.Text, Text: text}) }
	case 1:
		return func(context.Context) { leg.send(transport.Inbound{Kind: transport.Digit, Digit: '1'}) }
	case 2:
		return cmd(Interrupt{})
	case 3:
		return cmd(Respond{})
	case 4:
		return cmd(CommitInput{})
	case 5:
		return cmd(ClearInput{})
	case 6:
		return cmd(Say{Text: c.text(5)})
	case 7:
		return func(ctx context.Context) {
			if evs := c.stage.events("reply.started"); len(evs) > 0 {
				_ = c.sess.Do(ctx, TruncateItem{ID: evs[len(evs)-1].Body.(event.ReplyStarted).Item, End: 300 * time.Millisecond})
			}
		}
	}
	return cmd(CreateItem{Item: &Item{Kind: "message", Role: llm.User, Text: c.text(3)}})
}

// turnsEnd reports turns of the caller that are still open long after any speech: nobody speaks for eight seconds here.
func (c *chaos) turnsEnd(log []event.Event) {
	open := map[string]time.Time{}
	for _, e := range log {
		switch b := e.Body.(type) {
		case event.SpeechStarted:
			open[b.Item] = e.At
		case event.SpeechStopped:
			if at, ok := open[b.Item]; ok && e.At.Sub(at) > 14*time.Second {
				c.report("a turn lasted %v", e.At.Sub(at))
			}
			delete(open, b.Item)
		case event.InputCommitted:
			delete(open, b.Item)
		case event.InputDropped:
			delete(open, b.Item)
		case event.SessionEnded:
			for _, at := range open {
				if e.At.Sub(at) > 14*time.Second {
					c.report("a turn was still open after %v", e.At.Sub(at))
				}
			}
		}
	}
}

// judge looks at the whole conversation from outside.
func (c *chaos) judge() {
	log := c.stage.log
	if len(log) == 0 || log[len(log)-1].Body.EventType() != "session.ended" {
		c.report("the log does not end with the end")
		return
	}
	ended := log[len(log)-1].At
	played := c.stage.leg.queue
	started, done := map[event.Gen]time.Time{}, map[event.Gen]bool{}
	settled, spoken := map[string]string{}, map[string]bool{}
	var owed *event.Event
	for i := range log {
		e := log[i]
		switch b := e.Body.(type) {
		case event.SpeechStopped:
			spoken[b.Item] = true
		case event.UserSpoke:
			if spoken[b.Item] { // and was not committed by a client, which answers when it likes
				owed = &log[i]
			}
		case event.ReplyStarted:
			started[e.Gen] = e.At
			owed = nil
		case event.SpeechStarted, event.Interrupted:
			owed = nil // the caller goes on
		case event.ReplyDone:
			done[e.Gen] = true
		case event.AgentSaid:
			settled[b.Item] = b.Text
			if !strings.HasPrefix(b.Said, b.Text) {
				c.report("%q was heard of %q", b.Text, b.Said)
			}
			if b.Upto.Duration() > played[e.Gen]+time.Millisecond {
				c.report("generation %d: %v were heard and %v were played", e.Gen, b.Upto.Duration(), played[e.Gen])
			}
			if b.Text != "" && b.Upto == 0 && b.Total > 0 {
				c.report("generation %d: words were heard and no sound", e.Gen)
			}
			// At most six words a second are spoken.
			if n := len(strings.Fields(b.Text)); b.Total > 0 && float64(n) > 6.1*b.Upto.Duration().Seconds()+0.5 {
				c.report("generation %d: %d words were heard in %v", e.Gen, n, b.Upto.Duration())
			}
		}
		if owed != nil && e.At.Sub(owed.At) > 10*time.Second {
			c.report("%q was never answered", owed.Body.(event.UserSpoke).Text)
			owed = nil
		}
	}
	c.turnsEnd(log)
	for g, at := range started {
		if !done[g] && ended.Sub(at) > 45*time.Second {
			c.report("reply %d never ended", g)
		}
	}
	for _, it := range c.hist {
		if it.Role != llm.Assistant || !it.Audio {
			continue
		}
		if heard, ok := settled[it.ID]; ok && len(it.Text) > len(heard) && !strings.HasPrefix(heard, it.Text) {
			c.report("history holds %q and %q was heard", it.Text, heard)
		}
	}
}
