package flow

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// maxTokens bounds what is read of one utterance; matching keeps positions in the bits of one word.
const maxTokens = 60

// maxText bounds what is read of one message, in bytes: more is no speech.
const maxText = 4000

// token is one word of an utterance: folded for matching, and as it was written.
type token struct{ norm, raw string }

// tokens splits text into words. Case, accents and punctuation do not matter; apostrophes vanish in English and part words elsewhere,
// as in "l'adresse"; "9:30", "15h30", "#" and "*" stay whole.
func tokens(text string, joinApostrophes bool) []token {
	if len(text) > maxText {
		text = strings.ToValidUTF8(text[:maxText], "")
	}
	var out []token
	var folded, raw strings.Builder
	flush := func() {
		if folded.Len() > 0 && len(out) < maxTokens {
			out = append(out, token{folded.String(), raw.String()})
		}
		folded.Reset()
		raw.Reset()
	}
	runes := []rune(norm.NFC.String(text))
	for i, r := range runes {
		between := func(ok func(rune) bool) bool {
			return i > 0 && i+1 < len(runes) && ok(runes[i-1]) && ok(runes[i+1])
		}
		switch {
		case unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.Is(unicode.Mn, r):
			folded.WriteString(fold(r))
			raw.WriteRune(r)
		case isApostrophe(r):
			if joinApostrophes && between(unicode.IsLetter) {
				raw.WriteRune(r)
				continue
			}
			flush()
		case r == '.' && between(unicode.IsLetter) && abbreviated(runes, i):
			continue // a.m.
		case r == ':' && between(unicode.IsDigit):
			folded.WriteRune(r)
			raw.WriteRune(r)
		case r == '#' || r == '*':
			flush()
			out = appendKey(out, r)
		default:
			flush()
		}
	}
	flush()
	return out
}

func appendKey(out []token, r rune) []token {
	if len(out) >= maxTokens {
		return out
	}
	return append(out, token{string(r), string(r)})
}

func isApostrophe(r rune) bool { return r == '\'' || r == '’' || r == 'ʼ' || r == '`' }

// abbreviated reports whether the stop at i follows a single letter, as in "p.m.".
func abbreviated(runes []rune, i int) bool { return i < 2 || !unicode.IsLetter(runes[i-2]) }

// fold lowers a letter and takes its accent off.
func fold(r rune) string {
	switch r {
	case 'œ', 'Œ':
		return "oe"
	case 'æ', 'Æ':
		return "ae"
	case 'ß':
		return "ss"
	}
	if r < utf8.RuneSelf {
		return string(unicode.ToLower(r))
	}
	var b strings.Builder
	for _, d := range norm.NFD.String(string(unicode.ToLower(r))) {
		if !unicode.Is(unicode.Mn, d) {
			b.WriteRune(d)
		}
	}
	return b.String()
}

// words is tokens without the raw text.
func words(text string, joinApostrophes bool) []string {
	ts := tokens(text, joinApostrophes)
	out := make([]string, len(ts))
	for i, t := range ts {
		out[i] = t.norm
	}
	return out
}

// sentences cuts an answer after each sentence; joined again they are the answer.
func sentences(s string) []string {
	var out []string
	start := 0
	for i, r := range s {
		if (r == '.' || r == '!' || r == '?') && i+1 < len(s) && s[i+1] == ' ' && i+2 < len(s) {
			out = append(out, s[start:i+2])
			start = i + 2
		}
	}
	if start < len(s) {
		out = append(out, s[start:])
	}
	return out
}

// capital makes the first letter a capital.
func capital(s string) string {
	r, n := utf8.DecodeRuneInString(s)
	if n == 0 || r == utf8.RuneError {
		return s
	}
	return string(unicode.ToUpper(r)) + s[n:]
}
