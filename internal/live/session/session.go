package session

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"griot/internal/event"
	"griot/internal/fault"
	"griot/internal/live/playout"
	"griot/internal/live/reply"
	"griot/internal/live/selfvoice"
	"griot/internal/live/transport"
	"griot/internal/live/turn"
	"griot/internal/live/upstream"
	"griot/internal/model/llm"
	"griot/internal/tool"
)

// Session is one live conversation.
type Session struct {
	plan Plan
	leg  transport.Leg
	log  event.Appender

	box  chan msg // the mailbox; a sender waits at most mailWait
	dead chan struct{}
	wg   sync.WaitGroup

	st      *state
	player  *playout.Player
	ear     *ears
	line    *upstream.Line      // nil without a speech-to-speech model
	own     *selfvoice.Detector // nil when the agent's own voice is not looked for in the caller's sound
	replies map[event.Gen]context.CancelCauseFunc
	ahead   *llm.Prefetched // an answer to a turn that may not be over; nil when there is none
	heard   atomic.Int64    // how far the caller's audio has come, a time.Duration; the listener's
	seq     uint64
	logBad  bool
	start   time.Time
	reason  string
	check   func(*state, time.Time) // tests look at the state after every step
	mangle  func(msg) []msg         // tests plant faults: other messages, or none
	spoil   func(effect) bool       // and effects that are forgotten
}

// mailWait is how long a message may wait for room in the mailbox. Missing it is a fault of the session: the message is from a goroutine of ours or from a
// command, and the actor never blocks on the world.
const mailWait = 5 * time.Second

// New prepares a conversation over a leg. Every event goes to log, in order, from one goroutine.
func New(p Plan, l transport.Leg, log event.Appender) *Session {
	lim := p.Limits.orDefaults()
	return &Session{plan: p, leg: l, log: log, box: make(chan msg, lim.Messages), dead: make(chan struct{}),
		replies: map[event.Gen]context.CancelCauseFunc{},
		st:      &state{plan: p, lim: lim, leg: l.Info(), set: p.Settings, policy: turn.New(p.Settings.Turn), spoken: map[string]*attempt{}, floor: event.FloorNone}}
}

// Run holds the conversation. It returns when the leg is gone or the conversation has ended, and every goroutine it started is done. The error is nil for
// every ordinary end.
func (s *Session) Run(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer close(s.dead)
	if err := s.gatherTools(ctx); err != nil {
		return err
	}
	s.openLine()
	s.start = time.Now()
	taps := []playout.Tap{}
	if s.plan.AgentTap != nil {
		taps = append(taps, s.plan.AgentTap)
	}
	s.player = playout.New(s.leg, func(n playout.Note) { s.post(playMsg{n}) }, taps...)
	s.player.Measure(s.plan.Load)
	s.player.Language(s.plan.Lang)
	s.player.Narrate(s.plan.AgentWords)
	if s.plan.Models.STT != nil && !s.plan.NoSelfVoice {
		s.own = selfvoice.New()
		s.player.Watch(s.own.Sent)
	}
	s.wg.Go(func() { s.player.Run(ctx) })
	if s.plan.Models.STT != nil {
		s.ear = newEars(s.plan, s.post)
		s.wg.Go(func() { s.ear.run(ctx) })
	}
	s.wg.Go(func() { s.listen(ctx) })
	if s.line != nil {
		s.wg.Go(func() { s.line.Run(ctx) })
	}

	s.act(ctx)
	s.dropAhead()

	s.emit(event.SessionEnded{Reason: s.reason, FramesDropped: s.ear.droppedFrames()}, 0)
	cancel()
	err := s.leg.Close(s.reason)
	s.drain()
	for _, set := range s.plan.Tools {
		err = errors.Join(err, set.Close())
	}
	return err
}

// Reason says why the conversation ended, once Run has returned.
func (s *Session) Reason() string { return s.reason }

// drain empties the mailbox until everybody who may post has gone. Facts that arrive late are still written down.
func (s *Session) drain() {
	gone := make(chan struct{})
	go func() { s.wg.Wait(); close(gone) }()
	for {
		select {
		case m := <-s.box:
			if d, ok := m.(doMsg); ok {
				d.reply <- fault.New(fault.Conflict, "session_ended", "the conversation is over")
			}
		case <-gone:
			return
		}
	}
}

func (s *Session) gatherTools(ctx context.Context) error {
	for _, set := range s.plan.Tools {
		ts, err := set.Tools(ctx)
		if err != nil {
			return fmt.Errorf("gather the agent's tools: %w", err)
		}
		s.st.server = append(s.st.server, ts...)
	}
	s.st.tools = append(append([]tool.Tool(nil), s.st.server...), clientTools(s.st.set.Client)...)
	return nil
}

// Do takes a command from any goroutine and returns when it was carried out or refused.
func (s *Session) Do(ctx context.Context, c Command) error {
	d := doMsg{cmd: c, reply: make(chan error, 1)}
	select {
	case s.box <- d:
	case <-s.dead:
		return fault.New(fault.Conflict, "session_ended", "the conversation is over")
	case <-ctx.Done():
		return ctx.Err()
	}
	select {
	case err := <-d.reply:
		return err
	case <-s.dead:
		return fault.New(fault.Conflict, "session_ended", "the conversation is over")
	case <-ctx.Done():
		return ctx.Err()
	}
}

