package sipline

import (
	"context"
	"math/rand/v2"
	"strconv"
	"strings"
	"sync"
	"time"

	siplib "github.com/emiago/sipgo/sip"

	"griot/internal/fault"
	"griot/internal/telephony"
)

// leastTimer is the shortest that a far end may ask for (RFC 4028 section 5).
const leastTimer = 90 * time.Second

// agreedTimer is what was agreed on about signs of life (RFC 4028).
type agreedTimer struct {
	every  time.Duration // 0 for none
	ours   bool          // we send them
	byCall bool          // the far end placed this INVITE, and so is "uac"
	asked  bool          // the far end knows what it is
}

// sessionTimer is a call's.
type sessionTimer struct {
	mu     sync.Mutex // guards what follows
	agreed agreedTimer
	seen   time.Time
	wake   chan struct{}
}

// set takes what was agreed on at a sign of life.
func (t *sessionTimer) set(a agreedTimer) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.agreed, t.seen = a, time.Now()
	if t.wake != nil {
		select {
		case t.wake <- struct{}{}:
		default:
		}
	}
}

// agreeTimer reads what an INVITE or UPDATE asks for; refused when it is too often.
func (l *Line) agreeTimer(req *siplib.Request) (a agreedTimer, refused bool) {
	asked := supports(req, "timer")
	every, refresher := sessionExpires(req)
	switch {
	case every == 0 && (!asked || l.o.Timer <= 0):
		return agreedTimer{}, false
	case every == 0:
		every = l.o.Timer
	case every < leastTimer:
		return agreedTimer{}, asked
	}
	return agreedTimer{every: every, ours: refresher == "uas" || refresher == "" && !asked, byCall: true, asked: asked}, false
}

// sessionExpires reads a Session-Expires header.
func sessionExpires(m message) (every time.Duration, refresher string) {
	v := first(headerText(m, "Session-Expires"), headerText(m, "x"))
	number, params, _ := strings.Cut(v, ";")
	n, err := strconv.Atoi(strings.TrimSpace(number))
	if err != nil || n <= 0 || n > 1<<24 {
		return 0, ""
	}
	for _, p := range strings.Split(params, ";") {
		if k, v, _ := strings.Cut(p, "="); strings.EqualFold(strings.TrimSpace(k), "refresher") {
			refresher = strings.ToLower(strings.TrimSpace(v))
		}
	}
	return time.Duration(n) * time.Second, refresher
}

// write puts it into the answer to an INVITE or UPDATE.
func (a agreedTimer) write(res *siplib.Response) {
	if a.every == 0 {
		return
	}
	who := "uac"
	if a.ours {
		who = "uas"
	}
	res.AppendHeader(siplib.NewHeader("Session-Expires", strconv.Itoa(int(a.every.Seconds()))+";refresher="+who))
	if a.asked && !a.ours {
		res.AppendHeader(siplib.NewHeader("Require", "timer"))
	}
}

// keepTime sends signs of life, or ends the call when the far end's do not come, until ctx ends.
func (c *call) keepTime(ctx context.Context) {
	t := &c.timer
	t.mu.Lock()
	t.seen, t.wake = time.Now(), make(chan struct{}, 1)
	t.mu.Unlock()
	wait := time.NewTimer(time.Hour)
	defer wait.Stop()
	for {
		t.mu.Lock()
		a, seen := t.agreed, t.seen
		t.mu.Unlock()
		next := time.Hour
		if a.every > 0 {
			due := seen.Add(a.every - min(32*time.Second, a.every/3))
			if a.ours {
				due = seen.Add(a.every / 2)
			}
			next = max(0, time.Until(due))
		}
		wait.Reset(next)
		select {
		case <-ctx.Done():
			return
		case <-c.gone:
			return
		case <-t.wake:
			continue
		case <-wait.C:
		}
		switch {
		case a.every == 0:
		case !a.ours:
			c.end(fault.New(fault.Unavailable, "session_expired", "the far end has given no sign of life for %v", a.every))
			return
		case !c.refresh(ctx, a):
			return
		}
	}
}

// refresh sends a sign of life, and ends the call when the far end does not know it any more.
func (c *call) refresh(ctx context.Context, a agreedTimer) bool {
	who := "uac" // of this INVITE
	ctx, cancel := context.WithTimeout(ctx, 4*answerWait)
	defer cancel()
	res, err := c.offerAgain(ctx, siplib.NewHeader("Session-Expires", strconv.Itoa(int(a.every.Seconds()))+";refresher="+who), siplib.NewHeader("Min-SE", strconv.Itoa(int(leastTimer.Seconds()))))
	switch {
	case ctx.Err() != nil && c.l.ctx.Err() != nil:
		return false
	case res == nil || res.StatusCode == 481 || res.StatusCode == 408:
		c.end(fault.Wrap(err, fault.Unavailable, "session_expired", "the far end does not answer to a sign of life"))
		return false
	case res.StatusCode == 422:
		if n, err := strconv.Atoi(strings.TrimSpace(headerText(res, "Min-SE"))); err == nil && n > 0 && n < 1<<24 {
			a.every = max(a.every, time.Duration(n)*time.Second)
		}
	case res.IsSuccess():
		if every, by := sessionExpires(res); every > 0 {
			a.every, a.ours = every, by != "uas"
		}
	}
	c.timer.set(a)
	return true
}

// glare is how long to wait after two offers have met (RFC 3261 section 14.1): who began the call waits longer.
func glare(d telephony.Direction) time.Duration {
	if d == telephony.Outbound {
		return 2100*time.Millisecond + time.Duration(rand.IntN(190))*10*time.Millisecond
	}
	return time.Duration(rand.IntN(200)) * 10 * time.Millisecond
}
