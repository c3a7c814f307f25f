package config

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"griot/internal/fault"
)

// An account that cannot work is named with the key that is wrong, and its secrets are never shown.
func TestTwilio(t *testing.T) {
	good := func() Config {
		c := Default()
		c.Twilio.AccountSID, c.Twilio.AuthToken = "AC"+strings.Repeat("0", 32), "token-of-the-account"
		c.Twilio.PublicURL, c.Twilio.Numbers = "https://griot.example.com", []string{"+33123456789=reception-fr", "*=front"}
		return c
	}
	require.NoError(t, good().Validate())
	for key, change := range map[string]func(*Twilio){
		"twilio.account_sid":  func(c *Twilio) { c.AccountSID = "SK123" },
		"twilio.auth_token":   func(c *Twilio) { c.AuthToken = "" },
		"twilio.api_key":      func(c *Twilio) { c.APIKey = "SK1" },
		"twilio.public_url":   func(c *Twilio) { c.PublicURL = "griot.example.com" },
		"twilio.numbers":      func(c *Twilio) { c.Numbers = []string{"+33123456789"} },
		"twilio.ring_timeout": func(c *Twilio) { c.Ring = time.Hour },
		"twilio.machines":     func(c *Twilio) { c.Machines = "sing" },
	} {
		c := good()
		change(&c.Twilio)
		err := c.Validate()
		require.Equal(t, fault.Invalid, fault.KindOf(err), key)
		require.Contains(t, err.Error(), key)
	}
	require.Equal(t, Mask, good().Masked().Twilio.AuthToken)
}
