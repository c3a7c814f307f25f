package outbound_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"griot/internal/fault"
	"griot/internal/outbound"
)

// names is a resolver. A name with several answers gives one after the other.
type names map[string][][]string

func (n names) resolve(_ context.Context, host string) ([]netip.Addr, error) {
	answers := n[host]
	if len(answers) == 0 {
		return nil, errors.New("no such host")
	}
	var ips []netip.Addr
	for _, s := range answers[0] {
		ips = append(ips, netip.MustParseAddr(s))
	}
	if len(answers) > 1 {
		n[host] = answers[1:]
	}
	return ips, nil
}

// An attempt at what requests must not reach. Each is refused before a connection is made.
func TestForgery(t *testing.T) {
	dns := func() names {
		return names{
			"localhost":                {{"127.0.0.1"}},
			"metadata.google.internal": {{"169.254.169.254"}},
			"intranet.example":         {{"10.1.2.3"}},
			"loop6.example":            {{"::1"}},
			"two.example":              {{"93.184.215.14", "192.168.1.1"}},
			"mapped.example":           {{"::ffff:127.0.0.1"}},
			"127.0.0.1.nip.example":    {{"127.0.0.1"}},
			"2130706433":               {{"127.0.0.1"}}, // as some systems have it
			"0x7f000001":               {{"127.0.0.1"}},
			"0177.0.0.1":               {{"127.0.0.1"}},
			"127.1":                    {{"127.0.0.1"}},
			"0xa9.0xfe.0xa9.0xfe":      {{"169.254.169.254"}},
		}
	}
	for name, address := range map[string]string{
		"loopback":                      "http://127.0.0.1/",
		"another loopback":              "http://127.8.9.10:8080/",
		"localhost":                     "http://localhost/",
		"capitals and a final dot":      "http://LOCALHOST./",
		"decimal address":               "http://2130706433/",
		"hexadecimal address":           "http://0x7f000001/",
		"octal address":                 "http://0177.0.0.1/",
		"shortened address":             "http://127.1/",
		"hexadecimal parts":             "http://0xa9.0xfe.0xa9.0xfe/latest/meta-data/",
		"number too large":              "http://99999999999999999999999/",
		"metadata":                      "http://169.254.169.254/latest/meta-data/",
		"metadata by name":              "http://metadata.google.internal/computeMetadata/v1/",
		"metadata of Azure's host":      "http://168.63.129.16/machine/",
		"metadata of Alibaba":           "http://100.100.100.200/latest/",
		"metadata over IPv6":            "http://[fd00:ec2::254]/latest/",
		"private, 10":                   "https://10.0.0.1/",
		"private, 172.16":               "https://172.31.255.254/",
		"private, 192.168":              "https://192.168.0.1/",
		"name of a private network":     "https://intranet.example/",
		"name that holds an address":    "http://127.0.0.1.nip.example/",
		"carrier's network":             "http://100.64.0.1/",
		"this network":                  "http://0.0.0.0/",
		"nothing, IPv6":                 "http://[::]/",
		"loopback, IPv6":                "http://[::1]/",
		"loopback, IPv6, by name":       "http://loop6.example/",
		"loopback, IPv6, in full":       "http://[0000:0000:0000:0000:0000:0000:0000:0001]/",
		"IPv4 in IPv6":                  "http://[::ffff:127.0.0.1]/",
		"IPv4 in IPv6, hexadecimal":     "http://[::ffff:a9fe:a9fe]/",
		"IPv4 in IPv6, by name":         "http://mapped.example/",
		"IPv4 in IPv6, the old way":     "http://[::127.0.0.1]/",
		"translated":                    "http://[64:ff9b::10.0.0.1]/",
		"translated, metadata":          "http://[64:ff9b::a9fe:a9fe]/",
		"translated, local":             "http://[64:ff9b:1::1]/",
		"6to4":                          "http://[2002:7f00:1::]/",
		"Teredo":                        "http://[2001:0:1:2::]/",
		"unique local":                  "http://[fd12:3456:789a::1]/",
		"link local":                    "http://[fe80::1]/",
		"link local with a zone":        "http://[fe80::1%25eth0]/",
		"public with a zone":            "http://[2606:2800:21f::1%25lo]/",
		"multicast":                     "http://224.0.0.1/",
		"multicast, IPv6":               "http://[ff02::1]/",
		"broadcast":                     "http://255.255.255.255/",
		"reserved":                      "http://240.0.0.1/",
		"ideographic full stops":        "http://169。254。169。254/",
		"full-width digits":             "http://１２７.０.０.１/",
		"digits in circles":             "http://①②⑦.⓪.⓪.①/",
		"user name that looks a server": "http://example.com@169.254.169.254/",
		"password and a number sign":    "http://example.com:80#@127.0.0.1:25/x",
		"another protocol":              "gopher://127.0.0.1:25/_HELO",
		"a file":                        "file:///etc/passwd",
		"no server":                     "http:///etc/passwd",
		"one of two answers":            "https://two.example/",
		"nothing but a port":            "http://:8080/",
		"port too large":                "http://example.com:99999/",
	} {
		t.Run(name, func(t *testing.T) {
			c := outbound.New(outbound.Options{Resolve: dns().resolve, Dial: func(_ context.Context, _, a string) (net.Conn, error) {
				t.Errorf("connects to %s", a)
				return nil, errors.New("no")
			}})
			u, err := url.Parse(address)
			if err != nil {
				return // nothing that a request could be made of
			}
			_, err = c.Do(t.Context(), &http.Request{Method: "GET", URL: u, Header: http.Header{}})
			require.Error(t, err)
			require.Contains(t, []string{outbound.CodeRefused, outbound.CodeBadAddress, outbound.CodeUnknownName}, fault.CodeOf(err), "%v", err)
			if _, known := dns()[strings.ToLower(u.Hostname())]; known {
				require.NotEqual(t, outbound.CodeUnknownName, fault.CodeOf(err))
			}
		})
	}
}

