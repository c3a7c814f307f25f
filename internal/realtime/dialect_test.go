package realtime_test

import (
	"encoding/json"
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"griot/internal/fault"
	"griot/internal/realtime"
)

func TestUnknownDialect(t *testing.T) {
	for _, d := range realtime.Dialects() {
		require.True(t, d.Supported())
	}
	d := realtime.Dialect(99)
	require.False(t, d.Supported())
	require.Equal(t, "unsupported", d.String())
	_, err := d.DecodeClient([]byte(`{"type":"response.cancel"}`))
	require.Error(t, err)
	_, err = d.AppendEvent(nil, realtime.BufferCleared{}, 1)
	require.Error(t, err)
}

// patch reads a session.update and applies it to the defaults.
func patch(t *testing.T, d realtime.Dialect, session string) (realtime.Session, []realtime.Warning) {
	t.Helper()
	ev, warnings, err := d.Read([]byte(`{"type":"session.update","session":` + session + `}`))
	require.NoError(t, err)
	s, err := realtime.DefaultSession().Apply(ev.(realtime.SessionUpdate).Session, false)
	require.NoError(t, err)
	return s, warnings
}

// Every field of the beta's session has its place in GA's, and is shown where it was.
func TestBetaSession(t *testing.T) {
	s, _ := patch(t, realtime.Beta, `{"modalities":["text"],"instructions":"Hum.","voice":"verse","speed":1.2,"input_audio_format":"g711_ulaw","output_audio_format":"g711_alaw",
		"input_audio_transcription":{"model":"whisper-1","language":"fr"},"input_audio_noise_reduction":{"type":"far_field"},
		"turn_detection":{"type":"semantic_vad","eagerness":"low","threshold":0.3},"tools":[{"type":"function","name":"f"}],"tool_choice":"required","temperature":0.9,
		"max_response_output_tokens":77,"tracing":"auto","include":["item.input_audio_transcription.logprobs"],"unheard_of":{"a":1}}`)
	require.Equal(t, []string{"text"}, s.OutputModalities)
	require.Equal(t, realtime.TypePCMU, s.Audio.Input.Format.Type)
	require.Equal(t, realtime.TypePCMA, s.Audio.Output.Format.Type)
	require.Equal(t, realtime.SemanticVAD, s.Audio.Input.TurnDetection.Type)
	require.EqualValues(t, 77, s.MaxOutputTokens)
	shown, err := json.Marshal(realtime.Beta.ShowSession(s))
	require.NoError(t, err)
	require.JSONEq(t, `{"id":"","object":"realtime.session","model":"","modalities":["text"],"instructions":"Hum.","voice":"verse","speed":1.2,"input_audio_format":"g711_ulaw",
		"output_audio_format":"g711_alaw","input_audio_transcription":{"model":"whisper-1","language":"fr","prompt":null},"input_audio_noise_reduction":{"type":"far_field"},
		"turn_detection":{"type":"semantic_vad","eagerness":"low","create_response":true,"interrupt_response":true},"tools":[{"type":"function","name":"f"}],"tool_choice":"required",
		"temperature":0.9,"max_response_output_tokens":77,"tracing":"auto","prompt":null,"include":["item.input_audio_transcription.logprobs"],"expires_at":0}`, string(shown))

	s, _ = patch(t, realtime.Beta, `{"turn_detection":null,"modalities":["audio","text"]}`)
	require.Nil(t, s.Audio.Input.TurnDetection)
	require.Equal(t, []string{"audio"}, s.OutputModalities)
	s, _ = patch(t, realtime.Beta, `{"turn_detection":{"type":"none"}}`)
	require.Nil(t, s.Audio.Input.TurnDetection)
	ev, err := realtime.Beta.DecodeClient([]byte(`{"type":"transcription_session.update","session":{"input_audio_transcription":{"model":"whisper-1"}}}`))
	require.NoError(t, err)
	require.Equal(t, realtime.SessionTranscription, ev.(realtime.SessionUpdate).Session.Type)
	only := realtime.DefaultSession()
	only.Type = realtime.SessionTranscription
	raw, err := realtime.Beta.AppendEvent(nil, realtime.SessionUpdated{Session: only}, 3)
	require.NoError(t, err)
	require.Contains(t, string(raw), `{"type":"transcription_session.updated","event_id":"event_3"`)
	require.NotContains(t, string(raw), "modalities")
}

