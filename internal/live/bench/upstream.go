package bench

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"runtime"
	"strconv"
	"sync"
	"time"

	"github.com/coder/websocket"
)

// Upstream is a service of the Realtime protocol that answers at once: as soon as it is asked for an answer, all of it is sent. A server in front of it adds what is measured.
type Upstream struct {
	URL string // up to and including /v1

	srv    *http.Server
	stop   context.CancelFunc
	live   sync.WaitGroup
	deltas []string // the answer's sound, base64 of 16-bit samples at 24 kHz
}

// StartUpstream starts one on this machine.
func StartUpstream() (*Upstream, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("start the service behind the server: %w", err)
	}
	u := &Upstream{URL: "http://" + l.Addr().String() + "/v1", deltas: answer()}
	ctx, cancel := context.WithCancel(context.Background())
	u.stop = cancel
	u.srv = &http.Server{ReadHeaderTimeout: 10 * time.Second, ErrorLog: slog.NewLogLogger(slog.DiscardHandler, slog.LevelInfo), Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		u.live.Add(1)
		defer u.live.Done()
		u.serve(ctx, w, r)
	})}
	u.live.Go(func() { _ = u.srv.Serve(l) }) // until Close
	return u, nil
}

// Close ends it and every conversation.
func (u *Upstream) Close() {
	u.stop()
	_ = u.srv.Close()
	u.live.Wait()
}

// spokenAnswer is what it says, and for how long.
const (
	spokenAnswer   = "Certainly. We are open from nine in the morning until six in the evening, and there is always somebody at the desk."
	answerSeconds  = 6
	upstreamRate   = 24000
	deltaSamples   = upstreamRate / 10
	deltasInAnswer = answerSeconds * upstreamRate / deltaSamples
)

// answer makes a sound as loud as speech.
func answer() (out []string) {
	pcm := noise(answerSeconds*upstreamRate, -25)
	for n := range deltasInAnswer {
		b := make([]byte, 0, 2*deltaSamples)
		for _, v := range pcm[n*deltaSamples : (n+1)*deltaSamples] {
			b = append(b, byte(v), byte(v>>8))
		}
		out = append(out, base64.StdEncoding.EncodeToString(b))
	}
	return out
}

// talk is one conversation of an upstream.
type talk struct {
	u    *Upstream
	ws   *websocket.Conn
	n    int    // ids given
	last string // item
}

func (u *Upstream) serve(ctx context.Context, w http.ResponseWriter, r *http.Request) {
	c, err := websocket.Accept(w, r, &websocket.AcceptOptions{Subprotocols: []string{"realtime"}, CompressionMode: websocket.CompressionDisabled})
	if err != nil {
		return // it has answered
	}
	defer func() { _ = c.CloseNow() }()
	c.SetReadLimit(maxMessage)
	t := &talk{u: u, ws: c}
	err = t.send(ctx, `{"type":"session.created","session":{"type":"realtime","id":"sess_up"}}`)
	for err == nil {
		var raw []byte
		if _, raw, err = c.Read(ctx); err == nil && kind(raw) != "input_audio_buffer.append" {
			err = t.react(ctx, raw)
		}
	}
}

func (t *talk) send(ctx context.Context, events ...string) error {
	for _, e := range events {
		t.n++
		if err := t.ws.Write(ctx, websocket.MessageText, []byte(`{"event_id":"ev_`+strconv.Itoa(t.n)+`",`+e[1:])); err != nil {
			return err
		}
	}
	return nil
}

