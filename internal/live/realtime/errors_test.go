package realtime

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"griot/internal/fault"
	"griot/internal/live/session"
	"griot/internal/model/llm"
	"griot/internal/provider/fake"
	wire "griot/internal/realtime"
)

// mistake is one client event that must be refused, with the code, the parameter and the client's event_id, and change nothing.
type mistake struct {
	name, event, code, param, id string
}

// Section 1.14 and rules 7, 11 and 14: each mistake is answered by an error that echoes the event's id, and the session goes on.
func TestMistakesAreAnsweredAndForgiven(t *testing.T) {
	mistakes := []mistake{
		{"no JSON", `{"type":`, "invalid_event", "", ""},
		{"no object", `[1]`, "invalid_event", "", ""},
		{"garbage", "\x00\xff not json", "invalid_event", "", ""},
		{"no type", `{"event_id":"a"}`, "missing_required_parameter", "type", "a"},
		{"unknown type", `{"type":"session.destroy","event_id":"b"}`, "invalid_value", "type", "b"},
		{"unknown field of an event", `{"type":"response.cancel","why":1,"event_id":"c"}`, "unknown_parameter", "why", "c"},
		{"no session", `{"type":"session.update","event_id":"d"}`, "missing_required_parameter", "session", "d"},
		{"no session.type", `{"type":"session.update","event_id":"e","session":{"instructions":"x"}}`, "missing_required_parameter", "session.type", "e"},
		{"unknown field of the session", `{"type":"session.update","event_id":"f","session":{"type":"realtime","instructions":"x","temperature":0.8}}`, "unknown_parameter", "session.temperature", "f"},
		{"unknown nested field", `{"type":"session.update","event_id":"g","session":{"type":"realtime","audio":{"input":{"turn_detection":{"type":"server_vad","eagernes":"low"}}}}}`, "unknown_parameter", "session.audio.input.turn_detection.eagernes", "g"},
		{"field of the other variant", `{"type":"session.update","event_id":"h","session":{"type":"realtime","audio":{"input":{"turn_detection":{"type":"semantic_vad","threshold":0.5}}}}}`, "unknown_parameter", "session.audio.input.turn_detection.threshold", "h"},
		{"value out of range", `{"type":"session.update","event_id":"i","session":{"type":"realtime","audio":{"input":{"turn_detection":{"type":"server_vad","threshold":2}}}}}`, "invalid_value", "session.audio.input.turn_detection.threshold", "i"},
		{"both modalities", `{"type":"session.update","event_id":"j","session":{"type":"realtime","output_modalities":["audio","text"]}}`, "invalid_value", "session.output_modalities", "j"},
		{"another model", `{"type":"session.update","event_id":"k","session":{"type":"realtime","model":"agent:another"}}`, "invalid_value", "session.model", "k"},
		{"a transcription session", `{"type":"session.update","event_id":"l","session":{"type":"transcription"}}`, "invalid_value", "session.type", "l"},
		{"a voice nobody has", `{"type":"session.update","event_id":"m","session":{"type":"realtime","audio":{"output":{"voice":"darth"}}}}`, "invalid_value", "session.audio.output.voice", "m"},
		{"a custom voice", `{"type":"session.update","event_id":"n","session":{"type":"realtime","audio":{"output":{"voice":{"id":"v1"}}}}}`, "invalid_value", "session.audio.output.voice", "n"},
		{"MCP tools", `{"type":"session.update","event_id":"o","session":{"type":"realtime","tools":[{"type":"mcp","server_label":"x","server_url":"http://x"}]}}`, "invalid_value", "session.tools", "o"},
		{"16 kHz", `{"type":"session.update","event_id":"p","session":{"type":"realtime","audio":{"input":{"format":{"type":"audio/pcm","rate":16000}}}}}`, "invalid_value", "session.audio.input.format.rate", "p"},

		{"append without audio", `{"type":"input_audio_buffer.append","event_id":"aa"}`, "missing_required_parameter", "audio", "aa"},
		{"base64 garbage", `{"type":"input_audio_buffer.append","event_id":"ab","audio":"%%%%"}`, "invalid_value", "audio", "ab"},
		{"base64 cut short", `{"type":"input_audio_buffer.append","event_id":"ac","audio":"AAA"}`, "invalid_value", "audio", "ac"},
		{"commit of nothing", `{"type":"input_audio_buffer.commit","event_id":"ad"}`, "input_audio_buffer_commit_empty", "", "ad"},
		{"output buffer on a WebSocket", `{"type":"output_audio_buffer.clear","event_id":"ae"}`, "invalid_event", "", "ae"},

		{"item without type", `{"type":"conversation.item.create","event_id":"ba","item":{"role":"user"}}`, "missing_required_parameter", "item.type", "ba"},
		{"item of no type", `{"type":"conversation.item.create","event_id":"bb","item":{"type":"mcp_call"}}`, "invalid_value", "item.type", "bb"},
		{"unknown previous item", `{"type":"conversation.item.create","event_id":"bc","previous_item_id":"nope","item":{"type":"message","role":"user","content":[]}}`, "item_create_invalid_previous_item_id", "previous_item_id", "bc"},
		{"an id twice", `{"type":"conversation.item.create","event_id":"bd","item":{"id":"first","type":"message","role":"user","content":[]}}`, "item_create_duplicate_item_id", "item.id", "bd"},
		{"output of no call", `{"type":"conversation.item.create","event_id":"be","item":{"type":"function_call_output","call_id":"c9","output":"x"}}`, "invalid_value", "item.call_id", "be"},
		{"content of another role", `{"type":"conversation.item.create","event_id":"bf","item":{"type":"message","role":"user","content":[{"type":"output_text","text":"x"}]}}`, "invalid_value", "item.content[0].type", "bf"},
		{"an image", `{"type":"conversation.item.create","event_id":"bg","item":{"type":"message","role":"user","content":[{"type":"input_image","image_url":"data:,"}]}}`, "invalid_value", "item.content[0].image_url", "bg"},
		{"audio without its words", `{"type":"conversation.item.create","event_id":"bh","item":{"type":"message","role":"user","content":[{"type":"input_audio","audio":"AAAA"}]}}`, "invalid_value", "item.content", "bh"},
		{"delete what is not there", `{"type":"conversation.item.delete","event_id":"bi","item_id":"nope"}`, "item_delete_invalid_item_id", "item_id", "bi"},
		{"retrieve what is not there", `{"type":"conversation.item.retrieve","event_id":"bj","item_id":"nope"}`, "item_retrieve_invalid_item_id", "item_id", "bj"},
		{"truncate what is not there", `{"type":"conversation.item.truncate","event_id":"bk","item_id":"nope","content_index":0,"audio_end_ms":1}`, "item_truncate_invalid_item_id", "item_id", "bk"},
		{"truncate what the user wrote", `{"type":"conversation.item.truncate","event_id":"bl","item_id":"first","content_index":0,"audio_end_ms":1}`, "unsupported_content_type", "item_id", "bl"},
		{"truncate a second part", `{"type":"conversation.item.truncate","event_id":"bm","item_id":"first","content_index":1,"audio_end_ms":1}`, "invalid_value", "content_index", "bm"},
		{"truncate before the start", `{"type":"conversation.item.truncate","event_id":"bn","item_id":"first","content_index":0,"audio_end_ms":-1}`, "invalid_value", "audio_end_ms", "bn"},

		{"cancel of nothing", `{"type":"response.cancel","event_id":"ca"}`, "response_cancel_not_active", "", "ca"},
		{"in another conversation", `{"type":"response.create","event_id":"cb","response":{"conversation":"conv_1"}}`, "invalid_value", "response.conversation", "cb"},
		{"a reference outside of input", `{"type":"conversation.item.create","event_id":"cb2","item":{"type":"item_reference","id":"first"}}`, "invalid_value", "item.type", "cb2"},
		{"unknown field of a response", `{"type":"response.create","event_id":"cc","response":{"modalities":["text"]}}`, "unknown_parameter", "response.modalities", "cc"},
		{"too much metadata", `{"type":"response.create","event_id":"cd","response":{"metadata":{"a":1}}}`, "invalid_value", "response.metadata.a", "cd"},
		{"reference to nothing", `{"type":"response.create","event_id":"ce","response":{"input":[{"type":"item_reference","id":"nope"}]}}`, "item_retrieve_invalid_item_id", "response.input[0]", "ce"},
		{"a voice nobody has, once", `{"type":"response.create","event_id":"cf","response":{"audio":{"output":{"voice":"darth"}}}}`, "invalid_value", "response.audio.output.voice", "cf"},
		{"no such tool", `{"type":"response.create","event_id":"cg","response":{"tool_choice":{"type":"function","name":"x"}}}`, "invalid_value", "response.tool_choice.name", "cg"},

		{"extensions that are off", `{"type":"griot.digits","event_id":"da","digits":"1"}`, "extensions_not_enabled", "", "da"},
		{"extensions that are off, playback", `{"type":"griot.playback","event_id":"db","response_id":"r","item_id":"i","audio_end_ms":0}`, "extensions_not_enabled", "", "db"},
	}
	play(t, setup{answers: []fake.Answer{{Text: "Still here."}}}, func(t *testing.T, c *client) {
		c.send(`{"type":"conversation.item.create","item":{"id":"first","type":"message","role":"user","content":[{"type":"input_text","text":"Hello"}]}}`)
		c.wait("conversation.item.done")
		for _, m := range mistakes {
			c.pipe.in <- message{data: []byte(m.event)}
			g := c.wait("error")
			require.Equal(t, m.code, g.str("error.code"), "%s: %s", m.name, g.raw)
			require.Equal(t, m.param, g.str("error.param"), "%s: %s", m.name, g.raw)
			require.Equal(t, m.id, g.str("error.event_id"), "%s: %s", m.name, g.raw)
			require.Equal(t, "invalid_request_error", g.str("error.type"), m.name)
			require.NotEmpty(t, g.str("error.message"), m.name)
		}
		c.pipe.in <- message{data: []byte{1, 2, 3}, binary: true}
		c.failure("invalid_event", "", "")
		require.Len(t, c.sent(), 3+len(mistakes)+1, "nothing else came of them")

		c.send(`{"type":"session.update","session":{"type":"realtime"}}`)
		s := c.wait("session.updated")
		require.Equal(t, "Be brief.", s.str("session.instructions"), "a refused update changes nothing, not even its good parts")
		c.send(`{"type":"response.create"}`)
		require.Equal(t, "Still here.", c.wait("response.done").str("response.output.0.content.0.transcript"))
	})
}

