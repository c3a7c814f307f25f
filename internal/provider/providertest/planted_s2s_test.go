package providertest

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"griot/internal/model/llm"
	"griot/internal/model/s2s"
	"griot/internal/provider/fake"
)

// bent is a model of which one thing is wrong.
type bent struct {
	s2s.Model
	event func(s2s.Event) []s2s.Event    // changes, doubles or swallows what comes
	send  func(s2s.Command) bool         // whether a command is passed on
	close func(s s2s.Session) error      // instead of Close
	open  func(ctx context.Context) bool // whether ctx counts when it opens
}

func (b bent) Open(ctx context.Context, o s2s.Options) (s2s.Session, error) {
	if b.open != nil && !b.open(ctx) {
		ctx = context.WithoutCancel(ctx)
	}
	s, err := b.Model.Open(ctx, o)
	return &bentSession{Session: s, b: b}, err
}

type bentSession struct {
	s2s.Session
	b     bent
	queue []s2s.Event
}

func (s *bentSession) Recv(ctx context.Context) (s2s.Event, error) {
	for len(s.queue) == 0 {
		ev, err := s.Session.Recv(ctx)
		if err != nil {
			return ev, err
		}
		if s.queue = []s2s.Event{ev}; s.b.event != nil {
			s.queue = s.b.event(ev)
		}
	}
	ev := s.queue[0]
	s.queue = s.queue[1:]
	return ev, nil
}

func (s *bentSession) Send(ctx context.Context, c s2s.Command) error {
	if s.b.send != nil && !s.b.send(c) {
		return nil
	}
	return s.Session.Send(ctx, c)
}

func (s *bentSession) Close() error {
	if s.b.close != nil {
		return s.b.close(s.Session)
	}
	return s.Session.Close()
}

func TestPlantedS2S(t *testing.T) {
	sound := func() s2s.Model {
		return fake.NewS2SFunc(fake.S2SOptions{Heard: []string{"one", "two", "three"}}, func(history []s2s.Item, r s2s.Respond) fake.S2SAnswer {
			if n := len(history); len(r.Tools) == 0 && n > 0 && history[n-1].Text == "When?" {
				return fake.S2SAnswer{Answer: fake.Answer{Text: "Let me see.", Calls: []llm.ToolCall{{Name: "hours"}}}}
			}
			return fake.S2SAnswer{Answer: fake.Answer{Text: "Good morning."}}
		})
	}
	on := func(k s2s.Kind, change func(s2s.Event) []s2s.Event) func(s2s.Event) []s2s.Event {
		return func(ev s2s.Event) []s2s.Event {
			if ev.Kind == k {
				return change(ev)
			}
			return []s2s.Event{ev}
		}
	}
	none := func(s2s.Event) []s2s.Event { return nil }
	cases := []struct {
		check string
		m     s2s.Model
		says  string
	}{
		{"answers what is written", bent{Model: sound(), event: on(s2s.Started, none)}, "does not return"},
		{"answers what is written", bent{Model: sound(), event: on(s2s.Started, func(ev s2s.Event) []s2s.Event { ev.Tag = ""; return []s2s.Event{ev} })}, "want tag"},
		{"answers what is written", bent{Model: sound(), event: on(s2s.Audio, none)}, "of sound"},
		{"answers what is written", bent{Model: sound(), event: on(s2s.Text, none)}, "the answer is"},
		{"answers what is written", bent{Model: sound(), event: on(s2s.Done, func(ev s2s.Event) []s2s.Event { ev.Usage = nil; return []s2s.Event{ev} })}, "makes no sense"},
		{"answers what is written", bent{Model: sound(), event: on(s2s.Done, none)}, "does not return"},
		{"answers what is written", bent{Model: sound(), event: on(s2s.Done, func(ev s2s.Event) []s2s.Event {
			return []s2s.Event{ev, {Kind: s2s.Text, Response: ev.Response, Text: "late"}}
		})}, "after its end"},
		{"answers what is written", bent{Model: sound(), event: on(s2s.Text, func(ev s2s.Event) []s2s.Event { ev.Response = "another"; return []s2s.Event{ev} })}, "comes within answer"},
		{"hears what is said", bent{Model: sound(), event: on(s2s.Committed, none)}, "does not return"},
		{"hears what is said", bent{Model: sound(), event: on(s2s.Committed, func(ev s2s.Event) []s2s.Event { ev.Item = ""; return []s2s.Event{ev} })}, "without an id"},
		{"hears what is said", bent{Model: sound(), event: on(s2s.Heard, func(ev s2s.Event) []s2s.Event { ev.Item = "x"; return []s2s.Event{ev} })}, "is said of item"},
		{"calls tools", bent{Model: sound(), event: on(s2s.Call, none)}, "stop reason"},
		{"calls tools", bent{Model: sound(), event: on(s2s.Call, func(ev s2s.Event) []s2s.Event { ev.Call = &llm.ToolCall{ID: "1", Name: "x"}; return []s2s.Event{ev} })}, "not JSON"},
		{"stops an answer that hangs", bent{Model: fake.NewS2S(fake.S2SOptions{}, fake.S2SAnswer{Answer: fake.Answer{Hang: true}}), send: func(c s2s.Command) bool { _, cancel := c.(s2s.Cancel); return !cancel }}, "does not return"},
		{"survives a refused update", bent{Model: sound(), send: func(c s2s.Command) bool { _, update := c.(s2s.Update); return !update }}, "does not return"},
		{"ends with Close", bent{Model: sound(), close: func(s2s.Session) error { return nil }}, "does not return"},
		{"is not opened in vain", bent{Model: sound(), open: func(context.Context) bool { return false }}, "although its context is over"},
		{"ends with its context", bent{Model: sound(), open: func(context.Context) bool { return false }}, "does not return"},
		{"takes one answer at a time", bent{Model: fake.NewS2S(fake.S2SOptions{}, fake.S2SAnswer{Answer: fake.Answer{Hang: true}}), event: on(s2s.Refused, none)}, "does not return"},
		{"tells that it was lost", sound(), "no error"},
	}
	for _, c := range cases {
		o := S2SOptions{Ask: "Hello", Usage: true, Transcript: "one", Tools: []llm.ToolSpec{{Name: "hours"}}, AskTool: "When?", Hangs: c.m, Drops: c.m, Speech: hum(24000)}
		require.ErrorContains(t, plant(t, s2sChecks, c.check, c.m, o), c.says, c.check)
	}
}
