package llmtest_test

import (
	"bufio"
	"context"
	"encoding/json"
	"flag"
	"fmt"
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
		t.Logf("%-10s %d at once (%d held, %d failed): first token later by p50 %s, p95 %s, max %s; %.1f KB and %.1f goroutines each; %.0f %% of one processor", v.name, *load, held, failed.Load(), at(0.5), at(0.95), at(1),
			each, routines, 100*float64(spent()-cpu)/float64(took))
	}
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
