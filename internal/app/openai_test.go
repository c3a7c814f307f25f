package app

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/openai/openai-go/v3/option"
	"github.com/openai/openai-go/v3/packages/param"
	openai "github.com/openai/openai-go/v3/realtime"
	"github.com/stretchr/testify/require"

	"griot/internal/config"
	"griot/internal/media"
	"griot/internal/media/mediatest"
	"griot/internal/model/stt"
)

// The official client of the protocol holds conversations against the whole application.

// A written conversation: session.update, items, a response, and the record that is left.
func TestOpenAIClientWrites(t *testing.T) {
	s := launch(t, func(c *config.Config) {
		c.Providers = config.Providers{"fake": json.RawMessage(`{"answers":["open => We open at nine."],"tokens_per_second":200}`)}
	})
	c := s.call(t, "test")
	updated := c.update(openai.RealtimeSessionCreateRequestParam{OutputModalities: []string{"text"}, Instructions: param.NewOpt("Be brief.")})
	session := updated.AsSessionUpdatedEvent().Session.AsRealtimeSessionCreateRequest()
	require.Equal(t, []string{"text"}, session.OutputModalities)
	require.Equal(t, "Be brief.", session.Instructions)
	c.write("When do you open?")
	c.respond()
	done := c.wait("response.done")
	require.Equal(t, "completed", done.Response.Status)
	require.Equal(t, "We open at nine.", done.Response.Output[0].Content[0].Text)
	require.Equal(t, "We open at nine.", done.AsResponseDoneEvent().Response.Output[0].AsRealtimeConversationItemAssistantMessage().Content[0].Text, "as the library reads it")
	require.Positive(t, done.Response.Usage.OutputTokens)
	require.Equal(t, []string{"session.created", "session.updated", "conversation.item.added", "conversation.item.done", "response.created", "response.output_item.added",
		"conversation.item.added", "response.content_part.added", "response.output_text.done", "response.content_part.done", "conversation.item.done", "response.output_item.done", "response.done"}, c.types())
	c.leave()
	k := s.record(c.id)
	require.Equal(t, "ended", k.Status)
	require.Equal(t, "caller_left", k.EndReason)
	require.Equal(t, 1, k.Turns)
	require.Len(t, k.Transcript, 2)
	require.Equal(t, "When do you open?", k.Transcript[0].Text)
	require.Equal(t, "We open at nine.", k.Transcript[1].Text)
}

// models is a server of language models, compatible with OpenAI's: what it answers is up to the test.
type models struct {
	mu     sync.Mutex
	asked  []question
	answer func(n int, r question, w http.ResponseWriter, req *http.Request)
}

type question struct {
	Model    string
	Messages []struct {
		Role      string
		Content   *string
		ToolCalls []struct {
			ID       string
			Function struct{ Name, Arguments string }
		} `json:"tool_calls"`
		ToolCallID string `json:"tool_call_id"`
	}
	Tools []struct{ Function struct{ Name string } }
}

func (m *models) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	var r question
	if err := json.NewDecoder(req.Body).Decode(&r); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	m.mu.Lock()
	m.asked = append(m.asked, r)
	n := len(m.asked)
	m.mu.Unlock()
	m.answer(n, r, w, req)
}

func (m *models) requests() []question {
	m.mu.Lock()
	defer m.mu.Unlock()
	return append([]question(nil), m.asked...)
}

// stream sends deltas as a streaming server does.
func stream(w http.ResponseWriter, finish string, deltas ...string) {
	w.Header().Set("Content-Type", "text/event-stream")
	for _, d := range deltas {
		fmt.Fprintf(w, "data: {\"id\":\"c1\",\"object\":\"chat.completion.chunk\",\"choices\":[{\"index\":0,\"delta\":%s}]}\n\n", d)
	}
	fmt.Fprintf(w, "data: {\"id\":\"c1\",\"object\":\"chat.completion.chunk\",\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":%q}]}\n\n", finish)
	fmt.Fprint(w, "data: {\"id\":\"c1\",\"object\":\"chat.completion.chunk\",\"choices\":[],\"usage\":{\"prompt_tokens\":20,\"completion_tokens\":5,\"total_tokens\":25}}\n\ndata: [DONE]\n\n")
}

