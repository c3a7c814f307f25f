package client_test

import (
	"context"
	"encoding/json"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"griot/internal/fault"
	"griot/internal/media"
	"griot/internal/model/llm"
	"griot/internal/model/s2s"
	"griot/internal/provider/fake"
	"griot/internal/provider/providertest"
	"griot/internal/realtime/client"
	"griot/internal/realtime/client/clienttest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// service is a model behind a WebSocket.
type service struct {
	t client.Target
	m s2s.Model
}

func (s service) Caps() s2s.Caps { return s2s.Caps{ID: "test/" + s.t.Name, Rate: client.Rate} }
func (s service) Open(ctx context.Context, o s2s.Options) (s2s.Session, error) {
	return client.Dial(ctx, s.t, o)
}

const key = "sk-very-secret"

func at(t testing.TB, m s2s.Model, o clienttest.Options) service {
	t.Helper()
	o.Key = key
	sv := clienttest.New(t, m, o)
	var shape client.Shape = client.GA{Voice: "alloy", Transcription: "whisper-1"}
	if o.Beta {
		shape = client.VoiceLive{Voice: "en-US-AvaNeural", Transcription: "azure-speech", Speaks: true}
	}
	return service{m: m, t: client.Target{URL: sv.URL + "/v1/realtime?model=x", Header: http.Header{"Authorization": {"Bearer " + key}}, Shape: shape, Name: "example.test",
		Key: key, Param: "openai.api_key", Open: 5 * time.Second}}
}

func answers(history []s2s.Item, _ s2s.Respond) fake.S2SAnswer {
	if n := len(history); n > 0 && history[n-1].Text == "When?" {
		return fake.S2SAnswer{Answer: fake.Answer{Text: "Let me see.", Calls: []llm.ToolCall{{Name: "hours", Arguments: `{"day":"friday"}`}}}}
	}
	return fake.S2SAnswer{Answer: fake.Answer{Text: "Good morning to you."}}
}

func TestConformance(t *testing.T) {
	refuse := func(s s2s.Settings) error {
		if s.Instructions == "refuse me" {
			return fault.New(fault.Invalid, "invalid_value", "no")
		}
		return nil
	}
	heard := fake.S2SOptions{Heard: strings.Split(strings.Repeat("good morning,", 20), ","), Refuse: refuse, Marks: true}
	for name, o := range map[string]clienttest.Options{"ga": {}, "voice live": {Beta: true}, "forgetful": {NoMetadata: true}} {
		t.Run(name, func(t *testing.T) {
			broken := func(name string, o clienttest.Options, change func(*client.Target), kind fault.Kind, code string) providertest.Broken[s2s.Model] {
				s := at(t, fake.NewS2S(fake.S2SOptions{}), o)
				if change != nil {
					change(&s.t)
				}
				return providertest.Broken[s2s.Model]{Name: name, Model: s, Kind: kind, Code: code}
			}
			providertest.S2S(t, at(t, fake.NewS2SFunc(heard, answers), o), providertest.S2SOptions{
				Options: s2s.Options{Lang: "en-US", Settings: s2s.Settings{Instructions: "Be brief."}}, Want: "morning to you", Usage: true, Transcript: "good morning",
				Tools: []llm.ToolSpec{{Name: "hours", Parameters: json.RawMessage(`{"type":"object"}`)}}, AskTool: "When?",
				Refused: &s2s.Settings{Instructions: "refuse me"},
				Hangs:   at(t, fake.NewS2S(fake.S2SOptions{}, fake.S2SAnswer{Answer: fake.Answer{Text: "Well", Hang: true}}), o),
				Drops:   at(t, fake.NewS2S(fake.S2SOptions{}, fake.S2SAnswer{Answer: fake.Answer{Text: "one two three"}, Drop: 2}), o),
				Broken: []providertest.Broken[s2s.Model]{
					broken("wrong key", o, func(t *client.Target) { t.Header = http.Header{"Authorization": {"Bearer wrong"}} }, fault.Denied, "key_refused"),
					broken("no credit", clienttest.Options{Status: 429, Error: "insufficient_quota"}, nil, fault.Denied, "quota_exceeded"),
					broken("too many", clienttest.Options{Status: 429, Retry: "2"}, nil, fault.Limited, "rate_limited"),
					broken("unknown", clienttest.Options{Status: 404}, nil, fault.NotFound, "model_not_found"),
					broken("forbidden", clienttest.Options{Status: 403}, nil, fault.Denied, "not_permitted"),
					broken("redirected", clienttest.Options{Status: 302}, nil, fault.Invalid, "rejected"),
					broken("down", clienttest.Options{Status: 503}, nil, fault.Unavailable, "server_error"),
					broken("refused after the handshake", clienttest.Options{Close: "invalid_request_error.invalid_api_key"}, nil, fault.Denied, "key_refused"),
					broken("old", clienttest.Options{Close: "invalid_request_error.beta_api_shape_disabled"}, nil, fault.Invalid, "beta_api_shape_disabled"),
					broken("mute", clienttest.Options{Mute: true}, func(t *client.Target) { t.Open = 50 * time.Millisecond }, fault.Unavailable, "timeout"),
					broken("nobody there", o, func(t *client.Target) { t.URL = "http://127.0.0.1:1/?api-key=" + key }, fault.Unavailable, "unreachable"),
				},
			})
		})
	}
}

// What a person is shown of a failure never holds the key.
func TestFailuresHideTheKey(t *testing.T) {
	for _, o := range []clienttest.Options{{Status: 400}, {Status: 429}, {Status: 500}} {
		_, err := at(t, fake.NewS2S(fake.S2SOptions{}), o).Open(t.Context(), s2s.Options{})
		require.Error(t, err)
		require.NotContains(t, err.Error(), key)
		require.Contains(t, err.Error(), "***")
	}
	s := at(t, fake.NewS2S(fake.S2SOptions{}), clienttest.Options{})
	s.t.URL = "http://127.0.0.1:1/?api-key=" + url.QueryEscape(key)
	_, err := s.Open(t.Context(), s2s.Options{})
	require.Error(t, err)
	require.NotContains(t, err.Error(), key)
	_, err = at(t, fake.NewS2S(fake.S2SOptions{}), clienttest.Options{Status: 429, Retry: "2"}).Open(t.Context(), s2s.Options{})
	var f *fault.Error
	require.ErrorAs(t, err, &f)
	require.Equal(t, "2000", f.Params["retry_after_ms"])
}

// seen are the events that a service received.
type seen struct {
	mu  sync.Mutex
	all []string
}

func (s *seen) take(raw json.RawMessage) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.all = append(s.all, string(raw))
}

