package overview

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"griot/internal/fault"
)

// Service makes overviews. It is safe for concurrent use and has no goroutines.
type Service struct {
	store Store
	watch func() (<-chan struct{}, func())
}

// NewService makes one. watch is conversation.Service's Watch.
func NewService(store Store, watch func() (<-chan struct{}, func())) *Service {
	return &Service{store: store, watch: watch}
}

const (
	// longest is the longest period that is added up at once.
	longest = 400 * 24 * time.Hour
	// maxMicros is the highest rate: 1,000 € for a minute is a mistake.
	maxMicros = 1000 * 1e6
	// maxRates is how many rates are told apart in one period; with more, the earliest count as the one after them.
	maxRates = 50
)

// bounds are where the bins of lengths begin, but the first.
var bounds = []time.Duration{15 * time.Second, 30 * time.Second, time.Minute, 2 * time.Minute, 3 * time.Minute, 5 * time.Minute, 8 * time.Minute,
	12 * time.Minute, 20 * time.Minute, 30 * time.Minute}

// Figures adds up a tenant's conversations that began at from or later and before to. Faults: Invalid "bad_period".
func (s *Service) Figures(ctx context.Context, tenant string, from, to time.Time, zone *time.Location) (Figures, error) {
	if !to.After(from) || to.Sub(from) > longest {
		return Figures{}, fault.New(fault.Invalid, "bad_period", "A period ends after it begins, and lasts 400 days at most.").At("to")
	}
	now := time.Now()
	f := Figures{From: from, To: to, Zone: zone.String(), At: now.UTC().Truncate(time.Millisecond)}
	rates, err := s.store.Rates(ctx, tenant)
	if err != nil {
		return f, err
	}
	f.Rate = inForce(rates, now)
	rates = relevant(rates, from.Add(-to.Sub(from)), to)

	parts, err := s.store.Parts(ctx, tenant, from, to, rates)
	if err != nil {
		return f, err
	}
	channels, agents := map[string]*Group{}, map[string]*Group{}
	for _, p := range parts {
		p.Revenue = revenue(rates, p.RateIndex, p.Length)
		f.Total.Add(p.Sums)
		into(channels, p.Channel, p.Channel, p.Sums)
		into(agents, p.Agent, p.Name, p.Sums)
	}
	f.Channels, f.Agents = ranked(channels), ranked(agents)
	before := from.Add(-to.Sub(from))
	if parts, err = s.store.Parts(ctx, tenant, before, from, rates); err != nil {
		return f, err
	}
	for _, p := range parts {
		p.Revenue = revenue(rates, p.RateIndex, p.Length)
		f.Previous.Add(p.Sums)
	}

	counts, err := s.store.Lengths(ctx, tenant, from, to, bounds)
	if err != nil {
		return f, err
	}
	for i, n := range counts {
		b := Bin{Count: n}
		if i > 0 {
			b.From = bounds[i-1]
		}
		if i < len(bounds) {
			b.To = bounds[i]
		}
		f.Durations = append(f.Durations, b)
	}

	pipeline, ear, err := s.store.Turns(ctx, tenant, from, to)
	if err != nil {
		return f, err
	}
	f.Latency, f.Ear = delays(pipeline), delays(ear)
	if pipeline, _, err = s.store.Turns(ctx, tenant, before, from); err != nil {
		return f, err
	}
	f.LatencyThen = delays(pipeline).Median

	if f.Step, f.Series, err = s.series(ctx, tenant, from, to, zone, rates); err != nil {
		return f, err
	}
	spans, err := s.store.Going(ctx, tenant, now.Add(-LiveMinutes*time.Minute))
	if err != nil {
		return f, err
	}
	f.Live = live(spans, now)
	for _, sp := range spans {
		if sp.End.IsZero() {
			f.Active++
		}
	}
	return f, nil
}

func into(groups map[string]*Group, key, name string, s Sums) {
	g := groups[key]
	if g == nil {
		g = &Group{Key: key}
		groups[key] = g
	}
	g.Name = name
	g.Add(s)
}

func ranked(groups map[string]*Group) []Group {
	out := make([]Group, 0, len(groups))
	for _, g := range groups {
		out = append(out, *g)
	}
	slices.SortFunc(out, func(a, b Group) int {
		return cmp.Or(cmp.Compare(b.Conversations, a.Conversations), cmp.Compare(a.Key, b.Key))
	})
	return out
}

// inForce returns the rate at a moment; nil before the first.
func inForce(rates []Rate, at time.Time) *Rate {
	for _, r := range slices.Backward(rates) {
		if !r.From.After(at) {
			return &r
		}
	}
	return nil
}

// relevant leaves the rates that matter between two moments.
func relevant(rates []Rate, from, to time.Time) []Rate {
	rates = slices.DeleteFunc(slices.Clone(rates), func(r Rate) bool { return !r.From.Before(to) })
	for len(rates) > 1 && (!rates[1].From.After(from) || len(rates) > maxRates) {
		rates = rates[1:]
	}
	return rates
}

// revenue of minutes under a rate, in millionths, rounded down to one.
func revenue(rates []Rate, index int, length time.Duration) int64 {
	if index < 0 || index >= len(rates) {
		return 0
	}
	ms := length.Milliseconds()
	per := rates[index].Micros
	return ms/60000*per + ms%60000*per/60000 // the whole would not fit for 10⁹ € and 1,000 years
}

