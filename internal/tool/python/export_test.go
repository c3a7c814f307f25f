package python

import (
	"path/filepath"
	"slices"
	"time"
)

// AllowNative lets later workers load ctypes, so that tests can make system calls that Python has no function for: what native code would do.
// It reports whether this machine has what it takes. Call it after Available and before any other use.
func (r *Runner) AllowNative() bool {
	plan := &r.place.plan
	dynload, stdlib := "", plan.List[0]
	if len(plan.List) > 1 {
		dynload = plan.List[1]
	}
	native, _ := filepath.Glob(filepath.Join(dynload, "_ctypes.*.so"))
	ffi, _ := filepath.Glob("/usr/lib/*/libffi.so.*")
	if len(native) == 0 || len(ffi) == 0 {
		return false
	}
	plan.Read = slices.Concat(plan.Read, native, ffi, []string{filepath.Join(stdlib, "ctypes") + "/"})
	return true
}

// Plain has later workers started without namespaces, as where the kernel does not permit them.
func (r *Runner) Plain() { r.place.plan.Root = false }

// Settle waits until no call is under way, not even the end of one, and as many workers are ready as are kept.
func (r *Runner) Settle(warm bool) {
	for len(r.slots) > 0 || (warm && len(r.idle) < cap(r.idle)) {
		time.Sleep(time.Millisecond) // real time: processes of the system end when they do
	}
}

// OldKernel makes the kernel look like one that lacks something.
func (r *Runner) OldKernel(landlock int, seccomp bool) {
	r.landlock, r.seccomp = func() int { return landlock }, func() bool { return seccomp }
}

// KillIdle ends the workers that are ready, as the system does when it is short of memory, and waits until they have ended.
func (r *Runner) KillIdle() {
	for range len(r.idle) {
		w := <-r.idle
		w.kill()
		for !w.gone() {
			time.Sleep(time.Millisecond) // real time: processes of the system end when they do
		}
		r.idle <- w
	}
}
