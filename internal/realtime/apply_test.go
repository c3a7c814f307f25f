package realtime_test

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"griot/internal/fault"
	"griot/internal/realtime"
)

func apply(t *testing.T, s realtime.Session, patch string, locked bool) (realtime.Session, error) {
	t.Helper()
	ev, err := realtime.DecodeClient([]byte(`{"type":"session.update","session":` + patch + `}`))
	require.NoError(t, err)
	return s.Apply(ev.(realtime.SessionUpdate).Session, locked)
}

func TestApplyMerges(t *testing.T) {
	base := fullSession()
	for _, c := range []struct {
		patch  string
		change func(s *realtime.Session)
	}{
		{`{"type":"realtime"}`, func(*realtime.Session) {}},
		{`{"type":"realtime","audio":{"output":{"speed":1.25}}}`, func(s *realtime.Session) { s.Audio.Output.Speed = 1.25 }},
		{`{"type":"realtime","audio":{"output":{"speed":null}}}`, func(s *realtime.Session) { s.Audio.Output.Speed = 1 }},
		{`{"type":"realtime","instructions":null}`, func(s *realtime.Session) { s.Instructions = "" }},
		{`{"type":"realtime","instructions":""}`, func(s *realtime.Session) { s.Instructions = "" }},
		{`{"type":"realtime","tools":[],"tool_choice":"auto"}`, func(s *realtime.Session) {
			s.Tools, s.ToolChoice = []realtime.Tool{}, realtime.ToolChoice{Mode: "auto"}
		}},
		{`{"type":"realtime","max_output_tokens":"inf","parallel_tool_calls":null,"reasoning":null,"prompt":null,"include":null,"truncation":"disabled"}`, func(s *realtime.Session) {
			s.MaxOutputTokens, s.ParallelToolCalls, s.Reasoning, s.Prompt, s.Include = 0, nil, nil, nil, nil
			s.Truncation = realtime.Truncation{Type: "disabled"}
		}},
		{`{"type":"realtime","model":"agent:reception-en","output_modalities":["text"]}`, func(s *realtime.Session) { s.OutputModalities = []string{"text"} }},
		{`{"type":"realtime","audio":{"input":{"turn_detection":null,"noise_reduction":null,"transcription":null}}}`, func(s *realtime.Session) {
			s.Audio.Input.TurnDetection, s.Audio.Input.NoiseReduction, s.Audio.Input.Transcription = nil, nil, nil
		}},
		{`{"type":"realtime","audio":{"input":{"turn_detection":{"silence_duration_ms":200}}}}`, func(s *realtime.Session) {
			d := *s.Audio.Input.TurnDetection
			d.SilenceDurationMS = 200
			s.Audio.Input.TurnDetection = &d
		}},
		{`{"type":"realtime","audio":{"input":{"turn_detection":{"type":"server_vad","idle_timeout_ms":null,"create_response":false}}}}`, func(s *realtime.Session) {
			d := *s.Audio.Input.TurnDetection
			d.IdleTimeoutMS, d.CreateResponse = 0, false
			s.Audio.Input.TurnDetection = &d
		}},
		{`{"type":"realtime","audio":{"input":{"turn_detection":{"type":"semantic_vad","eagerness":"high"}}}}`, func(s *realtime.Session) {
			s.Audio.Input.TurnDetection = &realtime.TurnDetection{Type: "semantic_vad", Eagerness: "high", CreateResponse: true, InterruptResponse: true}
		}},
		{`{"type":"realtime","audio":{"input":{"transcription":{"language":"fr","prompt":null}}}}`, func(s *realtime.Session) {
			s.Audio.Input.Transcription = &realtime.Transcription{Model: "pocketsphinx", Language: "fr"}
		}},
		{`{"type":"realtime","audio":{"input":{"format":{"type":"audio/pcmu"}},"output":{"format":{"type":"audio/pcma","rate":8000}}}}`, func(s *realtime.Session) {
			s.Audio.Input.Format, s.Audio.Output.Format = realtime.AudioFormat{Type: "audio/pcmu"}, realtime.AudioFormat{Type: "audio/pcma"}
		}},
		{`{"type":"realtime","audio":{"input":{"format":{"type":"audio/pcm"}}}}`, func(*realtime.Session) {}},
	} {
		t.Run(c.patch, func(t *testing.T) {
			want := fullSession()
			c.change(&want)
			got, err := apply(t, base, c.patch, false)
			require.NoError(t, err)
			require.Equal(t, want, got)
			require.Equal(t, fullSession(), base, "the session itself never changes")
		})
	}
}

func TestApplyStartsTurnDetection(t *testing.T) {
	s := fullSession()
	s.Audio.Input.TurnDetection = nil
	got, err := apply(t, s, `{"type":"realtime","audio":{"input":{"turn_detection":{"type":"server_vad"}}}}`, false)
	require.NoError(t, err)
	require.Equal(t, realtime.DefaultTurnDetection(realtime.ServerVAD), *got.Audio.Input.TurnDetection)
	_, err = apply(t, s, `{"type":"realtime","audio":{"input":{"turn_detection":{"threshold":0.5}}}}`, false)
	require.Equal(t, realtime.CodeMissing, fault.CodeOf(err))
}

