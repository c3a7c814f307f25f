// Package sound is what the transports over RTP share: the codecs, and the way in, from packets as they come to frames by the clock.
package sound

import (
	"strings"
	"time"

	"griot/internal/media"
	"griot/internal/media/opus"
)

// The clocks of RTP: Opus counts at 48 kHz whatever it carries (RFC 7587 section 4.1), G.711 at 8 kHz.
const (
	OpusClock = 48000
	G711Clock = 8000
	OpusRate  = 24000 // at which we make and take Opus: the agents' ordinary rate, wider than any recogniser needs
)

// Kind is a codec that we speak.
type Kind uint8

// The codecs.
const (
	None Kind = iota
	Opus
	PCMU
	PCMA
)

// KindOf returns the codec with that name, as SDP or MIME have it; None for one that we do not speak.
func KindOf(mime string) Kind {
	_, name, ok := strings.Cut(mime, "/")
	if !ok {
		name = mime
	}
	switch strings.ToLower(name) {
	case "opus":
		return Opus
	case "pcmu":
		return PCMU
	case "pcma":
		return PCMA
	}
	return None
}

// String returns the codec's name.
func (k Kind) String() string { return [...]string{"", "opus", "pcmu", "pcma"}[k] }

// Format is what a leg with this codec takes and gives.
func (k Kind) Format() media.Format {
	if k == Opus {
		return media.Mono(OpusRate)
	}
	return media.Mono(G711Clock)
}

// Clock is the codec's in RTP, per second.
func (k Kind) Clock() int {
	if k == Opus {
		return OpusClock
	}
	return G711Clock
}

// Length is how long a packet lasts, or 0 when it is none.
func (k Kind) Length(payload []byte) time.Duration {
	if k == Opus {
		return opus.Duration(payload)
	}
	return media.Mono(G711Clock).Duration(len(payload))
}

// Encoder makes packets of frames. It is for one goroutine.
type Encoder struct {
	kind Kind
	opus *opus.Encoder
	loss int // percent that the far end loses
}

// bitrate of the agent's voice. Above it a listener hears no difference in speech of this width.
const bitrate = 32000

// NewEncoder makes an encoder. The fault is that of opus.Available.
func NewEncoder(k Kind) (*Encoder, error) {
	e := &Encoder{kind: k}
	if k != Opus {
		return e, nil
	}
	var err error
	e.opus, err = opus.NewEncoder(OpusRate, opus.EncoderOptions{Bitrate: bitrate, FEC: true})
	return e, err
}

// Encode appends a frame's packet to dst, which needs room for opus.MaxPacket. loss is what the far end loses, in percent.
func (e *Encoder) Encode(dst []byte, pcm []int16, loss int) ([]byte, error) {
	switch e.kind {
	case PCMU:
		return media.EncodeULaw(dst, pcm), nil
	case PCMA:
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

// Decoder makes sound of packets. It appends to its caller's buffer, and is for one goroutine.
type Decoder struct {
	kind Kind
	opus *opus.Decoder
	buf  []int16 // room for the longest packet
	last []int16 // G.711: the newest frame, for losses
	lost int     // in a row
}

// NewDecoder makes a decoder. The fault is that of opus.Available.
func NewDecoder(k Kind) (*Decoder, error) {
	d := &Decoder{kind: k}
	if k != Opus {
		return d, nil
	}
	d.buf = make([]int16, k.Format().Samples(opus.Longest))
	var err error
	d.opus, err = opus.NewDecoder(OpusRate)
	return d, err
}

// Decode appends a packet's sound. A corrupt one is concealed.
func (d *Decoder) Decode(dst []int16, payload []byte, step time.Duration) []int16 {
	d.lost = 0
	switch d.kind {
	case PCMU:
		d.last = media.DecodeULaw(d.last[:0], payload)
		return append(dst, d.last...)
	case PCMA:
		d.last = media.DecodeALaw(d.last[:0], payload)
		return append(dst, d.last...)
	}
	n, err := d.opus.Decode(payload, d.buf)
	if err != nil {
		return d.Conceal(dst, nil, step)
	}
	return append(dst, d.buf[:n]...)
}

// concealed is how many losses in a row are covered; then there is silence.
const concealed = 4

// Conceal appends what stands for a lost packet: what the next one tells of it, or the sound before it, fading.
func (d *Decoder) Conceal(dst []int16, next []byte, step time.Duration) []int16 {
	n := d.kind.Format().Samples(step)
	d.lost++
	switch {
	case d.lost > concealed:
	case d.kind == Opus:
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
