package api_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"griot/internal/agent"
	"griot/internal/api"
	"griot/internal/blob"
	"griot/internal/calls"
	"griot/internal/conversation"
	"griot/internal/event"
	"griot/internal/fault"
	"griot/internal/identity"
	"griot/internal/media"
	"griot/internal/overview"
	"griot/internal/store"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// failing is a store whose lists fail.
type failing struct {
	agent.Store
	err error
}

func (f failing) CountAgents(ctx context.Context, tenant string, q agent.Filter) (map[agent.Status]int, error) {
	if f.err != nil {
		return nil, f.err
	}
	return f.Store.CountAgents(ctx, tenant, q)
}

// agents is the error of their store, if any.
type agents struct{ err error }

func reception() agent.Definition {
	d := agent.Default()
	d.Reference, d.Name, d.Language, d.Model.Flow = "reception-en", "Reception", "en-GB", "reception"
	return d
}

// machine has one voice for everybody.
type machine struct{}

func (machine) Describe(_ context.Context, defs []agent.Definition) []api.Described {
	out := make([]api.Described, len(defs))
	for i := range out {
		out[i] = api.Described{Voice: "espeak", Model: "flow/reception", Listens: true}
	}
	return out
}

type system struct{}

func (system) System(context.Context) (api.SystemInfo, error) {
	return api.SystemInfo{Version: "1.2.3", StartedAt: time.UnixMilli(0).UTC(), Checks: []api.SystemCheck{{ID: "espeak", OK: true, Found: "/usr/bin/espeak-ng"}}}, nil
}

// server is the API on a database of its own. The tenant is the header X-Tenant, or the default.
type server struct {
	t   *testing.T
	url string
	svc *conversation.Service
	rtc *rtc
}

func serve(t *testing.T, a agents) server {
	t.Helper()
	dir := t.TempDir()
	st, err := store.Open(t.Context(), "sqlite:"+filepath.Join(dir, "griot.db"))
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, st.Close()) })
	blobs, err := blob.OpenLocal(filepath.Join(dir, "blobs"))
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, blobs.Close()) })
	svc, err := conversation.NewService(conversation.Options{Store: st, Blobs: blobs, Dir: dir})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, svc.Close(context.Background())) })
	register := calls.NewService(st, svc, "node", nil)
	media := &rtc{register: register, open: map[string]string{}}
	register.Use(media)
	people := identity.NewService(identity.Options{Store: st})
	svcAgents := agent.NewService(agent.Options{Files: agent.NewFiles(reception()), Home: "default", Store: failing{st, a.err}})
	rest := api.New(api.Services{Agents: svcAgents, Machine: machine{}, Conversations: svc, Overview: overview.NewService(st, svc.Watch), Calls: register, System: system{}, Identity: people})
	h := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p := identity.Principal{Kind: identity.ByMachine, Tenant: "default", Role: identity.Admin}
		switch tenant := r.Header.Get("X-Tenant"); tenant {
		case "":
		case "nobody":
			p = identity.Principal{Kind: identity.ByNobody, Why: fault.New(fault.Denied, "no_tenant", "Sign in.")}
		default:
			p.Tenant = tenant
		}
		rest.ServeHTTP(w, r.WithContext(identity.With(r.Context(), p)))
	}))
	t.Cleanup(h.Close)
	return server{t, h.URL, svc, media}
}

// do asks and returns status, headers and body. header is pairs.
func (s server) do(method, path string, header ...string) (*http.Response, []byte) {
	s.t.Helper()
	r, err := http.NewRequestWithContext(s.t.Context(), method, s.url+path, nil)
	require.NoError(s.t, err)
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	resp, err := http.DefaultTransport.RoundTrip(r)
	require.NoError(s.t, err)
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	require.NoError(s.t, err)
	s.t.Cleanup(http.DefaultTransport.(*http.Transport).CloseIdleConnections)
	return resp, b
}

func (s server) get(path string, into any) {
	s.t.Helper()
	resp, b := s.do("GET", path)
	require.Equal(s.t, 200, resp.StatusCode, "%s: %s", path, b)
	require.Equal(s.t, "application/json", resp.Header.Get("Content-Type"))
	require.NoError(s.t, json.Unmarshal(b, into))
}

