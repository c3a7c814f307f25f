package app

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"griot/internal/config"
	"griot/internal/model/llm"
	"griot/internal/provider/llmtest"
)

// A model's service that fails in the ways of real ones: what can be tried again is not noticed, the rest is said to whoever writes and kept in the record, and the conversation
// goes on with the next message.
func TestModelFailsInWriting(t *testing.T) {
	soon := map[string]string{"Retry-After": "0"}
	brain := func(arguments string) llmtest.Answer {
		return llmtest.Answer{Calls: []llm.ToolCall{{ID: "call_1", Name: "conversation_brain", Arguments: arguments}}}
	}
	storm := []llmtest.Answer{{Status: 429, Message: "slow down", Header: soon}, {Status: 529, Message: "overloaded", Header: soon}, {Status: 429, Message: "slow down", Header: soon}}[:tryModel-1]
	service := llmtest.New(t, llmtest.Options{Answers: map[string][]llmtest.Answer{"m": append(storm, []llmtest.Answer{
		{Text: "After the storm."},
		{Text: "This is torn in the middle of a sentence.", Cut: 4, Tear: true},
		brain(`{"stage": "open`), brain(`{"stage": 7}`), {Calls: []llm.ToolCall{{ID: "call_3", Name: "sundial", Arguments: "{}"}}}, {Text: "I have it now."},
		{Status: 500, Message: "the server is on fire"},
	}...)}})
	s := launch(t, func(c *config.Config) {
		c.Speech.LLM = "openai"
		c.Providers = config.Providers{"openai": json.RawMessage(`{"base_url":"` + service.URL + `/v1","model":"m","api_key":"test-key"}`)}
		writeAgent(t, c.Data, "desk", "name: Desk\nkind: text\nlanguage: en\ninstructions: Help.\ntools: [conversation_brain]\n")
	})
	session := ""
	ask := func() (text, code, finish string) {
		t.Helper()
		for _, e := range s.events("POST", "/text-agents/api/desk/chat/stream", nil, `{"message": "Hello", "session_id": "`+session+`"}`) {
			switch e.Type {
			case "session":
				session = e.Session
			case "content":
				text += e.Content
			case "error":
				code = e.Code
				require.NotContains(t, e.Content, "on fire", "the vendor's words are not the visitor's")
			case "done":
				finish = e.Finish
			}
		}
		return text, code, finish
	}
	text, code, finish := ask()
	require.Equal(t, []string{"After the storm.", "", "stop"}, []string{text, code, finish})

	text, code, finish = ask()
	require.True(t, strings.HasPrefix("This is torn in the middle of a sentence.", text), text)
	require.NotEmpty(t, code)
	require.Equal(t, "error", finish)

	text, code, finish = ask()
	require.Equal(t, []string{"I have it now.", "", "stop"}, []string{text, code, finish})
	said := service.Last().Body
	for _, words := range []string{"not a JSON object", "got number, want string", `no tool named \"sundial\"`} {
		require.Contains(t, said, words, "the model reads what was wrong")
	}

	_, code, finish = ask()
	require.NotEmpty(t, code)
	require.Equal(t, "error", finish)
	k := s.record(strings.TrimPrefix(session, "sess-"))
	require.Len(t, k.Notices, 2, "%+v", k.Notices)
	lines := 0
	for _, l := range k.Transcript {
		if l.Role == "user" {
			lines++
		}
	}
	require.Equal(t, 4, lines, "what was written stays, whatever happened to the answer")
}
