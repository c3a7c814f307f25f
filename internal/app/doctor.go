package app

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"griot/internal/config"
	"griot/internal/media/opus"
)

// Check is one thing that a conversation may need, and how to mend it.
type Check struct {
	ID, Name, Found, Missing, Mend string
	OK                             bool
	Cloud                          bool // a service with an account: a conversation is possible without it
}

// checks looks at the vendors of models, but for those that are named.
func (p *planner) checks(ctx context.Context, but ...string) (out []Check) {
	for _, v := range p.models.All() {
		if v.ID == "fake" || slices.Contains(but, v.ID) {
			continue
		}
		got := p.here(ctx, v)
		out = append(out, Check{ID: v.ID, Name: v.Name, OK: got.OK, Found: got.Found, Missing: got.Missing, Mend: got.Mend, Cloud: cloud(v.ID)})
	}
	return out
}

// Doctor looks at everything that a conversation needs and writes a report. It returns whether a spoken conversation in English is possible.
func Doctor(ctx context.Context, cfg config.Config, w io.Writer) (bool, error) {
	a := &App{cfg: cfg}
	if err := a.openPlans(); err != nil {
		return false, err
	}
	defer a.Close()
	checks := append([]Check{dataCheck(cfg.Data), opusCheck(), pythonCheck(ctx, cfg.Tools.Python, slog.New(slog.DiscardHandler))}, a.plans.checks(ctx)...)
	for _, c := range checks {
		mark, text := "ok     ", c.Found
		switch {
		case c.OK:
		case c.Cloud:
			mark, text = "not set", c.Missing
		default:
			mark, text = "missing", c.Missing
		}
		fmt.Fprintf(w, "%s  %-14s %s\n", mark, c.ID, text)
		if !c.OK && c.Mend != "" {
			fmt.Fprintf(w, "         %-14s → %s\n", "", c.Mend)
		}
	}
	fmt.Fprintln(w)
	good := checks[0].OK
	for _, d := range a.plans.agents.Files() {
		plan, shown, err := a.plans.planOf(ctx, d)
		if err != nil {
			fmt.Fprintf(w, "agent    %-14s cannot be used: %v\n", d.Reference, err)
			continue
		}
		fmt.Fprintf(w, "agent    %-14s hears with %s, thinks with %s, speaks with %s\n", d.Reference, orNone(shown.Recogniser), shown.Model, orNone(shown.Voice))
		if d.Reference == "reception-en" {
			good = good && plan.Models.STT != nil && plan.Models.TTS != nil
		}
	}
	if good {
		fmt.Fprintln(w, "\nA spoken conversation is possible.")
	} else {
		fmt.Fprintln(w, "\nA spoken conversation is not possible yet: see what is missing above.")
	}
	return good, nil
}

func orNone(s string) string {
	if s == "" {
		return "nothing"
	}
	return s
}

// opusCheck looks for the codec of calls over WebRTC, which fall back to G.711 without it.
func opusCheck() Check {
	c := Check{ID: "opus", Name: "Opus", Found: opus.Version(), OK: true}
	if err := opus.Available(); err != nil {
		c.OK, c.Missing, c.Mend = false, "calls over WebRTC sound as a telephone does (G.711): "+err.Error(), "sudo apt-get install libopus0"
	}
	return c
}

func dataCheck(dir string) Check {
	c := Check{ID: "data", Name: "Data folder"}
	abs, err := filepath.Abs(dir)
	if err == nil {
		err = os.MkdirAll(abs, 0o700)
	}
	if err == nil {
		var f *os.File
		if f, err = os.CreateTemp(abs, ".doctor-*"); err == nil {
			f.Close()
			err = os.Remove(f.Name())
		}
	}
	if err != nil {
		c.Missing, c.Mend = "the data folder cannot be written to: "+err.Error(), "choose another with --data"
		return c
	}
	c.OK, c.Found = true, abs
	return c
}

// offerLocal looks, beside the start and not before it, for a server of language models on this machine, and tells of it.
func (a *App) offerLocal(ctx context.Context) {
	v, err := a.plans.models.Get("local")
	if err != nil {
		return
	}
	if got := a.plans.here(ctx, v); got.OK {
		a.log.Info("language models on this machine can be used: choose the provider local for an agent, or set speech.llm to local", "found", got.Found)
	}
}

// ReportStart tells people where the server is and what is missing.
func (a *App) ReportStart(ctx context.Context, w io.Writer) {
	fmt.Fprintf(w, "\nGriot %s is ready: %s\n", a.version, a.URL())
	missing := false
	var others []string
	for _, c := range append(a.plans.checks(ctx, "local"), opusCheck()) {
		switch {
		case c.OK:
		case c.Cloud && c.ID == "openai":
			fmt.Fprintf(w, "  optional: %s\n            %s\n", c.Missing, c.Mend)
		case c.Cloud:
			others = append(others, c.ID)
		default:
			missing = true
			fmt.Fprintf(w, "  missing:  %s\n            mend it: %s\n", c.Missing, c.Mend)
		}
	}
	if len(others) > 0 {
		fmt.Fprintf(w, "  optional: other providers, not set: %s; griot doctor tells how\n", strings.Join(others, ", "))
	}
	if !missing {
		fmt.Fprintln(w, "  Nothing needed is missing. Open the address and talk to an agent.")
	}
	if open, err := a.people.IsSetUp(ctx); err == nil && !open && !a.people.Off() {
		fmt.Fprintf(w, "  On this machine nobody needs to sign in until there is a first administrator. To make it from another one: %s/setup?token=%s\n",
			strings.TrimSuffix(a.URL(), "/"), a.people.SetupToken())
	}
	fmt.Fprintln(w, "  Ctrl-C stops.")
}
