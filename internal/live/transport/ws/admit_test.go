package ws_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/coder/websocket"
	"github.com/stretchr/testify/require"

	"griot/internal/live/transport/ws"
)

func TestOrigins(t *testing.T) {
	opts := ws.Options{AllowedOrigins: []string{"https://app.example.com", "https://*.example.org", "http://localhost:*/"}}
	url := serve(t, opts, func(c *ws.Conn) { _ = c.Close(ws.NormalClosure, "") })
	for origin, ok := range map[string]bool{
		"":                                true,
		url:                               true,
		"https://app.example.com":         true,
		"https://APP.example.com":         true,
		"https://a.example.org":           true,
		"http://localhost:5173":           true,
		"http://app.example.com":          false,
		"https://evil.com":                false,
		"https://app.example.com.evil.de": false,
		"https://evil.de/.example.org":    false,
		"null":                            false,
		"http://":                         false,
	} {
		t.Run(origin, func(t *testing.T) {
			h := http.Header{}
			if origin != "" {
				h.Set("Origin", origin)
			}
			client, resp, err := websocket.Dial(t.Context(), url, &websocket.DialOptions{HTTPHeader: h})
			if ok {
				require.NoError(t, err)
				_, _, err = client.Read(t.Context())
				require.Equal(t, websocket.StatusNormalClosure, websocket.CloseStatus(err))
				return
			}
			require.Error(t, err)
			require.Equal(t, http.StatusForbidden, resp.StatusCode)
			require.Equal(t, "origin_not_allowed", errorBody(t, resp)["code"])
		})
	}
}

func errorBody(t *testing.T, resp *http.Response) map[string]any {
	t.Helper()
	require.Equal(t, "application/json", resp.Header.Get("Content-Type"))
	var body struct{ Error map[string]any }
	require.NoError(t, json.NewDecoder(resp.Body).Decode(&body))
	for _, field := range []string{"message", "type", "code", "param"} {
		require.Contains(t, body.Error, field)
	}
	return body.Error
}

func TestAllOrigins(t *testing.T) {
	url := serve(t, ws.Options{AllowedOrigins: []string{"*"}}, func(c *ws.Conn) { _ = c.Close(ws.NormalClosure, "") })
	client, _, err := websocket.Dial(t.Context(), url, &websocket.DialOptions{HTTPHeader: http.Header{"Origin": {"null"}}})
	require.NoError(t, err)
	require.NoError(t, client.CloseNow())
}

func TestPlainRequestIsToldWhatToDo(t *testing.T) {
	url := serve(t, ws.Options{}, nil)
	resp, err := http.Get(url)
	require.NoError(t, err)
	defer resp.Body.Close()
	require.Equal(t, http.StatusUpgradeRequired, resp.StatusCode)
	require.Equal(t, "websocket_required", errorBody(t, resp)["code"])
}

func TestSubprotocolOnlyWhenOffered(t *testing.T) {
	url := serve(t, ws.Options{Subprotocols: []string{"realtime"}}, func(c *ws.Conn) { _ = c.Close(ws.NormalClosure, c.Subprotocol()) })
	for _, c := range []struct {
		offered []string
		want    string
	}{
		{nil, ""},
		{[]string{"realtime", "openai-insecure-api-key.k"}, "realtime"},
		{[]string{"openai-insecure-api-key.k", "realtime"}, "realtime"},
		{[]string{"other"}, ""},
	} {
		client, resp, err := websocket.Dial(t.Context(), url, &websocket.DialOptions{Subprotocols: c.offered})
		require.NoError(t, err)
		require.Equal(t, c.want, resp.Header.Get("Sec-WebSocket-Protocol"))
		require.Equal(t, c.want != "", len(resp.Header.Values("Sec-WebSocket-Protocol")) > 0, "no empty header")
		_, _, err = client.Read(t.Context())
		var closed websocket.CloseError
		require.ErrorAs(t, err, &closed)
		require.Equal(t, c.want, closed.Reason)
	}
}

func TestCredentials(t *testing.T) {
	for name, c := range map[string]struct {
		header http.Header
		key    string
	}{
		"none":               {http.Header{}, ""},
		"bearer":             {http.Header{"Authorization": {"Bearer sk-1"}}, "sk-1"},
		"bearer, lower case": {http.Header{"Authorization": {"bearer  sk-1 "}}, "sk-1"},
		"basic":              {http.Header{"Authorization": {"Basic abc"}}, ""},
		"empty bearer":       {http.Header{"Authorization": {"Bearer "}}, ""},
		"azure":              {http.Header{"Api-Key": {"k2"}}, "k2"},
		"browser":            {http.Header{"Sec-Websocket-Protocol": {"realtime, openai-insecure-api-key.ek_3, openai-project.p"}}, "ek_3"},
		"browser, two lines": {http.Header{"Sec-Websocket-Protocol": {"realtime", "openai-insecure-api-key.ek_3"}}, "ek_3"},
		"browser, empty":     {http.Header{"Sec-Websocket-Protocol": {"openai-insecure-api-key."}}, ""},
		"header first":       {http.Header{"Authorization": {"Bearer a"}, "Sec-Websocket-Protocol": {"openai-insecure-api-key.b"}}, "a"},
	} {
		t.Run(name, func(t *testing.T) {
			key, ok := ws.Credentials(&http.Request{Header: c.header})
			require.Equal(t, c.key, key)
			require.Equal(t, c.key != "", ok)
		})
	}

	// In the query, but only of what opens a WebSocket: other requests can have headers.
	for query, want := range map[string]string{"?api-key=k5": "k5", "?Authorization=Bearer%20k6": "k6", "?authorization=bearer+k7": "k7", "?Authorization=k8": "", "?key=k9": ""} {
		r := httptest.NewRequest(http.MethodGet, "/voice-live/realtime"+query, nil)
		_, ok := ws.Credentials(r)
		require.False(t, ok)
		r.Header.Set("Upgrade", "websocket")
		key, _ := ws.Credentials(r)
		require.Equal(t, want, key, query)
		r.Header.Set("Api-Key", "header")
		key, _ = ws.Credentials(r)
		require.Equal(t, "header", key)
	}
}
