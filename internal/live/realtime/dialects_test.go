package realtime

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/coder/websocket"
	"github.com/stretchr/testify/require"

	"griot/internal/live/session"
	"griot/internal/model/llm"
	"griot/internal/provider/fake"
	wire "griot/internal/realtime"
)

// older are the dialects with the beta's names.
var older = []wire.Dialect{wire.Beta, wire.VoiceLive}

var (
	olderTurn = []string{
		"input_audio_buffer.speech_started",
		"input_audio_buffer.speech_stopped",
		"input_audio_buffer.committed",
		"conversation.item.created",
		"conversation.item.input_audio_transcription.delta",
		"conversation.item.input_audio_transcription.completed",
	}
	olderOpened = []string{"response.output_item.added", "conversation.item.created", "response.content_part.added", "deltas"}
	olderAudio  = []string{"response.audio.done", "response.audio_transcript.done", "response.content_part.done", "response.output_item.done"}
	olderText   = []string{"response.text.done", "response.content_part.done", "response.output_item.done"}
)

// Order of section 2.4, and of the beta, which is the same: a turn found by voice detection, and a spoken answer.
func TestOrderOfSpokenTurnInOlderDialects(t *testing.T) {
	for _, d := range older {
		t.Run(d.String(), func(t *testing.T) {
			play(t, setup{dialect: d, heard: []fake.Utterance{{Text: "When do you open?"}}, answers: []fake.Answer{{Text: "We open at nine."}}}, func(t *testing.T, c *client) {
				c.openMic(wire.PCM24k)
				c.rest(time.Second)
				c.say(1200 * time.Millisecond)
				done := c.wait("response.done")
				require.Equal(t, concat(one("session.created"), olderTurn, one("response.created"), olderOpened, olderAudio, one("response.done")), c.order(0))
				user := c.wait("conversation.item.created")
				require.JSONEq(t, `{"object":"realtime.item","id":"`+user.str("item.id")+`","type":"message","status":"completed","role":"user","content":[{"type":"input_audio","transcript":null}]}`, mustJSON(user.get("item")))
				require.JSONEq(t, `[{"type":"audio","transcript":"We open at nine."}]`, mustJSON(c.wait("response.output_item.done").get("item.content")))
				require.Equal(t, "realtime.item", done.str("response.output.0.object"))
				require.Equal(t, []any{"text", "audio"}, done.get("response.modalities"))
				require.Equal(t, "pcm16", done.str("response.output_audio_format"))
				require.Nil(t, done.get("response.output_modalities"))
				require.InDelta(t, 4*8000, len(c.audio(done.str("response.id"), wire.PCM24k)), 50)
				completed := c.wait("conversation.item.input_audio_transcription.completed")
				require.Equal(t, "When do you open?", completed.str("transcript"))
				if d == wire.VoiceLive {
					require.NotContains(t, completed.m, "usage")
					require.Equal(t, map[string]any{"type": "azure-standard", "name": "fake/tone"}, done.get("response.voice"))
				} else {
					require.Equal(t, "fake/tone", done.get("response.voice"))
				}
			})
		})
	}
}

