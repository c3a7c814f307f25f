package espeak

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"griot/internal/fault"
	"griot/internal/model/tts"
	"griot/internal/provider/providertest"
)

// impostor returns a model whose worker greets as it should and then runs a line of shell instead of speaking.
func impostor(t *testing.T, line string) *Model {
	t.Helper()
	path := filepath.Join(t.TempDir(), "python3")
	greeting := `\013\000\000\000H\001\000\042\126\000\0001.51` // protocol 1, 22050 Hz
	script := "#!/bin/sh\nprintf '" + greeting + "'\n" + line + "\n"
	require.NoError(t, os.WriteFile(path, []byte(script), 0o700))
	m, err := New(Config{Variant: "f2", WPM: 150, Workers: 2})
	require.NoError(t, err)
	m.python, m.program, m.patience = path, "no-such-espeak", 300*time.Millisecond
	t.Cleanup(func() { require.NoError(t, m.Close()) })
	return m
}

func TestConformance(t *testing.T) {
	absent, err := New(Config{Variant: "f2", WPM: 150})
	require.NoError(t, err)
	absent.python, absent.program = "no-such-python", "no-such-espeak"
	broken := []providertest.Broken[tts.Model]{
		{Name: "nothing installed", Model: absent, Kind: fault.Unavailable, Code: "espeak_missing"},
		{Name: "worker ends", Model: impostor(t, "exit 1"), Kind: fault.Unavailable, Code: "espeak_failed"},
		{Name: "worker hangs", Model: impostor(t, "exec sleep 1000"), Kind: fault.Unavailable, Code: "espeak_failed"},
		{Name: "worker does not speak", Model: impostor(t, "exec cat"), Kind: fault.Unavailable, Code: "espeak_failed"},
		{Name: "worker sends garbage", Model: impostor(t, "exec yes"), Kind: fault.Unavailable, Code: "espeak_failed"},
		{Name: "worker knows no voice", Model: impostor(t, `head -c 1 >/dev/null; printf '\006\000\000\000Z\001\000\000\000\002'; exec cat >/dev/null`),
			Kind: fault.Unavailable, Code: "espeak_failed"},
	}
	providertest.TTS(t, open(t), providertest.TTSOptions{MinAudio: time.Second, Broken: broken})
	providertest.TTS(t, open(t), providertest.TTSOptions{
		Options: tts.Options{Lang: "fr-FR", Rate: 1.1}, MinAudio: time.Second,
		Texts: []string{"Bonjour, ici le cabinet médical.", " Que puis-je faire pour vous ?"},
	})
}

func TestConformanceOfThePrograms(t *testing.T) {
	if _, err := exec.LookPath("espeak-ng"); err != nil {
		missing(t, "espeak-ng", err)
	}
	m, err := New(Config{Variant: "f2", WPM: 150})
	require.NoError(t, err)
	m.python = "no-such-python"
	t.Cleanup(func() { require.NoError(t, m.Close()) })
	providertest.TTS(t, m, providertest.TTSOptions{MinAudio: time.Second, Deterministic: true})
}

func TestCrewServesCallersInOrderAndGrowsToItsLimit(t *testing.T) {
	m := open(t)
	c := m.eng.(*crew)
	var taken []*worker
	for range c.limit {
		w, err := c.acquire(t.Context())
		require.NoError(t, err)
		require.NotContains(t, taken, w)
		taken = append(taken, w)
	}
	gone, cancel := context.WithCancel(t.Context())
	served := make(chan int, 3)
	for i, ctx := range []context.Context{t.Context(), gone, t.Context()} {
		go func() {
			w, err := c.acquire(ctx)
			if err != nil {
				served <- -1
				return
			}
			served <- i
			c.release(w, true)
		}()
		require.NoError(t, waitFor(c, func() bool { return len(c.queue) == i+1 }))
	}
	cancel()
	require.Equal(t, -1, <-served)
	c.release(taken[0], true)
	require.Equal(t, 0, <-served)
	require.Equal(t, 2, <-served)
	for _, w := range taken[1:] {
		c.release(w, true)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	require.Len(t, c.all, c.limit)
}

// waitFor polls the crew's state, which has nobody to tell of its changes.
func waitFor(c *crew, ready func() bool) error {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	for {
		c.mu.Lock()
		ok := ready()
		c.mu.Unlock()
		if ok {
			return nil
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		runtime.Gosched()
	}
}
