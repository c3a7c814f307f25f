// Package turn decides who has the floor. A Policy is pure: no goroutines, no clock of its own; the same signals give the same
// decisions, so every complaint about turn taking becomes a row of a table test.
//
// Read in this order: turn.go (the words of this package), floor.go (a turn from its first sound to its end), silence.go and semantic.go (how
// long a pause ends it), clause.go and entity.go (what the words say about that), barge.go (speech over the agent).
package turn

import "time"

// Signal is Voice, Words, Agent, Asked, Suspicion, Echo or Tick.
type Signal interface{ signal() }

type (
	// Voice is an edge between speech and silence in the caller's audio. At is the audio position of the edge itself, Pos how far the
	// audio had come when it was found; both count from the start of the caller's audio.
	Voice struct {
		On      bool
		At, Pos time.Duration
	}
	// Words are what the recogniser has so far of the turn; each replaces the one before. Whole says that the recogniser itself knows them for a complete
	// utterance (a sentence of its grammar). Final ones are settled: of the speech that is being weighed, or, when there is none and nobody has the
	// turn, of the turn that ended last.
	Words struct {
		Text         string
		Final, Whole bool
	}
	// Agent says whether the agent has the floor: speaking (its sound is being heard) or thinking (an answer is on its way). Left is how much of its
	// speech is known to be still unheard; Protected, that this segment may not be cut.
	Agent struct {
		Speaking, Thinking, Protected bool
		Left                          time.Duration
	}
	// Asked says what the agent's last words asked for (KindOfQuestion finds it in them), or what a tool waits for. It holds until the next one. Length is
	// how many letters and digits a reference has, 0 when that is not known.
	Asked struct {
		Kind   Kind
		Length int
	}
	// Suspicion comes before a Voice edge: the first frames of what may become speech, or the end of that.
	Suspicion struct{ On bool }
	// Echo says that what sounds like the caller is our own sound coming back.
	Echo struct{}
	// Tick arrives at the time that an earlier Decision asked for, or later.
	Tick struct{}
)

func (Voice) signal() {}
func (Words) signal() {}
func (Agent) signal() {}
func (Asked) signal() {}
func (Tick) signal()  {}

func (Suspicion) signal() {}
func (Echo) signal()      {}

// Act is what to do.
type Act uint8

// The acts.
const (
	None      Act = iota
	Start         // the caller has begun a turn
	Duck          // something sounds: lower the agent
	Unduck        // it was nothing
	Hold          // pause the agent, it may be a false alarm
	Resume        // it was
	Interrupt     // it was not: the caller has begun a turn and the agent falls silent
	End           // the caller has finished: answer
	Reopen        // the caller goes on with the turn that ended last: take the answer back, which nobody has heard, and join the words
	Prepare       // the turn may be over: begin to think about its words so far, without saying or changing anything
)

// Decision is an act and perhaps a time at which the policy wants a Tick. At is the audio position to which the act belongs:
// for Start, Hold, Interrupt and Reopen the onset of speech, for End and Prepare the end of the silence that decided it. LastVoice comes with End and Prepare:
// where speech really stopped. Again asks the caller to put the same signal once more, after carrying out the act.
type Decision struct {
	Act       Act
	At        time.Duration
	LastVoice time.Duration
	Wake      time.Time
	Again     bool
}

// Policy decides who has the floor.
type Policy interface {
	Observe(now time.Time, s Signal) Decision
	// Reset forgets a turn in progress: the input was cleared or committed by hand. What was learnt of the caller stays.
	Reset()
}

// Detection is how the end of a turn is found, in the words of the Realtime protocol.
type Detection string

// The detections. An empty one is ServerVAD.
const (
	ServerVAD   Detection = "server_vad"   // after a fixed pause
	SemanticVAD Detection = "semantic_vad" // after a pause that depends on the words, on what was asked and on the caller
)

// Eagerness is how soon SemanticVAD answers.
type Eagerness string

// The levels of eagerness. An empty one is EagernessAuto, which is as medium.
const (
	EagernessLow    Eagerness = "low"
	EagernessMedium Eagerness = "medium"
	EagernessHigh   Eagerness = "high"
	EagernessAuto   Eagerness = "auto"
)

// DefaultMerge is a good Settings.Merge, DefaultPrepare a good Settings.Prepare.
const (
	DefaultMerge   = 600 * time.Millisecond
	DefaultPrepare = 2
)

// Settings of turn taking, in the words of the Realtime protocol's turn_detection.
type Settings struct {
	Manual            bool          // turn_detection null: a client commits and asks for responses itself
	Kind              Detection     // how the end of a turn is found
	Eagerness         Eagerness     // of SemanticVAD
	Threshold         float32       // activation of the voice detector, 0…1
	PrefixPadding     time.Duration // audio kept from before the detected start
	Silence           time.Duration // how long a pause ends the turn; for SemanticVAD, when the words say nothing about it, 0 for what suits the eagerness
	CreateResponse    bool          // answer when a turn ends
	InterruptResponse bool          // the caller's voice cuts the agent
	IdleTimeout       time.Duration // prompt a silent caller after this; 0 means never
	MaxTurn           time.Duration // a turn is ended after this, so that music cannot hold the floor for ever
	MaxPause          time.Duration // of SemanticVAD: no pause is waited for longer; 0 for what suits the eagerness
	Merge             time.Duration // speech this soon after the end of a turn goes on with it, if nothing of the answer was heard; 0 for never
	Prepare           int           // how often in a turn an answer may be prepared before it ends, at most 2; 0 for never
	Lang              string        // BCP 47: whose words are listened for
	Sensitivity       Sensitivity   // how much evidence cuts the agent; empty for medium
	KeepThinking      bool          // speech while the agent thinks does not stop it
}

// Defaults are the protocol's.
func Defaults() Settings {
	return Settings{
		Kind:              ServerVAD,
		Threshold:         0.5,
		PrefixPadding:     300 * time.Millisecond,
		Silence:           500 * time.Millisecond,
		CreateResponse:    true,
		InterruptResponse: true,
		MaxTurn:           30 * time.Second,
	}
}

// New returns the policy for these settings.
func New(s Settings) Policy {
	if s.Manual {
		return manual{}
	}
	if s.MaxTurn <= 0 {
		s.MaxTurn = Defaults().MaxTurn
	}
	s.Prepare = max(0, min(s.Prepare, DefaultPrepare))
	return newBarge(s)
}

// manual leaves every decision to the client.
type manual struct{}

func (manual) Observe(time.Time, Signal) Decision { return Decision{} }
func (manual) Reset()                             {}
