package provider

import (
	"context"
	"net/http"
)

type httpKey struct{}

// named is an HTTP client with a name by which the registry tells models apart that were made with different ones.
type named struct {
	name   string
	client *http.Client
}

// WithHTTP gives the vendors' constructors the client by which a model may reach the network: the one place where addresses that tenants enter are guarded. The name must differ
// between clients that behave differently; models of the same settings and name are shared. Vendors that reach a service by other means than HTTP requests do not use it.
func WithHTTP(ctx context.Context, name string, c *http.Client) context.Context {
	return context.WithValue(ctx, httpKey{}, named{name, c})
}

// HTTP returns the client that a constructor's models are to use; nil leaves it to the vendor.
func HTTP(ctx context.Context) *http.Client {
	n, _ := ctx.Value(httpKey{}).(named)
	return n.client
}

func httpName(ctx context.Context) string {
	n, _ := ctx.Value(httpKey{}).(named)
	return n.name
}
