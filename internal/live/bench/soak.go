package bench

import (
	"context"
	"fmt"
	"io"
	"strings"
	"time"
)

// Soak is what became of a server under a steady load, with calls ending and others beginning all the time.
type Soak struct {
	Report
	Turnover int          `json:"turnover"` // calls that ended and were replaced
	Samples  []SoakSample `json:"samples"`
	// What the server had before the first call, and what it has after the last.
	Before   SoakSample `json:"before"`
	After    SoakSample `json:"after"`
	Findings []Finding  `json:"findings"`
	Leaks    bool       `json:"leaks"`
}

// SoakSample is the server at one moment, in seconds since the start.
type SoakSample struct {
	At         float64 `json:"at_s"`
	RSS        int64   `json:"rss_kb"`
	Heap       int64   `json:"heap_kb"`
	Goroutines int     `json:"goroutines"`
	Files      int     `json:"files"`
}

// Finding is the verdict on one of the resources.
type Finding struct {
	What    string  `json:"what"`
	PerHour float64 `json:"per_hour"`   // slope of the straight line through the samples, without the first quarter
	Growth  float64 `json:"growth_pct"` // of that line over these samples
	Left    int64   `json:"left"`       // more than before the first call, after the last one
	Leaks   bool    `json:"leaks"`
}

// life is how long a call of a soak lasts.
const life = time.Minute

// RunSoak holds o.Calls calls for o.Time, each for a minute at most, and looks for what only ever grows.
func RunSoak(ctx context.Context, o Options) (Soak, error) {
	b, err := open(ctx, o)
	if err != nil {
		return Soak{}, err
	}
	open := true
	defer func() {
		if open {
			b.close()
		}
	}()
	start := time.Now()
	s := Soak{Before: sampleOf(b.idle, start)}
	s.Before.At = 0
	if err := b.grow(ctx, o.Calls); err != nil {
		return s, err
	}
	over := make(chan error, 1)
	watching, stop := context.WithCancel(ctx)
	go func() { over <- s.watch(watching, b, start, o.Time) }()
	s.Report, err = b.measure(ctx, o.Time)
	stop()
	if werr := <-over; err == nil && ctx.Err() == nil {
		err = werr
	}
	if err != nil {
		return s, err
	}
	open = false
	b.close()
	if s.After, err = b.after(ctx, start); err != nil {
		return s, err
	}
	s.judge()
	return s, nil
}

func sampleOf(st Stats, start time.Time) SoakSample {
	return SoakSample{At: round(st.At.Sub(start).Seconds(), 1), RSS: st.RSS, Heap: st.Heap, Goroutines: st.Goroutines, Files: st.Files}
}

// watch replaces the oldest call by a new one again and again, and takes samples.
func (s *Soak) watch(ctx context.Context, b *bench, start time.Time, d time.Duration) error {
	replace := time.NewTicker(max(life/time.Duration(b.Calls), 10*time.Millisecond))
	defer replace.Stop()
	look := time.NewTicker(max(d/200, 250*time.Millisecond))
	defer look.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-replace.C:
			b.shrink(b.Calls - 1)
			b.begin(ctx)
			s.Turnover++
		case <-look.C:
			st, err := b.stats(ctx, "?files")
			if ctx.Err() != nil {
				return nil
			}
			if err != nil {
				return err
			}
			s.Samples = append(s.Samples, sampleOf(st, start))
		}
	}
}

// after waits for the server to be as it was before the first call, and gives up after half a minute.
func (b *bench) after(ctx context.Context, start time.Time) (SoakSample, error) {
	for n := 0; ; n++ {
		st, err := b.stats(ctx, "?gc&files")
		if err != nil {
			return SoakSample{}, err
		}
		if n == 30 || st.Goroutines <= b.idle.Goroutines+spare && st.Files <= b.idle.Files+spare {
			return sampleOf(st, start), nil
		}
		if err := sleep(ctx, time.Second); err != nil {
			return SoakSample{}, err
		}
	}
}

const (
	spare      = 8  // goroutines and files that may be left over: idle connections, for example
	mostGrowth = 10 // percent
	// The heap keeps what it needed once; after the last call it may have so much more than before, in kB and per call that there was at once.
	keptAlways, keptPerCall = 48 << 10, 128
)

func (s *Soak) judge() {
	steady := s.Samples[len(s.Samples)/4:]
	find := func(what string, left, may int64, get func(SoakSample) float64) {
		f := Finding{What: what, Left: left}
		slope, from, to := line(steady, get)
		f.PerHour = round(slope*3600, 1)
		if from > 0 {
			f.Growth = round(100*(to-from)/from, 1)
		}
		// A line that rises while nothing is left over is a load that rose.
		f.Leaks = left > may && (f.Growth > mostGrowth || what != "memory, kB")
		s.Leaks = s.Leaks || f.Leaks
		s.Findings = append(s.Findings, f)
	}
	find("memory, kB", s.After.RSS-s.Before.RSS, keptAlways+keptPerCall*int64(s.Calls), func(p SoakSample) float64 { return float64(p.RSS) })
	find("goroutines", int64(s.After.Goroutines-s.Before.Goroutines), spare, func(p SoakSample) float64 { return float64(p.Goroutines) })
	find("files", int64(s.After.Files-s.Before.Files), spare, func(p SoakSample) float64 { return float64(p.Files) })
}

// line fits a straight line: its slope by the second, and its value at the first and the last sample.
func line(ps []SoakSample, get func(SoakSample) float64) (slope, from, to float64) {
	if len(ps) == 0 {
		return 0, 0, 0
	}
	var n, x, y, xx, xy float64
	for _, p := range ps {
		v := get(p)
		n, x, y, xx, xy = n+1, x+p.At, y+v, xx+p.At*p.At, xy+p.At*v
	}
	if d := n*xx - x*x; d > 0 {
		slope = (n*xy - x*y) / d
	}
	base := (y - slope*x) / n
	return slope, base + slope*ps[0].At, base + slope*ps[len(ps)-1].At
}

// Print writes the result for people.
func (s *Soak) Print(w io.Writer) {
	s.Report.Print(w)
	fmt.Fprintf(w, "%-24s %d\n", "calls replaced", s.Turnover)
	for _, f := range s.Findings {
		verdict := "no leak"
		if f.Leaks {
			verdict = "LEAK"
		}
		fmt.Fprintf(w, "%-24s %s: %+.0f an hour, %+.1f %% over the samples, %+d left after the last call\n", strings.TrimSuffix(f.What, ", kB"), verdict, f.PerHour, f.Growth, f.Left)
	}
}
