package media

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"time"

	"griot/internal/fault"
)

// The encodings of WAVE files that we read, by their number in the "fmt " chunk.
const (
	wavPCM        = 1
	wavALaw       = 6
	wavULaw       = 7
	wavExtensible = 0xFFFE // the number is in the chunk's extension
)

// maxWAVBytes bounds the sound that ReadWAV takes into memory: 70 minutes of 16-bit mono at 16 kHz.
const maxWAVBytes = 128 << 20

// unknownLength stands for a length in a header that was written before the length was known.
const unknownLength = math.MaxUint32

// ReadWAV reads a whole WAVE file: 16-bit and 8-bit PCM, µ-law and A-law, any rate, up to 8 channels. It skips chunks that it
// does not know, and takes a data chunk whose length is 0, 0xFFFFFFFF or more than there is to last until the end of the stream. What
// is not such a file is a fault.Invalid with code "wav_malformed", "wav_unsupported" or "wav_too_long"; errors of r come back wrapped.
func ReadWAV(r io.Reader) (Format, []int16, error) { return readWAV(r, maxWAVBytes) }

func readWAV(r io.Reader, most int64) (Format, []int16, error) {
	var head [12]byte
	if err := readHeader(r, head[:], "file header"); err != nil {
		return Format{}, nil, err
	}
	if string(head[:4]) != "RIFF" || string(head[8:]) != "WAVE" {
		return Format{}, nil, fault.New(fault.Invalid, "wav_malformed", "not a WAVE file: it begins with %q", head[:])
	}
	var (
		f        Format
		encoding int
	)
	for {
		var ch [8]byte
		if err := readHeader(r, ch[:], "chunk header before any sound"); err != nil {
			return Format{}, nil, err
		}
		size := binary.LittleEndian.Uint32(ch[4:])
		switch string(ch[:4]) {
		case "fmt ":
			var err error
			if f, encoding, err = readWAVFormat(r, size); err != nil {
				return Format{}, nil, err
			}
		case "data":
			if f.Rate == 0 {
				return Format{}, nil, fault.New(fault.Invalid, "wav_malformed", "malformed WAVE file: its sound comes before its format")
			}
			pcm, err := readWAVData(r, f, encoding, size, most)
			return f, pcm, err
		default:
			if err := skip(r, int64(size)+int64(size&1)); err != nil {
				return Format{}, nil, err
			}
		}
	}
}

// readHeader fills b. A stream that ends inside is malformed.
func readHeader(r io.Reader, b []byte, what string) error {
	_, err := io.ReadFull(r, b)
	if err == io.EOF || errors.Is(err, io.ErrUnexpectedEOF) {
		return fault.New(fault.Invalid, "wav_malformed", "malformed WAVE file: it ends in the %s", what)
	}
	if err != nil {
		return fmt.Errorf("read WAVE %s: %w", what, err)
	}
	return nil
}

func skip(r io.Reader, n int64) error {
	m, err := io.CopyN(io.Discard, r, n)
	if errors.Is(err, io.EOF) {
		return fault.New(fault.Invalid, "wav_malformed", "malformed WAVE file: it ends %d bytes into a chunk of %d, before any sound", m, n)
	}
	if err != nil {
		return fmt.Errorf("skip a WAVE chunk: %w", err)
	}
	return nil
}

