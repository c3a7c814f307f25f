package pocketsphinx

import (
	"context"
	"io"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"griot/internal/model/stt"
)

func TestQueueKeepsOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := newQueue()
		part := func(s string) { q.partial(stt.Event{Kind: stt.Partial, Text: s}) }
		part("a")
		part("a b") // replaces the first
		late := q.final()
		part("c")
		part("c d")
		q.settle(q.final(), stt.Event{Kind: stt.Final, Text: "c d e"})
		part("f")
		q.forget()
		got := make(chan string, 10)
		go func() {
			for {
				ev, err := q.recv(t.Context())
				if err != nil {
					close(got)
					return
				}
				got <- ev.Text
			}
		}()
		synctest.Wait()
		require.Len(t, got, 1)
		require.Equal(t, "a b", <-got)
		q.settle(late, stt.Event{Kind: stt.Final, Text: "a b !"})
		synctest.Wait()
		require.Equal(t, "a b !", <-got)
		require.Equal(t, "c d", <-got)
		require.Equal(t, "c d e", <-got)
		require.Empty(t, got)
		q.close()
		q.settle(late, stt.Event{}) // a second look that comes too late
		_, more := <-got
		require.False(t, more)
	})
}

func TestQueueWakesEveryReader(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := newQueue()
		ended := make(chan error, 3)
		for range 3 {
			go func() {
				_, err := q.recv(context.Background())
				ended <- err
			}()
		}
		synctest.Wait()
		q.close()
		for range 3 {
			require.ErrorIs(t, <-ended, io.EOF)
		}
	})
}
