-- What filters look at of an instance, as the text of a JSON object that is parsed when a filter
-- asks: few do, and every write paid for it.

ALTER TABLE attribute_instance ADD COLUMN comparable text;

-- Rows that have it keep their `value`, until a later migration drops it; none is given one now.
COMMENT ON COLUMN attribute_instance.value IS 'what comparable is, of rows written before it';