func says(text string) string {
	b, _ := json.Marshal(map[string]string{"role": "assistant", "content": text})
	return string(b)
}

// thinksAt makes the application use such a server for its language model.
func (m *models) serve(t *testing.T) func(*config.Config) {
	web := httptest.NewServer(m)
	t.Cleanup(web.Close)
	return func(c *config.Config) {
		c.Speech.LLM = "openai"
		c.Providers = config.Providers{"openai": json.RawMessage(`{"base_url":"` + web.URL + `/v1","model":"stub"}`), "fake": json.RawMessage(`{"words_per_second":10}`)}
	}
}

// The tool loop: the model calls a function of the client's, the client answers, the model goes on.
func TestOpenAIClientRunsTools(t *testing.T) {
	m := &models{answer: func(n int, _ question, w http.ResponseWriter, _ *http.Request) {
		if n == 1 {
			stream(w, "tool_calls", `{"role":"assistant","tool_calls":[{"index":0,"id":"call_7","type":"function","function":{"name":"weather","arguments":"{\"city\":"}}]}`,
				`{"tool_calls":[{"index":0,"function":{"arguments":"\"Dakar\"}"}}]}`)
			return
		}
		stream(w, "stop", says("It is "), says("sunny."))
	}}
	s := launch(t, m.serve(t))
	c := s.call(t, "test")
	c.update(openai.RealtimeSessionCreateRequestParam{OutputModalities: []string{"text"}, Tools: openai.RealtimeToolsConfigParam{{OfFunction: &openai.RealtimeFunctionToolParam{
		Type: "function", Name: param.NewOpt("weather"), Description: param.NewOpt("Weather of a city."),
		Parameters: map[string]any{"type": "object", "properties": map[string]any{"city": map[string]any{"type": "string"}}, "required": []string{"city"}}}}}})
	c.write("What is the weather in Dakar?")
	c.respond()
	done := c.wait("response.done")
	require.Len(t, done.Response.Output, 1)
	call := done.Response.Output[0]
	require.Equal(t, "function_call", call.Type)
	require.Equal(t, "weather", call.Name)
	require.Equal(t, "call_7", call.CallID)
	require.JSONEq(t, `{"city":"Dakar"}`, call.Arguments)
	c.send(openai.RealtimeClientEventUnionParam{OfConversationItemCreate: &openai.ConversationItemCreateEventParam{Item: openai.ConversationItemUnionParam{
		OfFunctionCallOutput: &openai.RealtimeConversationItemFunctionCallOutputParam{CallID: call.CallID, Output: `{"sky":"sunny"}`}}}})
	c.respond()
	done = c.wait("response.done")
	require.Equal(t, "It is sunny.", done.Response.Output[0].Content[0].Text)
	require.Equal(t, 20, done.Response.Usage.InputTokens)
	asked := m.requests()[1]
	last := asked.Messages[len(asked.Messages)-1]
	require.Equal(t, "tool", last.Role)
	require.Equal(t, "call_7", last.ToolCallID)
	require.JSONEq(t, `{"sky":"sunny"}`, *last.Content)
	require.Equal(t, "weather", asked.Tools[0].Function.Name)
	c.leave()
	k := s.record(c.id)
	require.Len(t, k.Transcript, 3)
	require.Equal(t, "tool", k.Transcript[1].Role)
	require.JSONEq(t, `{"sky":"sunny"}`, k.Transcript[1].Tool.Output)
	require.Equal(t, "It is sunny.", k.Transcript[2].Text)
}

