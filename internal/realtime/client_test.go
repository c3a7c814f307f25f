package realtime_test

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	openaigo "github.com/openai/openai-go/v3"
	openai "github.com/openai/openai-go/v3/realtime"
	"github.com/stretchr/testify/require"

	"griot/internal/fault"
	"griot/internal/realtime"
)

func TestDecodeClient(t *testing.T) {
	h := realtime.Header{EventID: "e1"}
	for _, c := range []struct {
		raw  string
		want realtime.ClientEvent
	}{
		{`{"type":"input_audio_buffer.append","event_id":"e1","audio":"AA\/B"}`, realtime.InputAudioAppend{Header: h, Audio: []byte("AA/B")}},
		{`{"type":"input_audio_buffer.commit"}`, realtime.InputAudioCommit{}},
		{`{"type":"input_audio_buffer.clear","event_id":"e1"}`, realtime.InputAudioClear{Header: h}},
		{`{"type":"output_audio_buffer.clear"}`, realtime.OutputAudioClear{}},
		{`{"type":"conversation.item.create","previous_item_id":"root","item":{"id":"i1","type":"message","role":"user","content":[{"type":"input_text","text":"hi"},{"type":"input_audio","audio":"AAAA"}]}}`,
			realtime.ItemCreate{PreviousItemID: realtime.Root, Item: realtime.Message("i1", "user", "", realtime.InputText("hi"), realtime.Content{Type: "input_audio", Audio: "AAAA"})}},
		{`{"type":"conversation.item.create","previous_item_id":null,"item":{"object":"realtime.item","type":"message","role":"assistant","status":"completed","content":[{"type":"output_text","text":""}]}}`,
			realtime.ItemCreate{Item: realtime.Message("", "assistant", "completed", realtime.OutputText(""))}},
		{`{"type":"conversation.item.create","item":{"type":"message","role":"user","content":[{"type":"input_image","image_url":"data:x","detail":"low"}]}}`,
			realtime.ItemCreate{Item: realtime.Message("", "user", "", realtime.Content{Type: "input_image", ImageURL: "data:x", Detail: "low"})}},
		{`{"type":"conversation.item.create","item":{"type":"function_call_output","call_id":"c1","output":""}}`, realtime.ItemCreate{Item: realtime.FunctionCallOutput("", "c1", "")}},
		{`{"type":"conversation.item.create","item":{"type":"function_call","call_id":"c1","name":"f","arguments":"{}"}}`, realtime.ItemCreate{Item: realtime.FunctionCall("", "", "c1", "f", "{}")}},
		{`{"type":"conversation.item.retrieve","item_id":"i1"}`, realtime.ItemRetrieve{ItemID: "i1"}},
		{`{"type":"conversation.item.truncate","item_id":"i1","content_index":0,"audio_end_ms":1500}`, realtime.ItemTruncate{ItemID: "i1", AudioEndMS: 1500}},
		{`{"type":"conversation.item.delete","item_id":"i1"}`, realtime.ItemDelete{ItemID: "i1"}},
		{`{"type":"response.cancel"}`, realtime.ResponseCancel{}},
		{`{"type":"response.cancel","response_id":"r1"}`, realtime.ResponseCancel{ResponseID: "r1"}},
		{`{"type":"response.create"}`, realtime.ResponseCreate{}},
		{`{"type":"response.create","response":{"conversation":"none","instructions":"","metadata":{"client_event_id":"e1"},"input":[],"output_modalities":["text"],"max_output_tokens":"inf","tools":[],"tool_choice":"none","parallel_tool_calls":false,"reasoning":{"effort":"low"},"prompt":null,"audio":{"output":{"voice":{"id":"v1"},"format":{"type":"audio/pcmu"}}}}}`,
			realtime.ResponseCreate{Response: realtime.ResponseParams{
				Conversation: "none", Instructions: realtime.Some(""), Metadata: map[string]string{"client_event_id": "e1"}, Input: realtime.Some([]realtime.Item{}),
				OutputModalities: realtime.Some([]string{"text"}), MaxOutputTokens: realtime.Some(realtime.MaxTokens(0)), Tools: realtime.Some([]realtime.Tool{}),
				ToolChoice: realtime.Some(realtime.ToolChoice{Mode: "none"}), ParallelToolCalls: realtime.Some(false), Reasoning: realtime.Some(realtime.Reasoning{Effort: "low"}), Prompt: realtime.Clear[realtime.Prompt](),
				Audio: realtime.ResponseAudioPatch{Output: realtime.ResponseAudioOutputPatch{Voice: realtime.Some(realtime.Voice{ID: "v1"}), Format: realtime.Some(realtime.FormatPatch{Type: realtime.Some("audio/pcmu")})}},
			}}},
		{`{"type":"response.create","response":{"input":[{"type":"item_reference","id":"i1"}]}}`,
			realtime.ResponseCreate{Response: realtime.ResponseParams{Input: realtime.Some([]realtime.Item{{ID: "i1", Type: "item_reference"}})}}},
		{`{"type":"session.update","session":{"type":"realtime","audio":{"input":{"turn_detection":null,"transcription":{"language":"fr"}},"output":{"speed":1.25}}}}`,
			realtime.SessionUpdate{Session: realtime.SessionPatch{Type: "realtime", Audio: realtime.AudioPatch{
				Input:  realtime.AudioInputPatch{TurnDetection: realtime.Clear[realtime.TurnDetectionPatch](), Transcription: realtime.Some(realtime.TranscriptionPatch{Language: realtime.Some("fr")})},
				Output: realtime.AudioOutputPatch{Speed: realtime.Some(1.25)}}}}},
		{`{"type":"griot.playback","response_id":"r1","item_id":"i1","audio_end_ms":840.0,"final":true}`, realtime.GriotPlayback{ResponseID: "r1", ItemID: "i1", AudioEndMS: 840, Final: true}},
		{`{"type":"griot.digits","digits":"12#"}`, realtime.GriotDigits{Digits: "12#"}},
	} {
		t.Run(c.raw, func(t *testing.T) {
			got, err := realtime.DecodeClient([]byte(c.raw))
			require.NoError(t, err)
			require.Equal(t, c.want, got)

			again, err := realtime.EncodeClient(got) // what we send as a client, we read as a server
			require.NoError(t, err)
			back, err := realtime.DecodeClient(again)
			require.NoError(t, err, string(again))
			require.Equal(t, got, back)
		})
	}
}

