package tts

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// Words whose dot does not end a sentence, in English, French and Spanish.
var (
	// titles stand before a name; written like this, with their capital.
	titles = set("Mr Mrs Ms Dr Prof St Ste Mt Rev Hon Gov Gen Col Capt Lt Sgt Pres Sen Rep Messrs",
		"MM Mme Mlle Mgr Pr Bd Av Ave Blvd", "Sr Sra Srta Dra Dña Lic Ing Arq Avda Pza Gral")
	// openers introduce what follows, whatever that is.
	openers = set("e.g i.e vs cf viz approx", "ex env av bd", "ej aprox avda")
	// counters introduce a number; before anything else they are ordinary words.
	counters = set("no nos nr vol fig figs art sec pp ch chap tel ext apt", "tél app num", "núm pág cap dcha izda teléf")
)

func set(lists ...string) map[string]bool {
	m := map[string]bool{}
	for _, l := range lists {
		for _, w := range strings.Fields(l) {
			m[w] = true
		}
	}
	return m
}

// abbreviated reports whether the dot that follows text belongs to its last word. next is the first character of the next word, not
// a lower-case letter.
func abbreviated(text string, next rune) bool {
	if next == '¿' || next == '¡' {
		return false
	}
	trimmed := strings.TrimSpace(text)
	if trimmed != "" && len(trimmed) <= 3 && strings.Trim(trimmed, "0123456789") == "" {
		return true // "1. " opens an entry of a list
	}
	start := strings.LastIndexFunc(text, func(r rune) bool {
		return unicode.IsSpace(r) || strings.ContainsRune("([{«“\"'’¿¡/", r)
	})
	word, bound := text, ' '
	if start >= 0 {
		r, n := utf8.DecodeRuneInString(text[start:])
		word, bound = text[start+n:], r
	}
	r, n := utf8.DecodeRuneInString(word)
	switch {
	case n == len(word) && unicode.IsLetter(r):
		// An initial, "M. Dupont", "p. ex."; but neither "So do I." nor "at Mary's."
		return word != "I" && (unicode.IsUpper(r) || bound != '\'' && bound != '’')
	case titles[word], openers[strings.ToLower(word)]:
		return true
	}
	return counters[strings.ToLower(word)] && unicode.IsDigit(next)
}