func readWAVFormat(r io.Reader, size uint32) (Format, int, error) {
	var b [40]byte
	if size < 16 || size > 1<<16 {
		return Format{}, 0, fault.New(fault.Invalid, "wav_malformed", "malformed WAVE file: a format of %d bytes", size)
	}
	n := min(size, uint32(len(b)))
	if err := readHeader(r, b[:n], "format"); err != nil {
		return Format{}, 0, err
	}
	if err := skip(r, int64(size-n)+int64(size&1)); err != nil {
		return Format{}, 0, err
	}
	encoding := int(binary.LittleEndian.Uint16(b[0:]))
	if encoding == wavExtensible && n >= 26 {
		encoding = int(binary.LittleEndian.Uint16(b[24:]))
	}
	channels := int(binary.LittleEndian.Uint16(b[2:]))
	rate := binary.LittleEndian.Uint32(b[4:])
	bits := int(binary.LittleEndian.Uint16(b[14:]))
	known := encoding == wavPCM && (bits == 16 || bits == 8) || (encoding == wavALaw || encoding == wavULaw) && bits == 8
	if !known {
		return Format{}, 0, fault.New(fault.Invalid, "wav_unsupported",
			"unsupported WAVE encoding %d with %d bits: send 16-bit or 8-bit PCM, µ-law or A-law", encoding, bits)
	}
	if channels < 1 || channels > 8 || rate < 1 || rate > 384000 {
		return Format{}, 0, fault.New(fault.Invalid, "wav_unsupported", "unsupported WAVE format: %d channels at %d Hz", channels, rate)
	}
	if encoding == wavPCM && bits == 8 {
		encoding = wavPCM8
	}
	return Format{Rate: int(rate), Channels: channels}, encoding, nil
}

// wavPCM8 is our own number for 8-bit PCM: no file carries it.
const wavPCM8 = -8

func readWAVData(r io.Reader, f Format, encoding int, size uint32, most int64) ([]int16, error) {
	limit := most + 1
	if size != 0 && size != unknownLength {
		limit = min(limit, int64(size))
	}
	raw, err := io.ReadAll(io.LimitReader(r, limit))
	if err != nil {
		return nil, fmt.Errorf("read WAVE sound: %w", err)
	}
	if int64(len(raw)) > most {
		return nil, fault.New(fault.Invalid, "wav_too_long", "WAVE file too long: more than %d MB of sound", most>>20)
	}
	width := 1
	if encoding == wavPCM {
		width = 2
	}
	raw = raw[:len(raw)-len(raw)%(width*f.Channels)] // a torn last sample is dropped
	pcm := make([]int16, 0, len(raw)/width)
	switch encoding {
	case wavULaw:
		pcm = DecodeULaw(pcm, raw)
	case wavALaw:
		pcm = DecodeALaw(pcm, raw)
	case wavPCM8:
		for _, b := range raw {
			pcm = append(pcm, (int16(b)-128)<<8)
		}
	default:
		pcm = DecodePCM(pcm, raw)
	}
	return pcm, nil
}

// EncodePCM appends pcm as little-endian 16-bit bytes to dst and returns the extended slice.
func EncodePCM(dst []byte, pcm []int16) []byte {
	dst, out := grow(dst, 2*len(pcm))
	for i, s := range pcm {
		binary.LittleEndian.PutUint16(out[2*i:], uint16(s))
	}
	return dst
}

// DecodePCM appends the samples of little-endian 16-bit raw bytes to dst and returns the extended slice. An odd last byte is ignored.
func DecodePCM(dst []int16, raw []byte) []int16 {
	dst, out := grow(dst, len(raw)/2)
	for i := range out {
		out[i] = int16(binary.LittleEndian.Uint16(raw[2*i:]))
	}
	return dst
}

const (
	wavHeaderSize = 44
	wavBuffer     = 8 << 10 // bytes that WAVWriter collects before it writes
)

// WAVWriter writes 16-bit PCM as it comes. Until Close the header says that the length is unknown, so that a file whose writer
// died is readable up to its last flush. It is for one goroutine.
type WAVWriter struct {
	w      io.WriteSeeker
	f      Format
	buf    []byte
	length int64 // bytes of sound, written and buffered
	err    error
	closed bool
}

// NewWAVWriter writes the header to w, which must be at its beginning.
func NewWAVWriter(w io.WriteSeeker, f Format) (*WAVWriter, error) {
	if err := checkWAVFormat(f); err != nil {
		return nil, err
	}
	if _, err := w.Write(wavHeader(f, unknownLength)); err != nil {
		return nil, fmt.Errorf("write WAVE header: %w", err)
	}
	return &WAVWriter{w: w, f: f, buf: make([]byte, 0, wavBuffer)}, nil
}

