package app_test

import (
	"encoding/json"
	"fmt"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// The import rules of docs/architecture.md, section 3, as data. Only what packages import themselves counts: since arrows go
// down only, a rule that every package keeps cannot be broken through a third one. Tests may import what they need.

// module is our own module's path; the paths below are relative to it.
const module = "griot/"

// levels says how high a package and everything in its folder stand; the longest prefix counts. A package imports its own level
// and those below it, never one above.
var levels = map[string]int{
	"internal/media":  0,
	"internal/event":  0,
	"internal/fault":  0,
	"internal/config": 0,

	"internal/model":    1,
	"internal/realtime": 1,
	"internal/wire":     1,

	"internal/outbound": 1,

	"internal/knowledge/extract": 1,

	"internal/provider": 2,
	"internal/tool":     2,

	"internal/provider/":   3, // the vendors
	"internal/tool/python": 3,
	"internal/live":        3,
	"internal/blob":        3,

	"internal/agent":        4,
	"internal/calls":        4,
	"internal/catalog":      4,
	"internal/chat":         4,
	"internal/conversation": 4,
	"internal/embed":        4,
	"internal/flow":         4,
	"internal/identity":     4,
	"internal/overview":     4,
	"internal/phone":        4,
	"internal/prompt":       4,
	"internal/toolbox":      4,
	"internal/secret":       3,
	"internal/telephony":    4,
	"internal/voice":        4,

	"internal/api":   5,
	"internal/store": 5,
	"web":            5,
	"web/locales":    0, // words

	"internal/app": 6,
	"cmd":          7,
	"test":         7,

	"scripts": 0, // programs of the build, which use nothing of ours
}

// rule restricts what the packages in some folders import. A name that ends in a slash means what is inside that folder, one that
// does not means the package itself as well.
type rule struct {
	from   []string // whom it is about
	but    []string // who is exempt
	never  []string // what they must not import: ours, or another module's or the standard library's
	only   []string // when set: all of ours that they may import, besides what lies in their own folder
	std    bool     // they import the standard library and ours, nothing else
	reason string
}

var rules = []rule{
	{
		from:   []string{"internal/", "web"},
		but:    []string{"internal/app"},
		never:  []string{"internal/app", "internal/api", "internal/store"},
		reason: "the composition root and the two outer edges can be replaced or tested alone",
	},
	{
		from:   []string{"cmd"},
		only:   []string{"internal/app", "internal/config", "internal/fault"},
		reason: "the command parses flags and hands over; app knows the rest",
	},
	{
		from:   []string{"internal/provider/"},
		but:    []string{"internal/provider/providertest"},
		only:   []string{"internal/provider", "internal/model/", "internal/media", "internal/fault", "internal/realtime", "internal/wire"},
		never:  []string{"internal/live"},
		reason: "adding or deleting a vendor touches its folder and one line",
	},
	{
		from:   []string{"internal/live"},
		never:  []string{"internal/agent", "internal/calls", "internal/catalog", "internal/conversation", "internal/embed", "internal/flow", "internal/identity", "internal/overview", "internal/phone", "internal/prompt", "internal/secret", "internal/toolbox", "internal/voice"},
		reason: "a session gets a Plan and a Leg: it can run in a test, in an example, or in another program",
	},
	{
		from:   []string{"internal/live"},
		never:  []string{"internal/provider"},
		reason: "a session is handed its models; which vendor they come from is decided in app",
	},
	{
		from:   []string{"internal/live/transport"},
		never:  []string{"internal/live/session", "internal/live/reply", "internal/live/playout", "internal/live/turn", "internal/live/realtime", "internal/live/webcall"},
		reason: "a transport hands a Leg to a transport.Handler; who handles it is decided in app",
	},
	{
		from:   []string{"internal/live/turn", "internal/live/playout", "internal/live/reply"},
		never:  []string{"internal/live/session", "internal/live/realtime"},
		reason: "inside live the arrows are session → reply → playout → transport and session → turn",
	},
	{
		from:   []string{"internal/live/playout", "internal/live/turn"},
		never:  []string{"internal/live/reply"},
		reason: "inside live the arrows are session → reply → playout → transport and session → turn",
	},
	{
		from:   []string{"internal/live/session"},
		never:  []string{"internal/live/realtime", "internal/live/webcall"},
		reason: "the protocol's server sits above the session: a session without it is complete",
	},
	{
		from:   []string{"internal/live/realtime"},
		never:  []string{"internal/live/webcall", "internal/live/transport/webrtc"},
		reason: "the protocol's server takes any leg and any pipe; webcall joins it with WebRTC",
	},
	{
		from:   []string{"internal/model/"},
		only:   []string{"internal/model/", "internal/media", "internal/fault"},
		std:    true,
		reason: "the contracts outlive any vendor's SDK types",
	},
	{
		from:   []string{"internal/wire"},
		only:   []string{"internal/model/llm", "internal/fault"},
		std:    true,
		reason: "vendors share it, so it knows none of them",
	},
	{
		from:   []string{"internal/api"},
		never:  []string{"internal/live", "internal/store", "database/sql", "github.com/jackc/pgx", "modernc.org/sqlite"},
		reason: "a handler is parse, call, render",
	},
	{
		from:   []string{"internal/agent", "internal/calls", "internal/catalog", "internal/conversation", "internal/embed", "internal/flow", "internal/identity", "internal/overview", "internal/prompt", "internal/secret", "internal/voice", "internal/blob"},
		never:  []string{"database/sql", "github.com/jackc/pgx", "modernc.org/sqlite"},
		reason: "the service says what it needs; SQL is an implementation",
	},
	{
		from:   []string{"internal/event", "internal/fault"},
		only:   []string{},
		std:    true,
		reason: "everything imports them, so they import nothing of ours",
	},
	{
		from:   []string{"internal/media"},
		only:   []string{"internal/fault"},
		reason: "arithmetic on samples knows of no conversation",
	},
	{
		from:   []string{"internal/config"},
		only:   []string{"internal/fault"},
		reason: "settings are read before anything else exists",
	},
}

// pkg is what `go list` says of one package.
type pkg struct {
	ImportPath string
	Imports    []string
	CgoFiles   []string
}

func TestImportRules(t *testing.T) {
	list := exec.Command("go", "list", "-e", "-json=ImportPath,Imports,CgoFiles", "./...")
	list.Dir = "../.."
	out, err := list.Output()
	require.NoError(t, err, "go list")
	var pkgs []pkg
	for dec := json.NewDecoder(strings.NewReader(string(out))); dec.More(); {
		var p pkg
		require.NoError(t, dec.Decode(&p))
		pkgs = append(pkgs, p)
	}
	require.Greater(t, len(pkgs), 20, "go list found too little to judge")
	for _, wrong := range broken(pkgs) {
		t.Error(wrong)
	}
}

// TestImportRulesAreEnforced plants one breach of each kind.
func TestImportRulesAreEnforced(t *testing.T) {
	sound := []pkg{{ImportPath: "griot/web"}, {ImportPath: "griot/web/locales"}, {ImportPath: "griot/cmd/griot"}, {ImportPath: "griot/scripts/x"}, {ImportPath: "griot/test/e2e"}}
	named := map[string]bool{}
	for _, r := range rules {
		for _, name := range slices.Concat(r.from, r.but, ours(r.never), r.only) {
			named[name] = true
		}
	}
	for name := range levels {
		named[name] = true
	}
	for name := range named {
		if strings.HasPrefix(name, "internal/") && name != "internal/" {
			sound = append(sound, pkg{ImportPath: module + strings.TrimSuffix(name, "/")})
		}
	}
	for _, vendor := range []string{"acme", "globex", "acme/wire"} {
		sound = append(sound, pkg{ImportPath: "griot/internal/provider/" + vendor})
	}
	for _, p := range []string{"internal/live/transport/ws", "internal/model/llm"} {
		sound = append(sound, pkg{ImportPath: module + p})
	}
	sound = append(sound, pkg{"griot/internal/provider/acme", []string{"griot/internal/provider/acme/wire", "griot/internal/model/llm", "net/http", "acme.example/sdk"}, nil})
	require.Empty(t, broken(sound))

	for name, tc := range map[string]struct {
		breach pkg
		want   string
	}{
		"store from a service":     {pkg{"griot/internal/agent", []string{"griot/internal/store"}, nil}, "outer edges"},
		"upwards":                  {pkg{"griot/internal/tool", []string{"griot/internal/agent"}, nil}, "level 2 imports level 4"},
		"a vendor from another":    {pkg{"griot/internal/provider/acme", []string{"griot/internal/provider/globex"}, nil}, "adding or deleting a vendor"},
		"a vendor's inner package": {pkg{"griot/internal/provider/acme/wire", []string{"griot/internal/live/turn"}, nil}, "adding or deleting a vendor"},
		"session from a transport": {pkg{"griot/internal/live/transport/ws", []string{"griot/internal/live/session"}, nil}, "transport.Handler"},
		"a service from live":      {pkg{"griot/internal/live/session", []string{"griot/internal/flow"}, nil}, "a Plan and a Leg"},
		"a vendor's SDK in model":  {pkg{"griot/internal/model/llm", []string{"acme.example/sdk"}, nil}, "outlive"},
		"SQL in a handler":         {pkg{"griot/internal/api", []string{"database/sql"}, nil}, "parse, call, render"},
		"ours at the bottom":       {pkg{"griot/internal/event", []string{"griot/internal/fault"}, nil}, "import nothing of ours"},
		"no level":                 {pkg{"griot/internal/novelty", nil, nil}, "has no level"},
		"cgo":                      {pkg{"griot/internal/media", nil, []string{"opus.go"}}, "cgo"},
	} {
		t.Run(name, func(t *testing.T) {
			got := broken(append(slices.Clone(sound), tc.breach))
			require.NotEmpty(t, got)
			require.Contains(t, strings.Join(got, "\n"), tc.want)
		})
	}
	gone := slices.DeleteFunc(slices.Clone(sound), func(p pkg) bool { return p.ImportPath == "griot/internal/flow" })
	require.Contains(t, strings.Join(broken(gone), "\n"), "internal/flow, which the import rules name, is no longer there")
}

// broken returns a line for each breach of levels and rules, and for each name in them that no package bears.
func broken(pkgs []pkg) []string {
	var wrong []string
	breach := func(from, to, reason string) {
		wrong = append(wrong, fmt.Sprintf("%s must not import %s: %s (docs/architecture.md, section 3)", from, to, reason))
	}
	for _, p := range pkgs {
		name := strings.TrimPrefix(p.ImportPath, module)
		if len(p.CgoFiles) > 0 {
			wrong = append(wrong, fmt.Sprintf("%s uses cgo in %s: the default build has none (docs/decisions/0003-no-cgo-system-libraries.md)", name, p.CgoFiles[0]))
		}
		own, ok := level(name)
		if !ok {
			wrong = append(wrong, fmt.Sprintf("%s has no level: give it one in internal/app/imports_test.go", name))
			continue
		}
		for _, imported := range p.Imports {
			to, isOurs := strings.CutPrefix(imported, module)
			if isOurs {
				if l, ok := level(to); ok && l > own {
					breach(name, to, fmt.Sprintf("level %d imports level %d, and arrows go down only", own, l))
				}
			}
			for _, r := range rules {
				if r.governs(name) && !r.allows(name, to, isOurs) {
					breach(name, to, r.reason)
				}
			}
		}
	}
	return append(wrong, vanished(pkgs)...)
}

func (r rule) governs(name string) bool {
	return within(name, r.from) && !within(name, r.but)
}

// allows reports whether the package name may import to. Siblings in one folder may import each other: a vendor's packages, or
// those of model. The folder is the name's first one below the prefix that the rule gives.
func (r rule) allows(name, to string, isOurs bool) bool {
	if isOurs && home(name, r.from) == home(to, r.from) {
		return true
	}
	if within(to, r.never) {
		return false
	}
	if !isOurs {
		standard := !strings.Contains(strings.SplitN(to, "/", 2)[0], ".")
		return standard || !r.std
	}
	if r.only == nil {
		return true
	}
	// "internal/provider" allows that package but not the vendors inside it.
	return slices.ContainsFunc(r.only, func(allowed string) bool {
		if allowed == "internal/provider" {
			return to == allowed
		}
		return within(to, []string{allowed})
	})
}

// home is the folder that name belongs to under one of the prefixes: internal/provider/acme for internal/provider/acme/wire
// under "internal/provider/", internal/config for internal/config/strict under "internal/config". It is the name itself outside.
func home(name string, prefixes []string) string {
	for _, prefix := range prefixes {
		rest, ok := strings.CutPrefix(name, prefix)
		switch {
		case !ok:
		case strings.HasSuffix(prefix, "/"):
			return prefix + strings.SplitN(rest, "/", 2)[0]
		case rest == "" || rest[0] == '/':
			return prefix
		}
	}
	return name
}

// within reports whether name is one of the packages, or lies in a folder of one.
func within(name string, prefixes []string) bool {
	return slices.ContainsFunc(prefixes, func(prefix string) bool {
		rest, ok := strings.CutPrefix(name, prefix)
		return ok && (strings.HasSuffix(prefix, "/") || rest == "" || rest[0] == '/')
	})
}

// level is that of the longest prefix of name in levels.
func level(name string) (level int, ok bool) {
	longest := -1
	for prefix, l := range levels {
		if within(name, []string{prefix}) && len(prefix) > longest {
			level, longest = l, len(prefix)
		}
	}
	return level, longest >= 0
}

// vanished returns a line for each of our packages that the tables name and that is not there.
func vanished(pkgs []pkg) []string {
	var names []string
	for name := range levels {
		names = append(names, name)
	}
	for _, r := range rules {
		names = append(names, slices.Concat(r.from, r.but, ours(r.never), r.only)...)
	}
	slices.Sort(names)
	var wrong []string
	for _, name := range slices.Compact(names) {
		there := slices.ContainsFunc(pkgs, func(p pkg) bool { return within(strings.TrimPrefix(p.ImportPath, module), []string{name}) })
		if !there {
			wrong = append(wrong, name+", which the import rules name, is no longer there: change internal/app/imports_test.go")
		}
	}
	return wrong
}

// ours keeps the names of our own packages.
func ours(names []string) []string {
	return slices.DeleteFunc(slices.Clone(names), func(name string) bool { return !strings.HasPrefix(name, "internal/") })
}
