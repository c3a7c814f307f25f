// Package embed lets visitors of other people's pages talk with an agent: which pages may show it, what a visitor is given, and who a visitor is whom the page knows.
//
// A visitor has a token, sealed by this server, which names the agent, the page's origin and the visitor, and which is good for an hour. It lets its bearer talk with that
// agent and do nothing else. A site that knows its visitors says who they are by something that it signs with the agent's secret (docs/embed.md).
package embed

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/google/uuid"

	"griot/internal/agent"
	"griot/internal/fault"
	"griot/internal/secret"
)

// TokenPrefix begins every visitor's token.
const TokenPrefix = "gv_"

// TokenLife is how long a visitor's token is good for. The widget asks for another one before.
const TokenLife = time.Hour

// keepLife is how long after its making a token still tells which visitor it was, for a page that is opened again.
const keepLife = 30 * 24 * time.Hour

// Agents finds agents. *agent.Service is one.
type Agents interface {
	Get(ctx context.Context, tenant, key string) (agent.Agent, error)
	// Owner is the tenant of the agent with an id; "" when nobody has it.
	Owner(ctx context.Context, id string) (string, error)
}

// Options of a Service. All but Now are needed.
type Options struct {
	Agents Agents
	Home   string // the tenant that references without an id are looked up in
	Vault  secret.Vault
	Now    func() time.Time // nil for time.Now
}

// Service is everything that embedding needs. It is safe for concurrent use.
type Service struct {
	agents Agents
	home   string
	vault  secret.Vault
	now    func() time.Time

	mu   sync.Mutex
	used map[string]time.Time // identities that are good once, until they expire
}

// New makes a service.
func New(o Options) *Service {
	if o.Now == nil {
		o.Now = time.Now
	}
	return &Service{agents: o.Agents, home: o.Home, vault: o.Vault, now: o.Now, used: map[string]time.Time{}}
}

// Visitor is who a token stands for.
type Visitor struct {
	Tenant    string `json:"t"`
	Agent     string `json:"a"`           // id
	Reference string `json:"r"`           // of the agent
	ID        string `json:"v"`           // of the visitor, the same for as long as its browser keeps it, or for whom the site knows wherever that is
	User      string `json:"u,omitempty"` // as the site calls the visitor; empty for one that it does not know
	Name      string `json:"n,omitempty"`
	Origin    string `json:"o"`           // of the page
	Own       bool   `json:"w,omitempty"` // the page is this server's
	Issued    int64  `json:"i"`           // Unix seconds
	Expires   int64  `json:"e"`           // Unix seconds
}

func notFound(key string) error {
	f := fault.New(fault.NotFound, "embed_agent_not_found", "There is no agent %q to show here.", key)
	f.Params = map[string]string{"reference": key}
	return f
}

// Find returns the agent of an address: by id, or for the first tenant's by reference. Whether it may be shown is for Open to say. The fault is NotFound "embed_agent_not_found".
func (s *Service) Find(ctx context.Context, key string) (agent.Agent, error) {
	tenant := s.home
	if uuid.Validate(key) == nil {
		t, err := s.agents.Owner(ctx, key)
		if err != nil {
			return agent.Agent{}, err
		}
		if t == "" {
			return agent.Agent{}, notFound(key)
		}
		tenant = t
	}
	a, err := s.agents.Get(ctx, tenant, key)
	if fault.KindOf(err) == fault.NotFound && err != nil || err == nil && a.ID != key && a.Reference != key { // a name is no address
		return agent.Agent{}, notFound(key)
	}
	return a, err
}

// Open returns an agent that pages of an origin may show; own says that the page is this server's. Faults beside Find's: NotFound "embed_disabled", Denied "embed_origin".
func (s *Service) Open(ctx context.Context, key, origin string, own bool) (agent.Agent, error) {
	a, err := s.Find(ctx, key)
	if err != nil {
		return a, err
	}
	if !a.Embed.Enabled || a.Status != agent.Active {
		return agent.Agent{}, fault.New(fault.NotFound, "embed_disabled", "This agent is not offered on web pages.")
	}
	if own || a.Embed.Allows(origin) {
		return a, nil
	}
	return agent.Agent{}, foreign(origin)
}

func foreign(origin string) error {
	f := fault.New(fault.Denied, "embed_origin", "Pages of %q may not show this agent: its owner has to add the domain.", origin)
	f.Params = map[string]string{"origin": origin}
	return f
}

// Ancestors are who may frame an agent's page, as the directive frame-ancestors takes them. An agent that is not there, or not offered, is framed by nobody but this server.
func (s *Service) Ancestors(ctx context.Context, key string) string {
	a, err := s.Find(ctx, key)
	out := "'self'"
	if err != nil || !a.Embed.Enabled || a.Status != agent.Active {
		return out
	}
	for _, site := range a.Embed.Sites() {
		out += " " + site.Source()
	}
	return out
}

