package twilio

import (
	"crypto/hmac"
	"crypto/sha1" //nolint:gosec // it is Twilio's choice
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"net/url"
	"slices"
	"sort"
	"strings"
)

// Sign returns the X-Twilio-Signature of a request to an address with these fields of a form; nil for none.
func Sign(token, address string, form url.Values) string {
	mac := hmac.New(sha1.New, []byte(token))
	mac.Write([]byte(address))
	names := make([]string, 0, len(form))
	for name := range form {
		names = append(names, name)
	}
	sort.Strings(names)
	for _, name := range names {
		values := slices.Clone(form[name])
		slices.Sort(values)
		for _, v := range slices.Compact(values) {
			mac.Write([]byte(name))
			mac.Write([]byte(v))
		}
	}
	return base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

// Verify reports whether a signature is that of a request to an address, with or without its port or a slash at its end: Twilio does one or the other.
func Verify(token, address string, form url.Values, signature string) bool {
	for _, a := range spellings(address) {
		if hmac.Equal([]byte(Sign(token, a, form)), []byte(signature)) {
			return true
		}
	}
	return false
}

// VerifyBody is Verify for a body that is no form, whose sum is in the address.
func VerifyBody(token, address string, body []byte, signature string) bool {
	u, err := url.Parse(address)
	if err != nil {
		return false
	}
	sum := sha256.Sum256(body)
	return hmac.Equal([]byte(u.Query().Get("bodySHA256")), []byte(hex.EncodeToString(sum[:]))) && Verify(token, address, nil, signature)
}

// spellings are the ways in which Twilio writes an address when it signs.
func spellings(address string) []string {
	address, _, _ = strings.Cut(address, "#")
	scheme, rest, ok := strings.Cut(address, "://")
	if !ok {
		return []string{address}
	}
	at := strings.IndexAny(rest, "/?")
	if at < 0 {
		at = len(rest)
	}
	host, path := rest[:at], rest[at:]
	if i := strings.LastIndexByte(host, '@'); i >= 0 {
		host = host[i+1:]
	}
	port := map[string]string{"https": ":443", "wss": ":443", "http": ":80", "ws": ":80"}[scheme]
	hosts := []string{host}
	switch colon := strings.LastIndexByte(host, ':'); {
	case colon < strings.IndexByte(host, ']') || colon < 0:
		hosts = append(hosts, host+port)
	default:
		hosts = append(hosts, host[:colon])
	}
	var out []string
	for _, h := range hosts {
		out = append(out, scheme+"://"+h+path)
		if strings.HasPrefix(scheme, "ws") {
			out = append(out, scheme+"://"+h+path+"/")
		}
	}
	return out
}
