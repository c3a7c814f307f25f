package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"time"

	"griot/internal/calls"
	"griot/internal/fault"
)

var _ calls.Store = (*Store)(nil)

type callRow struct {
	Tenant       string        `db:"tenant_id"`
	ID           string        `db:"id"`
	Conversation string        `db:"conversation_id"`
	Node         string        `db:"node"`
	Model        string        `db:"model"`
	Voice        string        `db:"voice"`
	Settings     string        `db:"settings"`
	Status       string        `db:"status"`
	CreatedAt    int64         `db:"created_at"`
	EndedAt      sql.NullInt64 `db:"ended_at"`
	DurationMS   int64         `db:"duration_ms"`
	EndReason    string        `db:"end_reason"`
}

// CreateCall enters a call.
func (s *Store) CreateCall(ctx context.Context, c calls.Call) error {
	settings, err := json.Marshal(c.Settings)
	if err != nil {
		return fmt.Errorf("encode the call's settings: %w", err)
	}
	v := values(callRow{Tenant: c.Tenant, ID: c.ID, Conversation: c.Conversation, Node: clean(c.Node), Model: clean(c.Settings.Model),
		Voice: clean(c.Settings.Voice), Settings: clean(string(settings)), Status: string(c.Status), CreatedAt: c.CreatedAt.UnixMilli()})
	if _, err := s.exec(ctx, s.write, "INSERT INTO calls ("+columns[callRow]()+") VALUES "+marks(len(v), 1), v...); err != nil {
		return s.dialect.fault(err, "enter the call")
	}
	return nil
}

// ConnectCall names the conversation of a call.
func (s *Store) ConnectCall(ctx context.Context, tenant, id, conversation string) error {
	n, err := s.exec(ctx, s.write, "UPDATE calls SET conversation_id = ? WHERE tenant_id = ? AND id = ?", clean(conversation), clean(tenant), clean(id))
	if err != nil {
		return s.dialect.fault(err, "name the call's conversation")
	}
	if n == 0 {
		return callNotFound(id)
	}
	return nil
}

const endCallSQL = "UPDATE calls SET status = ?, ended_at = ?, duration_ms = CASE WHEN created_at < ? THEN ? - created_at ELSE 0 END, end_reason = ? WHERE status = ? AND "

func endCallArgs(reason string, at time.Time) []any {
	ms := at.UnixMilli()
	return []any{string(calls.Ended), ms, ms, ms, clean(reason), string(calls.Active)}
}

// EndCall ends an active call.
func (s *Store) EndCall(ctx context.Context, tenant, id, reason string, at time.Time) error {
	n, err := s.exec(ctx, s.write, endCallSQL+"tenant_id = ? AND id = ?", append(endCallArgs(reason, at), clean(tenant), clean(id))...)
	if err != nil {
		return s.dialect.fault(err, "end the call")
	}
	if n == 0 {
		_, err = s.Call(ctx, tenant, id)
	}
	return err
}

// EndCallsOf ends what a node left open.
func (s *Store) EndCallsOf(ctx context.Context, node, reason string, at time.Time) (int, error) {
	n, err := s.exec(ctx, s.write, endCallSQL+"node = ?", append(endCallArgs(reason, at), clean(node))...)
	if err != nil {
		return 0, s.dialect.fault(err, "end the calls of the last run")
	}
	return int(n), nil
}

// Call returns a call.
func (s *Store) Call(ctx context.Context, tenant, id string) (calls.Call, error) {
	rows, err := all[callRow](ctx, s, s.read, "SELECT "+columns[callRow]()+" FROM calls WHERE tenant_id = ? AND id = ?", clean(tenant), clean(id))
	if err != nil {
		return calls.Call{}, s.dialect.fault(err, "read the call")
	}
	if len(rows) == 0 {
		return calls.Call{}, callNotFound(id)
	}
	return rows[0].call()
}

// ListCalls returns a page of calls, newest first, and how many there are in all.
func (s *Store) ListCalls(ctx context.Context, tenant string, f calls.Filter) ([]calls.Call, int, error) {
	where, args := "WHERE tenant_id = ?", []any{clean(tenant)}
	if f.Status != "" {
		where, args = where+" AND status = ?", append(args, clean(string(f.Status)))
	}
	total, err := s.count(ctx, "SELECT COUNT(*) AS n FROM calls "+where, args...)
	if err != nil {
		return nil, 0, s.dialect.fault(err, "count calls")
	}
	rows, err := all[callRow](ctx, s, s.read, "SELECT "+columns[callRow]()+" FROM calls "+where+" ORDER BY created_at DESC, id DESC LIMIT ? OFFSET ?",
		append(args, max(1, f.Limit), max(0, f.Offset))...)
	if err != nil {
		return nil, 0, s.dialect.fault(err, "list calls")
	}
	out := make([]calls.Call, len(rows))
	for i, r := range rows {
		if out[i], err = r.call(); err != nil {
			return nil, 0, err
		}
	}
	return out, total, nil
}

// CountCalls counts calls by model, voice and status.
func (s *Store) CountCalls(ctx context.Context, tenant string) ([]calls.Count, error) {
	type row struct {
		Model  string `db:"model"`
		Voice  string `db:"voice"`
		Status string `db:"status"`
		N      int64  `db:"n"`
		MS     int64  `db:"ms"`
	}
	rows, err := all[row](ctx, s, s.read, `SELECT model, voice, status, COUNT(*) AS n, CAST(COALESCE(SUM(duration_ms), 0) AS BIGINT) AS ms
		FROM calls WHERE tenant_id = ? GROUP BY model, voice, status ORDER BY model, voice, status`, clean(tenant))
	if err != nil {
		return nil, s.dialect.fault(err, "count calls")
	}
	out := make([]calls.Count, len(rows))
	for i, r := range rows {
		out[i] = calls.Count{Model: r.Model, Voice: r.Voice, Status: calls.Status(r.Status), Calls: int(r.N), Seconds: float64(r.MS) / 1000}
	}
	return out, nil
}

// CountCallEvents counts the kept events of calls' conversations.
func (s *Store) CountCallEvents(ctx context.Context, tenant string) (int, error) {
	n, err := s.count(ctx, `SELECT COUNT(*) AS n FROM calls c JOIN events e ON e.tenant_id = c.tenant_id AND e.conversation_id = c.conversation_id WHERE c.tenant_id = ?`, clean(tenant))
	if err != nil {
		return 0, s.dialect.fault(err, "count the events of calls")
	}
	return n, nil
}

func (s *Store) count(ctx context.Context, query string, args ...any) (int, error) {
	type row struct {
		N int64 `db:"n"`
	}
	rows, err := all[row](ctx, s, s.read, query, args...)
	if err != nil {
		return 0, err
	}
	return int(rows[0].N), nil
}

func (r callRow) call() (calls.Call, error) {
	c := calls.Call{Tenant: r.Tenant, ID: r.ID, Conversation: r.Conversation, Node: r.Node, Status: calls.Status(r.Status),
		CreatedAt: time.UnixMilli(r.CreatedAt).UTC(), EndReason: r.EndReason}
	if r.EndedAt.Valid {
		c.EndedAt = time.UnixMilli(r.EndedAt.Int64).UTC()
	}
	var err error
	if c.Settings, err = calls.ParseSettings([]byte(r.Settings)); err != nil {
		return c, fmt.Errorf("decode the settings of call %s: %w", r.ID, err)
	}
	return c, nil
}

func callNotFound(id string) error {
	f := fault.New(fault.NotFound, "call_not_found", "There is no call %q.", id)
	f.Params = map[string]string{"id": id}
	return f
}
