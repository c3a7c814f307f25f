package tool

import "context"

// Conversation is where a call comes from.
type Conversation struct {
	Tenant, Session, Agent string
	Lang                   string          // BCP 47
	Remote                 string          // who is at the other end, as the transport knows: a phone number, an address
	Over                   <-chan struct{} // closed when it has ended; nil for never
}

type (
	conversationKey struct{}
	idempotencyKey  struct{}
)

// In gives the calls that are made with a context the conversation that they belong to.
func In(ctx context.Context, c Conversation) context.Context {
	return context.WithValue(ctx, conversationKey{}, c)
}

// ConversationOf is the conversation that a call belongs to; zero for one that belongs to none, such as a test from the console.
func ConversationOf(ctx context.Context) Conversation {
	c, _ := ctx.Value(conversationKey{}).(Conversation)
	return c
}

// WithKey gives a call its idempotency key.
func WithKey(ctx context.Context, key string) context.Context {
	return context.WithValue(ctx, idempotencyKey{}, key)
}

// KeyOf is the call's idempotency key: whoever carries the call out twice with the same key has carried it out once. "" for a call that has none.
func KeyOf(ctx context.Context) string {
	key, _ := ctx.Value(idempotencyKey{}).(string)
	return key
}
