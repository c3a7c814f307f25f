package phone

import (
	"context"
	"log/slog"
	"slices"
	"sync"
	"time"

	"griot/internal/blob"
	"griot/internal/fault"
	"griot/internal/telephony"
)

// Options of a Service. Store and Blobs are needed.
type Options struct {
	Store Store
	Blobs blob.Store
	Node  string // this process among those with the same database
	Home  string // the operator's tenant: whose the carriers and their accounts are
	// Agent tells whether a tenant has an agent: nil, or fault.NotFound.
	Agent func(ctx context.Context, tenant, reference string) error
	Log   *slog.Logger
}

// Service is the telephones of all tenants. It is safe for concurrent use. Use adds carriers before anything else is called; Close ends it.
type Service struct {
	o        Options
	carriers []Carrier

	mu      sync.Mutex // guards what follows
	pending map[string]telephony.Call
	closed  bool
	wake    chan struct{} // has room for one
	written sync.WaitGroup
}

// New makes a service.
func New(o Options) *Service {
	if o.Log == nil {
		o.Log = slog.Default()
	}
	s := &Service{o: o, pending: map[string]telephony.Call{}, wake: make(chan struct{}, 1)}
	s.written.Go(s.write)
	return s
}

// Recover ends the calls that the last run of this node left open.
func (s *Service) Recover(ctx context.Context) (int, error) {
	return s.o.Store.EndPhoneCalls(ctx, s.o.Node, "process_ended", time.Now())
}

// Use adds a carrier.
func (s *Service) Use(c Carrier) { s.carriers = append(s.carriers, c) }

// Close returns when what is known of the calls has been written. The carriers are closed before.
func (s *Service) Close() error {
	s.mu.Lock()
	s.closed = true
	s.mu.Unlock()
	s.poke()
	s.written.Wait()
	return nil
}

func (s *Service) poke() {
	select {
	case s.wake <- struct{}{}:
	default: // it is awake
	}
}

// Observe is the carriers' telephony.Observer. What changes faster than it can be written is written as it stands last, so that no more waits than there are calls.
func (s *Service) Observe(_ context.Context, c telephony.Call) {
	s.mu.Lock()
	s.pending[c.ID] = c
	s.mu.Unlock()
	s.poke()
}

const writeLimit = 10 * time.Second

// write keeps the calls.
func (s *Service) write() {
	for range s.wake {
		s.mu.Lock()
		todo, closed := s.pending, s.closed
		s.pending = map[string]telephony.Call{}
		s.mu.Unlock()
		for _, c := range todo {
			ctx, cancel := context.WithTimeout(context.Background(), writeLimit)
			if err := s.o.Store.PutPhoneCall(ctx, Call{c, s.o.Node}); err != nil {
				s.o.Log.Error("a telephone call could not be written down", "call", c.ID, "error", err)
			}
			cancel()
		}
		if closed {
			return
		}
	}
}

// carrier finds one that is set up. Without a name it is the first of those.
func (s *Service) carrier(id string) (Carrier, error) {
	for _, c := range s.carriers {
		if c.Line != nil && (id == "" || c.ID == id) {
			return c, nil
		}
	}
	if id != "" && slices.ContainsFunc(s.carriers, func(c Carrier) bool { return c.ID == id }) {
		return Carrier{}, fault.New(fault.Unavailable, "no_carrier", "The carrier %s is not set up on this server.", id)
	}
	if id != "" {
		return Carrier{}, missing("carrier_not_found", "There is no carrier %q.", id)
	}
	return Carrier{}, fault.New(fault.Unavailable, "no_carrier", "No carrier for telephone calls is set up on this server.")
}

// Place calls somebody. carrier may be empty for the first that is set up. Tenants other than the operator's call by a number that they were given.
func (s *Service) Place(ctx context.Context, carrier string, o telephony.Order) (telephony.Call, error) {
	c, err := s.carrier(carrier)
	if err != nil {
		return telephony.Call{}, err
	}
	if o.From, err = s.shown(ctx, o.Tenant, o.From); err != nil {
		return telephony.Call{}, err
	}
	if o.Max < 0 || o.Ring < 0 {
		return telephony.Call{}, fault.New(fault.Invalid, "bad_value", "A time is negative.").At("body.max_seconds")
	}
	id, err := c.Line.Place(ctx, o)
	if err != nil {
		return telephony.Call{}, err
	}
	if call, err := c.Line.Call(id); err == nil {
		return call, nil
	}
	return s.Call(ctx, o.Tenant, id) // it is over already
}

// shown is the number that a tenant's call or message shows.
func (s *Service) shown(ctx context.Context, tenant, from string) (string, error) {
	from = telephony.Number(from)
	if tenant == s.o.Home {
		return from, nil
	}
	own, err := s.o.Store.ListPhoneNumbers(ctx, tenant)
	if err != nil {
		return "", err
	}
	for _, n := range own {
		if from == "" || n.Number == from {
			return n.Number, nil
		}
	}
	return "", fault.New(fault.Invalid, "number_not_yours", "Calls and messages show one of the numbers that the operator of this server has given you.").At("body.from")
}

// Live lists a tenant's calls that go on, oldest first.
func (s *Service) Live(tenant string) []telephony.Call {
	out := []telephony.Call{}
	for _, c := range s.carriers {
		if c.Line == nil {
			continue
		}
		for _, call := range c.Line.Calls() {
			if call.Tenant == tenant {
				out = append(out, call)
			}
		}
	}
	slices.SortFunc(out, func(a, b telephony.Call) int { return a.Created.Compare(b.Created) })
	return out
}

// live finds a tenant's call that goes on, and its carrier.
func (s *Service) live(ctx context.Context, tenant, id string) (telephony.Carrier, telephony.Call, error) {
	for _, c := range s.carriers {
		if c.Line == nil {
			continue
		}
		if call, err := c.Line.Call(id); err == nil && call.Tenant == tenant {
			return c.Line, call, nil
		}
	}
	if _, err := s.o.Store.PhoneCall(ctx, tenant, id); err != nil {
		return nil, telephony.Call{}, err
	}
	return nil, telephony.Call{}, ended()
}

func ended() error { return fault.New(fault.Conflict, "call_ended", "The call is over.") }

// over turns what a carrier says of a call that it no longer has into the fault of one that has ended.
func over(err error) error {
	if fault.CodeOf(err) == "call_not_found" {
		return ended()
	}
	return err
}

// HangUp ends a call. One that is over is fault.Conflict "call_ended".
func (s *Service) HangUp(ctx context.Context, tenant, id string) error {
	line, _, err := s.live(ctx, tenant, id)
	if err != nil {
		return err
	}
	return over(line.HangUp(ctx, id, "hung_up"))
}

// Transfer connects the far end with somebody else, who is told briefing before where the carrier can.
func (s *Service) Transfer(ctx context.Context, tenant, id, to, briefing string) error {
	line, _, err := s.live(ctx, tenant, id)
	if err != nil {
		return err
	}
	if b, ok := line.(telephony.Briefer); ok && briefing != "" {
		return over(b.Brief(ctx, id, to, briefing))
	}
	return over(line.Transfer(ctx, id, to))
}

// SendDigits presses keys for the far end.
func (s *Service) SendDigits(ctx context.Context, tenant, id, digits string) error {
	line, _, err := s.live(ctx, tenant, id)
	if err != nil {
		return err
	}
	return over(line.SendDigits(ctx, id, digits))
}
