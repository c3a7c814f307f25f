// Package fake has scripted models for tests, the bench, the documentation and machines with no account: a language model that
// gives written answers, a voice that speaks tones with exact marks, and a recogniser that "hears" a prepared list of utterances.
//
// Nothing here starts a goroutine. A model's delays run in the goroutine that asks (ranging over Generate, or in Recv) on
// ordinary timers and contexts, so that inside a testing/synctest bubble a long conversation takes no time and always takes the
// same path. Delays count from the moment that the real vendor would have started the work (Generate, Say, Finalize), not from the
// moment that somebody came to read the result.
package fake

import (
	"context"
	"time"
)

// wait returns nil after d, or the context's error when that is done first. It returns at once when d is not positive.
func wait(ctx context.Context, d time.Duration) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if d <= 0 {
		return nil
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
