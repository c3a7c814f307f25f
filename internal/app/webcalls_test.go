package app

import (
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"griot/internal/calls"
	"griot/internal/config"
	"griot/internal/fault"
	"griot/internal/live/transport/webrtc/webrtctest"
)

// post sends a body, and returns the status, the header and the body of the answer.
func (s *server) post(path, kind, body string, header http.Header) (int, http.Header, string) {
	s.t.Helper()
	req, err := http.NewRequestWithContext(context.Background(), http.MethodPost, s.URL()+path, strings.NewReader(body))
	require.NoError(s.t, err)
	for k, v := range header {
		req.Header[k] = v
	}
	req.Header.Set("Content-Type", kind)
	resp, err := s.http.Do(req)
	require.NoError(s.t, err)
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	require.NoError(s.t, err)
	return resp.StatusCode, resp.Header, string(b)
}

// A call over WebRTC is held by the whole server: it is greeted, entered in the register, recorded as a conversation, and ended by any of the interfaces.
func TestCallOverWebRTC(t *testing.T) {
	s := launch(t, nil)
	c := webrtctest.New(t, webrtctest.Options{Codec: "pcmu"})
	status, header, answer := s.post("/v1/realtime/calls?model=agent:test", "application/sdp", c.Offer(), nil)
	require.Equal(t, http.StatusCreated, status, "%s", answer)
	require.Contains(t, answer, " "+strconv.Itoa(s.listener.Addr().(*net.TCPAddr).Port)+" typ host", "the server's own port number, on UDP")
	c.Accept(answer)
	require.Equal(t, "agent:test", c.Wait("session.created").Str("session", "model"))
	since := time.Now()
	c.Send(`{"type":"response.create"}`)
	c.WaitSound(since)

	id := header.Get("Location")[len("/v1/realtime/calls/"):]
	var entry struct {
		Call struct {
			Status         string
			Model          string
			ConversationID string `json:"conversation_id"`
		}
	}
	s.get("/api/realtime/calls/"+id, &entry)
	require.Equal(t, "active", entry.Call.Status)
	require.Equal(t, "agent:test", entry.Call.Model)
	require.NotEmpty(t, entry.Call.ConversationID)
	var record struct{ Channel string }
	s.get("/api/conversations/"+entry.Call.ConversationID, &record)
	require.Equal(t, "webrtc", record.Channel)

	req, err := http.NewRequestWithContext(t.Context(), http.MethodDelete, s.URL()+"/api/realtime/calls/"+id, nil)
	require.NoError(t, err)
	resp, err := s.http.Do(req)
	require.NoError(t, err)
	require.NoError(t, resp.Body.Close())
	require.Equal(t, http.StatusOK, resp.StatusCode)
	<-c.Closed
	s.get("/api/realtime/calls/"+id, &entry)
	require.Equal(t, "ended", entry.Call.Status)

	// The register's own interface opens the same calls.
	d := webrtctest.New(t, webrtctest.Options{Codec: "pcma"})
	body, err := json.Marshal(map[string]any{"sdp": d.Offer(), "session": map[string]any{"type": "realtime", "model": "agent:test", "voice": "verse", "instructions": "Hum.", "modalities": []string{"text", "audio"}}})
	require.NoError(t, err)
	status, _, out := s.post("/api/realtime/calls", "application/json", string(body), nil)
	require.Equal(t, http.StatusCreated, status, "%s", out)
	var created struct {
		CallID    string `json:"call_id"`
		SDPAnswer string `json:"sdp_answer"`
	}
	require.NoError(t, json.Unmarshal([]byte(out), &created))
	d.Accept(created.SDPAnswer)
	require.Equal(t, "Hum.", d.Wait("session.created").Str("session", "instructions"))
	status, _, out = s.post("/v1/realtime/calls/"+created.CallID+"/hangup", "", "", nil)
	require.Equal(t, http.StatusOK, status, "%s", out)
	<-d.Closed

	body, err = json.Marshal(map[string]any{"sdp": webrtctest.New(t, webrtctest.Options{Codec: "pcma"}).Offer(), "session": map[string]any{"model": "agent:nobody"}})
	require.NoError(t, err)
	status, _, out = s.post("/api/realtime/calls", "application/json", string(body), nil)
	require.Equal(t, http.StatusNotFound, status)
	require.Contains(t, out, "session.model")
}

