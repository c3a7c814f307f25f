package realtime

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/stretchr/testify/require"

	"griot/internal/fault"
	"griot/internal/live/session"
	"griot/internal/live/turn"
	"griot/internal/media/mediatest"
	"griot/internal/provider/fake"
	wire "griot/internal/realtime"
)

// transcribing makes of a plan one that only listens.
func transcribing(p *session.Plan) {
	p.Agent, p.Transcribe = "", true
	p.Models = session.Models{STT: p.Models.STT, STTName: p.Models.STTName}
	p.Settings = session.Settings{Turn: turn.Defaults()}
	p.Settings.Turn.CreateResponse, p.Settings.Turn.InterruptResponse = false, false
}

// onlyHears asserts that nothing was sent but what a transcription session has.
func onlyHears(c *client) {
	c.Helper()
	for _, g := range c.sent() {
		ok := false
		for _, family := range []string{"session.", "input_audio_buffer.", "conversation.item.", "error"} {
			ok = ok || strings.HasPrefix(g.typ, family)
		}
		require.True(c, ok, "%s is not for a transcription session", g.raw)
	}
}

// Section 1.3: a transcription session shows only its input, finds turns, writes them down as the recogniser gets on, and never answers.
func TestTranscriptionSession(t *testing.T) {
	heard := []fake.Utterance{{Text: "Hello there, how are you?", Partials: []fake.PartialText{{At: 200 * time.Millisecond, Text: "Hello"}, {At: 400 * time.Millisecond, Text: "Hello there"},
		{At: 600 * time.Millisecond, Text: "Hello there, how far"}, {At: 800 * time.Millisecond, Text: "Hello there, how are you"}}}, {Text: "Second."}, {}}
	play(t, setup{plan: transcribing, heard: heard}, func(t *testing.T, c *client) {
		created := c.wait("session.created")
		s := created.get("session").(map[string]any)
		require.NotEmpty(t, s["id"])
		require.NotZero(t, s["expires_at"])
		delete(s, "id")
		delete(s, "expires_at")
		require.JSONEq(t, `{"type":"transcription","object":"realtime.transcription_session","include":null,"audio":{"input":{"format":{"type":"audio/pcm","rate":24000},"noise_reduction":null,
			"transcription":{"model":"fake","language":"en","prompt":null},"turn_detection":{"type":"server_vad","threshold":0.5,"prefix_padding_ms":300,"silence_duration_ms":500,"create_response":false,
			"interrupt_response":false,"idle_timeout_ms":null}}}}`, mustJSON(s))
		c.openMic(wire.PCM24k)
		c.say(1200 * time.Millisecond)
		completed := c.wait("conversation.item.input_audio_transcription.completed")
		require.Equal(t, "Hello there, how are you?", completed.str("transcript"))
		require.Equal(t, "duration", completed.str("usage.type"))
		said := ""
		deltas := c.all("conversation.item.input_audio_transcription.delta")
		for _, g := range deltas {
			require.Equal(t, completed.str("item_id"), g.str("item_id"))
			said += g.str("delta")
		}
		require.Equal(t, "Hello there, how are you?", said, "the deltas make the transcript")
		require.Greater(t, len(deltas), 2)
		stopped := c.wait("input_audio_buffer.speech_stopped")
		require.Less(t, deltas[0].at, stopped.at, "they come while it is spoken")

		c.send(`{"type":"session.update","session":{"type":"transcription","audio":{"input":{"turn_detection":null,"noise_reduction":{"type":"near_field"},"transcription":{"model":"whisper-1","prompt":"Names.","keywords":["Griot"]}}},
			"include":["item.input_audio_transcription.logprobs"]}}`)
		up := c.wait("session.updated")
		require.Equal(t, "whisper-1", up.str("session.audio.input.transcription.model"))
		require.Equal(t, "en", up.str("session.audio.input.transcription.language"), "objects merge")
		require.Equal(t, "near_field", up.str("session.audio.input.noise_reduction.type"))
		require.Equal(t, "item.input_audio_transcription.logprobs", up.str("session.include.0"))
		c.say(time.Second)
		c.rest(2 * time.Second)
		n := len(c.sent())
		c.send(`{"type":"input_audio_buffer.commit"}`)
		require.Equal(t, "Second.", c.wait("conversation.item.input_audio_transcription.completed").str("transcript"))
		require.Equal(t, vadTurn[2:], c.order(n))
		c.send(`{"type":"input_audio_buffer.clear"}`)
		c.wait("input_audio_buffer.cleared")
		c.send(`{"type":"input_audio_buffer.commit","event_id":"empty"}`)
		c.failure("input_audio_buffer_commit_empty", "", "empty")
		c.rest(time.Second)
		c.send(`{"type":"input_audio_buffer.commit"}`)
		require.Equal(t, "", c.wait("conversation.item.input_audio_transcription.completed").get("transcript"))
		item := c.wait("input_audio_buffer.committed").str("item_id")
		c.send(`{"type":"conversation.item.retrieve","item_id":"%s"}`, item)
		require.Equal(t, "Hello there, how are you?", c.wait("conversation.item.retrieved").str("item.content.0.transcript"))
		c.send(`{"type":"conversation.item.delete","item_id":"%s"}`, item)
		c.wait("conversation.item.deleted")
		c.rest(20 * time.Second)
		onlyHears(c)
		require.Empty(t, c.record.bodies("reply.started"))
	})
}

