package flow

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"griot/internal/model/llm"
)

var testTools = []llm.ToolSpec{{Name: "book_appointment"}, {Name: "open_ticket"}}

// TestFlows plays the files of testdata/flows, named flow.language[.what].txt: "> " is what the caller says, "< " lists what the answer must contain, separated by commas,
// alternatives by "|"; "! " is a tool's arguments as JSON, of which each must be as given, and "+ " what the tool then answers; "= " is the reason to stop.
func TestFlows(t *testing.T) {
	files, err := filepath.Glob("testdata/flows/*.txt")
	require.NoError(t, err)
	require.GreaterOrEqual(t, len(files), 9)
	for _, f := range files {
		t.Run(filepath.Base(f), func(t *testing.T) {
			b, err := os.ReadFile(f)
			require.NoError(t, err)
			names := strings.Split(filepath.Base(f), ".")
			m, err := newAt(names[0], names[1], nil, wednesday)
			require.NoError(t, err)
			var history []llm.Message
			answer, stop, call := play(t, m, history)
			history = append(history, llm.Message{Role: llm.Assistant, Text: answer})
			for n, line := range strings.Split(strings.TrimSpace(string(b)), "\n") {
				text := strings.TrimSpace(line[1:])
				switch line[0] {
				case '>':
					require.Equal(t, llm.StopEnd, stop, "line %d: nobody is asked", n+1)
					history = append(history, llm.Message{Role: llm.User, Text: text})
					answer, stop, call = play(t, m, history)
					if call == nil {
						history = append(history, llm.Message{Role: llm.Assistant, Text: answer[:len(answer)/2]})
					}
				case '!':
					require.NotNil(t, call, "line %d: no tool is called, but %q is said", n+1, answer)
					var want, got map[string]string
					require.NoError(t, json.Unmarshal([]byte(text), &want))
					require.NoError(t, json.Unmarshal([]byte(call.Arguments), &got))
					require.Equal(t, want, got, "line %d", n+1)
				case '+':
					require.NotNil(t, call)
					history = append(history, llm.Message{Role: llm.Assistant, Calls: []llm.ToolCall{*call}}, llm.Message{Role: llm.ToolRole, CallID: call.ID, Text: text})
					answer, stop, call = play(t, m, history)
					history = append(history, llm.Message{Role: llm.Assistant, Text: answer})
				case '<':
					for _, want := range strings.Split(text, ",") {
						ok := false
						for _, alt := range strings.Split(want, "|") {
							ok = ok || strings.Contains(strings.ToLower(answer), strings.TrimSpace(alt))
						}
						require.True(t, ok, "line %d: %q is not in %q", n+1, want, answer)
					}
				case '=':
					require.Equal(t, llm.StopReason(text), stop, "line %d: %s", n+1, answer)
				case '#':
				default:
					t.Fatalf("line %d: %q", n+1, line)
				}
			}
			require.Equal(t, llm.StopHangUp, stop, "the flow comes to its end: %s", answer)
		})
	}
}

func play(t testing.TB, m llm.Model, history []llm.Message) (text string, stop llm.StopReason, call *llm.ToolCall) {
	t.Helper()
	for d, err := range m.Generate(context.Background(), llm.Request{Session: "s", Messages: history, Tools: testTools}) {
		require.NoError(t, err)
		text += d.Text
		if d.Call != nil {
			call = d.Call
		}
		stop = d.Stop
	}
	return text, stop, call
}
