package event

import (
	"encoding/json"
	"fmt"
	"time"
)

// Floor says who has, or owes, the next move.
type Floor string

// The holders of the floor.
const (
	FloorNone   Floor = "none"   // nobody speaks: the caller may
	FloorCaller Floor = "caller" // the caller is speaking
	FloorModel  Floor = "model"  // the agent is thinking: recogniser, model or tool
	FloorAgent  Floor = "agent"  // the agent is being heard
)

// Every event body, in the order in which they usually happen. Durations are JSON numbers of milliseconds.
type (
	// SessionStarted opens every log.
	SessionStarted struct {
		Agent   string `json:"agent"` // reference, e.g. "reception-en"
		Name    string `json:"name"`
		Version int    `json:"version"`
		Lang    string `json:"lang"`
		Leg     string `json:"leg"`    // transport kind: "realtime", "talk", …
		Remote  string `json:"remote"` // who is at the far end, as far as known
		STT     string `json:"stt"`
		LLM     string `json:"llm"`
		TTS     string `json:"tts"`
		// Metadata is what the client says of the conversation, as it sent it.
		Metadata json.RawMessage `json:"metadata,omitempty"`
	}
	// Notice tells people of something that limits this conversation, e.g. code "no_recogniser".
	Notice struct {
		Code    string            `json:"code"`
		Message string            `json:"message"`
		Params  map[string]string `json:"params,omitempty"`
	}
	// SpeechStarted: the caller began to speak. At is a position in the caller's audio, moved back by the prefix padding.
	SpeechStarted struct {
		Item string `json:"item"` // id that the turn's item will have
		At   Millis `json:"at_ms"`
	}
	// SpeechStopped: the policy decided that the turn is over. At includes the silence that ended it; LastVoice is the end of the
	// last voiced frame.
	SpeechStopped struct {
		Item      string `json:"item"`
		At        Millis `json:"at_ms"`
		LastVoice Millis `json:"last_voice_ms"`
	}
	// InputDropped: audio that was no turn after all (cleared by the client, or nothing was recognised).
	InputDropped struct {
		Item   string `json:"item"`
		Reason string `json:"reason"` // "cleared", "empty", "settings" (turn taking was changed in the middle of it)
	}
	// IdleTriggered: the caller has kept silent for the idle timeout. From and To are that silence in the caller's audio, Item the turn that it becomes.
	IdleTriggered struct {
		Item string `json:"item"`
		From Millis `json:"from_ms"`
		To   Millis `json:"to_ms"`
	}
	// InputCommitted: the turn's audio became an item of the history.
	InputCommitted struct {
		Item     string `json:"item"`
		Previous string `json:"previous,omitempty"`
		From     Millis `json:"from_ms"`
		To       Millis `json:"to_ms"`
	}
	// UserPartial is what the turn seems to be so far. Ephemeral.
	UserPartial struct {
		Item string `json:"item"`
		Text string `json:"text"`
	}
	// UserSpoke is what the caller said, as recognised.
	UserSpoke struct {
		Item       string  `json:"item"`
		Text       string  `json:"text"`
		From       Millis  `json:"from_ms"`
		To         Millis  `json:"to_ms"`
		Confidence float32 `json:"confidence,omitempty"`
		Lang       string  `json:"lang,omitempty"`
		Input      int     `json:"input_tokens,omitempty"` // of finding out, where a model counts them
		Output     int     `json:"output_tokens,omitempty"`
	}
	// UserFailed: the turn's audio could not be recognised.
	UserFailed struct {
		Item    string `json:"item"`
		Code    string `json:"code"`
		Message string `json:"message"`
	}
	// ItemAdded: an item entered the history by another way than speech: typed text, keys, a function's output.
	ItemAdded struct {
		Item     string          `json:"item"`
		Previous string          `json:"previous,omitempty"`
		Kind     string          `json:"kind"` // "message", "function_call", "function_call_output"
		Role     string          `json:"role,omitempty"`
		Text     string          `json:"text,omitempty"`
		Source   string          `json:"source,omitempty"` // "typed", "digits", "client", "greeting", "idle"
		CallID   string          `json:"call_id,omitempty"`
		Name     string          `json:"name,omitempty"`
		Raw      json.RawMessage `json:"raw,omitempty"` // the item as the client sent it, where one did
	}
	// ItemDeleted: a client took an item out of the history.
	ItemDeleted struct {
		Item string `json:"item"`
	}
	// ReplyStarted: the agent begins to answer. Item is the id of its message, should it say anything.
	ReplyStarted struct {
		Response string            `json:"response"`
		Item     string            `json:"item"`
		Previous string            `json:"previous,omitempty"`
		Cause    string            `json:"cause"`          // "greeting", "turn", "client", "tool", "repair"
		Text     bool              `json:"text,omitempty"` // text only, no speech
		Metadata map[string]string `json:"metadata,omitempty"`
		// OutOfBand: beside the conversation, of which it is no part.
		OutOfBand bool   `json:"out_of_band,omitempty"`
		Request   uint64 `json:"-"` // the client's own number of what it asked for, while the conversation goes on
	}
	// TextDelta is text on its way to the voice, not yet heard. Ephemeral.
	TextDelta struct {
		Response string `json:"response"`
		Item     string `json:"item"`
		Text     string `json:"text"`
	}
	// ToolCalled: a tool was asked for. Client tools are run by the client of the Realtime protocol.
	ToolCalled struct {
		Response  string `json:"response"`
		Item      string `json:"item"`
		CallID    string `json:"call_id"`
		Name      string `json:"name"`
		Arguments string `json:"arguments"`
		Client    bool   `json:"client,omitempty"`
	}
	// ToolReturned: a tool answered, or failed to.
	ToolReturned struct {
		CallID string `json:"call_id"`
		Name   string `json:"name"`
		Output string `json:"output"`
		Failed bool   `json:"failed,omitempty"`
		Took   Millis `json:"took_ms"`
	}
	// Heard is how far the listener has got. Ephemeral. TextBytes is how much of the text said was heard.
	Heard struct {
		Response  string `json:"response"`
		Item      string `json:"item"`
		Upto      Millis `json:"upto_ms"`
		TextBytes int    `json:"text_bytes"`
	}
	// Interrupted: the caller (or a client) cut the agent short. Text is what was heard of Said.
	Interrupted struct {
		Response string `json:"response"`
		Item     string `json:"item"`
		Reason   string `json:"reason"` // "turn_detected", "client_cancelled", "client_truncated", "hang_up"
		Said     string `json:"said"`
		Text     string `json:"heard"`
		Upto     Millis `json:"upto_ms"`
	}
	// AgentSaid settles what was heard of a reply: whole, or the part before an interruption. It comes once for each
	// reply that spoke, after ReplyDone in most cases, and again when a client corrects it afterwards (conversation.item.truncate).
	AgentSaid struct {
		Response string `json:"response"`
		Item     string `json:"item"`
		Said     string `json:"said"`
		Text     string `json:"heard"`
		Upto     Millis `json:"upto_ms"`
		Total    Millis `json:"total_ms"`
		Cut      bool   `json:"cut,omitempty"`
	}
	// ReplyDone: nothing more of this reply will be sent.
	ReplyDone struct {
		Response string `json:"response"`
		Item     string `json:"item"`
		Status   string `json:"status"`           // "completed", "cancelled", "incomplete", "failed"
		Reason   string `json:"reason,omitempty"` // Realtime status_details.reason, or the fault's code
		Message  string `json:"message,omitempty"`
		Text     string `json:"text"` // all that was generated
		Input    int    `json:"input_tokens"`
		Cached   int    `json:"cached_tokens"`
		Output   int    `json:"output_tokens"`
		// Of these, tokens of sound.
		AudioInput  int `json:"input_audio_tokens,omitempty"`
		AudioCached int `json:"cached_audio_tokens,omitempty"`
		AudioOutput int `json:"output_audio_tokens,omitempty"`
	}
	// TurnTimed breaks down the delay between the caller's last sound and the agent's first. Each value counts from the end of the
	// last voiced frame; a stage that did not happen is -1.
	TurnTimed struct {
		Response   string `json:"response"`
		Turn       int    `json:"turn"` // 1 for the first answer
		Item       string `json:"item"` // of the caller's turn
		EndOfTurn  Millis `json:"end_of_turn_ms"`
		FinalText  Millis `json:"final_text_ms"`
		FirstToken Millis `json:"first_token_ms"`
		ToolsDone  Millis `json:"tools_done_ms"`
		FirstAudio Millis `json:"first_audio_ms"` // first chunk from the voice
		Sent       Millis `json:"sent_ms"`        // first frame written to the leg
		Heard      Millis `json:"heard_ms"`       // first sound acknowledged by the far end
	}
	// FlowMoved: the agent's call flow is at another node, or has collected something. Slots are values as programs read them.
	FlowMoved struct {
		Node  string            `json:"node"`
		Slots map[string]string `json:"slots,omitempty"`
	}
	// FloorChanged says who has the floor now. Ephemeral.
	FloorChanged struct {
		Floor Floor `json:"floor"`
	}
	// Repaired: the session found that nobody owed the next move, or that who did was late, and did something about it.
	Repaired struct {
		Owner  string `json:"owner"`  // "recogniser", "model", "tool", "voice", "far_end"
		Action string `json:"action"` // "ask_again", "apologise", "use_partial", "hang_up"
	}
	// Failed is a fault that the conversation survived or ended by.
	Failed struct {
		Stage   string `json:"stage"` // "stt", "llm", "tts", "tool", "leg", "log"
		Kind    string `json:"kind"`
		Code    string `json:"code"`
		Message string `json:"message"`
	}
	// SessionEnded closes every log.
	SessionEnded struct {
		Reason        string `json:"reason"` // "caller_left", "agent_hung_up", "client_closed", "idle", "limit", "failed", "shutdown", "recovered"
		FramesDropped int    `json:"frames_dropped,omitempty"`
	}
)

