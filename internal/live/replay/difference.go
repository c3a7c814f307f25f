package replay

import (
	"encoding/json"
	"fmt"
	"time"

	"griot/internal/event"
)

// Line is one thing in a conversation that a person would notice.
type Line struct {
	At   time.Duration `json:"at_ns"` // from the start
	Who  string        `json:"who"`   // "caller", "agent", "tool", "session"
	Text string        `json:"text"`
}

func (l Line) same(o Line) bool { return l.Who == o.Who && l.Text == o.Text }

// Story tells a conversation by its events.
func Story(evs []event.Event) (out []Line) {
	var start time.Time
	for i, e := range evs {
		if i == 0 {
			start = e.At
		}
		add := func(who, format string, args ...any) {
			out = append(out, Line{At: e.At.Sub(start), Who: who, Text: fmt.Sprintf(format, args...)})
		}
		switch b := e.Body.(type) {
		case event.SpeechStarted:
			add("caller", "begins to speak")
		case event.UserSpoke:
			add("caller", "said %q", b.Text)
		case event.InputDropped:
			add("caller", "said nothing (%s)", b.Reason)
		case event.ItemAdded:
			if b.Role == "user" {
				add("caller", "wrote %q", b.Text)
			}
		case event.ReplyStarted:
			add("agent", "begins to answer (%s)", b.Cause)
		case event.AgentSaid:
			if b.Cut {
				add("agent", "was cut: heard %q of %q", b.Text, b.Said)
			} else {
				add("agent", "said %q", b.Text)
			}
		case event.ToolCalled:
			add("tool", "%s %s", b.Name, b.Arguments)
		case event.ToolReturned:
			add("tool", "%s returned %q", b.Name, b.Output)
		case event.Repaired:
			add("session", "repaired: %s, %s", b.Owner, b.Action)
		case event.Failed:
			add("session", "failed: %s %s", b.Stage, b.Code)
		case event.SessionEnded:
			add("session", "ended: %s", b.Reason)
		}
	}
	return out
}

// Change is a line of the comparison: of both conversations, or of one of them.
type Change struct {
	Before *Line `json:"before,omitempty"`
	After  *Line `json:"after,omitempty"`
}

// Moved is by how much a line that both have came later.
func (c Change) Moved() time.Duration {
	if c.Before == nil || c.After == nil {
		return 0
	}
	return c.After.At - c.Before.At
}

// Compare aligns two stories.
func Compare(a, b []Line) (out []Change) {
	// Longest common subsequence.
	n := make([][]int, len(a)+1)
	for i := range n {
		n[i] = make([]int, len(b)+1)
	}
	for i := len(a) - 1; i >= 0; i-- {
		for j := len(b) - 1; j >= 0; j-- {
			if n[i][j] = max(n[i+1][j], n[i][j+1]); a[i].same(b[j]) {
				n[i][j] = n[i+1][j+1] + 1
			}
		}
	}
	for i, j := 0, 0; i < len(a) || j < len(b); {
		switch {
		case i < len(a) && j < len(b) && a[i].same(b[j]):
			out = append(out, Change{&a[i], &b[j]})
			i, j = i+1, j+1
		case j == len(b) || i < len(a) && n[i+1][j] >= n[i][j+1]:
			out = append(out, Change{Before: &a[i]})
			i++
		default:
			out = append(out, Change{After: &b[j]})
			j++
		}
	}
	return out
}

// Same reports whether two conversations went the same way: the same events with the same contents in the same order, whatever reports of progress lie between them and a few
// milliseconds apart; where names the first difference.
func Same(a, b []event.Event) (same bool, where string) {
	x, y := facts(a), facts(b)
	for i := range max(len(x), len(y)) {
		switch {
		case i >= len(x):
			return false, "more happens: " + y[i]
		case i >= len(y):
			return false, "less happens: " + x[i]
		case x[i] != y[i]:
			return false, "first " + x[i] + ", now " + y[i]
		}
	}
	return true, ""
}

// facts are the events without their times and without progress.
func facts(evs []event.Event) (out []string) {
	for _, e := range evs {
		var body any = e.Body
		switch b := e.Body.(type) {
		case event.Heard, event.FloorChanged, event.FlowMoved, event.TurnTimed, event.UserPartial, event.TextDelta:
			continue
		case event.SpeechStarted:
			body = b.Item
		case event.SpeechStopped:
			body = b.Item
		case event.InputCommitted:
			body = b.Item
		case event.IdleTriggered:
			body = b.Item
		case event.UserSpoke:
			body = [2]string{b.Item, b.Text}
		case event.AgentSaid:
			body = [3]any{b.Item, b.Said, b.Text}
		case event.Interrupted:
			body = [3]any{b.Item, b.Said, b.Text}
		case event.ToolReturned:
			body = [2]string{b.CallID, b.Output}
		case event.SessionEnded:
			body = b.Reason
		}
		j, err := json.Marshal(body)
		if err != nil {
			continue
		}
		out = append(out, e.Body.EventType()+" "+string(j))
	}
	return out
}
