package media

// Mix adds src to dst, sample by sample, as far as both go. Sums outside the range of a sample become its limit.
func Mix(dst, src []int16) {
	n := min(len(dst), len(src))
	dst, src = dst[:n], src[:n]
	for i, s := range src {
		dst[i] = saturate(int32(dst[i]) + int32(s))
	}
}

// Fade multiplies pcm by a gain that moves in a straight line from one factor to another: Fade(pcm, 1, 0) fades out,
// Fade(pcm, 0.25, 0.25) attenuates by 12 dB. The last sample has the gain just before to, so that consecutive pieces join without a step.
// pcm is mono; stretches of interleaved channels differ by at most one step of the ramp.
func Fade(pcm []int16, from, to float32) {
	if from == to {
		if from == 1 {
			return
		}
		for i, s := range pcm {
			pcm[i] = round(float32(s) * from)
		}
		return
	}
	step := (to - from) / float32(max(1, len(pcm)))
	for i, s := range pcm {
		pcm[i] = round(float32(s) * (from + step*float32(i)))
	}
}

// saturate limits v to the range of a sample.
func saturate(v int32) int16 {
	return int16(min(max(v, -32768), 32767))
}

// round returns the sample nearest to v.
func round(v float32) int16 {
	switch { // comparisons by hand: min and max have to think of what is no number
	case v >= 32767:
		return 32767
	case v <= -32768:
		return -32768
	case v >= 0:
		return int16(v + 0.5)
	}
	return int16(v - 0.5)
}
