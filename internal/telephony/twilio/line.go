// Package twilio carries telephone calls and text messages by Twilio. Twilio asks this server what to do with a call by webhooks, which are signed; the sound goes over a WebSocket that Twilio opens
// (live/transport/twilio); and this server places and moves calls by Twilio's REST API.
//
// Read line.go (what there is), webhooks.go (what Twilio asks and tells), call.go (one call's life), place.go, transfer.go, client.go (the REST API), signature.go, twiml.go, outcome.go.
package twilio

import (
	"cmp"
	"context"
	"crypto/rand"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"griot/internal/fault"
	"griot/internal/telephony"
)

// Carrier is the name of this carrier in calls.
const Carrier = "twilio"

// Path is where the webhooks are, below the public address.
const Path = "/telephony/twilio/"

// Number says which agent answers a number; "*" stands for all others.
type Number struct{ Number, Agent string }

// Message is a text message that came.
type Message struct {
	SID, Tenant, From, To, Body string
	Agent                       string   // who answers its number; empty for nobody
	Media                       []string // addresses
}

// Recording tells of a recording that Twilio keeps.
type Recording struct {
	SID, CallSID, URL, Status string
	Duration                  time.Duration
}

// Delivery tells what became of a text message of ours.
type Delivery struct{ SID, Status, ErrorCode string }

// Options of a line. Account, Token, Public, Host and Log are needed.
type Options struct {
	Account, Token string // AC…, and the token that webhooks are signed with
	Key, Secret    string // an API key for requests; empty for the account and its token
	API            string // https://api.twilio.com when empty
	Public         string // address at which Twilio reaches this server, such as https://griot.example.com
	From           string // number that calls and messages of ours show
	Numbers        []Number
	Directory      telephony.Directory // asked before Numbers; may be nil
	Tenant         string
	Ring           time.Duration // how long a call of ours rings; 0 means 60 s
	Hang           bool          // hang up when a machine answers a call of ours
	Record         bool          // Twilio keeps a recording too
	HTTP           *http.Client  // nil for one of its own
	Retry          time.Duration // before a second request; 0 means 250 ms
	MediaWait      time.Duration // for the sound of a call; 0 means 20 s
	Host           telephony.Host
	Observe        telephony.Observer // may be nil, and so may the next three, which return soon
	Texted         func(context.Context, Message)
	Delivered      func(context.Context, Delivery)
	Recorded       func(context.Context, Recording)
	Log            *slog.Logger
}

// Line is an account at Twilio. It implements telephony.Carrier and telephony.Briefer.
type Line struct {
	o    Options
	api  *client
	ctx  context.Context //nolint:containedctx // the life of the line
	stop context.CancelFunc
	wg   sync.WaitGroup

	mu     sync.Mutex // guards what follows
	closed bool
	calls  map[string]*call // by our id
	bySID  map[string]*call
	seen   seen
}

// Open makes a line. Nothing is asked of Twilio before there is a call. Faults name the option that cannot work.
func Open(o Options) (*Line, error) {
	o.Public = strings.TrimRight(o.Public, "/")
	u, err := url.Parse(o.Public)
	if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" {
		return nil, fault.New(fault.Invalid, "bad_value", "%q is not an address such as https://griot.example.com", o.Public).At("public_url")
	}
	if o.Account == "" || o.Token == "" {
		return nil, fault.New(fault.Invalid, "bad_value", "an account and its token are needed").At("account_sid")
	}
	if o.HTTP == nil {
		o.HTTP = &http.Client{}
	}
	o.API = strings.TrimRight(cmp.Or(o.API, "https://api.twilio.com"), "/")
	o.Ring, o.Retry, o.MediaWait = cmp.Or(o.Ring, time.Minute), cmp.Or(o.Retry, 250*time.Millisecond), cmp.Or(o.MediaWait, 20*time.Second)
	l := &Line{o: o, calls: map[string]*call{}, bySID: map[string]*call{}, seen: seen{known: map[string]bool{}},
		api: &client{base: o.API, account: o.Account, user: cmp.Or(o.Key, o.Account), password: o.Token, http: o.HTTP, retry: o.Retry}}
	if o.Key != "" {
		l.api.password = o.Secret
	}
	l.ctx, l.stop = context.WithCancel(context.Background())
	return l, nil
}

