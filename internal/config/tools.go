package config

import "time"

// Tools is what agents can do besides talking.
type Tools struct {
	Commands    []string      `yaml:"commands" doc:"Programs that tools may start as tool servers (MCP over stdio): names that PATH finds, such as npx, or whole paths. Whoever makes tools then runs them with whatever arguments, with the rights of this server. None: no tool starts anything."`
	Environment []string      `yaml:"environment" doc:"Variables of this server's own environment that tools of every tenant may read as ${env.NAME}. A tenant's own variables come first."`
	Approval    time.Duration `yaml:"approval" doc:"How long somebody may take to allow what a tool wants to do; then it is refused."`
	Python      Python        `yaml:"python" doc:"Tools that are written in Python and run in a sandbox. See docs/tools.md."`
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
