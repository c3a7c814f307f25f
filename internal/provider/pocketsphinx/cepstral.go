package pocketsphinx

import "github.com/ebitengine/purego"

// The running cepstral mean is what a decoder learns about a caller's voice and line. The library can only replace the mean, not its
// weight, so the public structures of its headers feat.h and cmn.h (libsphinxbase 3, 64 bit) are read here. Every field that can be
// checked is, and when one is off the state counts as unknown: decoders are then used for one caller and freed.

const cepstra = 13 // coefficients per frame

type featStruct struct {
	refcount           int32
	name               uintptr
	cepsize, nStream   int32
	streamLen          uintptr
	windowSize, nSV    int32
	svLen, subvecs, sv uintptr
	svDim              int32
	cmn, varnorm, agc  int32
	computeFeat        uintptr
	cmnStruct          uintptr
}

type cmnStruct struct {
	mean, variance, sum uintptr
	nframe, veclen      int32
}

// cepstral is a copy of a decoder's running mean.
type cepstral struct {
	known     bool
	mean, sum [cepstra]float32
	frames    int32
}

// cmn returns the decoder's running mean in place, nil when the library's structures are not as expected.
func (d *decoder) cmn() (st *cmnStruct, mean, sum *[cepstra]float32) {
	p, _, _ := purego.SyscallN(d.lib.psFeat, d.ps)
	if p == 0 {
		return nil, nil, nil
	}
	f := (*featStruct)(cpointer(p))
	if f.name == 0 || gostring(f.name) != "1s_c_d_dd" || f.cepsize != cepstra || f.nStream != 1 || f.cmnStruct == 0 {
		return nil, nil, nil
	}
	st = (*cmnStruct)(cpointer(f.cmnStruct))
	if st.veclen != cepstra || st.nframe < 0 || st.mean == 0 || st.sum == 0 {
		return nil, nil, nil
	}
	return st, (*[cepstra]float32)(cpointer(st.mean)), (*[cepstra]float32)(cpointer(st.sum))
}

func (d *decoder) cepstral() cepstral {
	st, mean, sum := d.cmn()
	if st == nil {
		return cepstral{}
	}
	return cepstral{known: true, mean: *mean, sum: *sum, frames: st.nframe}
}

func (d *decoder) setCepstral(c cepstral) bool {
	st, mean, sum := d.cmn()
	if st == nil || !c.known {
		return false
	}
	*mean, *sum, st.nframe = c.mean, c.sum, c.frames
	return true
}

const (
	// youngFrames is how much speech, in frames of 10 ms, it takes until a caller's mean is as good as known.
	youngFrames = 300
	// adaptWeight is how many frames the model's own mean weighs against those heard.
	adaptWeight = 10
	// adaptEvery is how much audio lies between two steps of adapt.
	adaptEvery = rate / 20
)

// young reports whether the decoder knows little of the caller's voice and line.
func (d *decoder) young() bool {
	st, _, _ := d.cmn()
	return st != nil && st.nframe < youngFrames
}

// adapt moves the mean towards what was heard so far. The library does so only at the end of an utterance, which leaves the first
// one of a caller with the model's mean: of recorded sentences at 8 kHz, nine of ten words were wrong without this, one of ten with it.
func (d *decoder) adapt() {
	st, mean, sum := d.cmn()
	if st == nil || st.nframe == 0 || st.nframe >= youngFrames {
		return
	}
	for i := range mean {
		mean[i] = (d.fresh.mean[i]*adaptWeight + sum[i]) / (adaptWeight + float32(st.nframe))
	}
}
