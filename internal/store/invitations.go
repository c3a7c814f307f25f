package store

import (
	"context"
	"database/sql"
	"time"

	"griot/internal/fault"
	"griot/internal/identity"
)

type invitationRow struct {
	Tenant     string `db:"tenant_id"`
	ID         string `db:"id"`
	Email      string `db:"email"`
	Role       string `db:"role"`
	Token      string `db:"token"`
	InvitedBy  string `db:"invited_by"`
	CreatedAt  int64  `db:"created_at"`
	ExpiresAt  int64  `db:"expires_at"`
	AcceptedAt int64  `db:"accepted_at"`
}

func (r invitationRow) invitation() identity.Invitation {
	return identity.Invitation{Tenant: r.Tenant, ID: r.ID, Email: r.Email, Role: identity.Role(r.Role), Token: r.Token, InvitedBy: r.InvitedBy,
		CreatedAt: when(r.CreatedAt), ExpiresAt: when(r.ExpiresAt), AcceptedAt: when(r.AcceptedAt)}
}

func invitationNotFound() error {
	return fault.New(fault.NotFound, "invitation_not_found", "There is no such invitation, or it was taken back.")
}

// CreateInvitation implements identity.Invitations.
func (s *Store) CreateInvitation(ctx context.Context, i identity.Invitation) error {
	err := insert(ctx, s, s.write, "invitations", invitationRow{Tenant: clean(i.Tenant), ID: i.ID, Email: clean(i.Email), Role: string(i.Role), Token: i.Token,
		InvitedBy: clean(i.InvitedBy), CreatedAt: ms(i.CreatedAt), ExpiresAt: ms(i.ExpiresAt)})
	if err != nil {
		return s.dialect.fault(err, "keep the invitation")
	}
	return nil
}

func (s *Store) invitations(ctx context.Context, where string, args ...any) ([]identity.Invitation, error) {
	rows, err := all[invitationRow](ctx, s, s.read, "SELECT "+columns[invitationRow]()+" FROM invitations WHERE "+where+" ORDER BY created_at DESC, id DESC", args...)
	if err != nil {
		return nil, s.dialect.fault(err, "read the invitations")
	}
	return convert(rows, invitationRow.invitation), nil
}

// Invitations implements identity.Invitations.
func (s *Store) Invitations(ctx context.Context, tenant string) ([]identity.Invitation, error) {
	return s.invitations(ctx, "tenant_id = ? AND accepted_at = 0", clean(tenant))
}

// InvitationByToken implements identity.Invitations.
func (s *Store) InvitationByToken(ctx context.Context, token string) (identity.Invitation, error) {
	found, err := s.invitations(ctx, "token = ?", clean(token))
	if err != nil {
		return identity.Invitation{}, err
	}
	if len(found) == 0 {
		return identity.Invitation{}, invitationNotFound()
	}
	return found[0], nil
}

// InvitationsFor implements identity.Invitations.
func (s *Store) InvitationsFor(ctx context.Context, email string, at time.Time) ([]identity.Invitation, error) {
	return s.invitations(ctx, "email = ? AND accepted_at = 0 AND expires_at > ?", clean(email), ms(at))
}

// DeleteInvitation implements identity.Invitations.
func (s *Store) DeleteInvitation(ctx context.Context, tenant, id string) error {
	return s.touch(ctx, "take the invitation back", invitationNotFound(), "DELETE FROM invitations WHERE tenant_id = ? AND id = ? AND accepted_at = 0", clean(tenant), clean(id))
}

// AcceptInvitation implements identity.Invitations.
func (s *Store) AcceptInvitation(ctx context.Context, i identity.Invitation, m identity.Member, isNew bool) error {
	err := s.inTx(ctx, func(tx *sql.Tx) error {
		n, err := s.exec(ctx, tx, "UPDATE invitations SET accepted_at = ? WHERE tenant_id = ? AND id = ? AND accepted_at = 0", ms(i.AcceptedAt), clean(i.Tenant), clean(i.ID))
		if err != nil {
			return err
		}
		if n == 0 {
			return fault.New(fault.Conflict, "invitation_used", "The invitation was accepted already: sign in.")
		}
		return s.addMember(ctx, tx, m, isNew)
	})
	if err != nil {
		return s.dialect.fault(err, "accept the invitation")
	}
	return nil
}
