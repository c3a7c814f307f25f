package store_test

import (
	"context"
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pressly/goose/v3"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"griot/internal/conversation"
	"griot/internal/event"
	"griot/internal/fault"
	"griot/internal/store"
	"griot/internal/store/storetest"
)

func TestMain(m *testing.M) { storetest.Main(m) }

func open(t *testing.T, dsn string) *store.Store {
	t.Helper()
	s, err := store.Open(t.Context(), dsn)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Close()) })
	return s
}

func sqlite(t *testing.T) string { return "sqlite:" + filepath.Join(t.TempDir(), "griot.db") }

func TestSQLite(t *testing.T) {
	storetest.Run(t, func(t *testing.T) *store.Store { return open(t, sqlite(t)) })
}

func TestPostgres(t *testing.T) {
	storetest.Run(t, func(t *testing.T) *store.Store { return open(t, storetest.Postgres(t)) })
}

// The two migration folders are written by hand; what they make must be the same.
func TestSchemasAreTheSame(t *testing.T) {
	pg := storetest.Postgres(t)
	open(t, pg)
	lite := sqlite(t)
	open(t, lite)
	ldb, err := sql.Open("sqlite", strings.TrimPrefix(lite, "sqlite:"))
	require.NoError(t, err)
	defer ldb.Close()
	pdb, err := sql.Open("pgx", pg)
	require.NoError(t, err)
	defer pdb.Close()

	want := lines(t, ldb, `SELECT m.name || '.' || c.name || ' ' || lower(CASE c.type WHEN 'BLOB' THEN 'BYTEA' WHEN 'INTEGER' THEN 'BIGINT' ELSE c.type END) || CASE WHEN c."notnull" THEN ' not null' ELSE '' END || ' key ' || c.pk
		FROM sqlite_schema m, pragma_table_info(m.name) c WHERE m.type = 'table' AND m.name NOT LIKE 'goose%' AND m.name NOT LIKE 'sqlite%' AND m.name NOT LIKE 'conversation_index%'`) // which PostgreSQL has as an index of an expression
	got := lines(t, pdb, `SELECT c.table_name || '.' || c.column_name || ' ' || c.data_type || CASE WHEN c.is_nullable = 'NO' THEN ' not null' ELSE '' END || ' key ' ||
		coalesce((SELECT k.ordinal_position FROM information_schema.key_column_usage k JOIN information_schema.table_constraints t USING (constraint_schema, constraint_name)
			WHERE t.constraint_type = 'PRIMARY KEY' AND k.table_schema = c.table_schema AND k.table_name = c.table_name AND k.column_name = c.column_name), 0)
		FROM information_schema.columns c WHERE c.table_schema = current_schema() AND c.table_name NOT LIKE 'goose%'`)
	require.NotEmpty(t, want)
	require.Equal(t, want, got)

	// The index that holds all figures is for SQLite alone: PostgreSQL's entries are short, and it keeps long values beside the rows.
	want = lines(t, ldb, `SELECT m.name || ' ' || m.tbl_name || ' ' || (SELECT group_concat(name, ',') FROM (SELECT i.name FROM pragma_index_info(m.name) i ORDER BY i.seqno))
		FROM sqlite_schema m WHERE m.type = 'index' AND m.sql IS NOT NULL AND m.name <> 'conversations_figures'`)
	got = lines(t, pdb, `SELECT i.relname || ' ' || t.relname || ' ' || string_agg(a.attname, ',' ORDER BY k.n)
		FROM pg_index x JOIN pg_class i ON i.oid = x.indexrelid JOIN pg_class t ON t.oid = x.indrelid
		CROSS JOIN LATERAL unnest(x.indkey) WITH ORDINALITY k(attnum, n) JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = k.attnum
		WHERE i.relnamespace = current_schema()::regnamespace AND NOT x.indisprimary AND t.relname NOT LIKE 'goose%' GROUP BY i.relname, t.relname`)
	require.NotEmpty(t, want)
	require.Equal(t, want, got)

	want = lines(t, ldb, `SELECT m.name || ' ' || f."table" || ' ' || f."from" || ' ' || f."to" || ' ' || f.on_delete
		FROM sqlite_schema m, pragma_foreign_key_list(m.name) f WHERE m.type = 'table'`)
	got = lines(t, pdb, `SELECT t.relname || ' ' || r.relname || ' ' || a.attname || ' ' || b.attname || ' ' || CASE c.confdeltype WHEN 'c' THEN 'CASCADE' ELSE 'NO ACTION' END
		FROM pg_constraint c JOIN pg_class t ON t.oid = c.conrelid JOIN pg_class r ON r.oid = c.confrelid
		CROSS JOIN LATERAL unnest(c.conkey, c.confkey) k(x, y) JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = k.x JOIN pg_attribute b ON b.attrelid = r.oid AND b.attnum = k.y
		WHERE c.contype = 'f' AND c.connamespace = current_schema()::regnamespace`)
	require.NotEmpty(t, want)
	require.Equal(t, want, got)
}

