// Package python runs tools written in Python: a function execute(params) whose result the model reads.
//
// The code runs on the system's CPython, in a process of its own that is used once and then thrown away. The process is this very
// program started again (package sandbox), which takes everything away from itself (files, network, processes, signals, memory
// without bound) before it becomes the interpreter. It is the kernel that keeps the code inside; what the interpreter refuses besides
// (import, names with two underscores) gives the author early and clear words, and an attacker one wall more.
// Where the kernel cannot build the sandbox nothing runs: every method says so with fault.Unavailable.
//
// A Runner is made once for the program and closed at its end:
//
//	r := python.New(python.Config{Stdlib: cfg.Tools.Python.Stdlib})
//	defer r.Close()
//
//	findings, err := r.Check(ctx, def)      // when a definition is saved: syntax, execute, what is not allowed, each with its line
//	out, err := r.Run(ctx, def, arguments)  // the author's test: result, what was printed, the failure with its traceback
//	t, err := r.Tool(def)                   // for a session; the failure becomes words from which a model can go on
//
// All methods are safe for concurrent use.
package python
