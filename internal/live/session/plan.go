// Package session is one live conversation. One goroutine, the actor, owns its state; everything else (the listener that reads the leg, the recogniser,
// the reply in progress, the player) posts messages to its mailbox. What a message does to the state is decided by the pure
// state.step, and carried out by effects.go.
//
// Read in this order: plan.go (what a conversation needs), state.go, step.go, effects.go, listen.go and ears.go (the way in), history.go.
package session

import (
	"time"

	"griot/internal/live/load"
	"griot/internal/live/playout"
	"griot/internal/live/reply"
	"griot/internal/live/turn"
	"griot/internal/media"
	"griot/internal/model/llm"
	"griot/internal/model/s2s"
	"griot/internal/model/stt"
	"griot/internal/model/tts"
	"griot/internal/tool"
)

// Plan is everything a conversation needs, decided before it starts.
type Plan struct {
	ID, Tenant string
	Agent      string // reference
	Name       string
	Version    int
	Lang       string // BCP 47
	Models     Models
	Voice      tts.Options
	Settings   Settings
	Tools      []tool.Set
	Greeting   string // said first; empty waits for the caller
	Protected  bool   // the greeting may not be cut
	Transcribe bool   // nobody answers: what is said is written down, and that is all
	Notices    []Notice
	Limits     Limits
	Phrases    Phrases
	// NoSelfVoice takes all that comes in for the caller: the agent's own voice is not looked for in it.
	NoSelfVoice bool
	CallerTap   func(at time.Duration, f media.Frame) // sees every inbound frame, as it came; at counts from the start of the session
	AgentTap    playout.Tap                           // sees what was heard of the agent
	AgentWords  func(playout.Word)                    // is told when the words of a voice with marks sound; see playout.Player.Narrate
	OnCommand   func(Command)                         // sees every command, before it is carried out
	Load        *load.Meter                           // counts for the node; nil counts nothing
}

// Models of the cascade, and the one that hears, thinks and speaks in its place. STT may be nil: then the caller types and presses keys, and a Notice says so.
// TTS may be nil: then the agent writes. With S2S all three may be: then there is nobody to answer when it cannot be had.
type Models struct {
	STT stt.Model
	LLM llm.Model
	TTS tts.Model
	S2S s2s.Model
	// Names for the record.
	STTName, LLMName, TTSName, S2SName string
	S2SVoice                           string // empty for the model's own choice
}

// Settings can change while the conversation runs.
type Settings struct {
	Instructions string
	Turn         turn.Settings
	TextOnly     bool    // the agent writes and does not speak
	Voice        string  // of a speech-to-speech model, as the client wants it; empty for the plan's
	Speed        float64 // how much faster than usual it speaks; 0 and 1 for as it does
	ToolChoice   string
	OneCall      bool // at most one tool call in an answer
	MaxTokens    int
	Temperature  *float64       // nil: the model's own
	Client       []llm.ToolSpec // tools that the client runs
	Hints        stt.Hints      // beside what the model expects
}

// Notice tells people of something that limits this conversation.
type Notice struct {
	Code, Message string
	Params        map[string]string
}

// Phrases are what a session says on its own account, in the conversation's language.
type Phrases struct {
	NotUnderstood string // nothing was recognised
	Apology       string // the model or a tool failed
	Goodbye       string // said before hanging up for silence or length; empty hangs up at once
	StillThere    string // idle prompt; empty uses none
	Filler        string // while a tool takes long; empty says nothing
}

// Limits of a conversation. Zero values take the defaults.
type Limits struct {
	Max      time.Duration // length of the conversation: 15 min
	Idle     time.Duration // nobody did anything: 180 s
	Final    time.Duration // the recogniser owes the words of a finished turn: 3 s
	Move     time.Duration // whoever owes the next move: 8 s
	Reply    reply.Limits
	History  int // messages sent to the model: 200
	Messages int // mailbox: 256
}

func (l Limits) orDefaults() Limits {
	set := func(d *time.Duration, v time.Duration) {
		if *d <= 0 {
			*d = v
		}
	}
	set(&l.Max, 15*time.Minute)
	set(&l.Idle, 180*time.Second)
	set(&l.Final, 3*time.Second)
	set(&l.Move, 8*time.Second)
	if l.History <= 0 {
		l.History = 200
	}
	if l.Messages <= 0 {
		l.Messages = 256
	}
	return l
}
