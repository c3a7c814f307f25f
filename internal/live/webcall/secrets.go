package webcall

import (
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"slices"
	"time"

	"griot/internal/fault"
	"griot/internal/live/transport/ws"
	wire "griot/internal/realtime"
)

// How long a client secret is valid, in seconds: the least, the most, what applies when nothing is said, and the beta's.
const (
	leastLife   = 10
	mostLife    = 7200
	defaultLife = 600
	betaLife    = 60
)

// mint makes a client secret with the session that it stands for.
func (h *Handler) mint(w http.ResponseWriter, r *http.Request) error {
	r.Body = http.MaxBytesReader(w, r.Body, maxBody)
	var body struct {
		ExpiresAfter *struct {
			Anchor  string `json:"anchor"`
			Seconds *int   `json:"seconds"`
		} `json:"expires_after"`
		Session json.RawMessage `json:"session"`
	}
	if err := readJSON(r, &body); err != nil {
		return err
	}
	life := defaultLife
	if e := body.ExpiresAfter; e != nil {
		if e.Anchor != "" && e.Anchor != "created_at" {
			return invalid("expires_after.anchor", "Invalid value: '%s'. Supported values are: 'created_at'.", e.Anchor)
		}
		if e.Seconds != nil {
			life = *e.Seconds
		}
		if life < leastLife || life > mostLife {
			return invalid("expires_after.seconds", "Invalid value: %d. It must be from %d to %d.", life, leastLife, mostLife)
		}
	}
	if len(body.Session) == 0 || string(body.Session) == "null" {
		body.Session = json.RawMessage(`{}`)
	}
	value, expires, session, err := h.secret(r, body.Session, time.Duration(life)*time.Second)
	if err != nil {
		return err
	}
	return answer(w, map[string]any{"value": value, "expires_at": expires.Unix(), "session": session})
}

// secret mints a client secret for a session.
func (h *Handler) secret(r *http.Request, raw []byte, life time.Duration) (value string, expires time.Time, s wire.Session, err error) {
	if key, _ := ws.Credentials(r); h.isSecret(key) {
		return "", expires, s, fault.New(fault.Denied, "secret_cannot_mint", "A client secret cannot make others: use the server's key.")
	}
	p, err := wire.DecodeSession(raw)
	if err != nil {
		return "", expires, s, err
	}
	// What can be said without its agent; the rest is when it is used.
	without := p
	without.Model.Set = false
	if s, err = wire.DefaultSession().Apply(without, false); err != nil {
		return "", expires, s, err
	}
	value, expires, err = h.Server.Secrets.Mint(p.Model.Value, []wire.SessionPatch{p}, life)
	if err != nil {
		return "", expires, s, err
	}
	var id [8]byte
	_, _ = rand.Read(id[:]) // it never fails
	s.ID, s.Model = "sess_"+hex.EncodeToString(id[:]), h.Server.Offers(p.Model.Value)
	return value, expires, s, nil
}

func (h *Handler) isSecret(key string) bool {
	_, ok := h.Server.Secrets.Find(key)
	return ok
}

func invalid(param, format string, args ...any) error {
	return fault.New(fault.Invalid, wire.CodeInvalidValue, format, args...).At(param)
}

// mintBeta makes a client secret as the protocol's beta did: the body is the session in its old spelling, and so is the answer.
func (h *Handler) mintBeta(w http.ResponseWriter, r *http.Request) error {
	r.Body = http.MaxBytesReader(w, r.Body, maxBody)
	old := map[string]json.RawMessage{}
	if err := readJSON(r, &old); err != nil {
		return err
	}
	ga, err := json.Marshal(fromBeta(old))
	if err != nil {
		return fault.Wrap(err, fault.Invalid, wire.CodeInvalidValue, "the session cannot be read").At("session")
	}
	value, expires, s, err := h.secret(r, ga, betaLife*time.Second)
	if err != nil {
		return err
	}
	shown := map[string]any{"id": s.ID, "object": s.Object, "model": s.Model, "instructions": s.Instructions, "voice": s.Audio.Output.Voice, "modalities": []string{"audio", "text"},
		"turn_detection": s.Audio.Input.TurnDetection, "input_audio_transcription": s.Audio.Input.Transcription, "tools": s.Tools, "tool_choice": s.ToolChoice,
		"max_response_output_tokens": s.MaxOutputTokens, "speed": s.Audio.Output.Speed, "input_audio_format": betaFormat(s.Audio.Input.Format), "output_audio_format": betaFormat(s.Audio.Output.Format),
		"client_secret": map[string]any{"value": value, "expires_at": expires.Unix()}}
	if slices.Equal(s.OutputModalities, []string{wire.ModalityText}) {
		shown["modalities"] = []string{"text"}
	}
	return answer(w, shown)
}

// betaFormats are the old names of the audio formats.
var betaFormats = map[string]string{"pcm16": wire.TypePCM, "g711_ulaw": wire.TypePCMU, "g711_alaw": wire.TypePCMA}

func betaFormat(f wire.AudioFormat) string {
	for old, name := range betaFormats {
		if name == f.Type {
			return old
		}
	}
	return f.Type
}

// fromBeta moves the beta's fields to where they are now. Those that are no more are left out, as the beta tolerates what it does not know.
func fromBeta(old map[string]json.RawMessage) map[string]any {
	input, output := map[string]any{}, map[string]any{}
	s := map[string]any{"type": wire.SessionRealtime}
	for name, v := range old {
		switch name {
		case "model", "instructions", "tools", "tool_choice", "tracing", "prompt":
			s[name] = v
		case "max_response_output_tokens":
			s["max_output_tokens"] = v
		case "modalities":
			var list []string
			if json.Unmarshal(v, &list) == nil {
				s["output_modalities"] = []string{wire.ModalityAudio}
				if !slices.Contains(list, "audio") {
					s["output_modalities"] = []string{wire.ModalityText}
				}
			}
		case "voice", "speed":
			output[name] = v
		case "turn_detection":
			input[name] = v
		case "input_audio_transcription":
			input["transcription"] = v
		case "input_audio_noise_reduction":
			input["noise_reduction"] = v
		case "input_audio_format", "output_audio_format":
			var f string
			if json.Unmarshal(v, &f) == nil && betaFormats[f] != "" {
				side := input
				if name == "output_audio_format" {
					side = output
				}
				side["format"] = map[string]string{"type": betaFormats[f]}
			}
		}
	}
	audio := map[string]any{}
	if len(input) > 0 {
		audio["input"] = input
	}
	if len(output) > 0 {
		audio["output"] = output
	}
	if len(audio) > 0 {
		s["audio"] = audio
	}
	return s
}
