package app

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"

	"griot/internal/calls"
	"griot/internal/config"
	"griot/internal/fault"
	"griot/internal/live/transport/webrtc"
	"griot/internal/live/webcall"
	wire "griot/internal/realtime"
)

// openCalls opens what calls over WebRTC come in by, and joins them with their register. Without a network there are none, and everything else works.
func (a *App) openCalls(register *calls.Service) error {
	hub, err := a.openHub()
	if err != nil {
		return err
	}
	a.calls = webcall.New(webcall.Options{Hub: hub, Server: a.live, Register: callBook{register}, Log: a.log})
	if hub != nil {
		a.onClose(hub.Close)
		register.Use(callMedia{a.calls})
		a.log.Info("WebRTC is ready", "udp_port", hub.UDPPort(), "tcp_port", hub.TCPPort(), "opus", hub.Opus())
	}
	return nil
}

// openHub opens the sockets; none when WebRTC is switched off or there is no network.
func (a *App) openHub() (*webrtc.Hub, error) {
	cfg := a.cfg.WebRTC
	if !cfg.Enabled {
		return nil, nil
	}
	o := webrtc.Options{UDPPort: cfg.UDPPort, TCPPort: cfg.TCPPort, Listen: addrs(cfg.Listen), Public: addrs(cfg.PublicAddresses), Log: a.log}
	if t, ok := a.listener.Addr().(*net.TCPAddr); ok && o.UDPPort == 0 {
		o.UDPPort = t.Port
	}
	hub, err := webrtc.New(o)
	if fault.CodeOf(err) == "port_in_use" && cfg.UDPPort == 0 {
		o.UDPPort = 0
		a.log.Warn("WebRTC takes another UDP port than the server's own, which another program has")
		hub, err = webrtc.New(o)
	}
	switch {
	case fault.CodeOf(err) == "no_network":
		a.log.Warn("there are no calls over WebRTC", "error", err)
		return nil, nil
	case err != nil:
		return nil, fmt.Errorf("open WebRTC (settings webrtc.udp_port, webrtc.tcp_port and webrtc.listen): %w", err)
	}
	return hub, nil
}

// addrs reads addresses that were validated.
func addrs(list []string) (out []netip.Addr) {
	for _, s := range list {
		if ip, err := netip.ParseAddr(s); err == nil {
			out = append(out, ip.Unmap())
		}
	}
	return out
}

// relay is the relay that callers are told of.
func relay(t config.TURN) webrtc.TURN {
	return webrtc.TURN{URLs: t.URLs, Secret: t.Secret, Life: t.Life}
}

// callsHandler serves the Realtime protocol over HTTP.
func (a *App) callsHandler() *webcall.Handler {
	return &webcall.Handler{Calls: a.calls, Server: a.live, TURN: relay(a.cfg.WebRTC.TURN), TenantOf: func(r *http.Request) string { return tenantOf(r.Context()) }, AllowedOrigins: a.cfg.Server.AllowedOrigins}
}

// callMedia opens the calls of the register's own interface.
type callMedia struct{ s *webcall.Service }

// Open implements calls.Media.
func (m callMedia) Open(ctx context.Context, o calls.Offer) (id, answer string, err error) {
	st := o.Settings
	patch, err := patchOf(st)
	if err != nil {
		return "", "", err
	}
	c, answer, err := m.s.Create(ctx, webcall.Request{SDP: o.SDP, Model: st.Model, Tenant: o.Tenant, Session: []wire.SessionPatch{patch}, Settings: st})
	if err != nil {
		var f *fault.Error
		if errors.As(err, &f) && (f.Param == "agent" || f.Param == "model") {
			err = f.At("session.model")
		}
		return "", "", err
	}
	return c.ID(), answer, nil
}

// patchOf is a call's settings in the words of the protocol. A temperature of 0.8, the interface's default, leaves the agent's own: there are models that take none.
func patchOf(st calls.Settings) (wire.SessionPatch, error) {
	s := map[string]any{"type": wire.SessionRealtime, "output_modalities": []string{wire.ModalityText}}
	for _, m := range st.Modalities {
		if m == wire.ModalityAudio {
			s["output_modalities"] = []string{wire.ModalityAudio}
		}
	}
	if st.Instructions != "" {
		s["instructions"] = st.Instructions
	}
	if st.MaxTokens > 0 {
		s["max_output_tokens"] = int(st.MaxTokens)
	}
	if st.Voice != "" {
		s["audio"] = map[string]any{"output": map[string]any{"voice": st.Voice}}
	}
	raw, err := json.Marshal(s)
	if err != nil {
		return wire.SessionPatch{}, fmt.Errorf("encode a call's settings: %w", err)
	}
	patch, err := wire.DecodeSession(raw)
	if st.Temperature != calls.DefaultTemperature {
		patch.Temperature = wire.Some(st.Temperature)
	}
	return patch, err
}

// HangUp implements calls.Media.
func (m callMedia) HangUp(ctx context.Context, tenant, id string) error {
	c, err := m.s.Get(id)
	if err != nil {
		return err
	}
	if c.Info().Tenant != tenant {
		return fault.New(fault.NotFound, "call_not_found", "No call with id '%s' is going on.", id)
	}
	return c.HangUp(ctx, "hung_up")
}

// callBook enters every call into the register, whichever interface it was opened by.
type callBook struct{ s *calls.Service }

// Begin implements webcall.Register.
func (b callBook) Begin(ctx context.Context, c *webcall.Call) error {
	in := c.Info()
	st, ok := in.Settings.(calls.Settings)
	if !ok {
		s := in.Session
		st = calls.Settings{Type: s.Type, Model: s.Model, Modalities: s.OutputModalities, Voice: s.Audio.Output.Voice.Name + s.Audio.Output.Voice.ID, Instructions: s.Instructions,
			Temperature: calls.DefaultTemperature, MaxTokens: calls.Tokens(s.MaxOutputTokens)}
	}
	return b.s.Begin(ctx, in.Tenant, in.ID, st)
}

// Connected implements webcall.Register.
func (b callBook) Connected(ctx context.Context, c *webcall.Call) {
	in := c.Info()
	b.s.Connected(ctx, in.Tenant, in.ID, in.Conversation)
}

// Over implements webcall.Register.
func (b callBook) Over(ctx context.Context, c *webcall.Call) {
	in := c.Info()
	b.s.Over(ctx, in.Tenant, in.ID, in.Reason)
}
