package flow

import (
	"strconv"
	"strings"
)

// digits reads every number of an utterance, in order, as one string of digits: "five five oh double one", "06 12 34", "soixante-dix
// huit". It returns how many tokens were numbers.
func (p *pack) digits(ts []token) (digits string, used int) {
	var b strings.Builder
	for i := 0; i < len(ts); {
		d, n := p.number(ts[i:])
		if n == 0 {
			i++
			continue
		}
		b.WriteString(d)
		used += n
		i += n
	}
	return b.String(), used
}

// number reads the number at the beginning of ts; n is 0 when there is none.
func (p *pack) number(ts []token) (digits string, n int) {
	if len(ts) == 0 {
		return "", 0
	}
	for times, word := range map[int]*node{2: p.double, 3: p.triple} {
		if k := prefix(word, ts); k > 0 {
			if d, m := p.number(ts[k:]); m > 0 && len(d) == 1 {
				return strings.Repeat(d, times), k + m
			}
			return "", 0
		}
	}
	if w := ts[0].norm; allDigits(w) {
		return w, 1
	}
	v, n := p.cardinal(ts)
	if n == 0 {
		return "", 0
	}
	return strconv.Itoa(v), n
}

// cardinal reads a number under a thousand in words, greedily: "twenty one", "quatre-vingt-dix-neuf", "treinta y cuatro".
func (p *pack) cardinal(ts []token) (value, n int) {
	v, ok := p.Numbers[at(ts, 0)]
	if !ok {
		return 0, 0
	}
	hundred := func(i int) bool { return p.Numbers[at(ts, i)] == 100 }
	switch {
	case v == 100:
		if rest, m := p.tens(ts[1:]); m > 0 && rest > 0 {
			return v + rest, 1 + m
		}
		return v, 1
	case v >= 1 && v <= 9 && hundred(1):
		if rest, m := p.tens(ts[2:]); m > 0 && rest > 0 {
			return v*100 + rest, 2 + m
		}
		return v * 100, 2
	case v > 100:
		return v, 1
	}
	return p.tens(ts)
}

// tens reads a number under a hundred.
func (p *pack) tens(ts []token) (value, n int) {
	v, ok := p.Numbers[at(ts, 0)]
	if !ok || v >= 100 {
		return 0, 0
	}
	n = 1
	if p.Language == "fr" && v == 4 && strings.HasPrefix(at(ts, 1), "vingt") { // quatre-vingt-…
		v, n = 80, 2
	}
	if v < 20 || v%10 != 0 {
		if p.Language == "fr" && v == 10 { // dix-sept
			if u, ok := p.Numbers[at(ts, n)]; ok && u >= 7 && u <= 9 {
				return 10 + u, n + 1
			}
		}
		if p.Language == "es" && v == 10 && prefix(p.numberAnd, rest(ts, n)) > 0 { // diez y seis
			if u, ok := p.Numbers[at(ts, n+1)]; ok && u >= 6 && u <= 9 {
				return 10 + u, n + 2
			}
		}
		return v, n
	}
	and := prefix(p.numberAnd, rest(ts, n))
	if p.Language == "es" && and == 0 {
		return v, n // thirty four is "treinta y cuatro"; without the "y" it is two numbers
	}
	top := 9
	if p.Language == "fr" && (v == 60 || v == 80) {
		top = 19 // soixante-dix, quatre-vingt-dix
	}
	unit, m := p.Numbers[at(ts, n+and)], 1
	if top == 19 && unit == 10 {
		if u, ok := p.Numbers[at(ts, n+and+1)]; ok && u >= 7 && u <= 9 {
			unit, m = 10+u, 2
		}
	}
	if unit >= 1 && unit <= top {
		return v + unit, n + and + m
	}
	return v, n
}

func at(ts []token, i int) string {
	if i >= len(ts) {
		return ""
	}
	return ts[i].norm
}

func rest(ts []token, i int) []token {
	if i >= len(ts) {
		return nil
	}
	return ts[i:]
}

// prefix returns how many tokens at the beginning of ts the pattern covers at most, 0 for none.
func prefix(n *node, ts []token) int {
	ends := n.match(ts, 1)
	for j := len(ts); j > 0; j-- {
		if ends&(1<<j) != 0 {
			return j
		}
	}
	return 0
}

func allDigits(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return s != ""
}

// spoken groups digits the way the language reads a telephone number out.
func (p *pack) spoken(digits string) string {
	var out []string
	groups := p.Phone.Groups
	for i := 0; len(digits) > 0; i++ {
		n := 2
		if len(groups) > 0 {
			n = groups[min(i, len(groups)-1)]
		}
		n = min(n, len(digits))
		g := digits[:n]
		digits = digits[n:]
		if !p.Phone.Pairs {
			g = strings.Join(strings.Split(g, ""), " ")
		}
		out = append(out, g)
	}
	if p.Phone.Pairs {
		return strings.Join(out, " ")
	}
	return strings.Join(out, ", ")
}
