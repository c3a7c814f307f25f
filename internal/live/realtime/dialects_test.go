package realtime

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

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
