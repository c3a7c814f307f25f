package opus

import (
	"runtime"
	"unsafe"

	"github.com/ebitengine/purego"

	"griot/internal/fault"
)

// Numbers of opus_defines.h.
const (
	applicationVoIP = 2048
	signalVoice     = 3001

	setBitrate    = 4002
	setComplexity = 4010
	setInbandFEC  = 4012
	setPacketLoss = 4014
	setDTX        = 4016
	setSignal     = 4024
	resetState    = 4028
)

// MaxPacket is room enough for any packet that Encode makes.
const MaxPacket = 1276

// EncoderOptions say how to encode. The zero value takes libopus's own choices but for the complexity, which is 5: half the work of 9 and no audible difference
// for speech.
type EncoderOptions struct {
	Bitrate    int  // bits per second; 0 lets the library choose
	Complexity int  // 1 to 10; 0 means 5
	FEC        bool // put a poor copy of each frame into the next, once loss was reported
	Loss       int  // percent of packets that is expected to be lost
	DTX        bool // send next to nothing in silence
}

// Encoder turns mono speech into packets.
type Encoder struct {
	lib  *library
	st   state
	call call
	loss int
}

// NewEncoder makes an encoder for samples at rate, one of 8000, 12000, 16000, 24000 and 48000. The fault is that of Available, or fault.Invalid for a value
// that is not possible.
func NewEncoder(rate int, o EncoderOptions) (*Encoder, error) {
	lib, err := open()
	if err != nil {
		return nil, err
	}
	size, _, _ := purego.SyscallN(lib.encoderSize, 1)
	e := &Encoder{lib: lib, st: newState(size)}
	r, _, _ := purego.SyscallN(lib.encoderInit, e.at(), uintptr(rate), 1, applicationVoIP)
	if int32(r) != 0 {
		return nil, failed("make an Opus encoder", int32(r))
	}
	if o.Complexity == 0 {
		o.Complexity = 5
	}
	flag := map[bool]int{true: 1}
	for _, c := range []struct{ request, value int }{
		{setSignal, signalVoice}, {setComplexity, o.Complexity}, {setInbandFEC, flag[o.FEC]}, {setDTX, flag[o.DTX]}, {setBitrate, o.Bitrate},
	} {
		if c.request == setBitrate && c.value == 0 {
			continue
		}
		if err := e.set(c.request, c.value); err != nil {
			return nil, err
		}
	}
	return e, e.SetLoss(o.Loss)
}

func (e *Encoder) at() uintptr { return uintptr(unsafe.Pointer(&e.st[0])) }

// set changes a setting. The C function is variadic, which for one whole number makes no difference on the machines we run on (System V on amd64, AAPCS64 on
// Linux).
func (e *Encoder) set(request, value int) error {
	r, _, _ := purego.SyscallN(e.lib.encoderCtl, e.at(), uintptr(request), uintptr(int32(value)))
	runtime.KeepAlive(e.st)
	if int32(r) != 0 {
		return failed("set up an Opus encoder", int32(r))
	}
	return nil
}

// SetLoss says what percentage of packets is being lost, 0 to 100: with FEC, the more there is the better the copies.
func (e *Encoder) SetLoss(percent int) error {
	if percent == e.loss {
		return nil
	}
	if err := e.set(setPacketLoss, percent); err != nil {
		return err
	}
	e.loss = percent
	return nil
}

// Reset forgets the stream so far, not the settings.
func (e *Encoder) Reset() {
	purego.SyscallN(e.lib.encoderCtl, e.at(), resetState)
	runtime.KeepAlive(e.st)
}

// Encode writes one frame of 2.5, 5, 10, 20, 40 or 60 ms into packet, best with MaxPacket bytes of room, and returns how many it wrote. In silence with DTX
// it may be 2 or fewer: such a packet need not be sent.
func (e *Encoder) Encode(pcm []int16, packet []byte) (int, error) {
	if len(pcm) == 0 || len(packet) == 0 {
		return 0, fault.New(fault.Invalid, "opus_argument", "encode a frame: there are %d samples and %d bytes of room", len(pcm), len(packet))
	}
	e.call.pcm, e.call.data = pcm, packet
	e.call.args = [6]uintptr{1: uintptr(unsafe.Pointer(&pcm[0])), 2: uintptr(len(pcm)), 3: uintptr(unsafe.Pointer(&packet[0])), 4: uintptr(len(packet))}
	r := e.call.do(e.lib.encode, e.st, 5)
	if r < 0 {
		return 0, failed("encode a frame", r)
	}
	return int(r), nil
}
