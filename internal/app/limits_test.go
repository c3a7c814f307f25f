package app

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/coder/websocket"
	"github.com/stretchr/testify/require"

	"griot/internal/config"
)

// refusal is how the Realtime endpoint says no.
type refusal struct {
	Error struct{ Type, Code, Message string }
}

// dial asks for a conversation by hand and returns the answer.
func (s *server) dial(agent string, header http.Header) (*websocket.Conn, *http.Response, refusal) {
	s.t.Helper()
	opts := &websocket.DialOptions{HTTPHeader: header, HTTPClient: s.http}
	if host := header.Get("Host"); host != "" {
		opts.Host = host
	}
	conn, resp, err := websocket.Dial(context.Background(), strings.Replace(s.URL(), "http", "ws", 1)+"/v1/realtime?model=agent:"+agent, opts)
	var r refusal
	if err != nil {
		require.NotNil(s.t, resp, "%v", err)
		_ = json.NewDecoder(resp.Body).Decode(&r)
	} else {
		s.t.Cleanup(func() { _ = conn.CloseNow() })
	}
	return conn, resp, r
}

// More conversations than there is room for are told to come back, and may when one has ended.
func TestTooManyConversations(t *testing.T) {
	s := launch(t, func(c *config.Config) { c.Limits.MaxSessions = 2 })
	first, _, _ := s.dial("test", nil)
	second, _, _ := s.dial("test", nil)
	require.NotNil(t, second)
	_, resp, r := s.dial("test", nil)
	require.Equal(t, http.StatusServiceUnavailable, resp.StatusCode)
	require.NotEmpty(t, resp.Header.Get("Retry-After"))
	require.Equal(t, "too_many_conversations", r.Error.Code)
	var list struct{ Total int }
	s.get("/api/conversations", &list)
	require.Equal(t, 2, list.Total, "a refusal leaves no record")

	_, raw, err := first.Read(t.Context())
	require.NoError(t, err)
	var created struct{ Session struct{ ID string } }
	require.NoError(t, json.Unmarshal(raw, &created))
	require.NoError(t, first.CloseNow())
	s.record(strings.TrimPrefix(created.Session.ID, "sess_"))
	for { // the line is given back when the record is written
		conn, resp, _ := s.dial("test", nil)
		if conn != nil {
			return
		}
		require.Equal(t, http.StatusServiceUnavailable, resp.StatusCode)
	}
}

func TestUnknownAgent(t *testing.T) {
	s := launch(t, nil)
	_, resp, r := s.dial("tset", nil)
	require.Equal(t, http.StatusNotFound, resp.StatusCode)
	require.Equal(t, "agent_not_found", r.Error.Code)
	require.Contains(t, r.Error.Message, "test", "the nearest one is named")
}

