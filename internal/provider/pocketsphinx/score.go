package pocketsphinx

import "math"

// fit sums up how well the sound fits the words found in it. The acoustic score of each frame of 10 ms is 0 at best and falls with the
// distance between what was heard and what the word should sound like. The size of the grammar does not count.
//
// Recorded sentences that a grammar knows score between -35 and -72 (8 kHz recordings nearer to -72); 75 other utterances in
// three languages scored -73 at best, most under -90.
type fit struct{ sum, frames float64 }

// silenceFit is what a frame between the words may score without counting against them: pauses score about -10 to -30. Speech that
// was passed over as silence, because the grammar has no words for it, scores -80 and less.
const silenceFit = -30

func (f *fit) add(word bool, acoustic, frames float64) {
	if word {
		f.sum += acoustic
		f.frames += frames
		return
	}
	f.sum += min(0, acoustic-silenceFit*frames)
}

// score returns the score per frame of the words.
func (f *fit) score() float64 { return f.sum / max(1, f.frames) }

// scale turns scores into confidence: a logistic curve that is at half of top where the score is limit, and at 73 % of top when it
// is width above.
type scale struct{ limit, width, top float64 }

func (s scale) confidence(score float64) float32 {
	return float32(s.top / (1 + math.Exp((s.limit-score)/s.width)))
}

// A sentence of a grammar is refused under the limit, which is thus a confidence of 0.5; good sentences come to 0.9 and more.
func grammarScale(limit float64) scale { return scale{limit: limit, width: 6, top: 1} }

// Dictation is wrong in one word of four however well it fits, so its confidence stays under 0.75. Its scores lie higher because its
// decoders do not score all states.
var dictationScale = scale{limit: -32, width: 4, top: 0.75}
