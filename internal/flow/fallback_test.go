package flow

import (
	"context"
	"errors"
	"iter"
	"testing"

	"github.com/stretchr/testify/require"

	"griot/internal/fault"
	"griot/internal/model/llm"
)

// thinker is a language model that says what it is told to, and remembers what it was asked.
type thinker struct {
	deltas []llm.Delta
	err    error // after the deltas
	asked  []llm.Request
}

func (m *thinker) Generate(_ context.Context, r llm.Request) iter.Seq2[llm.Delta, error] {
	m.asked = append(m.asked, r)
	return func(yield func(llm.Delta, error) bool) {
		for _, d := range m.deltas {
			if !yield(d, nil) {
				return
			}
		}
		if m.err != nil {
			yield(llm.Delta{}, m.err)
		}
	}
}

func TestTheModelAnswersWithTheFacts(t *testing.T) {
	for lang, fact := range map[string]string{"en": "twelve Acacia Street", "fr": "douze rue des Acacias", "es": "calle de las Acacias doce"} {
		model := &thinker{deltas: []llm.Delta{{Text: "From the "}, {Text: "model."}, {Usage: &llm.Usage{Output: 3}}, {Stop: llm.StopEnd}}}
		m := open(t, lang, model)
		var text string
		var usage *llm.Usage
		for d, err := range m.Generate(context.Background(), llm.Request{System: "Be brief.", Messages: user("the quick brown fox")}) {
			require.NoError(t, err)
			text += d.Text
			if d.Usage != nil {
				usage = d.Usage
			}
		}
		require.Equal(t, "From the model.", text)
		require.Equal(t, 3, usage.Output)
		require.Len(t, model.asked, 1)
		require.Contains(t, model.asked[0].System, "Be brief.\n\n")
		require.Contains(t, model.asked[0].System, fact)
		require.Equal(t, user("the quick brown fox"), model.asked[0].Messages)
	}
}

func TestTheFlowKeepsGreetingMenuAndFarewell(t *testing.T) {
	model := &thinker{deltas: []llm.Delta{{Text: "model"}, {Stop: llm.StopEnd}}}
	m := open(t, "en", model)
	for _, c := range []struct {
		messages []llm.Message
		want     string
		stop     llm.StopReason
	}{
		{nil, "automatic reception", llm.StopEnd},
		{user("1"), "nine to six", llm.StopEnd},
		{user("what is this", "goodbye"), "Goodbye!", llm.StopHangUp},
		{user("mm-hm"), "", llm.StopNothing},
		{append(user("hello"), llm.Message{Role: llm.Assistant, Text: "Hi."}), "still there", llm.StopEnd},
	} {
		text, stop := ask(t, m, c.messages)
		require.Contains(t, text, c.want)
		require.Equal(t, c.stop, stop, c.want)
	}
	require.Empty(t, model.asked)
	for _, said := range []string{"goodbye is a strange word, what does it mean", "no thank you", "yes"} {
		text, _ := ask(t, m, user(said))
		require.Equal(t, "model", text, said)
	}
	text, _ := ask(t, m, user("how many chairs can you repair", "2"))
	require.Equal(t, "model", text, "a digit in the middle of a conversation is no key of the menu")
}

func TestTheFlowAnswersWhenTheModelFails(t *testing.T) {
	broken := fault.New(fault.Unavailable, "down", "it is down")
	m := open(t, "en", &thinker{err: broken})
	text, stop := ask(t, m, user("where are you"))
	require.Contains(t, text, "Acacia Street")
	require.Equal(t, llm.StopEnd, stop)

	m = open(t, "en", &thinker{deltas: []llm.Delta{{Text: "We are "}}, err: broken})
	var got error
	for _, err := range m.Generate(context.Background(), llm.Request{Messages: user("where are you")}) {
		if err != nil {
			got = err
		}
	}
	require.ErrorIs(t, got, broken, "after the first word nothing is said twice")

	pending := append(user("where are you"), llm.Message{Role: llm.Assistant, Calls: []llm.ToolCall{{ID: "1", Name: "x", Arguments: "{}"}}},
		llm.Message{Role: llm.ToolRole, CallID: "1", Text: "ok"})
	model := &thinker{deltas: []llm.Delta{{Text: "done"}, {Stop: llm.StopEnd}}}
	text, _ = ask(t, open(t, "en", model), pending)
	require.Equal(t, "done", text, "a tool's result goes to the model that asked for it")
}

func TestCancelledMeansAnError(t *testing.T) {
	why := errors.New("interrupted")
	ctx, cancel := context.WithCancelCause(context.Background())
	defer cancel(nil)
	var texts []string
	var got error
	for d, err := range open(t, "en", nil).Generate(ctx, llm.Request{Messages: user("what are your hours")}) {
		if err != nil {
			got = err
			break
		}
		texts = append(texts, d.Text)
		cancel(why)
	}
	require.Len(t, texts, 1)
	require.ErrorIs(t, got, why)
	for _, err := range open(t, "en", nil).Generate(ctx, llm.Request{}) {
		require.ErrorIs(t, err, why)
	}
	for range open(t, "en", nil).Generate(context.Background(), llm.Request{Messages: user("hours")}) {
		break // whoever stops listening stops the answer
	}
}
