package app

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"griot/internal/config"
	"griot/internal/model/llm"
	"griot/internal/provider/llmtest"
)

// printed is a request as the specification prints it.
type printed struct {
	method, path string
	header       http.Header
	body         string
}

// printedRequests reads testdata/chapter7.http.
func printedRequests(t *testing.T) map[string]printed {
	t.Helper()
	raw, err := os.ReadFile("testdata/chapter7.http")
	require.NoError(t, err)
	out := map[string]printed{}
	for _, block := range strings.Split(string(raw), "\n### ")[1:] {
		name, text, _ := strings.Cut(block, "\n")
		first, rest, _ := strings.Cut(text, "\n")
		p := printed{header: http.Header{}}
		p.method, p.path, _ = strings.Cut(strings.TrimSpace(first), " ")
		for { // headers until the body begins
			line, after, _ := strings.Cut(rest, "\n")
			key, value, ok := strings.Cut(line, ": ")
			if !ok || strings.HasPrefix(line, "{") {
				break
			}
			p.header.Set(key, value)
			rest = after
		}
		p.body = strings.TrimSpace(rest)
		out[name] = p
	}
	return out
}

// The requests of the specification's chapter 7 work as they are printed, but for what the chapter itself leaves open.
func TestChapter7AsPrinted(t *testing.T) {
	var asked atomic.Pointer[http.Request]
	catalogue := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked.Store(r)
		_, _ = io.WriteString(w, `{"products":["chaise"]}`)
	}))
	defer catalogue.Close()
	files := toolServer(t, "mcp-server-filesystem")
	folder, err := filepath.EvalSymlinks(t.TempDir())
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(folder, "note.txt"), []byte("du catalogue"), 0o600))
	service := llmtest.New(t, llmtest.Options{Respond: func(_ string, body []byte) *llmtest.Answer {
		if strings.Contains(string(body), `"role":"tool"`) {
			return &llmtest.Answer{Text: "Bonjour !"}
		}
		return &llmtest.Answer{Calls: []llm.ToolCall{{ID: "call_1", Name: "search_products", Arguments: `{"query":"chaise & table"}`}}}
	}})
	s := launch(t, func(c *config.Config) {
		c.Speech.LLM = "openai"
		c.Providers = config.Providers{"openai": json.RawMessage(`{"base_url":"` + service.URL + `/v1","model":"gpt-5.2-chat","images":"yes","api_key":"test-key"}`)}
		c.Outbound.Allow = []string{"127.0.0.1"}
		c.Tools.Commands = []string{"npx", files}
	})
	requests := printedRequests(t)
	require.Len(t, requests, 6)

	// 7.5: its tools. Only the host differs; the server is also made with the program that is here instead of npx, which would fetch it.
	s.must(200, "PUT", "/tools/api/variables/API_KEY", map[string]string{"value": "s3cret"}, nil)
	search := requests["7.5 a tool over HTTP"]
	s.must(201, search.method, search.path, strings.ReplaceAll(search.body, "https://api.example.com", catalogue.URL), nil)
	server := requests["7.5 a tool server"]
	var made kit
	s.must(201, server.method, server.path, server.body, &made)
	require.Equal(t, "npx", made.Execution["command"])
	require.EqualValues(t, 30, made.Execution["timeout"])
	s.must(200, "DELETE", "/tools/api/delete/"+made.ID, nil, nil)
	here := strings.NewReplacer(`"npx"`, fmt.Sprintf("%q", files), `"-y", "@anthropic/mcp-server-filesystem", `, "", "/path/to/allowed", folder).Replace(server.body)
	s.must(201, server.method, server.path, here, &made)
	var tried struct {
		Success bool
		Result  string
	}
	s.must(200, "POST", "/tools/api/test", map[string]any{"tool_id": made.ID, "call": "read_text_file", "arguments": map[string]string{"path": "note.txt"}}, &tried)
	require.True(t, tried.Success, tried.Result)
	require.Contains(t, tried.Result, "du catalogue")

	// An agent of 7.7 with these tools.
	var agent struct{ Reference string }
	s.must(201, "POST", "/api/agents", map[string]any{"definition": map[string]any{"name": "Assistant Commercial", "kind": "text", "language": "fr", "instructions": "Tu es un assistant commercial expert...", "model": map[string]string{"provider": "openai"},
		"greeting": map[string]string{"text": "Bonjour ! Je suis votre assistant commercial."}, "tools": []string{"search_products"}}}, &agent)
	s.must(200, "POST", "/api/agents/"+agent.Reference+"/publish", nil, nil)
	fill := func(p printed, session string) printed {
		f := strings.NewReplacer("<agent_id>", agent.Reference, "<id>", session, "<session_id>", session, "sess-uuid-optional", session,
			"base64_encoded_data", base64.StdEncoding.EncodeToString(dot))
		p.path, p.body = f.Replace(p.path), f.Replace(p.body)
		return p
	}

	// 7.6, then 7.4.
	var session struct {
		ID       string
		Agent    string `json:"agent_id"`
		Messages []struct{ Role, Content, Timestamp string }
		Metadata map[string]string
		Usage    *struct {
			Prompt int `json:"prompt_tokens"`
		} `json:"token_usage"`
	}
	begin := fill(requests["7.6 make a session"], "")
	s.must(201, begin.method, begin.path, begin.body, &session)
	require.Equal(t, map[string]string{"user_id": "user-123"}, session.Metadata)
	id := session.ID
	message := fill(requests["7.4 a message"], id)
	raw := s.raw(message)
	for _, line := range []string{"event: message\n", "\ndata: {\"type\":", `"type":"tool_call"`, `"tool":"search_products"`, `"type":"tool_result"`, `"type":"content","content":"Bonjour `, `"type":"done"`, `"usage":{"prompt_tokens":`, `"completion_tokens":`} {
		require.Contains(t, raw, line)
	}
	got := asked.Load()
	require.Equal(t, "Bearer s3cret", got.Header.Get("Authorization"))
	require.Equal(t, map[string][]string{"q": {"chaise & table"}, "limit": {"10"}}, map[string][]string(got.URL.Query()))
	read := fill(requests["7.6 read a session"], id)
	s.must(200, read.method, read.path, nil, &session)
	require.Equal(t, []string{id, agent.Reference}, []string{session.ID, session.Agent})
	require.NotNil(t, session.Usage)
	require.Positive(t, session.Usage.Prompt)
	require.Equal(t, "Bonjour, comment puis-je vous aider ?", session.Messages[1].Content)
	require.Equal(t, "user", session.Messages[1].Role)
	require.NotEmpty(t, session.Messages[1].Timestamp)
	gone := fill(requests["7.6 delete a session"], id)
	s.must(204, gone.method, gone.path, nil, nil)
	s.must(404, read.method, read.path, nil, nil)
}

// raw sends a printed request and returns the answer as it is on the wire.
func (s *server) raw(p printed) string {
	s.t.Helper()
	req, err := http.NewRequestWithContext(s.t.Context(), p.method, s.URL()+p.path, strings.NewReader(p.body))
	require.NoError(s.t, err)
	req.Header = p.header
	resp, err := s.http.Do(req)
	require.NoError(s.t, err)
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	require.NoError(s.t, err)
	require.Equal(s.t, http.StatusOK, resp.StatusCode, "%s", body)
	return string(body)
}

// dot is a PNG of one point.
var dot = func() []byte {
	b, _ := base64.StdEncoding.DecodeString("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==")
	return b
}()
