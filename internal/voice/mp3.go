package voice

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os/exec"
	"strings"
	"time"

	"griot/internal/fault"
)

// mp3Time bounds the making of a file of two minutes, which takes about a second.
const mp3Time = 30 * time.Second

// MP3 packs a WAV file as MP3 of about 130 kbit/s, by the program lame. Without it the fault is Unavailable "mp3_missing".
func MP3(ctx context.Context, wav []byte) ([]byte, error) {
	path, err := exec.LookPath("lame")
	if err != nil {
		return nil, fault.Wrap(err, fault.Unavailable, "mp3_missing", "MP3 files need the program lame, which this server does not have: take WAV, or install it (apt install lame)")
	}
	ctx, cancel := context.WithTimeout(ctx, mp3Time)
	defer cancel()
	cmd := exec.CommandContext(ctx, path, "--silent", "-V", "5", "-", "-")
	cmd.WaitDelay = time.Second
	var out, said bytes.Buffer
	cmd.Stdin, cmd.Stdout, cmd.Stderr = bytes.NewReader(wav), &out, &said
	if err := cmd.Run(); err != nil {
		if errors.Is(ctx.Err(), context.DeadlineExceeded) {
			return nil, fault.New(fault.Unavailable, "timeout", "The sound was not packed within %s.", mp3Time)
		}
		return nil, fmt.Errorf("pack the sound with lame: %w: %s", err, strings.TrimSpace(said.String()))
	}
	return out.Bytes(), nil
}