// What belongs to a conversation is refused, also the kind of session itself; what is refused changes nothing.
func TestTranscriptionSessionMistakes(t *testing.T) {
	play(t, setup{plan: transcribing}, func(t *testing.T, c *client) {
		for name, m := range map[string][3]string{ // event, code, param
			"a response":      {`{"type":"response.create","event_id":"m"}`, "invalid_event", ""},
			"a cancellation":  {`{"type":"response.cancel","event_id":"m"}`, "invalid_event", ""},
			"of another kind": {`{"type":"session.update","event_id":"m","session":{"type":"realtime","instructions":"x"}}`, "invalid_value", "session.type"},
			"no kind":         {`{"type":"session.update","event_id":"m","session":{"include":null}}`, "missing_required_parameter", "session.type"},
			"instructions":    {`{"type":"session.update","event_id":"m","session":{"type":"transcription","instructions":"x"}}`, "unknown_parameter", "session.instructions"},
			"a model":         {`{"type":"session.update","event_id":"m","session":{"type":"transcription","model":"gpt-4o-transcribe"}}`, "unknown_parameter", "session.model"},
			"a voice":         {`{"type":"session.update","event_id":"m","session":{"type":"transcription","audio":{"output":{"voice":"alloy"}}}}`, "unknown_parameter", "session.audio.output"},
			"tools":           {`{"type":"session.update","event_id":"m","session":{"type":"transcription","tools":[]}}`, "unknown_parameter", "session.tools"},
			"what nobody has": {`{"type":"session.update","event_id":"m","session":{"type":"transcription","audio":{"input":{"transcription":{"modell":"x"}}}}}`, "unknown_parameter", "session.audio.input.transcription.modell"},
		} {
			c.send("%s", m[0])
			g := c.wait("error")
			require.Equal(t, m[1], g.str("error.code"), "%s: %s", name, g.raw)
			require.Equal(t, m[2], g.str("error.param"), "%s: %s", name, g.raw)
			require.Equal(t, "m", g.str("error.event_id"), name)
		}
		require.Equal(t, "Passing a realtime session update event to a transcription session is not allowed.", wrongKind(c))
		require.Empty(t, c.all("session.updated"))
		onlyHears(c)
	})
}

func wrongKind(c *client) string {
	for _, g := range c.all("error") {
		if g.str("error.param") == "session.type" && g.str("error.code") == "invalid_value" {
			return g.str("error.message")
		}
	}
	return ""
}

