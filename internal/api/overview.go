package api

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"griot/internal/conversation"
	"griot/internal/event"
	"griot/internal/fault"
	"griot/internal/identity"
	"griot/internal/overview"
)

// Overviews is what the API needs of the figures; *overview.Service has it.
type Overviews interface {
	Figures(ctx context.Context, tenant string, from, to time.Time, zone *time.Location) (overview.Figures, error)
	Rates(ctx context.Context, tenant string) ([]overview.Rate, *overview.Rate, error)
	SetRate(ctx context.Context, tenant string, r overview.Rate) error
	Follow(ctx context.Context, tenant, mark string, f func(p overview.Pulse, fresh bool) error) error
}

// Overview is the tenant's conversations of a period in figures. What is not measured is not there.
type Overview struct {
	From      time.Time       `json:"from"`
	To        time.Time       `json:"to"`
	TimeZone  string          `json:"tz" doc:"The zone that the steps of the series begin in." example:"Europe/Paris"`
	At        time.Time       `json:"at" doc:"When this was added up."`
	Active    int             `json:"active" doc:"Conversations that go on now, whenever they began."`
	Live      []int           `json:"live" doc:"How many conversations went on at each of the last 15 minutes, and now."`
	Total     OverviewSums    `json:"total"`
	Previous  OverviewSums    `json:"previous" doc:"The same of the period of the same length just before."`
	Latency   OverviewLatency `json:"latency"`
	Durations []OverviewBin   `json:"durations" doc:"The conversations that ended, by length."`
	Channels  []OverviewGroup `json:"channels" doc:"The most conversations first."`
	Agents    []OverviewGroup `json:"agents" doc:"The most conversations first."`
	StepMS    int64           `json:"step_ms" doc:"Length of the series' steps; those of 24 hours are days of the zone."`
	Series    []OverviewStep  `json:"series"`
	Rate      *BillingRate    `json:"rate,omitempty" doc:"What a minute costs now; absent as long as none was set."`
}

// OverviewSums are what is added up.
type OverviewSums struct {
	Conversations int                 `json:"conversations" doc:"That began in the period."`
	Failed        int                 `json:"failed"`
	Ended         int                 `json:"ended" doc:"Of those, the ones of which the durations are."`
	DurationMS    int64               `json:"duration_ms" doc:"In all."`
	MeanMS        int64               `json:"mean_ms"`
	ShortestMS    int64               `json:"min_ms"`
	LongestMS     int64               `json:"max_ms"`
	Turns         int                 `json:"turns"`
	Interruptions int                 `json:"interruptions"`
	Tokens        conversation.Tokens `json:"tokens"`
	Revenue       float64             `json:"revenue" doc:"Euros: the minutes of the conversations that ended, at the rates in force when they began."`
}

// OverviewLatency is what callers waited, from their last sound to the agent's first, over all turns of the period.
type OverviewLatency struct {
	Turns       int           `json:"turns" doc:"That the pipeline timed."`
	P50         *event.Millis `json:"p50_ms,omitempty" doc:"By the pipeline's timers."`
	P95         *event.Millis `json:"p95_ms,omitempty"`
	PreviousP50 *event.Millis `json:"previous_p50_ms,omitempty" doc:"Of the period before."`
	EarTurns    int           `json:"ear_turns" doc:"That were measured in recordings."`
	EarP50      *event.Millis `json:"ear_p50_ms,omitempty" doc:"By ear: from the recordings alone."`
	EarP95      *event.Millis `json:"ear_p95_ms,omitempty"`
}

// OverviewBin counts the conversations of some length.
type OverviewBin struct {
	FromMS int64 `json:"from_ms"`
	ToMS   int64 `json:"to_ms" doc:"Less than this; 0 for the last."`
	Count  int   `json:"count"`
}

// OverviewGroup is one channel's or one agent's part of the total.
type OverviewGroup struct {
	Key  string `json:"key" doc:"The channel, or the agent's reference."`
	Name string `json:"name" doc:"The agent's name; of a channel the same as key."`
	OverviewSums
}

// OverviewStep is a part of the period.
type OverviewStep struct {
	At       time.Time      `json:"at"`
	Channels map[string]int `json:"channels" doc:"Conversations that began, by channel; a channel without any is absent."`
	Revenue  float64        `json:"revenue" doc:"Euros."`
}

