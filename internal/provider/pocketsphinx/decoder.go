package pocketsphinx

import (
	"fmt"
	"strings"
	"unsafe"

	"github.com/ebitengine/purego"
)

// Rate of the audio that the model takes, in Hz.
const rate = 16000

// decoder is one PocketSphinx decoder. It is for one goroutine at a time; who hands it over sees to that.
type decoder struct {
	lib   *library
	ps    uintptr
	fresh cepstral                                                 // the running mean as the model gives it
	scale scale                                                    // from scores to confidence
	words map[string]bool                                          // what grammar decoders were taught
	live  bool                                                     // between start and end
	out   struct{ acoustic, language, backoff, first, last int32 } // where C leaves numbers
}

// newGrammarDecoder makes a decoder with an empty dictionary: 8 MB instead of 29. setGrammar teaches it the words it needs.
//
// All states of the model are scored in every frame, not only those that the search visits (-compallsen): scores then compare what was
// said with anything that could have been said, which is what makes refusal work. -topn 2 pays for half of it.
func newGrammarDecoder(l *library, m modelFiles, s scale) (*decoder, error) {
	return newDecoder(l, s, []setting{
		{name: "-hmm", str: m.acoustic}, {name: "-bestpath"}, {name: "-compallsen", num: 1}, {name: "-topn", num: 2},
	})
}

// newDictationDecoder makes a decoder for any English, about 91 MB. Its search is capped: without the caps noise multiplies the
// cost by four, and with them the error rate in quiet rises from 22 to 26 %.
func newDictationDecoder(l *library, m modelFiles) (*decoder, error) {
	return newDecoder(l, dictationScale, []setting{
		{name: "-hmm", str: m.acoustic}, {name: "-dict", str: m.dict}, {name: "-lm", str: m.lm},
		{name: "-fwdflat"}, {name: "-bestpath"}, {name: "-maxhmmpf", num: 3000}, {name: "-maxwpf", num: 10},
	})
}

func newDecoder(l *library, sc scale, s []setting) (*decoder, error) {
	ps, err := l.open(s)
	if err != nil {
		return nil, err
	}
	d := &decoder{lib: l, ps: ps, scale: sc, words: map[string]bool{}}
	d.fresh = d.cepstral()
	return d, nil
}

// free gives the decoder's memory back. It may be called twice.
func (d *decoder) free() {
	if d.ps != 0 {
		purego.SyscallN(d.lib.psFree, d.ps)
		d.ps = 0
	}
}

const grammarName = "hints"

// setGrammar makes the decoder follow a JSGF grammar. words holds the pronunciations, in the phones of the model, of every word
// in it: a word that the decoder does not know makes the library refuse the grammar. It may not be called within an utterance.
func (d *decoder) setGrammar(jsgf string, words map[string][]string) error {
	for w, prons := range words {
		if d.words[w] {
			continue
		}
		for i, p := range prons {
			name := w
			if i > 0 {
				name = fmt.Sprintf("%s(%d)", w, i+1)
			}
			cw, cp := cstring(name), cstring(p)
			if r, _, _ := purego.SyscallN(d.lib.psAddWord, d.ps, uintptr(unsafe.Pointer(&cw[0])), uintptr(unsafe.Pointer(&cp[0])), 0); int32(r) < 0 {
				return fmt.Errorf("teach the recogniser %q as %q: refused", name, p)
			}
		}
		d.words[w] = true
	}
	name, text := cstring(grammarName), cstring(jsgf)
	if r, _, _ := purego.SyscallN(d.lib.psSetJSGF, d.ps, uintptr(unsafe.Pointer(&name[0])), uintptr(unsafe.Pointer(&text[0]))); int32(r) != 0 {
		return fmt.Errorf("compile a grammar of %d bytes: refused", len(jsgf))
	}
	if r, _, _ := purego.SyscallN(d.lib.psSetSearch, d.ps, uintptr(unsafe.Pointer(&name[0]))); int32(r) != 0 {
		return fmt.Errorf("switch to a grammar of %d bytes: refused", len(jsgf))
	}
	return nil
}

