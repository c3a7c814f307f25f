package pocketsphinx

import (
	"context"
	"slices"
	"time"
)

// What happens to utterances that do not fit the grammar.

const (
	// dictationWait is how long a refused utterance waits for a dictation decoder before it counts as not understood.
	dictationWait = 5 * time.Second
	// againLongest is the longest utterance that is decoded once more with the mean that was learnt from it: 0.3 s of work.
	againLongest = 8 * rate
	// doubtAfter is how much speech, in frames of 10 ms, it takes before an utterance that does not fit is taken down in dictation as well.
	doubtAfter = 80
	// catchUp is how many times faster than it comes in, at most, dictation that began late goes through the audio.
	catchUp = 4
)

// fits reports whether a result of the grammar is accepted.
func (s *stream) fits(r result) bool { return r.text != "" && r.score >= s.m.limit }

// again decodes the first utterance of a caller once more, now that their voice and line are known a little.
func (s *stream) again(u *utterance) result {
	if u.d.start() != nil {
		return result{}
	}
	err := u.d.feed(u.pcm)
	u.d.end()
	if err != nil {
		return result{}
	}
	return u.d.hyp()
}

// dictate decodes an utterance in free dictation, or the rest of it where that has begun, starting from what is known of the
// caller's voice.
func (s *stream) dictate(u *utterance, voice cepstral) result {
	d := u.second
	if d == nil {
		ctx, cancel := context.WithTimeout(s.life, dictationWait)
		defer cancel()
		var err error
		if d, err = s.m.dictation.get(ctx); err != nil {
			return result{}
		}
		d.setCepstral(voice)
	}
	defer s.m.dictation.put(d)
	if u.second == nil && d.start() != nil {
		return result{}
	}
	for part := range slices.Chunk(u.pcm[u.done:], adaptEvery) {
		if s.life.Err() != nil || d.feed(part) != nil {
			return result{}
		}
		if !voice.known {
			d.adapt()
		}
	}
	d.end()
	return d.hyp()
}

// giveBack returns dictation decoders to the others; a grammar decoder stays.
func (s *stream) giveBack(u *utterance) {
	if u.d != nil && u.d != s.d {
		s.m.dictation.put(u.d)
	}
	if u.second != nil {
		s.m.dictation.put(u.second)
	}
	u.d, u.second = nil, nil
}

// doubt begins to take an utterance down in dictation while it is being spoken, if a decoder is free. When it is refused in the end its
// text is there at once instead of after 0.1 s for each second of speech.
func (s *stream) doubt(u *utterance) {
	d := s.m.dictation.try()
	if d == nil {
		return
	}
	d.setCepstral(u.d.cepstral())
	if d.start() != nil {
		s.m.dictation.put(d)
		return
	}
	u.second = d
}