// The reference's own example of Voice Live: what is done holds, what is not is warned of, and all of it is shown again.
func TestVoiceLiveSession(t *testing.T) {
	s, warnings := patch(t, realtime.VoiceLive, `{"modalities":["text","audio"],"instructions":"Be brief.",
		"voice":{"type":"azure-standard","name":"en-US-AvaNeural","temperature":0.7,"rate":"+20%"},
		"input_audio_sampling_rate":16000,"input_audio_format":"pcm16","output_audio_format":"pcm16_8000hz",
		"turn_detection":{"type":"azure_semantic_vad","threshold":0.4,"prefix_padding_ms":200,"silence_duration_ms":300,"remove_filler_words":true,"auto_truncate":true,
			"end_of_utterance_detection":{"model":"semantic_detection_v1","threshold_level":"default","timeout_ms":1000}},
		"input_audio_noise_reduction":{"type":"azure_deep_noise_suppression"},"input_audio_echo_cancellation":{"type":"server_echo_cancellation"},
		"input_audio_transcription":{"model":"azure-speech","language":"en-US","phrase_list":["Zoé"]},
		"output_audio_timestamp_types":["word"],"animation":{"outputs":["viseme_id"]},"avatar":null,"reasoning_effort":"low","tomorrow":1,
		"tools":[{"type":"mcp","server_label":"x","server_url":"http://x"},{"type":"function","name":"f"}]}`)
	require.Equal(t, 16000, s.Audio.Input.Format.SampleRate())
	require.Equal(t, 8000, s.Audio.Output.Format.SampleRate())
	require.Equal(t, "en-US-AvaNeural", s.Audio.Output.Voice.Name)
	require.InDelta(t, 1.2, s.Audio.Output.Speed, 1e-9)
	require.InDelta(t, 0.4, s.Audio.Input.TurnDetection.Threshold, 0)
	require.Equal(t, []string{"Zoé"}, s.Audio.Input.Transcription.Keywords)
	require.Equal(t, "low", s.Reasoning.Effort)
	require.Len(t, s.Tools, 1)
	require.True(t, s.WordTimes())
	require.True(t, s.AutoTruncates())
	pause, ok := s.SemanticTurns()
	require.True(t, ok)
	require.Equal(t, 1000, pause)
	var params []string
	for _, w := range warnings {
		require.NotEmpty(t, w.Warning.Message)
		params = append(params, w.Warning.Code+" "+w.Warning.Param)
	}
	require.ElementsMatch(t, []string{"unsupported_parameter session.voice.temperature", "unsupported_parameter session.turn_detection.end_of_utterance_detection.threshold_level",
		"unsupported_parameter session.animation", "unsupported_parameter session.tools[0]", "unknown_parameter session.tomorrow"}, params)

	raw, err := json.Marshal(realtime.VoiceLive.ShowSession(s))
	require.NoError(t, err)
	var shown map[string]any
	require.NoError(t, json.Unmarshal(raw, &shown))
	require.Equal(t, "azure-standard", shown["voice"].(map[string]any)["type"])
	require.Equal(t, "pcm16", shown["input_audio_format"])
	require.EqualValues(t, 16000, shown["input_audio_sampling_rate"])
	require.Equal(t, "pcm16_8000hz", shown["output_audio_format"])
	turns := shown["turn_detection"].(map[string]any)
	require.Equal(t, "azure_semantic_vad", turns["type"])
	require.Equal(t, true, turns["create_response"])
	require.EqualValues(t, 300, turns["silence_duration_ms"])
	require.Equal(t, "azure_deep_noise_suppression", shown["input_audio_noise_reduction"].(map[string]any)["type"])
	require.Equal(t, "server_echo_cancellation", shown["input_audio_echo_cancellation"].(map[string]any)["type"])
	for _, none := range []string{"agent", "avatar", "animation"} {
		require.Contains(t, shown, none)
		require.Nil(t, shown[none])
	}

	// A part of it changes, by the same client and by a second one that speaks GA.
	ev, err := realtime.VoiceLive.DecodeClient([]byte(`{"type":"session.update","session":{"turn_detection":{"silence_duration_ms":900}}}`))
	require.NoError(t, err)
	again, err := s.Apply(ev.(realtime.SessionUpdate).Session, false)
	require.NoError(t, err)
	require.Equal(t, 900, again.Audio.Input.TurnDetection.SilenceDurationMS)
	require.True(t, again.AutoTruncates())
	ev, err = realtime.DecodeClient([]byte(`{"type":"session.update","session":{"type":"realtime","audio":{"input":{"turn_detection":{"type":"server_vad","threshold":0.9}},"output":{"voice":"alloy"}}}}`))
	require.NoError(t, err)
	again, err = again.Apply(ev.(realtime.SessionUpdate).Session, false)
	require.NoError(t, err)
	require.False(t, again.AutoTruncates())
	raw, err = json.Marshal(realtime.VoiceLive.ShowSession(again))
	require.NoError(t, err)
	require.Contains(t, string(raw), `"voice":{"type":"openai","name":"alloy"}`)
	require.Contains(t, string(raw), `"turn_detection":{"type":"server_vad","threshold":0.9`)
	require.True(t, s.AutoTruncates(), "the session before is as it was")
}

