package api

import (
	"context"
	"net/http"
	"time"

	"griot/internal/agent"
	"griot/internal/identity"
)

// Key is an API key, without its secret.
type Key struct {
	ID        string                `json:"id" format:"uuid"`
	Name      string                `json:"name"`
	Hint      string                `json:"hint" example:"griot_x7Qa" doc:"How the key begins."`
	Scopes    []identity.Permission `json:"scopes" doc:"What it may do; see GET /api/roles."`
	CreatedBy string                `json:"created_by"`
	CreatedAt time.Time             `json:"created_at"`
	ExpiresAt time.Time             `json:"expires_at"`
	Expired   bool                  `json:"expired"`
	UsedAt    *time.Time            `json:"used_at,omitempty" doc:"To within a minute; absent when never."`
	UsedFrom  string                `json:"used_from,omitempty" doc:"Address of that use."`
}

// NewKey is a key with its secret, which is shown this once.
type NewKey struct {
	Key
	Secret string `json:"secret" doc:"Send it as Authorization: Bearer …. It is not shown again."`
}

type (
	keyList   Page[Key]
	keysQuery struct {
		Search
		Sort string `query:"sort" enum:"name,-name,created,-created,expires,-expires,used,-used" default:"-created" doc:"With - from the last to the first."`
		Paging
	}
	keyInput struct {
		Body struct {
			Name      string                `json:"name" maxLength:"200"`
			Scopes    []identity.Permission `json:"scopes" maxItems:"50"`
			ExpiresAt *time.Time            `json:"expires_at,omitempty" doc:"In 90 days when it is not said; five years at most."`
		}
	}
)

func (a *api) keys() {
	const tag = "API keys"
	svc := a.s.Identity
	get(a, "/api/keys", "list-keys", tag, "List the tenant's keys", nil, func(ctx context.Context, in *keysQuery) (keyList, error) {
		all, err := svc.Keys(ctx, tenantOf(ctx))
		if err != nil {
			return keyList{}, err
		}
		page, err := keyShelf.page(each(all, keyOf), in.Search, in.Sort, in.Paging)
		return keyList(page), err
	})
	change(a, "POST", "/api/keys", "create-key", tag, "Make a key", http.StatusCreated, []int{403}, func(ctx context.Context, in *keyInput) (NewKey, error) {
		n := identity.NewKey{Name: in.Body.Name, Scopes: in.Body.Scopes}
		if in.Body.ExpiresAt != nil {
			n.ExpiresAt = *in.Body.ExpiresAt
		}
		k, secret, err := svc.CreateKey(ctx, identity.Of(ctx), n)
		return NewKey{keyOf(k), secret}, err
	})
	remove(a, "DELETE", "/api/keys/{id}", "delete-key", tag, "Revoke a key", []int{404}, func(ctx context.Context, in *idPath) error {
		return svc.DeleteKey(ctx, tenantOf(ctx), in.ID)
	})
}

var keyShelf = shelf[Key]{
	id:    func(k Key) string { return k.ID },
	words: func(k Key) []string { return []string{k.Name, k.Hint, k.CreatedBy} },
	by: map[string]func(Key) string{
		"name": func(k Key) string { return agent.Fold(k.Name) }, "created": func(k Key) string { return moment(k.CreatedAt) },
		"expires": func(k Key) string { return moment(k.ExpiresAt) }, "used": func(k Key) string { return perhaps(k.UsedAt) },
	},
}

func keyOf(k identity.Key) Key {
	return Key{ID: k.ID, Name: k.Name, Hint: k.Hint, Scopes: notNil(k.Scopes), CreatedBy: k.CreatedBy, CreatedAt: k.CreatedAt, ExpiresAt: k.ExpiresAt, Expired: time.Now().After(k.ExpiresAt),
		UsedAt: optional(k.UsedAt), UsedFrom: k.UsedFrom}
}
