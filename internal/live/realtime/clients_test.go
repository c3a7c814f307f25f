package realtime

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/stretchr/testify/require"

	"griot/internal/live/session"
	"griot/internal/media/mediatest"
	"griot/internal/model/llm"
	"griot/internal/provider/fake"
	wire "griot/internal/realtime"
)

// The rules that satisfy every client, one test for each, in every dialect. What holds of every message whatever the conversation is in checkRules, which play applies.

// inEach plays in every dialect.
func inEach(t *testing.T, s setup, script func(t *testing.T, c *client)) {
	for _, d := range wire.Dialects() {
		t.Run(d.String(), func(t *testing.T) {
			s := s
			s.dialect = d
			play(t, s, script)
		})
	}
}

// either sends what GA's clients say, or those of the older dialects.
func (c *client) either(ga, old string) {
	if c.dialect == wire.GA {
		c.send("%s", ga)
	} else {
		c.send("%s", old)
	}
}

// name returns the name that one of GA's events has here.
func (c *client) name(ga string) string {
	switch {
	case c.dialect == wire.GA:
		return ga
	case ga == "conversation.item.added":
		return "conversation.item.created"
	}
	return wire.OlderName(ga)
}

const aTool = `"tools":[{"type":"function","name":"weather"}]`

func (c *client) writtenWithTool() {
	c.either(`{"type":"session.update","session":{"type":"realtime","output_modalities":["text"],`+aTool+`}}`, `{"type":"session.update","session":{"modalities":["text"],`+aTool+`}}`)
}

func TestRule01SessionFirstAndUpdatedInFull(t *testing.T) {
	inEach(t, setup{}, func(t *testing.T, c *client) {
		c.either(`{"type":"session.update","session":{"type":"realtime","instructions":"A."}}`, `{"type":"session.update","session":{"instructions":"A."}}`)
		c.either(`{"type":"session.update","session":{"type":"realtime","audio":{"output":{"speed":9}}}}`, `{"type":"session.update","session":{"speed":9}}`)
		c.either(`{"type":"session.update","session":{"type":"realtime","audio":{"output":{"speed":1.5}}}}`, `{"type":"session.update","session":{"speed":1.5}}`)
		c.wait("error")
		c.rest(time.Second)
		require.Equal(t, []string{"session.created", "session.updated", "error", "session.updated"}, c.order(0))
		created, last := c.wait("session.created").get("session").(map[string]any), c.all("session.updated")[1].get("session").(map[string]any)
		for field := range created {
			require.Contains(t, last, field, "the full session")
		}
		require.Equal(t, "A.", last["instructions"])
		require.Equal(t, created["id"], last["id"])
	})
}

func TestRule02Ids(t *testing.T) {
	inEach(t, setup{heard: []fake.Utterance{{Text: "Weather?"}}, answers: []fake.Answer{{Text: "Let me look. ", Calls: []llm.ToolCall{{ID: "call_1", Name: "weather"}}}, {Text: "Sunny."}}}, func(t *testing.T, c *client) {
		c.either(`{"type":"session.update","session":{"type":"realtime",`+aTool+`}}`, `{"type":"session.update","session":{`+aTool+`}}`)
		c.openMic(wire.PCM24k)
		c.say(time.Second)
		c.wait("response.done")
		for _, typ := range []string{"response.output_audio.delta", "response.output_audio.done", "response.output_audio_transcript.delta", "response.output_audio_transcript.done",
			"response.content_part.added", "response.content_part.done"} {
			g := c.wait(c.name(typ))
			for _, f := range []string{"event_id", "response_id", "item_id"} {
				require.NotEmpty(t, g.str(f), "%s of %s", f, g.typ)
			}
			require.EqualValues(t, 0, g.get("output_index"))
			require.EqualValues(t, 0, g.get("content_index"))
		}
		for _, typ := range []string{"response.function_call_arguments.delta", "response.function_call_arguments.done"} {
			g := c.wait(typ)
			for _, f := range []string{"event_id", "response_id", "item_id", "call_id"} {
				require.NotEmpty(t, g.str(f), "%s of %s", f, g.typ)
			}
			require.EqualValues(t, 1, g.get("output_index"))
		}
	})
}

