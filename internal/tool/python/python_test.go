package python_test

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"griot/internal/fault"
	"griot/internal/model/llm"
	"griot/internal/tool"
	"griot/internal/tool/python"
)

func TestMain(m *testing.M) {
	if os.Getenv(orphanage) != "" {
		serveOrphans()
	}
	goleak.VerifyTestMain(m)
}

// interest is the example of the specification, as it is printed there.
const interest = "def execute(params):\n principal = params.get('principal', 0)\n rate = params.get('rate', 0.05)\n years = params.get('years', 1)\n interest = principal * rate * years\n return {\n 'principal': principal,\n 'rate': rate,\n 'years': years,\n 'interest': round(interest, 2),\n 'total': round(principal + interest, 2)\n }"

// printed is the whole of it: what stands under "execution_python".
const printed = `{
"type": "python",
"code": "def execute(params):\n principal = params.get('principal', 0)\n rate = params.get('rate', 0.05)\n years = params.get('years', 1)\n interest = principal * rate * years\n return {\n 'principal': principal,\n 'rate': rate,\n 'years': years,\n 'interest': round(interest, 2),\n 'total': round(principal + interest, 2)\n }",
"inputs": [
{"name": "principal", "type": "number", "required": true, "description": "Montant principal"},
{"name": "rate", "type": "number", "required": false, "description": "Taux d'intérêt (défaut: 5%)"},
{"name": "years", "type": "integer", "required": false, "description": "Nombre d'années"}
],
"outputs": ["principal", "rate", "years", "interest", "total"]
}`

// open makes a runner, or skips the test where there is no interpreter or no sandbox. GRIOT_TEST_PYTHON names another interpreter.
func open(t *testing.T, cfg python.Config) *python.Runner {
	t.Helper()
	cfg.Interpreter = os.Getenv("GRIOT_TEST_PYTHON")
	r := python.New(cfg)
	t.Cleanup(func() { require.NoError(t, r.Close()) })
	st, err := r.Available(t.Context())
	if err != nil && os.Getenv("GRIOT_TEST_SYSTEM") != "1" {
		t.Skip("no sandbox for Python here: ", err)
	}
	require.NoError(t, err)
	require.NotEmpty(t, st.Version)
	return r
}

// run runs code that must succeed and returns its result.
func run(t *testing.T, r *python.Runner, stdlib bool, code, arguments string) python.Outcome {
	t.Helper()
	o, err := r.Run(t.Context(), python.Definition{Name: "tried", Code: code, Stdlib: stdlib}, json.RawMessage(arguments))
	require.NoError(t, err)
	require.Nil(t, o.Failure, "%+v", o.Failure)
	return o
}

func TestSpecificationExample(t *testing.T) {
	r := open(t, python.Config{})
	d := python.Definition{Name: "calculate_interest", Description: "Calcul d'intérêts composés"}
	require.NoError(t, json.Unmarshal([]byte(printed), &d))
	found, err := r.Check(t.Context(), d)
	require.NoError(t, err)
	require.Empty(t, found)

	tl, err := r.Tool(d)
	require.NoError(t, err)
	require.Equal(t, "calculate_interest", tl.Spec().Name)
	require.Equal(t, "Calcul d'intérêts composés\nReturns: principal, rate, years, interest, total.", tl.Spec().Description)
	require.JSONEq(t, `{"type":"object","required":["principal"],"properties":{
		"principal":{"type":"number","description":"Montant principal"},
		"rate":{"type":"number","description":"Taux d'intérêt (défaut: 5%)"},
		"years":{"type":"integer","description":"Nombre d'années"}}}`, string(tl.Spec().Parameters))

	res := tool.Run(t.Context(), tl, llm.ToolCall{ID: "c1", Name: "calculate_interest", Arguments: `{"principal": 1000, "years": 3}`}, time.Minute)
	require.False(t, res.Failed, res.Output)
	require.Equal(t, "c1", res.CallID)
	require.JSONEq(t, `{"principal":1000,"rate":0.05,"years":3,"interest":150.0,"total":1150.0}`, res.Output)

	res = tool.Run(t.Context(), tl, llm.ToolCall{ID: "c2", Name: "calculate_interest", Arguments: `{"years": 3}`}, time.Minute)
	require.True(t, res.Failed)
	require.Contains(t, res.Output, "principal", "the model is told which argument is missing")
}

