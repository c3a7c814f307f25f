package upstream

import (
	"context"
	"strconv"
	"time"

	"griot/internal/event"
	"griot/internal/fault"
	"griot/internal/model/llm"
	"griot/internal/model/s2s"
)

// Ask is what an answer is asked for.
type Ask struct {
	Gen     event.Gen
	Item    string // id that its message has in our history
	History []Entry
	Say     string // say this, instead of an answer of the model's own
	// What holds for this answer only, as in s2s.Respond.
	Instructions *string
	Text         *bool
	Tools        []llm.ToolSpec
	Choice       string
	MaxTokens    int
	Input        []s2s.Item
}

// mostQueued bounds what may wait for the reader of an answer: two minutes of sound, in samples at 24 kHz.
const mostQueued = 2 * 60 * 24000

// ErrSilent is the fault of an answer of which nothing came for too long.
var ErrSilent error = fault.New(fault.Unavailable, "upstream_silent", "the speech-to-speech model fell silent")

// Answer is one answer of the model, which may go on after tools were run. Recv belongs to one goroutine.
type Answer struct {
	l   *Line
	ask Ask

	// Guarded by the line's mu.
	tag      string
	response string // under way; empty before and after
	over     bool   // the newest response has ended
	closed   bool   // nobody reads any more
	settling bool   // what was heard of it is still to come, although it was cut
	err      error
	queue    []s2s.Event
	size     int // samples in queue
	wake     chan struct{}
	epoch    int
	segs     []segment
}

// segment is one spoken item of an answer.
type segment struct {
	item  string
	sound time.Duration // that came
	kept  time.Duration // that the model remembers; below 0: nothing was forgotten
	text  int           // bytes
}

// Respond asks for an answer, once the one before has ended and the model knows the same history as we. It waits for a line that may soon be up, for at most the line's patience.
func (l *Line) Respond(ctx context.Context, q Ask) (*Answer, error) {
	a := &Answer{l: l, ask: q, wake: make(chan struct{}, 1)}
	if err := a.begin(ctx, true); err != nil {
		return nil, err
	}
	return a, nil
}

// begin asks for a response.
func (a *Answer) begin(ctx context.Context, first bool) error {
	l := a.l
	sess, epoch, err := l.ready(ctx)
	if err != nil {
		return err
	}
	free := func() bool {
		return l.epoch != epoch || l.state != up || l.busy == nil && l.told && len(l.settled) == 0
	}
	if !l.wait(ctx, stuck, free) {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		err := fault.New(fault.Unavailable, "upstream_stuck", "%s does not end an answer that was cancelled", l.model.Caps().ID)
		l.hangUp(epoch, err)
		return err
	}
	if first {
		// What was heard of an answer that was just cut is known in a moment.
		_ = l.wait(ctx, 300*time.Millisecond, func() bool { return l.epoch != epoch || !l.settlingAny() && len(l.settled) == 0 })
	}
	l.mu.Lock()
	if l.epoch != epoch || l.state != up {
		err := l.err
		l.mu.Unlock()
		if err == nil {
			err = fault.New(fault.Unavailable, "upstream_lost", "the line to %s was lost", l.model.Caps().ID)
		}
		return err
	}
	if l.busy != nil {
		l.mu.Unlock()
		return fault.New(fault.Conflict, "upstream_busy", "%s is asked for two answers at once", l.model.Caps().ID)
	}
	if !first && a.epoch != epoch {
		l.mu.Unlock()
		return fault.New(fault.Unavailable, "upstream_lost", "the line to %s was lost in the middle of an answer", l.model.Caps().ID)
	}
	l.tags++
	a.tag, a.over, a.epoch = strconv.Itoa(l.tags), false, epoch
	l.busy = a
	if first {
		l.recent = append(l.recent, a)
		if n := len(l.recent) - remember; n > 0 {
			l.recent = append(l.recent[:0], l.recent[n:]...)
		}
	}
	var todo []s2s.Command
	if first && a.ask.Input == nil {
		todo = l.mirror.sync(a.ask.History, l.opts.Limit)
	}
	l.mu.Unlock()
	q := a.ask
	todo = append(todo, s2s.Respond{Tag: a.tag, Say: q.Say, Instructions: q.Instructions, Text: q.Text, Tools: q.Tools, Choice: q.Choice, MaxTokens: q.MaxTokens, Input: q.Input})
	for _, c := range todo {
		if err := sess.Send(ctx, c); err != nil {
			l.mu.Lock()
			if l.busy == a {
				l.busy = nil
			}
			l.moved()
			l.mu.Unlock()
			return err
		}
	}
	return nil
}

