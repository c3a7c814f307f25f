package realtime

import (
	"encoding/base64"
	"encoding/binary"
	"math/bits"
	"slices"

	"griot/internal/media"
)

// ParseAppend recognises an input_audio_buffer.append event and returns its base64 text, which is a part of raw, without
// decoding or allocating anything. It gives ok false, and DecodeClient must be asked, for every other event and for
// whatever is not plain: unknown or repeated fields, escapes in strings, characters beyond ASCII. When ok, raw is valid JSON.
func ParseAppend(raw []byte) (audio []byte, ok bool) {
	p := scanner{raw}
	if !p.eat('{') {
		return nil, false
	}
	var hasType, hasAudio, hasID bool
	for {
		name, ok := p.text()
		if !ok || !p.eat(':') {
			return nil, false
		}
		value, ok := p.text()
		if !ok {
			return nil, false
		}
		switch string(name) {
		case "type":
			ok, hasType = !hasType && string(value) == "input_audio_buffer.append", true
		case "audio":
			ok, hasAudio, audio = !hasAudio, true, value
		case "event_id":
			ok, hasID = !hasID && len(value) <= maxEventID, true
		default:
			ok = false
		}
		if !ok {
			return nil, false
		}
		if p.eat('}') {
			p.space()
			return audio, hasType && hasAudio && len(p.rest) == 0
		}
		if !p.eat(',') {
			return nil, false
		}
	}
}

type scanner struct{ rest []byte }

func (p *scanner) space() {
	for len(p.rest) > 0 && (p.rest[0] == ' ' || p.rest[0] == '\n' || p.rest[0] == '\t' || p.rest[0] == '\r') {
		p.rest = p.rest[1:]
	}
}

func (p *scanner) eat(c byte) bool {
	p.space()
	if len(p.rest) == 0 || p.rest[0] != c {
		return false
	}
	p.rest = p.rest[1:]
	return true
}

const (
	ones  = 0x0101010101010101
	highs = 0x8080808080808080
)

// text reads a JSON string of plain ASCII without escapes. It looks at eight bytes at a time: a message is mostly one long string.
func (p *scanner) text() ([]byte, bool) {
	if !p.eat('"') {
		return nil, false
	}
	s, i := p.rest, 0
	for ; i+8 <= len(s); i += 8 {
		w := binary.LittleEndian.Uint64(s[i:])
		quote, slash := w^(ones*'"'), w^(ones*'\\')
		// The lowest marked byte is exact; bytes above it may be marked by a borrow, which does not matter.
		odd := (w | (w - ones*0x20) | (quote - ones) | (slash - ones)) & highs
		if odd != 0 {
			i += bits.TrailingZeros64(odd) / 8
			break
		}
	}
	for ; i < len(s); i++ {
		switch c := s[i]; {
		case c == '"':
			p.rest = s[i+1:]
			return s[:i], true
		case c == '\\' || c < 0x20 || c >= 0x80:
			return nil, false
		}
	}
	return nil, false
}

// AudioDelta is a piece of a response's sound as a server sends it. All fields are parts of the message.
type AudioDelta struct{ ResponseID, ItemID, Audio []byte }

// ParseAudioDelta recognises a response.output_audio.delta event (or, in the older dialects, response.audio.delta) without decoding or allocating anything. It gives
// ok false for every other event and for whatever is not plain: nested values, escapes in strings, characters beyond ASCII.
func ParseAudioDelta(raw []byte) (d AudioDelta, ok bool) {
	p := scanner{raw}
	if !p.eat('{') {
		return d, false
	}
	isDelta := false
	for {
		name, ok := p.text()
		if !ok || !p.eat(':') {
			return d, false
		}
		value, ok := p.text()
		if !ok && !p.number() {
			return d, false
		}
		switch string(name) {
		case "type":
			if s := string(value); s != "response.output_audio.delta" && s != "response.audio.delta" {
				return d, false
			}
			isDelta = true
		case "response_id":
			d.ResponseID = value
		case "item_id":
			d.ItemID = value
		case "delta":
			d.Audio = value
		}
		if p.eat('}') {
			p.space()
			return d, isDelta && d.Audio != nil && len(p.rest) == 0
		}
		if !p.eat(',') {
			return d, false
		}
	}
}

// number skips digits.
func (p *scanner) number() bool {
	n := 0
	for n < len(p.rest) && (p.rest[n] >= '0' && p.rest[n] <= '9' || p.rest[n] == '-' || p.rest[n] == '.') {
		n++
	}
	p.rest = p.rest[n:]
	return n > 0
}

// AppendInputAudio appends a complete input_audio_buffer.append event, as a client sends it, with the samples as 16-bit little-endian PCM. It allocates only when dst
// must grow.
func AppendInputAudio(dst []byte, pcm []int16) []byte {
	dst = slices.Grow(dst, 64+base64.StdEncoding.EncodedLen(2*len(pcm)))
	dst = append(dst, `{"type":"input_audio_buffer.append","audio":"`...)
	dst = PCM24k.appendBase64(dst, pcm)
	return append(dst, `"}`...)
}

