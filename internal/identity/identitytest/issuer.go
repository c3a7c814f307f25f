// Package identitytest has an OpenID Connect provider for tests.
package identitytest

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"math/big"
	"net/http"
	"net/http/httptest"
	"net/url"
	"sync"
	"testing"
	"time"
)

// Issuer is a provider that signs in whoever Person is, without asking. Its fields may be changed between sign-ins.
type Issuer struct {
	*httptest.Server
	ClientID, ClientSecret string

	mu     sync.Mutex
	person map[string]any // claims of who signs in
	spoil  func(claims map[string]any)
	refuse string // the error that the provider sends people back with
	key    *rsa.PrivateKey
	codes  map[string]grant
}

type grant struct {
	nonce, challenge, redirect string
	claims                     map[string]any
}

// NewIssuer starts a provider, which ends with the test.
func NewIssuer(t testing.TB) *Issuer {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	i := &Issuer{ClientID: "griot", ClientSecret: "a secret of the provider's", key: key, codes: map[string]grant{}}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /.well-known/openid-configuration", i.discovery)
	mux.HandleFunc("GET /keys", i.keys)
	mux.HandleFunc("GET /authorize", i.authorize)
	mux.HandleFunc("POST /token", i.token)
	i.Server = httptest.NewServer(mux)
	t.Cleanup(i.Close)
	return i
}

// SignsIn says who the provider takes the browser's user for.
func (i *Issuer) SignsIn(subject, email, name string, verified bool) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.person = map[string]any{"sub": subject, "email": email, "name": name, "email_verified": verified}
}

// Spoils has the provider's statements changed before they are signed; nil ends it.
func (i *Issuer) Spoils(f func(claims map[string]any)) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.spoil = f
}

// Refuses has the provider send people back with an error; "" ends it.
func (i *Issuer) Refuses(err string) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.refuse = err
}

func answer(w http.ResponseWriter, body any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(body) // the client may be gone
}

func (i *Issuer) discovery(w http.ResponseWriter, _ *http.Request) {
	answer(w, map[string]any{"issuer": i.URL, "authorization_endpoint": i.URL + "/authorize", "token_endpoint": i.URL + "/token", "jwks_uri": i.URL + "/keys",
		"id_token_signing_alg_values_supported": []string{"RS256"}})
}

func (i *Issuer) keys(w http.ResponseWriter, _ *http.Request) {
	answer(w, map[string]any{"keys": []map[string]string{{"kty": "RSA", "alg": "RS256", "use": "sig", "kid": "1", "n": text(i.key.N.Bytes()), "e": text(big.NewInt(int64(i.key.E)).Bytes())}}})
}

func text(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

func (i *Issuer) authorize(w http.ResponseWriter, r *http.Request) {
	i.mu.Lock()
	defer i.mu.Unlock()
	q := r.URL.Query()
	if q.Get("client_id") != i.ClientID || q.Get("response_type") != "code" || q.Get("code_challenge_method") != "S256" || q.Get("nonce") == "" {
		http.Error(w, "not such a request", http.StatusBadRequest)
		return
	}
	back := url.Values{"state": {q.Get("state")}}
	if i.refuse != "" {
		back.Set("error", i.refuse)
	} else {
		code := rand.Text()
		i.codes[code] = grant{nonce: q.Get("nonce"), challenge: q.Get("code_challenge"), redirect: q.Get("redirect_uri"), claims: i.person}
		back.Set("code", code)
	}
	http.Redirect(w, r, q.Get("redirect_uri")+"?"+back.Encode(), http.StatusFound)
}

func (i *Issuer) token(w http.ResponseWriter, r *http.Request) {
	i.mu.Lock()
	defer i.mu.Unlock()
	id, secret, _ := r.BasicAuth()
	if id == "" {
		id, secret = r.PostFormValue("client_id"), r.PostFormValue("client_secret")
	}
	if u, err := url.QueryUnescape(secret); err == nil { // as RFC 6749 has it in the header
		secret = u
	}
	g, ok := i.codes[r.PostFormValue("code")]
	delete(i.codes, r.PostFormValue("code"))
	sum := sha256.Sum256([]byte(r.PostFormValue("code_verifier")))
	if !ok || id != i.ClientID || secret != i.ClientSecret || text(sum[:]) != g.challenge || r.PostFormValue("redirect_uri") != g.redirect {
		w.WriteHeader(http.StatusBadRequest)
		answer(w, map[string]string{"error": "invalid_grant"})
		return
	}
	claims := map[string]any{"iss": i.URL, "aud": i.ClientID, "exp": time.Now().Add(time.Minute).Unix(), "iat": time.Now().Unix(), "nonce": g.nonce}
	for k, v := range g.claims {
		claims[k] = v
	}
	if i.spoil != nil {
		i.spoil(claims)
	}
	token, err := i.sign(claims)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	answer(w, map[string]any{"access_token": rand.Text(), "token_type": "Bearer", "expires_in": 60, "id_token": token})
}

// sign makes a JWT (RFC 7519, RS256).
func (i *Issuer) sign(claims map[string]any) (string, error) {
	body, err := json.Marshal(claims)
	if err != nil {
		return "", err
	}
	signed := text([]byte(`{"alg":"RS256","typ":"JWT","kid":"1"}`)) + "." + text(body)
	sum := sha256.Sum256([]byte(signed))
	sig, err := rsa.SignPKCS1v15(rand.Reader, i.key, crypto.SHA256, sum[:])
	return signed + "." + text(sig), err
}
