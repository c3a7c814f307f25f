// Package opus speaks the Opus codec (RFC 6716) with the system's libopus, which is loaded at run time: there is no C in the build, and where the library is
// missing, Available says so and calls speak G.711.
//
// An Encoder or a Decoder holds one direction of one call, is for one goroutine at a time, and allocates nothing for a frame.
package opus

import (
	"fmt"
	"runtime"
	"sync"
	"unsafe"

	"github.com/ebitengine/purego"

	"griot/internal/fault"
)

// soname is the library's name in Debian and its children; the dynamic loader knows where it is.
const soname = "libopus.so.0"

// library holds the addresses of the C functions.
type library struct {
	version string

	encoderSize, encoderInit, encode, encoderCtl uintptr
	decoderSize, decoderInit, decode             uintptr
}

// open loads the library once. It stays loaded: C libraries are not made to be unloaded.
var open = sync.OnceValues(func() (*library, error) { return load(soname) })

func load(name string) (*library, error) {
	missing := func(err error) error {
		return fault.Wrap(err, fault.Unavailable, "opus_missing", "the library %s cannot be used", name)
	}
	if unsafe.Sizeof(uintptr(0)) != 8 {
		return nil, missing(fmt.Errorf("only 64-bit machines are supported, this is %s", runtime.GOARCH))
	}
	h, err := purego.Dlopen(name, purego.RTLD_NOW|purego.RTLD_LOCAL)
	if err != nil {
		return nil, missing(err)
	}
	l := &library{}
	var version uintptr
	for symbol, at := range map[string]*uintptr{
		"opus_get_version_string": &version,
		"opus_encoder_get_size":   &l.encoderSize, "opus_encoder_init": &l.encoderInit, "opus_encode": &l.encode, "opus_encoder_ctl": &l.encoderCtl,
		"opus_decoder_get_size": &l.decoderSize, "opus_decoder_init": &l.decoderInit, "opus_decode": &l.decode,
	} {
		if *at, err = purego.Dlsym(h, symbol); err != nil {
			return nil, missing(err)
		}
	}
	p, _, _ := purego.SyscallN(version)
	l.version = text(p)
	return l, nil
}

// Available returns nil when Opus can be spoken, or a fault.Unavailable "opus_missing" that says why not.
func Available() error {
	_, err := open()
	return err
}

// Version returns the library's own name and version, or "" when it is missing.
func Version() string {
	l, err := open()
	if err != nil {
		return ""
	}
	return l.version
}

// text copies a C string of at most 256 bytes.
func text(p uintptr) string {
	if p == 0 {
		return ""
	}
	b := (*[256]byte)(*(*unsafe.Pointer)(unsafe.Pointer(&p)))
	for i, c := range b {
		if c == 0 {
			return string(b[:i])
		}
	}
	return string(b[:])
}

// state is memory for one of the library's objects. The garbage collector does not move it, so the library may keep positions within it, and
// nothing has to be given back.
type state []uint64

func newState(bytes uintptr) state { return make(state, (bytes+7)/8) }

// call is a reused call of a C function: a list of arguments made anew for each frame would be an allocation.
type call struct {
	args [6]uintptr
	pcm  []int16 // held here, the memory stays where it is while the library uses it
	data []byte
}

// do calls fn with the object st and n arguments of args, the first of which is set to st.
func (c *call) do(fn uintptr, st state, n int) int32 {
	c.args[0] = uintptr(unsafe.Pointer(&st[0]))
	r, _, _ := purego.SyscallN(fn, c.args[:n]...)
	runtime.KeepAlive(st)
	c.pcm, c.data = nil, nil
	return int32(r)
}

// failed turns a negative result into a fault. The codes are those of opus_defines.h.
func failed(doing string, code int32) error {
	switch code {
	case -1:
		return fault.New(fault.Invalid, "opus_argument", "%s: a value is not possible", doing)
	case -2:
		return fault.New(fault.Invalid, "opus_buffer", "%s: the buffer is too small", doing)
	case -4:
		return fault.New(fault.Invalid, "opus_packet", "%s: the packet is corrupt", doing)
	}
	return fault.New(fault.Internal, "opus_failed", "%s: libopus returned %d", doing, code)
}
