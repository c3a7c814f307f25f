// Package pocketsphinx recognises English speech with no account and no network, through the system's PocketSphinx library, which is
// looked for when the program runs. Where the library or its model is missing, the program works without this recogniser.
//
// It is driven by what is expected next (stt.Hints): a grammar, or a list of phrases. That is cheap (4 % of a core while somebody
// speaks), quick (the text is there with the last frame) and rarely wrong. What does not fit the grammar is refused by its score, and
// when the hints are open to other words, decoded a second time in free dictation, which is wrong in one word of four. Without
// hints everything is dictation.
//
// Reading order: model.go (what is shared), stream.go (one caller), plan.go (hints to grammar), decoder.go and library.go (C).
//
// A decoder is used by one goroutine at a time. A grammar decoder belongs to its stream from the first grammar until Close, because it learns
// the caller's voice; the few dictation decoders are shared, and the caller's voice is carried from one to the other.
package pocketsphinx
