package conversation

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"os"

	"griot/internal/event"
	"griot/internal/fault"
	"griot/internal/media"
)

const wavHeader = 44 // bytes, as media.WAVWriter writes it

// recordingKey is where a conversation's recording is kept.
func recordingKey(sum Summary) string {
	return fmt.Sprintf("%s/recordings/%s.wav", sum.Tenant, sum.ID)
}

// keepRecording copies a recording's working file to where it stays, and looks at its shape on the way. Without a file it returns what an
// earlier attempt kept, or nothing.
func (s *Service) keepRecording(ctx context.Context, sum Summary, path string) (RecordingInfo, Peaks, error) {
	key := recordingKey(sum)
	size, err := repairWAV(path)
	if errors.Is(err, fs.ErrNotExist) {
		return s.keptRecording(ctx, key)
	}
	if err != nil {
		return RecordingInfo{}, Peaks{}, diskFault(err, "mend the recording "+path)
	}
	if size <= wavHeader {
		return RecordingInfo{}, Peaks{}, nil // it broke off before there was any sound
	}
	f, err := os.Open(path)
	if err != nil {
		return RecordingInfo{}, Peaks{}, diskFault(err, "read the recording "+path)
	}
	defer f.Close()
	m := newPeakMeter(size - wavHeader)
	if err := s.blobs.Put(ctx, key, io.TeeReader(f, m)); err != nil {
		return RecordingInfo{}, Peaks{}, fmt.Errorf("keep the recording: %w", err)
	}
	info, peaks := m.result(key, size)
	return info, peaks, nil
}

func (s *Service) keptRecording(ctx context.Context, key string) (RecordingInfo, Peaks, error) {
	f, size, err := s.blobs.Open(ctx, key)
	if fault.KindOf(err) == fault.NotFound {
		return RecordingInfo{}, Peaks{}, nil
	}
	if err != nil {
		return RecordingInfo{}, Peaks{}, fmt.Errorf("look for the recording: %w", err)
	}
	defer f.Close()
	m := newPeakMeter(size - wavHeader)
	if _, err := io.Copy(m, f); err != nil {
		return RecordingInfo{}, Peaks{}, fmt.Errorf("read the recording: %w", err)
	}
	info, peaks := m.result(key, size)
	return info, peaks, nil
}

// repairWAV makes the header of a recording say how long the file is, which it does not after a crash or on a full disk, and cuts off
// a torn last sample. It returns the file's size.
func repairWAV(path string) (int64, error) {
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return 0, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil || info.Size() <= wavHeader {
		return wavHeader, err
	}
	sound := (info.Size() - wavHeader) &^ 3 // two channels of two bytes
	sound = min(sound, math.MaxUint32-wavHeader)
	var have [wavHeader]byte
	if _, err := f.ReadAt(have[:], 0); err != nil {
		return 0, err
	}
	le := binary.LittleEndian
	if wavHeader+sound == info.Size() && le.Uint32(have[40:]) == uint32(sound) {
		return info.Size(), nil
	}
	if err := f.Truncate(wavHeader + sound); err != nil {
		return 0, err
	}
	le.PutUint32(have[4:], uint32(sound+wavHeader-8))
	le.PutUint32(have[40:], uint32(sound))
	if _, err := f.WriteAt(have[:], 0); err != nil {
		return 0, err
	}
	return wavHeader + sound, f.Sync()
}

// peakMeter is given a whole recording and finds the largest amplitudes of its buckets. It never fails.
type peakMeter struct {
	total   int64 // bytes of sound
	at      int64 // bytes of the file so far
	head    [wavHeader]byte
	low     byte // of a sample whose other half has not come
	buckets int
	max     [2][PeakBuckets]int32
}

func newPeakMeter(sound int64) *peakMeter {
	return &peakMeter{total: sound, buckets: int(min(PeakBuckets, max(0, sound/4)))}
}

// Write takes the next bytes of the file.
func (m *peakMeter) Write(p []byte) (int, error) {
	for _, b := range p {
		at := m.at - wavHeader
		m.at++
		if at < 0 {
			m.head[at+wavHeader] = b
		}
		if at < 0 || at >= m.total {
			continue
		}
		if at&1 == 0 {
			m.low = b
			continue
		}
		v := int32(int16(uint16(b)<<8 | uint16(m.low)))
		if v < 0 {
			v = -v
		}
		if i := (at / 4) * int64(m.buckets) / (m.total / 4); i < int64(m.buckets) && v > m.max[at>>1&1][i] {
			m.max[at>>1&1][i] = v
		}
	}
	return len(p), nil
}

func (m *peakMeter) result(key string, size int64) (RecordingInfo, Peaks) {
	d := media.Format{Rate: rateIn(m.head[:]), Channels: 2}.Duration(int(m.total / 2))
	p := Peaks{Duration: event.Ms(d)}
	for i, to := range []*[]float64{&p.Caller, &p.Agent} {
		*to = make([]float64, m.buckets)
		for j := range *to {
			(*to)[j] = math.Round(float64(m.max[i][j])/32768*1000) / 1000
		}
	}
	return RecordingInfo{Key: key, Duration: d, Bytes: size}, p
}

// rateIn reads a recording's rate out of its header. One that says nothing sensible was torn, and has the ordinary one.
func rateIn(head []byte) int {
	if binary.LittleEndian.Uint32(head[24:]) == telephoneRate {
		return telephoneRate
	}
	return recordingRate
}

// reduce returns the peaks in at most n buckets.
func (p Peaks) reduce(n int) Peaks {
	n = min(max(1, n), len(p.Caller))
	if n == len(p.Caller) {
		return p
	}
	out := Peaks{Duration: p.Duration, Caller: make([]float64, n), Agent: make([]float64, n)}
	for i := range p.Caller {
		j := i * n / len(p.Caller)
		out.Caller[j] = max(out.Caller[j], p.Caller[i])
		out.Agent[j] = max(out.Agent[j], p.Agent[i])
	}
	return out
}
