package replay

import (
	"fmt"
	"strings"
	"time"

	"griot/internal/event"
	"griot/internal/live/turn"
)

// Scenario writes the conversation as a .call file of internal/live/session/testdata: who said what when, what was answered and how slowly, and what came of it. evs is what the
// conversation was, then or in a replay.
func (t *Tape) Scenario(evs []event.Event) string {
	var b strings.Builder
	h := t.head
	fmt.Fprintf(&b, "# A conversation with %s that was kept: %s.\n", h.Agent, h.ID)
	set := func(format string, args ...any) { fmt.Fprintf(&b, "set     "+format+"\n", args...) }
	set("lang %s", h.Lang)
	if h.Greeting != "" {
		set("greeting %q", h.Greeting)
	}
	tu := h.Settings.Turn
	if tu.Silence > 0 && tu.Silence != turn.Defaults().Silence {
		set("silence %v", tu.Silence)
	}
	if tu.Kind == turn.SemanticVAD {
		set("detection %s", tu.Kind)
	}
	if tu.Merge > 0 {
		set("merge %v", tu.Merge)
	}
	if !tu.InterruptResponse {
		set("interrupt off")
	}
	if tu.Sensitivity != "" && tu.Sensitivity != turn.SensitivityMedium {
		set("sensitivity %s", tu.Sensitivity)
	}
	var start time.Time
	if len(evs) > 0 {
		start = evs[0].At
	}
	stopped := map[string]time.Duration{}
	began := map[string]time.Duration{}
	padding := tu.PrefixPadding
	for _, e := range evs {
		switch v := e.Body.(type) {
		case event.SpeechStarted:
			began[v.Item] = v.At.Duration() + padding
		case event.SpeechStopped:
			stopped[v.Item] = v.LastVoice.Duration()
		}
	}
	s := newStage(t, false)
	for _, e := range evs {
		at := e.At.Sub(start)
		switch v := e.Body.(type) {
		case event.UserSpoke:
			from := began[v.Item]
			fmt.Fprintf(&b, "%-7.2f caller  %q speaks %v\n", from.Seconds(), v.Text, (stopped[v.Item] - from).Round(10*time.Millisecond))
		case event.ItemAdded:
			if v.Role == "user" && v.Source == "typed" {
				fmt.Fprintf(&b, "%-7.2f caller  types %q\n", at.Seconds(), v.Text)
			}
			if v.Role == "user" && v.Source == "digits" {
				fmt.Fprintf(&b, "%-7.2f caller  presses %q\n", at.Seconds(), v.Text)
			}
		}
	}
	for _, a := range s.answers {
		text, first := "", time.Duration(0)
		call := ""
		for i, op := range a.deltas {
			if op.Delta == nil {
				continue
			}
			if text == "" && (op.Delta.Text != "" || op.Delta.Call != nil) {
				first = a.after[i]
			}
			text += op.Delta.Text
			if c := op.Delta.Call; c != nil {
				call = fmt.Sprintf("calls %s %q", c.Name, c.Arguments)
			}
		}
		switch {
		case call != "":
			fmt.Fprintf(&b, "        llm     %s first %v\n", call, first.Round(time.Millisecond))
		case text != "":
			fmt.Fprintf(&b, "        llm     %q first %v\n", text, first.Round(time.Millisecond))
		}
	}
	for _, op := range s.tools {
		fmt.Fprintf(&b, "        tool    %s returns %q after %v\n", op.Name, op.Result.Output, op.Took.Round(time.Millisecond))
	}
	if n, d := t.rate(); d > 0 {
		fmt.Fprintf(&b, "        tts     %.1f words/s\n", float64(n)/d.Seconds())
	}
	users, replies := 0, 0
	for _, e := range evs {
		switch v := e.Body.(type) {
		case event.UserSpoke:
			users++
			fmt.Fprintf(&b, "        expect  user %d %q\n", users, v.Text)
		case event.ReplyStarted:
			replies++
		case event.AgentSaid:
			if !v.Cut {
				fmt.Fprintf(&b, "        expect  heard %d %q\n", replies, v.Text)
			}
		}
	}
	fmt.Fprintf(&b, "        expect  replies %d\n        expect  settled\n", replies)
	return b.String()
}

// rate is how many words the voice spoke, and for how long.
func (t *Tape) rate() (words int, d time.Duration) {
	for _, v := range newStage(t, false).voices {
		spoken := time.Duration(0)
		for _, op := range v.ops {
			if op.Rate > 0 {
				spoken += time.Duration(len(op.PCM)/2) * time.Second / time.Duration(op.Rate)
			}
		}
		if spoken > 0 {
			words, d = words+len(strings.Fields(v.text)), d+spoken
		}
	}
	return words, d
}
