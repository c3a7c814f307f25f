package opus

import (
	"math"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"griot/internal/fault"
	"griot/internal/media"
	"griot/internal/media/mediatest"
)

func need(t testing.TB) {
	t.Helper()
	if err := Available(); err != nil {
		if os.Getenv("GRIOT_TEST_SYSTEM") == "1" {
			t.Fatalf("libopus0 must be installed: %v", err)
		}
		t.Skipf("libopus0 is not installed: %v", err)
	}
}

// frames cuts speech into frames of 20 ms.
func frames(d time.Duration, rate int) (out [][]int16) {
	pcm := mediatest.Voice(d, rate)
	for n := rate / 50; len(pcm) >= n; pcm = pcm[n:] {
		out = append(out, pcm[:n])
	}
	return out
}

func energy(pcm []int16) float64 {
	sum := 0.0
	for _, s := range pcm {
		sum += float64(s) * float64(s)
	}
	return math.Sqrt(sum / float64(max(len(pcm), 1)))
}

// likeness is the greatest correlation of two signals over shifts of up to 30 ms.
func likeness(a, b []int16, rate int) float64 {
	best, n := 0.0, min(len(a), len(b))-rate*30/1000
	for shift := range rate * 30 / 1000 {
		var ab, aa, bb float64
		for i := range n {
			x, y := float64(a[i]), float64(b[i+shift])
			ab, aa, bb = ab+x*y, aa+x*x, bb+y*y
		}
		best = max(best, ab/math.Sqrt(aa*bb+1))
	}
	return best
}

// Speech survives the way there and back at every rate.
func TestSpeechComesThrough(t *testing.T) {
	need(t)
	require.Regexp(t, `^libopus \d`, Version())
	for _, rate := range []int{8000, 16000, 24000, 48000} {
		enc, err := NewEncoder(rate, EncoderOptions{Bitrate: 32000, FEC: true})
		require.NoError(t, err)
		dec, err := NewDecoder(rate)
		require.NoError(t, err)
		var in, out []int16
		packet, pcm := make([]byte, MaxPacket), make([]int16, rate*120/1000)
		bytes := 0
		for _, f := range frames(time.Second, rate) {
			n, err := enc.Encode(f, packet)
			require.NoError(t, err)
			require.Equal(t, media.FrameTime, Duration(packet[:n]))
			bytes += n
			m, err := dec.Decode(packet[:n], pcm)
			require.NoError(t, err)
			require.Equal(t, len(f), m)
			in, out = append(in, f...), append(out, pcm[:m]...)
		}
		require.Less(t, bytes*8, 40000, "about the bit rate that was asked for")
		require.Greater(t, likeness(in, out, rate), 0.85, "%d Hz", rate)
	}
}

// A lost frame is recovered from the copy in the next where there is one, and concealed where there is none.
func TestLossIsRecovered(t *testing.T) {
	need(t)
	const rate = 16000
	enc, err := NewEncoder(rate, EncoderOptions{Bitrate: 24000, FEC: true, Loss: 30})
	require.NoError(t, err)
	var packets [][]byte
	in := frames(time.Second, rate)
	for _, f := range in {
		packet := make([]byte, MaxPacket)
		n, err := enc.Encode(f, packet)
		require.NoError(t, err)
		packets = append(packets, packet[:n])
	}
	play := func(recover bool) (out []int16) {
		dec, err := NewDecoder(rate)
		require.NoError(t, err)
		for i, p := range packets {
			pcm := make([]int16, rate/50)
			switch {
			case i%5 != 4 || i+1 == len(packets):
				_, err = dec.Decode(p, pcm)
			case recover:
				_, err = dec.Recover(packets[i+1], pcm)
			default:
				_, err = dec.Conceal(pcm)
			}
			require.NoError(t, err)
			out = append(out, pcm...)
		}
		return out
	}
	var whole []int16
	for _, f := range in {
		whole = append(whole, f...)
	}
	concealed, recovered := likeness(whole, play(false), rate), likeness(whole, play(true), rate)
	require.Greater(t, recovered, concealed, "the copies are better than a guess")
	require.Greater(t, recovered, 0.8)
	require.Greater(t, energy(play(false)), energy(whole)/2, "a loss is no hole")
}

// With DTX, silence costs next to nothing.
func TestSilenceIsNotSent(t *testing.T) {
	need(t)
	enc, err := NewEncoder(24000, EncoderOptions{DTX: true})
	require.NoError(t, err)
	packet, sent := make([]byte, MaxPacket), 0
	for range 100 {
		n, err := enc.Encode(make([]int16, 480), packet)
		require.NoError(t, err)
		if n > 2 {
			sent++
		}
	}
	require.Less(t, sent, 40)
}

