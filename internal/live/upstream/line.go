// Package upstream is a conversation's line to a speech-to-speech model. It keeps the line up, keeps the model's idea of the conversation the same as ours, and tells when it is lost, so
// that the conversation can go on without it.
//
// Read line.go (the connection), answer.go (one answer), mirror.go (the history), ear.go (the caller's sound, and another recogniser in case the line is lost).
//
// Goroutines: Run reads, and one beside it sends what nobody may wait for; an ear that has to use its spare recogniser has two more while it is open.
package upstream

import (
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"reflect"
	"runtime"
	"slices"
	"strconv"
	"sync"
	"time"

	"griot/internal/event"
	"griot/internal/fault"
	"griot/internal/model/s2s"
)

// NoteKind tells what a Note reports.
type NoteKind uint8

// The kinds of notes.
const (
	Up      NoteKind = iota + 1 // the line stands
	Down                        // it broke: Err. It is being dialled again
	Lost                        // it cannot be had any more: Err. The last note
	Refused                     // an update of the settings was refused: Err. The old ones hold
)

// Note tells the session how the line is.
type Note struct {
	Kind NoteKind
	Err  error
}

// Options of a line.
type Options struct {
	Settings s2s.Options
	// Patience is how long an answer waits for a line that is not up before it fails: 3 s.
	Patience time.Duration
	// Renew is how old a connection gets before it is replaced by a new one, in a moment in which nobody says anything: 55 min. Services end them after an hour, whatever is being said.
	Renew time.Duration
	// Limit is how many items of the history a model is given that has seen none of it: 200.
	Limit int
}

const (
	brief     = 30 * time.Second       // a line that lived less is suspicious
	mostBrief = 3                      // in a row, then it is given up
	spread    = 400 * time.Millisecond // before dialling again: a service that restarts should not meet all its callers at once
	stuck     = 5 * time.Second        // for a service to end an answer that was cancelled
	remember  = 16                     // answers of which it may still be learnt what was heard
)

// state of the line.
type state uint8

const (
	dialling state = iota
	up
	lost
)

// Line is the connection of one conversation. Run owns it; everything else may be called by any goroutine.
type Line struct {
	model  s2s.Model
	opts   Options
	notify func(Note)
	wake   chan struct{} // capacity 1: there is something for the sender

	mu      sync.Mutex // guards what follows
	changed chan struct{}
	state   state
	err     error       // why it is not up
	sess    s2s.Session // while it is up
	epoch   int         // counts connections
	broken  error       // why it is to be hung up
	waited  bool        // an answer has waited in vain for this connection
	set     s2s.Settings
	told    bool // the model has them
	busy    *Answer
	byID    map[string]*Answer
	recent  []*Answer
	settled []verdict // what was heard, not told yet
	mirror  mirror
	ear     *earStream
	pace    time.Duration // of speech, by byte of text: learnt from answers
	tags    int
}

// New prepares a line. notify is called from Run's goroutine and may block briefly.
func New(m s2s.Model, o Options, notify func(Note)) *Line {
	if o.Patience <= 0 {
		o.Patience = 3 * time.Second
	}
	if o.Renew <= 0 {
		o.Renew = 55 * time.Minute
	}
	if o.Limit <= 0 {
		o.Limit = 200
	}
	return &Line{model: m, opts: o, notify: notify, wake: make(chan struct{}, 1), changed: make(chan struct{}), set: o.Settings.Settings, byID: map[string]*Answer{}, pace: usualPace}
}

// usualPace is how long a byte of text takes to say, before we know: about 15 letters a second, and a little slower, so that rather too little than too much counts as heard.
const usualPace = 75 * time.Millisecond

// Run dials, and keeps the line up until ctx ends. It returns when everything it started has ended.
func (l *Line) Run(ctx context.Context) {
	short := 0
	for {
		o := l.opts.Settings
		l.mu.Lock()
		o.Settings, l.told = l.set, true
		l.mu.Unlock()
		sess, err := l.model.Open(ctx, o)
		if ctx.Err() != nil {
			if err == nil {
				_ = sess.Close()
			}
			l.down(lost, context.Cause(ctx))
			return
		}
		if err != nil {
			l.down(lost, err)
			l.notify(Note{Lost, err})
			return
		}
		began := time.Now()
		l.stands(sess)
		l.notify(Note{Kind: Up})
		err = l.hold(ctx, sess)
		_ = sess.Close()
		if ctx.Err() != nil {
			l.down(lost, context.Cause(ctx))
			return
		}
		if errors.Is(err, errRenew) {
			l.down(dialling, err)
			continue
		}
		if short++; time.Since(began) >= brief {
			short = 0
		}
		if short >= mostBrief {
			l.down(lost, err)
			l.notify(Note{Lost, err})
			return
		}
		l.down(dialling, err)
		l.notify(Note{Down, err})
		if !sleep(ctx, time.Duration(rand.Float64()*float64(spread))) {
			l.down(lost, context.Cause(ctx))
			return
		}
	}
}

