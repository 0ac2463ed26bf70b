SELECT count(*) FROM attribute_index
WHERE tenant = 1 AND attribute = :temperature AND typeset = :observations AND number > :threshold;
