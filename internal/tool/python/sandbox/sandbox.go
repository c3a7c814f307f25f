// Package sandbox is the process that becomes a Python worker: this very program, started again with Command as its first argument. It
// takes from itself what the kernel lets it take, and then becomes the interpreter, which inherits all of it and can give none of it up:
//
//   - namespaces, where the kernel permits: a file system that holds the interpreter's library and nothing else, no network, no other processes
//   - no capabilities, no user of the server, no way to gain rights (no_new_privs)
//   - landlock: files of the library can be read, the interpreter can be executed, nothing else
//   - limits: address space, processor time, no file can grow, few descriptors, no core
//   - seccomp: the system calls of a calculation, by name; all others fail. Executing works for one descriptor, which closes on exec and cannot
//     be opened again because of the limit on descriptors: once the interpreter runs, nothing can be executed
//
// A step that fails ends the process: it never goes on with less than was asked for.
//
// The package does its work in init, which is unusual: the initialisation of all the other packages of the program takes longer than
// everything that happens here. For the same reason it imports next to nothing.
package sandbox

import "strconv"

// Command is the hidden sub-command.
const Command = "python-sandbox"

// What a plan's arguments are called, each followed by "=" and its value. After "--" come the arguments of the interpreter, its name first.
const (
	argExec   = "exec"   // path of the interpreter, without symbolic links
	argLoader = "loader" // path that its binary names as its loader; may be executed too
	argRead   = "read"   // a file that may be read, or a folder with all that is in it, whose name then ends in a slash
	argList   = "list"   // a folder whose names may be listed
	argBind   = "bind"   // a folder or a file that is there in the new root; only with argRoot
	argLink   = "link"   // a symbolic link in the new root, as path:target
	argRoot   = "root"   // "1": make a new root; the process was started in its own namespaces
	argMemory = "memory" // bytes of address space
	argCPU    = "cpu"    // seconds of processor time
	argUser   = "user"   // number of the user and group to become
)

// Plan says what a worker may have.
type Plan struct {
	Exec, Loader string
	Read, List   []string
	Bind         []string
	Links        [][2]string
	Root         bool
	Memory       int64 // bytes
	CPU          int   // seconds
	User         int   // 0 leaves it as it is
	Argv         []string
}

// Args are the program's arguments that carry out the plan.
func (p Plan) Args() []string {
	out := []string{Command, argExec + "=" + p.Exec, argMemory + "=" + itoa(p.Memory), argCPU + "=" + itoa(int64(p.CPU)), argUser + "=" + itoa(int64(p.User))}
	if p.Loader != "" {
		out = append(out, argLoader+"="+p.Loader)
	}
	for _, f := range p.Read {
		out = append(out, argRead+"="+f)
	}
	for _, f := range p.List {
		out = append(out, argList+"="+f)
	}
	if p.Root {
		out = append(out, argRoot+"=1")
		for _, f := range p.Bind {
			out = append(out, argBind+"="+f)
		}
		for _, l := range p.Links {
			out = append(out, argLink+"="+l[0]+":"+l[1])
		}
	}
	return append(append(out, "--"), p.Argv...)
}

func itoa(n int64) string { return strconv.FormatInt(n, 10) }
