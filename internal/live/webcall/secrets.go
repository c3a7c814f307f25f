package webcall

import (
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"time"

	"griot/internal/fault"
	"griot/internal/live/realtime"
	"griot/internal/live/transport/ws"
	wire "griot/internal/realtime"
)

// How long a client secret is valid, in seconds: the least, the most, what applies when nothing is said, and the beta's.
const (
	leastLife   = 10
	mostLife    = 7200
	defaultLife = 600
	betaLife    = 60
)

// expiry is how long a client secret is wanted for.
type expiry struct {
	Anchor  string `json:"anchor"`
	Seconds *int   `json:"seconds"`
}

func (e *expiry) life() (time.Duration, error) {
	life := defaultLife
	if e == nil {
		return defaultLife * time.Second, nil
	}
	if e.Anchor != "" && e.Anchor != "created_at" {
		return 0, invalid("expires_after.anchor", "Invalid value: '%s'. Supported values are: 'created_at'.", e.Anchor)
	}
	if e.Seconds != nil {
		life = *e.Seconds
	}
	if life < leastLife || life > mostLife {
		return 0, invalid("expires_after.seconds", "Invalid value: %d. It must be from %d to %d.", life, leastLife, mostLife)
	}
	return time.Duration(life) * time.Second, nil
}

// mint makes a client secret with the session that it stands for.
func (h *Handler) mint(w http.ResponseWriter, r *http.Request) error {
	r.Body = http.MaxBytesReader(w, r.Body, maxBody)
	var body struct {
		ExpiresAfter *expiry         `json:"expires_after"`
		Session      json.RawMessage `json:"session"`
	}
	if err := readJSON(r, &body); err != nil {
		return err
	}
	life, err := body.ExpiresAfter.life()
	if err != nil {
		return err
	}
	if len(body.Session) == 0 || string(body.Session) == "null" {
		body.Session = json.RawMessage(`{}`)
	}
	value, expires, session, err := h.secret(r, wire.GA, body.Session, life)
	if err != nil {
		return err
	}
	return answer(w, map[string]any{"value": value, "expires_at": expires.Unix(), "session": session})
}

// secret mints a client secret for a session.
func (h *Handler) secret(r *http.Request, d wire.Dialect, raw []byte, life time.Duration) (value string, expires time.Time, s wire.Session, err error) {
	if key, _ := ws.Credentials(r); h.isSecret(key) {
		return "", expires, s, fault.New(fault.Denied, "secret_cannot_mint", "A client secret cannot make others: use the server's key.")
	}
	p, err := d.DecodeSession(raw)
	if err != nil {
		return "", expires, s, err
	}
	// What can be said without its agent; the rest is when it is used.
	without := p
	without.Model.Set = false
	base := wire.DefaultSession()
	if p.Type == wire.SessionTranscription {
		base, without = wire.DefaultTranscription(), p // which names no model
	}
	if s, err = base.Apply(without, false); err != nil {
		return "", expires, s, err
	}
	value, expires, err = h.Server.Secrets.Mint(realtime.Secret{Tenant: h.tenantOf(r), Model: p.Model.Value, Session: []wire.SessionPatch{p}, Dialect: d}, life)
	if err != nil {
		return "", expires, s, err
	}
	var id [8]byte
	_, _ = rand.Read(id[:]) // it never fails
	s.ID, s.Model = "sess_"+hex.EncodeToString(id[:]), h.Server.Offers(p.Model.Value)
	return value, expires, s, nil
}

func (h *Handler) isSecret(key string) bool {
	_, ok := h.Server.Secrets.Find(key)
	return ok
}

func invalid(param, format string, args ...any) error {
	return fault.New(fault.Invalid, wire.CodeInvalidValue, format, args...).At(param)
}

// mintBeta makes a client secret as the protocol's beta did: the body is the session in its old spelling, and so is the answer.
func (h *Handler) mintBeta(w http.ResponseWriter, r *http.Request) error {
	r.Body = http.MaxBytesReader(w, r.Body, maxBody)
	body := json.RawMessage(`{}`)
	if err := readJSON(r, &body); err != nil {
		return err
	}
	return h.answerBeta(w, r, body)
}

// mintTranscription does the same for a transcription session.
func (h *Handler) mintTranscription(w http.ResponseWriter, r *http.Request) error {
	r.Body = http.MaxBytesReader(w, r.Body, maxBody)
	fields := map[string]json.RawMessage{}
	if err := readJSON(r, &fields); err != nil {
		return err
	}
	if fields == nil {
		fields = map[string]json.RawMessage{}
	}
	fields["type"] = json.RawMessage(`"` + wire.SessionTranscription + `"`)
	body, err := json.Marshal(fields)
	if err != nil {
		return fault.Wrap(err, fault.Invalid, wire.CodeInvalidValue, "the session cannot be read").At("session")
	}
	return h.answerBeta(w, r, body)
}

func (h *Handler) answerBeta(w http.ResponseWriter, r *http.Request, body []byte) error {
	value, expires, s, err := h.secret(r, wire.Beta, body, betaLife*time.Second)
	if err != nil {
		return err
	}
	b, err := json.Marshal(wire.Beta.ShowSession(s))
	if err != nil {
		return err
	}
	shown := map[string]any{}
	if err := json.Unmarshal(b, &shown); err != nil {
		return err
	}
	shown["client_secret"] = map[string]any{"value": value, "expires_at": expires.Unix()}
	return answer(w, shown)
}

// mintTranslation makes a client secret for a translation session.
func (h *Handler) mintTranslation(w http.ResponseWriter, r *http.Request) error {
	if key, _ := ws.Credentials(r); h.isSecret(key) {
		return fault.New(fault.Denied, "secret_cannot_mint", "A client secret cannot make others: use the server's key.")
	}
	r.Body = http.MaxBytesReader(w, r.Body, maxBody)
	var body struct {
		ExpiresAfter *expiry         `json:"expires_after"`
		Session      json.RawMessage `json:"session"`
	}
	if err := readJSON(r, &body); err != nil {
		return err
	}
	life, err := body.ExpiresAfter.life()
	if err != nil {
		return err
	}
	if len(body.Session) == 0 || string(body.Session) == "null" {
		body.Session = json.RawMessage(`{}`)
	}
	p, err := wire.DecodeTranslationSession(body.Session)
	if err != nil {
		return err
	}
	var id [8]byte
	_, _ = rand.Read(id[:]) // it never fails
	s := wire.TranslationSession{ID: "sess_" + hex.EncodeToString(id[:])}.Apply(p)
	value, expires, err := h.Server.Secrets.Mint(realtime.Secret{Tenant: h.tenantOf(r), Model: p.Model, Translation: &s}, life)
	if err != nil {
		return err
	}
	return answer(w, map[string]any{"value": value, "expires_at": expires.Unix(), "session": s})
}
