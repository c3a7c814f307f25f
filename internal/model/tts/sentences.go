package tts

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// Splitter cuts a text that arrives bit by bit into pieces for a voice: sentences where it can, so that each gets its melody, and
// as early as it can, so that the caller does not wait. All pieces together are, byte for byte, what was pushed; spaces between two
// sentences open the second. Where the pieces end does not depend on how the text was divided when it was pushed.
//
// It knows the habits of English, French and Spanish at once. In doubt it does not cut: a pause in the wrong place is worse
// than a longer piece. The zero value is ready; it serves one goroutine.
type Splitter struct {
	First int // the first piece may end at a comma, once it has that many characters; 0 means 40, below 0 never
	Max   int // no piece has more characters than that; 0 means 250

	buf string
	cut bool // a piece was given since the start or the last Flush
}

// Push takes the next bit of text and returns the pieces that it completes, often none.
func (s *Splitter) Push(delta string) []string {
	s.buf += delta
	var out []string
	for {
		n := s.next()
		if n == 0 {
			return out
		}
		out = append(out, s.buf[:n])
		s.buf = s.buf[n:]
		s.cut = true
	}
}

// Flush returns what is left when no more text comes: "" when nothing is, perhaps only spaces. After it a new text may begin.
func (s *Splitter) Flush() string {
	rest := s.buf
	s.buf, s.cut = "", false
	return rest
}

// next returns how many bytes the next piece has, 0 while that is not known.
func (s *Splitter) next() int {
	text := false // something else than spaces came
	limit := s.limit()
	for i, runes := 0, 0; i < len(s.buf); runes++ {
		if i >= limit {
			return s.force(limit)
		}
		r, n := utf8.DecodeRuneInString(s.buf[i:])
		if r == utf8.RuneError && !utf8.FullRuneInString(s.buf[i:]) {
			return 0
		}
		switch {
		case r == '\n' && text:
			return i
		case isTerminal(r) && text:
			end, v := s.terminal(i, limit)
			if v == yes {
				return end
			}
			if v == unknown {
				return 0
			}
			for i < end { // a dot inside a sentence
				_, n := utf8.DecodeRuneInString(s.buf[i:])
				i += n
				runes++
			}
			runes--
			continue
		case isClause(r) && s.early(runes+1):
			c, _, known := s.at(i + n)
			if !known {
				return 0
			}
			if unicode.IsSpace(c) {
				return i + n
			}
		}
		text = text || !unicode.IsSpace(r)
		i += n
	}
	return 0
}

// early reports whether a first piece of that many characters may end here.
func (s *Splitter) early(runes int) bool {
	first := s.First
	if first == 0 {
		first = 40
	}
	return !s.cut && first > 0 && runes >= first
}

// limit returns where in the buffer the longest piece would end; beyond the buffer's end when there is less text than that.
func (s *Splitter) limit() int {
	most := s.Max
	if most <= 0 {
		most = 250
	}
	n := 0
	for i := range s.buf {
		if n == most {
			return i
		}
		n++
	}
	return len(s.buf) + 1
}

// force finds the least bad end of a piece that must end at limit: after a comma, before a space, or anywhere.
func (s *Splitter) force(limit int) int {
	space := 0
	for i := limit; i > 0; {
		r, n := utf8.DecodeLastRuneInString(s.buf[:i])
		at := i
		i -= n
		if !unicode.IsSpace(r) || strings.TrimSpace(s.buf[:i]) == "" {
			continue
		}
		if before, _ := utf8.DecodeLastRuneInString(s.buf[:at-n]); isClause(before) && i > limit/3 {
			return i
		}
		if space == 0 {
			space = i
		}
	}
	if space > 0 {
		return space
	}
	return limit
}

// at returns the character at i and its bytes, and false when it has not arrived (whole).
func (s *Splitter) at(i int) (rune, int, bool) {
	if i >= len(s.buf) || !utf8.FullRuneInString(s.buf[i:]) {
		return 0, 0, false
	}
	r, n := utf8.DecodeRuneInString(s.buf[i:])
	return r, n, true
}

type verdict uint8

const (
	unknown verdict = iota
	yes
	no
)

// terminal judges the punctuation at i, which may end a sentence. The end it returns is behind the punctuation and the quotes and
// brackets that close with it. It looks no further than limit.
func (s *Splitter) terminal(i, limit int) (end int, v verdict) {
	end = i
	strong, quoted, dots := false, false, 0
	for {
		if end >= limit {
			return limit, yes
		}
		r, n, known := s.at(end)
		if !known {
			return end, unknown
		}
		switch {
		case r == '.':
			dots++
		case r == '…':
			dots += 3
		case isTerminal(r):
			strong = true
		case !isCloser(r):
			if isWide(s.buf[i:end]) {
				return end, yes
			}
			if !unicode.IsSpace(r) {
				return end, no
			}
			return s.beyond(i, end, limit, strong, quoted, dots)
		default:
			quoted = true
		}
		end += n
	}
}

// beyond decides by the first character behind the spaces at end.
func (s *Splitter) beyond(i, end, limit int, strong, quoted bool, dots int) (int, verdict) {
	for j := end; ; {
		if j >= limit {
			return end, yes
		}
		r, n, known := s.at(j)
		if !known {
			return end, unknown
		}
		j += n
		switch {
		case r == '\n':
			return end, yes
		case unicode.IsSpace(r):
			continue
		case r == '»' || r == '”': // French puts a space before what closes
			end, quoted = j, true
			c, _, known := s.at(j)
			if !known && j < limit {
				return end, unknown
			}
			if known && !unicode.IsSpace(c) {
				return end, no
			}
			continue
		case unicode.IsLower(r) && (!strong || quoted):
			return end, no // "(really!) he left", "« Oui ? » dit-il"
		case strong:
			return end, yes
		case dots > 1:
			return end, yes
		case abbreviated(s.buf[:i], r):
			return end, no
		}
		return end, yes
	}
}

func isTerminal(r rune) bool { return strings.ContainsRune(".?!…。！？", r) }

func isClause(r rune) bool { return strings.ContainsRune(",;:—–", r) }

func isCloser(r rune) bool { return strings.ContainsRune("\"')]}»”’*_", r) }

// isWide reports whether punctuation is of the kind that no space follows.
func isWide(p string) bool { return strings.ContainsAny(p, "。！？") }
