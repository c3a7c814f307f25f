package sip

import (
	"context"
	"encoding/binary"
	"io"
	"net"
	"net/netip"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"griot/internal/event"
	"griot/internal/fault"
	"griot/internal/live/transport"
	"griot/internal/live/transport/sound"
	"griot/internal/media"
	"griot/internal/media/mediatest"
	"griot/internal/media/opus"
)

// agree joins two legs.
func agree(t testing.TB, a, b *Leg) {
	t.Helper()
	answer, err := b.Answer(a.Offer())
	require.NoError(t, err)
	require.NoError(t, a.Accept(answer))
}

// hearer takes what comes to a leg.
type hearer struct {
	l    *Leg
	stop context.CancelFunc
	done chan struct{}
	news chan struct{}

	mu     sync.Mutex
	frames int
	loud   int
	keys   string
	err    error
}

func hear(t testing.TB, l *Leg) *hearer {
	ctx, stop := context.WithCancel(t.Context())
	h := &hearer{l: l, stop: stop, done: make(chan struct{}), news: make(chan struct{}, 1)}
	go func() {
		defer close(h.done)
		var in transport.Inbound
		for {
			err := l.Recv(ctx, &in)
			h.mu.Lock()
			switch {
			case err != nil:
				h.err = err
			case in.Kind == transport.Digit:
				h.keys += string(in.Digit)
			default:
				h.frames++
				if media.Peak(in.Frame.PCM) > 0.03 {
					h.loud++
				}
			}
			h.mu.Unlock()
			select {
			case h.news <- struct{}{}:
			default:
			}
			if err != nil {
				return
			}
		}
	}()
	t.Cleanup(func() { stop(); <-h.done })
	return h
}

// until waits until ok holds of what was heard.
func (h *hearer) until(t testing.TB, what string, ok func(*hearer) bool) {
	t.Helper()
	limit := time.NewTimer(20 * time.Second)
	defer limit.Stop()
	for {
		h.mu.Lock()
		now := ok(h)
		h.mu.Unlock()
		if now {
			return
		}
		select {
		case <-h.news:
		case <-limit.C:
			require.Fail(t, "it never happened", what)
		}
	}
}

// say plays a voice at the pace of playout.
func say(t testing.TB, l *Leg, g event.Gen, frames int) {
	t.Helper()
	f := l.Info().Out
	voice := mediatest.Voice(time.Second, f.Rate)
	n := f.Samples(media.FrameTime)
	tick := time.NewTicker(media.FrameTime)
	defer tick.Stop()
	for i := range frames {
		at := i % 50 * n
		require.NoError(t, l.Play(t.Context(), g, media.Frame{Format: f, PTS: time.Duration(i) * media.FrameTime, PCM: voice[at : at+n]}))
		<-tick.C
	}
}

// Sound and keys go both ways in every codec, sealed or not; what was heard is told, and the far end's reports tell the way there and back.
func TestSoundAndKeys(t *testing.T) {
	for _, k := range []sound.Kind{sound.PCMU, sound.PCMA, sound.Opus} {
		for name, s := range map[string]Security{"plain": Accept, "sealed": Require} {
			t.Run(k.String()+" "+name, func(t *testing.T) {
				if k == sound.Opus && opus.Available() != nil {
					t.Skip("libopus is not installed")
				}
				t.Parallel()
				change := func(o *Options) { o.Security, o.Codecs = s, []sound.Kind{k} }
				a, b := leg(t, change), leg(t, change)
				agree(t, a, b)
				ha, hb := hear(t, a), hear(t, b)
				ok, err := b.SendKeys("1#")
				require.NoError(t, err)
				require.True(t, ok)
				say(t, a, 7, 60)
				hb.until(t, "sound", func(h *hearer) bool { return h.loud >= 50 })
				ha.until(t, "keys", func(h *hearer) bool { return h.keys == "1#" })
				ha.until(t, "silence is sent", func(h *hearer) bool { return h.frames >= 20 })
				require.Zero(t, ha.loud, "keys do not sound")
				limit := time.After(10 * time.Second)
				for upto := time.Duration(0); upto < 1200*time.Millisecond; {
					select {
					case h := <-a.Heard():
						require.Equal(t, event.Gen(7), h.Gen)
						require.Greater(t, h.Upto, upto)
						upto = h.Upto
					case <-limit:
						require.Fail(t, "what was heard is never told")
					}
				}
				ha.until(t, "reports", func(*hearer) bool { return a.Stats().Reports > 0 })
				require.Zero(t, b.Stats().Strangers)
				require.Zero(t, b.Stats().Malformed)
			})
		}
	}
}