// A name that is public when somebody looks, and private when the connection is made, is never connected to: what was judged is what is dialled.
func TestRebinding(t *testing.T) {
	dns := names{"turns.example": {{"93.184.215.14"}, {"127.0.0.1"}}}
	var dialled []string
	c := outbound.New(outbound.Options{Resolve: dns.resolve, Dial: func(_ context.Context, _, a string) (net.Conn, error) {
		dialled = append(dialled, a)
		return nil, errors.New("refused")
	}})
	for _, code := range []string{outbound.CodeUnreachable, outbound.CodeRefused, outbound.CodeRefused} {
		_, err := c.Do(t.Context(), get(t, "http://turns.example/"))
		require.Equal(t, code, fault.CodeOf(err))
	}
	require.Equal(t, []string{"93.184.215.14:80"}, dialled)
}

func get(t *testing.T, address string) *http.Request {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, nil)
	require.NoError(t, err)
	return req
}

// local is a client that may reach this machine by the names that it is given, all of which mean server.
func local(server *httptest.Server, o outbound.Options) *outbound.Client {
	o.Allow = append(o.Allow, netip.MustParsePrefix("127.0.0.0/8"))
	o.Resolve = func(context.Context, string) ([]netip.Addr, error) {
		return []netip.Addr{netip.MustParseAddr("127.0.0.1")}, nil
	}
	o.Dial = func(ctx context.Context, network, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, network, server.Listener.Addr().String())
	}
	return outbound.New(o)
}

func TestRedirects(t *testing.T) {
	var elsewhere atomic.Bool
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		to := r.URL.Query().Get("to")
		switch {
		case r.Host != "a.example" && r.URL.Path == "/seen":
			elsewhere.Store(true)
			for _, k := range []string{"Authorization", "X-Api-Key", "Cookie", "Referer"} {
				if r.Header.Get(k) != "" {
					t.Errorf("%s went to %s", k, r.Host)
				}
			}
			_, _ = io.WriteString(w, "seen")
		case r.URL.Path == "/round":
			http.Redirect(w, r, "/round", http.StatusFound)
		case r.URL.Path == "/keep":
			http.Redirect(w, r, to, http.StatusTemporaryRedirect)
		case to != "":
			http.Redirect(w, r, to, http.StatusFound)
		default:
			_, _ = io.WriteString(w, "key "+r.Header.Get("X-Api-Key"))
		}
	}))
	defer s.Close()
	c := local(s, outbound.Options{})
	defer c.Close()
	ask := func(method, path string) (*outbound.Response, error) {
		req, err := http.NewRequestWithContext(t.Context(), method, "http://a.example"+path, strings.NewReader("secret"))
		require.NoError(t, err)
		req.Header = http.Header{"Authorization": {"Bearer x"}, "X-Api-Key": {"k"}, "Cookie": {"a=b"}}
		return c.Do(t.Context(), req)
	}
	for name, to := range map[string]string{
		"metadata": "http://169.254.169.254/latest/", "private": "https://10.0.0.1/", "IPv6": "http://[::1]/", "decimal": "http://2852039166/",
		"file": "file:///etc/passwd", "user": "http://a.example@169.254.169.254/", "protocol-relative": "//192.168.1.1/",
	} {
		t.Run("to "+name, func(t *testing.T) {
			_, err := ask("GET", "/?to="+url.QueryEscape(to))
			require.Contains(t, []string{outbound.CodeRefused, outbound.CodeBadAddress}, fault.CodeOf(err), "%v", err)
		})
	}
	r, err := ask("GET", "/?to=/plain")
	require.NoError(t, err)
	require.Equal(t, "key k", string(r.Body))
	r, err = ask("GET", "/?key=hidden&to="+url.QueryEscape("http://b.example/seen"))
	require.NoError(t, err)
	require.Equal(t, "seen", string(r.Body))
	require.True(t, elsewhere.Load())
	_, err = ask("GET", "/round")
	require.Equal(t, outbound.CodeRedirects, fault.CodeOf(err))
	_, err = ask("POST", "/keep?to="+url.QueryEscape("http://b.example/seen"))
	require.Equal(t, outbound.CodeRedirectBody, fault.CodeOf(err))
	r, err = ask("POST", "/keep?to=/plain")
	require.NoError(t, err)
	require.Equal(t, "key k", string(r.Body))
}

