package python

import (
	"debug/elf"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"griot/internal/tool/python/sandbox"
)

// Files outside the interpreter's library that it may read: where the loader finds shared libraries, and the world's time zones.
var extras = []string{"/etc/ld.so.cache", "/usr/share/zoneinfo"}

// layout says which files a worker may read, and what its own file system holds.
func layout(s surveyed) sandbox.Plan {
	p := sandbox.Plan{Exec: s.Executable, Read: slices.Clone(s.Read), List: []string{s.Stdlib}}
	binds := []string{s.Executable, s.Stdlib}
	if s.Dynload != "" {
		p.List = append(p.List, s.Dynload)
		binds = append(binds, s.Dynload)
	}
	seen := map[string]string{} // links on the way
	for _, f := range slices.Concat(s.Libraries, extras, loader(s.Executable)) {
		real := resolve(f, seen)
		p.Read = append(p.Read, real)
		if strings.HasPrefix(f, "/etc/") || strings.HasPrefix(f, "/usr/share/") {
			binds = append(binds, real)
		} else {
			binds = append(binds, filepath.Dir(real)) // with the names under which the loader looks for it
		}
	}
	if l := loader(s.Executable); len(l) > 0 {
		p.Loader = resolve(l[0], seen)
	}
	// The loader also looks under the names of the root's links, such as /lib for /usr/lib.
	for _, name := range []string{"/lib", "/lib64", "/lib32", "/usr/lib64"} {
		resolve(name, seen)
	}
	for i, f := range p.Read {
		if info, err := os.Stat(f); err == nil && info.IsDir() {
			p.Read[i] = f + "/"
		}
	}
	slices.Sort(binds)
	for _, b := range slices.Compact(binds) {
		inside := slices.ContainsFunc(p.Bind, func(outer string) bool { return strings.HasPrefix(b, outer+"/") })
		if b != "/" && !inside {
			p.Bind = append(p.Bind, b)
		}
	}
	for at, target := range seen {
		if !slices.ContainsFunc(p.Bind, func(outer string) bool { return strings.HasPrefix(at, outer+"/") }) {
			p.Links = append(p.Links, [2]string{at, target})
		}
	}
	slices.SortFunc(p.Links, func(a, b [2]string) int { return strings.Compare(a[0], b[0]) })
	return p
}

// loader is the path that the interpreter's binary names as its loader, if any.
func loader(path string) []string {
	f, err := elf.Open(path)
	if err != nil {
		return nil
	}
	defer f.Close()
	for _, p := range f.Progs {
		if p.Type != elf.PT_INTERP || p.Filesz > 4096 {
			continue
		}
		b := make([]byte, p.Filesz)
		if _, err := p.ReadAt(b, 0); err == nil {
			return []string{strings.TrimRight(string(b), "\x00")}
		}
	}
	return nil
}

// resolve follows symbolic links and notes each in seen.
func resolve(path string, seen map[string]string) string {
	for range 40 { // as many as the kernel follows
		at, moved := "", false
		for part := range strings.SplitSeq(strings.Trim(filepath.Clean(path), "/"), "/") {
			at += "/" + part
			target, err := os.Readlink(at)
			if err != nil {
				continue // not a link, or not there
			}
			seen[at] = target
			rest := strings.TrimPrefix(path, at)
			if !filepath.IsAbs(target) {
				target = filepath.Join(filepath.Dir(at), target)
			}
			path, moved = filepath.Join(target, rest), true
			break
		}
		if !moved {
			break
		}
	}
	return path
}
