package turn

import (
	"testing"
	"time"

	"pgregory.net/rapid"
)

// Whatever happens in whatever order: nothing panics, a turn that was opened ends, and an agent that was held is let go or cut.
func TestAnySignals(t *testing.T) {
	texts := []string{"", "um", "yes", "wait", "I would like to", "what are your opening hours", "cinco cinco cinco", "zéro six douze", "06 12 34 56 78", "john at gmail dot com",
		"et", "d'accord", "\xff\xfe", "¿", "…", "a b c d", "soixante dix quatre vingt", "the fifth of march", "double double five", "99999999999999999999999999"}
	kinds := []Kind{KindNone, KindYesNo, KindPhone, KindEmail, KindDate, KindAmount, KindNumber, KindReference, KindName, "unheard of"}
	rapid.Check(t, func(t *rapid.T) {
		span := func(name string, longest time.Duration) time.Duration {
			return time.Duration(rapid.Int64Range(0, int64(longest)).Draw(t, name))
		}
		set := Settings{
			Kind:              rapid.SampledFrom([]Detection{"", ServerVAD, SemanticVAD}).Draw(t, "kind"),
			Eagerness:         rapid.SampledFrom([]Eagerness{"", EagernessLow, EagernessHigh, EagernessAuto}).Draw(t, "eagerness"),
			Silence:           span("silence", 2*time.Second),
			CreateResponse:    rapid.Bool().Draw(t, "create"),
			InterruptResponse: rapid.Bool().Draw(t, "interrupt"),
			MaxTurn:           span("max turn", 20*time.Second),
			MaxPause:          span("max pause", 8*time.Second),
			Merge:             span("merge", time.Second),
			Prepare:           rapid.IntRange(-1, 3).Draw(t, "prepare"),
			Lang:              rapid.SampledFrom([]string{"en-US", "fr-FR", "es-ES", "de", ""}).Draw(t, "lang"),
			Sensitivity:       rapid.SampledFrom([]Sensitivity{"", SensitivityLow, SensitivityHigh}).Draw(t, "sensitivity"),
			KeepThinking:      rapid.Bool().Draw(t, "keep"),
		}
		p := New(set)
		maxTurn := set.MaxTurn
		if maxTurn <= 0 {
			maxTurn = Defaults().MaxTurn
		}
		w := world{t: t, p: p, now: time.Unix(1000, 0), longest: maxTurn + 8*time.Second + onset}
		for range rapid.IntRange(1, 60).Draw(t, "signals") {
			w.pass(span("wait", 3*time.Second))
			switch rapid.IntRange(0, 8).Draw(t, "signal") {
			case 0, 1, 2:
				w.voice = !w.voice
				found := span("found", 100*time.Millisecond)
				at := max(0, w.pos-found)
				if rapid.IntRange(0, 20).Draw(t, "odd") == 0 {
					at, w.voice = span("anywhere", time.Minute), rapid.Bool().Draw(t, "edge") // what no detector does
				}
				w.put(Voice{On: w.voice, At: at, Pos: w.pos})
			case 3:
				w.put(Words{Text: rapid.SampledFrom(texts).Draw(t, "text"), Final: rapid.Bool().Draw(t, "final"), Whole: rapid.Bool().Draw(t, "whole")})
			case 4:
				w.put(Agent{Speaking: rapid.Bool().Draw(t, "speaking"), Thinking: rapid.Bool().Draw(t, "thinking"), Protected: rapid.Bool().Draw(t, "protected"), Left: span("left", 3*time.Second)})
			case 5:
				w.put(Asked{Kind: rapid.SampledFrom(kinds).Draw(t, "asked"), Length: rapid.IntRange(-1, 12).Draw(t, "length")})
			case 6:
				w.put(Suspicion{On: rapid.Bool().Draw(t, "sign")})
			case 7:
				w.put(Echo{})
			case 8:
				if rapid.IntRange(0, 9).Draw(t, "reset") == 0 {
					w.p.Reset()
					w.open, w.held, w.wake = false, false, time.Time{}
				}
			}
		}
		w.pass(time.Minute)
		if w.open || w.held {
			t.Fatalf("after a minute a turn is open: %v, the agent held: %v", w.open, w.held)
		}
	})
}

// world plays a policy as a session does, and watches it.
type world struct {
	t       *rapid.T
	p       Policy
	now     time.Time
	pos     time.Duration
	voice   bool
	wake    time.Time
	open    bool
	opened  time.Time
	held    bool
	heldAt  time.Time
	longest time.Duration
	prepare int
}

func (w *world) pass(d time.Duration) {
	end := w.now.Add(d)
	for n := 0; !w.wake.IsZero() && !w.wake.After(end); n++ {
		if n > 1000 {
			w.t.Fatal("it wants to be woken without end")
		}
		if w.wake.After(w.now) {
			w.pos += w.wake.Sub(w.now)
			w.now = w.wake
		}
		w.wake = time.Time{}
		w.take(w.p.Observe(w.now, Tick{}), false)
	}
	w.pos += end.Sub(w.now)
	w.now = end
	w.check()
}

func (w *world) put(s Signal) {
	for n := 0; ; n++ {
		if n > 3 {
			w.t.Fatal("it wants the same signal again and again")
		}
		_, edge := s.(Voice)
		if d := w.p.Observe(w.now, s); !w.take(d, !edge) {
			break
		}
	}
	w.check()
}

func (w *world) take(d Decision, keep bool) (again bool) {
	if !keep || d.Act != None || !d.Wake.IsZero() {
		w.wake = d.Wake
	}
	switch d.Act {
	case Start, Reopen, Interrupt:
		if w.open {
			w.t.Fatalf("act %d while a turn is open", d.Act)
		}
		if d.Act == Start && w.held {
			w.t.Fatal("a turn starts while the agent is held")
		}
		w.open, w.opened, w.held = true, w.now, false
		if d.Act != Reopen {
			w.prepare = 0
		}
	case Hold:
		if w.open || w.held {
			w.t.Fatal("held twice, or for an open turn")
		}
		w.held, w.heldAt = true, w.now
	case Resume:
		if !w.held {
			w.t.Fatal("released without being held")
		}
		w.held = false
	case End:
		if !w.open {
			w.t.Fatal("the end of no turn")
		}
		w.open = false
	case Prepare:
		if w.prepare++; !w.open || w.prepare > DefaultPrepare {
			w.t.Fatal("prepared for no turn, or too often")
		}
	}
	return d.Again
}

func (w *world) check() {
	if w.open && w.now.Sub(w.opened) > w.longest {
		w.t.Fatalf("a turn is open for %v", w.now.Sub(w.opened))
	}
	if w.held && w.now.Sub(w.heldAt) > 4*time.Second {
		w.t.Fatalf("the agent is held for %v", w.now.Sub(w.heldAt))
	}
}
