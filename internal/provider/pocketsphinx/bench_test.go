package pocketsphinx

import (
	"syscall"
	"testing"
	"time"

	"griot/internal/media/mediatest"
	"griot/internal/model/stt"
)

// BenchmarkOpen is the start of a stream with phrases, with a decoder on the shelf and without.
func BenchmarkOpen(b *testing.B) {
	m := newTestModel(b)
	o := stt.Options{Lang: "en", Hints: stt.Hints{Phrases: texts(sentences(b, 40))}}
	for name, kept := range map[string]int{"warm": keptIdle, "cold": 0} {
		b.Run(name, func(b *testing.B) {
			m.grammars.close()
			m.grammars.closed, m.grammars.size = false, kept
			for b.Loop() {
				s, err := m.Open(b.Context(), o)
				if err != nil {
					b.Fatal(err)
				}
				b.StopTimer()
				if err := s.Close(); err != nil {
					b.Fatal(err)
				}
				b.StartTimer()
			}
		})
	}
}

// processor returns the processor time that the process has used.
func processor(b *testing.B) time.Duration {
	var r syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &r); err != nil {
		b.Fatal(err)
	}
	return time.Duration(r.Utime.Nano() + r.Stime.Nano())
}

// BenchmarkUtterance reports, for each way of listening, the processor time in per cent of the audio's length, and the time from Finalize to the Final.
func BenchmarkUtterance(b *testing.B) {
	m := newTestModel(b)
	x := mediatest.Concat(quiet, wide(b, "conf-onlyperson"), quiet)
	for name, h := range map[string]stt.Hints{
		"grammar":        {Phrases: texts(sentences(b, 40))},
		"dictation":      {},
		"second look":    {Phrases: []string{"yes", "no"}, Open: true},
		"refused, known": {Phrases: []string{"yes", "no"}},
	} {
		b.Run(name, func(b *testing.B) {
			s := openTest(b, m, h)
			s.work.Wait()
			hear(b, s, x) // the decoder learns the voice
			var after time.Duration
			n, before := 0, processor(b)
			for b.Loop() {
				sendAll(b, s, x)
				t := time.Now()
				if err := s.Finalize(b.Context()); err != nil {
					b.Fatal(err)
				}
				results(b, s)
				after += time.Since(t)
				n++
			}
			b.ReportMetric(after.Seconds()*1e3/float64(n), "ms-to-final")
			b.ReportMetric((processor(b)-before).Seconds()/float64(n)/(float64(len(x))/rate)*100, "%-of-a-core")
		})
	}
}
