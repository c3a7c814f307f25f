package extract_test

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"griot/internal/fault"
	"griot/internal/knowledge/extract"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// file is a PDF file with a page for each content stream.
func file(extra string, pages ...string) []byte {
	var b bytes.Buffer
	var at []int
	object := func(text string) {
		at = append(at, b.Len())
		fmt.Fprintf(&b, "%d 0 obj\n%s\nendobj\n", len(at), text)
	}
	b.WriteString("%PDF-1.4\n")
	kids := ""
	for i := range pages {
		kids += fmt.Sprintf("%d 0 R ", 4+2*i)
	}
	object("<< /Type /Catalog /Pages 2 0 R >>")
	object(fmt.Sprintf("<< /Type /Pages /Kids [%s] /Count %d >>", kids, len(pages)))
	object("<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>")
	for i, p := range pages {
		object(fmt.Sprintf("<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Resources << /Font << /F1 3 0 R >> >> /Contents %d 0 R >>", 5+2*i))
		object(fmt.Sprintf("<< /Length %d >>\nstream\n%s\nendstream", len(p), p))
	}
	xref := b.Len()
	fmt.Fprintf(&b, "xref\n0 %d\n0000000000 65535 f \n", len(at)+1)
	for _, n := range at {
		fmt.Fprintf(&b, "%010d 00000 n \n", n)
	}
	fmt.Fprintf(&b, "trailer\n<< /Size %d /Root 1 0 R %s >>\nstartxref\n%d\n%%%%EOF\n", len(at)+1, extra, xref)
	return b.Bytes()
}

func line(text string) string { return "BT /F1 12 Tf 72 720 Td (" + text + ") Tj ET" }

// readers are ours and, where it is installed, that of the system.
func readers(t *testing.T, f func(t *testing.T, r *extract.Reader)) {
	t.Run("ours", func(t *testing.T) {
		t.Setenv("PATH", "/nowhere")
		f(t, extract.New(2))
	})
	t.Run("pdftotext", func(t *testing.T) {
		if _, err := exec.LookPath("pdftotext"); err != nil {
			if os.Getenv("GRIOT_TEST_SYSTEM") != "" {
				t.Fatal("pdftotext is missing: scripts/packages.sh install test")
			}
			t.Skip("pdftotext is not installed: scripts/packages.sh install run")
		}
		f(t, extract.New(2))
	})
}

func TestPDF(t *testing.T) {
	readers(t, func(t *testing.T, r *extract.Reader) {
		d, err := r.Read(t.Context(), file("", line("The chair costs 80 \\200."), line("Delivery takes two days.")), 10_000)
		require.NoError(t, err)
		require.Equal(t, extract.PDF, d.Type)
		require.Contains(t, d.Text, "The chair costs 80 €.")
		require.Contains(t, d.Text, "Delivery takes two days.")
		require.False(t, d.Cut)

		var many []string
		for i := range 200 {
			many = append(many, line(fmt.Sprintf("This is page %d of a long book.", i+1)))
		}
		d, err = r.Read(t.Context(), file("", many...), 500)
		require.NoError(t, err)
		require.True(t, d.Cut)
		require.LessOrEqual(t, len(d.Text), 500)
		require.Contains(t, d.Text, "This is page 2 of")
	})
}

// Files that hold no text, want a password or are broken are refused for what they are.
func TestBadPDF(t *testing.T) {
	readers(t, func(t *testing.T, r *extract.Reader) {
		locked := "/Encrypt << /Filter /Standard /V 1 /R 2 /O <" + strings.Repeat("41", 32) + "> /U <" + strings.Repeat("42", 32) + "> /P -4 >> /ID [<00><00>]"
		for name, c := range map[string]struct {
			raw  []byte
			want string
		}{
			"scanned":  {file("", "q 595 0 0 842 0 0 cm Q"), "document_without_text"},
			"no pages": {file(""), "document_without_text"},
			"locked":   {file(locked, line("Secret")), "document_locked"},
			"cut":      {[]byte("%PDF-1.7\n1 0 obj\n<< /Type"), "document_unreadable"},
		} {
			_, err := r.Read(t.Context(), c.raw, 1000)
			require.Equal(t, c.want, fault.CodeOf(err), "%s: %v", name, err)
			require.Equal(t, fault.Invalid, fault.KindOf(err), name)
		}
		// However it is broken, it is the document's fault.
		rnd := rand.New(rand.NewPCG(1, 2))
		whole := file("", line("One"), line("Two"))
		for range 20 {
			raw := bytes.Clone(whole)
			for range 1 + rnd.IntN(30) {
				raw[9+rnd.IntN(len(raw)-9)] = byte(rnd.Uint32())
			}
			if _, err := r.Read(t.Context(), raw[:len(raw)-rnd.IntN(100)], 1000); err != nil {
				require.Equal(t, fault.Invalid, fault.KindOf(err), "%v", err)
			}
		}
	})
}

func TestRTF(t *testing.T) {
	r := extract.New(1)
	for name, c := range map[string]struct{ in, want string }{
		"plain":        {`{\rtf1\ansi Hello, \b world\b0 !\par Second line.}`, "Hello, world!\nSecond line."},
		"destinations": {`{\rtf1\ansi{\fonttbl{\f0 Arial;}}{\colortbl;\red0;}{\*\generator Some Writer;}{\info{\title Not this}}\f0 Only this.{\pict 89504e47}}`, "Only this."},
		"code page":    {`{\rtf1\ansi\ansicpg1251 \'cf\'f0\'e8\'e2\'e5\'f2}`, "Привет"},
		"unicode":      {`{\rtf1\ansi\uc1 Prix : 80 \u8364? \u-10179?\u-8704? }`, "Prix : 80 € 😀 "},
		"two stand-in": {`{\rtf1\ansi{\uc2 \u233\'e9\'e9t\u233\'e9\'e9}}`, "été"},
		"table":        {`{\rtf1\trowd Chair\cell 80\cell\row Table\cell 120\cell\row}`, "Chair | 80 | \nTable | 120 | \n"},
		"signs":        {`{\rtf1 a\~b\_c \{d\} \\ \ldblquote e\rdblquote\emdash f}`, "a\u00a0b-c {d} \\ “e”—f"},
		"binary":       {"{\\rtf1 a{\\pict\\bin5 }}}}}}b}", "ab"},
		"not closed":   {`{\rtf1 {{{{ a \u`, " a "},
	} {
		d, err := r.Read(t.Context(), []byte(c.in), 1000)
		require.NoError(t, err, name)
		require.Equal(t, strings.TrimSpace(c.want), strings.TrimSpace(d.Text), name)
		require.Equal(t, "application/rtf", d.Type)
	}
	_, err := r.Read(t.Context(), []byte(`{\rtf1{\fonttbl Arial}}`), 1000)
	require.Equal(t, "document_without_text", fault.CodeOf(err))
}

// Who waits for a place and goes away is let go; the place is free again.
func TestReadIsCancelled(t *testing.T) {
	r := extract.New(1)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := r.Read(ctx, file("", line("One")), 1000)
	require.ErrorIs(t, err, context.Canceled)
	_, err = r.Read(t.Context(), file("", line("One")), 1000)
	require.NoError(t, err)
}

func TestKnows(t *testing.T) {
	require.True(t, extract.Knows(file("", "")))
	require.True(t, extract.Knows([]byte(`{\rtf1}`)))
	require.False(t, extract.Knows([]byte("Hello")))
	_, err := extract.New(1).Read(t.Context(), []byte("Hello"), 100)
	require.Equal(t, "document_unreadable", fault.CodeOf(err))
}
