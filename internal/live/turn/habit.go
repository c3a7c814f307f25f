package turn

import (
	"slices"
	"time"
)

const (
	// shortest is the least pause that counts as one: shorter ones are inside words.
	shortest = 180 * time.Millisecond
	// trust is how many pauses weigh as much as what was set.
	trust = 4
	// remembered is how many of the newest pauses count.
	remembered = 24
)

// habit is what is known of one caller's pauses after which they went on.
type habit struct {
	recent [remembered]time.Duration
	n      int
}

func (h *habit) add(pause time.Duration) {
	if pause < shortest {
		return
	}
	h.recent[h.n%remembered] = min(pause, 3*time.Second)
	h.n++
}

// fit is a pause that is longer than nearly all of the caller's own, between low and high; the fewer are known, the nearer it is to set.
func (h *habit) fit(set, low, high time.Duration) time.Duration {
	n := min(h.n, remembered)
	if n == 0 {
		return set
	}
	var sorted [remembered]time.Duration
	copy(sorted[:], h.recent[:n])
	slices.Sort(sorted[:n])
	enough := sorted[min(n-1, n*9/10)]*6/5 + 50*time.Millisecond
	return min(max((set*trust+enough*time.Duration(n))/time.Duration(trust+n), low), high)
}