func TestDecodeClientRefuses(t *testing.T) {
	for _, c := range []struct{ raw, code, param string }{
		{``, "invalid_event", ""},
		{`[]`, "invalid_event", ""},
		{`null`, "invalid_event", ""},
		{`{"type":"response.cancel"`, "invalid_event", ""},
		{`{"type":"response.cancel"}{}`, "invalid_event", ""},
		{`{}`, "missing_required_parameter", "type"},
		{`{"type":null}`, "missing_required_parameter", "type"},
		{`{"type":5}`, "invalid_value", "type"},
		{`{"Type":"response.cancel"}`, "missing_required_parameter", "type"},
		{`{"type":"nonsense"}`, "invalid_value", "type"},
		{`{"type":"response.cancel","event_id":5}`, "invalid_value", "event_id"},
		{`{"type":"response.cancel","extra":1}`, "unknown_parameter", "extra"},
		{`{"type":"response.cancel","b":1,"a":1}`, "unknown_parameter", "a"},
		{`{"type":"input_audio_buffer.append"}`, "missing_required_parameter", "audio"},
		{`{"type":"input_audio_buffer.append","audio":7}`, "invalid_value", "audio"},
		{`{"type":"session.update"}`, "missing_required_parameter", "session"},
		{`{"type":"session.update","session":{}}`, "missing_required_parameter", "session.type"},
		{`{"type":"session.update","session":[]}`, "invalid_value", "session"},
		{`{"type":"session.update","session":{"type":"realtime","voice":"x"}}`, "unknown_parameter", "session.voice"},
		{`{"type":"session.update","session":{"type":"realtime","audio":{"input":{"turn_detection":{"type":"server_vad","treshold":0.5}}}}}`, "unknown_parameter", "session.audio.input.turn_detection.treshold"},
		{`{"type":"session.update","session":{"type":"realtime","audio":null}}`, "invalid_value", "session.audio"},
		{`{"type":"session.update","session":{"type":"realtime","audio":{"output":{"speed":"fast"}}}}`, "invalid_value", "session.audio.output.speed"},
		{`{"type":"session.update","session":{"type":"realtime","max_output_tokens":0}}`, "invalid_value", "session.max_output_tokens"},
		{`{"type":"session.update","session":{"type":"realtime","max_output_tokens":4097}}`, "invalid_value", "session.max_output_tokens"},
		{`{"type":"session.update","session":{"type":"realtime","max_output_tokens":"many"}}`, "invalid_value", "session.max_output_tokens"},
		{`{"type":"session.update","session":{"type":"realtime","tools":[{"type":"function","name":"a"},{"type":"function","nam":"b"}]}}`, "missing_required_parameter", "session.tools[1].name"},
		{`{"type":"session.update","session":{"type":"realtime","tools":[{"type":"magic"}]}}`, "invalid_value", "session.tools[0].type"},
		{`{"type":"session.update","session":{"type":"realtime","tool_choice":{"type":"function"}}}`, "missing_required_parameter", "session.tool_choice.name"},
		{`{"type":"conversation.item.create"}`, "missing_required_parameter", "item"},
		{`{"type":"conversation.item.create","item":{"type":"message","content":[]}}`, "missing_required_parameter", "item.role"},
		{`{"type":"conversation.item.create","item":{"type":"message","role":"robot","content":[]}}`, "invalid_value", "item.role"},
		{`{"type":"conversation.item.create","item":{"type":"message","role":"user"}}`, "missing_required_parameter", "item.content"},
		{`{"type":"conversation.item.create","item":{"type":"message","role":"user","content":[{"type":"output_text","text":"x"}]}}`, "invalid_value", "item.content[0].type"},
		{`{"type":"conversation.item.create","item":{"type":"message","role":"user","content":[{"type":"input_text"}]}}`, "missing_required_parameter", "item.content[0].text"},
		{`{"type":"conversation.item.create","item":{"type":"message","role":"user","content":[],"call_id":"x"}}`, "unknown_parameter", "item.call_id"},
		{`{"type":"conversation.item.create","item":{"type":"message","role":"user","content":[],"id":"root"}}`, "invalid_value", "item.id"},
		{`{"type":"conversation.item.create","item":{"type":"message","role":"user","content":[],"id":"a b"}}`, "invalid_value", "item.id"},
		{`{"type":"conversation.item.create","item":{"type":"function_call_output","output":"x"}}`, "missing_required_parameter", "item.call_id"},
		{`{"type":"conversation.item.create","item":{"type":"item_reference","id":"i1"}}`, "invalid_value", "item.type"},
		{`{"type":"conversation.item.truncate","item_id":"i1","content_index":0,"audio_end_ms":-1}`, "invalid_value", "audio_end_ms"},
		{`{"type":"conversation.item.truncate","item_id":"i1","content_index":0,"audio_end_ms":1.5}`, "invalid_value", "audio_end_ms"},
		{`{"type":"conversation.item.truncate","item_id":"i1","content_index":0,"audio_end_ms":1e300}`, "invalid_value", "audio_end_ms"},
		{`{"type":"conversation.item.truncate","item_id":"i1","audio_end_ms":1}`, "missing_required_parameter", "content_index"},
		{`{"type":"conversation.item.delete","item_id":""}`, "invalid_value", "item_id"},
		{`{"type":"response.create","response":{"conversation":"maybe"}}`, "invalid_value", "response.conversation"},
		{`{"type":"response.create","response":{"metadata":{"a":1}}}`, "invalid_value", "response.metadata.a"},
		{`{"type":"response.create","response":{"audio":{"input":{}}}}`, "unknown_parameter", "response.audio.input"},
		{`{"type":"response.create","response":{"input":[{"type":"item_reference"}]}}`, "missing_required_parameter", "response.input[0].id"},
		{`{"type":"griot.digits","digits":"12x"}`, "invalid_value", "digits"},
		{`{"type":"griot.playback","response_id":"r","item_id":"i"}`, "missing_required_parameter", "audio_end_ms"},
	} {
		t.Run(c.raw, func(t *testing.T) {
			_, err := realtime.DecodeClient([]byte(c.raw))
			var f *fault.Error
			require.ErrorAs(t, err, &f)
			require.Equal(t, fault.Invalid, f.Kind)
			require.Equal(t, c.code, f.Code, f.Message)
			require.Equal(t, c.param, f.Param)
			require.NotEmpty(t, f.Message)
		})
	}
}

