//go:build linux && (amd64 || arm64)

package extract

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// apart has a process end with us, and whatever it starts with it.
func apart(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}

// killed reports whether the kernel ended a process.
func killed(e *exec.ExitError) bool {
	w, ok := e.Sys().(syscall.WaitStatus)
	return ok && w.Signaled()
}

// become turns this process into another program that has its limits, and reads files of the system only.
func become(argv []string) error {
	runtime.LockOSThread() // what follows is about this thread, which becomes the program
	if err := confine([]string{"/usr", "/lib", "/lib64", "/etc"}); err != nil {
		return err
	}
	return fmt.Errorf("start %s: %w", argv[0], unix.Exec(argv[0], argv, os.Environ()))
}

// confine takes from this process what reading a document does not need. read are folders whose files may be read and executed; without any, the process can start no
// program. Landlock and the filter need Linux 5.13; on an older kernel the limits hold alone.
func confine(read []string) error {
	_ = os.WriteFile("/proc/self/oom_score_adj", []byte("1000"), 0) // should memory become short, it is this process that ends
	space := uint64(readSpace)
	if len(read) == 0 { // else the program that comes begins with nothing
		space += used()
	}
	for what, n := range map[int]uint64{unix.RLIMIT_CORE: 0, unix.RLIMIT_FSIZE: 0, unix.RLIMIT_CPU: readCPU, unix.RLIMIT_NOFILE: 64, unix.RLIMIT_AS: space} {
		if err := unix.Setrlimit(what, &unix.Rlimit{Cur: n, Max: n}); err != nil {
			return fmt.Errorf("limits: %w", err)
		}
	}
	rules, err := landlock(read)
	if err != nil {
		return err
	}
	if err := everywhere(len(read) > 0, unix.SYS_PRCTL, unix.PR_SET_NO_NEW_PRIVS, 1, 0); err != nil {
		return fmt.Errorf("no_new_privs: %w", err)
	}
	if rules >= 0 {
		if err := everywhere(len(read) > 0, unix.SYS_LANDLOCK_RESTRICT_SELF, uintptr(rules), 0, 0); err != nil {
			return fmt.Errorf("landlock: %w", err)
		}
		_ = unix.Close(rules)
	}
	return noNetwork(len(read) == 0)
}

// used are the bytes of addresses that this process has; Go reserves more than it uses.
func used() uint64 {
	b, err := os.ReadFile("/proc/self/statm")
	var n uint64
	if _, serr := fmt.Sscan(string(b), &n); err != nil || serr != nil {
		return 2 << 30
	}
	return n * uint64(os.Getpagesize())
}

// everywhere makes a system call in all threads, or in this one alone. A program that is linked with C, as for the race detector, has only the latter.
func everywhere(here bool, nr, a, b, c uintptr) error {
	var e syscall.Errno
	if !here {
		_, _, e = syscall.AllThreadsSyscall6(nr, a, b, c, 0, 0, 0)
	}
	if here || e == syscall.ENOTSUP {
		runtime.LockOSThread()
		_, _, e = syscall.RawSyscall6(nr, a, b, c, 0, 0, 0)
	}
	if e != 0 {
		return e
	}
	return nil
}

