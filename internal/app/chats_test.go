package app

import (
	"bufio"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"griot/internal/config"
)

// chunk is one event of a stream.
type chunk struct {
	ID string
	Chunk
}

// Chunk is what an event says.
type Chunk struct {
	Type, Content, Code string
	Session             string `json:"session_id"`
	Finish              string `json:"finish_reason"`
	Tool                string
	Arguments, Result   json.RawMessage
	Usage               *struct {
		Prompt     int `json:"prompt_tokens"`
		Completion int `json:"completion_tokens"`
	}
}

// events asks for a stream of server-sent events and reads it to its end.
func (s *server) events(method, path string, header http.Header, body string) (out []chunk) {
	s.t.Helper()
	req, err := http.NewRequestWithContext(s.t.Context(), method, s.URL()+path, strings.NewReader(body))
	require.NoError(s.t, err)
	req.Header = header.Clone()
	if req.Header == nil {
		req.Header = http.Header{}
	}
	req.Header.Set("Content-Type", "application/json")
	resp, err := s.http.Do(req)
	require.NoError(s.t, err)
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		raw, _ := io.ReadAll(resp.Body)
		require.Equal(s.t, http.StatusOK, resp.StatusCode, "%s", raw)
	}
	require.Equal(s.t, "text/event-stream", resp.Header.Get("Content-Type"))
	require.Equal(s.t, "no-cache", resp.Header.Get("Cache-Control"))
	var c chunk
	lines := bufio.NewScanner(resp.Body)
	for lines.Scan() {
		name, value, _ := strings.Cut(lines.Text(), ": ")
		switch name {
		case "event":
			require.Equal(s.t, "message", value)
		case "id":
			c.ID = value
		case "data":
			require.NoError(s.t, json.Unmarshal([]byte(value), &c.Chunk))
			out = append(out, c)
			c = chunk{}
		}
	}
	require.NoError(s.t, lines.Err())
	return out
}

