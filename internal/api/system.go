package api

import (
	"context"
	"time"
)

// System tells about the program and the machine it runs on.
type System interface {
	System(ctx context.Context) (SystemInfo, error)
}

// SystemInfo is the program's version, when it started, and what it found on its machine.
type SystemInfo struct {
	Version   string        `json:"version"`
	StartedAt time.Time     `json:"started_at"`
	Checks    []SystemCheck `json:"checks"`
}

// SystemCheck is one thing that the program can use.
type SystemCheck struct {
	ID      string `json:"id" example:"espeak"`
	Name    string `json:"name" example:"eSpeak NG"`
	OK      bool   `json:"ok"`
	Found   string `json:"found" doc:"What was found: path and version. Empty when nothing was."`
	Missing string `json:"missing" doc:"What was not found, in one sentence. Empty when nothing is missing."`
	Mend    string `json:"mend" doc:"A shell command that mends it. Empty when nothing is missing."`
}

// Health is the answer of a server that is up.
type Health struct {
	Status string `json:"status" enum:"ok"`
}

func (a *api) system() {
	get(a, "/api/system", "get-system", "System", "Get version and checks", nil,
		func(ctx context.Context, _ *struct{}) (SystemInfo, error) {
			info, err := a.s.System.System(ctx)
			info.Checks = notNil(info.Checks)
			return info, err
		})
	get(a, "/healthz", "get-health", "System", "Tell whether the server is up", nil,
		func(context.Context, *struct{}) (Health, error) { return Health{Status: "ok"}, nil })
}
