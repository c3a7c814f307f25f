// Package media is arithmetic on audio samples: formats, frames, G.711, resampling, WAV, jitter, levels. It does no
// I/O but reading and writing WAV through an io.Reader or io.Writer, and nothing in it blocks or keeps time.
package media

import "time"

// Format of signed 16-bit interleaved PCM. Rate is in samples per second and channel.
type Format struct{ Rate, Channels int }

// Mono returns the one-channel format of that rate.
func Mono(rate int) Format { return Format{Rate: rate, Channels: 1} }

// Samples returns how many samples (over all channels) d lasts in this format, rounded down.
func (f Format) Samples(d time.Duration) int {
	return int(int64(d) * int64(f.Rate) / int64(time.Second) * int64(f.Channels))
}

// Duration returns how long n samples (over all channels) last.
func (f Format) Duration(n int) time.Duration {
	if f.Rate == 0 || f.Channels == 0 {
		return 0
	}
	return time.Duration(int64(n/f.Channels) * int64(time.Second) / int64(f.Rate))
}

// Frame is a stretch of audio. PTS counts from the start of its own stream.
// Who hands a frame over says how long PCM stays valid; who receives one never writes to it.
type Frame struct {
	Format
	PTS time.Duration
	PCM []int16
}

// Duration returns how long the frame lasts.
func (f Frame) Duration() time.Duration { return f.Format.Duration(len(f.PCM)) }

// FrameTime is the length of the frames that the live path moves.
const FrameTime = 20 * time.Millisecond
