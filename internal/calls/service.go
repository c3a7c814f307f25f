package calls

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"time"

	"griot/internal/event"
	"griot/internal/fault"
)

// Conversations gives the events of a call's conversation; *conversation.Service has it.
type Conversations interface {
	Events(ctx context.Context, tenant, id string) ([]event.Event, error)
	// LiveEvents counts those of a conversation that goes on here, which are not in the store yet; 0 of any other.
	LiveEvents(tenant, id string) int
}

// maxLive is of how many calls that go on the events are counted: far more than one node holds.
const maxLive = 10_000

// Service is the register. It is safe for concurrent use and has no goroutine of its own.
type Service struct {
	store         Store
	conversations Conversations
	media         Media
	node          string
	log           *slog.Logger
}

// NewService makes a register. node names this process in a database that several share. media may be given later, by Use.
func NewService(store Store, conversations Conversations, node string, log *slog.Logger) *Service {
	return &Service{store: store, conversations: conversations, node: node, log: log}
}

// Use gives the register the media side. It comes before the first Create.
func (s *Service) Use(m Media) { s.media = m }

// Recover ends the calls that the last run of this node left open, and returns how many that were.
func (s *Service) Recover(ctx context.Context) (int, error) {
	return s.store.EndCallsOf(ctx, s.node, "server_stopped", time.Now().UTC())
}

// Create opens a call and returns it with the answer to the offer.
func (s *Service) Create(ctx context.Context, tenant, sdp string, st Settings) (Call, string, error) {
	if err := CheckOffer(sdp); err != nil {
		return Call{}, "", err
	}
	if s.media == nil {
		return Call{}, "", fault.New(fault.Unavailable, "no_webrtc", "Calls are switched off on this server: set webrtc.enabled in its configuration.")
	}
	id, answer, err := s.media.Open(ctx, Offer{Tenant: tenant, SDP: sdp, Settings: st})
	if err != nil {
		return Call{}, "", err
	}
	c, err := s.store.Call(ctx, tenant, id)
	return c, answer, err
}

// Get returns a call.
func (s *Service) Get(ctx context.Context, tenant, id string) (Call, error) {
	return s.store.Call(ctx, tenant, id)
}

// List returns calls, newest first, and how many there are in all.
func (s *Service) List(ctx context.Context, tenant string, f Filter) ([]Call, int, error) {
	return s.store.ListCalls(ctx, tenant, f)
}

// End hangs up and returns the call as it then is. A call that has ended stays as it was.
func (s *Service) End(ctx context.Context, tenant, id string) (Call, error) {
	c, err := s.store.Call(ctx, tenant, id)
	if err != nil || c.Status == Ended {
		return c, err
	}
	err = fault.New(fault.NotFound, "no_webrtc", "")
	if s.media != nil {
		err = s.media.HangUp(ctx, tenant, id)
	}
	switch {
	case err == nil:
	case fault.KindOf(err) == fault.NotFound && c.Node == s.node: // its media is gone, and the register was not told
		if err := s.store.EndCall(ctx, tenant, id, "hung_up", time.Now().UTC()); err != nil {
			return Call{}, err
		}
	case fault.KindOf(err) == fault.NotFound:
		return Call{}, fault.New(fault.Conflict, "call_elsewhere", "The call takes place on another node; ask that one to end it.")
	default:
		return Call{}, err
	}
	return s.store.Call(ctx, tenant, id)
}

