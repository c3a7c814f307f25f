// Package overview adds up a tenant's conversations: how many, how long, how quick, what was counted and what was earned.
package overview

import (
	"context"
	"time"

	"griot/internal/conversation"
)

// Figures are one tenant's conversations of a period.
type Figures struct {
	From, To    time.Time // conversations that began at From or later, and before To
	Zone        string    // IANA name of the zone that the steps of Series begin in
	At          time.Time // when this was added up
	Total       Sums
	Previous    Sums          // of the period of the same length that ended at From
	Active      int           // going on now, whenever they began
	Live        []int         // how many went on, one for each of the last LiveMinutes minutes and for now
	Latency     Delays        // by the pipeline's timers
	Ear         Delays        // by ear, from the recordings
	LatencyThen time.Duration // Latency's median of the previous period; 0 without a turn
	Durations   []Bin
	Channels    []Group // by how many, the most first
	Agents      []Group
	Step        time.Duration // of Series: 15 minutes, an hour, or, with more than 3 days, 24 hours that are days of the zone
	Series      []Step
	Rate        *Rate // now in force; nil when none ever was
}

// LiveMinutes is how far Figures.Live goes back.
const LiveMinutes = 15

// Sums are what is added up of conversations.
type Sums struct {
	Conversations int
	Failed        int
	Over          int           // that have ended, of which the lengths are
	Length        time.Duration // in all
	Shortest      time.Duration
	Longest       time.Duration
	Turns         int
	Interruptions int
	Tokens        conversation.Tokens
	Revenue       int64 // millionths of a euro
}

// Mean is the mean length of those that ended; 0 without one.
func (s *Sums) Mean() time.Duration {
	if s.Over == 0 {
		return 0
	}
	return s.Length / time.Duration(s.Over)
}

// Add counts o in.
func (s *Sums) Add(o Sums) {
	if o.Over > 0 && (s.Over == 0 || o.Shortest < s.Shortest) {
		s.Shortest = o.Shortest
	}
	s.Longest = max(s.Longest, o.Longest)
	s.Conversations += o.Conversations
	s.Failed += o.Failed
	s.Over += o.Over
	s.Length += o.Length
	s.Turns += o.Turns
	s.Interruptions += o.Interruptions
	s.Tokens.Add(o.Tokens)
	s.Revenue += o.Revenue
}

// Delays are what callers waited for the agent's first sound. Median and P95 are by nearest rank, 0 without a turn.
type Delays struct {
	Turns       int
	Median, P95 time.Duration
}

// Bin counts the conversations that ended with a length of From or more, and less than To; To is 0 for the last.
type Bin struct {
	From, To time.Duration
	Count    int
}

// Group is one channel's or one agent's part.
type Group struct {
	Key, Name string
	Sums
}

// Step is a part of the period.
type Step struct {
	At            time.Time      // its begin
	Conversations map[string]int // by channel
	Revenue       int64
}

// Rate is what a tenant's customer pays for a minute of conversation, from a moment on.
type Rate struct {
	From   time.Time
	Micros int64     // millionths of a euro for each minute
	By     string    // who set it
	At     time.Time // when
}

// Part is what a database adds up in one go: the conversations of one channel and agent that began under one rate.
type Part struct {
	Channel, Agent, Name string
	RateIndex            int // of the rates asked with, -1 before the first
	Sums                     // but Revenue
}

// Slot counts the conversations of one channel that began in a stretch of time, under one rate.
type Slot struct {
	Index         int // of the stretch, from begin
	Channel       string
	RateIndex     int
	Conversations int
	Length        time.Duration
}

// Span is when a conversation went on. End is zero while it does.
type Span struct{ Start, End time.Time }

// Store adds up in the database. All see one tenant's rows only, and take the conversations that began in [from, to).
type Store interface {
	// Parts adds up by channel, agent, and the rate in force when a conversation began. Rates are in order of time.
	Parts(ctx context.Context, tenant string, from, to time.Time, rates []Rate) ([]Part, error)
	// Slots counts in stretches of that length, the first of which begins at begin, which is not after from.
	Slots(ctx context.Context, tenant string, begin, from, to time.Time, length time.Duration, rates []Rate) ([]Slot, error)
	// Turns returns the delays of every turn, by the pipeline and by ear, in no order.
	Turns(ctx context.Context, tenant string, from, to time.Time) (pipeline, ear []time.Duration, err error)
	// Lengths counts those that ended by length: one more than bounds, which are in order.
	Lengths(ctx context.Context, tenant string, from, to time.Time, bounds []time.Duration) ([]int, error)
	// Going returns the conversations that go on, or ended at since or later, of those that began in the day before.
	Going(ctx context.Context, tenant string, since time.Time) ([]Span, error)
	// Mark returns a text that is another one whenever conversations or rates have changed, and how many conversations go on.
	Mark(ctx context.Context, tenant string) (mark string, active int, err error)
	// Rates returns all rates, in order of time.
	Rates(ctx context.Context, tenant string) ([]Rate, error)
	// PutRate sets the rate from a moment on, in place of one that begins at the same moment.
	PutRate(ctx context.Context, tenant string, r Rate) error
}
