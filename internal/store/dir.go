package store

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"

	"griot/internal/fault"
)

// LockDir makes the data folder when it is not there and takes it for this process until unlock is called or the process ends, however it
// ends. It does not wait: a folder that another process has taken is fault.Conflict with the code "data_in_use", one that cannot be written
// to is fault.Denied with "data_read_only".
func LockDir(dir string) (unlock func(), err error) {
	if err := usable(dir); err != nil {
		return nil, err
	}
	path := filepath.Join(dir, "lock")
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fileFault(err, dir, "lock the data folder")
	}
	if err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
		holder, _ := os.ReadFile(path) // only for the message
		f.Close()
		if !errors.Is(err, unix.EWOULDBLOCK) {
			return nil, fileFault(err, dir, "lock the data folder")
		}
		pid := strings.TrimSpace(string(holder))
		if pid == "" {
			pid = "unknown"
		}
		c := fault.New(fault.Conflict, "data_in_use",
			"The data folder %s is in use by another process (%s). Stop that one, or choose another folder with --data.", dir, pid)
		c.Params = map[string]string{"dir": dir, "pid": pid}
		return nil, c
	}
	// The number is for people; the lock holds without it, so a full disk is no reason to fail here.
	if f.Truncate(0) == nil {
		_, _ = f.WriteAt(fmt.Appendf(nil, "%d\n", os.Getpid()), 0)
	}
	return func() { f.Close() }, nil
}

// usable makes the folder and a file in it, to fail now and clearly rather than in the middle of a call.
func usable(dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fileFault(err, dir, "make the data folder")
	}
	f, err := os.CreateTemp(dir, ".probe-*")
	if err != nil {
		return fileFault(err, dir, "write to the data folder")
	}
	err = f.Close()
	if e := os.Remove(f.Name()); err == nil {
		err = e
	}
	if err != nil {
		return fileFault(err, dir, "write to the data folder")
	}
	return nil
}

// fileFault gives a file system's error its kind.
func fileFault(err error, path, doing string) error {
	f := fault.Wrap(err, fault.Internal, "data_unusable", "Could not %s (%s)", doing, path)
	switch {
	case errors.Is(err, fs.ErrPermission), errors.Is(err, syscall.EROFS):
		f = fault.Wrap(err, fault.Denied, "data_read_only", "The data folder %s cannot be written to. Give this user the right to, or choose another with --data", path)
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		f = fault.Wrap(err, fault.Unavailable, "disk_full", "The disk of %s is full", path)
	case errors.Is(err, syscall.ENOTDIR), errors.Is(err, fs.ErrExist), errors.Is(err, syscall.EISDIR):
		f = fault.Wrap(err, fault.Invalid, "data_not_a_folder", "%s is not a folder, or lies in something that is not. Choose another with --data", path)
	}
	f.Params = map[string]string{"dir": path}
	return f
}
