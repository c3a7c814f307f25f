//go:build linux && (amd64 || arm64)

package sandbox_test

import (
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"griot/internal/tool/python/sandbox"
)

// TestRefusal has plans that cannot be carried out: the process must end, and the program of the plan must not have run. The test's
// own binary is the child, since the package acts before any test does.
func TestRefusal(t *testing.T) {
	if sandbox.Landlock() < 1 || !sandbox.Seccomp() {
		t.Skip("this kernel has no sandbox")
	}
	shell, err := filepath.EvalSymlinks("/bin/sh")
	require.NoError(t, err)
	good := sandbox.Plan{Exec: shell, Memory: 64 << 20, CPU: 1, Argv: []string{"sh", "-c", "echo it ran"}}
	for name, c := range map[string]struct {
		change func(*sandbox.Plan)
		args   []string
		want   string
	}{
		"no interpreter":        {change: func(p *sandbox.Plan) { p.Exec = "/nowhere/python3" }, want: "open the interpreter"},
		"nothing":               {args: []string{sandbox.Command}, want: "something is missing"},
		"unknown":               {args: []string{sandbox.Command, "x=1"}, want: "unknown argument x"},
		"no number":             {args: []string{sandbox.Command, "cpu=x"}, want: "invalid syntax"},
		"no limit":              {change: func(p *sandbox.Plan) { p.Memory = 0 }, want: "something is missing"},
		"no arguments":          {change: func(p *sandbox.Plan) { p.Argv = nil }, want: "something is missing"},
		"a root without rights": {change: func(p *sandbox.Plan) { p.Root = true }, want: "sandbox: own"}, // see below
		"a loader that is not":  {change: func(p *sandbox.Plan) { p.Loader = "/nowhere/ld.so" }, want: "start the interpreter: permission denied"},
	} {
		t.Run(name, func(t *testing.T) {
			args := c.args
			if args == nil {
				p := good
				c.change(&p)
				args = p.Args()
			}
			cmd := exec.Command("/proc/self/exe", args...)
			if name == "a root without rights" { // in a user's namespace of its own, but not in one of mounts or names
				cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWUSER}
			}
			out, err := cmd.CombinedOutput()
			var exit *exec.ExitError
			require.ErrorAs(t, err, &exit)
			require.Equal(t, 71, exit.ExitCode(), string(out))
			require.Contains(t, string(out), c.want)
			require.NotContains(t, string(out), "it ran")
		})
	}
}

func TestArgs(t *testing.T) {
	p := sandbox.Plan{Exec: "/x", Loader: "/l", Read: []string{"/a/"}, List: []string{"/b"}, Bind: []string{"/c"}, Links: [][2]string{{"/d", "e"}}, Root: true, Memory: 1, CPU: 2, User: 3, Argv: []string{"x", "--", "y"}}
	require.Equal(t, []string{sandbox.Command, "exec=/x", "memory=1", "cpu=2", "user=3", "loader=/l", "read=/a/", "list=/b", "root=1", "bind=/c", "link=/d:e", "--", "x", "--", "y"}, p.Args())
}
