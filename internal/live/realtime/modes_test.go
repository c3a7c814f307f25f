package realtime

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"griot/internal/model/llm"
	"griot/internal/provider/fake"
	wire "griot/internal/realtime"
)

// A text session writes; one response of it may be spoken, and the next is written again. The history holds both.
func TestTextSessionWithASpokenResponse(t *testing.T) {
	play(t, setup{heard: []fake.Utterance{{Text: "Hello."}, {Text: "Aloud, please."}}, answers: []fake.Answer{{Text: "Written."}, {Text: "Spoken."}, {Text: "Written again."}}}, func(t *testing.T, c *client) {
		c.send(`{"type":"session.update","session":{"type":"realtime","output_modalities":["text"],"audio":{"input":{"turn_detection":{"type":"server_vad","create_response":true}}}}}`)
		require.Equal(t, []any{"text"}, c.wait("session.updated").get("session.output_modalities"))
		c.openMic(wire.PCM24k)
		c.say(time.Second)
		done := c.wait("response.done")
		require.Equal(t, []any{"text"}, done.get("response.output_modalities"))
		require.Equal(t, "output_text", done.str("response.output.0.content.0.type"))
		require.Equal(t, "Written.", c.wait("response.output_text.done").str("text"))
		require.Empty(t, c.all("response.output_audio.delta", "response.output_audio_transcript.delta", "response.output_audio.done"))

		c.send(`{"type":"response.create","response":{"output_modalities":["audio"]}}`)
		done = c.wait("response.done")
		require.Equal(t, []any{"audio"}, done.get("response.output_modalities"))
		require.Equal(t, "Spoken.", done.str("response.output.0.content.0.transcript"))
		require.NotEmpty(t, c.audio(done.str("response.id"), wire.PCM24k))

		c.rest(time.Second)
		c.say(time.Second)
		done = c.wait("response.done")
		require.Equal(t, []any{"text"}, done.get("response.output_modalities"), "one response was spoken, not the session")
		require.Equal(t, []llm.Message{{Role: llm.User, Text: "Hello."}, {Role: llm.Assistant, Text: "Written. Spoken."}, {Role: llm.User, Text: "Aloud, please."}}, c.llm.Requests()[2].Messages)
	})
}

// A written response that is cancelled closes with what was written until then.
func TestWrittenResponseIsCancelled(t *testing.T) {
	play(t, setup{heard: []fake.Utterance{{Text: "Stop it."}}, answers: []fake.Answer{{Text: "a very long written answer that goes on", WordsPerSec: 2}, {Text: "Yes."}}}, func(t *testing.T, c *client) {
		c.send(`{"type":"session.update","session":{"type":"realtime","output_modalities":["text"]}}`)
		c.openMic(wire.PCM24k)
		c.send(`{"type":"response.create"}`)
		c.wait("response.output_text.delta")
		c.send(`{"type":"response.cancel"}`)
		done := c.wait("response.done")
		require.JSONEq(t, `{"type":"cancelled","reason":"client_cancelled"}`, mustJSON(done.get("response.status_details")))
		require.Equal(t, "incomplete", done.str("response.output.0.status"))
		require.Equal(t, done.str("response.output.0.content.0.text"), c.wait("response.output_text.done").str("text"))
	})
}

// Manual turns: the client's voice does nothing by itself, neither begins a turn nor cuts the agent; what was said meanwhile is there to be committed. cancel is what cuts.
func TestManualTurnsAndTheAgentsVoice(t *testing.T) {
	play(t, setup{heard: []fake.Utterance{{Text: "Go on."}}, answers: []fake.Answer{{Text: agentTalks}, {Text: agentTalks}, {Text: "Good."}}}, func(t *testing.T, c *client) {
		c.send(`{"type":"session.update","session":{"type":"realtime","audio":{"input":{"turn_detection":null}}}}`)
		c.openMic(wire.PCM24k)
		c.send(`{"type":"response.create"}`)
		c.wait("response.output_audio.delta")
		c.rest(500 * time.Millisecond)
		c.say(1500 * time.Millisecond)
		done := c.wait("response.done")
		require.Equal(t, "completed", done.str("response.status"))
		require.Len(t, c.audio(done.str("response.id"), wire.PCM24k), 4*24000, "it was neither cut nor held")
		require.Empty(t, c.all("input_audio_buffer.speech_started", "input_audio_buffer.speech_stopped", "input_audio_buffer.committed"))

		c.send(`{"type":"response.create"}`)
		c.wait("response.output_audio.delta")
		c.wait("response.created")
		c.rest(500 * time.Millisecond)
		c.send(`{"type":"input_audio_buffer.commit"}`)
		require.Equal(t, "Go on.", c.wait("conversation.item.input_audio_transcription.completed").str("transcript"))
		require.Len(t, c.all("response.created"), 2, "a commit answers nothing")
		c.send(`{"type":"response.create","event_id":"busy"}`)
		c.failure("conversation_already_has_active_response", "", "busy")
		c.send(`{"type":"response.cancel"}`)
		require.Equal(t, "cancelled", c.wait("response.done").str("response.status"))
		c.send(`{"type":"response.create"}`)
		require.Equal(t, "Good.", c.wait("response.done").str("response.output.0.content.0.transcript"))
	})
}

