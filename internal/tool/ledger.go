package tool

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"log/slog"
	"sync"
	"time"

	"griot/internal/fault"
	"griot/internal/model/llm"
)

// State of an effect: what is known of something that an agent does outside its conversation.
type State string

// The states, in the order in which they can come. Confirmed and Failed are final.
const (
	Proposed   State = "proposed"   // a model wants it, and a person has to decide
	Authorised State = "authorised" // it may be sent
	Sent       State = "sent"       // it was sent, and its end is not known
	Confirmed  State = "confirmed"  // the tool said that it is done
	Failed     State = "failed"     // it was not done, or Code says that this is not known
)

// The codes of effects that failed, beside those of the tools' own faults.
const (
	CodeToolFailed = "tool_failed"      // the tool said so
	CodeRefused    = "refused"          // a person did not want it
	CodeExpired    = "approval_timeout" // nobody decided in time, which ends with the conversation
	CodeUnknown    = "outcome_unknown"  // it was sent, and what became of it was not told: it may have been done
)

// Effect is one line of the ledger. Its id is also the call's idempotency key.
type Effect struct {
	Tenant, ID              string
	Node                    string // that carries it out
	Session, Agent          string
	Tool, CallID, Arguments string
	State                   State
	Approval                bool   // a person had to decide
	Code                    string // why it failed
	Output                  string // what the tool said, cut to 4 KB
	DecidedBy               string // who decided
	ProposedAt, DecidedAt   time.Time
	SentAt, SettledAt       time.Time
	ExpiresAt               time.Time // until when somebody can decide
}

// EffectStore keeps effects. What is not there is fault.NotFound "effect_not_found".
type EffectStore interface {
	CreateEffect(ctx context.Context, e Effect) error
	// ChangeEffect replaces an effect that is in a state; fault.Conflict "effect_changed" when it is in another.
	ChangeEffect(ctx context.Context, e Effect, from State) error
	Effect(ctx context.Context, tenant, id string) (Effect, error)
	// ListEffects lists effects, newest first; zero values of the filter select all.
	ListEffects(ctx context.Context, tenant string, f EffectFilter) ([]Effect, int, error)
	// AbandonEffects fails what an earlier run of this node left: sent ones with CodeUnknown, the others with CodeExpired. It says how many.
	AbandonEffects(ctx context.Context, node string, before time.Time) (int, error)
}

// EffectFilter chooses effects.
type EffectFilter struct {
	State         State
	Approval      bool // only those that a person has to decide, or had
	Tool, Session string
	Offset, Limit int
}

// Defaults of a Ledger.
const (
	DefaultApproval = 2 * time.Minute
	poll            = 2 * time.Second // how often another node's decision is looked for
	maxKept         = 4 << 10
	approvedTimeout = 15 * time.Second // of a tool without a timeout, once it was allowed
)

// Ledger sees to it that what agents do is written down before it is done, that nothing is done twice, and that people decide where they shall. It is safe for concurrent use. A nil
// Ledger guards nothing.
type Ledger struct {
	Store    EffectStore
	Node     string        // of the effects that are carried out here
	Approval time.Duration // how long somebody may take to decide; 0 for DefaultApproval
	Log      *slog.Logger
	// Changed is called after an effect has changed its state; nil for nobody.
	Changed func(Effect)

	mu      sync.Mutex
	flights map[string]*flight       // calls under way, by what they do
	waits   map[string]chan struct{} // who waits for a decision, by effect
}

// flight is one call under way, for which identical ones wait.
type flight struct {
	done chan struct{}
	res  llm.ToolResult
	err  error
}

// Guard returns a tool whose calls are in the ledger, when it has effects. It waits for approval within the call: the tool's own timeout begins when it is sent.
func (l *Ledger) Guard(t Tool) Tool {
	p := t.Policy()
	if l == nil || !p.Effect && !p.Approval || p.Client {
		return t
	}
	return &ledgered{Tool: t, l: l}
}

type ledgered struct {
	Tool
	l *Ledger
}

// Policy implements Tool. An action that was begun is brought to its end, and somebody may have to decide first.
func (t *ledgered) Policy() Policy {
	p := t.Tool.Policy()
	p.OnInterrupt = Finish
	if p.Approval {
		p.Timeout = t.l.approval() + t.timeout() + time.Second
	}
	return p
}

// timeout is how long a call that was sent may take; 0 when only the context says.
func (t *ledgered) timeout() time.Duration {
	p := t.Tool.Policy()
	if p.Approval && p.Timeout <= 0 {
		return approvedTimeout
	}
	return p.Timeout
}

// Unwrap gives the tool itself.
func (t *ledgered) Unwrap() Tool { return t.Tool }