// What is wrong is refused, in the words of the dialect.
func TestOlderDialectsRefuse(t *testing.T) {
	for _, d := range []realtime.Dialect{realtime.Beta, realtime.VoiceLive} {
		for _, c := range []struct{ raw, code, param string }{
			{`{`, "invalid_event", ""},
			{`{"type":"nothing"}`, "invalid_value", "type"},
			{`{"type":"session.update"}`, "missing_required_parameter", "session"},
			{`{"type":"session.update","session":[]}`, "invalid_value", "session"},
			{`{"type":"session.update","session":{"voice":5}}`, "invalid_value", "session.voice"},
			{`{"type":"session.update","session":{"modalities":["smell"]}}`, "invalid_value", "session.modalities"},
			{`{"type":"session.update","session":{"input_audio_format":"mp3"}}`, "invalid_value", "session.input_audio_format"},
			{`{"type":"session.update","session":{"turn_detection":{"type":"server_vad","threshold":"x"}}}`, "invalid_value", "session.turn_detection.threshold"},
			{`{"type":"session.update","session":{"tools":[{"type":"function"}]}}`, "missing_required_parameter", "session.tools[0].name"},
			{`{"type":"response.create","response":{"max_output_tokens":0}}`, "invalid_value", "response.max_output_tokens"},
			{`{"type":"conversation.item.create","item":{"type":"message","role":"user","content":[{"type":"output_text","text":"x"}]}}`, "invalid_value", "item.content[0].type"},
			{`{"type":"input_audio_buffer.append"}`, "missing_required_parameter", "audio"},
		} {
			_, err := d.DecodeClient([]byte(c.raw))
			var f *fault.Error
			require.ErrorAs(t, err, &f, "%s %s", d, c.raw)
			require.Equal(t, c.code, f.Code, "%s %s", d, c.raw)
			require.Equal(t, c.param, f.Param, "%s %s", d, c.raw)
		}
		// What GA's session refuses is told with the dialect's names.
		for session, param := range map[string]string{`{"temperature":3}`: "session.temperature", `{"speed":9}`: "session.speed", `{"turn_detection":{"type":"server_vad","threshold":7}}`: "session.turn_detection.threshold",
			`{"input_audio_noise_reduction":{"type":"x"}}`: "session.input_audio_noise_reduction.type"} {
			ev, err := d.DecodeClient([]byte(`{"type":"session.update","session":` + session + `}`))
			require.NoError(t, err)
			_, err = realtime.DefaultSession().Apply(ev.(realtime.SessionUpdate).Session, false)
			require.Error(t, err)
			raw, err := d.AppendEvent(nil, realtime.ErrorFor(err, "e"), 1)
			require.NoError(t, err)
			require.Contains(t, string(raw), `"param":"`+param+`"`)
			require.NotContains(t, string(raw), "audio.input")
		}
	}
	_, err := realtime.Beta.DecodeClient([]byte(`{"type":"session.update","session":{"output_audio_format":"pcm16_16000hz"}}`))
	require.Error(t, err, "Voice Live's alone")
	for _, name := range []string{"session.avatar.connect", "mcp_approval_response", "input_text.delta", "input_text.done"} {
		_, err = realtime.VoiceLive.DecodeClient([]byte(`{"type":"` + name + `"}`))
		require.ErrorContains(t, err, "is not served here")
		_, err = realtime.Beta.DecodeClient([]byte(`{"type":"` + name + `"}`))
		require.ErrorContains(t, err, "Supported values")
	}
	_, err = realtime.VoiceLive.DecodeClient([]byte(`{"type":"session.update","session":{"turn_detection":{"type":"azure_x"}}}`))
	require.ErrorContains(t, err, "azure_semantic_vad")
	_, err = realtime.VoiceLive.DecodeClient([]byte(`{"type":"response.create","response":{"pre_generated_assistant_message":{"type":"message","role":"user","content":[]}}}`))
	require.Error(t, err)
}

