// Package mediatest gives tests real and made-up sound: prompts recorded by human speakers, which the packages
// asterisk-core-sounds-{en,fr,es}-{wav,g722} install, what is said in them, and noises to put on top. Nothing recorded is kept here.
package mediatest

import (
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"griot/internal/media"
)

// soundsRoot is where the packages put their prompts.
const soundsRoot = "/usr/share/asterisk/sounds"

// speakers are the folders to look in, by language: the speaker's own folder, then the one the system's administrator chose.
var speakers = map[string][]string{
	"en": {"en_US_f_Allison", "en"},
	"fr": {"fr_CA_f_June", "fr"},
	"es": {"es_MX_f_Allison", "es"},
}

// Prompt returns a recorded prompt ("hello-world", "digits/7") of language "en", "fr" or "es" as mono samples at any rate that
// media.Resampler knows. 8000 Hz comes from the telephone recording, every other rate from the same recording at 16 kHz. When the
// package is not installed the test is skipped, or fails if GRIOT_TEST_SYSTEM=1.
func Prompt(t testing.TB, lang, name string, rate int) []int16 {
	t.Helper()
	if rate == 8000 {
		f, pcm, err := media.ReadWAV(bytes.NewReader(promptFile(t, lang, name, "wav")))
		if err != nil {
			t.Fatalf("prompt %s/%s: %v", lang, name, err)
		}
		if f != media.Mono(8000) {
			t.Fatalf("prompt %s/%s: is %v, want mono at 8000 Hz", lang, name, f)
		}
		return pcm
	}
	pcm := media.NewG722Decoder().Decode(nil, promptFile(t, lang, name, "g722"))
	r, err := media.NewResampler(16000, rate)
	if err != nil {
		t.Fatalf("prompt %s/%s: %v", lang, name, err)
	}
	return r.Flush(r.Process(nil, pcm))
}

// PromptPath returns the WAVE file (8000 Hz, mono) of a prompt, or "" when it is not installed.
func PromptPath(lang, name string) string { return promptPath(lang, name, "wav") }

func promptPath(lang, name, ext string) string {
	for _, dir := range speakers[lang] {
		path := filepath.Join(soundsRoot, dir, filepath.FromSlash(name)+"."+ext)
		if info, err := os.Stat(path); err == nil && info.Mode().IsRegular() {
			return path
		}
	}
	return ""
}

// Prompts returns the names of all prompts of a language that are installed, sorted; none when the package is missing. Some hold
// no speech: beeps, and the silences under "silence/".
func Prompts(lang string) []string {
	for _, dir := range speakers[lang] {
		root, err := filepath.EvalSymlinks(filepath.Join(soundsRoot, dir))
		if err != nil {
			continue
		}
		var names []string
		err = filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
			if err != nil {
				return err
			}
			if name, ok := strings.CutSuffix(path, ".wav"); ok && d.Type().IsRegular() {
				if rel, err := filepath.Rel(root, name); err == nil {
					names = append(names, filepath.ToSlash(rel))
				}
			}
			return nil
		})
		if err == nil && len(names) > 0 {
			slices.Sort(names)
			return names
		}
	}
	return nil
}

func promptFile(t testing.TB, lang, name, ext string) []byte {
	t.Helper()
	path := promptPath(lang, name, ext)
	if path == "" {
		if len(Prompts(lang)) > 0 && ext == "wav" {
			t.Fatalf("no recorded prompt %q in %q", name, lang)
		}
		Missing(t, "asterisk-core-sounds-"+lang+"-"+ext)
	}
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatalf("read prompt: %v", err)
	}
	return b
}

// Missing ends a test that needs a system package which is not installed: it is skipped, or fails if GRIOT_TEST_SYSTEM=1.
func Missing(t testing.TB, pkg string) {
	t.Helper()
	const how = "needs the system package %s: apt-get install %s"
	if os.Getenv("GRIOT_TEST_SYSTEM") == "1" {
		t.Fatalf(how, pkg, pkg)
	}
	t.Skipf(how, pkg, pkg)
}
