package api_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"griot/internal/calls"
	"griot/internal/conversation"
	"griot/internal/event"
	"griot/internal/fault"
)

// rtc is a media side whose calls last until somebody hangs up.
type rtc struct {
	register *calls.Service
	mu       sync.Mutex
	open     map[string]string // tenant by id
	n        int
}

func (r *rtc) Open(ctx context.Context, o calls.Offer) (string, string, error) {
	if o.Settings.Voice == "nobody" {
		return "", "", fault.New(fault.Invalid, "unknown_voice", "There is no voice \"nobody\"; there are alloy and echo.").At("session.voice")
	}
	r.mu.Lock()
	r.n++
	id := fmt.Sprintf("rtc_%d", r.n)
	r.open[id] = o.Tenant
	r.mu.Unlock()
	return id, "v=0\r\nanswer to " + o.Settings.Model, r.register.Begin(ctx, o.Tenant, id, o.Settings)
}

func (r *rtc) HangUp(ctx context.Context, tenant, id string) error {
	r.mu.Lock()
	mine := r.open[id] == tenant
	delete(r.open, id)
	r.mu.Unlock()
	if !mine {
		return fault.New(fault.NotFound, "call_not_found", "There is no call %q.", id)
	}
	r.register.Over(ctx, tenant, id, "hung_up")
	return nil
}

const offer = "v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=fingerprint:sha-256 AA\r\nm=audio 9 UDP/TLS/RTP/SAVPF 111\r\nc=IN IP4 0.0.0.0\r\na=ice-ufrag:u\r\na=ice-pwd:p\r\na=rtpmap:111 opus/48000/2\r\n"

func (s server) post(status int, contentType, body string, into any) {
	s.t.Helper()
	r, err := http.NewRequestWithContext(s.t.Context(), "POST", s.url+"/api/realtime/calls", strings.NewReader(body))
	require.NoError(s.t, err)
	r.Header.Set("Content-Type", contentType)
	resp, err := http.DefaultTransport.RoundTrip(r)
	require.NoError(s.t, err)
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	require.NoError(s.t, err)
	require.Equal(s.t, status, resp.StatusCode, "%s", b)
	require.NoError(s.t, json.Unmarshal(b, into), "%s", b)
}

func callJSON(t *testing.T, session string) string {
	t.Helper()
	sdp, err := json.Marshal(offer)
	require.NoError(t, err)
	return `{"sdp":` + string(sdp) + `,"session":` + session + `}`
}