// A spoken conversation with the fake models: a turn, a spoken answer, an interruption, the record and the recording.
func TestOpenAIClientSpeaks(t *testing.T) {
	s := launch(t, func(c *config.Config) {
		c.Providers = config.Providers{"fake": json.RawMessage(`{"heard":["when do you open","stop please"],"answers":["open => one two three four five six seven eight nine ten eleven twelve","stop => As you wish."],"words_per_second":3}`)}
	})
	c := s.call(t, "test")
	c.openMic()
	c.say(mediatest.Voice(1200*time.Millisecond, 24000))
	started, stopped := c.wait("input_audio_buffer.speech_started"), c.wait("input_audio_buffer.speech_stopped")
	require.Equal(t, started.ItemID, stopped.ItemID)
	require.Equal(t, "when do you open", c.wait("conversation.item.input_audio_transcription.completed").Transcript)
	first := c.wait("response.created").Response.ID
	c.wait("response.output_audio.delta")
	c.hear(first, 1300*time.Millisecond)
	cutItem := c.interrupted(first, mediatest.Voice(1500*time.Millisecond, 24000))
	// The client knows best what its player has played: one second, which is three words.
	c.send(openai.RealtimeClientEventUnionParam{OfConversationItemTruncate: &openai.ConversationItemTruncateEventParam{ItemID: cutItem, AudioEndMs: 1000}})
	c.wait("conversation.item.truncated")
	answer := c.wait("response.done")
	require.Equal(t, "completed", answer.Response.Status)
	require.Equal(t, "As you wish.", answer.Response.Output[0].Content[0].Transcript)
	c.hearAll(answer)
	c.leave()

	k := s.recorded(c.id)
	require.Equal(t, 2, k.Turns)
	cut := k.agentLines()[0]
	require.True(t, cut.Cut)
	require.Equal(t, "one two three four five six seven eight nine ten eleven twelve", cut.Said)
	require.Equal(t, "one two three ", cut.Heard, "exactly what was heard")
	require.Equal(t, cut.Heard, cut.Text)
	whole := k.agentLines()[1]
	require.False(t, whole.Cut)
	require.Equal(t, "As you wish.", whole.Heard)
	_, caller, agent := s.recording(k)
	require.Greater(t, media.Level(caller), float32(-40))
	require.Greater(t, media.Level(agent), float32(-40))
}

// agentLines returns what the agent said.
func (k kept) agentLines() (out []line) {
	for _, l := range k.Transcript {
		if l.Role == "agent" {
			out = append(out, l)
		}
	}
	return out
}

// hear waits until d of a response's sound has come.
func (c *caller) hear(response string, d time.Duration) {
	c.Helper()
	for media.Mono(24000).Duration(len(c.sound(response))) < d {
		c.wait("response.output_audio.delta")
	}
}

// hearAll waits until all that was sent of a response has been played, as the server paces it.
func (c *caller) hearAll(done received) {
	c.Helper()
	var first time.Duration
	for _, e := range c.all() {
		if e.Type == "response.output_audio.delta" && e.ResponseID == done.Response.ID {
			first = e.at
			break
		}
	}
	end := first + media.Mono(24000).Duration(len(c.sound(done.Response.ID))) + 300*time.Millisecond
	timer := time.NewTimer(end - time.Since(c.begun))
	defer timer.Stop()
	<-timer.C
}

// interrupted speaks over a response that is being sent, and checks that it falls silent: speech_started, then its response.done as cancelled, and none of its sound after that. It
// returns the item that was cut.
func (c *caller) interrupted(response string, pcm []int16) (item string) {
	c.Helper()
	said := time.Since(c.begun)
	c.say(pcm)
	started := c.wait("input_audio_buffer.speech_started")
	done := c.wait("response.done")
	require.Equal(c, response, done.Response.ID)
	require.Equal(c, "cancelled", done.Response.Status)
	require.Equal(c, "turn_detected", done.Response.StatusDetails.Reason)
	require.Equal(c, "incomplete", done.Response.Output[0].Status)
	c.wait("response.created") // and with that some time has passed
	order, last := "", time.Duration(0)
	for _, e := range c.all() {
		switch {
		case e.Type == "response.output_audio.delta" && e.ResponseID == response:
			require.NotContains(c, order, "D", "sound after response.done")
			last = e.at
		case e.Type == "input_audio_buffer.speech_started" && e.ItemID == started.ItemID:
			order += "S"
		case e.Type == "response.done" && e.Response.ID == response:
			order += "D"
		}
	}
	require.Equal(c, "SD", order, "speech_started comes before response.done")
	c.Logf("interruption: last sound %d ms after the caller began, speech_started %d ms, response.done %d ms",
		(last - said).Milliseconds(), (started.at - said).Milliseconds(), (done.at - said).Milliseconds())
	return done.Response.Output[0].ID
}

