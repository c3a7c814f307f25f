package media

import (
	"math"
	"slices"
	"sync"

	"griot/internal/fault"
)

// Rates are the sample rates, in Hz, that a Resampler converts between.
var rates = []int{8000, 16000, 22050, 24000, 44100, 48000}

const (
	zeroCrossings = 32   // of the windowed sinc, on each side
	kaiserBeta    = 9    // about 90 dB of stop band
	passBand      = 0.95 // cut-off as a part of the lower of the two Nyquist frequencies
)

// Resampler converts a stream of mono samples from one rate to another with a polyphase filter (a sinc under a Kaiser window). What
// it returns lags behind its input by the filter's half length, 32 samples of the lower rate (4 ms at 8 kHz); Flush delivers the
// rest. Output sample k belongs to the input's time k/to, so nothing is shifted. It is for one goroutine.
type Resampler struct {
	bank *filterBank // nil when the rates are equal
	hist []float32   // input that is still under the filter
	at   int         // position in hist of the newest input left of the next output
	frac int         // the next output lies frac/up of an input sample to the right of it
	in   int64       // samples taken
	out  int64       // samples returned
}

// NewResampler returns a resampler between two of the rates 8000, 16000, 22050, 24000, 44100 and 48000 Hz; other rates are a
// fault.Invalid. Equal rates are passed through.
func NewResampler(from, to int) (*Resampler, error) {
	for _, r := range [2]int{from, to} {
		if !slices.Contains(rates, r) {
			return nil, fault.New(fault.Invalid, "sample_rate", "cannot convert audio from %d Hz to %d Hz: the rates are %v", from, to, rates)
		}
	}
	r := &Resampler{}
	if from != to {
		r.bank = bankFor(from, to)
	}
	r.Reset()
	return r, nil
}

// Reset forgets the stream so far.
func (r *Resampler) Reset() {
	r.in, r.out, r.frac = 0, 0, 0
	if r.bank == nil {
		return
	}
	// The stream is preceded by silence as long as the left half of the filter.
	var quiet []float32
	r.hist, quiet = grow(r.hist[:0], r.bank.half-1)
	clear(quiet)
	r.at = r.bank.half - 1
}

// Process takes src, appends to dst every output sample that can be computed from the input so far, and returns the extended slice.
// It allocates only when dst, or its own buffer on a larger piece than before, has no room.
func (r *Resampler) Process(dst, src []int16) []int16 {
	r.in += int64(len(src))
	if r.bank == nil {
		r.out += int64(len(src))
		return append(dst, src...)
	}
	var fresh []float32
	r.hist, fresh = grow(r.hist, len(src))
	for i, s := range src {
		fresh[i] = float32(s)
	}
	return r.run(dst, math.MaxInt64)
}

// Flush appends the output that is still due, as if silence followed, and resets the stream. Over a whole stream of n samples the
// output has n·to/from samples, rounded up.
func (r *Resampler) Flush(dst []int16) []int16 {
	if r.bank != nil && r.in > 0 {
		var quiet []float32
		r.hist, quiet = grow(r.hist, r.bank.half)
		clear(quiet)
		up, down := int64(r.bank.up), int64(r.bank.down)
		dst = r.run(dst, (r.in*up+down-1)/down-r.out)
	}
	r.Reset()
	return dst
}

// run computes at most limit outputs from hist, then drops the input that no later output needs.
func (r *Resampler) run(dst []int16, limit int64) []int16 {
	b := r.bank
	whole, part := b.down/b.up, b.down%b.up
	// An output between hist[at] and hist[at+1] needs half samples on either side.
	for last := len(r.hist) - b.half - 1; r.at <= last && limit > 0; limit-- {
		first := r.at - b.half + 1
		dst = append(dst, round(Dot(r.hist[first:first+2*b.half], b.taps[r.frac*2*b.half:(r.frac+1)*2*b.half])))
		r.out++
		r.at += whole
		if r.frac += part; r.frac >= b.up {
			r.frac -= b.up
			r.at++
		}
	}
	if drop := min(r.at-b.half+1, len(r.hist)); drop > 0 {
		n := copy(r.hist, r.hist[drop:])
		r.hist = r.hist[:n]
		r.at -= drop
	}
	return dst
}

// filterBank is the filter sampled at every position that an output can take between two inputs. It is never changed.
type filterBank struct {
	up, down int       // the ratio of the rates in lowest terms
	half     int       // taps on each side
	taps     []float32 // up rows of 2·half
}

// banks holds each ratio's bank once: there are at most 30, of about 30,000 taps each.
var banks sync.Map // [2]int → *filterBank

func bankFor(from, to int) *filterBank {
	g := gcd(from, to)
	key := [2]int{to / g, from / g}
	if b, ok := banks.Load(key); ok {
		return b.(*filterBank)
	}
	b, _ := banks.LoadOrStore(key, newFilterBank(key[0], key[1]))
	return b.(*filterBank)
}

func newFilterBank(up, down int) *filterBank {
	scale := min(1, float64(up)/float64(down)) // of the cut-off when the output's rate is the lower one
	width := zeroCrossings / scale
	b := &filterBank{up: up, down: down, half: int(math.Ceil(width))}
	b.taps = make([]float32, up*2*b.half)
	norm := besselI0(kaiserBeta)
	row := make([]float64, 2*b.half)
	for p := range up {
		sum := 0.0
		for j := range row {
			t := float64(j-b.half+1) - float64(p)/float64(up) // distance of the tap from the output, input samples
			row[j] = 0
			if x := t / width; math.Abs(x) < 1 {
				row[j] = sinc(passBand*scale*t) * besselI0(kaiserBeta*math.Sqrt(1-x*x)) / norm
			}
			sum += row[j]
		}
		for j, v := range row { // every row passes a constant unchanged
			b.taps[p*2*b.half+j] = float32(v / sum)
		}
	}
	return b
}

func sinc(x float64) float64 {
	if x == 0 {
		return 1
	}
	return math.Sin(math.Pi*x) / (math.Pi * x)
}

// besselI0 is the modified Bessel function of the first kind and order 0, by its power series.
func besselI0(x float64) float64 {
	sum, term := 1.0, 1.0
	for k := 1.0; term > sum*1e-12; k++ {
		term *= x * x / (4 * k * k)
		sum += term
	}
	return sum
}

func gcd(a, b int) int {
	for b != 0 {
		a, b = b, a%b
	}
	return a
}
