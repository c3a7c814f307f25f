package python

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"time"
)

// worker is one process, for one request. Its methods are for one caller at a time.
type worker struct {
	cmd    *exec.Cmd
	in     *os.File // to the worker
	out    *os.File // from it
	stderr *tail
	begun  time.Time
	code   []byte // the program it gets

	life   sync.Mutex // guards reaped, and holds back who would kill while the process is waited for
	reaped bool
}

// startWorker starts a process and hands it its program. It does not wait until it is ready.
func startWorker(pl *place) (*worker, error) {
	cmd := command(pl)
	childIn, in, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	out, childOut, err := os.Pipe()
	if err != nil {
		return nil, errors.Join(err, childIn.Close(), in.Close())
	}
	w := &worker{cmd: cmd, in: in, out: out, stderr: &tail{}, begun: time.Now(), code: pl.code}
	cmd.Stdin, cmd.Stdout, cmd.Stderr = childIn, childOut, w.stderr
	cmd.WaitDelay = time.Second
	err = cmd.Start()
	closing := errors.Join(childIn.Close(), childOut.Close())
	if err != nil {
		return nil, errors.Join(err, closing, in.Close(), out.Close())
	}
	return w, nil
}

// ready waits until the worker can take a request.
func (w *worker) ready(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	stop := context.AfterFunc(ctx, w.kill)
	defer stop()
	deadline := w.begun.Add(startTimeout)
	err := errors.Join(w.in.SetWriteDeadline(deadline), w.out.SetReadDeadline(deadline))
	if err != nil {
		return err
	}
	if _, err = w.in.Write(append(binary.BigEndian.AppendUint32(nil, uint32(len(w.code))), w.code...)); err == nil {
		var b [1]byte
		if _, err = io.ReadFull(w.out, b[:]); err == nil && b[0] != 'R' {
			err = errors.New("it said something unexpected")
		}
	}
	if err != nil {
		how := w.end()
		if text := w.stderr.String(); text != "" {
			how = text
		}
		return fmt.Errorf("%w (%s)", err, how)
	}
	return nil
}

// serve has the worker answer one request. An error is ctx's, or one of ours; how the code fails is in the answer.
func (w *worker) serve(ctx context.Context, q request, limit time.Duration) (answer, error) {
	nonce := make([]byte, nonceSize)
	_, _ = rand.Read(nonce) // never fails
	q.Nonce, q.Result, q.Print = hex.EncodeToString(nonce), MaxResult, MaxPrinted
	b, err := json.Marshal(q)
	if err != nil {
		return answer{}, fmt.Errorf("encode the request: %w", err)
	}
	deadline := time.Now().Add(limit)
	if err := errors.Join(w.in.SetWriteDeadline(deadline), w.out.SetReadDeadline(deadline)); err != nil {
		return answer{}, err
	}
	stop := context.AfterFunc(ctx, w.kill)
	defer stop()
	var a answer
	if _, err = w.in.Write(append(binary.BigEndian.AppendUint32(nil, uint32(len(b))), b...)); err == nil {
		a, err = readAnswer(w.out, nonce)
	}
	switch {
	case err == nil:
		return a, nil
	case ctx.Err() != nil:
		return answer{}, context.Cause(ctx)
	case errors.Is(err, os.ErrDeadlineExceeded):
		return answer{Failure: &Failure{Kind: "timeout", Message: fmt.Sprintf("it did not finish within %s", limit)}}, nil
	case errors.Is(err, errForged):
		return answer{Failure: &Failure{Kind: "crash", Message: "the code wrote something else than its result to where results go"}}, nil
	}
	how := w.end()
	f := &Failure{Kind: "crash", Message: "the interpreter ended without a result (" + how + ")"}
	switch text := w.stderr.String(); {
	case strings.Contains(text, "MemoryError") || strings.Contains(text, "out of memory"):
		f.Kind, f.Message = "memory", fmt.Sprintf("it needs more than the %d MB of memory that it may use", q.Memory>>20)
	case text != "":
		f.Message += ": " + text
	}
	return answer{Failure: f}, nil
}

// end kills the process, waits, and says how it ended.
func (w *worker) end() string {
	w.kill()
	w.life.Lock()
	if !w.reaped {
		_ = w.cmd.Wait() // how it ended is in the state
		w.reaped = true
	}
	w.life.Unlock()
	st := w.cmd.ProcessState
	if st == nil {
		return "unknown"
	}
	if ws, ok := st.Sys().(syscall.WaitStatus); ok && ws.Signaled() {
		return ws.Signal().String()
	}
	return fmt.Sprintf("exit code %d", st.ExitCode())
}

// bury ends the process and whatever it might have started, waits for it, and lets go of it.
func (w *worker) bury() {
	w.end()
	_ = w.in.Close()
	_ = w.out.Close()
}

// tail keeps the last bytes of what a process writes to its standard error.
type tail struct {
	mu sync.Mutex
	b  []byte
}

const tailSize = 600

func (t *tail) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.b = append(t.b, p[max(0, len(p)-tailSize):]...)
	t.b = append(t.b[:0], t.b[max(0, len(t.b)-tailSize):]...)
	return len(p), nil
}

func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return strings.TrimSpace(strings.ToValidUTF8(string(t.b), ""))
}
