-- +goose Up
CREATE TABLE users (
	id           TEXT    NOT NULL PRIMARY KEY,
	email        TEXT    NOT NULL,
	name         TEXT    NOT NULL,
	lang         TEXT    NOT NULL,
	password     TEXT    NOT NULL,
	issuer       TEXT    NOT NULL,
	subject      TEXT    NOT NULL,
	operator     BOOLEAN NOT NULL,
	created_at   BIGINT  NOT NULL,
	signed_in_at BIGINT  NOT NULL
);

CREATE UNIQUE INDEX users_email ON users (email);
CREATE UNIQUE INDEX users_subject ON users (issuer, subject) WHERE subject <> '';

CREATE TABLE members (
	tenant_id  TEXT    NOT NULL REFERENCES tenants (id),
	user_id    TEXT    NOT NULL REFERENCES users (id),
	role       TEXT    NOT NULL,
	disabled   BOOLEAN NOT NULL,
	created_at BIGINT  NOT NULL,
	PRIMARY KEY (tenant_id, user_id)
);

CREATE INDEX members_user ON members (user_id);

CREATE TABLE sessions (
	id         TEXT    NOT NULL PRIMARY KEY,
	tenant_id  TEXT    NOT NULL,
	user_id    TEXT    NOT NULL,
	token      TEXT    NOT NULL,
	old_token  TEXT    NOT NULL,
	confirmed  BOOLEAN NOT NULL,
	rotated_at BIGINT  NOT NULL,
	created_at BIGINT  NOT NULL,
	seen_at    BIGINT  NOT NULL,
	expires_at BIGINT  NOT NULL,
	address    TEXT    NOT NULL,
	agent      TEXT    NOT NULL,
	FOREIGN KEY (tenant_id, user_id) REFERENCES members (tenant_id, user_id) ON DELETE CASCADE
);

CREATE UNIQUE INDEX sessions_token ON sessions (token);
CREATE INDEX sessions_old_token ON sessions (old_token);
CREATE INDEX sessions_user ON sessions (tenant_id, user_id);
CREATE INDEX sessions_expires ON sessions (expires_at);

CREATE TABLE invitations (
	tenant_id   TEXT   NOT NULL REFERENCES tenants (id),
	id          TEXT   NOT NULL,
	email       TEXT   NOT NULL,
	role        TEXT   NOT NULL,
	token       TEXT   NOT NULL,
	invited_by  TEXT   NOT NULL,
	created_at  BIGINT NOT NULL,
	expires_at  BIGINT NOT NULL,
	accepted_at BIGINT NOT NULL,
	PRIMARY KEY (tenant_id, id)
);

CREATE UNIQUE INDEX invitations_token ON invitations (token);
CREATE INDEX invitations_email ON invitations (email);

CREATE TABLE api_keys (
	tenant_id  TEXT   NOT NULL REFERENCES tenants (id),
	id         TEXT   NOT NULL,
	name       TEXT   NOT NULL,
	hint       TEXT   NOT NULL,
	hash       TEXT   NOT NULL,
	scopes     TEXT   NOT NULL,
	created_by TEXT   NOT NULL,
	created_at BIGINT NOT NULL,
	expires_at BIGINT NOT NULL,
	used_at    BIGINT NOT NULL,
	used_from  TEXT   NOT NULL,
	PRIMARY KEY (tenant_id, id)
);

CREATE UNIQUE INDEX api_keys_hash ON api_keys (hash);

CREATE TABLE audit (
	tenant_id   TEXT   NOT NULL REFERENCES tenants (id),
	id          TEXT   NOT NULL,
	at          BIGINT NOT NULL,
	actor_kind  TEXT   NOT NULL,
	actor_id    TEXT   NOT NULL,
	actor_name  TEXT   NOT NULL,
	action      TEXT   NOT NULL,
	target_kind TEXT   NOT NULL,
	target_id   TEXT   NOT NULL,
	target_name TEXT   NOT NULL,
	changes     TEXT   NOT NULL,
	address     TEXT   NOT NULL,
	agent       TEXT   NOT NULL,
	PRIMARY KEY (tenant_id, id)
);

CREATE INDEX audit_at ON audit (tenant_id, at, id);
CREATE INDEX audit_actor ON audit (tenant_id, actor_id, at, id);
CREATE INDEX audit_target ON audit (tenant_id, target_id, at, id);

CREATE TABLE secrets (
	tenant_id  TEXT   NOT NULL REFERENCES tenants (id),
	name       TEXT   NOT NULL,
	sealed     TEXT   NOT NULL,
	updated_at BIGINT NOT NULL,
	PRIMARY KEY (tenant_id, name)
);

-- +goose Down
DROP TABLE secrets;
DROP TABLE audit;
DROP TABLE api_keys;
DROP TABLE invitations;
DROP TABLE sessions;
DROP TABLE members;
DROP TABLE users;
