package llm

import (
	"context"
	"errors"
	"iter"
	"slices"

	"griot/internal/fault"
)

// Fallback returns a model that asks the first of these, and the next one whenever a model fails before its first delta. After a
// first delta a failure is passed on: the caller may have heard part of the answer. When all fail, the error holds all their
// errors and has the kind of the first. It also expects (see Expecter) what the first of them that can expects.
func Fallback(models ...Model) Model {
	if len(models) == 1 {
		return models[0]
	}
	return fallback(slices.Clone(models))
}

type fallback []Model

// Generate implements Model.
func (f fallback) Generate(ctx context.Context, r Request) iter.Seq2[Delta, error] {
	return func(yield func(Delta, error) bool) {
		if len(f) == 0 {
			yield(Delta{}, fault.New(fault.Unavailable, "no_model", "no language model is configured"))
			return
		}
		var errs []error
		for _, m := range f {
			started, err := pass(m.Generate(ctx, r), yield)
			if err == nil {
				return
			}
			if started || ctx.Err() != nil {
				yield(Delta{}, err)
				return
			}
			errs = append(errs, err)
		}
		yield(Delta{}, errors.Join(errs...))
	}
}

// Expect implements Expecter.
func (f fallback) Expect(r Request) ([]string, string) {
	for _, m := range f {
		if e, ok := m.(Expecter); ok {
			return e.Expect(r)
		}
	}
	return nil, ""
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
func (f fallback) TakesImages() bool {
	for _, m := range f {
		if !TakesImages(m) {
			return false
		}
	}
	return len(f) > 0
}

// TakesFiles implements Reader.
func (f fallback) TakesFiles() bool {
	for _, m := range f {
		if !TakesFiles(m) {
			return false
		}
	}
	return len(f) > 0
}
