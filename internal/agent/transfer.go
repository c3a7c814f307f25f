package agent

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"go.yaml.in/yaml/v3"

	"griot/internal/fault"
)

// Export writes an agent as one YAML file, which Import takes and which the folder of agents takes too. It returns the file's name.
func (s *Service) Export(ctx context.Context, tenant, key string) ([]byte, string, error) {
	a, err := s.Get(ctx, tenant, key)
	if err != nil {
		return nil, "", err
	}
	b, err := yaml.Marshal(a.Definition)
	if err != nil {
		return nil, "", fmt.Errorf("write agent %s: %w", a.Reference, err)
	}
	head := fmt.Sprintf("# Agent %s, version %d. See docs/agents.md for the keys.\n", a.Reference, a.Version)
	return append([]byte(head), b...), a.Reference + ".yaml", nil
}

// Import makes a draft from a file. The reference, version and status in it do not count: the agent gets its own. name, unless it is empty, stands in the place of the file's.
// Nothing is kept of a file that is wrong. Faults: Invalid "format_too_new" and those of the package strict, Conflict "name_taken" with the parameter "suggestion".
func (s *Service) Import(ctx context.Context, tenant string, by Actor, text []byte, name string) (Agent, error) {
	if strings.TrimSpace(string(text)) == "" {
		return Agent{}, fault.New(fault.Invalid, "empty_file", "The file is empty.")
	}
	d, err := Decoded("agent.yaml", text, Default())
	if err != nil {
		return Agent{}, err
	}
	if name != "" {
		d.Name = name
	}
	a, err := s.Create(ctx, tenant, by, d, "Imported")
	var f *fault.Error
	if errors.As(err, &f) && f.Code == "name_taken" {
		c := *f
		c.Param = "name"
		err = &c
	}
	return a, err
}
