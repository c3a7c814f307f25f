// Package eartruth measures a conversation by its recording alone: what a listener with a stopwatch would note. It knows nothing of the
// pipeline that made the sound, so the two can be held against each other.
package eartruth

import "griot/internal/event"

// Report is what was heard. Positions count from the start of the recording; how each value is defined, and how exact it is, is
// described in docs/ear-truth.md.
type Report struct {
	Duration event.Millis `json:"duration_ms" doc:"Length of what was measured."`
	Turns    []Answer     `json:"turns" doc:"The agent's answers, in order."`
	BargeIns []BargeIn    `json:"barge_ins" doc:"Where the caller began to speak while the agent was sounding."`
	Overlaps []Overlap    `json:"overlaps" doc:"Where both were sounding."`
	Silences []Silence    `json:"silences" doc:"Dead air: more than 2 s in which neither was sounding while the agent owed an answer."`
	Clips    []Clip       `json:"clips" doc:"Where the agent's sound broke off instead of fading."`

	ResponseP50    *event.Millis `json:"response_delay_p50_ms,omitempty" doc:"Median of the turns' delays; absent without a turn."`
	ResponseMax    *event.Millis `json:"response_delay_max_ms,omitempty" doc:"Longest of the turns' delays; absent without a turn."`
	UnexplainedP50 *event.Millis `json:"unexplained_p50_ms,omitempty" doc:"Median of the turns' unexplained remainders; absent when none is known."`
	StopP50        *event.Millis `json:"barge_in_stop_p50_ms,omitempty" doc:"Median time from the caller's first sound to the agent's last; absent when the agent never stopped."`
	OverlapTotal   event.Millis  `json:"overlap_ms"`
	DeadAir        event.Millis  `json:"dead_air_ms" doc:"Sum of the silences' lengths."`
	Clipped        int           `json:"clipped_words" doc:"How many clips there are."`
	CallerSpeaks   event.Millis  `json:"caller_ms" doc:"How long the caller was sounding."`
	AgentSpeaks    event.Millis  `json:"agent_ms" doc:"How long the agent was sounding."`
	CallerShare    float64       `json:"caller_share" doc:"caller_ms as a part of the whole, 0 to 1."`
	AgentShare     float64       `json:"agent_share" doc:"agent_ms as a part of the whole, 0 to 1."`
}

// Answer is one answer of the agent to what the caller said. The events that are counted in it are those from the caller's first sound on
// until the next turn's.
type Answer struct {
	From        event.Millis  `json:"from_ms" doc:"The caller's first sound."`
	At          event.Millis  `json:"at_ms" doc:"The caller's last sound, where the delay begins."`
	Delay       event.Millis  `json:"response_delay_ms" doc:"From the caller's last sound to the agent's first."`
	Response    string        `json:"response,omitempty" doc:"The reply that the pipeline timed for it; absent when none fits."`
	Pipeline    *event.Millis `json:"pipeline_ms,omitempty" doc:"The same delay as the pipeline timed it: heard_ms, or sent_ms where no sound was acknowledged."`
	Unexplained *event.Millis `json:"unexplained_ms,omitempty" doc:"response_delay_ms less pipeline_ms: what no timer of the pipeline accounts for."`
	Stop        *event.Millis `json:"barge_in_stop_ms,omitempty" doc:"When the caller began by interrupting: how long the agent went on."`
	Overlap     event.Millis  `json:"overlap_ms"`
	DeadAir     event.Millis  `json:"dead_air_ms"`
	Clipped     int           `json:"clipped_words"`
}

// BargeIn is a caller who begins to speak while the agent is sounding.
type BargeIn struct {
	At   event.Millis  `json:"at_ms" doc:"The caller's first sound."`
	Stop *event.Millis `json:"stop_ms,omitempty" doc:"From there to the agent's last sound before at least 300 ms of silence; absent when the agent did not yield."`
}

// Overlap is a stretch in which both sound.
type Overlap struct {
	At     event.Millis `json:"at_ms"`
	Length event.Millis `json:"length_ms"`
	By     string       `json:"by" enum:"caller,agent" doc:"Who began to speak while the other did."`
}

// Silence is a stretch of dead air.
type Silence struct {
	At     event.Millis `json:"at_ms"`
	Length event.Millis `json:"length_ms"`
}

// Clip is a place where the agent's sound broke off inside a word.
type Clip struct {
	At event.Millis `json:"at_ms"`
}