// Wish is what a page says when it asks for a visitor's token.
type Wish struct {
	Origin   string   // of the page
	Own      bool     // the page is this server's
	Previous string   // token of the last time, which may have expired
	Identity Identity // who the visitor is; the zero value when the page does not know
}

// Enter makes a token for a visitor of an agent that Open has returned. Faults: Denied "identity_required", "identity_invalid", "identity_expired" and "identity_used".
func (s *Service) Enter(ctx context.Context, a agent.Agent, w Wish) (token string, v Visitor, err error) {
	now := s.now()
	v = Visitor{Tenant: a.Tenant, Agent: a.ID, Reference: a.Reference, Origin: w.Origin, Own: w.Own, Issued: now.Unix(), Expires: now.Add(TokenLife).Unix()}
	switch known := !w.Identity.empty(); {
	case a.Embed.Identity == "required" && !known:
		return "", v, fault.New(fault.Denied, "identity_required", "This agent talks only with visitors whom the site knows: sign in there.")
	case a.Embed.Identity != "off" && known:
		if v.User, v.Name, err = s.verify(ctx, a, w.Identity); err != nil {
			return "", v, err
		}
		v.ID = visitorOf(a.ID, v.User)
	default:
		if was, ok := s.unseal(w.Previous); ok && was.User == "" && was.Agent == a.ID && was.Origin == w.Origin && now.Sub(time.Unix(was.Issued, 0)) < keepLife {
			v.ID = was.ID
		} else {
			v.ID = uuid.NewString()
		}
	}
	token, err = s.seal(v)
	return token, v, err
}

// The scope and the name that tokens are sealed for: no tenant's, for whose a token is it says itself.
const (
	sealScope = ""
	sealName  = "embed/visitor"
)

func (s *Service) seal(v Visitor) (string, error) {
	plain, err := json.Marshal(v)
	if err != nil {
		return "", err
	}
	sealed, err := s.vault.Keys.Seal(sealScope, sealName, plain)
	if err != nil {
		return "", err
	}
	return TokenPrefix + base64.RawURLEncoding.EncodeToString([]byte(sealed)), nil
}

// maxToken bounds a token, in bytes.
const maxToken = 4096

func (s *Service) unseal(token string) (v Visitor, ok bool) {
	body, found := strings.CutPrefix(token, TokenPrefix)
	if !found || len(token) > maxToken {
		return v, false
	}
	sealed, err := base64.RawURLEncoding.DecodeString(body)
	if err != nil {
		return v, false
	}
	plain, err := s.vault.Keys.Open(sealScope, sealName, string(sealed))
	return v, err == nil && json.Unmarshal(plain, &v) == nil
}

// IsToken reports whether a credential is meant as a visitor's token.
func IsToken(credential string) bool { return strings.HasPrefix(credential, TokenPrefix) }

// Visitor returns who presents a token on a page of an origin; own says that it is this server's, or that no page asks. The agent is looked up each time: one that is no
// longer offered, or not to that site, ends the visit. Faults: Unknown "visitor_unknown" and "visitor_expired", Denied "embed_origin", and those of Open.
func (s *Service) Visitor(ctx context.Context, token, origin string, own bool) (Visitor, error) {
	v, ok := s.unseal(token)
	if !ok {
		return Visitor{}, fault.New(fault.Unknown, "visitor_unknown", "The visitor's token is not one of this server's. Load the page again.")
	}
	if s.now().Unix() >= v.Expires {
		return Visitor{}, fault.New(fault.Unknown, "visitor_expired", "The visit has expired. Load the page again.")
	}
	if !own && !strings.EqualFold(origin, v.Origin) {
		return Visitor{}, foreign(origin)
	}
	if a, err := s.agents.Get(ctx, v.Tenant, v.Agent); err != nil {
		if fault.KindOf(err) == fault.NotFound {
			return Visitor{}, notFound(v.Reference)
		}
		return Visitor{}, err
	} else if !a.Embed.Enabled || a.Status != agent.Active {
		return Visitor{}, fault.New(fault.NotFound, "embed_disabled", "This agent is not offered on web pages.")
	} else if !v.Own && !a.Embed.Allows(v.Origin) { // the domain was taken back meanwhile
		return Visitor{}, foreign(v.Origin)
	}
	return v, nil
}

// Origin is the origin of an Origin header; "" for one that is none, such as null.
func Origin(header string) string {
	u, err := url.Parse(header)
	if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" {
		return ""
	}
	return strings.ToLower(u.Scheme + "://" + u.Host)
}