// Write appends interleaved samples. They reach the file in pieces of some 8 KB, at Flush and at Close. After an error every later call returns it.
func (w *WAVWriter) Write(pcm []int16) error {
	if w.closed {
		return fault.New(fault.Conflict, "wav_closed", "write to a closed WAVE file")
	}
	if w.err != nil {
		return w.err
	}
	if w.length+2*int64(len(pcm)) > math.MaxUint32-wavHeaderSize {
		return fault.New(fault.Limited, "wav_full", "WAVE file full: its format holds at most 4 GB")
	}
	w.length += 2 * int64(len(pcm))
	for len(pcm) > 0 {
		n := min(len(pcm), (cap(w.buf)-len(w.buf))/2)
		w.buf = EncodePCM(w.buf, pcm[:n])
		pcm = pcm[n:]
		if len(w.buf) == cap(w.buf) {
			if err := w.Flush(); err != nil {
				return err
			}
		}
	}
	return nil
}

// Flush hands what is buffered to the file.
func (w *WAVWriter) Flush() error {
	if w.err == nil && len(w.buf) > 0 {
		if _, err := w.w.Write(w.buf); err != nil {
			w.err = fmt.Errorf("write WAVE sound: %w", err)
		}
		w.buf = w.buf[:0]
	}
	return w.err
}

// Duration returns how much sound was written.
func (w *WAVWriter) Duration() time.Duration { return w.f.Duration(int(w.length / 2)) }

// Close flushes and puts the true length into the header. It does not close the underlying file, and may be called twice.
func (w *WAVWriter) Close() error {
	if w.closed {
		return w.err
	}
	err := w.Flush()
	w.closed = true
	if err != nil {
		return err
	}
	if _, err := w.w.Seek(0, io.SeekStart); err != nil {
		w.err = fmt.Errorf("seek to the WAVE header: %w", err)
		return w.err
	}
	if _, err := w.w.Write(wavHeader(w.f, uint32(w.length))); err != nil {
		w.err = fmt.Errorf("write WAVE header: %w", err)
		return w.err
	}
	if _, err := w.w.Seek(0, io.SeekEnd); err != nil {
		w.err = fmt.Errorf("seek to the end of the WAVE file: %w", err)
	}
	return w.err
}

// WriteWAV writes a whole file of 16-bit PCM.
func WriteWAV(w io.Writer, f Format, pcm []int16) error {
	if err := checkWAVFormat(f); err != nil {
		return err
	}
	if 2*int64(len(pcm)) > math.MaxUint32-wavHeaderSize {
		return fault.New(fault.Limited, "wav_full", "WAVE file full: its format holds at most 4 GB")
	}
	buf := append(make([]byte, 0, wavBuffer), wavHeader(f, uint32(2*len(pcm)))...)
	for {
		n := min(len(pcm), (cap(buf)-len(buf))/2)
		buf = EncodePCM(buf, pcm[:n])
		pcm = pcm[n:]
		if _, err := w.Write(buf); err != nil {
			return fmt.Errorf("write WAVE file: %w", err)
		}
		if len(pcm) == 0 {
			return nil
		}
		buf = buf[:0]
	}
}

func checkWAVFormat(f Format) error {
	if f.Rate < 1 || f.Rate > 384000 || f.Channels < 1 || f.Channels > 8 {
		return fault.New(fault.Invalid, "wav_unsupported", "unsupported WAVE format: %d channels at %d Hz", f.Channels, f.Rate)
	}
	return nil
}

func wavHeader(f Format, length uint32) []byte {
	riff := uint32(unknownLength)
	if length != unknownLength {
		riff = length + wavHeaderSize - 8
	}
	le := binary.LittleEndian
	h := append(make([]byte, 0, wavHeaderSize), "RIFF"...)
	h = le.AppendUint32(h, riff)
	h = append(h, "WAVEfmt "...)
	h = le.AppendUint32(h, 16)
	h = le.AppendUint16(h, wavPCM)
	h = le.AppendUint16(h, uint16(f.Channels))
	h = le.AppendUint32(h, uint32(f.Rate))
	h = le.AppendUint32(h, uint32(f.Rate*f.Channels*2))
	h = le.AppendUint16(h, uint16(f.Channels*2))
	h = le.AppendUint16(h, 16)
	h = append(h, "data"...)
	return le.AppendUint32(h, length)
}
