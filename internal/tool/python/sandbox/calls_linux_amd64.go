package sandbox

import "golang.org/x/sys/unix"

const (
	auditArch = unix.AUDIT_ARCH_X86_64
	foreign   = 0x40000000
)

var archCalls = []uint32{
	unix.SYS_STAT, unix.SYS_LSTAT, unix.SYS_NEWFSTATAT, unix.SYS_ACCESS, unix.SYS_READLINK, unix.SYS_ARCH_PRCTL, unix.SYS_TIME, unix.SYS_SELECT, unix.SYS_POLL,
	unix.SYS_GETRLIMIT,
}

var archTested = []rule{{unix.SYS_OPEN, []test{{1, writing, 0}}}}