// BillingRate is what the tenant's customers pay for a minute.
type BillingRate struct {
	PerMinute     float64   `json:"per_minute" doc:"Euros for each minute of conversation, to a millionth." example:"0.5"`
	Currency      string    `json:"currency" enum:"EUR"`
	EffectiveFrom time.Time `json:"effective_from"`
	SetBy         string    `json:"set_by"`
	SetAt         time.Time `json:"set_at"`
}

// BillingRates are the rate in force and all that were set.
type BillingRates struct {
	Current *BillingRate  `json:"current,omitempty" doc:"Absent as long as none is in force."`
	Items   []BillingRate `json:"items" doc:"In order of time; each is in force until the next begins."`
}

type (
	overviewQuery struct {
		From time.Time `query:"from" doc:"Conversations that began then or later; 24 hours before to, when it is not said."`
		To   time.Time `query:"to" doc:"Conversations that began before; now, when it is not said."`
		Zone string    `query:"tz" maxLength:"64" default:"UTC" doc:"IANA name of the zone that days begin in." example:"Europe/Paris"`
	}
	rateInput struct {
		Body struct {
			PerMinute     float64    `json:"per_minute" minimum:"0" maximum:"1000" doc:"Euros for each minute of conversation."`
			EffectiveFrom *time.Time `json:"effective_from,omitempty" doc:"Conversations that begin then or later cost that; now, when it is not said. A rate that begins at the same moment is replaced."`
		}
	}
	overviewEvents struct {
		LastEventID string `header:"Last-Event-ID" maxLength:"200" doc:"The id of the last event that arrived: what has not changed since is not told."`
	}
)

func (a *api) overview() {
	const tag = "Overview"
	get(a, "/api/overview", "get-overview", tag, "Get the figures of a period", []int{http.StatusUnprocessableEntity}, a.getOverview)
	get(a, "/api/billing-rate", "get-billing-rate", tag, "Get what a minute costs", nil, func(ctx context.Context, _ *struct{}) (BillingRates, error) {
		return a.rates(ctx)
	})
	change(a, http.MethodPut, "/api/billing-rate", "set-billing-rate", tag, "Set what a minute costs", http.StatusOK, []int{http.StatusForbidden, http.StatusUnprocessableEntity}, a.setRate)
	huma.Register(a.huma, huma.Operation{
		Method: http.MethodGet, Path: "/api/overview/events", OperationID: "follow-overview", Tags: []string{tag}, Summary: "Be told when the figures change",
		Description: "Server-sent events: \"changed\" with {\"active\": n}, at once and then whenever a conversation has begun, ended or was deleted, or a rate was set, at most once a second. Ends after 15 minutes; ask again with Last-Event-ID.",
		Responses:   eventStream(),
	}, a.followOverview)
}

func (a *api) getOverview(ctx context.Context, in *overviewQuery) (Overview, error) {
	zone, err := zoneOf(in.Zone)
	if err != nil {
		return Overview{}, err
	}
	if in.To.IsZero() {
		in.To = time.Now().Add(time.Millisecond) // with what began in this one
	}
	if in.From.IsZero() {
		in.From = in.To.Add(-24 * time.Hour)
	}
	f, err := a.s.Overview.Figures(ctx, tenantOf(ctx), in.From.UTC().Truncate(time.Millisecond), in.To.UTC().Truncate(time.Millisecond), zone)
	if err != nil {
		return Overview{}, err
	}
	out := Overview{
		From: f.From, To: f.To, TimeZone: f.Zone, At: f.At, Active: f.Active, Live: notNil(f.Live), Total: sumsOf(f.Total), Previous: sumsOf(f.Previous),
		Latency: OverviewLatency{Turns: f.Latency.Turns, EarTurns: f.Ear.Turns, P50: known(f.Latency.Median), P95: known(f.Latency.P95),
			PreviousP50: known(f.LatencyThen), EarP50: known(f.Ear.Median), EarP95: known(f.Ear.P95)},
		Durations: []OverviewBin{}, Channels: groupsOf(f.Channels), Agents: groupsOf(f.Agents), StepMS: f.Step.Milliseconds(), Series: []OverviewStep{},
	}
	for _, b := range f.Durations {
		out.Durations = append(out.Durations, OverviewBin{b.From.Milliseconds(), b.To.Milliseconds(), b.Count})
	}
	for _, s := range f.Series {
		out.Series = append(out.Series, OverviewStep{s.At, s.Conversations, euros(s.Revenue)})
	}
	if f.Rate != nil {
		r := rateOf(*f.Rate)
		out.Rate = &r
	}
	return out, nil
}

