package llmtest_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"griot/internal/model/llm"
	"griot/internal/provider"
	"griot/internal/provider/anthropic"
	"griot/internal/provider/google"
	"griot/internal/provider/llmtest"
	"griot/internal/provider/openai"
)

var load = flag.Int("load", 0, "how many answers to hold open at once, against a service in another process")

// The service's own pace: its first word comes after delay and says how long that really took, the others one by one.
const (
	delay = 300 * time.Millisecond
	pace  = 50 * time.Millisecond
	words = 60
)

const served = "GRIOT_TEST_LOAD_SERVICE"

// TestLoadService is the other process of TestLoad.
func TestLoadService(t *testing.T) {
	if os.Getenv(served) == "" {
		t.Skip("the other process of TestLoad")
	}
	s := llmtest.New(t, llmtest.Options{Respond: func(model string, _ []byte) *llmtest.Answer {
		if model == "quick" {
			return &llmtest.Answer{Text: "0 word"}
		}
		arrived := time.Now()
		time.Sleep(delay)                                                                                                            // real time: what is added to it is measured
		return &llmtest.Answer{Text: strconv.FormatInt(int64(time.Since(arrived)), 10) + strings.Repeat(" word", words), Pace: pace} // its own time, for who asks
	}})
	fmt.Println("service", s.URL)
	_, _ = bufio.NewReader(os.Stdin).ReadString('\n') // until the parent is gone
}

// TestLoad holds many answers open at once for each vendor, and says what that costs: go test ./internal/provider/llmtest -run TestLoad$ -load 1000 -v
func TestLoad(t *testing.T) {
	if *load == 0 {
		t.Skip("asked for by -load")
	}
	url := service(t)
	for _, v := range vendors(url) {
		m, err := v.p.LLM(t.Context(), v.raw)
		require.NoError(t, err)
		for range 20 {
			require.NoError(t, llmtest.Ask(t.Context(), quick(t, v), llmtest.Hello()).Err)
		}
		runtime.GC()
		var before, during runtime.MemStats
		runtime.ReadMemStats(&before)
		goroutines := runtime.NumGoroutine()
		cpu := spent()
		began := time.Now()
		added := make([]time.Duration, *load)
		var open, failed atomic.Int32
		var wg sync.WaitGroup
		ctx, cancel := context.WithCancel(t.Context())
		for i := range *load {
			time.Sleep(time.Millisecond) // real time: callers do not come all in one moment
			wg.Go(func() {
				start, first := time.Now(), true
				for d, err := range m.Generate(ctx, llmtest.Hello()) {
					if err != nil {
						failed.Add(1)
						return
					}
					if first && d.Text != "" {
						first = false
						added[i] = time.Since(start)
						if own, err := strconv.ParseInt(strings.TrimSpace(d.Text), 10, 64); err == nil {
							added[i] -= time.Duration(own)
						}
						open.Add(1)
					}
				}
			})
		}
		for range 200 {
			if int(open.Load()) == *load {
				break
			}
			time.Sleep(10 * time.Millisecond) // real time: the streams are those of sockets
		}
		held := open.Load()
		runtime.GC()
		runtime.ReadMemStats(&during)
		each := float64(during.HeapInuse+during.StackInuse-before.HeapInuse-before.StackInuse) / float64(*load) / 1024
		routines := float64(runtime.NumGoroutine()-goroutines) / float64(*load)
		wg.Wait()
		cancel()
		took := time.Since(began)
		slices.Sort(added)
		at := func(p float64) time.Duration { return added[int(p*float64(len(added)-1))].Round(10 * time.Microsecond) }
		t.Logf("%-10s %d at once (%d held, %d failed): first token later than the service's own by p50 %s, p95 %s, max %s; %.1f KB and %.1f goroutines each; %.0f %% of one processor", v.name, *load, held, failed.Load(),
			at(0.5), at(0.95), at(1), each, routines, 100*float64(spent()-cpu)/float64(took))
		ours, bare := interleaved(t, m, bareReader(t, v, url))
		t.Logf("%-10s the same, every second one read by net/http and bufio alone: p50 %s and %s bare, p95 %s and %s bare: ours adds %s at p95", v.name, part(ours, 0.5), part(bare, 0.5), part(ours, 0.95), part(bare, 0.95),
			part(ours, 0.95)-part(bare, 0.95))
	}
}

func part(sorted []time.Duration, p float64) time.Duration {
	return sorted[int(p*float64(len(sorted)-1))].Round(10 * time.Microsecond)
}

// interleaved holds as many answers open as are asked for, half of them by a model and half by a bare reader, in turn. Both suffer alike from the service, the kernel and the other
// process, so that the difference is the model's own part. It returns how much later than the service's own the first words came, sorted.
func interleaved(t *testing.T, m llm.Model, bare func(context.Context) (time.Duration, error)) (ours, theirs []time.Duration) {
	t.Helper()
	added := make([]time.Duration, *load)
	var wg sync.WaitGroup
	for i := range *load {
		time.Sleep(time.Millisecond) // real time: callers do not come all in one moment
		wg.Go(func() {
			if i%2 == 1 {
				late, err := bare(t.Context())
				added[i] = late
				assert.NoError(t, err)
				return
			}
			start, first := time.Now(), true
			for d, err := range m.Generate(t.Context(), llmtest.Hello()) {
				if !assert.NoError(t, err) {
					return
				}
				if first && d.Text != "" {
					first = false
					added[i] = time.Since(start)
					if own, err := strconv.ParseInt(strings.TrimSpace(d.Text), 10, 64); assert.NoError(t, err) {
						added[i] -= time.Duration(own)
					}
				}
			}
		})
	}
	wg.Wait()
	for i, d := range added {
		if i%2 == 1 {
			theirs = append(theirs, d)
		} else {
			ours = append(ours, d)
		}
	}
	slices.Sort(ours)
	slices.Sort(theirs)
	return ours, theirs
}

