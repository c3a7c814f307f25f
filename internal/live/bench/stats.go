package bench

import (
	"encoding/json"
	"net/http"
	"net/http/pprof"
	"os"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"strconv"
	"strings"
	"syscall"
	"time"

	"griot/internal/live/load"
)

// Stats is what a server tells about itself at one moment. Counts are since its start.
type Stats struct {
	At         time.Time        `json:"at"`
	CPU        time.Duration    `json:"cpu_ns"` // user and system time of the process
	RSS        int64            `json:"rss_kb"` // 0 where the system does not tell
	Heap       int64            `json:"heap_kb"`
	Stacks     int64            `json:"stacks_kb"`
	GCs        uint64           `json:"gcs"`
	GCCPU      float64          `json:"gc_cpu_s"`
	Goroutines int              `json:"goroutines"`
	Files      int              `json:"files,omitempty"` // open ones; only when asked for
	Dropped    int64            `json:"dropped_frames"`
	Late       []load.Bucket    `json:"late"`
	Repairs    map[string]int64 `json:"repairs,omitempty"` // by "owner: action", see event.Repaired
}

// Handler answers GET /debug/bench with Stats, and /debug/pprof with profiles. With ?gc=1 the memory that is free is given back first, with
// ?files=1 the open files are counted.
func Handler(m *load.Meter) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /debug/bench", func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Query().Has("gc") {
			debug.FreeOSMemory()
		}
		s := Read(m)
		if r.URL.Query().Has("files") {
			s.Files = openFiles()
		}
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(s) // a client that has gone does not want it any more
	})
	mux.HandleFunc("GET /debug/pprof/", pprof.Index)
	mux.HandleFunc("GET /debug/pprof/profile", pprof.Profile)
	mux.HandleFunc("GET /debug/pprof/trace", pprof.Trace)
	return mux
}

// Read looks at this process. It does not stop the world.
func Read(m *load.Meter) Stats {
	samples := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}, {Name: "/memory/classes/heap/stacks:bytes"}, {Name: "/gc/cycles/total:gc-cycles"},
		{Name: "/cpu/classes/gc/total:cpu-seconds"}}
	metrics.Read(samples)
	var u syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &u) // fails for a wrong argument only
	return Stats{
		At: time.Now(), CPU: time.Duration(u.Utime.Nano() + u.Stime.Nano()), RSS: rss(), Goroutines: runtime.NumGoroutine(),
		Heap: int64(samples[0].Value.Uint64() >> 10), Stacks: int64(samples[1].Value.Uint64() >> 10), GCs: samples[2].Value.Uint64(), GCCPU: samples[3].Value.Float64(),
		Dropped: m.Dropped(), Late: m.Lateness(), Repairs: m.Repairs(),
	}
}

// rss returns the memory that the process occupies, in kB.
func rss() int64 {
	b, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		return 0
	}
	f := strings.Fields(string(b))
	if len(f) < 2 {
		return 0
	}
	pages, _ := strconv.ParseInt(f[1], 10, 64)
	return pages * int64(os.Getpagesize()) >> 10
}

func openFiles() int {
	es, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		return 0
	}
	return len(es)
}
