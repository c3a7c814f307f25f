-- +goose Up
CREATE TABLE flows (
	tenant_id  TEXT   NOT NULL REFERENCES tenants (id),
	id         TEXT   NOT NULL,
	name_key   TEXT   NOT NULL,
	version    BIGINT NOT NULL,
	live       BIGINT NOT NULL,
	created_at BIGINT NOT NULL,
	created_by TEXT   NOT NULL,
	updated_at BIGINT NOT NULL,
	updated_by TEXT   NOT NULL,
	PRIMARY KEY (tenant_id, id)
);
CREATE INDEX flows_name ON flows (tenant_id, name_key, id);

CREATE TABLE flow_versions (
	tenant_id  TEXT   NOT NULL,
	flow_id    TEXT   NOT NULL,
	number     BIGINT NOT NULL,
	at         BIGINT NOT NULL,
	author     TEXT   NOT NULL,
	note       TEXT   NOT NULL,
	draft      BIGINT NOT NULL,
	definition TEXT   NOT NULL,
	PRIMARY KEY (tenant_id, flow_id, number),
	FOREIGN KEY (tenant_id, flow_id) REFERENCES flows (tenant_id, id) ON DELETE CASCADE
);

-- +goose Down
DROP TABLE flow_versions;
DROP TABLE flows;
