# What a worker runs: one request, one answer. It is compiled once by the server and reaches each worker as bytecode.
# The kernel keeps the process inside its sandbox. What is refused here besides serves the authors of tools, who get early and clear words.
import builtins
import posix
import resource
import sys
from _ast import Attribute, Call, Constant, Load, Name
from _string import formatter_field_name_split, formatter_parser

ONLY_AST = 0x400

# --- JSON, by the parts of the library's module that are in C: the module itself takes longer to import than all of this.

try:
    from _json import encode_basestring, make_encoder, make_scanner

    class How:
        strict, object_hook, object_pairs_hook, parse_float, parse_int, parse_constant = True, None, None, float, int, float

    scan = make_scanner(How)

    def loads(text):
        return scan(text, 0)[0]

    def dumps(value, default=None):
        return "".join(make_encoder({}, default, encode_basestring, None, ":", ",", False, False, False)(value, 0))

    loads(dumps({"a": [1, 2.5, None, True, "é"]}))
except Exception:  # another version of Python may have arranged them differently
    import json

    loads = json.loads

    def dumps(value, default=None):
        return json.dumps(value, default=default, allow_nan=False, ensure_ascii=False, separators=(",", ":"))


# --- What code may use that did not ask for the standard library.

SAFE = """
abs all any ascii bin bool bytearray bytes callable chr classmethod complex dict divmod enumerate filter float format frozenset
hash hex id int isinstance issubclass iter len list map max min next object oct ord pow print property range repr reversed round
set slice sorted staticmethod str sum super tuple zip None True False NotImplemented Ellipsis __build_class__
""".split()

# Names with two underscores that ordinary code writes.
DUNDER = set("""
__init__ __name__ __qualname__ __doc__ __str__ __repr__ __len__ __iter__ __next__ __getitem__ __setitem__ __delitem__ __contains__
__eq__ __ne__ __lt__ __le__ __gt__ __ge__ __hash__ __bool__ __int__ __float__ __add__ __sub__ __mul__ __truediv__ __floordiv__ __mod__
__pow__ __neg__ __abs__ __enter__ __exit__ __call__ __post_init__ __slots__
""".split())

# Attributes that lead from a value to the interpreter behind it.
INNER = ("gi_", "cr_", "ag_", "tb_", "f_", "co_", "func_")
INNER_NAMES = {
    "gi_frame", "gi_code", "gi_yieldfrom", "cr_frame", "cr_code", "cr_await", "cr_origin", "ag_frame", "ag_code", "ag_await",
    "tb_frame", "tb_next", "f_back", "f_builtins", "f_code", "f_globals", "f_locals", "f_trace", "co_code", "co_consts", "func_globals", "func_code", "mro",
}

MISSING = {
    "open": "files cannot be opened in a tool",
    "input": "nobody is there to type: take what you need from params",
    "eval": "code cannot be run from text in a tool", "exec": "code cannot be run from text in a tool", "compile": "code cannot be run from text in a tool",
    "__import__": "modules cannot be imported",
    "globals": "names cannot be looked up as text in a tool", "locals": "names cannot be looked up as text in a tool", "vars": "names cannot be looked up as text in a tool",
    "exit": "use return to end execute", "quit": "use return to end execute", "breakpoint": "there is no debugger in a tool",
}


def inner(name):
    return name in INNER_NAMES or (name.startswith("__") and name not in DUNDER)


class NotAllowed(Exception):
    pass


def checked(name):
    if type(name) is not str:
        raise TypeError("attribute name must be a string")
    if inner(name):
        raise NotAllowed("the attribute %s cannot be used in a tool" % name)


def safe_format(text, mapping=False):
    def check(pattern):
        for _, field, spec, _ in formatter_parser(pattern):
            if field:
                for is_attribute, name in formatter_field_name_split(field)[1]:
                    if is_attribute:
                        checked(name)
            if spec:
                check(spec)

    def call(*args, **named):
        check(text)
        return str.format_map(text, *args) if mapping else str.format(text, *args, **named)

    return call


