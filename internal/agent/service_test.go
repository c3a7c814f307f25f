package agent_test

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"griot/internal/agent"
	"griot/internal/fault"
	"griot/internal/store"
)

var (
	ada = agent.Actor{ID: "u1", Name: "Ada"}
	bob = agent.Actor{ID: "u2", Name: "Bob"}
)

const tenant = "default"

func service(t testing.TB) *agent.Service {
	t.Helper()
	db, err := store.Open(t.Context(), "sqlite:"+filepath.Join(t.TempDir(), "griot.db"))
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	require.NoError(t, db.EnsureTenant(t.Context(), "other", "Other"))
	file := agent.Default()
	file.Reference, file.Name, file.Model.Flow = "Agent-000002", "Reception", "reception"
	return agent.NewService(agent.Options{Files: agent.NewFiles(file), Home: tenant, Store: db})
}

func named(name string) agent.Definition {
	d := agent.Default()
	d.Name, d.Language, d.Instructions = name, "fr-FR", "You sell tea."
	return d
}

func codeIs(t *testing.T, want string, err error) map[string]string {
	t.Helper()
	var f *fault.Error
	require.ErrorAs(t, err, &f)
	require.Equal(t, want, f.Code, "%v", err)
	return f.Params
}

func set(f func(*agent.Definition)) func(agent.Definition) (agent.Definition, error) {
	return func(d agent.Definition) (agent.Definition, error) { f(&d); return d, nil }
}

func TestLifeOfAnAgent(t *testing.T) {
	s, ctx := service(t), t.Context()
	a, err := s.Create(ctx, tenant, ada, named("  Sophie\n 1 "), "first")
	require.NoError(t, err)
	require.Equal(t, []any{"Agent-000001", "Sophie 1", agent.Draft, 1, "1.1"}, []any{a.Reference, a.Name, a.Status, a.Version, a.ETag()})
	next, err := s.Create(ctx, tenant, ada, named(""), "")
	require.NoError(t, err)
	require.Equal(t, "Agent-000003", next.Reference, "a file has the second reference")

	// Nothing different: no version. Something: one, with its author.
	same, diff, err := s.Update(ctx, tenant, "sophie 1", agent.Edit{By: bob, Change: set(func(d *agent.Definition) { d.Name = "Sophie 1" })})
	require.NoError(t, err)
	require.Empty(t, diff)
	require.Equal(t, a.ETag(), same.ETag())
	b, diff, err := s.Update(ctx, tenant, a.Reference, agent.Edit{By: bob, ETag: `"1.1"`, Note: "slower", Change: set(func(d *agent.Definition) {
		d.Voice.Rate, d.Turn.Silence, d.Tools = 0.9, time.Second, []string{"search_web"}
	})})
	require.NoError(t, err)
	require.Equal(t, []agent.Diff{{Path: "tools", Before: []any{}, After: []any{"search_web"}}, {Path: "turn.silence", Before: "500ms", After: "1s"}, {Path: "voice.rate", Before: 1, After: 0.9}}, diff)
	require.Equal(t, []any{2, "2.2", "Bob"}, []any{b.Version, b.ETag(), b.UpdatedBy.Name})

	// Ada still has the first state open.
	_, _, err = s.Update(ctx, tenant, a.ID, agent.Edit{By: ada, ETag: "1.1", Change: set(func(d *agent.Definition) { d.Voice.Rate = 1.1 })})
	var changed *agent.Changed
	require.ErrorAs(t, err, &changed)
	require.Equal(t, map[string]string{"by": "Bob", "version": "2", "etag": "2.2"}, codeIs(t, "agent_changed", err))
	require.Equal(t, diff, changed.Theirs)
	require.Equal(t, []agent.Diff{{Path: "voice.rate", Before: 1, After: 1.1}}, changed.Yours)
	_, _, err = s.Update(ctx, tenant, a.ID, agent.Edit{By: ada, ETag: "yesterday", Change: set(func(*agent.Definition) {})})
	codeIs(t, "bad_etag", err)

	// Published, it stays callable whatever is changed; unpublished it need not.
	p, err := s.Publish(ctx, tenant, a.ID, agent.Edit{By: ada, ETag: b.ETag()})
	require.NoError(t, err)
	require.Equal(t, []any{agent.Active, 2, "2.3"}, []any{p.Status, p.Version, p.ETag()})
	again, err := s.Publish(ctx, tenant, a.ID, agent.Edit{By: ada})
	require.NoError(t, err)
	require.Equal(t, p.ETag(), again.ETag())
	_, _, err = s.Update(ctx, tenant, a.ID, agent.Edit{By: ada, Change: set(func(d *agent.Definition) { d.Instructions = "" })})
	var invalid *agent.Invalid
	require.ErrorAs(t, err, &invalid)
	require.Equal(t, "instructions_needed", invalid.Findings[0].Code)
	_, err = s.Publish(ctx, tenant, next.ID, agent.Edit{By: ada})
	codeIs(t, "agent_incomplete", err)
	_, _, err = s.Update(ctx, tenant, a.ID, agent.Edit{By: ada, Change: set(func(d *agent.Definition) { d.Kind = agent.Text })})
	codeIs(t, "kind_fixed", err)
	u, err := s.Unpublish(ctx, tenant, a.ID, agent.Edit{By: ada})
	require.NoError(t, err)
	require.Equal(t, agent.Draft, u.Status)

	// Back to the first version, which is a new one.
	r, diff, err := s.Rollback(ctx, tenant, a.ID, 1, agent.Edit{By: ada})
	require.NoError(t, err)
	require.Len(t, diff, 3)
	require.Equal(t, []any{3, 1.0, 500 * time.Millisecond, "Sophie 1"}, []any{r.Version, r.Voice.Rate, r.Turn.Silence, r.Name})
	vs, total, err := s.Versions(ctx, tenant, a.Reference, 0, 10)
	require.NoError(t, err)
	require.Equal(t, 3, total)
	require.Equal(t, []string{"Back to version 1", "slower", "first"}, []string{vs[0].Note, vs[1].Note, vs[2].Note})
	none, err := s.Diff(ctx, tenant, a.Reference, 1, 3)
	require.NoError(t, err)
	require.Empty(t, none)
	_, _, err = s.Rollback(ctx, tenant, a.ID, 9, agent.Edit{By: ada})
	codeIs(t, "version_not_found", err)
}