func TestDecodeClientRefusesTooMuchMetadata(t *testing.T) {
	pairs := map[string]string{}
	for i := range 17 {
		pairs[strings.Repeat("k", i+1)] = "v"
	}
	for _, m := range []map[string]string{pairs, {strings.Repeat("k", 65): "v"}, {"k": strings.Repeat("v", 513)}} {
		raw, err := realtime.EncodeClient(realtime.ResponseCreate{Response: realtime.ResponseParams{Metadata: m}})
		require.NoError(t, err)
		_, err = realtime.DecodeClient(raw)
		require.Equal(t, realtime.CodeInvalidValue, fault.CodeOf(err))
	}
}

func TestEventID(t *testing.T) {
	for raw, want := range map[string]string{
		`{"type":"nonsense","event_id":"e1"}`:         "e1",
		`{"event_id":"e1","type":"response.create",`:  "e1",
		`{"event_id":"e1","session":{"type":`:         "e1",
		`{"session":{"event_id":"inner"},"type":"x"}`: "",
		`{"event_id":5}`:    "",
		`["event_id","e1"]`: "",
		`{"event_id":"` + strings.Repeat("x", 600) + `"}`: "",
		``: "",
	} {
		require.Equal(t, want, realtime.EventID([]byte(raw)), raw)
	}
}

