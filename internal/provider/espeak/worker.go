package espeak

import (
	"bufio"
	"context"
	_ "embed"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"griot/internal/model/tts"
)

// workerScript is a program under the GPL: it is data to this package, and runs as a process of its own.
//
//go:embed worker/espeak_worker.py
var workerScript string

// errBroken marks a worker that cannot be used any more.
var errBroken = errors.New("the espeak worker broke down")

const (
	protocolVersion = 1
	maxFrame        = 1 << 20 // bytes; a chunk of 100 ms has 4.4 kB
	startTimeout    = 15 * time.Second
)

// worker is one process that speaks one text at a time. Its methods are for one caller at a time, except kill.
type worker struct {
	cmd     *exec.Cmd
	in, out *os.File
	rd      *bufio.Reader
	stderr  *tail
	version string
	born    time.Time
	limit   time.Duration // for one text

	send   sync.Mutex // a cancellation is written while speak reads
	id     uint32
	served atomic.Int32 // texts spoken
	buf    []byte

	killing sync.Once
	exited  chan struct{} // closed once the process is reaped
}

// startWorker starts the process and waits for its greeting. limit is how long it may take to speak one text.
func startWorker(ctx context.Context, python string, limit time.Duration) (*worker, error) {
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	// -I and -S: nothing of the user's Python is loaded, which also halves the start.
	cmd := exec.Command(python, "-I", "-S", "-c", workerScript)
	in, out, stderr, err := spawn(cmd)
	if err != nil {
		return nil, fmt.Errorf("starting the espeak worker: %w", err)
	}
	w := &worker{cmd: cmd, in: in, out: out, rd: bufio.NewReaderSize(out, 64<<10), stderr: stderr, born: time.Now(), limit: limit, exited: make(chan struct{})}
	go w.reap()

	stop := context.AfterFunc(ctx, w.kill)
	kind, payload, err := w.frame()
	if !stop() && err == nil {
		err = context.Cause(ctx)
	}
	switch {
	case err != nil:
	case kind == 'X':
		err = fmt.Errorf("the espeak worker cannot work: %s", payload)
	case kind != 'H' || len(payload) < 6:
		err = errors.New("the espeak worker said something unexpected")
	case binary.LittleEndian.Uint16(payload) != protocolVersion:
		err = fmt.Errorf("the espeak worker speaks version %d of the protocol", binary.LittleEndian.Uint16(payload))
	case binary.LittleEndian.Uint32(payload[2:]) != sampleRate:
		err = fmt.Errorf("libespeak-ng works at %d Hz, not at %d", binary.LittleEndian.Uint32(payload[2:]), sampleRate)
	}
	if err != nil {
		w.kill()
		w.bury()
		if s := stderr.String(); s != "" {
			err = fmt.Errorf("%w: %s", err, s)
		}
		return nil, err
	}
	w.version = string(payload[6:])
	return w, nil
}

// spawn starts cmd in its own process group, with pipes that take deadlines and an environment without our secrets.
func spawn(cmd *exec.Cmd) (in, out *os.File, stderr *tail, err error) {
	childIn, in, err := os.Pipe()
	if err != nil {
		return nil, nil, nil, err
	}
	out, childOut, err := os.Pipe()
	if err != nil {
		return nil, nil, nil, errors.Join(err, childIn.Close(), in.Close())
	}
	stderr = &tail{}
	cmd.Stdin, cmd.Stdout, cmd.Stderr = childIn, childOut, stderr
	cmd.WaitDelay = time.Second
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Env = []string{"LC_ALL=C.UTF-8", "PATH=" + os.Getenv("PATH"), "HOME=" + os.Getenv("HOME")}
	for _, k := range []string{"ESPEAK_DATA_PATH", "LD_LIBRARY_PATH"} {
		if v := os.Getenv(k); v != "" {
			cmd.Env = append(cmd.Env, k+"="+v)
		}
	}
	err = cmd.Start()
	closing := errors.Join(childIn.Close(), childOut.Close())
	if err != nil {
		return nil, nil, nil, errors.Join(err, closing, in.Close(), out.Close())
	}
	return in, out, stderr, nil
}

// killGroup ends cmd and whatever it started.
func killGroup(cmd *exec.Cmd) {
	_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) // an error means that it is gone already
}

// reap waits for the process to end, however it ends.
func (w *worker) reap() {
	_ = w.cmd.Wait() // how it ended does not matter: it was killed, or its caller has seen the pipe break
	_ = w.in.Close()
	close(w.exited)
}

// bury waits for the process to end and closes what is left of it: until then, its last words can be read.
func (w *worker) bury() {
	<-w.exited
	_ = w.out.Close()
}

// kill ends the process; safe at any time from any goroutine. It does not wait.
func (w *worker) kill() {
	w.killing.Do(func() {
		select {
		case <-w.exited: // the pid may be another's by now
		default:
			killGroup(w.cmd)
		}
	})
}

func (w *worker) write(kind byte, parts ...[]byte) error {
	n := 1
	for _, p := range parts {
		n += len(p)
	}
	b := binary.LittleEndian.AppendUint32(make([]byte, 0, n+4), uint32(n))
	b = append(b, kind)
	for _, p := range parts {
		b = append(b, p...)
	}
	w.send.Lock()
	defer w.send.Unlock()
	_, err := w.in.Write(b)
	return err
}