// post puts a message into the mailbox.
func (s *Session) post(m msg) {
	select {
	case s.box <- m:
		return
	default:
	}
	t := time.NewTimer(mailWait)
	defer t.Stop()
	select {
	case s.box <- m:
	case <-s.dead:
	case <-t.C: // the actor is stuck: nothing better can be done here, and the session's own deadlines will end it
	}
}

// act is the actor's loop.
func (s *Session) act(ctx context.Context) {
	s.st.began, s.st.active = s.start, s.start
	s.handle(ctx, beginMsg{})
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	for !s.st.over(time.Now()) {
		timer.Reset(max(0, time.Until(s.st.wake())))
		select {
		case m := <-s.box:
			s.handle(ctx, m)
		case <-timer.C:
			s.handle(ctx, tickMsg{})
		case <-ctx.Done():
			if s.st.closing == "" {
				s.handle(context.WithoutCancel(ctx), stopMsg{"shutdown"})
			}
			s.reason = s.st.closing
			return
		}
	}
	s.reason = s.st.closing
}

func (s *Session) handle(ctx context.Context, m msg) {
	if s.mangle == nil {
		s.take(ctx, m)
		return
	}
	for _, m := range s.mangle(m) {
		s.take(ctx, m)
	}
}

func (s *Session) take(ctx context.Context, m msg) {
	now := time.Now()
	var o out
	s.st.pos = max(s.st.pos, time.Duration(s.heard.Load()))
	s.st.step(m, now, &o)
	s.carryOut(ctx, &o, now)
	if s.check != nil {
		s.check(s.st, now)
	}
}

// carryOut does in the world what step decided. Nothing here blocks for longer than it takes to queue.
func (s *Session) carryOut(ctx context.Context, o *out, _ time.Time) {
	for _, e := range o.list {
		if s.spoil != nil && s.spoil(e) {
			continue
		}
		switch e := e.(type) {
		case emit:
			s.emit(e.body, e.gen)
		case startRep:
			s.startReply(ctx, e)
		case cancelRep:
			if cancel := s.replies[e.gen]; cancel != nil {
				cancel(reply.ErrInterrupted)
			}
		case cutPlay:
			s.player.Cut(ctx, e.gen)
		case holdPlay:
			if e.on {
				s.player.Hold(ctx)
			} else {
				s.player.Release(ctx)
			}
		case duckPlay:
			s.player.Duck(ctx, e.on)
		case openEar:
			s.ear.begin(e.utt, e.hints)
		case closeEar:
			s.ear.finalize(e.utt)
		case discardEar:
			s.ear.discard(e.utt)
		case prepare:
			s.dropAhead()
			s.ahead = llm.Prefetch(ctx, s.plan.Models.LLM, e.request)
		case lineCut:
			s.line.Cut(e.gen)
		case lineSaid:
			s.line.Settle(e.gen, e.upto, e.whole)
		case lineSet:
			s.line.Update(e.settings)
		case changeEar:
			s.ear.change(e.model, e.lang)
		case retune:
			s.ear.retune(e.threshold)
		case answer:
			e.to <- e.err
		}
	}
}

func (s *Session) startReply(ctx context.Context, e startRep) {
	p := s.plan
	rctx, cancel := context.WithCancelCause(tool.In(ctx, tool.Conversation{Tenant: p.Tenant, Session: p.ID, Agent: p.Agent, Lang: p.Lang, Remote: s.st.leg.Remote, Over: ctx.Done()}))
	g := e.att.gen
	for old := range s.replies { // those that have ended
		if s.st.attempt(old) == nil {
			delete(s.replies, old)
		}
	}
	s.replies[g] = cancel
	if e.att.beside() { // what is thought ahead is another answer
		s.wg.Go(func() {
			defer cancel(nil)
			reply.Run(rctx, e.job, s.player, func(n reply.Note) { s.post(replyMsg{n}) })
		})
		return
	}
	if p := s.ahead; p != nil && e.job.LLM != nil && p.Matches(e.job.Request) {
		e.job.LLM, s.ahead = p, nil
		s.wg.Go(func() { <-rctx.Done(); p.Stop() })
	}
	s.dropAhead() // it was about something else
	if e.line {
		e.job.Line = s.line
	}
	if e.job.Speaks() {
		e.job.Out = s.player.Begin(g)
	}
	s.wg.Go(func() {
		defer cancel(nil)
		reply.Run(rctx, e.job, s.player, func(n reply.Note) { s.post(replyMsg{n}) })
	})
}

// dropAhead stops what is being thought ahead. A model that does not let go at once keeps nobody waiting.
func (s *Session) dropAhead() {
	if p := s.ahead; p != nil {
		s.ahead = nil
		s.wg.Go(p.Stop)
	}
}

// emit numbers an event and writes it down.
func (s *Session) emit(b event.Body, g event.Gen) {
	if r, ok := b.(event.Repaired); ok {
		s.plan.Load.Repair(r.Owner, r.Action)
	}
	if _, ok := b.(event.Ephemeral); !ok {
		s.seq++
	}
	err := s.log.Append(context.Background(), event.Event{Tenant: s.plan.Tenant, Session: s.plan.ID, Seq: s.seq, At: time.Now(), Gen: g, Body: b})
	if err != nil && !s.logBad {
		s.logBad = true // reported once; the conversation goes on
		s.emit(failed("log", err), 0)
	}
}
