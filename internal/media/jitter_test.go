package media

import (
	"encoding/binary"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func payload(seq uint16) []byte { return binary.BigEndian.AppendUint16(nil, seq) }

func seqOf(b []byte) uint16 { return binary.BigEndian.Uint16(b) }

func TestJitterBufferPutsPacketsInOrder(t *testing.T) {
	j := NewJitterBuffer(3)
	start := uint16(65533) // wraps round
	_, r := j.Pop()
	require.Equal(t, JitterWait, r)
	for i, k := range []uint16{1, 0, 2, 2, 4, 3} { // swapped, doubled
		j.Push(start+k, time.Duration(i)*FrameTime, payload(start+k))
	}
	for k := range uint16(5) {
		b, r := j.Pop()
		require.Equal(t, JitterPacket, r, "packet %d", k)
		require.Equal(t, start+k, seqOf(b))
	}
	_, r = j.Pop()
	require.Equal(t, JitterWait, r)
	require.Equal(t, JitterStats{Played: 5, Duplicate: 1}, j.Stats())
}

func TestJitterBufferReportsLostAndLate(t *testing.T) {
	j := NewJitterBuffer(1)
	at := func(seq uint16) time.Duration { return time.Duration(seq) * FrameTime }
	j.Push(0, at(0), payload(0))
	_, r := j.Pop()
	require.Equal(t, JitterPacket, r)
	j.Push(2, at(2), payload(2))
	j.Push(3, at(3), payload(3))
	_, r = j.Pop()
	require.Equal(t, JitterLost, r)
	j.Push(1, at(3), payload(1))
	b, r := j.Pop()
	require.Equal(t, JitterPacket, r)
	require.Equal(t, uint16(2), seqOf(b))
	require.Equal(t, JitterStats{Played: 2, Lost: 1, Late: 1}, j.Stats())
}

func TestJitterBufferTargetFollowsTheNetwork(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	j := NewJitterBuffer(2)
	run := func(from, packets int, spread time.Duration) {
		type arrival struct {
			seq uint16
			at  time.Duration
		}
		var net []arrival
		for i := range packets {
			d := time.Duration(0)
			if spread > 0 {
				d = time.Duration(random.Int64N(int64(spread)))
			}
			net = append(net, arrival{uint16(from + i), time.Duration(from+i)*FrameTime + d})
		}
		for i := range packets {
			now := time.Duration(from+i+1) * FrameTime
			for k, a := range net {
				if a.at >= 0 && a.at <= now {
					j.Push(a.seq, a.at, payload(a.seq))
					net[k].at = -1
				}
			}
			j.Pop()
		}
	}
	run(0, 300, 0)
	require.Equal(t, 2, j.Target())
	before := j.Stats()
	require.Zero(t, before.Lost+before.Late)

	run(300, 1000, 90*time.Millisecond)
	require.GreaterOrEqual(t, j.Target(), 4)
	noisy := j.Stats()
	require.Less(t, noisy.Late, 30, "it must learn within a few packets")

	run(1300, 1500, 0)
	require.Equal(t, 2, j.Target())
	require.LessOrEqual(t, j.Depth(), 3, "the delay must come down again")
}

func TestJitterBufferIsBounded(t *testing.T) {
	j := NewJitterBuffer(2)
	for i := range 1000 {
		j.Push(uint16(i), 0, payload(uint16(i)))
	}
	require.LessOrEqual(t, j.Depth(), jitterSlots)
	b, r := j.Pop()
	require.Equal(t, JitterPacket, r)
	require.Greater(t, seqOf(b), uint16(900))
	s := j.Stats()
	require.Equal(t, 1000, s.Played+s.Discarded+j.Depth())

	// A new stream: the sequence number jumps.
	j.Push(40000, time.Second, payload(40000))
	j.Push(40001, time.Second+FrameTime, payload(40001))
	b, r = j.Pop()
	require.Equal(t, JitterPacket, r)
	require.Equal(t, uint16(40000), seqOf(b))
}

// Whatever arrives, packets come out in order, at most once, and every one is accounted for.
func TestJitterBufferAccountsForEverything(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	for range 50 {
		j := NewJitterBuffer(1 + random.IntN(5))
		pushed, last := 0, int16(-1)
		for i := range 500 {
			for range random.IntN(3) {
				seq := uint16(max(0, i+random.IntN(20)-10))
				j.Push(seq, time.Duration(i)*FrameTime, payload(seq))
				pushed++
			}
			if b, r := j.Pop(); r == JitterPacket {
				require.Greater(t, int16(seqOf(b)), last)
				last = int16(seqOf(b))
			}
		}
		s := j.Stats()
		require.Equal(t, pushed, s.Played+s.Late+s.Duplicate+s.Discarded+j.Depth())
	}
}
