-- What operators write themselves: a headline and a note, published beside the outlet's words.
alter table stories add column own_headline text not null default '';
alter table stories add column editor_note text not null default '';
