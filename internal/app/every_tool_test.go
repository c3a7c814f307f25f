package app

import (
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"griot/internal/config"
	"griot/internal/media"
	"griot/internal/media/mediatest"
	"griot/internal/model/llm"
	"griot/internal/provider/llmtest"
)

// toolServer finds a tool server of npm's, which `make test` installs.
func toolServer(t *testing.T, name string) string {
	t.Helper()
	path, err := filepath.Abs("../../test/mcp/node_modules/.bin/" + name)
	require.NoError(t, err)
	if _, err := os.Stat(path); err != nil {
		const why = "the tool servers of npm are not installed: run make test/mcp/node_modules"
		if os.Getenv("GRIOT_TEST_SYSTEM") == "1" {
			t.Fatal(why)
		}
		t.Skip(why)
	}
	return path
}

// everythingAt starts the real server-everything on a port of its own, and returns its address once it takes connections.
func everythingAt(t *testing.T, transport string) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	port := l.Addr().(*net.TCPAddr).Port
	require.NoError(t, l.Close())
	cmd := exec.Command(toolServer(t, "mcp-server-everything"), transport)
	cmd.Env = append(os.Environ(), "PORT="+strconv.Itoa(port))
	said, err := cmd.StderrPipe()
	require.NoError(t, err)
	cmd.Stdout = cmd.Stderr
	require.NoError(t, cmd.Start())
	t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	b := make([]byte, 4096) // it says when it listens
	for text := ""; !strings.Contains(text, "port") && !strings.Contains(text, "running"); {
		n, err := said.Read(b)
		text += string(b[:n])
		require.NoError(t, err, text)
	}
	go func() { _, _ = io.Copy(io.Discard, said) }() // ends with the program
	return fmt.Sprintf("http://127.0.0.1:%d", port)
}

// toolScript is a language model that uses each of its tools, in three requests at once and others alone, and answers with what they said. Then it is asked to stop, and ends the
// conversation.
type toolScript struct {
	tools atomic.Value // names that it was offered, []string
}

// rounds are the calls of a model that was asked something, one list for each of its answers.
var rounds = [][]llm.ToolCall{
	{{ID: "call_1", Name: "pay_order", Arguments: `{"order":"A-7","amount":42}`}, {ID: "call_2", Name: "calculate_interest", Arguments: `{"principal":1000,"rate":0.1,"years":2}`},
		{ID: "call_3", Name: "get-sum", Arguments: `{"a":40,"b":2}`}},
	{{ID: "call_4", Name: "echo", Arguments: `{"message":"from afar"}`}},
	{{ID: "call_5", Name: "get-structured-content", Arguments: `{"location":"Chicago"}`}},
	{{ID: "call_6", Name: "read_text_file", Arguments: `{"path":"hours.txt"}`}},
	{{ID: "call_7", Name: "conversation_brain", Arguments: `{"stage":"closing","facts":["order A-7"]}`}},
}

const everyAnswer = "Your order is paid. The sum is forty two, and the interest is two hundred. We are open until five."

func (s *toolScript) respond(_ string, body []byte) *llmtest.Answer {
	var asked struct {
		Messages []struct {
			Role, Content string
			Call          string `json:"tool_call_id"`
		}
		Tools []struct{ Function struct{ Name string } }
	}
	if err := json.Unmarshal(body, &asked); err != nil {
		return &llmtest.Answer{Status: 400, Message: err.Error()}
	}
	var names []string
	for _, tl := range asked.Tools {
		names = append(names, tl.Function.Name)
	}
	s.tools.CompareAndSwap(nil, names)
	results, answered := map[string]string{}, false
	for _, m := range asked.Messages {
		answered = answered || m.Role == "assistant" && strings.HasPrefix(m.Content, "Your order")
		if m.Role == "tool" {
			results[m.Call] = m.Content
		}
	}
	if answered {
		if _, ended := results["call_8"]; ended {
			return &llmtest.Answer{Text: "Goodbye."}
		}
		return &llmtest.Answer{Calls: []llm.ToolCall{{ID: "call_8", Name: "end_conversation", Arguments: `{}`}}}
	}
	for _, calls := range rounds {
		if _, done := results[calls[0].ID]; !done {
			return &llmtest.Answer{Calls: calls}
		}
	}
	// What each of them said is in front of the model: without it there is nothing to answer with.
	for id, says := range map[string]string{"call_1": `"paid"`, "call_2": `"interest":200`, "call_3": "42", "call_4": "from afar", "call_5": "temperature", "call_6": "open until five", "call_7": "Kept"} {
		if !strings.Contains(strings.ReplaceAll(results[id], ": ", ":"), says) {
			return &llmtest.Answer{Text: fmt.Sprintf("I do not know: %s said %q.", id, results[id])}
		}
	}
	return &llmtest.Answer{Text: everyAnswer}
}

