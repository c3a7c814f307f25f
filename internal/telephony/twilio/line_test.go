package twilio

import (
	"context"
	"encoding/base64"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/stretchr/testify/require"

	"griot/internal/fault"
	"griot/internal/live/transport"
	"griot/internal/media"
	"griot/internal/media/mediatest"
	"griot/internal/telephony"
	"griot/internal/telephony/twiliotest"
)

func voice(d time.Duration) []byte { return media.EncodeULaw(nil, mediatest.Voice(d, 8000)) }

// Somebody calls, speaks in pieces of odd sizes, presses a key, hears the agent, interrupts, and hangs up.
func TestInbound(t *testing.T) {
	s := newStage(t, nil)
	far := s.far.Call("+33 6 11 22 33 44", "+15550001")
	v := s.conv()
	require.Equal(t, "front", v.call.Agent)
	require.Equal(t, "+33611223344", v.call.From)
	st, leg := far.Stream(), v.leg(t)
	sound := voice(time.Second)
	for n := 1; len(sound) > 0; n = n*7%611 + 1 {
		n = min(n, len(sound))
		st.Piece(sound[:n])
		sound = sound[n:]
	}
	st.Press("5#")
	v.until(t, "the caller is heard", func(v *conv) bool { return v.loud > 20 && v.keys == "5#" })

	speak(t, leg, 1, 600*time.Millisecond)
	v.until(t, "the marks come back", func(v *conv) bool {
		return len(v.heard) > 2 && v.heard[len(v.heard)-1] == transport.Heard{Gen: 1, Upto: 600 * time.Millisecond}
	})
	st.Until("the agent's voice", func(p []byte, _ int) bool { return len(p) >= 4800 })
	// Two seconds at once, then an interruption: what had been played by then counts, and the marks that come back by the clear do not.
	f := leg.Info().Out
	pcm := mediatest.Voice(media.FrameTime, f.Rate)
	for pts := time.Duration(0); pts < 2*time.Second; pts += media.FrameTime {
		require.NoError(t, leg.Play(t.Context(), 2, media.Frame{Format: f, PTS: pts, PCM: pcm}))
	}
	st.Until("some of it", func(p []byte, _ int) bool { return len(p) >= 4800+2400 })
	require.NoError(t, leg.Clear(t.Context(), 3))
	st.Until("the clear", func(_ []byte, clears int) bool { return clears == 1 })
	played := media.Mono(8000).Duration(len(st.Played()) - 4800)
	var cut transport.Heard
	v.until(t, "what was heard", func(v *conv) bool { cut = v.heard[len(v.heard)-1]; return cut.Final })
	require.Equal(t, transport.Heard{Gen: 2, Upto: cut.Upto, Final: true}, cut)
	require.InDelta(t, played.Seconds(), cut.Upto.Seconds(), 0.15)
	speak(t, leg, 3, 100*time.Millisecond)
	v.until(t, "what follows", func(v *conv) bool {
		last := v.heard[len(v.heard)-1]
		return last.Gen == 3 && last.Upto == 100*time.Millisecond
	})
	far.HangUp()
	require.Equal(t, "caller_left", v.over(t))
	c := s.ended(v.call.ID)
	require.Equal(t, telephony.Answered, c.Outcome)
	require.Equal(t, []telephony.State{telephony.Ringing, telephony.Active, telephony.Ended}, s.states(c.ID))
	require.Empty(t, s.line.Calls())
	// The same question again is not another call.
	status, body := s.far.Post(s.far.Voice, far.Params(url.Values{"CallStatus": {"ringing"}}))
	require.Equal(t, 200, status)
	require.Contains(t, body, "<Hangup>")
	require.Empty(t, s.host.opened)
}

// The agent hangs up.
func TestAgentHangsUp(t *testing.T) {
	s := newStage(t, nil)
	far := s.far.Call("+331", "+15550002")
	v := s.conv()
	require.Equal(t, "desk", v.call.Agent)
	v.leg(t)
	require.NoError(t, s.line.HangUp(t.Context(), v.call.ID, "agent_hung_up"))
	require.Equal(t, "agent_hung_up", v.over(t))
	require.Equal(t, "completed", far.Ended())
	require.Equal(t, "agent_hung_up", s.ended(v.call.ID).Reason)
	require.Equal(t, []string{"Stream"}, far.Did())
	require.NoError(t, s.line.HangUp(t.Context(), v.call.ID, "again"))
}