func TestRule03AbsentFieldsAreLeftOut(t *testing.T) {
	inEach(t, setup{answers: []fake.Answer{{Calls: []llm.ToolCall{{ID: "call_1", Name: "weather"}}}}}, func(t *testing.T, c *client) {
		c.writtenWithTool()
		c.write("q", "", "Weather?")
		c.send(`{"type":"response.create"}`)
		c.wait("response.done")
		c.send(`{"type":"conversation.item.create","item":{"type":"function_call_output","call_id":"call_1","output":"sunny"}}`)
		c.rest(time.Second)
		items := c.all(c.name("conversation.item.added"))
		require.Len(t, items, 3)
		for i, fields := range [][]string{{"id", "type", "status", "role", "content"}, {"id", "type", "status", "name", "call_id", "arguments"}, {"id", "type", "call_id", "output"}} {
			if c.dialect != wire.GA {
				fields = append(fields, "object")
			}
			var got []string
			for f := range items[i].get("item").(map[string]any) {
				got = append(got, f)
			}
			require.ElementsMatch(t, fields, got)
		}
		require.Contains(t, items[0].m, "previous_item_id")
		require.Nil(t, items[0].get("previous_item_id"))
		created := c.wait("response.created").get("response").(map[string]any)
		for _, f := range []string{"status_details", "usage", "metadata"} {
			require.Contains(t, created, f)
			require.Nil(t, created[f])
		}
	})
}

func TestRule04PartTypes(t *testing.T) {
	inEach(t, setup{answers: []fake.Answer{{Text: "Spoken."}, {Text: "Written."}}}, func(t *testing.T, c *client) {
		for _, typ := range []string{"audio", "text"} {
			c.either(`{"type":"response.create","response":{"output_modalities":["`+typ+`"]}}`, `{"type":"response.create","response":{"modalities":["text","`+typ+`"]}}`)
			require.Equal(t, typ, c.wait("response.content_part.added").str("part.type"))
			done := c.wait("response.content_part.done")
			require.Equal(t, typ, done.str("part.type"))
			require.NotEmpty(t, done.str("part.transcript")+done.str("part.text"))
			c.wait("response.done")
		}
	})
}

func TestRule05DoneItemsAreComplete(t *testing.T) {
	inEach(t, setup{answers: []fake.Answer{{Calls: []llm.ToolCall{{ID: "call_1", Name: "weather", Arguments: `{"city":"Dakar"}`}, {ID: "call_2", Name: "weather"}}}}}, func(t *testing.T, c *client) {
		c.writtenWithTool()
		c.send(`{"type":"response.create"}`)
		done := c.wait("response.done")
		for i, args := range []string{`{"city":"Dakar"}`, `{}`} {
			item := c.wait("response.output_item.done")
			require.Equal(t, "completed", item.str("item.status"))
			require.Equal(t, "weather", item.str("item.name"))
			require.Equal(t, []string{"call_1", "call_2"}[i], item.str("item.call_id"))
			require.Equal(t, args, item.str("item.arguments"))
			require.Equal(t, args, c.wait("response.function_call_arguments.done").str("arguments"))
			require.Equal(t, mustJSON(item.get("item")), mustJSON(done.get("response.output").([]any)[i]))
		}
	})
}

func TestRule06MetadataComesBack(t *testing.T) {
	inEach(t, setup{answers: []fake.Answer{{Text: "Yes."}}}, func(t *testing.T, c *client) {
		c.send(`{"type":"response.create","response":{"metadata":{"client_event_id":"e1"}}}`)
		require.Equal(t, "e1", c.wait("response.created").str("response.metadata.client_event_id"))
		require.Equal(t, "e1", c.wait("response.done").str("response.metadata.client_event_id"))
	})
}

func TestRule07ErrorsNameTheEvent(t *testing.T) {
	inEach(t, setup{answers: []fake.Answer{{Text: "one two three four five six"}}}, func(t *testing.T, c *client) {
		c.send(`{"type":"response.create"}`)
		c.send(`{"type":"response.create","event_id":"second"}`)
		c.failure("conversation_already_has_active_response", "", "second")
		c.send(`{"type":"input_audio_buffer.append","event_id":"b64","audio":"%%%%"}`)
		c.failure("invalid_value", "audio", "b64")
		c.send(`{"type":"conversation.item.delete","event_id":"gone","item_id":"x"}`)
		c.failure("item_delete_invalid_item_id", "item_id", "gone")
		c.send(`{"event_id":"notype"}`)
		c.failure("missing_required_parameter", "type", "notype")
	})
}

