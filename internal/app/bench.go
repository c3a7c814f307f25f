package app

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"griot/internal/fault"
	"griot/internal/live/bench"
)

// BenchOptions describe a measurement.
type BenchOptions struct {
	Transport   string
	SIP         string // host:port of that server's telephone line
	Calls       int
	Time        time.Duration
	Interrupt   float64
	URL         string        // of a running server; empty for one of our own
	Key         string        // that it asks for
	Agent       string        // of that server; empty for the bench's own
	Stated      time.Duration // what the models of that agent are known to take for an answer
	NoRecording bool
	Ramp        bool
	Step        int
	Soak        bool
	Profile     string // file for a processor profile of the server
	JSON        bool
}

// The speeds of the bench's own models, and the agent's endpointing.
const (
	benchFinal      = 50 * time.Millisecond
	benchFirstToken = 100 * time.Millisecond
	benchFirstAudio = 50 * time.Millisecond
	benchAgent      = "bench"
)

// Bench measures what a server holds and writes the result. Without a URL it starts one: this program again, as a process of its own on a port and a data
// folder of its own.
func Bench(ctx context.Context, o BenchOptions, w, progress io.Writer) error {
	bo := bench.Options{Transport: o.Transport, SIP: o.SIP, URL: o.URL, Key: o.Key, Agent: o.Agent, Calls: o.Calls, Time: o.Time, Interrupt: o.Interrupt, Stated: o.Stated,
		Progress: func(format string, args ...any) { fmt.Fprintf(progress, format+"\n", args...) }}
	if o.Profile != "" {
		bo.Profile = func(r io.Reader) error { return writeFile(o.Profile, r) }
	}
	if o.URL == "" {
		var err error
		bo.Agent, bo.Stated = benchAgent, benchFinal+benchFirstToken+benchFirstAudio
		behind := ""
		if o.Transport == "proxy" {
			up, err := bench.StartUpstream()
			if err != nil {
				return err
			}
			defer up.Close()
			bo.Stated, behind = 0, up.URL
		}
		if o.Transport == "sip" {
			// The models answer at once: what is measured is all ours.
			bo.Stated = 0
			if o.SIP, err = freeUDP(); err != nil {
				return err
			}
			bo.SIP = o.SIP
		}
		s, err := startBenchServer(ctx, o, behind)
		if err != nil {
			return err
		}
		defer s.stop()
		bo.URL = s.url
	} else if bo.Agent == "" {
		return fault.New(fault.Invalid, "bench_agent", "say which agent of %s to call, with --agent", o.URL).At("agent")
	}
	var result interface{ Print(io.Writer) }
	var err error
	switch {
	case o.Ramp:
		result, err = bench.RunRamp(ctx, bo, o.Step)
	case o.Soak:
		var soak bench.Soak
		soak, err = bench.RunSoak(ctx, bo)
		result = &soak
	default:
		result, err = bench.Run(ctx, bo)
	}
	if err != nil {
		return err
	}
	if o.JSON {
		e := json.NewEncoder(w)
		e.SetIndent("", "  ")
		return e.Encode(result)
	}
	result.Print(w)
	return nil
}

// freeUDP returns an address of this machine that nobody has at the moment.
func freeUDP() (string, error) {
	c, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		return "", fmt.Errorf("find a port for the bench's telephone line: %w", err)
	}
	return c.LocalAddr().String(), c.Close()
}

func writeFile(path string, r io.Reader) error {
	f, err := os.Create(path)
	if err != nil {
		return fmt.Errorf("write the profile: %w", err)
	}
	_, err = io.Copy(f, r)
	if cerr := f.Close(); err == nil {
		err = cerr
	}
	return err
}

// benchServer is a server process of our own.
type benchServer struct {
	cmd *exec.Cmd
	dir string
	url string
}

