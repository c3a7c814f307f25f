package playout

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// The time that a text takes to be spoken is divided by its syllables where a voice does not say when it speaks each word. Syllables are counted by groups of vowels, as is usual for
// French, English and Spanish; a silent e at the end of a word counts where the language speaks it. Other languages are counted in the same way.

// weigh returns how long text takes to be spoken, in syllables, with the pauses that its marks make. lang is BCP 47.
func weigh(lang string, text []byte) (w float64) {
	for len(text) > 0 {
		word, rest := cutWord(text)
		w += wordWeight(lang, word)
		text = rest
	}
	return w
}

// cutWord splits off the first word with its marks and the blanks after it.
func cutWord(text []byte) (word, rest []byte) {
	i := 0
	for i < len(text) && text[i] != ' ' && text[i] != '\n' {
		i++
	}
	word = text[:i]
	for i < len(text) && (text[i] == ' ' || text[i] == '\n') {
		i++
	}
	return word, text[i:]
}

// vowels with the marks that the three languages put on them.
const vowels = "aeiouyàâäáæéèêëíìîïóòôöœúùûüÿ"

func wordWeight(lang string, word []byte) (w float64) {
	groups, letters := 0, 0
	inside, last, before := false, rune(0), rune(0)
	for i := 0; i < len(word); {
		r, n := utf8.DecodeRune(word[i:])
		i += n
		switch r = unicode.ToLower(r); {
		case r >= '0' && r <= '9':
			w += 1.5 // "seven", "quatre", "ocho"
			inside = false
		case unicode.IsLetter(r):
			letters++
			v := strings.ContainsRune(vowels, r)
			if v && !inside {
				groups++
			}
			inside, before, last = v, last, r
		case r == ',' || r == ';' || r == ':':
			w++
		case r == '.' || r == '!' || r == '?' || r == '…':
			w += 1.5
		case r == '%' || r == '€' || r == '$' || r == '@':
			w += 2
		}
	}
	silent := last == 'e' && !strings.ContainsRune(vowels, before) && !strings.HasPrefix(lang, "es") && !(strings.HasPrefix(lang, "en") && before == 'l')
	if silent && groups > 1 {
		groups--
	}
	if letters > 0 {
		w += float64(max(1, groups)) + 0.12*float64(letters) // many consonants take longer
	}
	return w
}
