-- Words of all scripts: the search index keeps marks, and has words as they are written, too.

drop table entry_search_terms;
drop table entry_search;
drop view entry_words;

create view entry_words as
    select id, index_text(title || ' ' || summary || ' ' || tags || ' ' || author) as words
    from entries;

create virtual table entry_search using fts5(
    words, content = 'entry_words', content_rowid = 'id', detail = none,
    tokenize = "unicode61 remove_diacritics 0 categories 'L* N* Co M*'"
);

create virtual table entry_search_terms using fts5vocab(entry_search, row);
