package agent

import (
	"context"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode"

	"go.yaml.in/yaml/v3"
	"golang.org/x/text/unicode/norm"

	"griot/internal/fault"
)

// UndoTime is how long a deleted agent can be brought back.
const UndoTime = 30 * 24 * time.Hour

// Actor is who changes something.
type Actor struct{ ID, Name string }

// Agent is a definition with what is known about it. Reference, version and status are the definition's.
type Agent struct {
	Tenant   string
	ID       string // a UUID; "file:" and the reference for one of a file
	Number   int    // counts per tenant and kind; 0 for one of a file
	File     bool   // it is a file: it can be read, talked with and duplicated, not changed
	Revision int64  // counts every change, also those that are no version; 0 for one of a file

	Definition

	CreatedBy, UpdatedBy Actor
	CreatedAt, UpdatedAt time.Time // zero for one of a file
	DeletedAt            time.Time // zero as long as it lives
	DeletedBy            Actor
}

// Version is what an agent was at a time.
type Version struct {
	Tenant, Agent string // the agent's id
	Number        int    // counts from 1
	At            time.Time
	By            Actor
	Note          string
	Definition    Definition
}

// Filter selects agents. The zero value of a field selects all.
type Filter struct {
	Search  string // words of the name, the description or the reference, in any case and with or without accents
	Kind    Kind
	Status  Status
	Model   string // as ModelName gives it
	Lang    string // a language, or a language with its region
	Deleted bool   // those that can be brought back, instead of the living
	Sort    Sort
	After   *Position
	Limit   int
}

// Sort is what a list is ordered by; descending when Down.
type Sort struct {
	By   string // one of SortKeys
	Down bool
}

// SortKeys lists what agents may be ordered by.
func SortKeys() []string { return []string{"name", "reference", "created", "updated"} }

// Position is that of an agent in an ordered list: what it is ordered by, and its id.
type Position struct{ Key, ID string }

// Store keeps agents of people. An agent that a tenant does not have is fault.NotFound.
type Store interface {
	// CreateAgent keeps a new agent with its first version, and gives it a number and a reference; numbers for which skip is true are left out. Conflict "name_taken".
	CreateAgent(ctx context.Context, a Agent, note string, skip func(number int) bool) (Agent, error)
	// FindAgent looks for an id, a reference or else a name, among the living or the deleted.
	FindAgent(ctx context.Context, tenant, key string, deleted bool) (Agent, error)
	// AgentOwner is the tenant of the living agent with an id, "" when there is none: addresses that visitors have name no tenant.
	AgentOwner(ctx context.Context, id string) (string, error)
	ListAgents(ctx context.Context, tenant string, f Filter) ([]Agent, error)
	// CountAgents counts by status, whatever the filter's status, position and limit.
	CountAgents(ctx context.Context, tenant string, f Filter) (map[Status]int, error)
	// ChangeAgent replaces the agent of revision a.Revision-1, and keeps a version when there is one. Conflict "agent_changed" when its revision is another, "name_taken".
	ChangeAgent(ctx context.Context, a Agent, v *Version) error
	// AgentVersions lists versions whose number is less than before, newest first, and says how many there are in all; before 0 begins with the newest.
	AgentVersions(ctx context.Context, tenant, id string, before, limit int) ([]Version, int, error)
	AgentVersion(ctx context.Context, tenant, id string, number int) (Version, error)
	// PurgeAgents removes for good what was deleted before a time, whoever's it was, and says how many agents that were.
	PurgeAgents(ctx context.Context, before time.Time) (int, error)
}

// ETag names a state of an agent: its version and its revision.
func (a Agent) ETag() string {
	if a.File {
		return ""
	}
	return fmt.Sprintf("%d.%d", a.Version, a.Revision)
}

// parseETag is ETag backwards. What follows a hyphen tells apart answers about the same state.
func parseETag(tag string) (version int, revision int64, err error) {
	state, _, _ := strings.Cut(strings.Trim(strings.TrimPrefix(strings.TrimSpace(tag), "W/"), `"`), "-")
	v, r, ok := strings.Cut(state, ".")
	version, verr := strconv.Atoi(v)
	revision, rerr := strconv.ParseInt(r, 10, 64)
	if !ok || verr != nil || rerr != nil {
		return 0, 0, fault.New(fault.Invalid, "bad_etag", "If-Match takes the ETag that came with the agent, not %q.", tag).At("header.If-Match")
	}
	return version, revision, nil
}

var prefixes = map[Kind]string{Voice: "Agent", Text: "TextAgent", Avatar: "Avatar"}

// ReferenceOf is the reference of the agent with a number: Agent-000042, TextAgent-000042, Avatar-000042.
func ReferenceOf(k Kind, number int) string { return fmt.Sprintf("%s-%06d", prefixes[k], number) }

var numbered = regexp.MustCompile(`^(Agent|TextAgent|Avatar)-[0-9]{6,}$`)

// Numbered reports whether a reference is one that agents get which people make.
func Numbered(ref string) bool { return numbered.MatchString(ref) }

// ModelName names what answers, as lists show and filter it: "openai/gpt-realtime", "flow/reception", "auto".
func (d Definition) ModelName() string {
	with := func(provider, model string) string {
		if model == "" {
			return provider
		}
		return provider + "/" + model
	}
	switch {
	case d.whole():
		return with(d.Realtime.Provider, d.Realtime.Model)
	case d.Model.Flow != "":
		return "flow/" + d.Model.Flow
	}
	return with(d.Model.Provider, d.Model.Name)
}

// NameKey is what two names have in common that are the same to people: case and spaces do not count.
func NameKey(name string) string {
	return strings.ToLower(norm.NFC.String(strings.Join(strings.Fields(name), " ")))
}

// Fold is a text without case and accents, for searching.
func Fold(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.Is(unicode.Mn, r) {
			return -1
		}
		return unicode.ToLower(r)
	}, norm.NFD.String(s))
}

// SearchText is what a search looks at.
func (d Definition) SearchText() string {
	return Fold(d.Name + "\n" + d.Reference + "\n" + d.Description)
}

// Encode is the text by which a version is kept: every key, so that other defaults of later programs change nothing. Reference, version and status are not the version's.
func (d Definition) Encode() (string, error) {
	d.Format, d.Reference, d.Version, d.Status = Format, "", 0, ""
	b, err := yaml.Marshal(d)
	if err != nil {
		return "", fmt.Errorf("encode agent %q: %w", d.Name, err)
	}
	return string(b), nil
}

// Decode is Encode backwards. Keys that this program does not know are left out.
func Decode(text string) (Definition, error) {
	d := Default()
	if err := yaml.Unmarshal([]byte(text), &d); err != nil {
		return Definition{}, fault.Wrap(err, fault.Internal, "agent_damaged", "An agent's definition cannot be read")
	}
	return d, nil
}
