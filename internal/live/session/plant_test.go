package session

import (
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"griot/internal/live/playout"
	"griot/internal/live/reply"
	"griot/internal/media"
	"griot/internal/model/llm"
	"griot/internal/model/stt"
)

// plant is a bug that is put into a conversation, so that a test can see whether anybody notices. Each field may be nil.
type plant struct {
	mangle func(msg) []msg     // other messages than those that came
	spoil  func(effect) bool   // effects that are forgotten
	state  func(*state)        // another state, before it is looked at
	plan   func(*chaos, *Plan) // other surroundings
}

// lose drops the messages of which drop is true.
func lose(drop func(msg) bool) func() plant {
	return func() plant {
		return plant{mangle: func(m msg) []msg {
			if drop(m) {
				return nil
			}
			return []msg{m}
		}}
	}
}

// plants has one bug of each kind that the field complains of.
var plants = map[string]func() plant{
	"a reply's end is lost":       lose(func(m msg) bool { r, ok := m.(replyMsg); return ok && r.n.Kind == reply.Done }),
	"a turn's words are lost":     lose(func(m msg) bool { w, ok := m.(wordsMsg); return ok && w.ev.Kind == stt.Final }),
	"the end of speech is missed": lose(func(m msg) bool { v, ok := m.(voiceMsg); return ok && !v.on }),
	"what was heard is never settled": lose(func(m msg) bool {
		p, ok := m.(playMsg)
		return ok && (p.n.Kind == playout.Settled || p.n.Kind == playout.Drained)
	}),
	"unheard words count as heard": func() plant {
		return plant{mangle: func(m msg) []msg {
			if p, ok := m.(playMsg); ok && p.n.Kind == playout.Settled {
				p.n.Text += 12
				return []msg{p}
			}
			return []msg{m}
		}}
	},
	"history keeps unheard words": func() plant {
		return plant{state: func(st *state) {
			for _, it := range st.hist.items {
				if it.Role == llm.Assistant && it.Done {
					it.Text = it.Said
				}
			}
		}}
	},
	"the agent is held and never released": func() plant {
		return plant{spoil: func(e effect) bool { h, ok := e.(holdPlay); return ok && !h.on }}
	},
	"a cut never reaches the player": func() plant {
		return plant{spoil: func(e effect) bool { _, ok := e.(cutPlay); return ok }}
	},
	"an answer is not begun": func() plant {
		n := 0
		return plant{spoil: func(e effect) bool {
			_, ok := e.(startRep)
			if ok {
				n++
			}
			return ok && n == 2
		}}
	},
	"a late frame of an older generation is let through": func() plant {
		return plant{plan: func(c *chaos, _ *Plan) {
			c.stage.leg.late = true
		}}
	},
	"a tool call is reported twice": func() plant {
		return plant{mangle: func(m msg) []msg {
			if r, ok := m.(replyMsg); ok && r.n.Kind == reply.Called {
				return []msg{m, m}
			}
			return []msg{m}
		}}
	},
	"a tool is carried out twice": func() plant {
		return plant{plan: func(c *chaos, _ *Plan) { c.look.twice, c.pay.twice = true, true }}
	},
	"a goroutine is left": func() plant {
		return plant{plan: func(_ *chaos, p *Plan) {
			var once sync.Once
			p.CallerTap = func(time.Duration, media.Frame) {
				once.Do(func() { go leftBehind(make(chan struct{})) })
			}
		}}
	},
}

// leftBehind waits for what never comes.
func leftBehind(c chan struct{}) { <-c }

// TestPlantedBugsAreFound plants each bug and wants the random conversations to find it.
func TestPlantedBugsAreFound(t *testing.T) {
	for name, p := range plants {
		t.Run(name, func(t *testing.T) {
			for n := range uint64(60) {
				if found := playPlanted(t, 1000+n, p()); len(found) > 0 {
					t.Logf("found by conversation %d: %s", n, found[0])
					return
				}
			}
			t.Error("nobody noticed")
		})
	}
}

// playPlanted holds one conversation. A goroutine that is left makes its bubble panic.
func playPlanted(t *testing.T, seed uint64, p plant) (found []string) {
	defer func() {
		if r := recover(); r != nil {
			found = append(found, fmt.Sprint(r))
		}
	}()
	synctest.Test(t, func(t *testing.T) {
		found = (&chaos{t: t, rnd: rand.New(rand.NewPCG(seed, 7)), plant: p}).play()
	})
	return found
}