func sleep(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// moved wakes whoever waits for a change. Called with mu held.
func (l *Line) moved() {
	close(l.changed)
	l.changed = make(chan struct{})
}

func (l *Line) kick() {
	select {
	case l.wake <- struct{}{}:
	default:
	}
}

// stands opens a connection for use.
func (l *Line) stands(s s2s.Session) {
	l.mu.Lock()
	l.state, l.sess, l.err, l.broken, l.waited = up, s, nil, nil, false
	l.epoch++
	l.mirror.reset()
	l.moved()
	ear := l.ear
	l.mu.Unlock()
	l.kick()
	if ear != nil {
		ear.stands()
	}
}

// down closes it: answers fail, and what was heard and is not written down goes to the spare recogniser.
func (l *Line) down(st state, err error) {
	l.mu.Lock()
	gone := l.epoch
	l.state, l.sess, l.err = st, nil, err
	l.busy = nil
	for _, a := range l.byID {
		a.fail(err)
	}
	clear(l.byID)
	for _, a := range l.recent {
		a.fail(err)
	}
	l.settled = nil
	l.moved()
	ear := l.ear
	l.mu.Unlock()
	if ear != nil {
		ear.lost(gone, st == lost, err)
	}
}

// hold reads until the connection ends.
func (l *Line) hold(ctx context.Context, sess s2s.Session) error {
	ctx, cancel := context.WithCancel(ctx)
	var sender sync.WaitGroup
	sender.Go(func() { l.send(ctx, sess) })
	sender.Go(func() { l.renew(ctx) })
	defer sender.Wait()
	defer cancel()
	for {
		ev, err := sess.Recv(ctx)
		if err != nil {
			l.mu.Lock()
			defer l.mu.Unlock()
			if l.broken != nil {
				return l.broken
			}
			return err
		}
		l.take(ctx, sess, ev)
		// A model sends seconds of sound at once. Who plays it goes first, or its beginning waits until all of it is read where the processors have other work.
		runtime.Gosched()
	}
}

// errRenew ends a connection that is to be replaced.
var errRenew = errors.New("the connection is replaced by a new one")

// renew hangs up on an old connection as soon as nothing is under way on it.
func (l *Line) renew(ctx context.Context) {
	for wait := l.opts.Renew; sleep(ctx, wait); wait = 250 * time.Millisecond {
		l.mu.Lock()
		epoch, ear := l.epoch, l.ear
		idle := l.busy == nil && len(l.settled) == 0 && !l.settlingAny()
		l.mu.Unlock()
		if idle && (ear == nil || ear.idle()) {
			l.hangUp(epoch, errRenew)
			return
		}
	}
}

// hangUp ends a connection that does not do what it should.
func (l *Line) hangUp(epoch int, err error) {
	l.mu.Lock()
	sess := l.sess
	if l.epoch != epoch || sess == nil {
		l.mu.Unlock()
		return
	}
	if l.broken == nil {
		l.broken = err
	}
	l.mu.Unlock()
	_ = sess.Close() // Recv tells Run
}

// take handles one event of the model.
func (l *Line) take(ctx context.Context, sess s2s.Session, ev s2s.Event) {
	switch ev.Kind {
	case s2s.Committed:
		l.mu.Lock()
		ref := l.name(ev.Item)
		l.mirror.heard(ref, ev.Item)
		ear := l.ear
		l.mu.Unlock()
		if ear != nil {
			ear.taken(ref)
		}
	case s2s.Heard, s2s.Unheard:
		l.mu.Lock()
		ev.Item = l.name(ev.Item)
		ear := l.ear
		l.mu.Unlock()
		if ear != nil {
			ear.wrote(ev)
		}
	case s2s.Refused:
		l.refused(ev)
	case s2s.Started:
		l.started(ctx, sess, ev)
	case s2s.Text, s2s.Audio, s2s.Words, s2s.Call, s2s.Done:
		l.answered(ctx, ev)
	case s2s.Warning:
		slog.DebugContext(ctx, "the speech-to-speech model warns", "model", l.model.Caps().ID, "warning", ev.Text)
	}
}

// name is what we call an utterance: items of different connections may bear the same id. Called with mu held.
func (l *Line) name(item string) string { return strconv.Itoa(l.epoch) + ":" + item }

func (l *Line) refused(ev s2s.Event) {
	switch ev.Command.(type) {
	case s2s.Update:
		l.notify(Note{Refused, ev.Err})
	case s2s.Commit:
		l.mu.Lock()
		ear := l.ear
		l.mu.Unlock()
		if ear != nil {
			ear.empty()
		}
	case s2s.Respond:
		l.mu.Lock()
		if a := l.busy; a != nil && a.tag == ev.Tag {
			a.fail(ev.Err)
			l.busy = nil
			l.moved()
		}
		l.mu.Unlock()
	default:
		slog.Debug("the speech-to-speech model refuses", "model", l.model.Caps().ID, "error", ev.Err)
	}
}

func (l *Line) started(ctx context.Context, sess s2s.Session, ev s2s.Event) {
	l.mu.Lock()
	a := l.busy
	ours := a != nil && a.response == "" && a.tag == ev.Tag
	if ours {
		a.response = ev.Response
		l.byID[ev.Response] = a
	}
	cancel := !ours || a.closed // nobody wants it
	l.moved()
	l.mu.Unlock()
	if cancel {
		_ = sess.Send(ctx, s2s.Cancel{Response: ev.Response}) // a line that is gone is noticed by who reads it
	}
}

// answered gives an event to the answer it belongs to.
func (l *Line) answered(ctx context.Context, ev s2s.Event) {
	l.mu.Lock()
	defer l.mu.Unlock()
	a := l.byID[ev.Response]
	if a == nil {
		return
	}
	l.measure(a, ev)
	if ev.Kind == s2s.Done {
		delete(l.byID, ev.Response)
		a.over, a.response = true, ""
		if l.busy == a {
			l.busy = nil
		}
		l.moved()
	}
	for !a.closed && a.size > mostQueued && l.state == up { // the reader is slower than the model, and minutes behind
		changed := l.changed
		l.mu.Unlock()
		select {
		case <-changed:
		case <-ctx.Done():
		}
		l.mu.Lock()
		if ctx.Err() != nil {
			return
		}
	}
	if !a.closed {
		a.push(ev)
	}
}

// Update changes the settings. It does not wait; a refusal comes as a note.
func (l *Line) Update(s s2s.Settings) {
	l.mu.Lock()
	if !reflect.DeepEqual(l.set, s) {
		l.set, l.told = s, false
	}
	l.mu.Unlock()
	l.kick()
}

// verdict is what was heard of an answer.
type verdict struct {
	a     *Answer
	upto  time.Duration
	whole bool
}

// Cut says that an answer was cut: Settle will tell how much of it was heard, and the next answer waits a moment for that. It does not wait.
func (l *Line) Cut(g event.Gen) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, a := range l.recent {
		a.settling = a.settling || a.ask.Gen == g && a.err == nil && len(a.segs) > 0
	}
}

