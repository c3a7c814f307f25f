// Package selfvoice tells the agent's own voice in the caller's sound from the caller. A telephone on loudspeaker gives back what it plays, later and softer; without this an agent
// is interrupted by itself.
//
// The server knows what it sent. Detector compares the course of the loudness in bands of what comes in with that of what went out, for every delay that a line and a room can
// have, and so finds the delay and how loud each band comes back. From then on it knows what of the sound is ours, and what is louder than that: the caller. Own does the same
// with words.
package selfvoice

import (
	"math"
	"sync"
	"time"

	"griot/internal/media"
)

const (
	slot    = media.FrameTime
	lags    = 40               // delays that are looked at: 0 to 780 ms
	history = 64               // slots of what was sent that are kept behind the newest lag, and ahead of now
	ringLen = lags + 2*history // slots
	memory  = 0.985            // weight of the past: 1.3 s
	slow    = 0.97             // of the past in how loud a band is: 0.66 s
	fast    = 0.8              // and in what its course is compared with: 0.1 s
	learn   = 0.08             // how quickly the gain of a band follows
	quiet   = 20.0             // dB: what is softer, on the scale of 16 bits, is silence
	sure    = 0.75             // correlation from which a delay is believed
	keep    = 0.45             // below it a delay that was believed is given up, over time
	part    = 0.2
	margin  = 4.5  // dB by which sound may be louder than what is expected of ours
	firm    = 0.55 // and from which it is, when it has shown for long: a loudspeaker that is overdriven changes the colour
	many    = 75   // audible frames that are long
	few     = 25   // audible frames that must have been compared
	hasty   = 0.77 // correlation from which fewer do
	alone   = 0.6  // where it is so much better than all others
	fewest  = 16
	long    = 40          // frames in which a new delay has to prove itself
	apart   = 5           // slots
	peak    = 0.2         // by so much a delay is better than those apart from it
	tail    = 6           // slots after ours in which a room still sounds
	decay   = 2.5         // dB a slot by which a room's sound fades
	patient = time.Second // of doubt, after which a delay is forgotten
)

// Verdict says whose a frame is.
type Verdict uint8

// The verdicts.
const (
	Unknown Verdict = iota // nothing of ours is known to come back: the frame is whatever it sounds like
	Ours                   // all that is to be heard is the agent's
	Theirs                 // there is more than the agent: the caller, perhaps over the agent
)

// Detector is for one call. Sent and Heard may be called by different goroutines; neither allocates.
type Detector struct {
	mu   sync.Mutex
	down bank
	up   bank

	ring [ringLen]levels // what was sent, by the slot in which it sounds at the earliest
	at   [ringLen]int    // the slot that each place holds, plus one

	mean  levels         // of what comes in
	near  levels         // of its newest part
	power float64        // its variation
	stat  [lags]relation // of each delay
	met   int            // frames that were compared while ours sounded

	lag   int // in slots; -1 while none is believed
	gain  levels
	doubt time.Duration
	proof int // frames for which it was believed, up to long
	shaky int // those of them in which it was not the best by far

	theirs float64 // how surely the caller speaks just now
}

// relation is what is known of one delay: how what was sent varies, and how much what comes in varies with it.
type relation struct {
	mean, near levels
	power, cov float64
}

// New makes a detector.
func New() *Detector {
	d := &Detector{lag: -1}
	for b := range d.mean {
		d.mean[b] = quiet
	}
	d.near = d.mean
	for l := range d.stat {
		d.stat[l].mean, d.stat[l].near = d.mean, d.mean
	}
	return d
}

// Sent takes a piece of at most 20 ms of what goes to the caller. at is when its first sample sounds if the far end plays at once, from the start of the call.
func (d *Detector) Sent(at time.Duration, f media.Frame) {
	d.mu.Lock()
	defer d.mu.Unlock()
	v := d.down.levels(f.PCM, f.Rate)
	n := int((at + slot/2) / slot)
	d.ring[n%ringLen], d.at[n%ringLen] = v, n+1
}

// sent is what sounded in a slot. Called with mu held.
func (d *Detector) sent(n int) (v levels, is bool) {
	if n < 0 || d.at[n%ringLen] != n+1 {
		for b := range v {
			v[b] = quiet
		}
		return v, false
	}
	return d.ring[n%ringLen], true
}

// expected is how loud ours comes back now: the slot of the delay and its neighbours, and what the room still holds of those before. Called with mu held.
func (d *Detector) expected(n int) (v levels, is bool) {
	for b := range v {
		v[b] = math.Inf(-1)
	}
	for k := -1; k <= tail; k++ {
		s, sounded := d.sent(n - d.lag - k)
		if !sounded {
			continue
		}
		is = true
		for b := range v {
			v[b] = math.Max(v[b], s[b]+d.gain[b]-decay*math.Max(0, float64(k-1)))
		}
	}
	return v, is
}