// Nothing is allocated for a frame.
func TestFramesDoNotAllocate(t *testing.T) {
	if raced {
		t.Skip("the race detector allocates")
	}
	need(t)
	enc, err := NewEncoder(24000, EncoderOptions{FEC: true})
	require.NoError(t, err)
	dec, err := NewDecoder(24000)
	require.NoError(t, err)
	in, packet, pcm := mediatest.Voice(media.FrameTime, 24000), make([]byte, MaxPacket), make([]int16, 480)
	var n int
	require.Zero(t, testing.AllocsPerRun(200, func() { n, err = enc.Encode(in, packet) }))
	require.NoError(t, err)
	require.Zero(t, testing.AllocsPerRun(200, func() { _, err = dec.Decode(packet[:n], pcm) }))
	require.NoError(t, err)
	require.Zero(t, testing.AllocsPerRun(200, func() { _, err = dec.Conceal(pcm) }))
	require.NoError(t, err)
}

// What is not possible is a fault, never a crash.
func TestMistakes(t *testing.T) {
	need(t)
	_, err := NewEncoder(44100, EncoderOptions{})
	require.Equal(t, fault.Invalid, fault.KindOf(err))
	_, err = NewEncoder(24000, EncoderOptions{Complexity: 11})
	require.Equal(t, fault.Invalid, fault.KindOf(err))
	_, err = NewDecoder(11025)
	require.Equal(t, fault.Invalid, fault.KindOf(err))

	enc, err := NewEncoder(24000, EncoderOptions{})
	require.NoError(t, err)
	_, err = enc.Encode(make([]int16, 100), make([]byte, MaxPacket))
	require.Equal(t, "opus_argument", fault.CodeOf(err), "100 samples are no frame")
	_, err = enc.Encode(nil, make([]byte, MaxPacket))
	require.Equal(t, "opus_argument", fault.CodeOf(err))
	require.Equal(t, "opus_argument", fault.CodeOf(enc.SetLoss(101)))
	enc.Reset()

	dec, err := NewDecoder(24000)
	require.NoError(t, err)
	_, err = dec.Decode([]byte{0xff}, make([]int16, 480))
	require.Equal(t, "opus_packet", fault.CodeOf(err))
	_, err = dec.Decode([]byte{0x78, 1, 2, 3}, make([]int16, 10))
	require.Equal(t, "opus_buffer", fault.CodeOf(err))
	_, err = dec.Decode(nil, make([]int16, 480))
	require.Equal(t, "opus_packet", fault.CodeOf(err))
	_, err = dec.Conceal(nil)
	require.Equal(t, "opus_argument", fault.CodeOf(err))

	_, err = load("libnothing-of-this-name.so.0")
	require.Equal(t, "opus_missing", fault.CodeOf(err))
	require.Equal(t, fault.Unavailable, fault.KindOf(err))
}

func TestDuration(t *testing.T) {
	for _, c := range []struct {
		packet []byte
		want   time.Duration
	}{
		{[]byte{0x08}, 20 * time.Millisecond},     // SILK, one frame of 20 ms
		{[]byte{0x18}, 60 * time.Millisecond},     // SILK, 60 ms
		{[]byte{0x78}, 20 * time.Millisecond},     // hybrid
		{[]byte{0xf9}, 40 * time.Millisecond},     // CELT, two frames
		{[]byte{0xe0}, 2500 * time.Microsecond},   // CELT, 2.5 ms
		{[]byte{0x0b, 6}, 120 * time.Millisecond}, // six frames
		{[]byte{0x0b, 7}, 0},                      // longer than is allowed
		{[]byte{0x0b}, 0}, {nil, 0}, {[]byte{0x0b, 0x80 | 1}, 20 * time.Millisecond},
	} {
		require.Equal(t, c.want, Duration(c.packet), "%x", c.packet)
	}
}

// No packet makes the decoder crash or write beyond its room.
func FuzzDecode(f *testing.F) {
	need(f)
	f.Add([]byte{0x78, 1, 2, 3})
	f.Add([]byte{0x0b, 0x42, 0, 1, 2, 3})
	f.Add([]byte{})
	dec, err := NewDecoder(24000)
	require.NoError(f, err)
	pcm := make([]int16, 24000*120/1000+16)
	f.Fuzz(func(t *testing.T, packet []byte) {
		for i := range 16 {
			pcm[len(pcm)-16+i] = 0x5a5a
		}
		room := pcm[:len(pcm)-16]
		if n, err := dec.Decode(packet, room); err == nil && (n <= 0 || n > len(room)) {
			t.Fatalf("%d samples", n)
		}
		_, _ = dec.Recover(packet, room[:480])
		for i := range 16 {
			if pcm[len(pcm)-16+i] != 0x5a5a {
				t.Fatal("written beyond the room")
			}
		}
	})
}

func BenchmarkFrame(b *testing.B) {
	need(b)
	enc, err := NewEncoder(24000, EncoderOptions{Bitrate: 32000, FEC: true})
	require.NoError(b, err)
	dec, err := NewDecoder(24000)
	require.NoError(b, err)
	in, packet, pcm := mediatest.Voice(media.FrameTime, 24000), make([]byte, MaxPacket), make([]int16, 480)
	n, err := enc.Encode(in, packet)
	require.NoError(b, err)
	b.Run("encode", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			_, _ = enc.Encode(in, packet)
		}
	})
	b.Run("decode", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			_, _ = dec.Decode(packet[:n], pcm)
		}
	})
}