// Stopping the server ends calls.
func TestStoppingEndsCalls(t *testing.T) {
	s := launch(t, nil)
	c := webrtctest.New(t, webrtctest.Options{Codec: "pcmu"})
	_, _, answer := s.post("/v1/realtime/calls?model=test", "application/sdp", c.Offer(), nil)
	c.Accept(answer)
	c.Wait("session.created")
	require.NoError(t, s.stop())
	<-c.Closed
}

// A page of another site gets in with a key or a client secret and not otherwise, may read why not, and a secret opens nothing but the protocol.
func TestPagesOfOtherSites(t *testing.T) {
	s := launch(t, func(c *config.Config) { c.Realtime.Keys = []string{"a-good-key"} })
	page := http.Header{"Origin": {"https://page.example"}}
	offer := webrtctest.New(t, webrtctest.Options{Codec: "pcmu"}).Offer()
	status, header, body := s.post("/v1/realtime/calls?model=test", "application/sdp", offer, page)
	require.Equal(t, http.StatusForbidden, status)
	require.Contains(t, body, "origin_not_allowed")
	require.Equal(t, "*", header.Get("Access-Control-Allow-Origin"))
	status, _, _ = s.post("/api/realtime/calls", "application/json", `{}`, page)
	require.Equal(t, http.StatusForbidden, status)

	page.Set("Authorization", "Bearer a-good-key")
	status, _, body = s.post("/v1/realtime/client_secrets", "application/json", `{"session":{"model":"test"}}`, page)
	require.Equal(t, http.StatusOK, status, "%s", body)
	var minted struct{ Value string }
	require.NoError(t, json.Unmarshal([]byte(body), &minted))
	page.Set("Authorization", "Bearer "+minted.Value)
	status, _, body = s.post("/v1/realtime/calls", "application/sdp", offer, page)
	require.Equal(t, http.StatusCreated, status, "%s", body)
	status, _, _ = s.post("/v1/realtime/client_secrets", "application/json", `{}`, page)
	require.Equal(t, http.StatusForbidden, status, "a secret makes no others")
	status, _, _ = s.post("/api/realtime/calls", "application/json", `{}`, page)
	require.Equal(t, http.StatusForbidden, status, "and opens nothing else")
	page.Set("Authorization", "Bearer ek_forged")
	status, _, _ = s.post("/v1/realtime/calls?model=test", "application/sdp", offer, page)
	require.Equal(t, http.StatusForbidden, status)
}

// A UDP port that is taken stops the start when it was asked for, and is replaced when it was not.
func TestUDPPort(t *testing.T) {
	s := launch(t, nil)
	cfg := configAt(t.TempDir(), "127.0.0.1:0")
	cfg.WebRTC.UDPPort = s.listener.Addr().(*net.TCPAddr).Port
	err := fails(t, cfg)
	require.Equal(t, "port_in_use", fault.CodeOf(err))
	require.ErrorContains(t, err, "webrtc.udp_port")

	udp, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	require.NoError(t, err)
	defer udp.Close()
	taken := udp.LocalAddr().(*net.UDPAddr).Port
	other := launch(t, func(c *config.Config) { c.Server.Addr = "127.0.0.1:" + strconv.Itoa(taken) })
	c := webrtctest.New(t, webrtctest.Options{Codec: "pcmu"})
	_, _, answer := other.post("/v1/realtime/calls?model=test", "application/sdp", c.Offer(), nil)
	require.NotContains(t, answer, " "+strconv.Itoa(taken)+" typ host")
	c.Accept(answer)
	c.Wait("session.created")

	off := launch(t, func(c *config.Config) { c.WebRTC.Enabled = false })
	status, _, body := off.post("/v1/realtime/calls?model=test", "application/sdp", webrtctest.New(t, webrtctest.Options{Codec: "pcmu"}).Offer(), nil)
	require.Equal(t, http.StatusServiceUnavailable, status)
	require.Contains(t, body, "no_webrtc")
}

// What a caller of the register's interface asks for holds in the conversation.
func TestCallSettingsHold(t *testing.T) {
	st := calls.Settings{Modalities: []string{"text"}, Voice: "verse", Instructions: "Hum.", Temperature: 1.1, MaxTokens: 50}
	patch, err := patchOf(st)
	require.NoError(t, err)
	require.Equal(t, "Hum.", patch.Instructions.Value)
	require.Equal(t, []string{"text"}, patch.OutputModalities.Value)
	require.InDelta(t, 1.1, patch.Temperature.Value, 0)
	st.Temperature = calls.DefaultTemperature
	patch, err = patchOf(st)
	require.NoError(t, err)
	require.False(t, patch.Temperature.Set)
}