// Only one response at a time: the second is refused and the first goes on.
func TestSecondResponseIsRefused(t *testing.T) {
	play(t, setup{answers: []fake.Answer{{Text: "one two three"}}}, func(t *testing.T, c *client) {
		c.send(`{"type":"response.create"}`)
		c.wait("response.created")
		c.send(`{"type":"response.create","event_id":"twice"}`)
		g := c.failure("conversation_already_has_active_response", "", "twice")
		require.Contains(t, g.str("error.message"), c.all("response.created")[0].str("response.id"))
		c.send(`{"type":"response.cancel","response_id":"resp_other","event_id":"other"}`)
		c.failure("response_cancel_not_active", "", "other")
		require.Equal(t, "completed", c.wait("response.done").str("response.status"))
	})
}

// cannot_update_voice does not apply: an agent has one voice, and every name that is accepted means it, also after it has spoken.
func TestVoiceNamesOfClientsMeanTheAgents(t *testing.T) {
	play(t, setup{plan: greet}, func(t *testing.T, c *client) {
		require.Equal(t, "fake/tone", c.wait("session.created").str("session.audio.output.voice"))
		c.rest(time.Second)
		c.send(`{"type":"session.update","session":{"type":"realtime","audio":{"output":{"voice":"verse"}}}}`)
		require.Equal(t, "verse", c.wait("session.updated").str("session.audio.output.voice"))
		c.send(`{"type":"session.update","session":{"type":"realtime","audio":{"output":{"voice":"fake/tone"}}}}`)
		require.Equal(t, "fake/tone", c.wait("session.updated").str("session.audio.output.voice"))
	})
}