func TestApplyRefusesAsAWhole(t *testing.T) {
	for _, c := range []struct{ patch, code, param string }{
		{`{"type":"transcription"}`, "invalid_value", "session.type"},
		{`{"type":"other"}`, "invalid_value", "session.type"},
		{`{"type":"realtime","model":"gpt-realtime"}`, "invalid_value", "session.model"},
		{`{"type":"realtime","tracing":"auto"}`, "invalid_value", "session.tracing"},
		{`{"type":"realtime","output_modalities":["text","audio"]}`, "invalid_value", "session.output_modalities"},
		{`{"type":"realtime","output_modalities":[]}`, "invalid_value", "session.output_modalities"},
		{`{"type":"realtime","output_modalities":["video"]}`, "invalid_value", "session.output_modalities"},
		{`{"type":"realtime","tool_choice":"sometimes"}`, "invalid_value", "session.tool_choice"},
		{`{"type":"realtime","tools":[]}`, "invalid_value", "session.tool_choice.name"},
		{`{"type":"realtime","tools":[{"type":"function","name":"a b"}]}`, "invalid_value", "session.tools[0].name"},
		{`{"type":"realtime","tools":[{"type":"function","name":"a"},{"type":"function","name":"a"}]}`, "invalid_value", "session.tools[1].name"},
		{`{"type":"realtime","tools":[{"type":"function","name":"a","parameters":[]}]}`, "invalid_value", "session.tools[0].parameters"},
		{`{"type":"realtime","tools":[{"type":"mcp","server_label":"m"}]}`, "missing_required_parameter", "session.tools[0].server_url"},
		{`{"type":"realtime","reasoning":{"effort":"huge"}}`, "invalid_value", "session.reasoning.effort"},
		{`{"type":"realtime","truncation":"sometimes"}`, "invalid_value", "session.truncation"},
		{`{"type":"realtime","truncation":{"type":"retention_ratio","retention_ratio":1.1}}`, "invalid_value", "session.truncation.retention_ratio"},
		{`{"type":"realtime","include":["everything"]}`, "invalid_value", "session.include"},
		{`{"type":"realtime","audio":{"input":{"format":{"type":"audio/pcm","rate":16000}}}}`, "invalid_value", "session.audio.input.format.rate"},
		{`{"type":"realtime","audio":{"output":{"format":{"rate":8000}}}}`, "invalid_value", "session.audio.output.format.rate"},
		{`{"type":"realtime","audio":{"output":{"format":{"type":"audio/pcmu","rate":16000}}}}`, "invalid_value", "session.audio.output.format.rate"},
		{`{"type":"realtime","audio":{"output":{"format":{"type":"audio/mp3"}}}}`, "invalid_value", "session.audio.output.format.type"},
		{`{"type":"realtime","audio":{"output":{"speed":1.6}}}`, "invalid_value", "session.audio.output.speed"},
		{`{"type":"realtime","audio":{"output":{"speed":0.2}}}`, "invalid_value", "session.audio.output.speed"},
		{`{"type":"realtime","audio":{"input":{"noise_reduction":{"type":"magic"}}}}`, "invalid_value", "session.audio.input.noise_reduction.type"},
		{`{"type":"realtime","audio":{"input":{"turn_detection":{"threshold":1.01}}}}`, "invalid_value", "session.audio.input.turn_detection.threshold"},
		{`{"type":"realtime","audio":{"input":{"turn_detection":{"silence_duration_ms":-1}}}}`, "invalid_value", "session.audio.input.turn_detection.silence_duration_ms"},
		{`{"type":"realtime","audio":{"input":{"turn_detection":{"prefix_padding_ms":100000}}}}`, "invalid_value", "session.audio.input.turn_detection.prefix_padding_ms"},
		{`{"type":"realtime","audio":{"input":{"turn_detection":{"idle_timeout_ms":4999}}}}`, "invalid_value", "session.audio.input.turn_detection.idle_timeout_ms"},
		{`{"type":"realtime","audio":{"input":{"turn_detection":{"idle_timeout_ms":30001}}}}`, "invalid_value", "session.audio.input.turn_detection.idle_timeout_ms"},
		{`{"type":"realtime","audio":{"input":{"turn_detection":{"eagerness":"low"}}}}`, "unknown_parameter", "session.audio.input.turn_detection.eagerness"},
		{`{"type":"realtime","audio":{"input":{"turn_detection":{"type":"semantic_vad","threshold":0.5}}}}`, "unknown_parameter", "session.audio.input.turn_detection.threshold"},
		{`{"type":"realtime","audio":{"input":{"turn_detection":{"type":"semantic_vad","eagerness":"extreme"}}}}`, "invalid_value", "session.audio.input.turn_detection.eagerness"},
		{`{"type":"realtime","audio":{"input":{"turn_detection":{"type":"azure_semantic_vad"}}}}`, "invalid_value", "session.audio.input.turn_detection.type"},
		// One wrong field, and the right one beside it is not taken either.
		{`{"type":"realtime","instructions":"changed","audio":{"output":{"speed":9}}}`, "invalid_value", "session.audio.output.speed"},
	} {
		t.Run(c.patch, func(t *testing.T) {
			got, err := apply(t, fullSession(), c.patch, false)
			var f *fault.Error
			require.ErrorAs(t, err, &f)
			require.Equal(t, c.code, f.Code, f.Message)
			require.Equal(t, c.param, f.Param)
			require.Equal(t, fullSession(), got)
		})
	}
}

