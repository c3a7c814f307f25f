package s2s

import (
	"context"
	"errors"
	"math/rand/v2"
	"strconv"
	"time"

	"griot/internal/fault"
)

// longest is the longest pause between two tries: a caller is waiting.
const longest = 5 * time.Second

// Retry returns a model that tries up to tries times in all to open a session, each at most for limit, as long as it fails with a fault.Unavailable or
// fault.Limited. Between tries it pauses for base, then twice that and so on, each time half to one and a half times as long. A wish of the service
// (Params["retry_after_ms"] of the fault) prolongs the pause; when a pause would pass five seconds, the failure is final.
func Retry(m Model, tries int, limit, base time.Duration) Model {
	return &retry{Model: m, tries: tries, limit: limit, base: base}
}

type retry struct {
	Model
	tries       int
	limit, base time.Duration
}

// Open implements Model.
func (r *retry) Open(ctx context.Context, o Options) (Session, error) {
	pause := r.base
	for n := 1; ; n++ {
		s, err := r.once(ctx, o)
		if err == nil {
			return s, nil
		}
		d := max(time.Duration((0.5+rand.Float64())*float64(pause)), wish(err))
		k := fault.KindOf(err)
		if ctx.Err() != nil || n >= r.tries || k != fault.Unavailable && k != fault.Limited || d > longest || !sleep(ctx, d) {
			return nil, err
		}
		pause *= 2
	}
}

// once tries for as long as a try may take. The session that is opened lives as long as ctx.
func (r *retry) once(ctx context.Context, o Options) (Session, error) {
	life, cancel := context.WithCancelCause(ctx)
	late := fault.New(fault.Unavailable, "timeout", "%s did not open a session within %s", r.Caps().ID, r.limit)
	timer := time.AfterFunc(r.limit, func() { cancel(late) })
	s, err := r.Model.Open(life, o)
	if !timer.Stop() && err == nil {
		_ = s.Close() // too late: its life is over
		err = late
	}
	if err != nil {
		cancel(err)
		if ctx.Err() == nil && errors.Is(context.Cause(life), late) {
			err = late
		}
		return nil, err
	}
	return &bounded{Session: s, cancel: cancel}, nil
}

// bounded frees the context of a session when it is closed.
type bounded struct {
	Session
	cancel context.CancelCauseFunc
}

func (b *bounded) Close() error {
	defer b.cancel(nil)
	return b.Session.Close()
}

func wish(err error) time.Duration {
	var f *fault.Error
	if !errors.As(err, &f) {
		return 0
	}
	ms, _ := strconv.Atoi(f.Params["retry_after_ms"])
	return time.Duration(ms) * time.Millisecond
}

// sleep reports whether d passed before ctx was done.
func sleep(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return ctx.Err() == nil
	case <-ctx.Done():
		return false
	}
}
