package sipline

import (
	"context"
	"math/rand/v2"
	"net"
	"net/netip"
	"strconv"
	"strings"
	"sync"
	"time"

	siplib "github.com/emiago/sipgo/sip"

	"griot/internal/fault"
)

// Status is how a trunk does at a moment.
type Status struct {
	Name       string
	Registers  bool
	Registered bool
	Reachable  bool      // it answers
	Since      time.Time // of this state
	Expires    time.Time // of the registration
	Problem    string    // in the far end's words, or ours; empty for none
}

const (
	pingEvery  = 30 * time.Second
	retryLeast = 5 * time.Second
	retryMost  = 5 * time.Minute
)

// Trunks tells how the trunks do.
func (l *Line) Trunks() []Status {
	out := make([]Status, 0, len(l.trunks))
	for _, t := range l.trunks {
		t.mu.Lock()
		out = append(out, t.status)
		t.mu.Unlock()
	}
	return out
}

// Test asks every trunk, all at once, whether it is there, and tells how they do.
func (l *Line) Test(ctx context.Context) []Status {
	out := l.Trunks()
	var wg sync.WaitGroup
	for i, t := range l.trunks {
		wg.Go(func() {
			if err := t.ping(ctx); err != nil {
				out[i].Reachable, out[i].Problem = false, err.Error()
				return
			}
			out[i].Reachable = true
			if !t.o.Register {
				out[i].Problem = ""
			}
		})
	}
	wg.Wait()
	return out
}

// run keeps the trunk registered, or asks whether it is there, until the line closes.
func (t *trunk) run() {
	retry := retryLeast
	for {
		wait, err := t.visit(t.l.ctx)
		if t.l.ctx.Err() != nil {
			t.leave()
			return
		}
		if err != nil {
			wait = retry + time.Duration(rand.Int64N(int64(retry/4)))
			retry = min(2*retry, retryMost)
			if fault.KindOf(err) == fault.Denied {
				wait = retryMost // the same password will not become right
			}
		} else {
			retry = retryLeast
		}
		timer := time.NewTimer(wait)
		select {
		case <-timer.C:
		case <-t.l.ctx.Done():
			timer.Stop()
		}
	}
}

// visit registers, or asks whether the trunk is there, and returns when to come again.
func (t *trunk) visit(ctx context.Context) (time.Duration, error) {
	ips, err := lookup(ctx, t.host)
	if err != nil {
		t.tell(false, time.Time{}, err)
		return 0, err
	}
	t.mu.Lock()
	t.ips = ips
	t.mu.Unlock()
	if t.o.Quiet && !t.o.Register {
		t.tell(true, time.Time{}, nil)
		return retryMost, nil // its address may change
	}
	if !t.o.Register {
		if err = t.ping(ctx); err != nil {
			t.tell(false, time.Time{}, err)
			return pingEvery, nil //nolint:nilerr // it is asked again at the same pace
		}
		t.tell(true, time.Time{}, nil)
		return pingEvery, nil
	}
	granted, err := t.register(ctx, t.o.Expires)
	if err != nil {
		t.tell(false, time.Time{}, err)
		return 0, err
	}
	t.tell(true, time.Now().Add(granted), nil)
	return max(granted*3/4, time.Second), nil
}

func lookup(ctx context.Context, host string) ([]netip.Addr, error) {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	ips, err := net.DefaultResolver.LookupNetIP(ctx, "ip", strings.Trim(host, "[]"))
	if err != nil {
		return nil, fault.Wrap(err, fault.Unavailable, "unreachable", "find the address of %s", host)
	}
	for i := range ips {
		ips[i] = ips[i].Unmap()
	}
	return ips, nil
}

// tell notes how the trunk does, and says so when that has changed.
func (t *trunk) tell(up bool, expires time.Time, err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	s := t.status
	s.Reachable, s.Registered, s.Expires, s.Problem = up, up && t.o.Register, expires, ""
	if err != nil {
		s.Problem = err.Error()
	}
	if s.Reachable != t.status.Reachable || s.Problem != t.status.Problem {
		s.Since = time.Now()
		switch {
		case up && t.o.Register:
			t.l.o.Log.Info("registered", "trunk", t.o.Name, "expires", expires.Format(time.RFC3339))
		case up:
			t.l.o.Log.Info("a trunk answers", "trunk", t.o.Name)
		case t.l.ctx.Err() == nil:
			t.l.o.Log.Warn("a trunk cannot be used", "trunk", t.o.Name, "error", err)
		}
	}
	t.status = s
}

// register asks to be sent calls for so long, and returns what was granted.
func (t *trunk) register(ctx context.Context, expires time.Duration) (time.Duration, error) {
	for range 2 {
		req := t.outside(siplib.REGISTER, siplib.Uri{Scheme: "sip", Host: t.domain()})
		e := siplib.ExpiresHeader(uint32(expires.Seconds()))
		req.AppendHeader(&e)
		res, err := t.asked(ctx, req)
		switch {
		case err != nil:
			return 0, err
		case res.StatusCode == 423: // too short for it
			n, err := strconv.Atoi(strings.TrimSpace(headerText(res, "Min-Expires")))
			if err != nil || n <= int(expires.Seconds()) || n > 1<<20 {
				return 0, fault.New(fault.Conflict, "register_refused", "%s refuses the length of a registration and names none that is longer", t.host)
			}
			expires = time.Duration(n) * time.Second
		case res.StatusCode == 403:
			return 0, fault.New(fault.Denied, "register_refused", "%s refuses to register %s: %d %s", t.host, t.o.User, res.StatusCode, res.Reason)
		case !res.IsSuccess():
			return 0, fault.New(fault.Unavailable, "register_refused", "%s refuses to register %s: %d %s", t.host, t.o.User, res.StatusCode, res.Reason)
		default:
			return granted(req, res, expires), nil
		}
	}
	return 0, fault.New(fault.Conflict, "register_refused", "%s refuses the length of a registration", t.host)
}

// granted reads how long a registration lasts: what the answer says of our own Contact, or of all.
func granted(req *siplib.Request, res *siplib.Response, asked time.Duration) time.Duration {
	out := asked
	if n, err := strconv.Atoi(strings.TrimSpace(headerText(res, "Expires"))); err == nil && n > 0 {
		out = time.Duration(n) * time.Second
	}
	ours := req.Contact().Address
	for _, h := range res.GetHeaders("Contact") {
		c, ok := h.(*siplib.ContactHeader)
		if !ok || c.Address.User != ours.User || c.Address.Host != ours.Host {
			continue
		}
		if v, ok := c.Params.Get("expires"); ok {
			if n, err := strconv.Atoi(v); err == nil && n > 0 {
				out = time.Duration(n) * time.Second
			}
		}
	}
	return min(out, 24*time.Hour)
}

// leave takes the registration back.
func (t *trunk) leave() {
	t.mu.Lock()
	registered := t.status.Registered
	t.mu.Unlock()
	if !registered {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), goodbyeWait)
	defer cancel()
	if _, err := t.register(ctx, 0); err != nil {
		t.l.o.Log.Debug("a registration could not be taken back", "trunk", t.o.Name, "error", err)
	}
}

// ping asks whether the trunk is there: any answer tells that it is.
func (t *trunk) ping(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, answerWait)
	defer cancel()
	_, err := t.l.ask(ctx, t.outside(siplib.OPTIONS, siplib.Uri{Scheme: "sip", Host: t.domain()}))
	return err
}
