package webcall

import (
	"encoding/json"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"strings"
	"time"

	"griot/internal/fault"
	"griot/internal/live/realtime"
	"griot/internal/live/transport/webrtc"
	"griot/internal/live/transport/ws"
	wire "griot/internal/realtime"
)

// maxBody bounds a request: an offer, and a session with its instructions and tools.
const maxBody = 1 << 20

// Handler serves the Realtime protocol's HTTP addresses below one prefix, such as /v1/realtime. Who comes in is decided before it, but for client secrets.
type Handler struct {
	Calls  *Service
	Server *realtime.Server // for whom the prefix itself is a WebSocket
	TURN   webrtc.TURN
	// TenantOf says whose calls and secrets a request makes. Nil means nobody's in particular.
	TenantOf func(r *http.Request) string
	// CheckOrigin is the WebSocket's policy for pages; see ws.Options.
	AllowedOrigins []string
}

// Mount puts the addresses under prefix.
func (h *Handler) Mount(mux *http.ServeMux, prefix string) {
	route := func(pattern string, f func(w http.ResponseWriter, r *http.Request) error) {
		method, path, _ := strings.Cut(pattern, " ")
		mux.HandleFunc(method+" "+prefix+path, func(w http.ResponseWriter, r *http.Request) {
			AllowPages(w)
			if err := f(w, r); err != nil {
				realtime.Refuse(w, err)
			}
		})
	}
	mux.HandleFunc("OPTIONS "+prefix, preflight)
	mux.HandleFunc("OPTIONS "+prefix+"/{rest...}", preflight)
	mux.HandleFunc("GET "+prefix, h.socket)
	mux.HandleFunc("GET "+prefix+"/translations", h.Server.ServeHTTP)
	route("POST ", h.create(prefix)) // as samples of the beta do
	route("POST /calls", h.create(prefix))
	route("POST /calls/{id}/hangup", h.hangUp)
	route("POST /calls/{id}/restart", h.restart)
	for _, sip := range []string{"accept", "reject", "refer"} {
		route("POST /calls/{id}/"+sip, h.notSIP)
	}
	route("POST /client_secrets", h.mint)
	route("POST /sessions", h.mintBeta)
	route("POST /transcription_sessions", h.mintTranscription)
	route("POST /translations/client_secrets", h.mintTranslation)
	route("GET /ice_servers", h.iceServers)
	mux.HandleFunc(prefix+"/{rest...}", func(w http.ResponseWriter, r *http.Request) {
		AllowPages(w)
		realtime.Refuse(w, fault.New(fault.NotFound, "unknown_url", "%s %s is not an address of this server.", r.Method, r.URL.Path))
	})
}

// MountSocket puts the WebSocket alone under an address, as those of the older dialects have no others.
func (h *Handler) MountSocket(mux *http.ServeMux, path string) { mux.HandleFunc("GET "+path, h.socket) }

func (h *Handler) tenantOf(r *http.Request) string {
	if h.TenantOf == nil {
		return ""
	}
	return h.TenantOf(r)
}

// AllowPages lets pages of any site read the answers, the address of a call among them. Browsers send no cookie with a request that may be read so, which makes it no
// risk: a page of another site needs a key.
func AllowPages(w http.ResponseWriter) {
	w.Header().Set("Access-Control-Allow-Origin", "*")
	w.Header().Set("Access-Control-Expose-Headers", "Location")
}

func preflight(w http.ResponseWriter, r *http.Request) {
	AllowPages(w)
	allow := "Authorization, Content-Type, X-OpenAI-Agents-SDK"
	if asked := r.Header.Get("Access-Control-Request-Headers"); asked != "" && len(asked) < 1024 {
		allow = asked // whatever a client library adds, nothing here reads it
	}
	w.Header().Set("Access-Control-Allow-Headers", allow)
	w.Header().Set("Access-Control-Allow-Methods", "GET, POST, OPTIONS")
	w.Header().Set("Access-Control-Max-Age", "86400")
	w.WriteHeader(http.StatusNoContent)
}

// socket is a conversation over a WebSocket, or with ?call_id= a second controller of a call.
func (h *Handler) socket(w http.ResponseWriter, r *http.Request) {
	if id := r.URL.Query().Get("call_id"); id != "" {
		h.side(w, r, id)
		return
	}
	h.Server.ServeHTTP(w, r)
}

// side joins a controller to a call.
func (h *Handler) side(w http.ResponseWriter, r *http.Request, id string) {
	opts := ws.Options{AllowedOrigins: h.AllowedOrigins, Subprotocols: []string{"realtime"}, ReadLimit: h.Server.ReadLimit}
	if ws.Check(w, r, opts) != nil {
		return // it has answered
	}
	call, err := h.Calls.Get(id)
	if err != nil {
		realtime.Refuse(w, err)
		return
	}
	sock, err := ws.Accept(w, r, opts)
	if err != nil {
		return // it has answered
	}
	pipe := realtime.WebSocket(sock)
	_ = call.Join(h.Calls.ctx, realtime.Client{Pipe: pipe, Extended: realtime.Extended(r), Dialect: realtime.DialectOf(r)}) // why it ended is of no more interest
	_ = pipe.Close("")
}

