package app

import (
	"encoding/json"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"griot/internal/config"
	"griot/internal/media"
	"griot/internal/media/mediatest"
	"griot/internal/telephony"
	"griot/internal/telephony/twilio"
	"griot/internal/telephony/twiliotest"
)

// twilioed is a server with an account at Twilio, and Twilio.
func twilioed(t *testing.T, change func(*config.Config)) (*server, *twiliotest.Server) {
	t.Helper()
	far := twiliotest.New(t)
	s := launch(t, func(c *config.Config) {
		answers, err := json.Marshal(map[string]any{"answers": []string{`9 => call: transfer_call {"to":"+33100000000","briefing":"A caller about opening hours."}`, ` => We are open from nine until five, on every day of the week, and on Sundays from ten.`}})
		require.NoError(t, err)
		c.Providers = config.Providers{"fake": answers}
		c.Twilio.AccountSID, c.Twilio.AuthToken, c.Twilio.API, c.Twilio.From, c.Twilio.Numbers = far.Account, far.Token, far.URL, "+15550001", []string{"+15550001=front"}
		writeAgent(t, c.Data, "front", "name: Front\nlanguage: en\nmodel:\n  provider: fake\ngreeting:\n  text: Good morning.\n")
		if change != nil {
			change(c)
		}
	})
	far.Voice, far.Status, far.TextHook = s.URL()+twilio.Path+"voice", s.URL()+twilio.Path+"status", s.URL()+twilio.Path+"text"
	return s, far
}

// A person calls by Twilio: is greeted, asks, is answered, interrupts, presses a key, and is transferred to somebody who is told what it is about. The record is that of every conversation.
func TestTwilioInbound(t *testing.T) {
	s, far := twilioed(t, nil)
	far.Answers("+33100000000", twiliotest.Answer{Status: "completed"})
	call := far.Call("+33611223344", "+15550001")
	st := call.Stream()
	id := s.phoneCalls(1)[0]
	s.until(id, "the whole greeting", func(k kept) bool { return len(k.Transcript) > 0 && k.Transcript[0].Heard == "Good morning." })
	require.Greater(t, loud(st.Played()), 200*time.Millisecond)
	s.interrupts(st, id)
	st.Press("9#")
	k := s.recorded(id)
	require.Equal(t, "transferred", k.EndReason)
	call.CalleeHangsUp()
	require.Equal(t, "completed", call.Ended())
	require.Contains(t, call.Did(), "Say to callee: A caller about opening hours.")
	require.Equal(t, "Good morning.", k.Transcript[0].Heard)
	require.False(t, k.Transcript[0].Cut)
	_, _, agent := s.recording(k)
	require.Greater(t, float64(media.Peak(agent)), 0.01)
	require.Eventually(t, func() bool { return len(s.twilio.Calls()) == 0 }, 20*time.Second, 20*time.Millisecond)
}

// An agent calls somebody by Twilio, who asks, is answered, interrupts, and hangs up, or presses a key and is transferred.
func TestTwilioOutbound(t *testing.T) {
	t.Run("hangs up", func(t *testing.T) { twilioOutbound(t, false) })
	t.Run("is transferred", func(t *testing.T) { twilioOutbound(t, true) })
}

func twilioOutbound(t *testing.T, transferred bool) {
	t.Helper()
	s, far := twilioed(t, nil)
	_, err := s.twilio.Place(t.Context(), telephony.Order{Tenant: tenant, Agent: "front", To: "+33611223344"})
	require.NoError(t, err)
	call := far.Placed()
	call.Ring()
	call.Answer()
	st := call.Stream()
	id := s.phoneCalls(1)[0]
	s.until(id, "the whole greeting", func(k kept) bool { return len(k.Transcript) > 0 && k.Transcript[0].Heard == "Good morning." })
	s.interrupts(st, id)
	why := "caller_left"
	if transferred {
		why = "transferred"
		far.Answers("+33100000000", twiliotest.Answer{Status: "completed"})
		st.Press("9#")
	} else {
		call.HangUp()
	}
	k := s.recorded(id)
	require.Equal(t, why, k.EndReason)
	if transferred {
		call.CalleeHangsUp()
		require.Equal(t, "completed", call.Ended())
		require.Contains(t, call.Did(), "Say to callee: A caller about opening hours.")
	}
	_, caller, agent := s.recording(k)
	require.Greater(t, float64(media.Peak(caller)), 0.01)
	require.Greater(t, float64(media.Peak(agent)), 0.01)
}

// interrupts asks something, and speaks again while the answer is heard: the sound is cleared at once, and the record has what was heard of it.
func (s *server) interrupts(st *twiliotest.Stream, id string) {
	s.t.Helper()
	before, cleared := loud(st.Played()), st.Clears()
	st.Speak(media.EncodeULaw(nil, mediatest.Prompt(s.t, "en", "conf-kicked", 8000)))
	st.Until("the answer is heard", func(p []byte, _ int) bool { return loud(p) > before+400*time.Millisecond })
	begun := time.Now()
	st.Speak(media.EncodeULaw(nil, mediatest.Prompt(s.t, "en", "vm-nobodyavail", 8000)))
	st.Until("the interruption", func(_ []byte, clears int) bool { return clears > cleared })
	s.t.Logf("the agent is stopped %d ms after the interruption began", time.Since(begun).Milliseconds())
	s.until(id, "what was heard of the answer", func(k kept) bool {
		for _, l := range k.Transcript {
			if l.Cut && strings.HasPrefix(l.Said, "We are open") && len(l.Heard) < len(l.Said) {
				return true
			}
		}
		return false
	})
}

// The messages of tools go by Twilio, and what is not signed by it does nothing.
func TestTwilioTexts(t *testing.T) {
	s, far := twilioed(t, nil)
	require.NoError(t, s.builtins(nil).Texter.Text(t.Context(), tenant, "+33611223344", "Bonjour"))
	require.Equal(t, "Bonjour", far.Texts()[0].Body)
	form := url.Values{"CallSid": {twiliotest.SID("CA")}, "AccountSid": {far.Account}, "From": {"+331"}, "To": {"+15550001"}, "CallStatus": {"ringing"}}
	status, _ := far.PostSigned(far.Voice, form, "forged")
	require.Equal(t, 403, status)
	require.Empty(t, s.twilio.Calls())
}

// loud is how much of µ-law holds sound.
func loud(ulaw []byte) (d time.Duration) {
	for pcm := media.DecodeULaw(nil, ulaw); len(pcm) >= 160; pcm = pcm[160:] {
		if media.Peak(pcm[:160]) > 0.01 {
			d += media.FrameTime
		}
	}
	return d
}
