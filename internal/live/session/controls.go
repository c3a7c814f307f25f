package session

import (
	"time"

	"griot/internal/model/llm"
	"griot/internal/model/stt"
)

// Command is something that a client, an operator or a tool asks of a running session.
type Command interface{ command() }

type (
	// Say lets the agent say this text next, word for word.
	Say struct{ Text string }
	// Interrupt cuts the agent as the caller's voice would. Response may name the attempt that is meant; it is a fault.Conflict with code
	// "response_cancel_not_active" when nothing (or another one) is under way.
	Interrupt struct{ Response string }
	// Silence cuts whatever the agent is saying, also what was sent whole and is still heard. It is nothing when there is silence.
	Silence struct{}
	// HangUp ends the conversation with this reason.
	HangUp struct{ Reason string }
	// Digits are keys that the caller pressed.
	Digits struct{ Keys string }
	// TypedText is a message that the caller typed: it enters the history, cuts the agent and is answered.
	TypedText struct{ Text string }
	// Update changes the settings.
	Update struct{ Settings Settings }
	// CommitInput ends the caller's turn by hand. It never starts a response.
	CommitInput struct{}
	// ClearInput forgets the caller's turn under way.
	ClearInput struct{}
	// CreateItem puts an item into the history, at the end or after Previous ("root" is the head). An empty id is filled in.
	CreateItem struct {
		Item     *Item
		Previous string
	}
	// DeleteItem takes an item out of the history.
	DeleteItem struct{ ID string }
	// TruncateItem says that of this spoken item only the first part was heard.
	TruncateItem struct {
		ID  string
		End time.Duration
	}
	// RetrieveItem copies an item into Into.
	RetrieveItem struct {
		ID   string
		Into *Item
	}
	// Listen puts another recogniser in the place of the one that listens, from the next turn on. It is a fault.Conflict when none does.
	Listen struct {
		STT        stt.Model
		Name, Lang string
	}
	// Respond asks for a response now.
	Respond struct{ Overrides Overrides }
)

func (Say) command()          {}
func (Interrupt) command()    {}
func (Silence) command()      {}
func (HangUp) command()       {}
func (Digits) command()       {}
func (TypedText) command()    {}
func (Update) command()       {}
func (CommitInput) command()  {}
func (ClearInput) command()   {}
func (CreateItem) command()   {}
func (DeleteItem) command()   {}
func (TruncateItem) command() {}
func (RetrieveItem) command() {}
func (Listen) command()       {}
func (Respond) command()      {}

// Overrides hold for one response. Nil and zero values leave the session's settings.
type Overrides struct {
	Instructions *string
	TextOnly     *bool
	Tools        []llm.ToolSpec
	ToolChoice   string
	OneCall      *bool
	MaxTokens    int
	Input        []llm.Message // replaces the history, when not nil
	Metadata     map[string]string
	OutOfBand    bool   // outside the conversation: it adds nothing to the history
	Request      uint64 // given back in ReplyStarted
	Temperature  *float64
	Say          string // word for word, instead of an answer
}
