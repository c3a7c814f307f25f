-- +goose Up
CREATE TABLE agent_numbers (
	tenant_id TEXT   NOT NULL REFERENCES tenants (id),
	kind      TEXT   NOT NULL,
	last      BIGINT NOT NULL,
	PRIMARY KEY (tenant_id, kind)
);

CREATE TABLE agents (
	tenant_id       TEXT   NOT NULL REFERENCES tenants (id),
	id              TEXT COLLATE "C"   NOT NULL,
	kind            TEXT   NOT NULL,
	number          BIGINT NOT NULL,
	reference       TEXT COLLATE "C"   NOT NULL,
	name            TEXT   NOT NULL,
	name_key        TEXT COLLATE "C"   NOT NULL,
	search          TEXT   NOT NULL,
	status          TEXT   NOT NULL,
	lang            TEXT   NOT NULL,
	model           TEXT   NOT NULL,
	version         BIGINT NOT NULL,
	revision        BIGINT NOT NULL,
	created_at      BIGINT NOT NULL,
	created_by      TEXT   NOT NULL,
	created_by_name TEXT   NOT NULL,
	updated_at      BIGINT NOT NULL,
	updated_by      TEXT   NOT NULL,
	updated_by_name TEXT   NOT NULL,
	deleted_at      BIGINT NOT NULL,
	deleted_by      TEXT   NOT NULL,
	deleted_by_name TEXT   NOT NULL,
	PRIMARY KEY (tenant_id, id)
);

CREATE UNIQUE INDEX agents_reference ON agents (tenant_id, reference);
CREATE UNIQUE INDEX agents_name ON agents (tenant_id, name_key) WHERE deleted_at = 0 AND name_key <> '';
CREATE INDEX agents_names ON agents (tenant_id, name_key, id);
CREATE INDEX agents_created ON agents (tenant_id, created_at, id);
CREATE INDEX agents_updated ON agents (tenant_id, updated_at, id);
CREATE INDEX agents_count ON agents (tenant_id, deleted_at, kind, status);

CREATE TABLE agent_versions (
	tenant_id       TEXT   NOT NULL,
	agent_id        TEXT COLLATE "C"   NOT NULL,
	number          BIGINT NOT NULL,
	at              BIGINT NOT NULL,
	author          TEXT   NOT NULL,
	author_name     TEXT   NOT NULL,
	note            TEXT   NOT NULL,
	definition      TEXT   NOT NULL,
	PRIMARY KEY (tenant_id, agent_id, number),
	FOREIGN KEY (tenant_id, agent_id) REFERENCES agents (tenant_id, id) ON DELETE CASCADE
);

-- +goose Down
DROP TABLE agent_versions;
DROP TABLE agents;
DROP TABLE agent_numbers;
