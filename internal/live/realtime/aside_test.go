package realtime

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"griot/internal/event"
	"griot/internal/live/session"
	"griot/internal/model/llm"
	"griot/internal/provider/fake"
	wire "griot/internal/realtime"
)

// byRequest answers by what it is asked last, which does not depend on who asks first.
func byRequest(answers map[string]fake.Answer) func(*session.Plan) {
	return func(p *session.Plan) {
		p.Models.LLM = fake.NewLLMFunc(func(r llm.Request) fake.Answer {
			last := r.System
			if n := len(r.Messages); n > 0 {
				last = r.Messages[n-1].Text
			}
			return answers[last]
		})
	}
}

func outOfBand(more string) string {
	return `{"type":"response.create","response":{"conversation":"none","output_modalities":["text"]` + more + `}}`
}

// of returns the types of what came of one response, deltas as one.
func (c *client) of(response string) (out []string) {
	for _, g := range c.sent() {
		if g.str("response_id") != response && g.str("response.id") != response {
			continue
		}
		typ := g.typ
		if strings.HasSuffix(typ, ".delta") {
			typ = "deltas"
		}
		if len(out) == 0 || out[len(out)-1] != typ {
			out = append(out, typ)
		}
	}
	return out
}

// Section 1.10: a written response outside the conversation runs while the agent speaks, which it does not disturb. It is told apart by its id and metadata, has no
// conversation, adds nothing to it, and shows no item of it.
func TestOutOfBandBesideSpeech(t *testing.T) {
	answers := map[string]fake.Answer{"Tell me.": {Text: "one two three four five six seven eight"}, "Classify.": {Text: "a question", First: 200 * time.Millisecond}, "And now?": {Text: "Nine."}}
	play(t, setup{plan: byRequest(answers)}, func(t *testing.T, c *client) {
		c.write("q", "", "Tell me.")
		c.send(`{"type":"response.create"}`)
		spoken := c.wait("response.created").str("response.id")
		c.wait("response.output_audio.delta")
		c.send("%s", outOfBand(`,"metadata":{"topic":"class"},"instructions":"Classify.","max_output_tokens":7,"input":[]`))
		created := c.wait("response.created")
		aside := created.str("response.id")
		require.NotEqual(t, spoken, aside)
		require.Contains(t, created.get("response"), "conversation_id")
		require.Nil(t, created.get("response.conversation_id"))
		require.Equal(t, "class", created.str("response.metadata.topic"))
		require.EqualValues(t, 7, created.get("response.max_output_tokens"))
		done := c.wait("response.done")
		require.Equal(t, aside, done.str("response.id"), "the written one is finished first")
		require.Equal(t, "completed", done.str("response.status"))
		require.Nil(t, done.get("response.conversation_id"))
		require.Equal(t, "class", done.str("response.metadata.topic"))
		require.Equal(t, "a question", done.str("response.output.0.content.0.text"))
		require.NotZero(t, done.get("response.usage.total_tokens"))
		require.Equal(t, []string{"response.created", "response.output_item.added", "response.content_part.added", "deltas", "response.output_text.done", "response.content_part.done",
			"response.output_item.done", "response.done"}, c.of(aside))

		done = c.wait("response.done")
		require.Equal(t, spoken, done.str("response.id"))
		require.Equal(t, "completed", done.str("response.status"))
		require.NotNil(t, done.get("response.conversation_id"))
		sound := 0
		for _, g := range c.all("response.output_audio.delta") {
			require.Equal(t, spoken, g.str("response_id"))
			sound += 20
		}
		require.GreaterOrEqual(t, sound, 2600, "all of it was said")

		c.write("r", "", "And now?")
		for _, want := range []string{"", "q", spokenItem(c, spoken)} {
			require.Equal(t, want, c.wait("conversation.item.added").str("previous_item_id"), "what was written beside stands nowhere")
		}
		c.send(`{"type":"response.create"}`)
		c.wait("response.done")
		requests := c.models.LLM.(*fake.LLM).Requests()
		require.Equal(t, "Classify.", requests[1].System)
		require.Empty(t, requests[1].Messages, "an empty input is an empty context")
		require.Equal(t, 7, requests[1].Limits.MaxTokens)
		require.NotEqual(t, requests[0].Session, requests[1].Session, "a model with a memory must not take it for the conversation")
		require.Equal(t, []llm.Message{{Role: llm.User, Text: "Tell me."}, {Role: llm.Assistant, Text: "one two three four five six seven eight"}, {Role: llm.User, Text: "And now?"}}, requests[2].Messages)
		require.Len(t, c.all("conversation.item.added"), 4)
		for _, b := range c.record.bodies("agent.said") {
			require.NotEqual(t, "a question", b.(event.AgentSaid).Said, "nobody was told that")
		}
	})
}

