package realtime

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"griot/internal/event"
	"griot/internal/model/llm"
	"griot/internal/provider/fake"
	wire "griot/internal/realtime"
)

var (
	vadTurn = []string{
		"input_audio_buffer.speech_started",
		"input_audio_buffer.speech_stopped",
		"input_audio_buffer.committed",
		"conversation.item.added",
		"conversation.item.done",
		"conversation.item.input_audio_transcription.delta",
		"conversation.item.input_audio_transcription.completed",
	}
	opened = []string{
		"response.output_item.added",
		"conversation.item.added",
		"response.content_part.added",
		"deltas",
	}
	closedAudio = []string{
		"response.output_audio.done",
		"response.output_audio_transcript.done",
		"response.content_part.done",
		"conversation.item.done",
		"response.output_item.done",
	}
	closedText = []string{
		"response.output_text.done",
		"response.content_part.done",
		"conversation.item.done",
		"response.output_item.done",
	}
)

func concat(parts ...[]string) (out []string) {
	for _, p := range parts {
		out = append(out, p...)
	}
	return out
}

func one(s ...string) []string { return s }

// Order of section 1.7: a turn found by voice detection, and a spoken answer.
func TestOrderOfSpokenTurn(t *testing.T) {
	play(t, setup{heard: []fake.Utterance{{Text: "When do you open?"}}, answers: []fake.Answer{{Text: "We open at nine."}}}, func(t *testing.T, c *client) {
		c.openMic(wire.PCM24k)
		c.rest(time.Second)
		c.say(1200 * time.Millisecond)
		done := c.wait("response.done")
		require.Equal(t, concat(one("session.created"), vadTurn, one("response.created"), opened, closedAudio, one("response.done")), c.order(0))

		started, stopped := c.wait("input_audio_buffer.speech_started"), c.wait("input_audio_buffer.speech_stopped")
		user := started.str("item_id")
		require.Equal(t, user, stopped.str("item_id"))
		require.InDelta(t, 700, started.get("audio_start_ms"), 45, "onset moved back by the prefix padding")
		require.InDelta(t, 2700, stopped.get("audio_end_ms"), 45, "with the silence that ended the turn")
		committed := c.wait("input_audio_buffer.committed")
		require.Equal(t, user, committed.str("item_id"))
		require.Nil(t, committed.get("previous_item_id"))
		added := c.wait("conversation.item.added")
		require.JSONEq(t, `{"id":"`+user+`","type":"message","status":"completed","role":"user","content":[{"type":"input_audio","transcript":null}]}`, mustJSON(added.get("item")))
		completed := c.wait("conversation.item.input_audio_transcription.completed")
		require.Equal(t, user, completed.str("item_id"))
		require.Equal(t, "When do you open?", completed.str("transcript"))
		require.InDelta(t, 2.0, completed.get("usage.seconds"), 0.1)

		created := c.wait("response.created")
		require.Equal(t, "conv_0123456789abcdef", created.str("response.conversation_id"))
		require.Equal(t, []any{}, created.get("response.output"))
		message := c.wait("conversation.item.added")
		require.Equal(t, user, message.str("previous_item_id"))
		require.JSONEq(t, `{"id":"`+message.str("item.id")+`","type":"message","status":"in_progress","role":"assistant","content":[]}`, mustJSON(message.get("item")))
		require.JSONEq(t, `{"type":"audio","transcript":""}`, mustJSON(c.wait("response.content_part.added").get("part")))
		final := c.wait("response.output_item.done").get("item")
		require.JSONEq(t, `{"id":"`+message.str("item.id")+`","type":"message","status":"completed","role":"assistant","content":[{"type":"output_audio","transcript":"We open at nine."}]}`, mustJSON(final))
		require.Equal(t, mustJSON(final), mustJSON(done.get("response.output.0")))
		require.Equal(t, "completed", done.str("response.status"))
		require.Nil(t, done.get("response.status_details"))
		require.JSONEq(t, `{"total_tokens":10,"input_tokens":6,"output_tokens":4,
			"input_token_details":{"text_tokens":6,"audio_tokens":0,"image_tokens":0,"cached_tokens":0,"cached_tokens_details":{"text_tokens":0,"audio_tokens":0,"image_tokens":0}},
			"output_token_details":{"text_tokens":4,"audio_tokens":0}}`, mustJSON(done.get("response.usage")))

		pcm := c.audio(done.str("response.id"), wire.PCM24k)
		require.InDelta(t, 4*8000, len(pcm), 50, "four words of a third of a second")
		for word := range 4 {
			from := word*8000 + 2000
			n, ok := fake.WordIn(pcm[from:from+2400], 24000)
			require.True(t, ok)
			require.Equal(t, word, n)
		}
	})
}