// bareReader sends what the vendor's package sends, and reads the answer with nothing of ours.
func bareReader(t *testing.T, v vendor, url string) func(context.Context) (time.Duration, error) {
	t.Helper()
	seen := llmtest.New(t, llmtest.Options{Respond: func(string, []byte) *llmtest.Answer { return &llmtest.Answer{Text: "0 word"} }})
	m, err := v.p.LLM(t.Context(), json.RawMessage(strings.Replace(string(v.raw), url, seen.URL, 1)))
	require.NoError(t, err)
	require.NoError(t, llmtest.Ask(t.Context(), m, llmtest.Hello()).Err)
	as := seen.Last()
	at := url + as.Path
	if as.Query != "" {
		at += "?" + as.Query
	}
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.MaxIdleConnsPerHost = 1000
	t.Cleanup(transport.CloseIdleConnections)
	return func(ctx context.Context) (time.Duration, error) {
		start := time.Now()
		r, err := http.NewRequestWithContext(ctx, http.MethodPost, at, strings.NewReader(as.Body))
		if err != nil {
			return 0, err
		}
		for _, name := range []string{"Content-Type", "Authorization", "X-Api-Key", "X-Goog-Api-Key", "Anthropic-Version", "Accept"} {
			if value := as.Header.Get(name); value != "" {
				r.Header.Set(name, value)
			}
		}
		resp, err := transport.RoundTrip(r)
		if err != nil {
			return 0, err
		}
		defer resp.Body.Close()
		late := time.Duration(-1)
		lines := bufio.NewReader(resp.Body)
		for {
			line, err := lines.ReadSlice('\n')
			if late < 0 {
				if own, ok := firstNumber(line); ok {
					late = time.Since(start) - own
				}
			}
			if errors.Is(err, io.EOF) && late >= 0 {
				return late, nil
			}
			if err != nil {
				return 0, fmt.Errorf("read the answer, status %d: %w", resp.StatusCode, err)
			}
		}
	}
}

// firstNumber finds the service's own delay in a line: a text that is a number of nanoseconds, of nine digits or more.
func firstNumber(line []byte) (time.Duration, bool) {
	for len(line) > 0 {
		i := bytes.IndexByte(line, '"')
		if i < 0 {
			return 0, false
		}
		line = line[i+1:]
		n := 0
		for n < len(line) && line[n] >= '0' && line[n] <= '9' {
			n++
		}
		if n >= 9 {
			own, err := strconv.ParseInt(string(line[:n]), 10, 64)
			return time.Duration(own), err == nil
		}
	}
	return 0, false
}

// service starts the other process.
func service(t testing.TB) string {
	t.Helper()
	exe, err := os.Executable()
	require.NoError(t, err)
	cmd := exec.CommandContext(t.Context(), exe, "-test.run=^TestLoadService$", "-test.v")
	cmd.Env = append(os.Environ(), served+"=1")
	in, err := cmd.StdinPipe()
	require.NoError(t, err)
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	t.Cleanup(func() { _ = in.Close(); _ = cmd.Wait() })
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		if _, url, ok := strings.Cut(lines.Text(), "service "); ok {
			go func() { // what else it writes must not stop it; ends with the process
				for lines.Scan() {
				}
			}()
			return url
		}
	}
	require.Fail(t, "the other process did not start")
	return ""
}

type vendor struct {
	name string
	p    provider.Provider
	raw  json.RawMessage
}

func vendors(url string) []vendor {
	return []vendor{
		{"chat", openai.Provider(), json.RawMessage(`{"api_key":"test-key","model":"m","base_url":"` + url + `/v1"}`)},
		{"responses", openai.Provider(), json.RawMessage(`{"api_key":"test-key","model":"m","interface":"responses","base_url":"` + url + `/v1"}`)},
		{"anthropic", anthropic.Provider(), json.RawMessage(`{"api_key":"test-key","model":"m","base_url":"` + url + `"}`)},
		{"google", google.Provider(), json.RawMessage(`{"api_key":"test-key","model":"m","base_url":"` + url + `/v1beta"}`)},
	}
}

func quick(t testing.TB, v vendor) llm.Model {
	t.Helper()
	m, err := v.p.LLM(t.Context(), json.RawMessage(strings.Replace(string(v.raw), `"m"`, `"quick"`, 1)))
	require.NoError(t, err)
	return m
}

// spent is how much of the processors this process has used.
func spent() time.Duration {
	var u syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &u) != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// BenchmarkFirstToken measures a whole request to a service in another process that answers at once: connection, request and first word there and back.
func BenchmarkFirstToken(b *testing.B) {
	url := service(b)
	for _, v := range vendors(url) {
		b.Run(v.name, func(b *testing.B) {
			m := quick(b, v)
			var all []time.Duration
			b.ReportAllocs()
			for b.Loop() {
				start := time.Now()
				for d, err := range m.Generate(b.Context(), llmtest.Hello()) {
					if err != nil {
						b.Fatal(err)
					}
					if d.Text != "" {
						all = append(all, time.Since(start))
					}
				}
			}
			slices.Sort(all)
			b.ReportMetric(float64(all[len(all)*95/100].Microseconds()), "p95-µs")
			b.ReportMetric(float64(all[len(all)/2].Microseconds()), "p50-µs")
		})
	}
}
