package toolbox

import (
	"context"
	"encoding/json"
	"maps"
	"regexp"
	"slices"
	"strings"

	"griot/internal/fault"
)

// Names in the vault: the secrets of a tool together, and each variable on its own.
const (
	toolPrefix     = "tool/"
	variablePrefix = "env/"
)

// telling are the names of headers and variables whose values are secret.
var telling = regexp.MustCompile(`(?i)auth|key|token|secret|passw|cookie|credential|session`)

// places calls f with every text of a definition that is secret, and puts what f returns in its place.
func places(t *Tool, f func(path, value string) (string, error)) error {
	e := t.Execution
	if e == nil {
		return nil
	}
	c := *e
	t.Execution = &c // the caller's stays as it is
	one := func(path string, v *string) error {
		if *v == "" || strings.Contains(*v, "${env.") {
			return nil // a variable is no secret: its value is
		}
		w, err := f(path, *v)
		*v = w
		return err
	}
	if c.Auth != nil {
		a := *c.Auth
		c.Auth = &a
		if err := one("auth.value", &a.Value); err != nil {
			return err
		}
		if err := one("auth.password", &a.Password); err != nil {
			return err
		}
	}
	for _, m := range []struct {
		name string
		m    *map[string]string
	}{{"headers.", &c.Headers}, {"env.", &c.Env}} {
		*m.m = maps.Clone(*m.m)
		for _, k := range slices.Sorted(maps.Keys(*m.m)) {
			if !telling.MatchString(k) {
				continue
			}
			v := (*m.m)[k]
			if err := one(m.name+k, &v); err != nil {
				return err
			}
			(*m.m)[k] = v
		}
	}
	return nil
}

// seal takes the secrets out of a definition. One that reads as Mask is the old one.
func seal(t Tool, old map[string]string) (Tool, map[string]string, error) {
	secrets := map[string]string{}
	err := places(&t, func(path, v string) (string, error) {
		if v == Mask {
			was, ok := old[path]
			if !ok {
				return "", bad("execution", "%s reads as a mask, and there is no secret that it could stand for: enter it.", path)
			}
			v = was
		}
		secrets[path] = v
		return Mask, nil
	})
	return t, secrets, err
}

// open puts the secrets back.
func open(t *Tool, secrets map[string]string) error {
	return places(t, func(path, v string) (string, error) {
		if v != Mask {
			return v, nil
		}
		was, ok := secrets[path]
		if !ok {
			return "", fault.New(fault.Conflict, "tool_secret_missing", "A secret of the tool %s is missing: enter %s again.", t.Name, path)
		}
		return was, nil
	})
}

// secrets are those of a tool that is kept.
func (s *Service) secrets(ctx context.Context, tenant, id string) (map[string]string, error) {
	raw, err := s.o.Secrets.Get(ctx, tenant, toolPrefix+id)
	if fault.KindOf(err) == fault.NotFound {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var m map[string]string
	if err := json.Unmarshal(raw, &m); err != nil {
		return nil, fault.New(fault.Internal, "tool_damaged", "The secrets of a tool cannot be read.")
	}
	return m, nil
}

// keep puts a tool's secrets into the vault, or takes them out when there are none.
func (s *Service) keep(ctx context.Context, tenant, id string, secrets map[string]string) error {
	if len(secrets) == 0 {
		if err := s.o.Secrets.Delete(ctx, tenant, toolPrefix+id); err != nil && fault.KindOf(err) != fault.NotFound {
			return err
		}
		return nil
	}
	raw, err := json.Marshal(secrets)
	if err != nil {
		return err
	}
	return s.o.Secrets.Put(ctx, tenant, toolPrefix+id, raw)
}

var variableRule = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]{0,63}$`)

// maxVariable is the longest value of a variable, in bytes.
const maxVariable = 8 << 10

// Variables lists the names of a tenant's variables. Nobody is shown their values.
func (s *Service) Variables(ctx context.Context, tenant string) ([]string, error) {
	names, err := s.o.Store.SecretNames(ctx, tenant, variablePrefix)
	for i := range names {
		names[i] = strings.TrimPrefix(names[i], variablePrefix)
	}
	return names, err
}

// SetVariable gives a variable its value, which is sealed.
func (s *Service) SetVariable(ctx context.Context, tenant, name, value string) error {
	if !variableRule.MatchString(name) {
		return fault.New(fault.Invalid, "invalid_variable", "%q is not made of 1 to 64 letters without accents, digits and _, the first no digit.", name).At("name")
	}
	if value == "" || len(value) > maxVariable {
		return fault.New(fault.Invalid, "invalid_variable", "A value of 1 to %d bytes is needed.", maxVariable).At("value")
	}
	return s.o.Secrets.Put(ctx, tenant, variablePrefix+name, []byte(value))
}

// DeleteVariable forgets a variable.
func (s *Service) DeleteVariable(ctx context.Context, tenant, name string) error {
	err := s.o.Secrets.Delete(ctx, tenant, variablePrefix+name)
	if fault.KindOf(err) == fault.NotFound {
		return noVariable(name)
	}
	return err
}

func noVariable(name string) error {
	f := fault.New(fault.NotFound, "variable_not_found", "There is no variable %s. It is set under the tools' variables.", name)
	f.Params = map[string]string{"name": name}
	return f
}

// variable is the value of a tenant's variable, else of the server's environment where the operator allows that.
func (s *Service) variable(tenant string) func(ctx context.Context, name string) (string, error) {
	return func(ctx context.Context, name string) (string, error) {
		v, err := s.o.Secrets.Get(ctx, tenant, variablePrefix+name)
		if err == nil {
			return string(v), nil
		}
		if fault.KindOf(err) != fault.NotFound {
			return "", err
		}
		if s.o.Environ != nil {
			if v, ok := s.o.Environ(name); ok {
				return v, nil
			}
		}
		return "", noVariable(name)
	}
}
