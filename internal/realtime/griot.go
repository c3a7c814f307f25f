package realtime

// Griot's extensions of the protocol. A server sends them, and accepts those of clients, only on connections that asked with ?extensions=griot.

// GriotConversationCreated follows session.created.
type GriotConversationCreated struct {
	ConversationID string      `json:"conversation_id"`
	Agent          GriotAgent  `json:"agent"`
	Limits         GriotLimits `json:"limits"`
}

// GriotAgent says who answers. Listens is false when no recogniser hears the agent's language.
type GriotAgent struct {
	Reference  string `json:"reference"`
	Name       string `json:"name"`
	Language   string `json:"language"`
	Voice      string `json:"voice"`
	Model      string `json:"model"`
	Recogniser string `json:"recogniser"`
	Listens    bool   `json:"listens"`
}

// GriotLimits are the bounds of a conversation.
type GriotLimits struct {
	MaxDurationMS int64 `json:"max_duration_ms"`
}

// GriotNotice tells the person something by code, for example "no_recogniser".
type GriotNotice struct {
	Code    string            `json:"code"`
	Message string            `json:"message"`
	Params  map[string]string `json:"params"`
}

// GriotFlow says where the agent's call flow stands, and what it has collected, by slot.
type GriotFlow struct {
	Node  string            `json:"node"`
	Slots map[string]string `json:"slots"`
}

// GriotFloor says whose turn it is: none, caller, model or agent.
type GriotFloor struct {
	Floor string `json:"floor"`
}

// GriotHold asks the client's player to pause where it is, keeping what it holds, or to go on: somebody may be interrupting. What follows is
// either on:false, or speech_started and the response's end.
type GriotHold struct {
	On bool `json:"on"`
}

// GriotDuck asks the client's player to lower its volume by 12 dB, or to restore it.
type GriotDuck struct {
	On bool `json:"on"`
}

// GriotTranscriptionPartial replaces the previous partial text of its item.
type GriotTranscriptionPartial struct {
	ItemID string `json:"item_id"`
	Text   string `json:"text"`
}

// GriotHeard says how far the listener got. TextBytes counts UTF-8 bytes of the text said.
type GriotHeard struct {
	ResponseID string `json:"response_id"`
	ItemID     string `json:"item_id"`
	UptoMS     int64  `json:"upto_ms"`
	TextBytes  int    `json:"text_bytes"`
	Final      bool   `json:"final"`
}

// GriotSaid settles, once per spoken reply, what was said and what was heard.
type GriotSaid struct {
	ResponseID string `json:"response_id"`
	ItemID     string `json:"item_id"`
	Said       string `json:"said"`
	Heard      string `json:"heard"`
	UptoMS     int64  `json:"upto_ms"`
	TotalMS    int64  `json:"total_ms"`
	Cut        bool   `json:"cut"`
}

// GriotTool follows a tool that the server runs: called, returned or failed. Output and TookMS come with the last two.
type GriotTool struct {
	CallID    string `json:"call_id"`
	Name      string `json:"name"`
	Arguments string `json:"arguments"`
	Status    string `json:"status"`
	Output    string `json:"output,omitempty"`
	TookMS    *int64 `json:"took_ms,omitempty"`
}

// GriotTurn is where the time of one turn went, each counted from the end of the caller's last voiced frame; -1: did not happen.
type GriotTurn struct {
	ResponseID   string `json:"response_id"`
	Turn         int    `json:"turn"`
	ItemID       string `json:"item_id"`
	EndOfTurnMS  int64  `json:"end_of_turn_ms"`
	FinalTextMS  int64  `json:"final_text_ms"`
	FirstTokenMS int64  `json:"first_token_ms"`
	ToolsDoneMS  int64  `json:"tools_done_ms"`
	FirstAudioMS int64  `json:"first_audio_ms"`
	SentMS       int64  `json:"sent_ms"`
	HeardMS      int64  `json:"heard_ms"`
}

// GriotEnded comes just before the server closes.
type GriotEnded struct {
	Reason string `json:"reason"`
}

// GriotPlayback is a client's report of what its player has really played.
type GriotPlayback struct {
	Header
	ResponseID string `json:"response_id"`
	ItemID     string `json:"item_id"`
	AudioEndMS int64  `json:"audio_end_ms"`
	Final      bool   `json:"final"`
}

// GriotDigits are keys pressed on a page: 0-9 * # A-D.
type GriotDigits struct {
	Header
	Digits string `json:"digits"`
}
