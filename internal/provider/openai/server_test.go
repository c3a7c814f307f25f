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
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"griot/internal/media"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const testKey = "sk-test-0123456789"

// server is a strict stand-in for the vendor: it refuses what the interface does not allow. What it answers depends on the
// model that a request names.
type server struct {
	t *testing.T
	*httptest.Server
	chat map[string]func(w http.ResponseWriter, r *http.Request, q chatRequest)

	mu     sync.Mutex // guards what follows
	bodies []string
	forms  []map[string][]string
}

func newServer(t *testing.T) *server {
	t.Helper()
	s := &server{t: t, chat: chatAnswers}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /v1/chat/completions", s.chatCompletions)
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
	cl, err := newClient(s.config(model))
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

var toolName = regexp.MustCompile(`^[a-zA-Z0-9_-]{1,64}$`)

func (s *server) chatCompletions(w http.ResponseWriter, r *http.Request) {
	var q chatRequest
	if !s.body(w, r, &q) {
		return
	}
	if why := wrong(q); why != "" {
		refuse(w, "%s", why)
		return
	}
	f := s.chat[q.Model]
	if f == nil {
		reply(w, 404, `{"error":{"message":"The model does not exist","type":"invalid_request_error","param":null,"code":"model_not_found"}}`)
		return
	}
	f(w, r, q)
}

// wrong says what the interface would not accept.
func wrong(q chatRequest) string {
	if q.Model == "" || len(q.Messages) == 0 || !q.Stream {
		return "model, messages and stream are needed"
	}
	open := map[string]bool{}
	for i, m := range q.Messages {
		if m.Role != "tool" && len(open) > 0 {
			return fmt.Sprintf("messages[%d]: calls %v have no answer", i, open)
		}
		switch m.Role {
		case "system", "user":
			if m.Content == nil || len(m.ToolCalls) > 0 {
				return fmt.Sprintf("messages[%d]: content is needed", i)
			}
		case "assistant":
			if m.Content == nil && len(m.ToolCalls) == 0 {
				return fmt.Sprintf("messages[%d]: content or tool_calls are needed", i)
			}
			for _, c := range m.ToolCalls {
				if c.ID == "" || c.Type != "function" || c.Function.Name == "" {
					return fmt.Sprintf("messages[%d]: a call is not complete", i)
				}
				open[c.ID] = true
			}
		case "tool":
			if !open[m.ToolCallID] || m.Content == nil {
				return fmt.Sprintf("messages[%d]: answers no call", i)
			}
			delete(open, m.ToolCallID)
		default:
			return fmt.Sprintf("messages[%d]: role %q", i, m.Role)
		}
	}
	if len(open) > 0 {
		return "calls without answer"
	}
	for _, t := range q.Tools {
		var schema map[string]any
		if t.Type != "function" || !toolName.MatchString(t.Function.Name) || json.Unmarshal(t.Function.Parameters, &schema) != nil || schema["type"] != "object" {
			return "a tool is malformed"
		}
	}
	if q.ToolChoice != nil && len(q.Tools) == 0 {
		return "tool_choice without tools"
	}
	return ""
}

// stream starts an answer of events and returns what sends one.
func stream(w http.ResponseWriter) func(lines ...string) {
	w.Header().Set("Content-Type", "text/event-stream; charset=utf-8")
	w.WriteHeader(200)
	return func(lines ...string) {
		for _, l := range lines {
			_, _ = io.WriteString(w, "data: "+l+"\n\n")
			w.(http.Flusher).Flush()
		}
	}
}

func delta(d string) string {
	return `{"id":"c1","object":"chat.completion.chunk","created":1,"model":"m","choices":[{"index":0,"delta":` + d + `,"finish_reason":null}],"usage":null,"obfuscation":"xyz"}`
}

func content(text string) string {
	b, _ := json.Marshal(text)
	return delta(`{"content":` + string(b) + `}`)
}

func finish(reason string) string {
	return `{"id":"c1","object":"chat.completion.chunk","created":1,"model":"m","choices":[{"index":0,"delta":{},"finish_reason":"` + reason + `"}],"usage":null}`
}

const (
	role    = `{"id":"c1","object":"chat.completion.chunk","created":1,"model":"m","choices":[{"index":0,"delta":{"role":"assistant","content":"","refusal":null},"finish_reason":null}],"usage":null}`
	counted = `{"id":"c1","object":"chat.completion.chunk","created":1,"model":"m","choices":[],"usage":{"prompt_tokens":20,"completion_tokens":5,"total_tokens":25,"prompt_tokens_details":{"cached_tokens":16,"audio_tokens":0},"completion_tokens_details":{"reasoning_tokens":0}}}`
	done    = "[DONE]"
)

// chatAnswers are the ways in which a server can answer.
var chatAnswers = map[string]func(w http.ResponseWriter, r *http.Request, q chatRequest){
	"good": func(w http.ResponseWriter, _ *http.Request, q chatRequest) {
		send := stream(w)
		if len(q.Tools) > 0 && q.Messages[len(q.Messages)-1].Role == "user" {
			send(role, content("One moment."),
				delta(`{"tool_calls":[{"index":0,"id":"call_a","type":"function","function":{"name":"hours","arguments":""}}]}`),
				delta(`{"tool_calls":[{"index":1,"id":"call_b","type":"function","function":{"name":"place","arguments":""}}]}`),
				delta(`{"tool_calls":[{"index":0,"function":{"arguments":"{\"day\":"}}]}`),
				delta(`{"tool_calls":[{"index":1,"function":{"arguments":"{"}},{"index":0,"function":{"arguments":"\"sunday\"}"}}]}`),
				delta(`{"tool_calls":[{"index":1,"function":{"arguments":"}"}}]}`),
				finish("tool_calls"), counted, done)
			return
		}
		send(role, content("Good"), content(" morning"), content("."), finish("stop"), counted, done)
	},
	"lax": func(w http.ResponseWriter, _ *http.Request, _ chatRequest) { // what local servers do
		w.Header().Set("Content-Type", "text/event-stream")
		_, _ = io.WriteString(w, ": loading\r\n\r\n:\r\ndata:"+delta(`{"role":"assistant","content":null,"reasoning_content":"Hmm."}`)+"\r\n\r\n")
		_, _ = io.WriteString(w, `data: {"choices":[{"delta":{"content":"Hm."}}],"error":null}`+"\n\n")
		_, _ = io.WriteString(w, `data: {"choices":[{"delta":{"tool_calls":[{"function":{"name":"hours","arguments":{"day":"sunday"}}}]}}]}`+"\n\n")
		_, _ = io.WriteString(w, `data: {"choices":[{"delta":{"tool_calls":[{"function":{"name":"place","arguments":null}}]}}]}`+"\n\n")
		_, _ = io.WriteString(w, "data: "+finish("stop")+"\n\n")
	},
	"refusal": func(w http.ResponseWriter, _ *http.Request, _ chatRequest) {
		stream(w)(role, delta(`{"refusal":"I cannot help with that."}`), finish("stop"), done)
	},
	"length": func(w http.ResponseWriter, _ *http.Request, _ chatRequest) {
		stream(w)(role, content("Good"), delta(`{"tool_calls":[{"index":0,"id":"x","function":{"name":"hours","arguments":"{\"da"}}]}`), finish("length"), counted, done)
	},
	"filter": func(w http.ResponseWriter, _ *http.Request, _ chatRequest) {
		stream(w)(role, finish("content_filter"), done)
	},
	"no finish": func(w http.ResponseWriter, _ *http.Request, _ chatRequest) {
		stream(w)(content("Good."), done)
	},
	"stays open": func(w http.ResponseWriter, r *http.Request, _ chatRequest) {
		stream(w)(content("Good."), finish("stop"))
		<-r.Context().Done()
	},
	"cut": func(w http.ResponseWriter, _ *http.Request, _ chatRequest) {
		stream(w)(role, content("Good mor"))
	},
	"torn": func(w http.ResponseWriter, _ *http.Request, _ chatRequest) {
		stream(w)(role, content("Good mor"))
		panic(http.ErrAbortHandler)
	},
	"empty": func(w http.ResponseWriter, _ *http.Request, _ chatRequest) { stream(w)() },
	"hang":  func(_ http.ResponseWriter, r *http.Request, _ chatRequest) { <-r.Context().Done() },
	"hang after role": func(w http.ResponseWriter, r *http.Request, _ chatRequest) {
		stream(w)(role)
		<-r.Context().Done()
	},
	"hang after text": func(w http.ResponseWriter, r *http.Request, _ chatRequest) {
		stream(w)(role, content("Good mor"))
		<-r.Context().Done()
	},
	"garbage": func(w http.ResponseWriter, _ *http.Request, _ chatRequest) {
		stream(w)(role, content("Good"), `{"choices":[{"delta":`, finish("stop"), done)
	},
	"html": func(w http.ResponseWriter, _ *http.Request, _ chatRequest) {
		w.Header().Set("Content-Type", "text/html")
		_, _ = io.WriteString(w, "<html>Welcome</html>")
	},
	"html 502": func(w http.ResponseWriter, _ *http.Request, _ chatRequest) {
		w.Header().Set("Content-Type", "text/html")
		w.WriteHeader(502)
		_, _ = io.WriteString(w, "<html>Bad gateway</html>")
	},
	"endless 500": func(w http.ResponseWriter, r *http.Request, _ chatRequest) {
		w.WriteHeader(500)
		for r.Context().Err() == nil {
			if _, err := w.Write(bytes.Repeat([]byte("x"), 4096)); err != nil {
				return
			}
		}
	},
	"endless call": func(w http.ResponseWriter, r *http.Request, _ chatRequest) {
		send := stream(w)
		send(delta(`{"tool_calls":[{"index":0,"id":"x","function":{"name":"hours","arguments":""}}]}`))
		for r.Context().Err() == nil {
			send(delta(`{"tool_calls":[{"index":0,"function":{"arguments":"` + strings.Repeat("x", 60_000) + `"}}]}`))
		}
	},
	"400": func(w http.ResponseWriter, _ *http.Request, _ chatRequest) {
		refuse(w, "temperature is too hot for %s", testKey)
	},
	"too long": func(w http.ResponseWriter, _ *http.Request, _ chatRequest) {
		reply(w, 400, `{"error":{"message":"8192 tokens","type":"invalid_request_error","param":"messages","code":"context_length_exceeded"}}`)
	},
	"filtered": func(w http.ResponseWriter, _ *http.Request, _ chatRequest) {
		reply(w, 400, `{"error":{"message":"no","type":null,"param":"prompt","code":"content_filter"}}`)
	},
	"403": func(w http.ResponseWriter, _ *http.Request, _ chatRequest) {
		reply(w, 403, `{"error":{"message":"region","type":"x","param":null,"code":null}}`)
	},
	"429": func(w http.ResponseWriter, _ *http.Request, _ chatRequest) {
		w.Header().Set("Retry-After", "2")
		reply(w, 429, `{"error":{"message":"Rate limit reached","type":"requests","param":null,"code":"rate_limit_exceeded"}}`)
	},
	"quota": func(w http.ResponseWriter, _ *http.Request, _ chatRequest) {
		reply(w, 429, `{"error":{"message":"You exceeded your current quota","type":"insufficient_quota","param":null,"code":"insufficient_quota"}}`)
	},
	"503": func(w http.ResponseWriter, _ *http.Request, _ chatRequest) {
		w.Header().Set("Retry-After-Ms", "1500")
		reply(w, 503, `{"error":{"code":503,"message":"Loading model","type":"unavailable_error"}}`)
	},
	"text error": func(w http.ResponseWriter, _ *http.Request, _ chatRequest) {
		reply(w, 500, `{"error":"out of memory"}`)
	},
	"late error": func(w http.ResponseWriter, _ *http.Request, _ chatRequest) {
		stream(w)(content("Good"), `{"error":{"message":"The server had an error","type":"server_error","param":null,"code":null}}`)
	},
	"late limit": func(w http.ResponseWriter, _ *http.Request, _ chatRequest) {
		stream(w)(`{"error":{"message":"slow down","type":"requests","code":"rate_limit_exceeded"}}`)
	},
	"late text": func(w http.ResponseWriter, _ *http.Request, _ chatRequest) {
		stream(w)(`{"error":"llama runner died"}`)
	},
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
