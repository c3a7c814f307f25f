package app

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"griot/internal/config"
	"griot/internal/media"
	"griot/internal/media/mediatest"
)

// phoned is a server with a telephone line.
func phoned(t *testing.T, change func(*config.Config)) *server {
	t.Helper()
	return launch(t, func(c *config.Config) {
		c.SIP.UDP, c.SIP.RTPPorts = "127.0.0.1:0", "24000-24999"
		c.SIP.Numbers = []string{"100=front", "*=test"}
		if change != nil {
			change(c)
		}
	})
}

// sipAddr is where the line is.
func (s *server) sipAddr() string { return s.phone.Addr("UDP").String() }

// phoneCalls waits until there are that many conversations of the channel, and returns them, newest first.
func (s *server) phoneCalls(n int) (ids []string) {
	s.t.Helper()
	require.Eventually(s.t, func() bool {
		var list struct {
			Items []struct{ ID, Channel string }
		}
		s.get("/api/conversations?channel=phone", &list)
		ids = nil
		for _, c := range list.Items {
			require.Equal(s.t, "phone", c.Channel)
			ids = append(ids, c.ID)
		}
		return len(ids) >= n
	}, 30*time.Second, 50*time.Millisecond, "%d telephone calls", n)
	return ids
}

// until waits until a conversation's record, which goes on, holds something.
func (s *server) until(id, what string, ok func(kept) bool) {
	s.t.Helper()
	var k kept
	defer func() {
		if s.t.Failed() {
			s.t.Logf("%+v", k)
		}
	}()
	require.Eventually(s.t, func() bool {
		s.get("/api/conversations/"+id, &k)
		return ok(k)
	}, 60*time.Second, 50*time.Millisecond, "%s", what)
}

// said reports whether a side has said something with those words.
func (k kept) said(role, words string) bool {
	for _, l := range k.Transcript {
		if l.Role == role && strings.Contains(strings.ToLower(first(l.Text, first(l.Heard, l.Said))), strings.ToLower(words)) {
			return true
		}
	}
	return false
}

// A person calls from a telephone: is greeted, asks, is answered by voice, interrupts, presses a key, is transferred, and the agent there hangs up.
func TestTelephone(t *testing.T) {
	quiet := func(d time.Duration) []int16 { return make([]int16, media.Mono(8000).Samples(d)) }
	question := mediatest.Prompt(t, "en", "conf-kicked", 8000)
	interruption := mediatest.Prompt(t, "en", "vm-nobodyavail", 8000)
	var speech []int16
	speech = append(speech, quiet(4*time.Second)...)
	askedAt := media.Mono(8000).Duration(len(speech))
	speech = append(append(speech, question...), quiet(6*time.Second)...)
	brokenAt := media.Mono(8000).Duration(len(speech))
	speech = append(append(speech, interruption...), quiet(2*time.Minute)...)

	s := phoned(t, func(c *config.Config) {
		c.Speech.STT, c.Speech.TTS = "pocketsphinx", "espeak"
		answers, err := json.Marshal(map[string]any{"answers": []string{
			`9 => call: transfer_call {"to":"200"}`,
			`5 => call: hang_up {}`,
			` => We are open from nine in the morning until five in the afternoon, on every day of the week. On Sundays we open a little later, and we close a little earlier. ` +
				`There is a garden behind the house where you can wait, and somebody will bring you coffee or tea while you are waiting there.`}})
		require.NoError(t, err)
		c.Providers = config.Providers{"fake": answers}
		writeAgent(t, c.Data, "front", "name: Front\nlanguage: en\nmodel:\n  provider: fake\ngreeting:\n  text: Good morning.\n")
		writeAgent(t, c.Data, "desk", "name: Desk\nlanguage: en\nmodel:\n  provider: fake\ngreeting:\n  text: The desk speaking.\n")
		c.SIP.Numbers = []string{"100=front", "200=desk"}
	})
	for _, need := range []string{"espeak", "pocketsphinx"} {
		if v, err := s.plans.models.Get(need); err == nil && !s.plans.here(t.Context(), v).OK {
			mediatest.Missing(t, need)
		}
	}
	b := newBaresip(t, speech, ";regint=0;audio_codecs=pcmu")
	b.do("dial", "sip:100@"+s.sipAddr())
	front := s.phoneCalls(1)[0]
	s.until(front, "the greeting", func(k kept) bool { return k.said("agent", "good morning") })
	s.until(front, "an interruption", func(k kept) bool {
		for _, l := range k.Transcript {
			if l.Cut && strings.HasPrefix(l.Said, "We are open") {
				return true
			}
		}
		return false
	})
	b.do("sndcode", "9")
	desk := s.phoneCalls(2)[0]
	k := s.recorded(front)
	require.Equal(t, "transferred", k.EndReason)
	s.until(desk, "the second agent", func(k kept) bool { return k.said("agent", "the desk speaking") })
	b.do("sndcode", "5")
	d := s.recorded(desk)
	require.Equal(t, "agent_hung_up", d.EndReason)
	require.Eventually(t, func() bool { return len(s.phone.Calls()) == 0 }, 20*time.Second, 20*time.Millisecond)

	// The record: what was said, by whom, and by which means.
	keys, tools := "", ""
	require.Equal(t, "Good morning.", k.Transcript[0].Heard)
	require.False(t, k.Transcript[0].Cut, "%+v", k.Transcript[0])
	for _, l := range k.Transcript {
		if l.Role == "user" && l.Source == "digits" {
			keys += l.Text
		}
		if l.Tool != nil {
			tools += l.Tool.Name
		}
	}
	require.Equal(t, "9", keys)
	require.Contains(t, tools, "transfer_call")
	// The recording: the caller on the left, where the question and the interruption are; the agent on the right, who answers in between and stops for the interruption.
	f, caller, agent := s.recording(k)
	level := func(side []int16, from, to time.Duration) float64 {
		a, z := f.Samples(from)/2, f.Samples(to)/2
		return float64(media.Level(side[min(a, len(side)):min(z, len(side))]))
	}
	asked, broken := media.Mono(8000).Duration(len(question)), media.Mono(8000).Duration(len(interruption))
	const speaks, silent = -45, -60
	require.Greater(t, level(caller, askedAt, askedAt+asked), float64(speaks), "the question")
	require.Less(t, level(agent, askedAt+300*time.Millisecond, askedAt+asked), float64(silent), "the agent listens")
	require.Greater(t, level(agent, brokenAt-2*time.Second, brokenAt), float64(speaks), "the answer")
	require.Less(t, level(caller, brokenAt-2*time.Second, brokenAt-300*time.Millisecond), float64(silent))
	require.Greater(t, level(caller, brokenAt, brokenAt+broken), float64(speaks), "the interruption")
	require.Less(t, level(agent, brokenAt+2*time.Second, brokenAt+broken), float64(silent), "the agent has stopped")
}

