package espeak

import (
	"context"
	"math"
	"os/exec"
	"slices"
	"strings"
	"time"

	"griot/internal/fault"
	"griot/internal/model/tts"
)

// Sample rate of everything espeak-ng says with its own voices, Hz.
const sampleRate = 22050

// Words a minute between which espeak-ng stays intelligible.
const (
	minWPM = 80
	maxWPM = 450
)

// dialects are the languages offered. The order within a language says which one a bare "en", "fr" or "es" means.
var dialects = []struct{ id, tag, name string }{
	{"en-us", "en-US", "English (United States)"},
	{"en-gb", "en-GB", "English (Great Britain)"},
	{"en-gb-scotland", "en-GB", "English (Scotland)"},
	{"en-gb-x-rp", "en-GB", "English (Received Pronunciation)"},
	{"fr-fr", "fr-FR", "Français (France)"},
	{"fr-be", "fr-BE", "Français (Belgique)"},
	{"fr-ch", "fr-CH", "Français (Suisse)"},
	{"es", "es-ES", "Español (España)"},
	{"es-419", "es-419", "Español (Latinoamérica)"},
}

// variants are the timbres that a recogniser understands clearly; the plain voice is not one of them, so it is not offered.
var variants = []struct{ id, name, gender string }{
	{"f2", "f2", "female"},
	{"klatt4", "klatt4", "male"},
	{"m3", "m3", "male"},
}

func voiceList() []tts.Voice {
	list := make([]tts.Voice, 0, len(dialects)*len(variants))
	for _, d := range dialects {
		for _, v := range variants {
			list = append(list, tts.Voice{ID: d.id + "+" + v.id, Name: d.name + ", " + v.name, Lang: d.tag, Gender: v.gender})
		}
	}
	return list
}

// installed returns the voices that the espeak-ng on this machine really has, as the program lists them. Without the program, whose library may be there all the same, it is
// every voice. It asks for at most five seconds.
func installed(ctx context.Context, program string) ([]tts.Voice, error) {
	path, err := exec.LookPath(program)
	if err != nil {
		return voiceList(), nil
	}
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	out, err := exec.CommandContext(ctx, path, "--voices").Output()
	if err != nil {
		return nil, fault.Wrap(err, fault.Unavailable, "espeak_failed", "espeak-ng does not list its voices")
	}
	have := map[string]bool{}
	for line := range strings.Lines(string(out)) {
		if f := strings.Fields(line); len(f) > 1 { // priority, language, …
			have[strings.ToLower(f[1])] = true
		}
	}
	return slices.DeleteFunc(voiceList(), func(v tts.Voice) bool {
		dialect, _, _ := strings.Cut(v.ID, "+")
		return !have[dialect]
	}), nil
}

// chooseVoice returns the voice that o asks for: o.Voice when it is set, otherwise the given variant of o.Lang's dialect.
func chooseVoice(o tts.Options, variant string) (string, error) {
	if o.Voice != "" {
		for _, v := range voiceList() {
			if strings.EqualFold(v.ID, o.Voice) {
				return v.ID, nil
			}
		}
		return "", fault.New(fault.Invalid, "unknown_voice",
			"espeak has no voice %q; its voices are a language (such as en-us, en-gb, fr-fr, es, es-419), a plus sign and f2, klatt4 or m3", o.Voice).At("voice")
	}
	d := dialectOf(o.Lang)
	if d == "" {
		return "", fault.New(fault.Invalid, "unsupported_language",
			"espeak is set up for English, French and Spanish here, not for %q", o.Lang).At("lang")
	}
	return d + "+" + variant, nil
}

// dialectOf returns the dialect for a BCP 47 tag, American English for an empty one, "" for a language that is not offered.
func dialectOf(tag string) string {
	lang, region, _ := strings.Cut(strings.ToLower(strings.ReplaceAll(tag, "_", "-")), "-")
	switch lang {
	case "":
		return "en-us"
	case "en":
		switch region {
		case "gb", "uk", "ie", "au", "nz", "za", "in":
			return "en-gb"
		}
		return "en-us"
	case "fr":
		return "fr-fr"
	case "es":
		if region == "" || region == "es" {
			return "es"
		}
		return "es-419"
	}
	return ""
}

// speed turns a factor into words a minute; 0 means 1. A factor that is no factor is a fault.Invalid.
func speed(base int, factor float64) (int, error) {
	if factor == 0 {
		factor = 1
	}
	if math.IsNaN(factor) || factor < 0.25 || factor > 4 {
		return 0, fault.New(fault.Invalid, "invalid_rate", "the speaking rate is %v, but must be a factor from 0.25 to 4", factor).At("rate")
	}
	return min(max(int(math.Round(float64(base)*factor)), minWPM), maxWPM), nil
}