func TestNames(t *testing.T) {
	s, ctx := service(t), t.Context()
	_, err := s.Create(ctx, tenant, ada, named("Café"), "")
	require.NoError(t, err)
	_, err = s.Create(ctx, tenant, ada, named("CAFE\u0301"), "") // the same to people, other letters to machines
	require.Equal(t, map[string]string{"name": "CAFE\u0301", "suggestion": "CAFE\u0301 (2)"}, codeIs(t, "name_taken", err))
	_, err = s.Create(ctx, tenant, ada, named("reception"), "")
	require.Equal(t, "reception (2)", codeIs(t, "name_taken", err)["suggestion"], "a file's")
	_, err = s.Create(ctx, "other", ada, named("Café"), "")
	require.NoError(t, err)
	_, err = s.Create(ctx, "other", ada, named("Reception"), "")
	require.NoError(t, err, "files are the home tenant's")

	x, err := s.Create(ctx, tenant, ada, named("Other"), "")
	require.NoError(t, err)
	_, _, err = s.Update(ctx, tenant, x.ID, agent.Edit{By: ada, Change: set(func(d *agent.Definition) { d.Name = "café" })})
	require.Equal(t, "café (2)", codeIs(t, "name_taken", err)["suggestion"])
	_, _, err = s.Update(ctx, tenant, x.ID, agent.Edit{By: ada, Change: set(func(d *agent.Definition) { d.Name = "RECEPTION" })})
	codeIs(t, "name_taken", err)
	_, _, err = s.Update(ctx, tenant, x.ID, agent.Edit{By: ada, Change: set(func(d *agent.Definition) { d.Name = "OTHER" })})
	require.NoError(t, err, "its own name, written otherwise")

	for name, want := range map[string]string{"Café": "Café (2)", "cafe": "", "": "", "Reception": "Reception (2)", "other": "other (2)"} {
		ok, next, err := s.NameAvailable(ctx, tenant, name, "")
		require.NoError(t, err)
		require.Equal(t, []any{want == "", want}, []any{ok, next}, name)
	}
	ok, _, err := s.NameAvailable(ctx, tenant, "Other", x.Reference)
	require.NoError(t, err)
	require.True(t, ok)
	_, err = s.Get(ctx, tenant, "recepton")
	require.ErrorContains(t, err, `there is no agent "recepton"`)
	byName, err := s.Get(ctx, tenant, "RECEPTION")
	require.NoError(t, err)
	require.True(t, byName.File)
	_, err = s.Get(ctx, "other", "Agent-000002")
	require.NoError(t, err, "their own, not the file")
}