func zoneOf(name string) (*time.Location, error) {
	zone, err := time.LoadLocation(name)
	if err != nil || name == "Local" {
		f := fault.New(fault.Invalid, "bad_time_zone", "There is no time zone %q.", name)
		f.Params = map[string]string{"tz": name}
		return nil, f.At("query.tz")
	}
	return zone, nil
}

func known(d time.Duration) *event.Millis {
	if d <= 0 {
		return nil
	}
	ms := event.Ms(d)
	return &ms
}

func euros(micros int64) float64 { return float64(micros) / 1e6 }

func sumsOf(s overview.Sums) OverviewSums {
	return OverviewSums{Conversations: s.Conversations, Failed: s.Failed, Ended: s.Over, DurationMS: s.Length.Milliseconds(), MeanMS: s.Mean().Milliseconds(),
		ShortestMS: s.Shortest.Milliseconds(), LongestMS: s.Longest.Milliseconds(), Turns: s.Turns, Interruptions: s.Interruptions, Tokens: s.Tokens, Revenue: euros(s.Revenue)}
}

func groupsOf(gs []overview.Group) []OverviewGroup {
	out := make([]OverviewGroup, len(gs))
	for i, g := range gs {
		out[i] = OverviewGroup{g.Key, g.Name, sumsOf(g.Sums)}
	}
	return out
}

func rateOf(r overview.Rate) BillingRate {
	return BillingRate{PerMinute: euros(r.Micros), Currency: "EUR", EffectiveFrom: r.From, SetBy: r.By, SetAt: r.At}
}

func (a *api) rates(ctx context.Context) (BillingRates, error) {
	rates, now, err := a.s.Overview.Rates(ctx, tenantOf(ctx))
	if err != nil {
		return BillingRates{}, err
	}
	out := BillingRates{Items: []BillingRate{}}
	for _, r := range rates {
		out.Items = append(out.Items, rateOf(r))
	}
	if now != nil {
		r := rateOf(*now)
		out.Current = &r
	}
	return out, nil
}

func (a *api) setRate(ctx context.Context, in *rateInput) (BillingRates, error) {
	before, err := a.rates(ctx)
	if err != nil {
		return BillingRates{}, err
	}
	r := overview.Rate{Micros: int64(in.Body.PerMinute*1e6 + 0.5), By: identity.Of(ctx).Name()}
	if in.Body.EffectiveFrom != nil {
		r.From = *in.Body.EffectiveFrom
	}
	if err := a.s.Overview.SetRate(ctx, tenantOf(ctx), r); err != nil {
		return BillingRates{}, err
	}
	was := ""
	if before.Current != nil {
		was = fmt.Sprint(before.Current.PerMinute)
	}
	identity.Note(ctx, "per_minute", was, fmt.Sprint(euros(r.Micros)))
	return a.rates(ctx)
}

const (
	streamLife  = 15 * time.Minute // so that whoever may no longer read is not told for ever
	streamWrite = 10 * time.Second
)

func (a *api) followOverview(ctx context.Context, in *overviewEvents) (*huma.StreamResponse, error) {
	return &huma.StreamResponse{Body: func(hc huma.Context) {
		_, w := humago.Unwrap(hc)
		w.Header().Set("Content-Type", "text/event-stream")
		w.Header().Set("Cache-Control", "no-store")
		w.Header().Set("X-Accel-Buffering", "no") // nginx would keep the events back
		ctx, cancel := context.WithTimeout(ctx, streamLife)
		defer cancel()
		if a.s.Stop != nil {
			defer context.AfterFunc(a.s.Stop, cancel)()
		}
		out := http.NewResponseController(w)
		// Whatever ends it, the far end asks again.
		_ = a.s.Overview.Follow(ctx, tenantOf(ctx), in.LastEventID, func(p overview.Pulse, fresh bool) error {
			_ = out.SetWriteDeadline(time.Now().Add(streamWrite)) // not every server can
			text := ": nothing new\n\n"
			if fresh {
				data, err := json.Marshal(map[string]int{"active": p.Active})
				if err != nil {
					return err
				}
				text = fmt.Sprintf("event: changed\nid: %s\ndata: %s\n\n", p.Mark, data)
			}
			if _, err := w.Write([]byte(text)); err != nil {
				return err
			}
			return out.Flush()
		})
	}}, nil
}
