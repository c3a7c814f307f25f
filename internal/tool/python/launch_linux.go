package python

import (
	"os"
	"os/exec"
	"runtime"
	"syscall"

	"golang.org/x/sys/unix"
)

// command is this very program, about to become a worker. It gets no environment and a session of its own.
func command(pl *place) *exec.Cmd {
	cmd := &exec.Cmd{Path: "/proc/self/exe", Args: append([]string{"griot"}, pl.plan.Args()...), Env: []string{"GOMAXPROCS=1", "GOGC=off"}, Dir: "/"}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Pdeathsig: syscall.SIGKILL}
	if !pl.plan.Root {
		return cmd
	}
	attr := cmd.SysProcAttr
	attr.Cloneflags = unix.CLONE_NEWUSER | unix.CLONE_NEWNS | unix.CLONE_NEWPID | unix.CLONE_NEWNET | unix.CLONE_NEWIPC | unix.CLONE_NEWUTS
	attr.UidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getuid(), Size: 1}}
	attr.GidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getgid(), Size: 1}}
	if pl.root { // only root may map somebody else
		attr.UidMappings = append(attr.UidMappings, syscall.SysProcIDMap{ContainerID: nobody, HostID: nobody, Size: 1})
		attr.GidMappings = append(attr.GidMappings, syscall.SysProcIDMap{ContainerID: nobody, HostID: nobody, Size: 1})
		attr.GidMappingsEnableSetgroups = true
	}
	return cmd
}

func isRoot() bool { return os.Geteuid() == 0 }

// ownThread keeps the goroutine on one thread until what it returns is called.
func ownThread() func() {
	runtime.LockOSThread()
	return runtime.UnlockOSThread
}

// kill ends the process and its session; safe at any time from any goroutine. It does not wait.
func (w *worker) kill() {
	w.life.Lock()
	defer w.life.Unlock()
	if !w.reaped {
		_ = unix.Kill(-w.cmd.Process.Pid, unix.SIGKILL) // an error means that it has ended by itself
		_ = w.cmd.Process.Kill()                        // should it not lead its session yet
	}
}

// gone reports whether the process has ended. It stays to be waited for.
func (w *worker) gone() bool {
	var info unix.Siginfo
	err := unix.Waitid(unix.P_PID, w.cmd.Process.Pid, &info, unix.WEXITED|unix.WNOHANG|unix.WNOWAIT, nil)
	return err != nil || info.Signo != 0
}