// One agent with tools of each kind (a request, code, tool servers over all three transports, the product's own) does the same in writing and by voice: the voice is a recorded
// human's, recognised and answered by this machine's own speech.
func TestAgentUsesToolsOfEachKind(t *testing.T) {
	everything, files := toolServer(t, "mcp-server-everything"), toolServer(t, "mcp-server-filesystem")
	sse, streamable := everythingAt(t, "sse"), everythingAt(t, "streamableHttp")
	folder, err := filepath.EvalSymlinks(t.TempDir())
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(folder, "hours.txt"), []byte("We are open until five."), 0o600))
	keys := make(chan string, 8)
	shop := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		if r.Method != http.MethodPost || r.URL.Path != "/orders/A-7/payments" || r.Header.Get("Authorization") != "Bearer s3cret" || string(body) != `{"amount":42}` {
			http.Error(w, r.URL.Path+string(body), http.StatusBadRequest)
			return
		}
		keys <- r.Header.Get("Idempotency-Key")
		_, _ = io.WriteString(w, `{"status":"paid"}`)
	}))
	defer shop.Close()
	model := &toolScript{}
	service := llmtest.New(t, llmtest.Options{Respond: model.respond})
	s := launch(t, func(c *config.Config) {
		c.Speech.STT, c.Speech.TTS, c.Speech.LLM = "pocketsphinx", "espeak", "openai"
		c.Providers = config.Providers{"openai": json.RawMessage(`{"base_url":"` + service.URL + `/v1","model":"scripted","api_key":"test-key"}`)}
		c.Outbound.Allow = []string{"127.0.0.1"}
		c.Tools.Commands = []string{everything, files}
	})
	make := func(body map[string]any) { s.must(201, "POST", "/tools/api/create", body, nil) }
	server := func(name, transport, allowed string, more map[string]any) {
		execution := map[string]any{"type": "mcp", "transport": transport, "allowed_tools": []string{allowed}}
		for k, v := range more {
			execution[k] = v
		}
		var server kit
		s.must(201, "POST", "/tools/api/create", map[string]any{"name": name, "execution": execution}, &server)
		require.Empty(t, server.Complaints, "a server describes its tools itself")
	}
	s.must(200, "PUT", "/tools/api/variables/SHOP_KEY", map[string]string{"value": "s3cret"}, nil)
	make(map[string]any{"name": "pay_order", "description": "Pays an order.", "parameters": map[string]any{"type": "object", "properties": map[string]any{"order": map[string]string{"type": "string"}, "amount": map[string]string{"type": "number"}}, "required": []string{"order", "amount"}},
		"execution": map[string]any{"endpoint": shop.URL + "/orders/{order}/payments", "method": "POST", "auth_type": "bearer", "auth_config": map[string]string{"value": "${env.SHOP_KEY}"}}})
	make(map[string]any{"name": "calculate_interest", "type": "code", "description": "Simple interest.", "execution_python": map[string]any{"type": "python", "code": specificationsPython,
		"inputs": []map[string]any{{"name": "principal", "type": "number", "required": true}, {"name": "rate", "type": "number"}, {"name": "years", "type": "integer"}}}})
	server("local", "stdio", "get-sum", map[string]any{"command": everything})
	server("events", "sse", "echo", map[string]any{"url": sse + "/sse"})
	server("remote", "http", "get-structured-content", map[string]any{"server_url": streamable + "/mcp"})
	server("files", "stdio", "read_text_file", map[string]any{"command": files, "args": []string{folder}})
	var agent struct{ Reference string }
	s.must(201, "POST", "/api/agents", map[string]any{"definition": map[string]any{"name": "Ann", "language": "en", "instructions": "Help.", "model": map[string]string{"provider": "openai"},
		"tools": []string{"pay_order", "calculate_interest", "local", "events", "remote", "files", "conversation_brain", "end_conversation"}}}, &agent)
	s.must(200, "POST", "/api/agents/"+agent.Reference+"/publish", nil, nil)
	var tried struct {
		Success bool
		Result  string
	}
	if status, raw := s.ask("POST", "/tools/api/test", map[string]any{"tool_id": "calculate_interest", "arguments": map[string]int{"principal": 1}}, &tried); status == http.StatusServiceUnavailable && os.Getenv("GRIOT_TEST_SYSTEM") != "1" {
		t.Skip(raw)
	}
	require.True(t, tried.Success, tried.Result)

	var called []string
	for _, calls := range rounds {
		for _, c := range calls {
			called = append(called, c.Name)
		}
	}
	// done checks what is left of such a conversation: each call in its record, and in the ledger the one that changed something, done once.
	done := func(t *testing.T, id string) {
		t.Helper()
		k := s.record(id)
		require.Equal(t, "agent_hung_up", k.EndReason)
		var tools []string
		answers := 0
		for _, l := range k.Transcript {
			if l.Tool != nil {
				tools = append(tools, l.Tool.Name)
			}
			if l.Role == "agent" && l.Text == everyAnswer {
				answers++
			}
		}
		require.ElementsMatch(t, append(slices.Clone(called), "end_conversation"), tools)
		require.Equal(t, 1, answers, "%+v", k.Transcript)
		var effects struct {
			Items []struct{ ID, State, Tool, Arguments string }
		}
		s.must(200, "GET", "/api/effects?tool=pay_order&conversation="+id, nil, &effects)
		require.Len(t, effects.Items, 1)
		require.Equal(t, "confirmed", effects.Items[0].State)
		require.Equal(t, `{"order":"A-7","amount":42}`, effects.Items[0].Arguments)
		require.Equal(t, effects.Items[0].ID, <-keys)
		require.Empty(t, keys)
		require.ElementsMatch(t, append(slices.Clone(called), "end_conversation"), model.tools.Load(), "only what is allowed of each server")
	}

	t.Run("in writing", func(t *testing.T) {
		at := "/text-agents/api/" + agent.Reference + "/chat/stream"
		evs := s.events("POST", at, nil, `{"message": "Please do everything."}`)
		text, results := "", map[string]string{}
		for _, e := range evs {
			switch e.Type {
			case "content":
				text += e.Content
			case "tool_result":
				results[e.Tool] = string(e.Result)
			}
		}
		require.Equal(t, everyAnswer, text)
		require.Len(t, results, len(called))
		last := evs[len(evs)-1]
		require.Equal(t, "stop", last.Finish)
		bye := s.events("POST", at, nil, `{"message": "That is all.", "session_id": "`+last.Session+`"}`)
		require.Equal(t, "ended", bye[len(bye)-1].Finish)
		done(t, strings.TrimPrefix(last.Session, "sess-"))
	})
	t.Run("by voice", func(t *testing.T) {
		for _, need := range []string{"espeak", "pocketsphinx"} {
			if v, err := s.plans.models.Get(need); err == nil && !s.plans.here(t.Context(), v).OK {
				mediatest.Missing(t, need)
			}
		}
		question := mediatest.Prompt(t, "en", "conf-kicked", 24000)
		c := s.call(t, agent.Reference)
		c.openMic()
		c.say(question)
		first := c.wait("response.done")
		require.Equal(t, "completed", first.Response.Status)
		require.Equal(t, everyAnswer, first.Response.Output[0].Content[0].Transcript)
		c.hearAll(first)
		spoken := c.sound(first.Response.ID)
		require.Greater(t, len(spoken), media.Mono(24000).Samples(3*time.Second))
		require.Equal(t, words(everyAnswer), s.recognise(t, spoken, everyAnswer))
		c.say(question)
		bye := c.wait("response.done")
		require.Equal(t, "Goodbye.", bye.Response.Output[0].Content[0].Transcript)
		done(t, c.id)
		heard := 0
		for _, l := range s.record(c.id).Transcript {
			if l.Role == "user" && l.Text != "" {
				heard++
			}
		}
		require.Positive(t, heard, "what the recorded human said was recognised")
	})
}