// TestOrdinaryCode is what authors write without a thought of a sandbox.
func TestOrdinaryCode(t *testing.T) {
	r := open(t, python.Config{Stdlib: true})
	for name, c := range map[string]struct{ code, arguments, want string }{
		"classes, f-strings, exceptions": {`
class Account:
    fee = 2
    def __init__(self, balance):
        self._balance = balance
    def __repr__(self):
        return f"Account({self._balance:.2f})"
    @property
    def left(self):
        return self._balance - self.fee
class Gold(Account):
    def __init__(self, balance):
        super().__init__(balance)
        self.fee = 0
def execute(params):
    try:
        {}["x"]
    except KeyError as e:
        missing = str(e)
    return [repr(Account(3)), Gold(3).left, Account(3).left, missing, type(3).__name__, isinstance(3, int)]`, `{}`, `["Account(3.00)", 3, 1, "'x'", "int", true]`},
		"comprehensions, generators, lambdas": {`
def numbers(n):
    for i in range(n):
        yield i
def execute(params):
    words = sorted(params["words"], key=lambda w: (-len(w), w))
    return {"words": words, "sum": sum(x for x in numbers(5)), "set": sorted({x % 2 for x in range(9)}), "pairs": list(zip("ab", [1, 2])), "any": any(map(str.isdigit, words))}`,
			`{"words": ["bb", "a", "ccc"]}`, `{"words": ["ccc", "bb", "a"], "sum": 10, "set": [0, 1], "pairs": [["a", 1], ["b", 2]], "any": false}`},
		"format": {`
def execute(params):
    return ["{:>5.1f}|{name!r}|{0[a]}".format({"a": 2.5}["a"] if False else 2.5, name="x") if False else "{:>5.1f}|{name!r}".format(2.5, name="x"), "{a[b]}".format_map({"a": {"b": 1}}), "%05d" % 42, format(0.5, ".0%")]`, `{}`, `["  2.5|'x'", "1", "00042", "50%"]`},
		"unicode":                         {"def execute(params):\n    été = params['naïve'] + ' 🎉'\n    return été", `{"naïve": "ça"}`, `"ça 🎉"`},
		"a named character":               {"def execute(params):\n    return '\\N{BULLET}'", `{}`, `"•"`},
		"half a surrogate":                {"def execute(params):\n    return 'a\\ud800b'", `{}`, `"a?b"`},
		"sets, bytes, keys":               {"def execute(params):\n    return {'set': {1}, 'bytes': b'x', 1: 2, None: 3, 'range': range(2), 'tuple': (1,)}", `{}`, `{"set": [1], "bytes": "x", "1": 2, "null": 3, "range": [0, 1], "tuple": [1]}`},
		"async as in the specification":   {"async def fetch(x):\n    return x * 2\nasync def execute(args: dict) -> dict:\n    city = args.get('city')\n    return {'city': city, 'days': await fetch(3)}", `{"city": "Dakar"}`, `{"city": "Dakar", "days": 6}`},
		"nothing":                         {"def execute(params):\n    pass", `{}`, `null`},
		"text with a line end of windows": {"def execute(params):\r\n    return 1\r\n", `{}`, `1`},
		"big numbers":                     {"def execute(params):\n    return [params['n'] + 1, 0.1 + 0.2, -0.0]", `{"n": 90071992547409930}`, `[90071992547409931, 0.30000000000000004, -0.0]`},
	} {
		t.Run(name, func(t *testing.T) {
			require.JSONEq(t, c.want, string(run(t, r, false, c.code, c.arguments).Result))
			require.JSONEq(t, c.want, string(run(t, r, true, c.code, c.arguments).Result), "with the library")
		})
	}
}

