-- How users want to see things, whom a row of the trail concerns, and sessions by their address.

-- A JSON object, strict in its fields; what it does not say is as it was before anybody said anything.
ALTER TABLE users ADD COLUMN preferences text NOT NULL DEFAULT '{}';

-- The user a row is about: done to it, or to a session of its. No reference: the trail outlives it.
ALTER TABLE audit ADD COLUMN subject bytea;
UPDATE audit SET subject = decode(replace(substr(target, 6), '-', ''), 'hex')
WHERE target LIKE 'user:%' AND length(target) = 41;
UPDATE audit SET subject = decode(replace(params::json ->> 'user', '-', ''), 'hex')
WHERE code = 'session.ended' AND length(params::json ->> 'user') = 36;
CREATE INDEX audit_by_subject ON audit (subject, id) WHERE subject IS NOT NULL;

-- Many sessions from one address are looked at, and ended, together.
CREATE INDEX sessions_by_address ON sessions (address, id) WHERE address IS NOT NULL;