func delays(ds []time.Duration) Delays {
	if len(ds) == 0 {
		return Delays{}
	}
	slices.Sort(ds)
	rank := func(percent int) time.Duration { return ds[(len(ds)*percent+99)/100-1] }
	return Delays{Turns: len(ds), Median: rank(50), P95: rank(95)}
}

// series counts by channel in steps that begin in the zone.
func (s *Service) series(ctx context.Context, tenant string, from, to time.Time, zone *time.Location, rates []Rate) (time.Duration, []Step, error) {
	step, slot := 15*time.Minute, 15*time.Minute
	switch d := to.Sub(from); {
	case d > 3*24*time.Hour:
		step, slot = 24*time.Hour, time.Hour
	case d > 6*time.Hour:
		step, slot = time.Hour, time.Hour
	}
	// Slots begin at whole quarters or hours of the zone, so that each lies in one step.
	_, offset := from.In(zone).Zone()
	if offset%3600 != 0 {
		slot = min(slot, 15*time.Minute)
	}
	shift := time.Duration(offset) * time.Second
	begin := from.Add(shift).Truncate(slot).Add(-shift)
	found, err := s.store.Slots(ctx, tenant, begin, from, to, slot, rates)
	if err != nil {
		return 0, nil, fmt.Errorf("count conversations by time: %w", err)
	}
	steps := map[int64]*Step{}
	var order []Step
	for at := begin; at.Before(to); at = at.Add(slot) {
		if b := beginOf(at, step, zone); steps[b.UnixMilli()] == nil {
			steps[b.UnixMilli()] = &Step{At: b.UTC(), Conversations: map[string]int{}}
		}
	}
	for _, f := range found {
		st := steps[beginOf(begin.Add(time.Duration(f.Index)*slot), step, zone).UnixMilli()]
		if st == nil {
			continue // it began in the last moment, while this is counted
		}
		st.Conversations[f.Channel] += f.Conversations
		st.Revenue += revenue(rates, f.RateIndex, f.Length)
	}
	for _, k := range slices.Sorted(maps.Keys(steps)) {
		order = append(order, *steps[k])
	}
	return step, order, nil
}

// beginOf is the begin of the step that a moment lies in. A day begins at midnight of the zone, whatever its length.
func beginOf(at time.Time, step time.Duration, zone *time.Location) time.Time {
	at = at.In(zone)
	if step == 24*time.Hour {
		return time.Date(at.Year(), at.Month(), at.Day(), 0, 0, 0, 0, zone)
	}
	_, offset := at.Zone()
	shift := time.Duration(offset) * time.Second
	return at.Add(shift).Truncate(step).Add(-shift)
}

// live counts what went on at each of the last minutes, and now.
func live(spans []Span, now time.Time) []int {
	out := make([]int, LiveMinutes+1)
	for i := range out {
		at := now.Add(time.Duration(i-LiveMinutes) * time.Minute)
		for _, s := range spans {
			if !s.Start.After(at) && (s.End.IsZero() || s.End.After(at)) {
				out[i]++
			}
		}
	}
	return out
}

// Rates returns a tenant's rates in order of time, and the one in force; nil when none is.
func (s *Service) Rates(ctx context.Context, tenant string) ([]Rate, *Rate, error) {
	rates, err := s.store.Rates(ctx, tenant)
	if err != nil {
		return nil, nil, err
	}
	return rates, inForce(rates, time.Now()), nil
}

// SetRate sets what a minute costs from a moment on; a zero moment means now. Faults: Invalid "bad_rate", "bad_rate_date".
func (s *Service) SetRate(ctx context.Context, tenant string, r Rate) error {
	now := time.Now()
	if r.From.IsZero() {
		r.From = now
	}
	r.From, r.At = r.From.UTC().Truncate(time.Millisecond), now.UTC().Truncate(time.Millisecond)
	if r.Micros < 0 || r.Micros > maxMicros {
		return fault.New(fault.Invalid, "bad_rate", "A minute costs between 0 and 1,000 €.").At("body.per_minute")
	}
	if r.From.Before(now.AddDate(-10, 0, 0)) || r.From.After(now.AddDate(10, 0, 0)) {
		return fault.New(fault.Invalid, "bad_rate_date", "A rate begins within ten years of today.").At("body.effective_from")
	}
	return s.store.PutRate(ctx, tenant, r)
}

// Pulse says that something has changed.
type Pulse struct {
	Mark   string // another one after each change
	Active int    // conversations that go on
}

// Follow calls f with the state of a tenant's figures at first, unless it is what mark says, and after each change, at most once a second, until ctx
// is done or f fails. Changes on other nodes are seen within 15 s, and so often f is called with what it knows already, so that
// a far end that is gone is noticed. The first error ends it.
func (s *Service) Follow(ctx context.Context, tenant, mark string, f func(p Pulse, fresh bool) error) error {
	changes, stop := s.watch()
	defer stop()
	slow := time.NewTicker(15 * time.Second)
	defer slow.Stop()
	for beat := true; ; {
		m, active, err := s.store.Mark(ctx, tenant)
		if err != nil {
			return err
		}
		if fresh := m != mark; fresh || beat {
			if err := f(Pulse{m, active}, fresh); err != nil {
				return err
			}
		}
		mark = m
		// A burst is one change.
		pause := time.NewTimer(time.Second)
		select {
		case <-pause.C:
		case <-ctx.Done():
			pause.Stop()
			return ctx.Err()
		}
		select {
		case <-changes:
			beat = false
		case <-slow.C:
			beat = true
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}