func TestFilesAreCopiedNotChanged(t *testing.T) {
	s, ctx := service(t), t.Context()
	edit := agent.Edit{By: ada, Change: set(func(*agent.Definition) {})}
	_, _, err := s.Update(ctx, tenant, "Agent-000002", edit)
	codeIs(t, "agent_is_a_file", err)
	_, err = s.Delete(ctx, tenant, "Agent-000002", edit)
	codeIs(t, "agent_is_a_file", err)
	c, err := s.Duplicate(ctx, tenant, "Agent-000002", "", ada)
	require.NoError(t, err)
	require.Equal(t, []any{"Agent-000001", "Reception (2)", agent.Draft, "reception"}, []any{c.Reference, c.Name, c.Status, c.Model.Flow})
	c, err = s.Duplicate(ctx, tenant, "Reception (2)", "", ada)
	require.NoError(t, err)
	require.Equal(t, "Reception (3)", c.Name)
	_, err = s.Duplicate(ctx, tenant, c.ID, "reception (2)", ada)
	codeIs(t, "name_taken", err)
	vs, n, err := s.Versions(ctx, tenant, "Agent-000002", 0, 5)
	require.NoError(t, err)
	require.Equal(t, []int{1, 1}, []int{len(vs), n})
}

func TestDeleteAndUndo(t *testing.T) {
	s, ctx := service(t), t.Context()
	a, err := s.Create(ctx, tenant, ada, named("Sophie"), "")
	require.NoError(t, err)
	_, err = s.Delete(ctx, tenant, a.ID, agent.Edit{By: bob, ETag: "7.7"})
	codeIs(t, "agent_changed", err)
	_, err = s.Delete(ctx, tenant, a.ID, agent.Edit{By: bob})
	require.NoError(t, err)
	_, err = s.Get(ctx, tenant, a.ID)
	codeIs(t, "agent_not_found", err)
	_, err = s.Delete(ctx, tenant, a.ID, agent.Edit{By: bob})
	codeIs(t, "agent_not_found", err)
	gone, err := s.List(ctx, tenant, agent.Filter{Deleted: true, Limit: 10}, "")
	require.NoError(t, err)
	require.Equal(t, []any{1, "Bob"}, []any{gone.Total, gone.Items[0].DeletedBy.Name})

	taker, err := s.Create(ctx, tenant, ada, named("sophie"), "")
	require.NoError(t, err)
	require.Equal(t, "Agent-000003", taker.Reference, "numbers are not used again")
	_, err = s.Restore(ctx, tenant, a.Reference, ada)
	require.Equal(t, "Sophie (2)", codeIs(t, "name_taken", err)["suggestion"])
	_, err = s.Delete(ctx, tenant, taker.ID, agent.Edit{By: bob})
	require.NoError(t, err)
	_, err = s.Restore(ctx, "other", a.Reference, ada)
	codeIs(t, "agent_not_found", err)
	back, err := s.Restore(ctx, tenant, a.Reference, ada)
	require.NoError(t, err)
	require.True(t, back.DeletedAt.IsZero())
	again, err := s.Restore(ctx, tenant, a.Reference, ada)
	require.NoError(t, err)
	require.Equal(t, back.ETag(), again.ETag())
	n, err := s.Purge(ctx)
	require.NoError(t, err)
	require.Zero(t, n)
}