func lines(t *testing.T, db *sql.DB, q string) []string {
	t.Helper()
	rows, err := db.QueryContext(t.Context(), q)
	require.NoError(t, err)
	defer rows.Close()
	var out []string
	for rows.Next() {
		var s string
		require.NoError(t, rows.Scan(&s))
		out = append(out, s)
	}
	require.NoError(t, rows.Err())
	slices.Sort(out) // not by the databases, which order names differently
	return out
}

func TestOpenAgainKeepsRows(t *testing.T) {
	for _, c := range []struct {
		name string
		dsn  func(*testing.T) string
	}{{"sqlite", sqlite}, {"postgres", storetest.Postgres}} {
		t.Run(c.name, func(t *testing.T) {
			dsn := c.dsn(t)
			s, err := store.Open(t.Context(), dsn)
			require.NoError(t, err)
			require.NoError(t, s.PutSetting(t.Context(), "default", "k", "v"))
			require.NoError(t, s.Close())
			v, err := open(t, dsn).Setting(t.Context(), "default", "k")
			require.NoError(t, err)
			require.Equal(t, "v", v)
		})
	}
}

// A database that the first version wrote: its conversations were never listened to.
func TestRowsOfOlderVersions(t *testing.T) {
	dsn := sqlite(t)
	db, err := sql.Open("sqlite", strings.TrimPrefix(dsn, "sqlite:"))
	require.NoError(t, err)
	first, err := goose.NewProvider(goose.DialectSQLite3, db, os.DirFS("sqlite"), goose.WithDisableGlobalRegistry(true))
	require.NoError(t, err)
	_, err = first.UpTo(t.Context(), 1)
	require.NoError(t, err)
	_, err = db.Exec(`INSERT INTO conversations VALUES ('default', 'old', 'a', 'A', 1, 'en', 'talk', '', 'n', 'ended', 1, 2, 1, 0, 0, 'caller_left', 0, '',
		'[]', '[]', '[]', '{}', '', 0, 0)`)
	require.NoError(t, err)
	require.NoError(t, db.Close())
	r, err := open(t, dsn).Conversation(t.Context(), "default", "old")
	require.NoError(t, err)
	require.Nil(t, r.Ear)
	require.Equal(t, conversation.Ended, r.Status)
}

func TestPostgresNodesStartTogether(t *testing.T) {
	dsn := storetest.Postgres(t)
	var wg sync.WaitGroup
	errs := make([]error, 3)
	for i := range errs {
		wg.Go(func() {
			s, err := store.Open(context.Background(), dsn)
			if err == nil {
				err = s.Close()
			}
			errs[i] = err
		})
	}
	wg.Wait()
	for _, err := range errs {
		require.NoError(t, err)
	}
}

// Readers see a steady picture while one writer after the other gets its turn.
func TestConcurrentWriters(t *testing.T) {
	s := open(t, sqlite(t))
	var wg sync.WaitGroup
	errs := make(chan error, 64)
	for g := range 8 {
		wg.Go(func() {
			for i := range 8 {
				c := conversation.Record{Summary: conversation.Summary{Tenant: "default", ID: fmt.Sprintf("%d-%d", g, i), Status: conversation.Ended, StartedAt: time.UnixMilli(int64(i))}}
				err := s.CloseConversation(context.Background(), c, []event.Event{{Seq: 1, Body: event.Notice{Code: "x"}}})
				if err == nil {
					_, _, err = s.ListConversations(context.Background(), "default", conversation.Filter{Limit: 5})
				}
				errs <- err
			}
		})
	}
	wg.Wait()
	close(errs)
	for err := range errs {
		require.NoError(t, err)
	}
	_, total, err := s.ListConversations(t.Context(), "default", conversation.Filter{Limit: 1})
	require.NoError(t, err)
	require.Equal(t, 64, total)
}

