package identity

import (
	"math"
	"strconv"
	"sync"
	"time"

	"griot/internal/fault"
)

// A password is guessed by trying: after a few failures each further one costs a wait that doubles. Counted are an account at one address, the account wherever
// from (loosely, so that a stranger cannot lock its owner out for long), and the address whatever the account.
var allowances = map[string]struct {
	free int           // failures without a wait
	most time.Duration // longest wait
}{
	"pair":    {5, 15 * time.Minute},
	"account": {30, 2 * time.Minute},
	"address": {50, 15 * time.Minute},
}

// mostKept bounds the memory: beyond it the oldest are forgotten.
const mostKept = 20_000

// attempts counts failures, in memory of this node.
type attempts struct {
	mu   sync.Mutex
	kept map[string]*tries
}

type tries struct {
	failed int
	last   time.Time
	until  time.Time // none before
	told   bool      // somebody was refused since the last failure
}

func newAttempts() *attempts { return &attempts{kept: map[string]*tries{}} }

// attempt is one try, which counts as failed until it has succeeded.
type attempt struct {
	a    *attempts
	pair string
	set  map[string]time.Time // what the try made others wait for, by the key of the account and of the address
}

// begin counts a try, or refuses it with fault.Limited "too_many_attempts" and the seconds to wait. news says that it is the first refusal since a failure: the others
// are not worth an entry each, or refusals would fill the trail.
func (a *attempts) begin(now time.Time, account, address string) (_ *attempt, news bool, err error) {
	keys := map[string]string{"pair": "pair " + account + " " + address, "account": "account " + account, "address": "address " + address}
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, key := range keys {
		if t := a.kept[key]; t != nil && now.Before(t.until) {
			news, t.told = !t.told, true
			return nil, news, tooMany(t.until.Sub(now))
		}
	}
	try := &attempt{a: a, pair: keys["pair"], set: map[string]time.Time{}}
	for kind, key := range keys {
		t := a.kept[key]
		if t == nil || now.Sub(t.last) > time.Hour {
			t = &tries{}
			a.keep(key, t)
		}
		t.failed, t.last, t.told = t.failed+1, now, false
		allow := allowances[kind]
		if over := t.failed - allow.free; over >= 0 {
			t.until = now.Add(min(allow.most, time.Second<<min(over, 12)))
		}
		try.set[key] = t.until
	}
	return try, false, nil
}

// keep adds tries, and forgets the oldest when there are too many. Called with mu held.
func (a *attempts) keep(key string, t *tries) {
	if len(a.kept) >= mostKept {
		oldest, at := "", time.Time{}
		n := 0
		for k, old := range a.kept { // a sample is old enough
			if oldest == "" || old.last.Before(at) {
				oldest, at = k, old.last
			}
			if n++; n == 64 {
				break
			}
		}
		delete(a.kept, oldest)
	}
	a.kept[key] = t
}

// succeeded takes the try back, and forgets the failures before it at this address.
func (t *attempt) succeeded() {
	t.a.mu.Lock()
	defer t.a.mu.Unlock()
	delete(t.a.kept, t.pair)
	for key, set := range t.set {
		if kept := t.a.kept[key]; kept != nil {
			kept.failed = max(0, kept.failed-1)
			if kept.until.Equal(set) {
				kept.until = time.Time{}
			}
		}
	}
}

func tooMany(wait time.Duration) error {
	seconds := strconv.Itoa(int(math.Ceil(wait.Seconds())))
	f := fault.New(fault.Limited, "too_many_attempts", "Too many attempts failed. Try again in %s seconds.", seconds)
	f.Params = map[string]string{"seconds": seconds}
	return f
}
