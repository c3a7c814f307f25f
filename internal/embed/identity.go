package embed

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"strings"
	"time"
	"unicode/utf8"

	"griot/internal/agent"
	"griot/internal/fault"
)

// Identity is how a site says who its visitor is: a JWT (RFC 7519), or an id with its HMAC-SHA256 (RFC 2104), each made with the agent's secret.
type Identity struct {
	Token string // HS256; sub and exp are needed, aud, iat, nbf, jti and name are read
	ID    string
	Hash  string // hex of HMAC-SHA256(secret, ID)
}

func (i Identity) empty() bool { return i == Identity{} }

// Bounds of an identity.
const (
	maxUser   = 200            // characters of a user's id
	mostLife  = 24 * time.Hour // until a token's exp
	skew      = time.Minute    // between the site's clock and ours
	mostUsed  = 100_000        // tokens that are remembered as used
	secretLen = 32             // bytes of the secret, in hex twice as many characters
)

// SecretPrefix begins the secret of an agent, so that scanners of sources find one that was left there.
const SecretPrefix = "griot_embed_"

func secretName(a agent.Agent) string { return "embed/" + a.ID }

// Rotate gives an agent a new secret, which is shown once and from now on is the only one that counts.
func (s *Service) Rotate(ctx context.Context, a agent.Agent) (string, error) {
	raw := make([]byte, secretLen)
	_, _ = rand.Read(raw) // it never fails
	value := SecretPrefix + hex.EncodeToString(raw)
	return value, s.vault.Put(ctx, a.Tenant, secretName(a), []byte(value))
}

// HasSecret reports whether an agent has a secret.
func (s *Service) HasSecret(ctx context.Context, a agent.Agent) (bool, error) {
	_, err := s.vault.Get(ctx, a.Tenant, secretName(a))
	if err != nil && fault.KindOf(err) == fault.NotFound {
		return false, nil
	}
	return err == nil, err
}

// Forget takes an agent's secret away. Nobody is known then.
func (s *Service) Forget(ctx context.Context, a agent.Agent) error {
	return s.vault.Delete(ctx, a.Tenant, secretName(a))
}

func denied() error {
	return fault.New(fault.Denied, "identity_invalid", "Who the visitor is was not signed with this agent's secret.")
}

// verify returns whom an identity names.
func (s *Service) verify(ctx context.Context, a agent.Agent, i Identity) (user, name string, err error) {
	key, err := s.vault.Get(ctx, a.Tenant, secretName(a))
	if err != nil {
		if fault.KindOf(err) == fault.NotFound {
			return "", "", denied() // whatever it was signed with
		}
		return "", "", err
	}
	if i.Token != "" {
		return s.jwt(key, a, i.Token)
	}
	given, err := hex.DecodeString(i.Hash)
	if err != nil || !hmac.Equal(given, mac(key, i.ID)) || !userID(i.ID) {
		return "", "", denied()
	}
	return i.ID, "", nil
}

func userID(id string) bool {
	return strings.TrimSpace(id) != "" && utf8.ValidString(id) && utf8.RuneCountInString(id) <= maxUser
}

func mac(key []byte, text string) []byte {
	h := hmac.New(sha256.New, key)
	h.Write([]byte(text))
	return h.Sum(nil)
}

// claims are what is read of a token.
type claims struct {
	Sub  string          `json:"sub"`
	Name string          `json:"name"`
	Exp  float64         `json:"exp"`
	Iat  float64         `json:"iat"`
	Nbf  float64         `json:"nbf"`
	Jti  string          `json:"jti"`
	Aud  json.RawMessage `json:"aud"`
}

// jwt verifies a token. Only HS256 counts: one that says another algorithm, or none, is refused before its signature is looked at.
func (s *Service) jwt(key []byte, a agent.Agent, token string) (user, name string, err error) {
	if len(token) > maxToken {
		return "", "", denied()
	}
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return "", "", denied()
	}
	var head struct {
		Alg  string          `json:"alg"`
		Crit json.RawMessage `json:"crit"`
	}
	var c claims
	signature, err := base64.RawURLEncoding.DecodeString(parts[2])
	if err != nil || !decode(parts[0], &head) || head.Alg != "HS256" || head.Crit != nil || !hmac.Equal(signature, mac(key, parts[0]+"."+parts[1])) || !decode(parts[1], &c) {
		return "", "", denied()
	}
	now := s.now()
	at := func(seconds float64) time.Time { return time.Unix(int64(min(seconds, 1<<40)), 0) }
	switch {
	case !userID(c.Sub), c.Exp <= 0, !c.meant(a), utf8.RuneCountInString(c.Name) > maxUser:
		return "", "", denied()
	case !now.Before(at(c.Exp).Add(skew)), c.Nbf > 0 && now.Add(skew).Before(at(c.Nbf)), c.Iat > 0 && now.Add(skew).Before(at(c.Iat)):
		return "", "", fault.New(fault.Denied, "identity_expired", "The proof of who the visitor is has expired. Load the page again.")
	case at(c.Exp).After(now.Add(mostLife + skew)):
		return "", "", fault.New(fault.Denied, "identity_invalid", "The proof of who the visitor is lasts for longer than a day.")
	}
	if c.Jti != "" && !s.first(a.ID+" "+c.Jti, at(c.Exp).Add(skew), now) {
		return "", "", fault.New(fault.Denied, "identity_used", "The proof of who the visitor is was used before. Load the page again.")
	}
	return c.Sub, c.Name, nil
}

func decode(part string, into any) bool {
	raw, err := base64.RawURLEncoding.DecodeString(part)
	return err == nil && json.Unmarshal(raw, into) == nil
}

// meant reports whether a token is for this agent: one that names no audience is for whichever has the secret.
func (c claims) meant(a agent.Agent) bool {
	if len(c.Aud) == 0 || string(c.Aud) == "null" {
		return true
	}
	var one string
	var many []string
	if json.Unmarshal(c.Aud, &one) == nil {
		many = []string{one}
	} else if json.Unmarshal(c.Aud, &many) != nil {
		return false
	}
	for _, m := range many {
		if m == a.ID || m == a.Reference {
			return true
		}
	}
	return false
}

// first notes that a token was used, and reports whether it is the first time. What has expired is forgotten; when too many are remembered, nobody new comes in by such a token.
func (s *Service) first(id string, until, now time.Time) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, used := s.used[id]; used {
		return false
	}
	if len(s.used) >= mostUsed {
		for old, end := range s.used {
			if now.After(end) {
				delete(s.used, old)
			}
		}
		if len(s.used) >= mostUsed {
			return false
		}
	}
	s.used[id] = until
	return true
}

// visitorOf is the visitor's id of somebody whom the site knows: the same on every machine, and telling nothing of whom.
func visitorOf(agentID, user string) string {
	sum := sha256.Sum256([]byte("griot visitor\x00" + agentID + "\x00" + user))
	return "u-" + hex.EncodeToString(sum[:12])
}