// start begins an utterance.
func (d *decoder) start() error {
	if r, _, _ := purego.SyscallN(d.lib.psStartUtt, d.ps); int32(r) != 0 {
		return fmt.Errorf("start an utterance: the decoder refused")
	}
	d.live = true
	return nil
}

// feed decodes a stretch of an utterance.
func (d *decoder) feed(pcm []int16) error {
	if len(pcm) == 0 {
		return nil
	}
	if r, _, _ := purego.SyscallN(d.lib.psProcess, d.ps, uintptr(unsafe.Pointer(&pcm[0])), uintptr(len(pcm)), 0, 0); int32(r) < 0 {
		return fmt.Errorf("decode %d samples: the decoder refused", len(pcm))
	}
	return nil
}

// end finishes the utterance, if one is in progress.
func (d *decoder) end() {
	if d.live {
		purego.SyscallN(d.lib.psEndUtt, d.ps)
		d.live = false
	}
}

// result is what a decoder makes of an utterance.
type result struct {
	text       string
	score      float64 // see fit; 0 when there is no text
	confidence float32 // 0…1
}

// hyp returns the best hypothesis so far. Before end it may be any beginning of a sentence; after end it is a whole sentence of
// the grammar, or empty.
func (d *decoder) hyp() result {
	p, _, _ := purego.SyscallN(d.lib.psHyp, d.ps, 0)
	text := plain(gostring(p))
	if text == "" {
		return result{}
	}
	var f fit
	o := &d.out
	// The iterator frees itself when it comes to its end.
	for seg, _, _ := purego.SyscallN(d.lib.segIter, d.ps); seg != 0; seg, _, _ = purego.SyscallN(d.lib.segNext, seg) {
		w, _, _ := purego.SyscallN(d.lib.segWord, seg)
		purego.SyscallN(d.lib.segProb, seg, uintptr(unsafe.Pointer(&o.acoustic)), uintptr(unsafe.Pointer(&o.language)), uintptr(unsafe.Pointer(&o.backoff)))
		purego.SyscallN(d.lib.segFrames, seg, uintptr(unsafe.Pointer(&o.first)), uintptr(unsafe.Pointer(&o.last)))
		f.add(plain(gostring(w)) != "", float64(o.acoustic), float64(o.last-o.first)+1)
	}
	score := f.score()
	return result{text: text, score: score, confidence: d.scale.confidence(score)}
}

// spoken returns how much of the utterance was speech so far, in frames of 10 ms: the library itself passes over silence.
func (d *decoder) spoken() int {
	n, _, _ := purego.SyscallN(d.lib.psFrames, d.ps)
	return int(int32(n))
}

// plain drops what is not speech from a hypothesis: "<sil>", "++noise++", and the "(2)" of second pronunciations.
func plain(hyp string) string {
	var out strings.Builder
	for w := range strings.FieldsSeq(hyp) {
		if i := strings.IndexByte(w, '('); i > 0 {
			w = w[:i]
		}
		if w == "" || strings.IndexByte("<[+(", w[0]) >= 0 {
			continue
		}
		if out.Len() > 0 {
			out.WriteByte(' ')
		}
		out.WriteString(w)
	}
	return out.String()
}

// maxWords bounds what a grammar decoder's dictionary may hold before it is not worth keeping.
const maxWords = 5000

// reset makes the decoder as good as new for another speaker: grammar, noise level and cepstral mean are forgotten; the words it was
// taught stay. It reports false when that is not possible: free it then.
func (d *decoder) reset() bool {
	d.end()
	name := cstring(grammarName)
	purego.SyscallN(d.lib.psUnsetSearch, d.ps, uintptr(unsafe.Pointer(&name[0])))
	purego.SyscallN(d.lib.psStartStream, d.ps) // forgets the noise level
	return d.setCepstral(d.fresh) && len(d.words) <= maxWords
}
