// Package blob keeps files that are too large for the database: recordings, documents. Keys look like paths
// ("default/recordings/1234.wav"); the caller begins them with the tenant.
package blob

import (
	"context"
	"io"
	"iter"
	"strings"
	"time"

	"griot/internal/fault"
)

// Store keeps files by key. It is safe for concurrent use. A key that is not well formed is fault.Invalid with the code "bad_key", one that
// has no file fault.NotFound with "blob_not_found", a full disk fault.Unavailable with "disk_full".
type Store interface {
	// Put writes a whole file, replacing the one that is there. Nobody ever sees a part of it.
	Put(ctx context.Context, key string, r io.Reader) error
	// Open returns the file's content and its size in bytes. The caller closes it.
	Open(ctx context.Context, key string) (io.ReadSeekCloser, int64, error)
	// Create begins a file that is written bit by bit, and is there once it is committed.
	Create(ctx context.Context, key string) (Writer, error)
	// Delete removes a file. One that is not there is no error.
	Delete(ctx context.Context, key string) error
	// List yields the files whose keys begin with prefix, in a fixed order.
	List(ctx context.Context, prefix string) iter.Seq2[Info, error]
}

// Writer is a file being written, by one goroutine. Either Commit or Abort ends it; Abort after Commit does nothing, so that it can be
// deferred.
type Writer interface {
	io.Writer
	Commit() error
	Abort() error
}

// Info describes a file.
type Info struct {
	Key     string
	Size    int64 // bytes
	ModTime time.Time
}

// maxKey is the longest key, in bytes.
const maxKey = 512

// CheckKey tells whether a key is well formed: names of the characters A-Z a-z 0-9 . _ -, not beginning with a dot, between slashes.
func CheckKey(key string) error {
	bad := func(why string) error {
		f := fault.New(fault.Invalid, "bad_key", "The file name %q cannot be used: %s.", key, why)
		f.Params = map[string]string{"key": key}
		return f
	}
	if key == "" || len(key) > maxKey {
		return bad("it is empty or too long")
	}
	for name := range strings.SplitSeq(key, "/") {
		if name == "" || name[0] == '.' || len(name) > 200 {
			return bad("a part of it is empty, too long or begins with a dot")
		}
		for _, c := range []byte(name) {
			if !(c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '.' || c == '_' || c == '-') {
				return bad("only letters, digits, dots, dashes and underscores are possible")
			}
		}
	}
	return nil
}