func TestLimits(t *testing.T) {
	release := make(chan struct{})
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/large":
			_, _ = w.Write(bytes.Repeat([]byte("x"), 5<<20))
		case "/bomb":
			w.Header().Set("Content-Encoding", "gzip")
			z := gzip.NewWriter(w)
			_, _ = z.Write(make([]byte, 50<<20))
			_ = z.Close()
		case "/slow":
			select {
			case <-release:
			case <-r.Context().Done():
			}
		case "/drip":
			_, _ = io.WriteString(w, "one")
			_ = http.NewResponseController(w).Flush()
			<-r.Context().Done()
		case "/broken":
			conn, _, _ := http.NewResponseController(w).Hijack()
			_ = conn.Close()
		}
	}))
	defer s.Close()
	defer close(release)
	c := local(s, outbound.Options{Timeout: 200 * time.Millisecond})
	defer c.Close()
	patient := local(s, outbound.Options{})
	defer patient.Close()
	for _, path := range []string{"/large", "/bomb"} {
		r, err := patient.Do(t.Context(), get(t, "http://a.example"+path))
		require.NoError(t, err)
		require.True(t, r.Cut)
		require.Len(t, r.Body, 1<<20)
	}
	for _, path := range []string{"/slow", "/drip"} {
		_, err := c.Do(t.Context(), get(t, "http://a.example"+path+"?key=hunter2"))
		require.Equal(t, outbound.CodeTimeout, fault.CodeOf(err))
		require.NotContains(t, err.Error(), "hunter2")
	}
	_, err := patient.Do(t.Context(), get(t, "http://a.example/broken?key=hunter2"))
	require.Equal(t, outbound.CodeUnreachable, fault.CodeOf(err))
	require.NotContains(t, err.Error(), "hunter2")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = c.Do(ctx, get(t, "http://a.example/slow"))
	require.ErrorIs(t, err, context.Canceled)
}

func TestCertificate(t *testing.T) {
	s := httptest.NewTLSServer(http.NotFoundHandler())
	defer s.Close()
	c := local(s, outbound.Options{})
	_, err := c.Do(t.Context(), get(t, "https://a.example/"))
	require.Equal(t, outbound.CodeNotTrusted, fault.CodeOf(err))
}

// The environment's proxy is not asked; one that is set is, and what it would reach is judged all the same.
func TestProxy(t *testing.T) {
	var asked atomic.Int32
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		_, _ = io.WriteString(w, "by proxy: "+r.URL.String())
	}))
	defer proxy.Close()
	t.Setenv("HTTP_PROXY", proxy.URL)
	dns := names{"a.example": {{"93.184.215.14"}}, "intranet.example": {{"10.0.0.1"}}}
	plain := outbound.New(outbound.Options{Resolve: dns.resolve, Dial: func(context.Context, string, string) (net.Conn, error) { return nil, errors.New("no") }})
	_, err := plain.Do(t.Context(), get(t, "http://a.example/"))
	require.Equal(t, outbound.CodeUnreachable, fault.CodeOf(err))
	require.Zero(t, asked.Load())

	u, err := url.Parse(proxy.URL)
	require.NoError(t, err)
	c := outbound.New(outbound.Options{Proxy: u, Resolve: dns.resolve})
	defer c.Close()
	r, err := c.Do(t.Context(), get(t, "http://a.example/x"))
	require.NoError(t, err)
	require.Equal(t, "by proxy: http://a.example/x", string(r.Body))
	_, err = c.Do(t.Context(), get(t, "http://intranet.example/"))
	require.Equal(t, outbound.CodeRefused, fault.CodeOf(err))
	require.EqualValues(t, 1, asked.Load())
}

// A network opens what is in it, but not the addresses of secrets: those are opened one by one.
func TestAllow(t *testing.T) {
	wide := outbound.New(outbound.Options{Allow: []netip.Prefix{netip.MustParsePrefix("0.0.0.0/0"), netip.MustParsePrefix("::/0")}})
	exact := outbound.New(outbound.Options{Allow: []netip.Prefix{netip.MustParsePrefix("169.254.169.254/32")}})
	for _, c := range []struct {
		client  *outbound.Client
		address string
		open    bool
	}{
		{wide, "http://10.0.0.1/", true}, {wide, "http://[::1]/", true}, {wide, "http://[::ffff:10.0.0.1]/", true}, {wide, "http://[64:ff9b::a00:1]/", true},
		{wide, "http://169.254.169.254/", false}, {wide, "http://[::ffff:169.254.169.254]/", false}, {wide, "http://[fd00:ec2::254]/", false}, {wide, "http://2130706433/", false},
		{exact, "http://169.254.169.254/", true}, {exact, "http://169.254.169.253/", false}, {exact, "https://example.com/", true}, {exact, "https://8.8.8.8/", true},
		{exact, "https://[2606:2800:21f::1]/", true},
	} {
		u, err := url.Parse(c.address)
		require.NoError(t, err)
		err = c.client.Check(u)
		require.Equal(t, c.open, err == nil, "%s: %v", c.address, err)
	}
}
