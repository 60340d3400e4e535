-- By which a document's known entries are recognised, without their texts.
create index entries_by_hash on entries(source_id, id, raw_hash);
