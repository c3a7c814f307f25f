package agent

import (
	"net/url"
	"regexp"
	"strings"
	"time"
	"unicode/utf8"
)

// Chat says how an agent converses in writing, and how it looks there (specification 7.7).
type Chat struct {
	Timeout     time.Duration `yaml:"timeout"`      // a conversation in which nothing was written for so long is over, 1 min to 30 days
	MaxMessages int           `yaml:"max_messages"` // of both sides in one conversation, 2 to MaxChatMessages
	Save        bool          `yaml:"save"`         // false keeps nothing of a conversation once it is over
	Suggestions []string      `yaml:"suggestions"`  // what a visitor may want to ask, MaxSuggestions at most
	Color       string        `yaml:"color"`        // #rrggbb; empty for the product's own
	Avatar      string        `yaml:"avatar"`       // an emoji, or the address of a picture: https://… or a path of this server; empty for the name's first letter
}

// Bounds of a written conversation's settings.
const (
	MaxChatMessages = 1000 // the model reads all of them again with each one
	MaxSuggestions  = 6
	MaxSuggestion   = 200 // characters
)

var color = regexp.MustCompile(`^#[0-9a-fA-F]{6}$`)

func (c Chat) validate(bad func(key, format string, args ...any) error) error {
	if c.MaxMessages < 2 || c.MaxMessages > MaxChatMessages {
		return bad("chat.max_messages", "%d is not between 2 and %d", c.MaxMessages, MaxChatMessages)
	}
	if n := len(c.Suggestions); n > MaxSuggestions {
		return bad("chat.suggestions", "%d are more than %d", n, MaxSuggestions)
	}
	for _, s := range c.Suggestions {
		if n := utf8.RuneCountInString(strings.TrimSpace(s)); n == 0 || n > MaxSuggestion {
			return bad("chat.suggestions", "each has 1 to %d characters", MaxSuggestion)
		}
	}
	if c.Color != "" && !color.MatchString(c.Color) {
		return bad("chat.color", "%q is not a colour such as #6d28d9", c.Color)
	}
	if c.Avatar != "" && !pictured(c.Avatar) {
		return bad("chat.avatar", "%q is neither an emoji nor the address of a picture: https://… or a path of this server", c.Avatar)
	}
	return nil
}

// pictured reports whether text is an emoji, or the address of a picture that a page may load.
func pictured(text string) bool {
	if n := utf8.RuneCountInString(text); n <= 8 && !strings.ContainsAny(text, "/:<>\"'\\ ") { // an emoji of a family has seven
		return true
	}
	u, err := url.Parse(text)
	if err != nil || len(text) > 500 || strings.ContainsAny(text, "\"'<>\\ ") {
		return false
	}
	return u.Scheme == "https" && u.Host != "" && u.User == nil || u.Scheme == "" && u.Host == "" && strings.HasPrefix(text, "/")
}
