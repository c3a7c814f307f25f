package media

import "time"

// JitterStats counts what a JitterBuffer has seen. Every packet pushed is in exactly one of Played, Late, Duplicate, Discarded or still buffered.
type JitterStats struct {
	Played    int // handed out
	Lost      int // positions at which nothing had arrived in time
	Late      int // arrived after their position had been played or given up
	Duplicate int // arrived twice
	Discarded int // dropped to bring the delay down, or because the stream jumped or the buffer was full
}

// JitterResult says what a JitterBuffer has for one tick of playout.
type JitterResult uint8

const (
	// JitterWait means that the buffer is filling up: play silence, or stretch what was played last.
	JitterWait JitterResult = iota
	// JitterPacket means that the next packet is there.
	JitterPacket
	// JitterLost means that the next packet is missing though later ones are there: conceal it.
	JitterLost
)

const (
	jitterSlots   = 64               // packets that fit: 1.28 s of 20 ms frames; a power of two
	jitterMax     = jitterSlots / 2  // the most that is waited for on purpose
	jitterWindow  = 100              // arrivals over which the target looks back: 2 s
	jitterPayload = 320              // bytes a slot starts with: 20 ms of G.711 twice over
	jitterCalm    = 50               // ticks of too much delay before one packet is given up
	jitterJump    = int16(jitterMax) // a step in sequence numbers that means a new stream
)

// JitterBuffer puts packets back into order and smooths their arrival, for streams of packets of one length, FrameTime unless it is told another. Its delay follows
// the spread of the last two seconds of arrivals. Packets beyond its bound of 64 discard what was buffered. It allocates only when a
// payload is larger than any before in its slot. It is for one goroutine, or under its owner's lock.
type JitterBuffer struct {
	slots   [jitterSlots]jitterSlot
	next    uint16 // the sequence number that Pop returns next
	newest  uint16
	started bool // next is valid
	filling bool
	begun   bool // something was played since the last Reset
	depth   int  // packets buffered
	lowest  int  // packets that a constant delay always needs
	target  int
	calm    int
	step    time.Duration // a packet lasts

	spread [jitterWindow]time.Duration // how late each arrival was against an even stream
	seen   int
	origin time.Duration
	first  uint16
	stats  JitterStats
}

type jitterSlot struct {
	seq     uint16
	full    bool
	payload []byte
}

// NewJitterBuffer returns a buffer that waits for at least lowest packets before it starts, 1 to 32.
func NewJitterBuffer(lowest int) *JitterBuffer {
	j := &JitterBuffer{lowest: min(max(lowest, 1), jitterMax), step: FrameTime}
	for i := range j.slots {
		j.slots[i].payload = make([]byte, 0, jitterPayload)
	}
	j.Reset()
	return j
}

// Reset forgets packets and measurements, not the counts.
func (j *JitterBuffer) Reset() {
	for i := range j.slots {
		j.slots[i].full = false
	}
	j.stats.Discarded += j.depth
	j.depth, j.seen, j.calm = 0, 0, 0
	j.started, j.filling, j.begun = false, true, false
	j.target = j.lowest
}

// SetStep says how long a packet lasts. Another length than before begins a new stream.
func (j *JitterBuffer) SetStep(d time.Duration) {
	if d > 0 && d != j.step {
		j.Reset()
		j.step = d
	}
}

// Step returns how long a packet lasts.
func (j *JitterBuffer) Step() time.Duration { return j.step }

// Target returns how many packets the buffer holds back at present.
func (j *JitterBuffer) Target() int { return j.target }

// Depth returns how many packets are buffered.
func (j *JitterBuffer) Depth() int { return j.depth }

// Stats returns the counts so far.
func (j *JitterBuffer) Stats() JitterStats { return j.stats }

// Push takes a copy of the payload of packet seq, which arrived at the given time on any clock that does not jump. Sequence numbers
// wrap round; a step of more than 32 starts a new stream.
func (j *JitterBuffer) Push(seq uint16, at time.Duration, payload []byte) {
	if j.started {
		if step := int16(seq - j.newest); step > jitterJump || step < -jitterJump {
			j.Reset()
		}
	}
	if !j.started {
		j.started, j.next, j.newest = true, seq, seq
		j.first, j.origin = seq, at
	}
	j.measure(seq, at)
	if int16(seq-j.next) < 0 {
		if !j.begun && int16(j.newest-seq) < jitterSlots {
			j.next = seq // packets overtook each other before playout began
		} else {
			j.stats.Late++
			return
		}
	}
	for int16(seq-j.next) >= jitterSlots { // no room: the oldest positions go
		j.drop()
	}
	if int16(seq-j.newest) > 0 {
		j.newest = seq
	}
	s := &j.slots[seq%jitterSlots]
	if s.full {
		j.stats.Duplicate++
		return
	}
	s.seq, s.full, s.payload = seq, true, append(s.payload[:0], payload...)
	j.depth++
}

// Pop returns the packet for the next tick of playout; call it once for each length of a packet. The payload is valid until the next Push.
func (j *JitterBuffer) Pop() ([]byte, JitterResult) {
	if j.filling && j.depth < j.target {
		return nil, JitterWait
	}
	if j.depth == 0 { // ran dry: fill up again, so that one late packet does not become a loss for each packet after it
		j.filling = true
		return nil, JitterWait
	}
	if j.filling {
		j.filling, j.begun = false, true
		for !j.slots[j.next%jitterSlots].full { // the waiting has already filled this hole
			j.stats.Lost++
			j.next++
		}
	}
	// Too much delay for a second: give up one packet. Losses shorten the delay by themselves.
	if j.depth > j.target+1 {
		if j.calm++; j.calm >= jitterCalm {
			j.calm = 0
			j.drop()
		}
	} else {
		j.calm = 0
	}
	s := &j.slots[j.next%jitterSlots]
	j.next++
	if !s.full {
		j.stats.Lost++
		return nil, JitterLost
	}
	s.full = false
	j.depth--
	j.stats.Played++
	return s.payload, JitterPacket
}

// Peek returns the packet that the next Pop would return as a JitterPacket, or nil: what a lost one may be recovered from. It is valid until the next Push.
func (j *JitterBuffer) Peek() []byte {
	if s := &j.slots[j.next%jitterSlots]; s.full && !j.filling {
		return s.payload
	}
	return nil
}

// drop gives up the next position.
func (j *JitterBuffer) drop() {
	if s := &j.slots[j.next%jitterSlots]; s.full {
		s.full = false
		j.depth--
		j.stats.Discarded++
	}
	j.next++
}

// measure moves the target to the spread between the earliest and the latest recent arrival, in packets.
func (j *JitterBuffer) measure(seq uint16, at time.Duration) {
	late := at - j.origin - time.Duration(int16(seq-j.first))*j.step
	j.spread[j.seen%jitterWindow] = late
	j.seen++
	lo, hi := late, late
	for _, d := range j.spread[:min(j.seen, jitterWindow)] {
		lo, hi = min(lo, d), max(hi, d)
	}
	need := int((hi-lo+j.step-1)/j.step) + 1
	j.target = min(max(need, j.lowest), jitterMax)
	// The reference moves along, so that neither sequence numbers nor clocks that drift apart run out of range.
	if j.seen%jitterWindow == 0 {
		j.origin += time.Duration(int16(seq-j.first)) * j.step
		j.first = seq
	}
}
