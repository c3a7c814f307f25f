package webcall_test

import (
	"bytes"
	"encoding/json"
	"mime/multipart"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/stretchr/testify/require"

	"griot/internal/live/transport/webrtc"
	"griot/internal/live/transport/webrtc/webrtctest"
	"griot/internal/live/webcall"
	"griot/internal/provider/fake"
)

// failure checks an answer that is an error in the protocol's shape.
func failure(t *testing.T, a answered, status int, code, param string) {
	t.Helper()
	require.Equal(t, status, a.status, "%s", a.body)
	var body struct {
		Error struct {
			Message, Type, Code string
			Param               *string
		}
	}
	require.NoError(t, json.Unmarshal([]byte(a.body), &body), "%s", a.body)
	require.Equal(t, code, body.Error.Code)
	require.NotEmpty(t, body.Error.Message)
	if param != "" {
		require.NotNil(t, body.Error.Param, "%s", a.body)
		require.Equal(t, param, *body.Error.Param)
	}
	require.Equal(t, "application/json", a.header.Get("Content-Type"))
	require.Equal(t, "*", a.header.Get("Access-Control-Allow-Origin"))
}

// form is an offer with a session, as clients with a key send it.
func form(t *testing.T, sdp, session string) (kind, body string) {
	t.Helper()
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	require.NoError(t, w.WriteField("sdp", sdp))
	if session != "" {
		require.NoError(t, w.WriteField("session", session))
	}
	require.NoError(t, w.Close())
	return w.FormDataContentType(), b.String()
}

var narrow = webrtctest.Options{Codec: "pcmu"}

// An offer comes raw, as a form, as JSON, or at the beta's address; the session and the agent come with it.
func TestWaysToOffer(t *testing.T) {
	s := newStage(t, setup{answers: []fake.Answer{{Text: "Hello."}}})
	session := `{"type":"realtime","model":"agent:test","instructions":"Sing.","audio":{"output":{"voice":"marin"},"input":{"turn_detection":null}}}`
	for name, c := range map[string]struct {
		path  string
		send  func(offer string) (kind, body string)
		where string
		text  string
	}{
		"raw":     {"/v1/realtime/calls?model=test", func(o string) (string, string) { return "application/sdp", o }, "/v1/realtime/calls/rtc_", "Be brief."},
		"no type": {"/v1/realtime/calls?model=test", func(o string) (string, string) { return "", o }, "/v1/realtime/calls/rtc_", "Be brief."},
		"form":    {"/v1/realtime/calls", func(o string) (string, string) { return form(t, o, session) }, "/v1/realtime/calls/rtc_", "Sing."},
		"Azure":   {"/openai/v1/realtime/calls?webrtcfilter=off", func(o string) (string, string) { return form(t, o, session) }, "/openai/v1/realtime/calls/rtc_", "Sing."},
		"JSON": {"/v1/realtime/calls", func(o string) (string, string) {
			return "application/json; charset=utf-8", `{"sdp":` + quoted(o) + `,"session":` + session + `}`
		}, "/v1/realtime/calls/rtc_", "Sing."},
		"as the beta": {"/v1/realtime?model=agent:test", func(o string) (string, string) { return "application/sdp", o }, "/v1/realtime/calls/rtc_", "Be brief."},
	} {
		t.Run(name, func(t *testing.T) {
			client := webrtctest.New(t, narrow)
			kind, body := c.send(client.Offer())
			a := s.request("POST", c.path, kind, body, "Origin", "https://page.example")
			require.Equal(t, http.StatusCreated, a.status, "%s", a.body)
			require.True(t, strings.HasPrefix(a.header.Get("Location"), c.where), a.header.Get("Location"))
			require.Equal(t, "*", a.header.Get("Access-Control-Allow-Origin"))
			require.Equal(t, "Location", a.header.Get("Access-Control-Expose-Headers"))
			client.Accept(a.body)
			require.Equal(t, c.text, client.Wait("session.created").Str("session", "instructions"))
			require.Len(t, s.calls.List(), 1)
			require.Equal(t, http.StatusOK, s.request("POST", a.header.Get("Location")+"/hangup", "", "").status)
			require.Empty(t, s.calls.List())
		})
	}
}

