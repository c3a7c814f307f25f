package bench

import (
	"context"
	"fmt"
	"io"
)

// Ramp is what a server did under more and more calls.
type Ramp struct {
	Knee   int      `json:"knee"` // the most calls that were held well; 0 when not even the first number was
	Why    string   `json:"why"`  // what went wrong with the next number; empty when the limit was reached without that
	Levels []Report `json:"levels"`
}

// mostLate is the lateness of the 99th percentile at which callers begin to hear it.
const mostLate = 5.0 // ms

// RunRamp raises the number of calls from step to o.Calls by step, measures each number for o.Time, and stops at the first that is not held well.
func RunRamp(ctx context.Context, o Options, step int) (Ramp, error) {
	b, err := open(ctx, o)
	if err != nil {
		return Ramp{}, err
	}
	defer b.close()
	var r Ramp
	step = max(1, step)
	for calls := min(step, o.Calls); ; calls = min(calls+step, o.Calls) {
		if err := b.grow(ctx, calls); err != nil {
			return r, err
		}
		got, err := b.measure(ctx, o.Time)
		if err != nil {
			return r, err
		}
		got.Calls = calls
		r.Levels = append(r.Levels, got)
		o.progress("%d calls: pacer p99 %.2f ms, response +%.1f ms p95, %.3f %% of a processor a call", calls, got.PacerLate.P99, got.ResponseOver.P95, got.CPUPerCall)
		if r.Why = got.trouble(); r.Why != "" {
			return r, nil
		}
		r.Knee = calls
		if calls == o.Calls {
			return r, nil
		}
	}
}

func (o *Options) progress(format string, args ...any) {
	if o.Progress != nil {
		o.Progress(format, args...)
	}
}

// trouble says why calls were not held well; empty when they were.
func (r Report) trouble() string {
	switch {
	case r.Held < r.Calls:
		return fmt.Sprintf("%d of %d calls could not be held", r.Calls-r.Held, r.Calls)
	case r.PacerLate.P99 > mostLate:
		return fmt.Sprintf("one frame in a hundred was more than %.1f ms late", r.PacerLate.P99)
	case r.Unanswered*100 > r.Answers:
		return fmt.Sprintf("%d turns had no answer", r.Unanswered)
	case r.DroppedFrames > 0:
		return fmt.Sprintf("%d frames were dropped", r.DroppedFrames)
	}
	return ""
}

// Print writes the result for people.
func (r Ramp) Print(w io.Writer) {
	fmt.Fprintf(w, "%6s %6s %9s %9s %9s %9s %9s %8s %9s %8s\n", "calls", "held", "late p50", "late p99", "resp p95", "barge p95", "cpu/call", "kB/call", "gor/call", "load")
	for _, l := range r.Levels {
		fmt.Fprintf(w, "%6d %6d %9.2f %9.2f %9.1f %9.0f %8.3f%% %8.0f %9.1f %8.1f\n", l.Calls, l.Held, l.PacerLate.P50, l.PacerLate.P99, l.ResponseOver.P95,
			l.BargeInStop.P95, l.CPUPerCall, l.MemPerCall, l.GoroutinesPerCall, l.Machine.Load)
	}
	if r.Why == "" {
		fmt.Fprintf(w, "knee: beyond %d calls\n", r.Knee)
		return
	}
	fmt.Fprintf(w, "knee: %d calls (%s)\n", r.Knee, r.Why)
}
