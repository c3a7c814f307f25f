//go:build !linux || !(amd64 || arm64)

package sandbox

// Landlock is 0: the kernel has none that we know how to use.
func Landlock() int { return 0 }

// Seccomp is false, likewise.
func Seccomp() bool { return false }
