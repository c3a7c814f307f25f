package config

import (
	"encoding/json"
	"net/url"
	"reflect"
)

// Mask stands for a secret that is set.
const Mask = "••••••••"

// Masked is a copy that may be shown or logged: secrets that are set read as Mask, and a database address keeps all but its password.
func (c Config) Masked() Config {
	out := c
	out.Server.AllowedOrigins = append([]string(nil), c.Server.AllowedOrigins...)
	v := reflect.ValueOf(&out).Elem()
	for _, k := range Keys() {
		if !k.Secret {
			continue
		}
		f := v.FieldByIndex(k.index)
		switch f.Kind() {
		case reflect.String:
			f.SetString(maskText(f.String()))
		case reflect.Slice:
			masked := make([]string, f.Len())
			for i := range masked {
				masked[i] = Mask
			}
			if f.Len() > 0 {
				f.Set(reflect.ValueOf(masked))
			}
		}
	}
	if c.SIP.Trunks != nil {
		out.SIP.Trunks = make(Trunks, len(c.SIP.Trunks))
		for name, trunk := range c.SIP.Trunks {
			if trunk.Password != "" {
				trunk.Password = Mask
			}
			out.SIP.Trunks[name] = trunk
		}
	}
	if c.Providers != nil {
		out.Providers = make(Providers, len(c.Providers))
		for id, raw := range c.Providers {
			out.Providers[id] = maskJSON(raw)
		}
	}
	return out
}

func maskText(s string) string {
	if s == "" {
		return ""
	}
	u, err := url.Parse(s)
	if err != nil || u.Scheme == "" || u.Host == "" || u.RawQuery != "" {
		return Mask
	}
	if _, has := u.User.Password(); has {
		u.User = url.UserPassword(u.User.Username(), "xxxxx")
	}
	return u.String()
}

func maskJSON(raw json.RawMessage) json.RawMessage {
	var v any
	if json.Unmarshal(raw, &v) != nil {
		return json.RawMessage(`{}`)
	}
	masked, err := json.Marshal(maskValue("", v))
	if err != nil {
		return json.RawMessage(`{}`)
	}
	return masked
}

func maskValue(key string, v any) any {
	switch v := v.(type) {
	case map[string]any:
		for k, e := range v {
			v[k] = maskValue(k, e)
		}
	case []any:
		for i, e := range v {
			v[i] = maskValue(key, e)
		}
	case nil:
	default:
		if secretName(key) && v != "" {
			return Mask
		}
	}
	return v
}
