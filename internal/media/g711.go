package media

// The tables of ITU-T G.711. Encoding drops the bits that the law cannot express (2 for µ-law, 4 for A-law) before it looks a
// sample up, so that the tables stay in the first-level cache.
var (
	ulawToLinear = makeULawDecoder()
	alawToLinear = makeALawDecoder()
	linearToULaw = makeULawEncoder()
	linearToALaw = makeALawEncoder()
)

// EncodeULaw appends pcm as µ-law bytes to dst and returns the extended slice. It allocates only when dst has no room.
func EncodeULaw(dst []byte, pcm []int16) []byte {
	dst, out := grow(dst, len(pcm))
	for i, s := range pcm {
		out[i] = linearToULaw[uint16(s)>>2]
	}
	return dst
}

// DecodeULaw appends the samples of the µ-law bytes in code to dst and returns the extended slice.
func DecodeULaw(dst []int16, code []byte) []int16 {
	dst, out := grow(dst, len(code))
	for i, c := range code {
		out[i] = ulawToLinear[c]
	}
	return dst
}

// EncodeALaw appends pcm as A-law bytes to dst and returns the extended slice. It allocates only when dst has no room.
func EncodeALaw(dst []byte, pcm []int16) []byte {
	dst, out := grow(dst, len(pcm))
	for i, s := range pcm {
		out[i] = linearToALaw[uint16(s)>>4]
	}
	return dst
}

// DecodeALaw appends the samples of the A-law bytes in code to dst and returns the extended slice.
func DecodeALaw(dst []int16, code []byte) []int16 {
	dst, out := grow(dst, len(code))
	for i, c := range code {
		out[i] = alawToLinear[c]
	}
	return dst
}

// grow extends s by n elements and returns it with its new tail. The tail's content is unspecified.
func grow[T any](s []T, n int) (all, tail []T) {
	old := len(s)
	if cap(s)-old < n {
		bigger := make([]T, old, max(2*cap(s), old+n))
		copy(bigger, s)
		s = bigger
	}
	s = s[:old+n]
	return s, s[old:]
}

// µ-law: all bits are inverted on the wire; sign, 3 bits of segment, 4 of step. The characteristic is linear in magnitude + 33 (on a
// scale of 14 bits), each segment being twice as wide as the one before.
func makeULawDecoder() (t [256]int16) {
	for c := range t {
		b := ^byte(c)
		segment, step := int(b>>4&7), int(b&15)
		magnitude := (2*step+33)<<segment - 33
		if b&0x80 != 0 {
			magnitude = -magnitude
		}
		t[c] = int16(magnitude * 4)
	}
	return t
}

func makeULawEncoder() (t [1 << 14]byte) {
	for i := range t {
		v := int(int16(i<<2)) >> 2 // 14 bits with their sign
		sign := byte(0)
		magnitude := v
		if v < 0 {
			sign, magnitude = 0x80, ^v
		}
		magnitude = min(magnitude+33, 1<<13-1)
		segment := 0
		for magnitude>>(segment+6) != 0 {
			segment++
		}
		t[i] = ^(sign | byte(segment)<<4 | byte(magnitude>>(segment+1)&15))
	}
	return t
}

// A-law: every other bit is inverted on the wire (0x55) and a set sign bit means positive. The first two segments have the same step.
func makeALawDecoder() (t [256]int16) {
	for c := range t {
		b := byte(c) ^ 0x55
		segment, step := int(b>>4&7), int(b&15)
		magnitude := 2*step + 1
		if segment > 0 {
			magnitude = (magnitude + 32) << (segment - 1)
		}
		if b&0x80 == 0 {
			magnitude = -magnitude
		}
		t[c] = int16(magnitude * 8)
	}
	return t
}

func makeALawEncoder() (t [1 << 12]byte) {
	for i := range t {
		v := int(int16(i<<4)) >> 4 // 12 bits with their sign
		sign := byte(0x80)
		magnitude := v
		if v < 0 {
			sign, magnitude = 0, ^v
		}
		segment, step := 0, magnitude
		for magnitude>>(segment+4) != 0 {
			segment++
		}
		if segment > 0 {
			step = magnitude >> (segment - 1) & 15
		}
		t[i] = (sign | byte(segment)<<4 | byte(step)) ^ 0x55
	}
	return t
}
