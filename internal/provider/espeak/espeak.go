// Package espeak gives agents a voice without an account or a network: espeak-ng in English, French and Spanish.
//
// espeak-ng is under the GPL, so it always runs in processes of its own. Normally these are workers that stay warm and say
// when each word and phoneme sounds (worker/espeak_worker.py, run by python3 with the library libespeak-ng). Where python3
// or the library is missing, the program espeak-ng is run for each sentence: then Caps().Phonemes is false and the times
// of words are estimates, in proportion to their letters within the sentence.
package espeak

import (
	"context"
	"errors"
	"os/exec"
	"runtime"
	"strings"
	"sync"
	"time"

	"griot/internal/fault"
	"griot/internal/model/tts"
	"griot/internal/provider"
)

// Config of the espeak voices.
type Config struct {
	Variant string `json:"variant" doc:"The timbre when an agent names no voice." enum:"f2,klatt4,m3"`
	WPM     int    `json:"wpm" doc:"Words a minute at normal speed (80 to 450)."`
	Workers int    `json:"workers" doc:"How many espeak processes may run; 0 means two for each processor."`
}

const mend = "apt-get install -y espeak-ng"

// Provider describes the vendor. Its voice model implements io.Closer: Close ends the processes.
func Provider() provider.Provider {
	return provider.Define(provider.Spec[Config]{
		ID: "espeak", Name: "eSpeak NG",
		Default: Config{Variant: "f2", WPM: 150},
		TTS: func(ctx context.Context, c Config) (tts.Model, error) {
			m, err := New(c)
			if err != nil {
				return nil, err
			}
			_, err = m.engine(ctx) // started before the first caller comes
			if err != nil && fault.CodeOf(err) != codeMissing {
				return nil, err
			}
			return m, nil // where it is missing, Open says so, and works as soon as it is installed
		},
		Present: present,
		Voices:  func(ctx context.Context, _ Config) ([]tts.Voice, error) { return installed(ctx, "espeak-ng") },
	})
}

const codeMissing = "espeak_missing"

// Model is a tts.Model. Close must be called when it is no longer used.
type Model struct {
	c        Config
	limit    int
	python   string // looked up in PATH; a test names another
	program  string
	patience time.Duration // for one sentence

	mu     sync.Mutex // guards what follows; held while an engine starts
	eng    engine
	closed bool
}

// New returns a model that starts its processes when it is first used. A speed out of range is a fault.Invalid.
func New(c Config) (*Model, error) {
	switch {
	case c.WPM < minWPM || c.WPM > maxWPM:
		return nil, fault.New(fault.Invalid, "invalid_rate", "espeak.wpm is %d, but must be from %d to %d", c.WPM, minWPM, maxWPM).At("espeak.wpm")
	case c.Workers < 0 || c.Workers > 256:
		return nil, fault.New(fault.Invalid, "invalid_workers", "espeak.workers is %d, but must be from 0 to 256", c.Workers).At("espeak.workers")
	}
	limit := c.Workers
	if limit == 0 {
		limit = 2 * runtime.NumCPU()
	}
	return &Model{c: c, limit: limit, python: "python3", program: "espeak-ng", patience: longestSpeak}, nil
}

// Caps implements tts.Model. Before the first Open of a model that New made, they are those of the warm workers.
func (m *Model) Caps() tts.Caps {
	m.mu.Lock()
	defer m.mu.Unlock()
	return tts.Caps{
		ID: "espeak", Languages: []string{"en", "fr", "es"}, Rate: sampleRate,
		WordMarks: true, Phonemes: m.eng == nil || m.eng.exact(), Voices: voiceList(),
	}
}

// Open implements tts.Model. ctx bounds the stream's life. An unknown voice, language or rate is a fault.Invalid; a machine
// without espeak-ng a fault.Unavailable with the code "espeak_missing".
func (m *Model) Open(ctx context.Context, o tts.Options) (tts.Stream, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	voice, err := chooseVoice(o, m.c.Variant)
	if err != nil {
		return nil, err
	}
	wpm, err := speed(m.c.WPM, o.Rate)
	if err != nil {
		return nil, err
	}
	eng, err := m.engine(ctx)
	if err != nil {
		return nil, err
	}
	eng.prepare(voice, wpm)
	return newStream(ctx, eng, voice, wpm), nil
}

// engine returns the running engine, or starts the best one there is.
func (m *Model) engine(ctx context.Context) (engine, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.closed {
		return nil, errClosed()
	}
	if m.eng != nil {
		return m.eng, nil
	}
	worker, err := m.hire(ctx)
	if err == nil {
		m.eng = newCrew(worker, m.hire, min(runtime.NumCPU(), m.limit), m.limit)
		return m.eng, nil
	}
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	path, lookErr := exec.LookPath(m.program)
	if lookErr != nil {
		return nil, fault.Wrap(errors.Join(lookErr, err), fault.Unavailable, codeMissing,
			"espeak-ng is not installed on this machine; install it with: %s", mend)
	}
	m.eng = newPrograms(path, m.limit)
	return m.eng, nil
}

// hire starts a worker.
func (m *Model) hire(ctx context.Context) (*worker, error) {
	path, err := exec.LookPath(m.python)
	if err != nil {
		return nil, err
	}
	return startWorker(ctx, path, m.patience)
}

// Close ends the processes and waits for their end. Streams that are open fail.
func (m *Model) Close() error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.closed = true
	if m.eng != nil {
		m.eng.close()
		m.eng = nil
	}
	return nil
}

// present looks for the parts by trying them.
func present(ctx context.Context, _ Config) provider.Presence {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	return presence(ctx, "python3", "espeak-ng")
}

func presence(ctx context.Context, python, program string) provider.Presence {
	m := Model{python: python}
	w, workerErr := m.hire(ctx)
	if workerErr == nil {
		w.kill()
		w.bury()
		return provider.Presence{OK: true, Found: "libespeak-ng " + w.version}
	}
	path, err := exec.LookPath(program)
	if err != nil {
		return provider.Presence{Missing: "espeak-ng, the voices that need no account", Mend: mend}
	}
	found := path
	if out, err := exec.CommandContext(ctx, path, "--version").Output(); err == nil {
		line, _, _ := strings.Cut(string(out), "\n")
		found += ": " + strings.TrimSpace(line)
	}
	p := provider.Presence{OK: true, Found: found, Missing: "exact times of words and phonemes: " + workerErr.Error(), Mend: mend}
	if _, err := exec.LookPath(python); err != nil {
		p.Missing, p.Mend = "python3, for exact times of words and phonemes", "apt-get install -y python3"
	}
	return p
}