// landlock makes rules that take all files away but those under read. It is -1 where the kernel has none.
func landlock(read []string) (int, error) {
	const all = unix.LANDLOCK_ACCESS_FS_EXECUTE | unix.LANDLOCK_ACCESS_FS_WRITE_FILE | unix.LANDLOCK_ACCESS_FS_READ_FILE | unix.LANDLOCK_ACCESS_FS_READ_DIR |
		unix.LANDLOCK_ACCESS_FS_REMOVE_DIR | unix.LANDLOCK_ACCESS_FS_REMOVE_FILE | unix.LANDLOCK_ACCESS_FS_MAKE_CHAR | unix.LANDLOCK_ACCESS_FS_MAKE_DIR |
		unix.LANDLOCK_ACCESS_FS_MAKE_REG | unix.LANDLOCK_ACCESS_FS_MAKE_SOCK | unix.LANDLOCK_ACCESS_FS_MAKE_FIFO | unix.LANDLOCK_ACCESS_FS_MAKE_BLOCK | unix.LANDLOCK_ACCESS_FS_MAKE_SYM
	attr := struct{ fs uint64 }{all} // what the first version knows
	fd, _, e := syscall.Syscall(unix.SYS_LANDLOCK_CREATE_RULESET, uintptr(unsafe.Pointer(&attr)), unsafe.Sizeof(attr), 0)
	if e == syscall.ENOSYS || e == syscall.EOPNOTSUPP {
		return -1, nil
	}
	if e != 0 {
		return -1, fmt.Errorf("landlock rules: %w", e)
	}
	for _, path := range read {
		p, err := unix.Open(path, unix.O_PATH|unix.O_CLOEXEC, 0)
		if errors.Is(err, unix.ENOENT) {
			continue
		}
		if err != nil {
			return -1, fmt.Errorf("open %s: %w", path, err)
		}
		rule := unix.LandlockPathBeneathAttr{Allowed_access: unix.LANDLOCK_ACCESS_FS_EXECUTE | unix.LANDLOCK_ACCESS_FS_READ_FILE | unix.LANDLOCK_ACCESS_FS_READ_DIR, Parent_fd: int32(p)}
		_, _, e := syscall.Syscall6(unix.SYS_LANDLOCK_ADD_RULE, fd, unix.LANDLOCK_RULE_PATH_BENEATH, uintptr(unsafe.Pointer(&rule)), 0, 0, 0)
		_ = unix.Close(p)
		if e != 0 {
			return -1, fmt.Errorf("landlock rule for %s: %w", path, e)
		}
	}
	return int(fd), nil
}

// forbidden are system calls that reading a document never makes; execve and execveat come last.
var forbidden = []uint32{unix.SYS_SOCKET, unix.SYS_SOCKETPAIR, unix.SYS_CONNECT, unix.SYS_BIND, unix.SYS_PTRACE, unix.SYS_PROCESS_VM_READV, unix.SYS_PROCESS_VM_WRITEV, unix.SYS_BPF,
	unix.SYS_MOUNT, unix.SYS_UNSHARE, unix.SYS_SETNS, unix.SYS_KEYCTL, unix.SYS_ADD_KEY, unix.SYS_REQUEST_KEY, unix.SYS_IO_URING_SETUP, unix.SYS_USERFAULTFD, unix.SYS_PERF_EVENT_OPEN,
	unix.SYS_KILL, unix.SYS_EXECVE, unix.SYS_EXECVEAT}

// noNetwork has the forbidden calls fail in every thread, from now on.
func noNetwork(noPrograms bool) error {
	calls := forbidden
	if !noPrograms {
		calls = calls[:len(calls)-2]
	}
	arch := uint32(unix.AUDIT_ARCH_X86_64)
	if runtime.GOARCH == "arm64" {
		arch = unix.AUDIT_ARCH_AARCH64
	}
	const load, equal, above, give = unix.BPF_LD | unix.BPF_W | unix.BPF_ABS, unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K, unix.BPF_JMP | unix.BPF_JGE | unix.BPF_K, unix.BPF_RET | unix.BPF_K
	filter := []unix.SockFilter{
		{Code: load, K: 4}, // the architecture
		{Code: equal, K: arch, Jt: 1},
		{Code: give, K: unix.SECCOMP_RET_KILL_PROCESS},
		{Code: load, K: 0}, // the number
		{Code: above, K: 0x40000000, Jf: 1},
		{Code: give, K: unix.SECCOMP_RET_KILL_PROCESS}, // another way to call, which we do not use
	}
	for _, nr := range calls {
		filter = append(filter, unix.SockFilter{Code: equal, K: nr, Jf: 1}, unix.SockFilter{Code: give, K: unix.SECCOMP_RET_ERRNO | uint32(unix.EPERM)})
	}
	filter = append(filter, unix.SockFilter{Code: give, K: unix.SECCOMP_RET_ALLOW})
	prog := unix.SockFprog{Len: uint16(len(filter)), Filter: &filter[0]}
	_, _, e := syscall.Syscall(unix.SYS_SECCOMP, unix.SECCOMP_SET_MODE_FILTER, unix.SECCOMP_FILTER_FLAG_TSYNC, uintptr(unsafe.Pointer(&prog)))
	runtime.KeepAlive(filter)
	if e == syscall.ENOSYS || e == syscall.EINVAL {
		return nil
	}
	if e != 0 {
		return fmt.Errorf("filter of system calls: %w", e)
	}
	return nil
}
