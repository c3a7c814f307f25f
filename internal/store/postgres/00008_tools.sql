-- +goose Up
CREATE TABLE tools (
	tenant_id  TEXT   NOT NULL REFERENCES tenants (id),
	id         TEXT COLLATE "C"   NOT NULL,
	name       TEXT COLLATE "C"   NOT NULL,
	category   TEXT COLLATE "C"   NOT NULL,
	type       TEXT COLLATE "C"   NOT NULL,
	status     TEXT COLLATE "C"   NOT NULL,
	search     TEXT   NOT NULL,
	version    BIGINT NOT NULL,
	document   TEXT   NOT NULL,
	PRIMARY KEY (tenant_id, id)
);
CREATE UNIQUE INDEX tools_name ON tools (tenant_id, name);

CREATE TABLE effects (
	tenant_id    TEXT   NOT NULL,
	id           TEXT COLLATE "C"   NOT NULL,
	node         TEXT COLLATE "C"   NOT NULL,
	session      TEXT COLLATE "C"   NOT NULL,
	agent        TEXT COLLATE "C"   NOT NULL,
	tool         TEXT COLLATE "C"   NOT NULL,
	call_id      TEXT COLLATE "C"   NOT NULL,
	arguments    TEXT   NOT NULL,
	state        TEXT COLLATE "C"   NOT NULL,
	approval     BIGINT NOT NULL,
	code         TEXT   NOT NULL,
	output       TEXT   NOT NULL,
	decided_by   TEXT   NOT NULL,
	proposed_at  BIGINT NOT NULL,
	decided_at   BIGINT NOT NULL,
	sent_at      BIGINT NOT NULL,
	settled_at   BIGINT NOT NULL,
	expires_at   BIGINT NOT NULL,
	PRIMARY KEY (tenant_id, id)
);
CREATE INDEX effects_proposed ON effects (tenant_id, proposed_at, id);
CREATE INDEX effects_state ON effects (state, node);

-- +goose Down
DROP TABLE effects;
DROP TABLE tools;
