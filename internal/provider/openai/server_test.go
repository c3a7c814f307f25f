package openai

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"mime"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"griot/internal/media"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const testKey = "sk-test-0123456789"

// server is a strict stand-in for the vendor's speech: it refuses what the interface does not allow. What it answers depends on the
// model that a request names. Language models are llmtest's matter.
type server struct {
	t *testing.T
	*httptest.Server

	mu     sync.Mutex // guards what follows
	bodies []string
	forms  []map[string][]string
}

func newServer(t *testing.T) *server {
	t.Helper()
	s := &server{t: t}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /v1/audio/speech", s.speech)
	mux.HandleFunc("POST /v1/audio/transcriptions", s.transcriptions)
	mux.HandleFunc("GET /v1/models", func(w http.ResponseWriter, _ *http.Request) {
		reply(w, 200, `{"object":"list","data":[{"id":"good","object":"model"},{"id":"llama3.2:latest","object":"model"}]}`)
	})
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer "+testKey {
			reply(w, 401, `{"error":{"message":"Incorrect API key provided: sk-te*****6789.","type":"invalid_request_error","param":null,"code":"invalid_api_key"}}`)
			return
		}
		mux.ServeHTTP(w, r)
	}))
	t.Cleanup(s.Close)
	return s
}

// config returns a configuration for this server.
func (s *server) config(model string) Config {
	return Config{APIKey: testKey, BaseURL: s.URL + "/v1", Model: model, TranscriptionModel: model, SpeechModel: model, Voice: "alloy", Timeout: 20 * time.Second}
}

func (s *server) client(model string) *client {
	cl, err := newClient(s.t.Context(), s.config(model))
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { _ = cl.Close() })
	return cl
}

func (s *server) last() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.bodies[len(s.bodies)-1]
}

func (s *server) lastForm() map[string][]string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.forms[len(s.forms)-1]
}

func reply(w http.ResponseWriter, status int, body string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = io.WriteString(w, body)
}

func refuse(w http.ResponseWriter, format string, args ...any) {
	b, _ := json.Marshal(map[string]any{"error": map[string]any{"message": fmt.Sprintf(format, args...), "type": "invalid_request_error", "param": nil, "code": nil}})
	reply(w, 400, string(b))
}

func (s *server) body(w http.ResponseWriter, r *http.Request, into any) bool {
	b, err := io.ReadAll(r.Body)
	if err != nil {
		return false
	}
	s.mu.Lock()
	s.bodies = append(s.bodies, string(b))
	s.mu.Unlock()
	if t, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type")); t != "application/json" {
		refuse(w, "content type %s", t)
		return false
	}
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		refuse(w, "%v", err)
		return false
	}
	return true
}

type speechRequest struct {
	Input          string   `json:"input"`
	Model          string   `json:"model"`
	Voice          string   `json:"voice"`
	ResponseFormat string   `json:"response_format"`
	Speed          *float64 `json:"speed"`
}

// tone is 100 ms of sound for each word of the input.
func tone(input string) []byte {
	n := len(strings.Fields(input)) * speakRate / 10
	b := make([]byte, 2*n)
	for i := range n {
		binary.LittleEndian.PutUint16(b[2*i:], uint16(int16(8000*math.Sin(float64(i)/(8+float64(len(input)%5))))))
	}
	return b
}

func (s *server) speech(w http.ResponseWriter, r *http.Request) {
	var q speechRequest
	if !s.body(w, r, &q) {
		return
	}
	if q.Input == "" || len(q.Input) > 4096 || q.Voice == "" || q.ResponseFormat != "pcm" || q.Speed != nil && (*q.Speed < 0.25 || *q.Speed > 4) {
		refuse(w, "input, voice, response_format or speed")
		return
	}
	if q.Voice != "alloy" && q.Voice != "verse" {
		refuse(w, "no voice %s", q.Voice)
		return
	}
	pcm := tone(q.Input)
	w.Header().Set("Content-Type", "audio/pcm")
	switch q.Model {
	case "good":
		for len(pcm) > 0 { // odd pieces, as networks make them
			n := min(len(pcm), 1777)
			_, _ = w.Write(pcm[:n])
			w.(http.Flusher).Flush()
			pcm = pcm[n:]
		}
	case "cut":
		w.Header().Set("Content-Length", fmt.Sprint(len(pcm)))
		_, _ = w.Write(pcm[:len(pcm)/2])
	case "hang":
		<-r.Context().Done()
	case "hang later":
		_, _ = w.Write(pcm[:4800])
		w.(http.Flusher).Flush()
		<-r.Context().Done()
	case "endless":
		for r.Context().Err() == nil {
			if _, err := w.Write(pcm); err != nil {
				return
			}
		}
	case "mp3":
		w.Header().Set("Content-Type", "audio/mpeg")
		_, _ = w.Write(pcm)
	case "wav":
		w.Header().Set("Content-Type", "application/octet-stream")
		_ = media.WriteWAV(w, media.Mono(speakRate), make([]int16, 4800))
	case "json":
		reply(w, 200, `{"error":"not implemented"}`)
	case "429":
		reply(w, 429, `{"error":{"message":"slow","type":"x","param":null,"code":null}}`)
	default:
		reply(w, 404, `{"error":{"message":"no such model","type":"x","param":null,"code":null}}`)
	}
}

func (s *server) transcriptions(w http.ResponseWriter, r *http.Request) {
	if err := r.ParseMultipartForm(16 << 20); err != nil {
		refuse(w, "%v", err)
		return
	}
	form := r.MultipartForm
	s.mu.Lock()
	s.forms = append(s.forms, form.Value)
	s.mu.Unlock()
	for k := range form.Value {
		switch k {
		case "model", "response_format", "language", "prompt", "keywords[]":
		default:
			refuse(w, "unknown field %s", k)
			return
		}
	}
	if len(form.File["file"]) != 1 || !strings.HasSuffix(form.File["file"][0].Filename, ".wav") || r.FormValue("response_format") != "json" {
		refuse(w, "file or response_format")
		return
	}
	if l := r.FormValue("language"); l != "" && len(l) != 2 {
		refuse(w, "language %s", l)
		return
	}
	f, err := form.File["file"][0].Open()
	if err != nil {
		refuse(w, "%v", err)
		return
	}
	defer f.Close()
	format, pcm, err := media.ReadWAV(f)
	if err != nil || format != media.Mono(hearRate) || format.Duration(len(pcm)) < 100*time.Millisecond {
		refuse(w, "audio: %v %v", format, err)
		return
	}
	switch model := r.FormValue("model"); model {
	case "good", "gpt-transcribe":
		reply(w, 200, fmt.Sprintf(`{"text":" Heard %d ms. ","usage":{"type":"duration","seconds":1}}`, format.Duration(len(pcm)).Milliseconds()))
	case "hang":
		<-r.Context().Done()
	case "cut":
		w.Header().Set("Content-Length", "1000")
		_, _ = io.WriteString(w, `{"text":`)
	case "garbage":
		reply(w, 200, `{"transcript":"x"}`)
	case "html":
		w.Header().Set("Content-Type", "text/html")
		_, _ = io.WriteString(w, "<html></html>")
	case "500":
		reply(w, 500, `{"error":{"message":"oops","type":"server_error","param":null,"code":null}}`)
	default:
		reply(w, 404, `{"error":{"message":"no such model","type":"x","param":null,"code":null}}`)
	}
}
