package python_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"griot/internal/tool/python"
)

// attempt is code that tries to get out. It says "ESCAPED" in its result where it succeeds, and otherwise what stopped it.
type attempt struct {
	name string
	code string // of execute, when it defines none itself; FILE, PORT and PID stand for things of the server
	want string // what stopped it; alternatives are separated by |
}

// bad wraps lines in an execute.
func (a attempt) source(replace *strings.Replacer) string {
	code := a.code
	if !strings.Contains(code, "def execute") {
		code = "def execute(params):\n    " + strings.ReplaceAll(strings.TrimSpace(code), "\n", "\n    ")
	}
	return replace.Replace(code)
}

// tried is the pattern of most attempts: it returns what went wrong.
func tried(lines string) string {
	return "try:\n    " + strings.ReplaceAll(strings.TrimSpace(lines), "\n", "\n    ") + "\nexcept BaseException as e:\n    return type(e).__name__ + ': ' + str(e)\nreturn 'ESCAPED'"
}

// endless is what stops code that does not end.
const endless = "did not finish"

const denied = "PermissionError|FileNotFoundError|not permitted|Bad file descriptor"

// withLibrary are attempts with the whole language and the standard library: only the kernel stands in the way.
var withLibrary = []attempt{
	{"open a file of the server", tried("open('FILE').read()"), denied},
	{"write a file", tried("open('/tmp/griot-escape', 'w').write('x')"), denied},
	{"write into the library", tried("import os\nopen(os.__file__, 'a')"), denied},
	{"truncate by opening", tried("import os\nos.open(os.__file__, os.O_RDONLY | os.O_TRUNC)"), denied},
	{"list the root folder", tried("import os\nos.listdir('/')"), denied},
	{"look whether a file is there", "import os\nreturn 'ESCAPED' if os.path.exists('FILE') else 'not there'", "not there"},
	{"read the process's environment file", tried("open('/proc/self/environ').read()"), denied},
	{"read the memory of the process", tried("open('/proc/self/mem', 'rb')"), denied},
	{"read the server's environment file", tried("open('/proc/PID/environ').read()"), denied},
	{"read another worker", "import os\nseen = []\nfor n in range(1, 400):\n    for f in ('cmdline', 'environ', 'maps', 'mem', 'fd/1'):\n        try:\n            seen.append(open('/proc/%d/%s' % (n, f), 'rb').read(1))\n        except OSError:\n            pass\nreturn 'ESCAPED' if seen else 'nothing to read'", "nothing to read"},
	{"read the environment", "import os\nreturn 'ESCAPED' if os.environ.get('GRIOT_ESCAPE_SECRET') or os.environ.get('PATH') else 'empty'", "empty"},
	{"find the server's secrets in memory", "import gc\nsecret = ''.join(reversed('sloot-rof-ton'))\nreturn 'ESCAPED' if any(secret in o for o in gc.get_objects() + [str(g) for g in gc.get_objects()] if isinstance(o, str)) else 'none'", "none"},
	{"learn the machine's name", "import os\nreturn 'ESCAPED' if os.uname().nodename != 'tool' else 'another name'", "another name"},
	{"inherit descriptors", "import os\nopen_ = []\nfor fd in range(300):\n    try:\n        os.fstat(fd)\n        open_.append(fd)\n    except OSError:\n        pass\nreturn 'ESCAPED' if open_ != [1, 2] else 'two pipes'", "two pipes"},
	{"os.system", "import os\nreturn 'ESCAPED' if os.system('true') == 0 else 'status of failure'", "status of failure"},
	{"os.popen", tried("import os\nos.popen('true').read()"), denied},
	{"subprocess", tried("import subprocess\nsubprocess.run(['/bin/true'])"), denied},
	{"fork", tried("import os\nos.fork()"), denied},
	{"posix_spawn", tried("import os\nos.posix_spawn('/bin/true', ['true'], {})"), denied},
	{"pty", tried("import pty\npty.fork()"), denied + "|ImportError"},
	{"execute a shell", tried("import os\nos.execv('/bin/sh', ['sh'])"), denied},
	{"execute the interpreter again", tried("import os, sys\nos.execv(sys.executable, [sys.executable, '-c', 'pass'])"), denied},
	{"execute by descriptor", tried("import os, sys\nos.execve(os.open(sys.executable, os.O_RDONLY), ['python'], {})"), denied},
	{"get the descriptor that may be executed", tried("import os, sys\nfd = os.open(sys.executable, os.O_RDONLY)\nos.dup2(fd, 63)\nos.execve(63, ['python'], {})"), denied},
	{"connect to the server", tried("import socket\nsocket.create_connection(('127.0.0.1', PORT), 2)"), denied},
	{"send a datagram", tried("import socket\nsocket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b'x', ('127.0.0.1', 9))"), denied},
	{"unix socket", tried("import socket\nsocket.socket(socket.AF_UNIX)"), denied},
	{"socket pair", tried("import socket\nsocket.socketpair()"), denied},
	{"raw socket", tried("import socket\nsocket.socket(socket.AF_PACKET, socket.SOCK_RAW)"), denied},
	{"ask for a name", tried("import socket\nsocket.getaddrinfo('localhost', 80)[0]\nimport urllib.request\nurllib.request.urlopen('http://127.0.0.1:PORT')"), denied + "|URLError|gaierror"},
	{"ctypes", tried("import ctypes"), "ModuleNotFoundError|PermissionError|ImportError"},
	{"ctypes past the importer", tried("import _imp, importlib.machinery, importlib.util, os, sys\nd = [p for p in sys.path if 'dynload' in p][0]\nf = [os.path.join(d, n) for n in os.listdir(d) if n.startswith('_ctypes.')][0]\n_imp.create_dynamic(importlib.util.spec_from_file_location('_ctypes', f))"), "ImportError|IndexError|PermissionError"},
	{"start a thread", tried("import threading\nthreading.Thread(target=print).start()"), "can't start new thread"},
	{"thread bomb", "import _thread\nn = 0\nfor i in range(1000):\n    try:\n        _thread.start_new_thread(lambda: None, ())\n        n += 1\n    except RuntimeError:\n        pass\nreturn 'ESCAPED' if n else 'no threads'", "no threads"},
	{"fork bomb", "import os\nn = 0\nfor i in range(1000):\n    try:\n        os.fork()\n        n += 1\n    except OSError:\n        pass\nreturn 'ESCAPED' if n else 'no processes'", "no processes"},
	{"signal to the server", tried("import os\nos.kill(PID, 9)"), denied + "|ProcessLookupError"},
	{"signal to the parent", tried("import os\nos.kill(os.getppid() or PID, 15)"), denied},
	{"signal to everybody", tried("import os\nos.kill(-1, 9)"), denied},
	{"kill the process group", tried("import os\nos.killpg(0, 9)"), denied},
	{"pidfd", tried("import os\nos.pidfd_open(1)"), denied},
	{"set the user", tried("import os\nos.setuid(0)\nopen('FILE')"), denied},
	{"set all users", tried("import os\nos.setresuid(0, 0, 0)"), denied},
	{"chroot", tried("import os\nos.chroot('/')"), denied},
	{"unshare", tried("import os\nos.unshare(0x10000000)"), denied + "|AttributeError"},
	{"symbolic link", tried("import os\nos.symlink('FILE', '/tmp/griot-escape')"), denied},
	{"hard link", tried("import os\nos.link('FILE', '/tmp/griot-escape')"), denied},
	{"named pipe", tried("import os\nos.mkfifo('/tmp/griot-escape')"), denied},
	{"remove a file", tried("import os\nos.remove('FILE')"), denied},
	{"rename a file", tried("import os\nos.rename('FILE', 'FILE.x')"), denied},
	{"change a file's rights", tried("import os\nos.chmod('FILE', 0)"), denied},
	{"change a file's times", tried("import os\nos.utime('FILE', (0, 0))"), denied},
	{"change a file's owner", tried("import os\nos.chown('FILE', 65534, 65534)"), denied},
	{"extended attributes", tried("import os\nos.setxattr('FILE', 'user.x', b'x')"), denied},
	{"make a folder", tried("import os\nos.mkdir('griot-escape')"), denied},
	{"temporary file", tried("import tempfile\ntempfile.TemporaryFile()"), denied},
	{"memory file", tried("import os\nos.memfd_create('x')"), denied},
	{"shared memory", tried("from multiprocessing import shared_memory"), "ModuleNotFoundError|PermissionError"},
	{"shared memory file", tried("open('/dev/shm/griot-escape', 'w')"), denied},
	{"pipe", tried("import os\nos.pipe()"), denied},
	{"raise the limits", tried("import resource\nresource.setrlimit(resource.RLIMIT_AS, (-1, -1))"), denied + "|ValueError|ModuleNotFoundError"},
	{"raise the number of descriptors", tried("import resource\nresource.setrlimit(resource.RLIMIT_NOFILE, (100, 100))"), denied + "|ValueError"},
	{"raise the priority", tried("import os\nos.setpriority(os.PRIO_PROCESS, 0, -20)"), denied},
	{"watch the server's clock", tried("import time\ntime.clock_settime(time.CLOCK_REALTIME, 0)"), denied},
	{"pickle that runs a program", "import pickle, os\nclass P:\n    def __reduce__(self):\n        return (os.system, ('true',))\nreturn 'ESCAPED' if pickle.loads(pickle.dumps(P())) == 0 else 'status of failure'", "status of failure"},
	{"object graph to popen", tried("c = [c for c in object.__subclasses__() if c.__name__ == '_wrap_close'][0]\nc.__init__.__globals__['popen']('true').read()"), denied + "|IndexError"},
	{"frames of the worker", tried("import sys\nf = sys._getframe()\nwhile f.f_back:\n    f = f.f_back\nf.f_globals['posix'].open('FILE', 0)"), denied},
	{"forge a result on every descriptor", "import os, json\nbody = b'{\"result\": \"ESCAPED\"}'\nfor fd in range(64):\n    try:\n        os.write(fd, b'\\0' * 16 + len(body).to_bytes(4, 'big') + body)\n    except OSError:\n        pass\nreturn 'x'", "where results go"},
	{"end before the result", "import os\nos.write(1, b'ESCAPED')\nos._exit(0)", "where results go|without a result"},
	{"close the result channel", "import os\nos.close(1)\nreturn 'x'", "without a result"},
	{"patch the worker's modules", "import builtins, json, posix\ndef say(*a, **k):\n    raise SystemExit('patched')\njson.dumps = posix.write = builtins.len = say\nreturn 1", "|1|without a result|patched|SystemExit"},
	{"sys.exit", "import sys\nsys.exit(0)", "ends the program"},
	{"atexit", "import atexit, os\natexit.register(os.write, 1, b'ESCAPED')\nreturn 'left alone'", "left alone"},
	{"segmentation fault", "import sys\nsys.setrecursionlimit(10**7)\nx = []\nfor i in range(300000):\n    x = [x]\nreturn repr(x)", "without a result|RecursionError"},
	{"flood of standard error", "import os\nwhile True:\n    os.write(2, b'x' * 65536)", endless},
	{"block every signal and loop", "import signal\nsignal.pthread_sigmask(signal.SIG_BLOCK, range(1, 64))\nfor s in range(1, 64):\n    try:\n        signal.signal(s, signal.SIG_IGN)\n    except (OSError, ValueError):\n        pass\nwhile True:\n    pass", endless},
	{"sleep for ever", "import time\ntime.sleep(10**6)", endless},
	{"regular expression that explodes", "import re\nre.match(r'(a+)+$', 'a' * 60 + 'b')", endless},
	{"deep structure as the result", "x = []\nfor i in range(100000):\n    x = [x]\nreturn x", "RecursionError"},
	{"bomb of zeros", tried("import zlib\nd = zlib.decompressobj()\ndata = zlib.compress(b'\\0' * 50000000)\nfor i in range(5):\n    data = zlib.compress(data)\nb''.join([b'\\0' * 100000000 for i in range(100)])"), "MemoryError"},
}

