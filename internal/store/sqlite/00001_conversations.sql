-- +goose Up
CREATE TABLE tenants (
	id         TEXT   NOT NULL PRIMARY KEY,
	name       TEXT   NOT NULL,
	created_at BIGINT NOT NULL
) WITHOUT ROWID;

INSERT INTO tenants (id, name, created_at) VALUES ('default', 'Default', 0);

CREATE TABLE conversations (
	tenant_id       TEXT   NOT NULL REFERENCES tenants (id),
	id              TEXT   NOT NULL,
	agent           TEXT   NOT NULL,
	agent_name      TEXT   NOT NULL,
	agent_version   BIGINT NOT NULL,
	lang            TEXT   NOT NULL,
	channel         TEXT   NOT NULL,
	remote          TEXT   NOT NULL,
	node            TEXT   NOT NULL,
	status          TEXT   NOT NULL,
	started_at      BIGINT NOT NULL,
	ended_at        BIGINT,
	duration_ms     BIGINT NOT NULL,
	turns           BIGINT NOT NULL,
	interruptions   BIGINT NOT NULL,
	end_reason      TEXT   NOT NULL,
	latency_p50_us  BIGINT NOT NULL,
	preview         TEXT   NOT NULL,
	transcript      TEXT   NOT NULL,
	timings         TEXT   NOT NULL,
	notices         TEXT   NOT NULL,
	peaks           TEXT   NOT NULL,
	recording_key   TEXT   NOT NULL,
	recording_ms    BIGINT NOT NULL,
	recording_bytes BIGINT NOT NULL,
	PRIMARY KEY (tenant_id, id)
);

CREATE INDEX conversations_started ON conversations (tenant_id, started_at, id);
CREATE INDEX conversations_agent ON conversations (tenant_id, agent, started_at, id);
CREATE INDEX conversations_node ON conversations (node, status);

CREATE TABLE events (
	tenant_id       TEXT   NOT NULL,
	conversation_id TEXT   NOT NULL,
	n               BIGINT NOT NULL,
	seq             BIGINT NOT NULL,
	at_us           BIGINT NOT NULL,
	gen             BIGINT NOT NULL,
	type            TEXT   NOT NULL,
	body            TEXT   NOT NULL,
	PRIMARY KEY (tenant_id, conversation_id, n),
	FOREIGN KEY (tenant_id, conversation_id) REFERENCES conversations (tenant_id, id) ON DELETE CASCADE
) WITHOUT ROWID;

CREATE TABLE settings (
	tenant_id  TEXT   NOT NULL REFERENCES tenants (id),
	key        TEXT   NOT NULL,
	value      TEXT   NOT NULL,
	updated_at BIGINT NOT NULL,
	PRIMARY KEY (tenant_id, key)
) WITHOUT ROWID;

-- +goose Down
DROP TABLE settings;
DROP TABLE events;
DROP TABLE conversations;
DROP TABLE tenants;
