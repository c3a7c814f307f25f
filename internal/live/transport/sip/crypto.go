package sip

import (
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"strings"

	"github.com/pion/srtp/v3"
)

// suites are the SRTP suites that we speak, best first (RFC 4568 section 6.2, RFC 6188).
var suites = []struct {
	name    string
	profile srtp.ProtectionProfile
	key     int // bytes
}{
	{"AES_256_CM_HMAC_SHA1_80", srtp.ProtectionProfileAes256CmHmacSha1_80, 32},
	{"AES_CM_128_HMAC_SHA1_80", srtp.ProtectionProfileAes128CmHmacSha1_80, 16},
	{"AES_CM_128_HMAC_SHA1_32", srtp.ProtectionProfileAes128CmHmacSha1_32, 16},
}

const saltLen = 14

// crypto is one a=crypto line (RFC 4568).
type crypto struct {
	tag   string
	suite int // in suites
	key   []byte
	salt  []byte
}

// parseCrypto reads what follows "a=crypto:". Lines that we cannot keep to are left out: unknown suites, and session parameters that change how packets look.
func parseCrypto(v string) (crypto, bool) {
	f := strings.Fields(v)
	if len(f) != 3 || len(f[0]) > 9 {
		return crypto{}, false
	}
	inline, ok := strings.CutPrefix(f[2], "inline:")
	if !ok || strings.Contains(inline, ";") { // several keys need a master key identifier
		return crypto{}, false
	}
	text, params, _ := strings.Cut(inline, "|")
	if strings.Contains(params, ":") { // a master key identifier makes each packet longer
		return crypto{}, false
	}
	raw, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		raw, err = base64.RawStdEncoding.DecodeString(text)
	}
	if err != nil {
		return crypto{}, false
	}
	for i, s := range suites {
		if strings.EqualFold(f[1], s.name) && len(raw) == s.key+saltLen {
			return crypto{tag: f[0], suite: i, key: raw[:s.key], salt: raw[s.key:]}, true
		}
	}
	return crypto{}, false
}

// newCrypto makes a key of our own.
func newCrypto(tag string, suite int) crypto {
	raw := make([]byte, suites[suite].key+saltLen)
	_, _ = rand.Read(raw) // it never fails
	return crypto{tag: tag, suite: suite, key: raw[:suites[suite].key], salt: raw[suites[suite].key:]}
}

// String is what follows "a=crypto:".
func (c crypto) String() string {
	raw := append(append(make([]byte, 0, 64), c.key...), c.salt...)
	return c.tag + " " + suites[c.suite].name + " inline:" + base64.StdEncoding.EncodeToString(raw)
}

// context makes what seals packets with the key; options are for the side that opens them.
func (c crypto) context(options ...srtp.ContextOption) (*srtp.Context, error) {
	x, err := srtp.CreateContext(c.key, c.salt, suites[c.suite].profile, options...)
	if err != nil {
		return nil, fmt.Errorf("prepare SRTP: %w", err)
	}
	return x, nil
}

// same reports whether two lines hold the same key.
func (c crypto) same(d crypto) bool {
	return c.suite == d.suite && string(c.key) == string(d.key) && string(c.salt) == string(d.salt)
}
