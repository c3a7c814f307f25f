package voice

import (
	"encoding/xml"
	"errors"
	"io"
	"math"
	"strconv"
	"strings"
	"time"

	"griot/internal/fault"
)

// segment is a stretch of text that is spoken in one way, or a pause.
type segment struct {
	text  string
	rate  float64 // factor
	pitch float64 // semitones
	pause time.Duration
}

const (
	ssmlDepth    = 16
	ssmlSegments = 200
	longestPause = 10 * time.Second
)

// How prosody's words are meant (Speech Synthesis Markup Language 1.1, section 3.2.4); the numbers are ours.
var (
	rates   = map[string]float64{"x-slow": 0.5, "slow": 0.75, "medium": 1, "default": 1, "fast": 1.3, "x-fast": 1.7}
	pitches = map[string]float64{"x-low": -5, "low": -2.5, "medium": 0, "default": 0, "high": 2.5, "x-high": 5}
	pauses  = map[string]time.Duration{"none": 0, "x-weak": 100 * time.Millisecond, "weak": 200 * time.Millisecond, "medium": 400 * time.Millisecond, "strong": 700 * time.Millisecond, "x-strong": 1200 * time.Millisecond}
)

func badSSML(format string, args ...any) error {
	f := fault.New(fault.Invalid, "bad_ssml", "The text is not SSML that can be spoken: "+format+".", args...).At("body.text")
	f.Params = map[string]string{"message": strings.TrimSuffix(strings.TrimPrefix(f.Message, "The text is not SSML that can be spoken: "), ".")}
	return f
}

// parseSSML reads a document. Elements that it does not know are refused: what is not obeyed is not to be believed heard.
func parseSSML(text string) ([]segment, error) {
	if !strings.Contains(text, "<speak") {
		text = "<speak>" + text + "</speak>"
	}
	d := xml.NewDecoder(strings.NewReader(text))
	type level struct {
		rate, pitch float64
		spell       bool
		alias       string
	}
	levels := []level{{rate: 1}}
	var out []segment
	add := func(s segment) error {
		if len(out) == ssmlSegments {
			return badSSML("it has more than %d parts", ssmlSegments)
		}
		out = append(out, s)
		return nil
	}
	say := func(text string, l level) error {
		text = strings.Join(strings.Fields(text), " ")
		if text == "" {
			return nil
		}
		if l.spell {
			text = strings.Join(strings.Split(strings.ReplaceAll(text, " ", ""), ""), ", ")
		}
		if n := len(out); n > 0 && out[n-1].pause == 0 && out[n-1].rate == l.rate && out[n-1].pitch == l.pitch && !l.spell {
			out[n-1].text += " " + text
			return nil
		}
		return add(segment{text: text, rate: min(max(l.rate, 0.5), 2), pitch: min(max(l.pitch, -12), 12)})
	}
	for {
		tok, err := d.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, badSSML("%v", err)
		}
		switch t := tok.(type) {
		case xml.CharData:
			if l := levels[len(levels)-1]; l.alias == "" {
				if err := say(string(t), l); err != nil {
					return nil, err
				}
			}
		case xml.EndElement:
			if t.Name.Local == "p" || t.Name.Local == "s" {
				if err := add(segment{pause: pauses["medium"]}); err != nil {
					return nil, err
				}
			}
			levels = levels[:len(levels)-1]
		case xml.StartElement:
			l := levels[len(levels)-1]
			if len(levels) > ssmlDepth {
				return nil, badSSML("it is nested more than %d deep", ssmlDepth)
			}
			switch t.Name.Local {
			case "speak", "p", "s", "w", "token", "lang", "voice":
			case "break":
				p, err := pauseOf(t)
				if err != nil {
					return nil, err
				}
				if err := add(segment{pause: p}); err != nil {
					return nil, err
				}
			case "prosody":
				if l.rate, l.pitch, err = prosodyOf(t, l.rate, l.pitch); err != nil {
					return nil, err
				}
			case "emphasis":
				l.rate, l.pitch = l.rate*0.9, l.pitch+1
			case "say-as":
				switch as := attr(t, "interpret-as"); as {
				case "characters", "spell-out", "digits", "telephone":
					l.spell = true
				}
			case "sub":
				l.alias = attr(t, "alias")
				if l.alias != "" {
					if err := say(l.alias, level{rate: l.rate, pitch: l.pitch}); err != nil {
						return nil, err
					}
				}
			default:
				return nil, badSSML("the element <%s> is not known here", t.Name.Local)
			}
			levels = append(levels, l)
		}
	}
	return out, nil
}

func attr(e xml.StartElement, name string) string {
	for _, a := range e.Attr {
		if a.Name.Local == name {
			return strings.TrimSpace(a.Value)
		}
	}
	return ""
}

func pauseOf(e xml.StartElement) (time.Duration, error) {
	text := attr(e, "time")
	if text == "" {
		p, ok := pauses[attr(e, "strength")]
		if !ok {
			p = pauses["medium"]
		}
		return max(p, time.Millisecond), nil
	}
	p, err := time.ParseDuration(text)
	if err != nil || p < 0 || p > longestPause {
		return 0, badSSML("the pause %q is not between 0s and %s", text, longestPause)
	}
	return max(p, time.Millisecond), nil
}

// prosodyOf reads the rate (a word, a percentage, or a factor) and the pitch (a word, semitones, or a percentage).
func prosodyOf(e xml.StartElement, rate, pitch float64) (float64, float64, error) {
	if text := attr(e, "rate"); text != "" {
		if r, ok := rates[text]; ok {
			rate *= r
		} else if v, err := strconv.ParseFloat(strings.TrimSuffix(text, "%"), 64); err == nil && !math.IsNaN(v) {
			switch {
			case strings.HasSuffix(text, "%") && (text[0] == '+' || text[0] == '-'):
				rate *= 1 + v/100
			case strings.HasSuffix(text, "%"):
				rate *= v / 100
			default:
				rate *= v
			}
		} else {
			return 0, 0, badSSML("the rate %q is none", text)
		}
	}
	if text := attr(e, "pitch"); text != "" {
		if p, ok := pitches[text]; ok {
			return rate, pitch + p, nil
		}
		v, err := strconv.ParseFloat(strings.TrimSuffix(strings.TrimSuffix(text, "st"), "%"), 64)
		switch {
		case err != nil || math.IsNaN(v) || math.IsInf(v, 0):
			return 0, 0, badSSML("the pitch %q is none", text)
		case strings.HasSuffix(text, "%"):
			pitch += 12 * math.Log2(max(1+v/100, 0.1))
		default:
			pitch += v
		}
	}
	return rate, pitch, nil
}