func (s *seen) last(typ string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := len(s.all) - 1; i >= 0; i-- {
		if strings.Contains(s.all[i], `"type":"`+typ+`"`) {
			return s.all[i]
		}
	}
	return ""
}

func next(t *testing.T, s s2s.Session, k s2s.Kind) s2s.Event {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	for {
		ev, err := s.Recv(ctx)
		require.NoError(t, err, "while waiting for %v", k)
		if ev.Kind == k {
			return ev
		}
	}
}

// The wire forms, field by field: a service refuses a whole update for one field that it does not know.
func TestShapes(t *testing.T) {
	text, warm, brief := true, 0.7, "Briefly."
	set := s2s.Settings{Instructions: "Be kind.", Voice: "marin", Speed: 1.2, Tools: []llm.ToolSpec{{Name: "hours", Description: "Opening hours", Parameters: json.RawMessage(`{"type":"object"}`)}},
		Choice: "hours", MaxTokens: 500, Temperature: &warm}
	ask := s2s.Respond{Tag: "7", Instructions: &brief, Text: &text, Choice: "none", MaxTokens: 9, Input: []s2s.Item{{Role: llm.User, Text: "Hi"}}}
	items := []s2s.Item{
		{ID: "a", Role: llm.User, Text: "Hello <you>"}, {ID: "b", Role: llm.Assistant, Text: "Hi"}, {ID: "c", Role: llm.System, Text: "Note"},
		{ID: "d", Call: &llm.ToolCall{ID: "call_1", Name: "hours", Arguments: "{}"}}, {ID: "e", Result: &llm.ToolResult{CallID: "call_1", Output: "nine"}},
		{ID: "f", Role: llm.User, Raw: json.RawMessage(`{"id":"x","type":"message","role":"user","content":[{"type":"input_image","image_url":"data:,"}]}`)},
	}
	tool := `{"type":"function","name":"hours","description":"Opening hours","parameters":{"type":"object"}}`
	same := map[string]string{
		"a": `{"id":"a","type":"message","role":"user","content":[{"type":"input_text","text":"Hello <you>"}]}`,
		"c": `{"id":"c","type":"message","role":"system","content":[{"type":"input_text","text":"Note"}]}`,
		"d": `{"id":"d","type":"function_call","name":"hours","call_id":"call_1","arguments":"{}"}`,
		"e": `{"id":"e","type":"function_call_output","call_id":"call_1","output":"nine"}`,
		"f": `{"id":"f","type":"message","role":"user","content":[{"type":"input_image","image_url":"data:,"}]}`,
	}
	for name, c := range map[string]struct {
		shape                             client.Shape
		session, response, say, assistant string
	}{
		"ga": {client.GA{Voice: "alloy", Transcription: "whisper-1"},
			`{"type":"realtime","output_modalities":["audio"],"instructions":"Be kind.","tools":[` + tool + `],"tool_choice":{"type":"function","name":"hours"},"max_output_tokens":500,
			"audio":{"input":{"format":{"type":"audio/pcm","rate":24000},"transcription":{"model":"whisper-1","language":"fr"},"turn_detection":null},
			"output":{"format":{"type":"audio/pcm","rate":24000},"voice":"marin","speed":1.2}}}`,
			`{"instructions":"Briefly.","output_modalities":["text"],"tool_choice":"none","max_output_tokens":9,"metadata":{"griot_tag":"7"},
			"input":[{"type":"message","role":"user","content":[{"type":"input_text","text":"Hi"}]}]}`,
			`{"instructions":"Say exactly the text between the two lines of dashes, word for word, in its own language, and nothing before or after it.\n---\nBonjour !\n---","tools":[],"tool_choice":"none","metadata":{"griot_tag":"8"}}`,
			`{"id":"b","type":"message","role":"assistant","content":[{"type":"output_text","text":"Hi"}]}`},
		"voice live": {client.VoiceLive{Voice: "alloy", Transcription: "azure-speech", Phrases: []string{"Griot"}, Noise: true, Echo: true, Speaks: true},
			`{"modalities":["text","audio"],"instructions":"Be kind.","tools":[` + tool + `],"tool_choice":{"type":"function","name":"hours"},"max_response_output_tokens":500,"temperature":0.7,
			"turn_detection":null,"input_audio_sampling_rate":24000,"input_audio_format":"pcm16","output_audio_format":"pcm16","voice":{"type":"openai","name":"marin"},
			"input_audio_transcription":{"model":"azure-speech","language":"fr-CA","phrase_list":["Griot"]},
			"input_audio_noise_reduction":{"type":"azure_deep_noise_suppression"},"input_audio_echo_cancellation":{"type":"server_echo_cancellation"}}`,
			`{"instructions":"Briefly.","modalities":["text"],"tool_choice":"none","max_output_tokens":9,"metadata":{"griot_tag":"7"},
			"input_items":[{"type":"message","role":"user","content":[{"type":"input_text","text":"Hi"}]}]}`,
			`{"metadata":{"griot_tag":"8"},"pre_generated_assistant_message":{"type":"message","role":"assistant","content":[{"type":"text","text":"Bonjour !"}]}}`,
			`{"id":"b","type":"message","role":"assistant","content":[{"type":"text","text":"Hi"}]}`},
	} {
		t.Run(name, func(t *testing.T) {
			written := func(v any) string {
				b, err := json.Marshal(v)
				require.NoError(t, err)
				return string(b)
			}
			require.JSONEq(t, c.session, written(c.shape.Session(s2s.Options{Lang: "fr-CA", Settings: set})))
			require.JSONEq(t, c.response, written(c.shape.Response(ask)))
			require.JSONEq(t, c.say, written(c.shape.Response(s2s.Respond{Tag: "8", Say: "Bonjour !"})))
			for _, it := range items {
				want := same[it.ID]
				if it.ID == "b" {
					want = c.assistant
				}
				require.JSONEq(t, want, written(c.shape.Item(it)))
			}
		})
	}
	// A voice of Azure's own has a kind, a pace and the times of its words.
	b, err := json.Marshal(client.VoiceLive{Voice: "fr-FR-VivienneMultilingualNeural"}.Session(s2s.Options{Settings: s2s.Settings{Speed: 1.2}}))
	require.NoError(t, err)
	require.Contains(t, string(b), `"voice":{"name":"fr-FR-VivienneMultilingualNeural","rate":"1.20","type":"azure-standard"}`)
	require.Contains(t, string(b), `"output_audio_timestamp_types":["word"]`)
}

