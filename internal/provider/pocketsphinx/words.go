package pocketsphinx

import (
	"strconv"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"

	"griot/internal/provider/pocketsphinx/jsgf"
)

// spoken turns one written word into what a person would say: lower case, accents and punctuation dropped, digits as words (with
// the readings that people use, as alternatives). inDict says whether the dictionary has a word as it is, so that "o'clock", "p.m."
// and "e-mail" stay whole. What has no words, such as a dash, becomes silence.
func spoken(written string, inDict func(string) bool) jsgf.Node {
	w := fold(written)
	if w = strings.Trim(w, "\"“”«»()[]{}!?,;:…"); inDict(w) && plainWord(w) {
		return jsgf.Word(w)
	}
	w = strings.TrimRight(w, ".")
	var s jsgf.Seq
	for len(w) > 0 {
		n := strings.IndexFunc(w, func(r rune) bool { return r < '0' || r > '9' })
		if n < 0 {
			n = len(w)
		}
		if n > 0 {
			digits, rest := w[:n], w[n:]
			if len(rest) >= 2 && strings.Contains("st nd rd th", rest[:2]) && (len(rest) == 2 || !letter(rune(rest[2]))) {
				if o := ordinal(digits); o != "" {
					s, w = append(s, sequence(o)), rest[2:]
					continue
				}
			}
			s, w = append(s, number(digits)), rest
			continue
		}
		n = strings.IndexFunc(w, func(r rune) bool { return !letter(r) && r != '\'' && r != '.' })
		if n < 0 {
			n = len(w)
		}
		if n == 0 {
			r := []rune(w)[0]
			if name := signs[r]; name != "" {
				s = append(s, sequence(name))
			}
			w = w[len(string(r)):]
			continue
		}
		if part := piece(w[:n], inDict); part != "" {
			s = append(s, jsgf.Word(part))
		}
		w = w[n:]
	}
	if len(s) == 1 {
		return s[0]
	}
	return s
}

var signs = map[rune]string{'&': "and", '%': "percent", '+': "plus", '@': "at", '=': "equals", '€': "euros", '£': "pounds", '$': "dollars", '°': "degrees"}

// piece cleans a run of letters, apostrophes and full stops.
func piece(p string, inDict func(string) bool) string {
	if inDict(p) {
		return p
	}
	if q := strings.Trim(p, "'."); inDict(q) {
		return q
	}
	p = strings.ReplaceAll(p, ".", "")
	if inDict(p) {
		return p
	}
	return strings.Trim(p, "'")
}

// fold lowers, makes apostrophes and dashes plain, and takes accents off.
func fold(s string) string {
	s = strings.NewReplacer("’", "'", "‘", "'", "ʼ", "'", "–", "-", "—", "-", "ß", "ss", "æ", "ae", "œ", "oe", "ø", "o").Replace(strings.ToLower(s))
	if !norm.NFD.IsNormalString(s) || strings.IndexFunc(s, isMark) >= 0 {
		s = strings.Map(func(r rune) rune {
			if isMark(r) {
				return -1
			}
			return r
		}, norm.NFD.String(s))
	}
	return s
}

func isMark(r rune) bool { return unicode.Is(unicode.Mn, r) }

// letter reports whether r can be part of a word. Only Latin ones can be said by the model; the others make the word unsayable
// as a whole rather than vanish from it.
func letter(r rune) bool { return unicode.IsLetter(r) }

// plainWord reports whether w is safe to write into a grammar and into the decoder's dictionary.
func plainWord(w string) bool {
	for i := range len(w) {
		if c := w[i]; !(c >= 'a' && c <= 'z' || c == '\'' || c == '.' || c == '-' || c == '_') {
			return false
		}
	}
	return w != ""
}

func sequence(words string) jsgf.Node {
	f := strings.Fields(words)
	if len(f) == 1 {
		return jsgf.Word(f[0])
	}
	s := make(jsgf.Seq, len(f))
	for i, w := range f {
		s[i] = jsgf.Word(w)
	}
	return s
}

var (
	ones = strings.Fields("zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen")
	tens = strings.Fields("_ _ twenty thirty forty fifty sixty seventy eighty ninety")
	nths = map[string]string{
		"one": "first", "two": "second", "three": "third", "five": "fifth", "eight": "eighth", "nine": "ninth", "twelve": "twelfth",
	}
)

// number gives the readings of a run of digits: as a quantity up to 9999, digit by digit when there are three or more or a zero
// leads, and in pairs for four ("nineteen eighty four").
func number(digits string) jsgf.Node {
	if len(digits) > 40 {
		return jsgf.Alt{}
	}
	var ways []string
	n, err := strconv.Atoi(digits)
	if err == nil && len(digits) <= 4 && (digits[0] != '0' || digits == "0") {
		ways = append(ways, cardinal(n))
		if len(digits) == 4 && n%100 >= 10 {
			ways = append(ways, cardinal(n/100)+" "+cardinal(n%100))
		}
	}
	if len(ways) == 0 || len(digits) > 2 {
		var d []string
		for _, c := range digits {
			d = append(d, ones[c-'0'])
		}
		ways = append(ways, strings.Join(d, " "))
	}
	if len(ways) == 1 {
		return sequence(ways[0])
	}
	var a jsgf.Alt
	for _, w := range ways {
		a = append(a, jsgf.Choice{Of: sequence(w)})
	}
	return a
}

// cardinal spells 0 to 9999.
func cardinal(n int) string {
	switch {
	case n < 20:
		return ones[n]
	case n < 100:
		return strings.TrimSuffix(tens[n/10]+" "+ones[n%10], " zero")
	case n < 1000:
		return strings.TrimSuffix(ones[n/100]+" hundred "+cardinal(n%100), " zero")
	}
	return strings.TrimSuffix(cardinal(n/1000)+" thousand "+cardinal(n%1000), " zero")
}

// ordinal spells "1" as "first", up to 99; "" for others.
func ordinal(digits string) string {
	n, err := strconv.Atoi(digits)
	if err != nil || n < 1 || n > 99 {
		return ""
	}
	words := strings.Fields(cardinal(n))
	last := words[len(words)-1]
	switch {
	case nths[last] != "":
		last = nths[last]
	case strings.HasSuffix(last, "y"):
		last = strings.TrimSuffix(last, "y") + "ieth"
	default:
		last += "th"
	}
	words[len(words)-1] = last
	return strings.Join(words, " ")
}
