package app

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/openai/openai-go/v3/option"
	"github.com/openai/openai-go/v3/packages/param"
	openai "github.com/openai/openai-go/v3/realtime"
	"github.com/stretchr/testify/require"

	"griot/internal/config"
	"griot/internal/media"
	"griot/internal/media/mediatest"
)

// serveFake makes the test program a server with the fake models, whose settings it holds, until its standard input ends.
const serveFake = "GRIOT_TEST_SERVE_FAKE"

func serveHere() int {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	cfg := config.Default()
	cfg.Data, cfg.Server.Addr = os.Getenv("GRIOT_TEST_DATA"), "127.0.0.1:0"
	cfg.Speech.STT, cfg.Speech.TTS, cfg.Speech.LLM = "fake", "fake", "fake"
	cfg.Providers = config.Providers{"fake": json.RawMessage(os.Getenv(serveFake))}
	if llm := os.Getenv("GRIOT_TEST_LLM"); llm != "" {
		cfg.Providers["openai"] = json.RawMessage(`{"base_url":"` + llm + `","model":"stub"}`)
	}
	cfg.Realtime.Keys = []string{"upstream-key"}
	a, err := New(ctx, cfg, "test", slog.New(slog.DiscardHandler))
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		cancel()
	}()
	fmt.Println(a.URL())
	if err := a.Run(ctx); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

// another is a Griot in another process.
type another struct {
	url  string
	data string
	kill func()
}

// upstream starts a Griot in another process, with an agent "answers" and these settings of the fake models. llm is the address of another language model, if any.
func upstream(t *testing.T, fake, llm string) another {
	t.Helper()
	u := another{data: t.TempDir()}
	provider := "fake"
	if llm != "" {
		provider = "openai"
	}
	writeAgent(t, u.data, "answers", "name: Answers\nlanguage: en\nmodel:\n  provider: "+provider+"\n")
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), serveFake+"="+fake, "GRIOT_TEST_DATA="+u.data, "GRIOT_TEST_LLM="+llm)
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	require.NoError(t, err)
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	ended := false
	end := func(how func()) {
		if !ended {
			ended = true
			how()
			_ = cmd.Wait()
		}
	}
	u.kill = func() { end(func() { _ = cmd.Process.Kill() }) }
	t.Cleanup(func() { end(func() { _ = in.Close() }) })
	line, err := bufio.NewReader(out).ReadString('\n')
	require.NoError(t, err)
	u.url = strings.TrimSpace(line)
	return u
}

// proxy starts a Griot whose agent "proxy" is answered by the other one. When that cannot be had, its own models do.
func proxy(t *testing.T, u another) *server {
	t.Helper()
	s := launch(t, func(c *config.Config) {
		c.Providers = config.Providers{
			"openai": json.RawMessage(`{"api_key":"upstream-key","base_url":"` + u.url + `/v1","realtime_model":"agent:answers"}`),
			"fake":   json.RawMessage(`{"heard":["are you there"],"answers":["there => I am the one behind."],"words_per_second":3}`),
		}
		writeAgent(t, c.Data, "proxy", "name: Proxy\nlanguage: en\nmodel:\n  provider: fake\nrealtime:\n  provider: openai\n")
	})
	return s
}

// A call goes from a client through this server to another one, which hears, thinks and speaks. What was heard is known here, and there.
func TestProxySpeaks(t *testing.T) {
	u := upstream(t, `{"heard":["when do you open","stop please"],"answers":["open => one two three four five six seven eight nine ten eleven twelve","stop => As you wish."],"words_per_second":3}`, "")
	s := proxy(t, u)
	c := s.call(t, "proxy")
	c.openMic()
	c.say(mediatest.Voice(1200*time.Millisecond, 24000))
	c.wait("input_audio_buffer.speech_started")
	c.wait("input_audio_buffer.speech_stopped")
	first := c.wait("response.created").Response.ID
	require.Equal(t, "when do you open", c.wait("conversation.item.input_audio_transcription.completed").Transcript, "the words that the other one understood")
	c.wait("response.output_audio.delta")
	c.hear(first, 1300*time.Millisecond)
	cutItem := c.interrupted(first, mediatest.Voice(1500*time.Millisecond, 24000))
	c.send(openai.RealtimeClientEventUnionParam{OfConversationItemTruncate: &openai.ConversationItemTruncateEventParam{ItemID: cutItem, AudioEndMs: 1000}})
	c.wait("conversation.item.truncated")
	answer := c.wait("response.done")
	require.Equal(t, "completed", answer.Response.Status)
	require.Equal(t, "As you wish.", answer.Response.Output[0].Content[0].Transcript)
	require.Greater(t, media.Level(c.sound(answer.Response.ID)), float32(-40))
	c.hearAll(answer)
	c.leave()

	k := s.recorded(c.id)
	require.Equal(t, 2, k.Turns)
	cut := k.agentLines()[0]
	require.True(t, cut.Cut)
	require.Equal(t, "one two three four five six seven eight nine ten eleven twelve", cut.Said)
	require.True(t, strings.HasPrefix("one two three four ", cut.Heard), "heard: %q", cut.Heard)
	require.NotEmpty(t, cut.Heard)
	require.Equal(t, "As you wish.", k.agentLines()[1].Heard)
}

