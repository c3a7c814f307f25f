package media

import (
	"fmt"
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"griot/internal/fault"
)

// resample converts x in pieces of odd sizes.
func resample(t testing.TB, from, to int, x []int16) []int16 {
	t.Helper()
	r, err := NewResampler(from, to)
	require.NoError(t, err)
	var out []int16
	for size := 1; len(x) > 0; size = size*7%331 + 1 {
		n := min(size, len(x))
		out = r.Process(out, x[:n])
		x = x[n:]
	}
	return r.Flush(out)
}

// snr returns how far, in dB, a sine of hz with amplitude 16384 and phase 0 lies above everything else in x. The ends are left out.
func snr(x []int16, rate int, hz float64) float64 {
	var signal, noise float64
	for i := len(x) / 4; i < len(x)*3/4; i++ {
		want := 16384 * math.Sin(2*math.Pi*hz*float64(i)/float64(rate))
		signal += want * want
		noise += (float64(x[i]) - want) * (float64(x[i]) - want)
	}
	return 10 * math.Log10(signal/noise)
}

func TestResamplerKeepsWhatBothRatesCanHold(t *testing.T) {
	for _, from := range rates {
		for _, to := range rates {
			nyquist := float64(min(from, to)) / 2
			for _, part := range []float64{0.05, 0.3, 0.85} {
				hz := math.Round(nyquist * part)
				in := tone(from, hz, from/4)
				out := resample(t, from, to, in)
				require.Len(t, out, (from/4*to+from-1)/from)
				// 80 dB is near what rounding to 16 bits leaves of a half-scale sine (92 dB).
				require.Greater(t, snr(out, to, hz), 80.0, "%d to %d Hz, tone of %v Hz", from, to, hz)
			}
		}
	}
}

func TestResamplerDoesNotAlias(t *testing.T) {
	for _, from := range rates {
		for _, to := range rates {
			if to >= from {
				continue
			}
			for hz := float64(to) * 0.54; hz < float64(from)*0.49; hz *= 1.5 {
				out := resample(t, from, to, tone(from, hz, from/8))
				require.Less(t, Level(out[len(out)/4:len(out)*3/4]), float32(-9-80), "%d to %d Hz, tone of %.0f Hz", from, to, hz)
			}
		}
	}
}

func TestResamplerMakesNoImages(t *testing.T) {
	// A tone at the edge of the narrow band must not appear mirrored above it: what is left after taking the tone away is noise.
	out := resample(t, 8000, 48000, tone(8000, 3400, 8000))
	require.Greater(t, snr(out, 48000, 3400), 85.0)
}

func TestResamplerPassesAConstantAndSaturates(t *testing.T) {
	in := make([]int16, 4000)
	for i := range in {
		in[i] = 32767
	}
	for _, to := range []int{16000, 22050, 48000} {
		out := resample(t, 8000, to, in)
		require.InDelta(t, 32767, out[len(out)/2], 1)
	}
	for i := range in { // a full-scale square wave overshoots: it must be limited, not wrapped round
		in[i] = 32767
		if i/20%2 == 1 {
			in[i] = -32768
		}
	}
	out := resample(t, 8000, 48000, in)
	for i := 12000; i < 12120; i++ {
		if i/120%2 == 0 && i%120 > 30 && i%120 < 90 {
			require.Greater(t, out[i], int16(20000))
		}
	}
}

func TestResamplerIsTheSameInAnyPieces(t *testing.T) {
	in := tone(44100, 1234, 44100/3)
	whole, err := NewResampler(44100, 16000)
	require.NoError(t, err)
	want := whole.Flush(whole.Process(nil, in))
	require.Equal(t, want, resample(t, 44100, 16000, in))
	// and again after a reset in the middle
	whole.Process(nil, in[:777])
	whole.Reset()
	require.Equal(t, want, whole.Flush(whole.Process(nil, in)))
	require.Empty(t, whole.Flush(nil), "nothing is left")
}

func TestResamplerLag(t *testing.T) {
	r, err := NewResampler(8000, 16000)
	require.NoError(t, err)
	got := len(r.Process(nil, make([]int16, 160)))
	require.Equal(t, 2*(160-32), got)
	require.Len(t, r.Process(nil, make([]int16, 160)), 320)
}

func TestResamplerRefusesOtherRates(t *testing.T) {
	for _, pair := range [][2]int{{0, 8000}, {8000, 11025}, {-8000, 8000}} {
		_, err := NewResampler(pair[0], pair[1])
		require.Equal(t, fault.Invalid, fault.KindOf(err))
	}
}

func BenchmarkResampler(b *testing.B) {
	for _, pair := range [][2]int{{8000, 16000}, {16000, 8000}, {24000, 16000}, {16000, 24000}, {48000, 16000}, {44100, 16000}} {
		b.Run(fmt.Sprintf("%d-%d", pair[0], pair[1]), func(b *testing.B) {
			r, err := NewResampler(pair[0], pair[1])
			require.NoError(b, err)
			in := tone(pair[0], 440, pair[0]/50)
			out := make([]int16, 0, 2000)
			b.ReportAllocs()
			for b.Loop() {
				out = r.Process(out[:0], in)
			}
		})
	}
}
