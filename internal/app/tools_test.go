package app

import (
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
	"time"

	"github.com/stretchr/testify/require"

	"griot/internal/config"
	"griot/internal/media/mediatest"
)

// ask sends JSON and reads JSON, and returns the status.
func (s *server) ask(method, path string, body, into any) (int, string) {
	s.t.Helper()
	var r io.Reader
	if text, ok := body.(string); ok {
		r = strings.NewReader(text)
	} else if body != nil {
		raw, err := json.Marshal(body)
		require.NoError(s.t, err)
		r = strings.NewReader(string(raw))
	}
	req, err := http.NewRequestWithContext(s.t.Context(), method, s.URL()+path, r)
	require.NoError(s.t, err)
	req.Header.Set("Content-Type", "application/json")
	resp, err := s.http.Do(req)
	require.NoError(s.t, err)
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	require.NoError(s.t, err)
	if into != nil && resp.StatusCode < 300 {
		require.NoError(s.t, json.Unmarshal(raw, into), "%s", raw)
	}
	return resp.StatusCode, string(raw)
}

func (s *server) must(status int, method, path string, body, into any) string {
	s.t.Helper()
	got, raw := s.ask(method, path, body, into)
	require.Equal(s.t, status, got, "%s %s: %s", method, path, raw)
	return raw
}

type kit struct {
	ID, Name, Status string
	Version          int
	Definition       struct {
		Function struct {
			Description string
			Parameters  json.RawMessage
		}
	}
	Execution  map[string]any
	Complaints []struct{ Path, Code string }
}

