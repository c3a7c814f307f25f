package espeak

import (
	"sort"
	"time"
	"unicode"

	"griot/internal/media"
	"griot/internal/model/tts"
)

// Times of the spoken stream.
const (
	sentencePause = 120 * time.Millisecond // espeak-ng leaves none after the last word of a text
	quietTail     = 40 * time.Millisecond  // what is kept of the silence at the end of a text
	fadeOut       = 5 * time.Millisecond   // the end of a text is not always at zero: without this it clicks
	quietLevel    = 100                    // samples up to this count as silence, about -50 dB
)

var format = media.Mono(sampleRate)

// speech is what one stream has spoken so far: it turns parts into chunks with marks. It is used by one goroutine.
type speech struct {
	out     func(tts.Chunk)
	samples int // given out
	said    int // bytes of earlier texts

	// The text being spoken.
	text   spoken
	words  []span // of the original text
	next   int    // the first word without a mark
	last   tts.Mark
	closed bool // the last phoneme was a pause

	// The request being spoken.
	start int     // sample at which its sound starts
	held  []int16 // its latest sound, not given out yet: silence, or what may have to be faded
	begun bool
	marks []tts.Mark // not given out yet
}

// span is a stretch of the original text, in bytes.
type span struct{ from, to int }

func (s *speech) now() time.Duration { return format.Duration(s.samples) }

// beginText starts a new text.
func (s *speech) beginText(t spoken) {
	s.text, s.words, s.next = t, wordsOf(t.original), 0
}

// beginRequest starts a stretch of the text that is synthesised in one go.
func (s *speech) beginRequest() {
	s.begun, s.start, s.held = false, s.samples, nil
}

// add takes the next part of a request that starts at the given rune of the text.
func (s *speech) add(p part, offset int) {
	if !s.begun && len(p.pcm) > 0 {
		s.begun = true
		if s.samples > 0 {
			s.give(make([]int16, format.Samples(sentencePause)))
		}
		s.start = s.samples
	}
	for _, c := range p.cues {
		s.cue(c, offset)
	}
	if len(p.pcm) == 0 {
		return
	}
	pcm := append(s.held[:len(s.held):len(s.held)], p.pcm...)
	keep := len(pcm) - max(len(pcm)-len(trimRight(pcm, 0)), format.Samples(fadeOut))
	if keep <= 0 {
		s.held = pcm
		return
	}
	s.held = append([]int16(nil), pcm[keep:]...)
	s.give(pcm[:keep:keep])
}

// endRequest gives out what was held back. to is the rune of the text up to which it was spoken.
func (s *speech) endRequest(to int) {
	tail := trimRight(s.held, quietTail)
	if n := min(len(tail), format.Samples(fadeOut)); n > 0 {
		for i, f := len(tail)-n, n-1; i < len(tail); i, f = i+1, f-1 {
			tail[i] = int16(int(tail[i]) * f / n)
		}
	}
	s.held = nil
	// Silence was cut: what was marked in it happens at its end now.
	end := format.Duration(s.samples + len(tail))
	for i := range s.marks {
		s.marks[i].At = min(s.marks[i].At, end)
	}
	s.last.At = min(s.last.At, end)
	spoken := len(s.text.original)
	if to < len(s.text.src) {
		spoken = s.text.src[to]
	}
	for s.next < len(s.words) && s.words[s.next].from < spoken {
		s.word(s.next, end) // not spoken, or spoken with the word before it
	}
	if to >= len(s.text.src) {
		s.endText(end)
	}
	s.give(tail)
}

// skipText ends a text in which there is nothing to speak.
func (s *speech) skipText() {
	for s.next < len(s.words) {
		s.word(s.next, s.now())
	}
	s.endText(s.now())
	s.give(nil)
}

func (s *speech) endText(at time.Duration) {
	s.mark(tts.Mark{Kind: tts.Sentence, Text: s.said, Len: len(s.text.original), At: at})
	s.said += len(s.text.original)
}

// cue turns what the synthesiser reports into marks.
func (s *speech) cue(c cue, offset int) {
	at := max(format.Duration(s.start)+c.at, s.last.At)
	i := c.pos + offset
	if len(s.text.src) == 0 {
		return
	}
	if i >= len(s.text.src) {
		i = len(s.text.src) - 1
	}
	k, inside := s.wordAt(i)
	if c.kind == tts.Phoneme {
		pause := c.phoneme == ""
		if pause && s.closed {
			return
		}
		s.closed = pause
		m := tts.Mark{Kind: tts.Phoneme, At: at, Phoneme: c.phoneme, Text: s.said + s.text.src[i]}
		if inside {
			m.Text, m.Len = s.said+s.words[k].from, s.words[k].to-s.words[k].from
		}
		s.mark(m)
		return
	}
	if !inside || k < s.next {
		return
	}
	// Words that were spoken as one with the word before ("of the") have no time of their own: share the time out.
	from, skipped := s.last.At, k-s.next
	for n := 1; s.next < k; n++ {
		s.word(s.next, from+(at-from)*time.Duration(n)/time.Duration(skipped+1))
	}
	s.word(k, at)
}

func (s *speech) word(k int, at time.Duration) {
	w := s.words[k]
	s.next = k + 1
	s.mark(tts.Mark{Kind: tts.Word, Text: s.said + w.from, Len: w.to - w.from, At: max(at, s.last.At)})
}

func (s *speech) mark(m tts.Mark) {
	s.last = m
	s.marks = append(s.marks, m)
}

// wordAt returns the word that the i-th spoken rune belongs to, and whether it belongs to one: to its letters, or to the
// quotes and brackets just before them.
func (s *speech) wordAt(i int) (int, bool) {
	if i < 0 {
		return 0, false
	}
	at := s.text.src[i]
	k := sort.Search(len(s.words), func(k int) bool { return s.words[k].to > at })
	if k == len(s.words) {
		return 0, false
	}
	for _, r := range s.text.original[at:max(at, s.words[k].from)] {
		if unicode.IsSpace(r) {
			return 0, false
		}
	}
	return k, true
}

// give hands out sound, which is kept by nobody else, with the marks that lie within it.
func (s *speech) give(pcm []int16) {
	c := tts.Chunk{Frame: media.Frame{Format: format, PTS: s.now(), PCM: pcm}}
	s.samples += len(pcm)
	n := 0
	for n < len(s.marks) && s.marks[n].At <= s.now() {
		n++
	}
	c.Marks = append(c.Marks, s.marks[:n]...)
	s.marks = append(s.marks[:0], s.marks[n:]...)
	if len(c.Frame.PCM) > 0 || len(c.Marks) > 0 {
		s.out(c)
	}
}

// trimRight cuts the silence at the end of pcm, but for keep.
func trimRight(pcm []int16, keep time.Duration) []int16 {
	n := len(pcm)
	for n > 0 && pcm[n-1] <= quietLevel && pcm[n-1] >= -quietLevel {
		n--
	}
	return pcm[:min(n+format.Samples(keep), len(pcm))]
}

// wordsOf returns the words of a text: what stands between spaces and holds a letter or a digit, without the punctuation
// around it.
func wordsOf(text string) []span {
	var words []span
	from, to, open := 0, 0, false // from the first to behind the last letter or digit of the current word
	for i, r := range text {
		switch {
		case unicode.IsSpace(r):
			if open {
				words = append(words, span{from, to})
			}
			open = false
		case unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.IsMark(r) && open:
			if !open {
				from, open = i, true
			}
			to = i + len(string(r))
		}
	}
	if open {
		words = append(words, span{from, to})
	}
	return words
}
