package bench

import (
	"bytes"
	"encoding/base64"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sort"
	"strings"

	"griot/internal/media"
)

// rate is the telephone's: what callers say goes out as µ-law at 8 kHz.
const rate = 8000

// frameSamples is one frame of 20 ms.
const frameSamples = rate / 50

// frame is 20 ms of a caller's sound.
type frame struct {
	ulaw    []byte
	message []byte // the whole WebSocket frame that carries it
}

// clip is something a caller says, ready to be sent.
type clip struct {
	frames []frame
	onset  int // the first frame that is audible
	last   int // the last one
}

// soundFolders are where recorded English prompts of human speakers lie, if their package is installed.
var soundFolders = []string{"/usr/share/asterisk/sounds/en_US_f_Allison", "/usr/share/asterisk/sounds/en"}

const (
	audible    = -42 // dB of full scale; recordings are brought to -23
	spoken     = -23
	longestGap = 14 // frames; a longer pause would end the turn in the middle
	shortest   = 40 // frames from onset to end
	firm       = 75 // frames; only what is as long is said to interrupt: shorter speech may be no interruption
	longest    = 350
	mostClips  = 48
)

// speech is what callers may say.
type speech struct {
	clips []clip
	firm  []clip  // those that are long enough to interrupt
	room  []frame // what the microphone picks up while nobody speaks
	human bool    // recorded, not made up
}

// loadSpeech reads recorded speech, or makes something like it where there is none.
func loadSpeech() speech {
	s := speech{room: encode(noise(rate, -68))}
	for _, dir := range soundFolders {
		for _, pcm := range prompts(dir) {
			s.add(pcm)
			if len(s.clips) == mostClips {
				break
			}
		}
		if len(s.firm) >= 8 {
			s.human = true
			return s
		}
	}
	s.clips, s.firm = nil, nil
	for i := range 12 {
		s.add(syllables(8+i, uint64(i)))
	}
	return s
}

// prompts reads every seventh of the prompts in a folder: they begin alike in the order of their names.
func prompts(dir string) (out [][]int16) {
	names, err := filepath.Glob(filepath.Join(dir, "*.wav"))
	if err != nil {
		return nil
	}
	sort.Strings(names)
	for start := range 7 {
		for i := start; i < len(names); i += 7 {
			if strings.Contains(names[i], "beep") || strings.Contains(names[i], "tone") {
				continue
			}
			b, err := os.ReadFile(names[i])
			if err != nil {
				continue
			}
			if f, pcm, err := media.ReadWAV(bytes.NewReader(b)); err == nil && f == media.Mono(rate) {
				out = append(out, pcm)
			}
		}
	}
	return out
}

// add takes a recording that can be one turn of a caller: loud enough, of a fitting length and without long pauses.
func (s *speech) add(pcm []int16) {
	pcm = level(pcm)
	first, last, gap := -1, -1, 0
	for i := 0; i+frameSamples <= len(pcm); i += frameSamples {
		if media.Level(pcm[i:i+frameSamples]) < audible {
			continue
		}
		n := i / frameSamples
		if first < 0 {
			first = n
		} else {
			gap = max(gap, n-last)
		}
		last = n
	}
	if first < 0 || gap > longestGap || last-first < shortest || last-first > longest {
		return
	}
	from := max(0, first-2)
	c := clip{frames: encode(pcm[from*frameSamples : min(len(pcm)/frameSamples, last+6)*frameSamples]), onset: first - from, last: last - from}
	s.clips = append(s.clips, c)
	if last-first >= firm {
		s.firm = append(s.firm, c)
	}
}

// level brings the loud parts of a recording to the usual level.
func level(pcm []int16) []int16 {
	sum, n := 0.0, 0
	for i := 0; i+frameSamples <= len(pcm); i += frameSamples {
		if l := media.Level(pcm[i : i+frameSamples]); l > -45 {
			sum += math.Pow(10, float64(l)/10)
			n++
		}
	}
	if n == 0 {
		return pcm
	}
	gain := math.Pow(10, spoken/20.0) / math.Sqrt(sum/float64(n))
	out := make([]int16, len(pcm))
	for i, v := range pcm {
		out[i] = int16(min(max(float64(v)*gain, math.MinInt16), math.MaxInt16))
	}
	return out
}

// syllables makes a sound that rises and falls like so many syllables: harmonics of a gliding voice, shaped by two resonances.
func syllables(n int, seed uint64) []int16 {
	rnd := rand.New(rand.NewPCG(seed, 7))
	var out []int16
	phase := 0.0
	for range n {
		length := rate * (140 + rnd.IntN(80)) / 1000
		pitch, f1, f2 := 110+60*rnd.Float64(), 350+400*rnd.Float64(), 1000+900*rnd.Float64()
		var loud []float64 // of each harmonic
		for k := 1.0; k*pitch < 3400; k++ {
			loud = append(loud, 1/(1+math.Pow((k*pitch-f1)/120, 2))+0.5/(1+math.Pow((k*pitch-f2)/180, 2))+0.02)
		}
		for i := range length {
			part := float64(i) / float64(length)
			phase += (pitch - 20*part) / rate
			v := 0.0
			for k, a := range loud {
				v += a * math.Sin(2*math.Pi*float64(k+1)*phase)
			}
			out = append(out, int16(3000*v*math.Sin(math.Pi*part)))
		}
		out = append(out, noise(rate*(20+rnd.IntN(40))/1000, -60)...)
	}
	return out
}

// noise is n samples of white noise at that level in dB.
func noise(n int, db float64) []int16 {
	rnd := rand.New(rand.NewPCG(1, uint64(n)))
	out := make([]int16, n)
	amplitude := 32768 * math.Pow(10, db/20) * math.Sqrt(3)
	for i := range out {
		out[i] = int16(amplitude * (2*rnd.Float64() - 1))
	}
	return out
}

// encode makes the messages that carry the sound: what is left over after the last whole frame is dropped.
func encode(pcm []int16) (out []frame) {
	for len(pcm) >= frameSamples {
		f := frame{ulaw: media.EncodeULaw(nil, pcm[:frameSamples])}
		var text []byte
		text = append(text, `{"type":"input_audio_buffer.append","audio":"`...)
		text = base64.StdEncoding.AppendEncode(text, f.ulaw)
		text = append(text, `"}`...)
		f.message = message(opText, text)
		out = append(out, f)
		pcm = pcm[frameSamples:]
	}
	return out
}

// sounds reports whether µ-law sound is one that a listener would notice.
func sounds(ulaw []byte) bool {
	for _, c := range ulaw {
		if ^c&0x7f >= quietest {
			return true
		}
	}
	return false
}

// quietest is the magnitude in µ-law, without its sign and inverted, of about 200 of 32768: -44 dB.
const quietest = 0x12

const frameTime = media.FrameTime
