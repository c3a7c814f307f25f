package playout

import (
	"time"

	"griot/internal/event"
)

// Word is a word of a generation, and when it sounds, counted from the generation's beginning.
type Word struct {
	Gen      event.Gen
	Text     string
	At, Long time.Duration
}

// Narrate has f told of every word of a voice that gives marks, as soon as it is known how long it sounds: up to a second before it does. It must be called before
// Begin. f is called with the player's lock held: it must not call the player, and return quickly.
func (p *Player) Narrate(f func(Word)) { p.narrate = f }

// words tells of the words whose end is known by now. Called with mu held.
func (p *Player) words(t *track) {
	if p.narrate == nil {
		return
	}
	for l := &t.led; l.told < len(l.words); l.told++ {
		w := l.words[l.told]
		end, known := l.endOf(l.told)
		if !known {
			return
		}
		if w.from >= 0 && w.from < w.to && w.to <= len(l.text) {
			p.narrate(Word{Gen: t.gen, Text: string(l.text[w.from:w.to]), At: w.at, Long: max(0, end-w.at)})
		}
	}
}

// endOf returns when the k-th word has been said: where the next one begins, or its sentence ends.
func (l *ledger) endOf(k int) (end time.Duration, known bool) {
	w := l.words[k]
	if k+1 < len(l.words) {
		end, known = l.words[k+1].at, true
	}
	for _, c := range l.ends {
		if c.text >= w.to && c.at > w.at {
			if !known || c.at < end {
				end = c.at
			}
			return end, true
		}
	}
	if !known && l.whole {
		return l.total, true
	}
	return end, known
}
