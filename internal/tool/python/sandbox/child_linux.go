//go:build linux && (amd64 || arm64)

package sandbox

import (
	"errors"
	"os"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Two numbers that belong together: the descriptor of the interpreter's binary, which the filter of system calls allows to be executed,
// is above the limit on descriptors, so that no other file can ever get its number.
const (
	execFD   = 63
	maxFiles = 32
)

// exitRefused is the exit code of a process that could not build its sandbox.
const exitRefused = 71

func init() {
	if len(os.Args) < 2 || os.Args[1] != Command {
		return
	}
	runtime.LockOSThread() // what follows is about this thread, which becomes the interpreter
	err := become(os.Args[2:])
	_, _ = os.Stderr.WriteString("sandbox: " + err.Error() + "\n")
	os.Exit(exitRefused)
}

// step says which step failed.
func step(name string, err error) error {
	if err == nil {
		return nil
	}
	return errors.New(name + ": " + err.Error())
}

// parse is the inverse of Plan.Args.
func parse(args []string) (p Plan, err error) {
	for i, a := range args {
		if a == "--" {
			p.Argv = args[i+1:]
			break
		}
		name, v, _ := strings.Cut(a, "=")
		switch name {
		case argExec:
			p.Exec = v
		case argLoader:
			p.Loader = v
		case argRead:
			p.Read = append(p.Read, v)
		case argList:
			p.List = append(p.List, v)
		case argBind:
			p.Bind = append(p.Bind, v)
		case argLink:
			path, target, _ := strings.Cut(v, ":")
			p.Links = append(p.Links, [2]string{path, target})
		case argRoot:
			p.Root = true
		case argMemory:
			p.Memory, err = strconv.ParseInt(v, 10, 64)
		case argCPU:
			p.CPU, err = strconv.Atoi(v)
		case argUser:
			p.User, err = strconv.Atoi(v)
		default:
			err = errors.New("unknown argument " + name)
		}
		if err != nil {
			return p, step("arguments", err)
		}
	}
	if p.Exec == "" || p.Memory <= 0 || p.CPU <= 0 || len(p.Argv) == 0 {
		return p, errors.New("arguments: something is missing")
	}
	return p, nil
}

// become carries out a plan. It returns only when a step fails.
func become(args []string) error {
	p, err := parse(args)
	if err != nil {
		return err
	}
	// Should memory become short, it is this process that the kernel ends, not the server. A system without the file does as it likes.
	_ = os.WriteFile("/proc/self/oom_score_adj", []byte("1000"), 0)
	if p.Root {
		if err := newRoot(p); err != nil {
			return err
		}
	} else if err := nowhere(); err != nil {
		return step("working folder", err)
	}
	fd, err := unix.Open(p.Exec, unix.O_PATH|unix.O_CLOEXEC|unix.O_NOFOLLOW, 0)
	if err != nil {
		return step("open the interpreter", err)
	}
	if err := unix.Dup3(fd, execFD, unix.O_CLOEXEC); err != nil {
		return step("keep the interpreter", err)
	}
	rules, err := landlock(p)
	if err != nil {
		return err
	}
	if err := dropRights(p.User); err != nil {
		return err
	}
	// From here on only system calls that concern this thread and take nothing from the Go runtime.
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		return step("no_new_privs", err)
	}
	if err := unix.Prctl(unix.PR_SET_PDEATHSIG, uintptr(unix.SIGKILL), 0, 0, 0); err != nil {
		return step("end with the server", err)
	}
	if _, _, e := syscall.RawSyscall(unix.SYS_LANDLOCK_RESTRICT_SELF, uintptr(rules), 0, 0); e != 0 {
		return step("landlock", e)
	}
	if err := unix.CloseRange(3, ^uint(0), unix.CLOSE_RANGE_CLOEXEC); err != nil {
		return step("close descriptors", err)
	}
	empty, argv, env, err := execArgs(p.Argv)
	if err != nil {
		return step("arguments", err)
	}
	filter := program()
	prog := unix.SockFprog{Len: uint16(len(filter)), Filter: &filter[0]}
	for _, l := range limits(p) {
		if _, _, e := syscall.RawSyscall6(unix.SYS_PRLIMIT64, 0, uintptr(l.what), uintptr(unsafe.Pointer(&l.value)), 0, 0, 0); e != 0 {
			return step("limits", e)
		}
	}
	if _, _, e := syscall.RawSyscall(unix.SYS_SECCOMP, unix.SECCOMP_SET_MODE_FILTER, 0, uintptr(unsafe.Pointer(&prog))); e != 0 {
		return step("seccomp", e)
	}
	_, _, e := syscall.RawSyscall6(unix.SYS_EXECVEAT, execFD, uintptr(unsafe.Pointer(empty)), uintptr(unsafe.Pointer(&argv[0])), uintptr(unsafe.Pointer(&env[0])), unix.AT_EMPTY_PATH, 0)
	runtime.KeepAlive(filter)
	return step("start the interpreter", e)
}