// A text that is to be said is said.
func TestSays(t *testing.T) {
	for _, beta := range []bool{false, true} {
		var got seen
		s, err := at(t, fake.NewS2S(fake.S2SOptions{Marks: true}), clienttest.Options{Beta: beta, Received: got.take}).Open(t.Context(), s2s.Options{})
		require.NoError(t, err)
		require.NoError(t, s.Send(t.Context(), s2s.Respond{Tag: "a", Say: "Welcome home."}))
		require.Equal(t, "a", next(t, s, s2s.Started).Tag)
		require.Equal(t, "Welcome ", next(t, s, s2s.Text).Text)
		require.Equal(t, "Welcome", next(t, s, s2s.Words).Marks[0].Phoneme)
		require.Equal(t, "home.", next(t, s, s2s.Text).Text)
		require.Equal(t, llm.StopEnd, next(t, s, s2s.Done).Stop)
		require.NoError(t, s.Close())
		require.Contains(t, got.last("response.create"), "Welcome home.")
	}
}

// Sound goes up as it came, and comes down as it went up.
func TestSound(t *testing.T) {
	m := fake.NewS2S(fake.S2SOptions{Heard: []string{"hello"}})
	s, err := at(t, m, clienttest.Options{}).Open(t.Context(), s2s.Options{})
	require.NoError(t, err)
	for range 25 {
		require.NoError(t, s.SendAudio(t.Context(), media.Frame{Format: media.Mono(24000), PCM: make([]int16, 480)}))
	}
	require.NoError(t, s.Send(t.Context(), s2s.Commit{}))
	item := next(t, s, s2s.Committed).Item
	require.NotEmpty(t, item)
	partial := next(t, s, s2s.Partial)
	require.Equal(t, "hello", partial.Text)
	heard := next(t, s, s2s.Heard)
	require.Equal(t, s2s.Event{Kind: s2s.Heard, Item: item, Text: "hello", Usage: &llm.Usage{Input: 10, Output: 2, AudioInput: 10}}, heard)
	require.Equal(t, 500*time.Millisecond, m.Sessions()[0].Heard)
	require.NoError(t, s.Send(t.Context(), s2s.Respond{Tag: "a"}))
	sound := next(t, s, s2s.Audio)
	word, ok := fake.WordIn(sound.Frame.PCM, sound.Frame.Rate)
	require.True(t, ok)
	require.Zero(t, word)
	require.Error(t, s.SendAudio(t.Context(), media.Frame{Format: media.Mono(16000)}))
	require.NoError(t, s.Close())
}

