package realtime

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"griot/internal/event"
	"griot/internal/live/session"
	"griot/internal/model/llm"
	"griot/internal/provider/fake"
	wire "griot/internal/realtime"
	"griot/internal/tool"
)

func (c *client) write(id, previous, text string) {
	at := ""
	if previous != "" {
		at = `"previous_item_id":"` + previous + `",`
	}
	c.send(`{"type":"conversation.item.create",%s"item":{"id":"%s","type":"message","role":"user","content":[{"type":"input_text","text":"%s"}]}}`, at, id, text)
}

// previous_item_id puts an item where the client wants it, "root" at the head, and both events name the place.
func TestItemsAreInserted(t *testing.T) {
	play(t, setup{answers: []fake.Answer{{Text: "Yes."}}}, func(t *testing.T, c *client) {
		c.write("b", "", "second")
		c.write("d", "", "fourth")
		c.write("c", "b", "third")
		c.write("a", "root", "first")
		c.send(`{"type":"conversation.item.create","previous_item_id":"root","item":{"id":"s","type":"message","role":"system","content":[{"type":"input_text","text":"Rhyme."}]}}`)
		c.send(`{"type":"conversation.item.create","previous_item_id":"d","item":{"id":"e","type":"message","role":"assistant","content":[{"type":"output_text","text":"fifth"}]}}`)
		for _, want := range []any{nil, "b", "b", nil, nil, "d"} {
			added, done := c.wait("conversation.item.added"), c.wait("conversation.item.done")
			require.Equal(t, want, added.get("previous_item_id"))
			require.Equal(t, want, done.get("previous_item_id"))
			require.Equal(t, added.get("item"), done.get("item"))
			require.Equal(t, "completed", done.str("item.status"))
		}
		c.send(`{"type":"conversation.item.delete","item_id":"c"}`)
		require.Equal(t, "c", c.wait("conversation.item.deleted").str("item_id"))
		c.send(`{"type":"response.create","response":{"output_modalities":["text"]}}`)
		c.wait("response.done")
		require.Equal(t, []llm.Message{{Role: llm.System, Text: "Rhyme."}, {Role: llm.User, Text: "first"}, {Role: llm.User, Text: "second"}, {Role: llm.User, Text: "fourth"}, {Role: llm.Assistant, Text: "fifth"}},
			c.llm.Requests()[0].Messages)
		c.send(`{"type":"conversation.item.delete","event_id":"twice","item_id":"c"}`)
		c.failure("item_delete_invalid_item_id", "item_id", "twice")
		require.Equal(t, "e", c.all("conversation.item.added")[6].str("previous_item_id"), "the answer stands at the end")
	})
}

// An item that is created while the agent answers stands where the events say.
func TestItemCreatedDuringAResponse(t *testing.T) {
	play(t, setup{answers: []fake.Answer{{Text: "Yes.", First: time.Second}}}, func(t *testing.T, c *client) {
		c.write("a", "", "question")
		c.send(`{"type":"response.create"}`)
		c.wait("response.created")
		c.write("b", "", "by the way")
		c.wait("response.done")
		added := c.all("conversation.item.added")
		require.Equal(t, "a", added[1].str("previous_item_id"))
		require.Equal(t, "b", added[2].str("previous_item_id"))
		c.send(`{"type":"response.create"}`)
		c.wait("response.done")
		require.Equal(t, []llm.Message{{Role: llm.User, Text: "question"}, {Role: llm.User, Text: "by the way"}, {Role: llm.Assistant, Text: "Yes."}}, c.llm.Requests()[1].Messages)
	})
}

