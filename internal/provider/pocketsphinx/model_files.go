package pocketsphinx

import (
	"fmt"
	"os"
	"path/filepath"
)

// modelFiles are the parts of an en-us model folder.
type modelFiles struct{ dir, acoustic, dict, lm string }

// modelDirs are where distributions put the model.
var modelDirs = []string{
	"/usr/share/pocketsphinx/model/en-us",
	"/usr/local/share/pocketsphinx/model/en-us",
	"/opt/homebrew/share/pocketsphinx/model/en-us",
}

// findModel looks for a model in dir, or in the known places when dir is empty. It checks every file itself, because the library
// ends the process when one is missing.
func findModel(dir string) (modelFiles, error) {
	dirs := modelDirs
	if dir != "" {
		dirs = []string{dir}
	}
	var first error
	for _, d := range dirs {
		m, err := modelAt(d)
		if err == nil {
			return m, nil
		}
		if first == nil {
			first = err
		}
	}
	return modelFiles{}, first
}

func modelAt(dir string) (modelFiles, error) {
	m := modelFiles{
		dir: dir, acoustic: filepath.Join(dir, "en-us"),
		dict: filepath.Join(dir, "cmudict-en-us.dict"), lm: filepath.Join(dir, "en-us.lm.bin"),
	}
	need := []string{m.dict, m.lm}
	for _, f := range []string{"mdef", "means", "variances", "transition_matrices", "sendump", "feat.params", "noisedict"} {
		need = append(need, filepath.Join(m.acoustic, f))
	}
	for _, f := range need {
		st, err := os.Stat(f)
		if err != nil {
			return modelFiles{}, fmt.Errorf("find the English model: %w", err)
		}
		if !st.Mode().IsRegular() || st.Size() == 0 {
			return modelFiles{}, fmt.Errorf("find the English model: %s is not a file with content", f)
		}
	}
	return m, nil
}