func (l *Ledger) approval() time.Duration {
	if l.Approval > 0 {
		return l.Approval
	}
	return DefaultApproval
}

// Call implements Tool. The same call of the same conversation that is under way already is not made again: both get its result.
func (t *ledgered) Call(ctx context.Context, c llm.ToolCall) (llm.ToolResult, error) {
	in := ConversationOf(ctx)
	key := in.Tenant + "\x00" + in.Session + "\x00" + c.Name + "\x00" + canonical(c.Arguments)
	t.l.mu.Lock()
	if f := t.l.flights[key]; f != nil && in.Session != "" {
		t.l.mu.Unlock()
		select {
		case <-f.done:
			res := f.res
			res.CallID = c.ID
			return res, f.err
		case <-ctx.Done():
			return llm.ToolResult{}, ctx.Err()
		}
	}
	f := &flight{done: make(chan struct{})}
	if t.l.flights == nil {
		t.l.flights = map[string]*flight{}
	}
	t.l.flights[key] = f
	t.l.mu.Unlock()
	defer func() {
		t.l.mu.Lock()
		if t.l.flights[key] == f {
			delete(t.l.flights, key)
		}
		t.l.mu.Unlock()
		close(f.done)
	}()
	f.err = fault.New(fault.Internal, "tool_panicked", "the tool %s broke", c.Name) // unless it returns
	f.res, f.err = t.carryOut(ctx, c, in)
	return f.res, f.err
}

// canonical is the same for the same arguments, however they are written.
func canonical(arguments string) string {
	d := json.NewDecoder(bytes.NewReader([]byte(arguments)))
	d.UseNumber()
	var v any
	if d.Decode(&v) != nil {
		return arguments
	}
	b, err := json.Marshal(v) // the members of objects in order
	if err != nil {
		return arguments
	}
	return string(b)
}

func (t *ledgered) carryOut(ctx context.Context, c llm.ToolCall, in Conversation) (llm.ToolResult, error) {
	var id [12]byte
	_, _ = rand.Read(id[:]) // never fails
	now := time.Now().UTC()
	p := t.Tool.Policy()
	e := Effect{Tenant: in.Tenant, Node: t.l.Node, ID: "eff_" + hex.EncodeToString(id[:]), Session: in.Session, Agent: in.Agent, Tool: c.Name, CallID: c.ID, Arguments: c.Arguments, State: Authorised,
		Approval: p.Approval, ProposedAt: now}
	if p.Approval {
		e.State, e.ExpiresAt = Proposed, now.Add(t.l.approval())
	}
	// Before anything is done it is written down: what cannot be is not done.
	if err := t.l.Store.CreateEffect(ctx, e); err != nil {
		return llm.ToolResult{}, fault.Wrap(err, fault.Unavailable, "ledger_unavailable", "it cannot be written down, so nothing was done")
	}
	t.l.changed(e)
	if p.Approval {
		var err error
		if e, err = t.l.await(ctx, e); err != nil {
			return llm.ToolResult{}, err
		}
	}
	from := e.State
	e.State, e.SentAt = Sent, time.Now().UTC()
	if err := t.l.Store.ChangeEffect(ctx, e, from); err != nil {
		return llm.ToolResult{}, fault.Wrap(err, fault.Unavailable, "ledger_unavailable", "it cannot be written down, so nothing was done")
	}
	t.l.changed(e)
	sent := false
	defer func() { // also when the tool panics
		if !sent {
			t.l.settle(ctx, e, llm.ToolResult{}, fault.New(fault.Internal, "tool_panicked", "the tool broke"))
		}
	}()
	call, cancel := ctx, context.CancelFunc(func() {})
	if d := t.timeout(); d > 0 {
		call, cancel = context.WithTimeout(ctx, d)
	}
	defer cancel()
	res, err := t.Tool.Call(WithKey(call, e.ID), c)
	sent = true
	if err != nil && call.Err() != nil && ctx.Err() == nil {
		err = fault.New(fault.Conflict, CodeUnknown, "it did not answer within %s, and whether it had an effect is not known", t.timeout())
	}
	t.l.settle(ctx, e, res, err)
	return res, err
}

