package api_test

import (
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"griot/internal/api"
	"griot/internal/fault"
	"griot/internal/identity"
)

// operations lists the routes of the OpenAPI document.
func operations(t *testing.T) (out []string) {
	t.Helper()
	raw, err := api.Spec()
	require.NoError(t, err)
	var doc struct {
		Paths map[string]map[string]json.RawMessage
	}
	require.NoError(t, json.Unmarshal(raw, &doc))
	for path, methods := range doc.Paths {
		for m := range methods {
			out = append(out, strings.ToUpper(m)+" "+path)
		}
	}
	slices.Sort(out)
	require.Greater(t, len(out), 30)
	return out
}

func TestEveryRouteHasARule(t *testing.T) {
	rules := map[string]api.Rule{}
	for _, r := range api.Rules {
		require.NotContains(t, rules, r.Route, "twice in the table")
		rules[r.Route] = r
	}
	ops := operations(t)
	for _, op := range ops {
		require.Contains(t, rules, op, "the route has no rule: say in api.Rules who may use it")
	}
	for _, r := range api.Rules {
		method, path, _ := strings.Cut(r.Route, " ")
		if strings.HasPrefix(path, "/api/") {
			require.Contains(t, ops, r.Route, "the table has a rule for a route that is not there")
		}
		require.True(t, r.Needs == api.Public || r.Needs == api.Recognised || slices.ContainsFunc(identity.Grants, func(g identity.Grant) bool { return g.Permission == r.Needs }), "%s needs %q, which nobody has", r.Route, r.Needs)
		require.Equal(t, r.Action == "", r.Target == "", r.Route)
		if method != "GET" {
			require.NotEqual(t, r.Action == "", r.Why == "", "%s changes something: name its action in the audit trail, or say why it has none", r.Route)
		}
		if r.Param != "" {
			require.Contains(t, path, "{"+r.Param+"}", r.Route)
		}
	}
}

func TestAuthorize(t *testing.T) {
	viewer := identity.Principal{Kind: identity.BySession, Role: identity.Viewer}
	admin := identity.Principal{Kind: identity.BySession, Role: identity.Admin}
	operator := identity.Principal{Kind: identity.BySession, Role: identity.Viewer, Account: identity.Account{Operator: true}}
	key := identity.Principal{Kind: identity.ByKey, Key: identity.Key{Scopes: []identity.Permission{identity.Talk, identity.Operate}}}
	secret := identity.Principal{Kind: identity.BySecret}
	nobody := identity.Principal{Kind: identity.ByNobody}
	expired := identity.Principal{Kind: identity.ByNobody, Why: fault.New(fault.Unknown, "key_expired", "…")}
	for _, c := range []struct {
		p           identity.Principal
		route, code string
	}{
		{nobody, "GET /healthz", ""}, {nobody, "GET /api/agents", "sign_in_required"}, {expired, "GET /api/agents", "key_expired"}, {nobody, "GET /api/session", "sign_in_required"},
		{viewer, "GET /api/agents", ""}, {viewer, "GET /api/session", ""}, {viewer, "DELETE /api/conversations/{id}", "not_allowed"}, {viewer, "GET /v1/realtime", "not_allowed"},
		{admin, "POST /api/keys", ""}, {admin, "POST /api/tenants", "not_allowed"}, {operator, "POST /api/tenants", ""}, {operator, "POST /api/keys", "not_allowed"},
		{key, "GET /v1/realtime", ""}, {key, "GET /api/agents", "not_allowed"}, {key, "POST /api/tenants", "not_allowed"}, {secret, "GET /v1/realtime", ""}, {secret, "GET /api/agents", "not_allowed"},
		{admin, "GET /api/forgotten", "no_rule"},
	} {
		require.Equal(t, c.code, fault.CodeOf(api.Authorize(c.p, c.route)), "%s: %s", c.p.Kind, c.route)
	}
}

// docs/roles.md is made from the tables.
func TestRolesAreDocumented(t *testing.T) {
	const path = "../../docs/roles.md"
	want := rolesDocument()
	if *update {
		require.NoError(t, os.WriteFile(path, []byte(want), 0o644))
	}
	have, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, want, string(have), "run: go test ./internal/api -run Roles -update")
}

func rolesDocument() string {
	var b strings.Builder
	b.WriteString("# Roles\n\n<!-- Made by `go test ./internal/api -run Roles -update` from internal/identity/roles.go and internal/api/access.go. Do not edit. -->\n\n" +
		"Who may do what in a tenant. Each role may do what the one before it may, and more. An API key is limited to the permissions that it was given as scopes.\n" +
		"An operator of the installation may make tenants, besides what the role allows.\n\n| Permission | What it allows | Viewer | User | Manager | Admin | Operator |\n|---|---|---|---|---|---|---|\n")
	for _, g := range identity.Grants {
		fmt.Fprintf(&b, "| `%s` | %s |", g.Permission, g.Meaning)
		for _, r := range identity.Roles() {
			if r.May(g.Permission) {
				b.WriteString(" ● |")
			} else {
				b.WriteString("  |")
			}
		}
		if g.Least == "" {
			b.WriteString(" ● |\n")
		} else {
			b.WriteString("  |\n")
		}
	}
	b.WriteString("\nKeys of the configuration (`realtime.keys`) may do what a Manager of the tenant `default` may. A client secret of the Realtime protocol may talk, and nothing else.\n" +
		"Before there is a first administrator, and with `server.sign_in: off`, whoever sits at the server's own machine may do what an Admin and an operator may.\n\n" +
		"## Routes\n\nA route that is not here is refused. *public* needs nothing; *recognised* needs a session or a key. The last column is what the audit trail calls it.\n\n" +
		"| Route | Needs | Audit |\n|---|---|---|\n")
	for _, r := range api.Rules {
		needs := "`" + string(r.Needs) + "`"
		if r.Needs == api.Public || r.Needs == api.Recognised {
			needs = "*" + string(r.Needs) + "*"
		}
		action := ""
		if r.Action != "" {
			action = "`" + r.Action + "`"
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s |\n", r.Route, needs, action)
	}
	return b.String()
}
