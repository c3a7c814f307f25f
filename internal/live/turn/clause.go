package turn

import (
	"strings"
	"unicode/utf8"
)

// reader forms an impression of a caller's words, in one language.
type reader struct {
	vocabulary *vocabulary
	country    string // whose telephone numbers are likely
	asked      Asked
}

func readerOf(lang string) *reader {
	return &reader{vocabulary: vocabularyOf(lang), country: countryOf(lang)}
}

// verdict tells whether these words may be all of the turn.
func (r *reader) verdict(text string) verdict {
	words := wordsOf(text)
	if len(words) == 0 {
		return unknown
	}
	switch r.progress(text, words) {
	case entityWhole:
		if k := r.asked.Kind; k == KindPhone || k == KindEmail || k == KindReference || !r.trails(words) {
			return complete // the last word of an address may be any word
		}
	case entityPart:
		return awaited
	case entityFragment:
		return unfinished
	case entityMaybe:
		return fragment
	}
	return r.clause(text, words)
}

// trails reports whether the last words promise more.
func (r *reader) trails(words []string) bool {
	return r.vocabulary.of("filler").suffix(words) > 0 || r.openEnd(words) > 0
}

// openEnd is how many words at the end leave the clause open. A longer phrase that closes it wins.
func (r *reader) openEnd(words []string) int {
	n := r.vocabulary.of("open").suffix(words)
	// Single letters may be spelled: "a" is no article after "b".
	if n == 1 && len(words) > 1 && isLetter(words[len(words)-1]) && isLetter(words[len(words)-2]) {
		return 0
	}
	if n > 0 && r.vocabulary.of("closed").suffix(words) > n {
		return 0
	}
	return n
}

// clause judges the words by themselves.
func (r *reader) clause(text string, words []string) verdict {
	v := r.vocabulary
	all := strings.Join(words, " ")
	text = strings.TrimSpace(text)
	last, _ := utf8.DecodeLastRuneInString(text)
	asks := v.of("question").prefix(words) > 0 || strings.ContainsAny(text, "¿?")
	switch {
	case v.of("whole").has(all):
		return complete
	case v.of("yes").has(all) || v.of("no").has(all):
		return likely // "yes, and …"
	case v.of("filler").suffix(words) > 0:
		return hesitant
	case strings.HasSuffix(text, "...") || strings.ContainsRune(",;:…-–—", last):
		return unfinished
	case r.openEnd(words) > 0:
		return unfinished
	case v.of("stranded").suffix(words) > 0:
		if asks {
			return likely // "where are you from"
		}
		return unfinished
	case last == '?' || last == '!':
		return complete
	case v.spelled(words) >= 3:
		return reciting
	case len(words) > 1 && v.of("closing").suffix(words) > 0:
		return complete
	case asks && len(words) >= 4:
		return complete
	case last == '.' && (len(words) >= 4 || v.of("clause").in(words)):
		return complete
	case asks && len(words) >= 3, last == '.', len(words) >= 4 && v.of("clause").in(words):
		return likely
	}
	return fragment
}

func isLetter(w string) bool { return utf8.RuneCountInString(w) == 1 && (w[0] < '0' || w[0] > '9') }

// spelled is how many letters and digits the text ends with.
func (v *vocabulary) spelled(words []string) (n int) {
	groups := v.groups(words)
	for end := len(words); end > 0; {
		switch g := len(groups) - 1; {
		case g >= 0 && groups[g].to == end:
			n += len(groups[g].digits)
			end = groups[g].from
			groups = groups[:g]
		case isLetter(words[end-1]) || v.of("spelling").has(words[end-1]):
			n++
			end--
		default:
			return n
		}
	}
	return n
}
