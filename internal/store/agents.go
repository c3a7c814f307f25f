package store

import (
	"context"
	"database/sql"
	"strconv"
	"strings"
	"time"

	"griot/internal/agent"
	"griot/internal/fault"
)

var _ agent.Store = (*Store)(nil)

type agentRow struct {
	Tenant        string `db:"tenant_id"`
	ID            string `db:"id"`
	Kind          string `db:"kind"`
	Number        int64  `db:"number"`
	Reference     string `db:"reference"`
	Name          string `db:"name"`
	NameKey       string `db:"name_key"`
	Search        string `db:"search"`
	Status        string `db:"status"`
	Lang          string `db:"lang"`
	Model         string `db:"model"`
	Version       int64  `db:"version"`
	Revision      int64  `db:"revision"`
	CreatedAt     int64  `db:"created_at"`
	CreatedBy     string `db:"created_by"`
	CreatedByName string `db:"created_by_name"`
	UpdatedAt     int64  `db:"updated_at"`
	UpdatedBy     string `db:"updated_by"`
	UpdatedByName string `db:"updated_by_name"`
	DeletedAt     int64  `db:"deleted_at"`
	DeletedBy     string `db:"deleted_by"`
	DeletedByName string `db:"deleted_by_name"`
}

// agentFound is an agent with its current version.
type agentFound struct {
	agentRow
	Definition string `db:"definition"`
}

type agentVersionRow struct {
	Tenant     string `db:"tenant_id"`
	Agent      string `db:"agent_id"`
	Number     int64  `db:"number"`
	At         int64  `db:"at"`
	Author     string `db:"author"`
	AuthorName string `db:"author_name"`
	Note       string `db:"note"`
	Definition string `db:"definition"`
}

func agentRowOf(a agent.Agent) agentRow {
	return agentRow{Tenant: clean(a.Tenant), ID: clean(a.ID), Kind: string(a.Kind), Number: int64(a.Number), Reference: a.Reference, Name: clean(a.Name), NameKey: agent.NameKey(clean(a.Name)),
		Search: clean(a.SearchText()), Status: string(a.Status), Lang: clean(strings.ToLower(a.Language)), Model: clean(a.ModelName()), Version: int64(a.Version), Revision: a.Revision,
		CreatedAt: ms(a.CreatedAt), CreatedBy: clean(a.CreatedBy.ID), CreatedByName: clean(a.CreatedBy.Name), UpdatedAt: ms(a.UpdatedAt), UpdatedBy: clean(a.UpdatedBy.ID),
		UpdatedByName: clean(a.UpdatedBy.Name), DeletedAt: ms(a.DeletedAt), DeletedBy: clean(a.DeletedBy.ID), DeletedByName: clean(a.DeletedBy.Name)}
}

func (r agentFound) agent() (agent.Agent, error) {
	d, err := agent.Decode(r.Definition)
	if err != nil {
		return agent.Agent{}, err
	}
	d.Reference, d.Version, d.Status = r.Reference, int(r.Version), agent.Status(r.Status)
	return agent.Agent{Tenant: r.Tenant, ID: r.ID, Number: int(r.Number), Revision: r.Revision, Definition: d,
		CreatedBy: agent.Actor{ID: r.CreatedBy, Name: r.CreatedByName}, UpdatedBy: agent.Actor{ID: r.UpdatedBy, Name: r.UpdatedByName}, DeletedBy: agent.Actor{ID: r.DeletedBy, Name: r.DeletedByName},
		CreatedAt: when(r.CreatedAt), UpdatedAt: when(r.UpdatedAt), DeletedAt: when(r.DeletedAt)}, nil
}

func (r agentVersionRow) version() (agent.Version, error) {
	d, err := agent.Decode(r.Definition)
	d.Version = int(r.Number)
	return agent.Version{Tenant: r.Tenant, Agent: r.Agent, Number: int(r.Number), At: when(r.At), By: agent.Actor{ID: r.Author, Name: r.AuthorName}, Note: r.Note, Definition: d}, err
}