func mustJSON(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return string(b)
}

// A written conversation: text in, text out.
func TestOrderOfText(t *testing.T) {
	play(t, setup{answers: []fake.Answer{{Text: "Good day to you.", WordsPerSec: 20, Usage: llm.Usage{Input: 30, Cached: 20, Output: 5}}}}, func(t *testing.T, c *client) {
		c.send(`{"type":"session.update","session":{"type":"realtime","output_modalities":["text"]}}`)
		c.send(`{"type":"conversation.item.create","item":{"type":"message","role":"user","content":[{"type":"input_text","text":"Hello"}]}}`)
		c.send(`{"type":"response.create"}`)
		done := c.wait("response.done")
		require.Equal(t, concat(one("session.created", "session.updated", "conversation.item.added", "conversation.item.done", "response.created"), opened, closedText, one("response.done")), c.order(0))
		require.Equal(t, "Good day to you.", c.wait("response.output_text.done").str("text"))
		require.Len(t, c.all("response.output_text.delta"), 4)
		require.JSONEq(t, `{"type":"text","text":""}`, mustJSON(c.wait("response.content_part.added").get("part")))
		require.JSONEq(t, `{"type":"text","text":"Good day to you."}`, mustJSON(c.wait("response.content_part.done").get("part")))
		require.JSONEq(t, `[{"type":"output_text","text":"Good day to you."}]`, mustJSON(c.wait("response.output_item.done").get("item.content")))
		require.Equal(t, []any{"text"}, done.get("response.output_modalities"))
		require.EqualValues(t, 35, done.get("response.usage.total_tokens"))
		require.EqualValues(t, 20, done.get("response.usage.input_token_details.cached_tokens"))
		require.EqualValues(t, 20, done.get("response.usage.input_token_details.cached_tokens_details.text_tokens"))
		user, agent := c.wait("conversation.item.added"), c.wait("conversation.item.added")
		require.Nil(t, user.get("previous_item_id"))
		require.Equal(t, user.str("item.id"), agent.str("previous_item_id"))
	})
}

const weather = `{"type":"session.update","session":{"type":"realtime","output_modalities":["text"],"tools":[{"type":"function","name":"weather","description":"Weather of a city.","parameters":{"type":"object","properties":{"city":{"type":"string"}}}}],"tool_choice":"auto"}}`

