-- +goose Up
ALTER TABLE conversations ADD COLUMN ear TEXT NOT NULL DEFAULT 'null';

-- +goose Down
ALTER TABLE conversations DROP COLUMN ear;
