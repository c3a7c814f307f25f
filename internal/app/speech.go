package app

import (
	"bytes"
	"context"
	"strings"
	"time"

	"griot/internal/agent"
	"griot/internal/api"
	"griot/internal/fault"
	"griot/internal/media"
	"griot/internal/model/stt"
	"griot/internal/voice"
)

const (
	soundMost      = 5 * time.Minute  // of a file that is transcribed
	soundTime      = 2 * time.Minute  // to do it
	stretchMost    = 25 * time.Second // one utterance for the recogniser; it ends where it is quietest
	stretchSearch  = 8 * time.Second  // that is looked for so far from its end
	atOnce         = 2                // files that are transcribed, besides conversations
	quietestWindow = 200 * time.Millisecond
)

// speech speaks texts and writes down sound, once, with what the tenant's conversations have.
type speech struct {
	plans  *planner
	voices *voice.Service
	busy   chan struct{}
}

func newSpeech(p *planner, v *voice.Service) *speech {
	return &speech{p, v, make(chan struct{}, atOnce)}
}

// Speak implements api.Speech.
func (s *speech) Speak(ctx context.Context, o voice.Speech) ([]byte, error) {
	return s.voices.Speak(ctx, o)
}

// Transcribe implements api.Speech.
func (s *speech) Transcribe(ctx context.Context, provider, lang string, wav []byte) (api.Transcription, error) {
	began := time.Now()
	f, pcm, err := media.ReadWAV(bytes.NewReader(wav))
	if err != nil {
		return api.Transcription{}, err
	}
	pcm = mixed(pcm, f.Channels)
	length := media.Mono(f.Rate).Duration(len(pcm))
	switch {
	case len(pcm) == 0:
		return api.Transcription{}, fault.New(fault.Invalid, "empty_sound", "There is no sound in the file.").At("body")
	case length > soundMost:
		return api.Transcription{}, fault.New(fault.Invalid, "sound_too_long", "The sound is longer than %s.", soundMost).At("body")
	}
	d := agent.Default()
	d.Language, d.Recogniser.Provider = lang, provider
	ears, err := s.plans.recogniser(ctx, d)
	if err != nil {
		return api.Transcription{}, err
	}
	if ears.model == nil {
		return api.Transcription{}, fault.New(fault.Unavailable, "no_recogniser", "Speech recognition is switched off on this server: see the setting speech.stt.")
	}
	ctx, cancel := context.WithTimeout(ctx, soundTime)
	defer cancel()
	select {
	case s.busy <- struct{}{}:
		defer func() { <-s.busy }()
	case <-ctx.Done():
		return api.Transcription{}, fault.Wrap(ctx.Err(), fault.Unavailable, "timeout", "others are being written down")
	}
	out := api.Transcription{Recogniser: ears.name, Language: lang, DurationMS: length.Milliseconds()}
	resample, err := media.NewResampler(f.Rate, ears.model.Caps().Rate)
	if err != nil {
		return api.Transcription{}, err
	}
	pcm = resample.Flush(resample.Process(nil, pcm))
	if out.Parts, err = listen(ctx, ears.model, lang, pcm); err != nil {
		if ctx.Err() != nil {
			err = fault.Wrap(err, fault.Unavailable, "timeout", "The sound was not written down within %s", soundTime)
		}
		return api.Transcription{}, err
	}
	words := []string{}
	for _, p := range out.Parts {
		words = append(words, p.Text)
	}
	out.Text, out.TookMS = strings.Join(words, " "), time.Since(began).Milliseconds()
	return out, nil
}

// listen gives a recogniser the sound, stretch by stretch.
func listen(ctx context.Context, m stt.Model, lang string, pcm []int16) (out []api.TranscriptionPart, err error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	st, err := m.Open(ctx, stt.Options{Lang: lang, Hints: stt.Hints{Open: true}})
	if err != nil {
		return nil, err
	}
	defer func() { _ = st.Close() }() // everything was received
	f := media.Mono(m.Caps().Rate)
	sent := make(chan error, 1)
	stretches := make(chan [2]int, 1)
	go func() { // ends with ctx, or when everything was sent
		defer close(stretches)
		sent <- func() error {
			for at := 0; at < len(pcm); {
				end := boundary(f, pcm, at)
				for i := at; i < end; i += f.Samples(media.FrameTime) {
					if err := st.Send(ctx, media.Frame{Format: f, PCM: pcm[i:min(i+f.Samples(media.FrameTime), end)]}); err != nil {
						return err
					}
				}
				if err := st.Finalize(ctx); err != nil {
					return err
				}
				select {
				case stretches <- [2]int{at, end}:
				case <-ctx.Done():
					return ctx.Err()
				}
				at = end
			}
			return nil
		}()
	}()
	for r := range stretches {
		for {
			e, err := st.Recv(ctx)
			if err != nil {
				cancel()
				for range stretches { // until the other has ended
				}
				return nil, err
			}
			if e.Kind != stt.Final {
				continue
			}
			if text := strings.TrimSpace(e.Text); text != "" {
				out = append(out, api.TranscriptionPart{FromMS: f.Duration(r[0]).Milliseconds(), ToMS: f.Duration(r[1]).Milliseconds(), Text: text, Confidence: e.Confidence})
			}
			break
		}
	}
	return out, <-sent
}

// mixed is the mean of the channels.
func mixed(pcm []int16, channels int) []int16 {
	if channels <= 1 {
		return pcm
	}
	out := make([]int16, len(pcm)/channels)
	for i := range out {
		sum := 0
		for c := range channels {
			sum += int(pcm[i*channels+c])
		}
		out[i] = int16(sum / channels)
	}
	return out
}

// boundary is where a stretch that begins at from ends.
func boundary(f media.Format, pcm []int16, from int) int {
	end := from + f.Samples(stretchMost)
	if end >= len(pcm) {
		return len(pcm)
	}
	window, best, level := f.Samples(quietestWindow), end, 2.0
	for i := end - f.Samples(stretchSearch); i+window <= end; i += window / 2 {
		if l := float64(media.Peak(pcm[i : i+window])); l < level {
			best, level = i+window/2, l
		}
	}
	return best
}
