// Command mkmic lays recorded prompts and silences out on a timeline and writes them as one WAV file (16 kHz, mono): what a browser
// in a test takes for its microphone.
//
//	go run ./test/e2e/mkmic FILE PART...
//
// A part is a length of silence ("8s") or the path of a prompt in G.722 at 64 kbit/s. For every prompt one line with its start and end
// in the file, in milliseconds, goes to standard output.
package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"griot/internal/media"
)

const (
	rate = 16000
	// longest bounds one silence: a longer one is a slip of the pen.
	longest = 10 * time.Minute
)

func main() {
	if err := run(os.Args[1:], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "mkmic:", err)
		os.Exit(1)
	}
}

func run(args []string, out io.Writer) error {
	if len(args) < 2 {
		return errors.New("usage: mkmic FILE PART...")
	}
	pcm, err := layOut(args[1:], out)
	if err != nil {
		return err
	}
	f, err := os.Create(args[0])
	if err != nil {
		return fmt.Errorf("create the microphone's file: %w", err)
	}
	if err := media.WriteWAV(f, media.Mono(rate), pcm); err != nil {
		return errors.Join(fmt.Errorf("write %s: %w", args[0], err), f.Close())
	}
	return f.Close()
}

func layOut(parts []string, out io.Writer) ([]int16, error) {
	var pcm []int16
	for _, part := range parts {
		if !strings.HasSuffix(part, ".g722") {
			d, err := time.ParseDuration(part)
			if err != nil || d < 0 || d > longest {
				return nil, fmt.Errorf("%q is neither a prompt (*.g722) nor a length of at most %v", part, longest)
			}
			pcm = append(pcm, make([]int16, media.Mono(rate).Samples(d))...)
			continue
		}
		code, err := os.ReadFile(part)
		if err != nil {
			return nil, fmt.Errorf("read a prompt: %w", err)
		}
		from := len(pcm)
		pcm = media.NewG722Decoder().Decode(pcm, code)
		fmt.Fprintf(out, "%s %d %d\n", part, from*1000/rate, len(pcm)*1000/rate)
	}
	return pcm, nil
}
