package app

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"flag"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/stretchr/testify/require"

	"griot/internal/config"
	"griot/internal/media"
	"griot/internal/media/mediatest"
)

var answerDelay = flag.Bool("answer-delay", false, "measure the delay of answers on the wire and print it")

// TestAnswerDelay measures what a caller waits for: from the last sound of a recorded human prompt to the first sound of the answer, on the wire of the Realtime
// protocol, with the real recogniser and voice. It prints a table for docs/performance.md and asserts nothing about time.
//
//	go test ./internal/app -run TestAnswerDelay -answer-delay -v
func TestAnswerDelay(t *testing.T) {
	if !*answerDelay {
		t.Skip("a measurement: run it with -answer-delay")
	}
	cfg := config.Default()
	cfg.Data, cfg.Server.Addr, cfg.Log.Level = t.TempDir(), "127.0.0.1:0", "error"
	ctx, cancel := context.WithCancel(t.Context())
	began := time.Now()
	a, err := New(ctx, cfg, "test", slog.New(slog.DiscardHandler))
	require.NoError(t, err)
	t.Logf("start to ready %v", time.Since(began).Round(time.Millisecond))
	done := make(chan error, 1)
	go func() { done <- a.Run(ctx) }()
	a.plans.warm(ctx)
	var all, extra []time.Duration
	for _, name := range []string{"hours", "auth-thankyou", "hello-world", "location", "digits/day-0", "digits/day-1", "digits/day-4", "digits/today", "digits/tomorrow",
		"vm-goodbye", "pbx-transfer", "one-moment-please", "please-try-again", "dictate/forhelp", "time", "telephone-number"} {
		d, text := ask(ctx, t, a.URL(), mediatest.Prompt(t, "en", name, 16000))
		all, extra = append(all, d), append(extra, d-500*time.Millisecond)
		t.Logf("%-20s %4d ms  %s", name, d.Milliseconds(), text)
	}
	slices.Sort(all)
	slices.Sort(extra)
	t.Logf("last sound to first sound: p50 %d ms, p95 %d ms; beyond the 500 ms of endpointing: p50 %d ms, p95 %d ms", all[len(all)/2].Milliseconds(), all[len(all)*95/100].Milliseconds(),
		extra[len(extra)/2].Milliseconds(), extra[len(extra)*95/100].Milliseconds())
	cancel()
	require.NoError(t, <-done)
}

// ask speaks a prompt in real time once the greeting is over, and returns how long the first sound of the answer took.
func ask(ctx context.Context, t *testing.T, url string, prompt []int16) (time.Duration, string) {
	ws, _, err := websocket.Dial(ctx, strings.Replace(url, "http", "ws", 1)+"/v1/realtime?model=agent:reception-en", nil)
	require.NoError(t, err)
	defer ws.CloseNow()
	ws.SetReadLimit(1 << 24)
	rs, err := media.NewResampler(16000, 24000)
	require.NoError(t, err)
	pcm := rs.Process(nil, mediatest.Concat(prompt, mediatest.Silence(3*time.Second, 16000)))
	// Where the last sound is: the last 20 ms above -45 dB.
	last := 0
	for i := 0; i+480 <= len(pcm); i += 480 {
		if media.Level(pcm[i:i+480]) > -45 {
			last = i + 480
		}
	}
	events := make(chan map[string]any, 1024)
	go func() {
		defer close(events)
		for {
			_, b, err := ws.Read(ctx)
			if err != nil {
				return
			}
			var m map[string]any
			if json.Unmarshal(b, &m) == nil {
				m["received"] = time.Now()
				events <- m
			}
		}
	}()
	for ev := range events {
		if ev["type"] == "response.done" { // the greeting has been sent; it is still sounding
			break
		}
	}
	time.Sleep(time.Second) // real time: the tail of the greeting is still sounding
	var lastAt time.Time
	go func() {
		next := time.Now()
		for i := 0; i+480 <= len(pcm) && ctx.Err() == nil; i += 480 {
			msg := `{"type":"input_audio_buffer.append","audio":"` + base64.StdEncoding.EncodeToString(media.EncodePCM(nil, pcm[i:i+480])) + `"}`
			if ws.Write(ctx, websocket.MessageText, []byte(msg)) != nil {
				return
			}
			if i < last {
				lastAt = time.Now()
			}
			next = next.Add(20 * time.Millisecond)
			time.Sleep(time.Until(next)) // real time: a caller speaks one frame every 20 ms
		}
	}()
	heard := ""
	for ev := range events {
		switch ev["type"] {
		case "conversation.item.input_audio_transcription.completed":
			heard, _ = ev["transcript"].(string)
		case "response.output_audio.delta":
			return ev["received"].(time.Time).Sub(lastAt), heard
		}
	}
	t.Fatal("no answer")
	return 0, ""
}