func TestRule08TranscriptionUsage(t *testing.T) {
	inEach(t, setup{heard: []fake.Utterance{{Text: "Hello."}}}, func(t *testing.T, c *client) {
		c.openMic(wire.PCM24k)
		c.say(time.Second)
		completed := c.wait("conversation.item.input_audio_transcription.completed")
		if c.dialect == wire.VoiceLive {
			require.NotContains(t, completed.m, "usage")
		} else {
			require.Equal(t, "duration", completed.str("usage.type"))
			require.IsType(t, 0.0, completed.get("usage.seconds"))
		}
		// Of the other kind, which a model upstream may bring, the details are always there.
		raw, err := c.dialect.AppendEvent(nil, wire.TranscriptionCompleted{ItemID: "i", Usage: wire.TranscriptionUsage{Type: "tokens", TotalTokens: 3}}, 1)
		require.NoError(t, err)
		require.Equal(t, c.dialect != wire.VoiceLive, strings.Contains(string(raw), `"input_token_details":{"text_tokens":0,"audio_tokens":0}`), "%s", raw)
	})
}

func TestRule09RateLimitNames(t *testing.T) {
	inEach(t, setup{answers: []fake.Answer{{Text: "Yes."}}}, func(t *testing.T, c *client) {
		c.send(`{"type":"response.create"}`)
		c.wait("response.done")
		c.rest(time.Second)
		require.Empty(t, c.all("rate_limits.updated"), "none are sent, so that no name can be wrong")
	})
}

func TestRule10StopAtOnce(t *testing.T) {
	inEach(t, setup{heard: []fake.Utterance{{Text: "Stop."}}, answers: []fake.Answer{{Text: "one two three four five six seven eight nine"}, {Text: "Yes?"}}}, func(t *testing.T, c *client) {
		c.openMic(wire.PCM24k)
		c.send(`{"type":"response.create"}`)
		c.rest(1200 * time.Millisecond)
		c.say(700 * time.Millisecond)
		started, done := c.wait("input_audio_buffer.speech_started"), c.wait("response.done")
		require.Equal(t, "cancelled", done.str("response.status"))
		require.Equal(t, "turn_detected", done.str("response.status_details.reason"))
		require.Equal(t, started.at, done.at)
		c.wait("response.done")
		all := c.sent()
		at := func(raw []byte) int {
			return slices.IndexFunc(all, func(g got) bool { return string(g.raw) == string(raw) })
		}
		require.Less(t, at(started.raw), at(done.raw))
		for _, g := range all[at(done.raw)+1:] {
			require.NotEqual(t, done.str("response.id"), g.str("response_id"), "%s", g.raw)
		}
		require.NotEmpty(t, c.audio(done.str("response.id"), wire.PCM24k))
	})
}

func TestRule11OpenOnMistakes(t *testing.T) {
	inEach(t, setup{plan: func(p *session.Plan) { p.Limits.Max = time.Minute }, answers: []fake.Answer{{Text: "Yes."}}}, func(t *testing.T, c *client) {
		mistakes := []string{`{`, `[]`, `{"type":"x"}`, `{"type":"response.cancel"}`, `{"type":"input_audio_buffer.commit"}`, `{"type":"session.update","session":{"type":"transcription"}}`,
			`{"type":"conversation.item.truncate","item_id":"x","content_index":0,"audio_end_ms":0}`, `{"type":"response.create","response":{"conversation":"never"}}`}
		for _, m := range mistakes {
			c.send("%s", m)
		}
		c.pipe.in <- message{data: []byte{1, 2, 3}, binary: true}
		c.send(`{"type":"response.create"}`)
		require.Equal(t, "completed", c.wait("response.done").str("response.status"))
		require.Len(t, c.all("error"), len(mistakes)+1)
		require.Empty(t, c.pipe.reasons())
		c.rest(2 * time.Minute)
		all := c.sent()
		require.Equal(t, "session_expired", all[len(all)-1].str("error.code"), "the error before the close")
		require.Equal(t, "limit", c.pipe.reasons()[0])
	})
}

