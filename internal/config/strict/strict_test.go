package strict

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"griot/internal/fault"
)

type inner struct {
	Silence time.Duration `yaml:"silence"`
	Level   string        `yaml:"level" enum:"low,medium,high"`
	On      bool          `yaml:"on"`
	Tags    []string      `yaml:"tags"`
}

type outer struct {
	Name  string           `yaml:"name"`
	Turn  inner            `yaml:"turn"`
	Count int              `yaml:"count"`
	Temp  *float64         `yaml:"temperature"`
	Extra map[string]any   `yaml:"extra"`
	Kids  []inner          `yaml:"kids"`
	ByKey map[string]inner `yaml:"by_key"`
	skip  int
}

func TestYAMLKeepsWhatIsNotMentioned(t *testing.T) {
	v := outer{Name: "kept", Turn: inner{Level: "low"}}
	require.NoError(t, YAML("a.yaml", []byte("turn:\n  silence: 500ms\ncount: 3\ntemperature: 0.5\nextra: {a: [1]}\n"), &v))
	require.Equal(t, "kept", v.Name)
	require.Equal(t, inner{Level: "low", Silence: 500 * time.Millisecond}, v.Turn)
	require.Equal(t, 3, v.Count)
	require.InDelta(t, 0.5, *v.Temp, 0)
	for _, empty := range []string{"", "# only a comment\n", "---\n", "~\n"} {
		require.NoError(t, YAML("a.yaml", []byte(empty), &v), "%q", empty)
	}
	require.Equal(t, "kept", v.Name)
	require.Zero(t, v.skip)
}

func TestYAMLNamesThePlace(t *testing.T) {
	cases := []struct{ in, code, param, msg string }{
		{"name: x\ntrun:\n  on: true\n", CodeUnknownKey, "trun", `a.yaml:2: there is no "trun" here; did you mean turn?`},
		{"turn:\n  silense: 1s\n", CodeUnknownKey, "turn.silense", `a.yaml:2: there is no "silense" in turn; did you mean silence?`},
		{"turn:\n  zzz: 1s\n", CodeUnknownKey, "turn.zzz", `a.yaml:2: there is no "zzz" in turn; the choices are level, on, silence, tags`},
		{"turn:\n  silence: 500\n", CodeBadValue, "turn.silence", `a.yaml:2: turn.silence: "500" has no unit; write 500ms or 500s`},
		{"turn:\n  silence: soon\n", CodeBadValue, "turn.silence", `a.yaml:2: turn.silence: "soon" is not a duration such as 500ms, 30s or 15m`},
		{"turn:\n\n  level: meduim\n", CodeBadValue, "turn.level", `a.yaml:3: turn.level: "meduim" is not one of low, medium, high; did you mean medium?`},
		{"turn:\n  on: perhaps\n", CodeBadValue, "turn.on", `a.yaml:2: turn.on takes true or false, not "perhaps"`},
		{"count: many\n", CodeBadValue, "count", `a.yaml:1: count takes a whole number, not "many"`},
		{"temperature: hot\n", CodeBadValue, "temperature", `a.yaml:1: temperature takes a number, not "hot"`},
		{"turn: 3\n", CodeBadValue, "turn", `a.yaml:1: turn takes keys and values, not "3"`},
		{"turn:\n  tags: a\n", CodeBadValue, "turn.tags", `a.yaml:2: turn.tags takes a list, not "a"`},
		{"name: [a]\n", CodeBadValue, "name", `a.yaml:1: name takes text, not a list`},
		{"kids:\n  - on: true\n  - level: hihg\n", CodeBadValue, "kids[1].level", `a.yaml:3: kids[1].level: "hihg" is not one of low, medium, high; did you mean high?`},
		{"by_key:\n  x:\n    onn: true\n", CodeUnknownKey, "by_key.x.onn", `a.yaml:3: there is no "onn" in by_key.x; did you mean on?`},
		{"name: a\nname: b\n", CodeBadYAML, "", `a.yaml:2: mapping key "name" already defined at line 1`},
		{"name: 'a\n", CodeBadYAML, "", `a.yaml:2: found unexpected end of stream`},
		{"name: a\n---\nname: b\n", CodeBadYAML, "", `a.yaml:2: a second document starts here; one is expected`},
		{"- a\n", CodeBadValue, "", `a.yaml:1: the document takes keys and values, not a list`},
	}
	for _, c := range cases {
		var v outer
		err := YAML("a.yaml", []byte(c.in), &v)
		require.Error(t, err, c.in)
		require.Equal(t, c.msg, err.Error(), c.in)
		require.Equal(t, fault.Invalid, fault.KindOf(err), c.in)
		require.Equal(t, c.code, fault.CodeOf(err), c.in)
		var f *fault.Error
		require.ErrorAs(t, err, &f)
		require.Equal(t, c.param, f.Param, c.in)
	}
}

func TestNearest(t *testing.T) {
	list := []string{"server.addr", "server.allowed_origins", "log.level", "data"}
	require.Equal(t, "server.addr", Nearest("server.adr", list))
	require.Equal(t, "server.addr", Nearest("SERVER.ADDR", list))
	require.Equal(t, "server.allowed_origins", Nearest("server.allowed-origin", list))
	require.Equal(t, "data", Nearest("dtaa", list))
	require.Equal(t, "server.addr", Nearest("addr", list))
	require.Empty(t, Nearest("completely-else", list))
	require.Empty(t, Nearest("", nil))
}

func FuzzYAML(f *testing.F) {
	f.Add([]byte("turn: {silence: 1s}"))
	f.Add([]byte("kids: &a [*a]"))
	f.Fuzz(func(t *testing.T, b []byte) {
		var v outer
		if err := YAML("f", b, &v); err != nil && fault.KindOf(err) != fault.Invalid {
			t.Fatalf("%v", err)
		}
	})
}
