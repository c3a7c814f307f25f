package espeak

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// spoken is a text as the synthesiser gets it: without what it would misread, and with the way back to the original.
type spoken struct {
	original string
	runes    []rune
	src      []int // for each rune, the byte of the original that it stands for; never decreasing
	run      int   // runes since the last space
}

// longestWord is where a word without an end is cut: no language has longer ones, and synthesisers are not made for them.
const longestWord = 60

// speak returns what is to be spoken for a text in a language ("en", "fr", "es").
func speak(text, lang string) spoken {
	s := spoken{original: text}
	at := 0
	for _, r := range replacements(text, lang) {
		s.copy(at, r.from)
		r.say(&s, r.groups)
		at = r.to
	}
	s.copy(at, len(text))
	return s
}

// copy takes over a stretch of the original.
func (s *spoken) copy(from, to int) {
	for at := from; at < to; {
		r, n := utf8.DecodeRuneInString(s.original[at:to])
		s.add(r, at)
		at += n
	}
}

// say speaks words that stand for the byte at of the original.
func (s *spoken) say(words string, at int) {
	for _, r := range words {
		s.add(r, at)
	}
}

// digits speaks a number digit by digit, with a short pause wherever the original has something else than digits.
func (s *spoken) digits(from, to int) {
	between := ""
	for at := from; at < to; at++ {
		switch c := s.original[at]; {
		case c == '+':
			s.say("plus ", at)
		case c >= '0' && c <= '9':
			s.say(between, at)
			s.add(rune(c), at)
			between = " "
		case between != "":
			between = ", "
		}
	}
}

// add takes one rune. Control characters would be commands to the synthesiser, private ones mean nothing: they count as
// spaces, so does what is not UTF-8. Invisible characters within a word are left out.
func (s *spoken) add(r rune, at int) {
	switch {
	case r == '\u00ad' || r >= '\u200b' && r <= '\u200d' || r == '\u2060' || r == '\ufeff':
		return
	case r == utf8.RuneError || unicode.Is(unicode.Cf, r) || unicode.Is(unicode.Co, r) || r&0xfffe == 0xfffe || r >= 0xfdd0 && r <= 0xfdef:
		r = ' '
	case r == '\n' || r == '\u2028' || r == '\u2029':
		r = '\n'
	case unicode.IsControl(r) || unicode.IsSpace(r):
		r = ' '
	}
	if r == ' ' || r == '\n' {
		s.run = 0
	} else if s.run++; s.run > longestWord {
		s.runes, s.src = append(s.runes, ' '), append(s.src, at)
		s.run = 1
	}
	s.runes, s.src = append(s.runes, r), append(s.src, at)
}

// requests cuts the text into sentences, and very long ones at a comma or a space. It returns stretches of runes; those with
// nothing to speak are left out. The last stretch reaches the end of the text.
func (s *spoken) requests() []span {
	var list []span
	from := 0
	for from < len(s.runes) {
		to := s.sentenceEnd(from)
		if speakable(s.runes[from:to]) {
			list = append(list, span{from, to})
		}
		from = to
	}
	if n := len(list); n > 0 {
		list[n-1].to = len(s.runes)
	}
	return list
}

func speakable(text []rune) bool {
	for _, r := range text {
		if unicode.IsLetter(r) || unicode.IsNumber(r) || unicode.IsSymbol(r) || strings.ContainsRune("%&@#", r) {
			return true
		}
	}
	return false
}

// sentenceEnd returns where the sentence that starts at rune from ends, the spaces behind it included.
func (s *spoken) sentenceEnd(from int) int {
	last := min(from+longestText, len(s.runes))
	comma, space := 0, 0
	for i := from; i < last; i++ {
		switch r := s.runes[i]; {
		case r == '\n' && speakable(s.runes[from:i]):
			return i + 1
		case r == ' ':
			space = i + 1
			if i > from && strings.ContainsRune(",;:", s.runes[i-1]) {
				comma = i + 1
			}
		case strings.ContainsRune(".!?…", r) && s.endsSentence(from, i):
			for i++; i < len(s.runes) && !unicode.IsSpace(s.runes[i]); i++ {
			}
			for ; i < len(s.runes) && (s.runes[i] == ' ' || s.runes[i] == '»'); i++ {
			}
			return i
		}
	}
	switch {
	case last == len(s.runes):
		return last
	case comma > from+longestText/3:
		return comma
	case space > from:
		return space
	}
	return last
}

// endsSentence tells whether the mark at rune i, in a sentence that starts at from, ends it: only closing marks follow up
// to a space, then no lower case letter; and it is not the full stop of an initial.
func (s *spoken) endsSentence(from, i int) bool {
	next := i + 1
	for next < len(s.runes) && strings.ContainsRune(".!?…\"'”’»)]", s.runes[next]) {
		next++
	}
	if next < len(s.runes) && !unicode.IsSpace(s.runes[next]) {
		return false
	}
	for next < len(s.runes) && unicode.IsSpace(s.runes[next]) {
		next++
	}
	if s.runes[i] != '.' {
		return true
	}
	if next < len(s.runes) && unicode.IsLower(s.runes[next]) {
		return false
	}
	initial := i > from && unicode.IsUpper(s.runes[i-1]) && (i-1 == from || !unicode.IsLetter(s.runes[i-2]))
	return !initial || next == len(s.runes)
}
