package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"maps"
	"os"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"github.com/joho/godotenv"

	"griot/internal/app"
	"griot/internal/config"
)

// defaultEnvFile is read when it is there.
const defaultEnvFile = ".env"

// shared are the flags of every command.
type shared struct {
	Config  string            `help:"Configuration file (YAML)." placeholder:"FILE" env:"GRIOT_CONFIG"`
	EnvFile string            `help:"File with NAME=value lines." placeholder:"FILE" default:".env" env:"GRIOT_ENV_FILE"`
	Data    string            `help:"Data folder." placeholder:"DIR"`
	Set     map[string]string `help:"Any setting, such as --set speech.llm=openai." placeholder:"KEY=VALUE" mapsep:"none"`
}

type commands struct {
	shared  `embed:""`
	Serve   serveCommand   `cmd:"" help:"Answer on the web page and the Realtime protocol."`
	Talk    talkCommand    `cmd:"" help:"Hold one conversation from the terminal."`
	Replay  replayCommand  `cmd:"" help:"Hold a conversation that was kept again, with other settings if wanted, and say what differs. --set turn.silence=300ms changes a setting of it."`
	Bench   benchCommand   `cmd:"" help:"Measure how many calls a server holds, how late, at what cost."`
	Doctor  doctorCommand  `cmd:"" help:"Say what is present, what is missing and how to mend it."`
	Secrets secretsCommand `cmd:"" help:"The sealed secrets in the database."`
	User    userCommand    `cmd:"" help:"The people of the installation."`
	Version versionCommand `cmd:"" help:"Print the version."`
}

// load reads the configuration: defaults, file, environment, flags.
func (s *shared) load(flags map[string]string) (config.Config, error) {
	all := map[string]string{}
	for k, v := range s.Set {
		all[k] = v
	}
	for k, v := range flags {
		if v != "" {
			all[k] = v
		}
	}
	if s.Data != "" {
		all["data"] = s.Data
	}
	// Also the variables that are not ours, such as a provider's key. What the environment has already wins.
	if err := godotenv.Load(s.EnvFile); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return config.Config{}, fmt.Errorf("read %s: %w", s.EnvFile, err)
	}
	src := config.Sources{File: s.Config, EnvFile: s.EnvFile, Environ: os.Environ(), Flags: all, Optional: s.Config == ""}
	if s.Config == "" {
		src.File = "griot.yaml"
	}
	if _, err := os.Stat(s.EnvFile); s.EnvFile == defaultEnvFile && errors.Is(err, fs.ErrNotExist) {
		src.EnvFile = "" // nobody asked for it
	}
	c, _, err := config.Load(src)
	return c, err
}

func logger(c config.Config) *slog.Logger {
	var level slog.Level
	_ = level.UnmarshalText([]byte(strings.ToUpper(c.Log.Level))) // validated by the configuration
	o := &slog.HandlerOptions{Level: level}
	var h slog.Handler = slog.NewTextHandler(os.Stderr, o)
	if c.Log.Format == "json" {
		h = slog.NewJSONHandler(os.Stderr, o)
	}
	l := slog.New(h)
	slog.SetDefault(l)
	return l
}

type serveCommand struct {
	Addr string `help:"Address to listen on, host:port." placeholder:"ADDR"`
}

// Run serves until a signal comes.
func (c *serveCommand) Run(ctx context.Context, s *shared) error {
	cfg, err := s.load(map[string]string{"addr": c.Addr})
	if err != nil {
		return err
	}
	log := logger(cfg)
	// Conversations make little garbage: collecting it twice as often costs next to nothing, and memory is what bounds their number.
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(50)
	}
	began := time.Now()
	a, err := app.New(ctx, cfg, version, log)
	if err != nil {
		return err
	}
	log.Info("ready", "address", a.URL(), "took", time.Since(began).Round(time.Millisecond))
	a.ReportStart(ctx, os.Stdout)
	return a.Run(ctx)
}

