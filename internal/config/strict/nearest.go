package strict

import "strings"

// Nearest returns the candidate with the fewest edits from word, "" when none is close enough to be what was meant. Case and the
// difference between "-" and "_" do not count; of equals the first wins.
func Nearest(word string, candidates []string) string {
	w := fold(word)
	best, bestD := "", len([]rune(w))/2+1
	if bestD > 4 {
		bestD = 4
	}
	for _, c := range candidates {
		f := fold(c)
		d := distance(w, f)
		if len(w) >= 3 && (strings.HasPrefix(f, w) || strings.HasSuffix(f, w)) {
			d = min(d, 1) // the beginning or the end of the right word
		}
		if d < bestD {
			best, bestD = c, d
		}
	}
	return best
}

// Hint is "; did you mean …?", the list of choices when nothing is near and they are few, or nothing.
func Hint(word string, candidates []string) string {
	if n := Nearest(word, candidates); n != "" {
		return "; did you mean " + n + "?"
	}
	if len(candidates) > 0 && len(candidates) <= 14 {
		return "; the choices are " + strings.Join(candidates, ", ")
	}
	return ""
}

func fold(s string) string { return strings.ReplaceAll(strings.ToLower(s), "-", "_") }

// distance counts insertions, deletions, replacements and swaps of neighbours.
func distance(a, b string) int {
	x, y := []rune(a), []rune(b)
	prev2 := make([]int, len(y)+1)
	prev := make([]int, len(y)+1)
	cur := make([]int, len(y)+1)
	for j := range prev {
		prev[j] = j
	}
	for i := 1; i <= len(x); i++ {
		cur[0] = i
		for j := 1; j <= len(y); j++ {
			cost := 1
			if x[i-1] == y[j-1] {
				cost = 0
			}
			cur[j] = min(prev[j]+1, cur[j-1]+1, prev[j-1]+cost)
			if i > 1 && j > 1 && x[i-1] == y[j-2] && x[i-2] == y[j-1] {
				cur[j] = min(cur[j], prev2[j-2]+1)
			}
		}
		prev2, prev, cur = prev, cur, prev2
	}
	return prev[len(y)]
}