// execArgs prepares what execveat takes. The environment is empty.
func execArgs(args []string) (empty *byte, argv, env []*byte, err error) {
	if empty, err = syscall.BytePtrFromString(""); err != nil {
		return nil, nil, nil, err
	}
	if argv, err = syscall.SlicePtrFromStrings(args); err != nil {
		return nil, nil, nil, err
	}
	return empty, argv, []*byte{nil}, nil
}

type limit struct {
	what  int
	value unix.Rlimit
}

// limits of the process, soft and hard alike.
func limits(p Plan) []limit {
	both := func(what int, n uint64) limit { return limit{what, unix.Rlimit{Cur: n, Max: n}} }
	return []limit{
		both(unix.RLIMIT_CORE, 0),
		both(unix.RLIMIT_FSIZE, 0),
		both(unix.RLIMIT_CPU, uint64(p.CPU)),
		both(unix.RLIMIT_MEMLOCK, 0),
		both(unix.RLIMIT_MSGQUEUE, 0),
		both(unix.RLIMIT_SIGPENDING, 8),
		both(unix.RLIMIT_STACK, 8<<20),
		both(unix.RLIMIT_NOFILE, maxFiles),
		both(unix.RLIMIT_NPROC, 0),
		both(unix.RLIMIT_AS, uint64(p.Memory)),
	}
}

// nowhere makes the working folder one that no longer exists.
func nowhere() error {
	dir, err := os.MkdirTemp("", "griot-")
	if err != nil {
		return os.Chdir("/") // nothing can be written here; then the root will do
	}
	if err := os.Chdir(dir); err != nil {
		return err
	}
	return os.Remove(dir)
}

// dropRights becomes user (unless 0) and gives up every capability.
func dropRights(user int) error {
	for c := uintptr(0); c <= unix.CAP_LAST_CAP; c++ {
		// Only somebody with rights can give them up, and nobody else has any. What matters is checked below.
		_ = unix.Prctl(unix.PR_CAPBSET_DROP, c, 0, 0, 0)
	}
	_ = unix.Prctl(unix.PR_CAP_AMBIENT, unix.PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) // an older kernel has none
	if user != 0 {
		if _, _, e := syscall.RawSyscall(unix.SYS_SETGROUPS, 0, 0, 0); e != 0 {
			return step("leave the groups", e)
		}
		n := uintptr(user)
		if _, _, e := syscall.RawSyscall(unix.SYS_SETRESGID, n, n, n); e != 0 {
			return step("change the group", e)
		}
		if _, _, e := syscall.RawSyscall(unix.SYS_SETRESUID, n, n, n); e != 0 {
			return step("change the user", e)
		}
	}
	head := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var data [2]unix.CapUserData
	if err := unix.Capset(&head, &data[0]); err != nil {
		return step("give up rights", err)
	}
	return nil
}