// A tool that the client runs: the response ends with the call, and the loop goes back.
func TestOrderOfFunctionCall(t *testing.T) {
	play(t, setup{answers: []fake.Answer{
		{Calls: []llm.ToolCall{{ID: "call_1", Name: "weather", Arguments: `{"city":"Dakar"}`}, {ID: "call_2", Name: "weather"}}},
		{Text: "Sunny."},
	}}, func(t *testing.T, c *client) {
		c.send(weather)
		c.send(`{"type":"conversation.item.create","item":{"id":"question","type":"message","role":"user","content":[{"type":"input_text","text":"Weather?"}]}}`)
		c.send(`{"type":"response.create"}`)
		done := c.wait("response.done")
		call := []string{"response.output_item.added", "conversation.item.added", "response.function_call_arguments.delta", "response.function_call_arguments.done", "conversation.item.done", "response.output_item.done"}
		require.Equal(t, concat(one("session.created", "session.updated", "conversation.item.added", "conversation.item.done", "response.created"), call, call, one("response.done")), c.order(0))
		require.Equal(t, "completed", done.str("response.status"))
		require.Len(t, done.get("response.output"), 2)
		require.Equal(t, "{}", done.str("response.output.1.arguments"), "rule 5: no arguments are {}")

		added := c.all("response.output_item.added")
		require.JSONEq(t, `{"id":"`+added[0].str("item.id")+`","type":"function_call","status":"in_progress","name":"weather","call_id":"call_1","arguments":""}`, mustJSON(added[0].get("item")))
		require.EqualValues(t, 0, added[0].get("output_index"))
		require.EqualValues(t, 1, added[1].get("output_index"))
		args := c.wait("response.function_call_arguments.done")
		require.Equal(t, "weather", args.str("name"))
		require.Equal(t, `{"city":"Dakar"}`, args.str("arguments"))
		items := c.all("conversation.item.added")
		require.Equal(t, "question", items[1].str("previous_item_id"))
		require.Equal(t, added[0].str("item.id"), items[2].str("previous_item_id"))

		c.send(`{"type":"conversation.item.create","item":{"type":"function_call_output","call_id":"call_1","output":"sunny"}}`)
		c.send(`{"type":"conversation.item.create","item":{"type":"function_call_output","call_id":"call_2","output":"rain"}}`)
		c.send(`{"type":"response.create"}`)
		require.Equal(t, "completed", c.wait("response.done").str("response.status"))
		items = c.all("conversation.item.added")
		require.JSONEq(t, `{"id":"`+items[3].str("item.id")+`","type":"function_call_output","call_id":"call_1","output":"sunny"}`, mustJSON(items[3].get("item")), "no status")
		require.Equal(t, "Sunny.", c.wait("response.output_text.done").str("text"))
		req := c.llm.Requests()[1]
		require.Equal(t, []llm.Message{{Role: llm.User, Text: "Weather?"},
			{Role: llm.Assistant, Calls: []llm.ToolCall{{ID: "call_1", Name: "weather", Arguments: `{"city":"Dakar"}`}}}, {Role: llm.ToolRole, CallID: "call_1", Text: "sunny"},
			{Role: llm.Assistant, Calls: []llm.ToolCall{{ID: "call_2", Name: "weather", Arguments: `{}`}}}, {Role: llm.ToolRole, CallID: "call_2", Text: "rain"}}, req.Messages)
		require.Equal(t, "weather", req.Tools[0].Name)
	})
}

// A response that speaks and calls: two items, told apart by output_index, the words before the call.
func TestMessageAndCallInOneResponse(t *testing.T) {
	play(t, setup{answers: []fake.Answer{{Text: "Let me look. ", Calls: []llm.ToolCall{{ID: "call_1", Name: "weather"}}}, {Text: "Sunny."}}}, func(t *testing.T, c *client) {
		c.send(`{"type":"session.update","session":{"type":"realtime","tools":[{"type":"function","name":"weather"}]}}`)
		c.send(`{"type":"response.create"}`)
		done := c.wait("response.done")
		require.Equal(t, "message", done.str("response.output.0.type"))
		require.Equal(t, "function_call", done.str("response.output.1.type"))
		items := c.all("conversation.item.added")
		require.Equal(t, items[0].str("item.id"), items[1].str("previous_item_id"))
		require.NotEmpty(t, c.audio(done.str("response.id"), wire.PCM24k))
		c.send(`{"type":"conversation.item.create","item":{"type":"function_call_output","call_id":"call_1","output":"sunny"}}`)
		c.send(`{"type":"response.create"}`)
		c.wait("response.done")
		require.Equal(t, []llm.Message{{Role: llm.Assistant, Text: "Let me look. "}, {Role: llm.Assistant, Calls: []llm.ToolCall{{ID: "call_1", Name: "weather", Arguments: `{}`}}},
			{Role: llm.ToolRole, CallID: "call_1", Text: "sunny"}}, c.llm.Requests()[1].Messages)
	})
}

