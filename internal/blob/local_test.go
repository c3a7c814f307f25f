package blob_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"griot/internal/blob"
	"griot/internal/fault"
)

func local(t *testing.T) (*blob.Local, string) {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "blobs")
	l, err := blob.OpenLocal(dir)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, l.Close()) })
	return l, dir
}

func read(t *testing.T, s blob.Store, key string) string {
	t.Helper()
	r, size, err := s.Open(t.Context(), key)
	require.NoError(t, err)
	defer r.Close()
	b, err := io.ReadAll(r)
	require.NoError(t, err)
	require.EqualValues(t, len(b), size)
	return string(b)
}

func keys(t *testing.T, s blob.Store, prefix string) []string {
	t.Helper()
	var out []string
	for info, err := range s.List(t.Context(), prefix) {
		require.NoError(t, err)
		out = append(out, info.Key)
	}
	return out
}

func TestPutOpenDelete(t *testing.T) {
	l, _ := local(t)
	ctx := t.Context()
	require.NoError(t, l.Put(ctx, "default/recordings/a.wav", strings.NewReader("one")))
	require.NoError(t, l.Put(ctx, "default/recordings/a.wav", strings.NewReader("second")))
	require.Equal(t, "second", read(t, l, "default/recordings/a.wav"))

	r, _, err := l.Open(ctx, "default/recordings/a.wav")
	require.NoError(t, err)
	_, err = r.Seek(3, io.SeekStart)
	require.NoError(t, err)
	b, err := io.ReadAll(r)
	require.NoError(t, err)
	require.Equal(t, "ond", string(b))
	require.NoError(t, r.Close())

	require.NoError(t, l.Delete(ctx, "default/recordings"), "a folder is not a file")
	require.NoError(t, l.Delete(ctx, "default/recordings/a.wav"))
	require.NoError(t, l.Delete(ctx, "default/recordings/a.wav"))
	for _, key := range []string{"default/recordings/a.wav", "default/recordings", "default/nothing"} {
		_, _, err = l.Open(ctx, key)
		require.Equal(t, fault.NotFound, fault.KindOf(err), "%v", err)
	}
}

func TestStreamedFileAppearsWhenCommitted(t *testing.T) {
	l, dir := local(t)
	w, err := l.Create(t.Context(), "t/x")
	require.NoError(t, err)
	_, err = w.Write([]byte("he"))
	require.NoError(t, err)
	_, _, err = l.Open(t.Context(), "t/x")
	require.Equal(t, fault.NotFound, fault.KindOf(err))
	require.Empty(t, keys(t, l, ""))
	_, err = w.Write([]byte("llo"))
	require.NoError(t, err)
	require.NoError(t, w.Commit())
	require.NoError(t, w.Abort())
	require.Equal(t, fault.Conflict, fault.KindOf(w.Commit()))
	require.Equal(t, "hello", read(t, l, "t/x"))

	w, err = l.Create(t.Context(), "t/x")
	require.NoError(t, err)
	_, err = w.Write([]byte("no"))
	require.NoError(t, err)
	require.NoError(t, w.Abort())
	require.Equal(t, "hello", read(t, l, "t/x"))
	left, err := os.ReadDir(filepath.Join(dir, ".drafts"))
	require.NoError(t, err)
	require.Empty(t, left)
}

func TestFailedPutLeavesNothing(t *testing.T) {
	l, dir := local(t)
	broken := errors.New("broken")
	err := l.Put(t.Context(), "t/x", io.MultiReader(strings.NewReader("some"), errReader{broken}))
	require.ErrorIs(t, err, broken)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	require.ErrorIs(t, l.Put(ctx, "t/x", strings.NewReader("x")), context.Canceled)
	require.Empty(t, keys(t, l, ""))
	left, err := os.ReadDir(filepath.Join(dir, ".drafts"))
	require.NoError(t, err)
	require.Empty(t, left)
}

type errReader struct{ err error }

func (e errReader) Read([]byte) (int, error) { return 0, e.err }

func TestList(t *testing.T) {
	l, _ := local(t)
	for _, k := range []string{"a/x/1", "a/x/2", "a/y", "ab/z", "b/x"} {
		require.NoError(t, l.Put(t.Context(), k, bytes.NewReader(make([]byte, len(k)))))
	}
	require.Equal(t, []string{"a/x/1", "a/x/2", "a/y", "ab/z", "b/x"}, keys(t, l, ""))
	require.Equal(t, []string{"a/x/1", "a/x/2", "a/y"}, keys(t, l, "a/"))
	require.Equal(t, []string{"a/x/1", "a/x/2", "a/y", "ab/z"}, keys(t, l, "a"))
	require.Equal(t, []string{"a/x/2"}, keys(t, l, "a/x/2"))
	require.Empty(t, keys(t, l, "c/"))
	for info, err := range l.List(t.Context(), "a/y") {
		require.NoError(t, err)
		require.EqualValues(t, 3, info.Size)
		require.False(t, info.ModTime.IsZero())
		break
	}
}

func TestBadKeys(t *testing.T) {
	l, dir := local(t)
	require.NoError(t, os.WriteFile(filepath.Join(filepath.Dir(dir), "secret"), []byte("s"), 0o600))
	for _, k := range []string{"", "/", "/a", "a/", "a//b", ".", "..", "../secret", "a/../../secret", ".drafts/x", "a/.b", "a b", "a\x00b", "é", `a\b`,
		strings.Repeat("a", 201), strings.Repeat("a/", 300) + "a"} {
		require.Equal(t, "bad_key", fault.CodeOf(l.Put(t.Context(), k, strings.NewReader("x"))), "%q", k)
		require.Equal(t, "bad_key", fault.CodeOf(l.Delete(t.Context(), k)), "%q", k)
		_, _, err := l.Open(t.Context(), k)
		require.Equal(t, "bad_key", fault.CodeOf(err), "%q", k)
		_, err = l.Create(t.Context(), k)
		require.Equal(t, "bad_key", fault.CodeOf(err), "%q", k)
	}
}

func TestLinksDoNotLeadOut(t *testing.T) {
	l, dir := local(t)
	require.NoError(t, os.WriteFile(filepath.Join(filepath.Dir(dir), "secret"), []byte("s"), 0o600))
	require.NoError(t, os.Symlink("../secret", filepath.Join(dir, "link")))
	_, _, err := l.Open(t.Context(), "link")
	require.Error(t, err)
	require.Empty(t, keys(t, l, ""))
}

func TestCrashLeftovers(t *testing.T) {
	l, dir := local(t)
	_, err := l.Create(t.Context(), "t/x") // never ended
	require.NoError(t, err)
	again, err := blob.OpenLocal(dir)
	require.NoError(t, err)
	defer again.Close()
	left, err := os.ReadDir(filepath.Join(dir, ".drafts"))
	require.NoError(t, err)
	require.Empty(t, left)
}

func TestFileInPlaceOfFolder(t *testing.T) {
	p := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(p, nil, 0o600))
	_, err := blob.OpenLocal(filepath.Join(p, "blobs"))
	require.Error(t, err)
}
