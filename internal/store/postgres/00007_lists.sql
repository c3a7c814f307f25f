-- +goose Up
DROP INDEX conversations_started;
DROP INDEX conversations_duration;
DROP INDEX conversations_latency;
CREATE INDEX conversations_started ON conversations (tenant_id, started_at, id, status, channel, agent, duration_ms);
CREATE INDEX conversations_duration ON conversations (tenant_id, duration_ms, id, started_at, status, channel, agent);
CREATE INDEX conversations_latency ON conversations (tenant_id, latency_p50_us, id, started_at, status, channel, agent, duration_ms);
CREATE INDEX calls_status ON calls (tenant_id, status, created_at, id);

ALTER TABLE conversation_words RENAME TO conversation_words_old;
CREATE TABLE conversation_words (
	n               BIGINT NOT NULL GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	tenant_id       TEXT   NOT NULL,
	conversation_id TEXT   NOT NULL,
	words           TEXT   NOT NULL,
	FOREIGN KEY (tenant_id, conversation_id) REFERENCES conversations (tenant_id, id) ON DELETE CASCADE
);
INSERT INTO conversation_words (tenant_id, conversation_id, words)
	SELECT tenant_id, conversation_id, btrim(regexp_replace(left(words, 250000), '[^[:alnum:]]+', ' ', 'g')) FROM conversation_words_old;
DROP TABLE conversation_words_old;
CREATE UNIQUE INDEX conversation_words_of ON conversation_words (tenant_id, conversation_id);
CREATE INDEX conversation_index ON conversation_words USING GIN (array_to_tsvector(string_to_array(words, ' ')));

-- +goose Down
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
