package app

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"griot/internal/config"
	"griot/internal/media"
	"griot/internal/media/mediatest"
)

// One question from a file, as `griot talk --in question.wav --out reply.wav` asks it: what was heard and answered is printed, and the answer is speech.
func TestTalkFromTheTerminal(t *testing.T) {
	s := real(t)
	dir := t.TempDir()
	in, out := filepath.Join(dir, "question.wav"), filepath.Join(dir, "reply.wav")
	var question, printed bytes.Buffer
	require.NoError(t, media.WriteWAV(&question, media.Mono(16000), mediatest.Prompt(t, "en", "hours", 16000)))
	require.NoError(t, os.WriteFile(in, question.Bytes(), 0o600))

	for range 2 { // the question takes as long as it lasts: a machine that is busy with something else gets a second chance
		printed.Reset()
		require.NoError(t, Talk(t.Context(), config.Default(), TalkOptions{Agent: "reception-en", In: in, Out: out}, &printed))
		if bytes.Contains(printed.Bytes(), []byte("hours ")) {
			break
		}
	}
	require.Regexp(t, `(?m)^heard +hours `, printed.String())
	const answer = "We are open from nine to six on weekdays, until eight on Thursday, and from ten to four on Saturday. On Sunday we are closed."
	require.Contains(t, printed.String(), answer)
	require.Regexp(t, `(?m)^timing +from the end of speech: turn ended \d+ ms`, printed.String())

	raw, err := os.ReadFile(out)
	require.NoError(t, err)
	f, pcm, err := media.ReadWAV(bytes.NewReader(raw))
	require.NoError(t, err)
	require.Equal(t, media.Mono(24000), f)
	require.Greater(t, media.Level(pcm), float32(-35))
	require.Equal(t, words(answer), s.recognise(t, pcm, answer))
}