def attribute(obj, name, *default):
    checked(name)
    if name in ("format", "format_map"):
        if isinstance(obj, str):
            return safe_format(obj, name == "format_map")
        if isinstance(obj, type) and issubclass(obj, str):
            return lambda text, *args, **named: safe_format(text, name == "format_map")(*args, **named)
    return getattr(obj, name, *default)


def has_attribute(obj, name):
    checked(name)
    return hasattr(obj, name)


def set_attribute(obj, name, value):
    checked(name)
    setattr(obj, name, value)


def kind(*args):
    if len(args) != 1:
        raise TypeError("type() takes 1 argument in a tool")
    return type(args[0])


def safe_builtins():
    safe = {name: getattr(builtins, name) for name in SAFE if hasattr(builtins, name)}
    for name in dir(builtins):
        value = getattr(builtins, name)
        if isinstance(value, type) and issubclass(value, BaseException):
            safe[name] = value
    safe.update(getattr=attribute, hasattr=has_attribute, setattr=set_attribute, type=kind)
    return safe


IDENTIFIERS = ("name", "id", "attr", "arg", "rest", "asname")


def nodes(tree):
    todo = [tree]
    while todo:
        node = todo.pop()
        yield node
        for field in node._fields:
            value = getattr(node, field, None)
            if isinstance(value, list):
                todo.extend(v for v in value if hasattr(v, "_fields"))
            elif hasattr(value, "_fields"):
                todo.append(value)


def finding(node, code, message, warning=False):
    f = {"line": getattr(node, "lineno", 0), "column": getattr(node, "col_offset", -1) + 1, "code": code, "message": message}
    if warning:
        f["warning"] = True
    return f


def modules(node):
    if type(node).__name__ == "Import":
        return [a.name for a in node.names]
    return ["." * node.level + (node.module or "")]


def guard(tree, found):
    """Reports what code that did not ask for the standard library must not do."""
    bound = {getattr(n, "id", None) for n in nodes(tree) if type(n).__name__ == "Name" and not isinstance(n.ctx, Load)}
    bound |= {n.name for n in nodes(tree) if type(n).__name__ in ("FunctionDef", "AsyncFunctionDef", "ClassDef")}
    bound |= {n.arg for n in nodes(tree) if type(n).__name__ == "arg"}
    for node in nodes(tree):
        what = type(node).__name__
        if what in ("Import", "ImportFrom"):
            names = ", ".join(modules(node))
            found.append(finding(node, "import", "import %s is not allowed: a tool imports modules only when its setting \"stdlib\" is on and an administrator allows it" % names))
            continue
        if what == "Name" and isinstance(node.ctx, Load) and node.id in MISSING and node.id not in bound:
            found.append(finding(node, "name", "%s is not available: %s" % (node.id, MISSING[node.id])))
            continue
        if what == "MatchClass":
            names = node.kwd_attrs
        else:
            names = [getattr(node, f, None) for f in IDENTIFIERS]
            if what in ("FunctionDef", "AsyncFunctionDef"):
                names = []  # defining a method with such a name gives no access to anything
        for name in names:
            if isinstance(name, str) and inner(name):
                code = "attribute" if what in ("Attribute", "MatchClass") else "name"
                found.append(finding(node, code, "%s cannot be used in a tool: it leads into the interpreter" % name))


def rewrite(tree):
    """Lets .format() look at its own fields, which may name attributes."""
    for node in list(nodes(tree)):
        for field in node._fields:
            value = getattr(node, field, None)
            if isinstance(value, list):
                value[:] = [guarded(v) for v in value]
            elif value is not None:
                setattr(node, field, guarded(value))
    return tree


def guarded(node):
    if isinstance(node, Attribute) and node.attr in ("format", "format_map") and isinstance(node.ctx, Load):
        place = {k: getattr(node, k) for k in ("lineno", "col_offset", "end_lineno", "end_col_offset") if hasattr(node, k)}
        return Call(func=Name(id="getattr ", ctx=Load(), **place), args=[node.value, Constant(value=node.attr, **place)], keywords=[], **place)
    return node


