package realtime

// The types of conversation items. ItemReference is only allowed in response.create's input.
const (
	ItemMessage            = "message"
	ItemFunctionCall       = "function_call"
	ItemFunctionCallOutput = "function_call_output"
	ItemReference          = "item_reference"
)

// Who a message is from.
const (
	RoleSystem    = "system"
	RoleUser      = "user"
	RoleAssistant = "assistant"
)

// Status of items and responses.
const (
	InProgress = "in_progress"
	Completed  = "completed"
	Incomplete = "incomplete"
	Cancelled  = "cancelled" // responses only
	Failed     = "failed"    // responses only
)

// Item is one entry of a conversation, a union told apart by Type; fields of other types are left out when it is
// encoded. Phase belongs to assistant messages of reasoning models.
type Item struct {
	ID        string    `json:"id,omitempty"`
	Type      string    `json:"type"`
	Status    string    `json:"status,omitempty"`
	Role      string    `json:"role,omitempty"`
	Phase     string    `json:"phase,omitempty"`
	Content   []Content `json:"content,omitempty"`
	CallID    string    `json:"call_id,omitempty"`
	Name      string    `json:"name,omitempty"`
	Arguments string    `json:"arguments,omitempty"` // JSON text
	Output    string    `json:"output,omitempty"`
}

// MarshalJSON writes the fields of the item's type and omits what is absent.
func (it Item) MarshalJSON() ([]byte, error) {
	switch it.Type {
	case ItemMessage:
		content := it.Content
		if content == nil {
			content = []Content{}
		}
		return marshal(struct {
			ID      string    `json:"id,omitempty"`
			Type    string    `json:"type"`
			Status  string    `json:"status,omitempty"`
			Role    string    `json:"role"`
			Phase   string    `json:"phase,omitempty"`
			Content []Content `json:"content"`
		}{it.ID, it.Type, it.Status, it.Role, it.Phase, content})
	case ItemFunctionCall:
		return marshal(struct {
			ID        string `json:"id,omitempty"`
			Type      string `json:"type"`
			Status    string `json:"status,omitempty"`
			Name      string `json:"name"`
			CallID    string `json:"call_id,omitempty"`
			Arguments string `json:"arguments"`
		}{it.ID, it.Type, it.Status, it.Name, it.CallID, it.Arguments})
	case ItemFunctionCallOutput:
		// No status here: the service's own echoes have none.
		return marshal(struct {
			ID     string `json:"id,omitempty"`
			Type   string `json:"type"`
			CallID string `json:"call_id"`
			Output string `json:"output"`
		}{it.ID, it.Type, it.CallID, it.Output})
	}
	type plain Item
	return marshal(plain(it))
}

// The types of content parts. The last two are those of response.content_part events, which differ from those of items.
const (
	ContentInputText   = "input_text"
	ContentInputAudio  = "input_audio"
	ContentInputImage  = "input_image"
	ContentOutputText  = "output_text"
	ContentOutputAudio = "output_audio"
	PartAudio          = "audio"
	PartText           = "text"
)

// Content is one part of a message, a union told apart by Type. Audio is base64 in the session's format and only in
// conversation.item.retrieved and what clients create. An empty transcript of input_audio is null on the wire: not transcribed (yet).
type Content struct {
	Type       string `json:"type"`
	Text       string `json:"text,omitempty"`
	Audio      string `json:"audio,omitempty"`
	Transcript string `json:"transcript,omitempty"`
	ImageURL   string `json:"image_url,omitempty"` // data URL
	Detail     string `json:"detail,omitempty"`    // auto, low, high
}

// MarshalJSON writes the fields of the part's type.
func (c Content) MarshalJSON() ([]byte, error) {
	switch c.Type {
	case ContentInputText, ContentOutputText, PartText:
		return marshal(struct {
			Type string `json:"type"`
			Text string `json:"text"`
		}{c.Type, c.Text})
	case ContentInputAudio:
		return marshal(struct {
			Type       string     `json:"type"`
			Audio      string     `json:"audio,omitempty"`
			Transcript NullString `json:"transcript"`
		}{c.Type, c.Audio, NullString(c.Transcript)})
	case ContentOutputAudio, PartAudio:
		return marshal(struct {
			Type       string `json:"type"`
			Audio      string `json:"audio,omitempty"`
			Transcript string `json:"transcript"`
		}{c.Type, c.Audio, c.Transcript})
	}
	type plain Content
	return marshal(plain(c))
}

// InputText returns a part with what a user or the system writes.
func InputText(text string) Content { return Content{Type: ContentInputText, Text: text} }

// InputAudio returns a part with what a user said; the transcript may be empty.
func InputAudio(transcript string) Content {
	return Content{Type: ContentInputAudio, Transcript: transcript}
}

// OutputText returns a part with what the assistant wrote.
func OutputText(text string) Content { return Content{Type: ContentOutputText, Text: text} }

// OutputAudio returns a part with what the assistant said.
func OutputAudio(transcript string) Content {
	return Content{Type: ContentOutputAudio, Transcript: transcript}
}

// Message returns a message item.
func Message(id, role, status string, content ...Content) Item {
	if content == nil {
		content = []Content{}
	}
	return Item{ID: id, Type: ItemMessage, Role: role, Status: status, Content: content}
}

