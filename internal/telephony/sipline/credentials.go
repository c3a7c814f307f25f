package sipline

import (
	"context"
	"fmt"
	"net/netip"
	"strings"

	siplib "github.com/emiago/sipgo/sip"
	"github.com/icholy/digest"

	"griot/internal/fault"
)

// outside makes a request that belongs to no call.
func (t *trunk) outside(method siplib.RequestMethod, to siplib.Uri) *siplib.Request {
	t.mu.Lock()
	far := netip.Addr{}
	if len(t.ips) > 0 {
		far = t.ips[0]
	}
	t.mu.Unlock()
	_, shown := t.l.local(far)
	us := siplib.Uri{Scheme: "sip", User: first(t.o.User, "griot"), Host: t.domain()}
	req := siplib.NewRequest(method, to)
	req.AppendHeader(t.l.viaFor(shown)(t.transport))
	from := siplib.FromHeader{Address: us}
	from.Params.Add("tag", siplib.GenerateTagN(16))
	req.AppendHeader(&from)
	whom := siplib.ToHeader{Address: to}
	if method == siplib.REGISTER {
		whom.Address = us
	}
	req.AppendHeader(&whom)
	id := siplib.CallIDHeader(siplib.GenerateTagN(32))
	req.AppendHeader(&id)
	req.AppendHeader(&siplib.CSeqHeader{SeqNo: 1, MethodName: method})
	forwards := siplib.MaxForwardsHeader(70)
	req.AppendHeader(&forwards)
	req.AppendHeader(&siplib.ContactHeader{Address: t.l.contactFor(us.User, shown, t.transport)})
	req.SetBody(nil)
	req.SetTransport(t.transport)
	req.SetDestination(t.proxy())
	req.Laddr = t.l.laddr(t.transport)
	return req
}

// asked sends a request that belongs to no call, again with credentials where they are asked for. A password that is wrong is a fault.Denied.
func (t *trunk) asked(ctx context.Context, req *siplib.Request) (*siplib.Response, error) {
	for try := 0; ; try++ {
		ctx, cancel := context.WithTimeout(ctx, answerWait)
		res, err := t.l.ask(ctx, req)
		cancel()
		if err != nil {
			return nil, err
		}
		if res.StatusCode != 401 && res.StatusCode != 407 {
			return res, nil
		}
		if t.o.Password == "" || try > 1 || try == 1 && !stale(res) {
			return nil, fault.New(fault.Denied, "wrong_password", "%s does not accept the user or the password: %d %s", t.host, res.StatusCode, res.Reason)
		}
		if req, err = t.authorized(req, res, func() uint32 { return req.CSeq().SeqNo + 1 }, func(string) *siplib.ViaHeader {
			v := req.Via().Clone()
			v.Params.Remove("branch")
			v.Params.Add("branch", siplib.GenerateBranchN(16))
			return v
		}); err != nil {
			return nil, err
		}
	}
}

// stale reports whether a challenge only wants a newer nonce.
func stale(res *siplib.Response) bool {
	for _, name := range []string{"WWW-Authenticate", "Proxy-Authenticate"} {
		for _, h := range res.GetHeaders(name) {
			if strings.Contains(strings.ToLower(strings.ReplaceAll(strings.ReplaceAll(h.Value(), " ", ""), `"`, "")), "stale=true") {
				return true
			}
		}
	}
	return false
}

// authorized returns the request with the credentials that its answer asks for (RFC 3261 section 22, RFC 8760): with another number and another branch.
func (t *trunk) authorized(req *siplib.Request, res *siplib.Response, seq func() uint32, via viaMaker) (*siplib.Request, error) {
	asks, gives := "WWW-Authenticate", "Authorization"
	if res.StatusCode == 407 {
		asks, gives = "Proxy-Authenticate", "Proxy-Authorization"
	}
	var challenge *digest.Challenge
	for _, h := range res.GetHeaders(asks) {
		c, err := digest.ParseChallenge(h.Value())
		if err != nil || !digest.CanDigest(c) || len(c.QOP) > 0 && !c.SupportsQOP("auth") {
			continue
		}
		c.Algorithm = strings.ToUpper(c.Algorithm)
		if challenge == nil || strings.HasPrefix(c.Algorithm, "SHA") && !strings.HasPrefix(challenge.Algorithm, "SHA") {
			challenge = c
		}
	}
	if challenge == nil {
		return nil, fault.New(fault.Denied, "unknown_challenge", "%s asks for credentials in a way that is not known here", t.host)
	}
	cred, err := digest.Digest(challenge, digest.Options{Method: req.Method.String(), URI: req.Recipient.String(), Username: first(t.o.AuthUser, t.o.User), Password: t.o.Password, Count: 1})
	if err != nil {
		return nil, fmt.Errorf("make credentials for %s: %w", t.host, err)
	}
	next := req.Clone()
	next.Laddr = req.Laddr
	next.SetTransport(req.Transport())
	next.SetDestination(req.Destination())
	next.RemoveHeader("Via")
	next.PrependHeader(via(req.Transport()))
	next.RemoveHeader(gives)
	next.AppendHeader(siplib.NewHeader(gives, cred.String()))
	next.CSeq().SeqNo = seq()
	for _, once := range []string{"User-Agent", "Allow", "Supported"} { // dressed again when it is sent
		next.RemoveHeader(once)
	}
	return next, nil
}