// benchFiles are the configuration and the agent of the bench's own server. The model's whole answer comes with its first token, so that what it takes
// is known exactly. behind is the address of a speech-to-speech service that answers in their place; empty for none.
func benchFiles(dir string, o BenchOptions, behind string) error {
	final, token, audio, line := benchFinal, benchFirstToken, benchFirstAudio, ""
	if o.Transport == "sip" {
		final, token, audio = 0, 0, 0
		line = fmt.Sprintf("sip:\n  udp: %q\n  rate: 0\n  numbers: [\"*=%s\"]\n", o.SIP, benchAgent)
	}
	conf := line + fmt.Sprintf(`data: %q
server:
  addr: 127.0.0.1:0
  bench: true
  shutdown_timeout: 20s
log:
  level: info
  format: json
limits:
  max_sessions: 0
speech:
  stt: fake
  tts: fake
  llm: fake
recording:
  enabled: %v
providers:
  fake:
    heard: ["what are your opening hours please", "and on the weekend", "thank you that helps", "could you say that again"]
    answers:
      - "hours => Certainly. We are open from nine in the morning until six in the evening on weekdays, and the desk at the back stays open until eight for parcels and returns."
      - "weekend => On Saturday we open at ten and close at four. On Sunday we are closed, but the telephone is answered all day by a colleague who can take a message for us."
      - " => Of course. I will repeat the most important part slowly, so that you can write it down: we open at nine, we close at six, and there is always somebody at the desk."
    final_after: %v
    first_token: %v
    first_audio: %v
    voice_rate: 24000
`, filepath.Join(dir, "data"), !o.NoRecording, final, token, audio)
	realtime := ""
	if behind != "" {
		conf += fmt.Sprintf("  openai:\n    base_url: %q\n    realtime_model: bench\n", behind)
		realtime = "realtime:\n  provider: openai\n"
	}
	agent := `name: Bench
language: en
greeting:
  text: Welcome to the bench, how can I help you?
voice:
  provider: fake
recogniser:
  provider: fake
model:
  provider: fake
turn:
  detection: server_vad
  idle_timeout: 0s
limits:
  max_duration: 24h
` + realtime
	if err := os.MkdirAll(filepath.Join(dir, "data", "agents"), 0o700); err != nil {
		return fmt.Errorf("make the bench's data folder: %w", err)
	}
	for name, text := range map[string]string{"griot.yaml": conf, ".env": "", filepath.Join("data", "agents", benchAgent+".yaml"): agent} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			return fmt.Errorf("write the bench's configuration: %w", err)
		}
	}
	return nil
}

// startBenchServer runs this program once more, as a server, and returns when it listens.
func startBenchServer(ctx context.Context, o BenchOptions, behind string) (_ *benchServer, err error) {
	dir, err := os.MkdirTemp("", "griot-bench-")
	if err != nil {
		return nil, fmt.Errorf("make the bench's data folder: %w", err)
	}
	s := &benchServer{dir: dir}
	defer func() {
		if err != nil {
			s.stop()
		}
	}()
	if err := benchFiles(dir, o, behind); err != nil {
		return nil, err
	}
	self, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("find this program: %w", err)
	}
	s.cmd = exec.CommandContext(ctx, self, "serve", "--config", filepath.Join(dir, "griot.yaml"), "--env-file", filepath.Join(dir, ".env"))
	s.cmd.Dir = dir
	s.cmd.Env = withoutOurs(os.Environ())
	s.cmd.Cancel = func() error { return s.cmd.Process.Signal(syscall.SIGTERM) }
	s.cmd.WaitDelay = 30 * time.Second
	logs, err := s.cmd.StderrPipe()
	if err != nil {
		return nil, fmt.Errorf("start the bench's server: %w", err)
	}
	if err := s.cmd.Start(); err != nil {
		return nil, fmt.Errorf("start the bench's server: %w", err)
	}
	ready, said := make(chan string, 1), make(chan string, 1)
	go func() { said <- follow(logs, ready) }()
	select {
	case s.url = <-ready:
		return s, nil
	case last := <-said:
		return nil, fault.New(fault.Unavailable, "bench_server", "the bench's server did not start: %s", last)
	case <-time.After(30 * time.Second):
		return nil, fault.New(fault.Unavailable, "bench_server", "the bench's server did not start within 30 seconds")
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

// follow reads a server's log, tells its address, passes on what is a warning or worse, and returns the last line.
func follow(r io.Reader, ready chan<- string) (last string) {
	lines := bufio.NewScanner(r)
	for lines.Scan() {
		last = lines.Text()
		var l struct{ Level, Msg, Address string }
		if json.Unmarshal(lines.Bytes(), &l) != nil {
			continue
		}
		if l.Msg == "ready" && l.Address != "" {
			ready <- l.Address
		}
		if l.Level == "WARN" || l.Level == "ERROR" {
			fmt.Fprintln(os.Stderr, "server:", last)
		}
	}
	return last
}

func withoutOurs(env []string) (out []string) {
	for _, e := range env {
		if !strings.HasPrefix(e, "GRIOT_") {
			out = append(out, e)
		}
	}
	return out
}

// stop ends the server and removes its data.
func (s *benchServer) stop() {
	if s.cmd != nil && s.cmd.Process != nil {
		_ = s.cmd.Process.Signal(syscall.SIGTERM) // it may have ended
		_ = s.cmd.Wait()                          // how it ended does not matter any more
	}
	_ = os.RemoveAll(s.dir)
}
