package api

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"hash/maphash"
	"net/http"
	"strconv"
	"strings"
	"sync"

	"griot/internal/identity"
)

// What GET answers has an ETag, made of the answer itself, and one who has that already is told so by 304 (If-None-Match). Who changes it may say by If-Match what it
// was made of: when that is no longer so, nothing is changed, and the answer, 412, has what it is now. Agents, which keep their versions, compare by themselves.

// validated serves a request with RFC 9110's conditions (section 13), where its route has them.
func (a *api) validated(mux *http.ServeMux, w http.ResponseWriter, r *http.Request) {
	_, route := mux.Handler(r)
	answersTag, takesTag := a.checked[route]
	switch {
	case a.tagged[route]:
		a.answer(mux, w, r)
	case takesTag:
		unlock := a.changes.lock(identity.Of(r.Context()).Tenant, r.URL.Path)
		defer unlock()
		if tags := r.Header.Get("If-Match"); tags != "" && Authorize(identity.Of(r.Context()), route) == nil {
			now := current(mux, r)
			// What is not there, or may not be seen, is the change's own affair.
			if now.status == http.StatusOK && !matches(tags, now.tag(), false) {
				p := problem(http.StatusPreconditionFailed, "changed_meanwhile", "This was changed since you read it. Compare, then send what you want to keep with the new ETag.")
				p.Current = now.body.Bytes()
				w.Header().Set("ETag", now.tag())
				writeProblem(w, r, p)
				return
			}
		}
		if !answersTag {
			mux.ServeHTTP(w, r)
			return
		}
		k := &kept{header: w.Header()}
		mux.ServeHTTP(k, r)
		if k.status == http.StatusOK {
			w.Header().Set("ETag", k.tag())
		}
		k.send(w)
	default:
		mux.ServeHTTP(w, r)
	}
}

// answer serves GET.
func (a *api) answer(mux *http.ServeMux, w http.ResponseWriter, r *http.Request) {
	k := &kept{header: w.Header()}
	mux.ServeHTTP(k, r)
	if k.status != http.StatusOK {
		k.send(w)
		return
	}
	tag := k.tag()
	w.Header().Set("ETag", tag)
	if w.Header().Get("Cache-Control") == "" {
		w.Header().Set("Cache-Control", "private, no-cache")
	}
	if matches(r.Header.Get("If-None-Match"), tag, true) {
		for _, h := range []string{"Content-Type", "Content-Length"} {
			w.Header().Del(h)
		}
		w.WriteHeader(http.StatusNotModified)
		return
	}
	k.send(w)
}

// current is what GET answers at the same address.
func current(mux *http.ServeMux, r *http.Request) *kept {
	get := r.Clone(context.WithoutCancel(r.Context()))
	get.Method, get.Body, get.ContentLength, get.URL.RawQuery = http.MethodGet, http.NoBody, 0, ""
	for _, h := range []string{"Content-Type", "Content-Length", "If-Match", "If-None-Match"} {
		get.Header.Del(h)
	}
	k := &kept{header: http.Header{}}
	mux.ServeHTTP(k, get)
	return k
}

// kept is an answer that is not sent yet.
type kept struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (k *kept) Header() http.Header { return k.header }

func (k *kept) WriteHeader(status int) {
	if k.status == 0 {
		k.status = status
	}
}

func (k *kept) Write(b []byte) (int, error) {
	k.WriteHeader(http.StatusOK)
	return k.body.Write(b)
}

func (k *kept) send(w http.ResponseWriter) {
	w.WriteHeader(max(k.status, http.StatusOK)) // the library writes no status of its own accord for an empty answer
	_, _ = w.Write(k.body.Bytes())              // the client may be gone
}

// tag is the answer's ETag. A handler that knows the state by name has said so; the rest of the answer may differ nevertheless.
func (k *kept) tag() string {
	sum := sha256.Sum256(k.body.Bytes())
	hash := base64.RawURLEncoding.EncodeToString(sum[:12])
	if state, err := strconv.Unquote(k.header.Get("ETag")); err == nil && state != "" {
		return strconv.Quote(state + "-" + hash)
	}
	return strconv.Quote(hash)
}

// matches reports whether a list of entity tags has one (RFC 9110, section 8.8.3.2): by the weak comparison for If-None-Match, by the strong one for If-Match.
func matches(list, tag string, weak bool) bool {
	for t := range strings.SplitSeq(list, ",") {
		t = strings.TrimSpace(t)
		if weak {
			t = strings.TrimPrefix(t, "W/")
		}
		if t == "*" || t == tag {
			return true
		}
	}
	return false
}

// locks make the comparison and the change one, for each address. Two of them may share one, which costs them a moment.
type locks struct {
	once sync.Once
	seed maphash.Seed
	all  [64]sync.Mutex
}

func (l *locks) lock(tenant, path string) (unlock func()) {
	l.once.Do(func() { l.seed = maphash.MakeSeed() })
	m := &l.all[maphash.String(l.seed, tenant+"\x00"+path)%uint64(len(l.all))]
	m.Lock()
	return m.Unlock
}