func agentNotFound(key string) error {
	f := fault.New(fault.NotFound, "agent_not_found", "There is no agent %q.", key)
	f.Params = map[string]string{"reference": key}
	return f.At("agent")
}

func (s *Store) insertVersion(ctx context.Context, q querier, v agent.Version) error {
	text, err := v.Definition.Encode()
	if err != nil {
		return err
	}
	return insert(ctx, s, q, "agent_versions", agentVersionRow{Tenant: clean(v.Tenant), Agent: clean(v.Agent), Number: int64(v.Number), At: ms(v.At), Author: clean(v.By.ID), AuthorName: clean(v.By.Name),
		Note: clean(v.Note), Definition: clean(text)})
}

// CreateAgent implements agent.Store.
func (s *Store) CreateAgent(ctx context.Context, a agent.Agent, note string, skip func(int) bool) (agent.Agent, error) {
	type last struct {
		Last int64 `db:"last"`
	}
	err := s.inTx(ctx, func(tx *sql.Tx) error {
		for {
			rows, err := all[last](ctx, s, tx, `INSERT INTO agent_numbers (tenant_id, kind, last) VALUES (?, ?, 1)
				ON CONFLICT (tenant_id, kind) DO UPDATE SET last = agent_numbers.last + 1 RETURNING last`, clean(a.Tenant), string(a.Kind))
			if err != nil {
				return err
			}
			if a.Number = int(rows[0].Last); skip == nil || !skip(a.Number) {
				break
			}
		}
		a.Reference = agent.ReferenceOf(a.Kind, a.Number)
		if err := insert(ctx, s, tx, "agents", agentRowOf(a)); err != nil {
			return err
		}
		return s.insertVersion(ctx, tx, agent.Version{Tenant: a.Tenant, Agent: a.ID, Number: a.Version, At: a.CreatedAt, By: a.CreatedBy, Note: note, Definition: a.Definition})
	})
	if err != nil {
		return agent.Agent{}, s.agentFault(ctx, err, a, "keep the agent")
	}
	return a, nil
}

// agentFault tells a name that is taken from other faults.
func (s *Store) agentFault(ctx context.Context, err error, a agent.Agent, doing string) error {
	err = s.dialect.fault(err, doing)
	if fault.CodeOf(err) != "constraint" {
		return err
	}
	n, cerr := s.count(ctx, "SELECT COUNT(*) AS n FROM agents WHERE tenant_id = ? AND name_key = ? AND deleted_at = 0 AND id <> ?", clean(a.Tenant), agent.NameKey(clean(a.Name)), clean(a.ID))
	if cerr == nil && n > 0 {
		return agent.NameTaken(a.Name)
	}
	return err
}

const agentSQL = " FROM agents a JOIN agent_versions v ON v.tenant_id = a.tenant_id AND v.agent_id = a.id AND v.number = a.version "

var agentColumns = "a." + strings.Join(fieldNames[agentRow](), ", a.") + ", v.definition"

// FindAgent implements agent.Store.
func (s *Store) FindAgent(ctx context.Context, tenant, key string, deleted bool) (agent.Agent, error) {
	lives := "a.deleted_at = 0"
	if deleted {
		lives = "a.deleted_at <> 0"
	}
	for _, by := range []struct{ column, value string }{{"id", clean(key)}, {"reference", clean(key)}, {"name_key", agent.NameKey(clean(key))}} {
		if by.value == "" {
			continue
		}
		rows, err := all[agentFound](ctx, s, s.read, "SELECT "+agentColumns+agentSQL+"WHERE a.tenant_id = ? AND a."+by.column+" = ? AND "+lives+" ORDER BY a.deleted_at DESC, a.id DESC LIMIT 1", clean(tenant), by.value)
		if err != nil {
			return agent.Agent{}, s.dialect.fault(err, "read the agent")
		}
		if len(rows) > 0 {
			return rows[0].agent()
		}
	}
	return agent.Agent{}, agentNotFound(key)
}

