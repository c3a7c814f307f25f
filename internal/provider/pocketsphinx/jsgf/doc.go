// Package jsgf reads speech grammars in the Java Speech Grammar Format, checks them, and writes them again in the plain form that an old
// recogniser takes without surprises. It is pure: no I/O, no state.
//
// What a person or a program wrote is never handed to the recogniser's own parser: imports would read files, unbounded rule
// expansion would take the machine's memory, and some mistakes end the process. A Grammar that Parse, Map and Compact let through
// has none of these.
package jsgf
