package sipline

import (
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"griot/internal/fault"
	"griot/internal/telephony"
)

// sipp is one run of the program.
type sipp struct {
	t    *testing.T
	cmd  *exec.Cmd
	log  string
	done chan error
}

// freePort returns a UDP port that nobody has at the moment.
func freePort(t *testing.T) int {
	c, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	require.NoError(t, err)
	defer c.Close()
	return c.LocalAddr().(*net.UDPAddr).Port
}

// start runs a scenario of testdata; to is empty for one that waits to be called.
func start(t *testing.T, scenario, to string, port int, more ...string) *sipp {
	t.Helper()
	program, err := exec.LookPath("sipp")
	if err != nil {
		if os.Getenv("GRIOT_TEST_SYSTEM") == "1" {
			t.Fatal("sipp is missing: install the package sip-tester")
		}
		t.Skip("sipp is not installed (package sip-tester)")
	}
	file, err := filepath.Abs(filepath.Join("testdata", scenario+".xml"))
	require.NoError(t, err)
	dir := t.TempDir()
	s := &sipp{t: t, log: filepath.Join(dir, "log"), done: make(chan error, 1)}
	args := []string{"-sf", file, "-i", "127.0.0.1", "-p", strconv.Itoa(port), "-nostdin", "-timeout", "60s", "-timeout_error", "-trace_err", "-error_file", s.log, "-m", "1"}
	args = append(args, more...)
	if to != "" {
		args = append(args, "-s", "100", to)
	}
	s.cmd = exec.CommandContext(t.Context(), program, args...)
	s.cmd.Dir = dir
	s.cmd.Env = append(os.Environ(), "TERM=dumb")
	require.NoError(t, s.cmd.Start())
	go func() { s.done <- s.cmd.Wait() }()
	return s
}

// passed waits until the scenario has been played, and requires that all went as it says.
func (s *sipp) passed() {
	s.t.Helper()
	err := <-s.done
	said, _ := os.ReadFile(s.log)
	require.NoError(s.t, err, "%s", said)
}

// Another implementation calls in, and each of its requests gets the answer that the standards ask for.
func TestScenarios(t *testing.T) {
	for _, c := range []struct{ name, keys string }{{"hold", ""}, {"reinvite", "7"}, {"late_offer", ""}, {"timer", ""}, {"odd", ""}} {
		t.Run(c.name, func(t *testing.T) {
			b := open(t, func(o *Options) { o.Timer = 30 * time.Minute })
			start(t, c.name, b.line.Addr("UDP").String(), freePort(t)).passed()
			if c.name == "odd" {
				require.Empty(t, b.line.Calls())
				return
			}
			v := b.conv()
			require.Equal(t, "caller_left", v.over(t))
			require.Equal(t, c.keys, v.keys)
			require.Equal(t, telephony.Answered, b.ended(v.call.ID).Outcome)
		})
	}
}

// The caller cancels while it rings.
func TestScenarioCancel(t *testing.T) {
	b := open(t, func(o *Options) { o.Ring = time.Hour })
	start(t, "cancel", b.line.Addr("UDP").String(), freePort(t)).passed()
	v := b.conv()
	require.Equal(t, "caller_left", v.over(t))
	require.True(t, v.dropped)
	require.Equal(t, telephony.Cancelled, b.ended(v.call.ID).Outcome)
}

// A transfer that the far end refuses leaves the call as it was; one that succeeds ends it.
func TestScenarioRefer(t *testing.T) {
	b := open(t, nil)
	s := start(t, "refer_refused", b.line.Addr("UDP").String(), freePort(t))
	v := b.conv()
	v.until(t, "an answered call", func(*conv) bool { _, err := b.line.active(v.call.ID); return err == nil })
	err := b.line.Transfer(t.Context(), v.call.ID, "200")
	require.Equal(t, "transfer_refused", fault.CodeOf(err))
	require.Contains(t, err.Error(), "declined")
	s.passed()
	require.Equal(t, "caller_left", v.over(t), "the call went on until the caller left")

	s = start(t, "refer_done", b.line.Addr("UDP").String(), freePort(t))
	v = b.conv()
	v.until(t, "an answered call", func(*conv) bool { _, err := b.line.active(v.call.ID); return err == nil })
	require.NoError(t, b.line.Transfer(t.Context(), v.call.ID, "sip:200@example.com"))
	require.Equal(t, "transferred", v.over(t))
	s.passed()
	for _, bad := range []string{"", "a b", "sip:", "sip:x@y> "} {
		_, err := (&call{trunk: &trunk{host: "x"}}).target(bad)
		require.Equal(t, "invalid_number", fault.CodeOf(err))
	}
}

// A registrar's refusal is told, and not asked again at once; with the right password calls can come in.
func TestScenarioRegister(t *testing.T) {
	port := freePort(t)
	s := start(t, "registrar_wrong", "", port)
	pbx := Trunk{Name: "pbx", Address: "127.0.0.1:" + strconv.Itoa(port), User: "griot", Password: "wrong", Register: true}
	a := open(t, func(o *Options) { o.Trunks = []Trunk{pbx} })
	s.passed()
	require.Eventually(t, func() bool { return a.line.Trunks()[0].Problem != "" }, 10*time.Second, 10*time.Millisecond)
	st := a.line.Trunks()[0]
	require.False(t, st.Registered)
	require.Contains(t, st.Problem, "does not accept the user or the password")

	port = freePort(t)
	s = start(t, "registrar_right", "", port)
	pbx.Address, pbx.Password = "127.0.0.1:"+strconv.Itoa(port), "s3cret"
	a = open(t, func(o *Options) { o.Trunks = []Trunk{pbx} })
	s.passed()
	require.Eventually(t, func() bool { return a.line.Trunks()[0].Registered }, 10*time.Second, 10*time.Millisecond)
	require.WithinDuration(t, time.Now().Add(20*time.Minute), a.line.Trunks()[0].Expires, time.Minute)
}

// A trunk wants credentials and finds its number busy.
func TestScenarioBusy(t *testing.T) {
	port := freePort(t)
	s := start(t, "trunk_busy", "", port)
	a := open(t, func(o *Options) {
		o.Trunks = []Trunk{{Name: "far", Address: "127.0.0.1:" + strconv.Itoa(port), User: "griot", Password: "s3cret", Quiet: true}}
	})
	id := a.place(telephony.Order{Agent: "x", To: "+33123456789"})
	end := a.ended(id)
	require.Equal(t, telephony.Busy, end.Outcome)
	require.Equal(t, "486 Busy Here", end.Reason)
	s.passed()
}

// Two hundred calls at twenty a second: each is answered, and none is left behind.
func TestScenarioMany(t *testing.T) {
	b := open(t, nil)
	b.host.be(true, nil)
	start(t, "call", b.line.Addr("UDP").String(), freePort(t), "-m", "200", "-r", "20", "-l", "100").passed()
	for range 200 {
		require.Equal(t, "caller_left", b.conv().over(t))
	}
	require.Eventually(t, func() bool { return len(b.line.Calls()) == 0 }, 10*time.Second, 10*time.Millisecond)
	require.Zero(t, b.line.o.Ports.Used())
}
