package storetest

import (
	"bufio"
	"context"
	"database/sql"
	"fmt"
	"io"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib" // the driver "pgx"
)

// startLimit bounds making and starting a server; a loaded machine takes seconds.
const startLimit = 2 * time.Minute

var (
	once    sync.Once
	running *server
	problem error
	schemas atomic.Int64
	inMain  bool
)

// Main runs a test binary whose tests call Postgres, and stops the server that they started. Use it as TestMain.
func Main(m *testing.M) {
	inMain = true
	code := m.Run()
	if running != nil {
		running.stop()
	}
	os.Exit(code)
}

// Postgres returns the address of an empty schema that is dropped when t ends. It is on the server that GRIOT_TEST_POSTGRES names,
// or else on one that the test binary starts from the packages of this machine. Without either the test is skipped, or fails when
// GRIOT_TEST_SYSTEM=1. The package's TestMain must be Main.
func Postgres(t *testing.T) string {
	t.Helper()
	base := os.Getenv("GRIOT_TEST_POSTGRES")
	if base == "" {
		if !inMain {
			t.Fatal("storetest.Postgres needs storetest.Main as the package's TestMain")
		}
		once.Do(func() { running, problem = start() })
		if problem != nil {
			if os.Getenv("GRIOT_TEST_SYSTEM") == "1" {
				t.Fatalf("PostgreSQL: %v", problem)
			}
			t.Skipf("PostgreSQL: %v (apt-get install postgresql, or set GRIOT_TEST_POSTGRES)", problem)
		}
		base = running.dsn
	}
	name := fmt.Sprintf("griot_test_%d_%d", os.Getpid(), schemas.Add(1))
	admin(t, base, "CREATE SCHEMA "+name)
	t.Cleanup(func() { admin(t, base, "DROP SCHEMA "+name+" CASCADE") })
	u, err := url.Parse(base)
	if err != nil {
		t.Fatalf("GRIOT_TEST_POSTGRES is no address: %v", err)
	}
	q := u.Query()
	q.Set("search_path", name)
	u.RawQuery = q.Encode()
	return u.String()
}

func admin(t *testing.T, dsn, statement string) {
	t.Helper()
	db, err := sql.Open("pgx", dsn)
	if err != nil {
		t.Fatalf("open the test server: %v", err)
	}
	defer db.Close()
	// Not the test's context, which is done when it cleans up.
	if _, err := db.ExecContext(context.Background(), statement); err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
}

// server is a PostgreSQL of our own, in a folder that is removed with it, on a socket in that folder.
type server struct {
	dir, dsn string
	cmd      *exec.Cmd
	done     chan struct{} // closed when the process has ended
}

func start() (*server, error) {
	bin, err := binaries()
	if err != nil {
		return nil, err
	}
	attr, own, err := asPostgres()
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "griot-pg-")
	if err != nil {
		return nil, err
	}
	s := &server{dir: dir, done: make(chan struct{})}
	if err := s.run(bin, attr, own); err != nil {
		os.RemoveAll(dir)
		return nil, err
	}
	return s, nil
}

// binaries finds the newest server installed.
func binaries() (string, error) {
	if p, err := exec.LookPath("initdb"); err == nil {
		return filepath.Dir(p), nil
	}
	found, err := filepath.Glob("/usr/lib/postgresql/*/bin/initdb")
	if err != nil || len(found) == 0 {
		return "", fmt.Errorf("no server is installed")
	}
	version := func(p string) int {
		n, _ := strconv.Atoi(strings.Split(p, "/")[4])
		return n
	}
	return filepath.Dir(slices.MaxFunc(found, func(a, b string) int { return version(a) - version(b) })), nil
}

// asPostgres is how to run the server: it refuses to be root.
func asPostgres() (attr *syscall.SysProcAttr, own func(string) error, err error) {
	// Should the test binary die, so does the server.
	attr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGQUIT}
	if os.Getuid() != 0 {
		return attr, func(string) error { return nil }, nil
	}
	u, err := user.Lookup("postgres")
	if err != nil {
		return nil, nil, fmt.Errorf("root needs a user postgres: %w", err)
	}
	uid, err := strconv.Atoi(u.Uid)
	if err != nil {
		return nil, nil, err
	}
	gid, err := strconv.Atoi(u.Gid)
	if err != nil {
		return nil, nil, err
	}
	attr.Credential = &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
	return attr, func(p string) error { return os.Chown(p, uid, gid) }, nil
}

func (s *server) run(bin string, attr *syscall.SysProcAttr, own func(string) error) error {
	if err := own(s.dir); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), startLimit)
	defer cancel()
	data := filepath.Join(s.dir, "data")
	init := exec.CommandContext(ctx, filepath.Join(bin, "initdb"), "-D", data, "-U", "griot", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync")
	init.SysProcAttr, init.Dir = &syscall.SysProcAttr{Credential: attr.Credential}, s.dir
	if out, err := init.CombinedOutput(); err != nil {
		return fmt.Errorf("initdb: %w: %s", err, out)
	}
	s.cmd = exec.Command(filepath.Join(bin, "postgres"), "-D", data, "-k", s.dir, "-c", "listen_addresses=",
		"-c", "fsync=off", "-c", "synchronous_commit=off", "-c", "full_page_writes=off", "-c", "shared_buffers=16MB")
	s.cmd.SysProcAttr, s.cmd.Dir = attr, s.dir
	log, err := s.cmd.StderrPipe()
	if err != nil {
		return err
	}
	started := make(chan error, 1)
	go func() {
		defer close(s.done)
		runtime.LockOSThread() // Pdeathsig follows the thread
		defer runtime.UnlockOSThread()
		err := s.cmd.Start()
		if err != nil {
			started <- err
			return
		}
		lines := bufio.NewScanner(log)
		var last string
		for ready := false; lines.Scan(); {
			last = lines.Text()
			if !ready && strings.Contains(last, "ready to accept connections") {
				ready = true
				started <- nil
			}
		}
		_, _ = io.Copy(io.Discard, log) // a line too long for the scanner must not stall the server
		err = s.cmd.Wait()
		select {
		case started <- fmt.Errorf("postgres ended (%v): %s", err, last):
		default:
		}
	}()
	select {
	case err := <-started:
		if err != nil {
			return err
		}
	case <-ctx.Done():
		s.stop()
		return fmt.Errorf("postgres was not ready in %v", startLimit)
	}
	q := url.Values{"host": {s.dir}, "sslmode": {"disable"}}
	s.dsn = "postgres://griot@/postgres?" + q.Encode()
	return nil
}

func (s *server) stop() {
	if s.cmd.Process != nil {
		_ = s.cmd.Process.Signal(syscall.SIGINT) // fast shutdown
	}
	<-s.done
	os.RemoveAll(s.dir)
}
