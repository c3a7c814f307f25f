package reply_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"griot/internal/fault"
	"griot/internal/live/reply"
	"griot/internal/model/llm"
	"griot/internal/provider/fake"
	"griot/internal/tool"
)

// clock is a tool that a model calls again and again.
type clock struct{}

func (clock) Spec() llm.ToolSpec  { return llm.ToolSpec{Name: "clock"} }
func (clock) Policy() tool.Policy { return tool.Policy{} }
func (clock) Call(_ context.Context, c llm.ToolCall) (llm.ToolResult, error) {
	return llm.ToolResult{CallID: c.ID, Output: "noon"}, nil
}

// run asks a model that loops, and returns what was said and how it ended.
func run(t *testing.T, m llm.Model) (text string, done reply.Note) {
	t.Helper()
	reply.Run(t.Context(), reply.Job{LLM: m, Tools: []tool.Tool{clock{}}, Request: llm.Request{Tools: []llm.ToolSpec{clock{}.Spec()}, Messages: []llm.Message{{Role: llm.User, Text: "What time is it?"}}}}, nil, func(n reply.Note) {
		switch n.Kind {
		case reply.Text:
			text += n.Text
		case reply.Done:
			done = n
		}
	})
	return text, done
}

// A model that goes on calling tools is told to answer, and the caller gets words.
func TestEndlessCallsEndInWords(t *testing.T) {
	m := fake.NewLLMFunc(func(r llm.Request) fake.Answer {
		if r.Choice == "none" {
			return fake.Answer{Text: "It is noon."}
		}
		return fake.Answer{Calls: []llm.ToolCall{{ID: "c", Name: "clock", Arguments: "{}"}}}
	})
	text, done := run(t, m)
	require.NoError(t, done.Err)
	require.Equal(t, "It is noon.", text)
	require.Len(t, m.Requests(), 8)
}

// One that calls even then is given up.
func TestEndlessCallsEnd(t *testing.T) {
	m := fake.NewLLM(fake.Answer{Calls: []llm.ToolCall{{ID: "c", Name: "clock", Arguments: "{}"}}})
	_, done := run(t, m)
	require.Equal(t, fault.Limited, fault.KindOf(done.Err))
	require.Equal(t, "tool_rounds", fault.CodeOf(done.Err))
	require.Len(t, m.Requests(), 8)
}

// Broken arguments and unknown tools are told to the model in words, and the conversation goes on.
func TestWrongCallsAreExplained(t *testing.T) {
	m := fake.NewLLM(
		fake.Answer{Calls: []llm.ToolCall{{ID: "a", Name: "clock", Arguments: `{"zone": "`}, {ID: "b", Name: "sundial", Arguments: "{}"}}},
		fake.Answer{Text: "It is noon."})
	text, done := run(t, m)
	require.NoError(t, done.Err)
	require.Equal(t, "It is noon.", text)
	told := m.Requests()[1].Messages
	require.Contains(t, told[2].Text, "not a JSON object")
	require.Contains(t, told[3].Text, `no tool named "sundial"`)
	require.Contains(t, told[3].Text, "clock")
}

// A server that counts its calls anew in every answer does not mix their results up.
func TestCallsOfOneIDAreToldApart(t *testing.T) {
	same := func(name, args string) llm.ToolCall { return llm.ToolCall{ID: "call_0", Name: name, Arguments: args} }
	m := fake.NewLLM(
		fake.Answer{Calls: []llm.ToolCall{same("sundial", "{}"), same("moondial", "{}")}},
		fake.Answer{Calls: []llm.ToolCall{same("clock", "{}")}},
		fake.Answer{Text: "It is noon."})
	_, done := run(t, m)
	require.NoError(t, done.Err)
	said := map[string]string{}
	for _, told := range m.Requests()[2].Messages {
		if told.Role == llm.ToolRole {
			require.NotContains(t, said, told.CallID)
			said[told.CallID] = told.Text
		}
	}
	require.Len(t, said, 3)
	require.Contains(t, said["call_0"], "sundial")
	require.Contains(t, said["call_0_2"], "moondial")
	require.NotContains(t, said["call_0_3"], "no tool named")
}