// A written conversation with a tool of the client's.
func TestOrderOfTextAndCallsInOlderDialects(t *testing.T) {
	for _, d := range older {
		t.Run(d.String(), func(t *testing.T) {
			play(t, setup{dialect: d, answers: []fake.Answer{{Calls: []llm.ToolCall{{ID: "call_1", Name: "weather"}}}, {Text: "Sunny."}}}, func(t *testing.T, c *client) {
				c.send(`{"type":"session.update","session":{"modalities":["text"],"tools":[{"type":"function","name":"weather"}],"tool_choice":"auto","temperature":0.7,"max_response_output_tokens":"inf"}}`)
				c.send(`{"type":"conversation.item.create","item":{"id":"q","object":"realtime.item","type":"message","role":"user","content":[{"type":"input_text","text":"Weather?"}]}}`)
				c.send(`{"type":"response.create"}`)
				c.wait("response.done")
				require.Equal(t, concat(one("session.created", "session.updated", "conversation.item.created", "response.created", "response.output_item.added", "conversation.item.created",
					"response.function_call_arguments.delta", "response.function_call_arguments.done", "response.output_item.done", "response.done")), c.order(0))
				require.Equal(t, "weather", c.wait("response.function_call_arguments.done").str("name"))
				require.InDelta(t, 0.7, *c.llm.Requests()[0].Limits.Temperature, 0)
				updated := c.wait("session.updated")
				require.InDelta(t, 0.7, updated.get("session.temperature"), 0)
				require.Equal(t, []any{"text"}, updated.get("session.modalities"))
				n := len(c.sent())
				c.send(`{"type":"conversation.item.create","item":{"type":"function_call_output","call_id":"call_1","output":"sunny"}}`)
				c.send(`{"type":"response.create","response":{"modalities":["text"],"max_output_tokens":9,"temperature":1.1}}`)
				done := c.wait("response.done")
				require.Equal(t, concat(one("conversation.item.created", "response.created"), olderOpened, olderText, one("response.done")), c.order(n))
				require.JSONEq(t, `[{"type":"text","text":"Sunny."}]`, mustJSON(done.get("response.output.0.content")))
				require.InDelta(t, 1.1, done.get("response.temperature"), 0)
				require.EqualValues(t, 9, done.get("response.max_output_tokens"))
			})
		})
	}
}

// What a Voice Live client asks and this server does not do is warned of, and the rest is done.
func TestVoiceLiveWarns(t *testing.T) {
	play(t, setup{dialect: wire.VoiceLive, answers: []fake.Answer{{Text: "Yes."}}}, func(t *testing.T, c *client) {
		c.send(`{"type":"session.update","event_id":"u","session":{"model":"gpt-realtime","instructions":"Rhyme.","voice":{"type":"azure-standard","name":"en-US-AvaNeural","rate":"1.5"},"avatar":{"character":"lisa"},"zoom":1}}`)
		updated := c.wait("session.updated")
		require.Equal(t, "Rhyme.", updated.str("session.instructions"))
		require.Equal(t, map[string]any{"type": "azure-standard", "name": "fake/tone"}, updated.get("session.voice"), "the agent's own")
		require.InDelta(t, 1.5, updated.get("session.speed"), 0)
		var params []string
		for _, w := range c.all("warning") {
			params = append(params, w.str("warning.param"))
		}
		require.ElementsMatch(t, []string{"session.avatar", "session.zoom", "session.voice"}, params)
		c.send(`{"type":"session.avatar.connect","event_id":"a","client_sdp":"eA=="}`)
		c.failure("invalid_event", "type", "a")
		c.send(`{"type":"session.update","event_id":"t","session":{"temperature":9}}`)
		c.failure("invalid_value", "session.temperature", "t")
		c.send(`{"type":"response.create","response":{"voice":{"type":"openai","name":"alloy"}}}`)
		require.Equal(t, map[string]any{"type": "openai", "name": "alloy"}, c.wait("response.done").get("response.voice"))
	})
}

// The beta tolerates in silence.
func TestBetaTolerates(t *testing.T) {
	play(t, setup{dialect: wire.Beta}, func(t *testing.T, c *client) {
		c.send(`{"type":"session.update","session":{"model":"gpt-4o-realtime-preview","instructions":"Rhyme.","zoom":1},"more":2}`)
		require.Equal(t, "Rhyme.", c.wait("session.updated").str("session.instructions"))
		require.Empty(t, c.all("warning", "error"))
		c.send(`{"type":"session.update","event_id":"v","session":{"voice":"nobody"}}`)
		c.failure("invalid_value", "session.voice", "v")
	})
}

