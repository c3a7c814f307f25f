package config

import (
	"encoding/json"
	"fmt"
	"reflect"
	"sort"
	"strconv"
	"strings"

	"griot/internal/config/strict"
)

// Prefix begins the name of every environment variable that sets a key.
const Prefix = "GRIOT_"

// Key describes one setting.
type Key struct {
	Path   string // "server.addr"
	Env    string // "GRIOT_SERVER_ADDR"
	Flag   string // short flag, without dashes; empty when there is none. The path is a flag too
	Doc    string
	Enum   string // comma-separated choices
	Secret bool
	typ    reflect.Type
	index  []int
}

// Keys lists every setting in the order of the struct, without those of the providers and of the trunks.
func Keys() []Key { return keysOf(reflect.TypeFor[Config](), "", nil) }

func keysOf(t reflect.Type, prefix string, index []int) []Key {
	var out []Key
	for i := range t.NumField() {
		f := t.Field(i)
		at := append(append([]int(nil), index...), i)
		path := prefix + f.Tag.Get("yaml")
		switch {
		case f.Type == reflect.TypeFor[Providers](), f.Type == reflect.TypeFor[Trunks]():
		case f.Type.Kind() == reflect.Struct:
			out = append(out, keysOf(f.Type, path+".", at)...)
		default:
			out = append(out, Key{
				Path: path, Env: Prefix + strings.ToUpper(strings.ReplaceAll(path, ".", "_")), Flag: f.Tag.Get("flag"),
				Doc: f.Tag.Get("doc"), Enum: f.Tag.Get("enum"), Secret: f.Tag.Get("secret") == "true", typ: f.Type, index: at,
			})
		}
	}
	return out
}

// set parses text and stores it at the key.
func (k Key) set(c *Config, text string) error {
	return assign(reflect.ValueOf(c).Elem().FieldByIndex(k.index), k.Enum, text)
}

// assign parses text and stores it in v.
func assign(v reflect.Value, enum, text string) error {
	typ := v.Type()
	switch {
	case typ.Kind() == reflect.String:
		if err := strict.Choice(text, enum); err != nil {
			return err
		}
		v.SetString(text)
	case typ.String() == "time.Duration":
		d, err := strict.Duration(text)
		if err != nil {
			return err
		}
		v.SetInt(int64(d))
	case typ.Kind() == reflect.Bool:
		b, err := boolean(text)
		if err != nil {
			return err
		}
		v.SetBool(b)
	case typ.Kind() == reflect.Int, typ.Kind() == reflect.Int64:
		n, err := strconv.ParseInt(strings.TrimSpace(text), 10, 64)
		if err != nil {
			return fmt.Errorf("%q is not a whole number", text)
		}
		v.SetInt(n)
	case typ.Kind() == reflect.Slice:
		var list []string
		for _, e := range strings.Split(text, ",") {
			if e = strings.TrimSpace(e); e != "" {
				list = append(list, e)
			}
		}
		v.Set(reflect.ValueOf(list))
	default:
		return fmt.Errorf("it cannot be set here")
	}
	return nil
}

func boolean(s string) (bool, error) {
	switch strings.ToLower(strings.TrimSpace(s)) {
	case "true", "yes", "on", "1":
		return true, nil
	case "false", "no", "off", "0":
		return false, nil
	}
	return false, fmt.Errorf("%q is not true or false", s)
}

// setProvider stores one setting of a provider. path is what follows "providers": the id, then the keys below it.
func setProvider(c *Config, path []string, text string) error {
	if len(path) < 2 || path[0] == "" || path[len(path)-1] == "" {
		return fmt.Errorf("a provider's id and a key are needed, such as %sPROVIDERS_OPENAI_API_KEY", Prefix)
	}
	settings := map[string]any{}
	if raw := c.Providers[path[0]]; len(raw) > 0 {
		if err := json.Unmarshal(raw, &settings); err != nil {
			return fmt.Errorf("read the settings of %s: %w", path[0], err)
		}
	}
	m := settings
	for _, k := range path[1 : len(path)-1] {
		sub, ok := m[k].(map[string]any)
		if !ok {
			sub = map[string]any{}
			m[k] = sub
		}
		m = sub
	}
	m[path[len(path)-1]] = scalar(path[len(path)-1], text)
	raw, err := json.Marshal(settings)
	if err != nil {
		return err
	}
	next := make(Providers, len(c.Providers)+1)
	for id, r := range c.Providers {
		next[id] = r
	}
	next[path[0]] = raw
	c.Providers = next
	return nil
}

// scalar guesses what a provider's setting means: a switch, a number or text. A secret made of digits stays text.
func scalar(key, text string) any {
	if secretName(key) {
		return text
	}
	if text == "true" || text == "false" {
		return text == "true"
	}
	if n, err := strconv.ParseInt(text, 10, 64); err == nil {
		return n
	}
	if f, err := strconv.ParseFloat(text, 64); err == nil && strings.Trim(text, "0123456789.-") == "" {
		return f
	}
	return text
}

func secretName(key string) bool {
	k := strings.ToLower(key)
	for _, s := range []string{"key", "secret", "token", "password", "credential"} {
		if strings.Contains(k, s) {
			return true
		}
	}
	return false
}

func names(keys []Key, of func(Key) string) []string {
	var out []string
	for _, k := range keys {
		if n := of(k); n != "" {
			out = append(out, n)
		}
	}
	sort.Strings(out)
	return out
}
