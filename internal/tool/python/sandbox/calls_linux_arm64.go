package sandbox

import "golang.org/x/sys/unix"

const (
	auditArch = unix.AUDIT_ARCH_AARCH64
	foreign   = 0x40000000 // there are no such numbers
)

var archCalls = []uint32{unix.SYS_FSTATAT}

var archTested []rule
