package prompt_test

import (
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
	"pgregory.net/rapid"

	"griot/internal/agent/template"
	"griot/internal/fault"
	"griot/internal/prompt"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func pick(t *testing.T, lang string, ids []string) (out []prompt.Phase) {
	t.Helper()
	for _, id := range ids {
		n := len(out)
		for _, p := range prompt.Phases(lang) {
			if p.ID == id {
				out = append(out, p)
			}
		}
		require.Len(t, out, n+1, "%s in %s", id, lang)
	}
	return out
}

func TestLibrary(t *testing.T) {
	plain := regexp.MustCompile(` [?!;:]|\w'\w`)
	ids := map[string]int{}
	for _, lang := range []string{"en", "fr", "es"} {
		for _, p := range prompt.Phases(lang) {
			ids[p.ID]++
			require.NotEmpty(t, p.Name, "%s in %s", p.ID, lang)
			require.NotEmpty(t, p.Goal, "%s in %s", p.ID, lang)
			require.NotEmpty(t, p.Rules, "%s in %s", p.ID, lang)
			if lang == "fr" {
				require.False(t, plain.MatchString(p.Goal+p.Script+strings.Join(p.Rules, "")), "%s: French typography", p.ID)
			}
		}
	}
	for id, n := range ids {
		require.Equal(t, 3, n, "%s is in three languages, once", id)
	}
	l, err := template.Open()
	require.NoError(t, err)
	for _, lang := range template.Languages() {
		require.Len(t, prompt.Sets(), len(l.List(lang)))
		for _, x := range l.List(lang) { // each template's phases make instructions that fit
			text, err := prompt.Compose(prompt.Draft{Language: lang, Kind: prompt.Voice, Role: x.Description, Phases: pick(t, lang, prompt.Sets()[x.ID])})
			require.NoError(t, err, "%s in %s", x.ID, lang)
			require.LessOrEqual(t, utf8.RuneCountInString(text), 2000)
		}
	}
	require.Equal(t, prompt.Phases("en"), prompt.Phases("de-CH"))
}

func TestCompose(t *testing.T) {
	d := prompt.Draft{Language: "fr-CA", Kind: prompt.Voice, Role: " Vous accueillez.\n\n\n\nVous notez. ", Tone: "Calme.", Rules: []string{"Pas de prix.", "  "},
		Phases: []prompt.Phase{{Name: "Accueil", Goal: "Saluer\nla personne.", Script: "Bonjour !", Rules: []string{"Attendez.", ""}}, {Name: "Fin"}}}
	text, err := prompt.Compose(d)
	require.NoError(t, err)
	require.Equal(t, "# Rôle\nVous accueillez.\n\nVous notez.\n\n# Ton\nCalme.\n\n## 1. Accueil\nObjectif\u00a0: Saluer la personne.\nDites\u00a0: Bonjour\u202f!\n- Attendez.\n\n## 2. Fin\n\n# Règles\n- Pas de prix.", strings.ReplaceAll(text, "Bonjour !", "Bonjour\u202f!"))
	again, err := prompt.Compose(d)
	require.NoError(t, err)
	require.Equal(t, text, again)

	_, err = prompt.Compose(prompt.Draft{})
	require.Equal(t, "prompt_empty", fault.CodeOf(err))
	_, err = prompt.Compose(prompt.Draft{Phases: []prompt.Phase{{Goal: "x"}}})
	require.Equal(t, "phase_without_name", fault.CodeOf(err))
	d.Phases[1].Goal = strings.Repeat("é", 2000)
	_, err = prompt.Compose(d)
	require.Equal(t, "prompt_too_long", fault.CodeOf(err))
	var f *fault.Error
	require.ErrorAs(t, err, &f)
	require.Equal(t, "Fin", f.Params["phase"])
	require.Equal(t, "2000", f.Params["limit"])
	d.Kind = prompt.Text
	_, err = prompt.Compose(d)
	require.NoError(t, err, "a text agent may have more")
}

// What was composed is imported as what it was composed of.
func TestComposedTextIsImportedBack(t *testing.T) {
	for _, lang := range []string{"en", "fr", "es"} {
		for id, set := range prompt.Sets() {
			d := prompt.Draft{Language: lang, Kind: prompt.Voice, Role: "X {{company}}.", Tone: "Y.", Rules: []string{"A.", "B."}, Phases: pick(t, lang, set)}
			text, err := prompt.Compose(d)
			require.NoError(t, err)
			got, err := prompt.Import("x.md", []byte(text), lang, prompt.Voice)
			require.NoError(t, err)
			require.Empty(t, got.Findings)
			for i := range d.Phases {
				d.Phases[i].ID = ""
			}
			require.Equal(t, d, got.Draft, "%s in %s", id, lang)
			require.Equal(t, text, got.Instructions)
		}
	}
}

func TestImportOfWhatPeopleHave(t *testing.T) {
	codes := func(in prompt.Imported) (out []string) {
		for _, f := range in.Findings {
			out = append(out, f.Code)
		}
		return out
	}
	md, err := prompt.Import("script.MD", []byte("\ufeffYou sell bread.\r\n\r\n# Tone\r\nWarm.\r\n\r\n# Steps\n1. Greet.\n2. Ask.\n\n### Order ###\nGoal: know the order\n> What would you like?\n* one thing at a time\n\n# Guardrails\n- no credit\n"), "en", prompt.Voice)
	require.NoError(t, err)
	require.Equal(t, "markdown", md.Format)
	require.Equal(t, prompt.Draft{Language: "en", Kind: "voice", Role: "You sell bread.", Tone: "Warm.", Rules: []string{"no credit"},
		Phases: []prompt.Phase{{Name: "Steps", Rules: []string{"Greet.", "Ask."}}, {Name: "Order", Goal: "know the order", Script: "What would you like?", Rules: []string{"one thing at a time"}}}}, md.Draft)
	require.Empty(t, md.Findings)

	txt, err := prompt.Import("script.txt", []byte("Vous vendez du pain.\nÉtape 1 : Accueil. Saluer.\nToujours sourire.\n**Étape 2 : Fin**\n- Merci"), "fr", prompt.Voice)
	require.NoError(t, err)
	require.Equal(t, "text", txt.Format)
	require.Equal(t, []prompt.Phase{{Name: "Accueil", Goal: "Saluer. Toujours sourire."}, {Name: "Fin", Rules: []string{"Merci"}}}, txt.Draft.Phases)
	require.Equal(t, "Vous vendez du pain.", txt.Draft.Role)

	old, err := prompt.Import("a.txt", []byte("Caf\xe9 \x01 \x80"), "fr", prompt.Voice)
	require.NoError(t, err)
	require.Equal(t, "Café  €", old.Instructions)
	require.Equal(t, []string{prompt.Encoding, prompt.Controls, prompt.NoStructure}, codes(old))
	wide, err := prompt.Import("a.txt", []byte("\xff\xfeC\x00a\x00f\x00\xe9\x00"), "fr", prompt.Voice)
	require.NoError(t, err)
	require.Equal(t, "Café", wide.Instructions)

	long, err := prompt.Import("a.md", []byte("# A\n"+strings.Repeat("mot ", 600)+"\n| a | b |\nhttps://example.com"), "fr", prompt.Voice)
	require.NoError(t, err)
	require.Equal(t, []string{prompt.TooLong, prompt.Unspeakable}, codes(long))
	require.Equal(t, "2000", long.Findings[0].Params["limit"])
	require.Equal(t, 3, long.Findings[1].Line)

	for name, c := range map[string]struct{ file, want string }{
		"a text":     {`"Be brief."`, "Be brief."},
		"a member":   {`{"name":"x","system_prompt":"Be brief."}`, "Be brief."},
		"messages":   {`{"messages":[{"role":"system","content":"Be"},{"role":"user","content":"hi"},{"role":"developer","content":"brief."}]}`, "Be\n\nbrief."},
		"a list":     {`[{"role":"system","content":"Be brief."}]`, "Be brief."},
		"phases":     {`{"role":"R","phases":[{"title":"Open","objective":"greet","say":"Hello","rules":"wait"}],"rules":["no"]}`, "# Role\nR\n\n## 1. Open\nGoal: greet\nSay: Hello\n- wait\n\n# Rules\n- no"},
		"phase list": {`[{"name":"Open"}]`, "## 1. Open"},
	} {
		got, err := prompt.Import("x.json", []byte(c.file), "en", prompt.Voice)
		require.NoError(t, err, name)
		require.Equal(t, "json", got.Format)
		require.Equal(t, c.want, got.Instructions, name)
	}
	more, err := prompt.Import("x.json", []byte(`{"prompt":"Be brief.","voice":"x","model":1}`), "en", prompt.Voice)
	require.NoError(t, err)
	require.Equal(t, "model, voice", more.Findings[0].Params["members"])
}

func TestImportRefuses(t *testing.T) {
	for _, c := range []struct{ name, file, code string }{
		{"a.txt", "", "file_empty"}, {"a.txt", " \n\t", "file_empty"}, {"a.txt", "a\x00b", "not_text"}, {"a.pdf", "%PDF-1.7", "not_text"}, {"a.json", "{", "bad_json"},
		{"a.json", "3", "unknown_shape"}, {"a.json", "{}", "unknown_shape"}, {"a.json", `[1]`, "unknown_shape"}, {"a.json", `{"phases":[{"goal":"no name"}]}`, "unknown_shape"},
		{"a.txt", strings.Repeat("a", prompt.MaxFile+1), "file_too_large"},
	} {
		_, err := prompt.Import(c.name, []byte(c.file), "en", prompt.Voice)
		require.Equal(t, []any{fault.Invalid, c.code}, []any{fault.KindOf(err), fault.CodeOf(err)}, c.code)
	}
}

// Whatever the bytes, importing ends in a fault or in text that is valid, and what was recognised is bounded.
func TestImportOfAnything(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		name := rapid.SampledFrom([]string{"a.txt", "a.md", "a.json", ""}).Draw(t, "name")
		b := rapid.OneOf(rapid.SliceOf(rapid.Byte()), rapid.Map(rapid.SliceOf(rapid.SampledFrom([]string{"# ", "\n", "- ", "Goal: ", "Step 2: ", "{", "}", "\"phases\":", "[", "]", "\"a\"", ":", ",", "é", " ", "> ", "|"})),
			func(s []string) []byte { return []byte(strings.Join(s, "")) })).Draw(t, "file")
		got, err := prompt.Import(name, b, "fr", prompt.Voice)
		if err != nil {
			require.Equal(t, fault.Invalid, fault.KindOf(err), "%v", err)
			return
		}
		require.True(t, utf8.ValidString(got.Instructions))
		require.LessOrEqual(t, len(got.Draft.Phases), 50)
	})
}
