package embed

import "context"

// Page is what asks for an agent.
type Page struct {
	Origin string // of the page; empty when nothing says
	Own    bool   // it is one of this server's
}

type pageKey struct{}

// WithPage returns a context that says which page asks.
func WithPage(ctx context.Context, p Page) context.Context {
	return context.WithValue(ctx, pageKey{}, p)
}

// PageOf returns which page asks; the zero value, which no agent is shown to, when the context does not say.
func PageOf(ctx context.Context) Page {
	p, _ := ctx.Value(pageKey{}).(Page)
	return p
}
