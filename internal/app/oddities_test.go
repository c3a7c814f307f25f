package app

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"griot/internal/api"
	"griot/internal/config"
)

// Whatever is sent to a route of the OpenAPI document, by whomever, the answer is not that the server failed, and an error is a problem with a code.
func TestNoRouteFails(t *testing.T) {
	s := launch(t, func(c *config.Config) { c.WebRTC.Enabled = false })
	admin := s.setUp()
	cookie := admin.jar.Cookies(mustURL(t, s.URL()))[0].String()
	raw, err := api.Spec()
	require.NoError(t, err)
	var doc struct {
		Paths map[string]map[string]json.RawMessage
	}
	require.NoError(t, json.Unmarshal(raw, &doc))
	odd := []string{"x", "%00", "%F0%9F%98%80", "..%2f..%2fetc", "'%20OR%201=1--", "%FF%FE", strings.Repeat("a", 64), "00000000-0000-0000-0000-000000000000"}
	bodies := []string{"", "{", "null", "[]", `"x"`, "{}", `{"email":null}`, `{"settings":null}`, `{"settings":{"api_key":5}}`, `{"scopes":[{}],"name":1}`, `{"id":"` + strings.Repeat("é", 3000) + `"}`,
		`{"name":"\u0000","email":"\u0000@x.y","role":"admin","password":"\u0000\u0000","id":"x"}`, `{"name":"a","scopes":["talk"],"expires_at":"0000-01-01T00:00:00Z"}`,
		`{"name":"a","scopes":["talk"],"expires_at":"9999-12-31T23:59:59Z"}`, `{"tenant":"'; DROP TABLE users; --"}`, "\xff\xfe"}
	queries := []string{"", "?limit=-1", "?limit=9999999999999999999", "?cursor=AAAA", "?cursor=OTk5OTk5OTk5OTk5OTk5OTk5LngK", "?from=0001-01-01T00:00:00Z&to=9999-12-31T23:59:59Z", "?action=%00.", "?state=x&code=x&error=%00", "?return=%0d%0aX:%20y"}
	sent := 0
	for path, methods := range doc.Paths {
		for m := range methods {
			method := strings.ToUpper(m)
			if method == "DELETE" && path == "/api/session" {
				continue // the rest would be about nobody
			}
			var paths, payloads []string
			if before, rest, ok := strings.Cut(path, "{"); ok {
				_, after, _ := strings.Cut(rest, "}")
				for _, o := range odd {
					paths = append(paths, before+o+after)
				}
			} else {
				paths = []string{path}
			}
			if payloads = []string{""}; method == "GET" {
				paths = append(paths, times(paths[0], queries)...)
			} else if method != "DELETE" {
				payloads = bodies
			}
			for _, p := range paths {
				for _, body := range payloads {
					for _, as := range []string{cookie, "", "griot=" + strings.Repeat("x", 5000)} {
						ctx, stop := t.Context(), func() {}
						if path == "/api/overview/events" { // it would go on for a quarter of an hour
							ctx, stop = context.WithTimeout(ctx, 50*time.Millisecond)
						}
						req := httptest.NewRequestWithContext(ctx, method, "http://127.0.0.1:5000"+p, strings.NewReader(body))
						req.RemoteAddr = "127.0.0.1:4000"
						req.Header.Set("Content-Type", "application/json")
						req.Header.Set("Cookie", as)
						w := httptest.NewRecorder()
						s.handler.ServeHTTP(w, req)
						stop()
						sent++
						require.NotEqual(t, http.StatusInternalServerError, w.Code, "%s %s %q: %s", method, p, body, w.Body)
						if w.Code >= 400 {
							var problem struct{ Code string }
							require.NoError(t, json.Unmarshal(w.Body.Bytes(), &problem), "%s %s %q: %s", method, p, body, w.Body)
							require.NotEmpty(t, problem.Code, "%s %s %q: %s", method, p, body, w.Body)
						}
					}
				}
			}
		}
	}
	t.Logf("%d requests", sent)
	admin.do("GET", "/api/session", nil).ok(nil)
}

// times puts each ending behind a text.
func times(text string, endings []string) (out []string) {
	for _, e := range endings {
		out = append(out, text+e)
	}
	return out
}