type talkCommand struct {
	Agent      string        `help:"Reference of the agent." default:"reception-en"`
	In         string        `help:"The question as a WAV file." placeholder:"FILE" xor:"question" required:""`
	Text       string        `help:"The question in writing." placeholder:"WORDS" xor:"question" required:""`
	Out        string        `help:"Write the spoken answer to this WAV file." placeholder:"FILE"`
	JSON       bool          `help:"Print every event and timer as a line of JSON."`
	NoGreeting bool          `help:"Ask at once, without the agent's greeting."`
	Wait       time.Duration `help:"How long the conversation may take." default:"1m"`
	Keep       string        `help:"Keep everything that goes into the conversation in this file, for griot replay." placeholder:"FILE"`
}

// Run holds the conversation.
func (c *talkCommand) Run(ctx context.Context, s *shared) error {
	cfg, err := s.load(map[string]string{"log.level": "warn"})
	if err != nil {
		return err
	}
	logger(cfg)
	return app.Talk(ctx, cfg, app.TalkOptions{Agent: c.Agent, In: c.In, Text: c.Text, Out: c.Out, JSON: c.JSON, Quiet: c.NoGreeting, Wait: c.Wait, Keep: c.Keep}, os.Stdout)
}

type replayCommand struct {
	Conversation string `arg:"" help:"Id of a conversation that was held with the setting replay.record, or a file of griot talk --keep."`
	SaveTest     string `help:"Write the conversation as a .call scenario to this file." placeholder:"FILE"`
	JSON         bool   `help:"Print the comparison as JSON."`
}

// Run replays.
func (c *replayCommand) Run(s *shared) error {
	var change []string // --set turn.… is for the conversation, the rest for the program
	for _, k := range slices.Sorted(maps.Keys(s.Set)) {
		if strings.HasPrefix(k, "turn.") {
			change = append(change, k+"="+s.Set[k])
			delete(s.Set, k)
		}
	}
	cfg, err := s.load(map[string]string{"log.level": "error"})
	if err != nil {
		return err
	}
	logger(cfg)
	return app.Replay(cfg, app.ReplayOptions{Conversation: c.Conversation, Set: change, SaveTest: c.SaveTest, JSON: c.JSON}, os.Stdout)
}

type doctorCommand struct{}

// Run looks and reports.
func (c *doctorCommand) Run(ctx context.Context, s *shared) error {
	cfg, err := s.load(nil)
	if err != nil {
		return err
	}
	good, err := app.Doctor(ctx, cfg, os.Stdout)
	if err == nil && !good {
		err = errors.New("something is missing")
	}
	return err
}

type secretsCommand struct {
	Rotate rotateCommand `cmd:"" help:"Seal every secret with a new key. Stop the server before."`
}

type rotateCommand struct{}

// Run rotates.
func (c *rotateCommand) Run(ctx context.Context, s *shared) error {
	cfg, err := s.load(map[string]string{"log.level": "warn"})
	if err != nil {
		return err
	}
	logger(cfg)
	return app.RotateSecrets(ctx, cfg, os.Stdout)
}

type userCommand struct {
	Password passwordCommand `cmd:"" help:"Give somebody who forgot the password a new one, which is printed."`
	Operator operatorCommand `cmd:"" help:"Let somebody make tenants, or no longer."`
}

type passwordCommand struct {
	Email string `arg:"" help:"E-mail address of the account."`
}

// Run resets.
func (c *passwordCommand) Run(ctx context.Context, s *shared) error {
	cfg, err := s.load(map[string]string{"log.level": "warn"})
	if err != nil {
		return err
	}
	logger(cfg)
	return app.ResetPassword(ctx, cfg, c.Email, os.Stdout)
}

type operatorCommand struct {
	Email string `arg:"" help:"E-mail address of the account."`
	Off   bool   `help:"No longer."`
}

// Run makes the operator.
func (c *operatorCommand) Run(ctx context.Context, s *shared) error {
	cfg, err := s.load(map[string]string{"log.level": "warn"})
	if err != nil {
		return err
	}
	logger(cfg)
	return app.SetOperator(ctx, cfg, c.Email, !c.Off, os.Stdout)
}

type versionCommand struct{}

// Run prints the version.
func (c *versionCommand) Run() error {
	fmt.Printf("griot %s (%s, %s/%s)\n", version, runtime.Version(), runtime.GOOS, runtime.GOARCH)
	return nil
}
