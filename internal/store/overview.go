package store

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"griot/internal/conversation"
	"griot/internal/overview"
)

var _ overview.Store = (*Store)(nil)

// rateIndex is an expression for the rate that was in force when a conversation began: its index, -1 before the first.
func rateIndex(rates []overview.Rate) string {
	if len(rates) == 0 {
		return "-1"
	}
	var b strings.Builder
	b.WriteString("CASE")
	for i := len(rates) - 1; i >= 0; i-- {
		fmt.Fprintf(&b, " WHEN started_at >= %d THEN %d", rates[i].From.UnixMilli(), i)
	}
	b.WriteString(" ELSE -1 END")
	return b.String()
}

// Parts adds up by channel, agent and rate.
func (s *Store) Parts(ctx context.Context, tenant string, from, to time.Time, rates []overview.Rate) ([]overview.Part, error) {
	type row struct {
		Channel       string `db:"channel"`
		Agent         string `db:"agent"`
		Name          string `db:"name"`
		Rate          int64  `db:"rate"`
		N             int64  `db:"n"`
		Failed        int64  `db:"failed"`
		Over          int64  `db:"over"`
		MS            int64  `db:"ms"`
		Least         int64  `db:"least"`
		Most          int64  `db:"most"`
		Turns         int64  `db:"turns"`
		Interruptions int64  `db:"interruptions"`
		Input         int64  `db:"tokens_in"`
		Cached        int64  `db:"tokens_cached"`
		Output        int64  `db:"tokens_out"`
		AudioInput    int64  `db:"audio_in"`
		AudioCached   int64  `db:"audio_cached"`
		AudioOutput   int64  `db:"audio_out"`
	}
	sum := func(column string) string {
		return "CAST(SUM(" + column + ") AS BIGINT) AS " + column
	}
	rows, err := all[row](ctx, s, s.read, `SELECT channel, agent, MAX(agent_name) AS name, `+rateIndex(rates)+` AS rate, COUNT(*) AS n,
		CAST(SUM(CASE WHEN status = 'failed' THEN 1 ELSE 0 END) AS BIGINT) AS failed, CAST(SUM(CASE WHEN status <> 'active' THEN 1 ELSE 0 END) AS BIGINT) AS over,
		CAST(SUM(duration_ms) AS BIGINT) AS ms, COALESCE(MIN(CASE WHEN status <> 'active' THEN duration_ms END), 0) AS least, MAX(duration_ms) AS most, `+
		strings.Join([]string{sum("turns"), sum("interruptions"), sum("tokens_in"), sum("tokens_cached"), sum("tokens_out"), sum("audio_in"), sum("audio_cached"), sum("audio_out")}, ", ")+`
		FROM conversations WHERE tenant_id = ? AND started_at >= ? AND started_at < ? GROUP BY channel, agent, rate`, clean(tenant), from.UnixMilli(), to.UnixMilli())
	if err != nil {
		return nil, s.dialect.fault(err, "add up conversations")
	}
	out := make([]overview.Part, len(rows))
	for i, r := range rows {
		out[i] = overview.Part{Channel: r.Channel, Agent: r.Agent, Name: r.Name, RateIndex: int(r.Rate), Sums: overview.Sums{
			Conversations: int(r.N), Failed: int(r.Failed), Over: int(r.Over), Length: lasting(r.MS), Shortest: lasting(r.Least), Longest: lasting(r.Most),
			Turns: int(r.Turns), Interruptions: int(r.Interruptions), Tokens: conversation.Tokens{Input: int(r.Input), Cached: int(r.Cached), Output: int(r.Output),
				AudioInput: int(r.AudioInput), AudioCached: int(r.AudioCached), AudioOutput: int(r.AudioOutput)},
		}}
	}
	return out, nil
}

func lasting(n int64) time.Duration { return time.Duration(n) * time.Millisecond }

// Slots counts conversations in stretches of time.
func (s *Store) Slots(ctx context.Context, tenant string, begin, from, to time.Time, length time.Duration, rates []overview.Rate) ([]overview.Slot, error) {
	type row struct {
		Slot    int64  `db:"slot"`
		Channel string `db:"channel"`
		Rate    int64  `db:"rate"`
		N       int64  `db:"n"`
		MS      int64  `db:"ms"`
	}
	slot := fmt.Sprintf("(started_at - %d) / %d", begin.UnixMilli(), length.Milliseconds())
	rows, err := all[row](ctx, s, s.read, `SELECT `+slot+` AS slot, channel, `+rateIndex(rates)+` AS rate, COUNT(*) AS n, CAST(SUM(duration_ms) AS BIGINT) AS ms
		FROM conversations WHERE tenant_id = ? AND started_at >= ? AND started_at < ? GROUP BY slot, channel, rate`, clean(tenant), from.UnixMilli(), to.UnixMilli())
	if err != nil {
		return nil, s.dialect.fault(err, "count conversations by time")
	}
	out := make([]overview.Slot, len(rows))
	for i, r := range rows {
		out[i] = overview.Slot{Index: int(r.Slot), Channel: r.Channel, RateIndex: int(r.Rate), Conversations: int(r.N), Length: lasting(r.MS)}
	}
	return out, nil
}

// Turns returns the delays of every turn.
func (s *Store) Turns(ctx context.Context, tenant string, from, to time.Time) (pipeline, ear []time.Duration, err error) {
	type row struct {
		Delays    string `db:"delays"`
		EarDelays string `db:"ear_delays"`
	}
	err = each(ctx, s, s.read, func(r row) error {
		pipeline, ear = appendDelays(pipeline, r.Delays), appendDelays(ear, r.EarDelays)
		return nil
	}, "SELECT delays, ear_delays FROM conversations WHERE tenant_id = ? AND started_at >= ? AND started_at < ? AND (delays <> '' OR ear_delays <> '')",
		clean(tenant), from.UnixMilli(), to.UnixMilli())
	if err != nil {
		return nil, nil, s.dialect.fault(err, "read the delays of turns")
	}
	return pipeline, ear, nil
}