// Heard takes 20 ms of the caller's sound, which began at, and says whose it is.
func (d *Detector) Heard(at time.Duration, pcm []int16, rate int) Verdict {
	d.mu.Lock()
	defer d.mu.Unlock()
	u := d.up.levels(pcm, rate)
	n := int((at + slot/2) / slot)
	d.relate(n, u)
	d.believe()
	if d.lag < 0 {
		return Unknown
	}
	want, is := d.expected(n)
	if !is {
		return Unknown
	}
	// Bands that are louder than ours can be, weighed by how much they hold.
	var all, more float64
	for b, l := range u {
		e := math.Pow(10, l/10)
		all += e
		if l > want[b]+margin && l > quiet+6 {
			more += e
		}
	}
	if more > part*all {
		d.theirs = math.Min(6, d.theirs+1)
		return Theirs
	}
	// Who speaks over the agent is softer than it here and there.
	if d.theirs = math.Max(0, d.theirs-0.5); d.theirs >= 4 {
		return Theirs
	}
	if now, sounded := d.sent(n - d.lag); sounded && now.loud() {
		for b, l := range u {
			if now[b] > quiet+10 {
				d.gain[b] += learn * math.Max(-3, math.Min(1, l-now[b]-d.gain[b]))
			}
		}
	}
	return Ours
}

// Echo reports whether the agent's voice is known to come back, and how much later.
func (d *Detector) Echo() (delay time.Duration, is bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return time.Duration(max(0, d.lag)) * slot, d.lag >= 0
}

// relate compares a frame with what was sent, at every delay. What is compared is how the colour of the sound changes: all speech grows loud and soft alike, with every syllable, and
// two who begin to speak grow loud together. Called with mu held.
func (d *Detector) relate(n int, u levels) {
	ours := false
	for l := 0; l < lags && !ours; l++ {
		_, ours = d.sent(n - l)
	}
	if !ours {
		return // nothing of ours can be in it
	}
	switch {
	case u.loud():
		d.met++
	case d.lag < 0: // silence proves nothing
		d.met = max(0, d.met-1)
	}
	du := change(&d.mean, &d.near, &u)
	p := 0.0
	for _, v := range du {
		p += v * v
	}
	d.power = memory*d.power + p
	for l := range d.stat {
		r := &d.stat[l]
		s, _ := d.sent(n - l)
		var p, c float64
		for b, v := range change(&r.mean, &r.near, &s) {
			p += v * v
			c += v * du[b]
		}
		r.power, r.cov = memory*r.power+p, memory*r.cov+c
	}
}

// change notes levels, and returns by how much each band differs from what it was just now, beyond what all of them do.
func change(mean, near, now *levels) (out levels) {
	all := 0.0
	for b, v := range now {
		mean[b] += (1 - slow) * (v - mean[b])
		near[b] += (1 - fast) * (v - near[b])
		out[b] = v - near[b]
		all += out[b]
	}
	all /= float64(len(out))
	for b := range out {
		out[b] -= all
	}
	return out
}

func (d *Detector) correlation(l int) float64 {
	r := &d.stat[l]
	if r.power <= 0 || d.power <= 0 {
		return 0
	}
	return r.cov / math.Sqrt(r.power*d.power)
}

// believe settles on a delay, or gives one up. Called with mu held.
func (d *Detector) believe() {
	best, most := 0, 0.0
	for l := range d.stat {
		if c := d.correlation(l); c > most {
			best, most = l, c
		}
	}
	// Two sounds that begin together are alike at many delays; only what follows the other in its course is alike at one.
	second := 0.0
	for l := range d.stat {
		if l < best-apart || l > best+apart {
			second = math.Max(second, d.correlation(l))
		}
	}
	enough, gap := sure, peak
	if d.met < few {
		enough, gap = hasty, alone
	}
	if d.met >= many && (d.lag < 0 || best >= d.lag-1 && best <= d.lag+1) {
		enough = firm
	}
	clear := most >= enough && most-second >= gap && d.met >= fewest
	if d.lag >= 0 && d.proof < long { // two who begin to speak within a second look alike for a moment: at first a delay has to be the best by far all the time
		if d.proof++; !clear || best < d.lag-1 || best > d.lag+1 {
			if d.shaky++; d.shaky > 5 {
				d.lag, d.doubt, d.met = -1, 0, 0
			}
		}
	}
	switch {
	case clear && (d.lag < 0 || best < d.lag-1 || best > d.lag+1):
		d.lag, d.doubt, d.proof, d.shaky = best, 0, 0, 0
		for b := range d.gain {
			d.gain[b] = d.mean[b] - d.stat[best].mean[b] + 3 // at first with room
		}
	case d.lag < 0:
	case clear:
		d.doubt = 0
		d.lag = best
	case d.correlation(d.lag) < keep:
		if d.doubt += slot; d.doubt > patient {
			d.lag, d.doubt, d.met = -1, 0, 0
		}
	default:
		d.doubt = 0
	}
}