// A key press in the middle of the agent's speech comes through, and the speech goes on.
func TestKeysWhileSpeaking(t *testing.T) {
	a, b := leg(t, nil), leg(t, nil)
	agree(t, a, b)
	hear(t, a)
	hb := hear(t, b)
	_, err := a.SendKeys("5")
	require.NoError(t, err)
	say(t, a, 1, 40)
	hb.until(t, "key and sound", func(h *hearer) bool { return h.keys == "5" && h.loud >= 25 })
	_, err = a.SendKeys("0123456789012345678901234567890123456789012345678901234567890123")
	require.NoError(t, err)
	_, err = a.SendKeys("1")
	require.Equal(t, "too_many_digits", fault.CodeOf(err))
}

// On hold nobody is heard, either way, and what is said is not told as heard; a second offer ends it.
func TestHold(t *testing.T) {
	a, b := leg(t, nil), leg(t, nil)
	agree(t, a, b)
	ha, hb := hear(t, a), hear(t, b)
	say(t, a, 1, 5)
	hb.until(t, "sound", func(h *hearer) bool { return h.loud > 0 })
	to := "m=audio " + port(b) + " RTP/AVP 0"
	_, err := a.Answer(offer(to, "a=sendonly"))
	require.NoError(t, err)
	require.True(t, a.Held())
	before := b.Stats().Packets
	say(t, a, 2, 10)
	require.InDelta(t, before, b.Stats().Packets, 2, "nothing is sent to who holds us")
	_, err = a.Answer(offer(to))
	require.NoError(t, err)
	ha.mu.Lock()
	was := ha.frames
	ha.mu.Unlock()
	say(t, a, 3, 10)
	ha.until(t, "sound again", func(h *hearer) bool { return h.frames > was+5 })
	for {
		h := <-a.Heard()
		require.NotEqual(t, event.Gen(2), h.Gen, "what was said on hold was not heard")
		if h.Gen == 3 {
			break
		}
	}
}

func port(l *Leg) string {
	_, p, _ := net.SplitHostPort(l.rtp.LocalAddr().String())
	return p
}

// packet makes one of a stranger, or of the far end.
func packet(pt byte, seq uint16, stamp, ssrc uint32, payload []byte) []byte {
	b := []byte{0x80, pt}
	b = binary.BigEndian.AppendUint16(b, seq)
	b = binary.BigEndian.AppendUint32(b, stamp)
	b = binary.BigEndian.AppendUint32(b, ssrc)
	return append(b, payload...)
}

// Sound from a stranger is refused; that of the far end is taken from whatever port its router gives it, and ours goes there; a second source is not heard while the first is.
func TestStrangers(t *testing.T) {
	loud := media.EncodeULaw(nil, mediatest.Voice(media.FrameTime, 8000))
	far := netip.MustParseAddrPort("127.0.0.1:4000")
	routed := netip.MustParseAddrPort("127.0.0.1:61000")
	stranger := netip.MustParseAddrPort("198.51.100.7:4000")
	l := leg(t, nil)
	_, err := l.Answer(offer("m=audio 4000 RTP/AVP 0 101", "a=rtpmap:101 telephone-event/8000"))
	require.NoError(t, err)
	now := time.Now()
	for i := range 20 {
		l.packet(packet(0, uint16(i), uint32(i)*160, 99, loud), stranger, now)
		l.packet(packet(101, uint16(i), 0, 99, []byte{5, 10, 0, 160}), stranger, now)
	}
	require.Equal(t, 40, l.Stats().Strangers)
	require.Zero(t, l.Stats().Packets)
	require.Empty(t, l.Stats().Remote)
	require.Empty(t, l.keys)

	l.packet(packet(0, 1, 160, 1, loud), routed, now)
	require.Equal(t, routed.String(), l.Stats().Remote)
	require.Equal(t, routed, l.out.to, "sound goes where theirs comes from")
	l.packet(packet(0, 1, 160, 2, loud), far, now.Add(20*time.Millisecond))
	require.Equal(t, routed.String(), l.Stats().Remote)
	require.Equal(t, 41, l.Stats().Strangers)
	l.packet(packet(0, 7, 160, 2, loud), far, now.Add(relatch+time.Millisecond))
	require.Equal(t, far.String(), l.Stats().Remote, "the first has fallen silent")

	for _, odd := range [][]byte{nil, {0x80}, make([]byte, 12), packet(0, 9, 0, 2, nil), packet(18, 9, 0, 2, loud), {0xa0, 0, 0, 9, 0, 0, 0, 0, 0, 0, 0, 2, 255}, {0x90, 0, 0, 9, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 255, 255}} {
		l.packet(odd, far, now)
	}
	require.Equal(t, 7, l.Stats().Malformed)
	require.Equal(t, 2, l.Stats().Packets)

	open := leg(t, func(o *Options) { o.Anywhere = true })
	_, err = open.Answer(offer("m=audio 4000 RTP/AVP 0"))
	require.NoError(t, err)
	open.packet(packet(0, 1, 160, 1, loud), stranger, now)
	require.Equal(t, stranger.String(), open.Stats().Remote)
	require.Zero(t, open.Stats().Strangers)
}

