package identity

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
	"log/slog"
	"net/mail"
	"strings"
	"sync/atomic"
	"time"
	"unicode/utf8"

	"griot/internal/fault"
)

// DefaultTenant is the tenant of an installation that has no other.
const DefaultTenant = "default"

// Options of a Service. Store is needed.
type Options struct {
	Store Store
	// Off switches sign-in off: this machine and the keys of the configuration come in, nobody else.
	Off bool
	// ConfigKeys are the keys of the configuration. Whoever presents one is a Manager of the default tenant.
	ConfigKeys []string
	// Idle and Life bound a session: since the last request, and since the sign-in. Zero means 12 hours and 14 days.
	Idle, Life time.Duration
	// SSO is sign-in by OpenID Connect; nil when there is none.
	SSO *SSO
	// Now tells the time; nil means time.Now.
	Now func() time.Time
	Log *slog.Logger
}

// Service knows who people and programs are. It is safe for concurrent use and has no goroutine of its own.
type Service struct {
	store    Store
	o        Options
	setUp    atomic.Bool // known to be set up; never becomes false again
	setup    string      // what the terminal shows, for a first administrator elsewhere
	hasher   *hasher
	attempts *attempts
	log      *slog.Logger
}

// NewService makes a service.
func NewService(o Options) *Service {
	if o.Idle <= 0 {
		o.Idle = 12 * time.Hour
	}
	if o.Life <= 0 {
		o.Life = 14 * 24 * time.Hour
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Log == nil {
		o.Log = slog.Default()
	}
	return &Service{store: o.Store, o: o, setup: token(""), hasher: newHasher(), attempts: newAttempts(), log: o.Log}
}

// now is the time, as the store keeps it.
func (s *Service) now() time.Time { return s.o.Now().UTC().Truncate(time.Millisecond) }

// Off reports whether sign-in is switched off.
func (s *Service) Off() bool { return s.o.Off }

// SetupToken is what the first administrator proves with, from another machine, to have access to this one's terminal. It is another one at every start.
func (s *Service) SetupToken() string { return s.setup }

// IsSetUp reports whether there is a first administrator.
func (s *Service) IsSetUp(ctx context.Context) (bool, error) {
	if s.setUp.Load() {
		return true, nil
	}
	done, err := s.store.IsSetUp(ctx)
	if err == nil && done {
		s.setUp.Store(true)
	}
	return done, err
}

// Open reports whether nobody needs to sign in on this machine: before the first administrator, or when sign-in is off.
func (s *Service) Open(ctx context.Context) (bool, error) {
	if s.o.Off {
		return true, nil
	}
	done, err := s.IsSetUp(ctx)
	return !done, err
}

// First is what the first administrator fills in.
type First struct {
	Email, Name, Password, Lang string
	TenantName                  string // empty keeps the present name
	Token                       string // as the terminal shows; not needed at this machine
}

// SetUp makes the first administrator and signs them in. From another machine the set-up token is needed. Faults: Conflict "setup_done", Denied
// "setup_token_wrong", Invalid for what was filled in, Limited after too many wrong tokens.
func (s *Service) SetUp(ctx context.Context, f First, from Principal) (Signed, error) {
	if s.o.Off {
		return Signed{}, errOff()
	}
	if done, err := s.IsSetUp(ctx); err != nil {
		return Signed{}, err
	} else if done {
		return Signed{}, fault.New(fault.Conflict, "setup_done", "There is an administrator already: sign in.")
	}
	if !from.Here {
		attempt, _, err := s.attempts.begin(s.now(), "setup", from.Address)
		if err != nil {
			return Signed{}, err
		}
		if subtle.ConstantTimeCompare([]byte(f.Token), []byte(s.setup)) != 1 {
			return Signed{}, fault.New(fault.Denied, "setup_token_wrong", "From another machine the set-up token is needed, which the server shows in its terminal.").At("body.token")
		}
		attempt.succeeded()
	}
	a, err := s.newAccount(ctx, f.Email, f.Name, f.Password, f.Lang)
	if err != nil {
		return Signed{}, err
	}
	a.Operator = true
	if err := s.store.CreateFirst(ctx, a, DefaultTenant); err != nil {
		return Signed{}, err
	}
	s.setUp.Store(true)
	if name := strings.TrimSpace(f.TenantName); name != "" {
		if err := s.RenameTenant(ctx, DefaultTenant, name); err != nil {
			s.log.Warn("the tenant keeps its name", "error", err)
		}
	}
	Target(ctx, a.ID, a.Email)
	return s.open(ctx, a, DefaultTenant, from)
}

// newAccount checks what somebody filled in and makes an account of it that is not stored yet.
func (s *Service) newAccount(ctx context.Context, email, name, password, lang string) (Account, error) {
	email, err := Email(email)
	if err != nil {
		return Account{}, err
	}
	if name, err = personName(name); err != nil {
		return Account{}, err
	}
	a := Account{ID: newID(), Email: email, Name: name, Lang: lang, CreatedAt: s.now()}
	if password != "" || s.o.SSO == nil {
		if a.Password, err = s.newPassword(ctx, password, a); err != nil {
			return Account{}, err
		}
	}
	return a, nil
}

// Email reads an address and puts it in the form in which addresses are compared.
func Email(text string) (string, error) {
	text = strings.ToLower(strings.TrimSpace(text))
	a, err := mail.ParseAddress(text)
	if err != nil || a.Address != text || len(text) > 254 || strings.ContainsAny(text, "\"()<>,;:\\[] ") {
		return "", fault.New(fault.Invalid, "bad_email", "%q is not an e-mail address.", clip(text)).At("body.email")
	}
	return text, nil
}

func personName(name string) (string, error) {
	name = strings.Join(strings.Fields(name), " ")
	if name == "" || utf8.RuneCountInString(name) > 100 || strings.ContainsAny(name, "\x00<>") {
		return "", fault.New(fault.Invalid, "bad_name", "A name has from 1 to 100 characters, without < and >.").At("body.name")
	}
	return name, nil
}

func clip(s string) string {
	if r := []rune(s); len(r) > 80 {
		return string(r[:80]) + "…"
	}
	return s
}

// token makes 256 bits that nobody guesses.
func token(prefix string) string {
	var b [32]byte
	_, _ = rand.Read(b[:]) // it never fails
	return prefix + base64.RawURLEncoding.EncodeToString(b[:])
}

// digest is how tokens and keys are kept. They are random, so a plain hash says nothing of them.
func digest(token string) string {
	sum := sha256.Sum256([]byte(token))
	return hex.EncodeToString(sum[:])
}

func errOff() error {
	return fault.New(fault.Conflict, "sign_in_off", "Sign-in is switched off on this server (setting server.sign_in).")
}