// withoutLibrary are attempts in the language that tools have by default.
var withoutLibrary = []attempt{
	{"import", "import os\nreturn 'ESCAPED'", "import os is not allowed"},
	{"import in a function that hides", "def f():\n    from os import system\n    return 'ESCAPED'\nreturn f()", "import os is not allowed"},
	{"__import__", "return __import__('os').getcwd()", "__import__"},
	{"__builtins__", "return __builtins__['__import__']('os')", "__builtins__ cannot be used"},
	{"open", "return open('FILE').read()", "open is not available"},
	{"eval", "return eval('1')", "eval is not available"},
	{"__subclasses__", "return ().__class__.__base__.__subclasses__()", "cannot be used"},
	{"mro", "return type(()).mro()", "mro cannot be used"},
	{"attributes by name", "return str(getattr(getattr((), '__cla' + 'ss__'), '__ba' + 'se__'))", "__class__ cannot be used"},
	{"attributes by a text that lies", "class S(str):\n    def startswith(self, *a):\n        return False\n    def __hash__(self):\n        return 1\nreturn str(getattr((), S('__class__')))", "must be a string"},
	{"attributes by pattern", "match ():\n    case object(__class__=c):\n        return 'ESCAPED'", "__class__ cannot be used|syntax"},
	{"attributes by format", "return '{0.__class__.__base__}'.format(())", "__class__ cannot be used"},
	{"attributes by a nested format", "return '{0:{0.__class__}}'.format('x')", "__class__ cannot be used"},
	{"attributes by format_map", "return '{a.__class__}'.format_map({'a': 1})", "__class__ cannot be used"},
	{"format handed on", "return list(map(str.format, ['{0.__class__}'], [1]))[0]", "__class__ cannot be used"},
	{"format by name", "return getattr('{0.__class__}', 'for' + 'mat')(1)", "__class__ cannot be used"},
	{"attributes in an f-string", "x = ()\nreturn f'{x.__class__}'", "__class__ cannot be used"},
	{"globals of a function", "return execute.__globals__", "__globals__ cannot be used"},
	{"code of a function", "return (lambda: 1).__code__", "__code__ cannot be used"},
	{"owner of a function", "return print.__self__", "__self__ cannot be used"},
	{"frame of a generator", "g = (g.gi_frame for x in [1])\nreturn next(g)", "gi_frame cannot be used"},
	{"frame of an exception", "try:\n    1 / 0\nexcept ZeroDivisionError as e:\n    return e.__traceback__.tb_frame.f_back", "cannot be used"},
	{"new types", "return type('X', (), {})", "takes 1 argument"},
	{"the worker's own names", "return getattr_ and NotAllowed", "NameError"},
	{"wide letters", "return ().__ｃlass__", "__class__ cannot be used"},
	{"write the result protocol by printing", "print('\\0' * 16 + '\\0\\0\\0\\x13{\"result\":\"ESCAPED\"}', end='')\nreturn 'only printed'", "only printed"},
	{"end the program", "raise SystemExit", "ends the program"},
	{"memory: one block", "return len(bytearray(10**10))", "MB of memory"},
	{"memory: a list that doubles", "x = [0]\nwhile True:\n    x += x", "MB of memory"},
	{"memory: many objects", "x = []\nwhile True:\n    x.append([x] * 100)", "MB of memory"},
	{"memory: held by a global", "x = []\ndef execute(params):\n    while True:\n        x.append([x] * 100)", "MB of memory"},
	{"memory: caught and continued", "x = []\nwhile True:\n    try:\n        while True:\n            x.append(bytearray(10**7))\n    except MemoryError:\n        pass", endless},
	{"processor: a loop", "while True:\n    pass", endless},
	{"processor: a loop that catches everything", "while True:\n    try:\n        while True:\n            pass\n    except BaseException:\n        pass", endless},
	{"recursion", "return execute(params)", "RecursionError"},
	{"recursion in a comparison", "x = []\nx.append(x)\ny = []\ny.append(y)\nreturn x == y", "RecursionError"},
	{"much output", "while True:\n    print('x' * 10000)", endless},
	{"a result of 5 MB", "return 'x' * 5000000", "are allowed"},
	{"a generator without end", "def g():\n    while True:\n        yield 1\nreturn g()", "wrap it in list"},
	{"a generator without end in a sum", "def g():\n    while True:\n        yield 1\nreturn sum(g())", endless},
	{"a list without end as the result", "class L(list):\n    def __iter__(self):\n        while True:\n            yield 1\nreturn L([1])", "did not finish|MB of memory|[1]"},
	{"a number as text", "return str(10**5000)", "digits|integer string conversion"},
	{"a number as the result", "return 10**5000", "digits|integer string conversion"},
	{"a power without end", "return 9**9**9 % 10", endless},
	{"a result that contains itself", "x = {}\nx['x'] = x\nreturn x", "contains itself"},
	{"a result that is not a number", "return float('nan')", "not finite"},
	{"an exception whose text loops", "class E(Exception):\n    def __str__(self):\n        while True:\n            pass\nraise E", endless},
	{"an exception whose text fails", "class E(Exception):\n    def __str__(self):\n        raise E\nraise E", "cannot be read"},
	{"nested brackets", "def execute(params):\n    return " + strings.Repeat("(", 5000) + "1" + strings.Repeat(")", 5000), "nested|MB of memory|without a result"},
	{"nested operators", "def execute(params):\n    return " + strings.Repeat("-", 50000) + "1", "RecursionError|nested|MB of memory|without a result|too complex"},
	{"a null byte", "def execute(params):\n    return '\x00'", "zero byte"},
}

