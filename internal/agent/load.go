package agent

import (
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"sort"
	"strings"

	"go.yaml.in/yaml/v3"

	"griot/internal/config/strict"
	"griot/internal/fault"
)

//go:embed defaults/*.yaml
var builtin embed.FS

// maxFile bounds one definition, in bytes: what is larger was not written by hand.
const maxFile = 1 << 20

// Defaults are the agents that come with the program.
func Defaults() ([]Definition, error) {
	sub, err := fs.Sub(builtin, "defaults")
	if err != nil {
		return nil, fmt.Errorf("open the built-in agents: %w", err)
	}
	return Load(sub, "built-in")
}

// Load reads every *.yaml and *.yml of the root of fsys, in the order of their names. label stands before a file's name in errors: the
// folder's path, as the reader knows it. It reports every file that is wrong, joined; each is a fault.Invalid that names file and line.
func Load(fsys fs.FS, label string) ([]Definition, error) {
	entries, err := fs.ReadDir(fsys, ".")
	if err != nil {
		return nil, fmt.Errorf("list the agents in %s: %w", label, err)
	}
	var out []Definition
	var wrong []error
	seen := map[string]string{}
	for _, e := range entries {
		ext := path.Ext(e.Name())
		if e.IsDir() || strings.HasPrefix(e.Name(), ".") || (ext != ".yaml" && ext != ".yml") {
			continue
		}
		file := path.Join(label, e.Name())
		d, err := read(fsys, e.Name(), file)
		if err != nil {
			wrong = append(wrong, err)
			continue
		}
		if other, twice := seen[strings.ToLower(d.Reference)]; twice {
			wrong = append(wrong, fault.New(fault.Invalid, "duplicate_agent", "%s: reference %q is already that of %s", file, d.Reference, other).At("reference"))
			continue
		}
		seen[strings.ToLower(d.Reference)] = file
		out = append(out, d)
	}
	if err := errors.Join(wrong...); err != nil {
		return nil, err
	}
	sort.SliceStable(out, func(i, j int) bool { return out[i].Reference < out[j].Reference })
	return out, nil
}

func read(fsys fs.FS, name, file string) (Definition, error) {
	info, err := fs.Stat(fsys, name)
	if err != nil {
		return Definition{}, fmt.Errorf("read agent %s: %w", file, err)
	}
	if info.Size() > maxFile {
		return Definition{}, fault.New(fault.Invalid, "agent_too_large", "%s: %d bytes are more than %d", file, info.Size(), maxFile)
	}
	b, err := fs.ReadFile(fsys, name)
	if err != nil {
		return Definition{}, fmt.Errorf("read agent %s: %w", file, err)
	}
	return Parse(file, b)
}

// Parse reads one definition over Default. file names it in errors, and its base name is the reference when the text has none.
func Parse(file string, b []byte) (Definition, error) {
	if err := newer(file, b); err != nil {
		return Definition{}, err
	}
	d := Default()
	d.Reference = strings.TrimSuffix(path.Base(file), path.Ext(file))
	if err := strict.YAML(file, b, &d); err != nil {
		return Definition{}, err
	}
	if err := d.Validate(); err != nil {
		var f *fault.Error
		if errors.As(err, &f) {
			return Definition{}, fault.New(f.Kind, f.Code, "%s: %s", place(file, b, f.Param), f.Message).At(f.Param)
		}
		return Definition{}, err
	}
	return d, nil
}

// newer refuses a file of a format that this program does not know, before anything in it is called wrong.
func newer(file string, b []byte) error {
	var head struct {
		Format any `yaml:"format"`
	}
	if yaml.Unmarshal(b, &head) != nil || head.Format == nil {
		return nil // what is wrong with the file is said by who reads all of it
	}
	n, ok := head.Format.(int)
	switch {
	case ok && n > Format:
		f := fault.New(fault.Invalid, "format_too_new", "%s: the file has format %d, and this version of Griot reads up to %d. Install a newer version, or export the file again from an older one.", place(file, b, "format"), n, Format)
		f.Params = map[string]string{"found": fmt.Sprint(n), "known": fmt.Sprint(Format)}
		return f.At("format")
	case !ok || n < 1:
		return fault.New(fault.Invalid, strict.CodeBadValue, "%s: format: %v is not a format; they count from 1", place(file, b, "format"), head.Format).At("format")
	}
	return nil
}

// place is file:line of a key, or of the nearest of its parents that the document mentions.
func place(file string, b []byte, key string) string {
	var doc yaml.Node
	if yaml.Unmarshal(b, &doc) != nil || len(doc.Content) == 0 {
		return file
	}
	n, line := doc.Content[0], 0
	for _, part := range strings.Split(key, ".") {
		if n.Kind != yaml.MappingNode {
			break
		}
		var next *yaml.Node
		for i := 0; i+1 < len(n.Content); i += 2 {
			if n.Content[i].Value == part {
				line, next = n.Content[i].Line, n.Content[i+1]
			}
		}
		if next == nil {
			break
		}
		n = next
	}
	if line == 0 {
		return file
	}
	return fmt.Sprintf("%s:%d", file, line)
}