func TestStandardLibrary(t *testing.T) {
	r := open(t, python.Config{Stdlib: true})
	o := run(t, r, true, `
import base64, calendar, collections, csv, dataclasses, datetime, decimal, difflib, enum, fractions, functools, hashlib, heapq, html, io, itertools, json
import math, random, re, secrets, statistics, string, textwrap, time, unicodedata, urllib.parse, uuid, xml.etree.ElementTree, zlib
from zoneinfo import ZoneInfo
def execute(params):
    due = datetime.date(2026, 1, 31) + datetime.timedelta(days=30)
    rows = list(csv.DictReader(io.StringIO("a,b\n1,2\n")))
    return {"due": due, "sum": decimal.Decimal("0.1") + decimal.Decimal("0.2"), "sqrt": math.isqrt(17), "mean": statistics.mean([1, 2, 6]), "rows": rows,
        "sha": hashlib.sha256(b"x").hexdigest()[:8], "find": re.findall(r"\d+", "a1b22"), "tag": xml.etree.ElementTree.fromstring("<a><b/></a>")[0].tag,
        "hour": datetime.datetime(2026, 7, 1, 12, tzinfo=datetime.timezone.utc).astimezone(ZoneInfo("Europe/Paris")).hour, "id": len(str(uuid.uuid4())), "frac": fractions.Fraction(1, 3)}`, "{}")
	require.JSONEq(t, `{"due":"2026-03-02","sum":"0.3","sqrt":4,"mean":3,"rows":[{"a":"1","b":"2"}],"sha":"2d711642","find":["1","22"],"tag":"b","hour":14,"id":36,"frac":"1/3"}`, string(o.Result))

	asked := python.Definition{Name: "tried", Code: "import math\ndef execute(params):\n    return math.pi", Stdlib: true}
	off := open(t, python.Config{})
	_, err := off.Run(t.Context(), asked, nil)
	require.Equal(t, fault.Denied, fault.KindOf(err))
	_, err = off.Tool(asked)
	require.Equal(t, "python_stdlib_off", fault.CodeOf(err))
	_, err = off.Check(t.Context(), asked)
	require.Equal(t, fault.Denied, fault.KindOf(err))
}

