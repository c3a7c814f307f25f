package store

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"griot/internal/agent"
	"griot/internal/fault"
	"griot/internal/toolbox"
)

var _ toolbox.Store = (*Store)(nil)

type toolRow struct {
	Tenant   string `db:"tenant_id"`
	ID       string `db:"id"`
	Name     string `db:"name"`
	Category string `db:"category"`
	Type     string `db:"type"`
	Status   string `db:"status"`
	Search   string `db:"search"`
	Version  int64  `db:"version"`
	Document string `db:"document"`
}

func toolRowOf(t toolbox.Tool) (toolRow, error) {
	doc, err := json.Marshal(t)
	if err != nil {
		return toolRow{}, fmt.Errorf("encode the tool %s: %w", t.Name, err)
	}
	search := agent.Fold(strings.Join(append([]string{t.Name, t.DisplayName, t.Definition.Function.Description}, t.Tags...), "\n"))
	return toolRow{Tenant: clean(t.Tenant), ID: clean(t.ID), Name: clean(t.Name), Category: clean(t.Category), Type: t.Type, Status: t.Status, Search: clean(search), Version: int64(t.Version),
		Document: clean(string(doc))}, nil
}

func (r toolRow) tool() (toolbox.Tool, error) {
	var t toolbox.Tool
	if err := json.Unmarshal([]byte(r.Document), &t); err != nil {
		return toolbox.Tool{}, fault.Wrap(err, fault.Internal, "tool_damaged", "The tool %s cannot be read", r.Name)
	}
	t.Tenant = r.Tenant
	return t, nil
}

func toolNotFound(key string) error {
	f := fault.New(fault.NotFound, "tool_not_found", "There is no tool %q.", key)
	f.Params = map[string]string{"name": key}
	return f
}

// CreateTool implements toolbox.Store.
func (s *Store) CreateTool(ctx context.Context, t toolbox.Tool) error {
	row, err := toolRowOf(t)
	if err != nil {
		return err
	}
	return s.toolFault(insert(ctx, s, s.write, "tools", row), t, "keep the tool")
}

func (s *Store) toolFault(err error, t toolbox.Tool, doing string) error {
	if err == nil {
		return nil
	}
	if err = s.dialect.fault(err, doing); fault.CodeOf(err) == "constraint" {
		return toolbox.NameTaken(t.Name)
	}
	return err
}

// FindTool implements toolbox.Store.
func (s *Store) FindTool(ctx context.Context, tenant, key string) (toolbox.Tool, error) {
	r, err := one[toolRow](ctx, s, s.read, "read the tool", toolNotFound(key), "SELECT "+columns[toolRow]()+" FROM tools WHERE tenant_id = ? AND (id = ? OR name = ?) ORDER BY CASE WHEN id = ? THEN 0 ELSE 1 END LIMIT 1",
		clean(tenant), clean(key), clean(key), clean(key))
	if err != nil {
		return toolbox.Tool{}, err
	}
	return r.tool()
}

// ListTools implements toolbox.Store.
func (s *Store) ListTools(ctx context.Context, tenant string, f toolbox.Filter) ([]toolbox.Tool, int, error) {
	where, args := "tenant_id = ?", []any{clean(tenant)}
	for _, c := range []struct{ column, value string }{{"category", f.Category}, {"status", f.Status}, {"type", f.Type}} {
		if c.value != "" {
			where += " AND " + c.column + " = ?"
			args = append(args, clean(c.value))
		}
	}
	for _, w := range strings.Fields(agent.Fold(clean(f.Words))) {
		where += " AND search LIKE ? ESCAPE '!'"
		args = append(args, "%"+strings.NewReplacer("!", "!!", "%", "!%", "_", "!_").Replace(w)+"%")
	}
	n, err := s.count(ctx, "SELECT COUNT(*) AS n FROM tools WHERE "+where, args...)
	if err != nil {
		return nil, 0, s.dialect.fault(err, "count the tools")
	}
	rows, err := all[toolRow](ctx, s, s.read, "SELECT "+columns[toolRow]()+" FROM tools WHERE "+where+" ORDER BY name LIMIT ? OFFSET ?", append(args, f.Limit, f.Offset)...)
	if err != nil {
		return nil, 0, s.dialect.fault(err, "list the tools")
	}
	out := make([]toolbox.Tool, 0, len(rows))
	for _, r := range rows {
		t, err := r.tool()
		if err != nil {
			return nil, 0, err
		}
		out = append(out, t)
	}
	return out, n, nil
}

// ChangeTool implements toolbox.Store.
func (s *Store) ChangeTool(ctx context.Context, t toolbox.Tool) error {
	row, err := toolRowOf(t)
	if err != nil {
		return err
	}
	n, err := s.exec(ctx, s.write, "UPDATE tools SET name = ?, category = ?, type = ?, status = ?, search = ?, version = ?, document = ? WHERE tenant_id = ? AND id = ? AND version = ?",
		row.Name, row.Category, row.Type, row.Status, row.Search, row.Version, row.Document, row.Tenant, row.ID, row.Version-1)
	if err != nil {
		return s.toolFault(err, t, "change the tool")
	}
	if n == 0 {
		if _, err := s.FindTool(ctx, t.Tenant, t.ID); err != nil {
			return err
		}
		return toolbox.Changed(t.Name)
	}
	return nil
}

// DeleteTool implements toolbox.Store.
func (s *Store) DeleteTool(ctx context.Context, tenant, id string) error {
	return s.touch(ctx, "delete the tool", toolNotFound(id), "DELETE FROM tools WHERE tenant_id = ? AND id = ?", clean(tenant), clean(id))
}

// SecretNames implements toolbox.Store.
func (s *Store) SecretNames(ctx context.Context, tenant, prefix string) ([]string, error) {
	type row struct {
		Name string `db:"name"`
	}
	rows, err := all[row](ctx, s, s.read, "SELECT name FROM secrets WHERE tenant_id = ? AND substr(name, 1, ?) = ? ORDER BY name", clean(tenant), len(prefix), prefix)
	if err != nil {
		return nil, s.dialect.fault(err, "list the secrets")
	}
	out := make([]string, len(rows))
	for i, r := range rows {
		out[i] = r.Name
	}
	return out, nil
}
