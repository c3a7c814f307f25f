package selfvoice

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestOwn(t *testing.T) {
	const said = "We are open from nine to six on weekdays, until eight on Thursday. On Sunday we are closed."
	for _, c := range []struct {
		heard, rest string
		ours        bool
	}{
		{"open from nine to six", "", true},
		{"Open from nine to sex on weekday", "", true},
		{"we are closed", "", true},
		{"until eight on Thursday wait please", "wait please", false},
		{"excuse me open from nine to six", "excuse me", false},
		{"Thursday", "Thursday", false},
		{"on Sunday", "", true},
		{"and on Monday?", "and on Monday?", false},
		{"stop", "stop", false},
		{"do you have a table", "do you have a table", false},
		{"", "", false},
	} {
		rest, ours := Own(c.heard, said)
		require.Equal(t, c.rest, rest, c.heard)
		require.Equal(t, c.ours, ours, c.heard)
	}
	rest, ours := Own("prenez le tram jusqu'a la gare", "Prenez le tram jusqu'à la gare, puis marchez.")
	require.True(t, ours, rest)
	rest, ours = Own("yes", "")
	require.False(t, ours)
	require.Equal(t, "yes", rest)
}

func FuzzOwn(f *testing.F) {
	f.Add("open from nine", "We are open from nine to six")
	f.Fuzz(func(t *testing.T, heard, said string) {
		rest, ours := Own(heard, said)
		if ours && rest != "" {
			t.Fatal("all of it is ours, and something is left")
		}
	})
}
