package store

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"griot/internal/fault"
)

// A database that may not grow answers like one on a full disk.
func TestDiskFull(t *testing.T) {
	s, err := Open(t.Context(), "sqlite:"+filepath.Join(t.TempDir(), "griot.db"))
	require.NoError(t, err)
	defer s.Close()
	_, err = s.write.Exec("PRAGMA max_page_count = 1") // SQLite takes the present size when that is more
	require.NoError(t, err)
	err = s.PutSetting(t.Context(), "default", "k", strings.Repeat("x", 1<<20))
	require.Equal(t, fault.Unavailable, fault.KindOf(err), "%v", err)
	require.Equal(t, "disk_full", fault.CodeOf(err))
	_, err = s.Setting(t.Context(), "default", "k")
	require.Equal(t, fault.NotFound, fault.KindOf(err), "half a write must not stay")
}

func TestRebind(t *testing.T) {
	for in, want := range map[string]string{
		"SELECT 1":                      "SELECT 1",
		"a = ? AND b = ?":               "a = $1 AND b = $2",
		"a = '?' AND b = ? AND c = 'é'": "a = '?' AND b = $1 AND c = 'é'",
		"a = 'it''s ?' AND b = ?":       "a = 'it''s ?' AND b = $1",
		marks(2, 2):                     "($1, $2), ($3, $4)",
	} {
		require.Equal(t, want, postgresDialect{}.rebind(in))
		require.Equal(t, in, sqliteDialect{}.rebind(in))
	}
}