// Calls that cannot be taken are refused, with the reason as far as Twilio has words for it.
func TestRefused(t *testing.T) {
	s := newStage(t, nil)
	far := s.far.Call("+331", "+19999999")
	require.Equal(t, "failed", far.Ended())
	require.Equal(t, []string{"Reject"}, far.Did())
	s.host.mu.Lock()
	s.host.err = fault.New(fault.Limited, "too_many", "All lines are taken.")
	s.host.mu.Unlock()
	far = s.far.Call("+331", "+15550001")
	require.Equal(t, "busy", far.Ended())
	require.Equal(t, []string{"Reject busy"}, far.Did())
}

// An agent calls somebody, and is called off when nobody answers, whatever order and how often the callbacks come.
func TestOutbound(t *testing.T) {
	s := newStage(t, func(o *Options) { o.Hang, o.Record = true, true })
	id, err := s.line.Place(t.Context(), telephony.Order{Agent: "front", To: "+33 6 11 22 33 44", Ring: 15 * time.Second, Max: time.Minute})
	require.NoError(t, err)
	v, far := s.conv(), s.far.Placed()
	for name, want := range map[string]string{"To": "+33611223344", "From": "+15550001", "Timeout": "15", "TimeLimit": "90", "MachineDetection": "Enable", "AsyncAmd": "true", "Record": "true"} {
		require.Equal(t, want, far.Form.Get(name), name)
	}
	far.Ring()
	far.Answer()
	leg := v.leg(t)
	st := far.Stream()
	st.Speak(voice(200 * time.Millisecond))
	v.until(t, "the person is heard", func(v *conv) bool { return v.loud > 3 })
	speak(t, leg, 1, 200*time.Millisecond)
	st.Until("the agent", func(p []byte, _ int) bool { return len(p) >= 1600 })
	// What is said twice, or too late, changes nothing.
	for _, status := range []string{"ringing", "in-progress", "ringing", "initiated"} {
		code, _ := s.far.Post(far.Form.Get("StatusCallback"), far.Params(url.Values{"CallStatus": {status}, "SequenceNumber": {"1"}}))
		require.Equal(t, http.StatusNoContent, code)
	}
	c, err := s.line.Call(id)
	require.NoError(t, err)
	require.Equal(t, telephony.Active, c.State)
	far.HangUp()
	require.Equal(t, "caller_left", v.over(t))
	require.Equal(t, telephony.Answered, s.ended(id).Outcome)
	for range 2 {
		code, _ := s.far.Post(far.Form.Get("StatusCallback"), far.Params(url.Values{"CallStatus": {"completed"}}))
		require.Equal(t, http.StatusNoContent, code)
	}
	require.Equal(t, []telephony.State{telephony.Dialing, telephony.Ringing, telephony.Active, telephony.Ended}, s.states(id))
}

func TestOutcomes(t *testing.T) {
	s := newStage(t, nil)
	for _, x := range []struct {
		status, sip string
		want        telephony.Outcome
	}{{"busy", "", telephony.Busy}, {"no-answer", "487", telephony.NoAnswer}, {"canceled", "", telephony.Cancelled}, {"failed", "404", telephony.InvalidNumber}, {"failed", "603", telephony.Declined},
		{"failed", "480", telephony.Unreachable}, {"failed", "503", telephony.Congestion}, {"failed", "403", telephony.Forbidden}, {"failed", "488", telephony.Incompatible}, {"failed", "", telephony.Failed}} {
		id, err := s.line.Place(t.Context(), telephony.Order{Agent: "front", To: "+33611223344"})
		require.NoError(t, err)
		v, far := s.conv(), s.far.Placed()
		far.Ring()
		far.Refuse(x.status, x.sip)
		c := s.ended(id)
		require.Equal(t, x.want, c.Outcome, x)
		require.True(t, c.Answered.IsZero())
		require.Equal(t, string(x.want), v.over(t))
		require.True(t, v.dropped)
	}
	// Taken back before anybody answered.
	id, err := s.line.Place(t.Context(), telephony.Order{Agent: "front", To: "+33611223344"})
	require.NoError(t, err)
	far := s.far.Placed()
	require.NoError(t, s.line.HangUp(t.Context(), id, "changed_mind"))
	require.Equal(t, telephony.Cancelled, s.ended(id).Outcome)
	far.Ended()
	require.True(t, s.conv().dropped)
}

