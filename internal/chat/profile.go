package chat

import (
	"context"
	"time"

	"griot/internal/model/llm"
)

// Profile is what a client has to know of an agent before it writes to it, by the names of specification 7.7. Instructions and tools are no part of it.
type Profile struct {
	ID         string     `json:"id" doc:"The agent's reference."`
	Name       string     `json:"name"`
	Language   string     `json:"language" example:"fr-FR"`
	Welcome    string     `json:"welcome_message"`
	Prompts    []string   `json:"suggested_prompts" doc:"What a visitor may want to ask."`
	Appearance Appearance `json:"appearance"`
	Settings   Rules      `json:"settings"`
	Takes      Takes      `json:"attachments"`
}

// Appearance of an agent.
type Appearance struct {
	Color  string `json:"primary_color" example:"#007bff" doc:"Empty for the page's own."`
	Avatar string `json:"avatar_url" example:"/static/avatars/commercial.png" doc:"An emoji, or the address of a picture; empty for the name's first letter."`
}

// Rules of an agent's conversations.
type Rules struct {
	Timeout  float64 `json:"session_timeout_minutes"`
	Messages int     `json:"max_messages_per_session"`
	Save     bool    `json:"save_sessions"`
}

// Takes says what can be shown with a message.
type Takes struct {
	Images bool  `json:"images" doc:"The agent looks at pictures."`
	Bytes  int64 `json:"max_bytes" doc:"Of one file."`
	Files  int   `json:"max_files" doc:"With one message."`
}

// Profile tells about an agent. One that is not there is fault.NotFound.
func (s *Service) Profile(ctx context.Context, agent string) (Profile, error) {
	a, err := s.agent(ctx, agent)
	if err != nil {
		return Profile{}, err
	}
	prompts := a.Look.Suggestions
	if prompts == nil {
		prompts = []string{}
	}
	return Profile{ID: a.Reference, Name: a.Name, Language: a.Lang, Welcome: a.Welcome, Prompts: prompts, Appearance: Appearance{a.Look.Color, a.Look.Avatar},
		Settings: Rules{float64(a.Settings.Timeout) / float64(time.Minute), a.Settings.MaxMessages, !a.Settings.Unsaved},
		Takes:    Takes{llm.TakesImages(a.LLM), MaxAttachment, MaxAttachments}}, nil
}
