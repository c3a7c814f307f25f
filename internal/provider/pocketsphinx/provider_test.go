package pocketsphinx

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"griot/internal/fault"
	"griot/internal/model/stt"
	"griot/internal/provider/providertest"
)

func TestConformance(t *testing.T) {
	m := newTestModel(t)
	for mode, h := range map[string]stt.Hints{
		"phrases":          {Phrases: []string{"has left the conference", "yes", "no"}},
		"phrases and open": {Phrases: []string{"yes", "no"}, Open: true},
		"dictation":        {},
	} {
		t.Run(mode, func(t *testing.T) {
			providertest.STT(t, m, providertest.STTOptions{
				Options: stt.Options{Lang: "en", Hints: h}, Speech: wide(t, "conf-hasleft"), Want: "left the conference",
			})
		})
	}
}

func TestMissingParts(t *testing.T) {
	newTestModel(t)
	half := t.TempDir() // a model without its acoustic part would end the process if the library saw it
	for _, f := range []string{"cmudict-en-us.dict", "en-us.lm.bin"} {
		require.NoError(t, os.WriteFile(filepath.Join(half, f), []byte("x"), 0o600))
	}
	for what, c := range map[string]map[string]string{
		"library": {"library": "/nowhere/libpocketsphinx.so.3"}, "model": {"model": "/nowhere"}, "half a model": {"model": half},
		"another library": {"library": "libc.so.6"},
	} {
		raw, err := json.Marshal(c)
		require.NoError(t, err)
		_, err = Provider().STT(t.Context(), raw)
		require.Equal(t, fault.Unavailable, fault.KindOf(err), what)
		require.Equal(t, "pocketsphinx_missing", fault.CodeOf(err), what)
		p := Provider().Present(t.Context(), raw)
		require.False(t, p.OK, what)
		require.NotEmpty(t, p.Missing, what)
		require.Equal(t, "apt-get install -y libpocketsphinx3 pocketsphinx-en-us", p.Mend)
	}
	p := Provider().Present(t.Context(), nil)
	require.True(t, p.OK)
	require.Contains(t, p.Found, "en-us")
	for _, raw := range []string{`{"dictation":0}`, `{"max_seconds":1000}`, `{"colour":"red"}`} {
		_, err := Provider().STT(t.Context(), json.RawMessage(raw))
		require.Equal(t, fault.Invalid, fault.KindOf(err), raw)
	}
}

// Decoders come and go with their streams; a hundred conversations leave nothing behind.
func TestNoLeakOverAHundredStreams(t *testing.T) {
	m := newTestModel(t)
	x := wide(t, "queue-thankyou")
	round := func(i int) {
		s, err := m.Open(t.Context(), stt.Options{Lang: "en", Hints: stt.Hints{
			Phrases: []string{"thank you for your patience", "number " + strconv.Itoa(i)}, Open: i%20 == 0,
		}})
		require.NoError(t, err)
		if i%4 == 0 {
			final, _ := hear(t, s, x)
			require.Contains(t, final.Text, "thank you for your")
		}
		require.NoError(t, s.Close())
	}
	for i := range 20 {
		round(i)
	}
	before := resident(t)
	for i := range 100 {
		round(i)
	}
	grown := resident(t) - before
	t.Logf("%d MB before, %d MB more after 100 streams", before>>20, grown>>20)
	require.Less(t, grown, 24<<20)
}

// resident returns how much memory the process holds, in bytes.
func resident(t *testing.T) int {
	t.Helper()
	b, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		t.Skip("the memory of a process is only known on Linux")
	}
	pages, err := strconv.Atoi(strings.Fields(string(b))[1])
	require.NoError(t, err)
	return pages * os.Getpagesize()
}

// A decoder that was used and reset hears what a new one hears, on the same terms.
func TestResetDecoderIsAsNew(t *testing.T) {
	m := newTestModel(t)
	p, err := newPlan(t.Context(), m.lexicon, stt.Hints{Phrases: []string{"thank you for your patience", "please try again"}})
	require.NoError(t, err)
	listen := func(d *decoder, name string) result {
		require.NoError(t, d.setGrammar(p.text, p.words))
		require.NoError(t, d.start())
		require.NoError(t, d.feed(wide(t, name)))
		d.end()
		return d.hyp()
	}
	d, err := m.grammars.get()
	require.NoError(t, err)
	defer d.free()
	fresh := listen(d, "queue-thankyou")
	require.NotEqual(t, d.fresh, d.cepstral(), "the caller's mean was learnt")
	for range 3 {
		listen(d, "pbx-invalid")
	}
	require.True(t, d.reset())
	require.Equal(t, d.fresh, d.cepstral())
	again := listen(d, "queue-thankyou")
	require.Equal(t, fresh.text, again.text)
	require.InDelta(t, fresh.score, again.score, 1)
}
