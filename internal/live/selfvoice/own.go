package selfvoice

import (
	"strings"
	"unicode"
)

// Own compares recognised words with what the agent was saying meanwhile. ours means that they are the agent's; otherwise rest is text without what was clearly the agent's, three
// words in a row or more. Recognisers err, so words that differ by a letter or two count as the same. A single word never counts as the agent's own.
func Own(text, said string) (rest string, ours bool) {
	shown, heard, spoken := strings.Fields(text), []string(nil), wordsOf(said)
	for _, w := range shown {
		heard = append(heard, plain(w))
	}
	mine := make([]bool, len(heard))
	for i := 0; i < len(heard); {
		n := longest(heard[i:], spoken)
		if n < 2 {
			i++
			continue
		}
		if n >= 3 || n == len(heard) {
			for k := range n {
				mine[i+k] = true
			}
		}
		i += n
	}
	own := 0
	var b strings.Builder
	for i, w := range shown {
		if mine[i] {
			own++
			continue
		}
		if b.Len() > 0 {
			b.WriteByte(' ')
		}
		b.WriteString(w)
	}
	if len(heard) > 1 && 4*own >= 3*len(heard) {
		return "", true
	}
	return b.String(), false
}

// longest is the longest beginning of heard that is found in spoken.
func longest(heard, spoken []string) (n int) {
	for at := range spoken {
		k := 0
		for k < len(heard) && at+k < len(spoken) {
			if !alike(heard[k], spoken[at+k]) {
				// One word may be misheard, between two that are not.
				if k == 0 || k+1 >= len(heard) || at+k+1 >= len(spoken) || !alike(heard[k+1], spoken[at+k+1]) {
					break
				}
			}
			k++
		}
		n = max(n, k)
	}
	return n
}

func wordsOf(text string) (out []string) {
	for _, w := range strings.Fields(text) {
		if w = plain(w); w != "" {
			out = append(out, w)
		}
	}
	return out
}

// plain is a word without marks and capitals.
func plain(w string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return unicode.ToLower(r)
		}
		return -1
	}, w)
}

// alike allows one letter of four, and two of seven.
func alike(a, b string) bool {
	if a == b {
		return true
	}
	x, y := []rune(a), []rune(b)
	most := 0
	switch n := min(len(x), len(y)); {
	case n >= 7:
		most = 2
	case n >= 4:
		most = 1
	}
	return most > 0 && max(len(x), len(y))-min(len(x), len(y)) <= most && distance(x, y) <= most
}

// distance counts the letters to change, add or leave out.
func distance(a, b []rune) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i, x := range a {
		before := row[0]
		row[0] = i + 1
		for j, y := range b {
			cost := before
			if x != y {
				cost++
			}
			before = row[j+1]
			row[j+1] = min(cost, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