// Rule 10, by the client: response.cancel. What is open is closed as incomplete, and nothing follows response.done.
func TestCancelledByClient(t *testing.T) {
	play(t, setup{answers: []fake.Answer{{Text: "one two three four five six seven eight nine"}}}, func(t *testing.T, c *client) {
		c.send(`{"type":"response.create"}`)
		c.rest(time.Second)
		c.send(`{"type":"response.cancel","event_id":"stop"}`)
		done := c.wait("response.done")
		require.Equal(t, concat(one("session.created", "response.created"), opened, closedAudio, one("response.done")), c.order(0))
		require.JSONEq(t, `{"type":"cancelled","reason":"client_cancelled"}`, mustJSON(done.get("response.status_details")))
		require.Equal(t, "cancelled", done.str("response.status"))
		require.Equal(t, "incomplete", done.str("response.output.0.status"))
		require.Equal(t, "incomplete", c.wait("conversation.item.done").str("item.status"))
		require.NotNil(t, done.get("response.usage"), "what was produced is reported")
		c.rest(10 * time.Second)
		require.Equal(t, "response.done", c.sent()[len(c.sent())-1].typ)
		said := c.record.bodies("agent.said")[0].(event.AgentSaid)
		require.Equal(t, "one two three ", said.Text, "one second at three words a second")

		c.send(`{"type":"response.cancel","event_id":"again"}`)
		c.failure("response_cancel_not_active", "", "again")
		c.send(`{"type":"response.create"}`)
		require.Equal(t, "completed", c.wait("response.done").str("response.status"))
	})
}

// Rule 10, by speech: speech_started comes before response.done, which follows at once, and no sound after it.
func TestCancelledBySpeech(t *testing.T) {
	play(t, setup{heard: []fake.Utterance{{Text: "Stop."}}, answers: []fake.Answer{{Text: "one two three four five six seven eight nine"}, {Text: "Yes?"}}}, func(t *testing.T, c *client) {
		c.openMic(wire.PCM24k)
		c.send(`{"type":"response.create"}`)
		c.rest(1200 * time.Millisecond)
		c.say(700 * time.Millisecond)
		started := c.wait("input_audio_buffer.speech_started")
		done := c.wait("response.done")
		require.Equal(t, started.at, done.at)
		require.Equal(t, `{"reason":"turn_detected","type":"cancelled"}`, mustJSON(done.get("response.status_details")))
		require.Equal(t, "incomplete", done.str("response.output.0.status"))
		answer := c.wait("response.done")
		require.Equal(t, "completed", answer.str("response.status"))
		require.Equal(t, concat(one("session.created", "response.created"), opened, one("input_audio_buffer.speech_started"), closedAudio, one("response.done"),
			vadTurn[1:], one("response.created"), opened, closedAudio, one("response.done")), c.order(0))
		for _, g := range c.all("response.output_audio.delta") {
			if g.str("response_id") == done.str("response.id") {
				require.LessOrEqual(t, g.at, started.at)
			}
		}
	})
}

// With interrupt_response false the answer goes on under the caller's voice, and the turn is answered when it is over.
func TestNotInterruptedWhenTurnedOff(t *testing.T) {
	play(t, setup{heard: []fake.Utterance{{Text: "And then?"}}, answers: []fake.Answer{{Text: "one two three four five six seven eight nine"}, {Text: "Ten."}}}, func(t *testing.T, c *client) {
		c.send(`{"type":"session.update","session":{"type":"realtime","audio":{"input":{"turn_detection":{"type":"server_vad","interrupt_response":false}}}}}`)
		c.openMic(wire.PCM24k)
		c.send(`{"type":"response.create"}`)
		c.rest(500 * time.Millisecond)
		c.say(700 * time.Millisecond)
		require.Equal(t, "completed", c.wait("response.done").str("response.status"))
		require.Equal(t, "completed", c.wait("response.done").str("response.status"))
		require.Len(t, c.all("input_audio_buffer.committed"), 1)
	})
}

