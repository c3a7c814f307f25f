package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"strings"

	"griot/internal/fault"
	"griot/internal/flow"
	"griot/internal/flow/library"
)

var _ library.Store = (*Store)(nil)

type flowRow struct {
	Tenant    string `db:"tenant_id"`
	ID        string `db:"id"`
	NameKey   string `db:"name_key"`
	Version   int64  `db:"version"`
	Live      int64  `db:"live"`
	CreatedAt int64  `db:"created_at"`
	CreatedBy string `db:"created_by"`
	UpdatedAt int64  `db:"updated_at"`
	UpdatedBy string `db:"updated_by"`
}

// flowFound is a flow with its newest version.
type flowFound struct {
	flowRow
	Definition string `db:"definition"`
}

type flowVersionRow struct {
	Tenant     string `db:"tenant_id"`
	Flow       string `db:"flow_id"`
	Number     int64  `db:"number"`
	At         int64  `db:"at"`
	Author     string `db:"author"`
	Note       string `db:"note"`
	Draft      int64  `db:"draft"`
	Definition string `db:"definition"`
}

func flowRowOf(f library.Flow) flowRow {
	return flowRow{Tenant: clean(f.Tenant), ID: clean(f.ID), NameKey: clean(strings.ToLower(f.Definition.Name)), Version: int64(f.Version), Live: int64(f.Live),
		CreatedAt: ms(f.CreatedAt), CreatedBy: clean(f.CreatedBy), UpdatedAt: ms(f.UpdatedAt), UpdatedBy: clean(f.UpdatedBy)}
}

func definitionOf(text string) (d flow.Definition, err error) {
	if err := json.Unmarshal([]byte(text), &d); err != nil {
		return d, fault.Wrap(err, fault.Internal, "flow_damaged", "A call flow cannot be read")
	}
	return d, nil
}

func (r flowFound) flow() (library.Flow, error) {
	d, err := definitionOf(r.Definition)
	return library.Flow{Tenant: r.Tenant, ID: r.ID, Version: int(r.Version), Live: int(r.Live), Definition: d, CreatedBy: r.CreatedBy, UpdatedBy: r.UpdatedBy,
		CreatedAt: when(r.CreatedAt), UpdatedAt: when(r.UpdatedAt)}, err
}

func (r flowVersionRow) version() (library.Version, error) {
	d, err := definitionOf(r.Definition)
	return library.Version{Number: int(r.Number), At: when(r.At), By: r.Author, Note: r.Note, Draft: r.Draft != 0, Definition: d}, err
}

// insertFlowVersion keeps the newest version of a flow.
func (s *Store) insertFlowVersion(ctx context.Context, q querier, f library.Flow, note string) error {
	text, err := json.Marshal(f.Definition)
	if err != nil {
		return fmt.Errorf("encode the flow %s: %w", f.ID, err)
	}
	row := flowVersionRow{Tenant: clean(f.Tenant), Flow: clean(f.ID), Number: int64(f.Version), At: ms(f.UpdatedAt), Author: clean(f.UpdatedBy), Note: clean(note), Definition: clean(string(text))}
	if f.Live != f.Version {
		row.Draft = 1
	}
	return insert(ctx, s, q, "flow_versions", row)
}

// CreateFlow implements library.Store.
func (s *Store) CreateFlow(ctx context.Context, f library.Flow, note string) error {
	err := s.inTx(ctx, func(tx *sql.Tx) error {
		if err := insert(ctx, s, tx, "flows", flowRowOf(f)); err != nil {
			return err
		}
		return s.insertFlowVersion(ctx, tx, f, note)
	})
	if err != nil {
		return s.dialect.fault(err, "keep the flow")
	}
	return nil
}

const flowSQL = " FROM flows f JOIN flow_versions v ON v.tenant_id = f.tenant_id AND v.flow_id = f.id AND v.number = f.version "

var flowColumns = "f." + strings.Join(fieldNames[flowRow](), ", f.") + ", v.definition"

