package realtime

// ServerEvent is a closed set: what a server sends. The structs hold the fields of an event without its type and event_id, which AppendEvent adds.
type ServerEvent interface {
	EventType() string
	serverEvent()
}

// Ref names the place in a response that an event belongs to. Indexes start at 0.
type Ref struct {
	ResponseID   string `json:"response_id"`
	ItemID       string `json:"item_id"`
	OutputIndex  int    `json:"output_index"`
	ContentIndex int    `json:"content_index"`
}

// CallRef names a call item of a response.
type CallRef struct {
	ResponseID  string `json:"response_id"`
	ItemID      string `json:"item_id"`
	OutputIndex int    `json:"output_index"`
}

// Error says that something failed, most often the client event named in Error.EventID. The session goes on.
type Error struct {
	Error ErrorDetail `json:"error"`
}

// ErrorDetail is the body of an error event; empty strings but Type and Message are null on the wire.
type ErrorDetail struct {
	Type    string     `json:"type"`
	Code    NullString `json:"code"`
	Message string     `json:"message"`
	Param   NullString `json:"param"`
	EventID NullString `json:"event_id"`
}

// SessionCreated is the first event of a connection.
type SessionCreated struct {
	Session Session `json:"session"`
}

// SessionUpdated answers an accepted session.update with the full session.
type SessionUpdated struct {
	Session Session `json:"session"`
}

// ItemAdded says that an item has entered the conversation, perhaps unfinished. PreviousItemID is empty at the head.
type ItemAdded struct {
	PreviousItemID NullString `json:"previous_item_id"`
	Item           Item       `json:"item"`
}

// ItemDone says that an item is final.
type ItemDone struct {
	PreviousItemID NullString `json:"previous_item_id"`
	Item           Item       `json:"item"`
}

// ItemRetrieved answers conversation.item.retrieve; the only event whose item may hold audio.
type ItemRetrieved struct {
	Item Item `json:"item"`
}

// ItemTruncated answers conversation.item.truncate.
type ItemTruncated struct {
	ItemID       string `json:"item_id"`
	ContentIndex int    `json:"content_index"`
	AudioEndMS   int64  `json:"audio_end_ms"`
}

// ItemDeleted answers conversation.item.delete.
type ItemDeleted struct {
	ItemID string `json:"item_id"`
}

// TranscriptionDelta is a further piece of what the user said.
type TranscriptionDelta struct {
	ItemID       string    `json:"item_id"`
	ContentIndex int       `json:"content_index"`
	Delta        string    `json:"delta"`
	LogProbs     []LogProb `json:"logprobs,omitempty"`
}

// TranscriptionCompleted is all that the user said in one item.
type TranscriptionCompleted struct {
	ItemID       string             `json:"item_id"`
	ContentIndex int                `json:"content_index"`
	Transcript   string             `json:"transcript"`
	Usage        TranscriptionUsage `json:"usage"`
	LogProbs     []LogProb          `json:"logprobs,omitempty"`
	Languages    []string           `json:"languages,omitempty"`
}

// TranscriptionSegment is a stretch of one speaker. Start and End are in seconds.
type TranscriptionSegment struct {
	ItemID       string  `json:"item_id"`
	ContentIndex int     `json:"content_index"`
	ID           string  `json:"id"`
	Speaker      string  `json:"speaker"`
	Start        float64 `json:"start"`
	End          float64 `json:"end"`
	Text         string  `json:"text"`
}

// TranscriptionFailed concerns its item only.
type TranscriptionFailed struct {
	ItemID       string             `json:"item_id"`
	ContentIndex int                `json:"content_index"`
	Error        TranscriptionError `json:"error"`
}

// TranscriptionError omits what is empty: null here breaks a strict client.
type TranscriptionError struct {
	Type    string `json:"type,omitempty"`
	Code    string `json:"code,omitempty"`
	Message string `json:"message,omitempty"`
	Param   string `json:"param,omitempty"`
}

// SpeechStarted says that the user began to speak; ItemID is the id the item will have. Positions count milliseconds
// of audio appended since the session began.
type SpeechStarted struct {
	ItemID       string `json:"item_id"`
	AudioStartMS int64  `json:"audio_start_ms"`
}

// SpeechStopped says that the user fell silent.
type SpeechStopped struct {
	ItemID     string `json:"item_id"`
	AudioEndMS int64  `json:"audio_end_ms"`
}

// BufferCommitted says that buffered audio became a user item.
type BufferCommitted struct {
	ItemID         string     `json:"item_id"`
	PreviousItemID NullString `json:"previous_item_id"`
}

// BufferCleared answers input_audio_buffer.clear.
type BufferCleared struct{}

// TimeoutTriggered says that the user kept silent for the session's idle timeout.
type TimeoutTriggered struct {
	ItemID       string `json:"item_id"`
	AudioStartMS int64  `json:"audio_start_ms"`
	AudioEndMS   int64  `json:"audio_end_ms"`
}