// Manual turns (turn_detection null): nothing is detected, commit makes the item, and only response.create answers.
func TestManualTurn(t *testing.T) {
	play(t, setup{heard: []fake.Utterance{{Text: "First."}, {Text: "Second."}}, answers: []fake.Answer{{Text: "One."}, {Text: "Two."}}}, func(t *testing.T, c *client) {
		c.send(`{"type":"session.update","session":{"type":"realtime","audio":{"input":{"turn_detection":null}}}}`)
		require.Nil(t, c.wait("session.updated").get("session.audio.input.turn_detection"))
		c.openMic(wire.PCM24k)
		c.say(time.Second)
		c.rest(2 * time.Second)
		c.send(`{"type":"input_audio_buffer.commit"}`)
		completed := c.wait("conversation.item.input_audio_transcription.completed")
		c.rest(3 * time.Second)
		require.Equal(t, concat(one("session.created", "session.updated"), vadTurn[2:]), c.order(0), "commit never starts a response")
		require.Equal(t, "First.", completed.str("transcript"))
		require.InDelta(t, 2.0, completed.get("usage.seconds"), 0.1, "all that was in the buffer")
		c.send(`{"type":"response.create"}`)
		c.wait("response.done")
		require.Equal(t, []llm.Message{{Role: llm.User, Text: "First."}}, c.llm.Requests()[0].Messages)

		c.send(`{"type":"input_audio_buffer.clear"}`)
		c.wait("input_audio_buffer.cleared")
		c.send(`{"type":"input_audio_buffer.commit","event_id":"c"}`)
		c.failure("input_audio_buffer_commit_empty", "", "c")
		c.say(time.Second)
		c.rest(time.Second)
		c.send(`{"type":"input_audio_buffer.commit"}`)
		c.send(`{"type":"response.create"}`)
		c.wait("response.done")
		require.InDelta(t, 1.0, c.wait("conversation.item.input_audio_transcription.completed").get("usage.seconds"), 0.1, "what was cleared does not count")
		last := c.llm.Requests()[1].Messages
		require.Equal(t, llm.Message{Role: llm.User, Text: "Second."}, last[len(last)-1])
	})
}

// Switching to manual turns in the middle of speech leaves what was said so far to the client's commit.
func TestManualFromTheMiddleOfATurn(t *testing.T) {
	play(t, setup{heard: []fake.Utterance{{Text: "Whole."}}}, func(t *testing.T, c *client) {
		c.openMic(wire.PCM24k)
		c.say(time.Second)
		item := c.wait("input_audio_buffer.speech_started").str("item_id")
		c.send(`{"type":"session.update","session":{"type":"realtime","audio":{"input":{"turn_detection":null}}}}`)
		c.rest(3 * time.Second)
		c.send(`{"type":"input_audio_buffer.commit"}`)
		completed := c.wait("conversation.item.input_audio_transcription.completed")
		require.Equal(t, item, completed.str("item_id"))
		require.Equal(t, "Whole.", completed.str("transcript"))
		require.Empty(t, c.all("input_audio_buffer.speech_stopped", "input_audio_buffer.cleared"))
	})
}

