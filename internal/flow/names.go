package flow

import (
	"strings"
	"unicode"
)

// name reads what a caller says when asked for a name: "my name is John Smith", "Smith, S M I T H". It is empty when nothing in the
// utterance can be one.
func (p *pack) name(ts []token) string {
	ts = p.trim(ts)
	if start, lead := p.leadAt(ts); lead > 0 {
		ts = ts[start+lead:]
	}
	var out []string
	for _, t := range ts {
		if p.stopsName(t) || len(out) == 4 {
			break
		}
		if len([]rune(t.raw)) > 30 {
			break
		}
		raw := t.raw
		if raw == strings.ToLower(raw) {
			raw = capitals(raw)
		}
		out = append(out, raw)
	}
	return strings.Join(out, " ")
}

func (p *pack) stopsName(t token) bool {
	if _, num := p.Numbers[t.norm]; num || allDigits(t.norm) || t.norm == "#" || t.norm == "*" {
		return true
	}
	for _, w := range p.NameStop {
		if t.norm == strings.Join(words(w, p.join), "") {
			return true
		}
	}
	return false
}

// leadsName reports whether the utterance says outright that a name follows.
func (p *pack) leadsName(ts []token) bool {
	_, n := p.leadAt(p.trim(ts))
	return n > 1
}

// leadAt finds the words that announce a name, among the first of the utterance: "no, my name is …". The longest wins.
func (p *pack) leadAt(ts []token) (start, length int) {
	for i := 0; i < len(ts) && i < 3; i++ {
		if n := prefix(p.lead, ts[i:]); n > length {
			start, length = i, n
		}
	}
	return start, length
}

// trim takes polite words and hesitation off both ends.
func (p *pack) trim(ts []token) []token {
	for len(ts) > 0 {
		n := prefix(p.filler, ts)
		if n == 0 || n == len(ts) {
			break
		}
		ts = ts[n:]
	}
	for len(ts) > 0 {
		cut := 0
		for i := len(ts) - 1; i > 0 && i >= len(ts)-4; i-- {
			if p.filler.match(ts, 1<<i)&(1<<len(ts)) != 0 {
				cut = len(ts) - i
			}
		}
		if cut == 0 {
			break
		}
		ts = ts[:len(ts)-cut]
	}
	return ts
}

// capitals writes a name as names are written: "jean-pierre" to "Jean-Pierre".
func capitals(s string) string {
	up := true
	return strings.Map(func(r rune) rune {
		if up && unicode.IsLetter(r) {
			up = false
			return unicode.ToUpper(r)
		}
		if !unicode.IsLetter(r) {
			up = true
		}
		return r
	}, s)
}