// The events that only Voice Live's clients send, in GA's words.
func TestVoiceLiveEvents(t *testing.T) {
	for raw, want := range map[string]realtime.ClientEvent{
		`{"type":"input_audio.turn.start","turn_id":"t","event_id":"e"}`: realtime.Nothing{Header: realtime.Header{EventID: "e"}, Type: "input_audio.turn.start"},
		`{"type":"input_audio.turn.append","turn_id":"t","audio":"AA"}`:  realtime.InputAudioAppend{Audio: realtime.Base64("AA")},
		`{"type":"input_audio.turn.end","turn_id":"t"}`:                  realtime.InputAudioCommit{},
		`{"type":"input_audio.turn.cancel","turn_id":"t"}`:               realtime.InputAudioClear{},
		`{"type":"input_audio.clear"}`:                                   realtime.InputAudioClear{},
		`{"type":"response.create","response":{"commit":true,"cancel_previous":true,"additional_instructions":"More.","append_input_items":[{"type":"message","role":"user","content":[{"type":"input_text","text":"x"}]}],
			"pre_generated_assistant_message":{"type":"message","role":"assistant","content":[{"type":"text","text":"Good day."}]}}}`: realtime.ResponseCreate{Response: realtime.ResponseParams{
			Extra: realtime.ResponseExtras{Commit: true, Cancel: true, Instructions: "More.", Say: "Good day.",
				Append: []realtime.Item{realtime.Message("", realtime.RoleUser, "", realtime.InputText("x"))}}}},
		`{"type":"response.create","response":{"input_items":[]}}`: realtime.ResponseCreate{Response: realtime.ResponseParams{Input: realtime.Some([]realtime.Item{})}},
	} {
		got, warnings, err := realtime.VoiceLive.Read([]byte(raw))
		require.NoError(t, err, raw)
		require.Empty(t, warnings, raw)
		require.Equal(t, want, got, raw)
	}
	_, warnings, err := realtime.VoiceLive.Read([]byte(`{"type":"response.create","response":{"interim_response":{"type":"static_interim_response"},"invoke_input":{}}}`))
	require.NoError(t, err)
	require.Len(t, warnings, 1)
	require.Equal(t, "response.interim_response", warnings[0].Warning.Param)
}

// Every server event has the name that its dialect has for it, keeps its event_id, and is nothing where the dialect has none.
func TestServerEventsInOlderDialects(t *testing.T) {
	for name, ev := range samplesOf() {
		for _, d := range []realtime.Dialect{realtime.Beta, realtime.VoiceLive} {
			raw, err := d.AppendEvent([]byte("x"), ev, 7)
			require.NoError(t, err)
			typ := ev.EventType()
			if typ == "conversation.item.done" || typ == "rate_limits.updated" && d == realtime.VoiceLive {
				require.Equal(t, "x", string(raw))
				continue
			}
			var got map[string]any
			require.NoError(t, json.Unmarshal(raw[1:], &got), name)
			want := map[string]string{
				"conversation.item.added":    "conversation.item.created",
				"response.output_text.delta": "response.text.delta", "response.output_text.done": "response.text.done",
				"response.output_audio.delta": "response.audio.delta", "response.output_audio.done": "response.audio.done",
				"response.output_audio_transcript.delta": "response.audio_transcript.delta", "response.output_audio_transcript.done": "response.audio_transcript.done",
			}[typ]
			if want == "" {
				want = typ
			}
			require.Equal(t, want, got["type"])
			require.Equal(t, typ == "input_audio_buffer.dtmf_event_received", got["event_id"] == nil)
			if item, ok := got["item"].(map[string]any); ok {
				require.Equal(t, "realtime.item", item["object"])
			}
			require.NotContains(t, string(raw), `"output_audio"`)
			require.NotContains(t, string(raw), `"output_text"`)
		}
	}
	for _, ev := range []realtime.ServerEvent{realtime.NewWarning("c", "p", "No."), realtime.AudioTimestampDelta{Text: "x"}, realtime.AudioTimestampDone{}} {
		for _, d := range realtime.Dialects() {
			raw, err := d.AppendEvent(nil, ev, 1)
			require.NoError(t, err)
			require.Equal(t, d == realtime.VoiceLive, len(raw) > 0, "%s in %s", ev.EventType(), d)
		}
	}
	raw, err := realtime.VoiceLive.AppendEvent(nil, realtime.NewWarning("c", "p", "No."), 1)
	require.NoError(t, err)
	require.JSONEq(t, `{"type":"warning","event_id":"event_1","warning":{"message":"No.","code":"c","param":"p"}}`, string(raw))
}

