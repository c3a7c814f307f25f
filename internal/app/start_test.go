package app

import (
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"griot/internal/config"
	"griot/internal/fault"
)

// What can be wrong at the start is said plainly, with what to do about it, and leaves nothing behind: TestMain looks for goroutines.

// fails starts an application that cannot, and returns why.
func fails(t *testing.T, cfg config.Config) error {
	t.Helper()
	a, err := New(t.Context(), cfg, "test", slog.New(slog.DiscardHandler))
	if err == nil {
		_ = a.Close()
	}
	require.Error(t, err)
	return err
}

func configAt(data, addr string) config.Config {
	cfg := config.Default()
	cfg.Data, cfg.Server.Addr = data, addr
	return cfg
}

func TestStartsQuickly(t *testing.T) {
	data := t.TempDir()
	for _, state := range []string{"new", "existing"} {
		began := time.Now()
		a, err := New(t.Context(), configAt(data, "127.0.0.1:0"), "test", slog.New(slog.DiscardHandler))
		t.Logf("start to ready with a %s data folder: %v", state, time.Since(began).Round(time.Millisecond)) // measured, not asserted
		require.NoError(t, err)
		conn, err := net.Dial("tcp", a.listener.Addr().String())
		require.NoError(t, err, "ready means that a client can connect")
		require.NoError(t, conn.Close())
		require.NoError(t, a.Close())
	}
}

func TestSecondStartOnTheSameFolder(t *testing.T) {
	s := launch(t, nil)
	err := fails(t, configAt(s.data, "127.0.0.1:0"))
	require.Equal(t, fault.Conflict, fault.KindOf(err))
	require.ErrorContains(t, err, s.data)
	s.get("/healthz", &struct{}{}) // the first is not disturbed
	require.NoError(t, s.stop())
	a, err := New(t.Context(), configAt(s.data, "127.0.0.1:0"), "test", slog.New(slog.DiscardHandler))
	require.NoError(t, err, "once it has stopped another may start")
	require.NoError(t, a.Close())
}

func TestPortInUse(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer l.Close()
	data := t.TempDir()
	err = fails(t, configAt(data, l.Addr().String()))
	require.Equal(t, "port_in_use", fault.CodeOf(err))
	require.ErrorContains(t, err, l.Addr().String())
	require.ErrorContains(t, err, "--addr")
	a, err := New(t.Context(), configAt(data, "127.0.0.1:0"), "test", slog.New(slog.DiscardHandler))
	require.NoError(t, err, "the folder was let go")
	require.NoError(t, a.Close())
}

func TestBadAgentFile(t *testing.T) {
	for name, c := range map[string]struct{ yaml, want string }{
		"an unknown key":    {"name: X\nlanguage: en\ngreting:\n  text: hi\n", "greeting"},
		"a value too large": {"name: X\nturn:\n  threshold: 3\n", "broken.yaml:3"},
		"no YAML":           {"name: [\n", "broken.yaml"},
		"no name":           {"language: en\n", "name"},
	} {
		t.Run(name, func(t *testing.T) {
			data := t.TempDir()
			writeAgent(t, data, "broken", c.yaml)
			err := fails(t, configAt(data, "127.0.0.1:0"))
			require.Equal(t, fault.Invalid, fault.KindOf(err))
			require.ErrorContains(t, err, filepath.Join(data, "agents", "broken.yaml"))
			require.ErrorContains(t, err, c.want)
		})
	}
}

func TestUnknownProvider(t *testing.T) {
	cfg := configAt(t.TempDir(), "127.0.0.1:0")
	cfg.Providers = config.Providers{"espeek": []byte(`{}`)}
	require.ErrorContains(t, fails(t, cfg), "espeek")
}

func TestFolderThatCannotBeUsed(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(file, nil, 0o600))
	require.ErrorContains(t, fails(t, configAt(file, "127.0.0.1:0")), file)
	if os.Geteuid() == 0 {
		return // nothing is denied to root
	}
	denied := filepath.Join(t.TempDir(), "denied")
	require.NoError(t, os.Mkdir(denied, 0o500))
	require.ErrorContains(t, fails(t, configAt(filepath.Join(denied, "data"), "127.0.0.1:0")), denied)
}
