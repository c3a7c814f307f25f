package playout

import (
	"sort"
	"time"

	"griot/internal/model/tts"
)

// ledger ties the text of one generation to its audio. It is the only place that computes what was heard.
//
// Text ↔ audio comes from the voice's word marks. A sentence without word marks is divided in proportion to its syllables. Whatever is
// not certain counts as unheard: a word is heard when its end has been played.
type ledger struct {
	text  []byte
	words []word // in order of text and time
	ends  []cut  // ends of sentences
	total time.Duration
	whole bool // no more text or audio will come
	lang  string
	told  int           // words that were narrated
	pace  time.Duration // that a byte of text takes to say, as a guess while the end is not known; 0 for none
}

type word struct {
	from, to int           // bytes of text, without the blanks after it
	at       time.Duration // where its sound begins
}

// unsure is how much later than estimated a word may end, in a voice that does not say.
const unsure = 150 * time.Millisecond

// cut is a point at which text and audio are known to meet: everything before Text has been spoken at At.
type cut struct {
	text int
	at   time.Duration
}

func (l *ledger) mark(ms []tts.Mark) {
	for _, m := range ms {
		switch m.Kind {
		case tts.Word:
			l.words = append(l.words, word{from: m.Text, to: m.Text + m.Len, at: m.At})
		case tts.Sentence:
			l.ends = append(l.ends, cut{text: m.Text + m.Len, at: m.At})
		}
	}
}

// heard returns how many bytes of the text were heard when upto of the audio had been played.
func (l *ledger) heard(upto time.Duration) int {
	if l.whole && upto >= l.total {
		return len(l.text)
	}
	if upto <= 0 {
		return 0
	}
	// The last sentence end that was passed.
	i := sort.Search(len(l.ends), func(i int) bool { return l.ends[i].at > upto })
	base := cut{}
	if i > 0 {
		base = l.ends[i-1]
	}
	next, known := cut{text: len(l.text), at: l.total}, l.whole
	if i < len(l.ends) {
		next, known = l.ends[i], true
	}
	// Words of the sentence under way: a word ends where the next one begins, the last one with its sentence.
	first := sort.Search(len(l.words), func(i int) bool { return l.words[i].from >= base.text })
	last := sort.Search(len(l.words), func(i int) bool { return l.words[i].from >= next.text })
	if first < last {
		n := base.text
		for k := first; k < last; k++ {
			end := next.at
			if k+1 < last {
				end = l.words[k+1].at
			} else if !known {
				break
			}
			if end > upto {
				break
			}
			if k+1 < last {
				n = l.words[k+1].from
			} else {
				n = next.text
			}
		}
		return min(n, len(l.text))
	}
	if !known && l.pace > 0 && len(l.text) > base.text {
		next, known = cut{text: len(l.text), at: base.at + time.Duration(len(l.text)-base.text)*l.pace}, true
	}
	if !known || next.at <= base.at {
		return base.text
	}
	return l.wordBefore(base.text, next.text, float64(upto-base.at-unsure)/float64(next.at-base.at))
}

// wordBefore returns the end of the last whole word within the given share of what is spoken between from and to.
func (l *ledger) wordBefore(from, to int, share float64) int {
	text := l.text[from:min(to, len(l.text))]
	limit := share * weigh(l.lang, text)
	n := from
	for w := 0.0; len(text) > 0; {
		word, rest := cutWord(text)
		if w += wordWeight(l.lang, word); w > limit {
			break
		}
		n, text = n+len(text)-len(rest), rest
	}
	return n
}