// Settle says what was heard of an answer: the model forgets the rest. It does not wait. It may be called again when a client knows better.
func (l *Line) Settle(g event.Gen, upto time.Duration, whole bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, a := range l.recent {
		if a.ask.Gen == g {
			a.settling = false
			l.settled = append(l.settled, verdict{a, upto, whole})
			l.moved()
		}
	}
	l.kick()
}

// send carries out what nobody waits for: new settings, and what was heard.
func (l *Line) send(ctx context.Context, sess s2s.Session) {
	for {
		l.mu.Lock()
		update, set := !l.told, l.set
		var v *verdict
		if len(l.settled) > 0 {
			v = &l.settled[0]
		}
		l.mu.Unlock()
		switch {
		case update:
			_ = sess.Send(ctx, s2s.Update{Settings: set}) // a line that is gone is noticed by who reads it
			l.mu.Lock()
			l.told = reflect.DeepEqual(set, l.set) // or they have changed meanwhile
			l.moved()
			l.mu.Unlock()
		case v != nil:
			l.forget(ctx, sess, *v)
			l.mu.Lock()
			if len(l.settled) > 0 {
				l.settled = slices.Delete(l.settled, 0, 1)
			}
			l.moved()
			l.mu.Unlock()
		default:
			select {
			case <-l.wake:
			case <-ctx.Done():
				return
			}
		}
		if ctx.Err() != nil {
			return
		}
	}
}

// wait blocks until ok, called with mu held, or until ctx or the time is over.
func (l *Line) wait(ctx context.Context, d time.Duration, ok func() bool) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	for {
		l.mu.Lock()
		done, changed := ok(), l.changed
		l.mu.Unlock()
		if done {
			return true
		}
		select {
		case <-changed:
		case <-timer.C:
			return false
		case <-ctx.Done():
			return false
		}
	}
}

// ready returns the connection, which it waits for if there may soon be one.
func (l *Line) ready(ctx context.Context) (s2s.Session, int, error) {
	l.mu.Lock()
	patience := l.opts.Patience
	if l.waited {
		patience = 0
	}
	l.mu.Unlock()
	if patience > 0 {
		ok := l.wait(ctx, patience, func() bool { return l.state != dialling })
		l.mu.Lock()
		l.waited = l.waited || !ok
		l.mu.Unlock()
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case ctx.Err() != nil:
		return nil, 0, context.Cause(ctx)
	case l.state == up:
		return l.sess, l.epoch, nil
	case l.err != nil:
		return nil, 0, l.err
	}
	return nil, 0, fault.New(fault.Unavailable, "upstream_not_yet", "%s is not there yet", l.model.Caps().ID)
}
