package load

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func TestBucketsHoldWhatTheyPromise(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := time.Duration(rapid.Int64Range(0, int64(time.Minute)).Draw(t, "d"))
		i := bucketOf(d)
		require.LessOrEqual(t, d.Truncate(time.Microsecond), upto(i))
		if i > 0 {
			require.Greater(t, d.Truncate(time.Microsecond), upto(i-1))
		}
		require.LessOrEqual(t, float64(upto(i)), float64(d)*1.04+float64(time.Microsecond))
	})
	require.Equal(t, 0, bucketOf(-time.Second))
	require.Equal(t, buckets-1, bucketOf(1<<62))
}

func TestQuantilesOfAnInterval(t *testing.T) {
	var m Meter
	m.Late(time.Second)
	before := m.Lateness()
	for i := range 100 {
		m.Late(time.Duration(i) * 100 * time.Microsecond)
	}
	got := Between(before, m.Lateness())
	require.InDelta(t, float64(5*time.Millisecond), float64(Quantile(got, 0.5)), float64(200*time.Microsecond))
	require.InDelta(t, float64(9900*time.Microsecond), float64(Quantile(got, 0.99)), float64(300*time.Microsecond))
	require.Equal(t, Quantile(got, 1), got[len(got)-1].Upto)
	require.Zero(t, Quantile(nil, 0.5))
	m.Drop(3)
	require.EqualValues(t, 3, m.Dropped())
}

func TestNilMeter(t *testing.T) {
	var m *Meter
	m.Late(time.Second)
	m.Drop(1)
	require.Zero(t, m.Dropped())
	require.Empty(t, m.Lateness())
}

func BenchmarkLate(b *testing.B) {
	var m Meter
	b.ReportAllocs()
	for b.Loop() {
		m.Late(137 * time.Microsecond)
	}
}

func TestRepairsAreCounted(t *testing.T) {
	var m *Meter
	m.Repair("model", "apologise")
	require.Nil(t, m.Repairs())
	m = &Meter{}
	m.Repair("model", "apologise")
	m.Repair("model", "apologise")
	m.Repair("caller", "resume")
	got := m.Repairs()
	require.Equal(t, map[string]int64{"model: apologise": 2, "caller: resume": 1}, got)
	got["x"] = 1
	require.Len(t, m.Repairs(), 2)
}
