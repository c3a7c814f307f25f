package app

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"griot/internal/config"
	"griot/internal/media"
	"griot/internal/media/mediatest"
	"griot/internal/telephony/twiliotest"
)

// phoneCall is a call as the API shows it.
type dialled struct {
	ID, Carrier, Trunk, Direction, From, To, Agent, State, Outcome, Reason string
	CarrierID                                                              string `json:"carrier_id"`
	Conversation                                                           string `json:"conversation_id"`
}

// ended waits until a call is over in the history.
func (b *browser) ended(id string) (c dialled) {
	b.s.t.Helper()
	require.Eventually(b.s.t, func() bool {
		b.do("GET", "/api/phone/calls/"+id, nil).ok(&c)
		return c.State == "ended"
	}, 20*time.Second, 20*time.Millisecond)
	return c
}

// A person has an agent call somebody, sees the call, presses keys, transfers and ends calls, and finds them in the history with the carrier's names, as conversations of the channel.
func TestCallsOfThePage(t *testing.T) {
	s, far := twilioed(t, nil)
	p := s.browser()
	var c dialled
	p.do("POST", "/api/phone/calls", map[string]any{"agent": "front", "to": "+33 6 11 22 33 44", "max_seconds": 600, "ring_seconds": 30}).ok(&c)
	require.Equal(t, []string{"twilio", "outbound", "+15550001", "+33611223344", "front"}, []string{c.Carrier, c.Direction, c.From, c.To, c.Agent})
	call := far.Placed()
	require.Equal(t, "30", call.Form.Get("Timeout"))
	require.Equal(t, "630", call.Form.Get("TimeLimit"))
	p.do("POST", "/api/phone/calls/"+c.ID+"/digits", map[string]any{"digits": "1"}).problem(409, "call_not_answered")
	call.Ring()
	call.Answer()
	call.Stream()
	var live struct{ Items []dialled }
	require.Eventually(t, func() bool {
		p.do("GET", "/api/phone/calls?live=true", nil).ok(&live)
		return len(live.Items) == 1 && live.Items[0].State == "active"
	}, 20*time.Second, 20*time.Millisecond)
	greeted := func(k kept) bool { return k.said("agent", "good morning") }
	s.until(live.Items[0].Conversation, "the greeting", greeted)
	p.do("POST", "/api/phone/calls/"+c.ID+"/digits", map[string]any{"digits": "1#"}).ok(nil)
	require.Eventually(t, func() bool { return strings.Contains(strings.Join(call.Did(), "\n"), "1#") }, 10*time.Second, 20*time.Millisecond, "%v", call.Did())
	p.do("DELETE", "/api/phone/calls/"+c.ID, nil).problem(409, "call_active")
	p.do("POST", "/api/phone/calls/"+c.ID+"/hangup", nil).ok(nil)
	require.Equal(t, "completed", call.Ended())
	got := p.ended(c.ID)
	require.Equal(t, []string{"answered", "hung_up", call.SID}, []string{got.Outcome, got.Reason, got.CarrierID})
	p.do("POST", "/api/phone/calls/"+c.ID+"/hangup", nil).problem(409, "call_ended")
	require.Equal(t, []string{got.Conversation}, s.phoneCalls(1))
	s.recorded(got.Conversation)

	// The next one is connected with a person, who is told what it is about.
	far.Answers("+33100000000", twiliotest.Answer{Status: "completed"})
	p.do("POST", "/api/phone/calls", map[string]any{"agent": "front", "to": "+33611223355"}).ok(&c)
	call = far.Placed()
	call.Answer()
	call.Stream()
	s.until(c.Conversation, "the greeting", greeted)
	p.do("POST", "/api/phone/calls/"+c.ID+"/transfer", map[string]any{"to": "+33100000000", "briefing": "A customer."}).ok(nil)
	require.Contains(t, call.Did(), "Say to callee: A customer.")
	call.CalleeHangsUp()
	require.Equal(t, "transferred", p.ended(c.ID).Reason)

	// One that nobody takes, and one that cannot be placed.
	p.do("POST", "/api/phone/calls", map[string]any{"agent": "front", "to": "+33611223366"}).ok(&c)
	far.Placed().Refuse("busy", "")
	require.Equal(t, "busy", p.ended(c.ID).Outcome)
	p.do("POST", "/api/phone/calls", map[string]any{"agent": "nobody", "to": "+33611223366"}).problem(404, "agent_not_found")
	p.do("POST", "/api/phone/calls", map[string]any{"agent": "front", "to": "four"}).problem(422, "bad_value")
	p.do("POST", "/api/phone/calls", map[string]any{"agent": "front", "to": "+33611223366", "carrier": "sip"}).problem(503, "no_carrier")
	far.Fail(twiliotest.Failure{Status: 401, Code: 20003})
	p.do("POST", "/api/phone/calls", map[string]any{"agent": "front", "to": "+33611223366"}).problem(403, "carrier_denied")

	// The history, by filters and pages.
	var list struct {
		Items []dialled
		Total int
		Next  string `json:"next_cursor"`
	}
	p.do("GET", "/api/phone/calls?q=11223366&outcome=busy", nil).ok(&list)
	require.Len(t, list.Items, 1)
	p.do("GET", "/api/phone/calls?direction=outbound&outcome=answered&limit=1", nil).ok(&list)
	require.Equal(t, 2, list.Total)
	first := list.Items[0].ID
	p.do("GET", "/api/phone/calls?direction=outbound&outcome=answered&limit=1&cursor="+list.Next, nil).ok(&list)
	require.NotEqual(t, first, list.Items[0].ID)
	p.do("DELETE", "/api/phone/calls/"+got.ID, nil).ok(nil)
	require.Contains(t, far.Removed(), "Calls/"+got.CarrierID)
	p.do("GET", "/api/phone/calls/"+got.ID, nil).problem(404, "call_not_found")
}