// create answers an offer.
func (h *Handler) create(prefix string) func(w http.ResponseWriter, r *http.Request) error {
	return func(w http.ResponseWriter, r *http.Request) error {
		sdp, session, err := readOffer(w, r)
		if err != nil {
			return err
		}
		req := Request{SDP: sdp, Tenant: h.tenantOf(r), Remote: r.RemoteAddr, Extended: realtime.Extended(r)}
		key, _ := ws.Credentials(r)
		secret, _ := h.Server.Secrets.Find(key)
		req.Session = append(req.Session, secret.Session...)
		if req.Dialect = realtime.DialectOf(r); req.Dialect == wire.GA {
			req.Dialect = secret.Dialect
		}
		req.Filtered = r.URL.Query().Get("webrtcfilter") == "on" // Azure's, for pages whose server has a second connection to the call
		req.Model = first(r.URL.Query().Get("model"), secret.Model)
		if len(session) > 0 {
			p, err := req.Dialect.DecodeSession(session)
			if err != nil {
				return err
			}
			req.Session, req.Model = append(req.Session, p), first(p.Model.Value, req.Model)
		}
		call, answer, err := h.Calls.Create(r.Context(), req)
		if err != nil {
			return err
		}
		w.Header().Set("Content-Type", "application/sdp")
		w.Header().Set("Location", prefix+"/calls/"+call.ID())
		w.WriteHeader(http.StatusCreated)
		_, _ = io.WriteString(w, answer) // a client that has gone never connects, which ends the call
		return nil
	}
}

// readOffer reads a request's offer, and its session where it has one: raw SDP, or a form of both.
func readOffer(w http.ResponseWriter, r *http.Request) (sdp string, session []byte, err error) {
	r.Body = http.MaxBytesReader(w, r.Body, maxBody)
	kind, params, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	switch {
	case err == nil && kind == "multipart/form-data":
		return readForm(multipart.NewReader(r.Body, params["boundary"]))
	case err == nil && kind == "application/json":
		var body struct {
			SDP     string          `json:"sdp"`
			Session json.RawMessage `json:"session"`
		}
		if err := readJSON(r, &body); err != nil {
			return "", nil, err
		}
		return body.SDP, body.Session, nil
	case err == nil && kind != "application/sdp" && kind != "text/plain":
		return "", nil, fault.New(fault.Invalid, "invalid_content_type", "Send the offer as application/sdp, or as multipart/form-data with the parts 'sdp' and 'session'; this was %s.", kind)
	}
	b, err := io.ReadAll(r.Body)
	return string(b), nil, tooLong(err)
}

func readForm(form *multipart.Reader) (sdp string, session []byte, err error) {
	for {
		part, err := form.NextPart()
		if errors.Is(err, io.EOF) {
			return sdp, session, nil
		}
		if err != nil {
			return "", nil, tooLong(err)
		}
		b, err := io.ReadAll(part)
		if err != nil {
			return "", nil, tooLong(err)
		}
		switch part.FormName() {
		case "sdp":
			sdp = string(b)
		case "session":
			session = b
		}
	}
}

// readJSON reads a body; an empty one is {}.
func readJSON(r *http.Request, into any) error {
	b, err := io.ReadAll(r.Body)
	if err != nil {
		return tooLong(err)
	}
	if len(strings.TrimSpace(string(b))) == 0 {
		return nil
	}
	if err := json.Unmarshal(b, into); err != nil {
		return fault.Wrap(err, fault.Invalid, "invalid_json", "The body is not the JSON that is expected here.")
	}
	return nil
}

func tooLong(err error) error {
	if err == nil {
		return nil
	}
	if e := (*http.MaxBytesError)(nil); errors.As(err, &e) {
		return fault.New(fault.Invalid, "request_too_large", "The request is longer than %d bytes.", e.Limit)
	}
	return fault.Wrap(err, fault.Invalid, "invalid_request", "The body cannot be read.")
}

func (h *Handler) hangUp(w http.ResponseWriter, r *http.Request) error {
	if err := h.Calls.HangUp(r.Context(), r.PathValue("id"), "client_closed"); err != nil {
		return err
	}
	w.WriteHeader(http.StatusOK)
	return nil
}

// restart takes a new offer of a call whose network has changed.
func (h *Handler) restart(w http.ResponseWriter, r *http.Request) error {
	call, err := h.Calls.Get(r.PathValue("id"))
	if err != nil {
		return err
	}
	sdp, _, err := readOffer(w, r)
	if err != nil {
		return err
	}
	answer, err := call.Restart(r.Context(), sdp)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/sdp")
	_, _ = io.WriteString(w, answer)
	return nil
}

// notSIP refuses what only calls by telephone have.
func (h *Handler) notSIP(_ http.ResponseWriter, r *http.Request) error {
	if _, err := h.Calls.Get(r.PathValue("id")); err != nil {
		return err
	}
	return fault.New(fault.Invalid, "invalid_call", "The call is one over WebRTC, which was answered when it came: only calls by telephone are accepted, rejected or referred.")
}

// iceServers returns what a page puts into its RTCPeerConnection, with a password for the relay that expires.
func (h *Handler) iceServers(w http.ResponseWriter, r *http.Request) error {
	servers, expires := h.TURN.Servers(clip(r.URL.Query().Get("username")), time.Now())
	if servers == nil {
		servers = []webrtc.ICEServer{}
	}
	body := map[string]any{"iceServers": servers, "expires_at": expires.Unix()}
	for _, s := range servers {
		if s.Username != "" { // as the draft has it, for clients that ask so
			body["username"], body["password"], body["uris"], body["ttl"] = s.Username, s.Credential, s.URLs, int(time.Until(expires).Round(time.Second).Seconds())
		}
	}
	return answer(w, body)
}

// clip keeps a name that somebody sent short and without what separates it.
func clip(name string) string {
	name = strings.Map(func(r rune) rune {
		if r == ':' || r < ' ' || r > '~' {
			return -1
		}
		return r
	}, name)
	return name[:min(len(name), 64)]
}

func answer(w http.ResponseWriter, body any) error {
	b, err := json.Marshal(body)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	_, _ = w.Write(b)
	return nil
}

func first(a, b string) string {
	if a != "" {
		return a
	}
	return b
}
