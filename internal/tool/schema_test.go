package tool

import (
	"context"
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"griot/internal/fault"
	"griot/internal/model/llm"
)

const booking = `{"type":"object","properties":{"day":{"type":"integer","minimum":1,"maximum":31},"name":{"type":"string"},"kind":{"enum":["table","room"]}},
	"required":["day","name"],"additionalProperties":false}`

func TestMisfit(t *testing.T) {
	for args, want := range map[string]string{
		`{"day":3,"name":"Ann","kind":"table"}`: "",
		`{"day":3}`:                             "missing property 'name'",
		`{"day":"3","name":"Ann"}`:              "day: got string, want integer",
		`{"day":42,"name":"Ann"}`:               "day: maximum: got 42, want 31",
		`{"day":1.5,"name":1}`:                  "day: got number, want integer; name: got number, want string",
		`{"day":3,"name":"Ann","kind":"boat"}`:  "kind: value must be one of 'table', 'room'",
		`{"day":3,"name":"Ann","when":"now"}`:   "additional properties 'when' not allowed",
	} {
		got := Misfit(json.RawMessage(booking), args)
		if args == `{"day":1.5,"name":1}` { // in no order
			require.Contains(t, got, "day: got number, want integer")
			require.Contains(t, got, "name: got number, want string")
			continue
		}
		require.Equal(t, want, got, args)
	}
	require.Empty(t, Misfit(nil, `{}`))
	require.Empty(t, Misfit(json.RawMessage(`{"type":"nonsense"}`), `{}`))
}

func TestCheckSchema(t *testing.T) {
	require.NoError(t, CheckSchema(json.RawMessage(booking)))
	for _, bad := range []string{``, `[]`, `"x"`, `{}`, `{"type":"string"}`, `{"type":"object","properties":3}`, `{"type":"object","properties":{"a":{"type":"nonsense"}}}`,
		`{"type":"object","$ref":"file:///etc/passwd"}`, `{"type":"object","properties":{"a":{"$ref":"https://example.com/x.json"}}}`, `{"type":"object","properties":{"a":{"pattern":"("}}}`} {
		require.Equal(t, "invalid_schema", fault.CodeOf(CheckSchema(json.RawMessage(bad))), bad)
	}
}

type strict struct{ called bool }

func (*strict) Spec() llm.ToolSpec {
	return llm.ToolSpec{Name: "book", Parameters: json.RawMessage(booking)}
}
func (*strict) Policy() Policy { return Policy{} }
func (s *strict) Call(context.Context, llm.ToolCall) (llm.ToolResult, error) {
	s.called = true
	return llm.ToolResult{Output: "booked"}, nil
}

// Arguments that do not fit never reach the tool, and the model reads what to change.
func TestRunChecksArguments(t *testing.T) {
	s := &strict{}
	r := Run(t.Context(), s, llm.ToolCall{ID: "1", Name: "book", Arguments: `{"day":"tomorrow"}`}, time.Second)
	require.True(t, r.Failed)
	require.False(t, s.called)
	require.Contains(t, r.Output, "day: got string, want integer")
	require.Contains(t, r.Output, "missing property 'name'")
	require.Contains(t, r.Output, "Call book again")
	require.False(t, Run(t.Context(), s, llm.ToolCall{ID: "1", Name: "book", Arguments: `{"day":3,"name":"Ann"}`}, time.Second).Failed)
}

func BenchmarkMisfit(b *testing.B) {
	schema := json.RawMessage(booking)
	for b.Loop() {
		if Misfit(schema, `{"day":3,"name":"Ann","kind":"table"}`) != "" {
			b.Fatal("misfit")
		}
	}
}
