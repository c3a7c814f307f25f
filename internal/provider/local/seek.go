package local

import (
	"context"
	"net/http"
	"strings"
	"sync"
	"time"

	"griot/internal/wire"
)

// Place is where a server usually listens.
type Place struct{ Name, BaseURL string }

// usual are the ports that the documentation of these servers names. Only this machine is looked at.
var usual = []Place{
	{"Ollama", "http://127.0.0.1:11434/v1"},
	{"LM Studio", "http://127.0.0.1:1234/v1"},
	{"vLLM", "http://127.0.0.1:8000/v1"},
	{"llama.cpp", "http://127.0.0.1:8080/v1"},
}

// Found is a server that answers.
type Found struct {
	Name, BaseURL string
	Models        []string
}

const (
	probe = 300 * time.Millisecond // for all places together: a server on this machine answers at once, or not at all
	fresh = 10 * time.Second       // so long what was found is believed
)

// seeker looks for servers, and remembers for a while what it found. Of several who want to know at once one looks.
type seeker struct {
	places []Place

	mu    sync.Mutex // held while looking, for at most the time of a probe
	at    time.Time
	found []Found
}

// Find looks for servers at the usual places of this machine, for at most 300 ms.
func Find(ctx context.Context) []Found { return (&seeker{places: usual}).find(ctx) }

func (s *seeker) find(ctx context.Context) []Found {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.at.IsZero() && time.Since(s.at) < fresh {
		return s.found
	}
	ctx, cancel := context.WithTimeout(ctx, probe)
	defer cancel()
	answers := make([]*Found, len(s.places))
	var wg sync.WaitGroup
	for i, p := range s.places {
		wg.Go(func() { answers[i] = look(ctx, p) })
	}
	wg.Wait()
	s.found = nil
	for _, f := range answers {
		if f != nil {
			s.found = append(s.found, *f)
		}
	}
	s.at = time.Now()
	return s.found
}

// where names the places, for people.
func (s *seeker) where() string {
	var out []string
	for _, p := range s.places {
		out = append(out, p.Name+": "+strings.TrimSuffix(strings.TrimPrefix(p.BaseURL, "http://"), "/v1"))
	}
	return strings.Join(out, ", ")
}

// look asks one place for its models; nil when there is no such server.
func look(ctx context.Context, p Place) *Found {
	// No proxy stands between a machine and itself.
	t := &http.Transport{DisableKeepAlives: true}
	w, err := wire.New(wire.Options{Vendor: "local", BaseURL: p.BaseURL, Timeout: probe, HTTP: &http.Client{Transport: t}})
	if err != nil {
		return nil
	}
	l, err := models(ctx, w)
	if err != nil || l.Data == nil { // something else listens there
		return nil
	}
	f := &Found{Name: p.Name, BaseURL: p.BaseURL, Models: l.names()}
	for _, d := range l.Data {
		if name := owners[d.Owner]; name != "" {
			f.Name = name
		}
	}
	return f
}

// owners are what servers call themselves in their lists: their ports are not theirs alone.
var owners = map[string]string{"vllm": "vLLM", "llamacpp": "llama.cpp", "library": "Ollama", "organization_owner": "LM Studio"}

// listing is what a server says of its models.
type listing struct {
	Data []struct {
		ID    string `json:"id"`
		Owner string `json:"owned_by"`
	} `json:"data"`
}

func (l listing) names() (out []string) {
	for _, d := range l.Data {
		if d.ID != "" {
			out = append(out, d.ID)
		}
	}
	return out
}

func models(ctx context.Context, w *wire.Client) (l listing, err error) {
	return l, w.JSON(ctx, wire.Request{Method: http.MethodGet, Path: "models"}, &l)
}
