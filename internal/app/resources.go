package app

import (
	"context"

	"griot/internal/api"
	"griot/internal/event"
	"griot/internal/fault"
)

// System implements api.System.
func (a *App) System(ctx context.Context) (api.SystemInfo, error) {
	info := api.SystemInfo{Version: a.version, StartedAt: a.started.UTC()}
	for _, c := range a.plans.checks(ctx) {
		info.Checks = append(info.Checks, api.SystemCheck{ID: c.ID, Name: c.Name, OK: c.OK, Found: c.Found, Missing: c.Missing, Mend: c.Mend})
	}
	return info, nil
}

func noticeOf(err error) (n event.Notice) {
	n.Code, n.Message = fault.CodeOf(err), err.Error()
	if n.Code == "" {
		n.Code = "unusable"
	}
	return n
}