// problem asks for something that must fail.
func (s server) problem(status int, code, method, path string, header ...string) api.Problem {
	s.t.Helper()
	resp, b := s.do(method, path, header...)
	require.Equal(s.t, status, resp.StatusCode, "%s %s: %s", method, path, b)
	require.Equal(s.t, "application/problem+json", resp.Header.Get("Content-Type"))
	var p api.Problem
	require.NoError(s.t, json.Unmarshal(b, &p))
	require.Equal(s.t, code, p.Code, "%s", b)
	require.Equal(s.t, status, p.Status)
	require.NotEmpty(s.t, p.Title)
	require.NotEmpty(s.t, p.Detail)
	return p
}

// hold has a conversation of one question and one answer, with sound.
func (s server) hold(agent string) string {
	s.t.Helper()
	ctx := s.t.Context()
	l, err := s.svc.Begin(ctx, conversation.Start{Tenant: "default", Agent: agent, AgentName: "Reception", Lang: "en-GB", Channel: "realtime"})
	require.NoError(s.t, err)
	at := l.StartedAt()
	bodies := []event.Body{
		event.SessionStarted{Agent: agent},
		event.Notice{Code: "no_recogniser", Message: "Type.", Params: map[string]string{"language": "fr"}},
		event.UserSpoke{Item: "u1", Text: "What are your hours?", To: event.Ms(time.Second)},
		event.ReplyStarted{Response: "r1", Item: "a1"},
		event.AgentSaid{Response: "r1", Item: "a1", Said: "Nine to six.", Text: "Nine", Cut: true},
		event.TurnTimed{Response: "r1", Turn: 1, Item: "u1", Sent: event.Ms(612500 * time.Microsecond), ToolsDone: event.Ms(-time.Millisecond)},
		event.SessionEnded{Reason: "caller_left"},
	}
	for i, b := range bodies {
		at = at.Add(500 * time.Millisecond)
		require.NoError(s.t, l.Append(ctx, event.Event{Tenant: "default", Session: l.ID(), Seq: uint64(i + 1), At: at, Body: b}))
	}
	pcm := bytes.Repeat([]byte{0, 64}, 16000)
	l.Recorder().Caller(0, media.Frame{Format: media.Mono(16000), PCM: media.DecodePCM(nil, pcm)})
	require.NoError(s.t, l.End(ctx, "caller_left", nil))
	return l.ID()
}

