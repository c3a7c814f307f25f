// Package app is the composition root: the one package that knows all the others. Read New from top to bottom to see how everything is
// connected, and Run for what starts, in what order, and stops in reverse.
package app

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sync/errgroup"

	"griot/internal/agent"
	"griot/internal/agent/template"
	"griot/internal/api"
	"griot/internal/blob"
	"griot/internal/calls"
	"griot/internal/catalog"
	"griot/internal/chat"
	"griot/internal/config"
	"griot/internal/conversation"
	"griot/internal/embed"
	"griot/internal/fault"
	"griot/internal/identity"
	"griot/internal/live/bench"
	"griot/internal/live/load"
	"griot/internal/live/realtime"
	"griot/internal/live/webcall"
	"griot/internal/overview"
	"griot/internal/phone"
	"griot/internal/provider"
	"griot/internal/secret"
	"griot/internal/store"
	"griot/internal/telephony/sipline"
	"griot/internal/telephony/twilio"
	"griot/internal/tool"
	"griot/internal/toolbox"
	"griot/internal/voice"
	"griot/web"
)

// App is a server that is ready to run.
type App struct {
	cfg      config.Config
	log      *slog.Logger
	version  string
	started  time.Time
	listener net.Listener
	handler  http.Handler
	live     *realtime.Server
	calls    *webcall.Service
	phone    *sipline.Line  // nil when there is none
	twilio   *twilio.Line   // nil when there is none
	desk     *phone.Service // both, with whose numbers are whose and what there was
	texts    *texting
	stop     context.CancelFunc // ends conversations
	plans    *planner
	rows     agent.Store // agents that people made; nil where there is no database
	load     *load.Meter
	people   *identity.Service
	sso      *identity.SSO // nil when there is none
	keys     *secret.Keyring
	tools    *toolbox.Service
	chats    *chat.Service
	ledger   *tool.Ledger
	closers  []func() error // in the order in which things were opened
}