func TestErrorFor(t *testing.T) {
	_, err := realtime.DecodeClient([]byte(`{"type":"session.update","session":{"type":"realtime","voice":"x"}}`))
	require.Equal(t, realtime.Error{Error: realtime.ErrorDetail{
		Type: "invalid_request_error", Code: "unknown_parameter", Message: "Unknown parameter: 'session.voice'.", Param: "session.voice", EventID: "e1",
	}}, realtime.ErrorFor(err, "e1"))

	hidden := realtime.ErrorFor(errors.New("password is hunter2"), "")
	require.Equal(t, "server_error", hidden.Error.Type)
	require.NotContains(t, hidden.Error.Message, "hunter2")
}

// What the official client sends must be understood, as it writes it.
func TestDecodesOpenAIGo(t *testing.T) {
	session := openai.RealtimeSessionCreateRequestParam{
		Instructions:     openaigo.String("Be brief."),
		OutputModalities: []string{"audio"},
		Tools:            openai.RealtimeToolsConfigParam{{OfFunction: &openai.RealtimeFunctionToolParam{Name: openaigo.String("f"), Parameters: map[string]any{"type": "object"}}}},
		MaxOutputTokens:  openai.RealtimeSessionCreateRequestMaxOutputTokensUnionParam{OfInt: openaigo.Int(100)},
		Audio: openai.RealtimeAudioConfigParam{
			Input: openai.RealtimeAudioConfigInputParam{
				Format:        openai.RealtimeAudioFormatsUnionParam{OfAudioPCM: &openai.RealtimeAudioFormatsAudioPCMParam{Rate: 24000, Type: "audio/pcm"}},
				TurnDetection: openai.RealtimeAudioInputTurnDetectionUnionParam{OfServerVad: &openai.RealtimeAudioInputTurnDetectionServerVadParam{SilenceDurationMs: openaigo.Int(300)}},
			},
			Output: openai.RealtimeAudioConfigOutputParam{Speed: openaigo.Float(1.25)},
		},
	}
	for _, p := range []openai.RealtimeClientEventUnionParam{
		{OfSessionUpdate: &openai.SessionUpdateEventParam{Session: openai.SessionUpdateEventSessionUnionParam{OfRealtime: &session}}},
		{OfInputAudioBufferAppend: &openai.InputAudioBufferAppendEventParam{Audio: "AAAA", EventID: openaigo.String("e1")}},
		{OfInputAudioBufferCommit: &openai.InputAudioBufferCommitEventParam{}},
		{OfInputAudioBufferClear: &openai.InputAudioBufferClearEventParam{}},
		{OfOutputAudioBufferClear: &openai.OutputAudioBufferClearEventParam{}},
		{OfConversationItemCreate: &openai.ConversationItemCreateEventParam{Item: openai.ConversationItemParamOfFunctionCallOutput("c1", "done")}},
		{OfConversationItemCreate: &openai.ConversationItemCreateEventParam{PreviousItemID: openaigo.String("root"), Item: openai.ConversationItemParamOfRealtimeUserMessageItem(
			[]openai.RealtimeConversationItemUserMessageContentParam{{Type: "input_text", Text: openaigo.String("hello")}})}},
		{OfConversationItemRetrieve: &openai.ConversationItemRetrieveEventParam{ItemID: "i1"}},
		{OfConversationItemTruncate: &openai.ConversationItemTruncateEventParam{ItemID: "i1", AudioEndMs: 100}},
		{OfConversationItemDelete: &openai.ConversationItemDeleteEventParam{ItemID: "i1"}},
		{OfResponseCreate: &openai.ResponseCreateEventParam{Response: openai.RealtimeResponseCreateParams{OutputModalities: []string{"text"}, Metadata: map[string]string{"a": "b"}}}},
		{OfResponseCancel: &openai.ResponseCancelEventParam{}},
	} {
		sent, err := json.Marshal(p)
		require.NoError(t, err)
		ev, err := realtime.DecodeClient(sent)
		require.NoError(t, err, string(sent))
		if up, ok := ev.(realtime.SessionUpdate); ok {
			got, err := fullSession().Apply(up.Session, true)
			require.ErrorContains(t, err, "opening_hours", "the choice named a tool that is gone: %+v", got)
			up.Session.ToolChoice = realtime.Some(realtime.ToolChoice{Mode: "auto"})
			got, err = fullSession().Apply(up.Session, true)
			require.NoError(t, err)
			require.Equal(t, "f", got.Tools[0].Name)
			require.Equal(t, 300, got.Audio.Input.TurnDetection.SilenceDurationMS)
			require.EqualValues(t, 100, got.MaxOutputTokens)
			require.Equal(t, "espeak/en", got.Audio.Output.Voice.Name)
		}
	}
}

