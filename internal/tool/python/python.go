package python

import (
	"context"
	"encoding/json"
	"log/slog"
	"runtime"
	"time"

	"griot/internal/fault"
	"griot/internal/tool/python/sandbox"
)

// The bounds of a call where the configuration does not say otherwise.
const (
	DefaultTimeout = 30 * time.Second
	DefaultMemory  = 256 << 20 // bytes of address space, the interpreter's own included
	MaxResult      = 256 << 10 // bytes of a result as JSON
	MaxPrinted     = 64 << 10  // bytes of what print writes; the rest is dropped, and Outcome.Cut says so
)

// Config of a Runner. The zero value works.
type Config struct {
	Interpreter string        // path of a CPython from 3.10 on; empty for /usr/bin/python3, or the first python3 in PATH
	Stdlib      bool          // an administrator agrees that tools which ask for it (Definition.Stdlib) import the standard library
	Timeout     time.Duration // for one call; 0 means DefaultTimeout
	Memory      int64         // bytes of address space for one call; 0 means DefaultMemory
	Warm        int           // workers kept ready once a tool was made; 0 means 2, negative none
	Max         int           // calls at once, the others wait; 0 means twice the processors, at least 4
	Waiting     int           // calls that may wait; more are refused with fault.Limited. 0 means 64
	Log         *slog.Logger  // nil means slog.Default()
}

// Runner runs tools. Make it with New, and Close it.
type Runner struct {
	cfg Config
	log *slog.Logger

	landlock func() int  // what the kernel offers; replaced in tests
	seccomp  func() bool // likewise

	probing chan struct{} // one place: who has it may touch what follows
	place   *place        // once the sandbox was built on this machine
	refused error         // why it could not be built, until the next attempt
	asked   time.Time     // when refused was found

	*pool
}

// New makes a Runner. It starts no process and looks at nothing until the first call of Available, Check, Run or Tool.
func New(cfg Config) *Runner {
	if cfg.Timeout <= 0 {
		cfg.Timeout = DefaultTimeout
	}
	if cfg.Memory <= 0 {
		cfg.Memory = DefaultMemory
	}
	if cfg.Warm == 0 {
		cfg.Warm = 2
	}
	if cfg.Max <= 0 {
		cfg.Max = max(4, 2*runtime.GOMAXPROCS(0))
	}
	if cfg.Waiting <= 0 {
		cfg.Waiting = 64
	}
	if cfg.Log == nil {
		cfg.Log = slog.Default()
	}
	r := &Runner{cfg: cfg, log: cfg.Log, landlock: sandbox.Landlock, seccomp: sandbox.Seccomp, probing: make(chan struct{}, 1)}
	r.pool = newPool(r)
	return r
}

// Status is what Available found.
type Status struct {
	Interpreter string // the path of the program
	Version     string // such as "3.11.2"
	Namespaces  bool   // workers also have a file system, a network and process numbers of their own; the kernel does not let everybody
	Landlock    int    // version of the kernel's landlock
}

// Finding is something about the code that its author should know.
type Finding struct {
	Line    int    `json:"line"`   // from 1; 0 when it is about the whole
	Column  int    `json:"column"` // from 1; 0 when it is about the whole line
	Code    string `json:"code"`   // stable: syntax, execute_missing, execute_parameters, import, name, attribute, module
	Message string `json:"message"`
	Warning bool   `json:"warning,omitempty"` // the code can be saved as it is
}

// Failure says why the code has no result.
type Failure struct {
	Kind      string `json:"kind"`                // exception, syntax, not_allowed, result, timeout, memory, crash
	Type      string `json:"type,omitempty"`      // the exception's type, such as "KeyError"
	Message   string `json:"message"`             // what it said, or our words
	Line      int    `json:"line,omitempty"`      // of the tool's code; 0 when it has none
	Source    string `json:"source,omitempty"`    // that line
	Traceback string `json:"traceback,omitempty"` // frames of the tool's code, as Python prints them, for its author
}

// Outcome of one run. Exactly one of Result and Failure is set.
type Outcome struct {
	Result  json.RawMessage `json:"result,omitempty"`  // what execute returned
	Failure *Failure        `json:"failure,omitempty"` // why there is no result
	Printed string          `json:"printed,omitempty"` // what the code printed
	Cut     bool            `json:"cut,omitempty"`     // Printed is not all of it
	Took    time.Duration   `json:"-"`                 // from the call to the result, waiting for a worker included
	Warm    bool            `json:"-"`                 // a worker was ready
}

// allowed reports why d cannot be run here, whatever its code does.
func (r *Runner) allowed(d Definition) error {
	if err := d.Validate(); err != nil {
		return err
	}
	if d.Stdlib && !r.cfg.Stdlib {
		return fault.New(fault.Denied, "python_stdlib_off",
			"the tool %s asks for Python's standard library, which an administrator has not allowed (tools.python.stdlib)", d.Name).At("stdlib")
	}
	return nil
}

// Check looks at a definition without running it: what Validate sees is an error; what is wrong with the code is in the findings.
func (r *Runner) Check(ctx context.Context, d Definition) ([]Finding, error) {
	if err := r.allowed(d); err != nil {
		return nil, err
	}
	a, _, err := r.ask(ctx, request{Kind: "check", Code: d.Code, Name: d.Name, Stdlib: d.Stdlib, Memory: r.cfg.Memory}, r.cfg.Timeout)
	if err != nil {
		return nil, err
	}
	if a.Failure != nil {
		return []Finding{{Line: a.Failure.Line, Code: "syntax", Message: a.Failure.Message}}, nil
	}
	return a.Findings, nil
}

// Run calls execute with the arguments, a JSON object. A failure of the code is in the outcome; an error means that it was not run to an
// end: the definition is wrong (fault.Invalid, Denied), too many wait (Limited), no sandbox (Unavailable), or ctx is done.
func (r *Runner) Run(ctx context.Context, d Definition, arguments json.RawMessage) (Outcome, error) {
	if err := r.allowed(d); err != nil {
		return Outcome{}, err
	}
	var params map[string]json.RawMessage
	if len(arguments) == 0 {
		arguments = json.RawMessage("{}")
	}
	if err := json.Unmarshal(arguments, &params); err != nil || params == nil {
		return Outcome{}, fault.New(fault.Invalid, "bad_arguments", "the arguments are not a JSON object").At("arguments")
	}
	limit := r.cfg.Timeout
	if t := d.Policy.Timeout; t > 0 && t < limit {
		limit = t
	}
	began := time.Now()
	a, warm, err := r.ask(ctx, request{Kind: "run", Code: d.Code, Name: d.Name, Stdlib: d.Stdlib, Params: arguments, Memory: r.cfg.Memory}, limit)
	if err != nil {
		return Outcome{}, err
	}
	return Outcome{Result: a.Result, Failure: a.Failure, Printed: a.Printed, Cut: a.Cut, Took: time.Since(began), Warm: warm}, nil
}
