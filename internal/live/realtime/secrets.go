package realtime

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"sync"
	"time"

	"griot/internal/fault"
	wire "griot/internal/realtime"
)

// Secret is what a client secret stands for: a session that was prepared by who minted it. It may be used again and again until it expires.
type Secret struct {
	Tenant  string // of who minted it
	Model   string // names the agent; empty leaves the choice to the client
	Session []wire.SessionPatch
	// Translation is what a translation session begins with; nil for other sessions.
	Translation *wire.TranslationSession
	Dialect     wire.Dialect // that its user is taken to speak
	// Visitor is for a page's visitor, who talks with the agent of Model over a WebSocket and changes nothing of the session.
	Visitor bool
	Expires time.Time
}

// Secrets are the client secrets of this process, in memory: a page gets one instead of a key. The nil value has none. It is safe for concurrent use.
type Secrets struct {
	mu   sync.Mutex
	byID map[[32]byte]Secret // by the hash of its value
}

// maxSecrets is how many may be valid at once.
const maxSecrets = 100_000

// SecretPrefix begins the value of every client secret.
const SecretPrefix = "ek_"

// Mint makes a secret that is valid for life. It is fault.Limited when too many are.
func (s *Secrets) Mint(what Secret, life time.Duration) (value string, expires time.Time, err error) {
	var b [24]byte
	_, _ = rand.Read(b[:]) // it never fails
	value, now := SecretPrefix+hex.EncodeToString(b[:]), time.Now()
	expires = now.Add(life).Truncate(time.Second)
	what.Expires = expires
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.byID == nil {
		s.byID = map[[32]byte]Secret{}
	}
	if len(s.byID) >= maxSecrets {
		for id, old := range s.byID {
			if !now.Before(old.Expires) {
				delete(s.byID, id)
			}
		}
	}
	if len(s.byID) >= maxSecrets {
		return "", expires, fault.New(fault.Limited, "too_many_secrets", "Too many client secrets are valid at this moment. Try again later.")
	}
	s.byID[sha256.Sum256([]byte(value))] = what
	return value, expires, nil
}

// Find returns what a value stands for, if it is a secret that has not expired.
func (s *Secrets) Find(value string) (Secret, bool) {
	if s == nil || len(value) < len(SecretPrefix) || value[:len(SecretPrefix)] != SecretPrefix {
		return Secret{}, false
	}
	id := sha256.Sum256([]byte(value))
	s.mu.Lock()
	defer s.mu.Unlock()
	found, ok := s.byID[id]
	if ok && !time.Now().Before(found.Expires) {
		delete(s.byID, id)
		return Secret{}, false
	}
	return found, ok
}
