package store

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"griot/internal/fault"
	"griot/internal/identity"
)

var _ identity.Store = (*Store)(nil)

// setUpKey is the setting whose presence says that there has been a first administrator.
const setUpKey = "identity.set_up"

type userRow struct {
	ID         string `db:"id"`
	Email      string `db:"email"`
	Name       string `db:"name"`
	Lang       string `db:"lang"`
	Password   string `db:"password"`
	Issuer     string `db:"issuer"`
	Subject    string `db:"subject"`
	Operator   bool   `db:"operator"`
	CreatedAt  int64  `db:"created_at"`
	SignedInAt int64  `db:"signed_in_at"`
}

func userRowOf(a identity.Account) userRow {
	return userRow{ID: a.ID, Email: clean(a.Email), Name: clean(a.Name), Lang: clean(a.Lang), Password: a.Password, Issuer: clean(a.Issuer), Subject: clean(a.Subject),
		Operator: a.Operator, CreatedAt: ms(a.CreatedAt), SignedInAt: ms(a.SignedInAt)}
}

func (r userRow) account() identity.Account {
	return identity.Account{ID: r.ID, Email: r.Email, Name: r.Name, Lang: r.Lang, Password: r.Password, Issuer: r.Issuer, Subject: r.Subject, Operator: r.Operator,
		CreatedAt: when(r.CreatedAt), SignedInAt: when(r.SignedInAt)}
}

// ms is a time as it is kept: milliseconds since 1970, 0 for none.
func ms(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}

// when is ms backwards.
func when(ms int64) time.Time {
	if ms == 0 {
		return time.Time{}
	}
	return time.UnixMilli(ms).UTC()
}

// one returns the only row of a query, missing when there is none.
func one[T any](ctx context.Context, s *Store, q querier, doing string, missing error, query string, args ...any) (T, error) {
	var none T
	rows, err := all[T](ctx, s, q, query, args...)
	if err != nil {
		return none, s.dialect.fault(err, doing)
	}
	if len(rows) == 0 {
		return none, missing
	}
	return rows[0], nil
}

// insert writes a row whose columns are those of T.
func insert[T any](ctx context.Context, s *Store, q querier, table string, row T) error {
	v := values(row)
	_, err := s.exec(ctx, q, "INSERT INTO "+table+" ("+columns[T]()+") VALUES "+marks(len(v), 1), v...)
	return err
}

// touch runs a statement that is to change one row, and returns missing when there is none.
func (s *Store) touch(ctx context.Context, doing string, missing error, query string, args ...any) error {
	n, err := s.exec(ctx, s.write, query, args...)
	if err != nil {
		return s.dialect.fault(err, doing)
	}
	if n == 0 {
		return missing
	}
	return nil
}

// IsSetUp implements identity.Accounts.
func (s *Store) IsSetUp(ctx context.Context) (bool, error) {
	_, err := s.Setting(ctx, identity.DefaultTenant, setUpKey)
	if fault.KindOf(err) == fault.NotFound {
		return false, nil
	}
	return err == nil, err
}

// CreateFirst implements identity.Accounts.
func (s *Store) CreateFirst(ctx context.Context, a identity.Account, tenant string) error {
	err := s.inTx(ctx, func(tx *sql.Tx) error {
		n, err := s.exec(ctx, tx, "INSERT INTO settings (tenant_id, key, value, updated_at) VALUES (?, ?, ?, ?) ON CONFLICT (tenant_id, key) DO NOTHING",
			identity.DefaultTenant, setUpKey, a.ID, ms(a.CreatedAt))
		if err != nil {
			return err
		}
		if n == 0 {
			return fault.New(fault.Conflict, "setup_done", "There is an administrator already: sign in.")
		}
		if err := insert(ctx, s, tx, "users", userRowOf(a)); err != nil {
			return err
		}
		return insert(ctx, s, tx, "members", memberRow{Tenant: clean(tenant), User: a.ID, Role: string(identity.Admin), CreatedAt: ms(a.CreatedAt)})
	})
	if err != nil {
		return s.dialect.fault(err, "make the first administrator")
	}
	return nil
}

const selectUser = "SELECT id, email, name, lang, password, issuer, subject, operator, created_at, signed_in_at FROM users WHERE "

func (s *Store) user(ctx context.Context, where string, args ...any) (identity.Account, error) {
	r, err := one[userRow](ctx, s, s.read, "read the account", fault.New(fault.NotFound, "account_not_found", "There is no such account."), selectUser+where, args...)
	if err != nil {
		return identity.Account{}, err
	}
	return r.account(), nil
}

// Account implements identity.Accounts.
func (s *Store) Account(ctx context.Context, id string) (identity.Account, error) {
	return s.user(ctx, "id = ?", clean(id))
}

// AccountByEmail implements identity.Accounts.
func (s *Store) AccountByEmail(ctx context.Context, email string) (identity.Account, error) {
	return s.user(ctx, "email = ?", clean(email))
}

