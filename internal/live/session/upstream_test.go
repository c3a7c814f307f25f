package session

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"griot/internal/fault"
	"griot/internal/model/s2s"
	"griot/internal/provider/fake"
)

// Conversations with a speech-to-speech model, which is up or fails in every way that it can.
func TestUpstreamCalls(t *testing.T) {
	files, err := filepath.Glob("testdata/upstream/*.call")
	require.NoError(t, err)
	require.GreaterOrEqual(t, len(files), 10)
	for _, path := range files {
		c := parseCall(t, path)
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { runCall(t, c) })
		})
	}
}

// upstream makes the speech-to-speech model of a script that has one. The spare recogniser then hears only what the script says that it does.
func (s *stage) upstream(c *callFile, m *Models) {
	var o fake.S2SOptions
	var answers []fake.S2SAnswer
	o.Speed = 8
	for _, l := range c.models {
		if l.who != "up" {
			continue
		}
		switch l.words[0] {
		case "opens": // up opens [fails N] [takes 2s] [works]
			o.OpenTakes = l.span(s.t, "takes", 0)
			for n := range 9 {
				var err error
				if w := l.after("fails"); w != "" && fmt.Sprint(n) < w {
					err = fault.New(fault.Unavailable, "upstream_down", "the model is down")
				}
				o.Opens = append(o.Opens, err)
			}
		case "writes": // up writes after 0.4s | never
			o.HeardAfter = l.span(s.t, "after", 0)
			if l.has("never") {
				o.HeardAfter = time.Hour
			}
		case "voice": // up voice at-once | marks
			if l.has("at-once") {
				o.Speed = 0
			}
			o.Marks = l.has("marks")
		case "refuses":
			o.Refuse = func(s2s.Settings) error {
				return fault.New(fault.Invalid, "invalid_value", "the model refuses the settings")
			}
		default:
			a := fake.S2SAnswer{Answer: s.answer(l)}
			if w := l.after("drops"); w != "" {
				_, err := fmt.Sscan(w, &a.Drop)
				require.NoError(s.t, err)
			}
			answers = append(answers, a)
		}
	}
	if answers == nil && o.Opens == nil {
		return
	}
	var spare []fake.Utterance
	for _, l := range c.acts {
		u, ok := s.utterance(l)
		if !ok {
			continue
		}
		if l.has("spare") {
			spare = append(spare, u)
		}
		if !l.has("only-spare") {
			o.Heard = append(o.Heard, u.Text)
		}
	}
	if m.STT != nil {
		m.STT = fake.NewSTT(fake.STTOptions{}, spare...)
	}
	for _, l := range c.models {
		if l.who == "llm" && l.has("none") {
			m.LLM, m.TTS, m.STT = nil, nil, nil
		}
	}
	s.up = fake.NewS2S(o, answers...)
	m.S2S, m.S2SName = s.up, "fake"
}

// upstreamIs checks what the model has: upstream history N "user: … | assistant: …", upstream truncated N ITEM-NUMBER at MS, upstream sessions N, upstream tools "a b".
func (s *stage) upstreamIs(l call) error {
	all := s.up.Sessions()
	n := l.number(s.t, 2)
	if l.words[1] == "sessions" {
		if len(all) != n {
			return fmt.Errorf("there were %d", len(all))
		}
		return nil
	}
	if len(all) < n {
		return fmt.Errorf("there were %d sessions", len(all))
	}
	r := all[n-1]
	switch l.words[1] {
	case "history":
		var parts []string
		for _, it := range r.Items {
			switch {
			case it.Call != nil:
				parts = append(parts, "call: "+it.Call.Name+it.Call.Arguments)
			case it.Result != nil:
				parts = append(parts, "result: "+it.Result.Output)
			default:
				parts = append(parts, string(it.Role)+": "+it.Text)
			}
		}
		return same(strings.Join(parts, " | "), l.words[3])
	case "truncated": // at a time, give or take a frame; or never
		var got []time.Duration
		for _, c := range r.Commands {
			if t, ok := c.(s2s.Truncate); ok {
				got = append(got, t.Heard)
			}
		}
		if l.has("never") {
			if len(got) > 0 {
				return fmt.Errorf("it was, to %v", got)
			}
			return nil
		}
		want := l.span(s.t, "to", 0)
		if !slices.ContainsFunc(got, func(d time.Duration) bool { return (d - want).Abs() <= l.span(s.t, "within", 30*time.Millisecond) }) {
			return fmt.Errorf("it was to %v", got)
		}
	case "cancelled":
		for _, c := range r.Commands {
			if _, ok := c.(s2s.Cancel); ok {
				return nil
			}
		}
		return fmt.Errorf("no answer was")
	case "instructions":
		return same(r.Settings.Instructions, l.words[3])
	case "tools":
		var names []string
		for _, t := range r.Settings.Tools {
			names = append(names, t.Name)
		}
		return same(strings.Join(names, " "), l.words[3])
	case "heard": // at least that much sound
		if r.Heard < l.span(s.t, "least", 0) || r.Heard > l.span(s.t, "most", time.Hour) {
			return fmt.Errorf("it heard %v", r.Heard)
		}
	default:
		return fmt.Errorf("unknown expectation")
	}
	return nil
}
