package voice

import (
	"bytes"
	"context"
	"errors"
	"io"
	"math"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"griot/internal/fault"
	"griot/internal/media"
	"griot/internal/model/tts"
)

// Speech is a text to be spoken once.
type Speech struct {
	Provider, Voice string
	Text            string
	SSML            bool    // Text is SSML, of which every voice obeys what ssml.go knows
	Lang            string  // for a voice that speaks every language
	Rate            float64 // factor, 0.5…2; 0 means 1
	Pitch           float64 // semitones, -6…6
}

// What a text that is spoken once may be.
const (
	MaxSpeechText = 5000 // characters
	maxSpeech     = 2 * time.Minute
	speechTime    = time.Minute // to make it
)

// Speak speaks a text and returns a WAV file. Faults are those of Sample, and Invalid "bad_ssml".
func (s *Service) Speak(ctx context.Context, o Speech) ([]byte, error) {
	if n := utf8.RuneCountInString(o.Text); n > MaxSpeechText {
		return nil, fault.New(fault.Invalid, "text_too_long", "The text has %d characters; at most %d are spoken.", n, MaxSpeechText).At("body.text")
	}
	rate := o.Rate
	if rate == 0 {
		rate = 1
	}
	segments := []segment{{text: o.Text, rate: 1}}
	if o.SSML {
		var err error
		if segments, err = parseSSML(o.Text); err != nil {
			return nil, err
		}
	}
	lang, vendor, err := s.speaker(ctx, o)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, speechTime)
	defer cancel()
	select {
	case s.speaking <- struct{}{}:
		defer func() { <-s.speaking }()
	case <-ctx.Done():
		return nil, late(ctx, ctx.Err())
	}
	m, err := vendor.Speech(ctx)
	if err != nil {
		return nil, late(ctx, err)
	}
	f := media.Format{Rate: m.Caps().Rate, Channels: 1}
	var pcm []int16
	for _, seg := range segments {
		if seg.pause > 0 {
			pcm = append(pcm, make([]int16, f.Samples(seg.pause))...)
			continue
		}
		said, err := shifted(ctx, m, tts.Options{Voice: o.Voice, Lang: lang, Rate: min(max(seg.rate*rate, 0.4), 2.5)}, seg.text, seg.pitch+o.Pitch, maxSpeech-f.Duration(len(pcm)))
		if err != nil {
			return nil, late(ctx, err)
		}
		pcm = append(pcm, said...)
		if f.Duration(len(pcm)) >= maxSpeech {
			pcm = pcm[:f.Samples(maxSpeech)]
			break
		}
	}
	if len(pcm) == 0 {
		return nil, fault.New(fault.Unavailable, "no_sound", "The voice said nothing.")
	}
	var b bytes.Buffer
	if err := media.WriteWAV(&b, f, pcm); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

// speaker finds the voice's vendor, and the language that it is to speak.
func (s *Service) speaker(ctx context.Context, o Speech) (lang string, v Vendor, err error) {
	list := s.of(ctx, o.Provider)
	i := slices.IndexFunc(list, func(e Entry) bool { return e.ID == o.Voice })
	switch {
	case ctx.Err() != nil:
		return "", v, ctx.Err()
	case i < 0:
		return "", v, fault.New(fault.NotFound, "voice_not_found", "The provider %q has no voice %q.", o.Provider, o.Voice).At("body.voice")
	case !list[i].Available:
		f := fault.New(fault.Unavailable, "voice_unavailable", "The voice %q is not available here: %s", o.Voice, list[i].Message)
		f.Params = map[string]string{"why": list[i].Why}
		return "", v, f
	case !list[i].Sample:
		return "", v, fault.New(fault.Invalid, "no_sample", "The voice %q belongs to a speech-to-speech model and is heard in a conversation only.", o.Voice).At("body.voice")
	}
	if lang = o.Lang; list[i].Locale != "" {
		lang = list[i].Locale
	}
	v, err = s.vendors.Vendor(ctx, o.Provider)
	return lang, v, err
}

// shifted speaks a text higher or lower than the voice does: it is said slower or faster, and then played so that it takes its time again.
func shifted(ctx context.Context, m tts.Model, o tts.Options, text string, semitones float64, most time.Duration) ([]int16, error) {
	factor := math.Pow(2, semitones/12)
	if semitones != 0 {
		o.Rate = min(max(o.Rate/factor, 0.4), 2.5)
	}
	pcm, err := read(ctx, m, o, text, time.Duration(float64(most)*factor))
	if err != nil || semitones == 0 {
		return pcm, err
	}
	return stretch(pcm, factor), nil
}

// read speaks a text piece by piece.
func read(ctx context.Context, m tts.Model, o tts.Options, text string, most time.Duration) ([]int16, error) {
	text = strings.Join(strings.FieldsFunc(text, func(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) }), " ")
	if text == "" {
		return nil, nil
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	f := media.Format{Rate: m.Caps().Rate, Channels: 1}
	st, err := m.Open(ctx, o)
	if err != nil {
		return nil, err
	}
	defer st.Close()
	told := make(chan error, 1)
	go func() { // ends with ctx, or when everything has been said
		var cut tts.Splitter
		pieces := cut.Push(text)
		if rest := cut.Flush(); rest != "" {
			pieces = append(pieces, rest)
		}
		for _, p := range pieces {
			if err := st.Say(ctx, p); err != nil {
				told <- err
				return
			}
		}
		told <- st.End(ctx)
	}()
	var pcm []int16
	var failed error
	for f.Duration(len(pcm)) < most {
		c, err := st.Recv(ctx)
		if errors.Is(err, io.EOF) {
			break
		}
		if failed = err; err != nil {
			break
		}
		pcm = append(pcm, c.Frame.PCM...)
	}
	cut := f.Duration(len(pcm)) >= most
	if cut || failed != nil {
		cancel() // nobody hears the rest
	}
	err = <-told
	switch {
	case cut:
		return pcm[:f.Samples(most)], nil
	case failed == nil:
		failed = err
	}
	return pcm, failed
}

// taps is how many samples to each side a new one is made of.
const taps = 16

// stretch plays a sound factor times as fast, by a windowed sinc below the new half of the rate.
func stretch(in []int16, factor float64) []int16 {
	out := make([]int16, int(float64(len(in))/factor))
	cut := min(1, 1/factor)
	for i := range out {
		at := float64(i) * factor
		mid := int(at)
		var sum, weight float64
		for j := max(0, mid-taps+1); j <= min(len(in)-1, mid+taps); j++ {
			d := at - float64(j)
			w := cut * (0.5 + 0.5*math.Cos(math.Pi*d/(taps+1)))
			if x := math.Pi * d * cut; x != 0 {
				w *= math.Sin(x) / x
			}
			sum += w * float64(in[j])
			weight += w
		}
		if weight != 0 {
			sum /= weight
		}
		out[i] = int16(min(max(math.Round(sum), math.MinInt16), math.MaxInt16))
	}
	return out
}
