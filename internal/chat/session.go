package chat

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/google/uuid"

	"griot/internal/conversation"
	"griot/internal/event"
	"griot/internal/fault"
)

// Why the record of a conversation is closed: until the next message, or for good since the agent wanted it so.
const (
	waiting = "client_closed"
	hungUp  = "agent_hung_up"
)

// prefix is what a session's id begins with; the rest is the conversation's.
const prefix = "sess-"

// record is where the events of an open conversation go. *conversation.Live is one.
type record interface {
	ID() string
	Append(ctx context.Context, evs ...event.Event) error
	End(ctx context.Context, reason string, err error) error
}

// brief is the record of a conversation of which nothing is kept: it is in memory until it is over, and lost with the server.
type brief struct {
	s     *Service
	id    string
	sum   conversation.Summary // guarded by s.mu
	evs   []event.Event        // guarded by s.mu
	until time.Time            // guarded by s.mu
}

func (b *brief) ID() string { return b.id }

func (b *brief) Append(_ context.Context, evs ...event.Event) error {
	b.s.mu.Lock()
	defer b.s.mu.Unlock()
	for _, e := range evs {
		if _, ok := e.Body.(event.Ephemeral); !ok {
			b.evs = append(b.evs, e)
		}
	}
	return nil
}

func (b *brief) End(_ context.Context, reason string, _ error) error {
	b.s.mu.Lock()
	defer b.s.mu.Unlock()
	b.sum.EndReason = reason
	return nil
}

// maxBrief bounds the conversations that are only in memory.
const maxBrief = 10_000

// open is a conversation that something is written into.
type open struct {
	place
	record record
	sum    conversation.Summary

	mu  sync.Mutex
	seq uint64
	evs []event.Event
}

// add appends events. A journal that cannot be written just now does not stop a conversation: it keeps everything in memory, and says so where it is its affair.
func (o *open) add(ctx context.Context, gen event.Gen, bodies ...event.Body) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, b := range bodies {
		o.seq++
		e := event.Event{Tenant: o.tenant, Session: o.id, Seq: o.seq, At: time.Now(), Gen: gen, Body: b}
		if _, ok := b.(event.Ephemeral); !ok {
			o.evs = append(o.evs, e)
		} else {
			o.seq--
			e.Seq = o.seq
		}
		_ = o.record.Append(ctx, e)
	}
}

func (o *open) events() []event.Event {
	o.mu.Lock()
	defer o.mu.Unlock()
	return slices.Clone(o.evs)
}

// begin opens a new conversation, with the agent's welcome.
func (s *Service) begin(ctx context.Context, tenant string, a Agent, meta json.RawMessage) (*open, error) {
	o := &open{}
	if a.Settings.Unsaved {
		id, err := uuid.NewV7()
		if err != nil {
			return nil, err
		}
		b := &brief{s: s, id: id.String(), sum: conversation.Summary{Tenant: tenant, ID: id.String(), Agent: a.Reference, AgentName: a.Name, Channel: Channel, StartedAt: time.Now().UTC().Truncate(time.Millisecond)}}
		b.until = b.sum.StartedAt.Add(a.Settings.Timeout)
		s.mu.Lock()
		if len(s.brief) >= maxBrief {
			s.sweep(time.Now())
		}
		full := len(s.brief) >= maxBrief
		if !full {
			s.brief[place{tenant, b.ID()}] = b
		}
		s.mu.Unlock()
		if full {
			return nil, fault.New(fault.Limited, "too_many_sessions", "There are too many conversations at this moment. Try again later.")
		}
		o.record, o.sum = b, b.sum
	} else {
		l, err := s.records.Begin(ctx, conversation.Start{Tenant: tenant, Agent: a.Reference, AgentName: a.Name, AgentVersion: a.Version, Lang: a.Lang, Channel: Channel, NoRecording: true})
		if err != nil {
			return nil, err
		}
		o.record, o.sum = l, conversation.Summary{Tenant: tenant, ID: l.ID(), Agent: a.Reference, AgentName: a.Name, Channel: Channel, StartedAt: l.StartedAt()}
	}
	o.place = place{tenant, o.record.ID()}
	o.add(ctx, 0, event.SessionStarted{Agent: a.Reference, Name: a.Name, Version: a.Version, Lang: a.Lang, Leg: Channel, LLM: a.Model, Metadata: meta})
	if a.Welcome != "" {
		r, i := newID("resp_"), newID("item_")
		o.add(ctx, 1, event.ReplyStarted{Response: r, Item: i, Cause: "greeting", Text: true}, event.ReplyDone{Response: r, Item: i, Status: "completed", Text: a.Welcome})
	}
	s.saw(o.place, time.Now().Add(a.Settings.Timeout))
	return o, nil
}

func newID(kind string) string { return kind + strings.ReplaceAll(uuid.NewString(), "-", "") }

