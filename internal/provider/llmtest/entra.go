package llmtest

import (
	"net/http"
	"strconv"
)

// EntraLife is how many seconds tokens of the stand-in for Microsoft Entra are good for.
const EntraLife = 3600

// entra gives tokens to the app "app-id" of the tenant "tenant-id", whose secret is "app-secret". A token is the server's key.
func (s *Server) entra(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	s.entraAsked++
	s.mu.Unlock()
	fail := func(status int, code, text string) {
		send(w, status, mustJSON(obj{"error": code, "error_description": text, "error_codes": []any{7000215}}))
	}
	if err := r.ParseForm(); err != nil {
		fail(400, "invalid_request", err.Error())
		return
	}
	switch f := r.PostForm; {
	case r.PathValue("tenant") != "tenant-id":
		fail(400, "invalid_request", "AADSTS90002: Tenant not found.")
	case f.Get("grant_type") != "client_credentials":
		fail(400, "unsupported_grant_type", "AADSTS70003")
	case f.Get("client_id") != "app-id" || f.Get("client_secret") != "app-secret":
		fail(401, "invalid_client", "AADSTS7000215: Invalid client secret provided: "+f.Get("client_secret"))
	case f.Get("scope") != "https://ai.azure.com/.default" && f.Get("scope") != "https://cognitiveservices.azure.com/.default":
		fail(400, "invalid_scope", "AADSTS1002012: The provided value for scope is not valid.")
	default:
		send(w, 200, `{"token_type":"Bearer","expires_in":`+strconv.Itoa(EntraLife)+`,"ext_expires_in":3600,"access_token":"`+s.o.Key+`"}`)
	}
}

// EntraAsked returns how often tokens were asked for.
func (s *Server) EntraAsked() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.entraAsked
}