// When the other server dies in mid-call, the models of this one answer, and the caller is not left in silence.
func TestProxyLosesItsUpstream(t *testing.T) {
	u := upstream(t, `{"heard":["when do you open"],"answers":["open => We open at nine."],"words_per_second":3}`, "")
	s := proxy(t, u)
	c := s.call(t, "proxy")
	c.openMic()
	c.say(mediatest.Voice(1200*time.Millisecond, 24000))
	first := c.wait("response.done")
	require.Equal(t, "We open at nine.", first.Response.Output[0].Content[0].Transcript)
	c.hearAll(first)
	u.kill()
	c.say(mediatest.Voice(1200*time.Millisecond, 24000))
	second := c.wait("response.done")
	require.Equal(t, "completed", second.Response.Status)
	require.Equal(t, "I am the one behind.", second.Response.Output[0].Content[0].Transcript)
	c.hearAll(second)
	c.leave()
	k := s.recorded(c.id)
	require.Equal(t, []string{"We open at nine.", "I am the one behind."}, []string{k.agentLines()[0].Heard, k.agentLines()[1].Heard})
}

// A client can name a model of a provider in place of an agent: one that hears and speaks itself, or one that writes.
func TestModelOfAProvider(t *testing.T) {
	u := upstream(t, `{"answers":["open => We open at nine."]}`, "")
	s := proxy(t, u)
	c := s.call(t, "openai/agent:answers")
	c.write("When do you open?")
	c.respond()
	require.Equal(t, "We open at nine.", c.wait("response.done").Response.Output[0].Content[0].Transcript)
	c.leave()
	service := openai.NewRealtimeService(option.WithBaseURL(s.URL()+"/v1/"), option.WithAPIKey("unused"))
	_, err := service.Connect(t.Context(), openai.RealtimeConnectionOptions{}, option.WithQuery("model", "opena/gpt-realtime"))
	require.ErrorContains(t, err, "404")

	m := &models{answer: func(_ int, _ question, w http.ResponseWriter, _ *http.Request) { stream(w, "stop", says("Written.")) }}
	s = launch(t, m.serve(t))
	c = s.call(t, "openai/llama-9")
	c.write("Well?")
	c.respond()
	require.Equal(t, "Written.", c.wait("response.done").Response.Output[0].Content[0].Transcript)
	require.Equal(t, "llama-9", m.requests()[0].Model)
}

// A function of the client's is called by the model behind the other server, and its result goes all the way back.
func TestProxyRunsTools(t *testing.T) {
	m := &models{answer: func(n int, _ question, w http.ResponseWriter, _ *http.Request) {
		if n == 1 {
			stream(w, "tool_calls", `{"role":"assistant","tool_calls":[{"index":0,"id":"call_7","type":"function","function":{"name":"weather","arguments":"{\"city\":\"Dakar\"}"}}]}`)
			return
		}
		stream(w, "stop", says("It is "), says("sunny."))
	}}
	web := httptest.NewServer(m)
	t.Cleanup(web.Close)
	s := proxy(t, upstream(t, `{"words_per_second":10}`, web.URL+"/v1"))
	c := s.call(t, "proxy")
	c.update(openai.RealtimeSessionCreateRequestParam{Tools: openai.RealtimeToolsConfigParam{{OfFunction: &openai.RealtimeFunctionToolParam{
		Type: "function", Name: param.NewOpt("weather"), Description: param.NewOpt("Weather of a city."), Parameters: map[string]any{"type": "object"}}}}})
	c.write("What is the weather in Dakar?")
	c.respond()
	done := c.wait("response.done")
	require.Equal(t, "function_call", done.Response.Output[0].Type)
	require.Equal(t, "weather", done.Response.Output[0].Name)
	require.JSONEq(t, `{"city":"Dakar"}`, done.Response.Output[0].Arguments)
	c.send(openai.RealtimeClientEventUnionParam{OfConversationItemCreate: &openai.ConversationItemCreateEventParam{Item: openai.ConversationItemUnionParam{
		OfFunctionCallOutput: &openai.RealtimeConversationItemFunctionCallOutputParam{CallID: done.Response.Output[0].CallID, Output: `{"sky":"sunny"}`}}}})
	c.respond()
	require.Equal(t, "It is sunny.", c.wait("response.done").Response.Output[0].Content[0].Transcript)
	last := m.requests()[1].Messages
	require.JSONEq(t, `{"sky":"sunny"}`, *last[len(last)-1].Content, "what the model behind the other server was told")
}
