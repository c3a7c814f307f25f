package app

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"sync"
	"time"

	"griot/internal/chat"
	"griot/internal/fault"
	"griot/internal/identity"
	"griot/internal/phone"
	"griot/internal/telephony/twilio"
)

const (
	textAnswer = 2 * time.Minute // for an agent's answer to a text message
	textQueue  = 32              // messages that wait of one pair of numbers; those beyond are noted and not answered
	textPairs  = 1000            // pairs of numbers at once
	textMost   = 1600            // characters of an answer
)

// texting lets agents answer text messages: those between two numbers are one written conversation, in their order.
type texting struct {
	a    *App
	ctx  context.Context //nolint:containedctx // the life of the server
	stop context.CancelFunc
	wg   sync.WaitGroup

	mu      sync.Mutex                // guards what follows
	waiting map[string][]phone.Text   // by pair; there while somebody answers it
	session map[string]rememberedText // by pair
}

type rememberedText struct {
	id string
	at time.Time
}

func newTexting(a *App) *texting {
	t := &texting{a: a, waiting: map[string][]phone.Text{}, session: map[string]rememberedText{}}
	t.ctx, t.stop = context.WithCancel(context.Background())
	return t
}

// Close ends the answers that are being written.
func (t *texting) Close() error {
	t.stop()
	t.wg.Wait()
	return nil
}

// came takes a message from Twilio.
func (t *texting) came(ctx context.Context, m twilio.Message) {
	kept, err := t.a.desk.Took(ctx, phone.Text{Tenant: m.Tenant, Carrier: twilio.Carrier, CarrierID: m.SID, From: m.From, To: m.To, Body: m.Body, Agent: m.Agent})
	if err != nil {
		t.a.log.Error("a text message that came could not be written down", "sid", m.SID, "error", err)
		return
	}
	if m.Agent == "" || strings.TrimSpace(m.Body) == "" {
		t.a.log.Info("a text message came that no agent answers", "to", m.To)
		return
	}
	pair := strings.Join([]string{m.Tenant, m.Agent, m.From, m.To}, "\x00")
	t.mu.Lock()
	defer t.mu.Unlock()
	queue, running := t.waiting[pair]
	if len(queue) >= textQueue || !running && len(t.waiting) >= textPairs || t.ctx.Err() != nil {
		t.a.log.Warn("a text message is not answered: too many wait", "to", m.To)
		return
	}
	t.waiting[pair] = append(queue, kept)
	if !running {
		t.wg.Go(func() { t.serve(pair) })
	}
}

// serve answers what waits of one pair, and ends when nothing does.
func (t *texting) serve(pair string) {
	for {
		t.mu.Lock()
		queue := t.waiting[pair]
		if len(queue) == 0 || t.ctx.Err() != nil {
			delete(t.waiting, pair)
			t.mu.Unlock()
			return
		}
		m := queue[0]
		t.waiting[pair] = queue[1:]
		t.mu.Unlock()
		if err := t.answer(pair, m); err != nil && t.ctx.Err() == nil {
			t.a.log.Warn("a text message could not be answered", "from", m.From, "to", m.To, "agent", m.Agent, "error", err)
		}
	}
}

// answer gives a message to its agent, and sends what that writes.
func (t *texting) answer(pair string, m phone.Text) error {
	ctx, cancel := context.WithTimeout(identity.With(t.ctx, identity.Principal{Tenant: m.Tenant}), textAnswer)
	defer cancel()
	in := chat.Incoming{Session: t.known(pair), Text: m.Body}
	s, err := t.a.chats.Send(ctx, m.Tenant, m.Agent, in)
	if in.Session != "" && (fault.KindOf(err) == fault.NotFound || fault.KindOf(err) == fault.Conflict || fault.KindOf(err) == fault.Limited) { // it is over, or full: another begins
		in.Session = ""
	}
	if in.Session == "" && (s == nil || err != nil) {
		if in.Metadata, err = json.Marshal(map[string]string{"channel": "sms", "carrier": m.Carrier, "carrier_id": m.CarrierID, "from": m.From, "to": m.To}); err != nil {
			return err
		}
		s, err = t.a.chats.Send(ctx, m.Tenant, m.Agent, in)
	}
	if err != nil {
		return err
	}
	t.remember(pair, s.Session)
	m.Conversation = strings.TrimPrefix(s.Session, "sess-")
	if err := t.a.desk.Keep(ctx, m); err != nil {
		t.a.log.Error("the conversation of a text message could not be noted", "text", m.ID, "error", err)
	}
	words, err := written(ctx, s)
	if err != nil {
		return err
	}
	for _, part := range parts(words, textMost) {
		if _, err := t.a.desk.SendText(ctx, phone.Text{Tenant: m.Tenant, Carrier: m.Carrier, From: m.To, To: m.From, Body: part, Agent: m.Agent, Conversation: m.Conversation}); err != nil {
			return err
		}
	}
	return nil
}

// known is the session of a pair.
func (t *texting) known(pair string) string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.session[pair].id
}

// remember notes it. Of too many the oldest goes: its next message begins another conversation.
func (t *texting) remember(pair, session string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.session[pair] = rememberedText{session, time.Now()}
	if len(t.session) <= 10*textPairs {
		return
	}
	oldest := ""
	for p, r := range t.session {
		if oldest == "" || r.at.Before(t.session[oldest].at) {
			oldest = p
		}
	}
	delete(t.session, oldest)
}

// written is the whole of a reply.
func written(ctx context.Context, s *chat.Stream) (string, error) {
	var b strings.Builder
	var refused error
	err := s.Follow(ctx, "", time.Minute, func(e chat.Event) error {
		var body struct {
			Type, Content, Message string
		}
		if len(e.Data) == 0 {
			return nil
		}
		if err := json.Unmarshal(e.Data, &body); err != nil {
			return err
		}
		switch body.Type {
		case "content":
			b.WriteString(body.Content)
		case "error":
			refused = errors.New(body.Message)
		}
		return nil
	})
	return strings.TrimSpace(b.String()), errors.Join(err, refused)
}

// parts cuts a text into messages, at spaces where it can.
func parts(text string, most int) (out []string) {
	runes := []rune(text)
	for len(runes) > most {
		cut := most
		for i := most; i > most/2; i-- {
			if runes[i] == ' ' || runes[i] == '\n' {
				cut = i
				break
			}
		}
		out = append(out, strings.TrimSpace(string(runes[:cut])))
		runes = runes[cut:]
	}
	if rest := strings.TrimSpace(string(runes)); rest != "" {
		out = append(out, rest)
	}
	return out
}