func TestApplyVoice(t *testing.T) {
	s := fullSession()
	got, err := apply(t, s, `{"type":"realtime","audio":{"output":{"voice":"verse"}}}`, false)
	require.NoError(t, err)
	require.Equal(t, "verse", got.Audio.Output.Voice.Name)
	_, err = apply(t, s, `{"type":"realtime","audio":{"output":{"voice":"espeak/en","speed":0.9}}}`, true)
	require.NoError(t, err, "the same voice is no change")
	_, err = apply(t, s, `{"type":"realtime","audio":{"output":{"voice":"verse"}}}`, true)
	require.Equal(t, realtime.CodeVoiceLocked, fault.CodeOf(err))
}

func TestForResponse(t *testing.T) {
	s := fullSession()
	got, err := s.ForResponse(realtime.ResponseParams{
		OutputModalities: realtime.Some([]string{"text"}), Instructions: realtime.Some("once"), Tools: realtime.Some([]realtime.Tool{}), ToolChoice: realtime.Some(realtime.ToolChoice{Mode: "none"}),
	}, true)
	require.NoError(t, err)
	want := fullSession()
	want.OutputModalities, want.Instructions, want.Tools, want.ToolChoice = []string{"text"}, "once", []realtime.Tool{}, realtime.ToolChoice{Mode: "none"}
	require.Equal(t, want, got)

	_, err = s.ForResponse(realtime.ResponseParams{OutputModalities: realtime.Some([]string{"text", "audio"})}, false)
	var f *fault.Error
	require.ErrorAs(t, err, &f)
	require.Equal(t, "response.output_modalities", f.Param)
}

func TestResponseInTheDocumentedOrder(t *testing.T) {
	out := realtime.Output{Ref: realtime.Ref{ResponseID: "r", ItemID: "i2"}, Previous: "i1"}
	item, closing := out.CloseMessage(realtime.ModalityAudio, realtime.Completed, "Hi.")
	evs := append(out.OpenMessage(realtime.ModalityAudio), closing...)
	require.Equal(t, []string{"response.output_item.added", "conversation.item.added", "response.content_part.added",
		"response.output_audio.done", "response.output_audio_transcript.done", "response.content_part.done", "conversation.item.done", "response.output_item.done"}, types(evs))
	require.Equal(t, realtime.Message("i2", "assistant", "completed", realtime.OutputAudio("Hi.")), item)
	require.Equal(t, realtime.ContentPartAdded{Ref: out.Ref, Part: realtime.Content{Type: "audio"}}, evs[2])

	out.OutOfBand = true
	_, closing = out.CloseMessage(realtime.ModalityText, realtime.Incomplete, "H")
	require.Equal(t, []string{"response.output_item.added", "response.content_part.added", "response.output_text.done", "response.content_part.done", "response.output_item.done"},
		types(append(out.OpenMessage(realtime.ModalityText), closing...)))

	out.OutOfBand = false
	item, closing = out.CloseCall(realtime.Completed, "c1", "f", "")
	require.Equal(t, []string{"response.output_item.added", "conversation.item.added", "response.function_call_arguments.delta", "response.function_call_arguments.done", "conversation.item.done", "response.output_item.done"},
		types(append(append(out.OpenCall("c1", "f"), out.CallDelta("c1", "{}")), closing...)))
	require.Equal(t, "{}", item.Arguments, "never empty when done")

	require.Equal(t, []string{"conversation.item.added", "conversation.item.done"}, types(realtime.Created("", item)))
}

func types(evs []realtime.ServerEvent) (names []string) {
	for _, ev := range evs {
		names = append(names, ev.EventType())
	}
	return names
}

func TestOptDistinguishesAbsentNullValue(t *testing.T) {
	raw, err := json.Marshal(realtime.AudioOutputPatch{Speed: realtime.Some(1.5), Voice: realtime.Clear[realtime.Voice]()})
	require.NoError(t, err)
	require.JSONEq(t, `{"voice":null,"speed":1.5}`, string(raw))
}