// A machine that answers is left.
func TestMachine(t *testing.T) {
	s := newStage(t, func(o *Options) { o.Hang = true })
	id, err := s.line.Place(t.Context(), telephony.Order{Agent: "front", To: "+33611223344"})
	require.NoError(t, err)
	v, far := s.conv(), s.far.Placed()
	far.Answer()
	v.leg(t)
	for _, who := range []string{"human", "machine_start", "machine_start"} {
		code, _ := s.far.Post(far.Form.Get("AsyncAmdStatusCallback"), far.Params(url.Values{"AnsweredBy": {who}}))
		require.Equal(t, http.StatusNoContent, code)
	}
	require.Equal(t, "answering_machine", v.over(t))
	require.Equal(t, "answering_machine", s.ended(id).Reason)
	require.Equal(t, "completed", far.Ended())
}

// What Twilio's API refuses is a fault with a name; too many requests are tried again, a call is never placed twice.
func TestREST(t *testing.T) {
	s := newStage(t, nil)
	order := telephony.Order{Agent: "front", To: "+33611223344"}
	place := func() error {
		_, err := s.line.Place(t.Context(), order)
		return err
	}
	for _, x := range []struct {
		fail []twiliotest.Failure
		kind fault.Kind
		asks int
	}{
		{[]twiliotest.Failure{{Status: 500, Code: 20500}}, fault.Unavailable, 1},
		{[]twiliotest.Failure{{Status: 502}}, fault.Unavailable, 1},
		{[]twiliotest.Failure{{Status: 429, Code: 20429}, {Status: 429, Code: 20429}, {Status: 429, Code: 20429}}, fault.Limited, 3},
		{[]twiliotest.Failure{{Status: 401, Code: 20003}}, fault.Denied, 1},
		{[]twiliotest.Failure{{Status: 400, Code: 21215}}, fault.Denied, 1},
		{[]twiliotest.Failure{{Status: 400, Code: 21211}}, fault.Invalid, 1},
	} {
		before := len(s.far.Requests())
		s.far.Fail(x.fail...)
		err := place()
		require.Equal(t, x.kind, fault.KindOf(err), "%v", err)
		require.Len(t, s.far.Requests(), before+x.asks, "%v", x.fail)
		v := s.conv()
		v.over(t)
		require.True(t, v.dropped)
	}
	require.Empty(t, s.line.Calls())
	s.far.Fail(twiliotest.Failure{Status: 429, Code: 20429})
	require.NoError(t, place())
	s.far.Placed().Refuse("busy", "")
	for _, to := range []string{"", "12", "call me", "sip:nobody", "sip:a@b>", "+3312345678901234567890"} {
		order.To = to
		require.Equal(t, fault.Invalid, fault.KindOf(place()), to)
	}
}

// The caller is connected with somebody who is told what it is about.
func TestTransfer(t *testing.T) {
	s := newStage(t, nil)
	s.far.Answers("+33100000000", twiliotest.Answer{Status: "completed"})
	s.far.Answers("+33200000000", twiliotest.Answer{Status: "busy"})
	far := s.far.Call("+331", "+15550001")
	v := s.conv()
	leg := v.leg(t)
	far.Stream()
	speak(t, leg, 1, 200*time.Millisecond)
	// Nobody is there: the caller is back, and the conversation goes on.
	err := s.line.Transfer(t.Context(), v.call.ID, "+33200000000")
	require.Equal(t, "transfer_refused", fault.CodeOf(err), "%v", err)
	require.Contains(t, err.Error(), "busy")
	st := far.Stream()
	st.Speak(voice(200 * time.Millisecond))
	v.until(t, "the caller who came back", func(v *conv) bool { return v.loud > 3 })
	speak(t, leg, 2, 200*time.Millisecond)
	st.Until("the agent, again", func(p []byte, _ int) bool { return len(p) >= 1600 })
	// Keys.
	require.NoError(t, s.line.SendDigits(t.Context(), v.call.ID, "12#"))
	far.Stream()
	require.Equal(t, fault.Invalid, fault.KindOf(s.line.SendDigits(t.Context(), v.call.ID, "1;2")))
	// Twilio does not take it: nothing has changed.
	s.far.Fail(twiliotest.Failure{Status: 400, Code: 21220})
	require.Error(t, s.line.Transfer(t.Context(), v.call.ID, "+33100000000"))
	// Somebody is.
	require.NoError(t, s.line.Brief(t.Context(), v.call.ID, "+33100000000", "Madame Diop asks about <her> bill."))
	require.Equal(t, "transferred", v.over(t))
	require.Equal(t, "transferred", s.ended(v.call.ID).Reason)
	far.CalleeHangsUp()
	require.Equal(t, "completed", far.Ended())
	require.Equal(t, []string{"Stream", "Dial +33200000000", "Stream", "Play 12#", "Stream", "Dial +33100000000", "Say to callee: Madame Diop asks about <her> bill.", "Hangup"}, far.Did())
	require.Equal(t, fault.NotFound, fault.KindOf(s.line.Transfer(t.Context(), v.call.ID, "+33100000000")))
}