func FuzzDecodeClient(f *testing.F) {
	for _, name := range realtime.ClientEventNames() {
		f.Add([]byte(`{"type":"` + name + `","event_id":"e","item_id":"i","content_index":0,"audio_end_ms":1}`))
	}
	f.Add([]byte(`{"type":"session.update","session":{"type":"realtime","tools":[{"type":"function","name":"f"}],"audio":{"input":{"turn_detection":{"type":"server_vad","threshold":0.5}},"output":{"voice":{"id":"x"},"format":{"type":"audio/pcma"}}},"truncation":{"type":"retention_ratio","retention_ratio":1,"token_limits":{"post_instructions":5}},"prompt":{"id":"p","variables":{"a":1}},"tracing":"auto"}}`))
	f.Add([]byte(`{"type":"conversation.item.create","item":{"type":"message","role":"user","content":[{"type":"input_text","text":"\ud800"}]}}`))
	golden, err := filepath.Glob("testdata/server/*.json")
	if err != nil {
		f.Fatal(err)
	}
	for _, file := range golden {
		raw, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(raw)
	}
	session := fullSession()
	f.Fuzz(func(t *testing.T, raw []byte) {
		_ = realtime.EventID(raw)
		ev, err := realtime.DecodeClient(raw)
		if err != nil {
			var fe *fault.Error
			if !errors.As(err, &fe) || fe.Code == "" || fe.Message == "" {
				t.Fatalf("not a fault: %v", err)
			}
			return
		}
		again, err := realtime.EncodeClient(ev)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := realtime.DecodeClient(again); err != nil {
			t.Fatalf("our own writing %s is refused: %v", again, err)
		}
		var applied realtime.Session
		switch ev := ev.(type) {
		case realtime.SessionUpdate:
			applied, err = session.Apply(ev.Session, false)
		case realtime.ResponseCreate:
			applied, err = session.ForResponse(ev.Response, false)
		default:
			return
		}
		if err != nil {
			return
		}
		if _, err := realtime.Encode(realtime.SessionUpdated{Session: applied}, "e"); err != nil {
			t.Fatalf("accepted a session that cannot be shown: %v", err)
		}
	})
}
