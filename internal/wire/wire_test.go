package wire

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"griot/internal/fault"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func serve(t *testing.T, o Options, h http.HandlerFunc) *Client {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	o.Vendor, o.BaseURL = "acme", s.URL+o.BaseURL
	if o.Timeout == 0 {
		o.Timeout = 20 * time.Second
	}
	c, err := New(o)
	require.NoError(t, err)
	t.Cleanup(func() { _ = c.Close() })
	return c
}

// events reads a stream to its end.
func events(t *testing.T, body string) (out []string, err error) {
	c := serve(t, Options{}, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		_, _ = io.WriteString(w, body)
	})
	s, err := c.Stream(t.Context(), Request{Path: "x"})
	require.NoError(t, err)
	defer s.Close()
	for {
		ev, err := s.Next()
		if err != nil {
			return out, err
		}
		out = append(out, ev.Name+"="+string(ev.Data))
	}
}

func TestEvents(t *testing.T) {
	long := strings.Repeat("x", 100_000)
	for body, want := range map[string][]string{
		"data: a\n\ndata:b\n\n":                        {"=a", "=b"},
		"event: e\r\ndata: a\r\n\r\n: comment\r\n\r\n": {"e=a"},
		"data: a\ndata: b\n\n":                         {"=a\nb"},
		"id: 1\nretry: 5\nevent: e\ndata\n\n":          {"e="},
		"event: lost\n\ndata: a\n\n":                   {"=a"},
		"data: {\"a\":1}":                              {`={"a":1}`},
		"data: {\"a\":":                                nil,
		"data: [DONE]\n":                               {"=[DONE]"},
		"{\"error\":\"dead\"}\n":                       {`={"error":"dead"}`},
		"data: " + long + "\n\n":                       {"=" + long},
		"":                                             nil,
		":\n\n:\n\n":                                   nil,
		"nonsense\n\ndata: a\n\n":                      {"=a"},
	} {
		got, err := events(t, body)
		require.ErrorIs(t, err, io.EOF)
		require.Equal(t, want, got, "%.60q", body)
	}
	_, err := events(t, "data: "+strings.Repeat("x", maxEvent+maxEvent/2))
	require.Equal(t, "bad_response", fault.CodeOf(err))
	_, err = events(t, strings.Repeat("data: "+strings.Repeat("x", 64<<10)+"\n", 100))
	require.Equal(t, "bad_response", fault.CodeOf(err))
}

// Comments show that a service lives, which is borne for a while and not for ever.
func TestKeepAlive(t *testing.T) {
	const patience = 40 * time.Millisecond
	c := serve(t, Options{Timeout: patience}, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		tick := time.NewTicker(patience / 8)
		defer tick.Stop()
		for n := 0; r.Context().Err() == nil; n++ {
			<-tick.C
			_, _ = io.WriteString(w, ": working\n\n")
			if n == 16 && r.URL.Path == "/late" { // twice the patience
				_, _ = io.WriteString(w, "data: a\n\n")
			}
			w.(http.Flusher).Flush()
		}
	})
	for path, code := range map[string]string{"late": "", "never": "timeout"} {
		s, err := c.Stream(t.Context(), Request{Path: path})
		require.NoError(t, err)
		_, err = s.Next()
		require.Equal(t, code, fault.CodeOf(err))
		s.Close()
	}
}

func TestRequests(t *testing.T) {
	var got *http.Request
	var body string
	c := serve(t, Options{BaseURL: "/base/?a=1", Header: http.Header{"X-A": {"1"}}, Authorize: func(_ context.Context, h http.Header) error {
		if h.Get("X-A") == "" {
			return errors.New("no")
		}
		h.Set("Authorization", "Bearer fresh")
		return nil
	}}, func(w http.ResponseWriter, r *http.Request) {
		got = r
		b, _ := io.ReadAll(r.Body)
		body = string(b)
		if r.URL.Path == "/base/html" {
			_, _ = io.WriteString(w, "<html>")
			return
		}
		_, _ = io.WriteString(w, `{"ok":true}`)
	})
	var ok struct{ OK bool }
	require.NoError(t, c.JSON(t.Context(), Request{Path: "x/y", Query: url.Values{"b": {"2"}}, Body: map[string]string{"t": "<&>"}}, &ok))
	require.True(t, ok.OK)
	require.Equal(t, []string{"POST", "/base/x/y", "a=1&b=2", "Bearer fresh", "application/json", `{"t":"<&>"}`},
		[]string{got.Method, got.URL.Path, got.URL.RawQuery, got.Header.Get("Authorization"), got.Header.Get("Content-Type"), body})
	require.NoError(t, c.JSON(t.Context(), Request{Method: "GET", Path: "x"}, &ok))
	require.Equal(t, []string{"GET", "", ""}, []string{got.Method, got.Header.Get("Content-Type"), body})
	require.Equal(t, "bad_response", fault.CodeOf(c.JSON(t.Context(), Request{Path: "html"}, &ok)))
	require.Equal(t, "bad_request", fault.CodeOf(c.JSON(t.Context(), Request{Path: "x", Body: func() {}}, &ok)))
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	require.ErrorIs(t, c.JSON(gone, Request{Path: "x"}, &ok), context.Canceled)
	_, err := c.Stream(t.Context(), Request{Path: "html"})
	require.Equal(t, "bad_response", fault.CodeOf(err))
}

