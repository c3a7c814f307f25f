package api_test

import (
	"bufio"
	"context"
	"encoding/csv"
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"griot/internal/api"
	"griot/internal/conversation"
)

// put asks with a body.
func (s server) put(method, path, body string) (*http.Response, []byte) {
	s.t.Helper()
	r, err := http.NewRequestWithContext(s.t.Context(), method, s.url+path, strings.NewReader(body))
	require.NoError(s.t, err)
	r.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultTransport.RoundTrip(r)
	require.NoError(s.t, err)
	defer resp.Body.Close()
	var b strings.Builder
	_, err = bufio.NewReader(resp.Body).WriteTo(&b)
	require.NoError(s.t, err)
	return resp, []byte(b.String())
}

func TestOverview(t *testing.T) {
	s := serve(t, agents{})
	var o api.Overview
	s.get("/api/overview", &o)
	require.Zero(t, o.Total.Conversations)
	require.Nil(t, o.Latency.P50)
	require.Nil(t, o.Rate)
	require.Empty(t, o.Channels)

	s.hold("reception-en")
	s.hold("reception-fr")
	live, err := s.svc.Begin(t.Context(), conversation.Start{Tenant: "default", Agent: "reception-en", AgentName: "Reception", Channel: "talk"})
	require.NoError(t, err)
	s.get("/api/overview?tz=Europe/Paris", &o)
	require.Equal(t, "Europe/Paris", o.TimeZone)
	require.Equal(t, 3, o.Total.Conversations)
	require.Equal(t, 2, o.Total.Ended)
	require.Equal(t, 1, o.Active)
	require.Len(t, o.Live, 16)
	require.EqualValues(t, 7000, o.Total.DurationMS)
	require.EqualValues(t, 3500, o.Total.MeanMS)
	require.Equal(t, 2, o.Latency.Turns)
	require.InDelta(t, 612, o.Latency.P50.Duration().Milliseconds(), 1)
	require.Zero(t, o.Total.Revenue)
	require.Equal(t, []string{"realtime", "talk"}, []string{o.Channels[0].Key, o.Channels[1].Key})
	require.Equal(t, "reception-en", o.Agents[0].Key)
	require.Len(t, o.Agents, 2)
	sum := 0
	for _, st := range o.Series {
		sum += st.Channels["realtime"] + st.Channels["talk"]
	}
	require.Equal(t, 3, sum)

	// A rate from before they began.
	var rates api.BillingRates
	s.get("/api/billing-rate", &rates)
	require.Nil(t, rates.Current)
	resp, b := s.put("PUT", "/api/billing-rate", `{"per_minute": 0.6, "effective_from": "2026-01-01T00:00:00+01:00"}`)
	require.Equal(t, 200, resp.StatusCode, "%s", b)
	require.NoError(t, json.Unmarshal(b, &rates))
	require.InDelta(t, 0.6, rates.Current.PerMinute, 1e-9)
	require.Equal(t, "EUR", rates.Current.Currency)
	s.get("/api/overview", &o)
	require.InDelta(t, 0.07, o.Total.Revenue, 1e-5, "7 s of 0.60 € a minute")
	require.InDelta(t, 0.6, o.Rate.PerMinute, 1e-9)
	for _, bad := range []string{`{"per_minute": -1}`, `{"per_minute": 1001}`, `{}`, `{"per_minute": 1, "effective_from": "1950-01-01T00:00:00Z"}`} {
		resp, b = s.put("PUT", "/api/billing-rate", bad)
		require.Equal(t, 422, resp.StatusCode, "%s: %s", bad, b)
	}
	s.problem(422, "bad_time_zone", "GET", "/api/overview?tz=Mars/Base")
	s.problem(422, "bad_time_zone", "GET", "/api/overview?tz=../../etc/passwd")
	s.problem(422, "bad_period", "GET", "/api/overview?from=2026-01-02T00:00:00Z&to=2026-01-01T00:00:00Z")
	require.NoError(t, live.End(t.Context(), "idle", nil))
}