// A recogniser that changes its mind about the beginning is corrected by the transcript, and no delta takes anything back.
func TestTranscriptionThatChangesItsMind(t *testing.T) {
	heard := []fake.Utterance{{Text: "Recognise speech.", Partials: []fake.PartialText{{At: 200 * time.Millisecond, Text: "Wreck a"}, {At: 400 * time.Millisecond, Text: "Wreck a nice"}, {At: 600 * time.Millisecond, Text: "Recognise"}}}}
	play(t, setup{plan: transcribing, heard: heard}, func(t *testing.T, c *client) {
		c.openMic(wire.PCM24k)
		c.say(time.Second)
		require.Equal(t, "Recognise speech.", c.wait("conversation.item.input_audio_transcription.completed").str("transcript"))
		deltas := c.all("conversation.item.input_audio_transcription.delta")
		require.Len(t, deltas, 1)
		require.Equal(t, "Wreck", deltas[0].str("delta"))
	})
}

func TestAgreement(t *testing.T) {
	for _, c := range [][3]string{{"", "Hello", ""}, {"Hello", "Hello there", ""}, {"Hello there", "Hello there you", "Hello"}, {"a b c", "a b d", "a b"}, {"où est", "où était", "où"}, {"x y", "z", ""}, {"not a", "nothing a", ""}} {
		require.Equal(t, c[2], agreement(c[0], c[1]), "%q", c)
	}
}

// transcribes makes the door one to transcription sessions.
func (d *door) transcribes(hear func(Hearing) (session.Listen, error)) {
	d.setup.plan = transcribing
	d.setup.hear = func(_ context.Context, h Hearing) (session.Listen, error) { return hear(h) }
}

func (d *door) dial(t *testing.T, query string, opts *websocket.DialOptions) (*guest, *http.Response, error) {
	t.Helper()
	c, resp, err := websocket.Dial(t.Context(), d.url+"/v1/realtime?"+query, opts)
	if err != nil {
		return nil, resp, err
	}
	c.SetReadLimit(-1)
	t.Cleanup(func() { _ = c.CloseNow() })
	return &guest{t, c}, resp, nil
}

// A transcription session is opened by ?intent=transcription, or by a client secret of that type, on a real socket.
func TestTranscriptionOverASocket(t *testing.T) {
	for name, secret := range map[string]bool{"by its address": false, "by a secret": true} {
		t.Run(name, func(t *testing.T) {
			d := openDoor(t, setup{})
			d.transcribes(func(Hearing) (session.Listen, error) {
				return session.Listen{}, fault.New(fault.Internal, "x", "not asked")
			})
			d.srv.Secrets = &Secrets{}
			query, opts := "intent=transcription", &websocket.DialOptions{}
			if secret {
				p, err := wire.DecodeSession([]byte(`{"type":"transcription","audio":{"input":{"transcription":{"model":"gpt-4o-transcribe","language":"fr"}}}}`))
				require.NoError(t, err)
				value, _, err := d.srv.Secrets.Mint(Secret{Session: []wire.SessionPatch{p}}, time.Minute)
				require.NoError(t, err)
				query, opts.HTTPHeader = "", http.Header{"Authorization": {"Bearer " + value}}
			}
			g, _, err := d.dial(t, query, opts)
			require.NoError(t, err)
			created := g.until("session.created")
			require.Equal(t, "realtime.transcription_session", created.str("session.object"))
			require.NotNil(t, d.asked.Transcribe)
			if secret {
				require.Equal(t, Hearing{"gpt-4o-transcribe", "fr"}, *d.asked.Transcribe, "who prepares it chooses the recogniser")
				require.Equal(t, "gpt-4o-transcribe", created.str("session.audio.input.transcription.model"))
				require.Equal(t, "fr", created.str("session.audio.input.transcription.language"))
			}
			g.speak(mediatest.Voice(time.Second, 24000))
			g.speak(make([]int16, 24000))
			require.Equal(t, "Hello.", g.until("conversation.item.input_audio_transcription.completed").str("transcript"))
			g.leave()
			(<-d.ended).complete(t)
		})
	}
}

