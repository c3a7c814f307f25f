package ws

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"path"
	"slices"
	"strings"

	"griot/internal/fault"
)

// Credentials returns the key that a client presented: as Authorization: Bearer, as api-key header, or, since browsers
// can send neither, inside an offered subprotocol "openai-insecure-api-key.<key>", or in the query of the address that a WebSocket is opened with: api-key=<key> or
// Authorization=Bearer <key>, as Azure has it.
func Credentials(r *http.Request) (key string, ok bool) {
	if scheme, token, found := strings.Cut(r.Header.Get("Authorization"), " "); found && strings.EqualFold(scheme, "Bearer") {
		if token = strings.TrimSpace(token); token != "" {
			return token, true
		}
	}
	if key := r.Header.Get("Api-Key"); key != "" {
		return key, true
	}
	for _, offer := range Offered(r) {
		if key, found := strings.CutPrefix(offer, "openai-insecure-api-key."); found && key != "" {
			return key, true
		}
	}
	if r.URL != nil && checkUpgrade(r) == nil {
		q := r.URL.Query()
		if key := q.Get("api-key"); key != "" {
			return key, true
		}
		for _, name := range []string{"Authorization", "authorization"} {
			if scheme, token, found := strings.Cut(q.Get(name), " "); found && strings.EqualFold(scheme, "Bearer") && token != "" {
				return token, true
			}
		}
	}
	return "", false
}

// Offered returns the subprotocols that a client offers.
func Offered(r *http.Request) []string {
	var offers []string
	for _, line := range r.Header.Values("Sec-WebSocket-Protocol") {
		for offer := range strings.SplitSeq(line, ",") {
			if offer = strings.TrimSpace(offer); offer != "" {
				offers = append(offers, offer)
			}
		}
	}
	return offers
}

// Refuse answers a request that is not upgraded with a JSON error body in OpenAI's shape.
func Refuse(w http.ResponseWriter, status int, err error) {
	type body struct {
		Message string  `json:"message"`
		Type    string  `json:"type"`
		Param   *string `json:"param"`
		Code    string  `json:"code"`
	}
	b := body{Message: http.StatusText(status), Type: "invalid_request_error", Code: "refused"}
	if status >= 500 {
		b.Type = "server_error"
	}
	var f *fault.Error
	if errors.As(err, &f) {
		b.Message, b.Code = f.Message, f.Code
		if f.Param != "" {
			b.Param = &f.Param
		}
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]body{"error": b}) // the client may be gone
}

func checkUpgrade(r *http.Request) error {
	upgrade := slices.ContainsFunc(r.Header.Values("Upgrade"), func(line string) bool {
		return slices.ContainsFunc(strings.Split(line, ","), func(s string) bool { return strings.EqualFold(strings.TrimSpace(s), "websocket") })
	})
	if r.Method != http.MethodGet || !upgrade {
		return fault.New(fault.Invalid, "websocket_required", "This address speaks WebSocket: connect with ws:// or wss://.")
	}
	return nil
}

// CheckOrigin keeps pages of other sites from using a visitor's browser to open connections here. Programs send no Origin.
func CheckOrigin(r *http.Request, allowed []string) error {
	origin := r.Header.Get("Origin")
	if origin == "" {
		return nil
	}
	u, err := url.Parse(origin)
	if err == nil && u.Host != "" && strings.EqualFold(u.Host, r.Host) {
		return nil
	}
	for _, pattern := range allowed {
		if pattern == "*" {
			return nil
		}
		if ok, err := path.Match(strings.ToLower(strings.TrimSuffix(pattern, "/")), strings.ToLower(origin)); ok && err == nil {
			return nil
		}
	}
	f := fault.New(fault.Denied, "origin_not_allowed", "Pages of %q may not connect here: add the origin to the allowed origins.", origin)
	f.Params = map[string]string{"origin": origin}
	return f
}
