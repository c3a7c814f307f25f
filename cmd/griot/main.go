// Command griot runs agents that talk: serve answers, talk holds one conversation from the terminal, doctor says what is missing.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/alecthomas/kong"
)

// version is set when the program is linked.
var version = "dev"

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, os.Args[1:])
	stop()
	os.Exit(code)
}

// run carries out one command line and returns the process's exit code.
func run(ctx context.Context, args []string) int {
	var cli commands
	parser, err := kong.New(&cli, kong.Name("griot"), kong.Description("A self-hosted platform for AI agents that talk."),
		kong.UsageOnError(), kong.BindTo(ctx, (*context.Context)(nil)), kong.Exit(func(code int) { os.Exit(code) }))
	if err != nil {
		fmt.Fprintln(os.Stderr, "griot:", err)
		return 2
	}
	k, err := parser.Parse(args)
	if err != nil {
		parser.FatalIfErrorf(err)
		return 2
	}
	if err := k.Run(&cli.shared); err != nil {
		fmt.Fprintln(os.Stderr, "griot:", err)
		return 1
	}
	return 0
}
