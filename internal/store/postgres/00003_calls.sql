-- +goose Up
CREATE TABLE calls (
	tenant_id       TEXT   NOT NULL REFERENCES tenants (id),
	id              TEXT   NOT NULL,
	conversation_id TEXT   NOT NULL,
	node            TEXT   NOT NULL,
	model           TEXT   NOT NULL,
	voice           TEXT   NOT NULL,
	settings        TEXT   NOT NULL,
	status          TEXT   NOT NULL,
	created_at      BIGINT NOT NULL,
	ended_at        BIGINT,
	duration_ms     BIGINT NOT NULL,
	end_reason      TEXT   NOT NULL,
	PRIMARY KEY (tenant_id, id)
);

CREATE INDEX calls_created ON calls (tenant_id, created_at, id);
CREATE INDEX calls_conversation ON calls (tenant_id, conversation_id);
CREATE INDEX calls_node ON calls (node, status);

-- +goose Down
DROP TABLE calls;
