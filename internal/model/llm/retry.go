package llm

import (
	"context"
	"errors"
	"iter"
	"math/rand/v2"
	"strconv"
	"time"

	"griot/internal/fault"
)

// patience is the longest pause between two attempts: nobody waits longer on a telephone.
const patience = 5 * time.Second

// Retry returns a model that asks m up to attempts times in all, as long as it fails before its first delta with a fault.Unavailable or
// fault.Limited. Between attempts it pauses for base, then twice that and so on, each time half to one and a half times as long. A vendor's wish
// (Params["retry_after_ms"] of the fault) prolongs the pause; when a pause would pass five seconds, or the vendor says that another attempt is of no use (Params["retry"] is "no"), the
// failure is final.
func Retry(m Model, attempts int, base time.Duration) Model {
	return RetryWithin(m, attempts, base, patience)
}

// RetryWithin is Retry with another longest pause: a model that has somebody to stand in for it is not worth waiting for.
func RetryWithin(m Model, attempts int, base, longest time.Duration) Model {
	return retry{m, attempts, base, longest}
}

type retry struct {
	m        Model
	attempts int
	base     time.Duration
	longest  time.Duration
}

// Generate implements Model.
func (t retry) Generate(ctx context.Context, r Request) iter.Seq2[Delta, error] {
	return func(yield func(Delta, error) bool) {
		pause := t.base
		for n := 1; ; n++ {
			started, err := pass(t.m.Generate(ctx, r), yield)
			if err == nil {
				return
			}
			d := max(jitter(pause), wish(err))
			k := fault.KindOf(err)
			if started || n >= t.attempts || k != fault.Unavailable && k != fault.Limited || hopeless(err) || d > t.longest || !sleep(ctx, d) {
				yield(Delta{}, err)
				return
			}
			pause *= 2
		}
	}
}

// Expect implements Expecter.
func (t retry) Expect(r Request) ([]string, string) {
	if e, ok := t.m.(Expecter); ok {
		return e.Expect(r)
	}
	return nil, ""
}

func jitter(d time.Duration) time.Duration {
	return time.Duration((0.5 + rand.Float64()) * float64(d))
}

func wish(err error) time.Duration {
	var f *fault.Error
	if !errors.As(err, &f) {
		return 0
	}
	ms, _ := strconv.Atoi(f.Params["retry_after_ms"])
	return time.Duration(ms) * time.Millisecond
}

// hopeless reports whether the vendor says that another attempt is of no use (Params["retry"] of the fault is "no").
func hopeless(err error) bool {
	var f *fault.Error
	return errors.As(err, &f) && f.Params["retry"] == "no"
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

// TakesImages implements Viewer.
func (t retry) TakesImages() bool { return TakesImages(t.m) }

// TakesFiles implements Reader.
func (t retry) TakesFiles() bool {
	return TakesFiles(t.m)
}
