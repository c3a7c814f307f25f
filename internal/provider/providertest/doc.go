// Package providertest holds one conformance suite for each contract of a model: recogniser (STT), voice (TTS), language model (LLM) and speech-to-speech model (S2S). A
// vendor's test makes its model, against recorded traffic, a scripted server or the real library, and hands it to the suite:
//
//	func TestConformance(t *testing.T) {
//		providertest.TTS(t, model, providertest.TTSOptions{Options: tts.Options{Lang: "en"}})
//	}
//
// The suites check what every caller relies on, whatever the vendor: streams close cleanly, cancellation returns, nothing comes
// out after Close, marks lie inside the audio, each Finalize has exactly one Final, errors have a fault kind. Waiting is bounded
// (Options.Bound), generously: the bound is there to turn a hang into a failure, not to measure.
package providertest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"griot/internal/fault"
)

// Broken is a model that must fail, and how: one with a wrong key, one whose server is down or is full.
type Broken[M any] struct {
	Name  string
	Model M
	Kind  fault.Kind
	Code  string // "" means any
}

// check is one thing that a model must do. Its context ends after the bound.
type check[M, O any] struct {
	name string
	run  func(ctx context.Context, m M, o O) error
}

// errSkip marks a check that does not apply to this model.
type errSkip string

func (e errSkip) Error() string { return string(e) }

func runAll[M, O any](t *testing.T, checks []check[M, O], m M, o O, bound time.Duration) {
	t.Helper()
	for _, c := range checks {
		t.Run(c.name, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), bound)
			defer cancel()
			err := c.run(ctx, m, o)
			var skip errSkip
			switch {
			case errors.As(err, &skip):
				t.Skip(skip)
			case err != nil:
				t.Error(err)
			}
		})
	}
}

// within runs f and fails when it does not return before ctx is done. f then goes on: only a broken model leaves it behind.
func within(ctx context.Context, what string, f func() error) error {
	_, err := valueWithin(ctx, what, func() (struct{}, error) { return struct{}{}, f() })
	return err
}

// valueWithin is within for a function that has a value, which must not be shared before f has returned.
func valueWithin[T any](ctx context.Context, what string, f func() (T, error)) (T, error) {
	type result struct {
		v   T
		err error
	}
	done := make(chan result, 1)
	go func() {
		v, err := f()
		done <- result{v, err}
	}()
	var r result
	select {
	case r = <-done:
	case <-ctx.Done():
	}
	if ctx.Err() != nil { // even if f noticed it too
		return r.v, fmt.Errorf("%s does not return", what)
	}
	return r.v, r.err
}

// kinds are all kinds that a fault can have.
var kinds = []fault.Kind{fault.Invalid, fault.NotFound, fault.Conflict, fault.Denied, fault.Limited, fault.Unavailable, fault.Internal}

// failedAs checks that err is a fault of that kind.
func failedAs(err error, kind fault.Kind, code string) error {
	var f *fault.Error
	switch {
	case err == nil:
		return fmt.Errorf("no error; want a fault of kind %s", kind)
	case !errors.As(err, &f):
		return fmt.Errorf("the error %q has no fault in its chain; want kind %s", err, kind)
	case !slices.Contains(kinds, f.Kind):
		return fmt.Errorf("the fault %q has the unknown kind %q", err, f.Kind)
	case f.Kind != kind:
		return fmt.Errorf("the fault %q has kind %s; want %s", err, f.Kind, kind)
	case code != "" && f.Code != code:
		return fmt.Errorf("the fault %q has code %s; want %s", err, f.Code, code)
	case f.Code == "" || f.Message == "":
		return fmt.Errorf("the fault %+v lacks a code or a message", f)
	}
	return nil
}

// together runs f n times at once and joins the errors.
func together(n int, f func(i int) error) error {
	errs := make(chan error, n)
	for i := range n {
		go func() { errs <- f(i) }()
	}
	var all []error
	for range n {
		all = append(all, <-errs)
	}
	return errors.Join(all...)
}