// AccountBySubject implements identity.Accounts.
func (s *Store) AccountBySubject(ctx context.Context, issuer, subject string) (identity.Account, error) {
	return s.user(ctx, "issuer = ? AND subject = ? AND subject <> ''", clean(issuer), clean(subject))
}

// UpdateAccount implements identity.Accounts.
func (s *Store) UpdateAccount(ctx context.Context, a identity.Account) error {
	r := userRowOf(a)
	return s.touch(ctx, "write the account", fault.New(fault.NotFound, "account_not_found", "There is no such account."),
		"UPDATE users SET name = ?, lang = ?, password = ?, issuer = ?, subject = ?, operator = ?, signed_in_at = ? WHERE id = ?",
		r.Name, r.Lang, r.Password, r.Issuer, r.Subject, r.Operator, r.SignedInAt, r.ID)
}

type tenantRow struct {
	ID        string `db:"id"`
	Name      string `db:"name"`
	CreatedAt int64  `db:"created_at"`
}

func (r tenantRow) tenant() identity.Tenant {
	return identity.Tenant{ID: r.ID, Name: r.Name, CreatedAt: when(r.CreatedAt)}
}

func tenantNotFound(id string) error {
	f := fault.New(fault.NotFound, "tenant_not_found", "There is no tenant %q.", id)
	f.Params = map[string]string{"id": id}
	return f
}

// Tenant implements identity.Tenants.
func (s *Store) Tenant(ctx context.Context, id string) (identity.Tenant, error) {
	r, err := one[tenantRow](ctx, s, s.read, "read the tenant", tenantNotFound(id), "SELECT id, name, created_at FROM tenants WHERE id = ?", clean(id))
	return r.tenant(), err
}

// Tenants implements identity.Tenants.
func (s *Store) Tenants(ctx context.Context) ([]identity.Tenant, error) {
	rows, err := all[tenantRow](ctx, s, s.read, "SELECT id, name, created_at FROM tenants ORDER BY name, id")
	if err != nil {
		return nil, s.dialect.fault(err, "list the tenants")
	}
	return convert(rows, tenantRow.tenant), nil
}

func convert[A, B any](rows []A, f func(A) B) []B {
	out := make([]B, len(rows))
	for i, r := range rows {
		out[i] = f(r)
	}
	return out
}

// CreateTenant implements identity.Tenants.
func (s *Store) CreateTenant(ctx context.Context, t identity.Tenant, admin string) error {
	err := s.inTx(ctx, func(tx *sql.Tx) error {
		n, err := s.exec(ctx, tx, "INSERT INTO tenants (id, name, created_at) VALUES (?, ?, ?) ON CONFLICT (id) DO NOTHING", clean(t.ID), clean(t.Name), ms(t.CreatedAt))
		if err != nil {
			return err
		}
		if n == 0 {
			return fault.New(fault.Conflict, "tenant_taken", "There is a tenant %q already.", t.ID).At("body.id")
		}
		return insert(ctx, s, tx, "members", memberRow{Tenant: clean(t.ID), User: clean(admin), Role: string(identity.Admin), CreatedAt: ms(t.CreatedAt)})
	})
	if err != nil {
		return s.dialect.fault(err, "make the tenant")
	}
	return nil
}

// RenameTenant implements identity.Tenants.
func (s *Store) RenameTenant(ctx context.Context, id, name string) error {
	return s.touch(ctx, "rename the tenant", tenantNotFound(id), "UPDATE tenants SET name = ? WHERE id = ?", clean(name), clean(id))
}

type memberRow struct {
	Tenant    string `db:"tenant_id"`
	User      string `db:"user_id"`
	Role      string `db:"role"`
	Disabled  bool   `db:"disabled"`
	CreatedAt int64  `db:"created_at"`
}

// personRow is a member with the account. Its names differ where the two tables have the same.
type personRow struct {
	userRow
	Tenant   string `db:"tenant_id"`
	Role     string `db:"role"`
	Disabled bool   `db:"disabled"`
	Since    int64  `db:"since"`
}

func (r personRow) member() identity.Member {
	return identity.Member{Tenant: r.Tenant, Account: r.account(), Role: identity.Role(r.Role), Disabled: r.Disabled, Since: when(r.Since)}
}

const selectPerson = `SELECT u.id, u.email, u.name, u.lang, u.password, u.issuer, u.subject, u.operator, u.created_at, u.signed_in_at,
	m.tenant_id, m.role, m.disabled, m.created_at AS since FROM members m JOIN users u ON u.id = m.user_id WHERE m.tenant_id = ?`

func personNotFound(id string) error {
	f := fault.New(fault.NotFound, "person_not_found", "There is no person %q here.", id)
	f.Params = map[string]string{"id": id}
	return f
}

