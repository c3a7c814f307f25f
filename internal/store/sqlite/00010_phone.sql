-- +goose Up
CREATE TABLE phone_numbers (
	number      TEXT   NOT NULL,
	tenant_id   TEXT   NOT NULL REFERENCES tenants (id),
	agent       TEXT   NOT NULL,
	label       TEXT   NOT NULL,
	updated_at  BIGINT NOT NULL,
	updated_by  TEXT   NOT NULL,
	PRIMARY KEY (number)
) WITHOUT ROWID;
CREATE INDEX phone_numbers_tenant ON phone_numbers (tenant_id, number);

CREATE TABLE phone_calls (
	tenant_id     TEXT   NOT NULL REFERENCES tenants (id),
	id            TEXT   NOT NULL,
	node          TEXT   NOT NULL,
	carrier       TEXT   NOT NULL,
	carrier_id    TEXT   NOT NULL,
	trunk         TEXT   NOT NULL,
	direction     TEXT   NOT NULL,
	from_number   TEXT   NOT NULL,
	from_name     TEXT   NOT NULL,
	to_number     TEXT   NOT NULL,
	agent         TEXT   NOT NULL,
	conversation  TEXT   NOT NULL,
	state         TEXT   NOT NULL,
	outcome       TEXT   NOT NULL,
	reason        TEXT   NOT NULL,
	created_at    BIGINT NOT NULL,
	answered_at   BIGINT NOT NULL,
	ended_at      BIGINT NOT NULL,
	PRIMARY KEY (tenant_id, id)
) WITHOUT ROWID;
CREATE INDEX phone_calls_created ON phone_calls (tenant_id, created_at, id);
CREATE INDEX phone_calls_carrier ON phone_calls (carrier, carrier_id);
CREATE INDEX phone_calls_state ON phone_calls (state, node);

CREATE TABLE phone_texts (
	tenant_id     TEXT   NOT NULL REFERENCES tenants (id),
	id            TEXT   NOT NULL,
	carrier       TEXT   NOT NULL,
	carrier_id    TEXT   NOT NULL,
	direction     TEXT   NOT NULL,
	from_number   TEXT   NOT NULL,
	to_number     TEXT   NOT NULL,
	body          TEXT   NOT NULL,
	status        TEXT   NOT NULL,
	error         TEXT   NOT NULL,
	agent         TEXT   NOT NULL,
	conversation  TEXT   NOT NULL,
	created_at    BIGINT NOT NULL,
	PRIMARY KEY (tenant_id, id)
) WITHOUT ROWID;
CREATE INDEX phone_texts_created ON phone_texts (tenant_id, created_at, id);
CREATE INDEX phone_texts_carrier ON phone_texts (carrier, carrier_id);

CREATE TABLE phone_recordings (
	tenant_id    TEXT   NOT NULL REFERENCES tenants (id),
	id           TEXT   NOT NULL,
	carrier      TEXT   NOT NULL,
	carrier_id   TEXT   NOT NULL,
	call_id      TEXT   NOT NULL,
	file         TEXT   NOT NULL,
	bytes        BIGINT NOT NULL,
	duration_ms  BIGINT NOT NULL,
	created_at   BIGINT NOT NULL,
	PRIMARY KEY (tenant_id, id)
) WITHOUT ROWID;
CREATE INDEX phone_recordings_created ON phone_recordings (tenant_id, created_at, id);
CREATE INDEX phone_recordings_carrier ON phone_recordings (carrier, carrier_id);

-- +goose Down
DROP TABLE phone_recordings;
DROP TABLE phone_texts;
DROP TABLE phone_calls;
DROP TABLE phone_numbers;
