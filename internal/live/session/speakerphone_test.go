package session

import (
	"context"
	"fmt"
	"io"
	"math"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"griot/internal/event"
	"griot/internal/live/transport"
	"griot/internal/live/turn"
	"griot/internal/media"
	"griot/internal/media/mediatest"
	"griot/internal/model/tts"
	"griot/internal/model/vad"
	"griot/internal/provider/fake"
)

// speakerphone is a device whose microphone hears its own loudspeaker, and a person.
type speakerphone struct {
	start time.Time
	rate  int
	delay time.Duration
	gain  float64

	mu     sync.Mutex
	room   []int16       // what the microphone hears, from the start of the call
	sounds time.Duration // until when the loudspeaker is busy
	pos    int           // of the microphone
}

func (p *speakerphone) Info() transport.Info {
	return transport.Info{ID: "speakerphone", Kind: "loop", In: media.Mono(p.rate), Out: media.Mono(p.rate), Ahead: 200 * time.Millisecond}
}

// add puts sound into the room.
func (p *speakerphone) add(at time.Duration, pcm []int16, gain float64) {
	from := media.Mono(p.rate).Samples(at)
	for i, v := range pcm {
		if from+i < len(p.room) {
			p.room[from+i] = int16(max(-32768, min(32767, float64(p.room[from+i])+gain*float64(v))))
		}
	}
}

func (p *speakerphone) Play(_ context.Context, _ event.Gen, f media.Frame) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	at := max(p.sounds, time.Since(p.start))
	p.sounds = at + f.Duration()
	for _, tap := range []struct {
		at   time.Duration
		gain float64
	}{{0, 0.85}, {11 * time.Millisecond, 0.4}, {31 * time.Millisecond, -0.25}, {70 * time.Millisecond, 0.12}} {
		p.add(at+p.delay+tap.at, f.PCM, p.gain*tap.gain)
	}
	return nil
}

func (p *speakerphone) Recv(ctx context.Context, in *transport.Inbound) error {
	size := media.Mono(p.rate).Samples(media.FrameTime)
	due := time.NewTimer(time.Until(p.start.Add(media.Mono(p.rate).Duration(p.pos + size))))
	defer due.Stop()
	select {
	case <-due.C:
	case <-ctx.Done():
		return ctx.Err()
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.pos+size > len(p.room) {
		return io.EOF
	}
	*in = transport.Inbound{Kind: transport.Audio, Frame: media.Frame{Format: media.Mono(p.rate), PCM: append([]int16(nil), p.room[p.pos:p.pos+size]...)}}
	p.pos += size
	return nil
}

func (p *speakerphone) Clear(context.Context, event.Gen) error { return nil }
func (p *speakerphone) Heard() <-chan transport.Heard          { return nil }
func (p *speakerphone) Close(string) error                     { return nil }

// recorded is a voice that says everything with one recording.
type recorded struct{ pcm []int16 }

func (recorded) Caps() tts.Caps { return tts.Caps{ID: "recorded", Rate: 16000} }
func (r recorded) Open(context.Context, tts.Options) (tts.Stream, error) {
	return &recordedStream{r: r, ended: make(chan struct{})}, nil
}

type recordedStream struct {
	r     recorded
	at    int
	once  sync.Once
	ended chan struct{}
}

func (*recordedStream) Say(context.Context, string) error { return nil }
func (s *recordedStream) End(context.Context) error       { s.once.Do(func() { close(s.ended) }); return nil }
func (s *recordedStream) Close() error                    { s.once.Do(func() { close(s.ended) }); return nil }
func (s *recordedStream) Recv(ctx context.Context) (tts.Chunk, error) {
	select {
	case <-s.ended:
	case <-ctx.Done():
		return tts.Chunk{}, ctx.Err()
	}
	n := min(1600, len(s.r.pcm)-s.at)
	if n == 0 {
		return tts.Chunk{}, io.EOF
	}
	s.at += n
	return tts.Chunk{Frame: media.Frame{Format: media.Mono(16000), PCM: s.r.pcm[s.at-n : s.at]}}, nil
}

// An agent on a loudspeaker speaks for half a minute, and hears itself 6 dB softer: nothing interrupts it and nobody seems to have said anything. Then somebody does.
func TestAgentHearsItself(t *testing.T) {
	was := detectorFor
	detectorFor = func(rate int) (vad.Detector, error) { return vad.New(rate) }
	t.Cleanup(func() { detectorFor = was })
	agent := append(mediatest.Prompt(t, "en", "demo-congrats", 16000), mediatest.Prompt(t, "en", "demo-instruct", 16000)...)
	agent = agent[:min(len(agent), 30*16000)]
	for _, rate := range []int{8000, 16000} {
		question := mediatest.Prompt(t, "fr", "vm-nobodyavail", rate)
		for _, delay := range []time.Duration{50, 140, 260, 400} {
			t.Run(fmt.Sprint(rate, delay), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					length := media.Mono(16000).Duration(len(agent))
					p := &speakerphone{start: time.Now(), rate: rate, delay: delay * time.Millisecond, gain: math.Pow(10, -6.0/20), room: make([]int16, 60*rate)}
					// A person of the same loudness as what comes back, and soft noise all the time.
					asks := length - 8*time.Second
					p.add(0, mediatest.Noise(mediatest.Pink, 60*time.Second, rate, 5), 0.02)
					p.add(asks, mediatest.Gain(question, mediatest.SpeechLevel(agent)-mediatest.SpeechLevel(question)), 1)
					plan := Plan{ID: "speakerphone", Tenant: "default", Agent: "test", Lang: "en", Greeting: "a long greeting whose words do not matter", Settings: Settings{Turn: turn.Defaults()},
						Phrases: Phrases{NotUnderstood: "Sorry?"},
						Models: Models{TTS: recorded{agent}, LLM: fake.NewLLM(fake.Answer{Text: "Yes?"}),
							STT: fake.NewSTT(fake.STTOptions{}, fake.Utterance{Text: "I have a question for you", Partials: []fake.PartialText{{At: 300 * time.Millisecond, Text: "I have a question"}}})}}
					plan.Settings.Turn.Lang = "en"
					s := &stage{t: t, start: p.start}
					sess := New(plan, p, s)
					ctx, cancel := context.WithTimeout(t.Context(), asks+6*time.Second)
					defer cancel()
					require.NoError(t, sess.Run(ctx))
					at := func(name string) (out []time.Duration) {
						for _, e := range s.events(name) {
							out = append(out, e.At.Sub(p.start))
						}
						return out
					}
					started := at("speech.started")
					require.NotEmpty(t, started, "the person is heard over the agent")
					require.InDelta(t, (asks + 600*time.Millisecond).Seconds(), started[0].Seconds(), 0.7, "and nobody before:\n%s", s.story())
					require.Len(t, s.events("user.spoke"), 1)
					require.Equal(t, "I have a question for you", s.events("user.spoke")[0].Body.(event.UserSpoke).Text)
					notes := s.events("notice")
					require.Len(t, notes, 1)
					require.Equal(t, "echo", notes[0].Body.(event.Notice).Code)
				})
			})
		}
	}
}