// A page behind Azure's filter sees the conversation, and neither the agent's instructions nor its tools.
func TestFilteredChannel(t *testing.T) {
	s := newStage(t, setup{answers: []fake.Answer{{Text: "Yes, I hear you."}}})
	client := webrtctest.New(t, narrow)
	a := s.request("POST", "/openai/v1/realtime/calls?model=test&webrtcfilter=on", "application/sdp", client.Offer())
	require.Equal(t, http.StatusCreated, a.status, "%s", a.body)
	client.Accept(a.body)
	<-client.Open
	client.Send(`{"type":"response.create"}`)
	client.Wait("response.output_audio_transcript.done")
	client.Send(`{"type":"nonsense"}`)
	client.Wait("error")
	for _, e := range client.Events() {
		require.NotContains(t, string(e.Raw), "Be brief.", e.Type)
		require.NotContains(t, []string{"session.created", "response.created", "response.done", "conversation.item.added"}, e.Type)
	}
}

func quoted(s string) string {
	b, err := json.Marshal(s)
	if err != nil {
		panic(err)
	}
	return string(b)
}

// What is wrong with a request is said, and opens no conversation.
func TestRefusals(t *testing.T) {
	s := newStage(t, setup{})
	offer := webrtctest.New(t, narrow).Offer()
	silent := webrtctest.New(t, webrtctest.Options{Codec: "pcmu", NoMic: true}).Offer()
	silent = silent[:strings.Index(silent, "m=audio")] + silent[strings.Index(silent, "m=application"):]
	kind, withSession := form(t, offer, `{"type":"realtime","model":"test","colour":"red"}`)
	kind2, badVoice := form(t, offer, `{"model":"test","audio":{"output":{"voice":"nobody"}}}`)
	kind3, noSession := form(t, offer, `[]`)
	for name, c := range map[string]struct {
		path, kind, body string
		status           int
		code, param      string
	}{
		"garbage":          {"/v1/realtime/calls?model=test", "application/sdp", "nonsense", 400, "invalid_sdp", "sdp"},
		"nothing":          {"/v1/realtime/calls?model=test", "application/sdp", "", 400, "invalid_sdp", "sdp"},
		"no audio":         {"/v1/realtime/calls?model=test", "application/sdp", silent, 400, "sdp_without_audio", "sdp"},
		"no model":         {"/v1/realtime/calls", "application/sdp", offer, 400, "missing_required_parameter", "model"},
		"no such agent":    {"/v1/realtime/calls?model=nobody", "application/sdp", offer, 404, "agent_not_found", "agent"},
		"another type":     {"/v1/realtime/calls?model=test", "image/png", offer, 400, "invalid_content_type", ""},
		"a broken form":    {"/v1/realtime/calls?model=test", "multipart/form-data; boundary=x", "--x\r\nnonsense", 400, "invalid_request", ""},
		"no boundary":      {"/v1/realtime/calls?model=test", "multipart/form-data", offer, 400, "invalid_request", ""},
		"broken JSON":      {"/v1/realtime/calls?model=test", "application/json", "{", 400, "invalid_json", ""},
		"too long":         {"/v1/realtime/calls?model=test", "application/sdp", strings.Repeat("x", 2<<20), 400, "request_too_large", ""},
		"a foreign field":  {"/v1/realtime/calls", kind, withSession, 400, "unknown_parameter", "session.colour"},
		"a foreign voice":  {"/v1/realtime/calls", kind2, badVoice, 400, "invalid_value", "session.audio.output.voice"},
		"no session":       {"/v1/realtime/calls?model=test", kind3, noSession, 400, "invalid_value", ""},
		"unknown call":     {"/v1/realtime/calls/rtc_0/hangup", "", "", 404, "call_not_found", "call_id"},
		"unknown restart":  {"/v1/realtime/calls/rtc_0/restart", "application/sdp", offer, 404, "call_not_found", "call_id"},
		"unknown accept":   {"/v1/realtime/calls/rtc_0/accept", "application/json", "{}", 404, "call_not_found", "call_id"},
		"unknown address":  {"/v1/realtime/nothing", "", "", 404, "unknown_url", ""},
		"a life too short": {"/v1/realtime/client_secrets", "application/json", `{"expires_after":{"anchor":"created_at","seconds":9}}`, 400, "invalid_value", "expires_after.seconds"},
		"a life too long":  {"/v1/realtime/client_secrets", "application/json", `{"expires_after":{"seconds":7201}}`, 400, "invalid_value", "expires_after.seconds"},
		"another anchor":   {"/v1/realtime/client_secrets", "application/json", `{"expires_after":{"anchor":"now","seconds":60}}`, 400, "invalid_value", "expires_after.anchor"},
		"a wrong session":  {"/v1/realtime/client_secrets", "application/json", `{"session":{"type":"realtime","output_modalities":["smell"]}}`, 400, "invalid_value", "session.output_modalities"},
	} {
		t.Run(name, func(t *testing.T) {
			failure(t, s.request("POST", c.path, c.kind, c.body), c.status, c.code, c.param)
			require.Empty(t, s.calls.List())
		})
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	require.Empty(t, s.book)
	require.Len(t, s.opened, 2, "the two whose agent had to be asked for")
	require.Equal(t, []string{"refused"}, s.closed)
}

// A page of any site may ask what it may do.
func TestPreflight(t *testing.T) {
	s := newStage(t, setup{})
	for _, path := range []string{"/v1/realtime/calls", "/v1/realtime", "/openai/v1/realtime/client_secrets"} {
		a := s.request("OPTIONS", path, "", "", "Origin", "https://page.example", "Access-Control-Request-Method", "POST", "Access-Control-Request-Headers", "authorization,content-type,x-stainless-os")
		require.Equal(t, http.StatusNoContent, a.status)
		require.Equal(t, "*", a.header.Get("Access-Control-Allow-Origin"))
		require.Contains(t, a.header.Get("Access-Control-Allow-Headers"), "x-stainless-os")
		require.Contains(t, a.header.Get("Access-Control-Allow-Methods"), "POST")
	}
	require.Contains(t, s.request("OPTIONS", "/v1/realtime/calls", "", "").header.Get("Access-Control-Allow-Headers"), "X-OpenAI-Agents-SDK")
}

// A client secret holds the session that its maker wished, opens calls and WebSockets until it expires, and makes no others.
func TestClientSecrets(t *testing.T) {
	s := newStage(t, setup{})
	a := s.request("POST", "/v1/realtime/client_secrets", "application/json", `{"expires_after":{"anchor":"created_at","seconds":7200},"session":{"type":"realtime","model":"agent:test","instructions":"Sing."}}`)
	require.Equal(t, http.StatusOK, a.status, "%s", a.body)
	var minted struct {
		Value     string
		ExpiresAt int64 `json:"expires_at"`
		Session   struct {
			Type, Object, ID, Model, Instructions string
			ExpiresAt                             int64    `json:"expires_at"`
			OutputModalities                      []string `json:"output_modalities"`
		}
	}
	require.NoError(t, json.Unmarshal([]byte(a.body), &minted))
	require.Regexp(t, `^ek_[0-9a-f]{48}$`, minted.Value)
	require.InDelta(t, time.Now().Unix()+7200, minted.ExpiresAt, 5)
	require.Equal(t, "realtime", minted.Session.Type)
	require.Equal(t, "realtime.session", minted.Session.Object)
	require.Regexp(t, `^sess_`, minted.Session.ID)
	require.Equal(t, "agent:test", minted.Session.Model)
	require.Zero(t, minted.Session.ExpiresAt)
	require.Equal(t, []string{"audio"}, minted.Session.OutputModalities)

	for range 2 { // as often as one likes
		c := webrtctest.New(t, narrow)
		call := s.request("POST", "/v1/realtime/calls", "application/sdp", c.Offer(), "Authorization", "Bearer "+minted.Value)
		require.Equal(t, http.StatusCreated, call.status, "%s", call.body)
		c.Accept(call.body)
		require.Equal(t, "Sing.", c.Wait("session.created").Str("session", "instructions"))
	}
	conn, resp, err := websocket.Dial(t.Context(), s.server.URL+"/v1/realtime", &websocket.DialOptions{Subprotocols: []string{"realtime", "openai-insecure-api-key." + minted.Value}})
	require.NoError(t, err)
	defer conn.CloseNow()
	require.Equal(t, "realtime", resp.Header.Get("Sec-WebSocket-Protocol"))
	require.Equal(t, "Sing.", next(t, conn, "session.created").Str("session", "instructions"))

	failure(t, s.request("POST", "/v1/realtime/client_secrets", "application/json", `{}`, "Authorization", "Bearer "+minted.Value), 403, "secret_cannot_mint", "")
	forged := s.request("POST", "/v1/realtime/calls", "application/sdp", webrtctest.New(t, narrow).Offer(), "Authorization", "Bearer ek_0")
	failure(t, forged, 400, "missing_required_parameter", "model") // whether it may come in was decided before; it stands for nothing

	require.Equal(t, http.StatusOK, s.request("POST", "/v1/realtime/client_secrets", "", "").status, "everything may be left out")

	beta := s.request("POST", "/v1/realtime/sessions", "application/json", `{"model":"agent:test","voice":"verse","modalities":["text"],"input_audio_format":"g711_ulaw","temperature":0.8,"instructions":"Hum."}`)
	require.Equal(t, http.StatusOK, beta.status, "%s", beta.body)
	var old struct {
		Voice, Model, Instructions string
		Modalities                 []string
		Input                      string `json:"input_audio_format"`
		Secret                     struct {
			Value     string
			ExpiresAt int64 `json:"expires_at"`
		} `json:"client_secret"`
	}
	require.NoError(t, json.Unmarshal([]byte(beta.body), &old))
	require.Equal(t, "verse", old.Voice)
	require.Equal(t, []string{"text"}, old.Modalities)
	require.Equal(t, "g711_ulaw", old.Input)
	require.InDelta(t, time.Now().Unix()+60, old.Secret.ExpiresAt, 5)
	c := webrtctest.New(t, narrow)
	call := s.request("POST", "/v1/realtime", "application/sdp", c.Offer(), "Authorization", "Bearer "+old.Secret.Value)
	require.Equal(t, http.StatusCreated, call.status, "%s", call.body)
	c.Accept(call.body)
	created := c.Wait("session.created")
	require.Equal(t, "Hum.", created.Str("session", "instructions"))
	require.Equal(t, "verse", created.Str("session", "voice"), "who asked for the secret in the beta's words is answered in them")

	wrong := s.request("POST", "/v1/realtime/sessions", "application/json", `{"voice":5}`)
	failure(t, wrong, 400, "invalid_value", "session.voice")
	asked := webrtctest.New(t, narrow)
	call = s.request("POST", "/v1/realtime?model=agent:test", "application/sdp", asked.Offer(), "OpenAI-Beta", "realtime=v1")
	require.Equal(t, http.StatusCreated, call.status, "%s", call.body)
	asked.Accept(call.body)
	require.Equal(t, "pcm16", asked.Wait("session.created").Str("session", "output_audio_format"))
}

// next returns the next event of a type from a WebSocket.
func next(t *testing.T, conn *websocket.Conn, typ string) webrtctest.Event {
	t.Helper()
	for {
		_, raw, err := conn.Read(t.Context())
		require.NoError(t, err)
		if e := (webrtctest.Event{Raw: raw}); e.Str("type") == typ {
			return e
		}
	}
}

// A second controller on a WebSocket sees the call's events, and may do what its caller may; the end of the call ends it.
func TestSideChannel(t *testing.T) {
	s := newStage(t, setup{answers: []fake.Answer{{Text: "Good day."}}})
	c, a := s.dial(narrow)
	c.Wait("session.created")
	id := strings.TrimPrefix(a.header.Get("Location"), "/v1/realtime/calls/")
	conn, _, err := websocket.Dial(t.Context(), s.server.URL+"/v1/realtime?call_id="+id, &websocket.DialOptions{Subprotocols: []string{"realtime"}})
	require.NoError(t, err)
	defer conn.CloseNow()
	require.NoError(t, conn.Write(t.Context(), websocket.MessageText, []byte(`{"type":"session.update","session":{"type":"realtime","instructions":"From the side."}}`)))
	_, raw, err := conn.Read(t.Context())
	require.NoError(t, err)
	first := webrtctest.Event{Raw: raw}
	require.Equal(t, "session.updated", first.Str("type"), "no session.created comes here")
	require.Equal(t, "From the side.", c.Wait("session.updated").Str("session", "instructions"))
	require.NoError(t, conn.Write(t.Context(), websocket.MessageText, []byte(`{"type":"response.create"}`)))
	since := time.Now()
	response := next(t, conn, "output_audio_buffer.started").Str("response_id")
	c.WaitSound(since.Add(-time.Second))
	require.Equal(t, response, next(t, conn, "output_audio_buffer.stopped").Str("response_id"))
	c.Wait("output_audio_buffer.stopped")
	require.Equal(t, "From the side.", s.llm.Requests()[0].System)

	require.Equal(t, http.StatusBadRequest, s.request("POST", a.header.Get("Location")+"/refer", "application/json", "{}").status, "it is no telephone call")
	call, err := s.calls.Get(id)
	require.NoError(t, err)
	require.Equal(t, webcall.Connected, call.Info().State)
	require.Equal(t, "pcmu", call.Stats().Codec)
	require.NoError(t, call.HangUp(t.Context(), "hung_up"))
	_, _, err = conn.Read(t.Context())
	require.Equal(t, websocket.StatusNormalClosure, websocket.CloseStatus(err), "%v", err)
	<-c.Closed
	require.Equal(t, webcall.Ended, call.Info().State)
	require.Equal(t, "hung_up", call.Info().Reason)

	_, resp, err := websocket.Dial(t.Context(), s.server.URL+"/v1/realtime?call_id="+id, nil)
	require.Error(t, err)
	require.Equal(t, http.StatusNotFound, resp.StatusCode)
}

// A caller whose network changes is answered again, and the call goes on.
func TestRestartOverHTTP(t *testing.T) {
	s := newStage(t, setup{answers: []fake.Answer{{Text: "Still here."}}})
	c, a := s.dial(narrow)
	again := s.request("POST", a.header.Get("Location")+"/restart", "application/sdp", c.RestartOffer())
	require.Equal(t, http.StatusOK, again.status, "%s", again.body)
	require.Equal(t, "application/sdp", again.header.Get("Content-Type"))
	c.Accept(again.body)
	since := time.Now()
	c.Send(`{"type":"response.create"}`)
	c.WaitSound(since)
	failure(t, s.request("POST", a.header.Get("Location")+"/restart", "application/sdp", "nonsense"), 400, "invalid_sdp", "sdp")
	failure(t, s.request("POST", a.header.Get("Location")+"/restart", "image/png", "nonsense"), 400, "invalid_content_type", "")
}

// A caller that never connects is let go, and its conversation's record closed; one that leaves ends the call, one that is hung up on early too.
func TestCallsThatDoNotBegin(t *testing.T) {
	s := newStage(t, setup{options: webcall.Options{Connect: 200 * time.Millisecond}})
	never := s.request("POST", "/v1/realtime/calls?model=test", "application/sdp", webrtctest.New(t, narrow).Offer())
	require.Equal(t, http.StatusCreated, never.status)
	for _, c := range s.calls.List() {
		<-c.Done()
		require.Equal(t, "never_connected", c.Info().Reason)
	}
	c, _ := s.dial(narrow)
	c.Wait("session.created")
	c.HangUp()
	for _, c := range s.calls.List() {
		<-c.Done()
		require.Equal(t, "caller_left", c.Info().Reason)
	}
	early := s.request("POST", "/v1/realtime/calls?model=test", "application/sdp", webrtctest.New(t, narrow).Offer())
	require.Equal(t, http.StatusOK, s.request("POST", early.header.Get("Location")+"/hangup", "", "").status)
	s.mu.Lock()
	require.Equal(t, []string{"never_connected", "caller_left", "client_closed"}, s.closed)
	require.Equal(t, []string{"begin connecting", "over never_connected", "begin connecting", "connected 0123456789abcdef", "over caller_left", "begin connecting", "over client_closed"}, s.book)
	s.mu.Unlock()
	s.calls.Close()
	failure(t, s.request("POST", "/v1/realtime/calls?model=test", "application/sdp", webrtctest.New(t, narrow).Offer()), 503, "stopping", "")
}

// A caller without a channel, or without a microphone, is greeted all the same.
func TestCallsThatLackSomething(t *testing.T) {
	s := newStage(t, setup{greet: "Good morning."})
	c, _ := s.dial(webrtctest.Options{Codec: "pcma", NoChannel: true})
	c.WaitSound(time.Time{})
	d, _ := s.dial(webrtctest.Options{Codec: "pcmu", NoMic: true})
	d.Wait("output_audio_buffer.stopped")
	require.NotEmpty(t, d.Heard(time.Time{}))
}

// Pages are told of the relay, with a password that expires.
func TestICEServers(t *testing.T) {
	s := newStage(t, setup{turn: webrtc.TURN{URLs: []string{"turn:relay.example:3478"}, Secret: "north", Life: time.Hour}})
	a := s.request("GET", "/v1/realtime/ice_servers?username=ali:ce", "", "")
	require.Equal(t, http.StatusOK, a.status)
	var body struct {
		ICEServers []webrtc.ICEServer `json:"iceServers"`
		ExpiresAt  int64              `json:"expires_at"`
		TTL        int
		Username   string
		Password   string
		URIs       []string
	}
	require.NoError(t, json.Unmarshal([]byte(a.body), &body))
	require.InDelta(t, time.Now().Unix()+3600, body.ExpiresAt, 5)
	name, password := webrtc.Credentials("north", "alice", time.Unix(body.ExpiresAt, 0))
	require.Equal(t, []webrtc.ICEServer{{URLs: []string{"turn:relay.example:3478"}, Username: name, Credential: password}}, body.ICEServers)
	require.Equal(t, name, body.Username)
	require.Equal(t, password, body.Password)
	require.Equal(t, body.ICEServers[0].URLs, body.URIs)
	require.Equal(t, 3600, body.TTL)

	none := newStage(t, setup{})
	require.Contains(t, none.request("GET", "/openai/v1/realtime/ice_servers", "", "").body, `"iceServers":[]`)
}

// Client secrets of transcription sessions, in the words of GA and of the beta: only the input, and no model.
func TestTranscriptionSecrets(t *testing.T) {
	s := newStage(t, setup{})
	a := s.request("POST", "/v1/realtime/client_secrets", "application/json", `{"session":{"type":"transcription","audio":{"input":{"transcription":{"model":"gpt-4o-transcribe","language":"fr"},"turn_detection":null}}}}`)
	require.Equal(t, http.StatusOK, a.status, a.body)
	var minted struct {
		Value   string
		Session map[string]any
	}
	require.NoError(t, json.Unmarshal([]byte(a.body), &minted))
	require.True(t, strings.HasPrefix(minted.Value, "ek_"))
	require.Equal(t, "transcription", minted.Session["type"])
	require.Equal(t, "realtime.transcription_session", minted.Session["object"])
	require.NotContains(t, minted.Session, "model")
	require.NotContains(t, minted.Session, "instructions")
	failure(t, s.request("POST", "/v1/realtime/client_secrets", "application/json", `{"session":{"type":"transcription","model":"gpt-4o-transcribe"}}`), 400, "unknown_parameter", "session.model")
	failure(t, s.request("POST", "/v1/realtime/client_secrets", "application/json", `{"session":{"type":"transcription","audio":{"output":{"speed":1.2}}}}`), 400, "unknown_parameter", "session.audio.output")

	beta := s.request("POST", "/v1/realtime/transcription_sessions", "application/json", `{"input_audio_format":"g711_ulaw","modalities":["text"],"input_audio_transcription":{"model":"whisper-1","language":"en"},
		"turn_detection":{"type":"server_vad","silence_duration_ms":700},"include":["item.input_audio_transcription.logprobs"]}`)
	require.Equal(t, http.StatusOK, beta.status, beta.body)
	var shown struct {
		Object string
		Format string `json:"input_audio_format"`
		Turns  struct {
			Silence int `json:"silence_duration_ms"`
		} `json:"turn_detection"`
		Words  struct{ Model, Language string } `json:"input_audio_transcription"`
		Secret struct {
			Value   string
			Expires int64 `json:"expires_at"`
		} `json:"client_secret"`
	}
	require.NoError(t, json.Unmarshal([]byte(beta.body), &shown))
	require.Equal(t, "realtime.transcription_session", shown.Object)
	require.Equal(t, "g711_ulaw", shown.Format)
	require.Equal(t, 700, shown.Turns.Silence)
	require.Equal(t, "whisper-1", shown.Words.Model)
	require.InDelta(t, time.Now().Add(time.Minute).Unix(), shown.Secret.Expires, 3)
	require.Equal(t, http.StatusOK, s.request("POST", "/v1/realtime/transcription_sessions", "", "").status, "everything may be left out")

	for _, value := range []string{minted.Value, shown.Secret.Value} {
		refused := s.request("GET", "/v1/realtime?model=agent:test", "", "", "Authorization", "Bearer "+value)
		require.Equal(t, http.StatusBadRequest, refused.status)
		require.Contains(t, refused.body, `"code":"invalid_model"`)
	}
}

// Client secrets of translation sessions: they open those and nothing else, and no other opens one.
func TestTranslationSecrets(t *testing.T) {
	s := newStage(t, setup{})
	const path = "/v1/realtime/translations/client_secrets"
	a := s.request("POST", path, "application/json", `{"expires_after":{"anchor":"created_at","seconds":60},"session":{"model":"gpt-realtime-translate","audio":{"output":{"language":"es"},"input":{"noise_reduction":{"type":"near_field"}}}}}`)
	require.Equal(t, http.StatusOK, a.status, a.body)
	var minted struct {
		Value   string
		Expires int64 `json:"expires_at"`
		Session json.RawMessage
	}
	require.NoError(t, json.Unmarshal([]byte(a.body), &minted))
	require.InDelta(t, time.Now().Add(time.Minute).Unix(), minted.Expires, 3)
	var shown map[string]any
	require.NoError(t, json.Unmarshal(minted.Session, &shown))
	require.Equal(t, "translation", shown["type"])
	require.Equal(t, "gpt-realtime-translate", shown["model"])
	require.Equal(t, map[string]any{"input": map[string]any{"noise_reduction": map[string]any{"type": "near_field"}, "transcription": nil}, "output": map[string]any{"language": "es"}}, shown["audio"])

	for _, c := range [][3]string{
		{`{"session":{"audio":{"output":{"language":"not a language"}}}}`, "invalid_value", "session.audio.output.language"},
		{`{"session":{"type":"realtime"}}`, "invalid_value", "session.type"},
		{`{"session":{"instructions":"x"}}`, "unknown_parameter", "session.instructions"},
		{`{"expires_after":{"seconds":1}}`, "invalid_value", "expires_after.seconds"},
	} {
		failure(t, s.request("POST", path, "application/json", c[0]), 400, c[1], c[2])
	}
	failure(t, s.request("POST", path, "application/json", `{}`, "Authorization", "Bearer "+minted.Value), 403, "secret_cannot_mint", "")

	other := s.request("POST", "/v1/realtime/client_secrets", "", "")
	var conversation struct{ Value string }
	require.NoError(t, json.Unmarshal([]byte(other.body), &conversation))
	for address, key := range map[string]string{"/v1/realtime?model=agent:test": minted.Value, "/v1/realtime/translations?model=x": conversation.Value} {
		refused := s.request("GET", address, "", "", "Authorization", "Bearer "+key)
		require.Equal(t, http.StatusBadRequest, refused.status, address)
		require.Contains(t, refused.body, `"code":"invalid_model"`)
	}
}
