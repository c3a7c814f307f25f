package session

import (
	"fmt"
	"time"

	"griot/internal/event"
	"griot/internal/live/playout"
	"griot/internal/live/reply"
	"griot/internal/live/transport"
	"griot/internal/live/turn"
	"griot/internal/model/llm"
	"griot/internal/model/stt"
	"griot/internal/tool"
)

// state is all that a conversation remembers. Only step changes it.
type state struct {
	plan   Plan
	lim    Limits
	leg    transport.Info
	set    Settings
	server []tool.Tool // the agent's own
	tools  []tool.Tool // and with the client's
	policy turn.Policy
	agent  turn.Agent // what the policy was told last
	hist   history
	spoken map[string]*attempt // by item

	began    time.Time
	active   time.Time     // when anybody last did anything
	pos      time.Duration // of the caller's audio
	voiceEnd time.Time     // when the caller was last heard to stop, on our clock
	ids      int
	utts     int
	turns    int // answers timed so far
	nonsense int // turns in a row in which nothing was recognised

	cand   *userTurn   // what sounds like a turn over the agent, which is held until that is settled
	turn   *userTurn   // the caller's turn under way
	finals []*userTurn // finished turns whose words the recogniser still owes, oldest first
	owed   *userTurn   // the newest turn that waits for its answer, or whose answer was cut before it was heard
	gen    event.Gen   // of the newest attempt or cut
	rep    *attempt    // thinking or sending; nil when there is none
	tails  []*attempt  // sent whole or cut, and not yet settled
	late   []*attempt  // settled, while tools of theirs still run

	asides  []*attempt  // written responses outside the conversation, under way
	waiting []Overrides // spoken ones, which wait for the caller's ear

	asked  *asked   // a client asked for a reply, and the words that it answers are still to come
	cutOff *attempt // the newest that a voice has cut in the middle, in case that was no interruption
	goOn   bool     // it was none: the rest of cutOff is to be said

	keys    string // pressed, and not yet taken as a message
	keysDue time.Time

	line     lineState
	lineDown bool        // people were told so
	unread   []*userTurn // turns that the model upstream has, whose words are to come, oldest first

	echoes bool // the agent's voice is known to come back

	brief string // what a tool wants the model to know from now on

	floor event.Floor
	node  string            // of the call flow, as was told last
	slots map[string]string // likewise

	policyWake time.Time
	idleAsked  time.Time
	closing    string // the reason, once the end has begun
	closeBy    time.Time
}

// userTurn is one turn of the caller.
type userTurn struct {
	item      string
	utt       int // number of the recogniser's utterance
	from      time.Duration
	to        time.Duration
	lastVoice time.Time // when the caller was last heard, on our clock
	voicePos  time.Duration
	ended     time.Time
	finalText time.Time
	over      string // what the agent was saying when it began
	partial   string
	ref       string // the name under which a model upstream has it
	cut       bool   // it interrupted the agent
	joins     bool   // it goes on with the turn before it
	manual    bool   // a client committed it: no answer unless asked for
	deadline  time.Time
}

// attempt is one generation of the agent.
type attempt struct {
	gen      event.Gen
	response string
	item     string
	cause    string
	text     string // all that was generated
	textOnly bool
	aside    bool   // outside the conversation
	request  uint64 // the client's, see Overrides
	metadata map[string]string
	usage    llm.Usage
	turn     *userTurn // that it answers
	fixed    string    // to be said word for word; empty for an answer
	over     Overrides
	line     bool  // made by a model upstream
	waits    bool  // for the words that the cascade has to answer, since the line failed
	it       *Item // its message in the history, once it said something

	started                                      time.Time
	firstToken, toolsDone, firstAudio, sent, ear time.Time
	moved                                        time.Time                // when it last got on
	tools                                        map[string]time.Duration // how long each of its calls that have not returned may take, by id; nothing for those without a time of their own

	stopped bool // reply.Done has come
	drained bool // every frame is written
	settled bool
	done    bool // ReplyDone was emitted
	cut     bool
	cutBy   string // why: "turn_detected", "client_cancelled", …
	status  string
	reason  string
	message string
	stop    llm.StopReason
	written bool // the text is complete
	acted   bool // it called tools
	pending bool
	early   bool // settled before the reply reported its end
	upto    time.Duration
	total   time.Duration
	wrote   time.Duration           // sent to the leg, once that is final
	heard   int                     // bytes of text
	heardAt func(time.Duration) int // the settled ledger
	cutAt   time.Duration           // where a client says it was cut; 0 when none did
}

// harmless reports whether the attempt has done nothing yet that anybody would notice.
func (a *attempt) harmless() bool { return a.sent.IsZero() && !a.acted && !a.textOnly }

// asked is a reply that a client wants.
type asked struct {
	turn *userTurn
	over Overrides
}

// The messages of the mailbox.
type (
	msg      interface{}
	voiceMsg struct {
		on      bool
		at, pos time.Duration
		seen    time.Time
	}
	suspectMsg struct{ on bool }
	echoMsg    struct{ delay time.Duration }
	wordsMsg   struct {
		utt int
		ev  stt.Event
	}
	earFault struct {
		utt int
		err error
	}
	digitMsg struct{ digit rune }
	textMsg  struct{ text string }
	legGone  struct{ err error }
	replyMsg struct{ n reply.Note }
	playMsg  struct{ n playNote }
	tickMsg  struct{}
	doMsg    struct {
		cmd   Command
		reply chan error
	}
	beginMsg struct{}
	stopMsg  struct{ reason string }
)

// effect is something to do in the world. The actor carries effects out in order.
type effect interface{}

type (
	emit struct {
		body event.Body
		gen  event.Gen
	}
	startRep struct {
		att  *attempt
		job  reply.Job
		line bool // over the line
	}
	cancelRep struct{ gen event.Gen }
	cutPlay   struct{ gen event.Gen } // everything older falls silent
	openEar   struct {
		utt   int
		hints stt.Hints
	}
	closeEar   struct{ utt int }
	holdPlay   struct{ on bool }
	duckPlay   struct{ on bool }
	discardEar struct{ utt int }
	prepare    struct{ request llm.Request } // think ahead; an empty one stops that
	answer     struct {
		to  chan error
		err error
	}
	retune    struct{ threshold float32 }
	changeEar struct {
		model stt.Model
		lang  string
	}
)

func (s *state) id(prefix string) string {
	s.ids++
	short := s.plan.ID
	if len(short) > 8 {
		short = short[len(short)-8:]
	}
	return fmt.Sprintf("%s_%s%05d", prefix, short, s.ids)
}

// The player's notes, as step reads them.
type playNote = playout.Note

const (
	playSent     = playout.Sent
	playDrained  = playout.Drained
	playProgress = playout.Progress
	playSounded  = playout.Sounded
	playSettled  = playout.Settled
	playBroken   = playout.Broken
)

// out collects effects.
type out struct{ list []effect }

func (o *out) add(e effect)                      { o.list = append(o.list, e) }
func (o *out) emit(b event.Body)                 { o.add(emit{body: b}) }
func (o *out) emitGen(g event.Gen, b event.Body) { o.add(emit{body: b, gen: g}) }