// native are system calls for which Python has no function, made by native code that got into the worker all the same.
var native = map[string]string{
	"ptrace":             "101, 16, PID, 0, 0",
	"io_uring_setup":     "425, 8, buf",
	"mount":              "165, b'none', b'/', b'tmpfs', 0, 0",
	"umount":             "166, b'/', 2",
	"pivot_root":         "155, b'/', b'/'",
	"keyctl":             "250, 0, -3, 0",
	"add_key":            "248, b'user', b'x', b'x', 1, -3",
	"bpf":                "321, 0, buf, 128",
	"perf_event_open":    "298, buf, 0, -1, -1, 0",
	"userfaultfd":        "323, 1",
	"process_vm_readv":   "310, PID, buf, 1, buf, 1, 0",
	"process_madvise":    "440, 1, buf, 1, 0, 0",
	"kcmp":               "312, PID, PID, 0, 0, 0",
	"clone":              "56, 17, 0, 0, 0, 0",
	"clone as a thread":  "56, 0x10f00, 0, 0, 0, 0",
	"clone3":             "435, buf, 88",
	"vfork":              "58",
	"unshare user":       "272, 0x10000000",
	"setns":              "308, 1, 0",
	"socket":             "41, 2, 1, 0",
	"execve":             "59, b'/bin/sh', 0, 0",
	"execveat by path":   "322, -100, b'/bin/sh', 0, 0, 0",
	"execveat of 63":     "322, 63, b'', 0, 0, 0x1000",
	"dup to 63":          "33, 1, 63",
	"dup3 to 63":         "292, 1, 63, 0",
	"fcntl to 63":        "72, 1, 0, 63",
	"seccomp":            "317, 0, 0, 0",
	"prctl":              "157, 38, 0, 0, 0, 0",
	"prlimit":            "302, 0, 9, buf, 0",
	"prlimit of another": "302, PID, 9, 0, buf",
	"personality":        "135, 0x0040000",
	"iopl":               "172, 3",
	"kexec_load":         "246, 0, 0, 0, 0",
	"init_module":        "175, buf, 1, b''",
	"swapon":             "167, b'/', 0",
	"reboot":             "169, 0, 0, 0, 0",
	"sethostname":        "170, b'x', 1",
	"syslog":             "103, 3, buf, 100",
	"open_by_handle_at":  "304, 1, buf, 0",
	"shmget":             "29, 1, 4096, 0o1600",
	"msgget":             "68, 1, 0o1600",
	"semget":             "64, 1, 1, 0o1600",
	"mq_open":            "240, b'x', 0o102, 0o600, 0",
	"memfd_secret":       "447, 0",
	"inotify_init":       "294, 0",
	"fanotify_init":      "300, 0, 0",
	"timer_create":       "222, 0, 0, buf",
	"tgkill":             "234, 1, 1, 9",
	"rt_sigqueueinfo":    "129, PID, 9, buf",
	"fcntl owner":        "72, 1, 8, PID",
	"ioctl terminal":     "16, 1, 0x5412, b'x'",
	"open_tree":          "428, -100, b'/', 1",
	"landlock":           "446, 1, 0",
	"executable memory":  "9, 0, 4096, 7, 0x22, -1, 0",
}