// AgentOwner implements agent.Store.
func (s *Store) AgentOwner(ctx context.Context, id string) (string, error) {
	rows, err := all[struct {
		Tenant string `db:"tenant_id"`
	}](ctx, s, s.read, "SELECT tenant_id FROM agents WHERE id = ? AND deleted_at = 0 LIMIT 1", clean(id))
	if err != nil {
		return "", s.dialect.fault(err, "read whose an agent is")
	}
	if len(rows) == 0 {
		return "", nil
	}
	return rows[0].Tenant, nil
}

// agentWhere is a filter's condition, but for the status and the position.
func agentWhere(tenant string, f agent.Filter) (string, []any) {
	where, args := "WHERE a.tenant_id = ? AND a.deleted_at = 0", []any{clean(tenant)}
	if f.Deleted {
		where = "WHERE a.tenant_id = ? AND a.deleted_at <> 0"
	}
	add := func(cond string, values ...any) { where, args = where+" AND "+cond, append(args, values...) }
	if f.Kind != "" {
		add("a.kind = ?", clean(string(f.Kind)))
	}
	if f.Model != "" {
		add("a.model = ?", clean(f.Model))
	}
	if lang := clean(strings.ToLower(f.Lang)); lang != "" {
		add("(a.lang = ? OR substr(a.lang, 1, ?) = ?)", lang, len([]rune(lang))+1, lang+"-")
	}
	for _, w := range strings.Fields(agent.Fold(clean(f.Search))) {
		add(`a.search LIKE ? ESCAPE '\'`, "%"+strings.NewReplacer(`\`, `\\`, "%", `\%`, "_", `\_`).Replace(w)+"%")
	}
	return where, args
}

// ListAgents implements agent.Store.
func (s *Store) ListAgents(ctx context.Context, tenant string, f agent.Filter) ([]agent.Agent, error) {
	where, args := agentWhere(tenant, f)
	if f.Status != "" {
		where, args = where+" AND a.status = ?", append(args, clean(string(f.Status)))
	}
	column, direction, beyond := "name_key", "", ">"
	switch f.Sort.By {
	case "reference":
		column = "reference"
	case "created":
		column = "created_at"
	case "updated":
		column = "updated_at"
	}
	if f.Sort.Down {
		direction, beyond = " DESC", "<"
	}
	if f.After != nil {
		var key any = clean(f.After.Key)
		if strings.HasSuffix(column, "_at") {
			n, err := strconv.ParseInt(f.After.Key, 10, 64)
			if err != nil {
				return nil, fault.New(fault.Invalid, "bad_cursor", "The position in the list is none.")
			}
			key = n
		}
		where, args = where+" AND (a."+column+", a.id) "+beyond+" (?, ?)", append(args, key, clean(f.After.ID))
	}
	rows, err := all[agentFound](ctx, s, s.read, "SELECT "+agentColumns+agentSQL+where+" ORDER BY a."+column+direction+", a.id"+direction+" LIMIT ?", append(args, max(1, f.Limit))...)
	if err != nil {
		return nil, s.dialect.fault(err, "list the agents")
	}
	out := make([]agent.Agent, len(rows))
	for i, r := range rows {
		if out[i], err = r.agent(); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// CountAgents implements agent.Store.
func (s *Store) CountAgents(ctx context.Context, tenant string, f agent.Filter) (map[agent.Status]int, error) {
	type row struct {
		Status string `db:"status"`
		N      int64  `db:"n"`
	}
	where, args := agentWhere(tenant, f)
	rows, err := all[row](ctx, s, s.read, "SELECT a.status AS status, COUNT(*) AS n FROM agents a "+where+" GROUP BY a.status", args...)
	if err != nil {
		return nil, s.dialect.fault(err, "count the agents")
	}
	out := map[agent.Status]int{}
	for _, r := range rows {
		out[agent.Status(r.Status)] = int(r.N)
	}
	return out, nil
}

// changeAgentSQL replaces everything that may change.
var changeAgentSQL = func() string {
	var set []string
	for _, n := range fieldNames[agentRow]() {
		set = append(set, n+" = ?")
	}
	return "UPDATE agents SET " + strings.Join(set, ", ") + " WHERE tenant_id = ? AND id = ? AND revision = ?"
}()

// ChangeAgent implements agent.Store.
func (s *Store) ChangeAgent(ctx context.Context, a agent.Agent, v *agent.Version) error {
	row := agentRowOf(a)
	err := s.inTx(ctx, func(tx *sql.Tx) error {
		n, err := s.exec(ctx, tx, changeAgentSQL, append(values(row), row.Tenant, row.ID, row.Revision-1)...)
		if err != nil {
			return err
		}
		if n == 0 {
			return fault.New(fault.Conflict, "agent_changed", "Somebody has changed the agent %s at the same time.", a.Reference)
		}
		if v == nil {
			return nil
		}
		return s.insertVersion(ctx, tx, *v)
	})
	if fault.CodeOf(err) == "agent_changed" {
		if n, cerr := s.count(ctx, "SELECT COUNT(*) AS n FROM agents WHERE tenant_id = ? AND id = ?", row.Tenant, row.ID); cerr == nil && n == 0 {
			return agentNotFound(a.Reference)
		}
		return err
	}
	if err != nil {
		return s.agentFault(ctx, err, a, "change the agent")
	}
	return nil
}

// AgentVersions implements agent.Store.
func (s *Store) AgentVersions(ctx context.Context, tenant, id string, before, limit int) ([]agent.Version, int, error) {
	total, err := s.count(ctx, "SELECT COUNT(*) AS n FROM agent_versions WHERE tenant_id = ? AND agent_id = ?", clean(tenant), clean(id))
	if err != nil {
		return nil, 0, s.dialect.fault(err, "count the agent's versions")
	}
	if total == 0 {
		return nil, 0, agentNotFound(id)
	}
	where, args := "WHERE tenant_id = ? AND agent_id = ?", []any{clean(tenant), clean(id)}
	if before > 0 {
		where, args = where+" AND number < ?", append(args, before)
	}
	rows, err := all[agentVersionRow](ctx, s, s.read, "SELECT "+columns[agentVersionRow]()+" FROM agent_versions "+where+" ORDER BY number DESC LIMIT ?", append(args, max(1, limit))...)
	if err != nil {
		return nil, 0, s.dialect.fault(err, "list the agent's versions")
	}
	out := make([]agent.Version, len(rows))
	for i, r := range rows {
		if out[i], err = r.version(); err != nil {
			return nil, 0, err
		}
	}
	return out, total, nil
}

// AgentVersion implements agent.Store.
func (s *Store) AgentVersion(ctx context.Context, tenant, id string, number int) (agent.Version, error) {
	r, err := one[agentVersionRow](ctx, s, s.read, "read the agent's version", agent.VersionNotFound(number),
		"SELECT "+columns[agentVersionRow]()+" FROM agent_versions WHERE tenant_id = ? AND agent_id = ? AND number = ?", clean(tenant), clean(id), number)
	if err != nil {
		return agent.Version{}, err
	}
	return r.version()
}

// PurgeAgents implements agent.Store.
func (s *Store) PurgeAgents(ctx context.Context, before time.Time) (int, error) {
	n, err := s.exec(ctx, s.write, "DELETE FROM agents WHERE deleted_at <> 0 AND deleted_at < ?", ms(before))
	if err != nil {
		return 0, s.dialect.fault(err, "remove deleted agents")
	}
	return int(n), nil
}
