package pocketsphinx

import (
	"fmt"
	"runtime"
	"sync"
	"unsafe"

	"github.com/ebitengine/purego"
)

// library holds the addresses of the C functions that a decoder needs. libsphinxbase comes in as a dependency of libpocketsphinx,
// and its symbols are found through the same handle.
type library struct {
	path string

	psArgs, psInit, psFree                         uintptr
	psAddWord, psLookupWord                        uintptr
	psSetJSGF, psSetSearch, psUnsetSearch          uintptr
	psStartStream, psStartUtt, psProcess, psEndUtt uintptr
	psHyp, psFeat, psFrames                        uintptr
	segIter, segNext, segWord, segProb, segFrames  uintptr
	cmdParse, cmdSetStr, cmdSetInt, cmdFree        uintptr
}

// soname is the library's name in Debian and its children; the dynamic loader knows where it is.
const soname = "libpocketsphinx.so.3"

var loaded struct {
	sync.Mutex
	byPath map[string]*library
}

// openLibrary loads the library once for each path, "" meaning the system's. It stays loaded: C libraries are not made to be unloaded.
func openLibrary(path string) (*library, error) {
	if unsafe.Sizeof(uintptr(0)) != 8 {
		return nil, fmt.Errorf("load %s: only 64-bit machines are supported, this is %s", soname, runtime.GOARCH)
	}
	if path == "" {
		path = soname
	}
	loaded.Lock()
	defer loaded.Unlock()
	if l := loaded.byPath[path]; l != nil {
		return l, nil
	}
	h, err := purego.Dlopen(path, purego.RTLD_NOW|purego.RTLD_LOCAL)
	if err != nil {
		return nil, fmt.Errorf("load %s: %w", path, err)
	}
	l := &library{path: path}
	var errSetLogfp uintptr
	for name, at := range map[string]*uintptr{
		"ps_args": &l.psArgs, "ps_init": &l.psInit, "ps_free": &l.psFree,
		"ps_add_word": &l.psAddWord, "ps_lookup_word": &l.psLookupWord,
		"ps_set_jsgf_string": &l.psSetJSGF, "ps_set_search": &l.psSetSearch, "ps_unset_search": &l.psUnsetSearch,
		"ps_start_stream": &l.psStartStream, "ps_start_utt": &l.psStartUtt,
		"ps_process_raw": &l.psProcess, "ps_end_utt": &l.psEndUtt,
		"ps_get_hyp": &l.psHyp, "ps_get_feat": &l.psFeat, "ps_get_n_frames": &l.psFrames,
		"ps_seg_iter": &l.segIter, "ps_seg_next": &l.segNext, "ps_seg_word": &l.segWord,
		"ps_seg_prob": &l.segProb, "ps_seg_frames": &l.segFrames,
		"cmd_ln_parse_r": &l.cmdParse, "cmd_ln_set_str_r": &l.cmdSetStr,
		"cmd_ln_set_int_r": &l.cmdSetInt, "cmd_ln_free_r": &l.cmdFree,
		"err_set_logfp": &errSetLogfp,
	} {
		if *at, err = purego.Dlsym(h, name); err != nil {
			return nil, fmt.Errorf("load %s: it lacks the function %s: %w", path, name, err)
		}
	}
	purego.SyscallN(errSetLogfp, 0) // it writes pages of progress to the standard error otherwise
	if loaded.byPath == nil {
		loaded.byPath = map[string]*library{}
	}
	loaded.byPath[path] = l
	return l, nil
}

// setting is one option of a decoder: a string or, when str is empty, a whole number (booleans are 0 and 1).
type setting struct {
	name, str string
	num       int
}

// open makes a decoder. The config is built from the library's own table of defaults and changed one value at a time, because the usual
// constructor takes C variadic arguments, which are not the same on all machines.
func (l *library) open(settings []setting) (uintptr, error) {
	defs, _, _ := purego.SyscallN(l.psArgs)
	cfg, _, _ := purego.SyscallN(l.cmdParse, 0, defs, 0, 0, 0)
	if cfg == 0 {
		return 0, fmt.Errorf("make a decoder's configuration: %s refused its own defaults", l.path)
	}
	defer purego.SyscallN(l.cmdFree, cfg) // the decoder keeps a reference of its own
	for _, s := range settings {
		if s.str != "" {
			name, val := cstring(s.name), cstring(s.str)
			purego.SyscallN(l.cmdSetStr, cfg, uintptr(unsafe.Pointer(&name[0])), uintptr(unsafe.Pointer(&val[0])))
			continue
		}
		name := cstring(s.name)
		purego.SyscallN(l.cmdSetInt, cfg, uintptr(unsafe.Pointer(&name[0])), uintptr(s.num))
	}
	ps, _, _ := purego.SyscallN(l.psInit, cfg)
	if ps == 0 {
		return 0, fmt.Errorf("start a decoder: %s refused the model or its options", l.path)
	}
	return ps, nil
}

// cstring returns s with the zero that C wants.
func cstring(s string) []byte { return append([]byte(s), 0) }

// gostring copies a C string of at most 64 KiB.
func gostring(p uintptr) string {
	if p == 0 {
		return ""
	}
	b := (*[1 << 16]byte)(cpointer(p))
	for i, c := range b {
		if c == 0 {
			return string(b[:i])
		}
	}
	return string(b[:])
}

// cpointer turns an address that C returned into a pointer. It never points into Go memory.
func cpointer(p uintptr) unsafe.Pointer { return *(*unsafe.Pointer)(unsafe.Pointer(&p)) }