// EventType and the other methods of the bodies.
func (SessionStarted) EventType() string { return "session.started" }
func (Notice) EventType() string         { return "notice" }
func (SpeechStarted) EventType() string  { return "speech.started" }
func (SpeechStopped) EventType() string  { return "speech.stopped" }
func (InputDropped) EventType() string   { return "input.dropped" }
func (IdleTriggered) EventType() string  { return "input.idle" }
func (InputCommitted) EventType() string { return "input.committed" }
func (UserPartial) EventType() string    { return "user.partial" }
func (UserSpoke) EventType() string      { return "user.spoke" }
func (UserFailed) EventType() string     { return "user.failed" }
func (ItemAdded) EventType() string      { return "item.added" }
func (ItemDeleted) EventType() string    { return "item.deleted" }
func (ReplyStarted) EventType() string   { return "reply.started" }
func (TextDelta) EventType() string      { return "reply.text" }
func (ToolCalled) EventType() string     { return "tool.called" }
func (ToolReturned) EventType() string   { return "tool.returned" }
func (Heard) EventType() string          { return "reply.heard" }
func (Interrupted) EventType() string    { return "reply.interrupted" }
func (AgentSaid) EventType() string      { return "agent.said" }
func (ReplyDone) EventType() string      { return "reply.done" }
func (TurnTimed) EventType() string      { return "turn.timed" }
func (FlowMoved) EventType() string      { return "flow.moved" }
func (FloorChanged) EventType() string   { return "floor" }
func (Repaired) EventType() string       { return "repaired" }
func (Failed) EventType() string         { return "failed" }
func (SessionEnded) EventType() string   { return "session.ended" }

