package app

import (
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/require"
	collector "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	spans "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"

	"griot/internal/config"
)

// A collector of traces is told of a turn, of the requests to its model and of its tools, and of no word that was said.
func TestTurnsAreTraced(t *testing.T) {
	told := make(chan *collector.ExportTraceServiceRequest, 10)
	otlp := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		req := &collector.ExportTraceServiceRequest{}
		if r.URL.Path != "/v1/traces" || r.Header.Get("Authorization") != "Bearer secret" || err != nil || proto.Unmarshal(body, req) != nil {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		told <- req
		w.Header().Set("Content-Type", "application/x-protobuf")
	}))
	t.Cleanup(otlp.Close)
	m := &models{answer: func(n int, _ question, w http.ResponseWriter, _ *http.Request) {
		if n == 1 {
			stream(w, "tool_calls", `{"tool_calls":[{"index":0,"id":"call_1","type":"function","function":{"name":"conversation_brain","arguments":"{\"stage\":\"opening\"}"}}]}`)
			return
		}
		stream(w, "stop", says("Bonjour"))
	}}
	serve := m.serve(t)
	s := launch(t, func(c *config.Config) {
		serve(c)
		c.Telemetry.Endpoint, c.Telemetry.Headers = otlp.URL+"/", []string{"Authorization=Bearer secret"}
		writeAgent(t, c.Data, "sales", "name: Sales\nkind: text\nlanguage: fr\ntools: [conversation_brain]\n")
	})
	evs := s.events("POST", "/text-agents/api/sales/chat/stream", nil, `{"message":"Le code est 4711"}`)
	require.Equal(t, "stop", evs[len(evs)-1].Finish)
	require.NoError(t, s.stop()) // what waits is told before the server is gone

	byName := map[string][]*spans.Span{}
	for done := false; !done; {
		select {
		case req := <-told:
			require.NotContains(t, req.String(), "4711")
			require.NotContains(t, req.String(), "Bonjour")
			for _, r := range req.ResourceSpans {
				require.Equal(t, "griot", r.Resource.Attributes[0].Value.GetStringValue())
				for _, sc := range r.ScopeSpans {
					for _, sp := range sc.Spans {
						byName[sp.Name] = append(byName[sp.Name], sp)
					}
				}
			}
		default:
			done = true
		}
	}
	require.Len(t, byName["invoke_agent Sales"], 1)
	turn := byName["invoke_agent Sales"][0]
	require.Len(t, byName["execute_tool conversation_brain"], 1)
	requests := 0
	for name, list := range byName {
		for _, sp := range list {
			require.Equal(t, turn.TraceId, sp.TraceId)
			require.LessOrEqual(t, sp.StartTimeUnixNano, sp.EndTimeUnixNano)
			if sp != turn {
				require.Equal(t, turn.SpanId, sp.ParentSpanId, name)
			}
			if sp.Kind == spans.Span_SPAN_KIND_CLIENT {
				requests++
			}
		}
	}
	require.Equal(t, 2, requests)
}