func TestFailures(t *testing.T) {
	r := open(t, python.Config{})
	d := python.Definition{Name: "divide", Code: "def half(x):\n    return 1 / x\n\ndef execute(params):\n    print('before')\n    return half(params['x'])"}
	o, err := r.Run(t.Context(), d, json.RawMessage(`{"x": 0}`))
	require.NoError(t, err)
	require.Equal(t, &python.Failure{Kind: "exception", Type: "ZeroDivisionError", Message: "division by zero", Line: 2, Source: "return 1 / x",
		Traceback: "Traceback (most recent call last):\n  File \"divide.py\", line 6, in execute\n    return half(params['x'])\n  File \"divide.py\", line 2, in half\n    return 1 / x\nZeroDivisionError: division by zero\n"}, o.Failure)
	require.Equal(t, "before\n", o.Printed, "what was printed until then is there")
	require.Equal(t, "divide failed: ZeroDivisionError: division by zero (line 2: return 1 / x). If an argument may be the cause, correct it and call again; otherwise say that it is not possible now.", o.Failure.Advice("divide"))

	tl, err := r.Tool(d)
	require.NoError(t, err)
	res := tool.Run(t.Context(), tl, llm.ToolCall{ID: "c", Name: "divide", Arguments: `{}`}, time.Minute)
	require.True(t, res.Failed)
	require.Contains(t, res.Output, "KeyError: 'x' (line 6: return half(params['x']))")
	require.NotContains(t, res.Output, "Traceback", "a model gets no traceback")
	ctx, detail := tool.WithDetail(t.Context())
	tool.Run(ctx, tl, llm.ToolCall{ID: "c", Name: "divide", Arguments: `{"x": 0}`}, time.Minute)
	require.Equal(t, tool.Detail{Printed: "before\n", Line: 2, Traceback: o.Failure.Traceback}, *detail, "its author does")

	for name, c := range map[string]struct {
		code, kind, message string
		line                int
	}{
		"syntax":        {"def execute(params):\n    return (1", "syntax", "never closed|EOF|invalid syntax", 2},
		"indent":        {"def execute(params):\nreturn 1", "syntax", "indented block", 2},
		"no execute":    {"x = 1", "not_allowed", "no function execute", 0},
		"at the top":    {"x = 1\ny = x.z\ndef execute(params):\n    pass", "exception", "has no attribute 'z'", 2},
		"import":        {"import math\ndef execute(params):\n    return 1", "not_allowed", "setting \"stdlib\"", 1},
		"strange value": {"def execute(params):\n    return {'x': object()}", "result", "type object, which JSON does not know", 0},
		"strange key":   {"def execute(params):\n    return {(1, 2): 3}", "result", "keys must be", 0},
		"memory":        {"def execute(params):\n    return len('x' * 10**11)", "memory", "256 MB", 2},
	} {
		t.Run(name, func(t *testing.T) {
			o, err := r.Run(t.Context(), python.Definition{Name: "tried", Code: c.code}, nil)
			require.NoError(t, err)
			require.NotNil(t, o.Failure)
			require.Equal(t, c.kind, o.Failure.Kind)
			require.Regexp(t, c.message, o.Failure.Message)
			require.Equal(t, c.line, o.Failure.Line)
		})
	}
}

func TestPrinted(t *testing.T) {
	r := open(t, python.Config{})
	o := run(t, r, false, "def execute(params):\n    print('é' * 100000)\n    print('x')\n    return 1", "")
	require.True(t, o.Cut)
	require.Len(t, o.Printed, python.MaxPrinted)
	require.Equal(t, strings.Repeat("é", python.MaxPrinted/2), o.Printed)
	require.Equal(t, "1", o.Text())

	require.Equal(t, "12\n", run(t, r, false, "def execute(params):\n    print(12)", "").Text(), "what was printed stands for a result that is not there")
	require.Equal(t, "twelve", run(t, r, false, "def execute(params):\n    return 'twelve'", "").Text())
}

