package config

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"reflect"
	"sort"
	"strings"

	"github.com/joho/godotenv"
	"go.yaml.in/yaml/v3"

	"griot/internal/config/strict"
	"griot/internal/fault"
)

// Sources are the layers over the defaults, weakest first.
type Sources struct {
	File     string            // YAML; empty for none
	EnvFile  string            // lines of NAME=value; empty for none. Names without the prefix are left alone
	Optional bool              // files that do not exist are passed over instead of refused
	Environ  []string          // "NAME=value", as os.Environ gives them. An empty value counts as not set
	Flags    map[string]string // by the key's path ("server.addr") or its short flag ("addr")
}

// Origin says where a value that is not the default came from.
type Origin struct {
	Key   string // "server.addr", "providers.openai.api_key"
	Place string // "griot.yaml:3", "environment variable GRIOT_SERVER_ADDR", ".env:2: GRIOT_SERVER_ADDR", "flag --addr"
}

// reserved are variables with our prefix that are no settings: the command line reads them.
var reserved = map[string]bool{Prefix + "CONFIG": true, Prefix + "ENV_FILE": true}

// Load reads the layers in order and validates the result. Errors are fault.Invalid (a wrong key or value, Param is the key) or
// fault.NotFound (a file that is not there); their message names the place.
func Load(s Sources) (Config, []Origin, error) {
	l := loader{c: Default(), keys: Keys(), from: map[string]string{}}
	steps := []func() error{
		func() error { return l.file(s.File, s.Optional) },
		func() error { return l.envFile(s.EnvFile, s.Optional) },
		func() error { return l.environ(s.Environ) },
		func() error { return l.flags(s.Flags) },
	}
	for _, step := range steps {
		if err := step(); err != nil {
			return Config{}, nil, err
		}
	}
	if err := l.c.Validate(); err != nil {
		return Config{}, nil, l.placed(err)
	}
	return l.c, l.origins(), nil
}

type loader struct {
	c    Config
	keys []Key
	from map[string]string // key → place
}

// placed adds where the offending value came from.
func (l *loader) placed(err error) error {
	var f *fault.Error
	if !errors.As(err, &f) {
		return err
	}
	place, ok := l.from[f.Param]
	if !ok {
		return err
	}
	return fault.New(f.Kind, f.Code, "%s: %s", place, f.Message).At(f.Param)
}

func (l *loader) origins() []Origin {
	out := make([]Origin, 0, len(l.from))
	for k, p := range l.from {
		out = append(out, Origin{k, p})
	}
	sort.Slice(out, func(i, j int) bool { return out[i].Key < out[j].Key })
	return out
}

func read(path string, optional bool, what string) ([]byte, error) {
	if path == "" {
		return nil, nil
	}
	b, err := os.ReadFile(path)
	switch {
	case err == nil:
		return b, nil
	case errors.Is(err, fs.ErrNotExist) && optional:
		return nil, nil
	case errors.Is(err, fs.ErrNotExist):
		return nil, fault.New(fault.NotFound, "config_missing", "there is no %s %s", what, path)
	default:
		return nil, fault.Wrap(err, fault.Invalid, "config_unreadable", "read %s %s", what, path)
	}
}

func (l *loader) file(path string, optional bool) error {
	b, err := read(path, optional, "configuration file")
	if err != nil || b == nil {
		return err
	}
	if err := strict.YAML(path, b, &l.c); err != nil {
		return err
	}
	var doc yaml.Node
	if err := yaml.Unmarshal(b, &doc); err != nil {
		return fault.Wrap(err, fault.Invalid, strict.CodeBadYAML, "read %s", path)
	}
	if len(doc.Content) > 0 {
		l.places(path, doc.Content[0], "")
	}
	return nil
}

// places notes the line of every value of a YAML document; a list counts as one value.
func (l *loader) places(file string, n *yaml.Node, prefix string) {
	if n.Kind != yaml.MappingNode {
		return
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		k, v := n.Content[i], n.Content[i+1]
		if v.Kind == yaml.MappingNode {
			l.places(file, v, prefix+k.Value+".")
			continue
		}
		l.from[prefix+k.Value] = fmt.Sprintf("%s:%d", file, k.Line)
	}
}