// DTMFReceived is a key pressed on a telephone: 0-9 * # A-D. ReceivedAt is in Unix seconds. The only event without event_id.
type DTMFReceived struct {
	Event      string `json:"event"`
	ReceivedAt int64  `json:"received_at"`
}

// OutputAudioBufferStarted says that a response began to sound. WebRTC, SIP and side channels only, like the next two.
type OutputAudioBufferStarted struct {
	ResponseID string `json:"response_id"`
}

// OutputAudioBufferStopped says that the playout of a response drained.
type OutputAudioBufferStopped struct {
	ResponseID string `json:"response_id"`
}

// OutputAudioBufferCleared says that the playout of a response was cut.
type OutputAudioBufferCleared struct {
	ResponseID string `json:"response_id"`
}

// ResponseCreated opens a response.
type ResponseCreated struct {
	Response Response `json:"response"`
}

// ResponseDone ends a response; nothing of it follows.
type ResponseDone struct {
	Response Response `json:"response"`
}

// OutputItemAdded opens an item of a response.
type OutputItemAdded struct {
	ResponseID  string `json:"response_id"`
	OutputIndex int    `json:"output_index"`
	Item        Item   `json:"item"`
}

// OutputItemDone repeats the complete item.
type OutputItemDone struct {
	ResponseID  string `json:"response_id"`
	OutputIndex int    `json:"output_index"`
	Item        Item   `json:"item"`
}

// ContentPartAdded opens a part (Type PartAudio or PartText) of an item.
type ContentPartAdded struct {
	Ref
	Part Content `json:"part"`
}

// ContentPartDone repeats the complete part.
type ContentPartDone struct {
	Ref
	Part Content `json:"part"`
}

// OutputTextDelta is a further piece of a text answer.
type OutputTextDelta struct {
	Ref
	Delta string `json:"delta"`
}

// OutputTextDone is the whole text.
type OutputTextDone struct {
	Ref
	Text string `json:"text"`
}

// OutputAudioDelta is a further piece of sound, base64 in the output format. AppendAudioDelta writes it without allocating.
type OutputAudioDelta struct {
	Ref
	Delta string `json:"delta"`
}

// OutputAudioDone says that no more sound of this part comes.
type OutputAudioDone struct{ Ref }

// OutputAudioTranscriptDelta is a further piece of the words; they run ahead of the sound.
type OutputAudioTranscriptDelta struct {
	Ref
	Delta string `json:"delta"`
}

// OutputAudioTranscriptDone is all the words.
type OutputAudioTranscriptDone struct {
	Ref
	Transcript string `json:"transcript"`
}

// FunctionCallArgumentsDelta is a further piece of a call's JSON arguments.
type FunctionCallArgumentsDelta struct {
	CallRef
	CallID string `json:"call_id"`
	Delta  string `json:"delta"`
}

// FunctionCallArgumentsDone is the whole call.
type FunctionCallArgumentsDone struct {
	CallRef
	CallID    string `json:"call_id"`
	Name      string `json:"name"`
	Arguments string `json:"arguments"`
}

// MCPCallArgumentsDelta is a further piece of an MCP call's JSON arguments.
type MCPCallArgumentsDelta struct {
	CallRef
	Delta string `json:"delta"`
}

// MCPCallArgumentsDone is all the arguments of an MCP call.
type MCPCallArgumentsDone struct {
	CallRef
	Arguments string `json:"arguments"`
}

// MCPCallInProgress says that an MCP call runs.
type MCPCallInProgress struct {
	ItemID      string `json:"item_id"`
	OutputIndex int    `json:"output_index"`
}

// MCPCallCompleted says that an MCP call returned.
type MCPCallCompleted struct {
	ItemID      string `json:"item_id"`
	OutputIndex int    `json:"output_index"`
}

// MCPCallFailed says that an MCP call failed.
type MCPCallFailed struct {
	ItemID      string `json:"item_id"`
	OutputIndex int    `json:"output_index"`
}

// MCPListToolsInProgress says that an MCP server is being asked for its tools.
type MCPListToolsInProgress struct {
	ItemID string `json:"item_id"`
}

// MCPListToolsCompleted says that an MCP server has listed its tools.
type MCPListToolsCompleted struct {
	ItemID string `json:"item_id"`
}

// MCPListToolsFailed says that an MCP server could not be asked.
type MCPListToolsFailed struct {
	ItemID string `json:"item_id"`
}

// RateLimitsUpdated follows a response.
type RateLimitsUpdated struct {
	RateLimits []RateLimit `json:"rate_limits"`
}

// RateLimit has the name "requests" or "tokens", nothing else.
type RateLimit struct {
	Name         string  `json:"name"`
	Limit        int     `json:"limit"`
	Remaining    int     `json:"remaining"`
	ResetSeconds float64 `json:"reset_seconds"`
}
