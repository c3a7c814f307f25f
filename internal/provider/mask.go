package provider

import "encoding/json"

// Masked is what Mask puts in the place of a secret.
const Masked = "••••••••"

// Mask returns raw with the secret fields of schema replaced by Masked, for display and logs. Empty secrets stay empty,
// so that a reader sees that none is set. What cannot be read as an object comes back as an empty one: nothing that Mask
// does not understand is ever shown.
func Mask(raw, schema json.RawMessage) json.RawMessage {
	var sc struct {
		Properties map[string]struct {
			WriteOnly bool `json:"writeOnly"`
		} `json:"properties"`
	}
	var values map[string]json.RawMessage
	if json.Unmarshal(schema, &sc) != nil || json.Unmarshal(raw, &values) != nil || values == nil {
		return json.RawMessage(`{}`)
	}
	for k, v := range values {
		p, known := sc.Properties[k]
		if empty := string(v) == `""` || string(v) == "null"; !empty && (p.WriteOnly || !known) {
			values[k] = marshal(Masked)
		}
	}
	return marshal(values)
}
