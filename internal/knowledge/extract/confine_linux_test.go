//go:build linux && (amd64 || arm64)

package extract

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
)

const escapes = "extract-escapes"

// The test program becomes a confined process and tries what it must not.
func init() {
	if len(os.Args) < 2 || os.Args[1] != escapes {
		return
	}
	if err := confine(nil); err != nil {
		fmt.Println("confine:", err)
		os.Exit(0)
	}
	if len(os.Args) > 2 { // memory
		var all [][]byte
		for i := range 4096 {
			b := make([]byte, 1<<20)
			b[i] = 1
			all = append(all, b)
		}
		fmt.Println("allocated", len(all))
		os.Exit(0)
	}
	_, err := os.ReadFile("/etc/hostname")
	fmt.Println("read:", err)
	fmt.Println("write:", os.WriteFile(os.TempDir()+"/griot-escape", []byte("x"), 0o600))
	_, err = net.Dial("tcp", "127.0.0.1:1")
	fmt.Println("dial:", err)
	fmt.Println("run:", exec.Command("/bin/true").Run())
	if _, _, e := syscall.AllThreadsSyscall(syscall.SYS_GETPID, 0, 0, 0); e == 0 { // a program that is linked with C confines the thread that reads, and no other
		done := make(chan error)
		go func() {
			_, err := os.ReadDir("/")
			done <- err
		}()
		fmt.Println("list:", <-done)
	}
	os.Exit(0)
}

// The process that reads documents opens no file, connects to nobody, starts nothing and has little memory.
func TestConfinement(t *testing.T) {
	out, err := exec.Command(os.Args[0], escapes).CombinedOutput()
	require.NoError(t, err, "%s", out)
	lines := strings.Split(strings.TrimSpace(string(out)), "\n")
	require.GreaterOrEqual(t, len(lines), 4, "%s", out)
	for _, l := range lines {
		require.Regexp(t, "permission denied|operation not permitted", l)
	}
	out, err = exec.Command(os.Args[0], escapes, "memory").CombinedOutput()
	require.Error(t, err)
	require.NotContains(t, string(out), "allocated")
	require.Regexp(t, "out of memory|cannot allocate memory|failed to allocate|too many address space collisions", string(out)) // the last two with the race detector
}