// The life of a tool over HTTP, with the specification's own examples.
func TestToolsOverHTTP(t *testing.T) {
	var seen atomic.Pointer[http.Request]
	var body atomic.Value
	api := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		body.Store(string(b))
		seen.Store(r)
		_, _ = io.WriteString(w, `{"id": 7}`)
	}))
	defer api.Close()
	s := launch(t, func(c *config.Config) { c.Outbound.Allow = []string{"127.0.0.0/8"} })

	// Chapter 6.2.1, the host aside.
	create := strings.ReplaceAll(`{"name":"create_client","type":"api","execution":{"type":"http","endpoint":"HOST/v1/clients","method":"POST",
		"headers":{"Content-Type":"application/json","Accept":"application/json"},"auth_type":"bearer","auth_config":{"value":"${env.WAKA_API_TOKEN}"},
		"params_mapping":{"first_name":{"in":"body","name":"firstName"},"last_name":{"in":"body","name":"lastName"},"phone":{"in":"body","name":"phoneNumber"}}}}`, "HOST", api.URL)
	var made kit
	s.must(201, "POST", "/tools/api/create", create, &made)
	require.Regexp(t, `^tool_[0-9a-f]{12}$`, made.ID)
	require.Equal(t, []struct{ Path, Code string }{{"description", "missing"}}, made.Complaints)
	require.Contains(t, s.must(409, "POST", "/tools/api/create", create, nil), "tool_name_taken")
	require.Contains(t, s.must(409, "POST", "/tools/api/create", `{"name":"end_conversation","execution":{"endpoint":"https://example.com"}}`, nil), "tool_name_taken")

	// Tried without its variable, then with it.
	try := map[string]any{"tool_id": made.ID, "arguments": map[string]string{"first_name": "Awa", "last_name": "Diop", "phone": "+221771234567"}}
	var tried struct {
		Success bool
		Result  string
		Took    *int64 `json:"took_ms"`
		Tools   []struct{ Name string }
	}
	s.must(200, "POST", "/tools/api/test", try, &tried)
	require.False(t, tried.Success, tried.Result)
	require.Contains(t, tried.Result, "WAKA_API_TOKEN")
	s.must(200, "PUT", "/tools/api/variables/WAKA_API_TOKEN", map[string]string{"value": "s3cret"}, nil)
	require.JSONEq(t, `{"names":["WAKA_API_TOKEN"]}`, s.must(200, "GET", "/tools/api/variables", nil, nil))
	s.must(200, "POST", "/tools/api/test", try, &tried)
	require.True(t, tried.Success, tried.Result)
	require.Equal(t, `{"id":7}`, tried.Result)
	require.NotNil(t, tried.Took)
	require.Equal(t, "Bearer s3cret", seen.Load().Header.Get("Authorization"))
	require.JSONEq(t, `{"firstName":"Awa","lastName":"Diop","phoneNumber":"+221771234567"}`, body.Load().(string))
	s.must(200, "POST", "/tools/api/test", map[string]any{"tool_id": made.ID, "arguments": map[string]int{"phone": 3}}, &tried)
	require.False(t, tried.Success)
	require.Contains(t, tried.Result, "missing properties")

	// A key that is written out is sealed, and stays when it comes back as its mask.
	var keyed kit
	s.must(201, "POST", "/tools/api/create", map[string]any{"name": "keyed", "execution": map[string]any{"endpoint": api.URL + "/k", "auth_type": "api_key", "auth_config": map[string]string{"value": "plain-key"},
		"headers": map[string]string{"X-Secret-Token": "plain-token", "X-Team": "blue"}}}, &keyed)
	raw := s.must(200, "GET", "/tools/api/get/keyed", nil, &keyed)
	require.NotContains(t, raw, "plain-")
	require.Contains(t, raw, "blue")
	db, err := os.ReadFile(filepath.Join(s.data, "griot.db"))
	require.NoError(t, err)
	require.NotContains(t, string(db), "plain-key")
	s.must(200, "PUT", "/tools/api/update/"+keyed.ID, raw, &keyed) // as it was read, read-only keys and all
	require.Equal(t, 2, keyed.Version)
	s.must(200, "POST", "/tools/api/test", map[string]any{"tool_id": "keyed"}, &tried)
	require.Equal(t, "plain-key", seen.Load().Header.Get("X-Api-Key"))
	require.Equal(t, "plain-token", seen.Load().Header.Get("X-Secret-Token"))
	require.Contains(t, s.must(409, "PUT", "/tools/api/update/keyed", map[string]any{"version": 1, "description": "x"}, nil), "tool_changed")

	// Lists, names, categories.
	var list struct {
		Items []kit
		Total int
		Next  string `json:"next_cursor"`
	}
	s.must(200, "GET", "/tools/api/list?type=api&limit=1", nil, &list)
	require.Equal(t, []any{2, "create_client"}, []any{list.Total, list.Items[0].Name})
	s.must(200, "GET", "/tools/api/list?type=api&limit=1&cursor="+list.Next, nil, &list)
	require.Equal(t, "keyed", list.Items[0].Name)
	s.must(200, "GET", "/tools/api/list", nil, &list)
	require.Equal(t, 8, list.Total, "the product's own are there")
	var categories struct{ Categories []struct{ ID string } }
	s.must(200, "GET", "/tools/api/categories", nil, &categories)
	require.Len(t, categories.Categories, 23)
	require.JSONEq(t, `{"exists":true,"available":false}`, s.must(200, "POST", "/tools/api/check-name", map[string]string{"name": "keyed"}, nil))
	require.JSONEq(t, `{"exists":false,"available":true}`, s.must(200, "POST", "/tools/api/check-name", map[string]string{"name": "keyed", "tool_id": keyed.ID}, nil))
	require.JSONEq(t, `{"exists":false,"available":true}`, s.must(200, "POST", "/tools/api/check-name", map[string]string{"name": "other"}, nil))

	// The validator: limits are kept, with no model here.
	s.must(200, "PUT", "/tools/api/update/keyed", map[string]any{"description": strings.Repeat("Looks the hours up. ", 30), "parameters": map[string]any{"type": "object", "properties": map[string]any{
		"day": map[string]any{"type": "string", "description": `The day, for example "monday" or {"day":"tuesday"}`, "examples": []string{"monday"}}}}}, &keyed)
	require.Len(t, keyed.Complaints, 4)
	var verdict struct {
		Status string
		Saved  bool
	}
	s.must(200, "POST", "/tools/api/validate-tool", map[string]any{"tool_id": keyed.ID, "save": true, "local": true}, &verdict)
	require.Equal(t, "corrected", verdict.Status)
	require.True(t, verdict.Saved)
	s.must(200, "GET", "/tools/api/get/keyed", nil, &keyed)
	require.Empty(t, keyed.Complaints)
	require.LessOrEqual(t, len(keyed.Definition.Function.Description), 400)
	require.JSONEq(t, `{"type":"object","properties":{"day":{"type":"string","description":"The day"}}}`, string(keyed.Definition.Function.Parameters))
	var report struct{ Total, Valid, Corrected, Failed int }
	s.must(200, "POST", "/tools/api/validate-tools-batch", map[string]any{"local": true, "save": true}, &report)
	require.Equal(t, struct{ Total, Valid, Corrected, Failed int }{2, 1, 1, 0}, report)

	// Used by an agent: it stays until that one does without.
	var agent struct{ Reference string }
	s.must(201, "POST", "/api/agents", map[string]any{"definition": map[string]any{"name": "Ann", "instructions": "Help.", "tools": []string{"keyed"}}}, &agent)
	require.NotContains(t, s.must(200, "GET", "/api/agents/"+agent.Reference, nil, nil), "tool_missing")
	raw = s.must(409, "DELETE", "/tools/api/delete/"+keyed.ID, nil, nil)
	require.Contains(t, raw, "tool_used")
	require.Contains(t, raw, agent.Reference)
	require.Contains(t, s.must(409, "PUT", "/tools/api/update/keyed", map[string]any{"name": "renamed"}, nil), "tool_used")
	var done struct{ Status string }
	s.must(200, "POST", "/tools/api/toggle-status/keyed", nil, &done)
	require.Equal(t, "inactive", done.Status)
	s.must(200, "DELETE", "/tools/api/delete/"+made.ID, nil, &done)
	require.Contains(t, s.must(404, "GET", "/tools/api/get/"+made.ID, nil, nil), "tool_not_found")

	// What cannot be.
	for _, c := range []struct{ body, says string }{
		{`{"name":"a b","execution":{"endpoint":"https://example.com"}}`, "name"},
		{`{"name":"x"}`, "execution"},
		{`{"name":"x","execution":{"endpoint":"https://{{host}}/"}}`, "cannot choose the server"},
		{`{"name":"x","category":"none","execution":{"endpoint":"https://example.com"}}`, "not a category"},
		{`{"name":"x","parameters":{"type":"string"},"execution":{"endpoint":"https://example.com"}}`, "type object"},
		{`{"name":"x","execution":{"type":"mcp","transport":"stdio","command":"bash","args":["-c","id"]}}`, "command_not_allowed"},
		{`{"name":"x","execution":{"type":"mcp","transport":"http","server_url":"https://example.com","verify_ssl":false}}`, "verify_ssl"},
		{`{"name":"x","type":"code","execution_python":{"code":"def nothing(): pass"}}`, "code"},
	} {
		status, raw := s.ask("POST", "/tools/api/create", c.body, nil)
		require.GreaterOrEqual(t, status, 400, c.body)
		require.Less(t, status, 500, raw)
		require.Contains(t, raw, c.says)
	}
	raw = s.must(200, "POST", "/tools/api/test", `{"tool":{"execution":{"endpoint":"http://169.254.169.254/latest/meta-data/"}}}`, &tried)
	require.Contains(t, tried.Result, "not allowed", raw)
}

