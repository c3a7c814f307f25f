//go:build linux && (amd64 || arm64)

package sandbox

import (
	"errors"
	"os"
	"path/filepath"
	"syscall"

	"golang.org/x/sys/unix"
)

// stage is where the new root is built, in a mount namespace that nobody else sees. Every system has the folder, and nothing of ours lies in it.
const stage = "/proc"

// open lets everybody into the folders of the new root: the worker is not their owner. It is the only one who sees them.
const open os.FileMode = 0o755

// newRoot makes a file system that holds the plan's binds and links and nothing else, read-only, and moves into it.
func newRoot(p Plan) error {
	if err := unix.Sethostname([]byte("tool")); err != nil {
		return step("own name", err)
	}
	if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
		return step("own mounts", err)
	}
	if err := unix.Mount("griot", stage, "tmpfs", unix.MS_NOSUID|unix.MS_NODEV|unix.MS_NOEXEC, "size=64k,nr_inodes=512,mode=0755"); err != nil {
		return step("new root", err)
	}
	for _, l := range p.Links {
		at := stage + l[0]
		if err := os.MkdirAll(filepath.Dir(at), open); err != nil {
			return step("new root", err)
		}
		if err := os.Symlink(l[1], at); err != nil && !errors.Is(err, os.ErrExist) {
			return step("new root", err)
		}
	}
	for _, b := range p.Bind {
		if err := bind(b, stage+b); err != nil {
			return step("bind "+b, err)
		}
	}
	attr := unix.MountAttr{Attr_set: unix.MOUNT_ATTR_RDONLY | unix.MOUNT_ATTR_NOSUID | unix.MOUNT_ATTR_NODEV}
	if err := unix.MountSetattr(unix.AT_FDCWD, stage, unix.AT_RECURSIVE, &attr); err != nil {
		return step("read-only root", err)
	}
	if err := os.Chdir(stage); err != nil {
		return step("enter the root", err)
	}
	if err := unix.PivotRoot(".", "."); err != nil {
		return step("change the root", err)
	}
	if err := unix.Unmount(".", unix.MNT_DETACH); err != nil {
		return step("leave the old root", err)
	}
	return step("enter the root", os.Chdir("/"))
}

// bind shows from at to, with whatever is mounted below it.
func bind(from, to string) error {
	info, err := os.Stat(from)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	if info.IsDir() {
		err = os.MkdirAll(to, open)
	} else if err = os.MkdirAll(filepath.Dir(to), open); err == nil {
		var f *os.File
		if f, err = os.OpenFile(to, os.O_CREATE|syscall.O_CLOEXEC, 0o444); err == nil {
			err = f.Close()
		}
	}
	if err != nil {
		return err
	}
	return unix.Mount(from, to, "", unix.MS_BIND|unix.MS_REC, "")
}