// escape is a server for the attempts: a secret file, a listener, a secret in the environment.
type escape struct {
	r       *python.Runner
	file    string
	replace *strings.Replacer
	calls   atomic.Int32 // connections that came
}

func newEscape(t *testing.T, r *python.Runner) *escape {
	t.Setenv("GRIOT_ESCAPE_SECRET", "not-for-tools")
	e := &escape{r: r, file: filepath.Join(t.TempDir(), "secret")}
	require.NoError(t, os.WriteFile(e.file, []byte("not-for-tools"), 0o666))
	require.NoError(t, os.Chmod(e.file, 0o666)) // whatever the umask is: everybody may, so that only the sandbox forbids
	for dir := filepath.Dir(e.file); dir != os.TempDir() && dir != "/"; dir = filepath.Dir(dir) {
		require.NoError(t, os.Chmod(dir, 0o777))
	}
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			e.calls.Add(1)
			_ = c.Close()
		}
	}()
	t.Cleanup(func() {
		require.NoError(t, l.Close())
		<-done
	})
	_, port, err := net.SplitHostPort(l.Addr().String())
	require.NoError(t, err)
	e.replace = strings.NewReplacer("FILE", e.file, "PORT", port, "PID", strconv.Itoa(os.Getpid()))
	return e
}

