package library

import (
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"

	"griot/internal/flow"
)

// Diff is one key whose value differs.
type Diff struct {
	Path   string `json:"path" example:"nodes.day.say.fr"`
	Before any    `json:"before" doc:"As in the definition; null when there was none."`
	After  any    `json:"after"`
}

// Compare lists the keys in which two definitions differ, in the order of their paths. Nodes go by their ids, and edges by where they begin and what they wait for, so that their
// order does not count.
func Compare(before, after flow.Definition) ([]Diff, error) {
	a, err := flat(before)
	if err != nil {
		return nil, err
	}
	b, err := flat(after)
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

func flat(d flow.Definition) (map[string]any, error) {
	nodes, edges := d.Nodes, d.Edges
	d.Nodes, d.Edges = nil, nil
	out := map[string]any{}
	var walk func(path string, v any)
	walk = func(path string, v any) {
		sub, ok := v.(map[string]any)
		if !ok {
			out[path] = v
			return
		}
		for k, v := range sub {
			walk(path+"."+k, v)
		}
	}
	add := func(path string, v any) error {
		b, err := json.Marshal(v)
		if err != nil {
			return fmt.Errorf("encode the flow %q: %w", d.Name, err)
		}
		var m map[string]any
		if err := json.Unmarshal(b, &m); err != nil {
			return fmt.Errorf("decode the flow %q: %w", d.Name, err)
		}
		for k, v := range m {
			walk(path+k, v)
		}
		return nil
	}
	if err := add("", d); err != nil {
		return nil, err
	}
	delete(out, "nodes")
	delete(out, "edges")
	for i, n := range nodes {
		path := n.ID
		if path == "" || slices.ContainsFunc(nodes[:i], func(o flow.Node) bool { return o.ID == path }) { // of a draft
			path = fmt.Sprintf("%s[%d]", n.ID, i)
		}
		if err := add("nodes."+path+".", n); err != nil {
			return nil, err
		}
	}
	for i, e := range edges {
		path := "edges." + e.From
		if e.On != "" {
			path += "." + e.On
		}
		if _, twice := out[path]; twice {
			path = fmt.Sprintf("%s[%d]", path, i)
		}
		out[path] = e.To
	}
	return out, nil
}
