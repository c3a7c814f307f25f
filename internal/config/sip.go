package config

import (
	"fmt"
	"net"
	"net/netip"
	"os"
	"reflect"
	"sort"
	"strconv"
	"strings"
	"time"

	"griot/internal/config/strict"
)

// SIP is the telephone line of this machine.
type SIP struct {
	UDP           string        `yaml:"udp" doc:"Address to listen on for SIP over UDP, host:port, such as 0.0.0.0:5060. Empty: none. With none of udp, tcp and tls there are no telephone calls over SIP."`
	TCP           string        `yaml:"tcp" doc:"The same over TCP."`
	TLS           string        `yaml:"tls" doc:"The same over TLS, such as 0.0.0.0:5061. It needs tls_cert and tls_key."`
	TLSCert       string        `yaml:"tls_cert" doc:"File with the certificate of this machine, PEM."`
	TLSKey        string        `yaml:"tls_key" doc:"File with its key, PEM."`
	TLSCA         string        `yaml:"tls_ca" doc:"File with authorities, PEM, whose trunks are trusted besides the system's."`
	RTPPorts      string        `yaml:"rtp_ports" doc:"UDP ports of the sound of calls, first-last, to be let through a firewall: two for each call. Best outside the range that the system gives to other programs."`
	PublicAddress string        `yaml:"public_address" doc:"IP address at which this machine is reached from outside, when it is not its own: behind a translating router, for example."`
	Codecs        []string      `yaml:"codecs" doc:"Codecs that are spoken, best first: opus, pcmu, pcma. None means all. Opus only where its library is installed."`
	SRTP          string        `yaml:"srtp" enum:"accept,require,refuse" doc:"Sealed sound: accept it where it is offered, require it of every call, or refuse it. Its keys travel in SIP messages, so that it protects only with tls."`
	MediaFrom     string        `yaml:"media_from" enum:"known,anywhere" doc:"known: sound is taken from the machines that the call's messages name or come from. anywhere: from whoever sends it first, for trunks whose sound comes from elsewhere."`
	RTPTimeout    time.Duration `yaml:"rtp_timeout" doc:"A call from which no sound has come for so long is over. 0 waits for ever."`
	Allow         []string      `yaml:"allow" doc:"Addresses and networks that may call, such as 192.0.2.0/24, besides this machine and the trunks. 0.0.0.0/0 lets everybody."`
	Numbers       []string      `yaml:"numbers" doc:"Which agent answers which number: number=agent, such as +33123456789=reception-fr. *=agent is for all others; calls to numbers that are in no list are refused."`
	Rate          int           `yaml:"rate" doc:"Calls a second that one address may begin; more are refused and told to come back. 0 means no limit."`
	Ring          time.Duration `yaml:"ring" doc:"How long it rings before an agent answers."`
	RingTimeout   time.Duration `yaml:"ring_timeout" doc:"How long a call of ours rings before it counts as not answered."`
	SessionTimer  time.Duration `yaml:"session_timer" doc:"How often both sides of a call give a sign of life, where the other side knows how (RFC 4028): 90s or more. 0 asks for none."`
	Trunks        Trunks        `yaml:"trunks" doc:"Ways to other telephones, by name."`
}

// Trunks are the trunks, by name.
type Trunks map[string]Trunk

// Trunk is a provider, or a PBX at which this machine registers like a telephone.
type Trunk struct {
	Address  string        `yaml:"address" doc:"Host, host:port, or sip:host:port;transport=tls."`
	Domain   string        `yaml:"domain" doc:"What stands behind the @ of addresses, when it is not the host."`
	User     string        `yaml:"user" doc:"Account, or extension."`
	AuthUser string        `yaml:"auth_user" doc:"Name that goes with the password, when it is not user."`
	Password string        `yaml:"password" secret:"true" doc:"Password of the account."`
	Number   string        `yaml:"number" doc:"Number that calls by this trunk show. Empty for user."`
	Register bool          `yaml:"register" doc:"Register there, to be sent calls. Without, the trunk is asked every 30 s whether it is there."`
	Quiet    bool          `yaml:"quiet" doc:"Do not ask a trunk without registration whether it is there: some providers dislike it."`
	Expires  time.Duration `yaml:"expires" doc:"How long a registration is asked for; it is renewed in time. 0 means 5 min."`
	Agent    string        `yaml:"agent" doc:"Agent that answers calls by this trunk to numbers that sip.numbers does not name."`
	SRTP     string        `yaml:"srtp" enum:"require,refuse" doc:"Another choice than sip.srtp for calls by this trunk."`
}