// resume opens a conversation again that this agent had and that is not over. Faults: NotFound "session_not_found", Conflict "session_closed", "session_expired" and "session_full".
func (s *Service) resume(ctx context.Context, p place, a Agent) (*open, error) {
	o := &open{place: p}
	fit := func(sum conversation.Summary, evs []event.Event) error {
		if sum.Channel != Channel || sum.Agent != a.Reference {
			return notFound(p.id)
		}
		if sum.EndReason == hungUp {
			return fault.New(fault.Conflict, "session_closed", "The agent has ended the conversation. Begin a new one.")
		}
		v := view(sum, evs, a.Settings)
		if time.Now().After(v.ExpiresAt) {
			return fault.New(fault.Conflict, "session_expired", "The conversation is over, since nothing was written for a while. Begin a new one.")
		}
		if v.Left < 2 { // the message and its answer
			return fault.New(fault.Conflict, "session_full", "The conversation has as many messages as it may have. Begin a new one.")
		}
		return nil
	}
	s.mu.Lock()
	b := s.brief[p]
	if b != nil {
		o.sum, o.evs = b.sum, slices.Clone(b.evs)
		b.until = time.Now().Add(a.Settings.Timeout)
	}
	s.mu.Unlock()
	if b != nil {
		if err := fit(o.sum, o.evs); err != nil {
			return nil, err
		}
		o.record = b
	} else {
		l, evs, err := s.records.Resume(ctx, p.tenant, p.id, func(sum conversation.Summary, evs []event.Event) error { o.sum = sum; return fit(sum, evs) })
		if fault.KindOf(err) == fault.NotFound {
			return nil, notFound(p.id)
		}
		if err != nil {
			return nil, err
		}
		o.record, o.evs = l, evs
	}
	if n := len(o.evs); n > 0 {
		o.seq = o.evs[n-1].Seq
	}
	s.saw(p, time.Now().Add(a.Settings.Timeout))
	return o, nil
}

func notFound(id string) error {
	f := fault.New(fault.NotFound, "session_not_found", "There is no session %q of this agent.", prefix+id)
	f.Params = map[string]string{"id": prefix + id}
	return f
}

// placeOf is the conversation that a session's id names.
func placeOf(tenant, session string) (place, error) {
	id := strings.TrimPrefix(session, prefix)
	if uuid.Validate(id) != nil {
		return place{}, notFound(id)
	}
	return place{tenant, id}, nil
}

// Create opens a session without a message.
func (s *Service) Create(ctx context.Context, tenant, agent string, meta json.RawMessage) (Session, error) {
	a, err := s.agent(ctx, agent)
	if err != nil {
		return Session{}, err
	}
	o, err := s.begin(ctx, tenant, a, meta)
	if err != nil {
		return Session{}, err
	}
	if err := o.record.End(ctx, waiting, nil); err != nil {
		return Session{}, err
	}
	return view(o.sum, o.events(), a.Settings), nil
}

func (s *Service) agent(ctx context.Context, reference string) (Agent, error) {
	a, err := s.agents.ChatAgent(ctx, reference)
	a.Settings = a.Settings.orDefaults()
	return a, err
}

// Get returns a session, also of one that is over, as long as its record is kept.
func (s *Service) Get(ctx context.Context, tenant, agent, session string) (Session, error) {
	a, err := s.agent(ctx, agent)
	if err != nil {
		return Session{}, err
	}
	p, err := placeOf(tenant, session)
	if err != nil {
		return Session{}, err
	}
	sum, evs, err := s.read(ctx, p)
	if err != nil {
		return Session{}, err
	}
	if sum.Channel != Channel || sum.Agent != a.Reference {
		return Session{}, notFound(p.id)
	}
	v := view(sum, evs, a.Settings)
	if st := s.stream(p); st != nil {
		v.Running = !st.ended()
	}
	return v, nil
}

func (s *Service) read(ctx context.Context, p place) (conversation.Summary, []event.Event, error) {
	s.mu.Lock()
	b := s.brief[p]
	if b != nil {
		defer s.mu.Unlock()
		return b.sum, slices.Clone(b.evs), nil
	}
	s.mu.Unlock()
	r, err := s.records.Get(ctx, p.tenant, p.id)
	if fault.KindOf(err) == fault.NotFound {
		return conversation.Summary{}, nil, notFound(p.id)
	}
	if err != nil {
		return conversation.Summary{}, nil, err
	}
	evs, err := s.records.Events(ctx, p.tenant, p.id)
	return r.Summary, evs, err
}

func (s *Service) stream(p place) *Stream {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.streams[p]
}

// Delete removes a session with everything that was kept of it. While a reply is being written it is fault.Conflict "reply_running".
func (s *Service) Delete(ctx context.Context, tenant, agent, session string) error {
	v, err := s.Get(ctx, tenant, agent, session)
	if err != nil {
		return err
	}
	if v.Running {
		return busy()
	}
	p, err := placeOf(tenant, session)
	if err != nil {
		return err
	}
	s.mu.Lock()
	_, only := s.brief[p]
	delete(s.brief, p)
	delete(s.seen, p)
	if st := s.streams[p]; st != nil {
		st.forget()
		delete(s.streams, p)
	}
	s.mu.Unlock()
	if only {
		return nil
	}
	return s.records.Delete(ctx, tenant, p.id)
}

func busy() error {
	return fault.New(fault.Conflict, "reply_running", "The agent is still answering. Wait for its reply, or stop it.")
}
