-- +goose Up
CREATE TABLE phone_numbers (
	number      TEXT COLLATE "C"   NOT NULL,
	tenant_id   TEXT   NOT NULL REFERENCES tenants (id),
	agent       TEXT COLLATE "C"   NOT NULL,
	label       TEXT   NOT NULL,
	updated_at  BIGINT NOT NULL,
	updated_by  TEXT   NOT NULL,
	PRIMARY KEY (number)
);
CREATE INDEX phone_numbers_tenant ON phone_numbers (tenant_id, number);

CREATE TABLE phone_calls (
	tenant_id     TEXT   NOT NULL REFERENCES tenants (id),
	id            TEXT COLLATE "C"   NOT NULL,
	node          TEXT COLLATE "C"   NOT NULL,
	carrier       TEXT COLLATE "C"   NOT NULL,
	carrier_id    TEXT COLLATE "C"   NOT NULL,
	trunk         TEXT COLLATE "C"   NOT NULL,
	direction     TEXT COLLATE "C"   NOT NULL,
	from_number   TEXT COLLATE "C"   NOT NULL,
	from_name     TEXT   NOT NULL,
	to_number     TEXT COLLATE "C"   NOT NULL,
	agent         TEXT COLLATE "C"   NOT NULL,
	conversation  TEXT COLLATE "C"   NOT NULL,
	state         TEXT COLLATE "C"   NOT NULL,
	outcome       TEXT COLLATE "C"   NOT NULL,
	reason        TEXT   NOT NULL,
	created_at    BIGINT NOT NULL,
	answered_at   BIGINT NOT NULL,
	ended_at      BIGINT NOT NULL,
	PRIMARY KEY (tenant_id, id)
);
CREATE INDEX phone_calls_created ON phone_calls (tenant_id, created_at, id);
CREATE INDEX phone_calls_carrier ON phone_calls (carrier, carrier_id);
CREATE INDEX phone_calls_state ON phone_calls (state, node);

CREATE TABLE phone_texts (
	tenant_id     TEXT   NOT NULL REFERENCES tenants (id),
	id            TEXT COLLATE "C"   NOT NULL,
	carrier       TEXT COLLATE "C"   NOT NULL,
	carrier_id    TEXT COLLATE "C"   NOT NULL,
	direction     TEXT COLLATE "C"   NOT NULL,
	from_number   TEXT COLLATE "C"   NOT NULL,
	to_number     TEXT COLLATE "C"   NOT NULL,
	body          TEXT   NOT NULL,
	status        TEXT COLLATE "C"   NOT NULL,
	error         TEXT   NOT NULL,
	agent         TEXT COLLATE "C"   NOT NULL,
	conversation  TEXT COLLATE "C"   NOT NULL,
	created_at    BIGINT NOT NULL,
	PRIMARY KEY (tenant_id, id)
);
CREATE INDEX phone_texts_created ON phone_texts (tenant_id, created_at, id);
CREATE INDEX phone_texts_carrier ON phone_texts (carrier, carrier_id);

CREATE TABLE phone_recordings (
	tenant_id    TEXT   NOT NULL REFERENCES tenants (id),
	id           TEXT COLLATE "C"   NOT NULL,
	carrier      TEXT COLLATE "C"   NOT NULL,
	carrier_id   TEXT COLLATE "C"   NOT NULL,
	call_id      TEXT COLLATE "C"   NOT NULL,
	file         TEXT COLLATE "C"   NOT NULL,
	bytes        BIGINT NOT NULL,
	duration_ms  BIGINT NOT NULL,
	created_at   BIGINT NOT NULL,
	PRIMARY KEY (tenant_id, id)
);
CREATE INDEX phone_recordings_created ON phone_recordings (tenant_id, created_at, id);
CREATE INDEX phone_recordings_carrier ON phone_recordings (carrier, carrier_id);

-- +goose Down
DROP TABLE phone_recordings;
DROP TABLE phone_texts;
DROP TABLE phone_calls;
DROP TABLE phone_numbers;