// real starts the application with the speech of this machine, or skips the test when it has none.
func real(t *testing.T) *server {
	t.Helper()
	s := launch(t, func(c *config.Config) { c.Speech = config.Default().Speech })
	for _, check := range s.plans.checks(t.Context()) {
		if (check.ID == "espeak" || check.ID == "pocketsphinx") && !check.OK {
			if os.Getenv("GRIOT_TEST_SYSTEM") == "1" {
				t.Fatalf("%s: %s", check.Missing, check.Mend)
			}
			t.Skipf("%s To mend it: %s", check.Missing, check.Mend)
		}
	}
	return s
}

// The reception in writing, with its call flow.
func TestOpenAIClientWritesToTheReception(t *testing.T) {
	s := real(t)
	c := s.call(t, "reception-en")
	c.update(openai.RealtimeSessionCreateRequestParam{OutputModalities: []string{"text"}})
	c.send(openai.RealtimeClientEventUnionParam{OfResponseCancel: &openai.ResponseCancelEventParam{}}) // of the greeting
	require.Equal(t, "cancelled", c.wait("response.done").Response.Status)
	c.write("What is your address?")
	c.respond()
	done := c.wait("response.done")
	require.Contains(t, done.Response.Output[0].Content[0].Text, "Acacia Street")
}

// The reception by voice: a recorded human asks for the opening hours and hears them; what is heard is recognised again. Then the answer to a second question is
// talked over.
func TestOpenAIClientSpeaksToTheReception(t *testing.T) {
	hours := mediatest.Prompt(t, "en", "hours", 24000)
	s := real(t)
	c := s.call(t, "reception-en")
	c.openMic()
	greeting := c.wait("response.done")
	require.Equal(t, "completed", greeting.Response.Status)
	c.hearAll(greeting)

	c.say(hours)
	started, stopped := c.wait("input_audio_buffer.speech_started"), c.wait("input_audio_buffer.speech_stopped")
	require.Equal(t, started.ItemID, stopped.ItemID)
	require.Equal(t, "hours", c.wait("conversation.item.input_audio_transcription.completed").Transcript)
	answer := c.wait("response.done")
	require.Equal(t, "completed", answer.Response.Status)
	text := answer.Response.Output[0].Content[0].Transcript
	require.Contains(t, text, "nine")
	pcm := c.sound(answer.Response.ID)
	require.Greater(t, media.Level(pcm), float32(-35))
	c.hearAll(answer)
	require.Equal(t, words(text), s.recognise(t, pcm, text), "what was played is what was written")

	c.say(hours)
	c.wait("input_audio_buffer.speech_started")
	c.wait("conversation.item.input_audio_transcription.completed")
	c.wait("response.created") // of the greeting
	c.wait("response.created") // of the first answer
	second := c.wait("response.created")
	c.hear(second.Response.ID, time.Second)
	c.interrupted(second.Response.ID, mediatest.Prompt(t, "en", "vm-nobodyavail", 24000))
	c.leave()

	k := s.recorded(c.id)
	require.Equal(t, "ended", k.Status)
	agent := k.agentLines()
	require.Equal(t, greeting.Response.Output[0].Content[0].Transcript, agent[0].Heard)
	require.False(t, agent[0].Cut)
	require.Equal(t, text, agent[1].Heard)
	require.True(t, agent[2].Cut)
	require.True(t, strings.HasPrefix(agent[2].Said, agent[2].Heard) && agent[2].Heard != "" && agent[2].Heard != agent[2].Said, "%+v", agent[2])
	f, callerSide, agentSide := s.recording(k)
	require.Greater(t, media.Level(callerSide), float32(-45))
	require.Greater(t, media.Level(agentSide), float32(-40))
	require.InDelta(t, k.Recording.DurationMS, f.Duration(2*len(agentSide)).Milliseconds(), 100)
}

// words is a text as a recogniser writes it.
func words(text string) string {
	return strings.Join(strings.FieldsFunc(strings.ToLower(text), func(r rune) bool { return !(r >= 'a' && r <= 'z' || r == '\'') }), " ")
}

