package agent

import (
	"errors"
	"io/fs"
	"os"
	"sort"

	"griot/internal/config/strict"
	"griot/internal/fault"
)

// Files are the definitions that are read once, at the start. They are safe for concurrent use: what they hold does not change.
type Files struct {
	list []Definition
}

// OpenFiles takes the built-in agents and those of a folder, which replace built-in ones of the same reference. A folder that does not exist is an
// empty one. A file that is wrong is a fault.Invalid with its place.
func OpenFiles(dir string) (*Files, error) {
	all, err := Defaults()
	if err != nil {
		return nil, err
	}
	if dir != "" {
		own, err := Load(os.DirFS(dir), dir)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
		all = append(all, own...)
	}
	return NewFiles(all...), nil
}

// NewFiles holds the given definitions; of two with the same reference the later counts.
func NewFiles(defs ...Definition) *Files {
	at := map[string]int{}
	s := &Files{}
	for _, d := range defs {
		if i, ok := at[d.Reference]; ok {
			s.list[i] = d
			continue
		}
		at[d.Reference] = len(s.list)
		s.list = append(s.list, d)
	}
	sort.SliceStable(s.list, func(i, j int) bool { return s.list[i].Reference < s.list[j].Reference })
	return s
}

// List returns every definition, by reference.
func (s *Files) List() []Definition { return append([]Definition(nil), s.list...) }

// Get returns the definition with that reference. A reference nobody has is a fault.NotFound that names the nearest one.
func (s *Files) Get(ref string) (Definition, error) {
	refs := make([]string, 0, len(s.list))
	for _, d := range s.list {
		if d.Reference == ref {
			return d, nil
		}
		refs = append(refs, d.Reference)
	}
	f := fault.New(fault.NotFound, "agent_not_found", "there is no agent %q%s", ref, strict.Hint(ref, refs))
	f.Params = map[string]string{"reference": ref}
	return Definition{}, f.At("agent")
}