func TestCheck(t *testing.T) {
	r := open(t, python.Config{Stdlib: true})
	type finding = python.Finding
	for name, c := range map[string]struct {
		code   string
		stdlib bool
		want   []finding // Message is a part of it
	}{
		"good":            {"def execute(params):\n    return 1", false, nil},
		"assigned":        {"execute = lambda params: 1", false, nil},
		"optional":        {"def execute(params=None, *rest, **named):\n    return 1", false, nil},
		"syntax":          {"def execute(params):\n    return 1 +", false, []finding{{Line: 2, Column: 15, Code: "syntax", Message: "invalid syntax"}}},
		"only compiled":   {"def execute(params):\n    return 1\nreturn 2", false, []finding{{Line: 3, Column: 1, Code: "syntax", Message: "outside function"}}},
		"missing":         {"def run(params):\n    return 1", false, []finding{{Code: "execute_missing", Message: "no function execute(params)"}}},
		"no parameter":    {"def execute():\n    return 1", false, []finding{{Line: 1, Column: 1, Code: "execute_parameters", Message: "def execute(params):"}}},
		"two parameters":  {"def execute(a, b):\n    return 1", false, []finding{{Line: 1, Column: 1, Code: "execute_parameters", Message: "one parameter"}}},
		"import":          {"import os, sys\ndef execute(params):\n    return 1", false, []finding{{Line: 1, Column: 1, Code: "import", Message: "import os, sys is not allowed"}}},
		"names":           {"def execute(params):\n    return open('x'), x.__class__", false, []finding{{Line: 2, Column: 12, Code: "name", Message: "open is not available: files"}, {Line: 2, Column: 23, Code: "attribute", Message: "__class__ cannot be used"}}},
		"own names":       {"def open(x):\n    return x\ndef execute(params):\n    input = open(1)\n    return input", false, nil},
		"library":         {"import json\nfrom datetime import date\ndef execute(params):\n    return open, 1 .__class__", true, nil},
		"not the library": {"import requests\ndef execute(params):\n    return 1", true, []finding{{Line: 1, Column: 1, Code: "module", Message: "requests is not part of Python's standard library"}}},
		"no use here":     {"def execute(params):\n    import socket, urllib.request\n    return 1", true, []finding{{Line: 2, Column: 5, Code: "module", Message: "socket: there is no network", Warning: true}, {Line: 2, Column: 5, Code: "module", Message: "urllib.request: there is no network", Warning: true}}},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := r.Check(t.Context(), python.Definition{Name: "tried", Code: c.code, Stdlib: c.stdlib})
			require.NoError(t, err)
			require.Len(t, got, len(c.want), "%+v", got)
			for i, w := range c.want {
				require.Contains(t, got[i].Message, w.Message)
				got[i].Message = w.Message
				require.Equal(t, w, got[i])
			}
		})
	}
	_, err := r.Check(t.Context(), python.Definition{Name: "with space", Code: "x"})
	require.Equal(t, fault.Invalid, fault.KindOf(err))
}

func TestDefinitionsThatAreWrong(t *testing.T) {
	good := python.Definition{Name: "a", Code: "x"}
	require.NoError(t, good.Validate())
	for param, change := range map[string]func(*python.Definition){
		"name":             func(d *python.Definition) { d.Name = "" },
		"code":             func(d *python.Definition) { d.Code = " \n" },
		"inputs.0.name":    func(d *python.Definition) { d.Inputs = []python.Input{{}} },
		"inputs.1.name":    func(d *python.Definition) { d.Inputs = []python.Input{{Name: "x"}, {Name: "x"}} },
		"inputs.0.type":    func(d *python.Definition) { d.Inputs = []python.Input{{Name: "x", Type: "float"}} },
		"inputs.0.default": func(d *python.Definition) { d.Inputs = []python.Input{{Name: "x", Default: json.RawMessage("{")}} },
		"parameters":       func(d *python.Definition) { d.Parameters = json.RawMessage(`{"type": "array"}`) },
	} {
		d := good
		change(&d)
		var f *fault.Error
		require.ErrorAs(t, d.Validate(), &f, param)
		require.Equal(t, fault.Invalid, f.Kind, param)
		require.Equal(t, param, f.Param)
	}
	long := python.Definition{Name: "a", Code: strings.Repeat("#", python.MaxCode+1)}
	require.Equal(t, "code_too_long", fault.CodeOf(long.Validate()))
	d := python.Definition{Name: "a", Code: "x", Inputs: []python.Input{{Name: "x", Type: "array", Default: json.RawMessage("[]")}}}
	require.JSONEq(t, `{"type":"object","required":[],"properties":{"x":{"type":"array","items":{},"default":[]}}}`, string(d.Schema()))
	require.NoError(t, tool.CheckSchema(d.Schema()))
}

func TestArgumentsThatAreNoObject(t *testing.T) {
	r := open(t, python.Config{})
	for _, a := range []string{"[]", "null", "{", "1 2"} {
		_, err := r.Run(t.Context(), python.Definition{Name: "a", Code: interest}, json.RawMessage(a))
		require.Equal(t, fault.Invalid, fault.KindOf(err), a)
	}
}

