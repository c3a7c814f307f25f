package chat

import (
	"context"
	"iter"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"

	"griot/internal/fault"
	"griot/internal/live/reply"
	"griot/internal/model/llm"
)

// Spans have the names and attributes of OpenTelemetry's conventions for generative models: invoke_agent for a turn, and in it chat for each request to a model and
// execute_tool for each call of a tool. A session lasts for days, so it is no span: gen_ai.conversation.id joins its turns. What people and models say is in none of them.
const (
	keyOperation = attribute.Key("gen_ai.operation.name")
	keySession   = attribute.Key("gen_ai.conversation.id")
	keyError     = attribute.Key("error.type")
	keyInput     = attribute.Key("gen_ai.usage.input_tokens")
	keyOutput    = attribute.Key("gen_ai.usage.output_tokens")
)

// turn begins the span of a turn.
func (s *Service) turn(ctx context.Context, w *answering) (context.Context, trace.Span) {
	return s.tracer.Start(ctx, "invoke_agent "+w.a.Name, trace.WithTimestamp(w.began), trace.WithSpanKind(trace.SpanKindInternal), trace.WithAttributes(
		keyOperation.String("invoke_agent"), keySession.String(w.o.id), attribute.String("gen_ai.agent.id", w.a.Reference), attribute.String("gen_ai.agent.name", w.a.Name),
		attribute.Int("gen_ai.agent.version", w.a.Version), attribute.String("griot.tenant", w.o.tenant)))
}

// ended ends the span of a turn.
func (w *answering) ended(span trace.Span, finish string, sum Usage) {
	span.SetAttributes(keyInput.Int(sum.Prompt), keyOutput.Int(sum.Completion), attribute.String("griot.finish_reason", finish))
	if finish == "error" {
		span.SetStatus(codes.Error, "the reply failed")
	}
	span.End()
}

// called tells of a tool that has returned.
func (s *Service) called(ctx context.Context, n reply.Note) {
	end := n.At
	if end.IsZero() {
		end = time.Now()
	}
	_, span := s.tracer.Start(ctx, "execute_tool "+n.Call.Name, trace.WithTimestamp(end.Add(-n.Took)), trace.WithSpanKind(trace.SpanKindInternal), trace.WithAttributes(
		keyOperation.String("execute_tool"), attribute.String("gen_ai.tool.name", n.Call.Name), attribute.String("gen_ai.tool.call.id", n.Call.ID)))
	if n.Result.Failed {
		span.SetAttributes(keyError.String("tool_failed"))
		span.SetStatus(codes.Error, "the tool could not do it")
	}
	span.End(trace.WithTimestamp(end))
}

// traced is a model whose requests are spans.
type traced struct {
	llm.Model
	tracer trace.Tracer
	name   string
}

// Generate implements llm.Model.
func (t traced) Generate(ctx context.Context, r llm.Request) iter.Seq2[llm.Delta, error] {
	return func(yield func(llm.Delta, error) bool) {
		ctx, span := t.tracer.Start(ctx, "chat "+t.name, trace.WithSpanKind(trace.SpanKindClient), trace.WithAttributes(
			keyOperation.String("chat"), keySession.String(r.Session), attribute.String("gen_ai.request.model", t.name)))
		defer span.End()
		first := true
		for d, err := range t.Model.Generate(ctx, r) {
			if err != nil {
				span.SetAttributes(keyError.String(reason(err)))
				span.SetStatus(codes.Error, "the model failed")
			}
			if d.Usage != nil {
				span.SetAttributes(keyInput.Int(d.Usage.Input), keyOutput.Int(d.Usage.Output))
			}
			if first && err == nil {
				first = false
				span.AddEvent("gen_ai.first_token")
			}
			if !yield(d, err) {
				return
			}
		}
	}
}

// reason is what a fault is called in a span.
func reason(err error) string {
	if code := fault.CodeOf(err); code != "" {
		return code
	}
	return string(fault.KindOf(err))
}
