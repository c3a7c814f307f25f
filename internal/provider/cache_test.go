package provider

import (
	"context"
	"errors"
	"strconv"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

func TestCacheAsksOnceAndAgainLater(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var c Cache[int]
		asked := 0
		ask := func(context.Context) (int, error) { asked++; time.Sleep(time.Second); return asked, nil }
		var wg sync.WaitGroup
		for range 8 {
			wg.Go(func() { _, _ = c.Get(t.Context(), "a", ask) })
		}
		wg.Wait()
		require.Equal(t, 1, asked, "of eight at once one asks")
		got, err := c.Get(t.Context(), "a", ask)
		require.NoError(t, err)
		require.Equal(t, 1, got)
		time.Sleep(freshFor)
		got, err = c.Get(t.Context(), "a", ask)
		require.NoError(t, err)
		require.Equal(t, 2, got)
		_, err = c.Get(t.Context(), "b", ask)
		require.NoError(t, err)
		require.Equal(t, 3, asked, "another key is another question")
	})
}

func TestCacheFailures(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var c Cache[int]
		broken, asked := errors.New("broken"), 0
		fail := func(context.Context) (int, error) { asked++; return 0, broken }
		for range 3 {
			_, err := c.Get(t.Context(), "a", fail)
			require.ErrorIs(t, err, broken)
		}
		require.Equal(t, 1, asked)
		time.Sleep(failedFor)
		_, err := c.Get(t.Context(), "a", fail)
		require.ErrorIs(t, err, broken)
		require.Equal(t, 2, asked)

		start := time.Now()
		_, err = c.Get(t.Context(), "slow", func(ctx context.Context) (int, error) { <-ctx.Done(); return 0, ctx.Err() })
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.Equal(t, askFor, time.Since(start))

		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		_, err = c.Get(ctx, "left", func(ctx context.Context) (int, error) { return 0, ctx.Err() })
		require.ErrorIs(t, err, context.Canceled)
		got, err := c.Get(t.Context(), "left", func(context.Context) (int, error) { return 7, nil })
		require.NoError(t, err, "that one left is not kept for the next")
		require.Equal(t, 7, got)

		for i := range 2 * mostKept {
			time.Sleep(time.Millisecond)
			_, err := c.Get(t.Context(), strconv.Itoa(i), func(context.Context) (int, error) { return i, nil })
			require.NoError(t, err)
		}
		require.Len(t, c.kept, mostKept)
		require.Contains(t, c.kept, strconv.Itoa(2*mostKept-1))
	})
}
