package media

import "math"

// Quietest is what Level returns for silence, dB relative to full scale.
const Quietest = -96

// Level returns the level of pcm in dB relative to full scale: 0 for a full-scale square wave, -3 for a full-scale sine, Quietest for
// silence and for no samples at all.
func Level(pcm []int16) float32 {
	if len(pcm) == 0 {
		return Quietest
	}
	var sum int64
	for _, s := range pcm {
		sum += int64(s) * int64(s)
	}
	return PowerLevel(float64(sum) / float64(len(pcm)))
}

// PowerLevel returns the level, in dB relative to full scale, of a signal whose samples have the given mean square.
func PowerLevel(meanSquare float64) float32 {
	const fullScale = 1 << 30
	db := 10 * math.Log10(meanSquare/fullScale)
	if !(db > Quietest) { // also true for a mean square of 0
		return Quietest
	}
	return float32(db)
}

// Peak returns the greatest magnitude in pcm as a part of full scale, 0…1.
func Peak(pcm []int16) float32 {
	lo, hi := int32(0), int32(0)
	for _, s := range pcm {
		lo, hi = min(lo, int32(s)), max(hi, int32(s))
	}
	return float32(max(-lo, hi)) / 32768
}