// recognise tells which of the reception's answers a sound is: the given text or one of some others.
func (s *server) recognise(t *testing.T, pcm []int16, text string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	m, err := s.plans.models.STT(ctx, "pocketsphinx", nil)
	require.NoError(t, err)
	rs, err := media.NewResampler(24000, m.Caps().Rate)
	require.NoError(t, err)
	pcm = rs.Flush(rs.Process(nil, pcm))
	others := []string{"our address is twelve acacia street opposite the central station", "sorry i did not catch that could you say it again", "i can take a message for you", "repairing a chair costs forty five euros"}
	stream, err := m.Open(ctx, stt.Options{Lang: "en", Hints: stt.Hints{Grammar: "#JSGF V1.0; grammar answers; public <answer> = " + strings.Join(append(others, words(text)), " | ") + ";"}})
	require.NoError(t, err)
	defer stream.Close()
	frame := media.Mono(m.Caps().Rate)
	n := frame.Samples(media.FrameTime)
	pcm = append(pcm, make([]int16, 10*n)...)
	for len(pcm) >= n {
		require.NoError(t, stream.Send(ctx, media.Frame{Format: frame, PCM: pcm[:n]}))
		pcm = pcm[n:]
	}
	require.NoError(t, stream.Finalize(ctx))
	for {
		ev, err := stream.Recv(ctx)
		require.NoError(t, err)
		if ev.Kind == stt.Final {
			return ev.Text
		}
	}
}

// What is wrong is said: a key, an agent, an update, an event. The session outlives the last two.
func TestOpenAIClientIsRefused(t *testing.T) {
	s := launch(t, func(c *config.Config) {
		c.Realtime.Keys, c.Realtime.DefaultAgent = []string{"a-good-key"}, "test"
		c.Providers = config.Providers{"fake": json.RawMessage(`{"answers":["open => We open at nine."]}`)}
	})
	connect := func(key, model string) error {
		service := openai.NewRealtimeService(option.WithBaseURL(s.URL()+"/v1/"), option.WithAPIKey(key), option.WithHeader("X-Forwarded-For", "192.0.2.7")) // as through a proxy
		conn, err := service.Connect(t.Context(), openai.RealtimeConnectionOptions{}, option.WithQuery("model", model))
		if err == nil {
			err = conn.Close()
		}
		return err
	}
	require.NoError(t, connect("a-good-key", "gpt-realtime"))
	require.ErrorContains(t, connect("a-wrong-key", "gpt-realtime"), "40")
	require.ErrorContains(t, connect("a-good-key", "agent:nobody"), "404")

	c := s.call(t, "test")
	c.send(openai.RealtimeClientEventUnionParam{OfSessionUpdate: &openai.SessionUpdateEventParam{EventID: param.NewOpt("mine"), Session: openai.SessionUpdateEventSessionUnionParam{
		OfRealtime: &openai.RealtimeSessionCreateRequestParam{Instructions: param.NewOpt("Hum."), Audio: openai.RealtimeAudioConfigParam{Output: openai.RealtimeAudioConfigOutputParam{Speed: param.NewOpt(9.0)}}}}}})
	refused := c.wait("error").AsRealtimeErrorEvent()
	require.Equal(t, "mine", refused.Error.EventID)
	require.Equal(t, "session.audio.output.speed", refused.Error.Param)
	c.send(openai.RealtimeClientEventUnionParam{OfConversationItemTruncate: &openai.ConversationItemTruncateEventParam{ItemID: "nobody", AudioEndMs: 10}})
	require.Equal(t, "item_truncate_invalid_item_id", c.wait("error").Error.Code)
	updated := c.update(openai.RealtimeSessionCreateRequestParam{OutputModalities: []string{"text"}})
	require.Empty(t, updated.AsSessionUpdatedEvent().Session.AsRealtimeSessionCreateRequest().Instructions, "nothing of the refused update holds")
	c.write("When do you open?")
	c.respond()
	require.Equal(t, "We open at nine.", c.wait("response.done").Response.Output[0].Content[0].Text)
}
