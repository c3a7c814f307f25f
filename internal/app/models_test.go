package app

import (
	"encoding/json"
	"io"
	"mime/multipart"
	"net/http"
	"strings"
	"testing"

	"github.com/coder/websocket"
	"github.com/stretchr/testify/require"

	"griot/internal/config"
	"griot/internal/live/transport/webrtc/webrtctest"
)

// Clients that ask for a model of the clouds, or for none, get the default agent by every way in, and a session that goes by the name they asked for.
func TestModelsOfTheClouds(t *testing.T) {
	s := launch(t, func(c *config.Config) { c.Realtime.DefaultAgent = "test" })
	for query, shown := range map[string]string{"": "agent:test", "?model=gpt-realtime": "gpt-realtime", "?model=gpt-4o-realtime-preview-2025-06-03": "gpt-4o-realtime-preview-2025-06-03",
		"?model=test": "agent:test"} {
		conn, _, err := websocket.Dial(t.Context(), "ws"+strings.TrimPrefix(s.URL(), "http")+"/v1/realtime"+query, nil)
		require.NoError(t, err, query)
		read := func() (typ, model string) {
			_, raw, err := conn.Read(t.Context())
			require.NoError(t, err)
			var ev struct {
				Type    string
				Session struct{ Model string }
			}
			require.NoError(t, json.Unmarshal(raw, &ev))
			return ev.Type, ev.Session.Model
		}
		typ, model := read()
		require.Equal(t, "session.created", typ)
		require.Equal(t, shown, model)
		// Libraries name their model in every change.
		require.NoError(t, conn.Write(t.Context(), websocket.MessageText, []byte(`{"type":"session.update","session":{"type":"realtime","model":"gpt-realtime-mini"}}`)))
		typ, model = read()
		require.Equal(t, "session.updated", typ)
		require.Equal(t, shown, model)
		require.NoError(t, conn.Close(websocket.StatusNormalClosure, ""))
	}

	narrow := webrtctest.Options{Codec: "pcmu"}
	form := func(offer string) (kind, body string) {
		var b strings.Builder
		w := multipart.NewWriter(&b)
		require.NoError(t, w.WriteField("sdp", offer))
		require.NoError(t, w.WriteField("session", `{"type":"realtime","model":"gpt-realtime"}`))
		require.NoError(t, w.Close())
		return w.FormDataContentType(), b.String()
	}
	for path, shown := range map[string]string{"/v1/realtime/calls": "gpt-realtime", "/v1/realtime?model=gpt-4o-realtime-preview": "gpt-4o-realtime-preview", "/v1/realtime": "agent:test"} {
		c := webrtctest.New(t, narrow)
		offer := c.Offer()
		kind, body := "application/sdp", offer
		if path == "/v1/realtime/calls" {
			kind, body = form(offer)
		}
		status, _, answer := s.post(path, kind, body, nil)
		require.Equal(t, http.StatusCreated, status, "%s: %s", path, answer)
		c.Accept(answer)
		require.Equal(t, shown, c.Wait("session.created").Str("session", "model"), path)
	}
	c := webrtctest.New(t, narrow)
	body, err := json.Marshal(map[string]any{"sdp": c.Offer(), "session": map[string]any{"model": "gpt-4o-realtime-preview"}})
	require.NoError(t, err)
	status, _, out := s.post("/api/realtime/calls", "application/json", string(body), nil)
	require.Equal(t, http.StatusCreated, status, out)
	var call struct {
		Model  string
		Answer string `json:"sdp_answer"`
	}
	require.NoError(t, json.Unmarshal([]byte(out), &call))
	require.Equal(t, "gpt-4o-realtime-preview", call.Model)
	c.Accept(call.Answer)
	require.Equal(t, "gpt-4o-realtime-preview", c.Wait("session.created").Str("session", "model"))

	status, _, out = s.post("/v1/realtime/client_secrets", "application/json", `{"session":{"type":"realtime","model":"gpt-realtime"}}`, nil)
	require.Equal(t, http.StatusOK, status, out)
	require.Contains(t, out, `"model":"gpt-realtime"`)
	status, _, out = s.post("/v1/realtime/client_secrets", "application/json", ``, nil)
	require.Equal(t, http.StatusOK, status, out)
	require.Contains(t, out, `"model":"agent:test"`)
}

// A default agent that is not there stops the start; without one, models of the clouds are refused by name.
func TestDefaultAgent(t *testing.T) {
	cfg := configAt(t.TempDir(), "127.0.0.1:0")
	cfg.Realtime.DefaultAgent = "recepton-en"
	require.ErrorContains(t, fails(t, cfg), `realtime.default_agent: there is no agent "recepton-en"`)

	// One that people make may be gone, or come back.
	gone := launch(t, func(c *config.Config) { c.Realtime.DefaultAgent = "Agent-000001" })
	_, resp, err := websocket.Dial(t.Context(), "ws"+strings.TrimPrefix(gone.URL(), "http")+"/v1/realtime?model=gpt-realtime", nil)
	require.Error(t, err)
	require.Equal(t, http.StatusNotFound, resp.StatusCode)
	var a struct{ Reference string }
	gone.browser().do("POST", "/api/agents", map[string]any{"definition": map[string]any{"name": "A", "instructions": "x"}}).ok(&a)
	gone.browser().do("POST", "/api/agents/"+a.Reference+"/publish", nil).ok(nil)
	conn, _, err := websocket.Dial(t.Context(), "ws"+strings.TrimPrefix(gone.URL(), "http")+"/v1/realtime?model=gpt-realtime", nil)
	require.NoError(t, err)
	require.NoError(t, conn.CloseNow())

	s := launch(t, func(c *config.Config) { c.Realtime.DefaultAgent = "" })
	_, resp, err = websocket.Dial(t.Context(), "ws"+strings.TrimPrefix(s.URL(), "http")+"/v1/realtime?model=gpt-realtime", nil)
	require.Error(t, err)
	require.Equal(t, http.StatusBadRequest, resp.StatusCode)
	why, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	require.Contains(t, string(why), "realtime.default_agent")
	status, _, out := s.post("/api/realtime/calls", "application/json", `{"sdp":`+quoted(webrtctest.New(t, webrtctest.Options{Codec: "pcmu"}).Offer())+`}`, nil)
	require.Equal(t, http.StatusBadRequest, status)
	require.Contains(t, out, "session.model")
}

func quoted(s string) string {
	b, _ := json.Marshal(s)
	return string(b)
}
