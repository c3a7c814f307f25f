package reply

import (
	"context"
	"fmt"
	"strings"
	"time"

	"griot/internal/fault"
	"griot/internal/live/upstream"
	"griot/internal/media"
	"griot/internal/model/llm"
	"griot/internal/model/s2s"
	"griot/internal/model/tts"
)

// converse carries the job out over a line to a speech-to-speech model: its sound and words go the same way as those of the cascade, and its tools are run here.
func (r *run) converse() {
	c := &conversing{run: r}
	done := Note{Kind: Done, Stop: llm.StopEnd}
	err := c.answer(&done)
	if err != nil && !c.shown && context.Cause(r.ctx) == nil {
		r.note(Note{Kind: Lost, Err: err}) // nobody has noticed: another model can answer
		return
	}
	if err == nil {
		r.finish(&done)
		r.note(Note{Kind: Written, Stop: done.Stop})
	} else {
		done.Stage, done.Err = "s2s", err
	}
	if !r.Text {
		done.Spoken = c.spoke
		r.p.Finish(r.Gen, err == nil)
	}
	if cause := context.Cause(r.ctx); cause != nil {
		done.Err = cause
	}
	r.note(done)
}

// conversing is one answer of a speech-to-speech model on its way to the player.
type conversing struct {
	*run
	held   strings.Builder // text that came before the first sound
	said   strings.Builder // text that was given to the player
	shown  bool            // something of the answer is to be noticed
	spoke  bool            // something is to be heard
	sound  time.Duration   // that was given to the player
	item   string          // being spoken
	from   time.Duration   // where its sound begins
	found  int             // bytes of said in which words were found
	marked int             // bytes of said whose end is marked
	rs     *media.Resampler
	buf    []int16
}

func (c *conversing) answer(done *Note) error {
	ans, err := c.Line.Respond(c.ctx, c.Ask)
	if err != nil {
		return fmt.Errorf("ask the speech-to-speech model: %w", err)
	}
	defer ans.Close()
	for range c.lim.Rounds {
		calls, err := c.hear(ans, done)
		if err != nil {
			return err
		}
		if len(calls) == 0 {
			return c.rest()
		}
		c.shown = true // a tool that was run is not run again by another model
		results, pending := c.act(calls, true)
		if pending {
			done.Pending, done.Stop = true, llm.StopTools
			return c.rest()
		}
		if c.ctx.Err() != nil {
			return context.Cause(c.ctx)
		}
		if err := ans.Return(c.ctx, calls, results); err != nil {
			return fmt.Errorf("give the tool's result: %w", err)
		}
	}
	return fault.New(fault.Limited, "tool_rounds", "the model asked for tools %d times without answering", c.lim.Rounds)
}

// hear moves one response to the player and returns the tools that it wants.
func (c *conversing) hear(ans *upstream.Answer, done *Note) (calls []llm.ToolCall, err error) {
	limit := c.lim.FirstDelta
	for {
		ev, err := ans.Recv(c.ctx, limit)
		if err != nil {
			if c.ctx.Err() != nil {
				return nil, context.Cause(c.ctx)
			}
			return nil, fmt.Errorf("hear the speech-to-speech model: %w", err)
		}
		limit = c.lim.NextDelta
		switch ev.Kind {
		case s2s.Text:
			c.text(ev.Text)
		case s2s.Audio:
			if err := c.audio(ev); err != nil {
				return nil, err
			}
		case s2s.Words:
			if err := c.words(ev); err != nil {
				return nil, err
			}
		case s2s.Call:
			calls = append(calls, *ev.Call)
		case s2s.Done:
			if ev.Usage != nil {
				c.note(Note{Kind: Spent, Usage: *ev.Usage})
			}
			switch {
			case ev.Err != nil:
				return nil, fmt.Errorf("the speech-to-speech model failed: %w", ev.Err)
			case ev.Cancelled:
				return nil, fault.New(fault.Unavailable, "upstream_cancelled", "the speech-to-speech model broke its answer off")
			}
			done.Stop = ev.Stop
			c.show()
			return calls, c.mark()
		}
	}
}

// text takes words. They run ahead of their sound, and are kept back until there is some, so that an answer of which nothing is ever heard can still be given by another model.
func (c *conversing) text(s string) {
	c.held.WriteString(s)
	if c.Text || c.spoke {
		c.show()
	}
}

// show passes on the words that were kept back.
func (c *conversing) show() {
	s := c.held.String()
	c.held.Reset()
	if s == "" {
		return
	}
	c.shown = true
	c.note(Note{Kind: Text, Text: s})
	if !c.Text {
		c.spoke = true
		c.said.WriteString(s)
		c.p.Said(c.Gen, s)
	}
}

func (c *conversing) audio(ev s2s.Event) error {
	if c.Text {
		return nil
	}
	if !c.spoke {
		c.spoke, c.shown = true, true
		c.p.Pace(c.Gen, c.Line.Pace())
		c.note(Note{Kind: FirstAudio})
	}
	c.show()
	if ev.Item != c.item {
		c.item, c.from = ev.Item, c.sound
	}
	pcm := ev.Frame.PCM
	c.sound += ev.Frame.Duration()
	if ev.Frame.Rate != c.Out.Rate {
		if c.rs == nil {
			rs, err := media.NewResampler(ev.Frame.Rate, c.Out.Rate)
			if err != nil {
				return fmt.Errorf("speech at %d Hz: %w", ev.Frame.Rate, err)
			}
			c.rs = rs
		}
		c.buf = c.rs.Process(c.buf[:0], pcm)
		pcm = c.buf
	}
	return stale(c.p.Write(c.ctx, c.Gen, pcm, nil))
}

// rest gives the player what the resampler still holds.
func (c *conversing) rest() error {
	if c.rs == nil {
		return nil
	}
	return stale(c.p.Write(c.ctx, c.Gen, c.rs.Flush(c.buf[:0]), nil))
}

// words ties words to their sound, where the model tells.
func (c *conversing) words(ev s2s.Event) error {
	if c.Text {
		return nil
	}
	if ev.Item != c.item && c.sound == 0 {
		c.item = ev.Item
	}
	if ev.Item != c.item {
		return nil // of an item that is over, or has not begun: nothing of it can be placed
	}
	var marks []tts.Mark
	said := c.said.String() + c.held.String()
	for _, m := range ev.Marks {
		word := strings.TrimSpace(m.Phoneme)
		at := strings.Index(said[c.found:], word)
		if word == "" || at < 0 {
			continue
		}
		at += c.found
		c.found = at + len(word)
		marks = append(marks, tts.Mark{Kind: tts.Word, Text: at, Len: len(word), At: c.from + m.At})
	}
	if len(marks) == 0 {
		return nil
	}
	return stale(c.p.Write(c.ctx, c.Gen, nil, marks))
}

// mark notes where words and sound are known to meet: at the end of a response.
func (c *conversing) mark() error {
	n := c.said.Len()
	if c.Text || n == c.marked || c.sound == 0 {
		return nil
	}
	m := tts.Mark{Kind: tts.Sentence, Text: c.marked, Len: n - c.marked, At: c.sound}
	c.marked, c.found = n, n
	return stale(c.p.Write(c.ctx, c.Gen, nil, []tts.Mark{m}))
}
