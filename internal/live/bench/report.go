package bench

import (
	"fmt"
	"io"
	"maps"
	"os"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"

	"griot/internal/live/load"
)

// Report is what was measured with one number of calls. Times are in milliseconds.
type Report struct {
	Transport string  `json:"transport"`
	Calls     int     `json:"calls"` // asked for
	Held      int     `json:"held"`  // still there at the end
	Seconds   float64 `json:"seconds"`

	// How late the server wrote a frame after it was due.
	PacerLate Late `json:"pacer_late_ms"`
	// From when a turn had ended to the first sound of the answer, less what the models were said to take.
	ResponseOver Spread `json:"response_over_ms"`
	// From the caller's last sound to the answer's first: endpointing, models and the above.
	Response Spread `json:"response_ms"`
	// From the caller's first sound to the agent's last one on the wire.
	BargeInStop Spread `json:"barge_in_stop_ms"`
	// And to the agent's last one at the caller's ear, on a client that plays what it has until it is told that speech has started.
	BargeInEar Spread `json:"barge_in_ear_ms"`

	// From when a call was answered, on SIP from its ACK, to the agent's first sound; only where that is measured.
	FirstAudio Spread `json:"first_audio_ms,omitzero"`

	Answers       int `json:"answers"`
	Unanswered    int `json:"unanswered"`
	Interruptions int `json:"interruptions"`

	CPUPerCall        float64 `json:"cpu_per_call_pct"` // of one processor
	MemPerCall        float64 `json:"mem_per_call_kb"`  // resident, beyond the idle server
	GoroutinesPerCall float64 `json:"goroutines_per_call"`
	DroppedFrames     int64   `json:"dropped_frames"`

	Server Usage `json:"server"`
	// How late the callers were themselves: a machine on which they are late cannot tell how good the server is.
	CallerLate Late           `json:"caller_late_ms"`
	Speech     string         `json:"speech"` // "recorded" or "synthetic"
	Errors     map[string]int `json:"errors,omitempty"`
	Machine    Machine        `json:"machine"`
}

// Late is how late frames were.
type Late struct {
	P50 float64 `json:"p50"`
	P99 float64 `json:"p99"`
	Max float64 `json:"max"`
	N   int64   `json:"n"`
}

// Spread of measurements.
type Spread struct {
	P50 float64 `json:"p50"`
	P95 float64 `json:"p95"`
	Max float64 `json:"max"`
	N   int     `json:"n"`
}

// Usage of the server's process.
type Usage struct {
	CPU            float64 `json:"cpu_pct"` // of one processor
	GCs            float64 `json:"gcs_per_s"`
	GCShare        float64 `json:"gc_cpu_pct"` // of one processor
	RSS            int64   `json:"rss_kb"`     // median
	IdleRSS        int64   `json:"idle_rss_kb"`
	Heap           int64   `json:"heap_kb"`
	Stacks         int64   `json:"stacks_kb"`
	Goroutines     int     `json:"goroutines"`
	IdleGoroutines int     `json:"idle_goroutines"`
}

// Machine on which the bench ran.
type Machine struct {
	CPUs int     `json:"cpus"`
	Load float64 `json:"load_1m"` // processes that wanted to run, over the last minute; 0 where the system does not tell
	Go   string  `json:"go"`
}

func (b *bench) report(first Stats, samples []Stats, callers []load.Bucket) Report {
	got := b.tally.take()
	last := samples[len(samples)-1]
	wall := last.At.Sub(first.At)
	calls := float64(max(1, b.held()))
	percent := func(d time.Duration) float64 { return 100 * float64(d) / float64(wall) }
	r := Report{
		Transport: b.Transport, Calls: b.Calls, Held: b.held(), Seconds: round(wall.Seconds(), 1),
		PacerLate:    lateOf(load.Between(first.Late, last.Late)),
		ResponseOver: spread(got.over), Response: spread(got.total), BargeInStop: spread(got.stop), BargeInEar: spread(got.ear), FirstAudio: spread(got.first),
		Answers: len(got.over), Unanswered: got.silent, Interruptions: len(got.stop),
		DroppedFrames: last.Dropped - first.Dropped, CallerLate: lateOf(callers), Speech: "synthetic", Errors: got.errors,
		Server: Usage{CPU: round(percent(last.CPU-first.CPU), 1), GCs: round(float64(last.GCs-first.GCs)/wall.Seconds(), 2), GCShare: round(100*(last.GCCPU-first.GCCPU)/wall.Seconds(), 1),
			RSS: median(samples, func(s Stats) int64 { return s.RSS }), IdleRSS: b.idle.RSS,
			Heap: median(samples, func(s Stats) int64 { return s.Heap }), Stacks: median(samples, func(s Stats) int64 { return s.Stacks }),
			Goroutines: int(median(samples, func(s Stats) int64 { return int64(s.Goroutines) })), IdleGoroutines: b.idle.Goroutines},
		Machine: Machine{CPUs: cpus(), Load: loadAverage(), Go: runtime.Version()},
	}
	if b.say.human {
		r.Speech = "recorded"
	}
	r.CPUPerCall = round(percent(last.CPU-first.CPU)/calls, 3)
	r.MemPerCall = round(float64(r.Server.RSS-b.idle.RSS)/calls, 1)
	r.GoroutinesPerCall = round(float64(r.Server.Goroutines-b.idle.Goroutines)/calls, 2)
	return r
}

