package webrtc

import (
	"crypto/hmac"
	"crypto/sha1" //nolint:gosec // the scheme asks for it, and HMAC does not need it free of collisions
	"encoding/base64"
	"strconv"
	"strings"
	"time"
)

// TURN is a relay for callers whose network lets nothing through directly, and how they get in: by passwords that expire, made from a secret that we share with the relay
// (draft-uberti-behave-turn-rest-00; coturn's use-auth-secret).
type TURN struct {
	URLs   []string // "turn:host:3478?transport=udp", "turns:…", and "stun:…", which needs no password
	Secret string
	Life   time.Duration // of a password; 0 means an hour
}

// ICEServer is one entry of a page's RTCConfiguration.
type ICEServer struct {
	URLs       []string `json:"urls"`
	Username   string   `json:"username,omitempty"`
	Credential string   `json:"credential,omitempty"`
}

// Life is how long the relay lets somebody in by default.
const turnLife = time.Hour

// Servers returns what a caller puts into its configuration: user, which may be empty, only names it in the relay's log. It returns until when the passwords are valid too.
func (t TURN) Servers(user string, now time.Time) (servers []ICEServer, expires time.Time) {
	life := t.Life
	if life <= 0 {
		life = turnLife
	}
	expires = now.Add(life)
	var plain, relays []string
	for _, u := range t.URLs {
		if strings.HasPrefix(u, "stun") {
			plain = append(plain, u)
		} else {
			relays = append(relays, u)
		}
	}
	if len(plain) > 0 {
		servers = append(servers, ICEServer{URLs: plain})
	}
	if len(relays) > 0 {
		name, password := Credentials(t.Secret, user, expires)
		servers = append(servers, ICEServer{URLs: relays, Username: name, Credential: password})
	}
	return servers, expires
}

// Credentials makes a user name and its password.
func Credentials(secret, user string, expires time.Time) (name, password string) {
	name = strconv.FormatInt(expires.Unix(), 10)
	if user != "" {
		name += ":" + user
	}
	mac := hmac.New(sha1.New, []byte(secret))
	mac.Write([]byte(name))
	return name, base64.StdEncoding.EncodeToString(mac.Sum(nil))
}
