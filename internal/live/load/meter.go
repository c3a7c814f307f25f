// Package load measures how busy a node is with live sound: how late its players write, and what was dropped. Lateness, not the processor's
// use, tells whether one more conversation would harm the others.
package load

import (
	"maps"
	"math/bits"
	"sync"
	"sync/atomic"
	"time"
)

// Meter counts for all conversations of a process. Its methods take a few nanoseconds, allocate nothing, may be called from any goroutine, and do nothing on
// a nil Meter.
type Meter struct {
	late    [buckets]atomic.Int64
	dropped atomic.Int64

	mu      sync.Mutex
	repairs map[string]int64 // by owner and action; made with the first
}

// Repair counts a conversation's way out of a state in which nobody, or somebody who is late, owes the next move. Unlike the others it takes a lock: it is rare.
func (m *Meter) Repair(owner, action string) {
	if m == nil {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.repairs == nil {
		m.repairs = map[string]int64{}
	}
	m.repairs[owner+": "+action]++
}

// Repairs returns how often each repair was made, by "owner: action".
func (m *Meter) Repairs() map[string]int64 {
	if m == nil {
		return nil
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	return maps.Clone(m.repairs)
}

// Late counts one frame that was written so long after it was due.
func (m *Meter) Late(d time.Duration) {
	if m != nil {
		m.late[bucketOf(d)].Add(1)
	}
}

// Drop counts frames of callers' audio that were dropped because somebody was too slow.
func (m *Meter) Drop(frames int) {
	if m != nil {
		m.dropped.Add(int64(frames))
	}
}

// Dropped returns how many frames were dropped so far.
func (m *Meter) Dropped() int64 {
	if m == nil {
		return 0
	}
	return m.dropped.Load()
}

// Bucket says that N frames were at most Upto late, and later than the bucket before it allows.
type Bucket struct {
	Upto time.Duration `json:"upto_ns"`
	N    int64         `json:"n"`
}

// Lateness returns what was counted so far: the buckets that are not empty, in order. Their bounds are at most 3 % apart.
func (m *Meter) Lateness() []Bucket {
	if m == nil {
		return nil
	}
	var out []Bucket
	for i := range m.late {
		if n := m.late[i].Load(); n > 0 {
			out = append(out, Bucket{Upto: upto(i), N: n})
		}
	}
	return out
}

// A bucket's number holds the position of the highest bit and the five bits below it, of a lateness in microseconds: values below 64 µs have a
// bucket each.
const (
	fine    = 5
	buckets = (32 - fine) << fine
)

func bucketOf(d time.Duration) int {
	us := uint64(max(0, d) / time.Microsecond)
	if us < 1<<fine {
		return int(us)
	}
	shift := bits.Len64(us) - fine - 1
	return min((shift+1)<<fine+int(us>>shift)&(1<<fine-1), buckets-1)
}

// upto is the largest lateness of a bucket.
func upto(i int) time.Duration {
	if i < 1<<fine {
		return time.Duration(i) * time.Microsecond
	}
	shift := i>>fine - 1
	return time.Duration((1<<fine+i&(1<<fine-1)+1)<<shift-1) * time.Microsecond
}

// Between returns what was counted after the earlier reading.
func Between(earlier, later []Bucket) []Bucket {
	before := make(map[time.Duration]int64, len(earlier))
	for _, b := range earlier {
		before[b.Upto] = b.N
	}
	var out []Bucket
	for _, b := range later {
		if b.N -= before[b.Upto]; b.N > 0 {
			out = append(out, b)
		}
	}
	return out
}

// Quantile returns the lateness that the share q (0…1) of the frames did not exceed, 0 when there are none.
func Quantile(bs []Bucket, q float64) time.Duration {
	var all int64
	for _, b := range bs {
		all += b.N
	}
	rank := int64(q * float64(all))
	for _, b := range bs {
		if rank -= b.N; rank < 0 {
			return b.Upto
		}
	}
	if len(bs) == 0 {
		return 0
	}
	return bs[len(bs)-1].Upto
}
