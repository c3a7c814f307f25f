package app

import (
	"context"
	"fmt"
	"strings"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"

	"griot/internal/config"
)

// openTelemetry makes what traces go to, nil where they go nowhere. A collector that cannot be reached costs nothing but its traces: they wait in a queue of 2,048 spans,
// and those that find no place there are dropped.
func (a *App) openTelemetry(c config.Telemetry) (trace.Tracer, error) {
	if c.Endpoint == "" {
		return nil, nil
	}
	headers := map[string]string{}
	for _, h := range c.Headers {
		k, v, _ := strings.Cut(h, "=")
		headers[strings.TrimSpace(k)] = strings.TrimSpace(v)
	}
	out, err := otlptracehttp.New(context.Background(), otlptracehttp.WithEndpointURL(strings.TrimSuffix(c.Endpoint, "/")+"/v1/traces"), otlptracehttp.WithHeaders(headers), otlptracehttp.WithTimeout(10*time.Second))
	if err != nil {
		return nil, fmt.Errorf("open the way to the collector of traces: %w", err)
	}
	p := sdktrace.NewTracerProvider(sdktrace.WithBatcher(out), sdktrace.WithSampler(sdktrace.ParentBased(sdktrace.TraceIDRatioBased(c.Sample))),
		sdktrace.WithResource(resource.NewSchemaless(attribute.String("service.name", c.Service))))
	a.onClose(func() error {
		ctx, cancel := context.WithTimeout(context.Background(), 3*time.Second)
		defer cancel()
		if err := p.Shutdown(ctx); err != nil {
			a.log.Warn("the last traces were not delivered", "error", err)
		}
		return nil
	})
	return p.Tracer("griot"), nil
}
