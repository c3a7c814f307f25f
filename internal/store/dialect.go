package store

import (
	"context"
	"errors"
	"net"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"griot/internal/fault"
)

// dialect holds the few places where the two databases differ.
type dialect interface {
	// rebind turns the placeholders ? of a query into the database's own.
	rebind(query string) string
	// fault gives a database's error its kind. doing completes "Could not …".
	fault(err error, doing string) error
	// begins is the condition that a row of conversations has words that begin with what its one argument says.
	begins() string
	// beginnings makes the argument of begins that asks for all of words, of letters and digits.
	beginnings(words []string) string
}

type sqliteDialect struct{}

func (sqliteDialect) rebind(query string) string { return query }

func (sqliteDialect) fault(err error, doing string) error {
	var e *sqlite.Error
	if !errors.As(err, &e) {
		return commonFault(err, doing)
	}
	switch e.Code() & 0xff { // the low byte is the class of an extended code
	case sqlite3.SQLITE_FULL:
		return fault.Wrap(err, fault.Unavailable, "disk_full", "The disk of the database is full: could not %s", doing)
	case sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM, sqlite3.SQLITE_AUTH:
		return fault.Wrap(err, fault.Denied, "data_read_only", "The database cannot be written to: could not %s", doing)
	case sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED:
		return fault.Wrap(err, fault.Unavailable, "database_busy", "The database is locked by another program: could not %s", doing)
	case sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_IOERR:
		return fault.Wrap(err, fault.Unavailable, "disk_error", "The database's file cannot be read or written: could not %s", doing)
	case sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB:
		return fault.Wrap(err, fault.Internal, "data_corrupt", "The database's file is damaged or is no database: could not %s", doing)
	case sqlite3.SQLITE_CONSTRAINT:
		return fault.Wrap(err, fault.Conflict, "constraint", "The database refused it: could not %s", doing)
	}
	return commonFault(err, doing)
}

func (sqliteDialect) begins() string {
	// Not EXISTS, for which the index would be asked once a row.
	return "(SELECT w.n FROM conversation_words w WHERE w.tenant_id = conversations.tenant_id AND w.conversation_id = conversations.id) " +
		"IN (SELECT rowid FROM conversation_index WHERE conversation_index MATCH ?)"
}

func (sqliteDialect) beginnings(words []string) string {
	return `"` + strings.Join(words, `"* AND "`) + `"*`
}

type postgresDialect struct{}

func (postgresDialect) begins() string {
	return "EXISTS (SELECT 1 FROM conversation_words w WHERE w.tenant_id = conversations.tenant_id AND w.conversation_id = conversations.id " +
		"AND array_to_tsvector(string_to_array(w.words, ' ')) @@ CAST(? AS tsquery))"
}

func (postgresDialect) beginnings(words []string) string {
	return "'" + strings.Join(words, "':* & '") + "':*"
}

// rebind numbers the placeholders. Those in quotes are text.
func (postgresDialect) rebind(query string) string {
	var b strings.Builder
	b.Grow(len(query) + 16)
	n, quoted := 0, false
	for i := range len(query) {
		switch c := query[i]; {
		case c == '\'':
			quoted = !quoted
			b.WriteByte(c)
		case c == '?' && !quoted:
			n++
			b.WriteByte('$')
			b.WriteString(strconv.Itoa(n))
		default:
			b.WriteByte(c)
		}
	}
	return b.String()
}

func (postgresDialect) fault(err error, doing string) error {
	var e *pgconn.PgError
	if errors.As(err, &e) {
		switch {
		case e.Code == "53100":
			return fault.Wrap(err, fault.Unavailable, "disk_full", "The disk of the database is full: could not %s", doing)
		case e.Code == "25006", e.Code == "42501":
			return fault.Wrap(err, fault.Denied, "data_read_only", "The database cannot be written to: could not %s", doing)
		case strings.HasPrefix(e.Code, "28"), e.Code == "3D000":
			return fault.Wrap(err, fault.Denied, "database_denied", "The database does not let us in: could not %s", doing)
		case strings.HasPrefix(e.Code, "23"):
			return fault.Wrap(err, fault.Conflict, "constraint", "The database refused it: could not %s", doing)
		case strings.HasPrefix(e.Code, "08"), strings.HasPrefix(e.Code, "53"), strings.HasPrefix(e.Code, "57"), strings.HasPrefix(e.Code, "40"):
			return fault.Wrap(err, fault.Unavailable, "database_unreachable", "The database cannot do it now: could not %s", doing)
		}
		return commonFault(err, doing)
	}
	var connect *pgconn.ConnectError
	var network net.Error
	if errors.As(err, &connect) || errors.As(err, &network) {
		return fault.Wrap(err, fault.Unavailable, "database_unreachable", "The database does not answer: could not %s", doing)
	}
	return commonFault(err, doing)
}

func commonFault(err error, doing string) error {
	var f *fault.Error
	switch {
	case errors.As(err, &f):
		return err
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return fault.Wrap(err, fault.Unavailable, "cancelled", "There was no time left to %s", doing)
	}
	return fault.Wrap(err, fault.Internal, "database", "Could not %s", doing)
}
