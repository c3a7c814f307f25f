package opus

import (
	"time"
	"unsafe"

	"github.com/ebitengine/purego"

	"griot/internal/fault"
)

// Longest is the longest that one packet may last.
const Longest = 120 * time.Millisecond

// Decoder turns packets into mono speech; stereo is mixed down.
type Decoder struct {
	lib  *library
	st   state
	call call
}

// NewDecoder makes a decoder that returns samples at rate, one of 8000, 12000, 16000, 24000 and 48000, whatever the packets were made from. The fault is that of
// Available, or fault.Invalid for another rate.
func NewDecoder(rate int) (*Decoder, error) {
	lib, err := open()
	if err != nil {
		return nil, err
	}
	size, _, _ := purego.SyscallN(lib.decoderSize, 1)
	d := &Decoder{lib: lib, st: newState(size)}
	r, _, _ := purego.SyscallN(lib.decoderInit, d.at(), uintptr(rate), 1)
	if int32(r) != 0 {
		return nil, failed("make an Opus decoder", int32(r))
	}
	return d, nil
}

func (d *Decoder) at() uintptr { return uintptr(unsafe.Pointer(&d.st[0])) }

// Decode writes a packet's samples into pcm, which must have room for them (Longest is always enough), and returns how many. A corrupt packet is a fault.Invalid, and
// the stream can go on.
func (d *Decoder) Decode(packet []byte, pcm []int16) (int, error) {
	if len(packet) == 0 || len(pcm) == 0 {
		return 0, fault.New(fault.Invalid, "opus_packet", "decode a packet: there are %d bytes and room for %d samples", len(packet), len(pcm))
	}
	return d.run(packet, pcm, 0)
}

// Recover fills pcm with the frame before next, which was lost, from the copy that next carries; when it carries none, the loss is concealed. pcm must be as long as
// the frame was.
func (d *Decoder) Recover(next []byte, pcm []int16) (int, error) {
	if len(next) == 0 || len(pcm) == 0 {
		return d.Conceal(pcm)
	}
	return d.run(next, pcm, 1)
}

// Conceal fills pcm, which must be as long as the frame was, with what may stand for a lost one: the sound before it, fading.
func (d *Decoder) Conceal(pcm []int16) (int, error) {
	if len(pcm) == 0 {
		return 0, fault.New(fault.Invalid, "opus_argument", "conceal a loss: there is room for no samples")
	}
	return d.run(nil, pcm, 0)
}

func (d *Decoder) run(packet []byte, pcm []int16, fec uintptr) (int, error) {
	d.call.pcm, d.call.data = pcm, packet
	d.call.args = [6]uintptr{2: uintptr(len(packet)), 3: uintptr(unsafe.Pointer(&pcm[0])), 4: uintptr(len(pcm)), 5: fec}
	if len(packet) > 0 {
		d.call.args[1] = uintptr(unsafe.Pointer(&packet[0]))
	}
	r := d.call.do(d.lib.decode, d.st, 6)
	if r < 0 {
		return 0, failed("decode a packet", r)
	}
	return int(r), nil
}

// Duration returns how long a packet's sound lasts, from its first two bytes (RFC 6716 section 3.1), or 0 when it is no Opus packet.
func Duration(packet []byte) time.Duration {
	if len(packet) == 0 {
		return 0
	}
	var frame int // µs
	switch config := packet[0] >> 3; {
	case config < 12: // SILK
		frame = [4]int{10000, 20000, 40000, 60000}[config&3]
	case config < 16: // hybrid
		frame = [2]int{10000, 20000}[config&1]
	default: // CELT
		frame = [4]int{2500, 5000, 10000, 20000}[config&3]
	}
	switch packet[0] & 3 {
	case 1, 2:
		frame *= 2
	case 3:
		if len(packet) < 2 {
			return 0
		}
		frame *= int(packet[1] & 0x3f)
	}
	if d := time.Duration(frame) * time.Microsecond; d <= Longest {
		return d
	}
	return 0
}
