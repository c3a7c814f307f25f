// Package llm is what a language model looks like to a conversation. A call flow is one too.
package llm

import (
	"context"
	"encoding/json"
	"iter"
	"time"
)

// Model streams one answer. Stop ranging, or cancel ctx, to stop the request. It is safe for concurrent use. An error ends the
// sequence; its fault kind says whether another attempt can help.
type Model interface {
	Generate(ctx context.Context, r Request) iter.Seq2[Delta, error]
}

// Role of a message.
type Role string

// The roles.
const (
	System    Role = "system"
	User      Role = "user"
	Assistant Role = "assistant"
	ToolRole  Role = "tool"
)

// Message is one entry of the history. Assistant messages hold text that was heard, Calls, or both; tool messages
// answer the call with CallID.
type Message struct {
	Role   Role
	Text   string
	Images []Image `json:",omitempty"` // of users only, and only for a model that takes them
	Files  []File  `json:",omitempty"` // likewise
	Calls  []ToolCall
	CallID string
}

// Image is a picture that a user shows.
type Image struct {
	Type   string // "image/png", "image/jpeg", "image/webp" or "image/gif"
	Base64 string // its bytes, in the standard encoding
	Detail string // how closely to look: "auto" (or empty), "low", "high"
}

// File is a document that a user shows.
type File struct {
	Name   string // as the user has it
	Type   string // "application/pdf" or "text/plain"
	Base64 string // its bytes, in the standard encoding
}

// Reader is implemented by models that may take documents.
type Reader interface{ TakesFiles() bool }

// TakesFiles reports whether messages to m may hold files.
func TakesFiles(m Model) bool {
	r, ok := m.(Reader)
	return ok && r.TakesFiles()
}

// Viewer is implemented by models that may take images.
type Viewer interface{ TakesImages() bool }

// TakesImages reports whether messages to m may hold images.
func TakesImages(m Model) bool {
	v, ok := m.(Viewer)
	return ok && v.TakesImages()
}

// Request asks for the next assistant message. Session is stable for a whole conversation: a model that keeps state (a flow)
// finds it by that, others ignore it.
type Request struct {
	Session  string
	Lang     string    // BCP 47 of the conversation
	Began    time.Time `json:"-"` // when the conversation began; zero where nobody knows
	System   string
	Messages []Message
	Tools    []ToolSpec
	OneCall  bool   `json:",omitempty"` // at most one call in an answer, where the model can be told so
	Choice   string // "auto" (or empty), "none", "required", or a tool's name
	Limits   Limits
}

// Limits of one answer. Zero values leave the model's own.
type Limits struct {
	MaxTokens   int
	Temperature *float64
}

// ToolSpec describes a tool to a model. Parameters is a JSON schema.
type ToolSpec struct {
	Name        string
	Description string
	Parameters  json.RawMessage
}

// ToolCall is a model's wish to run a tool. Arguments is JSON text, never empty ("{}" when there are none); a model can get it wrong.
type ToolCall struct {
	ID, Name  string
	Arguments string
	Opaque    string `json:",omitempty"` // what the vendor wants back with the call: only the model that gave it can read it, others leave it out
}

// ToolResult answers a call. Output is what the model reads, whether it succeeded or failed.
type ToolResult struct {
	CallID string
	Output string
	Failed bool
	// What the session's own tools ask of it:
	End   bool   `json:",omitempty"` // the conversation ends once the answer that follows was heard
	Brief string `json:",omitempty"` // the model is to know this from now on; "-" for nothing more than its instructions
}

// StopReason says why an answer ended.
type StopReason string

// Why an answer ended.
const (
	StopEnd     StopReason = "end"
	StopTools   StopReason = "tools"
	StopLength  StopReason = "length"
	StopFilter  StopReason = "filter"
	StopHangUp  StopReason = "hang_up" // the model (a flow) wants the call to end once this answer was heard
	StopNothing StopReason = "nothing" // deliberately nothing to say
)

// Usage counts tokens. Cached is part of Input. The tokens of sound, which cost more, are a part of the number beside which they are named.
type Usage struct {
	Input, Cached, Output                int
	AudioInput, AudioCached, AudioOutput int
}

// Add counts those of another request too.
func (u *Usage) Add(o Usage) {
	u.Input, u.Cached, u.Output = u.Input+o.Input, u.Cached+o.Cached, u.Output+o.Output
	u.AudioInput, u.AudioCached, u.AudioOutput = u.AudioInput+o.AudioInput, u.AudioCached+o.AudioCached, u.AudioOutput+o.AudioOutput
}

// Delta carries whichever of these has arrived. Tool calls arrive whole.
type Delta struct {
	Text  string
	Call  *ToolCall
	Usage *Usage
	Stop  StopReason
}

// Expecter is implemented by models that know what the caller is likely to say next (a flow does). The session
// hands the phrases to the recogniser. Messages is the history so far.
type Expecter interface {
	Expect(r Request) (phrases []string, grammar string)
}

// Tracer is implemented by models that follow a script and know where in it they stand (a flow does): Trace is the id of the node that a request's history leads to, and what was
// collected so far, by slot. It returns at once, and answers the same to the same request.
type Tracer interface {
	Trace(r Request) (node string, slots map[string]string)
}