// The life of a call, with the members that its clients read.
func TestCall(t *testing.T) {
	s := serve(t, agents{})
	var made map[string]any
	s.post(201, "application/json", callJSON(t, `{"model":"gpt-4o-realtime-preview","modalities":["text","audio"],"voice":"alloy","instructions":"Tu es un assistant vocal utile."}`), &made)
	require.Equal(t, true, made["success"])
	require.Equal(t, "v=0\r\nanswer to gpt-4o-realtime-preview", made["sdp_answer"])
	require.Equal(t, "active", made["status"])
	require.Positive(t, made["created_at"])
	require.Equal(t, map[string]any{"model": "gpt-4o-realtime-preview", "voice": "alloy", "modalities": []any{"text", "audio"},
		"instructions": "Tu es un assistant vocal utile.", "temperature": 0.8, "max_response_output_tokens": "inf"}, made["session"])
	id, _ := made["call_id"].(string)

	var form bytes.Buffer
	m := multipart.NewWriter(&form)
	require.NoError(t, m.WriteField("sdp", offer))
	require.NoError(t, m.WriteField("session", `{"type":"realtime","voice":"echo","temperature":0.6,"max_response_output_tokens":4096,"modalities":["audio"]}`))
	require.NoError(t, m.Close())
	var second map[string]any
	s.post(201, m.FormDataContentType(), form.String(), &second)
	require.Equal(t, map[string]any{"model": "gpt-4o-realtime-preview", "voice": "echo", "modalities": []any{"audio"}, "temperature": 0.6, "max_response_output_tokens": 4096.0}, second["session"])

	var one struct {
		Success bool
		Call    map[string]any
	}
	s.get("/api/realtime/calls/"+id, &one)
	require.True(t, one.Success)
	require.Equal(t, "active", one.Call["status"])
	require.Contains(t, one.Call, "duration_seconds")
	require.Nil(t, one.Call["duration_seconds"])

	l, err := s.svc.Begin(t.Context(), conversation.Start{Tenant: "default", Agent: "reception-en", AgentName: "Reception", Lang: "en", Channel: "webrtc"})
	require.NoError(t, err)
	s.rtc.register.Connected(t.Context(), "default", id, l.ID())
	require.NoError(t, l.Append(t.Context(), event.Event{At: time.Now(), Body: event.UserSpoke{Item: "i1", Text: "hello"}}))
	var going struct {
		Stats struct {
			Events int `json:"total_events"`
		}
	}
	s.get("/api/realtime/stats", &going)
	require.Equal(t, 3, going.Stats.Events, "two calls and what was said, while it goes on")
	require.NoError(t, l.End(t.Context(), "caller_left", nil))

	resp, b := s.do("DELETE", "/api/realtime/calls/"+id)
	require.Equal(t, 200, resp.StatusCode, "%s", b)
	require.Contains(t, string(b), `"message":"Appel terminé"`)
	resp, b = s.do("DELETE", "/api/realtime/calls/"+id)
	require.Equal(t, 200, resp.StatusCode, "again: %s", b)
	require.Contains(t, string(b), `"duration_seconds":0`)

	var list struct {
		Success bool
		Data    []map[string]any
		Count   int
		Total   int
	}
	s.get("/api/realtime/calls?limit=1&offset=0", &list)
	require.Len(t, list.Data, 1)
	require.Equal(t, 1, list.Count)
	require.Equal(t, 2, list.Total)
	s.get("/api/realtime/calls?limit=20&offset=0&status=active", &list)
	require.Len(t, list.Data, 1)
	require.Equal(t, second["call_id"], list.Data[0]["call_id"])

	var evs struct {
		Success bool
		Data    []map[string]any
		Count   int
	}
	s.get("/api/realtime/calls/"+id+"/events?limit=100", &evs)
	require.Equal(t, "call.created", evs.Data[0]["event_type"])
	require.Equal(t, id, evs.Data[0]["call_id"])
	require.Equal(t, map[string]any{"model": "gpt-4o-realtime-preview", "voice": "alloy", "modalities": []any{"text", "audio"}}, evs.Data[0]["event_data"])
	last := evs.Data[len(evs.Data)-1]
	require.Equal(t, "call.ended", last["event_type"])
	require.Equal(t, map[string]any{"duration_seconds": 0.0, "reason": "hung_up"}, last["event_data"])
	s.get("/api/realtime/calls/"+id+"/events?event_type=call.ended", &evs)
	require.Len(t, evs.Data, 1)
	require.Equal(t, last["id"], evs.Data[0]["id"])
	s.get("/api/realtime/calls/"+id+"/events?after=1", &evs)
	require.Equal(t, 2.0, evs.Data[0]["id"])
	require.Equal(t, last["id"], evs.Data[len(evs.Data)-1]["id"])
	s.get(fmt.Sprintf("/api/realtime/calls/%s/events?after=%v", id, last["id"]), &evs)
	require.Empty(t, evs.Data)

	var stats struct {
		Success bool
		Stats   map[string]any
	}
	s.get("/api/realtime/stats", &stats)
	require.Equal(t, map[string]any{"total_calls": 2.0, "active_calls": 1.0, "ended_calls": 1.0, "avg_duration_seconds": stats.Stats["avg_duration_seconds"], "total_events": 5.0,
		"calls_by_model": map[string]any{"gpt-4o-realtime-preview": 2.0}, "calls_by_voice": map[string]any{"alloy": 1.0, "echo": 1.0}}, stats.Stats)
}