// settlingAny reports whether an answer was cut, and what was heard of it is not known yet. Called with mu held.
func (l *Line) settlingAny() bool {
	for _, a := range l.recent {
		if a.settling && a.epoch == l.epoch {
			return true
		}
	}
	return false
}

// push queues an event. Called with mu held.
func (a *Answer) push(ev s2s.Event) {
	a.queue = append(a.queue, ev)
	a.size += len(ev.Frame.PCM)
	a.nudge()
}

// fail ends the answer, after what has come. Called with mu held.
func (a *Answer) fail(err error) {
	if a.err == nil {
		a.err = err
	}
	a.over, a.settling = true, false
	a.nudge()
}

func (a *Answer) nudge() {
	select {
	case a.wake <- struct{}{}:
	default:
	}
}

// Recv returns the next event: Text, Audio, Words, Call, or Done, which is the last until Return. It waits at most for limit, and then hangs up on a model that is
// silent: the error is ErrSilent.
func (a *Answer) Recv(ctx context.Context, limit time.Duration) (s2s.Event, error) {
	var timer *time.Timer
	for {
		a.l.mu.Lock()
		if len(a.queue) > 0 {
			ev := a.queue[0]
			a.queue[0] = s2s.Event{}
			a.queue = a.queue[1:]
			was := a.size
			a.size -= len(ev.Frame.PCM)
			if was > mostQueued {
				a.l.moved()
			}
			a.l.mu.Unlock()
			return ev, nil
		}
		err, epoch := a.err, a.epoch
		a.l.mu.Unlock()
		if err != nil {
			return s2s.Event{}, err
		}
		if timer == nil {
			timer = time.NewTimer(limit)
			defer timer.Stop()
		}
		select {
		case <-a.wake:
		case <-ctx.Done():
			return s2s.Event{}, context.Cause(ctx)
		case <-timer.C:
			a.l.hangUp(epoch, ErrSilent)
			return s2s.Event{}, ErrSilent
		}
	}
}

// Return gives the results of the tools that the answer called, and has it go on.
func (a *Answer) Return(ctx context.Context, calls []llm.ToolCall, results []llm.ToolResult) error {
	l := a.l
	l.mu.Lock()
	sess, same := l.sess, l.epoch == a.epoch && l.state == up
	l.mu.Unlock()
	if !same {
		return fault.New(fault.Unavailable, "upstream_lost", "the line to %s was lost while a tool ran", l.model.Caps().ID)
	}
	for i, r := range results {
		if a.ask.Input != nil { // it answers a history of its own
			a.ask.Input = append(a.ask.Input, s2s.Item{Role: llm.Assistant, Call: &calls[i]}, s2s.Item{Result: &r})
		}
		l.mu.Lock()
		id := l.mirror.result(r.CallID)
		l.mu.Unlock()
		if err := sess.Send(ctx, s2s.Add{Item: s2s.Item{ID: id, Result: &r}}); err != nil {
			return err
		}
	}
	a.ask.Choice = "" // a forced tool is forced once
	return a.begin(ctx, false)
}

// Close says that nothing more is wanted of the answer: one that goes on is stopped.
func (a *Answer) Close() {
	l := a.l
	l.mu.Lock()
	a.closed, a.queue, a.size = true, nil, 0
	sess, response := l.sess, a.response
	if l.epoch != a.epoch || l.state != up {
		response = ""
	}
	l.moved()
	l.mu.Unlock()
	if response == "" {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), stuck)
	defer cancel()
	_ = sess.Send(ctx, s2s.Cancel{Response: response}) // a line that is gone is noticed by who reads it
}

// Pace is how long this model takes to say a byte of text, as far as is known.
func (l *Line) Pace() time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.pace
}

// measure notes which items an answer has, and how long they are. Called with mu held.
func (l *Line) measure(a *Answer, ev s2s.Event) {
	switch ev.Kind {
	case s2s.Text, s2s.Audio:
		n := len(a.segs)
		if n == 0 || a.segs[n-1].item != ev.Item {
			a.segs = append(a.segs, segment{item: ev.Item, kept: -1})
			l.mirror.said(a.ask.Item, ev.Item)
			n++
		}
		s := &a.segs[n-1]
		s.text += len(ev.Text)
		s.sound += length(ev)
	case s2s.Call:
		l.mirror.called(ev.Call.ID, ev.Item)
	case s2s.Done:
		if n := len(a.segs); n > 0 && ev.Err == nil && !ev.Cancelled {
			if s := a.segs[n-1]; s.text >= 20 && s.sound > time.Second {
				l.pace = (l.pace + s.sound/time.Duration(s.text)) / 2
			}
		}
	}
}

// length of an event's sound; 0 for one that has none.
func length(ev s2s.Event) time.Duration {
	if ev.Frame.Rate == 0 {
		return 0
	}
	return ev.Frame.Duration()
}