// settle writes the end of an effect down.
func (l *Ledger) settle(ctx context.Context, e Effect, res llm.ToolResult, err error) {
	e.State, e.Output, e.SettledAt = Confirmed, res.Output, time.Now().UTC()
	switch {
	case err != nil:
		e.State, e.Output, e.Code = Failed, err.Error(), fault.CodeOf(err)
		if e.Code == "" || ctx.Err() != nil {
			e.Code = CodeUnknown
		}
	case res.Failed:
		e.State, e.Code = Failed, CodeToolFailed
	}
	if len(e.Output) > maxKept {
		e.Output = string(bytes.ToValidUTF8([]byte(e.Output[:maxKept]), nil)) + "…"
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second) // it has happened
	defer cancel()
	if err := l.Store.ChangeEffect(ctx, e, Sent); err != nil {
		l.log().ErrorContext(ctx, "the end of an effect is not in the ledger", "effect", e.ID, "tool", e.Tool, "state", e.State, "error", err)
		return
	}
	l.changed(e)
}

// await waits for a person's decision.
func (l *Ledger) await(ctx context.Context, e Effect) (Effect, error) {
	told := make(chan struct{}, 1)
	l.mu.Lock()
	if l.waits == nil {
		l.waits = map[string]chan struct{}{}
	}
	l.waits[e.ID] = told
	l.mu.Unlock()
	defer func() {
		l.mu.Lock()
		delete(l.waits, e.ID)
		l.mu.Unlock()
	}()
	over := time.NewTimer(time.Until(e.ExpiresAt))
	defer over.Stop()
	look := time.NewTicker(poll)
	defer look.Stop()
	gone := ConversationOf(ctx).Over
	for {
		expired := false
		select {
		case <-told:
		case <-look.C:
		case <-over.C:
			expired = true
		case <-ctx.Done():
			expired = true
		case <-gone:
			expired = true
		}
		got, err := l.Store.Effect(context.WithoutCancel(ctx), e.Tenant, e.ID)
		switch {
		case err != nil && !expired:
			continue // the next look may find it
		case err == nil && got.State == Authorised:
			return got, nil
		case err == nil && got.State == Failed:
			return got, fault.New(fault.Denied, CodeRefused, "the person who decides on it did not allow it")
		}
		if expired {
			e.State, e.Code, e.SettledAt = Failed, CodeExpired, time.Now().UTC()
			if err := l.Store.ChangeEffect(context.WithoutCancel(ctx), e, Proposed); err != nil && fault.CodeOf(err) == "effect_changed" {
				continue // somebody decided in the last moment
			}
			l.changed(e)
			return e, fault.New(fault.Denied, CodeExpired, "nobody allowed it in time, so nothing was done")
		}
	}
}

// List lists the effects of a tenant, newest first, and says how many there are.
func (l *Ledger) List(ctx context.Context, tenant string, f EffectFilter) ([]Effect, int, error) {
	return l.Store.ListEffects(ctx, tenant, f)
}

// Get finds an effect.
func (l *Ledger) Get(ctx context.Context, tenant, id string) (Effect, error) {
	return l.Store.Effect(ctx, tenant, id)
}

// Decide allows or refuses an effect that waits for it. by is who decides. fault.Conflict "effect_decided" when somebody did already, or it is too late.
func (l *Ledger) Decide(ctx context.Context, tenant, id, by string, allow bool) (Effect, error) {
	e, err := l.Store.Effect(ctx, tenant, id)
	if err != nil {
		return Effect{}, err
	}
	late := fault.New(fault.Conflict, "effect_decided", "This was decided already, or it is too late for it: it is %s.", e.State)
	if e.State != Proposed || time.Now().After(e.ExpiresAt) {
		return Effect{}, late
	}
	e.State, e.DecidedBy, e.DecidedAt = Authorised, by, time.Now().UTC()
	if !allow {
		e.State, e.Code, e.SettledAt = Failed, CodeRefused, e.DecidedAt
	}
	if err := l.Store.ChangeEffect(ctx, e, Proposed); err != nil {
		if fault.CodeOf(err) == "effect_changed" {
			return Effect{}, late
		}
		return Effect{}, err
	}
	l.mu.Lock()
	told := l.waits[id]
	l.mu.Unlock()
	if told != nil {
		select {
		case told <- struct{}{}:
		default: // it looks already
		}
	}
	l.changed(e)
	return e, nil
}

// Recover fails what an earlier run left behind: what was sent may have been done, and is not sent again.
func (l *Ledger) Recover(ctx context.Context) error {
	n, err := l.Store.AbandonEffects(ctx, l.Node, time.Now().UTC())
	if err != nil {
		return err
	}
	if n > 0 {
		l.log().WarnContext(ctx, "what agents were doing when the server stopped is in the ledger as failed", "effects", n)
	}
	return nil
}

func (l *Ledger) changed(e Effect) {
	if l.Changed != nil {
		l.Changed(e)
	}
}

func (l *Ledger) log() *slog.Logger {
	if l.Log != nil {
		return l.Log
	}
	return slog.Default()
}