// A commit needs 100 ms of sound, by a client's count: a shorter one is refused and costs nothing of what was said.
func TestManualCommitOfALittle(t *testing.T) {
	play(t, setup{heard: []fake.Utterance{{Text: "Yes."}}}, func(t *testing.T, c *client) {
		c.send(`{"type":"session.update","session":{"type":"realtime","audio":{"input":{"turn_detection":null}}}}`)
		c.wait("session.updated")
		c.append(wire.PCM24k, make([]int16, 2399))
		c.send(`{"type":"input_audio_buffer.commit","event_id":"short"}`)
		require.Contains(t, c.failure("input_audio_buffer_commit_empty", "", "short").str("error.message"), "only has 99ms of audio")
		c.append(wire.PCM24k, make([]int16, 1))
		c.send(`{"type":"input_audio_buffer.commit"}`)
		c.wait("input_audio_buffer.committed")
		require.Equal(t, "Yes.", c.wait("conversation.item.input_audio_transcription.completed").str("transcript"))
		c.send(`{"type":"input_audio_buffer.commit","event_id":"again"}`)
		c.failure("input_audio_buffer_commit_empty", "", "again")
	})
}

// Section 1.3: what has no effect here is accepted and echoed, merged and cleared as everything is; tracing stays as it was set.
func TestFieldsThatAreEchoed(t *testing.T) {
	play(t, setup{answers: []fake.Answer{{Text: "Yes."}}}, func(t *testing.T, c *client) {
		update := func(fields string) got {
			c.send(`{"type":"session.update","session":{"type":"realtime",%s}}`, fields)
			return c.wait("session.updated")
		}
		s := c.wait("session.created")
		require.Equal(t, "auto", s.get("session.truncation"))
		for _, null := range []string{"prompt", "tracing", "include"} {
			require.Contains(t, s.get("session"), null)
			require.Nil(t, s.get("session."+null))
		}
		require.NotContains(t, s.get("session"), "parallel_tool_calls", "the model's own")

		g := update(`"prompt":{"id":"pmpt_1","version":"3","variables":{"city":"Dakar"}},"tracing":{"workflow_name":"w","metadata":{"a":"b"}},"truncation":{"type":"retention_ratio","retention_ratio":0.8,"token_limits":{"post_instructions":2000}},
			"include":["item.input_audio_transcription.logprobs"],"parallel_tool_calls":false,"reasoning":{"effort":"low"}`)
		require.JSONEq(t, `{"id":"pmpt_1","version":"3","variables":{"city":"Dakar"}}`, mustJSON(g.get("session.prompt")))
		require.JSONEq(t, `{"workflow_name":"w","metadata":{"a":"b"}}`, mustJSON(g.get("session.tracing")))
		require.JSONEq(t, `{"type":"retention_ratio","retention_ratio":0.8,"token_limits":{"post_instructions":2000}}`, mustJSON(g.get("session.truncation")))
		require.JSONEq(t, `["item.input_audio_transcription.logprobs"]`, mustJSON(g.get("session.include")))
		require.Equal(t, false, g.get("session.parallel_tool_calls"))
		require.Equal(t, "low", g.str("session.reasoning.effort"))

		g = update(`"prompt":null,"include":[],"truncation":"disabled","parallel_tool_calls":null`)
		require.Nil(t, g.get("session.prompt"))
		require.Equal(t, "disabled", g.get("session.truncation"))
		require.NotContains(t, g.get("session"), "parallel_tool_calls")
		require.NotNil(t, g.get("session.tracing"))
		for _, other := range []string{`null`, `"auto"`} {
			c.send(`{"type":"session.update","event_id":"t","session":{"type":"realtime","tracing":%s}}`, other)
			c.failure("invalid_value", "session.tracing", "t")
		}
		for field, bad := range map[string]string{"truncation": `"some"`, "truncation.retention_ratio": `{"type":"retention_ratio","retention_ratio":1.5}`, "include": `["everything"]`, "max_output_tokens": `4097`, "parallel_tool_calls": `"yes"`, "prompt.id": `{}`} {
			name := field
			if i := len("truncation"); len(field) > i && field[:i] == "truncation" {
				name = "truncation"
			}
			if field == "prompt.id" {
				name = "prompt"
			}
			c.send(`{"type":"session.update","event_id":"b","session":{"type":"realtime","%s":%s}}`, name, bad)
			e := c.wait("error")
			require.Equal(t, "session."+field, e.str("error.param"), "%s", e.raw)
		}
		c.send(`{"type":"response.create","response":{"prompt":{"id":"pmpt_2"}}}`)
		require.Equal(t, "completed", c.wait("response.done").str("response.status"))
		update(`"parallel_tool_calls":false`)
		c.send(askInText)
		c.wait("response.done")
		c.send(`{"type":"response.create","response":{"parallel_tool_calls":true}}`)
		c.wait("response.done")
		for i, one := range []bool{false, true, false} {
			require.Equal(t, one, c.llm.Requests()[i].OneCall, "request %d", i)
		}
	})
}
