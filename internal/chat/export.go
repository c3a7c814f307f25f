package chat

import (
	"fmt"
	"strings"
)

// Markdown is a session as a document that people read.
func Markdown(s Session) string {
	var b strings.Builder
	fmt.Fprintf(&b, "# %s\n\n%s\n", s.AgentName, s.CreatedAt.Format("2006-01-02 15:04 MST"))
	for _, m := range s.Messages {
		who := "🧑"
		switch m.Role {
		case "assistant":
			who = s.AgentName
		case "tool":
			fmt.Fprintf(&b, "\n> `%s`\n", m.Tool)
			continue
		}
		fmt.Fprintf(&b, "\n**%s** · %s\n\n", who, m.Timestamp.Format("15:04:05"))
		for _, a := range m.Attachments {
			fmt.Fprintf(&b, "[%s]\n\n", a.Name)
		}
		b.WriteString(m.Content + "\n")
	}
	return b.String()
}
