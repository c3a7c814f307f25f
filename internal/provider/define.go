package provider

import (
	"context"
	"encoding/json"

	"griot/internal/model/llm"
	"griot/internal/model/s2s"
	"griot/internal/model/stt"
	"griot/internal/model/tts"
)

// Define hides the type of a Spec's configuration. It panics when C is not a struct whose exported fields all carry a
// json name and are of the types string, bool, int, float64, []string or time.Duration: that is a mistake in the
// vendor's source, and the vendor's own tests meet it first.
//
// In the Provider it returns, Present is never nil; a constructor, Check, Models or Voices that the Spec does not have stays nil.
func Define[C any](s Spec[C]) Provider {
	sh := shapeOf(s.ID, s.Default)
	p := Provider{
		ID: s.ID, Name: s.Name, Schema: sh.schema(),
		STT:    bind[C, stt.Model](sh, s.STT),
		LLM:    bind[C, llm.Model](sh, s.LLM),
		TTS:    bind[C, tts.Model](sh, s.TTS),
		S2S:    bind[C, s2s.Model](sh, s.S2S),
		Models: bind[C, []string](sh, s.Models), Voices: bind[C, []tts.Voice](sh, s.Voices),
	}
	p.Present = func(ctx context.Context, raw json.RawMessage) Presence {
		c, err := decode[C](sh, raw, lenient)
		switch {
		case err != nil:
			return Presence{Missing: err.Error()}
		case s.Present == nil:
			return Presence{OK: true}
		}
		return s.Present(ctx, c)
	}
	p.Validate = func(raw json.RawMessage) error {
		_, err := decode[C](sh, raw, strict)
		return err
	}
	if s.Check != nil {
		p.Check = func(ctx context.Context, raw json.RawMessage) error {
			c, err := decode[C](sh, raw, strict)
			if err != nil {
				return err
			}
			return s.Check(ctx, c)
		}
	}
	return p
}

// bind puts the decoding of the configuration before a constructor.
func bind[C, M any](sh shape, build func(context.Context, C) (M, error)) func(context.Context, json.RawMessage) (M, error) {
	if build == nil {
		return nil
	}
	return func(ctx context.Context, raw json.RawMessage) (M, error) {
		c, err := decode[C](sh, raw, strict)
		if err != nil {
			var none M
			return none, err
		}
		return build(ctx, c)
	}
}