func TestTransfer(t *testing.T) {
	s, ctx := service(t), t.Context()
	d := named("Sophie: \"the\" first # one")
	d.Instructions = "Line one\n\n  indented: é 🙂\n- a list\n"
	d.Tools, d.Turn.Silence = []string{"a", "b"}, 700*time.Millisecond
	temperature := 0.7
	d.Model.Temperature = &temperature
	a, err := s.Create(ctx, tenant, ada, d, "")
	require.NoError(t, err)
	file, name, err := s.Export(ctx, tenant, a.Reference)
	require.NoError(t, err)
	require.Equal(t, "Agent-000001.yaml", name)

	_, err = s.Import(ctx, tenant, bob, file, "")
	require.Equal(t, d.Name+" (2)", codeIs(t, "name_taken", err)["suggestion"])
	there, err := s.Import(ctx, "other", bob, file, "")
	require.NoError(t, err)
	diff, err := agent.Compare(a.Definition, there.Definition)
	require.NoError(t, err)
	require.Empty(t, diff, "an agent goes from one tenant to another as it is")
	require.Equal(t, agent.Draft, there.Status)
	loaded, err := agent.Parse("x.yaml", file)
	require.NoError(t, err, "the folder of agents takes it too")
	require.Equal(t, "Agent-000001", loaded.Reference)
	copied, err := s.Import(ctx, tenant, bob, file, "Copy")
	require.NoError(t, err)
	require.Equal(t, "Agent-000003", copied.Reference)

	before, err := s.List(ctx, tenant, agent.Filter{Limit: 100}, "")
	require.NoError(t, err)
	for text, want := range map[string]string{
		"format: 2\nname: A\nnew_key: 1\n": "format_too_new", "name: A\nlangage: fr\n": "unknown_key", "name: [": "bad_yaml", "": "empty_file", "- a\n": "bad_value", "format: x\n": "bad_value",
		"name: A\nvoice: {rate: .inf}\n": "bad_value", "name: A\nkind: ~\n": "", "name: A2\nkind: ''\n": "bad_value", "name: " + strings.Repeat("x", 241): "too_long", strings.Repeat("#", 1<<20+1): "agent_too_large",
		"a: &a [*a]": "unknown_key", "\x00": "bad_yaml",
	} {
		_, err := s.Import(ctx, tenant, bob, []byte(text), "")
		if want == "" {
			require.NoError(t, err, text)
			_, err = s.Delete(ctx, tenant, "A", agent.Edit{By: bob})
			require.NoError(t, err)
			continue
		}
		codeIs(t, want, err)
		require.Equal(t, fault.Invalid, fault.KindOf(err), text)
	}
	_, err = s.Import(ctx, tenant, bob, []byte("format: 99\n"), "")
	require.ErrorContains(t, err, "agent.yaml:1: the file has format 99, and this version of Griot reads up to 1.")
	after, err := s.List(ctx, tenant, agent.Filter{Limit: 100}, "")
	require.NoError(t, err)
	require.Equal(t, before.Total, after.Total, "nothing is half written")
}

func TestListsMixFilesAndRows(t *testing.T) {
	s, ctx := service(t), t.Context()
	for _, n := range []string{"Alpha", "Zulu", "Mike"} {
		_, err := s.Create(ctx, tenant, ada, named(n), "")
		require.NoError(t, err)
	}
	for sort, want := range map[string]string{"name": "Alpha Mike Reception Zulu", "-name": "Zulu Reception Mike Alpha", "reference": "Alpha Reception Zulu Mike", "-created": "Mike Zulu Alpha Reception"} {
		var got []string
		f := agent.Filter{Limit: 1}
		f.Sort.By, f.Sort.Down = strings.CutPrefix(sort, "-")
		for cursor := ""; ; {
			p, err := s.List(ctx, tenant, f, cursor)
			require.NoError(t, err)
			require.Equal(t, []int{4, 3, 1}, []int{p.Total, p.Count[agent.Draft], p.Count[agent.Active]})
			got = append(got, p.Items[0].Name)
			if cursor = p.Next; cursor == "" {
				break
			}
		}
		require.Equal(t, want, strings.Join(got, " "), sort)
	}
	p, err := s.List(ctx, tenant, agent.Filter{Status: agent.Active, Limit: 5}, "")
	require.NoError(t, err)
	require.Equal(t, []any{1, "Reception", 3}, []any{p.Total, p.Items[0].Name, p.Count[agent.Draft]})
	for _, f := range []agent.Filter{{Search: "RÉCEPT"}, {Model: "flow/reception"}, {Lang: "en"}} {
		f.Limit = 5
		p, err := s.List(ctx, tenant, f, "")
		require.NoError(t, err)
		require.Len(t, p.Items, 1, "%+v", f)
	}
	first, err := s.List(ctx, tenant, agent.Filter{Limit: 1}, "")
	require.NoError(t, err)
	for _, c := range []string{"x", "AAAA", first.Next + "x", strings.Repeat("A", 500)} {
		_, err = s.List(ctx, tenant, agent.Filter{Limit: 1, Sort: agent.Sort{By: "created"}}, c)
		codeIs(t, "bad_cursor", err)
	}
	_, err = s.List(ctx, tenant, agent.Filter{Limit: 1, Sort: agent.Sort{By: "price"}}, "")
	codeIs(t, "bad_sort", err)
}

