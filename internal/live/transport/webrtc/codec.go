package webrtc

import (
	"errors"
	"strings"
	"syscall"
	"time"

	"github.com/pion/webrtc/v4"

	"griot/internal/media"
	"griot/internal/media/opus"
)

// The clocks of RTP: Opus counts at 48 kHz whatever it carries (RFC 7587 section 4.1), G.711 at 8 kHz.
const (
	opusClock = 48000
	g711Clock = 8000
	opusRate  = 24000 // at which we make and take Opus: the agents' ordinary rate, wider than any recogniser needs
)

// codecs are those that we speak, in our order.
func (h *Hub) codecs() (out []webrtc.RTPCodecParameters) {
	if h.opus {
		out = append(out, webrtc.RTPCodecParameters{PayloadType: 111, RTPCodecCapability: webrtc.RTPCodecCapability{
			MimeType: webrtc.MimeTypeOpus, ClockRate: opusClock, Channels: 2, SDPFmtpLine: "minptime=10;useinbandfec=1"}})
	}
	return append(out,
		webrtc.RTPCodecParameters{PayloadType: 0, RTPCodecCapability: webrtc.RTPCodecCapability{MimeType: webrtc.MimeTypePCMU, ClockRate: g711Clock}},
		webrtc.RTPCodecParameters{PayloadType: 8, RTPCodecCapability: webrtc.RTPCodecCapability{MimeType: webrtc.MimeTypePCMA, ClockRate: g711Clock}})
}

// kind is a codec that we speak.
type kind uint8

const (
	none kind = iota
	kindOpus
	kindPCMU
	kindPCMA
)

func kindOf(mime string) kind {
	_, name, ok := strings.Cut(mime, "/")
	if !ok {
		name = mime
	}
	switch strings.ToLower(name) {
	case "opus":
		return kindOpus
	case "pcmu":
		return kindPCMU
	case "pcma":
		return kindPCMA
	}
	return none
}

// String returns the codec's name.
func (k kind) String() string { return [...]string{"", "opus", "pcmu", "pcma"}[k] }

// format is what a leg with this codec takes and gives.
func (k kind) format() media.Format {
	if k == kindOpus {
		return media.Mono(opusRate)
	}
	return media.Mono(g711Clock)
}

// clock is the codec's in RTP, per second.
func (k kind) clock() int {
	if k == kindOpus {
		return opusClock
	}
	return g711Clock
}

// length is how long a packet lasts, or 0 when it is none.
func (k kind) length(payload []byte) time.Duration {
	if k == kindOpus {
		return opus.Duration(payload)
	}
	return media.Mono(g711Clock).Duration(len(payload))
}

// encoder makes packets of frames.
type encoder struct {
	kind kind
	opus *opus.Encoder
	loss int // percent that the far end loses
}

// bitrate of the agent's voice. Above it a listener hears no difference in speech of this width.
const bitrate = 32000

func newEncoder(k kind) (*encoder, error) {
	e := &encoder{kind: k}
	if k != kindOpus {
		return e, nil
	}
	var err error
	e.opus, err = opus.NewEncoder(opusRate, opus.EncoderOptions{Bitrate: bitrate, FEC: true})
	return e, err
}

// encode appends a frame's packet to dst, which needs room for opus.MaxPacket.
func (e *encoder) encode(dst []byte, pcm []int16, loss int) ([]byte, error) {
	switch e.kind {
	case kindPCMU:
		return media.EncodeULaw(dst, pcm), nil
	case kindPCMA:
		return media.EncodeALaw(dst, pcm), nil
	}
	if loss != e.loss {
		if err := e.opus.SetLoss(loss); err != nil {
			return dst, err
		}
		e.loss = loss
	}
	n, err := e.opus.Encode(pcm, dst[len(dst):cap(dst)])
	return dst[:len(dst)+n], err
}

// decoder makes sound of packets. It appends to its caller's buffer.
type decoder struct {
	kind kind
	opus *opus.Decoder
	buf  []int16 // room for the longest packet
	last []int16 // G.711: the newest frame, for losses
	lost int     // in a row
}

func newDecoder(k kind) (*decoder, error) {
	d := &decoder{kind: k}
	if k != kindOpus {
		return d, nil
	}
	d.buf = make([]int16, k.format().Samples(opus.Longest))
	var err error
	d.opus, err = opus.NewDecoder(opusRate)
	return d, err
}

// decode appends a packet's sound. A corrupt one is concealed.
func (d *decoder) decode(dst []int16, payload []byte, step time.Duration) []int16 {
	d.lost = 0
	switch d.kind {
	case kindPCMU:
		d.last = media.DecodeULaw(d.last[:0], payload)
		return append(dst, d.last...)
	case kindPCMA:
		d.last = media.DecodeALaw(d.last[:0], payload)
		return append(dst, d.last...)
	}
	n, err := d.opus.Decode(payload, d.buf)
	if err != nil {
		return d.conceal(dst, nil, step)
	}
	return append(dst, d.buf[:n]...)
}

// concealed is how many losses in a row are covered; then there is silence.
const concealed = 4

// conceal appends what stands for a lost packet: what the next one tells of it, or the sound before it, fading.
func (d *decoder) conceal(dst []int16, next []byte, step time.Duration) []int16 {
	n := d.kind.format().Samples(step)
	d.lost++
	switch {
	case d.lost > concealed:
	case d.kind == kindOpus:
		if got, err := d.opus.Recover(next, d.buf[:min(n, len(d.buf))]); err == nil {
			return append(dst, d.buf[:got]...)
		}
	case len(d.last) > 0:
		from, to := 1/float32(d.lost), 1/float32(d.lost+1)
		if d.lost == concealed {
			to = 0
		}
		at := len(dst)
		for left := n; left > 0; left -= min(left, len(d.last)) {
			dst = append(dst, d.last[:min(left, len(d.last))]...)
		}
		media.Fade(dst[at:], from, to)
		return dst
	}
	return quietly(dst, n)
}

// quietly appends n samples of silence.
func quietly(dst []int16, n int) []int16 {
	for range n {
		dst = append(dst, 0)
	}
	return dst
}

func isInUse(err error) bool { return errors.Is(err, syscall.EADDRINUSE) }
