-- Statements on the outbox are planned once, often while it is empty and all ways to a row seem equally
-- short; a lane was then looked up in the index by process, of which each time every entry was read.
-- The condition, which always holds, leaves that index to statements that compare the process.
CREATE INDEX notification_owed ON notification (process, subscription, id)
WHERE process IS NOT NULL;
DROP INDEX notification_process;

-- The one before it in its lane that was owed when it was written: the statement that writes rows
-- returns it.
ALTER TABLE notification ADD COLUMN predecessor bigint;
