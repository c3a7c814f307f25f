// Package turn decides who has the floor. A Policy is pure: no goroutines, no clock of its own; the same signals give the same
// decisions, so every complaint about turn taking becomes a row of a table test.
package turn

import "time"

// Signal is Voice, Words, Agent or Tick.
type Signal interface{ signal() }

type (
	// Voice is an edge between speech and silence in the caller's audio. At is the audio position of the edge itself, Pos how far the
	// audio had come when it was found; both count from the start of the caller's audio.
	Voice struct {
		On      bool
		At, Pos time.Duration
	}
	// Words are what the recogniser has so far of the turn.
	Words struct {
		Text  string
		Final bool
	}
	// Agent says whether the agent has the floor: speaking (its sound is being heard) or thinking (an answer is on its way). Left is how much of its
	// speech is known to be still unheard; Protected, that this segment may not be cut.
	Agent struct {
		Speaking, Thinking, Protected bool
		Left                          time.Duration
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
)

// Decision is an act and perhaps a time at which the policy wants a Tick. At is the audio position to which the act belongs:
// for Start, Hold and Interrupt the onset of speech, for End the end of the silence that decided it. LastVoice comes with End: where
// speech really stopped. Again asks the caller to put the same signal once more, after carrying out the act.
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
	// Reset forgets a turn in progress: the input was cleared or committed by hand.
	Reset()
}

// Settings of turn taking, in the words of the Realtime protocol's turn_detection.
type Settings struct {
	Manual            bool          // turn_detection null: a client commits and asks for responses itself
	Threshold         float32       // activation of the voice detector, 0…1
	PrefixPadding     time.Duration // audio kept from before the detected start
	Silence           time.Duration // how long a pause ends the turn
	CreateResponse    bool          // answer when a turn ends
	InterruptResponse bool          // the caller's voice cuts the agent
	IdleTimeout       time.Duration // prompt a silent caller after this; 0 means never
	MaxTurn           time.Duration // a turn is ended after this, so that music cannot hold the floor for ever
	Lang              string        // BCP 47: whose back-channels and commands are listened for
	Sensitivity       Sensitivity   // how much evidence cuts the agent; empty for medium
	KeepThinking      bool          // speech while the agent thinks does not stop it
}

// Defaults are the protocol's.
func Defaults() Settings {
	return Settings{
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
	return newBarge(s)
}

// manual leaves every decision to the client.
type manual struct{}

func (manual) Observe(time.Time, Signal) Decision { return Decision{} }
func (manual) Reset()                             {}
