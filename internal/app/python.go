package app

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"griot/internal/config"
	"griot/internal/fault"
	"griot/internal/tool/python"
)

// newPython makes the runner of tools in Python. It starts nothing until such a tool is there.
func newPython(c config.Python, log *slog.Logger) *python.Runner {
	return python.New(python.Config{Interpreter: c.Interpreter, Stdlib: c.Stdlib, Memory: int64(c.MemoryMB) << 20, Max: c.Max, Log: log})
}

// pythonCheck builds the sandbox of tools in Python once, for the doctor.
func pythonCheck(ctx context.Context, c config.Python, log *slog.Logger) Check {
	out := Check{ID: "python-tools", Name: "Tools in Python"}
	r := newPython(c, log)
	defer r.Close()
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	st, err := r.Available(ctx)
	if err != nil {
		out.Missing = "tools in Python do not run: " + err.Error()
		if code := fault.CodeOf(err); code == "python_missing" || code == "python_version" || code == "python_broken" {
			out.Mend = python.Mend
		}
		return out
	}
	out.OK, out.Found = true, fmt.Sprintf("%s (%s), landlock %d, seccomp, namespaces", st.Interpreter, st.Version, st.Landlock)
	if !st.Namespaces {
		out.Found = fmt.Sprintf("%s (%s), landlock %d, seccomp; the kernel permits no namespaces: with the standard library a tool can ask whether a path exists", st.Interpreter, st.Version, st.Landlock)
	}
	return out
}