// A service that goes quiet without hanging up is found out by a ping; one that is only silent is not hung up on.
func TestSilentService(t *testing.T) {
	s := at(t, fake.NewS2S(fake.S2SOptions{}), clienttest.Options{})
	pipe := tube(t, strings.TrimPrefix(strings.Split(s.t.URL, "/v1")[0], "http://"))
	s.t.URL = "http://" + pipe.addr + "/v1/realtime"
	s.t.Ping = 30 * time.Millisecond
	sess, err := s.Open(t.Context(), s2s.Options{})
	require.NoError(t, err)
	defer sess.Close()
	started, ended := make(chan string, 1), make(chan error, 1)
	go func() { // whoever holds a session always receives: it is how pongs are noticed
		for {
			ev, err := sess.Recv(context.Background())
			if err != nil {
				ended <- err
				return
			}
			if ev.Kind == s2s.Started {
				started <- ev.Tag
			}
		}
	}()
	for range 5 { // pongs
		<-pipe.down
	}
	require.NoError(t, sess.Send(t.Context(), s2s.Respond{Tag: "a"}))
	require.Equal(t, "a", <-started)
	close(pipe.freeze)
	require.Equal(t, "upstream_silent", fault.CodeOf(<-ended))
}

// stuck is a connection between a client and a service that can get stuck.
type stuck struct {
	addr   string
	freeze chan struct{}
	down   chan struct{} // something came from the service
}

