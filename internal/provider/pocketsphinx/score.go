package pocketsphinx

import "math"

// confidence maps a score per frame to 0…1 with a logistic curve: 0.5 at the limit under which a sentence of a grammar is refused, and
// 0.88 or 0.12 when it lies 4 above or below.
func confidence(score, limit float64) float32 {
	return float32(1 / (1 + math.Exp(-(score-limit)/2)))
}
