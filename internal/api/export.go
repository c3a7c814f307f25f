package api

import (
	"context"
	"encoding/csv"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"reflect"
	"strconv"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"griot/internal/conversation"
	"griot/internal/identity"
)

type exportQuery struct {
	ConversationChoice
	Format string `query:"format" enum:"csv,json" default:"csv"`
	Zone   string `query:"tz" maxLength:"64" default:"UTC" doc:"Zone of the times in CSV; JSON has them in UTC." example:"Europe/Paris"`
}

func (a *api) export() {
	text := &huma.Schema{Type: "string"}
	list := a.huma.OpenAPI().Components.Schemas.Schema(reflect.TypeFor[[]Conversation](), true, "")
	huma.Register(a.huma, huma.Operation{
		Method: http.MethodGet, Path: "/api/conversations/export", OperationID: "export-conversations", Tags: []string{"Conversations"},
		Summary: "Export a list of conversations", Description: "All that the filters select, in the order of the list, as a file.",
		Errors: []int{http.StatusUnprocessableEntity},
		Responses: map[string]*huma.Response{"200": {Description: "The list", Content: map[string]*huma.MediaType{
			"text/csv": {Schema: text}, "application/json": {Schema: list}}}},
	}, func(ctx context.Context, in *exportQuery) (*huma.StreamResponse, error) {
		zone, err := zoneOf(in.Zone)
		if err != nil {
			return nil, problemOf(ctx, "export-conversations", err)
		}
		return &huma.StreamResponse{Body: func(hc huma.Context) {
			_, w := humago.Unwrap(hc)
			w.Header().Set("Cache-Control", "no-store")
			w.Header().Set("Content-Disposition", `attachment; filename="conversations-`+time.Now().In(zone).Format("2006-01-02")+`.`+in.Format+`"`)
			write := writeJSON
			if in.Format == "csv" {
				write = writeCSV
			}
			if err := write(w, zone, func(f func(conversation.Summary) error) error {
				return a.s.Conversations.Each(ctx, tenantOf(ctx), in.query(), f)
			}); err != nil {
				// The head is sent: only a broken connection tells the client that the file is not whole.
				slog.WarnContext(ctx, "export broke off", "tenant", tenantOf(ctx), "by", identity.Of(ctx).Name(), "error", err)
				panic(http.ErrAbortHandler)
			}
		}}, nil
	})
}

// eachOf calls f with every conversation of an export.
type eachOf func(f func(conversation.Summary) error) error

func writeJSON(w http.ResponseWriter, _ *time.Location, all eachOf) error {
	w.Header().Set("Content-Type", "application/json")
	between := "[\n"
	err := all(func(s conversation.Summary) error {
		b, err := json.Marshal(conversationOf(s))
		if err != nil {
			return err
		}
		_, err = io.WriteString(w, between+string(b))
		between = ",\n"
		return err
	})
	if err != nil {
		return err
	}
	if between == "[\n" {
		_, err = io.WriteString(w, "[")
	}
	if err == nil {
		_, err = io.WriteString(w, "\n]\n")
	}
	return err
}

func writeCSV(w http.ResponseWriter, zone *time.Location, all eachOf) error {
	w.Header().Set("Content-Type", "text/csv; charset=utf-8")
	if _, err := io.WriteString(w, "\uFEFF"); err != nil { // spreadsheets take the rest for UTF-8 then
		return err
	}
	c := csv.NewWriter(w)
	at := func(name string) string { return name + " (" + zone.String() + ")" }
	if err := c.Write([]string{"id", "agent", "agent_name", "language", "channel", "status", at("started_at"), at("ended_at"), "duration_s", "turns", "interruptions",
		"end_reason", "latency_p50_ms", "tokens_in", "tokens_out", "audio_tokens_in", "audio_tokens_out", "preview"}); err != nil {
		return err
	}
	when := func(t time.Time) string {
		if t.IsZero() {
			return ""
		}
		return t.In(zone).Format("2006-01-02 15:04:05")
	}
	err := all(func(s conversation.Summary) error {
		latency := ""
		if s.LatencyP50 > 0 {
			latency = strconv.FormatFloat(float64(s.LatencyP50.Microseconds())/1000, 'f', 1, 64)
		}
		return c.Write([]string{s.ID, harmless(s.Agent), harmless(s.AgentName), s.Lang, harmless(s.Channel), string(s.Status), when(s.StartedAt), when(s.EndedAt),
			strconv.FormatFloat(s.Duration.Seconds(), 'f', 3, 64), strconv.Itoa(s.Turns), strconv.Itoa(s.Interruptions), s.EndReason, latency,
			strconv.Itoa(s.Tokens.Input), strconv.Itoa(s.Tokens.Output), strconv.Itoa(s.Tokens.AudioInput), strconv.Itoa(s.Tokens.AudioOutput), harmless(s.Preview)})
	})
	if err != nil {
		return err
	}
	c.Flush()
	return c.Error()
}

// harmless keeps a spreadsheet from taking what somebody said for a formula.
func harmless(s string) string {
	if strings.IndexAny(s, "=+-@\t\r") == 0 {
		return "'" + s
	}
	return s
}
