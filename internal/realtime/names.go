package realtime

import "encoding/json"

// The wire names of the server events, and how to read each back.

// EventType returns "error".
func (Error) EventType() string { return "error" }

// EventType returns "session.created".
func (SessionCreated) EventType() string { return "session.created" }

// EventType returns "session.updated".
func (SessionUpdated) EventType() string { return "session.updated" }

// EventType returns "conversation.item.added".
func (ItemAdded) EventType() string { return "conversation.item.added" }

// EventType returns "conversation.item.done".
func (ItemDone) EventType() string { return "conversation.item.done" }

// EventType returns "conversation.item.retrieved".
func (ItemRetrieved) EventType() string { return "conversation.item.retrieved" }

// EventType returns "conversation.item.truncated".
func (ItemTruncated) EventType() string { return "conversation.item.truncated" }

// EventType returns "conversation.item.deleted".
func (ItemDeleted) EventType() string { return "conversation.item.deleted" }

// EventType returns "conversation.item.input_audio_transcription.delta".
func (TranscriptionDelta) EventType() string {
	return "conversation.item.input_audio_transcription.delta"
}

// EventType returns "conversation.item.input_audio_transcription.completed".
func (TranscriptionCompleted) EventType() string {
	return "conversation.item.input_audio_transcription.completed"
}

// EventType returns "conversation.item.input_audio_transcription.segment".
func (TranscriptionSegment) EventType() string {
	return "conversation.item.input_audio_transcription.segment"
}

// EventType returns "conversation.item.input_audio_transcription.failed".
func (TranscriptionFailed) EventType() string {
	return "conversation.item.input_audio_transcription.failed"
}

// EventType returns "input_audio_buffer.speech_started".
func (SpeechStarted) EventType() string { return "input_audio_buffer.speech_started" }

// EventType returns "input_audio_buffer.speech_stopped".
func (SpeechStopped) EventType() string { return "input_audio_buffer.speech_stopped" }

// EventType returns "input_audio_buffer.committed".
func (BufferCommitted) EventType() string { return "input_audio_buffer.committed" }

// EventType returns "input_audio_buffer.cleared".
func (BufferCleared) EventType() string { return "input_audio_buffer.cleared" }

// EventType returns "input_audio_buffer.timeout_triggered".
func (TimeoutTriggered) EventType() string { return "input_audio_buffer.timeout_triggered" }

// EventType returns "input_audio_buffer.dtmf_event_received".
func (DTMFReceived) EventType() string { return "input_audio_buffer.dtmf_event_received" }

// EventType returns "output_audio_buffer.started".
func (OutputAudioBufferStarted) EventType() string { return "output_audio_buffer.started" }

// EventType returns "output_audio_buffer.stopped".
func (OutputAudioBufferStopped) EventType() string { return "output_audio_buffer.stopped" }

// EventType returns "output_audio_buffer.cleared".
func (OutputAudioBufferCleared) EventType() string { return "output_audio_buffer.cleared" }

// EventType returns "response.created".
func (ResponseCreated) EventType() string { return "response.created" }

// EventType returns "response.done".
func (ResponseDone) EventType() string { return "response.done" }

// EventType returns "response.output_item.added".
func (OutputItemAdded) EventType() string { return "response.output_item.added" }

// EventType returns "response.output_item.done".
func (OutputItemDone) EventType() string { return "response.output_item.done" }

// EventType returns "response.content_part.added".
func (ContentPartAdded) EventType() string { return "response.content_part.added" }

// EventType returns "response.content_part.done".
func (ContentPartDone) EventType() string { return "response.content_part.done" }

// EventType returns "response.output_text.delta".
func (OutputTextDelta) EventType() string { return "response.output_text.delta" }

// EventType returns "response.output_text.done".
func (OutputTextDone) EventType() string { return "response.output_text.done" }

// EventType returns "response.output_audio.delta".
func (OutputAudioDelta) EventType() string { return "response.output_audio.delta" }

// EventType returns "response.output_audio.done".
func (OutputAudioDone) EventType() string { return "response.output_audio.done" }

// EventType returns "response.output_audio_transcript.delta".
func (OutputAudioTranscriptDelta) EventType() string { return "response.output_audio_transcript.delta" }

