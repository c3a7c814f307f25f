package store

import (
	"context"
	"time"

	"griot/internal/fault"
	"griot/internal/tool"
)

var _ tool.EffectStore = (*Store)(nil)

type effectRow struct {
	Tenant     string `db:"tenant_id"`
	ID         string `db:"id"`
	Node       string `db:"node"`
	Session    string `db:"session"`
	Agent      string `db:"agent"`
	Tool       string `db:"tool"`
	CallID     string `db:"call_id"`
	Arguments  string `db:"arguments"`
	State      string `db:"state"`
	Approval   int64  `db:"approval"`
	Code       string `db:"code"`
	Output     string `db:"output"`
	DecidedBy  string `db:"decided_by"`
	ProposedAt int64  `db:"proposed_at"`
	DecidedAt  int64  `db:"decided_at"`
	SentAt     int64  `db:"sent_at"`
	SettledAt  int64  `db:"settled_at"`
	ExpiresAt  int64  `db:"expires_at"`
}

func effectRowOf(e tool.Effect) effectRow {
	r := effectRow{Tenant: clean(e.Tenant), ID: clean(e.ID), Node: clean(e.Node), Session: clean(e.Session), Agent: clean(e.Agent), Tool: clean(e.Tool), CallID: clean(e.CallID), Arguments: clean(e.Arguments),
		State: string(e.State), Code: clean(e.Code), Output: clean(e.Output), DecidedBy: clean(e.DecidedBy),
		ProposedAt: ms(e.ProposedAt), DecidedAt: ms(e.DecidedAt), SentAt: ms(e.SentAt), SettledAt: ms(e.SettledAt), ExpiresAt: ms(e.ExpiresAt)}
	if e.Approval {
		r.Approval = 1
	}
	return r
}

func (r effectRow) effect() tool.Effect {
	return tool.Effect{Tenant: r.Tenant, ID: r.ID, Node: r.Node, Session: r.Session, Agent: r.Agent, Tool: r.Tool, CallID: r.CallID, Arguments: r.Arguments, State: tool.State(r.State),
		Approval: r.Approval == 1, Code: r.Code, Output: r.Output, DecidedBy: r.DecidedBy,
		ProposedAt: when(r.ProposedAt), DecidedAt: when(r.DecidedAt), SentAt: when(r.SentAt), SettledAt: when(r.SettledAt), ExpiresAt: when(r.ExpiresAt)}
}

func effectNotFound(id string) error {
	return fault.New(fault.NotFound, "effect_not_found", "There is no effect %q.", id)
}

// CreateEffect implements tool.EffectStore.
func (s *Store) CreateEffect(ctx context.Context, e tool.Effect) error {
	if err := insert(ctx, s, s.write, "effects", effectRowOf(e)); err != nil {
		return s.dialect.fault(err, "write the effect down")
	}
	return nil
}

// ChangeEffect implements tool.EffectStore.
func (s *Store) ChangeEffect(ctx context.Context, e tool.Effect, from tool.State) error {
	r := effectRowOf(e)
	n, err := s.exec(ctx, s.write, "UPDATE effects SET state = ?, code = ?, output = ?, decided_by = ?, decided_at = ?, sent_at = ?, settled_at = ? WHERE tenant_id = ? AND id = ? AND state = ?",
		r.State, r.Code, r.Output, r.DecidedBy, r.DecidedAt, r.SentAt, r.SettledAt, r.Tenant, r.ID, string(from))
	if err != nil {
		return s.dialect.fault(err, "change the effect")
	}
	if n == 0 {
		if _, err := s.Effect(ctx, e.Tenant, e.ID); err != nil {
			return err
		}
		return fault.New(fault.Conflict, "effect_changed", "The effect is not %s any more.", from)
	}
	return nil
}

// Effect implements tool.EffectStore.
func (s *Store) Effect(ctx context.Context, tenant, id string) (tool.Effect, error) {
	r, err := one[effectRow](ctx, s, s.read, "read the effect", effectNotFound(id), "SELECT "+columns[effectRow]()+" FROM effects WHERE tenant_id = ? AND id = ?", clean(tenant), clean(id))
	if err != nil {
		return tool.Effect{}, err
	}
	return r.effect(), nil
}

// ListEffects implements tool.EffectStore.
func (s *Store) ListEffects(ctx context.Context, tenant string, f tool.EffectFilter) ([]tool.Effect, int, error) {
	where, args := "tenant_id = ?", []any{clean(tenant)}
	for _, c := range []struct{ column, value string }{{"state", string(f.State)}, {"tool", f.Tool}, {"session", f.Session}} {
		if c.value != "" {
			where += " AND " + c.column + " = ?"
			args = append(args, clean(c.value))
		}
	}
	if f.Approval {
		where += " AND approval = 1"
	}
	n, err := s.count(ctx, "SELECT COUNT(*) AS n FROM effects WHERE "+where, args...)
	if err != nil {
		return nil, 0, s.dialect.fault(err, "count the effects")
	}
	rows, err := all[effectRow](ctx, s, s.read, "SELECT "+columns[effectRow]()+" FROM effects WHERE "+where+" ORDER BY proposed_at DESC, id DESC LIMIT ? OFFSET ?", append(args, min(max(1, f.Limit), 200), max(0, f.Offset))...)
	if err != nil {
		return nil, 0, s.dialect.fault(err, "list the effects")
	}
	out := make([]tool.Effect, len(rows))
	for i, r := range rows {
		out[i] = r.effect()
	}
	return out, n, nil
}

// AbandonEffects implements tool.EffectStore.
func (s *Store) AbandonEffects(ctx context.Context, node string, before time.Time) (int, error) {
	total := 0
	for _, c := range []struct{ states, code string }{{"('sent')", tool.CodeUnknown}, {"('proposed', 'authorised')", tool.CodeExpired}} {
		n, err := s.exec(ctx, s.write, "UPDATE effects SET state = 'failed', code = ?, settled_at = ? WHERE node = ? AND proposed_at < ? AND state IN "+c.states, c.code, ms(before), clean(node), ms(before))
		if err != nil {
			return total, s.dialect.fault(err, "settle the effects of the last run")
		}
		total += int(n)
	}
	return total, nil
}