// A redirection would carry the key to wherever it leads.
func TestRedirectsAreNotFollowed(t *testing.T) {
	reached := false
	other := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { reached = true }))
	defer other.Close()
	for _, given := range []*http.Client{nil, {}} {
		c := serve(t, Options{HTTP: given, Header: http.Header{"X-Api-Key": {"secret"}}}, func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, other.URL, http.StatusTemporaryRedirect)
		})
		err := c.JSON(t.Context(), Request{Path: "x"}, &struct{}{})
		require.Equal(t, "redirected", fault.CodeOf(err))
		require.False(t, reached)
		if given != nil {
			given.CloseIdleConnections()
			http.DefaultTransport.(*http.Transport).CloseIdleConnections()
		}
	}
}

func TestNew(t *testing.T) {
	for base, code := range map[string]string{"": "bad_base_url", "ftp://x": "bad_base_url", "x.example": "bad_base_url", "http://%zz": "bad_base_url"} {
		_, err := New(Options{Vendor: "acme", BaseURL: base, Timeout: time.Second})
		require.Equal(t, code, fault.CodeOf(err), base)
	}
	_, err := New(Options{Vendor: "acme", BaseURL: "http://x"})
	require.Equal(t, "bad_timeout", fault.CodeOf(err))
	_, err = New(Options{Vendor: "acme", BaseURL: "x", URLField: "endpoint"})
	require.Equal(t, "bad_endpoint", fault.CodeOf(err))
}

func TestRetryAfter(t *testing.T) {
	now := time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		name, value string
		want        time.Duration
		ok          bool
	}{
		{"Retry-After", "2", 2 * time.Second, true}, {"Retry-After", "0.5", 500 * time.Millisecond, true}, {"Retry-After-Ms", "30", 30 * time.Millisecond, true},
		{"Retry-After", "Sat, 21 Nov 2026 12:00:10 GMT", 10 * time.Second, true}, {"Retry-After", "Sat, 21 Nov 2026 11:00:00 GMT", 0, true},
		{"Retry-After", "-1", 0, false}, {"Retry-After", "soon", 0, false}, {"Retry-After", "1e99", 0, false}, {"X", "1", 0, false},
	} {
		d, ok := retryAfter(http.Header{c.name: {c.value}}, now)
		require.Equal(t, c.want, d, "%+v", c)
		require.Equal(t, c.ok, ok, "%+v", c)
	}
}

func TestCalm(t *testing.T) {
	now := time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		status int
		header http.Header
		want   time.Duration
	}{
		{429, http.Header{"Retry-After": {"3"}}, 3 * time.Second},
		{529, http.Header{"Retry-After": {"3"}}, 3 * time.Second},
		{429, http.Header{}, 0},
		{429, http.Header{"Retry-After": {"86400"}}, longestRefusal},
		{400, http.Header{"Retry-After": {"3"}}, 0},
		{200, http.Header{"X-Ratelimit-Limit-Requests": {"60"}, "X-Ratelimit-Remaining-Requests": {"0"}, "X-Ratelimit-Reset-Requests": {"1m0s"}}, time.Second},
		{200, http.Header{"X-Ratelimit-Limit-Requests": {"60"}, "X-Ratelimit-Remaining-Requests": {"1"}, "X-Ratelimit-Reset-Requests": {"1m0s"}}, 0},
		{200, http.Header{"X-Ratelimit-Limit-Tokens": {"1000"}, "X-Ratelimit-Remaining-Tokens": {"0"}, "X-Ratelimit-Reset-Tokens": {"6"}}, 300 * time.Millisecond},
		{200, http.Header{"X-Ratelimit-Limit-Requests": {"-1"}, "X-Ratelimit-Remaining-Requests": {"0"}}, 0},
		{200, http.Header{"Anthropic-Ratelimit-Requests-Limit": {"4"}, "Anthropic-Ratelimit-Requests-Remaining": {"0"}, "Anthropic-Ratelimit-Requests-Reset": {"2026-11-21T12:00:08Z"}}, 2 * time.Second},
		{200, http.Header{"Anthropic-Ratelimit-Input-Tokens-Limit": {"4"}, "Anthropic-Ratelimit-Input-Tokens-Remaining": {"0"}, "Anthropic-Ratelimit-Input-Tokens-Reset": {"2026-11-21T12:10:00Z"}}, longestDrought},
		{200, http.Header{"X-Ratelimit-Limit-Requests": {"1"}, "X-Ratelimit-Remaining-Requests": {"0"}, "X-Ratelimit-Reset-Requests": {"yesterday"}}, 0},
	} {
		var m calm
		m.note("m", &http.Response{StatusCode: c.status, Header: c.header}, now)
		require.Equal(t, c.want, max(0, m.wait("m", now)), "%d %v", c.status, c.header)
		require.LessOrEqual(t, m.wait("other", now), time.Duration(0), "another model has limits of its own")
	}
}