# --- Checks of code that is to be saved.

BARRED = {
    "ctypes": "native code cannot be loaded", "multiprocessing": "processes cannot be started", "subprocess": "programs cannot be started",
    "threading": "threads cannot be started", "concurrent": "threads cannot be started", "asyncio": "there is no event loop in a tool",
    "socket": "there is no network in a tool; use a REST tool", "ssl": "there is no network in a tool; use a REST tool",
    "urllib.request": "there is no network in a tool; use a REST tool", "http": "there is no network in a tool; use a REST tool",
    "smtplib": "there is no network in a tool; use a REST tool", "ftplib": "there is no network in a tool; use a REST tool",
    "tkinter": "there is no screen in a tool", "sqlite3": "files cannot be opened in a tool, only \":memory:\"",
}


def imports(tree, found):
    """Warns of modules that will not work although the standard library may be used."""
    known = getattr(sys, "stdlib_module_names", None)
    for node in nodes(tree):
        if type(node).__name__ not in ("Import", "ImportFrom"):
            continue
        for name in modules(node):
            top = name.split(".")[0]
            why = BARRED.get(name) or BARRED.get(top)
            if why:
                found.append(finding(node, "module", "%s: %s" % (name, why), True))
            elif known is not None and top not in known:
                found.append(finding(node, "module", "%s is not part of Python's standard library and cannot be imported" % (name or "a relative module")))


def entry(tree, found):
    """Looks for execute."""
    for node in tree.body:
        what = type(node).__name__
        if what in ("FunctionDef", "AsyncFunctionDef") and node.name == "execute":
            a = node.args
            plain = getattr(a, "posonlyargs", []) + a.args
            need = len(plain) - len(a.defaults)
            named = [k.arg for k, d in zip(a.kwonlyargs, a.kw_defaults) if d is None]
            if need > 1 or named or not (plain or a.vararg):
                found.append(finding(node, "execute_parameters", "execute takes one parameter, a dict of the arguments: def execute(params):"))
            return
        if what == "Assign" and any(getattr(t, "id", None) == "execute" for t in node.targets):
            return
    found.append({"line": 0, "column": 0, "code": "execute_missing", "message": "the code defines no function execute(params)"})


def check(request):
    found = []
    try:
        tree = compile(request["code"], request["name"] + ".py", "exec", ONLY_AST)
        compile(request["code"], request["name"] + ".py", "exec")  # some errors are found only here
    except SyntaxError as e:
        return {"findings": [{"line": e.lineno or 0, "column": e.offset or 0, "code": "syntax", "message": e.msg or "syntax error"}]}
    except (ValueError, RecursionError, MemoryError, OverflowError) as e:
        return {"findings": [{"line": 0, "column": 0, "code": "syntax", "message": "the code cannot be compiled: " + told(e)}]}
    entry(tree, found)
    if request["stdlib"]:
        imports(tree, found)
    else:
        guard(tree, found)
    found.sort(key=lambda f: (f["line"], f["column"]))
    return {"findings": found[:50]}


# --- Running.


class Printed:
    """Takes what is printed, up to a limit."""

    encoding = "utf-8"
    errors = "replace"

    def __init__(self, limit):
        self.parts, self.room, self.cut = [], limit, False

    def write(self, text):
        if not isinstance(text, str):
            raise TypeError("write() argument must be str, not " + type(text).__name__)
        kept = text[: self.room]
        if kept:
            size = len(kept.encode("utf-8", "replace"))
            if size > self.room:
                kept = kept.encode("utf-8", "replace")[: self.room].decode("utf-8", "ignore")
                size = self.room
            self.parts.append(kept)
            self.room -= size
        if len(kept) < len(text):
            self.cut = True
        return len(text)

    def writelines(self, lines):
        for line in lines:
            self.write(line)

    def flush(self):
        pass

    def isatty(self):
        return False

    def writable(self):
        return True


