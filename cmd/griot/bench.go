package main

import (
	"context"
	"os"
	"time"

	"griot/internal/app"
)

type benchCommand struct {
	Transport   string        `help:"How callers connect: realtime is the Realtime WebSocket with µ-law sound, webrtc is WebRTC with Opus, sip is the telephone with models that answer at once, proxy is realtime through this server to a speech-to-speech service." default:"realtime" enum:"realtime,webrtc,sip,proxy"`
	Calls       int           `help:"Calls at once." default:"50"`
	Seconds     float64       `help:"How long to measure, once all calls are there." default:"30"`
	Interrupt   float64       `help:"Share of the answers that callers interrupt." default:"0.3"`
	URL         string        `help:"Measure this server, which needs the setting server.bench, instead of one of its own." placeholder:"URL"`
	SIP         string        `name:"sip" help:"Where that server's telephone line is, for callers by SIP." placeholder:"HOST:PORT"`
	Key         string        `help:"Key that the server asks for." placeholder:"KEY"`
	Agent       string        `help:"Agent to call on that server." placeholder:"REFERENCE"`
	Stated      time.Duration `help:"What the models of that agent are known to take for an answer." default:"0s"`
	NoRecording bool          `help:"Keep no recordings."`
	Ramp        bool          `help:"Raise the calls step by step up to --calls, and find how many are held well." xor:"mode"`
	Step        int           `help:"Calls by which a ramp rises." default:"50"`
	Soak        time.Duration `help:"Hold the calls for so long, each for a minute, and look for leaks." xor:"mode"`
	Profile     string        `help:"Write a processor profile of the server to this file." placeholder:"FILE"`
	JSON        bool          `help:"Print the result as JSON."`
}

// Run measures and reports.
func (c *benchCommand) Run(ctx context.Context) error {
	o := app.BenchOptions{Transport: c.Transport, SIP: c.SIP, Calls: c.Calls, Time: time.Duration(c.Seconds * float64(time.Second)), Interrupt: c.Interrupt, URL: c.URL, Key: c.Key,
		Agent: c.Agent, Stated: c.Stated, NoRecording: c.NoRecording, Ramp: c.Ramp, Step: c.Step, Soak: c.Soak > 0, Profile: c.Profile, JSON: c.JSON}
	if c.Soak > 0 {
		o.Time = c.Soak
	}
	return app.Bench(ctx, o, os.Stdout, os.Stderr)
}
