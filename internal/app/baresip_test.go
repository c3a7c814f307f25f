package app

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"griot/internal/media"
	"griot/internal/media/mediatest"
)

// baresip is a telephone: Debian's program, which speaks a recording into each call.
type baresip struct {
	t    *testing.T
	cmd  *exec.Cmd
	ctrl net.Conn
	out  *said
	done chan struct{}
	addr string // where it is called
}

// said collects what the program prints.
type said struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (s *said) Write(b []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.buf.Write(b)
}

func (s *said) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.buf.String()
}

// free returns a port that nobody has at the moment, on UDP and TCP, and the one behind it too: the telephone takes that for TLS.
func free(t *testing.T) int {
	t.Helper()
	for range 50 {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		require.NoError(t, err)
		p := l.Addr().(*net.TCPAddr).Port
		require.NoError(t, l.Close())
		m, err := net.Listen("tcp", "127.0.0.1:"+strconv.Itoa(p+1))
		if err != nil {
			continue
		}
		require.NoError(t, m.Close())
		u, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1), Port: p})
		if err == nil {
			require.NoError(t, u.Close())
			return p
		}
	}
	t.Fatal("there is no free port")
	return 0
}

// newBaresip starts a telephone that speaks pcm (mono, 8000 Hz) from the beginning of a call. account is what follows its address in its file of accounts.
func newBaresip(t *testing.T, pcm []int16, account string) *baresip {
	t.Helper()
	program, err := exec.LookPath("baresip")
	if err != nil {
		mediatest.Missing(t, "baresip-core")
	}
	modules, err := filepath.Glob("/usr/lib*/baresip/modules")
	require.NoError(t, err)
	multi, err := filepath.Glob("/usr/lib/*/baresip/modules")
	require.NoError(t, err)
	modules = append(modules, multi...)
	require.NotEmpty(t, modules)
	dir, port, ctrl := t.TempDir(), free(t), free(t)
	var wav bytes.Buffer
	require.NoError(t, media.WriteWAV(&wav, media.Mono(8000), pcm))
	for name, text := range map[string]string{
		"in.wav":   wav.String(),
		"accounts": "<sip:caller@127.0.0.1>" + account + "\n",
		"contacts": "",
		"config": fmt.Sprintf("poll_method epoll\nsip_listen 127.0.0.1:%d\ncall_max_calls 4\naudio_source aufile,%s/in.wav\naudio_player aufile,none\naudio_alert aufile,none\nrtp_ports 23000-23999\n"+
			"module_path %s\nmodule g711.so\nmodule opus.so\nmodule srtp.so\nmodule aufile.so\nmodule ctrl_tcp.so\nmodule_tmp account.so\nmodule_app menu.so\nctrl_tcp_listen 127.0.0.1:%d\n", port, dir, modules[0], ctrl),
	} {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600))
	}
	b := &baresip{t: t, cmd: exec.CommandContext(t.Context(), program, "-f", dir, "-v"), out: &said{}, done: make(chan struct{}), addr: "127.0.0.1:" + strconv.Itoa(port)}
	b.cmd.Stdout, b.cmd.Stderr = b.out, b.out
	require.NoError(t, b.cmd.Start())
	go func() { defer close(b.done); _ = b.cmd.Wait() }() // it is killed in the end
	t.Cleanup(func() {
		if b.ctrl != nil {
			_ = b.ctrl.Close()
		}
		_ = b.cmd.Process.Kill()
		<-b.done
		if t.Failed() {
			t.Logf("baresip said:\n%s", b.out)
		}
	})
	require.Eventually(t, func() bool {
		b.ctrl, err = net.Dial("tcp", "127.0.0.1:"+strconv.Itoa(ctrl))
		return err == nil
	}, 20*time.Second, 20*time.Millisecond, "the telephone does not start")
	return b
}

// do gives the telephone a command.
func (b *baresip) do(command, params string) {
	b.t.Helper()
	raw, err := json.Marshal(map[string]string{"command": command, "params": params})
	require.NoError(b.t, err)
	_, err = fmt.Fprintf(b.ctrl, "%d:%s,", len(raw), raw)
	require.NoError(b.t, err)
}
