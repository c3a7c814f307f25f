package azureopenai

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"time"

	"griot/internal/provider"
	"griot/internal/wire"
)

// early is how long before its end a token is renewed.
const early = 5 * time.Minute

// tokens are those of an app registration, by OAuth's client credentials. They are shared by all requests; of several that find the token too old one asks.
type tokens struct {
	*wire.Client
	path, form string

	token chan struct{} // of one place: whoever holds it may look at what follows
	value string
	until time.Time
}

func newTokens(ctx context.Context, c Config) (*tokens, error) {
	w, err := wire.New(wire.Options{Vendor: "azure-openai", BaseURL: c.Authority, URLField: "authority_url", KeyField: "client_secret", Secrets: []string{c.ClientSecret}, Timeout: c.Timeout,
		HTTP: provider.HTTP(ctx), Understand: understandEntra})
	if err != nil {
		return nil, err
	}
	t := &tokens{Client: w, token: make(chan struct{}, 1)}
	t.form = url.Values{"grant_type": {"client_credentials"}, "client_id": {c.ClientID}, "client_secret": {c.ClientSecret}, "scope": {c.Scope}}.Encode()
	t.path = url.PathEscape(c.TenantID) + "/oauth2/v2.0/token"
	return t, nil
}

// authorize adds a token to a request.
func (t *tokens) authorize(ctx context.Context, h http.Header) error {
	select {
	case t.token <- struct{}{}:
		defer func() { <-t.token }()
	case <-ctx.Done():
		return t.Fault(ctx, ctx.Err())
	}
	if time.Until(t.until) < early {
		if err := t.renew(ctx); err != nil && time.Now().After(t.until) { // an old one still serves
			return err
		}
	}
	h.Set("Authorization", "Bearer "+t.value)
	return nil
}

func (t *tokens) renew(ctx context.Context) error {
	var got struct {
		Token string `json:"access_token"`
		Life  int64  `json:"expires_in"`
	}
	q := wire.Request{Path: t.path, Body: wire.Raw{Type: "application/x-www-form-urlencoded", Data: []byte(t.form)}}
	if err := t.JSON(ctx, q, &got); err != nil {
		return err
	}
	if got.Token == "" {
		return t.Garbage("no token")
	}
	t.value, t.until = got.Token, time.Now().Add(time.Duration(max(got.Life, 60))*time.Second)
	return nil
}

// understandEntra reads OAuth's form of errors. Whatever is wrong with a client or its secret is a refusal.
func understandEntra(_ int, _ http.Header, body []byte) wire.Failure {
	var e struct {
		Error string `json:"error"`
		Text  string `json:"error_description"`
	}
	_ = json.Unmarshal(body, &e) // what is no JSON says nothing
	f := wire.Failure{Message: e.Text}
	switch e.Error {
	case "invalid_client", "unauthorized_client":
		f.Trouble = wire.Refused
	case "invalid_request", "invalid_scope", "invalid_grant":
		f.Trouble = wire.Rejected
	case "temporarily_unavailable":
		f.Trouble = wire.Down
	}
	return f
}