// Close ends all calls and returns when they have.
func (l *Line) Close() error {
	l.mu.Lock()
	l.closed = true
	l.mu.Unlock()
	l.stop()
	l.wg.Wait()
	l.o.HTTP.CloseIdleConnections()
	return nil
}

// agentFor returns who answers a number, and whose it is.
func (l *Line) agentFor(ctx context.Context, number string) (tenant, agent string) {
	number = telephony.Number(number)
	if l.o.Directory != nil {
		if tenant, agent = l.o.Directory(ctx, number); tenant != "" {
			return tenant, agent
		}
	}
	for _, n := range l.o.Numbers {
		if telephony.Number(n.Number) == number {
			return l.o.Tenant, n.Agent
		}
	}
	for _, n := range l.o.Numbers {
		if n.Number == "*" {
			return l.o.Tenant, n.Agent
		}
	}
	return l.o.Tenant, ""
}

// hook is the address of a webhook.
func (l *Line) hook(name string, query url.Values) string {
	a := l.o.Public + Path + name
	if len(query) > 0 {
		a += "?" + query.Encode()
	}
	return a
}

// Call implements telephony.Carrier.
func (l *Line) Call(id string) (telephony.Call, error) {
	c, err := l.get(id)
	if err != nil {
		return telephony.Call{}, err
	}
	return c.snapshot(), nil
}

func (l *Line) get(id string) (*call, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if c := l.calls[id]; c != nil {
		return c, nil
	}
	return nil, telephony.ErrNotFound(id)
}

// Calls implements telephony.Carrier.
func (l *Line) Calls() []telephony.Call {
	l.mu.Lock()
	list := make([]*call, 0, len(l.calls))
	for _, c := range l.calls {
		list = append(list, c)
	}
	l.mu.Unlock()
	out := make([]telephony.Call, 0, len(list))
	for _, c := range list {
		out = append(out, c.snapshot())
	}
	slices.SortFunc(out, func(a, b telephony.Call) int { return a.Created.Compare(b.Created) })
	return out
}

// SendText implements telephony.Carrier.
func (l *Line) SendText(ctx context.Context, t telephony.Text) error {
	_, err := l.Text(ctx, t)
	return err
}

// Text is SendText, and returns Twilio's name of the message.
func (l *Line) Text(ctx context.Context, t telephony.Text) (sid string, err error) {
	from := cmp.Or(telephony.Number(t.From), l.o.From)
	switch {
	case from == "":
		return "", fault.New(fault.Invalid, "bad_value", "No number is set that messages can come from (twilio.from).").At("from")
	case t.To == "":
		return "", fault.New(fault.Invalid, "bad_value", "A number to send the message to is needed.").At("to")
	case t.Body == "" || len([]rune(t.Body)) > textMost:
		return "", fault.New(fault.Invalid, "bad_value", "A message has 1 to %d characters.", textMost).At("body")
	}
	form := url.Values{"To": {telephony.Number(t.To)}, "From": {from}, "Body": {t.Body}, "StatusCallback": {l.hook("delivery", nil)}}
	if sid, err = l.api.text(ctx, form); err == nil {
		l.o.Log.Debug("a text message was handed to Twilio", "sid", sid)
	}
	return sid, err
}

// textMost is how long a message may be, in characters.
const textMost = 1600

// seen remembers what has come, so that it counts once: the newest seenMost.
type seen struct {
	known map[string]bool
	order []string
	next  int
}

const seenMost = 4096

// first reports whether something comes for the first time. The line's mu is held.
func (s *seen) first(name string) bool {
	if s.known[name] {
		return false
	}
	s.known[name] = true
	if len(s.order) < seenMost {
		s.order = append(s.order, name)
		return true
	}
	delete(s.known, s.order[s.next])
	s.order[s.next] = name
	s.next = (s.next + 1) % seenMost
	return true
}

func (l *Line) firstTime(kind, name string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.seen.first(kind + "\x00" + name)
}

func secret() string { return rand.Text() }
