package identity

import (
	"context"
	"runtime"
	"strings"
	"unicode/utf8"

	"github.com/alexedwards/argon2id"

	"griot/internal/fault"
)

// Bounds of a password, in characters and bytes. NIST SP 800-63B asks for length and for no rules of composition.
const (
	minPassword = 10
	maxPassword = 256
)

// parameters are OWASP's for argon2id: 19 MiB, two passes, one lane. They are kept with each hash, so that they can be raised.
var parameters = &argon2id.Params{Memory: 19 * 1024, Iterations: 2, Parallelism: 1, SaltLength: 16, KeyLength: 32}

// hasher bounds how many passwords are hashed at the same time, for each takes its memory and a processor.
type hasher struct {
	slots chan struct{}
	dummy string // compared with where there is no account, so that the time says nothing
}

func newHasher() *hasher {
	return &hasher{slots: make(chan struct{}, max(1, runtime.GOMAXPROCS(0)/2)),
		dummy: "$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"}
}

func (h *hasher) take(ctx context.Context) (release func(), err error) {
	select {
	case h.slots <- struct{}{}:
		return func() { <-h.slots }, nil
	case <-ctx.Done():
		return nil, fault.Wrap(context.Cause(ctx), fault.Unavailable, "cancelled", "There was no time left to check the password")
	}
}

func (h *hasher) hash(ctx context.Context, password string) (string, error) {
	release, err := h.take(ctx)
	if err != nil {
		return "", err
	}
	defer release()
	return argon2id.CreateHash(password, parameters)
}

// matches reports whether a password is that of a hash, which may be empty, and whether the hash was made with other parameters than today's.
func (h *hasher) matches(ctx context.Context, password, hash string) (ok, old bool, err error) {
	release, err := h.take(ctx)
	if err != nil {
		return false, false, err
	}
	defer release()
	known := hash != "" && len(password) <= maxPassword
	if !known {
		password, hash = "", h.dummy
	}
	ok, p, err := argon2id.CheckHash(password, hash)
	if err != nil || !known {
		return false, false, err
	}
	return ok, *p != *parameters, nil
}

// common are passwords that are long enough and that everybody tries first.
var common = map[string]bool{
	"1234567890": true, "12345678910": true, "0123456789": true, "password12": true, "password123": true, "password1234": true, "motdepasse": true, "motdepasse1": true,
	"motdepasse123": true, "contraseña": true, "contrasena": true, "contraseña1": true, "contrasena123": true, "qwertyuiop": true, "azertyuiop": true, "1q2w3e4r5t": true,
	"iloveyou12": true, "administrator": true, "administrateur": true, "administrador": true, "letmein123": true, "welcome123": true, "bienvenue1": true, "changeme123": true,
	"qwerty12345": true, "azerty12345": true, "abcdefghij": true, "abcd123456": true, "griotgriot": true,
}

// newPassword checks a password that somebody chose and hashes it.
func (s *Service) newPassword(ctx context.Context, password string, a Account) (string, error) {
	bad := func(code, text string) error { return fault.New(fault.Invalid, code, "%s", text).At("body.password") }
	lower := strings.ToLower(password)
	first, _ := utf8.DecodeRuneInString(lower)
	local, _, _ := strings.Cut(a.Email, "@")
	switch {
	case utf8.RuneCountInString(password) < minPassword:
		f := fault.New(fault.Invalid, "password_too_short", "A password has at least %d characters.", minPassword).At("body.password")
		f.Params = map[string]string{"min": "10"}
		return "", f
	case len(password) > maxPassword:
		return "", bad("password_too_long", "A password has at most 256 bytes.")
	case common[lower] || strings.Trim(lower, string(first)) == "":
		return "", bad("password_common", "This password is one that everybody tries first. Three or four words make a good one.")
	case lower == a.Email || lower == strings.ToLower(a.Name) || len(local) >= minPassword-2 && strings.HasPrefix(lower, local) && len(lower) <= len(local)+4:
		return "", bad("password_is_name", "The password must not be the name or the e-mail address.")
	}
	return s.hasher.hash(ctx, password)
}
