package app

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/coder/websocket"
	"github.com/stretchr/testify/require"

	"griot/internal/config"
)

// Every dialect has its address, and every form of the key opens it; pages of other sites connect with a key.
func TestAddressesAndKeysOfTheDialects(t *testing.T) {
	s := launch(t, func(c *config.Config) { c.Realtime.Keys = []string{"right"} })
	for _, path := range []string{"/v1/realtime?model=test", "/openai/v1/realtime?model=test", "/openai/realtime?api-version=2024-10-01-preview&deployment=test", "/voice-live/realtime?api-version=2026-07-15&model=test"} {
		for name, o := range map[string]struct {
			query  string
			header http.Header
			offers []string
			status int
		}{
			"bearer":    {header: http.Header{"Authorization": {"Bearer right"}}},
			"api-key":   {header: http.Header{"Api-Key": {"right"}}},
			"offer":     {offers: []string{"realtime", "openai-insecure-api-key.right"}},
			"query":     {query: "&api-key=right"},
			"query too": {query: "&api-key=right", header: http.Header{"Api-Key": {"right"}}},
			"wrong":     {query: "&api-key=wrong", status: http.StatusForbidden},
			"none":      {status: http.StatusForbidden},
		} {
			header := o.header.Clone()
			if header == nil {
				header = http.Header{}
			}
			header.Set("X-Forwarded-For", "192.0.2.1") // from elsewhere
			conn, resp, err := websocket.Dial(t.Context(), "ws"+strings.TrimPrefix(s.URL(), "http")+path+o.query, &websocket.DialOptions{HTTPHeader: header, Subprotocols: o.offers})
			if o.status != 0 {
				require.Error(t, err)
				require.Equal(t, o.status, resp.StatusCode, "%s with %s", path, name)
				continue
			}
			require.NoError(t, err, "%s with %s", path, name)
			_, raw, err := conn.Read(t.Context())
			require.NoError(t, err)
			var ev struct {
				Type    string
				Session struct {
					Audio      any
					Modalities []string
				}
			}
			require.NoError(t, json.Unmarshal(raw, &ev))
			require.Equal(t, "session.created", ev.Type)
			require.Equal(t, strings.Contains(path, "/v1/"), ev.Session.Audio != nil, path)
			require.Equal(t, !strings.Contains(path, "/v1/"), ev.Session.Modalities != nil, path)
			require.NoError(t, conn.Close(websocket.StatusNormalClosure, ""))
		}
	}
}
