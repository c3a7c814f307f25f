package media

import (
	"crypto/sha256"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
)

// Random bytes drive the predictor and the scale through all their limits: nothing may overflow, and a reset must forget everything.
func TestG722SurvivesAnything(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 1))
	code := make([]byte, 100000)
	for i := range code {
		code[i] = byte(random.Uint32())
	}
	d := NewG722Decoder()
	first := d.Decode(nil, code)
	require.Len(t, first, 2*len(code))
	// Another implementation decodes these bytes to the same samples, bit for bit.
	require.Equal(t, "1f58e4bd9bac79a1ce94492765c2d9fa5c32ee9eecca1de97688f91991cc2cfe",
		fmt.Sprintf("%x", sha256.Sum256(EncodePCM(nil, first))))
	d.Reset()
	var pieces []int16
	for i := 0; i < len(code); i += 160 {
		pieces = d.Decode(pieces, code[i:i+160])
	}
	require.Equal(t, first, pieces)
}

func BenchmarkG722Decoder(b *testing.B) {
	d := NewG722Decoder()
	code := make([]byte, 160)
	for i := range code {
		code[i] = byte(i * 37)
	}
	out := make([]int16, 0, 320)
	b.ReportAllocs()
	for b.Loop() {
		out = d.Decode(out[:0], code)
	}
}