// EventType returns "response.output_audio_transcript.done".
func (OutputAudioTranscriptDone) EventType() string { return "response.output_audio_transcript.done" }

// EventType returns "response.function_call_arguments.delta".
func (FunctionCallArgumentsDelta) EventType() string { return "response.function_call_arguments.delta" }

// EventType returns "response.function_call_arguments.done".
func (FunctionCallArgumentsDone) EventType() string { return "response.function_call_arguments.done" }

// EventType returns "response.mcp_call_arguments.delta".
func (MCPCallArgumentsDelta) EventType() string { return "response.mcp_call_arguments.delta" }

// EventType returns "response.mcp_call_arguments.done".
func (MCPCallArgumentsDone) EventType() string { return "response.mcp_call_arguments.done" }

// EventType returns "response.mcp_call.in_progress".
func (MCPCallInProgress) EventType() string { return "response.mcp_call.in_progress" }

// EventType returns "response.mcp_call.completed".
func (MCPCallCompleted) EventType() string { return "response.mcp_call.completed" }

// EventType returns "response.mcp_call.failed".
func (MCPCallFailed) EventType() string { return "response.mcp_call.failed" }

// EventType returns "mcp_list_tools.in_progress".
func (MCPListToolsInProgress) EventType() string { return "mcp_list_tools.in_progress" }

// EventType returns "mcp_list_tools.completed".
func (MCPListToolsCompleted) EventType() string { return "mcp_list_tools.completed" }

// EventType returns "mcp_list_tools.failed".
func (MCPListToolsFailed) EventType() string { return "mcp_list_tools.failed" }

// EventType returns "rate_limits.updated".
func (RateLimitsUpdated) EventType() string { return "rate_limits.updated" }

// EventType returns "griot.conversation.created".
func (GriotConversationCreated) EventType() string { return "griot.conversation.created" }

// EventType returns "griot.notice".
func (GriotNotice) EventType() string { return "griot.notice" }

// EventType returns "griot.flow".
func (GriotFlow) EventType() string { return "griot.flow" }

// EventType returns "griot.floor".
func (GriotFloor) EventType() string { return "griot.floor" }

// EventType returns "griot.hold".
func (GriotHold) EventType() string { return "griot.hold" }

// EventType returns "griot.duck".
func (GriotDuck) EventType() string { return "griot.duck" }

// EventType returns "griot.transcription.partial".
func (GriotTranscriptionPartial) EventType() string { return "griot.transcription.partial" }

// EventType returns "griot.heard".
func (GriotHeard) EventType() string { return "griot.heard" }

// EventType returns "griot.said".
func (GriotSaid) EventType() string { return "griot.said" }

// EventType returns "griot.tool".
func (GriotTool) EventType() string { return "griot.tool" }

// EventType returns "griot.turn".
func (GriotTurn) EventType() string { return "griot.turn" }

// EventType returns "griot.ended".
func (GriotEnded) EventType() string { return "griot.ended" }

