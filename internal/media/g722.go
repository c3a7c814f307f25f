package media

// G722Decoder decodes ITU-T G.722 at 64 kbit/s (mode 1): every byte becomes two samples at 16 kHz. Names in the comments are those of
// the recommendation's section 6.2. The zero value is not ready: use NewG722Decoder. It is for one goroutine.
type G722Decoder struct {
	low, high g722Band
	qmf       [24]int32 // delay line of the receive filter, newest last
}

// NewG722Decoder returns a decoder at the start of a stream.
func NewG722Decoder() *G722Decoder {
	d := &G722Decoder{}
	d.Reset()
	return d
}

// Reset starts a new stream.
func (d *G722Decoder) Reset() {
	*d = G722Decoder{}
	d.low.det = 32
	d.high.det = 8
}

// Decode appends the samples of code to dst, two for each byte, and returns the extended slice. Any bytes can be decoded.
func (d *G722Decoder) Decode(dst []int16, code []byte) []int16 {
	dst, out := grow(dst, 2*len(code))
	for i, c := range code {
		rl := d.decodeLow(int(c & 0x3F))
		rh := d.decodeHigh(int(c >> 6))
		copy(d.qmf[:], d.qmf[2:])
		d.qmf[22], d.qmf[23] = rl+rh, rl-rh
		var even, odd int32
		for k, h := range g722QMF { // ACCUMC, ACCUMD
			even += d.qmf[2*k] * h
			odd += d.qmf[2*k+1] * g722QMF[len(g722QMF)-1-k]
		}
		out[2*i] = saturate(odd >> 11)
		out[2*i+1] = saturate(even >> 11)
	}
	return dst
}

func (d *G722Decoder) decodeLow(code int) int32 {
	b := &d.low
	r := limit15(b.s + b.det*g722Q6[code]>>15) // INVQBL, RECONS, LIMIT
	code >>= 2
	diff := b.det * g722Q4[code] >> 15 // INVQAL
	b.scale(g722WL[code], 18432, 8)    // LOGSCL, SCALEL
	b.adapt(diff)
	return r
}

func (d *G722Decoder) decodeHigh(code int) int32 {
	b := &d.high
	diff := b.det * g722Q2[code] >> 15 // INVQAH
	r := limit15(diff + b.s)
	b.scale(g722WH[code], 22528, 10) // LOGSCH, SCALEH
	b.adapt(diff)
	return r
}

// g722Band is the adaptive predictor and quantiser scale of one sub-band. Index 0 of r, p and d is the newest value.
type g722Band struct {
	s   int32    // what the predictor expects next (SL, SH)
	sz  int32    // the part of it that comes from the zeros
	det int32    // quantiser scale (DETL, DETH)
	nb  int32    // its logarithm (NBL, NBH)
	r   [2]int32 // reconstructed signal
	p   [2]int32 // partially reconstructed signal
	a   [2]int32 // poles
	d   [6]int32 // quantised differences
	b   [6]int32 // zeros
}

// scale adapts the quantiser.
func (b *g722Band) scale(w, top int32, shift int32) {
	b.nb = min(max(b.nb*127>>7+w, 0), top)
	v := g722ILB[b.nb>>6&31]
	if n := shift - b.nb>>11; n < 0 {
		v <<= -n
	} else {
		v >>= n
	}
	b.det = v << 2
}

// adapt moves the predictor by the quantised difference diff and computes the next expectation.
func (b *g722Band) adapt(diff int32) {
	r := sat32(b.s + diff)  // RECONS
	p := sat32(b.sz + diff) // PARREC

	// UPPOL2 and UPPOL1: the poles follow the signs of p.
	w := sat32(b.a[0] << 2)
	if p>>15 == b.p[0]>>15 {
		w = min(-w, 32767)
	}
	w >>= 7
	if p>>15 == b.p[1]>>15 {
		w += 128
	} else {
		w -= 128
	}
	a2 := min(max(w+b.a[1]*32512>>15, -12288), 12288)
	w = -192
	if p>>15 == b.p[0]>>15 {
		w = 192
	}
	bound := sat32(15360 - a2)
	a1 := min(max(sat32(w+b.a[0]*32640>>15), -bound), bound)

	// UPZERO: the zeros follow the signs of the differences.
	w = 128
	if diff == 0 {
		w = 0
	}
	for i := range b.b {
		leak := b.b[i] * 32640 >> 15
		if b.d[i]>>15 == diff>>15 {
			b.b[i] = sat32(leak + w)
		} else {
			b.b[i] = sat32(leak - w)
		}
	}

	// DELAYA.
	b.a = [2]int32{a1, a2}
	b.r = [2]int32{r, b.r[0]}
	b.p = [2]int32{p, b.p[0]}
	copy(b.d[1:], b.d[:])
	b.d[0] = diff

	// FILTEP, FILTEZ, PREDIC.
	sp := sat32(b.a[0]*sat32(2*b.r[0])>>15 + b.a[1]*sat32(2*b.r[1])>>15)
	sz := int32(0)
	for i := range b.b {
		sz += b.b[i] * sat32(2*b.d[i]) >> 15
	}
	b.sz = sat32(sz)
	b.s = sat32(sp + b.sz)
}

func sat32(v int32) int32 { return min(max(v, -32768), 32767) }

func limit15(v int32) int32 { return min(max(v, -16384), 16383) }

// The tables of the recommendation, the quantisers' indexed by code word.
var (
	g722Q2 = [4]int32{-7408, -1616, 7408, 1616}
	g722Q4 = [16]int32{0, -20456, -12896, -8968, -6288, -4240, -2584, -1200, 20456, 12896, 8968, 6288, 4240, 2584, 1200, 0}
	g722Q6 = [64]int32{
		-136, -136, -136, -136, -24808, -21904, -19008, -16704, -14984, -13512, -12280, -11192, -10232, -9360, -8576, -7856,
		-7192, -6576, -6000, -5456, -4944, -4464, -4008, -3576, -3168, -2776, -2400, -2032, -1688, -1360, -1040, -728,
		24808, 21904, 19008, 16704, 14984, 13512, 12280, 11192, 10232, 9360, 8576, 7856, 7192, 6576, 6000, 5456,
		4944, 4464, 4008, 3576, 3168, 2776, 2400, 2032, 1688, 1360, 1040, 728, 432, 136, -432, -136,
	}
	g722WL  = [16]int32{-60, 3042, 1198, 538, 334, 172, 58, -30, 3042, 1198, 538, 334, 172, 58, -30, -60}
	g722WH  = [4]int32{798, -214, 798, -214}
	g722ILB = [32]int32{
		2048, 2093, 2139, 2186, 2233, 2282, 2332, 2383, 2435, 2489, 2543, 2599, 2656, 2714, 2774, 2834,
		2896, 2960, 3025, 3091, 3158, 3228, 3298, 3371, 3444, 3520, 3597, 3676, 3756, 3838, 3922, 4008,
	}
	g722QMF = [12]int32{3, -11, 12, 32, -210, 951, 3876, -805, 362, -156, 53, -11}
)