// Another tenant has none of it.
func TestCallsOfATenant(t *testing.T) {
	s := serve(t, agents{})
	var made map[string]any
	s.post(201, "application/json", callJSON(t, `{}`), &made)
	id, _ := made["call_id"].(string)
	for _, path := range []string{"/" + id, "/" + id + "/events"} {
		s.problem(404, "call_not_found", "GET", "/api/realtime/calls"+path, "X-Tenant", "other")
	}
	s.problem(404, "call_not_found", "DELETE", "/api/realtime/calls/"+id, "X-Tenant", "other")
	_, b := s.do("GET", "/api/realtime/calls", "X-Tenant", "other")
	require.JSONEq(t, `{"success":true,"data":[],"count":0,"total":0}`, string(b))
	_, b = s.do("GET", "/api/realtime/stats", "X-Tenant", "other")
	require.Contains(t, string(b), `"total_calls":0`)
}

// Every wrong request says which part is wrong, and why.
func TestCallRefused(t *testing.T) {
	s := serve(t, agents{})
	for _, c := range []struct{ contentType, body, field, says string }{
		{"application/json", `{`, "body", "JSON object"},
		{"application/json", `[]`, "body", "JSON object"},
		{"application/json", `{}`, "sdp", "missing"},
		{"application/json", `{"sdp":7}`, "sdp", "text"},
		{"application/json", `{"sdp":"hello"}`, "sdp", "no session description"},
		{"application/json", `{"sdp":"v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\n"}`, "sdp", "no audio"},
		{"application/json", `{"sdp":"v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\nm=audio 9 RTP/AVP 0\r\n"}`, "sdp", "ice-ufrag"},
		{"application/json", callJSON(t, `7`), "session", "number"},
		{"application/json", callJSON(t, `{"temprature":1}`), "session.temprature", "no"},
		{"application/json", callJSON(t, `{"temperature":1.3}`), "session.temperature", "from 0.6 to 1.2"},
		{"application/json", callJSON(t, `{"temperature":0.59}`), "session.temperature", "from 0.6 to 1.2"},
		{"application/json", callJSON(t, `{"temperature":"hot"}`), "session.temperature", "number"},
		{"application/json", callJSON(t, `{"modalities":["video"]}`), "session.modalities[0]", "video"},
		{"application/json", callJSON(t, `{"modalities":["audio","audio"]}`), "session.modalities[1]", "repeats"},
		{"application/json", callJSON(t, `{"modalities":[]}`), "session.modalities", "empty"},
		{"application/json", callJSON(t, `{"model":""}`), "session.model", "name"},
		{"application/json", callJSON(t, `{"voice":7}`), "session.voice", "name"},
		{"application/json", callJSON(t, `{"voice":"nobody"}`), "session.voice", "alloy and echo"},
		{"application/json", callJSON(t, `{"type":"transcription"}`), "session.type", "realtime"},
		{"application/json", callJSON(t, `{"max_response_output_tokens":0}`), "session.max_response_output_tokens", "from 1 to 4096"},
		{"application/json", callJSON(t, `{"max_response_output_tokens":"many"}`), "session.max_response_output_tokens", "inf"},
		{"text/plain", "x", "body", "text/plain"},
		{"multipart/form-data; boundary=x", "--y\r\n", "sdp", "missing"},
		{"multipart/form-data; boundary=x", "--x\r\nContent-Disposition: form-data; name=\"sdp\"\r\n\r\nv=0", "body", "part"},
		{"multipart/form-data", "--x\r\n", "body", "boundary"},
	} {
		t.Run(c.field+" "+c.body, func(t *testing.T) {
			var p struct {
				Success bool
				Error   string
				Field   string
				Status  int
				Code    string
			}
			p.Success = true
			s.post(400, c.contentType, c.body, &p)
			require.False(t, p.Success)
			require.Equal(t, 400, p.Status)
			require.Equal(t, c.field, p.Field, p.Error)
			require.Contains(t, p.Error, c.says)
			require.NotEmpty(t, p.Code)
		})
	}
}

// A call whose media is gone without a word can be ended still.
func TestEndOfALostCall(t *testing.T) {
	s := serve(t, agents{})
	require.NoError(t, s.rtc.register.Begin(t.Context(), "default", "rtc_lost", calls.Settings{Model: "m", Voice: "v", Modalities: []string{"audio"}, Temperature: 0.8}))
	resp, b := s.do("DELETE", "/api/realtime/calls/rtc_lost")
	require.Equal(t, 200, resp.StatusCode, "%s", b)
	require.Contains(t, string(b), `"status":"ended"`)
}