func (UserPartial) Ephemeral()  {}
func (TextDelta) Ephemeral()    {}
func (Heard) Ephemeral()        {}
func (FloorChanged) Ephemeral() {}

func register[T Body]() {
	var z T
	decoders[z.EventType()] = func(raw []byte) (Body, error) {
		var b T
		err := json.Unmarshal(raw, &b)
		return b, err
	}
}

// decoders reads a body by its type's name.
var decoders = map[string]func([]byte) (Body, error){}

func init() {
	register[SessionStarted]()
	register[Notice]()
	register[SpeechStarted]()
	register[SpeechStopped]()
	register[InputDropped]()
	register[IdleTriggered]()
	register[InputCommitted]()
	register[UserPartial]()
	register[UserSpoke]()
	register[UserFailed]()
	register[ItemAdded]()
	register[ItemDeleted]()
	register[ReplyStarted]()
	register[TextDelta]()
	register[ToolCalled]()
	register[ToolReturned]()
	register[Heard]()
	register[Interrupted]()
	register[AgentSaid]()
	register[ReplyDone]()
	register[TurnTimed]()
	register[FlowMoved]()
	register[FloorChanged]()
	register[Repaired]()
	register[Failed]()
	register[SessionEnded]()
}

// Millis is a duration that JSON shows as a number of milliseconds with three decimals at most.
type Millis time.Duration

// Ms converts a duration.
func Ms(d time.Duration) Millis { return Millis(d) }

// Duration converts back.
func (m Millis) Duration() time.Duration { return time.Duration(m) }

// MarshalJSON writes milliseconds.
func (m Millis) MarshalJSON() ([]byte, error) {
	return json.Marshal(float64(time.Duration(m).Microseconds()) / 1000)
}

// UnmarshalJSON reads milliseconds.
func (m *Millis) UnmarshalJSON(b []byte) error {
	var f float64
	if err := json.Unmarshal(b, &f); err != nil {
		return err
	}
	*m = Millis(f * float64(time.Millisecond))
	return nil
}

type envelope struct {
	Tenant  string          `json:"tenant"`
	Session string          `json:"session"`
	Seq     uint64          `json:"seq"`
	At      time.Time       `json:"at"`
	Gen     Gen             `json:"gen,omitempty"`
	Type    string          `json:"type"`
	Body    json.RawMessage `json:"body"`
}

// MarshalJSON writes the event with its type's name.
func (e Event) MarshalJSON() ([]byte, error) {
	body, err := json.Marshal(e.Body)
	if err != nil {
		return nil, err
	}
	return json.Marshal(envelope{e.Tenant, e.Session, e.Seq, e.At, e.Gen, e.Body.EventType(), body})
}

// UnmarshalJSON reads what MarshalJSON wrote. A type that this version does not know is an error.
func (e *Event) UnmarshalJSON(b []byte) error {
	var v envelope
	if err := json.Unmarshal(b, &v); err != nil {
		return err
	}
	dec, ok := decoders[v.Type]
	if !ok {
		return fmt.Errorf("event %d of session %s: unknown type %q", v.Seq, v.Session, v.Type)
	}
	body, err := dec(v.Body)
	if err != nil {
		return fmt.Errorf("event %d of session %s (%s): %w", v.Seq, v.Session, v.Type, err)
	}
	*e = Event{v.Tenant, v.Session, v.Seq, v.At, v.Gen, body}
	return nil
}