// Member implements identity.Members.
func (s *Store) Member(ctx context.Context, tenant, user string) (identity.Member, error) {
	r, err := one[personRow](ctx, s, s.read, "read the person", personNotFound(user), selectPerson+" AND m.user_id = ?", clean(tenant), clean(user))
	return r.member(), err
}

// Members implements identity.Members.
func (s *Store) Members(ctx context.Context, tenant string) ([]identity.Member, error) {
	rows, err := all[personRow](ctx, s, s.read, selectPerson+" ORDER BY u.name, u.email", clean(tenant))
	if err != nil {
		return nil, s.dialect.fault(err, "list the people")
	}
	return convert(rows, personRow.member), nil
}

// Memberships implements identity.Members.
func (s *Store) Memberships(ctx context.Context, user string) ([]identity.Membership, error) {
	type row struct {
		tenantRow
		Role     string `db:"role"`
		Disabled bool   `db:"disabled"`
	}
	rows, err := all[row](ctx, s, s.read, `SELECT t.id, t.name, t.created_at, m.role, m.disabled FROM members m JOIN tenants t ON t.id = m.tenant_id
		WHERE m.user_id = ? ORDER BY m.created_at, t.id`, clean(user))
	if err != nil {
		return nil, s.dialect.fault(err, "list the tenants of a person")
	}
	return convert(rows, func(r row) identity.Membership {
		return identity.Membership{Tenant: r.tenant(), Role: identity.Role(r.Role), Disabled: r.Disabled}
	}), nil
}

// AddMember implements identity.Members.
func (s *Store) AddMember(ctx context.Context, m identity.Member, isNew bool) error {
	if err := s.inTx(ctx, func(tx *sql.Tx) error { return s.addMember(ctx, tx, m, isNew) }); err != nil {
		return s.dialect.fault(err, "add the person")
	}
	return nil
}

func (s *Store) addMember(ctx context.Context, tx *sql.Tx, m identity.Member, isNew bool) error {
	if isNew {
		r := userRowOf(m.Account)
		v := values(r)
		n, err := s.exec(ctx, tx, "INSERT INTO users ("+columns[userRow]()+") VALUES "+marks(len(v), 1)+" ON CONFLICT (email) DO NOTHING", v...)
		if err != nil {
			return err
		}
		if n == 0 {
			return fault.New(fault.Conflict, "email_taken", "There is an account of this e-mail address.").At("body.email")
		}
	}
	n, err := s.exec(ctx, tx, "INSERT INTO members (tenant_id, user_id, role, disabled, created_at) VALUES (?, ?, ?, ?, ?) ON CONFLICT (tenant_id, user_id) DO NOTHING",
		clean(m.Tenant), clean(m.Account.ID), string(m.Role), m.Disabled, ms(m.Since))
	if err != nil {
		return err
	}
	if n == 0 {
		return fault.New(fault.Conflict, "already_member", "%s belongs to this tenant already.", m.Account.Email)
	}
	return nil
}

// SetMember implements identity.Members.
func (s *Store) SetMember(ctx context.Context, tenant, user string, role identity.Role, disabled bool) error {
	return s.changeMember(ctx, "change the person", tenant, user, role != identity.Admin || disabled, "UPDATE members SET role = ?, disabled = ? WHERE tenant_id = ? AND user_id = ?",
		string(role), disabled, clean(tenant), clean(user))
}

// RemoveMember implements identity.Members.
func (s *Store) RemoveMember(ctx context.Context, tenant, user string) error {
	return s.changeMember(ctx, "remove the person", tenant, user, true, "DELETE FROM members WHERE tenant_id = ? AND user_id = ?", clean(tenant), clean(user))
}

// changeMember runs a statement that touches one member; lessens says that the member is no Admin afterwards, which the last one must be.
func (s *Store) changeMember(ctx context.Context, doing, tenant, user string, lessens bool, query string, args ...any) error {
	err := s.inTx(ctx, func(tx *sql.Tx) error {
		// The tenant's row is the lock: two Admins who remove each other come one after the other.
		if _, err := s.exec(ctx, tx, "UPDATE tenants SET name = name WHERE id = ?", clean(tenant)); err != nil {
			return err
		}
		if lessens {
			others, err := all[memberRow](ctx, s, tx, "SELECT "+columns[memberRow]()+" FROM members WHERE tenant_id = ? AND role = ? AND disabled = ?",
				clean(tenant), string(identity.Admin), false)
			if err != nil {
				return err
			}
			if len(others) == 1 && others[0].User == user {
				return fault.New(fault.Conflict, "last_admin", "This is the only administrator: make somebody else one first.")
			}
		}
		n, err := s.exec(ctx, tx, query, args...)
		if err == nil && n == 0 {
			err = personNotFound(user)
		}
		return err
	})
	if f := (*fault.Error)(nil); err != nil && !errors.As(err, &f) {
		return s.dialect.fault(err, doing)
	}
	return err
}
