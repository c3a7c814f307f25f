package phone

import (
	"context"
	"time"

	"griot/internal/fault"
)

// Setup is how a carrier is set up.
type Setup struct {
	ID, Name string
	Ready    bool // calls can go by it
	Texts    bool
	Archive  bool // it keeps calls, messages and recordings
	Testable bool
	From     string
	Items    []Item // the operator's only
}

// Carriers lists the carriers. What is set is shown to the operator's tenant only.
func (s *Service) Carriers(tenant string) []Setup {
	out := []Setup{}
	for _, c := range s.carriers {
		x := Setup{ID: c.ID, Name: c.Name, Ready: c.Line != nil, Texts: c.Texts, Archive: c.Line != nil && c.Archive != nil}
		if tenant == s.o.Home {
			x.From, x.Items, x.Testable = c.From, c.Items(), c.Line != nil && c.Test != nil
		}
		out = append(out, x)
	}
	return out
}

// Tested is what a carrier answered.
type Tested struct {
	OK            bool
	Took          time.Duration
	Items         []Item
	Code, Message string // why it did not answer; empty when it did
}

const testLimit = 15 * time.Second

// Test asks a carrier whether what is set is right. Only the operator's tenant may. A carrier that is not set up is fault.Unavailable "no_carrier".
func (s *Service) Test(ctx context.Context, tenant, id string) (Tested, error) {
	if tenant != s.o.Home {
		return Tested{}, fault.New(fault.Denied, "operator_only", "The carriers are set up by the operator of this server.")
	}
	c, err := s.carrier(id)
	if err != nil {
		return Tested{}, err
	}
	if c.Test == nil {
		return Tested{}, fault.New(fault.Conflict, "nothing_to_check", "%s has nothing to try.", c.Name)
	}
	ctx, cancel := context.WithTimeout(ctx, testLimit)
	defer cancel()
	began := time.Now()
	items, err := c.Test(ctx)
	t := Tested{OK: err == nil, Took: time.Since(began), Items: items}
	for _, i := range items {
		t.OK = t.OK && i.OK
	}
	if err != nil {
		if t.Code, t.Message = fault.CodeOf(err), err.Error(); t.Code == "" {
			t.Code = "check_failed"
		}
	}
	return t, nil
}
