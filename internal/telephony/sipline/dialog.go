package sipline

import (
	"fmt"
	"net/netip"
	"strings"
	"sync"

	"github.com/emiago/sipgo/sip"
)

// dialog is one dialog of RFC 3261 section 12. The library's own are for calls without a second offer; ours are the same on both sides, refresh their target, and route around routers.
type dialog struct {
	callID        string
	localTag      string
	local, remote string // From and To of our requests, with their tags
	transport     string // "UDP", "TCP" or "TLS"
	contact       sip.Uri
	remoteTag     string
	destination   string // where requests go, when that is not what the target says; empty for the target or the first route
	source        string // host:port from where the far end sends
	laddr         sip.Addr
	via           viaMaker
	mu            sync.Mutex // guards what follows
	target        sip.Uri
	routes        []string
	cseq          uint32
	remoteSeq     uint32
	waiting       map[uint32]chan *sip.Request // for the ACK of our 2xx with that number
}

// viaMaker makes the Via header of a request.
type viaMaker func(transport string) *sip.ViaHeader

// key names a dialog by what every request of the far end holds: the Call-ID and our tag.
func key(callID, localTag string) string { return callID + "\x00" + localTag }

// tagOf returns the tag of a From or To header.
func tagOf(p sip.HeaderParams) string { return p.GetOr("tag", "") }

// newServerDialog makes the dialog of an INVITE that came.
func newServerDialog(req *sip.Request, localTag string, contact sip.Uri, laddr sip.Addr, via viaMaker) (*dialog, error) {
	from, to, id, cseq, c := req.From(), req.To(), req.CallID(), req.CSeq(), req.Contact()
	if from == nil || to == nil || id == nil || cseq == nil || c == nil {
		return nil, fmt.Errorf("a header is missing: From, To, Call-ID, CSeq and Contact are needed")
	}
	local := to.AsFrom()
	local.Params = local.Params.Clone()
	local.Params.Remove("tag")
	local.Params.Add("tag", localTag)
	remote := from.AsTo()
	d := &dialog{callID: id.Value(), localTag: localTag, remoteTag: tagOf(from.Params), local: local.Value(), remote: remote.Value(), transport: req.Transport(), contact: contact,
		source: req.Source(), laddr: laddr, via: via, target: *c.Address.Clone(), cseq: 1, remoteSeq: cseq.SeqNo, waiting: map[uint32]chan *sip.Request{}}
	for _, h := range req.GetHeaders("Record-Route") {
		d.routes = append(d.routes, h.Value())
	}
	d.around()
	return d, nil
}

// newClientDialog makes the dialog of our INVITE that was answered.
func newClientDialog(req *sip.Request, res *sip.Response, contact sip.Uri, via viaMaker) (*dialog, error) {
	from, to, id, cseq := req.From(), res.To(), req.CallID(), req.CSeq()
	if to == nil || tagOf(to.Params) == "" {
		return nil, fmt.Errorf("the answer's To has no tag")
	}
	d := &dialog{callID: id.Value(), localTag: tagOf(from.Params), remoteTag: tagOf(to.Params), local: from.Value(), remote: to.Value(), transport: req.Transport(), contact: contact,
		source: res.Source(), laddr: req.Laddr, via: via, target: req.Recipient, cseq: cseq.SeqNo, waiting: map[uint32]chan *sip.Request{}}
	if c := res.Contact(); c != nil {
		d.target = *c.Address.Clone()
	}
	rr := res.GetHeaders("Record-Route")
	for i := len(rr) - 1; i >= 0; i-- { // the other way round (RFC 3261 section 12.1.2)
		d.routes = append(d.routes, rr[i].Value())
	}
	d.around()
	return d, nil
}