// Which agent answers a number is set in the console, before what the configuration says; callers are told of the recording first.
func TestNumbersAndConsent(t *testing.T) {
	s, far := twilioed(t, func(c *config.Config) {
		writeAgent(t, c.Data, "desk", "name: Desk\nlanguage: fr\nmodel:\n  provider: fake\ngreeting:\n  text: Bonjour.\n")
	})
	p := s.browser()
	p.do("PUT", "/api/phone/numbers/%2B15550002", map[string]string{"agent": "nobody"}).problem(404, "agent_not_found")
	p.do("PUT", "/api/phone/numbers/none", map[string]string{"agent": "desk"}).problem(422, "bad_value")
	p.do("PUT", "/api/phone/numbers/%2B15550002", map[string]string{"agent": "desk", "label": "Office"}).ok(nil)
	p.do("PUT", "/api/phone/consent", map[string]any{"enabled": true, "texts": map[string]string{"fr": "Vous êtes enregistré.", "xx": "?"}}).problem(422, "bad_value")
	p.do("PUT", "/api/phone/consent", map[string]any{"enabled": true, "texts": map[string]string{"fr": "Vous êtes enregistré."}}).ok(nil)
	var numbers struct {
		Items []struct{ Number, Agent, Source, Carrier string }
	}
	p.do("GET", "/api/phone/numbers", nil).ok(&numbers)
	require.Len(t, numbers.Items, 2)

	call := far.Call("+33611223344", "+15550002")
	call.Stream()
	id := s.phoneCalls(1)[0]
	s.until(id, "what callers are told, and the greeting", func(k kept) bool {
		return len(k.Transcript) > 0 && k.Transcript[0].Heard == "Vous êtes enregistré. Bonjour."
	})
	call.HangUp()
	s.recorded(id)
	p.do("DELETE", "/api/phone/numbers/%2B15550002", nil).ok(nil)
	p.do("DELETE", "/api/phone/numbers/%2B15550002", nil).problem(404, "number_not_found")
}

