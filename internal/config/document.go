package config

import (
	"fmt"
	"reflect"
	"strings"
)

// Document is docs/configuration.md, made from the struct's tags.
func Document() string {
	var b strings.Builder
	b.WriteString(`<!-- Made from internal/config by "go test ./internal/config -update". Change the struct, not this file. -->

# Configuration

Griot needs none: every setting has a default. A setting can be given in four places; the later wins.

1. The built-in default.
2. A YAML file.
3. A ` + "`.env`" + ` file, then the environment. A key's variable is ` + "`" + Prefix + "`" + ` and the key in capitals, with underscores for dots. An empty variable counts as not set. Lists are separated by commas.
4. The command line: ` + "`--server.addr=…`" + `, or the short flag where there is one.

A key or a value that is wrong stops the start, with its place and the nearest right one. Durations have a unit: ` + "`500ms`, `30s`, `15m`" + `.

` + "```yaml" + `
# griot.yaml
server:
  addr: 127.0.0.1:5000
speech:
  llm: openai
  model: llama3.2
providers:
  openai:
    base_url: http://127.0.0.1:11434/v1
` + "```\n")
	keys := Keys()
	t := reflect.TypeFor[Config]()
	for i := range t.NumField() {
		f := t.Field(i)
		name := f.Tag.Get("yaml")
		if name == "providers" {
			fmt.Fprintf(&b, "\n## `providers`\n\n%s\n\n", f.Tag.Get("doc"))
			b.WriteString("In the environment: `" + Prefix + "PROVIDERS_`, the provider's id, `_` and the key, such as `" + Prefix +
				"PROVIDERS_OPENAI_API_KEY`. Two underscores go one level deeper.\n")
			continue
		}
		fmt.Fprintf(&b, "\n## `%s`\n\n", name)
		if f.Type.Kind() == reflect.Struct {
			fmt.Fprintf(&b, "%s\n\n", f.Tag.Get("doc"))
		}
		b.WriteString("| Key | Default | Variable | Flag | Meaning |\n|---|---|---|---|---|\n")
		for _, k := range keys {
			if k.Path != name && !strings.HasPrefix(k.Path, name+".") {
				continue
			}
			doc := k.Doc
			if k.Enum != "" {
				doc += " One of `" + strings.ReplaceAll(k.Enum, ",", "`, `") + "`."
			}
			if k.Secret {
				doc += " Never shown."
			}
			flag := "`--" + k.Path + "`"
			if k.Flag != "" && k.Flag != k.Path {
				flag = "`--" + k.Flag + "`, " + flag
			}
			def := "none"
			if d := k.Default(); d != "" {
				def = "`" + d + "`"
			}
			fmt.Fprintf(&b, "| `%s` | %s | `%s` | %s | %s |\n", k.Path, def, k.Env, flag, strings.ReplaceAll(doc, "|", `\|`))
		}
		if name == "sip" {
			documentTrunks(&b)
		}
	}
	return b.String()
}
