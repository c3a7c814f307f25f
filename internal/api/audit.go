package api

import (
	"context"
	"net/http"
	"time"

	"griot/internal/identity"
)

// AuditEntry is who changed what, when, from where.
type AuditEntry struct {
	ID      string            `json:"id" format:"uuid"`
	At      time.Time         `json:"at"`
	Actor   AuditActor        `json:"actor"`
	Action  string            `json:"action" example:"person.changed" doc:"Stable name, to be worded in the reader's language."`
	Target  AuditTarget       `json:"target"`
	Changes []identity.Change `json:"changes" doc:"Secrets are never among them."`
	Address string            `json:"address" doc:"Where the request came from; empty for the terminal."`
	Browser string            `json:"browser" doc:"The User-Agent."`
}

// AuditActor is who did it.
type AuditActor struct {
	Kind identity.Kind `json:"kind" enum:"session,key,config,machine,nobody"`
	ID   string        `json:"id" doc:"Of the person or the key; empty for others."`
	Name string        `json:"name" doc:"At that time."`
}

// AuditTarget is what it was done to.
type AuditTarget struct {
	Kind string `json:"kind" example:"person"`
	ID   string `json:"id"`
	Name string `json:"name" doc:"At that time."`
}

// AuditPage is one page, newest first.
type AuditPage struct {
	Items      []AuditEntry `json:"items"`
	NextCursor string       `json:"next_cursor,omitempty" doc:"Ask for the next page with it; absent on the last."`
	Total      int          `json:"total" doc:"On all pages."`
}

type auditQuery struct {
	Actor  string    `query:"actor" maxLength:"64" doc:"Only of this person or key, by id."`
	Action string    `query:"action" maxLength:"64" doc:"Only this action, or those that begin so when it ends in a dot." example:"person."`
	Target string    `query:"target" maxLength:"200" doc:"Only about this, by id."`
	From   time.Time `query:"from" doc:"Not before."`
	To     time.Time `query:"to" doc:"Before."`
	Paging
}

func (a *api) audit() {
	get(a, "/api/audit", "list-audit", "Audit", "Read the audit trail, newest first", []int{http.StatusUnprocessableEntity}, func(ctx context.Context, in *auditQuery) (AuditPage, error) {
		page, err := a.s.Identity.Audit(ctx, tenantOf(ctx), identity.Filter{Actor: in.Actor, Action: in.Action, Target: in.Target, From: in.From, To: in.To, Limit: in.Limit}, in.Cursor)
		out := AuditPage{Items: []AuditEntry{}, NextCursor: page.Next, Total: page.Total}
		for _, e := range page.Items {
			out.Items = append(out.Items, AuditEntry{ID: e.ID, At: e.At, Actor: AuditActor{e.ActorKind, e.ActorID, e.ActorName}, Action: e.Action,
				Target: AuditTarget{e.TargetKind, e.TargetID, e.TargetName}, Changes: notNil(e.Changes), Address: e.Address, Browser: e.Agent})
		}
		return out, err
	})
}
