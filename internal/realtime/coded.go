package realtime

import (
	"encoding/base64"
	"slices"
)

// DecodeBytes appends the bytes of base64 text: audio in a format of one byte a sample. On a fault (invalid_value of audio) dst is as before.
func DecodeBytes(dst, b64 []byte) ([]byte, error) {
	out, err := base64.StdEncoding.AppendDecode(dst, b64)
	if err != nil {
		return dst, badAudio()
	}
	return out, nil
}

// AppendAudioDeltaBytes appends a complete response.output_audio.delta event with audio in a format of one byte a sample. It allocates only when
// dst must grow.
func AppendAudioDeltaBytes(dst []byte, seq Seq, ref Ref, audio []byte) []byte {
	dst = slices.Grow(dst, deltaOverhead+len(ref.ResponseID)+len(ref.ItemID)+base64.StdEncoding.EncodedLen(len(audio)))
	dst = appendDeltaHead(dst, seq, ref)
	dst = base64.StdEncoding.AppendEncode(dst, audio)
	return append(dst, `"}`...)
}
