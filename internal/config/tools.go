package config

// Tools is what agents can do besides talking.
type Tools struct {
	Python Python `yaml:"python" doc:"Tools that are written in Python and run in a sandbox. See docs/tools.md."`
}

// Python is the interpreter of tools, and what they may use.
type Python struct {
	Interpreter string `yaml:"interpreter" doc:"Path of a CPython from 3.10 on. Empty for /usr/bin/python3, or the first python3 in the PATH."`
	Stdlib      bool   `yaml:"stdlib" doc:"Tools may import Python's standard library when their authors ask for it. The sandbox stays: no files, no network, no processes."`
	MemoryMB    int    `yaml:"memory_mb" doc:"Memory that one call may use, in megabytes; the interpreter itself takes some 20 of them."`
	Max         int    `yaml:"max" doc:"Calls at once; more wait for their turn. 0 means twice the number of processors."`
}

func (p Python) validate(bad func(key, format string, args ...any) error) error {
	if p.MemoryMB < 64 || p.MemoryMB > 64<<10 {
		return bad("tools.python.memory_mb", "tools.python.memory_mb: %d is not between 64 and 65536", p.MemoryMB)
	}
	if p.Max < 0 {
		return bad("tools.python.max", "tools.python.max: %d is negative", p.Max)
	}
	return nil
}
