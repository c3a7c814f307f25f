-- +goose Up
ALTER TABLE conversations ADD COLUMN stt TEXT NOT NULL DEFAULT '';
ALTER TABLE conversations ADD COLUMN llm TEXT NOT NULL DEFAULT '';
ALTER TABLE conversations ADD COLUMN tts TEXT NOT NULL DEFAULT '';
ALTER TABLE conversations ADD COLUMN tokens_in BIGINT NOT NULL DEFAULT 0;
ALTER TABLE conversations ADD COLUMN tokens_cached BIGINT NOT NULL DEFAULT 0;
ALTER TABLE conversations ADD COLUMN tokens_out BIGINT NOT NULL DEFAULT 0;
ALTER TABLE conversations ADD COLUMN audio_in BIGINT NOT NULL DEFAULT 0;
ALTER TABLE conversations ADD COLUMN audio_cached BIGINT NOT NULL DEFAULT 0;
ALTER TABLE conversations ADD COLUMN audio_out BIGINT NOT NULL DEFAULT 0;
ALTER TABLE conversations ADD COLUMN delays TEXT NOT NULL DEFAULT '';
ALTER TABLE conversations ADD COLUMN ear_delays TEXT NOT NULL DEFAULT '';

-- All that the overview adds up: the rows themselves are long, and their ends lie on pages of their own.
CREATE INDEX conversations_figures ON conversations (tenant_id, started_at, status, channel, agent, agent_name, duration_ms, ended_at, interruptions, turns,
	tokens_in, tokens_cached, tokens_out, audio_in, audio_cached, audio_out, delays, ear_delays);
CREATE INDEX conversations_duration ON conversations (tenant_id, duration_ms, id);
CREATE INDEX conversations_latency ON conversations (tenant_id, latency_p50_us, id);
CREATE INDEX conversations_status ON conversations (tenant_id, status, started_at, id);

CREATE TABLE conversation_words (
	tenant_id       TEXT NOT NULL,
	conversation_id TEXT NOT NULL,
	words           TEXT NOT NULL,
	PRIMARY KEY (tenant_id, conversation_id),
	FOREIGN KEY (tenant_id, conversation_id) REFERENCES conversations (tenant_id, id) ON DELETE CASCADE
); -- with rows of its own: texts as long as these make a tree deep

CREATE TABLE billing_rates (
	tenant_id      TEXT   NOT NULL REFERENCES tenants (id),
	effective_from BIGINT NOT NULL,
	minute_micros  BIGINT NOT NULL,
	set_by         TEXT   NOT NULL,
	set_at         BIGINT NOT NULL,
	PRIMARY KEY (tenant_id, effective_from)
) WITHOUT ROWID;

-- +goose Down
DROP TABLE billing_rates;
DROP TABLE conversation_words;
DROP INDEX conversations_status;
DROP INDEX conversations_latency;
DROP INDEX conversations_duration;
DROP INDEX conversations_figures;
ALTER TABLE conversations DROP COLUMN ear_delays;
ALTER TABLE conversations DROP COLUMN delays;
ALTER TABLE conversations DROP COLUMN audio_out;
ALTER TABLE conversations DROP COLUMN audio_cached;
ALTER TABLE conversations DROP COLUMN audio_in;
ALTER TABLE conversations DROP COLUMN tokens_out;
ALTER TABLE conversations DROP COLUMN tokens_cached;
ALTER TABLE conversations DROP COLUMN tokens_in;
ALTER TABLE conversations DROP COLUMN tts;
ALTER TABLE conversations DROP COLUMN llm;
ALTER TABLE conversations DROP COLUMN stt;
