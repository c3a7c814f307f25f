package pocketsphinx

import (
	"context"
	"fmt"
	"os/exec"

	"griot/internal/fault"
	"griot/internal/model/stt"
	"griot/internal/provider"
)

// Config of the recogniser. Everything may be left out.
type Config struct {
	Library    string  `json:"library" doc:"Path of libpocketsphinx.so.3, when the system's loader does not find it."`
	Model      string  `json:"model" doc:"Folder of the en-us model, when it is not where packages put it."`
	Espeak     string  `json:"espeak" doc:"The espeak-ng command, which gives the pronunciation of words that the dictionary lacks."`
	Limit      float64 `json:"limit" doc:"Score under which what was said counts as none of the expected sentences; nearer to 0 is stricter."`
	Dictation  int     `json:"dictation" doc:"How many decoders for free dictation all conversations share; each takes 91 MB once it is needed."`
	MaxSeconds int     `json:"max_seconds" doc:"Longest utterance in seconds; what is said after it is not recognised."`
}

var defaults = Config{Espeak: "espeak-ng", Limit: -72, Dictation: 2, MaxSeconds: 30}

const mend = "apt-get install -y libpocketsphinx3 pocketsphinx-en-us"

// Provider describes the offline recogniser.
func Provider() provider.Provider {
	return provider.Define(provider.Spec[Config]{
		ID: "pocketsphinx", Name: "PocketSphinx (offline, English)",
		Default: defaults,
		STT:     newSTT,
		Present: present,
	})
}

func newSTT(_ context.Context, c Config) (stt.Model, error) { return newModel(c) }

func present(_ context.Context, c Config) provider.Presence {
	l, err := openLibrary(c.Library)
	if err != nil {
		return provider.Presence{Missing: "The recogniser's library is not on this machine: " + err.Error() + ".", Mend: mend}
	}
	m, err := findModel(c.Model)
	if err != nil {
		return provider.Presence{Missing: "The recogniser's English model is not on this machine: " + err.Error() + ".", Mend: mend}
	}
	return provider.Presence{OK: true, Found: fmt.Sprintf("%s, English model in %s", l.path, m.dir)}
}

// missing is the fault of a machine without the library or its model.
func missing(err error) error {
	f := fault.Wrap(err, fault.Unavailable, "pocketsphinx_missing", "the offline recogniser is not on this machine; install it with: %s", mend)
	f.Params = map[string]string{"mend": mend}
	return f
}

// command returns the path of a program, "" when it is not there.
func command(name string) string {
	if name == "" {
		return ""
	}
	p, err := exec.LookPath(name)
	if err != nil {
		return ""
	}
	return p
}