// The specification's example of chapter 7, over HTTP, with a model that calls a tool.
func TestChatOverHTTP(t *testing.T) {
	m := &models{answer: func(n int, r question, w http.ResponseWriter, _ *http.Request) {
		switch n {
		case 1:
			require.Equal(t, "conversation_brain", r.Tools[0].Function.Name)
			stream(w, "tool_calls", `{"tool_calls":[{"index":0,"id":"call_1","type":"function","function":{"name":"conversation_brain","arguments":"{\"stage\":\"opening\"}"}}]}`)
		default:
			stream(w, "stop", says("Bonjour"), says(" !"))
		}
	}}
	serve := m.serve(t)
	s := launch(t, func(c *config.Config) {
		serve(c)
		writeAgent(t, c.Data, "sales", "name: Assistant Commercial\nkind: text\nlanguage: fr\ngreeting:\n  text: Bonjour ! Je suis votre assistant commercial.\ntools: [conversation_brain]\nchat: {timeout: 45m, max_messages: 20, suggestions: ['Quels sont vos produits phares ?'], color: '#007bff', avatar: 🛒}\n")
	})
	const at = "/text-agents/api/sales"
	require.JSONEq(t, `{"id":"sales","name":"Assistant Commercial","language":"fr","welcome_message":"Bonjour ! Je suis votre assistant commercial.","suggested_prompts":["Quels sont vos produits phares ?"],
		"appearance":{"primary_color":"#007bff","avatar_url":"🛒"},"settings":{"session_timeout_minutes":45,"max_messages_per_session":20,"save_sessions":true},
		"attachments":{"images":false,"max_bytes":10485760,"max_files":5}}`, s.must(200, "GET", at, nil, nil))
	evs := s.events("POST", at+"/chat/stream", nil, `{
		"message": "Bonjour, comment puis-je vous aider ?",
		"metadata": {"user_id": "user-123", "source": "website"}
	}`)
	var types []string
	text := ""
	for _, e := range evs {
		if e.Type == "content" {
			text += e.Content
		}
		if len(types) == 0 || types[len(types)-1] != e.Type {
			types = append(types, e.Type)
		}
	}
	require.Equal(t, []string{"session", "tool_call", "tool_result", "content", "done"}, types)
	require.Equal(t, "Bonjour !", text)
	require.JSONEq(t, `{"stage":"opening"}`, string(evs[1].Arguments))
	require.Equal(t, "conversation_brain", evs[2].Tool)
	last := evs[len(evs)-1]
	require.NotNil(t, last.Usage)
	require.Equal(t, "stop", last.Finish)

	// Broken off after the first event, and read on.
	again := s.events("POST", at+"/chat/stream", http.Header{"Last-Event-Id": {evs[0].ID}}, `{"session_id": "`+last.Session+`"}`)
	require.Equal(t, "tool_call", again[0].Type)
	require.Equal(t, last, again[len(again)-1])
	again = s.events("GET", at+"/chat/stream?session_id="+last.Session, http.Header{"Last-Event-Id": {evs[1].ID}}, "")
	require.Equal(t, "tool_result", again[0].Type)
	require.Contains(t, s.must(404, "GET", at+"/chat/stream?session_id=sess-0198c0de-0000-7000-8000-000000000000", nil, nil), "session_not_found")

	// The session.
	var session struct {
		ID       string
		Agent    string `json:"agent_id"`
		Messages []struct{ Role, Content string }
		Metadata map[string]string
	}
	s.must(200, "GET", at+"/session?session_id="+last.Session, nil, &session)
	require.Equal(t, last.Session, session.ID)
	require.Equal(t, "sales", session.Agent)
	require.Equal(t, map[string]string{"user_id": "user-123", "source": "website"}, session.Metadata)
	require.Len(t, session.Messages, 4)
	require.Equal(t, "Bonjour ! Je suis votre assistant commercial.", session.Messages[0].Content)
	require.Contains(t, s.must(200, "GET", at+"/session/"+session.ID+"/export", nil, nil), "# Assistant Commercial")
	require.Contains(t, s.must(200, "GET", at+"/session/"+session.ID+"/export?format=json", nil, nil), `"role": "assistant"`)
	require.Contains(t, s.must(200, "GET", "/api/conversations?channel=text", nil, nil), strings.TrimPrefix(session.ID, "sess-"))
	var made struct{ ID string }
	s.must(201, "POST", at+"/session", map[string]any{"metadata": map[string]string{"user_id": "user-123"}}, &made)
	require.Equal(t, "Bonjour !", s.events("POST", at+"/chat/stream", nil, `{"message":"Salut","session_id":"`+made.ID+`"}`)[1].Content)
	require.JSONEq(t, `{"stopped":false}`, s.must(200, "POST", at+"/chat/stop", map[string]string{"session_id": made.ID}, nil))
	s.must(204, "DELETE", at+"/session/"+made.ID, nil, nil)
	require.Contains(t, s.must(404, "GET", at+"/session?session_id="+made.ID, nil, nil), "session_not_found")

	// Health and figures.
	require.Contains(t, s.must(200, "GET", "/text-agents/health", nil, nil), `"status":"healthy"`)
	require.Contains(t, s.must(200, "GET", "/text-agents/metrics", nil, nil), "text_agent_messages_total 2\n")

	// Bad input.
	require.Contains(t, s.must(422, "POST", at+"/chat/stream", map[string]any{"message": ""}, nil), "empty_message")
	require.Contains(t, s.must(404, "POST", "/text-agents/api/nobody/chat/stream", map[string]any{"message": "x"}, nil), "agent_not_found")
	require.Contains(t, s.must(422, "POST", at+"/chat/stream", map[string]any{"message": "x", "attachments": []map[string]string{{"type": "image", "data": "%%"}}}, nil), "bad_attachment")
}