// Enabled reports whether there is a line at all.
func (s SIP) Enabled() bool { return s.UDP != "" || s.TCP != "" || s.TLS != "" }

// Ports reads the range of ports, which was validated.
func (s SIP) Ports() (first, last int) {
	a, b, _ := strings.Cut(s.RTPPorts, "-")
	first, _ = strconv.Atoi(strings.TrimSpace(a))
	last, _ = strconv.Atoi(strings.TrimSpace(b))
	return first, last
}

// Prefixes reads the networks that may call, which were validated.
func (s SIP) Prefixes() (out []netip.Prefix) {
	for _, a := range s.Allow {
		if p, err := prefix(a); err == nil {
			out = append(out, p)
		}
	}
	return out
}

func prefix(text string) (netip.Prefix, error) {
	if p, err := netip.ParsePrefix(text); err == nil {
		return p.Masked(), nil
	}
	ip, err := netip.ParseAddr(text)
	if err != nil || ip.Zone() != "" {
		return netip.Prefix{}, fmt.Errorf("%q is no address", text)
	}
	return netip.PrefixFrom(ip.Unmap(), ip.Unmap().BitLen()), nil
}

// validate reports the first value that cannot work, by bad.
func (s SIP) validate(bad func(key, format string, args ...any) error) error {
	for _, a := range []struct{ key, addr string }{{"sip.udp", s.UDP}, {"sip.tcp", s.TCP}, {"sip.tls", s.TLS}} {
		if a.addr == "" {
			continue
		}
		_, port, err := net.SplitHostPort(a.addr)
		if n, perr := strconv.Atoi(port); err != nil || perr != nil || n < 0 || n > 65535 {
			return bad(a.key, "%s: %q is not host:port, such as 0.0.0.0:5060", a.key, a.addr)
		}
	}
	if s.TLS != "" && (s.TLSCert == "" || s.TLSKey == "") {
		return bad("sip.tls", "sip.tls: tls_cert and tls_key are needed")
	}
	for _, f := range []struct{ key, file string }{{"sip.tls_cert", s.TLSCert}, {"sip.tls_key", s.TLSKey}, {"sip.tls_ca", s.TLSCA}} {
		if _, err := os.Stat(f.file); f.file != "" && err != nil {
			return bad(f.key, "%s: %s cannot be read", f.key, f.file)
		}
	}
	if first, last := s.Ports(); first < 1024 || last > 65535 || last <= first {
		return bad("sip.rtp_ports", "sip.rtp_ports: %q is not a range between 1024 and 65535, such as 10000-14999", s.RTPPorts)
	}
	if ip, err := netip.ParseAddr(s.PublicAddress); s.PublicAddress != "" && (err != nil || ip.IsUnspecified() || ip.Zone() != "") {
		return bad("sip.public_address", "sip.public_address: %q is not an IP address such as 192.0.2.1", s.PublicAddress)
	}
	for _, c := range s.Codecs {
		if err := strict.Choice(c, "opus,pcmu,pcma"); err != nil {
			return bad("sip.codecs", "sip.codecs: %v", err)
		}
	}
	for _, e := range []struct{ key, value, choices string }{{"sip.srtp", s.SRTP, "accept,require,refuse"}, {"sip.media_from", s.MediaFrom, "known,anywhere"}} {
		if err := strict.Choice(e.value, e.choices); err != nil {
			return bad(e.key, "%s: %v", e.key, err)
		}
	}
	for _, a := range s.Allow {
		if _, err := prefix(a); err != nil {
			return bad("sip.allow", "sip.allow: %q is neither an address nor a network such as 192.0.2.0/24", a)
		}
	}
	for _, n := range s.Numbers {
		if !numberOf(n) {
			return bad("sip.numbers", "sip.numbers: %q is not number=agent, such as +33123456789=reception-fr", n)
		}
	}
	if s.Rate < 0 {
		return bad("sip.rate", "sip.rate: %d is negative", s.Rate)
	}
	for _, d := range []struct {
		key string
		v   time.Duration
	}{{"sip.ring", s.Ring}, {"sip.ring_timeout", s.RingTimeout}, {"sip.rtp_timeout", s.RTPTimeout}} {
		if d.v < 0 || d.v > time.Hour {
			return bad(d.key, "%s: %v is not between 0 and an hour", d.key, d.v)
		}
	}
	if s.SessionTimer != 0 && (s.SessionTimer < 90*time.Second || s.SessionTimer > 24*time.Hour) {
		return bad("sip.session_timer", "sip.session_timer: %v is neither 0 nor between 90s and a day", s.SessionTimer)
	}
	names := make([]string, 0, len(s.Trunks))
	for name := range s.Trunks {
		names = append(names, name)
	}
	sort.Strings(names)
	for _, name := range names {
		t, key := s.Trunks[name], "sip.trunks."+name
		switch {
		case t.Address == "" || strings.ContainsAny(t.Address, " \t\r\n<>"):
			return bad(key+".address", "%s.address: %q is not an address such as pbx.example.com", key, t.Address)
		case t.Register && t.User == "":
			return bad(key+".user", "%s.user: an account is needed to register", key)
		case t.Expires < 0 || t.Expires > 24*time.Hour:
			return bad(key+".expires", "%s.expires: %v is not between 0 and a day", key, t.Expires)
		case strict.Choice(t.SRTP, "require,refuse") != nil:
			return bad(key+".srtp", "%s.srtp: %q is neither require nor refuse", key, t.SRTP)
		}
	}
	return nil
}

