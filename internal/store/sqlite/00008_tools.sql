-- +goose Up
CREATE TABLE tools (
	tenant_id  TEXT   NOT NULL REFERENCES tenants (id),
	id         TEXT   NOT NULL,
	name       TEXT   NOT NULL,
	category   TEXT   NOT NULL,
	type       TEXT   NOT NULL,
	status     TEXT   NOT NULL,
	search     TEXT   NOT NULL,
	version    BIGINT NOT NULL,
	document   TEXT   NOT NULL,
	PRIMARY KEY (tenant_id, id)
) WITHOUT ROWID;
CREATE UNIQUE INDEX tools_name ON tools (tenant_id, name);

CREATE TABLE effects (
	tenant_id    TEXT   NOT NULL,
	id           TEXT   NOT NULL,
	node         TEXT   NOT NULL,
	session      TEXT   NOT NULL,
	agent        TEXT   NOT NULL,
	tool         TEXT   NOT NULL,
	call_id      TEXT   NOT NULL,
	arguments    TEXT   NOT NULL,
	state        TEXT   NOT NULL,
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
) WITHOUT ROWID;
CREATE INDEX effects_proposed ON effects (tenant_id, proposed_at, id);
CREATE INDEX effects_state ON effects (state, node);

-- +goose Down
DROP TABLE effects;
DROP TABLE tools;
