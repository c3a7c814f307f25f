package api

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"reflect"
	"regexp"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"go.yaml.in/yaml/v3"

	"griot/internal/agent"
	"griot/internal/fault"
)

// AgentDefinition is an agent's file as JSON: the same keys, durations as "500ms".
type AgentDefinition struct{ agent.Definition }

// MarshalJSON implements json.Marshaler.
func (d AgentDefinition) MarshalJSON() ([]byte, error) {
	m, err := d.Map()
	if err != nil {
		return nil, err
	}
	return json.Marshal(m)
}

// Schema implements huma.SchemaProvider.
func (AgentDefinition) Schema(r huma.Registry) *huma.Schema {
	return component(r, "AgentDefinition", true)
}

// AgentKeys are some or all keys of an AgentDefinition.
type AgentKeys json.RawMessage

// UnmarshalJSON implements json.Unmarshaler.
func (k *AgentKeys) UnmarshalJSON(b []byte) error {
	*k = append((*k)[:0], b...)
	return nil
}

// MarshalJSON implements json.Marshaler.
func (k AgentKeys) MarshalJSON() ([]byte, error) { return json.RawMessage(k).MarshalJSON() }

// Schema implements huma.SchemaProvider.
func (AgentKeys) Schema(r huma.Registry) *huma.Schema { return component(r, "AgentKeys", false) }

var place = regexp.MustCompile(`^definition:\d+: `)

// over reads the keys over a definition.
func (k AgentKeys) over(d agent.Definition) (agent.Definition, error) {
	var v any
	if err := json.Unmarshal(k, &v); err != nil {
		return d, fault.Wrap(err, fault.Invalid, "invalid_request", "the definition cannot be read")
	}
	text, err := yaml.Marshal(v)
	if err != nil {
		return d, fault.Wrap(err, fault.Invalid, "invalid_request", "the definition cannot be read")
	}
	d, err = agent.Decoded("definition", text, d)
	var f *fault.Error
	if errors.As(err, &f) {
		c := *f
		c.Message = place.ReplaceAllString(f.Message, "") // there are no lines in a form
		return d, &c
	}
	return d, err
}

// component is the schema of a definition, made from the type that files are read into.
func component(r huma.Registry, name string, whole bool) *huma.Schema {
	if _, ok := r.Map()[name]; !ok {
		s := keysOf(reflect.TypeFor[agent.Definition](), whole)
		s.Description = "The keys of an agent's file, see docs/agents.md. Format, reference, version and status are not its author's: they are read, and do not count when they are sent."
		s.PrecomputeMessages()
		r.Map()[name] = s
	}
	return &huma.Schema{Ref: "#/components/schemas/" + name}
}

func keysOf(t reflect.Type, whole bool) *huma.Schema {
	s := &huma.Schema{Type: huma.TypeObject, Properties: map[string]*huma.Schema{}, AdditionalProperties: false}
	for i := range t.NumField() {
		f := t.Field(i)
		name := f.Tag.Get("yaml")
		s.Properties[name] = valueOf(f.Type, f.Tag.Get("enum"), whole)
		if whole {
			s.Required = append(s.Required, name)
		}
	}
	return s
}

func valueOf(t reflect.Type, enum string, whole bool) *huma.Schema {
	if t == reflect.TypeFor[time.Duration]() {
		return &huma.Schema{Type: huma.TypeString, Examples: []any{"500ms"}, Description: "A duration such as 500ms or 15m."}
	}
	switch t.Kind() {
	case reflect.Pointer:
		s := valueOf(t.Elem(), enum, whole)
		s.Nullable = true
		return s
	case reflect.Struct:
		return keysOf(t, whole)
	case reflect.Slice:
		return &huma.Schema{Type: huma.TypeArray, Items: valueOf(t.Elem(), enum, whole)}
	case reflect.Bool:
		return &huma.Schema{Type: huma.TypeBoolean}
	case reflect.Int:
		return &huma.Schema{Type: huma.TypeInteger}
	case reflect.Float64:
		return &huma.Schema{Type: huma.TypeNumber}
	}
	s := &huma.Schema{Type: huma.TypeString}
	if enum != "" {
		for _, v := range strings.Split(enum, ",") {
			s.Enum = append(s.Enum, v)
		}
	}
	return s
}

type agentImport struct {
	Name    string `query:"name" maxLength:"120" doc:"In the place of the file's."`
	RawBody []byte `contentType:"application/yaml"`
}

func (a *api) agentFiles(tag string) {
	agentRoute(a, "POST", "/api/agents/import", "import-agent", "Make an agent from a file, as a draft", []int{http.StatusConflict, http.StatusUnprocessableEntity}, func(ctx context.Context, in *agentImport) (agent.Agent, error) {
		ag, err := a.s.Agents.Import(ctx, tenantOf(ctx), actor(ctx), in.RawBody, in.Name)
		return told(ctx, ag, nil, err)
	})
	huma.Register(a.huma, huma.Operation{
		Method: http.MethodGet, Path: "/api/agents/{reference}/export", OperationID: "export-agent", Tags: []string{tag}, Summary: "Get an agent as a file", Errors: []int{http.StatusNotFound},
		Description: "One YAML file, which the import takes, and the folder of agents on the server.",
		Responses:   map[string]*huma.Response{"200": {Description: "The file", Content: map[string]*huma.MediaType{"application/yaml": {Schema: &huma.Schema{Description: "The keys of a definition."}}}}},
	}, func(ctx context.Context, in *AgentPath) (*agentFile, error) {
		b, name, err := a.s.Agents.Export(ctx, tenantOf(ctx), in.Reference)
		if err != nil {
			return nil, problemOf(ctx, "export-agent", err)
		}
		return &agentFile{"application/yaml", `attachment; filename="` + name + `"`, b}, nil
	})
}

type agentFile struct {
	ContentType string `header:"Content-Type"`
	Disposition string `header:"Content-Disposition"`
	Body        []byte
}