// setTrunk stores one setting of a trunk. path is what follows "sip.trunks": the name, then the key.
func setTrunk(c *Config, path []string, text string) error {
	if len(path) != 2 || path[0] == "" {
		return fmt.Errorf("a trunk's name and a key are needed, such as %sSIP_TRUNKS_PBX_PASSWORD", Prefix)
	}
	next := make(Trunks, len(c.SIP.Trunks)+1)
	for n, t := range c.SIP.Trunks {
		next[n] = t
	}
	t := next[path[0]]
	v := reflect.ValueOf(&t).Elem()
	for i := range v.NumField() {
		if v.Type().Field(i).Tag.Get("yaml") != path[1] {
			continue
		}
		if err := assign(v.Field(i), v.Type().Field(i).Tag.Get("enum"), text); err != nil {
			return err
		}
		next[path[0]] = t
		c.SIP.Trunks = next
		return nil
	}
	known := make([]string, 0, v.NumField())
	for name := range strict.Fields(v.Type()) {
		known = append(known, name)
	}
	sort.Strings(known)
	return fmt.Errorf("there is no %q in a trunk%s", path[1], strict.Hint(path[1], known))
}

// documentTrunks lists the keys of a trunk.
func documentTrunks(b *strings.Builder) {
	b.WriteString("\nEach trunk, below `sip.trunks.` and a name of your choice, has these keys. In the environment: `" + Prefix + "SIP_TRUNKS_`, the name, `_` and the key, such as `" + Prefix + "SIP_TRUNKS_PBX_PASSWORD`; the name has no `_` then.\n\n| Key | Meaning |\n|---|---|\n")
	t := reflect.TypeFor[Trunk]()
	for i := range t.NumField() {
		f := t.Field(i)
		doc := f.Tag.Get("doc")
		if e := f.Tag.Get("enum"); e != "" {
			doc += " One of `" + strings.ReplaceAll(e, ",", "`, `") + "`."
		}
		if f.Tag.Get("secret") == "true" {
			doc += " Never shown."
		}
		fmt.Fprintf(b, "| `%s` | %s |\n", f.Tag.Get("yaml"), doc)
	}
}
