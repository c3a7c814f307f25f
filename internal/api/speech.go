package api

import (
	"context"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"griot/internal/voice"
)

// MaxSound is the largest sound file that is transcribed, in bytes.
const MaxSound = 20 << 20

const transcriptions = "/api/transcriptions"

// Speech speaks texts and writes down what is said, once.
type Speech interface {
	Speak(ctx context.Context, s voice.Speech) (wav []byte, err error)
	// Transcribe writes down what is said in a WAV file. provider may be empty for the one that conversations have.
	Transcribe(ctx context.Context, provider, lang string, wav []byte) (Transcription, error)
}

// Transcription is what was understood.
type Transcription struct {
	Text       string              `json:"text"`
	Parts      []TranscriptionPart `json:"parts" doc:"The same, stretch by stretch."`
	Recogniser string              `json:"recogniser" example:"pocketsphinx/en-us"`
	Language   string              `json:"language"`
	DurationMS int64               `json:"duration_ms" doc:"Of the sound."`
	TookMS     int64               `json:"took_ms"`
}

// TranscriptionPart is a stretch of speech.
type TranscriptionPart struct {
	FromMS     int64   `json:"from_ms"`
	ToMS       int64   `json:"to_ms"`
	Text       string  `json:"text"`
	Confidence float32 `json:"confidence,omitempty" doc:"0 to 1; absent where the recogniser does not say."`
}

type (
	speechInput struct {
		Body struct {
			Provider string  `json:"provider" maxLength:"64" example:"espeak"`
			Voice    string  `json:"voice" maxLength:"200" example:"fr-fr+f2"`
			Text     string  `json:"text" minLength:"1" maxLength:"5000"`
			SSML     bool    `json:"ssml,omitempty" doc:"The text is SSML: speak, p, s, break, prosody (rate, pitch), emphasis, sub and say-as (characters, digits, telephone) are understood with every voice."`
			Language string  `json:"language,omitempty" maxLength:"35" doc:"For a voice that speaks every language."`
			Rate     float64 `json:"rate,omitempty" minimum:"0.5" maximum:"2" default:"1" doc:"How fast; 1 is normal."`
			Pitch    float64 `json:"pitch,omitempty" minimum:"-6" maximum:"6" doc:"Higher or lower by so many semitones."`
			Format   string  `json:"format,omitempty" enum:"wav,mp3" default:"wav" doc:"mp3 needs the program lame on the server; without it the error is mp3_missing."`
		}
	}
	soundInput struct {
		Provider string `query:"provider" maxLength:"64" doc:"Of the recogniser; the one that conversations have when it is not said."`
		Language string `query:"language" maxLength:"35" default:"en" doc:"BCP 47."`
		RawBody  []byte `contentType:"audio/wav"`
	}
)

func (a *api) speech() {
	const tag = "Speech"
	errs := []int{http.StatusNotFound, http.StatusConflict, http.StatusTooManyRequests, http.StatusServiceUnavailable}
	binary := &huma.MediaType{Schema: &huma.Schema{Type: "string", Format: "binary"}}
	huma.Register(a.huma, huma.Operation{
		Method: http.MethodPost, Path: "/api/speech", OperationID: "speak", Tags: []string{tag}, Summary: "Speak a text", Description: "At most two minutes of sound.", Errors: errs,
		Responses: map[string]*huma.Response{"200": {Description: "A sound file", Content: map[string]*huma.MediaType{"audio/wav": binary, "audio/mpeg": binary}}},
	}, func(ctx context.Context, in *speechInput) (*sampleOutput, error) {
		if err := a.samples.take(ctx, sampleRate); err != nil {
			return nil, problemOf(ctx, "speak", err)
		}
		b := in.Body
		sound, err := a.s.Speech.Speak(ctx, voice.Speech{Provider: b.Provider, Voice: b.Voice, Text: b.Text, SSML: b.SSML, Lang: b.Language, Rate: b.Rate, Pitch: b.Pitch})
		if err != nil {
			return nil, problemOf(ctx, "speak", err)
		}
		media := "audio/wav"
		if b.Format == "mp3" {
			media = "audio/mpeg"
			if sound, err = voice.MP3(ctx, sound); err != nil {
				return nil, problemOf(ctx, "speak", err)
			}
		}
		return &sampleOutput{Type: media, Length: strconv.Itoa(len(sound)), Cache: "no-store", Body: sound}, nil
	})
	huma.Register(a.huma, huma.Operation{
		Method: http.MethodPost, Path: transcriptions, OperationID: "transcribe", Tags: []string{tag}, Summary: "Write down what is said in a WAV file", Description: "At most five minutes and 20 MB of sound.", Errors: errs,
		MaxBodyBytes: MaxSound, BodyReadTimeout: time.Minute,
	}, func(ctx context.Context, in *soundInput) (*output[Transcription], error) {
		if err := a.samples.take(ctx, sampleRate); err != nil {
			return nil, problemOf(ctx, "transcribe", err)
		}
		t, err := a.s.Speech.Transcribe(ctx, in.Provider, strings.TrimSpace(in.Language), in.RawBody)
		if err != nil {
			return nil, problemOf(ctx, "transcribe", err)
		}
		t.Parts = notNil(t.Parts)
		return &output[Transcription]{Body: t}, nil
	})
}