func TestPathsWithOddNames(t *testing.T) {
	for _, name := range []string{"with space", "q?x=1", "hash#", "percent%41", "é"} {
		dir := filepath.Join(t.TempDir(), name)
		open(t, "sqlite:"+filepath.Join(dir, "griot.db"))
		require.FileExists(t, filepath.Join(dir, "griot.db"))
	}
}

func TestBadOpen(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "file")
	require.NoError(t, os.WriteFile(file, []byte("not a database, not at all, but long enough to be looked at as one"), 0o600))
	for _, c := range []struct {
		name, dsn, code string
		kind            fault.Kind
	}{
		{"no scheme", "griot.db", "bad_database", fault.Invalid},
		{"other scheme", "mysql://u:p@h/d", "bad_database", fault.Invalid},
		{"no path", "sqlite:", "bad_database", fault.Invalid},
		{"folder in a file", "sqlite:" + file + "/griot.db", "data_not_a_folder", fault.Invalid},
		{"file is a folder", "sqlite:" + dir, "data_not_a_folder", fault.Invalid},
		{"not a database", "sqlite:" + file, "data_corrupt", fault.Internal},
		{"no server", "postgres://u:secret@127.0.0.1:1/d?connect_timeout=2", "database_unreachable", fault.Unavailable},
		{"bad address", "postgres://u:secret@127.0.0.1:port/d", "bad_database", fault.Invalid},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := store.Open(t.Context(), c.dsn)
			require.Error(t, err)
			require.Equal(t, c.kind, fault.KindOf(err), "%v", err)
			require.Equal(t, c.code, fault.CodeOf(err), "%v", err)
			require.NotContains(t, err.Error(), "secret")
		})
	}
}

func TestNewerSchemaIsRefused(t *testing.T) {
	dsn := sqlite(t)
	s, err := store.Open(t.Context(), dsn)
	require.NoError(t, err)
	require.NoError(t, s.Close())
	db, err := sql.Open("sqlite", strings.TrimPrefix(dsn, "sqlite:"))
	require.NoError(t, err)
	_, err = db.Exec("INSERT INTO goose_db_version (version_id, is_applied) VALUES (999, 1)")
	require.NoError(t, err)
	require.NoError(t, db.Close())
	_, err = store.Open(t.Context(), dsn)
	require.Equal(t, "data_too_new", fault.CodeOf(err), "%v", err)
}

func TestLockDir(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "a", "b")
	unlock, err := store.LockDir(dir)
	require.NoError(t, err)
	_, err = store.LockDir(dir)
	require.Equal(t, fault.Conflict, fault.KindOf(err), "%v", err)
	require.Equal(t, "data_in_use", fault.CodeOf(err))
	require.Contains(t, err.Error(), fmt.Sprint(os.Getpid()))
	unlock()
	unlock, err = store.LockDir(dir)
	require.NoError(t, err)
	unlock()

	file := filepath.Join(dir, "file")
	require.NoError(t, os.WriteFile(file, nil, 0o600))
	_, err = store.LockDir(file)
	require.Equal(t, "data_not_a_folder", fault.CodeOf(err), "%v", err)
}

func TestReadOnlyFolder(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, os.Chmod(dir, 0o555))
	if os.Getuid() == 0 {
		asNobody(t, dir)
	}
	_, err := store.LockDir(dir)
	require.Equal(t, fault.Denied, fault.KindOf(err), "%v", err)
	require.Equal(t, "data_read_only", fault.CodeOf(err))
	_, err = store.LockDir(filepath.Join(dir, "new"))
	require.Equal(t, "data_read_only", fault.CodeOf(err), "%v", err)
	_, err = store.Open(t.Context(), "sqlite:"+filepath.Join(dir, "griot.db"))
	require.Equal(t, "data_read_only", fault.CodeOf(err), "%v", err)
}

// asNobody takes from root's thread the right to every file, until the test ends. dir is one that only
// root could write to.
func asNobody(t *testing.T, dir string) {
	runtime.LockOSThread()
	if err := unix.Setfsuid(65534); err != nil {
		runtime.UnlockOSThread()
		t.Skipf("root cannot be somebody else here: %v", err)
	}
	t.Cleanup(func() {
		_ = unix.Setfsuid(0)
		runtime.UnlockOSThread()
	})
	if f, err := os.CreateTemp(dir, "probe"); err == nil {
		f.Close()
		os.Remove(f.Name())
		t.Skip("root keeps its rights here")
	}
}
