// Package secret keeps secrets sealed: provider keys, credentials of tools. The keys come from the environment or from a file in the data folder; each tenant's
// secrets are sealed with a key of its own that is derived from them, and a sealed secret opens only for the tenant and the name that it was sealed for.
package secret

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"griot/internal/fault"
)

// File is the key file's name in the data folder.
const File = "secret.key"

const (
	keySize = 32
	version = "v1"
)

// Keyring seals with its first key and opens with any. It is safe for concurrent use.
type Keyring struct {
	keys []key
	path string // of the key file; empty when the keys come from the environment
}

type key struct {
	id  string // the first bytes of a hash, to find the key of a sealed secret
	key []byte
}

// Open returns the keys: current and then previous, each 32 bytes in base64, or when current is empty those of the key file in dir, which is made when it is not
// there, for its owner alone.
func Open(dir, current string, previous []string) (*Keyring, error) {
	if current != "" {
		k := &Keyring{}
		for i, text := range append([]string{current}, previous...) {
			parsed, err := parse(text)
			if err != nil {
				name := "secret.key"
				if i > 0 {
					name = "secret.previous_keys"
				}
				return nil, fault.New(fault.Invalid, "bad_secret_key", "%s: a key is 32 bytes in base64, as `openssl rand -base64 32` prints them", name).At(name)
			}
			k.keys = append(k.keys, parsed)
		}
		return k, nil
	}
	k := &Keyring{path: filepath.Join(dir, File)}
	raw, err := os.ReadFile(k.path)
	if errors.Is(err, fs.ErrNotExist) {
		k.keys = []key{random()}
		return k, k.write()
	}
	if err != nil {
		return nil, fault.Wrap(err, fault.Denied, "secret_key_unreadable", "The key file %s cannot be read", k.path)
	}
	if info, err := os.Stat(k.path); err == nil && info.Mode().Perm()&0o077 != 0 {
		if err := os.Chmod(k.path, 0o600); err != nil {
			return nil, fault.Wrap(err, fault.Denied, "secret_key_open", "Others may read the key file %s: chmod 600 it", k.path)
		}
	}
	for line := range strings.Lines(string(raw)) {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		parsed, err := parse(line)
		if err != nil {
			return nil, fault.New(fault.Invalid, "bad_secret_key", "The key file %s is damaged: bring it back from a backup. Without it the sealed secrets are lost.", k.path)
		}
		k.keys = append(k.keys, parsed)
	}
	if len(k.keys) == 0 {
		return nil, fault.New(fault.Invalid, "bad_secret_key", "The key file %s is empty: bring it back from a backup, or delete it when no secret matters.", k.path)
	}
	return k, nil
}

func parse(text string) (key, error) {
	text = strings.TrimSpace(text)
	raw, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		raw, err = base64.RawURLEncoding.DecodeString(strings.TrimRight(text, "="))
	}
	if err != nil || len(raw) != keySize {
		return key{}, errors.New("not 32 bytes in base64")
	}
	return named(raw), nil
}

func random() key {
	raw := make([]byte, keySize)
	_, _ = rand.Read(raw) // it never fails
	return named(raw)
}

func named(raw []byte) key {
	sum := sha256.Sum256(append([]byte("griot key id "), raw...))
	return key{id: hex.EncodeToString(sum[:4]), key: raw}
}

// write puts the keys into the file, whole or not at all.
func (k *Keyring) write() error {
	var b bytes.Buffer
	b.WriteString("# Griot's key for the secrets in its database. Keep a copy elsewhere: without it they are lost.\n")
	for _, e := range k.keys {
		b.WriteString(base64.StdEncoding.EncodeToString(e.key) + "\n")
	}
	failed := func(err error) error {
		return fault.Wrap(err, fault.Denied, "secret_key_unwritable", "The key file %s cannot be written", k.path)
	}
	f, err := os.CreateTemp(filepath.Dir(k.path), ".secret-*") // 0600
	if err != nil {
		return failed(err)
	}
	_, err = f.Write(b.Bytes())
	if err == nil {
		err = f.Sync()
	}
	if e := f.Close(); err == nil {
		err = e
	}
	if err == nil {
		err = os.Rename(f.Name(), k.path)
	}
	if err != nil {
		os.Remove(f.Name())
		return failed(err)
	}
	return nil
}

// box is the cipher of a key for one tenant.
func (e key) box(tenant string) (cipher.AEAD, error) {
	derived, err := hkdf.Key(sha256.New, e.key, nil, "griot secret of "+tenant, keySize)
	if err != nil {
		return nil, fmt.Errorf("derive a tenant's key: %w", err)
	}
	block, err := aes.NewCipher(derived)
	if err != nil {
		return nil, fmt.Errorf("make a cipher: %w", err)
	}
	return cipher.NewGCMWithRandomNonce(block)
}

func label(tenant, name string) []byte { return []byte(tenant + "\x00" + name) }

// Seal closes a secret for a tenant and a name, with the first key.
func (k *Keyring) Seal(tenant, name string, plain []byte) (string, error) {
	box, err := k.keys[0].box(tenant)
	if err != nil {
		return "", err
	}
	return version + "." + k.keys[0].id + "." + base64.RawStdEncoding.EncodeToString(box.Seal(nil, nil, plain, label(tenant, name))), nil
}

// Open opens what Seal closed. Faults: Unavailable "secret_key_missing" when it was sealed with a key that is not here, Internal "secret_damaged".
func (k *Keyring) Open(tenant, name, sealed string) ([]byte, error) {
	v, rest, _ := strings.Cut(sealed, ".")
	id, body, _ := strings.Cut(rest, ".")
	raw, err := base64.RawStdEncoding.DecodeString(body)
	if v != version || err != nil {
		return nil, fault.New(fault.Internal, "secret_damaged", "The sealed secret %q is damaged. Enter it again.", name)
	}
	for _, e := range k.keys {
		if e.id != id {
			continue
		}
		box, err := e.box(tenant)
		if err != nil {
			return nil, err
		}
		plain, err := box.Open(nil, nil, raw, label(tenant, name))
		if err != nil {
			return nil, fault.Wrap(err, fault.Internal, "secret_damaged", "The sealed secret %q is damaged. Enter it again", name)
		}
		return plain, nil
	}
	f := fault.New(fault.Unavailable, "secret_key_missing",
		"The secret %q was sealed with another key: bring the key file or the setting secret.key back, or enter the secret again.", name)
	f.Params = map[string]string{"name": name}
	return nil, f
}

// current reports whether a secret was sealed with the first key.
func (k *Keyring) current(sealed string) bool {
	return strings.HasPrefix(sealed, version+"."+k.keys[0].id+".")
}
