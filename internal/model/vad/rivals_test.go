package vad

import (
	"math"
	"runtime"

	"github.com/ebitengine/purego"

	"griot/internal/media"
)

// energyJudge takes every frame for speech that lies snr dB above the noise, which it follows as a minimum over 3 s. Weak frames that
// cross zero as often as hiss are refused.
type energyJudge struct {
	snr    float64
	hiss   bool
	floor  float64
	levels [150]float64
	n      int
}

func (e *energyJudge) judge(f media.Frame) bool {
	db := sampleLevel(f.PCM)
	crossings := 0
	for i := 1; i < len(f.PCM); i++ {
		if (f.PCM[i-1] < 0) != (f.PCM[i] < 0) {
			crossings++
		}
	}
	if e.n == 0 {
		e.floor = db
	}
	e.levels[e.n%len(e.levels)] = db
	e.n++
	lowest := math.Inf(1)
	for _, l := range e.levels[:min(e.n, len(e.levels))] {
		lowest = min(lowest, l)
	}
	rate := 0.02
	if lowest < e.floor {
		rate = 0.3
	}
	e.floor += (lowest - e.floor) * rate
	loud := db > e.floor+e.snr && db > 35
	if e.hiss && loud && float64(crossings) > 0.35*float64(len(f.PCM)) && db < e.floor+e.snr+10 {
		return false
	}
	return loud
}

// sampleLevel is the level in dB over one step of a sample.
func sampleLevel(pcm []int16) float64 {
	sum := 0.0
	for _, s := range pcm {
		sum += float64(s) * float64(s)
	}
	return 10 * math.Log10(sum/float64(len(pcm))+1)
}

// newGate lets through what inner accepts if it also lies 4 dB above the noise and at most 15 dB below the caller's loud frames.
func newGate(inner judge) judge {
	floor := &energyJudge{snr: 4}
	caller := 0.0
	return func(f media.Frame) bool {
		voice, up, db := inner(f), floor.judge(f), sampleLevel(f.PCM)
		if voice && up && db > caller {
			caller += (db - caller) * 0.15
		}
		caller = max(caller-0.01, 40)
		return voice && up && db > caller-15
	}
}

// webrtcJudge is the detector of libwebrtc-audio-processing1 in its strictest mode, or nil where that library is not installed.
func webrtcJudge(rate int) judge {
	lib, err := purego.Dlopen("libwebrtc_audio_processing.so.1", purego.RTLD_NOW)
	if err != nil {
		return nil
	}
	var (
		create  func() uintptr
		start   func(uintptr) int32
		setMode func(uintptr, int32) int32
		process func(uintptr, int32, *int16, uintptr) int32
	)
	purego.RegisterLibFunc(&create, lib, "WebRtcVad_Create")
	purego.RegisterLibFunc(&start, lib, "WebRtcVad_Init")
	purego.RegisterLibFunc(&setMode, lib, "WebRtcVad_set_mode")
	purego.RegisterLibFunc(&process, lib, "WebRtcVad_Process")
	h := create()
	if start(h) != 0 || setMode(h, 3) != 0 {
		return nil
	}
	return func(f media.Frame) bool {
		r := process(h, int32(rate), &f.PCM[0], uintptr(len(f.PCM)))
		runtime.KeepAlive(f.PCM)
		return r == 1
	}
}