// conversation.item.retrieve shows an item as it is now: written, spoken, under way, heard in part.
func TestRetrieve(t *testing.T) {
	play(t, setup{heard: []fake.Utterance{{Text: "Hello."}}, answers: []fake.Answer{{Text: "one two three four five six"}, {Calls: []llm.ToolCall{{ID: "call_1", Name: "weather", Arguments: `{"city":"Dakar"}`}}}}}, func(t *testing.T, c *client) {
		item := func(id string) string {
			c.send(`{"type":"conversation.item.retrieve","item_id":"%s"}`, id)
			it := c.wait("conversation.item.retrieved").get("item").(map[string]any)
			if parts, ok := it["content"].([]any); ok {
				delete(parts[0].(map[string]any), "audio") // TestRetrieveWithAudio
			}
			return mustJSON(it)
		}
		c.write("w", "", "Written.")
		require.JSONEq(t, `{"id":"w","type":"message","role":"user","content":[{"type":"input_text","text":"Written."}]}`, item("w"))
		c.openMic(wire.PCM24k)
		c.say(time.Second)
		user := c.wait("input_audio_buffer.committed").str("item_id")
		agent := c.wait("response.output_item.added").str("item.id")
		require.JSONEq(t, `{"id":"`+user+`","type":"message","role":"user","status":"completed","content":[{"type":"input_audio","transcript":"Hello."}]}`, item(user))
		require.JSONEq(t, `{"id":"`+agent+`","type":"message","role":"assistant","status":"in_progress","content":[{"type":"output_audio","transcript":"one two three four five six"}]}`, item(agent))
		c.rest(1100 * time.Millisecond)
		c.send(`{"type":"response.cancel"}`)
		c.wait("response.done")
		c.rest(time.Second)
		require.JSONEq(t, `{"id":"`+agent+`","type":"message","role":"assistant","status":"incomplete","content":[{"type":"output_audio","transcript":"one two three "}]}`, item(agent))
		c.send(`{"type":"response.create","response":{"tools":[{"type":"function","name":"weather"}]}}`)
		call := c.wait("response.output_item.done")
		for call.str("item.type") != "function_call" {
			call = c.wait("response.output_item.done")
		}
		require.JSONEq(t, `{"id":"`+call.str("item.id")+`","type":"function_call","status":"completed","name":"weather","call_id":"call_1","arguments":"{\"city\":\"Dakar\"}"}`, item(call.str("item.id")))
	})
}

// Section 1.9: a plain WebSocket client tells what was heard while the item is open, after response.done, and long after; all succeed, and the model remembers only that.
func TestTruncate(t *testing.T) {
	const truncate = `{"type":"conversation.item.truncate","item_id":"%s","content_index":0,"audio_end_ms":%d}`
	for name, c := range map[string]struct {
		wait   time.Duration // after the first sound
		end    int
		status string
		want   string
	}{
		"while it is open":            {1200 * time.Millisecond, 700, "cancelled", "one two "},
		"while its last sound plays":  {1900 * time.Millisecond, 1400, "completed", "one two three four "},
		"after response.done":         {2100 * time.Millisecond, 1700, "completed", "one two three four five "},
		"long after":                  {time.Minute, 1001, "completed", "one two three "},
		"to its very end, long after": {time.Minute, 2000, "completed", "one two three four five six"},
		"to nothing":                  {time.Minute, 0, "completed", ""},
	} {
		t.Run(name, func(t *testing.T) {
			play(t, setup{answers: []fake.Answer{{Text: "one two three four five six"}, {Text: "Seven."}}}, func(t *testing.T, cl *client) {
				cl.send(`{"type":"response.create"}`)
				item := cl.wait("response.output_audio.delta").str("item_id")
				cl.rest(c.wait)
				cl.send(truncate, item, c.end)
				truncated := cl.wait("conversation.item.truncated")
				require.Equal(t, item, truncated.str("item_id"))
				require.EqualValues(t, 0, truncated.get("content_index"))
				require.EqualValues(t, c.end, truncated.get("audio_end_ms"))
				require.Equal(t, c.status, cl.wait("response.done").str("response.status"))
				cl.rest(time.Second)
				said := cl.record.bodies("agent.said")
				require.Equal(t, c.want, said[len(said)-1].(event.AgentSaid).Text, "the record has it too")
				cl.write("next", "", "And?")
				cl.send(`{"type":"response.create"}`)
				cl.wait("response.done")
				want := []llm.Message{{Role: llm.Assistant, Text: c.want}, {Role: llm.User, Text: "And?"}}
				if c.want == "" {
					want = want[1:]
				}
				require.Equal(t, want, cl.llm.Requests()[1].Messages)
			})
		})
	}
}