func spokenItem(c *client, response string) string {
	for _, g := range c.all("response.output_item.added") {
		if g.str("response_id") == response {
			return g.str("item.id")
		}
	}
	return ""
}

// Its input may refer to items of the conversation and hold items of its own; without input it reads the conversation.
func TestOutOfBandInput(t *testing.T) {
	play(t, setup{answers: []fake.Answer{{Text: "Yes."}}}, func(t *testing.T, c *client) {
		c.write("a", "", "first")
		c.write("b", "", "second")
		c.send("%s", outOfBand(`,"input":[{"type":"item_reference","id":"b"},{"type":"message","role":"user","content":[{"type":"input_text","text":"own"}]}]`))
		c.wait("response.done")
		c.send("%s", outOfBand(``))
		c.wait("response.done")
		c.send(`{"type":"response.create","event_id":"no","response":{"conversation":"none","input":[{"type":"item_reference","id":"zzz"}]}}`)
		c.failure("item_retrieve_invalid_item_id", "response.input[0]", "no")
		requests := c.llm.Requests()
		require.Equal(t, []llm.Message{{Role: llm.User, Text: "second"}, {Role: llm.User, Text: "own"}}, requests[0].Messages)
		require.Equal(t, []llm.Message{{Role: llm.User, Text: "first"}, {Role: llm.User, Text: "second"}}, requests[1].Messages)
		require.Len(t, c.all("conversation.item.added"), 2, "items of its own are no items of the conversation")
		c.send(`{"type":"conversation.item.retrieve","event_id":"gone","item_id":"%s"}`, c.all("response.output_item.done")[0].str("item.id"))
		c.failure("item_retrieve_invalid_item_id", "item_id", "gone")
	})
}

// Several run at once, up to a limit; each is cancelled by its own id, and conversation_already_has_active_response is not about them.
func TestOutOfBandInParallel(t *testing.T) {
	answers := map[string]fake.Answer{"Own?": {Text: "Own."}}
	for i := range 9 {
		answers[fmt.Sprint(i)] = fake.Answer{Text: fmt.Sprint("answer ", i), First: time.Duration(9-i) * 800 * time.Millisecond}
	}
	play(t, setup{plan: byRequest(answers)}, func(t *testing.T, c *client) {
		for i := range 8 {
			c.send("%s", outOfBand(fmt.Sprintf(`,"input":[],"instructions":"%d","metadata":{"n":"%d"}`, i, i)))
			c.wait("response.created")
		}
		c.send(`{"type":"response.create","event_id":"nine","response":{"conversation":"none","output_modalities":["text"]}}`)
		g := c.wait("error")
		require.Equal(t, "too_many_responses", g.str("error.code"))
		require.Equal(t, "nine", g.str("error.event_id"))
		c.write("o", "", "Own?")
		c.send(`{"type":"response.create"}`)
		require.NotNil(t, c.wait("response.created").get("response.conversation_id"))
		require.Equal(t, "Own.", c.wait("response.done").str("response.output.0.content.0.transcript"))
		c.send(`{"type":"response.cancel","event_id":"none"}`)
		c.failure("response_cancel_not_active", "", "none")
		second := c.all("response.created")[1].str("response.id")
		c.send(`{"type":"response.cancel","response_id":"%s"}`, second)
		done := c.wait("response.done")
		require.Equal(t, second, done.str("response.id"))
		require.JSONEq(t, `{"type":"cancelled","reason":"client_cancelled"}`, mustJSON(done.get("response.status_details")))
		for _, n := range []string{"7", "6", "5", "4", "3", "2", "0"} {
			done := c.wait("response.done")
			require.Equal(t, n, done.str("response.metadata.n"))
			require.Equal(t, "answer "+n, done.str("response.output.0.content.0.text"))
		}
	})
}

// One that is under way when the conversation ends is ended with it.
func TestOutOfBandAtTheEnd(t *testing.T) {
	play(t, setup{answers: []fake.Answer{{Text: "late", First: 5 * time.Second}}}, func(t *testing.T, c *client) {
		c.send("%s", outOfBand(``))
		c.wait("response.created")
		c.pipe.hangUp()
		c.rest(time.Second)
		require.Len(t, c.record.bodies("reply.done"), 1)
		require.Equal(t, "cancelled", c.record.bodies("reply.done")[0].(event.ReplyDone).Status)
	})
}

