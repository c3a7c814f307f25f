package webrtc_test

import (
	"bytes"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"strconv"
	"testing"
	"time"

	pion "github.com/pion/webrtc/v4"
	"github.com/stretchr/testify/require"

	"griot/internal/live/transport/webrtc"
	"griot/internal/live/transport/webrtc/webrtctest"
	"griot/internal/media/mediatest"
)

// coturn starts a relay on loopback and returns its port.
func coturn(t *testing.T, secret string) int {
	t.Helper()
	program, err := exec.LookPath("turnserver")
	if err != nil {
		if os.Getenv("GRIOT_TEST_SYSTEM") == "1" {
			t.Fatal("coturn must be installed")
		}
		t.Skip("coturn is not installed")
	}
	free, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	require.NoError(t, err)
	port := free.LocalAddr().(*net.UDPAddr).Port
	require.NoError(t, free.Close())
	dir := t.TempDir()
	cmd := exec.CommandContext(t.Context(), program, "-n", "--no-cli", "--use-auth-secret", "--static-auth-secret="+secret, "--realm=griot.test", "--listening-ip=127.0.0.1",
		"--listening-port="+strconv.Itoa(port), "--relay-ip=127.0.0.1", "--allow-loopback-peers", "--no-tls", "--no-dtls", "--log-file=stdout", "--simple-log", "--pidfile="+dir+"/pid", "--userdb="+dir+"/db")
	var log bytes.Buffer
	cmd.Stdout, cmd.WaitDelay = &log, 5*time.Second
	require.NoError(t, cmd.Start())
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait() // it was killed
		if t.Failed() {
			t.Log(log.String())
		}
	})
	// It is there when it answers a STUN binding request (RFC 8489 section 5).
	conn, err := net.Dial("udp4", "127.0.0.1:"+strconv.Itoa(port))
	require.NoError(t, err)
	defer conn.Close()
	request := append([]byte{0, 1, 0, 0, 0x21, 0x12, 0xa4, 0x42}, "transaction1"...)
	for range 100 {
		_, _ = conn.Write(request) // refused as long as it is not there
		require.NoError(t, conn.SetReadDeadline(time.Now().Add(100*time.Millisecond)))
		began := time.Now()
		if n, err := conn.Read(make([]byte, 512)); err == nil && n > 0 {
			return port
		}
		<-time.After(time.Until(began.Add(100 * time.Millisecond)))
	}
	t.Fatal("coturn does not answer")
	return 0
}

// A caller whose network lets nothing through directly comes by a relay, with a password that we made; with another secret's it does not get in.
func TestRelay(t *testing.T) {
	port := coturn(t, "north")
	hub := newHub(t, webrtc.Options{Listen: []netip.Addr{netip.MustParseAddr("127.0.0.1")}, TCPPort: -1})
	servers := func(secret string) (out []pion.ICEServer) {
		list, _ := webrtc.TURN{URLs: []string{"turn:127.0.0.1:" + strconv.Itoa(port) + "?transport=udp"}, Secret: secret}.Servers("alice", time.Now())
		for _, s := range list {
			out = append(out, pion.ICEServer{URLs: s.URLs, Username: s.Username, Credential: s.Credential})
		}
		return out
	}
	c := webrtctest.New(t, webrtctest.Options{Codec: "pcmu", Relay: true, ICEServers: servers("north"), Complete: true})
	p, ch := connect(t, hub, c)
	require.NotNil(t, ch)
	before := time.Now()
	say(t, p, 1, mediatest.Voice(300*time.Millisecond, 8000))
	c.WaitSound(before)
	pair, err := c.PC.SCTP().Transport().ICETransport().GetSelectedCandidatePair()
	require.NoError(t, err)
	require.Equal(t, pion.ICECandidateTypeRelay, pair.Local.Typ)
	require.Equal(t, net.JoinHostPort(pair.Local.Address, strconv.Itoa(int(pair.Local.Port))), p.Stats().Remote, "what we see is the relay")

	wrong := webrtctest.New(t, webrtctest.Options{Codec: "pcmu", Relay: true, ICEServers: servers("south"), Complete: true})
	require.NotContains(t, wrong.Offer(), "typ relay")
}
