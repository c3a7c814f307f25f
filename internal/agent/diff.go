package agent

import (
	"fmt"
	"maps"
	"reflect"
	"slices"

	"go.yaml.in/yaml/v3"
)

// Diff is one key whose value differs.
type Diff struct {
	Path   string `json:"path" example:"turn.silence"`
	Before any    `json:"before" doc:"As in the definition; null when there was none."`
	After  any    `json:"after"`
}

// Compare lists the keys in which two definitions differ, in the order of their paths. Reference, version and status are not compared.
func Compare(before, after Definition) ([]Diff, error) {
	a, err := before.flat()
	if err != nil {
		return nil, err
	}
	b, err := after.flat()
	if err != nil {
		return nil, err
	}
	all := maps.Clone(a)
	maps.Copy(all, b)
	var out []Diff
	for _, path := range slices.Sorted(maps.Keys(all)) {
		if !reflect.DeepEqual(a[path], b[path]) {
			out = append(out, Diff{path, a[path], b[path]})
		}
	}
	return out, nil
}

// Map is the definition as the file has it: keys and values.
func (d Definition) Map() (map[string]any, error) {
	b, err := yaml.Marshal(d)
	if err != nil {
		return nil, fmt.Errorf("encode agent %q: %w", d.Name, err)
	}
	m := map[string]any{}
	if err := yaml.Unmarshal(b, &m); err != nil {
		return nil, fmt.Errorf("decode agent %q: %w", d.Name, err)
	}
	return m, nil
}

func (d Definition) flat() (map[string]any, error) {
	m, err := d.Map()
	if err != nil {
		return nil, err
	}
	for _, k := range []string{"format", "reference", "version", "status"} {
		delete(m, k)
	}
	out := map[string]any{}
	var walk func(prefix string, v any)
	walk = func(prefix string, v any) {
		sub, ok := v.(map[string]any)
		if !ok {
			out[prefix] = v
			return
		}
		for k, v := range sub {
			walk(prefix+"."+k, v)
		}
	}
	for k, v := range m {
		walk(k, v)
	}
	return out, nil
}
