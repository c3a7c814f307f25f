package media

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"
)

var laws = []struct {
	name   string
	encode func([]byte, []int16) []byte
	decode func([]int16, []byte) []int16
	points map[byte]int16 // from the tables of the recommendation, scaled to 16 bits
	top    int16
}{
	{"µ-law", EncodeULaw, DecodeULaw, map[byte]int16{0xFF: 0, 0x7F: 0, 0x80: 32124, 0x00: -32124, 0xFE: 8, 0x7E: -8, 0x8F: 16764, 0xEF: 132}, 32124},
	{"A-law", EncodeALaw, DecodeALaw, map[byte]int16{0xD5: 8, 0x55: -8, 0xAA: 32256, 0x2A: -32256, 0xD4: 24, 0xC5: 264}, 32256},
}

func TestG711DecodesTheStandardsPoints(t *testing.T) {
	for _, l := range laws {
		for code, want := range l.points {
			require.Equal(t, want, l.decode(nil, []byte{code})[0], "%s %#x", l.name, code)
		}
	}
}

func TestG711CodesSurviveDecodingAndEncoding(t *testing.T) {
	for _, l := range laws {
		for c := range 256 {
			v := l.decode(nil, []byte{byte(c)})
			again := l.decode(nil, l.encode(nil, v))
			require.Equal(t, v, again, "%s %#x", l.name, c)
		}
	}
}

// Every sample must come back as one of the two code values around it, and no step may be wider than the law allows.
func TestG711ErrorIsWithinTheStep(t *testing.T) {
	for _, l := range laws {
		for s := -32768; s <= 32767; s++ {
			got := int(l.decode(nil, l.encode(nil, []int16{int16(s)}))[0])
			limit := math.Max(16, math.Abs(float64(s))/16) // segments double from 16 up to 1/16 of their value
			if abs := max(s, -s); abs > int(l.top) {
				limit = float64(abs-int(l.top)) + 1
			}
			if math.Abs(float64(got-s)) > limit {
				t.Fatalf("%s: %d came back as %d", l.name, s, got)
			}
		}
	}
}

func TestG711IsMonotonic(t *testing.T) {
	for _, l := range laws {
		last := int16(math.MinInt16)
		for s := -32768; s <= 32767; s++ {
			got := l.decode(nil, l.encode(nil, []int16{int16(s)}))[0]
			require.GreaterOrEqual(t, got, last, "%s at %d", l.name, s)
			last = got
		}
	}
}

func TestG711Appends(t *testing.T) {
	require.Equal(t, []byte{1, 0xFF, 0xFF}, EncodeULaw([]byte{1}, []int16{0, 0}))
	require.Equal(t, []int16{7, 8}, DecodeALaw([]int16{7}, []byte{0xD5}))
}

func BenchmarkG711(b *testing.B) {
	pcm := tone(8000, 440, 160)
	code := make([]byte, 0, 160)
	back := make([]int16, 0, 160)
	b.ReportAllocs()
	for b.Loop() {
		code = EncodeULaw(code[:0], pcm)
		back = DecodeULaw(back[:0], code)
		code = EncodeALaw(code[:0], back)
		back = DecodeALaw(back[:0], code)
	}
}

func TestSteadyWorkAllocatesNothing(t *testing.T) {
	pcm := tone(8000, 440, 160)
	code := make([]byte, 0, 160)
	back := make([]int16, 0, 160)
	require.Zero(t, testing.AllocsPerRun(100, func() {
		code = EncodeULaw(code[:0], pcm)
		back = DecodeALaw(back[:0], code)
	}))
	r, err := NewResampler(8000, 48000)
	require.NoError(t, err)
	wide := make([]int16, 0, 2000)
	require.Zero(t, testing.AllocsPerRun(100, func() { wide = r.Process(wide[:0], pcm) }))
	f, err := NewFramer(Mono(8000))
	require.NoError(t, err)
	require.Zero(t, testing.AllocsPerRun(100, func() {
		f.Push(pcm[:77])
		for _, ok := f.Next(); ok; _, ok = f.Next() {
		}
	}))
	j := NewJitterBuffer(2)
	seq := uint16(0)
	require.Zero(t, testing.AllocsPerRun(100, func() {
		j.Push(seq, 0, code)
		seq++
		j.Pop()
	}))
}

// tone returns n samples of a sine at half of full scale.
func tone(rate int, hz float64, n int) []int16 {
	x := make([]int16, n)
	for i := range x {
		x[i] = int16(math.Round(16384 * math.Sin(2*math.Pi*hz*float64(i)/float64(rate))))
	}
	return x
}