// session_expired: the error comes before the close, and what was heard of the agent is settled.
func TestSessionExpires(t *testing.T) {
	play(t, setup{plan: func(p *session.Plan) { greet(p); p.Limits.Max = time.Second }}, func(t *testing.T, c *client) {
		g := c.wait("error")
		require.Equal(t, "session_expired", g.str("error.code"))
		c.rest(time.Second)
		require.Equal(t, "limit", c.pipe.closed[0])
		require.Equal(t, "limit", c.reason)
		require.NoError(t, c.fault)
		require.Equal(t, "error", c.sent()[len(c.sent())-1].typ)
		require.Len(t, c.record.bodies("agent.said"), 1)
	})
}

// A message beyond the limit: the client is told, and the connection ends.
func TestMessageTooLarge(t *testing.T) {
	play(t, setup{}, func(t *testing.T, c *client) {
		c.rest(time.Second)
		c.pipe.in <- message{err: fault.New(fault.Invalid, "message_too_large", "The message is longer than 16 bytes.")}
		c.failure("message_too_large", "", "")
		c.rest(time.Second)
		require.Equal(t, []string{"caller_left", "caller_left"}, c.pipe.closed)
	})
}

// What was said is transcribed for the client only when it asked for that; the agent hears in any case.
func TestTranscriptionNull(t *testing.T) {
	play(t, setup{heard: []fake.Utterance{{Text: "Hello."}, {Err: errDown}}, answers: []fake.Answer{{Text: "Yes."}}}, func(t *testing.T, c *client) {
		require.Equal(t, "fake", c.wait("session.created").str("session.audio.input.transcription.model"))
		c.send(`{"type":"session.update","session":{"type":"realtime","audio":{"input":{"transcription":null}}}}`)
		require.Nil(t, c.wait("session.updated").get("session.audio.input.transcription"))
		c.openMic(wire.PCM24k)
		c.say(time.Second)
		c.wait("response.done")
		require.Equal(t, []llm.Message{{Role: llm.User, Text: "Hello."}}, c.llm.Requests()[0].Messages)
		c.rest(2 * time.Second)
		c.say(time.Second)
		c.rest(5 * time.Second)
		require.Len(t, c.all("input_audio_buffer.committed"), 2)
		for _, g := range c.sent() {
			require.NotContains(t, g.typ, "transcription")
		}
	})
}

// A turn in which nothing was recognised completes with an empty transcript; one that could not be recognised fails, and neither field of the failure is null.
func TestTranscriptionEmptyAndFailed(t *testing.T) {
	play(t, setup{heard: []fake.Utterance{{}, {Err: errDown}}}, func(t *testing.T, c *client) {
		c.openMic(wire.PCM24k)
		c.say(time.Second)
		g := c.wait("conversation.item.input_audio_transcription.completed")
		require.Equal(t, "", g.get("transcript"))
		require.Equal(t, c.wait("input_audio_buffer.committed").str("item_id"), g.str("item_id"))
		c.wait("response.done") // "Sorry?"
		c.rest(2 * time.Second)
		c.say(time.Second)
		g = c.wait("conversation.item.input_audio_transcription.failed")
		require.Equal(t, c.wait("input_audio_buffer.committed").str("item_id"), g.str("item_id"))
		require.JSONEq(t, `{"type":"transcription_error","code":"model_down","message":"recognise: the model is down"}`, mustJSON(g.get("error")))
	})
}