// specificationsPython is the code of the specification's tool, as it is printed.
const specificationsPython = "def execute(params):\n principal = params.get('principal', 0)\n rate = params.get('rate', 0.05)\n years = params.get('years', 1)\n interest = principal * rate * years\n return {\n 'principal': principal,\n 'rate': rate,\n 'years': years,\n 'interest': round(interest, 2),\n 'total': round(principal + interest, 2)\n }"

// The specification's tool in Python is made and tried.
func TestPythonToolOverHTTP(t *testing.T) {
	s := launch(t, nil)
	var made kit
	s.must(201, "POST", "/tools/api/create", map[string]any{"name": "calculate_interest", "type": "code", "execution_python": map[string]any{"type": "python", "code": specificationsPython,
		"inputs":  []map[string]any{{"name": "principal", "type": "number", "required": true, "description": "Montant principal"}, {"name": "rate", "type": "number", "required": false}, {"name": "years", "type": "integer", "required": false}},
		"outputs": []string{"principal", "rate", "years", "interest", "total"}}}, &made)
	require.JSONEq(t, `{"type":"object","properties":{"principal":{"type":"number","description":"Montant principal"},"rate":{"type":"number"},"years":{"type":"integer"}},"required":["principal"]}`, string(made.Definition.Function.Parameters))
	var tried struct {
		Success bool
		Result  string
	}
	status, raw := s.ask("POST", "/tools/api/test", map[string]any{"tool_id": made.ID, "arguments": map[string]any{"principal": 1000, "rate": 0.1, "years": 2}}, &tried)
	if status == http.StatusServiceUnavailable && os.Getenv("GRIOT_TEST_SYSTEM") != "1" {
		t.Skip(raw)
	}
	require.Equal(t, 200, status, raw)
	require.True(t, tried.Success, tried.Result)
	require.JSONEq(t, `{"principal":1000,"rate":0.1,"years":2,"interest":200,"total":1200}`, tried.Result)
	var broken struct {
		Success            bool
		Line               int
		Printed, Traceback string
	}
	s.must(200, "POST", "/tools/api/test", map[string]any{"tool": map[string]any{"execution_python": map[string]string{"code": "def execute(params):\n    print('here')\n    return 1 / 0"}}}, &broken)
	require.False(t, broken.Success)
	require.Equal(t, 3, broken.Line)
	require.Contains(t, broken.Printed, "here")
}

