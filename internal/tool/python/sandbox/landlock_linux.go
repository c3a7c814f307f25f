//go:build linux && (amd64 || arm64)

package sandbox

import (
	"os"
	"strings"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Landlock is the version of landlock that the kernel offers, 0 when it has none or keeps it off.
func Landlock() int {
	n, _, e := syscall.Syscall(unix.SYS_LANDLOCK_CREATE_RULESET, 0, 0, unix.LANDLOCK_CREATE_RULESET_VERSION)
	if e != 0 {
		return 0
	}
	return int(n)
}

// Seccomp reports whether the kernel filters system calls as the sandbox needs it.
func Seccomp() bool {
	action := uint32(unix.SECCOMP_RET_KILL_PROCESS)
	_, _, e := syscall.Syscall(unix.SYS_SECCOMP, unix.SECCOMP_GET_ACTION_AVAIL, 0, uintptr(unsafe.Pointer(&action)))
	return e == 0
}

// handled are the rights that landlock takes away, by the version that introduced them. What a kernel is too old to take away, the filter of
// system calls forbids as well.
func handled(abi int) (files, network, scopes uint64) {
	files = unix.LANDLOCK_ACCESS_FS_EXECUTE | unix.LANDLOCK_ACCESS_FS_WRITE_FILE | unix.LANDLOCK_ACCESS_FS_READ_FILE | unix.LANDLOCK_ACCESS_FS_READ_DIR |
		unix.LANDLOCK_ACCESS_FS_REMOVE_DIR | unix.LANDLOCK_ACCESS_FS_REMOVE_FILE | unix.LANDLOCK_ACCESS_FS_MAKE_CHAR | unix.LANDLOCK_ACCESS_FS_MAKE_DIR |
		unix.LANDLOCK_ACCESS_FS_MAKE_REG | unix.LANDLOCK_ACCESS_FS_MAKE_SOCK | unix.LANDLOCK_ACCESS_FS_MAKE_FIFO | unix.LANDLOCK_ACCESS_FS_MAKE_BLOCK |
		unix.LANDLOCK_ACCESS_FS_MAKE_SYM
	if abi >= 2 {
		files |= unix.LANDLOCK_ACCESS_FS_REFER
	}
	if abi >= 3 {
		files |= unix.LANDLOCK_ACCESS_FS_TRUNCATE
	}
	if abi >= 4 {
		network = unix.LANDLOCK_ACCESS_NET_BIND_TCP | unix.LANDLOCK_ACCESS_NET_CONNECT_TCP
	}
	if abi >= 5 {
		files |= unix.LANDLOCK_ACCESS_FS_IOCTL_DEV
	}
	if abi >= 6 {
		scopes = unix.LANDLOCK_SCOPE_ABSTRACT_UNIX_SOCKET | unix.LANDLOCK_SCOPE_SIGNAL
	}
	return files, network, scopes
}

// landlock makes the rules of a plan and returns their descriptor.
func landlock(p Plan) (int, error) {
	abi := Landlock()
	if abi < 1 {
		return -1, step("landlock", syscall.EOPNOTSUPP)
	}
	var attr unix.LandlockRulesetAttr
	attr.Handled_access_fs, attr.Handled_access_net, attr.Scoped = handled(abi)
	size := uintptr(24) // what version 6 knows; an older kernel knows less
	switch {
	case abi < 4:
		size = 8
	case abi < 6:
		size = 16
	}
	fd, _, e := syscall.Syscall(unix.SYS_LANDLOCK_CREATE_RULESET, uintptr(unsafe.Pointer(&attr)), size, 0)
	if e != 0 {
		return -1, step("landlock rules", e)
	}
	rules := int(fd)
	const execute = unix.LANDLOCK_ACCESS_FS_EXECUTE | unix.LANDLOCK_ACCESS_FS_READ_FILE
	if err := permit(rules, p.Exec, execute); err != nil {
		return -1, err
	}
	if p.Loader != "" {
		if err := permit(rules, p.Loader, execute); err != nil {
			return -1, err
		}
	}
	for _, f := range p.Read {
		var access uint64 = unix.LANDLOCK_ACCESS_FS_READ_FILE
		if strings.HasSuffix(f, "/") {
			access |= unix.LANDLOCK_ACCESS_FS_READ_DIR
		}
		if err := permit(rules, f, access); err != nil {
			return -1, err
		}
	}
	for _, f := range p.List {
		if err := permit(rules, f, unix.LANDLOCK_ACCESS_FS_READ_DIR); err != nil {
			return -1, err
		}
	}
	return rules, nil
}

// permit adds a rule for one path. What is not there needs none.
func permit(rules int, path string, access uint64) error {
	fd, err := unix.Open(path, unix.O_PATH|unix.O_CLOEXEC, 0)
	if err != nil {
		if os.IsNotExist(err) {
			return nil
		}
		return step("landlock "+path, err)
	}
	defer unix.Close(fd)
	attr := unix.LandlockPathBeneathAttr{Allowed_access: access, Parent_fd: int32(fd)}
	if _, _, e := syscall.Syscall6(unix.SYS_LANDLOCK_ADD_RULE, uintptr(rules), unix.LANDLOCK_RULE_PATH_BENEATH, uintptr(unsafe.Pointer(&attr)), 0, 0, 0); e != 0 {
		return step("landlock "+path, e)
	}
	return nil
}