func (Error) serverEvent()                      {}
func (SessionCreated) serverEvent()             {}
func (SessionUpdated) serverEvent()             {}
func (ItemAdded) serverEvent()                  {}
func (ItemDone) serverEvent()                   {}
func (ItemRetrieved) serverEvent()              {}
func (ItemTruncated) serverEvent()              {}
func (ItemDeleted) serverEvent()                {}
func (TranscriptionDelta) serverEvent()         {}
func (TranscriptionCompleted) serverEvent()     {}
func (TranscriptionSegment) serverEvent()       {}
func (TranscriptionFailed) serverEvent()        {}
func (SpeechStarted) serverEvent()              {}
func (SpeechStopped) serverEvent()              {}
func (BufferCommitted) serverEvent()            {}
func (BufferCleared) serverEvent()              {}
func (TimeoutTriggered) serverEvent()           {}
func (DTMFReceived) serverEvent()               {}
func (OutputAudioBufferStarted) serverEvent()   {}
func (OutputAudioBufferStopped) serverEvent()   {}
func (OutputAudioBufferCleared) serverEvent()   {}
func (ResponseCreated) serverEvent()            {}
func (ResponseDone) serverEvent()               {}
func (OutputItemAdded) serverEvent()            {}
func (OutputItemDone) serverEvent()             {}
func (ContentPartAdded) serverEvent()           {}
func (ContentPartDone) serverEvent()            {}
func (OutputTextDelta) serverEvent()            {}
func (OutputTextDone) serverEvent()             {}
func (OutputAudioDelta) serverEvent()           {}
func (OutputAudioDone) serverEvent()            {}
func (OutputAudioTranscriptDelta) serverEvent() {}
func (OutputAudioTranscriptDone) serverEvent()  {}
func (FunctionCallArgumentsDelta) serverEvent() {}
func (FunctionCallArgumentsDone) serverEvent()  {}
func (MCPCallArgumentsDelta) serverEvent()      {}
func (MCPCallArgumentsDone) serverEvent()       {}
func (MCPCallInProgress) serverEvent()          {}
func (MCPCallCompleted) serverEvent()           {}
func (MCPCallFailed) serverEvent()              {}
func (MCPListToolsInProgress) serverEvent()     {}
func (MCPListToolsCompleted) serverEvent()      {}
func (MCPListToolsFailed) serverEvent()         {}
func (RateLimitsUpdated) serverEvent()          {}
func (GriotConversationCreated) serverEvent()   {}
func (GriotNotice) serverEvent()                {}
func (GriotFlow) serverEvent()                  {}
func (GriotFloor) serverEvent()                 {}
func (GriotHold) serverEvent()                  {}
func (GriotDuck) serverEvent()                  {}
func (GriotTranscriptionPartial) serverEvent()  {}
func (GriotHeard) serverEvent()                 {}
func (GriotSaid) serverEvent()                  {}
func (GriotTool) serverEvent()                  {}
func (GriotTurn) serverEvent()                  {}
func (GriotEnded) serverEvent()                 {}

var serverEvents = table(
	reads[Error],
	reads[SessionCreated],
	reads[SessionUpdated],
	reads[ItemAdded],
	reads[ItemDone],
	reads[ItemRetrieved],
	reads[ItemTruncated],
	reads[ItemDeleted],
	reads[TranscriptionDelta],
	reads[TranscriptionCompleted],
	reads[TranscriptionSegment],
	reads[TranscriptionFailed],
	reads[SpeechStarted],
	reads[SpeechStopped],
	reads[BufferCommitted],
	reads[BufferCleared],
	reads[TimeoutTriggered],
	reads[DTMFReceived],
	reads[OutputAudioBufferStarted],
	reads[OutputAudioBufferStopped],
	reads[OutputAudioBufferCleared],
	reads[ResponseCreated],
	reads[ResponseDone],
	reads[OutputItemAdded],
	reads[OutputItemDone],
	reads[ContentPartAdded],
	reads[ContentPartDone],
	reads[OutputTextDelta],
	reads[OutputTextDone],
	reads[OutputAudioDelta],
	reads[OutputAudioDone],
	reads[OutputAudioTranscriptDelta],
	reads[OutputAudioTranscriptDone],
	reads[FunctionCallArgumentsDelta],
	reads[FunctionCallArgumentsDone],
	reads[MCPCallArgumentsDelta],
	reads[MCPCallArgumentsDone],
	reads[MCPCallInProgress],
	reads[MCPCallCompleted],
	reads[MCPCallFailed],
	reads[MCPListToolsInProgress],
	reads[MCPListToolsCompleted],
	reads[MCPListToolsFailed],
	reads[RateLimitsUpdated],
	reads[GriotConversationCreated],
	reads[GriotNotice],
	reads[GriotFloor],
	reads[GriotHold],
	reads[GriotDuck],
	reads[GriotTranscriptionPartial],
	reads[GriotHeard],
	reads[GriotSaid],
	reads[GriotTool],
	reads[GriotTurn],
	reads[GriotEnded],
)

type serverReader func(raw []byte) (ServerEvent, error)

func reads[E ServerEvent]() (string, serverReader) {
	var zero E
	return zero.EventType(), func(raw []byte) (ServerEvent, error) {
		var e E
		err := json.Unmarshal(raw, &e)
		return e, err
	}
}

func table(entries ...func() (string, serverReader)) map[string]serverReader {
	m := make(map[string]serverReader, len(entries))
	for _, e := range entries {
		name, read := e()
		m[name] = read
	}
	return m
}
