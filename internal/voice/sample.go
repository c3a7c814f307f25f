package voice

import (
	"bytes"
	"context"
	"errors"
	"io"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"griot/internal/fault"
	"griot/internal/media"
	"griot/internal/model/tts"
)

// What a sample may be.
const (
	MaxSampleText = 200 // characters
	maxSample     = 40 * time.Second
	sampleTime    = 20 * time.Second // to make it: somebody waits with a finger on the button
)

// SampleText is what a voice says in a language when it is not told; English for a language that has no sentence.
func SampleText(lang string) string { return samples.In(lang) }

// Sample speaks a text with a voice and returns a WAV file of at most 40 seconds, in at most 20. An empty text is a sentence in the voice's language, or in lang for a voice that
// speaks every one. Faults: NotFound "voice_not_found", Invalid for a text that is too long and for a voice that nothing here can read with, Unavailable "voice_unavailable" for one
// whose provider is not set, and the provider's own.
func (s *Service) Sample(ctx context.Context, vendor, id, text, lang string) ([]byte, error) {
	text = strings.Join(strings.FieldsFunc(text, func(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) }), " ")
	if n := utf8.RuneCountInString(text); n > MaxSampleText {
		return nil, fault.New(fault.Invalid, "text_too_long", "The text has %d characters; a sample has at most %d.", n, MaxSampleText).At("query.text")
	}
	list := s.of(ctx, vendor)
	i := slices.IndexFunc(list, func(e Entry) bool { return e.ID == id })
	switch {
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case i < 0:
		return nil, fault.New(fault.NotFound, "voice_not_found", "The provider %q has no voice %q.", vendor, id).At("path.id")
	case !list[i].Available:
		f := fault.New(fault.Unavailable, "voice_unavailable", "The voice %q is not available here: %s", id, list[i].Message)
		f.Params = map[string]string{"why": list[i].Why}
		return nil, f
	case !list[i].Sample:
		return nil, fault.New(fault.Invalid, "no_sample", "The voice %q belongs to a speech-to-speech model and is heard in a conversation only.", id).At("path.id")
	}
	if v := list[i]; v.Locale != "" {
		lang = v.Locale
	}
	if text == "" {
		text = SampleText(lang)
	}
	v, err := s.vendors.Vendor(ctx, vendor)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, sampleTime)
	defer cancel()
	select {
	case s.speaking <- struct{}{}:
		defer func() { <-s.speaking }()
	case <-ctx.Done():
		return nil, late(ctx, ctx.Err())
	}
	m, err := v.Speech(ctx)
	if err != nil {
		return nil, late(ctx, err)
	}
	f, pcm, err := speak(ctx, m, tts.Options{Voice: id, Lang: lang, Rate: 1}, text)
	if err != nil {
		return nil, late(ctx, err)
	}
	var b bytes.Buffer
	if err := media.WriteWAV(&b, f, pcm); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

// speak reads one text to its end.
func speak(ctx context.Context, m tts.Model, o tts.Options, text string) (media.Format, []int16, error) {
	f := media.Format{Rate: m.Caps().Rate, Channels: 1}
	st, err := m.Open(ctx, o)
	if err != nil {
		return f, nil, err
	}
	defer st.Close()
	if err := st.Say(ctx, text); err != nil {
		return f, nil, err
	}
	if err := st.End(ctx); err != nil {
		return f, nil, err
	}
	var pcm []int16
	for f.Duration(len(pcm)) < maxSample {
		c, err := st.Recv(ctx)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return f, nil, err
		}
		pcm = append(pcm, c.Frame.PCM...)
	}
	if len(pcm) == 0 {
		return f, nil, fault.New(fault.Unavailable, "no_sound", "The voice said nothing.")
	}
	return f, pcm, nil
}

// late names a deadline that passed.
func late(ctx context.Context, err error) error {
	if errors.Is(context.Cause(ctx), context.DeadlineExceeded) {
		return fault.Wrap(err, fault.Unavailable, "timeout", "The voice was not ready within %s", sampleTime)
	}
	return err
}
