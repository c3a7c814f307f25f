package espeak

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"sync"
	"time"
	"unicode"

	"griot/internal/fault"
	"griot/internal/media"
	"griot/internal/model/tts"
)

// programs is the engine for machines with espeak-ng but without python3: one process of the command-line program for each
// text. One process for each voice and speed in use waits for its text, so that a caller does not wait for a fork. Word
// times are estimates; there are no phonemes. It implements engine.
type programs struct {
	path  string
	slots chan struct{} // a token for each process that may speak at once; who finds none waits
	tasks sync.WaitGroup

	mu     sync.Mutex // guards what follows
	ready  map[setting]*program
	closed bool
	live   map[*program]bool
}

type setting struct {
	voice string
	wpm   int
}

// program is one run of espeak-ng, from its start to its end.
type program struct {
	cmd     *exec.Cmd
	in, out *os.File
	stderr  *tail
	killing sync.Once
	exited  chan struct{}
}

// maxReady is how many processes wait for a text; further settings start one when they speak.
const maxReady = 16

// longestSound is more than a request of longestText runes can sound, in bytes of 16-bit samples.
const longestSound = 600 * sampleRate * 2

func newPrograms(path string, limit int) *programs {
	return &programs{path: path, slots: make(chan struct{}, limit), ready: map[setting]*program{}, live: map[*program]bool{}}
}

func (e *programs) exact() bool { return false }

func (e *programs) prepare(voice string, wpm int) {
	e.mu.Lock()
	defer e.mu.Unlock()
	k := setting{voice, wpm}
	if e.closed || e.ready[k] != nil || len(e.ready) >= maxReady {
		return
	}
	// A failure to start shows when the text is spoken.
	if p, err := e.startLocked(k); err == nil {
		e.ready[k] = p
	}
}

// startLocked starts a process that waits for its text. mu is held.
func (e *programs) startLocked(k setting) (*program, error) {
	if e.closed {
		return nil, errClosed()
	}
	cmd := exec.Command(e.path, "-v", k.voice, "-s", strconv.Itoa(k.wpm), "-b", "1", "--stdin", "--stdout")
	in, out, stderr, err := spawn(cmd)
	if err != nil {
		return nil, fault.Wrap(err, fault.Unavailable, "espeak_failed", "espeak-ng could not be started")
	}
	p := &program{cmd: cmd, in: in, out: out, stderr: stderr, exited: make(chan struct{})}
	e.live[p] = true
	e.tasks.Go(func() {
		_ = cmd.Wait() // its output tells whether it worked
		_ = p.in.Close()
		close(p.exited)
		e.mu.Lock()
		defer e.mu.Unlock()
		delete(e.live, p)
		if e.ready[k] == p { // nobody will read from it
			delete(e.ready, k)
			_ = p.out.Close()
		}
	})
	return p, nil
}

func (p *program) kill() {
	p.killing.Do(func() {
		select {
		case <-p.exited:
		default:
			killGroup(p.cmd)
		}
	})
}

func (e *programs) take(k setting) (*program, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if p := e.ready[k]; p != nil {
		delete(e.ready, k)
		return p, nil
	}
	return e.startLocked(k)
}

func (e *programs) speak(ctx context.Context, r request, emit func(part)) error {
	select {
	case e.slots <- struct{}{}:
		defer func() { <-e.slots }()
	case <-ctx.Done():
		return ctx.Err()
	}
	var pcm []int16
	var err error
	for range 2 { // a process that waited may have ended meanwhile
		var p *program
		if p, err = e.take(setting{r.voice, r.wpm}); err != nil {
			return err
		}
		e.prepare(r.voice, r.wpm) // for the sentence after this one
		pcm, err = p.say(ctx, string(r.text))
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err == nil {
			break
		}
	}
	if err != nil {
		return fault.Wrap(err, fault.Unavailable, "espeak_failed", "speaking with espeak-ng failed")
	}
	cues := estimate(r.text, media.Mono(sampleRate).Duration(len(pcm)))
	const step = sampleRate / 10
	for at := 0; at < len(pcm); at += step {
		end := min(at+step, len(pcm))
		out := part{pcm: pcm[at:end:end]}
		until := media.Mono(sampleRate).Duration(end)
		for len(cues) > 0 && (cues[0].at < until || end == len(pcm)) {
			out.cues = append(out.cues, cues[0])
			cues = cues[1:]
		}
		emit(out)
	}
	return nil
}

// say gives the process its text and returns all its sound. The process is gone afterwards.
func (p *program) say(ctx context.Context, text string) ([]int16, error) {
	stop := context.AfterFunc(ctx, p.kill)
	defer stop()
	defer func() {
		p.kill()
		<-p.exited
		_ = p.out.Close()
	}()
	deadline := time.Now().Add(longestSpeak)
	if err := errors.Join(p.in.SetWriteDeadline(deadline), p.out.SetReadDeadline(deadline)); err != nil {
		return nil, err
	}
	if _, err := p.in.WriteString(text); err != nil {
		return nil, err
	}
	if err := p.in.Close(); err != nil {
		return nil, err
	}
	wav, err := io.ReadAll(io.LimitReader(p.out, longestSound))
	if err != nil {
		return nil, err
	}
	data := bytes.Index(wav, []byte("data"))
	if data < 0 || len(wav) < data+8 {
		return nil, fmt.Errorf("no sound came: %s", p.stderr)
	}
	// The length in the header is a guess: the program writes to a pipe and cannot come back to it.
	b := wav[data+8:]
	pcm := make([]int16, len(b)/2)
	for i := range pcm {
		pcm[i] = int16(binary.LittleEndian.Uint16(b[2*i:]))
	}
	return trimRight(pcm, quietTail), nil
}

func (e *programs) close() {
	e.mu.Lock()
	e.closed = true
	for p := range e.live {
		p.kill()
	}
	e.mu.Unlock()
	e.tasks.Wait()
}

// estimate spreads the words of a text over its sound in proportion to their letters; digits count for more, since they are
// spoken as words, and punctuation counts as a pause.
func estimate(text []rune, total time.Duration) []cue {
	type start struct {
		pos    int
		before int
	}
	var words []start
	sum, open := 0, false
	for i, r := range text {
		switch {
		case unicode.IsSpace(r):
			open = false
			sum++
			continue
		case unicode.IsLetter(r), unicode.IsDigit(r):
			if !open {
				words = append(words, start{i, sum})
				open = true
			}
			sum++
			if unicode.IsDigit(r) {
				sum += 3
			}
		case r == ',', r == ';', r == ':':
			sum += 3
		case r == '.', r == '!', r == '?':
			sum += 5
		}
	}
	cues := make([]cue, len(words))
	for i, w := range words {
		cues[i] = cue{kind: tts.Word, pos: w.pos, at: total * time.Duration(w.before) / time.Duration(sum)}
	}
	return cues
}