// A text message is answered by the agent of its number, in one written conversation for each pair of numbers, and what becomes of the answer is known.
func TestTextsAreConversations(t *testing.T) {
	s, far := twilioed(t, nil)
	p := s.browser()
	far.Text("+33611223344", "+15550001", "When do you open?")
	require.Eventually(t, func() bool { return len(far.Texts()) == 1 }, 20*time.Second, 20*time.Millisecond)
	sent := far.Texts()[0]
	require.Equal(t, "+33611223344", sent.To)
	require.Equal(t, "+15550001", sent.From)
	require.True(t, strings.HasPrefix(sent.Body, "We are open"), sent.Body)
	far.Text("+33611223344", "+15550001", "And on Mondays?")
	require.Eventually(t, func() bool { return len(far.Texts()) == 2 }, 20*time.Second, 20*time.Millisecond)
	var list struct {
		Items []struct {
			ID, Direction, Body, Status, Agent string
			Conversation                       string `json:"conversation_id"`
		}
		Total int
	}
	require.Eventually(t, func() bool { p.do("GET", "/api/phone/messages", nil).ok(&list); return list.Total == 4 }, 20*time.Second, 20*time.Millisecond)
	for _, m := range list.Items {
		require.Equal(t, "front", m.Agent)
		require.NotEmpty(t, m.Conversation)
		require.Equal(t, list.Items[0].Conversation, m.Conversation, "one conversation")
	}
	var conv struct {
		Channel    string
		Transcript []struct{ Role, Text, Said string }
	}
	p.do("GET", "/api/conversations/"+list.Items[0].Conversation, nil).ok(&conv)
	require.Equal(t, "text", conv.Channel)
	require.Contains(t, toJSON(t, conv.Transcript), "And on Mondays?")

	status, _ := far.Post(sent.StatusCallback, url.Values{"AccountSid": {far.Account}, "MessageSid": {sent.SID}, "MessageStatus": {"delivered"}})
	require.Equal(t, http.StatusNoContent, status)
	far.Post(sent.StatusCallback, url.Values{"AccountSid": {far.Account}, "MessageSid": {sent.SID}, "MessageStatus": {"sent"}}) // late
	p.do("GET", "/api/phone/messages?direction=outbound", nil).ok(&list)
	require.Equal(t, "delivered", list.Items[1].Status)
	p.do("DELETE", "/api/phone/messages/"+list.Items[1].ID, nil).ok(nil)
	require.Contains(t, far.Removed(), "Messages/"+sent.SID)
	p.do("POST", "/api/phone/messages", map[string]string{"to": "+33611223344", "body": "See you"}).ok(nil)
	require.Equal(t, "See you", far.Texts()[1].Body)
}

func toJSON(t *testing.T, v any) string {
	t.Helper()
	raw, err := json.Marshal(v)
	require.NoError(t, err)
	return string(raw)
}

// What Twilio knows and this server does not is brought here: calls and messages that went past it, and recordings, which are removed at both places.
func TestHistoryOfTheCarrier(t *testing.T) {
	s, far := twilioed(t, nil)
	p := s.browser()
	p.do("PUT", "/api/phone/numbers/%2B15550009", map[string]string{"agent": "front"}).ok(nil)
	var sids []string
	for _, status := range []string{"completed", "busy", "no-answer"} {
		sids = append(sids, far.Passed("inbound", "+33611223344", "+15550009", status).SID)
	}
	far.Keeps(twiliotest.Text{SID: twiliotest.SID("SM"), From: "+33611223344", To: "+15550009", Body: "Lost", Direction: "inbound", Status: "received"})
	var wav bytes.Buffer
	voice := mediatest.Voice(2*time.Second, 8000)
	require.NoError(t, media.WriteWAV(&wav, media.Mono(8000), voice))
	sound := far.Recorded(sids[0], wav.Bytes())
	type synced struct{ Calls, Messages, Recordings int }
	var n synced
	p.do("POST", "/api/phone/carriers/twilio/sync", map[string]any{}).ok(&n)
	require.Equal(t, synced{3, 1, 1}, n)
	p.do("POST", "/api/phone/carriers/twilio/sync", map[string]any{"days": 30}).ok(&n)
	require.Equal(t, synced{}, n, "everything is here already")
	var calls struct{ Items []dialled }
	p.do("GET", "/api/phone/calls", nil).ok(&calls)
	outcomes := map[string]string{}
	for _, c := range calls.Items {
		outcomes[c.CarrierID] = c.Outcome
	}
	require.Equal(t, map[string]string{sids[0]: "answered", sids[1]: "busy", sids[2]: "no_answer"}, outcomes)
	var recordings struct {
		Items []struct {
			ID, URL   string
			CarrierID string `json:"carrier_id"`
			Call      string `json:"call_id"`
			Bytes     int
		}
	}
	p.do("GET", "/api/phone/recordings", nil).ok(&recordings)
	require.Equal(t, sound, recordings.Items[0].CarrierID)
	require.NotEmpty(t, recordings.Items[0].Call)
	require.Equal(t, wav.Bytes(), p.do("GET", recordings.Items[0].URL, nil).ok(nil).body)
	p.do("DELETE", "/api/phone/recordings/"+recordings.Items[0].ID, nil).ok(nil)
	require.Contains(t, far.Removed(), "Recordings/"+sound)
	p.do("GET", recordings.Items[0].URL, nil).problem(404, "recording_not_found")
	far.Fail(twiliotest.Failure{Status: 401, Code: 20003})
	p.do("POST", "/api/phone/carriers/twilio/sync", map[string]any{}).problem(403, "carrier_denied")
	p.do("POST", "/api/phone/carriers/sip/sync", map[string]any{}).problem(503, "no_carrier")
	p.do("POST", "/api/phone/carriers/none/sync", map[string]any{}).problem(404, "carrier_not_found")
}