// New opens everything and listens, so that when it returns a client can connect. What cannot work is a fault that says what to do. Call Run, or Close.
func New(ctx context.Context, cfg config.Config, version string, log *slog.Logger) (_ *App, err error) {
	a := &App{cfg: cfg, log: log, version: version, started: time.Now(), load: &load.Meter{}}
	defer func() {
		if err != nil {
			err = errors.Join(err, a.Close())
		}
	}()

	// Data: one process at a time.
	unlock, err := store.LockDir(cfg.Data)
	if err != nil {
		return nil, err
	}
	a.onClose(func() error { unlock(); return nil })
	db, err := openStore(ctx, cfg)
	if err != nil {
		return nil, err
	}
	a.onClose(db.Close)
	files, err := blob.OpenLocal(filepath.Join(cfg.Data, "files"))
	if err != nil {
		return nil, fmt.Errorf("open the files: %w", err)
	}
	a.onClose(files.Close)

	// Services.
	records, err := conversation.NewService(conversation.Options{Store: db, Blobs: files, Dir: cfg.Data, Log: log})
	if err != nil {
		return nil, err
	}
	a.onClose(func() error {
		ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
		defer cancel()
		return records.Close(ctx)
	})
	if err := a.recover(ctx, records); err != nil {
		return nil, err
	}
	register := calls.NewService(db, records, records.Node(), log)
	if _, err := register.Recover(ctx); err != nil {
		return nil, fmt.Errorf("close the calls of the last run: %w", err)
	}
	a.rows = db
	if err := a.openPlans(); err != nil {
		return nil, err
	}
	if _, err := a.plans.agents.Purge(ctx); err != nil {
		return nil, fmt.Errorf("remove agents that were deleted long ago: %w", err)
	}

	// The way in.
	secrets := &realtime.Secrets{}
	people, err := a.openIdentity(db)
	if err != nil {
		return nil, err
	}
	if err := a.openTools(ctx, db, records.Node()); err != nil {
		return nil, err
	}
	embeds := embed.New(embed.Options{Agents: a.plans.agents, Home: tenant, Vault: secret.Vault{Keys: a.keys, Store: db}})
	cookie := api.Cookie{Secure: strings.HasPrefix(cfg.Server.PublicURL, "https:"), Life: cfg.Session.Life}
	doors := newGuard(cfg, people, cookie, secrets, embeds)
	h := &host{plans: a.plans, records: records, max: cfg.Limits.MaxSessions, record: cfg.Recording.Enabled, load: a.load, log: log}
	if cfg.Replay.Record {
		h.replays = filepath.Join(cfg.Data, "replays")
		if err := os.MkdirAll(h.replays, 0o700); err != nil {
			return nil, fmt.Errorf("make the folder for replays: %w", err)
		}
	}
	stopCtx, stop := context.WithCancel(context.Background())
	a.stop = stop
	tracer, err := a.openTelemetry(cfg.Telemetry)
	if err != nil {
		return nil, err
	}
	a.openChats(stopCtx, records, files, tracer)
	a.live = &realtime.Server{Host: h, AllowedOrigins: cfg.Server.AllowedOrigins, DefaultAgent: cfg.Realtime.DefaultAgent, Secrets: secrets, ReadLimit: cfg.Limits.MaxMessageBytes, Log: log, Stop: stopCtx}
	console, err := web.Handler()
	if err != nil {
		return nil, fmt.Errorf("open the console: %w", err)
	}
	a.listener, err = net.Listen("tcp", cfg.Server.Addr)
	if err != nil {
		return nil, listenFault(cfg.Server.Addr, err)
	}
	if a.sso != nil {
		a.sso.Redirect = strings.TrimSuffix(a.URL(), "/") + "/api/session/sso/callback"
	}
	a.onClose(func() error {
		if err := a.listener.Close(); err != nil && !errors.Is(err, net.ErrClosed) {
			return err
		}
		return nil
	})
	if err := a.openCalls(register); err != nil {
		return nil, err
	}
	if err := a.openDesk(ctx, db, files, records.Node()); err != nil {
		return nil, err
	}
	doors.callTenant = a.callTenant
	library, err := template.Open()
	if err != nil {
		return nil, err
	}
	settings := &providerSettings{plans: a.plans, vault: secret.Vault{Keys: a.keys, Store: db}}
	voices := voice.New(voiceVendors{a.plans})
	rest := api.New(api.Services{Agents: a.plans.agents, Machine: judge{a.plans}, Conversations: records, Overview: overview.NewService(db, records.Watch), Stop: stopCtx, Calls: register, System: a, Providers: settings,
		Models: catalog.New(modelVendors{a.plans}), Voices: voices, Speech: newSpeech(a.plans, voices), Templates: library, Writers: a.plans, Tools: a.tools, Flows: a.openFlows(db), Phone: a.desk, Chat: a.chats, Effects: a.ledger, Embed: embeds, Calling: visitorCalls{secrets}, Identity: people, Cookie: cookie})
	mux := mount(rest, a.callsHandler(), console)
	if a.twilio != nil { // it knows its own requests by their signatures
		mux.Handle(twilio.Path, a.twilio)
	}
	if err := mountEmbeds(mux, rest, console, embeds); err != nil {
		return nil, err
	}
	if cfg.Server.Bench {
		mux.Handle("/debug/", bench.Handler(a.load))
	}
	a.plans.saved = settings.saved
	a.handler = doors.protect(mux)
	return a, nil
}

// openPlans opens the agents and the vendors of models.
func (a *App) openPlans() error {
	files, err := agent.OpenFiles(filepath.Join(a.cfg.Data, "agents"))
	if err != nil {
		return err
	}
	agents := agent.NewService(agent.Options{Files: files, Home: tenant, Store: a.rows})
	models, err := provider.NewRegistry(providers()...)
	if err != nil {
		return err
	}
	a.onClose(models.Close)
	if ref := a.cfg.Realtime.DefaultAgent; ref != "" {
		_, err := agents.Get(context.Background(), tenant, ref)
		switch {
		case err != nil && agent.Numbered(ref) && fault.KindOf(err) == fault.NotFound:
			// Somebody has deleted it, or will bring it back: that is no reason not to start. Without a database nobody can tell.
			if a.rows != nil {
				a.log.Warn("the agent of realtime.default_agent is not there: clients that name a model of the clouds are refused", "agent", ref)
			}
		case err != nil:
			return fmt.Errorf("realtime.default_agent: %w", err)
		}
	}
	for id := range a.cfg.Providers {
		if _, err := models.Get(id); err != nil {
			return fmt.Errorf("providers.%s: %w", id, err)
		}
	}
	way, err := guardedHTTP(a.cfg.Outbound)
	if err != nil {
		return err
	}
	a.onClose(func() error { way.Close(); return nil })
	a.plans = &planner{cfg: a.cfg, agents: agents, models: models, guarded: way.HTTP(), present: map[string]provider.Presence{}}
	agents.Judge(judge{a.plans})
	return nil
}