// An agent calls a telephone, with sealed sound and without: it is greeted, hears what is said there, presses a key, and hangs up; the history tells whom it called. A telephone that does not want the call is told apart.
func TestTelephoneIsCalled(t *testing.T) {
	for name, account := range map[string]string{"plain": ";audio_codecs=pcma", "sealed": ";mediaenc=srtp-mand;audio_codecs=pcmu"} {
		t.Run(name, func(t *testing.T) {
			b := newBaresip(t, mediatest.Voice(30*time.Second, 8000), ";regint=0;answermode=auto"+account)
			s := phoned(t, func(c *config.Config) {
				c.SIP.Trunks = config.Trunks{"desk": {Address: b.addr, User: "griot", Quiet: true}}
				if name == "sealed" {
					c.SIP.SRTP = "require"
				}
				writeAgent(t, c.Data, "caller", "name: Caller\nlanguage: en\nmodel:\n  provider: fake\ngreeting:\n  text: This is a call from the test.\n")
			})
			p := s.browser()
			var c dialled
			p.do("POST", "/api/phone/calls", map[string]any{"agent": "caller", "carrier": "sip", "trunk": "desk", "to": "sip:caller@" + b.addr, "max_seconds": 60}).ok(&c)
			conv := s.phoneCalls(1)[0]
			s.until(conv, "the greeting", func(k kept) bool { return k.said("agent", "this is a call") })
			p.do("POST", "/api/phone/calls/"+c.ID+"/digits", map[string]string{"digits": "5"}).ok(nil)
			require.Eventually(t, func() bool { return strings.Contains(b.out.String(), "received event: '5' (end=1)") }, 10*time.Second, 20*time.Millisecond, "the key is heard")
			p.do("POST", "/api/phone/calls/"+c.ID+"/hangup", nil).ok(nil)
			k := s.recorded(conv)
			require.Equal(t, "hung_up", k.EndReason)
			_, callee, agent := s.recording(k)
			require.Greater(t, float64(media.Peak(callee)), 0.03)
			require.Greater(t, float64(media.Peak(agent)), 0.03)
			got := p.ended(c.ID)
			require.Equal(t, []string{"answered", "outbound", "desk", conv}, []string{got.Outcome, got.Direction, got.Trunk, got.Conversation})
			require.NotEmpty(t, got.CarrierID)

			// Nobody is there any more.
			require.NoError(t, b.cmd.Process.Kill())
			<-b.done
			p.do("POST", "/api/phone/calls", map[string]any{"agent": "caller", "carrier": "sip", "to": "sip:caller@" + b.addr, "ring_seconds": 3}).ok(&c)
			require.NotEqual(t, "answered", p.ended(c.ID).Outcome)
		})
	}
}
