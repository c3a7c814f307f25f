// Package conversation is the record of a conversation on any channel: it is opened when somebody arrives, every event goes to a
// journal file while it lasts, and a summary, the events and the recording are kept when it ends.
package conversation

import (
	"context"
	"io"
	"time"

	"griot/internal/conversation/eartruth"
	"griot/internal/event"
)

// Status of a conversation.
type Status string

// The states: Active until its end is recorded, Failed when a fault ended it.
const (
	Active Status = "active"
	Ended  Status = "ended"
	Failed Status = "failed"
)

// Summary is a conversation as lists show it. Zero times and durations mean "not known (yet)".
type Summary struct {
	Tenant, ID    string
	Agent         string // reference, e.g. "reception-en"
	AgentName     string
	AgentVersion  int
	Lang          string // BCP 47
	Channel       string // "realtime", "talk", …
	Remote        string // who was at the far end, as far as known
	Node          string // which installation of the program holds, or held, the live conversation
	Status        Status
	StartedAt     time.Time // to the millisecond
	EndedAt       time.Time
	Duration      time.Duration
	Turns         int // of the caller, spoken or typed
	Interruptions int // of the agent, by the caller or the client
	EndReason     string
	LatencyP50    time.Duration // median over the turns, from the caller's last sound to the agent's first; 0 when none was measured
	Preview       string        // the first words of the caller, else of the agent
	Tokens        Tokens
	Floor         event.Floor // who has the floor of a conversation that goes on here; empty of any other
}

// Tokens are what models counted in a conversation. Cached is part of Input; the tokens of sound are a part of the number beside which they
// are named. All 0 where no model counts.
type Tokens struct {
	Input       int `json:"input" doc:"Of text and sound, fresh and cached."`
	Cached      int `json:"cached" doc:"Of input: what the model had read before."`
	Output      int `json:"output" doc:"Of text and sound."`
	AudioInput  int `json:"audio_input" doc:"Of input: sound."`
	AudioCached int `json:"audio_cached" doc:"Of cached: sound."`
	AudioOutput int `json:"audio_output" doc:"Of output: sound."`
}

// Add counts o in.
func (t *Tokens) Add(o Tokens) {
	t.Input += o.Input
	t.Cached += o.Cached
	t.Output += o.Output
	t.AudioInput += o.AudioInput
	t.AudioCached += o.AudioCached
	t.AudioOutput += o.AudioOutput
}

// Models names what a conversation was held with; empty where there was none, as with a speech-to-speech model's recogniser.
type Models struct {
	STT string `json:"stt" doc:"The recogniser."`
	LLM string `json:"llm" doc:"What answered."`
	TTS string `json:"tts" doc:"The voice."`
}

// Record is everything kept of a conversation but its events.
type Record struct {
	Summary
	Models     Models
	Transcript []Line
	Timings    []event.TurnTimed
	Notices    []event.Notice
	Recording  RecordingInfo
	Peaks      Peaks
	Ear        *eartruth.Report // what the recording alone tells; nil where it was not measured
}

// RecordingInfo says what was recorded. Key is empty when nothing was.
type RecordingInfo struct {
	Key      string // in the blob store
	Duration time.Duration
	Bytes    int64
	Pending  bool // the conversation has ended, and its recording is being written; never kept
}

// Role of a transcript's line.
type Role string

// The roles of lines.
const (
	RoleUser  Role = "user"
	RoleAgent Role = "agent"
	RoleTool  Role = "tool"
)

// Line is one line of a transcript. At and End count from the start of the conversation.
type Line struct {
	Item       string       `json:"item" doc:"Id of the item in the conversation's history; a tool's line has its call's."`
	Role       Role         `json:"role" enum:"user,agent,tool"`
	Text       string       `json:"text" doc:"What the caller said or typed; of an agent's line, what was heard."`
	Said       string       `json:"said,omitempty" doc:"Agent: all that was generated, heard or not."`
	Heard      string       `json:"heard,omitempty" doc:"Agent: what the caller heard of it."`
	Cut        bool         `json:"cut,omitempty" doc:"Agent: the caller did not hear all of it."`
	At         event.Millis `json:"at_ms" doc:"Start, from the start of the conversation."`
	End        event.Millis `json:"end_ms,omitempty" doc:"End, from the start of the conversation; absent when not known."`
	Confidence float32      `json:"confidence,omitempty" doc:"User: the recogniser's confidence, 0 to 1; absent when not known."`
	Source     string       `json:"source,omitempty" doc:"How a line came when not by speech: typed, digits, client, text; unrecognised for speech that gave no words."`
	Latency    event.Millis `json:"latency_ms,omitempty" doc:"Agent: from the caller's last sound to the agent's first."`
	Tool       *ToolUse     `json:"tool,omitempty" doc:"Tool: the call and its result."`
}