func (l *loader) envFile(path string, optional bool) error {
	b, err := read(path, optional, "environment file")
	if err != nil || b == nil {
		return err
	}
	vars, err := godotenv.UnmarshalBytes(b)
	if err != nil {
		return fault.Wrap(err, fault.Invalid, "bad_env_file", "%s is not a list of NAME=value", path)
	}
	lines := strings.Split(string(b), "\n")
	list := make([]string, 0, len(vars))
	for name := range vars {
		list = append(list, name)
	}
	sort.Strings(list)
	for _, name := range list {
		line := 0
		for i, text := range lines {
			text = strings.TrimPrefix(strings.TrimSpace(text), "export ")
			if k, _, ok := strings.Cut(text, "="); ok && strings.TrimSpace(k) == name {
				line = i + 1
			}
		}
		if err := l.variable(name, vars[name], fmt.Sprintf("%s:%d: %s", path, line, name)); err != nil {
			return err
		}
	}
	return nil
}

func (l *loader) environ(env []string) error {
	env = append([]string(nil), env...)
	sort.Strings(env)
	for _, e := range env {
		name, value, _ := strings.Cut(e, "=")
		if err := l.variable(name, value, "environment variable "+name); err != nil {
			return err
		}
	}
	return nil
}

func (l *loader) variable(name, value, place string) error {
	if !strings.HasPrefix(name, Prefix) || reserved[name] || strings.HasPrefix(name, Prefix+"TEST_") || value == "" {
		return nil
	}
	if rest, ok := strings.CutPrefix(name, Prefix+"PROVIDERS_"); ok {
		id, key, _ := strings.Cut(strings.ToLower(strings.TrimPrefix(rest, "_")), "_")
		path := append([]string{id}, strings.Split(strings.TrimPrefix(key, "_"), "__")...)
		return l.provider(path, value, place)
	}
	if rest, ok := strings.CutPrefix(name, Prefix+"SIP_TRUNKS_"); ok {
		id, key, _ := strings.Cut(strings.ToLower(strings.TrimPrefix(rest, "_")), "_")
		return l.trunk([]string{id, strings.TrimPrefix(key, "_")}, value, place)
	}
	flat := strings.ReplaceAll(name, "__", "_")
	for _, k := range l.keys {
		if k.Env == flat {
			return l.set(k, value, place)
		}
	}
	env := names(l.keys, func(k Key) string { return k.Env })
	return fault.New(fault.Invalid, strict.CodeUnknownKey, "%s: there is no such setting%s", place, strict.Hint(name, env)).At(name)
}

func (l *loader) flags(flags map[string]string) error {
	given := make([]string, 0, len(flags))
	for f := range flags {
		given = append(given, f)
	}
	sort.Strings(given)
next:
	for _, f := range given {
		place := "flag --" + f
		if rest, ok := strings.CutPrefix(f, "providers."); ok {
			if err := l.provider(strings.Split(rest, "."), flags[f], place); err != nil {
				return err
			}
			continue
		}
		if rest, ok := strings.CutPrefix(f, "sip.trunks."); ok {
			if err := l.trunk(strings.Split(rest, "."), flags[f], place); err != nil {
				return err
			}
			continue
		}
		for _, k := range l.keys {
			if k.Path == f || (k.Flag != "" && k.Flag == f) {
				if err := l.set(k, flags[f], place); err != nil {
					return err
				}
				continue next
			}
		}
		all := append(names(l.keys, func(k Key) string { return k.Flag }), names(l.keys, func(k Key) string { return k.Path })...)
		return fault.New(fault.Invalid, strict.CodeUnknownKey, "%s: there is no such setting%s", place, strict.Hint(f, all)).At(f)
	}
	return nil
}

func (l *loader) set(k Key, value, place string) error {
	if err := k.set(&l.c, value); err != nil {
		msg := err.Error()
		if k.Secret {
			msg = "the value does not fit"
		}
		return fault.New(fault.Invalid, strict.CodeBadValue, "%s: %s: %s", place, k.Path, msg).At(k.Path)
	}
	l.from[k.Path] = place
	return nil
}

func (l *loader) provider(path []string, value, place string) error {
	key := "providers." + strings.Join(path, ".")
	if err := setProvider(&l.c, path, value); err != nil {
		return fault.New(fault.Invalid, strict.CodeBadValue, "%s: %v", place, err).At(key)
	}
	l.from[key] = place
	return nil
}

func (l *loader) trunk(path []string, value, place string) error {
	key := "sip.trunks." + strings.Join(path, ".")
	if err := setTrunk(&l.c, path, value); err != nil {
		return fault.New(fault.Invalid, strict.CodeBadValue, "%s: %v", place, err).At(key)
	}
	l.from[key] = place
	return nil
}

// Default value of a key as text, for documentation.
func (k Key) Default() string {
	v := reflect.ValueOf(Default()).FieldByIndex(k.index)
	switch {
	case v.Kind() == reflect.Slice:
		return ""
	case k.typ.String() == "time.Duration" && v.Int() == 0:
		return "0"
	}
	return fmt.Sprint(v.Interface())
}
