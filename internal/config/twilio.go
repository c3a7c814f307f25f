package config

import (
	"net/url"
	"strings"
	"time"
)

// Twilio is an account at Twilio, by which calls and text messages come and go.
type Twilio struct {
	AccountSID string        `yaml:"account_sid" doc:"Account at Twilio, AC and 32 digits. Empty: none."`
	AuthToken  string        `yaml:"auth_token" secret:"true" doc:"The account's token: Twilio signs its requests with it."`
	APIKey     string        `yaml:"api_key" doc:"API key, SK and 32 digits, that requests to Twilio are made with. Empty: the account and its token."`
	APISecret  string        `yaml:"api_secret" secret:"true" doc:"Secret of the API key."`
	PublicURL  string        `yaml:"public_url" doc:"Address at which Twilio reaches this server, such as https://griot.example.com. Empty for server.public_url."`
	From       string        `yaml:"from" doc:"Number of the account that calls and messages of ours come from, such as +33123456789."`
	Numbers    []string      `yaml:"numbers" doc:"Which agent answers which number: number=agent, such as +33123456789=reception-fr. *=agent is for all others; calls to numbers that are in no list are refused."`
	Ring       time.Duration `yaml:"ring_timeout" doc:"How long a call of ours rings before it counts as not answered, at most 10m."`
	Machines   string        `yaml:"machines" enum:"talk,hang_up" doc:"What is done when an answering machine takes a call of ours. hang_up has Twilio listen for machines, which it charges for."`
	Record     bool          `yaml:"record" doc:"Twilio records calls of ours too, besides the recording that this server keeps."`
	API        string        `yaml:"api_url" doc:"Address of Twilio's API, when it is not Twilio's own."`
}

// Enabled reports whether there is an account at all.
func (t Twilio) Enabled() bool { return t.AccountSID != "" }

// validate reports the first value that cannot work, by bad.
func (t Twilio) validate(bad func(key, format string, args ...any) error) error {
	if !t.Enabled() {
		return nil
	}
	if !strings.HasPrefix(t.AccountSID, "AC") || len(t.AccountSID) != 34 {
		return bad("twilio.account_sid", "twilio.account_sid: %q is not an account such as AC0123456789abcdef0123456789abcdef", t.AccountSID)
	}
	if t.AuthToken == "" {
		return bad("twilio.auth_token", "twilio.auth_token: it is needed to know Twilio's requests from forged ones, also with an API key")
	}
	if (t.APIKey == "") != (t.APISecret == "") {
		return bad("twilio.api_key", "twilio.api_key and twilio.api_secret go together")
	}
	for _, a := range []struct{ key, address string }{{"twilio.public_url", t.PublicURL}, {"twilio.api_url", t.API}} {
		u, err := url.Parse(a.address)
		if a.address != "" && (err != nil || u.Host == "" || u.RawQuery != "" || u.Scheme != "https" && u.Scheme != "http" || strings.Contains(u.Hostname(), "_")) {
			return bad(a.key, "%s: %q is not an address such as https://griot.example.com", a.key, a.address)
		}
	}
	for _, n := range t.Numbers {
		if !numberOf(n) {
			return bad("twilio.numbers", "twilio.numbers: %q is not number=agent, such as +33123456789=reception-fr", n)
		}
	}
	if t.Ring < 0 || t.Ring > 10*time.Minute {
		return bad("twilio.ring_timeout", "twilio.ring_timeout: %v is not between 0 and 10m", t.Ring)
	}
	if t.Machines != "talk" && t.Machines != "hang_up" {
		return bad("twilio.machines", "twilio.machines: %q is neither talk nor hang_up", t.Machines)
	}
	return nil
}

// numberOf reports whether an entry of a table of numbers is one.
func numberOf(entry string) bool {
	number, agent, ok := strings.Cut(entry, "=")
	return ok && strings.TrimSpace(number) != "" && strings.TrimSpace(agent) != "" && !strings.ContainsAny(strings.TrimSpace(agent), " \t/:")
}