// Other machines, pages of other sites, and names that somebody else points at this machine get nothing without a key.
func TestOnlyThisMachineWithoutAKey(t *testing.T) {
	s := launch(t, func(c *config.Config) { c.Realtime.Keys = []string{"a-good-key"} })
	evil := http.Header{"Host": {"rebound.example"}}
	_, resp, r := s.dial("test", evil)
	require.Equal(t, http.StatusForbidden, resp.StatusCode)
	require.Equal(t, "key_required", r.Error.Code)
	evil.Set("Authorization", "Bearer a-good-key")
	conn, _, _ := s.dial("test", evil)
	require.NotNil(t, conn, "a key opens the door")
	evil.Set("Authorization", "Bearer a-bad-key!")
	_, resp, _ = s.dial("test", evil)
	require.Equal(t, http.StatusForbidden, resp.StatusCode)
	_, resp, r = s.dial("test", http.Header{"Origin": {"https://evil.example"}})
	require.Equal(t, http.StatusForbidden, resp.StatusCode)
	require.Equal(t, "origin_not_allowed", r.Error.Code)

	for name, c := range map[string]struct {
		remote, host string
		header       http.Header
		ok           bool
	}{
		"this machine":            {"127.0.0.1:4000", "127.0.0.1:5000", nil, true},
		"this machine, IPv6":      {"[::1]:4000", "[::1]:5000", nil, true},
		"this machine by name":    {"127.0.0.1:4000", "LocalHost:5000", nil, true},
		"another machine":         {"192.0.2.7:4000", "127.0.0.1:5000", nil, false},
		"a name that points here": {"127.0.0.1:4000", "rebound.example:5000", nil, false},
		"through a proxy":         {"127.0.0.1:4000", "localhost:5000", http.Header{"X-Forwarded-For": {"192.0.2.7"}}, false},
		"through another proxy":   {"127.0.0.1:4000", "localhost:5000", http.Header{"Forwarded": {"for=192.0.2.7"}}, false},
		"no address":              {"@", "localhost:5000", nil, false},
	} {
		t.Run(name, func(t *testing.T) {
			for _, path := range []string{"/api/conversations", "/v1/realtime?model=agent:test"} {
				for key, ok := range map[string]bool{"": c.ok, "other": c.ok, "a-good-key": true} {
					req := httptest.NewRequestWithContext(t.Context(), http.MethodGet, path, nil)
					req.RemoteAddr, req.Host = c.remote, c.host
					for k, v := range c.header {
						req.Header[k] = v
					}
					if key != "" {
						req.Header.Set("Authorization", "Bearer "+key)
					}
					w := httptest.NewRecorder()
					s.handler.ServeHTTP(w, req)
					require.Equal(t, !ok, w.Code == http.StatusForbidden, "%s with the key %q: %s", path, key, w.Body)
					require.Equal(t, !ok, strings.Contains(w.Body.String(), `"code":"key_required"`), "%s with the key %q: %s", path, key, w.Body)
				}
			}
			req := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/healthz", nil)
			req.RemoteAddr, req.Host = c.remote, c.host
			w := httptest.NewRecorder()
			s.handler.ServeHTTP(w, req)
			require.Equal(t, http.StatusOK, w.Code, "whether the server lives may be asked by everybody")
		})
	}
}

// A model that hangs costs one answer: the agent apologises, and answers the next question.
func TestProviderThatHangs(t *testing.T) {
	release := make(chan struct{})
	m := &models{answer: func(n int, _ question, w http.ResponseWriter, req *http.Request) {
		if n == 1 {
			select {
			case <-req.Context().Done(): // the server gives up
			case <-release:
			}
			return
		}
		stream(w, "stop", says("Here I am."))
	}}
	s := launch(t, m.serve(t))
	t.Cleanup(func() { close(release) })
	c := s.call(t, "test")
	c.write("Hello?")
	c.respond()
	done := c.wait("response.done")
	require.Equal(t, "failed", done.Response.Status)
	done = c.wait("response.done")
	require.Equal(t, phrases("en").Apology, done.Response.Output[0].Content[0].Transcript)
	c.hearAll(done)
	c.write("Are you there?")
	c.respond()
	done = c.wait("response.done")
	require.Equal(t, "completed", done.Response.Status)
	require.Equal(t, "Here I am.", done.Response.Output[0].Content[0].Transcript)
	c.leave()
	k := s.record(c.id)
	require.Equal(t, "ended", k.Status)
	require.NotEmpty(t, k.Notices, "the record says what happened")
}

// A model that answers garbage costs no more.
func TestProviderThatAnswersGarbage(t *testing.T) {
	garbage := []string{"data: {\n\n", "<html>oops</html>", "data: {\"choices\":[{\"delta\":{\"content\":5}}]}\n\n", ""}
	m := &models{answer: func(n int, _ question, w http.ResponseWriter, _ *http.Request) {
		if n <= len(garbage) {
			w.Header().Set("Content-Type", "text/event-stream")
			_, _ = w.Write([]byte(garbage[n-1]))
			return
		}
		stream(w, "stop", says("Here I am."))
	}}
	s := launch(t, m.serve(t))
	c := s.call(t, "test")
	for i := 0; ; i++ {
		require.Less(t, i, 10)
		c.write("Hello?")
		c.respond()
		done := c.wait("response.done")
		if done.Response.Status == "completed" {
			require.Equal(t, "Here I am.", done.Response.Output[0].Content[0].Transcript)
			return
		}
		require.Equal(t, "failed", done.Response.Status)
		require.Equal(t, phrases("en").Apology, c.wait("response.done").Response.Output[0].Content[0].Transcript)
	}
}
