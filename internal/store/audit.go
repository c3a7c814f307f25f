package store

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"unicode/utf8"

	"griot/internal/identity"
)

type auditRow struct {
	Tenant     string `db:"tenant_id"`
	ID         string `db:"id"`
	At         int64  `db:"at"`
	ActorKind  string `db:"actor_kind"`
	ActorID    string `db:"actor_id"`
	ActorName  string `db:"actor_name"`
	Action     string `db:"action"`
	TargetKind string `db:"target_kind"`
	TargetID   string `db:"target_id"`
	TargetName string `db:"target_name"`
	Changes    string `db:"changes"`
	Address    string `db:"address"`
	Agent      string `db:"agent"`
}

// AppendAudit implements identity.Trail.
func (s *Store) AppendAudit(ctx context.Context, e identity.Entry) error {
	changes, err := json.Marshal(e.Changes)
	if err != nil {
		return fmt.Errorf("encode an audit entry: %w", err)
	}
	err = insert(ctx, s, s.write, "audit", auditRow{Tenant: clean(e.Tenant), ID: e.ID, At: ms(e.At), ActorKind: string(e.ActorKind), ActorID: clean(e.ActorID), ActorName: clean(e.ActorName),
		Action: clean(e.Action), TargetKind: clean(e.TargetKind), TargetID: clean(e.TargetID), TargetName: clean(e.TargetName), Changes: clean(string(changes)),
		Address: clean(e.Address), Agent: clean(e.Agent)})
	if err != nil {
		return s.dialect.fault(err, "write the audit trail")
	}
	return nil
}

// ListAudit implements identity.Trail.
func (s *Store) ListAudit(ctx context.Context, tenant string, f identity.Filter) ([]identity.Entry, int, error) {
	where, args := "WHERE tenant_id = ?", []any{clean(tenant)}
	add := func(cond string, values ...any) { where, args = where+" AND "+cond, append(args, values...) }
	if f.Actor != "" {
		add("actor_id = ?", clean(f.Actor))
	}
	if f.Target != "" {
		add("target_id = ?", clean(f.Target))
	}
	switch action := clean(f.Action); {
	case action == "":
	case strings.HasSuffix(action, "."): // a prefix, without LIKE and orders, whose rules differ
		add("substr(action, 1, ?) = ?", utf8.RuneCountInString(action), action)
	default:
		add("action = ?", action)
	}
	if !f.From.IsZero() {
		add("at >= ?", ms(f.From))
	}
	if !f.To.IsZero() {
		add("at < ?", ms(f.To))
	}
	total, err := s.count(ctx, "SELECT COUNT(*) AS n FROM audit "+where, args...)
	if err != nil {
		return nil, 0, s.dialect.fault(err, "count the audit trail")
	}
	if f.Before != nil {
		add("(at, id) < (?, ?)", ms(f.Before.At), clean(f.Before.ID))
	}
	rows, err := all[auditRow](ctx, s, s.read, "SELECT "+columns[auditRow]()+" FROM audit "+where+" ORDER BY at DESC, id DESC LIMIT ?", append(args, max(1, f.Limit))...)
	if err != nil {
		return nil, 0, s.dialect.fault(err, "read the audit trail")
	}
	out := make([]identity.Entry, len(rows))
	for i, r := range rows {
		out[i] = identity.Entry{Tenant: r.Tenant, ID: r.ID, At: when(r.At), ActorKind: identity.Kind(r.ActorKind), ActorID: r.ActorID, ActorName: r.ActorName, Action: r.Action,
			TargetKind: r.TargetKind, TargetID: r.TargetID, TargetName: r.TargetName, Address: r.Address, Agent: r.Agent}
		if err := json.Unmarshal([]byte(r.Changes), &out[i].Changes); err != nil {
			return nil, 0, fmt.Errorf("decode audit entry %s: %w", r.ID, err)
		}
	}
	return out, total, nil
}