// Voice Live's other rates, in and out: a turn is found, and the answer has its length.
func TestVoiceLiveRates(t *testing.T) {
	for _, rate := range []int{8000, 16000} {
		play(t, setup{dialect: wire.VoiceLive, heard: []fake.Utterance{{Text: "Hello."}}, answers: []fake.Answer{{Text: "one two three"}}}, func(t *testing.T, c *client) {
			c.send(`{"type":"session.update","session":{"input_audio_format":"pcm16","input_audio_sampling_rate":%d,"output_audio_format":"pcm16_%dhz"}}`, rate, rate)
			require.EqualValues(t, rate, c.wait("session.updated").get("session.input_audio_sampling_rate"))
			f := wire.AudioFormat{Type: wire.TypePCM, Rate: rate}
			c.openMic(f)
			c.rest(500 * time.Millisecond)
			c.say(time.Second)
			done := c.wait("response.done")
			require.InDelta(t, 200, c.wait("input_audio_buffer.speech_started").get("audio_start_ms"), 60)
			require.InDelta(t, 2000, c.wait("input_audio_buffer.speech_stopped").get("audio_end_ms"), 60)
			pcm := c.audio(done.str("response.id"), f)
			require.InDelta(t, rate, len(pcm), float64(rate)/100)
			n, ok := fake.WordIn(pcm[rate/3+rate/12:rate/3+rate/5], rate)
			require.True(t, ok)
			require.Equal(t, 1, n)
		})
	}
}

// Words are timed for who asks: each once, in order, touching, and closed before the response is.
func TestVoiceLiveWordTimes(t *testing.T) {
	play(t, setup{dialect: wire.VoiceLive, answers: []fake.Answer{{Text: "We open at nine."}, {Text: "Ten."}}}, func(t *testing.T, c *client) {
		c.send(`{"type":"session.update","session":{"output_audio_timestamp_types":["word"]}}`)
		c.send(`{"type":"response.create"}`)
		done := c.wait("response.done")
		var words []string
		at := 0.0
		for _, g := range c.all("response.audio_timestamp.delta") {
			words = append(words, g.str("text"))
			require.InDelta(t, at, g.get("audio_offset_ms"), 2)
			require.Equal(t, "word", g.str("timestamp_type"))
			require.Equal(t, done.str("response.output.0.id"), g.str("item_id"))
			at += g.get("audio_duration_ms").(float64)
		}
		require.Equal(t, []string{"We", "open", "at", "nine."}, words)
		require.InDelta(t, 4000.0/3, at, 5)
		require.Equal(t, done.str("response.id"), c.wait("response.audio_timestamp.done").str("response_id"))
		c.send(`{"type":"session.update","session":{"output_audio_timestamp_types":null}}`)
		c.send(`{"type":"response.create"}`)
		c.wait("response.done")
		require.Len(t, c.all("response.audio_timestamp.delta"), 4)
	})
}

// A voice that gives no marks is said to.
func TestVoiceLiveWordTimesOfAVoiceWithout(t *testing.T) {
	play(t, setup{dialect: wire.VoiceLive, plan: func(p *session.Plan) { p.Models.TTS = fake.NewTTS(fake.TTSOptions{}) }}, func(t *testing.T, c *client) {
		c.send(`{"type":"session.update","session":{"output_audio_timestamp_types":["word"]}}`)
		require.Equal(t, "session.output_audio_timestamp_types", c.wait("warning").str("warning.param"))
	})
}

// auto_truncate: the server cuts the interrupted item itself, and says where.
func TestVoiceLiveAutoTruncate(t *testing.T) {
	play(t, setup{dialect: wire.VoiceLive, heard: []fake.Utterance{{Text: "Stop."}}, answers: []fake.Answer{{Text: "one two three four five six seven eight nine"}, {Text: "Yes?"}}}, func(t *testing.T, c *client) {
		c.send(`{"type":"session.update","session":{"turn_detection":{"type":"azure_semantic_vad","auto_truncate":true,"silence_duration_ms":500}}}`)
		c.openMic(wire.PCM24k)
		c.send(`{"type":"response.create"}`)
		c.rest(1200 * time.Millisecond)
		c.say(700 * time.Millisecond)
		cut := c.wait("response.done")
		require.Equal(t, "cancelled", cut.str("response.status"))
		truncated := c.wait("conversation.item.truncated")
		require.Equal(t, cut.str("response.output.0.id"), truncated.str("item_id"))
		require.InDelta(t, 1400, truncated.get("audio_end_ms"), 400)
		require.Equal(t, "completed", c.wait("response.done").str("response.status"))
		require.Len(t, c.all("conversation.item.truncated"), 1)
	})
}