// recover closes the conversations that a process killed in the middle of them left open.
func (a *App) recover(ctx context.Context, records *conversation.Service) error {
	n, err := records.Recover(ctx)
	if err != nil {
		return fmt.Errorf("close the conversations of the last run: %w", err)
	}
	if n > 0 {
		a.log.Info("closed conversations that the last run left open", "conversations", n)
	}
	return nil
}

// mount puts the parts under their paths.
func mount(rest http.Handler, live *webcall.Handler, console http.Handler) *http.ServeMux {
	mux := http.NewServeMux()
	mux.Handle("/api/", rest)
	for _, p := range []string{"/tools/api/", "/text-agents/api/", "/text-agents/health", "/text-agents/metrics"} {
		mux.Handle(p, rest)
	}
	mux.Handle("/healthz", rest)
	for _, p := range prefixes {
		live.Mount(mux, p)
	}
	for _, p := range sockets {
		live.MountSocket(mux, p)
	}
	mux.Handle("/", console)
	return mux
}

func (a *App) onClose(f func() error) { a.closers = append(a.closers, f) }

// URL is where a browser finds the console.
func (a *App) URL() string {
	if a.cfg.Server.PublicURL != "" {
		return a.cfg.Server.PublicURL
	}
	return "http://" + a.listener.Addr().String()
}

// Run serves until ctx ends, then lets conversations end and closes everything.
func (a *App) Run(ctx context.Context) error {
	srv := &http.Server{Handler: a.handler, ReadHeaderTimeout: 10 * time.Second, IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 64 << 10,
		ErrorLog: slog.NewLogLogger(a.log.Handler(), slog.LevelDebug)}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var g errgroup.Group
	g.Go(func() error { a.plans.warm(ctx); return nil })
	g.Go(func() error { a.offerLocal(ctx); return nil })
	g.Go(func() error {
		defer cancel()
		if err := srv.Serve(a.listener); !errors.Is(err, http.ErrServerClosed) {
			return fmt.Errorf("serve: %w", err)
		}
		return nil
	})
	<-ctx.Done()
	a.stop() // conversations say goodbye and write their record
	grace, done := context.WithTimeout(context.Background(), a.cfg.Server.ShutdownTimeout)
	defer done()
	err := srv.Shutdown(grace)
	ended := make(chan struct{})
	go func() { a.live.Wait(); a.calls.Close(); a.hangUp(); close(ended) }()
	select {
	case <-ended:
	case <-grace.Done():
		a.log.Warn("conversations were still going on when the time to stop ran out; the next start closes their records")
	}
	return errors.Join(err, g.Wait(), a.Close())
}

// hangUp ends telephone calls.
func (a *App) hangUp() {
	if a.phone != nil {
		_ = a.phone.Close() // closed again by Close, which tells
	}
	if a.twilio != nil {
		_ = a.twilio.Close()
	}
}

// Close closes everything that New opened, last first. Run does it too.
func (a *App) Close() error {
	if a.stop != nil {
		a.stop()
	}
	if a.calls != nil {
		a.calls.Close()
	}
	var errs []error
	for i := len(a.closers) - 1; i >= 0; i-- {
		errs = append(errs, a.closers[i]())
	}
	a.closers = nil
	return errors.Join(errs...)
}

func listenFault(addr string, err error) error {
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		return fault.New(fault.Conflict, "port_in_use", "%s is taken by another program. Stop it, or choose another address with --addr, such as --addr 127.0.0.1:5001.", addr)
	case errors.Is(err, os.ErrPermission), errors.Is(err, syscall.EACCES):
		return fault.New(fault.Denied, "port_denied", "%s may not be used without more rights. Choose a port above 1023 with --addr.", addr)
	}
	return fault.Wrap(err, fault.Unavailable, "cannot_listen", "%s cannot be listened on", addr)
}

// with sets one of a provider's settings, unless the value is empty.
func with(raw json.RawMessage, key, value string) (json.RawMessage, error) {
	if value == "" {
		return raw, nil
	}
	m := map[string]any{}
	if len(raw) > 0 {
		if err := json.Unmarshal(raw, &m); err != nil {
			return nil, fault.Wrap(err, fault.Invalid, "invalid_config", "the provider's settings cannot be read")
		}
	}
	m[key] = value
	return json.Marshal(m)
}