// toolCalls is what a model streams when it calls tools.
func toolCall(id, name, arguments string) string {
	b, _ := json.Marshal(map[string]any{"role": "assistant", "tool_calls": []any{map[string]any{"index": 0, "id": id, "type": "function", "function": map[string]string{"name": name, "arguments": arguments}}}})
	return string(b)
}

// A caller speaks with an agent that looks something up over HTTP, uses the real tool server of npm, pays when a person allows it, and ends the call: by voice, with what was done in the
// ledger.
func TestVoiceAgentUsesTools(t *testing.T) {
	everything := toolServer(t, "mcp-server-everything")
	var paid atomic.Int32
	var key atomic.Value
	shop := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPost {
			paid.Add(1)
			key.Store(r.Header.Get("Idempotency-Key"))
			_, _ = io.WriteString(w, `{"status":"paid"}`)
			return
		}
		_, _ = fmt.Fprintf(w, `{"order":%q,"status":"shipped"}`, strings.TrimPrefix(r.URL.Path, "/orders/"))
	}))
	defer shop.Close()
	m := &models{answer: func(n int, _ question, w http.ResponseWriter, _ *http.Request) {
		switch n {
		case 1:
			stream(w, "tool_calls", toolCall("call_1", "get_order", `{"id":"A-7"}`))
		case 2:
			stream(w, "tool_calls", toolCall("call_2", "get-sum", `{"a":40,"b":2}`))
		case 3:
			stream(w, "stop", says("It was shipped, and the sum is 42."))
		case 4:
			stream(w, "tool_calls", toolCall("call_3", "pay", `{"amount":42}`))
		case 5:
			stream(w, "stop", says("I am asking for it."))
		case 6:
			stream(w, "tool_calls", toolCall("call_4", "end_conversation", `{}`))
		default:
			stream(w, "stop", says("It is paid. Goodbye."))
		}
	}}
	think := m.serve(t)
	s := launch(t, func(c *config.Config) {
		think(c)
		c.Providers["fake"] = json.RawMessage(`{"heard":["where is my order","please pay"],"words_per_second":10}`)
		c.Outbound.Allow = []string{"127.0.0.1"}
		c.Tools.Commands = []string{everything}
		writeAgent(t, c.Data, "tooled", "name: Tooled\nlanguage: en\nmodel:\n  provider: openai\ninstructions: Help.\ntools: [get_order, everything, pay, end_conversation, gone]\n")
	})
	s.must(201, "POST", "/tools/api/create", map[string]any{"name": "get_order", "description": "Finds an order.", "execution": map[string]any{"endpoint": shop.URL + "/orders/{id}"}}, nil)
	s.must(201, "POST", "/tools/api/create", map[string]any{"name": "everything", "execution": map[string]any{"type": "mcp", "transport": "stdio", "command": everything, "allowed_tools": []string{"get-sum"}}}, nil)
	s.must(201, "POST", "/tools/api/create", map[string]any{"name": "pay", "description": "Pays an amount.", "parameters": map[string]any{"type": "object", "properties": map[string]any{"amount": map[string]string{"type": "number"}}, "required": []string{"amount"}},
		"execution": map[string]any{"endpoint": shop.URL + "/pay", "method": "POST"}, "policy": map[string]any{"approval": true, "report_seconds": 0.5}}, nil)

	c := s.call(t, "tooled")
	c.openMic()
	c.say(mediatest.Voice(1200*time.Millisecond, 24000))
	first := c.wait("response.done")
	require.Equal(t, "completed", first.Response.Status)
	require.Equal(t, "It was shipped, and the sum is 42.", first.Response.Output[0].Content[0].Transcript)
	c.hearAll(first)
	asked := m.requests()
	var names []string
	for _, tl := range asked[0].Tools {
		names = append(names, tl.Function.Name)
	}
	require.Equal(t, []string{"get_order", "get-sum", "pay", "end_conversation"}, names, "only what is allowed, and what is gone is left out")
	last := asked[2].Messages
	require.JSONEq(t, `{"order":"A-7","status":"shipped"}`, *last[len(last)-3].Content)
	require.Contains(t, *last[len(last)-1].Content, "42")

	// A payment waits for a person; the conversation goes on, and tells the result.
	c.say(mediatest.Voice(1200*time.Millisecond, 24000))
	second := c.wait("response.done")
	require.Equal(t, "I am asking for it.", second.Response.Output[0].Content[0].Transcript)
	require.Zero(t, paid.Load())
	var effects struct {
		Items []struct{ ID, State, Tool, Arguments, Code, Conversation string }
	}
	s.must(200, "GET", "/api/effects?state=proposed&approval=true", nil, &effects)
	require.Len(t, effects.Items, 1)
	e := effects.Items[0]
	require.Equal(t, []string{"pay", `{"amount":42}`, c.id}, []string{e.Tool, e.Arguments, e.Conversation})
	s.must(200, "POST", "/api/effects/"+e.ID+"/decide", map[string]bool{"allow": true}, nil)
	require.Contains(t, s.must(409, "POST", "/api/effects/"+e.ID+"/decide", map[string]bool{"allow": false}, nil), "effect_decided")
	third := c.wait("response.done")
	require.Equal(t, "It is paid. Goodbye.", third.Response.Output[0].Content[0].Transcript)
	require.EqualValues(t, 1, paid.Load())
	require.Equal(t, e.ID, key.Load())
	k := s.record(c.id)
	require.Equal(t, "agent_hung_up", k.EndReason)
	s.must(200, "GET", "/api/effects?tool=pay", nil, &effects)
	require.Equal(t, "confirmed", effects.Items[0].State)
}