// The sound is written in place, under the name of the dialect, as the ordinary way would write it.
func TestAudioDeltaInEveryDialect(t *testing.T) {
	ref := realtime.Ref{ResponseID: "resp_1", ItemID: "item_1", OutputIndex: 1}
	pcm := samples(480)
	for _, d := range realtime.Dialects() {
		buf := make([]byte, 0, 4096)
		fast := d.AppendAudioDelta(buf, realtime.PCM24k, 9, ref, pcm)
		parsed, ok := realtime.ParseAudioDelta(fast)
		require.True(t, ok)
		slow, err := d.AppendEvent(nil, realtime.OutputAudioDelta{Ref: ref, Delta: string(parsed.Audio)}, 9)
		require.NoError(t, err)
		require.Equal(t, string(slow), string(fast))
		require.Zero(t, testing.AllocsPerRun(100, func() { d.AppendAudioDelta(buf, realtime.PCM24k, 9, ref, pcm) }))
	}
}

// Whatever a client sends in any dialect is read or refused with a fault; what is read can be applied and shown in every dialect.
func FuzzDialects(f *testing.F) {
	for _, raw := range []string{
		`{"type":"session.update","session":{"modalities":["text","audio"],"voice":{"type":"azure-standard","name":"x","rate":"1.1"},"input_audio_sampling_rate":16000,"input_audio_format":"pcm16","output_audio_format":"pcm16_16000hz","turn_detection":{"type":"azure_semantic_vad","threshold":0.4,"end_of_utterance_detection":{"model":"m","timeout_ms":1000}},"output_audio_timestamp_types":["word"],"temperature":0.8,"tools":[{"type":"mcp"}]}}`,
		`{"type":"session.update","session":{"turn_detection":{"type":"semantic_vad","eagerness":"low","threshold":1},"input_audio_noise_reduction":{"type":"azure_deep_noise_suppression"},"max_response_output_tokens":"inf","speed":1.5,"input_audio_transcription":{"model":"m","phrase_list":["a"]}}}`,
		`{"type":"transcription_session.update","session":{"input_audio_format":"g711_ulaw"}}`,
		`{"type":"response.create","response":{"commit":true,"append_input_items":[{"type":"message","role":"assistant","content":[{"type":"text","text":"x"}]}],"pre_generated_assistant_message":{"type":"message","role":"assistant","content":[{"type":"audio","transcript":"x"}]},"input_items":[],"modalities":["text"]}}`,
		`{"type":"response.create","response":{"output_modalities":["text"],"input":[{"type":"item_reference","id":"x"}]}}`,
		`{"type":"conversation.item.create","item":{"object":"realtime.item","type":"function_call_output","call_id":"c","output":"o"}}`,
		`{"type":"input_audio.turn.append","audio":"AAAA","turn_id":"t"}`, `{"type":"input_audio_buffer.append","audio":"AA=="}`,
		`{"type":"conversation.item.truncate","item_id":"i","content_index":0,"audio_end_ms":5}`, `{"type":"session.update","session":null}`, `[]`, `{"type":"\ud800"}`,
	} {
		for d := range realtime.Dialects() {
			f.Add(uint8(d), []byte(raw))
		}
	}
	session := fullSession()
	f.Fuzz(func(t *testing.T, n uint8, raw []byte) {
		d := realtime.Dialects()[int(n)%len(realtime.Dialects())]
		ev, warnings, err := d.Read(raw)
		if err != nil {
			var fe *fault.Error
			if !errors.As(err, &fe) || fe.Code == "" || fe.Message == "" {
				t.Fatalf("not a fault: %v", err)
			}
			return
		}
		if d == realtime.GA && len(warnings) > 0 {
			t.Fatal("GA refuses, it does not warn")
		}
		for _, w := range warnings {
			if _, err := d.AppendEvent(nil, w, 1); err != nil {
				t.Fatal(err)
			}
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
		applied.AutoTruncates()
		applied.SemanticTurns()
		for _, shown := range realtime.Dialects() {
			raw, err := shown.AppendEvent(nil, realtime.SessionUpdated{Session: applied}, 1)
			if err != nil || !json.Valid(raw) {
				t.Fatalf("accepted a session that cannot be shown in %s: %v: %s", shown, err, raw)
			}
		}
	})
}