func median(samples []Stats, f func(Stats) int64) int64 {
	vs := make([]int64, len(samples))
	for i, s := range samples {
		vs[i] = f(s)
	}
	slices.Sort(vs)
	return vs[len(vs)/2]
}

func lateOf(bs []load.Bucket) (l Late) {
	for _, b := range bs {
		l.N += b.N
	}
	l.P50, l.P99, l.Max = ms(load.Quantile(bs, 0.5)), ms(load.Quantile(bs, 0.99)), ms(load.Quantile(bs, 1))
	return l
}

func spread(ds []time.Duration) Spread {
	return Spread{P50: quantile(ds, 0.5), P95: quantile(ds, 0.95), Max: quantile(ds, 1), N: len(ds)}
}

// loadAverage is the system's, of the last minute.
func loadAverage() float64 {
	b, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return 0
	}
	first, _, _ := strings.Cut(string(b), " ")
	v, _ := strconv.ParseFloat(first, 64)
	return v
}

// Print writes the report for people.
func (r Report) Print(w io.Writer) {
	line := func(name, format string, args ...any) {
		fmt.Fprintf(w, "%-24s "+format+"\n", append([]any{name}, args...)...)
	}
	line("calls held", "%d of %d for %.0f s over %s (%s speech)", r.Held, r.Calls, r.Seconds, r.Transport, r.Speech)
	line("pacer late", "p50 %.2f  p99 %.2f  max %.2f ms", r.PacerLate.P50, r.PacerLate.P99, r.PacerLate.Max)
	line("response", "p50 %.0f  p95 %.0f ms from the last sound; beyond endpointing and models p50 %.1f  p95 %.1f ms  (%d answers, %d missing)",
		r.Response.P50, r.Response.P95, r.ResponseOver.P50, r.ResponseOver.P95, r.Answers, r.Unanswered)
	line("barge-in to silence", "p50 %.0f  p95 %.0f ms on the wire; p50 %.0f  p95 %.0f ms at the ear  (%d)",
		r.BargeInStop.P50, r.BargeInStop.P95, r.BargeInEar.P50, r.BargeInEar.P95, r.Interruptions)
	if r.FirstAudio.N > 0 {
		line("first sound", "p50 %.0f  p95 %.0f  max %.0f ms after the call was answered  (%d calls)", r.FirstAudio.P50, r.FirstAudio.P95, r.FirstAudio.Max, r.FirstAudio.N)
	}
	line("a call costs", "%.3f %% of a processor, %.0f kB, %.1f goroutines", r.CPUPerCall, r.MemPerCall, r.GoroutinesPerCall)
	line("server", "%.0f %% of a processor (%.1f %% for collecting garbage, %.1f times a second), %d kB resident, %d kB idle", r.Server.CPU, r.Server.GCShare, r.Server.GCs, r.Server.RSS, r.Server.IdleRSS)
	line("frames dropped", "%d", r.DroppedFrames)
	line("callers late", "p50 %.2f  p99 %.2f  max %.2f ms", r.CallerLate.P50, r.CallerLate.P99, r.CallerLate.Max)
	line("machine", "%d processors, load %.1f, %s", r.Machine.CPUs, r.Machine.Load, r.Machine.Go)
	for _, e := range slices.Sorted(maps.Keys(r.Errors)) {
		line("error", "%d × %s", r.Errors[e], e)
	}
}