// A fault of the model is that response's only: nobody is told an apology.
func TestOutOfBandFails(t *testing.T) {
	play(t, setup{answers: []fake.Answer{{Err: errDown}, {Text: "Fine."}}}, func(t *testing.T, c *client) {
		c.send("%s", outOfBand(`,"metadata":{"n":"1"}`))
		done := c.wait("response.done")
		require.Equal(t, "failed", done.str("response.status"))
		require.Equal(t, "1", done.str("response.metadata.n"))
		require.Equal(t, "model_down", done.str("response.status_details.error.code"))
		c.rest(3 * time.Second)
		require.Len(t, c.all("response.created"), 1)
	})
}

// A function call outside the conversation is the client's to run, and no item of the conversation.
func TestOutOfBandCall(t *testing.T) {
	play(t, setup{answers: []fake.Answer{{Calls: []llm.ToolCall{{ID: "call_1", Name: "note", Arguments: `{"a":1}`}}}}}, func(t *testing.T, c *client) {
		c.send("%s", outOfBand(`,"tools":[{"type":"function","name":"note"}],"tool_choice":"required"`))
		done := c.wait("response.done")
		require.Equal(t, "call_1", done.str("response.output.0.call_id"))
		require.Equal(t, []string{"response.created", "response.output_item.added", "deltas", "response.function_call_arguments.done", "response.output_item.done", "response.done"}, c.of(done.str("response.id")))
		require.Empty(t, c.all("conversation.item.added", "conversation.item.done"))
	})
}

// A spoken one needs the caller's ear: it waits until the agent has finished, is said like any other response, and stays out of the history. A response.create for the
// conversation waits for it in turn and is not refused.
func TestOutOfBandSpoken(t *testing.T) {
	answers := map[string]fake.Answer{"Tell me.": {Text: "one two three four"}, "Remind.": {Text: "Mind the time."}, "And now?": {Text: "Nine."}}
	play(t, setup{plan: byRequest(answers)}, func(t *testing.T, c *client) {
		c.write("q", "", "Tell me.")
		c.send(`{"type":"response.create"}`)
		c.wait("response.output_audio.delta")
		c.send(`{"type":"response.create","response":{"conversation":"none","instructions":"Remind.","input":[],"metadata":{"n":"1"},"audio":{"output":{"format":{"type":"audio/pcmu"}}}}}`)
		first := c.wait("response.done")
		require.Equal(t, "completed", first.str("response.status"), "it was not cut")
		c.wait("response.created")
		aside := c.wait("response.created")
		require.Equal(t, "1", aside.str("response.metadata.n"))
		require.Nil(t, aside.get("response.conversation_id"))
		require.Equal(t, "audio/pcmu", aside.str("response.audio.output.format.type"))
		c.write("r", "", "And now?")
		c.send(`{"type":"response.create"}`)
		done := c.wait("response.done")
		require.Equal(t, aside.str("response.id"), done.str("response.id"))
		require.Equal(t, "Mind the time.", done.str("response.output.0.content.0.transcript"))
		require.NotEmpty(t, c.audio(done.str("response.id"), wire.AudioFormat{Type: wire.TypePCMU}))
		require.Equal(t, "Nine.", c.wait("response.done").str("response.output.0.content.0.transcript"))
		require.Empty(t, c.all("error"))
		requests := c.models.LLM.(*fake.LLM).Requests()
		require.Equal(t, []llm.Message{{Role: llm.User, Text: "Tell me."}, {Role: llm.Assistant, Text: "one two three four"}, {Role: llm.User, Text: "And now?"}}, requests[2].Messages)
	})
}

// The caller's voice cuts a spoken one as it would any other, and is answered.
func TestOutOfBandInterrupted(t *testing.T) {
	answers := map[string]fake.Answer{"Remind.": {Text: "one two three four five six seven eight nine ten"}, "Stop.": {Text: "Yes?"}}
	play(t, setup{plan: byRequest(answers), heard: []fake.Utterance{{Text: "Stop."}}}, func(t *testing.T, c *client) {
		c.openMic(wire.PCM24k)
		c.send(`{"type":"response.create","response":{"conversation":"none","instructions":"Remind.","input":[]}}`)
		aside := c.wait("response.output_audio.delta").str("response_id")
		c.rest(500 * time.Millisecond)
		c.say(time.Second)
		done := c.wait("response.done")
		require.Equal(t, aside, done.str("response.id"))
		require.JSONEq(t, `{"type":"cancelled","reason":"turn_detected"}`, mustJSON(done.get("response.status_details")))
		require.Equal(t, "Yes?", c.wait("response.done").str("response.output.0.content.0.transcript"))
		require.Equal(t, []llm.Message{{Role: llm.User, Text: "Stop."}}, c.models.LLM.(*fake.LLM).Requests()[1].Messages)
	})
}