func TestConversationsEndToEnd(t *testing.T) {
	s := serve(t, agents{})
	var ids []string
	for _, agent := range []string{"reception-en", "reception-fr", "reception-en"} {
		ids = append(ids, s.hold(agent))
	}
	var list api.ConversationList
	s.get("/api/conversations", &list)
	require.Equal(t, 3, list.Total)
	require.Empty(t, list.NextCursor)
	require.Equal(t, []string{ids[2], ids[1], ids[0]}, []string{list.Items[0].ID, list.Items[1].ID, list.Items[2].ID})
	c := list.Items[0]
	require.Equal(t, conversation.Ended, c.Status)
	require.Equal(t, "What are your hours?", c.Preview)
	require.EqualValues(t, 3500, c.DurationMS)
	require.Equal(t, 612500*time.Microsecond, c.LatencyP50.Duration())
	require.NotNil(t, c.EndedAt)
	require.Equal(t, 1, c.Turns)

	s.get("/api/conversations?limit=2&agent=reception-en", &list)
	require.Len(t, list.Items, 2)
	require.Equal(t, 2, list.Total)
	s.get("/api/conversations?limit=2", &list)
	require.NotEmpty(t, list.NextCursor)
	cursor := list.NextCursor
	list = api.ConversationList{}
	s.get("/api/conversations?limit=2&cursor="+cursor, &list)
	require.Len(t, list.Items, 1)
	require.Equal(t, ids[0], list.Items[0].ID)
	require.Empty(t, list.NextCursor)
	s.get("/api/conversations?status=failed", &list)
	require.Empty(t, list.Items)

	path := "/api/conversations/" + ids[0]
	_, raw := s.do("GET", path)
	var d api.ConversationDetail
	require.NoError(t, json.Unmarshal(raw, &d))
	require.Equal(t, "reception-en", d.Agent)
	require.Len(t, d.Transcript, 2)
	require.Equal(t, "Nine", d.Transcript[1].Text)
	require.Equal(t, "Nine to six.", d.Transcript[1].Said)
	require.Equal(t, api.RecordingRef{Available: true, DurationMS: 1000, URL: path + "/recording"}, d.Recording)
	require.Equal(t, []event.Notice{{Code: "no_recogniser", Message: "Type.", Params: map[string]string{"language": "fr"}}}, d.Notices)
	require.Equal(t, time.Second, d.Ear.Duration.Duration())
	require.Contains(t, string(raw), `"turns":[]`)
	require.Contains(t, string(raw), `"sent_ms":612.5`)
	require.Contains(t, string(raw), `"tools_done_ms":-1`)

	var evs struct {
		Items []event.Event `json:"items"` // the API's events are the log's own JSON
	}
	s.get(path+"/events", &evs)
	require.Len(t, evs.Items, 7)
	require.Equal(t, "Nine", evs.Items[4].Body.(event.AgentSaid).Text)
	require.Equal(t, ids[0], evs.Items[4].Session)

	var peaks conversation.Peaks
	s.get(path+"/peaks?buckets=4", &peaks)
	require.Equal(t, []float64{0.5, 0.5, 0.5, 0.5}, peaks.Caller)
	require.Equal(t, []float64{0, 0, 0, 0}, peaks.Agent)
	require.Equal(t, time.Second, peaks.Duration.Duration())
	s.get(path+"/peaks", &peaks)
	require.Len(t, peaks.Caller, 800)

	resp, wav := s.do("GET", path+"/recording")
	require.Equal(t, 200, resp.StatusCode)
	require.Equal(t, "audio/wav", resp.Header.Get("Content-Type"))
	require.Len(t, wav, 44+64000)
	f, pcm, err := media.ReadWAV(bytes.NewReader(wav))
	require.NoError(t, err)
	require.Equal(t, 2, f.Channels)
	require.Equal(t, []int16{16384, 0}, pcm[:2])
	resp, part := s.do("GET", path+"/recording", "Range", "bytes=44-47")
	require.Equal(t, 206, resp.StatusCode)
	require.Equal(t, wav[44:48], part)
	require.Equal(t, "bytes 44-47/64044", resp.Header.Get("Content-Range"))
	resp, _ = s.do("GET", path+"/recording", "Range", "bytes=99999999-")
	require.Equal(t, 416, resp.StatusCode)
	resp, body := s.do("HEAD", path+"/recording")
	require.Equal(t, 200, resp.StatusCode)
	require.EqualValues(t, 64044, resp.ContentLength)
	require.Empty(t, body)

	// Another tenant sees nothing of it.
	for _, p := range []string{path, path + "/events", path + "/peaks", path + "/recording"} {
		s.problem(404, "conversation_not_found", "GET", p, "X-Tenant", "other")
	}
	s.problem(404, "conversation_not_found", "DELETE", path, "X-Tenant", "other")
	_, raw = s.do("GET", "/api/conversations", "X-Tenant", "other")
	require.JSONEq(t, `{"items":[],"total":0}`, string(raw))

	s.problem(403, "cross_origin", "DELETE", path, "Sec-Fetch-Site", "cross-site")
	s.problem(403, "cross_origin", "DELETE", path, "Origin", "https://evil.example")
	resp, body = s.do("DELETE", path, "Sec-Fetch-Site", "same-origin")
	require.Equal(t, 204, resp.StatusCode)
	require.Empty(t, body)
	for _, p := range []string{path, path + "/events", path + "/peaks", path + "/recording"} {
		p := s.problem(404, "conversation_not_found", "GET", p)
		require.Equal(t, map[string]string{"id": ids[0]}, p.Params)
	}
	s.problem(404, "conversation_not_found", "DELETE", path)
}

func TestActiveConversation(t *testing.T) {
	s := serve(t, agents{})
	l, err := s.svc.Begin(t.Context(), conversation.Start{Tenant: "default", Agent: "a"})
	require.NoError(t, err)
	path := "/api/conversations/" + l.ID()
	_, raw := s.do("GET", path)
	var m map[string]any
	require.NoError(t, json.Unmarshal(raw, &m))
	require.Equal(t, "active", m["status"])
	require.Equal(t, "", m["end_reason"])
	require.NotContains(t, m, "ended_at")
	require.NotContains(t, m, "latency_p50_ms")
	require.Equal(t, []any{}, m["transcript"], "lists are never null")
	require.Equal(t, []any{}, m["timings"])
	require.Equal(t, []any{}, m["notices"])
	require.Equal(t, map[string]any{"available": false, "pending": false, "duration_ms": 0.0, "url": ""}, m["recording"])
	s.problem(404, "no_recording", "GET", path+"/recording")
	s.problem(404, "no_recording", "GET", path+"/peaks")
	s.problem(409, "conversation_active", "DELETE", path)
	require.NoError(t, l.End(t.Context(), "idle", nil))
}