func appendDelays(to []time.Duration, list string) []time.Duration {
	for v := range strings.SplitSeq(list, ",") {
		if n, err := strconv.ParseInt(v, 10, 64); err == nil { // we wrote it; an empty list is one empty value
			to = append(to, lasting(n))
		}
	}
	return to
}

// Lengths counts those that ended by their lengths.
func (s *Store) Lengths(ctx context.Context, tenant string, from, to time.Time, bounds []time.Duration) ([]int, error) {
	type row struct {
		Bin int64 `db:"bin"`
		N   int64 `db:"n"`
	}
	var b strings.Builder
	for i, at := range bounds {
		fmt.Fprintf(&b, " WHEN duration_ms < %d THEN %d", at.Milliseconds(), i)
	}
	rows, err := all[row](ctx, s, s.read, `SELECT CASE`+b.String()+fmt.Sprintf(` ELSE %d END`, len(bounds))+` AS bin, COUNT(*) AS n
		FROM conversations WHERE tenant_id = ? AND started_at >= ? AND started_at < ? AND status <> 'active' GROUP BY bin`, clean(tenant), from.UnixMilli(), to.UnixMilli())
	if err != nil {
		return nil, s.dialect.fault(err, "count conversations by length")
	}
	out := make([]int, len(bounds)+1)
	for _, r := range rows {
		out[r.Bin] = int(r.N)
	}
	return out, nil
}

// Going returns the conversations that go on, or ended lately.
func (s *Store) Going(ctx context.Context, tenant string, since time.Time) ([]overview.Span, error) {
	type row struct {
		Start int64 `db:"started_at"`
		End   int64 `db:"ended"`
	}
	rows, err := all[row](ctx, s, s.read, `SELECT started_at, COALESCE(ended_at, 0) AS ended FROM conversations
		WHERE tenant_id = ? AND started_at >= ? AND (status = 'active' OR ended_at >= ?)`, clean(tenant), since.Add(-24*time.Hour).UnixMilli(), since.UnixMilli())
	if err != nil {
		return nil, s.dialect.fault(err, "list the conversations that go on")
	}
	out := make([]overview.Span, len(rows))
	for i, r := range rows {
		out[i].Start = time.UnixMilli(r.Start)
		if r.End > 0 {
			out[i].End = time.UnixMilli(r.End)
		}
	}
	return out, nil
}

// Mark tells one state of a tenant's conversations and rates from another.
func (s *Store) Mark(ctx context.Context, tenant string) (string, int, error) {
	type row struct {
		N      int64 `db:"n"`
		Active int64 `db:"active"`
		Began  int64 `db:"began"`
		Ended  int64 `db:"ended"`
		Rates  int64 `db:"rates"`
		Set    int64 `db:"set_at"`
	}
	rows, err := all[row](ctx, s, s.read, `SELECT COUNT(*) AS n, CAST(COALESCE(SUM(CASE WHEN status = 'active' THEN 1 ELSE 0 END), 0) AS BIGINT) AS active,
		COALESCE(MAX(started_at), 0) AS began, COALESCE(MAX(ended_at), 0) AS ended,
		(SELECT COUNT(*) FROM billing_rates WHERE tenant_id = ?) AS rates, COALESCE((SELECT MAX(set_at) FROM billing_rates WHERE tenant_id = ?), 0) AS set_at
		FROM conversations WHERE tenant_id = ?`, clean(tenant), clean(tenant), clean(tenant))
	if err != nil {
		return "", 0, s.dialect.fault(err, "look for changes")
	}
	r := rows[0]
	return fmt.Sprintf("%d-%d-%d-%d-%d-%d", r.N, r.Active, r.Began, r.Ended, r.Rates, r.Set), int(r.Active), nil
}

// Rates returns a tenant's rates in order of time.
func (s *Store) Rates(ctx context.Context, tenant string) ([]overview.Rate, error) {
	type row struct {
		From   int64  `db:"effective_from"`
		Micros int64  `db:"minute_micros"`
		By     string `db:"set_by"`
		At     int64  `db:"set_at"`
	}
	rows, err := all[row](ctx, s, s.read, "SELECT effective_from, minute_micros, set_by, set_at FROM billing_rates WHERE tenant_id = ? ORDER BY effective_from", clean(tenant))
	if err != nil {
		return nil, s.dialect.fault(err, "read the billing rates")
	}
	out := make([]overview.Rate, len(rows))
	for i, r := range rows {
		out[i] = overview.Rate{From: time.UnixMilli(r.From).UTC(), Micros: r.Micros, By: r.By, At: time.UnixMilli(r.At).UTC()}
	}
	return out, nil
}

// PutRate sets a tenant's rate from a moment on.
func (s *Store) PutRate(ctx context.Context, tenant string, r overview.Rate) error {
	_, err := s.exec(ctx, s.write, `INSERT INTO billing_rates (tenant_id, effective_from, minute_micros, set_by, set_at) VALUES (?, ?, ?, ?, ?)
		ON CONFLICT (tenant_id, effective_from) DO UPDATE SET minute_micros = excluded.minute_micros, set_by = excluded.set_by, set_at = excluded.set_at`,
		clean(tenant), r.From.UnixMilli(), r.Micros, clean(r.By), r.At.UnixMilli())
	if err != nil {
		return s.dialect.fault(err, "write the billing rate")
	}
	return nil
}
