# Looks where this interpreter keeps its library, and compiles the worker for it. Runs outside the sandbox and sees no tool's code.
import base64, importlib, json, marshal, os, sys

source = sys.stdin.read()
stdlib = os.path.dirname(os.path.realpath(os.__file__))
dynload = next((os.path.realpath(p) for p in sys.path if p.endswith("lib-dynload") and os.path.isdir(p)), "")
SKIP = {
    "site-packages", "dist-packages", "test", "tests", "idlelib", "tkinter", "turtledemo", "turtle.py", "ensurepip", "venv", "pydoc_data", "lib2to3", "lib-dynload",
    "ctypes", "multiprocessing", "sitecustomize.py", "usercustomize.py", "EXTERNALLY-MANAGED",
}
NATIVE = ("_ctypes", "_test", "_tkinter", "_posixshmem", "_multiprocessing", "_curses", "readline", "_xx", "xx", "_dbm", "_gdbm", "nis", "spwd", "_crypt", "_lsprof", "mmap", "termios", "_interp")


def inside(path):
    return os.path.realpath(path).startswith(stdlib + os.sep)


read = [os.path.join(stdlib, n) for n in sorted(os.listdir(stdlib)) if n not in SKIP and not n.startswith("config-") and inside(os.path.join(stdlib, n))]
if dynload:
    for n in sorted(os.listdir(dynload)):
        if n.endswith(".so") and not n.startswith(NATIVE):
            read.append(os.path.join(dynload, n))
            try:
                importlib.import_module(n.split(".")[0])  # so that the libraries it needs are among those below
            except Exception:
                pass
maps = set()
with open("/proc/self/maps") as f:
    for line in f:
        part = line.split(None, 5)
        if len(part) == 6 and part[5].startswith("/") and ".so" in part[5]:
            maps.add(part[5].strip())
print(json.dumps({
    "implementation": sys.implementation.name,
    "version": list(sys.version_info[:3]),
    "executable": os.path.realpath(sys.executable),
    "stdlib": stdlib,
    "dynload": dynload,
    "read": read,
    "libraries": sorted(p for p in maps if not (dynload and p.startswith(dynload + os.sep))),
    "worker": base64.b64encode(marshal.dumps(compile(source, "<griot>", "exec"))).decode(),
}))