// Many people change one agent at the same time, without saying what they saw: each change is a version.
func TestChangesAtTheSameTime(t *testing.T) {
	s, ctx := service(t), t.Context()
	a, err := s.Create(ctx, tenant, ada, named("Sophie"), "")
	require.NoError(t, err)
	var wg sync.WaitGroup
	errs := make([]error, 4)
	for i := range errs {
		wg.Go(func() {
			_, _, errs[i] = s.Update(ctx, tenant, a.ID, agent.Edit{By: ada, Change: set(func(d *agent.Definition) { d.Description += fmt.Sprint(i) })})
		})
	}
	wg.Wait()
	require.NoError(t, errors.Join(errs...))
	got, err := s.Get(ctx, tenant, a.ID)
	require.NoError(t, err)
	require.Len(t, got.Description, 4)
	require.Equal(t, 5, got.Version)
}

// BenchmarkList measures a page of 50 of 10,000 agents.
func BenchmarkList(b *testing.B) {
	s := service(b)
	ctx := context.Background()
	for i := range 10000 {
		d := named(fmt.Sprintf("Agent %05d", i))
		d.Kind = []agent.Kind{agent.Voice, agent.Text, agent.Avatar}[i%3]
		d.Instructions = strings.Repeat("You are patient and brief. ", 60)
		if _, err := s.Create(ctx, tenant, ada, d, ""); err != nil {
			b.Fatal(err)
		}
	}
	for name, f := range map[string]agent.Filter{
		"name": {}, "updated": {Sort: agent.Sort{By: "updated", Down: true}}, "kind": {Kind: agent.Text}, "search": {Search: "09"}, "search none": {Search: "nobody at all"}, "active": {Status: agent.Active},
		"language": {Lang: "es"}, "model": {Model: "openai/x"},
	} {
		f.Limit = 50
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				if _, err := s.List(ctx, tenant, f, ""); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
	b.Run("deep", func(b *testing.B) {
		cursor := ""
		for range 100 {
			p, err := s.List(ctx, tenant, agent.Filter{Limit: 50}, cursor)
			if err != nil {
				b.Fatal(err)
			}
			cursor = p.Next
		}
		for b.Loop() {
			if _, err := s.List(ctx, tenant, agent.Filter{Limit: 50}, cursor); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// Whatever a file holds, it is an agent or an Invalid; an agent can be kept, compared, checked and read back as it was.
func FuzzDecoded(f *testing.F) {
	for _, s := range []string{"name: A\nturn: {silence: 1s}", `{"name":"\u0000\ud83d","tools":["a"],"model":{"temperature":null}}`, "a: &a [*a]", "voice: {rate: .nan}", "format: 1e9", "format: 0x2", "tools: ~", "name: !!binary aGk=",
		"<<: {name: x}", "limits: {max_duration: -9999h}"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		d, err := agent.Decoded("x.yaml", text, agent.Default())
		if err != nil {
			if fault.KindOf(err) != fault.Invalid {
				t.Fatalf("%v", err)
			}
			return
		}
		agent.Check(context.Background(), d, nil)
		kept, err := d.Encode()
		require.NoError(t, err)
		back, err := agent.Decode(kept)
		require.NoError(t, err)
		diff, err := agent.Compare(d, back)
		require.NoError(t, err)
		require.Empty(t, diff, "%q", kept)
	})
}