// try runs one attempt, asserts that it failed for the reason it should, and that everything goes on.
func (e *escape) try(t *testing.T, a attempt, stdlib bool) {
	d := python.Definition{Name: "attempt", Code: a.source(e.replace), Stdlib: stdlib}
	if a.want == endless {
		d.Policy.Timeout = 400 * time.Millisecond // it would not end by itself
	}
	o, err := e.r.Run(t.Context(), d, json.RawMessage(`{"a": 1}`))
	said := string(o.Result)
	switch {
	case err != nil:
		said = err.Error()
	case o.Failure != nil:
		said = o.Failure.Advice("attempt")
		require.NotEmpty(t, o.Failure.Message)
	}
	require.NotContains(t, said, "ESCAPED")
	require.NotContains(t, said, "not-for-tools")
	stopped := false
	for want := range strings.SplitSeq(a.want, "|") {
		stopped = stopped || strings.Contains(said, want)
	}
	require.True(t, stopped, "%q was not what stopped it: %s", a.want, said)

	info, err := os.Stat(e.file)
	require.NoError(t, err, "the server's file")
	require.Equal(t, os.FileMode(0o666), info.Mode().Perm())
	require.WithinDuration(t, time.Now(), info.ModTime(), time.Hour)
	content, err := os.ReadFile(e.file)
	require.NoError(t, err)
	require.Equal(t, "not-for-tools", string(content))
	for _, f := range []string{"/tmp/griot-escape", "/dev/shm/griot-escape", e.file + ".x"} {
		_, err := os.Lstat(f)
		require.ErrorIs(t, err, os.ErrNotExist, f)
	}
	require.Zero(t, e.calls.Load(), "somebody connected")
	o, err = e.r.Run(t.Context(), python.Definition{Name: "calculate_interest", Code: interest}, json.RawMessage(`{"principal": 10}`))
	require.NoError(t, err, "the next call, after %s", said)
	require.Nil(t, o.Failure, "the next call")
	require.Contains(t, string(o.Result), `"total":10.5`)
}