func TestAgentsAndSystem(t *testing.T) {
	s := serve(t, agents{})
	_, raw := s.do("GET", "/api/agents")
	require.JSONEq(t, `{"items":[{"id":"file:reception-en","reference":"reception-en","name":"Reception","description":"","kind":"voice","status":"active","source":"file","language":"en-GB",
		"voice":"espeak","model":"flow/reception","model_name":"flow/reception","family":"","recogniser":"","listens":true,"greeting":"","tools":[],"notices":[],"version":1,"etag":"","created_by":"","updated_by":""}],
		"total":1,"counts":{"draft":0,"active":1}}`, string(raw))
	_, raw = s.do("GET", "/api/agents", "X-Tenant", "other")
	require.JSONEq(t, `{"items":[],"total":0,"counts":{"draft":0,"active":0}}`, string(raw))
	var a api.Agent
	s.get("/api/agents/reception-en", &a)
	require.Equal(t, "Reception", a.Name)
	p := s.problem(404, "agent_not_found", "GET", "/api/agents/nobody")
	require.Equal(t, map[string]string{"reference": "nobody"}, p.Params)

	var info api.SystemInfo
	s.get("/api/system", &info)
	require.Equal(t, "1.2.3", info.Version)
	require.Len(t, info.Checks, 1)
	_, raw = s.do("GET", "/healthz")
	require.JSONEq(t, `{"status":"ok"}`, string(raw))
	_, raw = s.do("GET", "/api/openapi.json")
	require.Contains(t, string(raw), `"openapi":"3.1.0"`)
}

func TestProblems(t *testing.T) {
	s := serve(t, agents{})
	p := s.problem(422, "invalid_request", "GET", "/api/conversations?limit=1000&status=gone")
	require.Len(t, p.Errors, 2)
	require.ElementsMatch(t, []string{"query.limit", "query.status"}, []string{p.Errors[0].Location, p.Errors[1].Location})
	s.problem(422, "invalid_request", "GET", "/api/conversations?limit=many")
	s.problem(422, "invalid_request", "GET", "/api/conversations?limti=5")
	p = s.problem(422, "bad_cursor", "GET", "/api/conversations?cursor=zzz")
	require.Equal(t, "query.cursor", p.Errors[0].Location)
	s.problem(422, "invalid_request", "GET", "/api/conversations/x/peaks?buckets=0")
	s.problem(404, "conversation_not_found", "GET", "/api/conversations/..%2f..%2fetc%2fpasswd")
	s.problem(404, "conversation_not_found", "GET", "/api/conversations/%00")
	s.problem(404, "no_such_route", "GET", "/api/nothing")
	s.problem(404, "no_such_route", "POST", "/elsewhere")
	s.problem(405, "method_not_allowed", "POST", "/api/conversations")
	resp, _ := s.do("PUT", "/api/conversations/x")
	require.Equal(t, "GET, DELETE", resp.Header.Get("Allow"))
	s.problem(403, "no_tenant", "GET", "/api/agents", "X-Tenant", "nobody")
}

// What a service says is passed on; what it did not mean to say is not.
func TestFaults(t *testing.T) {
	for _, c := range []struct {
		err    error
		status int
		code   string
	}{
		{fault.New(fault.Unavailable, "disk_full", "The disk is full."), 503, "disk_full"},
		{fault.New(fault.Limited, "too_many", "Slow down."), 429, "too_many"},
		{fault.New(fault.Conflict, "busy", "Busy."), 409, "busy"},
		{errors.New("secret of /etc/shadow"), 500, "internal"},
		{fault.Wrap(errors.New("secret"), fault.Internal, "database", "secret"), 500, "internal"},
	} {
		p := serve(t, agents{err: c.err}).problem(c.status, c.code, "GET", "/api/agents")
		require.NotContains(t, p.Detail, "secret")
		require.Empty(t, p.Errors)
	}
}