func tube(t *testing.T, to string) *stuck {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	s := &stuck{addr: l.Addr().String(), freeze: make(chan struct{}), down: make(chan struct{}, 1)}
	var live sync.WaitGroup
	var conns []net.Conn
	live.Go(func() {
		near, err := l.Accept()
		if err != nil {
			return
		}
		far, err := net.Dial("tcp", to)
		if err != nil {
			return
		}
		conns = append(conns, near, far)
		pass := func(dst, src net.Conn, told chan struct{}) {
			buf := make([]byte, 4096)
			for {
				n, err := src.Read(buf)
				if err != nil {
					return
				}
				select {
				case <-s.freeze:
					continue
				default:
				}
				if _, err := dst.Write(buf[:n]); err != nil {
					return
				}
				select {
				case told <- struct{}{}:
				default:
				}
			}
		}
		live.Go(func() { pass(near, far, s.down) })
		live.Go(func() { pass(far, near, nil) })
	})
	t.Cleanup(func() {
		_ = l.Close()
		for _, c := range conns {
			_ = c.Close()
		}
		live.Wait()
	})
	return s
}

// Limits and refusals in the middle of a conversation.
func TestRefusals(t *testing.T) {
	limited := fault.New(fault.Limited, "rate_limit_exceeded", "slow down")
	s, err := at(t, fake.NewS2S(fake.S2SOptions{}, fake.S2SAnswer{Answer: fake.Answer{Err: limited}}, fake.S2SAnswer{Answer: fake.Answer{Text: "Hm", Stop: llm.StopLength}}), clienttest.Options{}).Open(t.Context(), s2s.Options{})
	require.NoError(t, err)
	defer s.Close()
	require.NoError(t, s.Send(t.Context(), s2s.Respond{Tag: "a"}))
	done := next(t, s, s2s.Done)
	require.Equal(t, fault.Limited, fault.KindOf(done.Err))
	require.NoError(t, s.Send(t.Context(), s2s.Respond{Tag: "b"}))
	require.Equal(t, llm.StopLength, next(t, s, s2s.Done).Stop)
	// What concerns only the history is a warning: the conversation goes on.
	require.NoError(t, s.Send(t.Context(), s2s.Remove{ID: "nobody"}))
	require.Contains(t, next(t, s, s2s.Warning).Text, "nobody")
}