func TestEscapes(t *testing.T) {
	r := open(t, python.Config{Stdlib: true})
	e := newEscape(t, r)
	st, err := r.Available(t.Context())
	require.NoError(t, err)
	for _, a := range withLibrary {
		t.Run("library/"+a.name, func(t *testing.T) {
			if visible[a.name] && !st.Namespaces {
				t.Skip("this kernel gives us no namespaces")
			}
			e.try(t, a, true)
		})
	}
	for _, a := range withoutLibrary {
		t.Run("default/"+a.name, func(t *testing.T) { e.try(t, a, false) })
	}
}

// visible are the attempts that only namespaces stop.
var visible = map[string]bool{"look whether a file is there": true, "learn the machine's name": true}

// TestEscapesWithoutNamespaces is for kernels that give namespaces to nobody: all but two small things holds there too.
func TestEscapesWithoutNamespaces(t *testing.T) {
	r := open(t, python.Config{Stdlib: true})
	r.Plain()
	e := newEscape(t, r)
	for _, a := range withLibrary {
		if visible[a.name] {
			continue
		}
		t.Run(a.name, func(t *testing.T) { e.try(t, a, true) })
	}
}

func TestNativeEscapes(t *testing.T) {
	for _, plain := range []bool{false, true} {
		t.Run(fmt.Sprintf("plain=%v", plain), func(t *testing.T) {
			r := open(t, python.Config{Stdlib: true})
			if !r.AllowNative() {
				t.Skip("the interpreter has no ctypes to make system calls with")
			}
			if plain {
				r.Plain()
			}
			e := newEscape(t, r)
			head := "import ctypes\nlibc = ctypes.CDLL(None, use_errno=True)\nbuf = ctypes.create_string_buffer(4096)\n"
			code := head + "got = {'getpid': libc.syscall(39)}\n"
			for name, call := range native {
				code += fmt.Sprintf("n = libc.syscall(%s)\ngot[%q] = ctypes.get_errno() if n == -1 else 'ESCAPED'\n", call, name)
			}
			o, err := r.Run(t.Context(), python.Definition{Name: "a", Stdlib: true, Code: attempt{code: code + "return got"}.source(e.replace)}, nil)
			require.NoError(t, err)
			require.Nil(t, o.Failure, "%+v", o.Failure)
			var got map[string]any
			require.NoError(t, json.Unmarshal(o.Result, &got))
			require.Greater(t, got["getpid"], 0.0, "calls that are allowed succeed: the way of trying works")
			for name := range native {
				t.Run(name, func(t *testing.T) {
					require.Contains(t, []any{1.0, 9.0, 38.0}, got[name], "EPERM, EBADF or ENOSYS")
				})
			}
			t.Run("foreign system calls", func(t *testing.T) {
				e.try(t, attempt{"", head + "libc.syscall(0x40000000 | 39)\nreturn 'ESCAPED'", "without a result"}, true)
			})
		})
	}
}

// TestWorkersEndWithTheirRunner has a call under way when the runner is closed.
func TestWorkersEndWithTheirRunner(t *testing.T) {
	r := open(t, python.Config{Stdlib: true})
	failed := make(chan error, 1)
	go func() {
		_, err := r.Run(context.Background(), python.Definition{Name: "a", Stdlib: true, Code: attempt{code: "import time\ntime.sleep(1000)"}.source(strings.NewReplacer())}, nil)
		failed <- err
	}()
	require.NoError(t, r.Close())
	require.Error(t, <-failed)
	_, err := r.Run(t.Context(), python.Definition{Name: "a", Code: interest}, nil)
	require.Error(t, err)
	require.NotErrorIs(t, err, context.Canceled)
}
