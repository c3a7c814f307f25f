package media

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestDotOfEveryLength(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	for n := range 200 {
		a, b := make([]float32, n), make([]float32, n+3)
		want, size := 0.0, 0.0
		for i := range b {
			b[i] = float32(rnd.NormFloat64())
		}
		for i := range a {
			a[i] = float32(rnd.NormFloat64())
			want += float64(a[i]) * float64(b[i])
			size += math.Abs(float64(a[i]) * float64(b[i]))
		}
		require.InDelta(t, want, float64(Dot(a, b)), 1e-6*size+1e-9, "%d values", n)
	}
	require.Panics(t, func() { Dot(make([]float32, 4), make([]float32, 3)) })
}

func BenchmarkDot(b *testing.B) {
	x, y := make([]float32, 64), make([]float32, 64)
	b.ReportAllocs()
	for b.Loop() {
		Dot(x, y)
	}
}
