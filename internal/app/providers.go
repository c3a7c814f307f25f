package app

import (
	"griot/internal/provider"
	"griot/internal/provider/anthropic"
	"griot/internal/provider/azure"
	"griot/internal/provider/azureopenai"
	"griot/internal/provider/espeak"
	"griot/internal/provider/fake"
	"griot/internal/provider/google"
	"griot/internal/provider/local"
	"griot/internal/provider/openai"
	"griot/internal/provider/pocketsphinx"
)

// providers is the list of vendors. "auto" takes the first that is present on this machine and knows the language.
func providers() []provider.Provider {
	return []provider.Provider{
		pocketsphinx.Provider(),
		espeak.Provider(),
		openai.Provider(),
		azure.Provider(),
		azureopenai.Provider(),
		anthropic.Provider(),
		google.Provider(),
		local.Provider(),
		fake.Provider(), // scripted: for tests, benches and demonstrations; never taken by "auto"
	}
}
