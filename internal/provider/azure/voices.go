package azure

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"griot/internal/fault"
	"griot/internal/model/tts"
)

// The list of some 600 voices is half a megabyte.
const (
	maxList  = 8 << 20
	listTime = 5 * time.Second
)

// voices asks the speech service of the same resource for its voices. Only a key opens it: a token for Voice Live is for something else.
func voices(ctx context.Context, c Config) ([]tts.Voice, error) {
	u, err := address(c)
	if err != nil {
		return nil, err
	}
	if c.Key == "" {
		return nil, fault.New(fault.Invalid, "missing_setting", "the list of the voices of azure needs the key of the resource").At("azure.key")
	}
	ctx, cancel := context.WithTimeout(ctx, listTime)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, listAddress(u), nil)
	if err != nil {
		return nil, fault.Wrap(err, fault.Invalid, "bad_endpoint", "the endpoint of azure is no address").At("azure.endpoint")
	}
	r.Header.Set("Ocp-Apim-Subscription-Key", c.Key)
	// Not the default client, which follows redirections and would take the key along.
	cl := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	defer cl.CloseIdleConnections()
	res, err := cl.Do(r)
	if err != nil {
		return nil, fault.New(fault.Unavailable, "unreachable", "%s cannot be reached for its voices", u.Host)
	}
	defer res.Body.Close()
	switch {
	case res.StatusCode == http.StatusUnauthorized || res.StatusCode == http.StatusForbidden:
		return nil, fault.New(fault.Denied, "key_refused", "%s refuses the key for its voices", u.Host).At("azure.key")
	case res.StatusCode != http.StatusOK:
		return nil, fault.New(fault.Unavailable, "server_error", "%s answers the question for its voices with status %d", u.Host, res.StatusCode)
	}
	var list []struct{ ShortName, LocalName, DisplayName, Gender, Locale, Status string }
	if err := json.NewDecoder(io.LimitReader(res.Body, maxList)).Decode(&list); err != nil {
		return nil, fault.Wrap(err, fault.Unavailable, "bad_response", "%s answers the question for its voices with something that is no list", u.Host)
	}
	out := make([]tts.Voice, 0, len(list))
	for _, v := range list {
		if v.ShortName != "" && v.Status != "Deprecated" {
			out = append(out, tts.Voice{ID: v.ShortName, Name: first(v.LocalName, v.DisplayName), Lang: v.Locale, Gender: strings.ToLower(v.Gender)})
		}
	}
	return out, nil
}

// listAddress is that of the voices of the resource with whose Voice Live u speaks.
func listAddress(u *url.URL) string {
	scheme := map[string]string{"wss": "https", "ws": "http"}[u.Scheme]
	at := url.URL{Scheme: scheme, Host: strings.Replace(u.Host, ".services.ai.azure.com", ".cognitiveservices.azure.com", 1), Path: "/tts/cognitiveservices/voices/list"}
	return at.String()
}
