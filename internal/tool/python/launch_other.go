//go:build !linux

package python

import (
	"errors"
	"os/exec"
)

// There is no sandbox for this system: Runner.look refuses before any of this is reached.

var errSystem = errors.New("Python tools need Linux")

func command(*place) *exec.Cmd { return &exec.Cmd{Err: errSystem} }

func isRoot() bool { return false }

func ownThread() func() { return func() {} }

func (w *worker) kill() {
	w.life.Lock()
	defer w.life.Unlock()
	if !w.reaped && w.cmd.Process != nil {
		_ = w.cmd.Process.Kill()
	}
}

func (w *worker) gone() bool { return true }