// frame reads one frame. The payload is valid until the next call.
func (w *worker) frame() (byte, []byte, error) {
	var head [5]byte
	if _, err := io.ReadFull(w.rd, head[:]); err != nil {
		return 0, nil, fmt.Errorf("%w: %v", errBroken, err) // %v: io.EOF in the chain would pass for the end of the speech
	}
	n := int(binary.LittleEndian.Uint32(head[:])) - 1
	if n < 0 || n > maxFrame {
		return 0, nil, fmt.Errorf("%w: a frame of %d bytes", errBroken, n)
	}
	if cap(w.buf) < n {
		w.buf = make([]byte, n)
	}
	w.buf = w.buf[:n]
	if _, err := io.ReadFull(w.rd, w.buf); err != nil {
		return 0, nil, fmt.Errorf("%w: %v", errBroken, err) // %v: io.EOF in the chain would pass for the end of the speech
	}
	return head[4], w.buf, nil
}

// speak says one text. An error that wraps errBroken means that the worker must be thrown away; after any other result,
// ctx's end included, it is ready for the next text.
func (w *worker) speak(ctx context.Context, r request, emit func(part)) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	w.id++
	id := w.id
	deadline := time.Now().Add(w.limit)
	if err := errors.Join(w.in.SetWriteDeadline(deadline), w.out.SetReadDeadline(deadline)); err != nil {
		return fmt.Errorf("%w: %w", errBroken, err)
	}
	var head [7]byte
	binary.LittleEndian.PutUint32(head[:], id)
	binary.LittleEndian.PutUint16(head[4:], uint16(r.wpm))
	head[6] = byte(len(r.voice))
	if err := w.write('S', head[:], []byte(r.voice), []byte(string(r.text))); err != nil {
		return fmt.Errorf("%w: %w", errBroken, err)
	}
	told := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		defer close(told)
		// Errors here show as a broken read below. The id keeps a late cancellation from touching the next text.
		_ = w.out.SetReadDeadline(time.Now().Add(cancelGrace))
		_ = w.write('C', head[:4])
	})
	err := w.listen(ctx, id, emit)
	if !stop() {
		<-told
	}
	return err
}

func (w *worker) listen(ctx context.Context, id uint32, emit func(part)) error {
	for {
		kind, payload, err := w.frame()
		if err != nil {
			if s := w.stderr.String(); s != "" {
				err = fmt.Errorf("%w (%s)", err, s)
			}
			return err
		}
		if len(payload) < 5 || binary.LittleEndian.Uint32(payload) != id {
			return fmt.Errorf("%w: a frame for another text", errBroken)
		}
		switch kind {
		case 'A':
			if ctx.Err() != nil {
				continue
			}
			p, err := parsePart(payload[4:])
			if err != nil {
				return err
			}
			emit(p)
		case 'Z':
			w.served.Add(1)
			if err := ctx.Err(); err != nil {
				return err
			}
			if payload[4] != 0 {
				return fmt.Errorf("espeak could not speak (status %d: 2 is an unknown voice)", payload[4])
			}
			return nil
		default:
			return fmt.Errorf("%w: a frame of type %q", errBroken, kind)
		}
	}
}

// parsePart decodes samples and events.
func parsePart(b []byte) (part, error) {
	var p part
	if len(b) < 4 || len(b)-4 < 2*int(binary.LittleEndian.Uint32(b)) {
		return p, fmt.Errorf("%w: short audio", errBroken)
	}
	n := int(binary.LittleEndian.Uint32(b))
	p.pcm = make([]int16, n)
	for i := range p.pcm {
		p.pcm[i] = int16(binary.LittleEndian.Uint16(b[4+2*i:]))
	}
	for b = b[4+2*n:]; len(b) > 0; {
		if len(b) < 14 || len(b) < 14+int(b[13]) {
			return p, fmt.Errorf("%w: short event", errBroken)
		}
		c := cue{
			kind: tts.Word,
			pos:  int(binary.LittleEndian.Uint32(b[1:])),
			at:   time.Duration(binary.LittleEndian.Uint32(b[9:])) * time.Millisecond,
		}
		name := strings.ToValidUTF8(string(b[14:14+int(b[13])]), "")
		keep := true
		if b[0] == 'P' {
			c.kind, c.phoneme = tts.Phoneme, name
			keep = !strings.HasPrefix(name, "(") // "(en)" announces another language's sounds; it is not a sound
		}
		if keep {
			p.cues = append(p.cues, c)
		}
		b = b[14+int(b[13]):]
	}
	return p, nil
}

// tail keeps the last bytes of what a process writes to its standard error.
type tail struct {
	mu sync.Mutex
	b  []byte
}

const tailSize = 500

func (t *tail) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.b = append(t.b, p...)
	if len(t.b) > tailSize {
		t.b = append(t.b[:0], t.b[len(t.b)-tailSize:]...)
	}
	return len(p), nil
}

func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return strings.TrimSpace(strings.ToValidUTF8(string(t.b), ""))
}
