package media

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"griot/internal/fault"
)

// riff builds a file out of chunks given as name, declared length, content.
func riff(chunks ...any) []byte {
	b := []byte("RIFF\x00\x00\x00\x00WAVE")
	for i := 0; i < len(chunks); i += 3 {
		b = append(b, chunks[i].(string)...)
		b = binary.LittleEndian.AppendUint32(b, uint32(chunks[i+1].(int)))
		b = append(b, chunks[i+2].([]byte)...)
	}
	return b
}

func fmtChunk(encoding, channels, rate, bits int, extra ...byte) []byte {
	le := binary.LittleEndian
	b := le.AppendUint16(nil, uint16(encoding))
	b = le.AppendUint16(b, uint16(channels))
	b = le.AppendUint32(b, uint32(rate))
	b = le.AppendUint32(b, uint32(rate*channels*bits/8))
	b = le.AppendUint16(b, uint16(channels*bits/8))
	return append(le.AppendUint16(b, uint16(bits)), extra...)
}

func TestReadWAV(t *testing.T) {
	pcm16 := EncodePCM(nil, []int16{1, -2, 3, -4})
	extension := append([]byte{22, 0, 16, 0, 4, 0, 0, 0, 1, 0}, make([]byte, 14)...)
	for name, c := range map[string]struct {
		file   []byte
		format Format
		pcm    []int16
	}{
		"plain":              {riff("fmt ", 16, fmtChunk(1, 1, 8000, 16), "data", 8, pcm16), Mono(8000), []int16{1, -2, 3, -4}},
		"odd chunks first":   {riff("LIST", 3, []byte("abc\x00"), "fmt ", 16, fmtChunk(1, 2, 44100, 16), "fact", 4, make([]byte, 4), "data", 8, pcm16), Format{44100, 2}, []int16{1, -2, 3, -4}},
		"length zero":        {riff("fmt ", 16, fmtChunk(1, 1, 8000, 16), "data", 0, pcm16), Mono(8000), []int16{1, -2, 3, -4}},
		"length unknown":     {riff("fmt ", 16, fmtChunk(1, 1, 8000, 16), "data", 0xFFFFFFFF, pcm16), Mono(8000), []int16{1, -2, 3, -4}},
		"cut short":          {riff("fmt ", 16, fmtChunk(1, 1, 8000, 16), "data", 8, pcm16[:5]), Mono(8000), []int16{1, -2}},
		"more after":         {riff("fmt ", 16, fmtChunk(1, 1, 8000, 16), "data", 4, pcm16[:4], "LIST", 2, []byte("ab")), Mono(8000), []int16{1, -2}},
		"torn stereo sample": {riff("fmt ", 16, fmtChunk(1, 2, 8000, 16), "data", 0, pcm16[:6]), Format{8000, 2}, []int16{1, -2}},
		"8 bits":             {riff("fmt ", 16, fmtChunk(1, 1, 8000, 8), "data", 3, []byte{0, 128, 255}), Mono(8000), []int16{-32768, 0, 127 << 8}},
		"µ-law":              {riff("fmt ", 18, fmtChunk(7, 1, 8000, 8, 0, 0), "data", 2, []byte{0x80, 0xFF}), Mono(8000), []int16{32124, 0}},
		"A-law":              {riff("fmt ", 18, fmtChunk(6, 1, 8000, 8, 0, 0), "data", 2, []byte{0xD5, 0x55}), Mono(8000), []int16{8, -8}},
		"extensible":         {riff("fmt ", 40, fmtChunk(0xFFFE, 1, 16000, 16, extension...), "data", 8, pcm16), Mono(16000), []int16{1, -2, 3, -4}},
		"no sound":           {riff("fmt ", 16, fmtChunk(1, 1, 8000, 16), "data", 0, []byte{}), Mono(8000), []int16{}},
	} {
		t.Run(name, func(t *testing.T) {
			f, pcm, err := ReadWAV(bytes.NewReader(c.file))
			require.NoError(t, err)
			require.Equal(t, c.format, f)
			require.Equal(t, c.pcm, pcm)
		})
	}
}

