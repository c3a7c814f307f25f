package app

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"griot/internal/config"
	"griot/internal/event"
	"griot/internal/live/replay"
)

// ErrDiffers is returned by Replay when the conversation went another way.
var ErrDiffers = errors.New("the conversation went another way")

// ReplayOptions describe a replay.
type ReplayOptions struct {
	Conversation string   // id, or the path of a file that griot talk kept
	Set          []string // settings to change, KEY=VALUE
	SaveTest     string   // write the conversation as a .call file; empty for no
	JSON         bool
}

// replayPath is where what a replay needs of a conversation lies.
func replayPath(folder, id string) string { return filepath.Join(folder, id+".replay") }

// Replay holds a conversation again and prints the difference: with changed settings to what it is with its own, else to what it was. Of a difference without changed settings
// the error is ErrDiffers.
func Replay(cfg config.Config, o ReplayOptions, w io.Writer) error {
	path := o.Conversation
	if !strings.ContainsRune(path, os.PathSeparator) && filepath.Ext(path) == "" {
		path = replayPath(filepath.Join(cfg.Data, "replays"), path)
	}
	tape, err := replay.Open(path)
	if err != nil {
		return err
	}
	var before []event.Event
	if len(o.Set) == 0 {
		before = tape.Events()
	} else if before, err = tape.Run(replay.Options{}); err != nil {
		return err
	}
	after, err := tape.Run(replay.Options{Set: o.Set, Exact: len(o.Set) == 0})
	if err != nil {
		return err
	}
	if o.SaveTest != "" {
		if err := os.WriteFile(o.SaveTest, []byte(tape.Scenario(after)), 0o600); err != nil {
			return fmt.Errorf("write the scenario: %w", err)
		}
	}
	same, where := replay.Same(before, after)
	changes := replay.Compare(replay.Story(before), replay.Story(after))
	if o.JSON {
		err = json.NewEncoder(w).Encode(struct {
			Same    bool            `json:"same"`
			Where   string          `json:"where,omitempty"`
			Changes []replay.Change `json:"lines"`
		}{same, where, changes})
	} else {
		err = printChanges(w, same, where, changes)
	}
	if err == nil && !same && len(o.Set) == 0 {
		err = ErrDiffers
	}
	return err
}

func printChanges(w io.Writer, same bool, where string, changes []replay.Change) error {
	var b strings.Builder
	at := func(d time.Duration) string { return fmt.Sprintf("%8.2f", d.Seconds()) }
	for _, c := range changes {
		switch {
		case c.Before == nil:
			fmt.Fprintf(&b, "+ %s  %-7s %s\n", at(c.After.At), c.After.Who, c.After.Text)
		case c.After == nil:
			fmt.Fprintf(&b, "- %s  %-7s %s\n", at(c.Before.At), c.Before.Who, c.Before.Text)
		default:
			moved := ""
			if m := c.Moved(); m > 15*time.Millisecond || m < -15*time.Millisecond {
				moved = fmt.Sprintf("  (%+.2f s)", m.Seconds())
			}
			fmt.Fprintf(&b, "  %s  %-7s %s%s\n", at(c.After.At), c.After.Who, c.After.Text, moved)
		}
	}
	if same {
		b.WriteString("the same conversation\n")
	} else {
		fmt.Fprintf(&b, "another conversation: %s\n", where)
	}
	_, err := io.WriteString(w, b.String())
	return err
}