// Events returns what happened in a call, oldest first.
func (s *Service) Events(ctx context.Context, tenant, id string, f EventFilter) ([]Event, error) {
	c, err := s.store.Call(ctx, tenant, id)
	if err != nil {
		return nil, err
	}
	data, err := json.Marshal(struct {
		Model      string   `json:"model"`
		Voice      string   `json:"voice"`
		Modalities []string `json:"modalities"`
	}{c.Settings.Model, c.Settings.Voice, c.Settings.Modalities})
	if err != nil {
		return nil, fmt.Errorf("encode an event: %w", err)
	}
	all := []Event{{Type: "call.created", At: c.CreatedAt, Data: data}}
	if c.Conversation != "" {
		evs, err := s.conversations.Events(ctx, tenant, c.Conversation)
		if err != nil && fault.KindOf(err) != fault.NotFound { // the record may have been deleted
			return nil, err
		}
		for _, e := range evs {
			b, err := json.Marshal(e.Body)
			if err != nil {
				return nil, fmt.Errorf("encode event %d: %w", e.Seq, err)
			}
			all = append(all, Event{Type: e.Body.EventType(), At: e.At, Data: b})
		}
	}
	if c.Status == Ended {
		data, err := json.Marshal(struct {
			Seconds int64  `json:"duration_seconds"`
			Reason  string `json:"reason"`
		}{int64(c.Duration(c.EndedAt).Round(time.Second) / time.Second), c.EndReason})
		if err != nil {
			return nil, fmt.Errorf("encode an event: %w", err)
		}
		all = append(all, Event{Type: "call.ended", At: c.EndedAt, Data: data})
	}
	out := make([]Event, 0, min(f.Limit, len(all)))
	for i, e := range all {
		e.Seq = i + 1
		if e.Seq <= f.After || f.Type != "" && e.Type != f.Type {
			continue
		}
		if len(out) == f.Limit {
			break
		}
		out = append(out, e)
	}
	return out, nil
}

// Stats are the figures of a tenant's calls.
type Stats struct {
	Total, Active, Ended int
	MeanSeconds          float64 // of those that ended; 0 when none has
	Events               int     // two of each call, and those of its conversation; of a conversation on another node, once it is over
	ByModel, ByVoice     map[string]int
}

// Stats counts.
func (s *Service) Stats(ctx context.Context, tenant string) (Stats, error) {
	counts, err := s.store.CountCalls(ctx, tenant)
	if err != nil {
		return Stats{}, err
	}
	st := Stats{ByModel: map[string]int{}, ByVoice: map[string]int{}}
	if st.Events, err = s.store.CountCallEvents(ctx, tenant); err != nil {
		return Stats{}, err
	}
	live, _, err := s.store.ListCalls(ctx, tenant, Filter{Status: Active, Limit: maxLive})
	if err != nil {
		return Stats{}, err
	}
	for _, c := range live {
		if c.Conversation != "" {
			st.Events += s.conversations.LiveEvents(tenant, c.Conversation)
		}
	}
	seconds := 0.0
	for _, c := range counts {
		st.Total += c.Calls
		if c.Status == Ended {
			st.Ended += c.Calls
			seconds += c.Seconds
		} else {
			st.Active += c.Calls
		}
		st.ByModel[c.Model] += c.Calls
		st.ByVoice[c.Voice] += c.Calls
	}
	if st.Ended > 0 {
		st.MeanSeconds = seconds / float64(st.Ended)
	}
	st.Events += st.Total + st.Ended
	return st, nil
}

// Begin enters a call that the media side has answered.
func (s *Service) Begin(ctx context.Context, tenant, id string, st Settings) error {
	return s.store.CreateCall(ctx, Call{Tenant: tenant, ID: id, Node: s.node, Settings: st, Status: Active, CreatedAt: time.Now().UTC()})
}

// Connected says which conversation a call became. A failure is logged: the call goes on without its events in the register.
func (s *Service) Connected(ctx context.Context, tenant, id, conversation string) {
	if err := s.store.ConnectCall(ctx, tenant, id, conversation); err != nil {
		s.log.ErrorContext(ctx, "call's conversation not entered", "tenant", tenant, "call", id, "conversation", conversation, "error", err)
	}
}

// Over enters that a call is over. A failure is logged: the next start ends the call in the register.
func (s *Service) Over(ctx context.Context, tenant, id, reason string) {
	if err := s.store.EndCall(ctx, tenant, id, reason, time.Now().UTC()); err != nil {
		s.log.ErrorContext(ctx, "call's end not entered", "tenant", tenant, "call", id, "reason", reason, "error", err)
	}
}