// audio_end_ms beyond what was sent is refused, in whatever state the item is.
func TestTruncatePastTheEnd(t *testing.T) {
	play(t, setup{answers: []fake.Answer{{Text: "one two three four five six"}}}, func(t *testing.T, c *client) {
		c.send(`{"type":"response.create"}`)
		item := c.wait("response.output_audio.delta").str("item_id")
		c.rest(500 * time.Millisecond)
		c.send(`{"type":"conversation.item.truncate","event_id":"early","item_id":"%s","content_index":0,"audio_end_ms":1500}`, item)
		require.Regexp(t, `^Audio content of [0-9]+ms is already shorter than 1500ms$`, c.failure("invalid_value", "audio_end_ms", "early").str("error.message"))
		require.Equal(t, "completed", c.wait("response.done").str("response.status"))
		for range 2 {
			c.send(`{"type":"conversation.item.truncate","event_id":"late","item_id":"%s","content_index":0,"audio_end_ms":2002}`, item)
			require.Equal(t, "Audio content of 2000ms is already shorter than 2002ms", c.failure("invalid_value", "audio_end_ms", "late").str("error.message"))
			c.rest(time.Minute)
		}
	})
}

// A text answer has no audio that could be truncated.
func TestTruncateText(t *testing.T) {
	play(t, setup{answers: []fake.Answer{{Text: "Written."}}}, func(t *testing.T, c *client) {
		c.send(`{"type":"response.create","response":{"output_modalities":["text"]}}`)
		item := c.wait("response.done").str("response.output.0.id")
		c.send(`{"type":"conversation.item.truncate","event_id":"t","item_id":"%s","content_index":0,"audio_end_ms":1}`, item)
		require.Equal(t, "Only model output audio messages can be truncated", c.failure("unsupported_content_type", "item_id", "t").str("error.message"))
	})
}

// serverTool is one that runs here.
type serverTool struct{}

func (serverTool) Tools(context.Context) ([]tool.Tool, error) { return []tool.Tool{serverTool{}}, nil }
func (serverTool) Close() error                               { return nil }
func (serverTool) Spec() llm.ToolSpec                         { return llm.ToolSpec{Name: "lookup"} }
func (serverTool) Policy() tool.Policy                        { return tool.Policy{} }
func (serverTool) Call(_ context.Context, c llm.ToolCall) (llm.ToolResult, error) {
	return llm.ToolResult{CallID: c.ID, Output: "nine"}, nil
}

// Tools that run here are no items to the client, who might try to run them, nor is anything placed after them.
func TestServerToolsAreNotItems(t *testing.T) {
	play(t, setup{plan: func(p *session.Plan) { p.Tools = []tool.Set{serverTool{}} }, answers: []fake.Answer{{Calls: []llm.ToolCall{{ID: "call_1", Name: "lookup"}}}, {}}}, func(t *testing.T, c *client) {
		c.write("a", "", "When?")
		c.send(`{"type":"response.create"}`)
		require.Equal(t, []any{}, c.wait("response.done").get("response.output"), "called, and then nothing to say")
		c.write("b", "", "Well?")
		c.wait("conversation.item.added")
		require.Equal(t, "a", c.wait("conversation.item.added").str("previous_item_id"))
		c.send(`{"type":"conversation.item.create","event_id":"fake","item":{"type":"function_call_output","call_id":"call_1","output":"ten"}}`)
		c.failure("invalid_value", "item.call_id", "fake")
		c.send(`{"type":"response.create"}`)
		c.wait("response.done")
		require.Equal(t, []llm.Message{{Role: llm.User, Text: "When?"}, {Role: llm.Assistant, Calls: []llm.ToolCall{{ID: "call_1", Name: "lookup", Arguments: "{}"}}}, {Role: llm.ToolRole, CallID: "call_1", Text: "nine"},
			{Role: llm.User, Text: "Well?"}}, c.llm.Requests()[2].Messages)
	})
}
