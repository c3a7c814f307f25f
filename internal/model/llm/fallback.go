package llm

import (
	"context"
	"errors"
	"iter"
	"slices"
	"sync"
	"time"

	"griot/internal/fault"
)

// How long a model that failed is asked last.
const (
	restShort = 30 * time.Second // it was down, or over its limit
	restLong  = 5 * time.Minute  // its key was refused, or it is not there
)

// Fallback returns a model that asks the first of these, and the next one whenever a model fails before its first delta. After a
// first delta a failure is passed on: the caller may have heard part of the answer. When all fail, the error holds all their
// errors and has the kind of the first. It also expects (see Expecter) what the first of them that can expects.
//
// A model that failed for a reason of its own (not for what was asked) is asked last for a while.
func Fallback(models ...Model) Model { return FallbackWith(FallbackOptions{}, models...) }

// FallbackOptions are how a chain of models is gone through.
type FallbackOptions struct {
	First  time.Duration              // each but the last has so long for its first delta; 0 for no limit
	Failed func(model int, err error) // is told why a model is passed over, by its place; may be nil
}

// FallbackWith is Fallback with options.
func FallbackWith(o FallbackOptions, models ...Model) Model {
	if len(models) == 1 {
		return models[0]
	}
	return &fallback{o: o, models: slices.Clone(models), rests: make([]time.Time, len(models))}
}

type fallback struct {
	o      FallbackOptions
	models []Model

	mu    sync.Mutex
	rests []time.Time // until when each is asked last
}

// Generate implements Model.
func (f *fallback) Generate(ctx context.Context, r Request) iter.Seq2[Delta, error] {
	return func(yield func(Delta, error) bool) {
		if len(f.models) == 0 {
			yield(Delta{}, fault.New(fault.Unavailable, "no_model", "no language model is configured"))
			return
		}
		var errs []error
		order := f.order()
		for n, i := range order {
			limit := f.o.First
			if n == len(order)-1 {
				limit = 0
			}
			started, err := passWithin(ctx, limit, f.models[i], r, yield)
			if err == nil {
				return
			}
			if started || ctx.Err() != nil {
				yield(Delta{}, err)
				return
			}
			f.rest(i, err)
			if f.o.Failed != nil {
				f.o.Failed(i, err)
			}
			errs = append(errs, err)
		}
		yield(Delta{}, errors.Join(errs...))
	}
}

// order is in which the models are asked: as given, but those that rest last.
func (f *fallback) order() []int {
	f.mu.Lock()
	defer f.mu.Unlock()
	now := time.Now()
	var awake, resting []int
	for i, until := range f.rests {
		if now.Before(until) {
			resting = append(resting, i)
		} else {
			awake = append(awake, i)
		}
	}
	return append(awake, resting...)
}

func (f *fallback) rest(i int, err error) {
	var d time.Duration
	switch fault.KindOf(err) {
	case fault.Unavailable, fault.Limited:
		d = max(restShort, wish(err))
	case fault.Denied, fault.NotFound:
		d = restLong
	default: // it is what was asked
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.rests[i] = time.Now().Add(d)
}

// Expect implements Expecter.
func (f *fallback) Expect(r Request) ([]string, string) {
	for _, m := range f.models {
		if e, ok := m.(Expecter); ok {
			return e.Expect(r)
		}
	}
	return nil, ""
}

// passWithin is pass for a model that has so long for its first delta; 0 is no limit.
func passWithin(ctx context.Context, limit time.Duration, m Model, r Request, yield func(Delta, error) bool) (started bool, err error) {
	if limit <= 0 {
		return pass(m.Generate(ctx, r), yield)
	}
	late := fault.New(fault.Unavailable, "model_late", "the model gave nothing within %s", limit)
	inner, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	watch := time.AfterFunc(limit, func() { cancel(late) })
	defer watch.Stop()
	for d, err := range m.Generate(inner, r) {
		if !started && !watch.Stop() && ctx.Err() == nil {
			return false, late // whatever it gives now is too late
		}
		if err != nil {
			return started, err
		}
		started = true
		if !yield(d, nil) {
			return true, nil
		}
	}
	return started, nil
}

// pass hands deltas on until the sequence ends, fails, or is left. It reports whether a delta was handed on, and the failure, which
// it does not hand on.
func pass(seq iter.Seq2[Delta, error], yield func(Delta, error) bool) (started bool, err error) {
	for d, err := range seq {
		if err != nil {
			return started, err
		}
		started = true
		if !yield(d, nil) {
			return true, nil
		}
	}
	return started, nil
}

// TakesImages implements Viewer: any of them may have to answer.
func (f *fallback) TakesImages() bool { return f.all(TakesImages) }

// TakesFiles implements Reader.
func (f *fallback) TakesFiles() bool { return f.all(TakesFiles) }

func (f *fallback) all(can func(Model) bool) bool {
	return len(f.models) > 0 && !slices.ContainsFunc(f.models, func(m Model) bool { return !can(m) })
}
