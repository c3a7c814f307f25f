package pocketsphinx

import (
	"context"
	"fmt"
	"strings"

	"griot/internal/fault"
	"griot/internal/media"
	"griot/internal/model/stt"
)

// Model is the recogniser. It is safe for concurrent use. Besides stt.Model it has Close, which frees the decoders that are
// waiting for a stream; decoders in use are freed when their stream closes.
type Model struct {
	files     modelFiles
	lexicon   *lexicon
	grammars  *shelf
	dictation *bench
	limit     float64
	longest   int // samples of one utterance
}

// keptIdle is how many grammar decoders (5 to 8 MB each) wait for the next stream.
const keptIdle = 4

func newModel(c Config) (*Model, error) {
	if c.Dictation < 1 || c.Dictation > 64 {
		return nil, fault.New(fault.Invalid, "out_of_range", "dictation is %d, it must be from 1 to 64", c.Dictation).At("dictation")
	}
	if c.MaxSeconds < 1 || c.MaxSeconds > 120 {
		return nil, fault.New(fault.Invalid, "out_of_range", "max_seconds is %d, it must be from 1 to 120", c.MaxSeconds).At("max_seconds")
	}
	lib, err := openLibrary(c.Library)
	if err != nil {
		return nil, missing(err)
	}
	files, err := findModel(c.Model)
	if err != nil {
		return nil, missing(err)
	}
	m := &Model{
		files: files, lexicon: newLexicon(files.dict, command(c.Espeak)),
		limit: c.Limit, longest: c.MaxSeconds * rate,
	}
	m.grammars = &shelf{size: keptIdle, make: func() (*decoder, error) { return newGrammarDecoder(lib, files, grammarScale(c.Limit)) }}
	m.dictation = newBench(c.Dictation, func() (*decoder, error) { return newDictationDecoder(lib, files) })
	// The first decoder is made now: it shows that the model can be read, and the first caller does not wait for it.
	d, err := m.grammars.get()
	if err != nil {
		return nil, fault.Wrap(err, fault.Unavailable, "pocketsphinx_broken", "the offline recogniser does not start; reinstall it with: %s", mend)
	}
	m.grammars.put(d)
	return m, nil
}

// Caps implements stt.Model.
func (m *Model) Caps() stt.Caps {
	return stt.Caps{ID: "pocketsphinx/en-us", Languages: []string{"en"}, Rate: rate, Partials: true, Hints: true}
}

// Close frees the decoders that wait for a stream. Streams that are open go on.
func (m *Model) Close() error {
	m.grammars.close()
	m.dictation.close()
	return nil
}

// Open implements stt.Model. With 40 phrases it takes 5 ms; 8 ms more when no decoder waits, 15 ms more when a word is not in the
// dictionary, and 30 ms more the first time, when the dictionary is read.
func (m *Model) Open(ctx context.Context, o stt.Options) (stt.Stream, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	lang, err := english(o.Lang)
	if err != nil {
		return nil, err
	}
	p, err := newPlan(ctx, m.lexicon, o.Hints)
	if err != nil {
		return nil, err
	}
	return openStream(ctx, m, lang, p)
}

// english returns the language to report, or a fault that says plainly what this recogniser cannot do.
func english(lang string) (string, error) {
	switch base, _, _ := strings.Cut(strings.ToLower(strings.ReplaceAll(lang, "_", "-")), "-"); base {
	case "":
		return "en", nil
	case "en":
		return lang, nil
	default:
		name := map[string]string{"fr": "French", "es": "Spanish"}[base]
		if name == "" {
			name = fmt.Sprintf("%q", lang)
		}
		f := fault.New(fault.Invalid, "unsupported_language",
			"speech in %s cannot be recognised offline: Debian has no recogniser for it, only for English; type, use the keypad, or configure another recogniser", name)
		f.Params = map[string]string{"language": lang}
		return "", f.At("language")
	}
}

// format is what streams take.
var format = media.Mono(rate)
