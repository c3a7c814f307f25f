-- +goose Up
-- Each order of the history with what it is filtered by, so that a filter reads the index and not the rows, which are long.
DROP INDEX conversations_started;
DROP INDEX conversations_duration;
DROP INDEX conversations_latency;
CREATE INDEX conversations_started ON conversations (tenant_id, started_at, id, status, channel, agent, duration_ms);
CREATE INDEX conversations_duration ON conversations (tenant_id, duration_ms, id, started_at, status, channel, agent);
CREATE INDEX conversations_latency ON conversations (tenant_id, latency_p50_us, id, started_at, status, channel, agent, duration_ms);
CREATE INDEX calls_status ON calls (tenant_id, status, created_at, id);

-- The words of a conversation, each once, and an index of their beginnings. The number is the index's name for the row: it must survive VACUUM.
ALTER TABLE conversation_words RENAME TO conversation_words_old;
CREATE TABLE conversation_words (
	n               INTEGER NOT NULL PRIMARY KEY,
	tenant_id       TEXT    NOT NULL,
	conversation_id TEXT    NOT NULL,
	words           TEXT    NOT NULL,
	FOREIGN KEY (tenant_id, conversation_id) REFERENCES conversations (tenant_id, id) ON DELETE CASCADE
);
CREATE UNIQUE INDEX conversation_words_of ON conversation_words (tenant_id, conversation_id);
CREATE VIRTUAL TABLE conversation_index USING fts5 (words, content = 'conversation_words', content_rowid = 'n', tokenize = 'ascii', detail = 'none', prefix = '2 3');

-- +goose StatementBegin
CREATE TRIGGER conversation_words_insert AFTER INSERT ON conversation_words BEGIN
	INSERT INTO conversation_index (rowid, words) VALUES (new.n, new.words);
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER conversation_words_delete AFTER DELETE ON conversation_words BEGIN
	INSERT INTO conversation_index (conversation_index, rowid, words) VALUES ('delete', old.n, old.words);
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER conversation_words_update AFTER UPDATE ON conversation_words BEGIN
	INSERT INTO conversation_index (conversation_index, rowid, words) VALUES ('delete', old.n, old.words);
	INSERT INTO conversation_index (rowid, words) VALUES (new.n, new.words);
END;
-- +goose StatementEnd

INSERT INTO conversation_words (tenant_id, conversation_id, words) SELECT tenant_id, conversation_id, words FROM conversation_words_old;
DROP TABLE conversation_words_old;

-- +goose Down
DROP TRIGGER conversation_words_update;
DROP TRIGGER conversation_words_delete;
DROP TRIGGER conversation_words_insert;
DROP TABLE conversation_index;
ALTER TABLE conversation_words RENAME TO conversation_words_new;
CREATE TABLE conversation_words (
	tenant_id       TEXT NOT NULL,
	conversation_id TEXT NOT NULL,
	words           TEXT NOT NULL,
	PRIMARY KEY (tenant_id, conversation_id),
	FOREIGN KEY (tenant_id, conversation_id) REFERENCES conversations (tenant_id, id) ON DELETE CASCADE
);
INSERT INTO conversation_words (tenant_id, conversation_id, words) SELECT tenant_id, conversation_id, words FROM conversation_words_new;
DROP TABLE conversation_words_new;
DROP INDEX calls_status;
DROP INDEX conversations_latency;
DROP INDEX conversations_duration;
DROP INDEX conversations_started;
CREATE INDEX conversations_started ON conversations (tenant_id, started_at, id);
CREATE INDEX conversations_duration ON conversations (tenant_id, duration_ms, id);
CREATE INDEX conversations_latency ON conversations (tenant_id, latency_p50_us, id);
