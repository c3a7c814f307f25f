package store

import (
	"context"
	"time"

	"griot/internal/fault"
	"griot/internal/identity"
)

type sessionRow struct {
	ID        string `db:"id"`
	Tenant    string `db:"tenant_id"`
	User      string `db:"user_id"`
	Token     string `db:"token"`
	OldToken  string `db:"old_token"`
	Confirmed bool   `db:"confirmed"`
	RotatedAt int64  `db:"rotated_at"`
	CreatedAt int64  `db:"created_at"`
	SeenAt    int64  `db:"seen_at"`
	ExpiresAt int64  `db:"expires_at"`
	Address   string `db:"address"`
	Agent     string `db:"agent"`
}

func (r sessionRow) session() identity.Session {
	return identity.Session{ID: r.ID, Tenant: r.Tenant, User: r.User, Token: r.Token, OldToken: r.OldToken, Confirmed: r.Confirmed, RotatedAt: when(r.RotatedAt),
		CreatedAt: when(r.CreatedAt), SeenAt: when(r.SeenAt), ExpiresAt: when(r.ExpiresAt), Address: r.Address, Agent: r.Agent}
}

func sessionNotFound() error {
	return fault.New(fault.NotFound, "session_not_found", "There is no such session.")
}

// CreateSession implements identity.Sessions.
func (s *Store) CreateSession(ctx context.Context, n identity.Session) error {
	err := insert(ctx, s, s.write, "sessions", sessionRow{ID: n.ID, Tenant: clean(n.Tenant), User: clean(n.User), Token: n.Token, OldToken: n.OldToken, Confirmed: n.Confirmed,
		RotatedAt: ms(n.RotatedAt), CreatedAt: ms(n.CreatedAt), SeenAt: ms(n.SeenAt), ExpiresAt: ms(n.ExpiresAt), Address: clean(n.Address), Agent: clean(n.Agent)})
	if err != nil {
		return s.dialect.fault(err, "open the session")
	}
	return nil
}

// SessionByToken implements identity.Sessions.
func (s *Store) SessionByToken(ctx context.Context, token string) (identity.Session, error) {
	r, err := one[sessionRow](ctx, s, s.read, "read the session", sessionNotFound(),
		"SELECT "+columns[sessionRow]()+" FROM sessions WHERE token = ? UNION ALL SELECT "+columns[sessionRow]()+" FROM sessions WHERE old_token = ? AND old_token <> ''", clean(token), clean(token))
	return r.session(), err
}

// SessionsOf implements identity.Sessions.
func (s *Store) SessionsOf(ctx context.Context, user string) ([]identity.Session, error) {
	rows, err := all[sessionRow](ctx, s, s.read, "SELECT "+columns[sessionRow]()+" FROM sessions WHERE user_id = ? ORDER BY created_at DESC, id DESC", clean(user))
	if err != nil {
		return nil, s.dialect.fault(err, "list the sessions")
	}
	return convert(rows, sessionRow.session), nil
}

// UpdateSession implements identity.Sessions.
func (s *Store) UpdateSession(ctx context.Context, was, n identity.Session) (bool, error) {
	touched, err := s.exec(ctx, s.write, `UPDATE sessions SET tenant_id = ?, token = ?, old_token = ?, confirmed = ?, rotated_at = ?, seen_at = ?
		WHERE id = ? AND token = ? AND old_token = ?`,
		clean(n.Tenant), n.Token, n.OldToken, n.Confirmed, ms(n.RotatedAt), ms(n.SeenAt), n.ID, was.Token, was.OldToken)
	if err != nil {
		return false, s.dialect.fault(err, "write the session")
	}
	return touched > 0, nil
}

// DeleteSession implements identity.Sessions.
func (s *Store) DeleteSession(ctx context.Context, user, id string) error {
	return s.touch(ctx, "end the session", sessionNotFound(), "DELETE FROM sessions WHERE user_id = ? AND id = ?", clean(user), clean(id))
}

// DeleteSessions implements identity.Sessions.
func (s *Store) DeleteSessions(ctx context.Context, user, keep string) error {
	return s.touch(ctx, "end the sessions", nil, "DELETE FROM sessions WHERE user_id = ? AND id <> ?", clean(user), clean(keep))
}

// ForgetSessions implements identity.Sessions.
func (s *Store) ForgetSessions(ctx context.Context, expired, idle time.Time) error {
	return s.touch(ctx, "delete old sessions", nil, "DELETE FROM sessions WHERE expires_at <= ? OR seen_at <= ?", ms(expired), ms(idle))
}
