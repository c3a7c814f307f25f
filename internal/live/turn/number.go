package turn

import "strconv"

// group is a number as it was spoken in one breath: "twenty one" is one, "oh six" are two.
type group struct {
	from, to int // words
	value    int
	digits   string
	ordinal  bool
}

// groups reads the numbers among words. They may be written in digits or spoken in French, English or Spanish.
func (v *vocabulary) groups(words []string) (out []group) {
	times := 1
	for i := 0; i < len(words); {
		g, ok := v.group(words, i)
		if !ok {
			times = 1
			if n := v.repeats[words[i]]; n > 0 {
				times = n
			}
			i++
			continue
		}
		for range times { // "double five"
			out = append(out, g)
		}
		for k := len(out) - times; times > 1 && k < len(out)-1; k++ {
			out[k].to = out[k].from // only the last one holds the words
		}
		times = 1
		i = g.to
	}
	return out
}

// group reads the number that begins at word i.
func (v *vocabulary) group(words []string, i int) (group, bool) {
	if n := digitsAhead(words[i]); n > 0 {
		g := group{from: i, to: i + 1, digits: words[i][:n], ordinal: n < len(words[i])}
		g.value, _ = strconv.Atoi(g.digits) // too long a number has no value that matters
		return g, true
	}
	value, ok := v.numbers[words[i]]
	if !ok {
		return group{}, false
	}
	g := group{from: i, to: i + 1, value: value, ordinal: v.ordinals[words[i]]}
	last := value // that was added
	for room := v.room(value); g.to < len(words) && !g.ordinal; {
		k := g.to
		if room > 0 && k+1 < len(words) && v.of("and").has(words[k]) {
			k++
		}
		n, ok := v.numbers[words[k]]
		switch {
		case !ok:
			room = -1
		case n == 100 && g.value > 0 && g.value < 10 && k == g.to:
			g.value, room = g.value*100, 100
		case n == 1000 && g.value > 0 && g.value < 1000 && k == g.to:
			g.value, room = g.value*1000, 1000
		case n == 20 && g.value%100 == 4 && v.of("score").has(words[k]): // quatre-vingt
			g.value, room = g.value+76, 20
		case n > 0 && n < room && (last != 10 || n >= 7): // dix-sept, but not dix deux
			g.value, room = g.value+n, v.room(n)
		default:
			room = -1
		}
		if room < 0 {
			break
		}
		g.to, g.ordinal, last = k+1, v.ordinals[words[k]], n
	}
	g.digits = strconv.Itoa(g.value)
	return g, true
}

// room is what may still be added to a number that ends with value: after twenty, up to nine.
func (v *vocabulary) room(value int) int {
	score := len(v.of("score").set) > 0
	switch {
	case value >= 1000:
		return 1000
	case value >= 100:
		return 100
	case score && (value == 60 || value == 80):
		return 20
	case value >= 20 && value%10 == 0, score && value == 10:
		return 10
	}
	return 0
}

// digitsAhead is how many digits a word begins with: "5th" begins with one.
func digitsAhead(word string) (n int) {
	for n < len(word) && word[n] >= '0' && word[n] <= '9' {
		n++
	}
	return n
}