// around decides whether requests go back to where the far end's come from, instead of where its Contact says: over a connection always, and where the Contact is an address behind a router. Called with mu held, or
// before anybody else has the dialog.
func (d *dialog) around() {
	d.destination = ""
	if len(d.routes) > 0 || d.source == "" {
		return
	}
	at, err := netip.ParseAddrPort(d.source)
	if err != nil {
		return
	}
	if d.transport != "UDP" {
		d.destination = d.source
		return
	}
	ip, err := netip.ParseAddr(d.target.Host)
	if err != nil {
		return
	}
	if ip.Unmap() != at.Addr().Unmap() && (ip.IsPrivate() || ip.IsLoopback() || ip.IsUnspecified() || ip.IsLinkLocalUnicast()) {
		d.destination = d.source
	}
}

// request makes a request in the dialog. For an ACK, seq is the INVITE's number; for others it is 0.
func (d *dialog) request(method sip.RequestMethod, seq uint32) *sip.Request {
	d.mu.Lock()
	defer d.mu.Unlock()
	if seq == 0 {
		d.cseq++
		seq = d.cseq
	}
	req := sip.NewRequest(method, *d.target.Clone())
	req.AppendHeader(d.via(d.transport))
	for _, r := range d.routes {
		req.AppendHeader(sip.NewHeader("Route", r))
	}
	req.AppendHeader(sip.NewHeader("From", d.local))
	req.AppendHeader(sip.NewHeader("To", d.remote))
	req.AppendHeader(sip.NewHeader("Call-ID", d.callID))
	req.AppendHeader(&sip.CSeqHeader{SeqNo: seq, MethodName: method})
	forwards := sip.MaxForwardsHeader(70)
	req.AppendHeader(&forwards)
	req.AppendHeader(&sip.ContactHeader{Address: *d.contact.Clone()})
	req.SetTransport(d.transport)
	req.Laddr = d.laddr
	switch {
	case d.destination != "":
		req.SetDestination(d.destination)
	case len(d.routes) > 0:
		req.SetDestination(routeHost(d.routes[0], d.transport))
	}
	req.SetBody(nil)
	return req
}

// routeHost returns the host:port of a Route header's first address.
func routeHost(route, transport string) string {
	var u sip.Uri
	var p sip.HeaderParams
	first, _, _ := strings.Cut(route, ">,")
	if first != route {
		first += ">"
	}
	if _, err := sip.ParseAddressValue(first, &u, &p); err != nil {
		return ""
	}
	return hostPort(u, transport)
}

// hostPort is where a URI's requests go.
func hostPort(u sip.Uri, transport string) string {
	port := u.Port
	if port == 0 {
		port = sip.DefaultPort(transport)
	}
	return fmt.Sprintf("%s:%d", u.Host, port)
}

// fresh takes the number of a request of the far end; false when it is older than one that came (RFC 3261 section 12.2.2).
func (d *dialog) fresh(req *sip.Request) bool {
	c := req.CSeq()
	if c == nil {
		return false
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if c.SeqNo < d.remoteSeq {
		return false
	}
	d.remoteSeq = c.SeqNo
	return true
}

// refresh takes the far end's new address, as a second INVITE or its answer brings it.
func (d *dialog) refresh(m interface{ Contact() *sip.ContactHeader }, source string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if c := m.Contact(); c != nil {
		d.target = *c.Address.Clone()
	}
	if source != "" {
		d.source = source
	}
	d.around()
}

// await says that a 2xx with that number waits for its ACK.
func (d *dialog) await(seq uint32) <-chan *sip.Request {
	d.mu.Lock()
	defer d.mu.Unlock()
	ch := make(chan *sip.Request, 1)
	d.waiting[seq] = ch
	return ch
}

// ack takes an ACK. One that nobody waits for is a repetition.
func (d *dialog) ack(req *sip.Request) {
	c := req.CSeq()
	if c == nil {
		return
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if ch := d.waiting[c.SeqNo]; ch != nil {
		delete(d.waiting, c.SeqNo)
		ch <- req
	}
}
