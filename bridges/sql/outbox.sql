-- The outbox that a bridge reads. Needs PostgreSQL 14 or newer.
-- For another outbox, replace both sluice_outbox and sluice_publish everywhere: each outbox has a function of its own.
-- For another schema, set search_path instead.

create table if not exists sluice_outbox (
  -- The transaction and the order within it: a bridge reads rows in this order, and only rows behind
  -- which no transaction is open.
  xid xid8 not null default pg_current_xact_id(),
  id bigint not null generated always as identity,
  channel text not null,
  data jsonb not null,
  event text,
  tags jsonb,
  headers jsonb,
  primary key (xid, id)
);

-- Wakes the bridge when the transaction commits. It has no payload: the row is the message.
create or replace function sluice_outbox_notify() returns trigger language plpgsql as $$
begin
  perform pg_notify(tg_table_name, '');
  return null;
end
$$;

create or replace trigger sluice_outbox_notify
  after insert on sluice_outbox for each statement execute function sluice_outbox_notify();

-- Publishes a message when the transaction commits, and never if it is rolled back.
do $do$
begin
  -- Otherwise the messages of the outbox that has this function would go to this one.
  if exists (
    select from pg_proc join pg_namespace schema on schema.oid = pronamespace
    where proname = 'sluice_publish' and schema.nspname = current_schema() and prosrc !~ '\msluice_outbox\M'
  ) then
    raise exception 'the function sluice_publish belongs to another outbox than sluice_outbox'
      using hint = 'Replace sluice_publish in this script, too.';
  end if;

  create or replace function sluice_publish(
    channel text, data jsonb, event text default null, tags jsonb default null, headers jsonb default null
  ) returns void language sql as $$
    insert into sluice_outbox (channel, data, event, tags, headers)
    values (sluice_publish.channel, sluice_publish.data, sluice_publish.event, sluice_publish.tags, sluice_publish.headers)
  $$;
end
$do$;