// Sealed sound without the key is nothing, and cannot take the call over.
func TestSealedStrangers(t *testing.T) {
	l := leg(t, nil)
	_, err := l.Answer(offer("m=audio 4000 RTP/SAVP 0", "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:WVNfX19zZW1jdGwgKCkgewkyMjA7fQp9CnVubGVz"))
	require.NoError(t, err)
	l.packet(packet(0, 1, 160, 1, make([]byte, 170)), netip.MustParseAddrPort("127.0.0.1:4000"), time.Now())
	require.Equal(t, 1, l.Stats().Malformed)
	require.Empty(t, l.Stats().Remote)
}

// A far end that falls silent for too long is gone; one that holds us may be silent.
func TestPatience(t *testing.T) {
	l := leg(t, func(o *Options) { o.Patience = 100 * time.Millisecond })
	_, err := l.Answer(offer("m=audio 4000 RTP/AVP 0"))
	require.NoError(t, err)
	var in transport.Inbound
	err = l.Recv(t.Context(), &in)
	require.ErrorIs(t, err, io.EOF)
	var f *fault.Error
	require.ErrorAs(t, err, &f)
	require.Equal(t, "media_lost", f.Code)

	held := leg(t, func(o *Options) { o.Patience = 100 * time.Millisecond })
	_, err = held.Answer(offer("m=audio 4000 RTP/AVP 0", "a=inactive"))
	require.NoError(t, err)
	ctx, cancel := context.WithTimeout(t.Context(), 400*time.Millisecond)
	defer cancel()
	require.ErrorIs(t, held.Recv(ctx, &in), context.DeadlineExceeded)
}

// Another codec in the middle of a call: the leg's own format stays, so that the agent may go on.
func TestAnotherCodec(t *testing.T) {
	if opus.Available() != nil {
		t.Skip("libopus is not installed")
	}
	l := leg(t, func(o *Options) { o.Codecs = []sound.Kind{sound.Opus, sound.PCMU} })
	_, err := l.Answer(offer("m=audio 4000 RTP/AVP 96", "a=rtpmap:96 opus/48000/2"))
	require.NoError(t, err)
	require.Equal(t, 24000, l.Info().Out.Rate)
	_, err = l.Answer(offer("m=audio 4000 RTP/AVP 0"))
	require.NoError(t, err)
	require.Equal(t, 24000, l.Info().Out.Rate)
	require.NoError(t, l.Play(t.Context(), 1, media.Frame{Format: media.Mono(24000), PCM: make([]int16, 480)}))
	l.out.mu.Lock()
	defer l.out.mu.Unlock()
	require.EqualValues(t, 160, l.out.bytes)
}