// addresses of the dialects; those of one address are told apart by header or subprotocol.
var addresses = map[string]struct {
	path string
	opts websocket.DialOptions
	want wire.Dialect
}{
	"ga":                         {path: "/v1/realtime?model=agent:test", want: wire.GA},
	"ga at Azure":                {path: "/openai/v1/realtime?model=agent:test", want: wire.GA},
	"ga with api-version":        {path: "/v1/realtime?model=agent:test&api-version=2025-10-01", want: wire.GA},
	"beta by header":             {path: "/v1/realtime?model=agent:test", opts: websocket.DialOptions{HTTPHeader: http.Header{"Openai-Beta": {"assistants=v2, realtime=v1"}}}, want: wire.Beta},
	"another beta's header":      {path: "/v1/realtime?model=agent:test", opts: websocket.DialOptions{HTTPHeader: http.Header{"Openai-Beta": {"assistants=v2"}}}, want: wire.GA},
	"beta by subprotocol":        {path: "/v1/realtime?model=agent:test", opts: websocket.DialOptions{Subprotocols: []string{"realtime", "openai-insecure-api-key.k", "openai-beta.realtime-v1"}}, want: wire.Beta},
	"beta at Azure":              {path: "/openai/realtime?api-version=2024-10-01-preview&deployment=agent:test", want: wire.Beta},
	"voice live":                 {path: "/voice-live/realtime?api-version=2026-07-15&model=agent:test", want: wire.VoiceLive},
	"voice live, with its agent": {path: "/voice-live/realtime?api-version=2026-07-15&agent-name=test&agent-project-name=p", want: wire.VoiceLive},
}

// Rule 12, on a real socket: a client that writes before it reads, and that answers nothing, is served. So is the choice of the dialect.
func TestRule12NothingIsRequiredOfTheClient(t *testing.T) {
	for name, c := range addresses {
		t.Run(name, func(t *testing.T) {
			d := openDoor(t, setup{answers: []fake.Answer{{Text: "Yes."}}})
			conn, _, err := websocket.Dial(t.Context(), d.url+c.path, &c.opts)
			require.NoError(t, err)
			t.Cleanup(func() { _ = conn.CloseNow() })
			g := &guest{t, conn}
			ask := askInText
			if c.want != wire.GA {
				ask = `{"type":"response.create","response":{"modalities":["text"]}}`
			}
			g.send("%s", ask)
			created := g.until("session.created")
			require.Equal(t, c.want == wire.GA, created.get("session.audio") != nil)
			require.Equal(t, c.want == wire.VoiceLive, created.get("session.input_audio_sampling_rate") != nil)
			require.Equal(t, "completed", g.until("response.done").str("response.status"))
			if len(c.opts.Subprotocols) > 0 {
				require.Equal(t, "realtime", g.Subprotocol())
			}
			g.leave()
			(<-d.ended).complete(t)
		})
	}
}

func TestRule13Tolerance(t *testing.T) {
	inEach(t, setup{heard: []fake.Utterance{{Text: "Hello."}}, answers: []fake.Answer{{Text: "Yes."}}}, func(t *testing.T, c *client) {
		for range 3 { // repeated, in either order
			c.either(`{"type":"session.update","session":{"type":"realtime","audio":{"input":{"turn_detection":{"type":"server_vad"}}}}}`, `{"type":"session.update","session":{"turn_detection":{"type":"server_vad"}}}`)
			c.either(`{"type":"session.update","session":{"type":"realtime","instructions":"A."}}`, `{"type":"session.update","session":{"instructions":"A."}}`)
		}
		c.send(`{"type":"response.cancel"}`) // a race that was lost
		raw := encodeAs(wire.PCM24k, append(make([]int16, 12000), append(mediatest.Voice(time.Second, 24000), make([]int16, 24000)...)...))
		for i, size := 0, []int{960, 1001, 3, 48000}; len(raw) > 0; i++ {
			n := min(size[i%len(size)], len(raw))
			c.appendRaw(raw[:n])
			raw = raw[n:]
		}
		require.Equal(t, "completed", c.wait("response.done").str("response.status"))
		require.Len(t, c.all("session.updated"), 6)
		require.Len(t, c.all("error"), 1)
		require.Equal(t, "response_cancel_not_active", c.wait("error").str("error.code"))
	})
}

func TestRule14UnknownFields(t *testing.T) {
	inEach(t, setup{}, func(t *testing.T, c *client) {
		c.either(`{"type":"session.update","event_id":"u","session":{"type":"realtime","instructions":"A.","zoom":1}}`, `{"type":"session.update","event_id":"u","session":{"instructions":"A.","zoom":1}}`)
		c.rest(time.Second)
		switch c.dialect {
		case wire.GA:
			c.failure("unknown_parameter", "session.zoom", "u")
			require.Empty(t, c.all("session.updated"), "the whole update is refused")
		case wire.Beta:
			require.Equal(t, []string{"session.created", "session.updated"}, c.order(0))
		case wire.VoiceLive:
			require.Equal(t, []string{"session.created", "warning", "session.updated"}, c.order(0))
			require.Equal(t, "session.zoom", c.wait("warning").str("warning.param"))
			require.Equal(t, "unknown_parameter", c.all("warning")[0].str("warning.code"))
		}
	})
}
