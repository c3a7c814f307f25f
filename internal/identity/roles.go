// Package identity knows who people and programs are: tenants, accounts and their roles, invitations, sign-in by password and by OpenID Connect, sessions, API keys,
// and the audit trail. What a role may do is the table in roles.go; which route needs what is the table in api/access.go.
package identity

import "slices"

// Role is what a person is in a tenant. Each role may do what the one before it may, and more.
type Role string

// The roles, from the least to the most.
const (
	Viewer  Role = "viewer"  // looks and does not touch
	User    Role = "user"    // talks with agents
	Manager Role = "manager" // makes agents, tidies up
	Admin   Role = "admin"   // people, keys, providers
)

// Permission is one thing that may be allowed. A permission is also what an API key is limited to: its scope.
type Permission string

// The permissions.
const (
	ReadAgents          Permission = "agents:read"
	WriteAgents         Permission = "agents:write"
	ReadConversations   Permission = "conversations:read"
	DeleteConversations Permission = "conversations:delete"
	WriteBilling        Permission = "billing:write"
	Talk                Permission = "talk"
	ReadSystem          Permission = "system:read"
	ReadProviders       Permission = "providers:read"
	WriteProviders      Permission = "providers:write"
	ReadPeople          Permission = "people:read"
	WritePeople         Permission = "people:write"
	ReadKeys            Permission = "keys:read"
	WriteKeys           Permission = "keys:write"
	ReadAudit           Permission = "audit:read"
	WriteTenant         Permission = "tenant:write"
	ReadTools           Permission = "tools:read"
	WriteTools          Permission = "tools:write"
	DecideEffects       Permission = "effects:decide"
	// Operate is not a role's: it belongs to the operators of the installation, the first administrator and whom the terminal makes one.
	Operate Permission = "installation:operate"
)

// Grant is a permission with who has it.
type Grant struct {
	Permission Permission
	Least      Role   // the least role that has it; empty for operators
	Meaning    string // in English, for the documents
}

// Grants is the whole table of permissions. docs/roles.md is made from it.
var Grants = []Grant{
	{ReadAgents, Viewer, "See agents."},
	{ReadConversations, Viewer, "Read, hear and export conversations and calls."},
	{ReadSystem, Viewer, "See the version and what the machine has."},
	{ReadTools, Viewer, "See tools, without their secrets."},
	{DecideEffects, User, "Allow or refuse what an agent wants to do."},
	{Talk, User, "Talk with agents, open and end calls, make client secrets for pages."},
	{WriteAgents, Manager, "Create, change, delete agents."},
	{WriteTools, Manager, "Create, change, test, delete tools and their variables."},
	{DeleteConversations, Manager, "Delete conversations and their recordings."},
	{WriteBilling, Manager, "Set what a minute of conversation costs."},
	{ReadProviders, Manager, "See how providers are set, without their secrets."},
	{ReadPeople, Manager, "See who belongs to the tenant and who is invited."},
	{WriteProviders, Admin, "Set providers and their keys, and test them."},
	{WritePeople, Admin, "Invite and remove people, change their roles."},
	{ReadKeys, Admin, "See which API keys there are."},
	{WriteKeys, Admin, "Make and revoke API keys."},
	{ReadAudit, Admin, "Read the audit trail."},
	{WriteTenant, Admin, "Rename the tenant."},
	{Operate, "", "Make tenants."},
}

// Roles lists the roles from the least to the most.
func Roles() []Role { return []Role{Viewer, User, Manager, Admin} }

// Valid reports whether r is a role.
func (r Role) Valid() bool { return slices.Contains(Roles(), r) }

// May reports whether a role has a permission.
func (r Role) May(p Permission) bool {
	have := slices.Index(Roles(), r)
	if have < 0 {
		return false
	}
	for _, g := range Grants {
		if g.Permission == p {
			return g.Least != "" && have >= slices.Index(Roles(), g.Least)
		}
	}
	return false
}

// Permissions lists what a role has, in the order of Grants.
func (r Role) Permissions() (out []Permission) {
	for _, g := range Grants {
		if r.May(g.Permission) {
			out = append(out, g.Permission)
		}
	}
	return out
}

// Scopes lists what a key may be limited to: everything that a role has.
func Scopes() []Permission { return Admin.Permissions() }
