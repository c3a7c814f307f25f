package realtime

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"griot/internal/live/session"
	"griot/internal/model/llm"
	"griot/internal/provider/fake"
	wire "griot/internal/realtime"
)

const idleAfter6s = `{"type":"session.update","session":{"type":"realtime","audio":{"input":{"turn_detection":{"type":"server_vad","idle_timeout_ms":6000}}}}}`

func stillThere(p *session.Plan) { p.Phrases.StillThere = "Are you still there?" }

// Section 1.7, idle timeout: armed when a response has been heard to its end, it makes a nudge and the silence items, and then the agent asks. Once.
func TestIdlePrompt(t *testing.T) {
	play(t, setup{plan: stillThere, heard: []fake.Utterance{{Text: "Hello."}, {Text: "Yes."}}, answers: []fake.Answer{{Text: "one two three"}, {Text: "Good."}}}, func(t *testing.T, c *client) {
		c.send(idleAfter6s)
		require.EqualValues(t, 6000, c.wait("session.updated").get("session.audio.input.turn_detection.idle_timeout_ms"))
		c.openMic(wire.PCM24k)
		c.rest(10 * time.Second)
		require.Empty(t, c.all("input_audio_buffer.timeout_triggered"), "it is armed by a response")
		c.say(time.Second)
		answered := c.wait("response.done")
		n := len(c.sent())
		triggered := c.wait("input_audio_buffer.timeout_triggered")
		require.InDelta(t, 6.0, (triggered.at - answered.at).Seconds(), 0.6, "from when it was played out")
		require.InDelta(t, 6000, triggered.get("audio_end_ms").(float64)-triggered.get("audio_start_ms").(float64), 1)
		require.InDelta(t, triggered.at.Milliseconds(), triggered.get("audio_end_ms"), 60)
		done := c.wait("response.done")
		require.Equal(t, "Are you still there?", done.str("response.output.0.content.0.transcript"))
		require.Equal(t, concat(one("input_audio_buffer.timeout_triggered", "conversation.item.added", "conversation.item.done", "input_audio_buffer.committed", "conversation.item.added", "conversation.item.done",
			"response.created", "conversation.item.input_audio_transcription.completed"), opened, closedAudio, one("response.done")), c.order(n))

		added := c.all("conversation.item.added")
		nudge, silence := added[len(added)-3], added[len(added)-2]
		require.Equal(t, "system", nudge.str("item.role"))
		require.Equal(t, "The user has said nothing for 6 seconds.", nudge.str("item.content.0.text"))
		require.Equal(t, "input_audio", silence.str("item.content.0.type"))
		require.Equal(t, triggered.str("item_id"), silence.str("item.id"))
		require.Equal(t, nudge.str("item.id"), silence.str("previous_item_id"))
		completed := c.all("conversation.item.input_audio_transcription.completed")[1]
		require.Equal(t, triggered.str("item_id"), completed.str("item_id"))
		require.Equal(t, "", completed.get("transcript"))
		require.EqualValues(t, 0, completed.get("usage.seconds"))

		c.rest(30 * time.Second)
		require.Len(t, c.all("input_audio_buffer.timeout_triggered"), 1, "whoever goes on being silent is asked once")
		c.say(time.Second)
		c.wait("response.done")
		require.Equal(t, []llm.Message{{Role: llm.User, Text: "Hello."}, {Role: llm.Assistant, Text: "one two three"}, {Role: llm.System, Text: "The user has said nothing for 6 seconds."},
			{Role: llm.Assistant, Text: "Are you still there?"}, {Role: llm.User, Text: "Yes."}}, c.llm.Requests()[1].Messages)
		c.wait("input_audio_buffer.timeout_triggered")
	})
}

// Speech, a written response under way, and a client that does something keep the timeout from running out; null turns it off, and so do manual turns.
func TestIdlePromptNotDue(t *testing.T) {
	play(t, setup{plan: stillThere, answers: []fake.Answer{{Text: "Yes."}}}, func(t *testing.T, c *client) {
		c.send(idleAfter6s)
		c.send(`{"type":"response.create"}`)
		c.wait("response.done")
		for _, id := range []string{"a", "b", "c", "d"} {
			c.rest(4 * time.Second)
			c.write(id, "", "I am here.")
		}
		require.Empty(t, c.all("input_audio_buffer.timeout_triggered"))
		for _, off := range []string{`{"type":"server_vad","idle_timeout_ms":null}`, `null`, `{"type":"semantic_vad"}`} {
			c.send(`{"type":"session.update","session":{"type":"realtime","audio":{"input":{"turn_detection":%s}}}}`, off)
			c.wait("session.updated")
			c.rest(20 * time.Second)
		}
		require.Empty(t, c.all("input_audio_buffer.timeout_triggered"))
		c.send(`{"type":"session.update","event_id":"low","session":{"type":"realtime","audio":{"input":{"turn_detection":{"type":"server_vad","idle_timeout_ms":4999}}}}}`)
		c.failure("invalid_value", "session.audio.input.turn_detection.idle_timeout_ms", "low")
	})
}
