// Package store keeps the services' rows in SQLite or PostgreSQL, with the same SQL text for both. Every row belongs to a tenant and
// every query takes the tenant as an argument.
package store

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"
	_ "modernc.org/sqlite" // the driver "sqlite"

	"griot/internal/fault"
)

//go:embed sqlite/*.sql postgres/*.sql
var migrations embed.FS

// Store is one database. It is safe for concurrent use. Its errors carry a fault kind where the cause is known: NotFound for what a tenant
// does not have, Unavailable with the code "disk_full" or "database_unreachable", Denied with "data_read_only".
type Store struct {
	dialect dialect
	write   *sql.DB // SQLite: one connection, so that writers wait in line and not for each other's locks
	read    *sql.DB // the same pool as write on PostgreSQL
}

// Open opens the database that dsn names, "sqlite:PATH" or "postgres://…", and brings its schema up to date. It makes the folder of a
// SQLite file. Call Close when it is no longer needed.
func Open(ctx context.Context, dsn string) (*Store, error) {
	scheme, rest, _ := strings.Cut(dsn, ":")
	switch scheme {
	case "sqlite":
		return openSQLite(ctx, rest)
	case "postgres", "postgresql":
		return openPostgres(ctx, dsn)
	}
	return nil, fault.New(fault.Invalid, "bad_database", "A database is named sqlite:PATH or postgres://…, not %q.", redact(dsn))
}

// redact hides the password of a database's address.
func redact(dsn string) string {
	u, err := url.Parse(dsn)
	if err != nil {
		return "(not an address)"
	}
	return u.Redacted()
}

func openSQLite(ctx context.Context, path string) (*Store, error) {
	if path == "" {
		return nil, fault.New(fault.Invalid, "bad_database", "The path of the SQLite file is missing after sqlite:.")
	}
	path, err := filepath.Abs(path)
	if err != nil {
		return nil, fmt.Errorf("find the database's folder: %w", err)
	}
	if err := usable(filepath.Dir(path)); err != nil {
		return nil, err
	}
	if f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600); err != nil {
		return nil, fileFault(err, path, "open the database")
	} else if err := f.Close(); err != nil {
		return nil, fileFault(err, path, "open the database")
	}
	open := func(pragmas ...string) (*sql.DB, error) {
		q := url.Values{"_txlock": {"immediate"}, "_pragma": append([]string{
			"busy_timeout(10000)", "journal_mode(WAL)", "synchronous(NORMAL)", "foreign_keys(1)"}, pragmas...)}
		u := url.URL{Scheme: "file", Path: filepath.ToSlash(path), RawQuery: q.Encode()}
		return sql.Open("sqlite", u.String())
	}
	w, err := open()
	if err != nil {
		return nil, fmt.Errorf("open the database: %w", err)
	}
	w.SetMaxOpenConns(1)
	r, err := open("query_only(1)")
	if err != nil {
		return nil, errors.Join(fmt.Errorf("open the database: %w", err), w.Close())
	}
	r.SetMaxOpenConns(max(4, runtime.NumCPU()))
	s := &Store{dialect: sqliteDialect{}, write: w, read: r}
	if err := s.migrate(ctx, goose.DialectSQLite3, "sqlite"); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

func openPostgres(ctx context.Context, dsn string) (*Store, error) {
	c, err := pgx.ParseConfig(dsn)
	if err != nil {
		return nil, fault.Wrap(err, fault.Invalid, "bad_database", "The database's address cannot be read") // the cause hides the password
	}
	db := stdlib.OpenDB(*c)
	db.SetMaxOpenConns(16)
	db.SetMaxIdleConns(4)
	s := &Store{dialect: postgresDialect{}, write: db, read: db}
	if err := db.PingContext(ctx); err != nil {
		return nil, errors.Join(s.dialect.fault(err, "reach the database at "+redact(dsn)), s.Close())
	}
	locker, err := lock.NewPostgresSessionLocker(lock.WithLockTimeout(1, 60)) // several nodes may start at once: ask each second, for a minute
	if err != nil {
		return nil, errors.Join(fmt.Errorf("lock the schema: %w", err), s.Close())
	}
	if err := s.migrate(ctx, goose.DialectPostgres, "postgres", goose.WithSessionLocker(locker)); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

func (s *Store) migrate(ctx context.Context, d goose.Dialect, folder string, opts ...goose.ProviderOption) error {
	fsys, err := fs.Sub(migrations, folder)
	if err != nil {
		return fmt.Errorf("read migrations: %w", err)
	}
	p, err := goose.NewProvider(d, s.write, fsys, append(opts, goose.WithDisableGlobalRegistry(true))...)
	if err != nil {
		return s.dialect.fault(err, "read the schema's version")
	}
	have, want, err := p.GetVersions(ctx)
	if err != nil {
		return s.dialect.fault(err, "read the schema's version")
	}
	if have > want {
		f := fault.New(fault.Conflict, "data_too_new",
			"The database was written by a newer version of this program (schema %d, this program knows %d). Install that version, or use another database.", have, want)
		f.Params = map[string]string{"found": fmt.Sprint(have), "known": fmt.Sprint(want)}
		return f
	}
	if have == want {
		return nil
	}
	if _, err := p.Up(ctx); err != nil {
		return s.dialect.fault(err, "bring the schema up to date")
	}
	return nil
}

// Close closes the database. Calls under way fail.
func (s *Store) Close() error {
	if s.read == s.write {
		return s.write.Close()
	}
	return errors.Join(s.read.Close(), s.write.Close())
}