def told(e):
    try:
        text = str(e)
        return text if type(text) is str else "…"
    except BaseException:
        return "(its message cannot be read)"


def frames(e, name, lines):
    """The frames of the tool's own code: their lines, and how Python prints them."""
    last, text, tb, seen = 0, [], e.__traceback__, 0
    while tb is not None:
        code = tb.tb_frame.f_code
        if code.co_filename == name:
            last = tb.tb_lineno
            seen += 1
            if seen <= 20:
                text.append('  File "%s", line %d, in %s\n' % (name, last, code.co_name))
                if 0 < last <= len(lines):
                    text.append("    " + lines[last - 1].strip() + "\n")
        tb = tb.tb_next
    if seen > 20:
        text.append("  … %d more frames\n" % (seen - 20))
    return last, "".join(text)


def failure(e, request):
    name = request["name"] + ".py"
    lines = request["code"].splitlines()
    f = {"kind": "exception", "type": type(e).__name__, "message": told(e)[:2000]}
    if isinstance(e, SyntaxError) and e.filename == name:
        f["kind"], f["line"] = "syntax", e.lineno or 0
        f["traceback"] = '  File "%s", line %s\n' % (name, e.lineno)
    else:
        f["line"], f["traceback"] = frames(e, name, lines)
    if 0 < f["line"] <= len(lines):
        f["source"] = lines[f["line"] - 1].strip()[:200]
    f["traceback"] = "Traceback (most recent call last):\n" + f["traceback"] + f["type"] + (": " + f["message"] if f["message"] else "") + "\n"
    if isinstance(e, MemoryError):
        f["kind"], f["message"] = "memory", "it needs more than the %d MB of memory that it may use" % (request["memory"] >> 20)
    elif isinstance(e, RecursionError):
        f["message"] += " (a function calls itself without end)"
    elif isinstance(e, (SystemExit, KeyboardInterrupt)):
        f["message"] = "the code ends the program; it must return its result"
    elif isinstance(e, NotAllowed):
        f["kind"], f["type"] = "not_allowed", ""
    elif isinstance(e, NameError) and not request["stdlib"] and getattr(e, "name", None) in MISSING:
        f["kind"], f["type"], f["message"] = "not_allowed", "", "%s is not available: %s" % (e.name, MISSING[e.name])
    elif isinstance(e, PermissionError) or (isinstance(e, RuntimeError) and "thread" in f["message"]):
        f["message"] += " (a tool has no files, no network, no processes and no threads)"
    elif isinstance(e, ImportError) and f["message"]:
        f["message"] += " (a tool has Python's standard library without what needs the network, processes or native code)"
    return f


def plain(value):
    """Turns what JSON does not know into what it does."""
    if isinstance(value, (set, frozenset, range)):
        return list(value)
    if isinstance(value, (bytes, bytearray)):
        return bytes(value).decode("utf-8", "replace")
    if hasattr(value, "isoformat"):
        return value.isoformat()
    what = type(value).__name__
    if what == "Decimal" or what == "Fraction" or what == "UUID":
        return str(value)
    if what in ("generator", "map", "filter", "zip", "dict_keys", "dict_values", "dict_items", "enumerate", "reversed"):
        raise TypeError("execute returned a %s: wrap it in list()" % what)
    raise TypeError("execute returned a value of the type %s, which JSON does not know: return dicts, lists, text and numbers" % what)


class Unfit(Exception):
    pass


def encode(value, limit):
    try:
        text = dumps(value, plain)
    except ValueError as e:
        if "Circular" in told(e):
            raise Unfit("the result contains itself")
        if "JSON compliant" in told(e):
            raise Unfit("the result contains a number that is not finite (NaN or infinity)")
        raise Unfit("the result is not JSON: " + told(e))
    except TypeError as e:
        raise Unfit(told(e))
    size = len(text.encode("utf-8", "replace"))
    if size > limit:
        raise Unfit("the result has %d bytes; %d are allowed" % (size, limit))
    return text