// FunctionCall returns a function_call item. A finished one never has empty arguments: "{}" stands for none.
func FunctionCall(id, status, callID, name, arguments string) Item {
	if arguments == "" && status == Completed {
		arguments = "{}"
	}
	return Item{ID: id, Type: ItemFunctionCall, Status: status, CallID: callID, Name: name, Arguments: arguments}
}

// FunctionCallOutput returns the item with which a client answers a call.
func FunctionCallOutput(id, callID, output string) Item {
	return Item{ID: id, Type: ItemFunctionCallOutput, CallID: callID, Output: output}
}

// Response is the response object of response.created and response.done.
type Response struct {
	ID               string            `json:"id"`
	Status           string            `json:"status"`
	StatusDetails    *StatusDetails    `json:"status_details"`
	Output           []Item            `json:"output"`
	ConversationID   NullString        `json:"conversation_id"` // empty when out of band
	OutputModalities []string          `json:"output_modalities"`
	MaxOutputTokens  MaxTokens         `json:"max_output_tokens"`
	Audio            ResponseAudio     `json:"audio"`
	Usage            *Usage            `json:"usage"`
	Metadata         map[string]string `json:"metadata"` // as the request had it

	Temperature *float64 `json:"-"` // shown by the older dialects; nil: the model's own
}

// ResponseAudio is the sound of a response.
type ResponseAudio struct {
	Output ResponseAudioOutput `json:"output"`
}

// ResponseAudioOutput is the format and voice of a response.
type ResponseAudioOutput struct {
	Format AudioFormat `json:"format"`
	Voice  Voice       `json:"voice"`
}

// MarshalJSON adds the object name and writes missing lists as empty.
func (r Response) MarshalJSON() ([]byte, error) {
	if r.Output == nil {
		r.Output = []Item{}
	}
	if r.OutputModalities == nil {
		r.OutputModalities = []string{}
	}
	type plain Response
	return marshal(struct {
		Object string `json:"object"`
		plain
	}{"realtime.response", plain(r)})
}

// The reasons of StatusDetails.
const (
	ReasonClientCancelled = "client_cancelled"
	ReasonTurnDetected    = "turn_detected"
	ReasonMaxOutputTokens = "max_output_tokens"
	ReasonContentFilter   = "content_filter"
)

// StatusDetails says why a response did not complete; Type repeats the status.
type StatusDetails struct {
	Type   string       `json:"type"`
	Reason string       `json:"reason,omitempty"`
	Error  *StatusError `json:"error,omitempty"`
}

// StatusError is why a response failed.
type StatusError struct {
	Type    string `json:"type"`
	Code    string `json:"code"`
	Message string `json:"message,omitempty"`
}

// Usage counts the tokens of a response. Cached tokens are among the input tokens.
type Usage struct {
	TotalTokens        int                `json:"total_tokens"`
	InputTokens        int                `json:"input_tokens"`
	OutputTokens       int                `json:"output_tokens"`
	InputTokenDetails  InputTokenDetails  `json:"input_token_details"`
	OutputTokenDetails OutputTokenDetails `json:"output_token_details"`
}

// InputTokenDetails splits input tokens by modality.
type InputTokenDetails struct {
	TextTokens          int           `json:"text_tokens"`
	AudioTokens         int           `json:"audio_tokens"`
	ImageTokens         int           `json:"image_tokens"`
	CachedTokens        int           `json:"cached_tokens"`
	CachedTokensDetails CachedDetails `json:"cached_tokens_details"`
}

// CachedDetails splits cached tokens by modality.
type CachedDetails struct {
	TextTokens  int `json:"text_tokens"`
	AudioTokens int `json:"audio_tokens"`
	ImageTokens int `json:"image_tokens"`
}

// OutputTokenDetails splits output tokens by modality.
type OutputTokenDetails struct {
	TextTokens  int `json:"text_tokens"`
	AudioTokens int `json:"audio_tokens"`
}

// TranscriptionUsage is what a transcription cost: Type "tokens" or "duration" (Seconds).
type TranscriptionUsage struct {
	Type         string  `json:"type"`
	Seconds      float64 `json:"seconds"`
	TotalTokens  int     `json:"total_tokens"`
	InputTokens  int     `json:"input_tokens"`
	OutputTokens int     `json:"output_tokens"`

	InputTokenDetails TranscriptionTokens `json:"input_token_details"`
}

// TranscriptionTokens splits a transcription's input tokens.
type TranscriptionTokens struct {
	TextTokens  int `json:"text_tokens"`
	AudioTokens int `json:"audio_tokens"`
}

// MarshalJSON writes the fields of the variant.
func (u TranscriptionUsage) MarshalJSON() ([]byte, error) {
	if u.Type == "tokens" {
		return marshal(struct {
			Type              string              `json:"type"`
			TotalTokens       int                 `json:"total_tokens"`
			InputTokens       int                 `json:"input_tokens"`
			InputTokenDetails TranscriptionTokens `json:"input_token_details"`
			OutputTokens      int                 `json:"output_tokens"`
		}{u.Type, u.TotalTokens, u.InputTokens, u.InputTokenDetails, u.OutputTokens})
	}
	return marshal(struct {
		Type    string  `json:"type"`
		Seconds float64 `json:"seconds"`
	}{"duration", u.Seconds})
}

// LogProb is the certainty of one recognised token.
type LogProb struct {
	Token   string  `json:"token"`
	LogProb float64 `json:"logprob"`
	Bytes   []int   `json:"bytes"`
}
