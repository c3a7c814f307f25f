package python

import (
	"path/filepath"
	"slices"
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
	plan.Read = slices.Concat(plan.Read, native, ffi, []string{filepath.Join(stdlib, "ctypes")})
	return true
}

// Plain has later workers started without namespaces, as where the kernel does not permit them.
func (r *Runner) Plain() { r.place.plan.Root = false }
