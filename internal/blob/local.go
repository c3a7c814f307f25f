package blob

import (
	"context"
	"crypto/rand"
	"errors"
	"io"
	"io/fs"
	"iter"
	"os"
	"path"
	"strings"
	"syscall"

	"griot/internal/fault"
)

// drafts is where files lie until they are committed. No key can name it.
const drafts = ".drafts"

// Local keeps files in a folder, which it cannot be made to leave.
type Local struct{ root *os.Root }

// OpenLocal opens a folder, which it makes when it is not there, and removes what a crash left half written. Only one process may use a
// folder. Call Close when it is no longer needed.
func OpenLocal(dir string) (*Local, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, localFault(err, "make the folder "+dir)
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, localFault(err, "open the folder "+dir)
	}
	err = root.RemoveAll(drafts)
	if err == nil {
		err = root.Mkdir(drafts, 0o700)
	}
	if err != nil {
		root.Close()
		return nil, localFault(err, "clear the drafts in "+dir)
	}
	return &Local{root}, nil
}

// Close closes the folder. Files that are open stay readable.
func (l *Local) Close() error { return l.root.Close() }

// Put writes a whole file.
func (l *Local) Put(ctx context.Context, key string, r io.Reader) error {
	w, err := l.Create(ctx, key)
	if err != nil {
		return err
	}
	defer w.Abort()
	if _, err := io.Copy(w, readerFunc(func(p []byte) (int, error) {
		if err := ctx.Err(); err != nil {
			return 0, err
		}
		return r.Read(p)
	})); err != nil {
		return localFault(err, "write "+key)
	}
	return w.Commit()
}

type readerFunc func([]byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }

// Open opens a file for reading.
func (l *Local) Open(_ context.Context, key string) (io.ReadSeekCloser, int64, error) {
	if err := CheckKey(key); err != nil {
		return nil, 0, err
	}
	f, err := l.root.Open(key)
	if err != nil {
		return nil, 0, localFault(err, "open "+key)
	}
	info, err := f.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = fs.ErrNotExist
	}
	if err != nil {
		f.Close()
		return nil, 0, localFault(err, "open "+key)
	}
	return f, info.Size(), nil
}

// Create begins a file.
func (l *Local) Create(_ context.Context, key string) (Writer, error) {
	if err := CheckKey(key); err != nil {
		return nil, err
	}
	draft := drafts + "/" + rand.Text()
	f, err := l.root.OpenFile(draft, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return nil, localFault(err, "begin "+key)
	}
	return &localWriter{l: l, f: f, draft: draft, key: key}, nil
}

type localWriter struct {
	l          *Local
	f          *os.File
	draft, key string
	done       bool
}

func (w *localWriter) Write(p []byte) (int, error) {
	n, err := w.f.Write(p)
	if err != nil {
		return n, localFault(err, "write "+w.key)
	}
	return n, nil
}

// Commit makes the file durable before it gives it its name, and the name durable before it returns.
func (w *localWriter) Commit() error {
	if w.done {
		return fault.New(fault.Conflict, "blob_closed", "The file %s is written already.", w.key)
	}
	w.done = true
	err := w.f.Sync()
	if e := w.f.Close(); err == nil {
		err = e
	}
	dir := path.Dir(w.key)
	if err == nil {
		err = w.l.root.MkdirAll(dir, 0o700)
	}
	if err == nil {
		err = w.l.root.Rename(w.draft, w.key)
	}
	if err == nil {
		err = w.l.sync(dir)
	}
	if err != nil {
		_ = w.l.root.Remove(w.draft) // it is in the way of nobody
		return localFault(err, "write "+w.key)
	}
	return nil
}

func (w *localWriter) Abort() error {
	if w.done {
		return nil
	}
	w.done = true
	err := w.f.Close()
	if e := w.l.root.Remove(w.draft); err == nil {
		err = e
	}
	if err != nil {
		return localFault(err, "give up "+w.key)
	}
	return nil
}

func (l *Local) sync(dir string) error {
	d, err := l.root.Open(dir)
	if err != nil {
		return err
	}
	err = d.Sync()
	if e := d.Close(); err == nil {
		err = e
	}
	return err
}

// Delete removes a file.
func (l *Local) Delete(_ context.Context, key string) error {
	if err := CheckKey(key); err != nil {
		return err
	}
	// Remove would take an empty folder too.
	if info, err := l.root.Lstat(key); err == nil && info.IsDir() {
		return nil
	}
	if err := l.root.Remove(key); err != nil && !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, syscall.ENOTDIR) {
		return localFault(err, "delete "+key)
	}
	return nil
}

// List yields files folder by folder, each in the order of its names. The prefix need not end at a slash.
func (l *Local) List(ctx context.Context, prefix string) iter.Seq2[Info, error] {
	return func(yield func(Info, error) bool) {
		err := fs.WalkDir(l.root.FS(), ".", func(p string, d fs.DirEntry, err error) error {
			switch {
			case err != nil:
				return err
			case ctx.Err() != nil:
				return ctx.Err()
			case d.IsDir():
				outside := p != "." && !strings.HasPrefix(p+"/", prefix) && !strings.HasPrefix(prefix, p+"/")
				if p == drafts || outside {
					return fs.SkipDir
				}
				return nil
			case !d.Type().IsRegular() || !strings.HasPrefix(p, prefix):
				return nil
			}
			info, err := d.Info()
			if errors.Is(err, fs.ErrNotExist) {
				return nil // deleted meanwhile
			}
			if err != nil {
				return err
			}
			if !yield(Info{Key: p, Size: info.Size(), ModTime: info.ModTime()}, nil) {
				return fs.SkipAll
			}
			return nil
		})
		if err != nil {
			yield(Info{}, localFault(err, "list "+prefix))
		}
	}
}

// localFault gives a file system's error its kind. An error that has one keeps it.
func localFault(err error, doing string) error {
	var f *fault.Error
	switch {
	case errors.As(err, &f):
		return err
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, syscall.ENOTDIR):
		return fault.Wrap(err, fault.NotFound, "blob_not_found", "There is no such file: could not %s", doing)
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		return fault.Wrap(err, fault.Unavailable, "disk_full", "The disk is full: could not %s", doing)
	case errors.Is(err, fs.ErrPermission), errors.Is(err, syscall.EROFS):
		return fault.Wrap(err, fault.Denied, "data_read_only", "The files' folder cannot be written to: could not %s", doing)
	}
	return fault.Wrap(err, fault.Internal, "blob", "Could not %s", doing)
}