// TestNothingRunsWithoutASandbox has kernels that lack something, and interpreters that are none.
func TestNothingRunsWithoutASandbox(t *testing.T) {
	refused := func(r *python.Runner, code, words string) {
		t.Helper()
		_, err := r.Run(t.Context(), python.Definition{Name: "a", Code: interest}, nil)
		require.Equal(t, fault.Unavailable, fault.KindOf(err))
		require.Equal(t, code, fault.CodeOf(err))
		require.ErrorContains(t, err, words)
		tl, err := r.Tool(python.Definition{Name: "a", Code: interest})
		require.NoError(t, err)
		res := tool.Run(t.Context(), tl, llm.ToolCall{ID: "c", Name: "a", Arguments: "{}"}, time.Minute)
		require.True(t, res.Failed)
		require.NoError(t, r.Close())
	}
	r := python.New(python.Config{})
	r.OldKernel(0, true)
	refused(r, "python_no_landlock", "landlock")
	r = python.New(python.Config{})
	r.OldKernel(7, false)
	refused(r, "python_no_seccomp", "seccomp")
	if _, err := exec.LookPath("python3"); err == nil {
		refused(python.New(python.Config{Interpreter: "/nowhere/python3"}), "python_missing", "/nowhere/python3")
		refused(python.New(python.Config{Interpreter: "/bin/false"}), "python_broken", "/bin/false")
		refused(python.New(python.Config{Memory: 1 << 20}), "python_no_sandbox", "cannot be built") // too little for an interpreter to start
	}
}

// slow takes d of processor time.
const slow = "def execute(params):\n    import time\n    time.sleep(1000)"

func TestCancelled(t *testing.T) {
	r := open(t, python.Config{Stdlib: true})
	ctx, cancel := context.WithCancelCause(t.Context())
	why := errors.New("the caller hung up")
	time.AfterFunc(50*time.Millisecond, func() { cancel(why) })
	_, err := r.Run(ctx, python.Definition{Name: "a", Code: slow, Stdlib: true}, nil)
	require.ErrorIs(t, err, why)
	run(t, r, false, interest, "{}")
}

// TestOneAtATime has room for one call and for one that waits.
func TestOneAtATime(t *testing.T) {
	r := open(t, python.Config{Stdlib: true, Max: 1, Waiting: 1, Warm: -1})
	ctx, cancel := context.WithCancel(t.Context())
	results := make(chan error, 3)
	for range 3 {
		go func() {
			_, err := r.Run(ctx, python.Definition{Name: "a", Code: slow, Stdlib: true}, nil)
			results <- err
		}()
	}
	err := <-results // the only one to end by itself
	require.Equal(t, fault.Limited, fault.KindOf(err))
	require.Equal(t, "python_busy", fault.CodeOf(err))
	cancel()
	require.ErrorIs(t, <-results, context.Canceled)
	require.ErrorIs(t, <-results, context.Canceled)
	run(t, r, false, interest, "{}")
}

func TestManyAtOnce(t *testing.T) {
	r := open(t, python.Config{Max: 4})
	r.Prepare()
	var wg sync.WaitGroup
	for range 20 {
		wg.Go(func() {
			o, err := r.Run(t.Context(), python.Definition{Name: "a", Code: interest}, json.RawMessage(`{"principal": 10}`))
			if err != nil || o.Failure != nil || !strings.Contains(string(o.Result), `"total":10.5`) {
				t.Errorf("%v %+v", err, o)
			}
		})
	}
	wg.Wait()
}

func TestWarmWorkersAreReplaced(t *testing.T) {
	r := open(t, python.Config{Warm: 2})
	r.Prepare()
	for range 3 {
		r.Settle(true)
		o := run(t, r, false, "seen = []\ndef execute(params):\n    seen.append(1)\n    return len(seen)", "{}")
		require.True(t, o.Warm)
		require.Equal(t, "1", string(o.Result), "nothing is left of the call before")
	}
	r.Settle(true)
	r.KillIdle()
	require.False(t, run(t, r, false, interest, "{}").Warm, "workers that died are not used")
	r.Settle(true)
	require.True(t, run(t, r, false, interest, "{}").Warm)
}
