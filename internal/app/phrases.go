package app

import (
	"strings"

	"griot/internal/live/session"
)

// phrases are what a session says on its own account.
func phrases(lang string) session.Phrases {
	base, _, _ := strings.Cut(strings.ToLower(lang), "-")
	switch base {
	case "fr":
		return session.Phrases{
			NotUnderstood: "Pardon, je n'ai pas compris. Pouvez-vous répéter ?",
			Apology:       "Excusez-moi, je rencontre un problème. Pouvez-vous répéter votre demande ?",
			StillThere:    "Êtes-vous toujours là ?",
			Filler:        "Un instant, je regarde.",
		}
	case "es":
		return session.Phrases{
			NotUnderstood: "Perdón, no le he entendido. ¿Puede repetirlo?",
			Apology:       "Disculpe, tengo un problema. ¿Puede repetir su petición?",
			StillThere:    "¿Sigue usted ahí?",
			Filler:        "Déjeme mirarlo, por favor.",
		}
	}
	return session.Phrases{
		NotUnderstood: "Sorry, I did not catch that. Could you say it again?",
		Apology:       "Sorry, I have run into a problem. Could you say that again?",
		StillThere:    "Are you still there?",
		Filler:        "One moment, I am looking.",
	}
}
