package python

import (
	"bytes"
	"context"
	_ "embed"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"time"

	"griot/internal/fault"
	"griot/internal/tool/python/sandbox"
)

//go:embed worker.py
var workerSource string

//go:embed probe.py
var probeSource string

// Mend is the command that installs what is missing on Debian and Ubuntu.
const Mend = "sudo apt-get install python3"

const (
	probeTimeout = 15 * time.Second
	askAgain     = 30 * time.Second // after a refusal
	nobody       = 65534            // the user that owns nothing, on every Linux
)

// place is where workers run on this machine.
type place struct {
	status Status
	plan   sandbox.Plan
	code   []byte // the worker's program, compiled
	root   bool   // the server is root: workers become nobody
}

// surveyed is what probe.py prints.
type surveyed struct {
	Implementation string   `json:"implementation"`
	Version        [3]int   `json:"version"`
	Executable     string   `json:"executable"`
	Stdlib         string   `json:"stdlib"`
	Dynload        string   `json:"dynload"`
	Read           []string `json:"read"`
	Libraries      []string `json:"libraries"`
	Worker         string   `json:"worker"`
}

// Available looks whether tools can run here, by starting a worker; it remembers that they can. The error is a fault.Unavailable
// whose message says what is missing: the interpreter (see Mend), or something in the kernel.
func (r *Runner) Available(ctx context.Context) (Status, error) {
	if err := r.begin(); err != nil {
		return Status{}, err
	}
	defer r.work.Done()
	pl, err := r.find(ctx)
	if err != nil {
		return Status{}, err
	}
	return pl.status, nil
}

// find returns the place, looking for it when it is not known. A refusal holds for half a minute.
func (r *Runner) find(ctx context.Context) (*place, error) {
	select {
	case r.probing <- struct{}{}:
		defer func() { <-r.probing }()
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
	if r.place != nil {
		return r.place, nil
	}
	if r.refused != nil && time.Since(r.asked) < askAgain {
		return nil, r.refused
	}
	pl, err := r.look(ctx)
	if err != nil {
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		r.refused, r.asked = err, time.Now()
		return nil, err
	}
	r.place, r.refused = pl, nil
	return pl, nil
}

func unavailable(code, format string, args ...any) error {
	return fault.New(fault.Unavailable, code, format, args...)
}

// look finds the interpreter and the strongest sandbox in which it starts.
func (r *Runner) look(ctx context.Context) (*place, error) {
	if r.landlock() < 1 {
		return nil, unavailable("python_no_landlock", "this kernel offers no landlock (Linux 5.13 or later, with landlock among its security modules); without it Python tools do not run")
	}
	if !r.seccomp() {
		return nil, unavailable("python_no_seccomp", "this kernel filters no system calls (seccomp); without it Python tools do not run")
	}
	path, err := interpreter(r.cfg.Interpreter)
	if err != nil {
		return nil, err
	}
	found, err := survey(ctx, path)
	if err != nil {
		return nil, err
	}
	var errs []error
	for _, pl := range places(found, r.cfg) {
		w, err := r.fresh(ctx, pl)
		if err == nil {
			w.bury()
			return pl, nil
		}
		if ctx.Err() != nil {
			return nil, err
		}
		errs = append(errs, err)
	}
	return nil, fault.Wrap(errors.Join(errs...), fault.Unavailable, "python_no_sandbox", "the sandbox for Python tools cannot be built here")
}

// interpreter finds the program.
func interpreter(configured string) (string, error) {
	names := []string{"/usr/bin/python3", "python3"}
	if configured != "" {
		names = []string{configured}
	}
	for _, n := range names {
		if path, err := exec.LookPath(n); err == nil {
			return path, nil
		}
	}
	return "", unavailable("python_missing", "there is no Python interpreter (%s)", names[len(names)-1])
}

// survey runs probe.py.
func survey(ctx context.Context, path string) (s surveyed, err error) {
	ctx, cancel := context.WithTimeout(ctx, probeTimeout)
	defer cancel()
	cmd := exec.CommandContext(ctx, path, "-I", "-S", "-B", "-c", probeSource)
	cmd.Stdin = bytes.NewReader([]byte(workerSource))
	cmd.Env = []string{"LC_ALL=C.UTF-8", "PATH=" + os.Getenv("PATH"), "HOME=" + os.Getenv("HOME")} // pyenv finds its versions by them
	cmd.WaitDelay = time.Second
	var stderr tail
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err == nil {
		err = json.Unmarshal(out, &s)
	}
	if err != nil {
		if text := stderr.String(); text != "" {
			err = fmt.Errorf("%w (%s)", err, text)
		}
		return s, fault.Wrap(err, fault.Unavailable, "python_broken", "the Python interpreter %s does not work", path)
	}
	if s.Implementation != "cpython" || s.Version[0] != 3 || s.Version[1] < 10 {
		return s, unavailable("python_version", "%s is %s %d.%d; CPython 3.10 or later is needed", path, s.Implementation, s.Version[0], s.Version[1])
	}
	return s, nil
}

// places are the sandboxes to try, the strongest first.
func places(s surveyed, cfg Config) []*place {
	code, err := base64.StdEncoding.DecodeString(s.Worker)
	if err != nil {
		return nil // it is ours, and was encoded a moment ago
	}
	version := fmt.Sprintf("%d.%d.%d", s.Version[0], s.Version[1], s.Version[2])
	plan := layout(s)
	plan.Memory = cfg.Memory
	plan.CPU = int(cfg.Timeout.Seconds()) + 1 // the deadline comes first; this is for a worker whose server is gone
	// The program that runs is a few lines: the worker's own comes compiled over the pipe.
	const load = "import marshal,posix\ndef r(n):\n b=b''\n while len(b)<n:\n  c=posix.read(0,n-len(b))\n  if not c:posix._exit(0)\n  b+=c\n return b\n" +
		"exec(marshal.loads(r(int.from_bytes(r(4),'big'))))"
	plan.Argv = []string{s.Executable, "-I", "-S", "-B", "-X", "utf8", "-W", "ignore", "-c", load}
	var out []*place
	for _, own := range []bool{true, false} {
		p := plan
		p.Root = own
		pl := &place{plan: p, code: code, root: isRoot(), status: Status{Interpreter: s.Executable, Version: version, Namespaces: own, Landlock: sandbox.Landlock()}}
		if pl.root {
			pl.plan.User = nobody
		}
		out = append(out, pl)
	}
	return out
}
