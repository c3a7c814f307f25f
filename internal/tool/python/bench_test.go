package python_test

import (
	"encoding/json"
	"os/exec"
	"slices"
	"testing"
	"time"

	"griot/internal/tool/python"
)

// The two numbers that matter: the specification's example when no worker is ready, and when one is. Each worker serves one call. Bare is
// the interpreter alone, started and ended, to compare them with.

func BenchmarkCold(b *testing.B) { bench(b, python.Config{Warm: -1}, false) }

func BenchmarkWarm(b *testing.B) { bench(b, python.Config{Warm: 1}, true) }

func BenchmarkBare(b *testing.B) {
	var took []time.Duration
	for b.Loop() {
		began := time.Now()
		if err := exec.Command("/usr/bin/python3", "-I", "-S", "-B", "-c", "pass").Run(); err != nil {
			b.Skip(err)
		}
		took = append(took, time.Since(began))
	}
	report(b, took)
}

func bench(b *testing.B, cfg python.Config, warm bool) {
	r := python.New(cfg)
	defer r.Close()
	if _, err := r.Available(b.Context()); err != nil {
		b.Skip(err)
	}
	if warm {
		r.Prepare()
	}
	d := python.Definition{Name: "calculate_interest", Code: interest}
	var took []time.Duration
	for b.Loop() {
		r.Settle(warm) // the worker before is gone, and the next one is ready where one is kept
		o, err := r.Run(b.Context(), d, json.RawMessage(`{"principal": 1000, "years": 3}`))
		if err != nil || o.Failure != nil || o.Warm != warm {
			b.Fatal(o, err)
		}
		took = append(took, o.Took)
	}
	report(b, took)
}

// report gives the least and the middle one: what a busy machine adds to the mean says nothing about us.
func report(b *testing.B, took []time.Duration) {
	slices.Sort(took)
	b.ReportMetric(float64(took[0].Microseconds())/1000, "ms-least")
	b.ReportMetric(float64(took[len(took)/2].Microseconds())/1000, "ms-p50")
}