// ToolUse is a tool's call and result.
type ToolUse struct {
	Name      string       `json:"name"`
	Arguments string       `json:"arguments" doc:"JSON text."`
	Output    string       `json:"output" doc:"What the model read; empty when no result came."`
	Failed    bool         `json:"failed"`
	Took      event.Millis `json:"took_ms"`
}

// Choice says which conversations are meant. Zero fields mean all.
type Choice struct {
	Agent       string
	Status      Status
	Channel     string
	From, To    time.Time     // began at From or later, and before To
	MinDuration time.Duration // lasted that long or longer; one that goes on has lasted 0
	MaxDuration time.Duration // lasted less than that
	Words       string        // beginnings of words said by anybody, heard or not; case and accents do not count
}

// Sort is what a list is ordered by; of equals the id decides.
type Sort string

// The orders. SortStarted is the one of the zero Query.
const (
	SortStarted  Sort = "started"
	SortDuration Sort = "duration"
	SortLatency  Sort = "latency"
)

// Query asks for a page of conversations.
type Query struct {
	Choice
	Sort   Sort   // empty means SortStarted
	Up     bool   // the smallest first; otherwise the largest, the newest
	Limit  int    // 1…100; 0 means 25
	Cursor string // Page.Next of the page before, of the same order
}

// Page is one page of a list. Next is empty on the last page; Total counts all that the query selects.
type Page struct {
	Items []Summary
	Next  string
	Total int
}

// PeakBuckets is how many values per channel are computed when a recording closes.
const PeakBuckets = 800

// Peaks is the shape of a recording: for each bucket of equal length its largest amplitude, 0…1. The channels have the same length,
// which is less than PeakBuckets for very short recordings and 0 without one.
type Peaks struct {
	Duration event.Millis `json:"duration_ms"`
	Caller   []float64    `json:"caller" doc:"Largest amplitude of each bucket, 0 to 1."`
	Agent    []float64    `json:"agent" doc:"Largest amplitude of each bucket, 0 to 1."`
}

// Recording is an open recording: a WAV file, caller left, agent right. The reader closes it.
type Recording struct {
	io.ReadSeekCloser
	Size    int64
	ModTime time.Time
}

// Position is where a page of a list ends: the value of what it is sorted by (ms since 1970, ms, µs), and the id.
type Position struct {
	Key int64
	ID  string
}

// PositionOf returns where a list that is sorted so has a conversation.
func (s Summary) PositionOf(by Sort) Position {
	switch by {
	case SortDuration:
		return Position{s.Duration.Milliseconds(), s.ID}
	case SortLatency:
		return Position{s.LatencyP50.Microseconds(), s.ID}
	}
	return Position{s.StartedAt.UnixMilli(), s.ID}
}

// Filter selects rows of the store, in an order; Limit is at least 1.
type Filter struct {
	Choice
	Sort  Sort
	Up    bool
	After *Position
	Limit int
}

// Store keeps conversations. All but UnfinishedConversations see one tenant's only; what they do not see is fault.NotFound.
type Store interface {
	// CreateConversation is the first of the two writes of a conversation.
	CreateConversation(ctx context.Context, s Summary) error
	// CloseConversation is the second: in one transaction it replaces the row, or makes it when it is not there, and the events.
	CloseConversation(ctx context.Context, r Record, evs []event.Event) error
	// ListConversations returns what f selects in its order, and how many there are without After and Limit.
	ListConversations(ctx context.Context, tenant string, f Filter) ([]Summary, int, error)
	Conversation(ctx context.Context, tenant, id string) (Record, error)
	ConversationEvents(ctx context.Context, tenant, id string) ([]event.Event, error)
	DeleteConversation(ctx context.Context, tenant, id string) error
	// UnfinishedConversations returns every tenant's active conversations of one node, for recovery when that node starts.
	UnfinishedConversations(ctx context.Context, node string) ([]Summary, error)
}