// Carry holds the half sample that an append may end with, for the next one to complete. The zero value is ready.
type Carry struct {
	low byte
	odd bool
}

// Reset forgets the half sample, as clearing the buffer does.
func (c *Carry) Reset() { *c = Carry{} }

// base64 text is decoded in pieces through a buffer on the stack.
const (
	pieceBytes = 3 * 512
	pieceText  = pieceBytes / 3 * 4
)

// DecodePCM appends the samples in base64 text of signed 16-bit little-endian PCM. Odd bytes are carried from call to
// call. On a fault (invalid_value of audio) dst and carry are as before. It allocates only when dst must grow.
func DecodePCM(dst []int16, b64 []byte, carry *Carry) ([]int16, error) {
	return PCM24k.Decode(dst, b64, carry)
}

// Decode is DecodePCM for any of the formats; the samples have the format's rate.
func (f AudioFormat) Decode(dst []int16, b64 []byte, carry *Carry) ([]int16, error) {
	start, before := len(dst), *carry
	dst = slices.Grow(dst, base64.StdEncoding.DecodedLen(len(b64))/f.sampleBytes()+1)
	var piece [pieceBytes + 1]byte
	for len(b64) > 0 {
		b, rest, ok := decodePiece(piece[1:], b64)
		if !ok {
			*carry = before
			return dst[:start], badAudio()
		}
		b64 = rest
		switch f.Type {
		case TypePCMU:
			dst = media.DecodeULaw(dst, b)
			continue
		case TypePCMA:
			dst = media.DecodeALaw(dst, b)
			continue
		}
		if carry.odd {
			piece[0] = carry.low
			b = piece[:len(b)+1]
		}
		for len(b) >= 2 {
			dst = append(dst, int16(binary.LittleEndian.Uint16(b)))
			b = b[2:]
		}
		if carry.odd = len(b) == 1; carry.odd {
			carry.low = b[0]
		}
	}
	return dst, nil
}

func (f AudioFormat) sampleBytes() int {
	if f.Type == TypePCMU || f.Type == TypePCMA {
		return 1
	}
	return 2
}

// decodePiece decodes the head of b64 into buf and returns the tail.
func decodePiece(buf, b64 []byte) (b, rest []byte, ok bool) {
	head := b64[:min(len(b64), pieceText)]
	rest = b64[len(head):]
	n, err := base64.StdEncoding.Decode(buf, head)
	// The decoder skips line breaks and takes padding at the end of any piece; both show in the count.
	padding := len(head)/4*3 - n
	if err != nil || len(head)%4 != 0 || padding > 2 || padding > 0 && len(rest) > 0 {
		return nil, nil, false
	}
	return buf[:n], rest, true
}

func badAudio() error {
	return invalid("audio", "Invalid 'audio'. Expected base64-encoded audio bytes.")
}

// AppendAudioDelta appends a complete response.output_audio.delta event with the samples as 16-bit little-endian PCM.
// It allocates only when dst must grow.
func AppendAudioDelta(dst []byte, seq Seq, ref Ref, pcm []int16) []byte {
	return PCM24k.AppendDelta(dst, seq, ref, pcm)
}

// AppendDelta is AppendAudioDelta for any of the formats; the samples must have the format's rate.
func (f AudioFormat) AppendDelta(dst []byte, seq Seq, ref Ref, pcm []int16) []byte {
	return GA.AppendAudioDelta(dst, f, seq, ref, pcm)
}

// Base64 writes samples at the format's rate as events hold them.
func (f AudioFormat) Base64(pcm []int16) string { return string(f.appendBase64(nil, pcm)) }

func (f AudioFormat) appendBase64(dst []byte, pcm []int16) []byte {
	var piece [pieceBytes]byte
	for len(pcm) > 0 {
		n := min(len(pcm), pieceBytes/f.sampleBytes())
		b := f.encode(piece[:0], pcm[:n])
		dst = base64.StdEncoding.AppendEncode(dst, b)
		pcm = pcm[n:]
	}
	return dst
}

func (f AudioFormat) encode(dst []byte, pcm []int16) []byte {
	switch f.Type {
	case TypePCMU:
		return media.EncodeULaw(dst, pcm)
	case TypePCMA:
		return media.EncodeALaw(dst, pcm)
	}
	for _, v := range pcm {
		dst = binary.LittleEndian.AppendUint16(dst, uint16(v))
	}
	return dst
}

// deltaOverhead is room for all of a delta event but ids and audio.
const deltaOverhead = 200

// appendDeltaHead writes the event up to the opening quote of the audio.
func appendDeltaHead(dst []byte, head string, seq Seq, ref Ref) []byte {
	dst = append(dst, head...)
	dst = seq.Append(dst)
	dst = append(dst, `","response_id":`...)
	dst = appendString(dst, ref.ResponseID)
	dst = append(dst, `,"item_id":`...)
	dst = appendString(dst, ref.ItemID)
	dst = append(dst, `,"output_index":`...)
	dst = appendInt(dst, ref.OutputIndex)
	dst = append(dst, `,"content_index":`...)
	dst = appendInt(dst, ref.ContentIndex)
	return append(dst, `,"delta":"`...)
}
