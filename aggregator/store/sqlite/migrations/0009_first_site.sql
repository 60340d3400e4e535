-- The address under which feeds were first published: their Atom ids keep it when the site moves.

create table first_site (url text not null, since text not null);