// The page says what a carrier lacks, and asks it whether the rest is right.
func TestCarriersAreChecked(t *testing.T) {
	s, far := twilioed(t, nil)
	p := s.browser()
	var list struct {
		Items []struct {
			ID    string
			Ready bool
			Items []struct {
				ID, Detail string
				OK         bool
			}
		}
	}
	p.do("GET", "/api/phone/carriers", nil).ok(&list)
	require.Equal(t, "sip", list.Items[0].ID)
	require.False(t, list.Items[0].Ready)
	require.True(t, list.Items[1].Ready)
	lacks := map[string]bool{}
	for _, i := range list.Items[1].Items {
		lacks[i.ID] = !i.OK
	}
	require.Equal(t, map[string]bool{"account": false, "token": false, "from": false, "public_url": true, "numbers": false}, lacks)
	require.NotContains(t, toJSON(t, list), far.Token)
	var check struct {
		OK    bool
		Code  string
		Items []struct {
			ID, Detail string
			OK         bool
		}
	}
	far.Rents(twiliotest.Number{Number: "+15550001", Voice: far.Voice, Text: "https://elsewhere.example.com"})
	p.do("POST", "/api/phone/carriers/twilio/check", nil).ok(&check)
	require.False(t, check.OK)
	require.Equal(t, `[{"ID":"account","Detail":"active Full","OK":true},{"ID":"voice_hook:+15550001","Detail":"`+far.Voice+`","OK":true},{"ID":"text_hook:+15550001","Detail":"https://elsewhere.example.com","OK":false}]`, toJSON(t, check.Items))
	far.Fail(twiliotest.Failure{Status: 401, Code: 20003})
	p.do("POST", "/api/phone/carriers/twilio/check", nil).ok(&check)
	require.Equal(t, "carrier_denied", check.Code)
}