// What response.create may ask for beside the response.
func TestVoiceLiveResponseExtras(t *testing.T) {
	play(t, setup{dialect: wire.VoiceLive, heard: []fake.Utterance{{Text: "Spoken."}}, answers: []fake.Answer{{Text: "one two three four five six"}, {Text: "Second."}, {Text: "Third."}}}, func(t *testing.T, c *client) {
		c.send(`{"type":"response.create","response":{"cancel_previous":true}}`) // there is none, which is no fault
		c.rest(500 * time.Millisecond)
		c.send(`{"type":"response.create","response":{"cancel_previous":true,"additional_instructions":"Rhyme.","append_input_items":[{"type":"message","role":"user","content":[{"type":"input_text","text":"Appended."}]}]}}`)
		require.Equal(t, "cancelled", c.wait("response.done").str("response.status"))
		require.Equal(t, "completed", c.wait("response.done").str("response.status"))
		req := c.llm.Requests()[1]
		require.Equal(t, "Be brief.\n\nRhyme.", req.System)
		require.Equal(t, llm.Message{Role: llm.User, Text: "Appended."}, req.Messages[len(req.Messages)-1])

		c.send(`{"type":"response.create","response":{"pre_generated_assistant_message":{"type":"message","role":"assistant","content":[{"type":"text","text":"Word for word."}]},"metadata":{"k":"v"}}}`)
		done := c.wait("response.done")
		require.Equal(t, "Word for word.", done.str("response.output.0.content.0.transcript"))
		require.Equal(t, "v", done.str("response.metadata.k"))
		require.Len(t, c.llm.Requests(), 2, "no model was asked")

		c.send(`{"type":"session.update","session":{"turn_detection":null}}`)
		c.wait("session.updated")
		c.send(`{"type":"input_audio.turn.start","turn_id":"1"}`)
		c.openMic(wire.PCM24k)
		c.say(time.Second)
		c.rest(1500 * time.Millisecond)
		c.send(`{"type":"response.create","response":{"commit":true}}`)
		require.Equal(t, "completed", c.wait("response.done").str("response.status"))
		req = c.llm.Requests()[2]
		require.Equal(t, llm.Message{Role: llm.User, Text: "Spoken."}, req.Messages[len(req.Messages)-1])
		require.Empty(t, c.all("error", "warning"))
	})
}

// A second controller speaks its own dialect: GA beside a call of the beta's.
func TestSideChannelInAnotherDialect(t *testing.T) {
	play(t, setup{dialect: wire.Beta, beside: true, answers: []fake.Answer{{Text: "Yes."}}}, func(t *testing.T, c *client) {
		side := c.join(wire.GA)
		side.in <- message{data: []byte(`{"type":"session.update","session":{"type":"realtime","audio":{"output":{"speed":1.5}}}}`)}
		require.InDelta(t, 1.5, c.wait("session.updated").get("session.speed"), 0)
		c.send(`{"type":"session.update","session":{"instructions":"Rhyme."}}`)
		c.send(`{"type":"response.create"}`)
		c.wait("response.done")
		c.rest(3 * time.Second)
		for typ, old := range map[string]string{"conversation.item.added": "conversation.item.created", "response.output_audio_transcript.done": "response.audio_transcript.done"} {
			_, ok := side.nth(typ, 0)
			require.True(t, ok, typ)
			require.NotEmpty(t, c.all(old))
			_, ok = side.nth(old, 0)
			require.False(t, ok, old)
		}
		updated, ok := side.nth("session.updated", 1)
		require.True(t, ok)
		require.Equal(t, "Rhyme.", updated.str("session.instructions"))
		require.InDelta(t, 1.5, updated.get("session.audio.output.speed"), 0)
	})
}

// join adds a second controller.
func (c *client) join(d wire.Dialect) *pipe {
	p := &pipe{start: c.pipe.start, in: make(chan message, 64), gone: make(chan struct{}), byType: map[string][]got{}}
	c.wg.Go(func() { _ = c.call.Join(c.Context(), Client{Pipe: p, Dialect: d}) })
	synctest.Wait()
	return p
}