func TestOverviewEvents(t *testing.T) {
	s := serve(t, agents{})
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	follow := func(last string) *bufio.Scanner {
		r, err := http.NewRequestWithContext(ctx, http.MethodGet, s.url+"/api/overview/events", nil)
		require.NoError(t, err)
		if last != "" {
			r.Header.Set("Last-Event-ID", last)
		}
		resp, err := http.DefaultTransport.RoundTrip(r)
		require.NoError(t, err)
		t.Cleanup(func() { _ = resp.Body.Close() })
		require.Equal(t, "text/event-stream", resp.Header.Get("Content-Type"))
		return bufio.NewScanner(resp.Body)
	}
	lines := follow("")
	next := func(lines *bufio.Scanner) string {
		require.True(t, lines.Scan(), "%v", lines.Err())
		return lines.Text()
	}
	require.Equal(t, "event: changed", next(lines))
	id, ok := strings.CutPrefix(next(lines), "id: ")
	require.True(t, ok)
	require.Equal(t, `data: {"active":0}`, next(lines))

	// Who knows that hears only that the server lives.
	require.Equal(t, ": nothing new", next(follow(id)))

	require.Empty(t, next(lines))
	live, err := s.svc.Begin(t.Context(), conversation.Start{Tenant: "default", Agent: "reception-en", Channel: "talk"})
	require.NoError(t, err)
	require.Equal(t, "event: changed", next(lines))
	require.NotEqual(t, "id: "+id, next(lines))
	require.Equal(t, `data: {"active":1}`, next(lines))
	cancel()
	require.NoError(t, live.End(t.Context(), "idle", nil))
}

func TestExport(t *testing.T) {
	s := serve(t, agents{})
	_, raw := s.do("GET", "/api/conversations/export?format=json")
	require.JSONEq(t, `[]`, string(raw))
	a, b := s.hold("reception-en"), s.hold("=cmd()")
	resp, raw := s.do("GET", "/api/conversations/export?tz=Europe/Paris")
	require.Equal(t, 200, resp.StatusCode)
	require.Equal(t, "text/csv; charset=utf-8", resp.Header.Get("Content-Type"))
	require.Regexp(t, `^attachment; filename="conversations-\d{4}-\d\d-\d\d\.csv"$`, resp.Header.Get("Content-Disposition"))
	rows, err := csv.NewReader(strings.NewReader(strings.TrimPrefix(string(raw), "\uFEFF"))).ReadAll()
	require.NoError(t, err)
	require.Len(t, rows, 3)
	require.Contains(t, rows[0], "started_at (Europe/Paris)")
	require.Equal(t, []string{b, "'=cmd()"}, rows[1][:2], "no formula")
	require.Equal(t, a, rows[2][0])
	require.Contains(t, rows[2], "612.5")

	_, raw = s.do("GET", "/api/conversations/export?format=json&agent=reception-en")
	var list []api.Conversation
	require.NoError(t, json.Unmarshal(raw, &list))
	require.Len(t, list, 1)
	require.Equal(t, a, list[0].ID)
	s.problem(422, "bad_time_zone", "GET", "/api/conversations/export?tz=nowhere")
	s.problem(422, "invalid_request", "GET", "/api/conversations/export?format=xls")
	_, raw = s.do("GET", "/api/conversations/export?format=json", "X-Tenant", "other")
	require.JSONEq(t, `[]`, string(raw))
}

func TestHistoryFilters(t *testing.T) {
	s := serve(t, agents{})
	id := s.hold("reception-en")
	for query, want := range map[string]int{
		"q=HOURS": 1, "q=nine+hours": 1, "q=nothing": 0, "channel=realtime": 1, "channel=talk": 0, "min_s=3.4": 1, "min_s=4": 0, "max_s=3.5": 0, "max_s=3.6": 1,
		"from=2026-01-01T00:00:00Z": 1, "to=2026-01-01T00:00:00Z": 0, "sort=duration": 1,
	} {
		var list api.ConversationList
		s.get("/api/conversations?"+query, &list)
		require.Len(t, list.Items, want, query)
	}
	s.hold("reception-en")
	var list api.ConversationList
	s.get("/api/conversations?sort=duration&limit=1", &list)
	s.problem(422, "bad_cursor", "GET", "/api/conversations?sort=latency&limit=1&cursor="+list.NextCursor)
	var d api.ConversationDetail
	s.get("/api/conversations/"+id, &d)
	require.Equal(t, conversation.Models{}, d.Models)
}
