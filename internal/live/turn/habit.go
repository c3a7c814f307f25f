package turn

import (
	"slices"
	"time"
)

const (
	// shortest is the least pause that counts as one: shorter ones are inside words.
	shortest = 180 * time.Millisecond
	// trust is how many pauses weigh as much as what was set.
	trust = 5
	// remembered is how many of the newest pauses count.
	remembered = 24
)

// habit is what is known of one caller's pauses of a kind: how long those were after which they went on, and how many ended a turn.
type habit struct {
	recent [remembered]time.Duration // 0 for the end of a turn
	n      int
}

// wentOn adds a pause within a turn.
func (h *habit) wentOn(pause time.Duration) {
	if pause >= shortest {
		h.add(min(pause, 3*time.Second))
	}
}

// ended adds the end of a turn.
func (h *habit) ended() { h.add(0) }

func (h *habit) add(pause time.Duration) {
	h.recent[h.n%remembered] = pause
	h.n++
}

// fit is the pause, between low and high, after which nine times of ten this caller has finished; the less is known of them, the nearer it is to set.
func (h *habit) fit(set, low, high time.Duration) time.Duration {
	n := min(h.n, remembered)
	if n == 0 {
		return set
	}
	var sorted [remembered]time.Duration
	copy(sorted[:], h.recent[:n])
	slices.Sort(sorted[:n])
	enough := sorted[min(n-1, n*9/10)] + 150*time.Millisecond
	return min(max((set*trust+enough*time.Duration(n))/time.Duration(trust+n), low), high)
}
