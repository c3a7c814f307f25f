//go:build linux

package python_test

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"griot/internal/tool/python"
)

// orphanage makes the test's binary a server that has a call under way and warm workers, until it is killed.
const orphanage = "GRIOT_TEST_ORPHANS"

func serveOrphans() {
	r := python.New(python.Config{Stdlib: true, Interpreter: os.Getenv("GRIOT_TEST_PYTHON")})
	r.Prepare()
	r.Settle(true)
	go func() {
		_, _ = r.Run(context.Background(), python.Definition{Name: "a", Code: slow, Stdlib: true}, nil)
	}()
	fmt.Println("ready")
	select {}
}

// TestWorkersEndWithAServerThatIsKilled: nobody is left to end them but the kernel.
func TestWorkersEndWithAServerThatIsKilled(t *testing.T) {
	open(t, python.Config{})
	cmd := exec.Command("/proc/self/exe")
	cmd.Env = append(os.Environ(), orphanage+"=1")
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	line, err := bufio.NewReader(out).ReadString('\n')
	require.NoError(t, err)
	require.Equal(t, "ready\n", line)
	var workers []int
	require.Eventually(t, func() bool {
		workers = children(t, cmd.Process.Pid)
		return len(workers) >= 3
	}, 20*time.Second, 10*time.Millisecond, "two warm ones and one at work")

	require.NoError(t, cmd.Process.Signal(syscall.SIGKILL))
	require.Error(t, cmd.Wait())
	require.Eventually(t, func() bool {
		for _, pid := range workers {
			if state, _ := stat(pid); state != "" && state != "Z" && state != "X" {
				return false
			}
		}
		return true
	}, 10*time.Second, 10*time.Millisecond)
}

// stat returns the state of a process, "" when it is gone, and its parent.
func stat(pid int) (state string, parent int) {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return "", 0
	}
	_, rest, _ := strings.Cut(string(b), ") ")
	f := strings.Fields(rest)
	parent, _ = strconv.Atoi(f[1])
	return f[0], parent
}

func children(t *testing.T, of int) (pids []int) {
	all, err := filepath.Glob("/proc/[0-9]*")
	require.NoError(t, err)
	for _, dir := range all {
		pid, _ := strconv.Atoi(filepath.Base(dir))
		if state, parent := stat(pid); parent == of && state != "Z" {
			pids = append(pids, pid)
		}
	}
	return pids
}