// Who asked for a transfer waits no more; somebody answers all the same, and the conversation is over.
func TestTransferAnsweredLate(t *testing.T) {
	s := newStage(t, nil)
	hold := make(chan struct{})
	s.far.Answers("+33100000000", twiliotest.Answer{Status: "completed", After: hold})
	far := s.far.Call("+331", "+15550001")
	v := s.conv()
	v.leg(t)
	far.Stream()
	ctx, cancel := context.WithCancel(t.Context())
	gaveUp := make(chan error, 1)
	go func() { gaveUp <- s.line.Transfer(ctx, v.call.ID, "+33100000000") }()
	far.Until("Dial +33100000000")
	cancel()
	require.ErrorIs(t, <-gaveUp, context.Canceled)
	close(hold)
	require.Equal(t, "transferred", v.over(t))
	far.CalleeHangsUp()
	require.Equal(t, "completed", far.Ended())
}

// Text messages, in and out; what comes twice counts once.
func TestTexts(t *testing.T) {
	s := newStage(t, nil)
	require.NoError(t, s.line.SendText(t.Context(), telephony.Text{To: "+33 611", Body: "Bonjour é"}))
	require.Equal(t, "Bonjour é", s.far.Texts()[0].Body)
	require.Equal(t, "+15550001", s.far.Texts()[0].From)
	require.Equal(t, fault.Invalid, fault.KindOf(s.line.SendText(t.Context(), telephony.Text{To: "+33611", Body: strings.Repeat("x", 1601)})))
	sid := s.far.Text("+33611", "+15550001", "Merci & au revoir")
	form := url.Values{"MessageSid": {sid}, "AccountSid": {s.far.Account}, "From": {"+33611"}, "To": {"+15550001"}, "Body": {"again"}}
	code, _ := s.far.Post(s.far.TextHook, form)
	require.Equal(t, 200, code)
	require.Equal(t, []Message{{SID: sid, Tenant: "default", Agent: "front", From: "+33611", To: "+15550001", Body: "Merci & au revoir"}}, s.texts)
	delivered := url.Values{"MessageSid": {s.far.Texts()[0].SID}, "MessageStatus": {"delivered"}, "AccountSid": {s.far.Account}}
	for range 2 {
		s.far.Post(s.far.Texts()[0].StatusCallback, delivered)
	}
	require.Len(t, s.delivers, 1)
}

// What is not signed by Twilio is not believed.
func TestForged(t *testing.T) {
	s := newStage(t, nil)
	form := url.Values{"CallSid": {twiliotest.SID("CA")}, "AccountSid": {s.far.Account}, "From": {"+331"}, "To": {"+15550001"}, "CallStatus": {"ringing"}}
	good := s.far.Sign(s.far.Voice, form)
	try := func(want int, address, signature string, change url.Values) {
		t.Helper()
		f := url.Values{}
		for k, v := range form {
			f[k] = v
		}
		for k, v := range change {
			f[k] = v
		}
		got, _ := s.far.PostSigned(address, f, signature)
		require.Equal(t, want, got)
	}
	try(403, s.far.Voice, "", nil)
	try(403, s.far.Voice, base64.StdEncoding.EncodeToString([]byte("nonsense")), nil)
	try(403, s.far.Voice, good, url.Values{"To": {"+15550002"}})
	try(403, s.far.Voice+"?x=1", good, nil)
	try(403, s.far.Status, good, nil)
	other := url.Values{"AccountSid": {twiliotest.SID("AC")}}
	f := url.Values{"CallSid": form["CallSid"], "AccountSid": other["AccountSid"], "From": form["From"], "To": form["To"], "CallStatus": form["CallStatus"]}
	try(403, s.far.Voice, s.far.Sign(s.far.Voice, f), other)
	require.Empty(t, s.host.opened)

	media := "ws" + strings.TrimPrefix(strings.TrimSuffix(s.far.Voice, "voice"), "http") + "media"
	_, res, err := websocket.Dial(t.Context(), media, nil)
	require.Error(t, err)
	require.Equal(t, 403, res.StatusCode)
}

