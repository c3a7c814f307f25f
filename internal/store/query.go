package store

import (
	"context"
	"database/sql"
	"fmt"
	"reflect"
	"strings"
	"sync"
)

// querier is a pool or a transaction.
type querier interface {
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
}

// exec runs a statement and returns how many rows it touched.
func (s *Store) exec(ctx context.Context, q querier, query string, args ...any) (int64, error) {
	res, err := q.ExecContext(ctx, s.dialect.rebind(query), args...)
	if err != nil {
		return 0, err
	}
	return res.RowsAffected()
}

// inTx runs f in a transaction, which on SQLite holds the only writer from its start.
func (s *Store) inTx(ctx context.Context, f func(tx *sql.Tx) error) error {
	tx, err := s.write.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	if err := f(tx); err != nil {
		_ = tx.Rollback() // the first error is the cause
		return err
	}
	return tx.Commit()
}

// each runs a query whose columns are those of T, as columns[T] lists them or under the same names, and calls f with every row.
func each[T any](ctx context.Context, s *Store, q querier, f func(T) error, query string, args ...any) error {
	rows, err := q.QueryContext(ctx, s.dialect.rebind(query), args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	names, err := rows.Columns()
	if err != nil {
		return err
	}
	var row T
	v := reflect.ValueOf(&row).Elem()
	index := fieldsOf(v.Type())
	dest := make([]any, len(names))
	for i, n := range names {
		at, ok := index.at[n]
		if !ok {
			return fmt.Errorf("column %s has no field in %s", n, v.Type())
		}
		dest[i] = v.FieldByIndex(at).Addr().Interface()
	}
	for rows.Next() {
		if err := rows.Scan(dest...); err != nil {
			return err
		}
		if err := f(row); err != nil {
			return err
		}
	}
	return rows.Err()
}

// all is each into a slice.
func all[T any](ctx context.Context, s *Store, q querier, query string, args ...any) ([]T, error) {
	var out []T
	err := each(ctx, s, q, func(row T) error { out = append(out, row); return nil }, query, args...)
	return out, err
}

// columns lists T's columns for a SELECT or an INSERT.
func columns[T any]() string { return strings.Join(fieldsOf(reflect.TypeFor[T]()).names, ", ") }

// values lists a row's values in the order of columns.
func values[T any](row T) []any {
	v := reflect.ValueOf(row)
	f := fieldsOf(v.Type())
	out := make([]any, len(f.names))
	for i, n := range f.names {
		out[i] = v.FieldByIndex(f.at[n]).Interface()
	}
	return out
}

// marks makes "(?, ?), (?, ?)" for rows of n values.
func marks(n, rows int) string {
	one := "(" + strings.TrimSuffix(strings.Repeat("?, ", n), ", ") + ")"
	return strings.TrimSuffix(strings.Repeat(one+", ", rows), ", ")
}

// fields are the fields of a row type that have a db tag; those of embedded structs count.
type fields struct {
	names []string
	at    map[string][]int
}

var fieldCache sync.Map // reflect.Type → fields

func fieldsOf(t reflect.Type) fields {
	if f, ok := fieldCache.Load(t); ok {
		return f.(fields)
	}
	f := fields{at: map[string][]int{}}
	for _, sf := range reflect.VisibleFields(t) {
		if name := sf.Tag.Get("db"); name != "" {
			f.names = append(f.names, name)
			f.at[name] = sf.Index
		}
	}
	fieldCache.Store(t, f)
	return f
}

// fieldNames lists T's columns.
func fieldNames[T any]() []string { return fieldsOf(reflect.TypeFor[T]()).names }