func TestReadWAVRefusesGarbage(t *testing.T) {
	good := riff("fmt ", 16, fmtChunk(1, 1, 8000, 16), "data", 8, make([]byte, 8))
	for name, c := range map[string]struct {
		file []byte
		code string
	}{
		"empty":           {nil, "wav_malformed"},
		"text":            {[]byte("hello, this is not sound"), "wav_malformed"},
		"another RIFF":    {append([]byte("RIFF\x00\x00\x00\x00AVI "), good[12:]...), "wav_malformed"},
		"no data":         {good[:36], "wav_malformed"},
		"ends in format":  {good[:30], "wav_malformed"},
		"data first":      {riff("data", 4, make([]byte, 4), "fmt ", 16, fmtChunk(1, 1, 8000, 16)), "wav_malformed"},
		"tiny format":     {riff("fmt ", 4, make([]byte, 4)), "wav_malformed"},
		"endless chunk":   {riff("LIST", 0x7FFFFFFF, []byte("x")), "wav_malformed"},
		"float":           {riff("fmt ", 16, fmtChunk(3, 1, 8000, 32), "data", 4, make([]byte, 4)), "wav_unsupported"},
		"24 bits":         {riff("fmt ", 16, fmtChunk(1, 1, 8000, 24), "data", 4, make([]byte, 4)), "wav_unsupported"},
		"no channels":     {riff("fmt ", 16, fmtChunk(1, 0, 8000, 16), "data", 4, make([]byte, 4)), "wav_unsupported"},
		"rate 0":          {riff("fmt ", 16, fmtChunk(1, 1, 0, 16), "data", 4, make([]byte, 4)), "wav_unsupported"},
		"10,000 channels": {riff("fmt ", 16, fmtChunk(1, 10000, 8000, 16), "data", 4, make([]byte, 4)), "wav_unsupported"},
	} {
		t.Run(name, func(t *testing.T) {
			_, _, err := ReadWAV(bytes.NewReader(c.file))
			require.Error(t, err)
			require.Equal(t, fault.Invalid, fault.KindOf(err))
			require.Equal(t, c.code, fault.CodeOf(err))
		})
	}
	_, _, err := readWAV(io.MultiReader(bytes.NewReader(riff("fmt ", 16, fmtChunk(1, 1, 8000, 16), "data", 0, []byte{})), zeros{}), 1<<20)
	require.Equal(t, "wav_too_long", fault.CodeOf(err))
}

// zeros never ends.
type zeros struct{}

func (zeros) Read(b []byte) (int, error) { clear(b); return len(b), nil }

func FuzzReadWAV(f *testing.F) {
	f.Add(riff("fmt ", 16, fmtChunk(1, 1, 8000, 16), "data", 8, make([]byte, 8)))
	f.Add(riff("LIST", 3, []byte("abc\x00"), "fmt ", 18, fmtChunk(7, 2, 8000, 8, 0, 0), "data", -1, make([]byte, 9)))
	f.Fuzz(func(t *testing.T, file []byte) {
		format, pcm, err := ReadWAV(bytes.NewReader(file))
		if err == nil && (format.Rate <= 0 || format.Channels <= 0 || len(pcm)%format.Channels != 0) {
			t.Fatalf("accepted %v with %d samples", format, len(pcm))
		}
	})
}

func TestWAVWriter(t *testing.T) {
	file, err := os.Create(filepath.Join(t.TempDir(), "a.wav"))
	require.NoError(t, err)
	defer file.Close()
	f := Format{Rate: 16000, Channels: 2}
	w, err := NewWAVWriter(file, f)
	require.NoError(t, err)
	want := tone(16000, 300, 32000)
	for i := 0; i < len(want); i += 640 {
		require.NoError(t, w.Write(want[i:i+640]))
	}
	require.Equal(t, time.Second, w.Duration())

	// A reader that comes before Close sees what was flushed.
	require.NoError(t, w.Flush())
	open, err := os.ReadFile(file.Name())
	require.NoError(t, err)
	_, got, err := ReadWAV(bytes.NewReader(open))
	require.NoError(t, err)
	require.Equal(t, want, got)

	require.NoError(t, w.Close())
	require.NoError(t, w.Close())
	require.Equal(t, fault.Conflict, fault.KindOf(w.Write(want)))
	closed, err := os.ReadFile(file.Name())
	require.NoError(t, err)
	require.Equal(t, uint32(64000), binary.LittleEndian.Uint32(closed[40:]))
	require.Equal(t, uint32(64036), binary.LittleEndian.Uint32(closed[4:]))

	var whole bytes.Buffer
	require.NoError(t, WriteWAV(&whole, f, want))
	require.Equal(t, closed, whole.Bytes())
}

func TestWAVWriterReportsErrors(t *testing.T) {
	_, err := NewWAVWriter(nil, Format{})
	require.Equal(t, fault.Invalid, fault.KindOf(err))
	require.Equal(t, fault.Invalid, fault.KindOf(WriteWAV(nil, Format{Rate: 8000}, nil)))

	w, err := NewWAVWriter(&fullDisk{room: 20000}, Mono(8000))
	require.NoError(t, err)
	require.NoError(t, w.Write(make([]int16, 8192)))
	err = w.Write(make([]int16, 8192))
	require.ErrorIs(t, err, errFull)
	require.ErrorIs(t, w.Close(), errFull)
}

var errFull = errors.New("no space left")

type fullDisk struct{ room int }

func (d *fullDisk) Write(b []byte) (int, error) {
	if d.room < len(b) {
		return 0, errFull
	}
	d.room -= len(b)
	return len(b), nil
}

func (d *fullDisk) Seek(int64, int) (int64, error) { return 0, nil }
