// Command testreport reads `go test -json` from standard input and prints what `go test` would have: a line for each package, and
// everything that a failed test said. It ends with the skipped tests and their reasons, and a line of counts. With -v it prints
// everything that every test said.
//
// Its status is 1 when a test or a package failed, or when no test ran at all.
package main

import (
	"bufio"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
)

func main() {
	verbose := flag.Bool("v", false, "print what passing tests said, too")
	counts := flag.String("counts", "", "file to write the line of counts to")
	flag.Parse()
	r := report{out: os.Stdout, verbose: *verbose, packages: map[string]*packageRun{}}
	err := r.read(os.Stdin)
	r.finish()
	if err == nil && *counts != "" {
		err = os.WriteFile(*counts, []byte(r.counts()+"\n"), 0o600)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "testreport:", err)
		os.Exit(1)
	}
	if r.bad() {
		os.Exit(1)
	}
}

// event is one line of `go test -json`; see `go doc test2json`.
type event struct {
	Action     string
	Package    string
	ImportPath string // of what did not build
	Test       string
	Output     string
}

// packageRun is a package whose tests have begun and not ended.
type packageRun struct {
	output []string            // everything, in order
	own    []string            // what the package itself said, outside its tests
	tests  map[string][]string // what each test said that has not passed
	order  []string            // the names in tests, in the order in which they began
}

type report struct {
	out                     io.Writer
	verbose                 bool
	packages                map[string]*packageRun
	passed, skipped, failed int      // tests and subtests
	ok, broken              int      // packages with tests
	skips                   []string // one line each, with the reason
	failures                []string // names of tests, and of packages that did not build or crashed
}

// read takes events until r ends. A line that is no event is printed as it is.
func (r *report) read(in io.Reader) error {
	lines := bufio.NewReader(in)
	for {
		line, err := lines.ReadString('\n')
		if line != "" {
			var e event
			if json.Unmarshal([]byte(line), &e) == nil && e.Action != "" {
				r.take(e)
			} else {
				fmt.Fprint(r.out, line)
			}
		}
		switch {
		case err == io.EOF:
			return nil
		case err != nil:
			return fmt.Errorf("read the tests' output: %w", err)
		}
	}
}

func (r *report) take(e event) {
	if e.Package == "" { // a build
		if e.Action == "build-output" {
			fmt.Fprint(r.out, e.Output)
		}
		return
	}
	p := r.packages[e.Package]
	if p == nil {
		p = &packageRun{tests: map[string][]string{}}
		r.packages[e.Package] = p
	}
	if e.Test == "" {
		r.takePackage(e, p)
		return
	}
	name := strings.TrimPrefix(e.Package, "griot/") + " " + e.Test
	switch e.Action {
	case "run":
		p.tests[e.Test] = nil
		p.order = append(p.order, e.Test)
	case "output":
		p.output = append(p.output, e.Output)
		p.tests[e.Test] = append(p.tests[e.Test], e.Output)
	case "pass":
		r.passed++
		delete(p.tests, e.Test)
	case "skip":
		r.skipped++
		r.skips = append(r.skips, name+": "+reason(p.tests[e.Test]))
		delete(p.tests, e.Test)
	case "fail":
		r.failed++
		r.failures = append(r.failures, name)
	}
}

// takePackage handles what concerns a package as a whole. Its last event prints it.
func (r *report) takePackage(e event, p *packageRun) {
	switch e.Action {
	case "output":
		p.output = append(p.output, e.Output)
		if e.Output != "PASS\n" {
			p.own = append(p.own, e.Output)
		}
		return
	case "pass":
		r.ok++
	case "fail":
		r.broken++
		if len(p.tests) == 0 {
			r.failures = append(r.failures, strings.TrimPrefix(e.Package, "griot/")+" (the package)")
		}
	case "skip": // it has no tests
	default:
		return
	}
	r.print(p)
	delete(r.packages, e.Package)
}

// print writes a package's output: all of it, or that of the tests that failed or never ended, and the package's own.
func (r *report) print(p *packageRun) {
	output := p.output
	if !r.verbose {
		output = nil
		for _, name := range p.order {
			output = append(output, p.tests[name]...)
		}
		output = append(output, p.own...)
	}
	for _, line := range output {
		fmt.Fprint(r.out, line)
	}
}

// reason finds why a test was skipped in what it said: the line before "--- SKIP", without the file's name.
func reason(output []string) string {
	for _, line := range slices.Backward(output) {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "---") || strings.HasPrefix(line, "===") {
			continue
		}
		if _, said, ok := strings.Cut(line, ": "); ok {
			return said
		}
		return line
	}
	return "no reason given"
}

// finish prints packages that never ended, the skips, the failures and the counts.
func (r *report) finish() {
	for name, p := range r.packages {
		r.broken++
		r.failures = append(r.failures, name+" (never ended)")
		r.print(p)
	}
	r.list("Skipped", r.skips)
	r.list("Failed", r.failures)
	fmt.Fprintf(r.out, "\n%s\n", r.counts())
}

func (r *report) list(title string, lines []string) {
	if len(lines) == 0 {
		return
	}
	fmt.Fprintf(r.out, "\n%s:\n", title)
	for _, line := range lines {
		fmt.Fprintf(r.out, "  %s\n", line)
	}
}

func (r *report) counts() string {
	return fmt.Sprintf("Go: %d tests passed, %d failed, %d skipped, in %d packages", r.passed, r.failed, r.skipped, r.ok+r.broken)
}

func (r *report) bad() bool {
	return r.failed > 0 || r.broken > 0 || r.passed == 0
}
