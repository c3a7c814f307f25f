package voice_test

import (
	"bytes"
	"context"
	"math"
	"os"
	"os/exec"
	"testing"

	"github.com/stretchr/testify/require"

	"griot/internal/fault"
	"griot/internal/media"
	"griot/internal/voice"
)

// tone is a WAV file of a second.
func tone(t *testing.T) []byte {
	t.Helper()
	pcm := make([]int16, 16000)
	for i := range pcm {
		pcm[i] = int16(8000 * math.Sin(float64(i)/7))
	}
	var b bytes.Buffer
	require.NoError(t, media.WriteWAV(&b, media.Mono(16000), pcm))
	return b.Bytes()
}

func TestMP3(t *testing.T) {
	if _, err := exec.LookPath("lame"); err != nil && os.Getenv("GRIOT_TEST_SYSTEM") == "" {
		t.Skip("lame is not installed")
	}
	wav := tone(t)
	mp3, err := voice.MP3(t.Context(), wav)
	require.NoError(t, err)
	require.Greater(t, len(mp3), 2000)
	require.Less(t, len(mp3), len(wav)/2)
	at := bytes.IndexByte(mp3, 0xFF)
	require.GreaterOrEqual(t, at, 0)
	require.EqualValues(t, 0xE2, mp3[at+1]&0xE6, "a frame of layer III, ISO 11172-3 2.4.1.3")

	_, err = voice.MP3(t.Context(), []byte("no sound"))
	require.ErrorContains(t, err, "lame")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = voice.MP3(ctx, wav)
	require.Error(t, err)
	t.Setenv("PATH", t.TempDir())
	_, err = voice.MP3(t.Context(), wav)
	require.Equal(t, "mp3_missing", fault.CodeOf(err))
}