// Another tenant calls by the numbers that the operator gave it, and has nothing to do with the carriers.
func TestTenantsShowTheirOwnNumbers(t *testing.T) {
	s, far := twilioed(t, nil)
	ada := s.setUp()
	ada.do("POST", "/api/tenants", map[string]string{"id": "acme", "name": "Acme"}).ok(nil)
	ada.do("PUT", "/api/session/tenant", map[string]string{"tenant": "acme"}).ok(nil)
	bob := ada.join("bob@acme.example", "admin")
	ada.do("PUT", "/api/session/tenant", map[string]string{"tenant": "default"}).ok(nil)
	var made struct{ Reference string }
	bob.do("POST", "/api/agents", map[string]any{"definition": map[string]any{"name": "Bob's", "instructions": "Answer.", "model": map[string]any{"provider": "fake"}}}).ok(&made)
	bob.do("POST", "/api/agents/"+made.Reference+"/publish", nil).ok(nil)

	order := map[string]any{"agent": made.Reference, "to": "+33611223344"}
	bob.do("POST", "/api/phone/calls", order).problem(422, "number_not_yours")
	bob.do("POST", "/api/phone/messages", map[string]any{"to": "+33611223344", "body": "Hello"}).problem(422, "number_not_yours")
	bob.do("PUT", "/api/phone/numbers/%2B15550001", map[string]any{"agent": made.Reference}).problem(404, "number_not_found")
	bob.do("POST", "/api/phone/carriers/twilio/check", nil).problem(403, "operator_only")
	bob.do("POST", "/api/phone/carriers/twilio/sync", map[string]any{}).problem(403, "operator_only")
	require.NotContains(t, string(bob.do("GET", "/api/phone/carriers", nil).ok(nil).body), far.Account)

	ada.do("PUT", "/api/phone/numbers/%2B15550005", map[string]any{"agent": "", "tenant": "nobody"}).problem(404, "tenant_not_found")
	ada.do("PUT", "/api/phone/numbers/%2B15550005", map[string]any{"agent": "", "tenant": "acme"}).ok(nil)
	bob.do("PUT", "/api/phone/numbers/%2B15550005", map[string]any{"agent": made.Reference}).ok(nil)
	bob.do("POST", "/api/phone/messages", map[string]any{"to": "+33611223344", "body": "Hello"}).ok(nil)
	require.Equal(t, "+15550005", far.Texts()[0].From)
	call := far.Call("+33611223344", "+15550005")
	call.Stream()
	var live struct{ Items []dialled }
	require.Eventually(t, func() bool { bob.do("GET", "/api/phone/calls?live=true", nil).ok(&live); return len(live.Items) == 1 }, 20*time.Second, 20*time.Millisecond)
	ada.do("POST", "/api/phone/calls/"+live.Items[0].ID+"/hangup", nil).problem(404, "call_not_found")
	bob.do("POST", "/api/phone/calls/"+live.Items[0].ID+"/hangup", nil).ok(nil)
	call.Ended()
}

// A text is spoken with another speed and pitch, and what is said in a file is written down.
func TestVoiceTest(t *testing.T) {
	s := launch(t, func(c *config.Config) { c.Speech.STT, c.Speech.TTS = "pocketsphinx", "espeak" })
	for _, need := range []string{"espeak", "pocketsphinx"} {
		if v, err := s.plans.models.Get(need); err == nil && !s.plans.here(t.Context(), v).OK {
			mediatest.Missing(t, need)
		}
	}
	p := s.browser()
	say := func(text string, more map[string]any) time.Duration {
		body := map[string]any{"provider": "espeak", "voice": "en-us+f2", "text": text}
		for k, v := range more {
			body[k] = v
		}
		f, pcm, err := media.ReadWAV(bytes.NewReader(p.do("POST", "/api/speech", body).ok(nil).body))
		require.NoError(t, err)
		require.Greater(t, float64(media.Peak(pcm)), 0.05)
		return f.Duration(len(pcm))
	}
	const text = "We are open from nine until five, on every day of the week."
	plain := say(text, nil)
	require.Less(t, say(text, map[string]any{"rate": 1.6}), plain*4/5)
	require.InDelta(t, plain.Seconds(), say(text, map[string]any{"pitch": 4}).Seconds(), plain.Seconds()/5, "higher, and not shorter")
	require.InDelta(t, plain.Seconds()+2, say(`<speak>`+text+`<break time="2s"/></speak>`, map[string]any{"ssml": true}).Seconds(), 0.3)
	p.do("POST", "/api/speech", map[string]any{"provider": "espeak", "voice": "en-us+f2", "text": "<speak><audio/></speak>", "ssml": true}).problem(422, "bad_ssml")
	p.do("POST", "/api/speech", map[string]any{"provider": "espeak", "voice": "none", "text": "x"}).problem(404, "voice_not_found")

	var wav bytes.Buffer
	require.NoError(t, media.WriteWAV(&wav, media.Mono(8000), mediatest.Prompt(t, "en", "conf-kicked", 8000)))
	var got struct {
		Text     string
		Duration int64 `json:"duration_ms"`
	}
	status, _, raw := s.post("/api/transcriptions?language=en", "audio/wav", wav.String(), nil)
	require.Equal(t, 200, status, "%s", raw)
	require.NoError(t, json.Unmarshal([]byte(raw), &got))
	require.Greater(t, len(strings.Fields(got.Text)), 2, "what it understands of a telephone is its own affair")
	require.Greater(t, got.Duration, int64(1000))
	status, _, raw = s.post("/api/transcriptions", "audio/wav", "no sound", nil)
	require.Equal(t, 422, status, "%s", raw)
}
