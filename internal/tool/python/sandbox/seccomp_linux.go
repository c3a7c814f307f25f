//go:build linux && (amd64 || arm64)

package sandbox

import (
	"golang.org/x/sys/unix"
)

// The filter is a list of what may pass; everything else fails with EPERM, or with ENOSYS where a library then tries another way.

// Offsets in struct seccomp_data (linux/seccomp.h). The low half of an argument comes first: both architectures are little-endian.
const (
	offNumber = 0
	offArch   = 4
	offArgs   = 16
)

// writing are the flags of open that do more than read.
const writing = unix.O_WRONLY | unix.O_RDWR | unix.O_CREAT | unix.O_TRUNC | unix.O_APPEND | (unix.O_TMPFILE &^ unix.O_DIRECTORY)

// calls that pass whatever their arguments are.
var calls = append([]uint32{
	unix.SYS_READ, unix.SYS_READV, unix.SYS_PREAD64, unix.SYS_WRITE, unix.SYS_WRITEV, unix.SYS_CLOSE, unix.SYS_LSEEK, unix.SYS_FSTAT, unix.SYS_STATX,
	unix.SYS_READLINKAT, unix.SYS_FACCESSAT, unix.SYS_FACCESSAT2, unix.SYS_GETDENTS64, unix.SYS_GETCWD,
	unix.SYS_MUNMAP, unix.SYS_MREMAP, unix.SYS_MADVISE, unix.SYS_BRK,
	unix.SYS_RT_SIGACTION, unix.SYS_RT_SIGPROCMASK, unix.SYS_RT_SIGRETURN, unix.SYS_SIGALTSTACK, unix.SYS_RESTART_SYSCALL,
	unix.SYS_FUTEX, unix.SYS_SET_TID_ADDRESS, unix.SYS_SET_ROBUST_LIST, unix.SYS_RSEQ, unix.SYS_SCHED_YIELD, unix.SYS_SCHED_GETAFFINITY,
	unix.SYS_GETRANDOM, unix.SYS_CLOCK_GETTIME, unix.SYS_CLOCK_GETRES, unix.SYS_CLOCK_NANOSLEEP, unix.SYS_NANOSLEEP, unix.SYS_GETTIMEOFDAY, unix.SYS_TIMES,
	unix.SYS_GETPID, unix.SYS_GETPPID, unix.SYS_GETTID, unix.SYS_GETUID, unix.SYS_GETEUID, unix.SYS_GETGID, unix.SYS_GETEGID,
	unix.SYS_PSELECT6, unix.SYS_PPOLL, unix.SYS_EXIT, unix.SYS_EXIT_GROUP,
	unix.SYS_UNAME, // the library asks which system this is; the name of the machine is hidden where there are namespaces
}, archCalls...)

// absent are calls that a library replaces by older ones when the kernel does not have them.
var absent = []uint32{unix.SYS_CLONE3, unix.SYS_OPENAT2, unix.SYS_CLOSE_RANGE}

// test allows a call when every part holds.
type test struct {
	arg  int    // which argument
	mask uint32 // its bits that count
	want uint32 // what they must be
}

// tested are calls that pass for some arguments; each list is an alternative.
var tested = append([]rule{
	{unix.SYS_OPENAT, []test{{2, writing, 0}}},
	{unix.SYS_FCNTL, []test{{1, ^uint32(0), unix.F_GETFD}}},
	{unix.SYS_FCNTL, []test{{1, ^uint32(0), unix.F_SETFD}}},
	{unix.SYS_FCNTL, []test{{1, ^uint32(0), unix.F_GETFL}}},
	{unix.SYS_IOCTL, []test{{1, ^uint32(0), unix.TCGETS}}},
	{unix.SYS_IOCTL, []test{{1, ^uint32(0), fioclex}}},
	{unix.SYS_PRLIMIT64, []test{{0, ^uint32(0), 0}, {2, ^uint32(0), 0}, {2 | high, ^uint32(0), 0}}}, // reading one's own
	{unix.SYS_PRLIMIT64, []test{{0, ^uint32(0), 0}, {1, ^uint32(0), unix.RLIMIT_NOFILE}}},           // lowering this one: nobody here can raise it
	{unix.SYS_GETPRIORITY, []test{{0, ^uint32(0), unix.PRIO_PROCESS}, {1, ^uint32(0), 0}}},
	{unix.SYS_SETPRIORITY, []test{{0, ^uint32(0), unix.PRIO_PROCESS}, {1, ^uint32(0), 0}}}, // giving way to others, one's own: the way back needs rights
	// Memory is for data, or it is code of a file: never both, and never one after the other.
	{unix.SYS_MMAP, []test{{2, unix.PROT_EXEC, 0}}},
	{unix.SYS_MMAP, []test{{2, unix.PROT_WRITE, 0}, {3, unix.MAP_ANONYMOUS, 0}}},
	{unix.SYS_MPROTECT, []test{{2, unix.PROT_EXEC, 0}}},
	{unix.SYS_EXECVEAT, []test{{0, ^uint32(0), execFD}, {4, ^uint32(0), unix.AT_EMPTY_PATH}}},
}, archTested...)

const (
	fioclex = 0x5451
	high    = 8 // added to the number of an argument: its upper half
)

type rule struct {
	call  uint32
	tests []test
}

func stmt(code uint16, k uint32) unix.SockFilter { return unix.SockFilter{Code: code, K: k} }

func jump(code uint16, k uint32, yes, no int) unix.SockFilter {
	return unix.SockFilter{Code: code, Jt: uint8(yes), Jf: uint8(no), K: k}
}

// program is the filter.
func program() []unix.SockFilter {
	const (
		load    = unix.BPF_LD | unix.BPF_W | unix.BPF_ABS
		equal   = unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K
		atLeast = unix.BPF_JMP | unix.BPF_JGE | unix.BPF_K
		and     = unix.BPF_ALU | unix.BPF_AND | unix.BPF_K
		ret     = unix.BPF_RET | unix.BPF_K
		errno   = unix.SECCOMP_RET_ERRNO
	)
	out := []unix.SockFilter{
		stmt(load, offArch),
		jump(equal, auditArch, 1, 0),
		stmt(ret, unix.SECCOMP_RET_KILL_PROCESS),
		stmt(load, offNumber),
		jump(atLeast, foreign, 0, 1), // the numbers of x32, which an x86-64 kernel may serve too
		stmt(ret, unix.SECCOMP_RET_KILL_PROCESS),
	}
	for _, c := range calls {
		out = append(out, jump(equal, c, 0, 1), stmt(ret, unix.SECCOMP_RET_ALLOW))
	}
	for _, c := range absent {
		out = append(out, jump(equal, c, 0, 1), stmt(ret, errno|uint32(unix.ENOSYS)))
	}
	for _, r := range tested {
		n := 3*len(r.tests) + 1 // each test loads, masks and compares; then comes the verdict
		out = append(out, jump(equal, r.call, 0, n+1))
		for i, t := range r.tests {
			off := uint32(offArgs + 8*(t.arg&^high))
			if t.arg&high != 0 {
				off += 4
			}
			out = append(out, stmt(load, off), stmt(and, t.mask), jump(equal, t.want, 0, n-3*(i+1)))
		}
		out = append(out, stmt(ret, unix.SECCOMP_RET_ALLOW), stmt(load, offNumber)) // the number again, for the rule that follows
	}
	return append(out, stmt(ret, errno|uint32(unix.EPERM)))
}