// create_response false: the turn is found and recognised, and the client asks for the answer, here before the words are there.
func TestTurnAnsweredOnRequest(t *testing.T) {
	play(t, setup{heard: []fake.Utterance{{Text: "Hello.", FinalAfter: 400 * time.Millisecond}}, answers: []fake.Answer{{Text: "Good day."}}}, func(t *testing.T, c *client) {
		c.send(`{"type":"session.update","session":{"type":"realtime","audio":{"input":{"turn_detection":{"type":"server_vad","create_response":false}}}}}`)
		c.openMic(wire.PCM24k)
		c.say(time.Second)
		c.wait("input_audio_buffer.committed")
		c.send(`{"type":"response.create","response":{"metadata":{"client_event_id":"e7"}}}`)
		c.send(`{"type":"response.create","event_id":"second"}`)
		c.failure("conversation_already_has_active_response", "", "second")
		done := c.wait("response.done")
		require.Equal(t, "e7", done.str("response.metadata.client_event_id"))
		require.Equal(t, []llm.Message{{Role: llm.User, Text: "Hello."}}, c.llm.Requests()[0].Messages)
	})
}

// The agent speaks first: a response that nobody asked for, with the same order as any other.
func TestGreeting(t *testing.T) {
	play(t, setup{plan: greet}, func(t *testing.T, c *client) {
		done := c.wait("response.done")
		require.Equal(t, concat(one("session.created", "response.created"), opened, closedAudio, one("response.done")), c.order(0))
		require.Equal(t, "Hello, this is a test.", done.str("response.output.0.content.0.transcript"))
		require.Nil(t, c.wait("conversation.item.added").get("previous_item_id"))
		require.EqualValues(t, 0, done.get("response.usage.total_tokens"))
	})
}

// A client that writes at once did not ask for the greeting and need not wait for it.
func TestRequestDuringTheGreeting(t *testing.T) {
	play(t, setup{plan: greet, answers: []fake.Answer{{Text: "Yes."}}}, func(t *testing.T, c *client) {
		c.wait("response.output_audio.delta")
		c.write("q", "", "Question?")
		c.send(`{"type":"response.create"}`)
		require.JSONEq(t, `{"type":"cancelled","reason":"client_cancelled"}`, mustJSON(c.wait("response.done").get("response.status_details")))
		require.Equal(t, "Yes.", c.wait("response.done").str("response.output.0.content.0.transcript"))
		require.Empty(t, c.all("error"))
	})
}

// A fault of the model: the response fails, and the agent apologises in another one.
func TestFailedResponse(t *testing.T) {
	play(t, setup{answers: []fake.Answer{{Err: errDown}}}, func(t *testing.T, c *client) {
		c.send(`{"type":"response.create"}`)
		done := c.wait("response.done")
		require.Equal(t, "failed", done.str("response.status"))
		require.Equal(t, "failed", done.str("response.status_details.type"))
		require.Equal(t, "model_down", done.str("response.status_details.error.code"))
		require.Equal(t, "Something went wrong.", c.wait("response.done").str("response.output.0.content.0.transcript"))
	})
}

// An answer that is cut at the limit of tokens is incomplete, and says why.
func TestIncompleteResponse(t *testing.T) {
	play(t, setup{answers: []fake.Answer{{Text: "one two", Stop: llm.StopLength}, {Text: "…", Stop: llm.StopFilter}}}, func(t *testing.T, c *client) {
		c.send(`{"type":"response.create","response":{"max_output_tokens":2}}`)
		require.EqualValues(t, 2, c.wait("response.created").get("response.max_output_tokens"))
		done := c.wait("response.done")
		require.Equal(t, "incomplete", done.str("response.status"))
		require.JSONEq(t, `{"type":"incomplete","reason":"max_output_tokens"}`, mustJSON(done.get("response.status_details")))
		require.Equal(t, "incomplete", done.str("response.output.0.status"))
		require.Equal(t, 2, c.llm.Requests()[0].Limits.MaxTokens)
		c.send(`{"type":"response.create"}`)
		require.Equal(t, "inf", c.wait("response.created").str("response.max_output_tokens"), "for that response only")
		require.JSONEq(t, `{"type":"incomplete","reason":"content_filter"}`, mustJSON(c.wait("response.done").get("response.status_details")))
	})
}
