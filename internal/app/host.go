package app

import (
	"context"
	"log/slog"
	"sync/atomic"
	"time"

	"griot/internal/conversation"
	"griot/internal/event"
	"griot/internal/fault"
	"griot/internal/identity"
	"griot/internal/live/load"
	"griot/internal/live/realtime"
	"griot/internal/live/replay"
	"griot/internal/live/session"
	"griot/internal/live/transport"
	wire "griot/internal/realtime"
)

// tenant is that of who asks without being of any: at this machine, in the terminal.
const tenant = identity.DefaultTenant

// host prepares conversations for the transports and keeps their record.
type host struct {
	plans   *planner
	records *conversation.Service
	max     int // conversations at once; 0 for no limit
	record  bool
	replays string // folder for what a replay needs; empty keeps nothing
	live    atomic.Int64
	load    *load.Meter
	log     *slog.Logger
}

// Open implements realtime.Host.
func (h *host) Open(ctx context.Context, r realtime.Request) (*realtime.Conversation, error) {
	n := h.live.Add(1)
	opened := false
	defer func() {
		if !opened {
			h.live.Add(-1)
		}
	}()
	if h.max > 0 && n > int64(h.max) {
		return nil, fault.New(fault.Limited, "too_many_conversations", "All %d lines are taken. Try again in a few seconds.", h.max)
	}
	owner := tenantOf(ctx)
	plan, shown, into, err := h.prepare(ctx, r)
	if err != nil {
		return nil, err
	}
	rec, err := h.records.Begin(ctx, conversation.Start{Tenant: owner, Agent: plan.Agent, AgentName: plan.Name, AgentVersion: plan.Version, Lang: plan.Lang,
		Channel: r.Channel, Remote: r.Remote, NoRecording: !h.record})
	if err != nil {
		return nil, err
	}
	opened = true
	plan.ID, plan.Tenant, plan.Load = rec.ID(), owner, h.load
	tape := rec.Recorder()
	plan.CallerTap, plan.AgentTap = conversation.Steady(tape.Caller), tape.Agent
	keep, kept := h.keep(plan)
	return &realtime.Conversation{ID: plan.ID, Keep: keep, Hear: h.plans.listener, Into: into, Plan: plan, Log: rec, Agent: shown, Close: func(reason string, runErr error) {
		defer h.live.Add(-1)
		kept()
		// The end is written down whatever became of the request.
		ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
		defer cancel()
		if err := rec.End(ctx, reason, runErr); err != nil {
			h.log.Error("the end of a conversation could not be recorded yet", "conversation", plan.ID, "error", err)
		}
	}}, nil
}

// prepare makes the plan of what a client asks for.
func (h *host) prepare(ctx context.Context, r realtime.Request) (plan session.Plan, shown wire.GriotAgent, into func(context.Context, string) error, err error) {
	switch {
	case r.Translate != nil:
		return h.plans.translation(ctx, *r.Translate)
	case r.Transcribe != nil:
		plan, shown, err = h.plans.transcription(ctx, *r.Transcribe)
		return plan, shown, nil, err
	}
	plan, shown, err = h.plans.plan(ctx, r.Agent)
	return plan, shown, nil, err
}

// keep returns what keeps a conversation for a replay, nil where nothing is kept, and what ends it. A conversation that cannot be kept takes place all the same; one with a
// speech-to-speech model is not, because another answer would need that model again.
func (h *host) keep(plan session.Plan) (func(session.Plan, transport.Leg, event.Appender) (session.Plan, transport.Leg, event.Appender), func()) {
	id := plan.ID
	if h.replays == "" || plan.Models.S2S != nil || plan.Agent == "" {
		return nil, func() {}
	}
	var tape *replay.Recording
	failed := func(err error) {
		if err != nil {
			h.log.Error("a conversation is not kept for a replay", "conversation", id, "error", err)
		}
	}
	return func(p session.Plan, l transport.Leg, log event.Appender) (session.Plan, transport.Leg, event.Appender) {
			t, p, l, log, err := replay.Record(replayPath(h.replays, id), p, l, log)
			tape = t
			failed(err)
			return p, l, log
		}, func() {
			if tape != nil {
				failed(tape.Close())
			}
		}
}