// react answers one event as the reference says that a service does.
func (t *talk) react(ctx context.Context, raw []byte) error {
	var ev struct {
		Type     string          `json:"type"`
		Session  json.RawMessage `json:"session"`
		Item     json.RawMessage `json:"item"`
		ItemID   string          `json:"item_id"`
		End      int             `json:"audio_end_ms"`
		Response struct {
			Metadata json.RawMessage `json:"metadata"`
		} `json:"response"`
	}
	if err := json.Unmarshal(raw, &ev); err != nil {
		return t.send(ctx, `{"type":"error","error":{"type":"invalid_request_error","code":"invalid_json","message":"not JSON"}}`)
	}
	switch ev.Type {
	case "session.update":
		return t.send(ctx, `{"type":"session.updated","session":`+string(ev.Session)+`}`)
	case "input_audio_buffer.commit":
		t.n++
		t.last = "item_u" + strconv.Itoa(t.n)
		item := `"item_id":"` + t.last + `"`
		return t.send(ctx, `{"type":"input_audio_buffer.committed",`+item+`,"previous_item_id":null}`,
			`{"type":"conversation.item.added","previous_item_id":null,"item":{"id":"`+t.last+`","type":"message","role":"user","status":"completed","content":[{"type":"input_audio"}]}}`,
			`{"type":"conversation.item.done","previous_item_id":null,"item":{"id":"`+t.last+`","type":"message","role":"user","status":"completed","content":[{"type":"input_audio"}]}}`,
			`{"type":"conversation.item.input_audio_transcription.completed",`+item+`,"content_index":0,"transcript":"what are your opening hours please","usage":{"type":"duration","seconds":2}}`)
	case "input_audio_buffer.clear":
		return t.send(ctx, `{"type":"input_audio_buffer.cleared"}`)
	case "conversation.item.create":
		return t.send(ctx, `{"type":"conversation.item.added","previous_item_id":null,"item":`+string(ev.Item)+`}`, `{"type":"conversation.item.done","previous_item_id":null,"item":`+string(ev.Item)+`}`)
	case "conversation.item.delete":
		return t.send(ctx, `{"type":"conversation.item.deleted","item_id":"`+ev.ItemID+`"}`)
	case "conversation.item.truncate":
		return t.send(ctx, `{"type":"conversation.item.truncated","item_id":"`+ev.ItemID+`","content_index":0,"audio_end_ms":`+strconv.Itoa(ev.End)+`}`)
	case "response.create":
		return t.answer(ctx, string(ev.Response.Metadata))
	case "response.cancel":
		return t.send(ctx, `{"type":"error","error":{"type":"invalid_request_error","code":"response_cancel_not_active","message":"Cancellation failed: no active response found"}}`)
	}
	return nil
}

func (t *talk) answer(ctx context.Context, metadata string) error {
	if metadata == "" {
		metadata = "null"
	}
	t.n++
	id, item := "resp_"+strconv.Itoa(t.n), "item_a"+strconv.Itoa(t.n)
	ref := `"response_id":"` + id + `","item_id":"` + item + `","output_index":0,"content_index":0`
	message := func(status, content string) string {
		return `{"id":"` + item + `","type":"message","role":"assistant","status":"` + status + `","content":[` + content + `]}`
	}
	done := message("completed", `{"type":"output_audio","transcript":"`+spokenAnswer+`"}`)
	err := t.send(ctx, `{"type":"response.created","response":{"object":"realtime.response","id":"`+id+`","status":"in_progress","output":[],"metadata":`+metadata+`}}`,
		`{"type":"response.output_item.added","response_id":"`+id+`","output_index":0,"item":`+message("in_progress", "")+`}`,
		`{"type":"conversation.item.added","previous_item_id":null,"item":`+message("in_progress", "")+`}`,
		`{"type":"response.content_part.added",`+ref+`,"part":{"type":"audio","transcript":""}}`,
		`{"type":"response.output_audio_transcript.delta",`+ref+`,"delta":"`+spokenAnswer+`"}`)
	for n := 0; err == nil && n < len(t.u.deltas); n++ {
		err = t.send(ctx, `{"type":"response.output_audio.delta",`+ref+`,"delta":"`+t.u.deltas[n]+`"}`)
		runtime.Gosched() // the callers share this process: they are not to wait for a burst that a service elsewhere would send
	}
	if err != nil {
		return err
	}
	return t.send(ctx, `{"type":"response.output_audio.done",`+ref+`}`,
		`{"type":"response.output_audio_transcript.done",`+ref+`,"transcript":"`+spokenAnswer+`"}`,
		`{"type":"response.content_part.done",`+ref+`,"part":{"type":"audio","transcript":"`+spokenAnswer+`"}}`,
		`{"type":"conversation.item.done","previous_item_id":null,"item":`+done+`}`,
		`{"type":"response.output_item.done","response_id":"`+id+`","output_index":0,"item":`+done+`}`,
		`{"type":"response.done","response":{"object":"realtime.response","id":"`+id+`","status":"completed","output":[`+done+`],"metadata":`+metadata+
			`,"usage":{"total_tokens":220,"input_tokens":60,"output_tokens":160,"input_token_details":{"text_tokens":20,"audio_tokens":40},"output_token_details":{"text_tokens":40,"audio_tokens":120}}}}`)
}