def finish(result):
    """Takes the result of an async execute: it may await its own functions, but there is no event loop."""
    if not hasattr(type(result), "__await__"):
        return result
    it = result.__await__()
    try:
        next(it)
    except StopIteration as e:
        return e.value
    raise RuntimeError("execute awaits something that needs an event loop, which a tool does not have")


def run(request, printed):
    """Runs the code and returns the JSON of its result, or how it failed."""
    name = request["name"] + ".py"
    try:
        source = request["code"]
        if request["stdlib"]:
            code = compile(source, name, "exec")
            space = {"__name__": "__tool__", "__builtins__": builtins}
        else:
            tree = compile(source, name, "exec", ONLY_AST)
            found = []
            guard(tree, found)
            if found:
                f = min(found, key=lambda f: f["line"])
                lines = source.splitlines()
                return None, {"kind": "not_allowed", "message": f["message"], "line": f["line"], "source": lines[f["line"] - 1].strip()[:200] if 0 < f["line"] <= len(lines) else ""}
            code = compile(rewrite(tree), name, "exec")
            safe = safe_builtins()
            safe["getattr "] = attribute  # a name that no code can write
            space = {"__name__": "__tool__", "__builtins__": safe}
        exec(code, space)
        execute = space.get("execute")
        if not callable(execute):
            return None, {"kind": "not_allowed", "message": "the code defines no function execute(params)"}
        return encode(finish(execute(request["params"])), request["max_result"]), None
    except Unfit as e:
        return None, {"kind": "result", "message": told(e)}
    except MemoryError as e:
        # The code's values are still alive in its frames: only without them is there room to say what happened.
        RESERVE.clear()
        tb, line = e.__traceback__, 0
        while tb is not None:
            if tb.tb_frame.f_code.co_filename == name:
                line = tb.tb_lineno
            try:
                tb.tb_frame.clear()
            except RuntimeError:
                pass  # our own, which still runs
            tb = tb.tb_next
        space = code = tree = None
        e.__traceback__ = None
        f = failure(e, request)
        lines = request["code"].splitlines()
        f["line"] = line
        f["source"] = lines[line - 1].strip()[:200] if 0 < line <= len(lines) else ""
        return None, f
    except BaseException as e:
        return None, failure(e, request)


RESERVE = [bytearray(4 << 20)]


def read(n):
    parts = []
    while n:
        b = posix.read(0, min(n, 1 << 16))
        if not b:
            posix._exit(0)  # the server no longer needs us
        parts.append(b)
        n -= len(b)
    return b"".join(parts)


def write(data):
    view = memoryview(data)
    while len(view):
        view = view[posix.write(1, view) :]


def main():
    write(b"R")
    request = loads(read(int.from_bytes(read(4), "big")).decode())
    nonce = bytes.fromhex(request.pop("nonce"))
    posix.close(0)
    posix.nice(5)  # callers' sound comes first
    if not request["code"].isascii() or "\\N{" in request["code"]:
        import unicodedata  # the compiler wants it for such names, and could not open it later
    if not request["stdlib"]:
        resource.setrlimit(resource.RLIMIT_NOFILE, (0, 0))  # for good: nothing can be opened any more
    printed = Printed(request["max_printed"])
    sys.stdin, sys.stdout, sys.stderr = None, printed, printed
    sys.__stdin__, sys.__stdout__, sys.__stderr__ = None, printed, printed
    if request["kind"] == "check":
        answer, result = check(request), None
    else:
        result, failed = run(request, printed)
        answer = {"failure": failed} if failed else {}
        answer["printed"] = "".join(printed.parts)
        answer["cut"] = printed.cut
    text = dumps(answer)
    if result is not None:
        text = text[:-1] + ("," if answer else "") + '"result":' + result + "}"
    data = text.encode("utf-8", "replace")
    write(nonce + len(data).to_bytes(4, "big") + data)
    posix._exit(0)


try:
    main()
except MemoryError:
    posix.write(2, b"MemoryError")
    posix._exit(1)
