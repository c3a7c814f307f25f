// Package s2s is what a speech-to-speech model looks like to a conversation: one connection that hears the caller, thinks and speaks.
//
// The model finds no turns and runs no tools. Whoever holds the session says when an utterance is over (Commit) and when to answer (Respond), carries out
// the calls that come, and decides what of the answer is heard; so one conversation can go on with another model, or without one, at any moment.
package s2s

import (
	"context"
	"encoding/json"
	"time"

	"griot/internal/media"
	"griot/internal/model/llm"
	"griot/internal/model/tts"
)

// Model opens sessions. It is safe for concurrent use.
type Model interface {
	Caps() Caps
	// Open connects, gives the settings and returns when they were accepted; ctx bounds the session's life. Its faults: Denied for a wrong key, NotFound for an unknown
	// model, Invalid for settings that are refused, Limited and Unavailable when another try may help.
	Open(ctx context.Context, o Options) (Session, error)
}

// Caps says what a model can do.
type Caps struct {
	ID        string   // such as "openai/gpt-realtime", shown to people
	Languages []string // BCP 47 prefixes; empty means any
	Rate      int      // of the sound, both ways, in Hz; mono
	Words     bool     // Words events say when each word sounds
	Voices    []string // those that are known by name; empty means that nobody knows
}

// Options of one session.
type Options struct {
	Lang     string // BCP 47
	Settings Settings
}

// Settings may change while a session lasts.
type Settings struct {
	Instructions string
	Voice        string  // empty for the model's choice. It stays once the model has spoken
	Speed        float64 // how much faster than usual it speaks; 0 and 1 for as it does
	Text         bool    // answers are written, not spoken
	Tools        []llm.ToolSpec
	Choice       string // "auto" (or empty), "none", "required", or a tool's name
	MaxTokens    int    // of one answer; 0 for the model's own limit
	Temperature  *float64
}

// Session is one conversation with the model. SendAudio and Send may be called by several goroutines, and each returns once its message is written; Recv belongs to one.
// Recv returns io.EOF after Close, and context's error when the life of the session is over; any other error is a fault that has ended the session.
type Session interface {
	// SendAudio adds sound of the caller to the utterance, mono at the model's rate. It does not keep f.PCM.
	SendAudio(ctx context.Context, f media.Frame) error
	Send(ctx context.Context, c Command) error
	Recv(ctx context.Context) (Event, error)
	Close() error
}

// Command is a closed set: what is asked of a session.
type Command interface{ command() }

type (
	// Update changes the settings, as a whole: Updated follows, or Refused and nothing has changed.
	Update struct{ Settings Settings }
	// Commit says that the utterance is over: Committed follows, and in its own time Heard or Unheard. It asks for no answer.
	Commit struct{}
	// Clear forgets the utterance.
	Clear struct{}
	// Add puts an item into the history: at the end, or after the item After, or at the head when that is Head.
	Add struct {
		Item  Item
		After string
	}
	// Remove takes an item out of the history.
	Remove struct{ ID string }
	// Respond asks for an answer: Started with the same Tag follows, or Refused with it. One answer at a time.
	Respond struct {
		Tag string // chosen by who asks; not empty
		Say string // say this, word for word as far as the model can, instead of an answer of its own
		// What holds for this answer only; nil and zero values leave the settings as they are.
		Instructions *string
		Text         *bool
		Tools        []llm.ToolSpec
		Choice       string
		MaxTokens    int
		Input        []Item // replaces the history, when not nil
	}
	// Cancel stops an answer: its Done follows. It is nothing when the answer has ended by itself.
	Cancel struct{ Response string }
	// Truncate says that of a spoken item only the first part was heard: the model forgets the rest.
	Truncate struct {
		ID    string
		Heard time.Duration
	}
)

func (Update) command()   {}
func (Commit) command()   {}
func (Clear) command()    {}
func (Add) command()      {}
func (Remove) command()   {}
func (Respond) command()  {}
func (Cancel) command()   {}
func (Truncate) command() {}

// Head as Add.After is the head of the history.
const Head = "root"

// Item is one entry of the history: a message, a call, or a call's result.
type Item struct {
	ID     string // unique in the session, at most 32 characters; empty lets the model choose
	Role   llm.Role
	Text   string
	Call   *llm.ToolCall
	Result *llm.ToolResult
	Raw    json.RawMessage // of a message with more than text: as the Realtime protocol writes it
}

// Kind of an Event.
type Kind uint8

// The kinds of events.
const (
	Updated   Kind = iota + 1 // the settings were accepted
	Refused                   // a command was refused: Err, which one by Command, and Tag of a Respond. The session goes on
	Committed                 // the utterance has become item Item
	Partial                   // Text: what item Item, or the utterance when that is empty, seems to say so far; replaces the one before
	Heard                     // Text: what was said in item Item, perhaps nothing. Usage is what finding out cost
	Unheard                   // what was said in item Item is not known: Err. The model has heard it all the same
	Started                   // an answer begins: Response, Tag
	Text                      // a further piece of it: Response, Item, Text
	Audio                     // a further piece of its sound: Response, Item, Frame
	Words                     // Marks: when words of item Item sound. Mark.Text is not set; Mark.Phoneme holds the word
	Call                      // a tool is wanted: Response, Item, Call
	Done                      // the answer is over: Response, Stop, Cancelled, Err, Usage. Nothing of it follows
	Warning                   // Text: something that is not as it should be, and harmless
)

// Event is something that happened.
type Event struct {
	Kind      Kind
	Tag       string
	Response  string
	Item      string
	Text      string
	Frame     media.Frame // belongs to the receiver
	Marks     []tts.Mark  // At counts from the start of the item's sound
	Call      *llm.ToolCall
	Usage     *llm.Usage
	Stop      llm.StopReason
	Cancelled bool
	Command   Command // of Refused: one of the same type
	Err       error   // a fault: Limited, Unavailable, Invalid …
}

// String names a kind, for messages.
func (k Kind) String() string {
	names := [...]string{"", "updated", "refused", "committed", "partial", "heard", "unheard", "started", "text", "audio", "words", "call", "done", "warning"}
	if int(k) < len(names) {
		return names[k]
	}
	return ""
}