// A cancellation closes what is open, in the older names, and what it played out over a connection of its own is told in Voice Live's.
func TestOrderOfCancellationInOlderDialects(t *testing.T) {
	for _, d := range older {
		t.Run(d.String(), func(t *testing.T) {
			answers := []fake.Answer{{Text: "one two three four five six seven eight nine"}}
			play(t, setup{dialect: d, answers: answers}, func(t *testing.T, c *client) {
				c.send(`{"type":"response.create"}`)
				c.rest(time.Second)
				c.send(`{"type":"response.cancel"}`)
				done := c.wait("response.done")
				require.Equal(t, concat(one("session.created", "response.created"), olderOpened, olderAudio, one("response.done")), c.order(0))
				require.Equal(t, "incomplete", done.str("response.output.0.status"))
			})
			play(t, setup{dialect: d, beside: true, answers: answers}, func(t *testing.T, c *client) {
				c.send(`{"type":"response.create"}`)
				started := c.wait("output_audio_buffer.started")
				require.NotEmpty(t, started.str("response_id"))
				c.rest(time.Second)
				c.send(`{"type":"output_audio_buffer.clear"}`)
				cleared := c.wait("output_audio_buffer.cleared")
				require.Equal(t, d == wire.VoiceLive, cleared.get("response_id") == nil)
				require.Empty(t, c.all("response.audio.delta"))
			})
		})
	}
}

// The limit on messages holds in every dialect: an error, then close code 1009.
func TestTooLongAMessageInEveryDialect(t *testing.T) {
	for _, path := range []string{"/v1/realtime?model=test", "/openai/realtime?deployment=test", "/voice-live/realtime?model=test"} {
		d := openDoor(t, setup{})
		d.srv.ReadLimit = 64 << 10
		conn, _, err := websocket.Dial(t.Context(), d.url+path, nil)
		require.NoError(t, err)
		t.Cleanup(func() { _ = conn.CloseNow() })
		g := &guest{t, conn}
		g.send(`{"type":"input_audio_buffer.append","audio":"%s"}`, strings.Repeat("A", 96<<10))
		last := ""
		for raw := []byte(nil); err == nil; _, raw, err = g.Read(t.Context()) {
			last = string(raw)
		}
		if code := websocket.CloseStatus(err); code != -1 { // unless the reset of the connection overtook it
			require.Equal(t, websocket.StatusMessageTooBig, code)
			require.Contains(t, last, "message_too_large")
		}
		v := <-d.ended
		require.Equal(t, "message_too_large", v.legFault())
		v.complete(t)
	}
}

// A transcription session in the words of the beta, which has its own event to change one.
func TestBetaTranscriptionSession(t *testing.T) {
	play(t, setup{dialect: wire.Beta, plan: transcribing, heard: []fake.Utterance{{Text: "Hello."}}}, func(t *testing.T, c *client) {
		created := c.wait("session.created")
		require.Equal(t, "realtime.transcription_session", created.str("session.object"))
		require.Equal(t, "pcm16", created.str("session.input_audio_format"))
		c.send(`{"type":"transcription_session.update","session":{"input_audio_format":"g711_ulaw","turn_detection":{"type":"server_vad","silence_duration_ms":400}}}`)
		updated := c.wait("transcription_session.updated")
		require.Equal(t, "g711_ulaw", updated.str("session.input_audio_format"))
		require.EqualValues(t, 400, updated.get("session.turn_detection.silence_duration_ms"))
		c.send(`{"type":"session.update","event_id":"u","session":{"instructions":"x"}}`)
		c.failure("invalid_value", "session.type", "u")
		c.openMic(wire.AudioFormat{Type: wire.TypePCMU})
		c.say(time.Second)
		require.Equal(t, "Hello.", c.wait("conversation.item.input_audio_transcription.completed").str("transcript"))
		c.rest(3 * time.Second)
		require.Empty(t, c.all("response.created"))
	})
}