// Keys: repeated, reordered and lost packets of a press are one key.
func TestKeyPackets(t *testing.T) {
	var k keyIn
	got := ""
	take := func(stamp uint32, event, volume byte, duration uint16) {
		if r, ok := k.take(1, stamp, []byte{event, volume, byte(duration >> 8), byte(duration)}); ok {
			got += string(r)
		}
	}
	for i := range 5 {
		take(1000, 1, 10, uint16(160*(i+1)))
	}
	for range 3 {
		take(1000, 1, 0x8a, 800)
	}
	take(5000, 11, 0x8a, 800) // all but the end is lost
	take(1000, 1, 0x8a, 800)  // overtaken
	take(5000, 11, 0x8a, 800)
	take(9000, 11, 10, 160) // the same key again
	take(12000, 15, 10, 160)
	take(13000, 16, 10, 160) // a hook flash is no key
	_, ok := k.take(1, 1, []byte{1, 2})
	require.False(t, ok)
	require.Equal(t, "1##D", got)
	for in, want := range map[string]string{"1 2-3": "123", "a*#": "A*#"} {
		keys, err := CheckKeys(in)
		require.NoError(t, err)
		require.Equal(t, want, keys)
	}
	for _, bad := range []string{"", "x", "1+2"} {
		_, err := CheckKeys(bad)
		require.Equal(t, "invalid_digits", fault.CodeOf(err))
	}
}

// Losses in the far end's sound are in our reports.
func TestReception(t *testing.T) {
	var r reception
	for i := range 100 {
		if i%4 != 3 {
			r.count(1, uint16(65530+i))
		}
	}
	b := r.block(nil, 7, time.Now())
	require.Len(t, b, 24)
	require.InDelta(t, 64, int(b[4]), 4, "a quarter")
	require.EqualValues(t, 24, binary.BigEndian.Uint32(b[4:])&0xffffff)
	require.EqualValues(t, 65530+98, binary.BigEndian.Uint32(b[8:]), "with the round of the numbers")
	b = r.block(nil, 7, time.Now())
	require.Zero(t, b[4], "nothing since")
}

// In steady state nothing is allocated, from the packet to the frame and from the frame to the packet.
func TestDoesNotAllocate(t *testing.T) {
	if raced {
		t.Skip("the race detector allocates")
	}
	for _, k := range []sound.Kind{sound.PCMU, sound.Opus} {
		if k == sound.Opus && opus.Available() != nil {
			continue
		}
		one := path(t, k, Accept)
		for range 20 {
			one()
		}
		require.Zero(t, testing.AllocsPerRun(200, one), "%v", k)
	}
}

// path is one frame each way: what is played goes out by the kernel, and what came in is pulled.
func path(t testing.TB, k sound.Kind, s Security) func() {
	change := func(o *Options) { o.Codecs, o.Security = []sound.Kind{k}, s }
	a, b := leg(t, change), leg(t, change)
	agree(t, a, b)
	f := a.Info().Out
	voice := mediatest.Voice(media.FrameTime, f.Rate)
	var made []byte
	b.out.mu.Lock()
	enc := b.out.enc
	b.out.mu.Unlock()
	made, err := enc.Encode(make([]byte, 0, opus.MaxPacket), voice, 0)
	require.NoError(t, err)
	in := packet(b.out.pt, 0, 0, 77, made)
	from := a.sdpAddr
	seq, stamp, pts, now := uint16(0), uint32(0), time.Duration(0), time.Now()
	return func() {
		if err := a.out.play(1, media.Frame{Format: f, PTS: pts, PCM: voice}); err != nil {
			t.Fatal(err)
		}
		seq++
		stamp += uint32(k.Clock() / 50)
		pts += media.FrameTime
		now = now.Add(media.FrameTime)
		binary.BigEndian.PutUint16(in[2:], seq)
		binary.BigEndian.PutUint32(in[4:], stamp)
		if s != Require { // the far end's seal is measured by its own packets
			a.packet(in, from, now)
			a.in.Pull()
		}
		a.out.fill(now)
		a.out.acknowledge(now)
	}
}

// BenchmarkFrame is what 20 ms of a call cost, there and back.
func BenchmarkFrame(b *testing.B) {
	for name, c := range map[string]struct {
		k sound.Kind
		s Security
	}{"pcmu": {sound.PCMU, Accept}, "pcmu-srtp-out": {sound.PCMU, Require}, "opus": {sound.Opus, Accept}} {
		b.Run(name, func(b *testing.B) {
			if c.k == sound.Opus && opus.Available() != nil {
				b.Skip("libopus is not installed")
			}
			one := path(b, c.k, c.s)
			one()
			b.ReportAllocs()
			for b.Loop() {
				one()
			}
		})
	}
}