// The mixtures that section 1.3 forbids, before anything is opened.
func TestTranscriptionMixtures(t *testing.T) {
	d := openDoor(t, setup{})
	d.srv.Secrets, d.srv.DefaultAgent = &Secrets{}, "test"
	mint := func(session string) *websocket.DialOptions {
		p, err := wire.DecodeSession([]byte(session))
		require.NoError(t, err)
		value, _, err := d.srv.Secrets.Mint(Secret{Model: p.Model.Value, Session: []wire.SessionPatch{p}}, time.Minute)
		require.NoError(t, err)
		return &websocket.DialOptions{HTTPHeader: http.Header{"Authorization": {"Bearer " + value}}}
	}
	for name, c := range map[string]struct {
		query string
		opts  *websocket.DialOptions
		code  string
	}{
		"a model and the intent":            {"model=gpt-realtime&intent=transcription", nil, `"code":"invalid_model"`},
		"a transcription model":             {"model=gpt-4o-transcribe", nil, `"code":"invalid_model"`},
		"another one":                       {"model=whisper-1", nil, `"code":"invalid_model"`},
		"an intent that nobody has":         {"intent=translation", nil, `"code":"invalid_intent"`},
		"a conversation's secret":           {"intent=transcription", mint(`{"type":"realtime","model":"agent:test"}`), `"code":"invalid_intent"`},
		"a transcription's secret, a model": {"model=agent:test", mint(`{"type":"transcription"}`), `"code":"invalid_model"`},
	} {
		_, resp, err := d.dial(t, c.query, c.opts)
		require.Error(t, err, name)
		require.Equal(t, http.StatusBadRequest, resp.StatusCode, name)
		b := make([]byte, 1024)
		n, _ := resp.Body.Read(b)
		require.Contains(t, string(b[:n]), c.code, name)
	}
	require.Zero(t, d.opened)
}

// session.update chooses the recogniser and the language from the next turn on; what is not there is refused as a whole.
func TestTranscriptionInAnotherLanguage(t *testing.T) {
	d := openDoor(t, setup{})
	d.transcribes(func(h Hearing) (session.Listen, error) {
		if h.Lang != "fr" {
			return session.Listen{}, fault.New(fault.Invalid, "unsupported_language", "Nothing here understands %s.", h.Lang).At("session.audio.input.transcription.language")
		}
		return session.Listen{STT: fake.NewSTT(fake.STTOptions{Default: "Bonjour.", Rate: 8000}), Name: "other", Lang: h.Lang}, nil
	})
	g, _, err := d.dial(t, "intent=transcription", nil)
	require.NoError(t, err)
	say := func() string {
		g.speak(mediatest.Voice(time.Second, 24000))
		g.speak(make([]int16, 24000))
		return g.until("conversation.item.input_audio_transcription.completed").str("transcript")
	}
	require.Equal(t, "Hello.", say())
	g.send(`{"type":"session.update","event_id":"no","session":{"type":"transcription","audio":{"input":{"transcription":{"language":"tlh"},"noise_reduction":{"type":"far_field"}}}}}`)
	refusal := g.until("error")
	require.Equal(t, "unsupported_language", refusal.str("error.code"))
	require.Equal(t, "session.audio.input.transcription.language", refusal.str("error.param"))
	g.send(`{"type":"session.update","session":{"type":"transcription","audio":{"input":{"transcription":{"language":"fr"}}}}}`)
	up := g.until("session.updated")
	require.Equal(t, "fr", up.str("session.audio.input.transcription.language"))
	require.Nil(t, up.get("session.audio.input.noise_reduction"), "nothing of the refused change was kept")
	require.Equal(t, "Bonjour.", say())
	g.send(`{"type":"session.update","session":{"type":"transcription","audio":{"input":{"turn_detection":null}}}}`)
	g.until("session.updated")
	g.speak(mediatest.Voice(time.Second, 24000))
	g.send(`{"type":"input_audio_buffer.commit"}`)
	require.Equal(t, "Bonjour.", g.until("conversation.item.input_audio_transcription.completed").str("transcript"))
	g.leave()
	(<-d.ended).complete(t)
}