// Streams that nobody expects are closed with status 1008, and take no call.
func TestStrangeStreams(t *testing.T) {
	s := newStage(t, nil)
	media := "ws" + strings.TrimPrefix(strings.TrimSuffix(s.far.Voice, "voice"), "http") + "media"
	connected := `{"event":"connected","protocol":"Call","version":"1.0.0"}`
	start := func(account, call, token, encoding string) string {
		return `{"event":"start","sequenceNumber":"1","streamSid":"MZ1","start":{"streamSid":"MZ1","accountSid":"` + account + `","callSid":"CA1","tracks":["inbound"],"customParameters":{"call":"` + call + `","token":"` + token +
			`"},"mediaFormat":{"encoding":"` + encoding + `","sampleRate":8000,"channels":1}}}`
	}
	for name, messages := range map[string][]string{
		"media before start":  {connected, `{"event":"media","streamSid":"MZ1","media":{"payload":"//8="}}`},
		"no connected":        {start(s.far.Account, "x", "y", "audio/x-mulaw")},
		"no JSON":             {connected, `start`},
		"another codec":       {connected, start(s.far.Account, "x", "y", "audio/opus")},
		"an unknown call":     {connected, start(s.far.Account, "tel_x", "y", "audio/x-mulaw")},
		"stop without a word": {`{"event":"stop","streamSid":"MZ1"}`},
	} {
		conn, res, err := s.far.Dial(t.Context(), media)
		require.NoError(t, err, name)
		_ = res
		for _, m := range messages {
			require.NoError(t, conn.Write(t.Context(), websocket.MessageText, []byte(m)), name)
		}
		_, _, err = conn.Read(t.Context())
		require.Equal(t, websocket.StatusPolicyViolation, websocket.CloseStatus(err), "%s: %v", name, err)
	}
	require.Empty(t, s.host.opened)
}

// A connection that breaks without a stop ends the call, and the record says why.
func TestBroken(t *testing.T) {
	s := newStage(t, nil)
	far := s.far.Call("+331", "+15550001")
	v := s.conv()
	v.leg(t)
	far.Stream().Break()
	require.Equal(t, "caller_left", v.over(t))
	require.Equal(t, "media_lost", fault.CodeOf(v.err))
	require.Equal(t, "completed", far.Ended())
}

// The line closes while calls go on, and while others are rung.
func TestClose(t *testing.T) {
	s := newStage(t, nil)
	far := s.far.Call("+331", "+15550001")
	v := s.conv()
	v.leg(t)
	far.Stream()
	_, err := s.line.Place(t.Context(), telephony.Order{Agent: "front", To: "+33611223344"})
	require.NoError(t, err)
	other := s.conv()
	ringing := s.far.Placed()
	require.NoError(t, s.line.Close())
	require.Equal(t, "shutdown", v.over(t))
	require.Equal(t, "shutdown", other.over(t))
	far.Ended()
	ringing.Ended()
	_, err = s.line.Place(t.Context(), telephony.Order{Agent: "front", To: "+33611223344"})
	require.Equal(t, fault.Unavailable, fault.KindOf(err))
}

// The vectors of Twilio's documentation.
func TestSignature(t *testing.T) {
	form := url.Values{"CallSid": {"CA1234567890ABCDE"}, "Caller": {"+14158675310"}, "Digits": {"1234"}, "From": {"+14158675310"}, "To": {"+18005551212"}}
	require.Equal(t, "L/OH5YylLD5NRKLltdqwSvS0BnU=", Sign("12345", "https://example.com/myapp.php?foo=1&bar=2", form))
	require.True(t, Verify("12345", "https://mycompany.com:443/myapp.php?foo=1&bar=2", form, "GvWf1cFY/Q7PnoempGyD5oXAezc="))
	require.True(t, Verify("12345", "wss://example.com/media", nil, "T+WBXwUXC0/CyoZ1DA+p9ilZORs="))
	require.False(t, Verify("12346", "wss://example.com/media", nil, "T+WBXwUXC0/CyoZ1DA+p9ilZORs="))
	body := `{"property": "value", "boolean": true}`
	address := "https://mycompany.com/myapp.php?foo=1&bar=2&bodySHA256=0a1ff7634d9ab3b95db5c9a2dfe9416e41502b283a80c7cf19632632f96e6620"
	require.True(t, VerifyBody("12345", address, []byte(body), "a9nBmqA0ju/hNViExpshrM61xv4="))
	require.False(t, VerifyBody("12345", address, []byte(body+" "), "a9nBmqA0ju/hNViExpshrM61xv4="))
}
