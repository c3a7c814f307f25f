package local

import (
	"encoding/json"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"griot/internal/fault"
	"griot/internal/model/llm"
	"griot/internal/provider/llmtest"
	"griot/internal/provider/providertest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// listening serves a list of models, and what else is wanted.
func listening(t *testing.T, body string) string {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/v1/models" {
			http.NotFound(w, r)
			return
		}
		_, _ = w.Write([]byte(body))
	}))
	t.Cleanup(s.Close)
	return s.URL + "/v1"
}

// nothing is an address at which nobody listens.
func nothing(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	require.NoError(t, l.Close())
	return "http://" + l.Addr().String() + "/v1"
}

func TestUsualPlaces(t *testing.T) {
	for _, p := range usual {
		require.True(t, strings.HasPrefix(p.BaseURL, "http://127.0.0.1:"), "only this machine is looked at: %s", p.BaseURL)
	}
	ports := []string{}
	for _, p := range usual {
		ports = append(ports, p.BaseURL[len("http://127.0.0.1:"):])
	}
	require.Equal(t, []string{"11434/v1", "1234/v1", "8000/v1", "8080/v1"}, ports)
}

func TestFinds(t *testing.T) {
	elsewhere := listening(t, "{}")
	away := httptest.NewServer(http.RedirectHandler(elsewhere+"/models", http.StatusFound))
	t.Cleanup(away.Close)
	stuck, err := net.Listen("tcp", "127.0.0.1:0") // accepts and says nothing
	require.NoError(t, err)
	t.Cleanup(func() { _ = stuck.Close() })
	s := &seeker{places: []Place{
		{"Ollama", listening(t, `{"object":"list","data":[{"id":"nomic-embed-text:latest","owned_by":"library"},{"id":"llama3.2:latest","owned_by":"library"}]}`)},
		{"LM Studio", nothing(t)},
		{"vLLM", listening(t, `{"object":"list","data":[{"id":"qwen","owned_by":"llamacpp"}]}`)},
		{"llama.cpp", listening(t, `<html>some other program</html>`)},
		{"other", listening(t, `{"hello":1}`)},
		{"away", away.URL + "/v1"},
		{"stuck", "http://" + stuck.Addr().String() + "/v1"},
	}}
	found := s.find(t.Context())
	require.Len(t, found, 2)
	require.Equal(t, []string{"nomic-embed-text:latest", "llama3.2:latest"}, found[0].Models)
	require.Equal(t, "llama.cpp", found[1].Name, "by what it calls itself")
	require.Contains(t, found[0].String(), "Ollama at http://127.0.0.1:")
	require.Contains(t, found[1].String(), "with 1 model")
}

func TestProvider(t *testing.T) {
	for _, name := range []string{"LOCAL_MODELS", "LOCAL_MODELS_URL"} {
		t.Setenv(name, "")
	}
	none := providerAt([]Place{{"Ollama", nothing(t)}})
	got := none.Present(t.Context(), nil)
	require.False(t, got.OK)
	require.Contains(t, got.Missing, "127.0.0.1")
	_, err := none.LLM(t.Context(), nil)
	require.Equal(t, "no_local_server", fault.CodeOf(err))
	require.Equal(t, fault.Unavailable, fault.KindOf(none.Check(t.Context(), nil)))

	open := providerAt([]Place{{"Ollama", listening(t, `{"data":[{"id":"nomic-embed-text"},{"id":"llama3.2:latest"}]}`)}})
	require.True(t, open.Present(t.Context(), nil).OK)
	names, err := open.Models(t.Context(), nil)
	require.NoError(t, err)
	require.Len(t, names, 2)
	m, err := open.LLM(t.Context(), nil)
	require.NoError(t, err)
	require.Equal(t, fault.NotFound, fault.KindOf(llmtest.Ask(t.Context(), m, llmtest.Hello()).Err), "it asks where it found it")
	require.NoError(t, m.(model).Close())
	require.NoError(t, open.Check(t.Context(), json.RawMessage(`{"model":"llama3.2"}`)))
	require.Equal(t, "model_not_found", fault.CodeOf(open.Check(t.Context(), json.RawMessage(`{"model":"mistral"}`))))

	off := open.Present(t.Context(), json.RawMessage(`{"search":false}`))
	require.False(t, off.OK)
	require.Contains(t, off.Missing, "switched off")
	t.Setenv("LOCAL_MODELS", "false")
	require.False(t, open.Present(t.Context(), nil).OK)

	empty := providerAt([]Place{{"Ollama", listening(t, `{"data":[]}`)}})
	t.Setenv("LOCAL_MODELS", "true")
	_, err = empty.LLM(t.Context(), nil)
	require.Equal(t, "model_not_found", fault.CodeOf(err))
}

func TestConformance(t *testing.T) {
	s := llmtest.New(t, llmtest.Options{Answers: map[string][]llmtest.Answer{
		"good": {{Text: "<think>Hm.</think>Good morning.", Lax: true, Comments: 2}}, "tools": {{Text: "One moment.", Calls: llmtest.TwoCalls(), Lax: true}}, "hang": {{Hang: true}}, "loading": {{Status: 503, Message: "Loading model"}},
	}})
	p := Provider()
	of := func(name string) llm.Model {
		m, err := p.LLM(t.Context(), json.RawMessage(`{"base_url":"`+s.URL+`/v1","api_key":"test-key","model":"`+name+`"}`))
		require.NoError(t, err)
		t.Cleanup(func() { _ = m.(model).Close() })
		return m
	}
	tools := llmtest.WithTools()
	providertest.LLM(t, of("tools"), providertest.LLMOptions{Tools: &tools, Calls: 2})
	providertest.LLM(t, of("good"), providertest.LLMOptions{Want: "Good morning.", Hangs: of("hang"), Broken: []providertest.Broken[llm.Model]{{Name: "loading", Model: of("loading"), Kind: fault.Unavailable}}, Bound: 20 * time.Second})
}