// FindFlow implements library.Store.
func (s *Store) FindFlow(ctx context.Context, tenant, id string) (library.Flow, error) {
	r, err := one[flowFound](ctx, s, s.read, "read the flow", library.NotFound(id), "SELECT "+flowColumns+flowSQL+"WHERE f.tenant_id = ? AND f.id = ?", clean(tenant), clean(id))
	if err != nil {
		return library.Flow{}, err
	}
	return r.flow()
}

// ListFlows implements library.Store.
func (s *Store) ListFlows(ctx context.Context, tenant string) ([]library.Flow, error) {
	rows, err := all[flowFound](ctx, s, s.read, "SELECT "+flowColumns+flowSQL+"WHERE f.tenant_id = ? ORDER BY f.name_key, f.id", clean(tenant))
	if err != nil {
		return nil, s.dialect.fault(err, "list the flows")
	}
	out := make([]library.Flow, len(rows))
	for i, r := range rows {
		if out[i], err = r.flow(); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// ChangeFlow implements library.Store.
func (s *Store) ChangeFlow(ctx context.Context, f library.Flow, note string) error {
	row := flowRowOf(f)
	err := s.inTx(ctx, func(tx *sql.Tx) error {
		n, err := s.exec(ctx, tx, "UPDATE flows SET name_key = ?, version = ?, live = ?, updated_at = ?, updated_by = ? WHERE tenant_id = ? AND id = ? AND version = ?",
			row.NameKey, row.Version, row.Live, row.UpdatedAt, row.UpdatedBy, row.Tenant, row.ID, row.Version-1)
		if err != nil {
			return err
		}
		if n == 0 {
			return library.Changed(f.Definition.Name)
		}
		return s.insertFlowVersion(ctx, tx, f, note)
	})
	if fault.CodeOf(err) == "flow_changed" {
		if n, cerr := s.count(ctx, "SELECT COUNT(*) AS n FROM flows WHERE tenant_id = ? AND id = ?", row.Tenant, row.ID); cerr == nil && n == 0 {
			return library.NotFound(f.ID)
		}
		return err
	}
	if err != nil {
		return s.dialect.fault(err, "change the flow")
	}
	return nil
}

// DeleteFlow implements library.Store.
func (s *Store) DeleteFlow(ctx context.Context, tenant, id string) error {
	return s.touch(ctx, "delete the flow", library.NotFound(id), "DELETE FROM flows WHERE tenant_id = ? AND id = ?", clean(tenant), clean(id))
}

// FlowVersions implements library.Store.
func (s *Store) FlowVersions(ctx context.Context, tenant, id string, before, limit int) ([]library.Version, int, error) {
	total, err := s.count(ctx, "SELECT COUNT(*) AS n FROM flow_versions WHERE tenant_id = ? AND flow_id = ?", clean(tenant), clean(id))
	if err != nil {
		return nil, 0, s.dialect.fault(err, "count the flow's versions")
	}
	if total == 0 {
		return nil, 0, library.NotFound(id)
	}
	where, args := "WHERE tenant_id = ? AND flow_id = ?", []any{clean(tenant), clean(id)}
	if before > 0 {
		where, args = where+" AND number < ?", append(args, before)
	}
	rows, err := all[flowVersionRow](ctx, s, s.read, "SELECT "+columns[flowVersionRow]()+" FROM flow_versions "+where+" ORDER BY number DESC LIMIT ?", append(args, max(1, limit))...)
	if err != nil {
		return nil, 0, s.dialect.fault(err, "list the flow's versions")
	}
	out := make([]library.Version, len(rows))
	for i, r := range rows {
		if out[i], err = r.version(); err != nil {
			return nil, 0, err
		}
	}
	return out, total, nil
}

// FlowVersion implements library.Store.
func (s *Store) FlowVersion(ctx context.Context, tenant, id string, number int) (library.Version, error) {
	r, err := one[flowVersionRow](ctx, s, s.read, "read the flow's version", library.VersionNotFound(number),
		"SELECT "+columns[flowVersionRow]()+" FROM flow_versions WHERE tenant_id = ? AND flow_id = ? AND number = ?", clean(tenant), clean(id), number)
	if err != nil {
		return library.Version{}, err
	}
	return r.version()
}
